//! Threads and address spaces behind descriptors, for capabilities to them.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::cap::{Capability, ObjectKind, Rights};
use exo_kernel::mm::AddressSpace;
use exo_kernel::user::{IoDest, IoSource};
use exo_kernel::vfs::{Access, File, Io, OpenFile, Status, Whence};
use exo_kernel::{Kind, Result};

use super::{table, Process, Task};
use crate::security::Caps;
use crate::{Errno, Pid};

/// Bytes moved at a time between address spaces.
const PIECE: usize = 16 * 1024;

/// What can be done with a handle that is no file: hand it on, and look at what it is.
const ALWAYS: Rights = Rights::STAT.union(Rights::DUP).union(Rights::TRANSFER).union(Rights::REVOKE);

/// A thread behind a descriptor.
pub struct ThreadHandle {
    task: Weak<Task>,
}

impl ThreadHandle {
    /// The thread; `None` once it has ended.
    pub fn task(&self) -> Option<Arc<Task>> {
        self.task
            .upgrade()
            .filter(|task| table::task(task.tid()).is_some_and(|known| Arc::ptr_eq(&known, task)))
    }
}

impl File for ThreadHandle {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Thread
    }
    fn pollable(&self) -> bool {
        false
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[thread]")
    }
}

/// A capability to send signals to a thread. ESRCH if there is none of this number.
pub fn thread(tid: Pid) -> core::result::Result<Capability, Errno> {
    let task = table::task(tid).ok_or(Errno::ESRCH)?;
    let file = Arc::new(ThreadHandle { task: Arc::downgrade(&task) });
    let file = OpenFile::new(file, Access::READ | Access::WRITE, Status::empty());
    Ok(Capability::limited(file, ALWAYS | Rights::SIGNAL))
}

/// The address space of a process behind a descriptor. Positions are addresses.
struct SpaceHandle {
    process: Weak<Process>,
    /// The one that the process had; another program's is another object.
    space: Weak<AddressSpace>,
}

impl SpaceHandle {
    /// [`Kind::NoProcess`] once the process has ended or executed another program.
    fn space(&self) -> Result<Arc<AddressSpace>> {
        let now = self.process.upgrade().and_then(|process| process.space()).ok_or(Kind::NoProcess)?;
        if core::ptr::eq(Arc::as_ptr(&now), self.space.as_ptr()) {
            return Ok(now);
        }
        Err(Kind::NoProcess.into())
    }

    /// A buffer for moving `length` bytes piece by piece.
    fn piece(length: usize) -> Result<Vec<u8>> {
        let mut buffer = Vec::new();
        let size = length.min(PIECE);
        buffer.try_reserve_exact(size).map_err(|_| Kind::NoMemory)?;
        buffer.resize(size, 0);
        Ok(buffer)
    }
}

impl File for SpaceHandle {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Space
    }

    /// Up to the first address that there is nothing at. [`Kind::Io`] if that is the first of all.
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        let space = self.space()?;
        let mut buffer = Self::piece(dest.remaining())?;
        let mut done = 0;
        while dest.remaining() > 0 {
            let wanted = dest.remaining().min(buffer.len());
            let got = space.read_remote(io.position as usize, &mut buffer[..wanted]);
            done += dest.put(&buffer[..got])?;
            io.position += got as u64;
            if got < wanted {
                break;
            }
        }
        if done == 0 && dest.remaining() > 0 {
            return Err(Kind::Io.into());
        }
        Ok(done)
    }

    /// As reading.
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        let space = self.space()?;
        let mut buffer = Self::piece(source.remaining())?;
        let mut done = 0;
        while source.remaining() > 0 {
            let wanted = source.remaining().min(buffer.len());
            let taken = source.take(&mut buffer[..wanted])?;
            let put = space.write_remote(io.position as usize, &buffer[..taken]);
            io.position += put as u64;
            done += put;
            if put < taken {
                break;
            }
        }
        if done == 0 && !buffer.is_empty() {
            return Err(Kind::Io.into());
        }
        Ok(done)
    }

    fn seekable(&self) -> bool {
        true
    }

    fn seek(&self, current: u64, offset: i64, whence: Whence) -> Result<u64> {
        exo_kernel::vfs::seek_address(current, offset, whence)
    }

    fn pollable(&self) -> bool {
        false
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[space]")
    }
}

/// May the caller read and change what the process has in memory? As ptrace(2) says: if it is the same user's in every
/// respect and keeps no secrets, or for the privileged.
fn may_look_into(t: &Task, process: &Process) -> bool {
    if process.pid() == t.pid() {
        return true;
    }
    let Some(other) = process.creds() else { return false };
    let own = t.creds();
    let same = [other.uid, other.euid, other.suid].iter().all(|&uid| uid == own.uid)
        && [other.gid, other.egid, other.sgid].iter().all(|&gid| gid == own.gid)
        && process.dumpable.load(Relaxed)
        && own.permitted.contains(other.permitted);
    same || own.capable(Caps::SYS_PTRACE)
}

/// A capability to the address space of a process. ESRCH if there is none, EACCES if the caller may not.
pub fn space(t: &Task, pid: Pid) -> core::result::Result<Capability, Errno> {
    let process = table::process(pid).ok_or(Errno::ESRCH)?;
    if !may_look_into(t, &process) {
        return Err(Errno::EACCES);
    }
    let space = process.space().ok_or(Errno::ESRCH)?;
    let file = Arc::new(SpaceHandle { process: Arc::downgrade(&process), space: Arc::downgrade(&space) });
    let file = OpenFile::new(file, Access::READ | Access::WRITE, Status::empty());
    Ok(Capability::limited(file, ALWAYS | Rights::READ | Rights::WRITE | Rights::SEEK))
}
