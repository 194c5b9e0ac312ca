//! [`SignalFd`]: signals as something to read (signalfd(2)).
//!
//! What can be read are the pending signals of whoever reads, not of whoever made the descriptor.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

use exo_kernel::cap::ObjectKind;
use exo_kernel::sync::{Events, PollTable, Sleep};
use exo_kernel::user::IoDest;
use exo_kernel::vfs::{File, Io, Metadata};
use exo_kernel::{Kind, Result};
use posix_x_abi::types::SignalfdSiginfo;

use crate::process::current;
use crate::signal::{self, code, Info, SigSet};

/// A set of signals to be read.
pub struct SignalFd {
    mask: AtomicU64,
}

/// How the details of a signal are laid out.
enum Layout {
    Kill,
    Timer,
    Poll,
    Fault,
    Child,
    Value,
}

fn layout(info: &Info) -> Layout {
    match info.code {
        code::SI_TIMER => Layout::Timer,
        code::SI_SIGIO => Layout::Poll,
        ..0 => Layout::Value,
        0 | code::SI_KERNEL => Layout::Kill,
        _ => match info.signo {
            signal::SIGCHLD => Layout::Child,
            signal::SIGIO => Layout::Poll,
            signal::SIGSEGV | signal::SIGBUS | signal::SIGILL | signal::SIGFPE | signal::SIGTRAP => {
                Layout::Fault
            }
            _ => Layout::Kill,
        },
    }
}

fn record(info: &Info) -> SignalfdSiginfo {
    let [first, second, third, fourth] = info.fields;
    let (low, high) = (first as u32, (first >> 32) as u32);
    let base = SignalfdSiginfo {
        signo: info.signo as u32,
        errno: info.errno,
        code: info.code,
        ..Default::default()
    };
    match layout(info) {
        Layout::Kill => SignalfdSiginfo { pid: low, uid: high, ..base },
        Layout::Value => SignalfdSiginfo { pid: low, uid: high, ptr: second, int: second as i32, ..base },
        Layout::Timer => SignalfdSiginfo { tid: low, overrun: high, ptr: second, int: second as i32, ..base },
        Layout::Poll => SignalfdSiginfo { band: low, fd: second as i32, ..base },
        Layout::Fault => SignalfdSiginfo { addr: first, ..base },
        Layout::Child => SignalfdSiginfo {
            pid: low,
            uid: high,
            status: second as i32,
            utime: third,
            stime: fourth,
            ..base
        },
    }
}

impl SignalFd {
    fn mask(&self) -> SigSet {
        SigSet(self.mask.load(Ordering::Relaxed))
    }
}

impl File for SignalFd {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Event
    }

    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        if dest.remaining() < size_of::<SignalfdSiginfo>() {
            return Err(Kind::Invalid.into());
        }
        let task = current();
        let next = || signal::dequeue(task, self.mask());
        let mut info = match next() {
            Some(info) => info,
            None if io.nonblock() => return Err(Kind::WouldBlock.into()),
            None => task.process().signals.arrived.wait(Sleep::Interruptible, None, next)?,
        };
        let mut done = 0;
        loop {
            done += dest.put(bytemuck::bytes_of(&record(&info)))?;
            if dest.remaining() < size_of::<SignalfdSiginfo>() {
                return Ok(done);
            }
            match next() {
                Some(another) => info = another,
                None => return Ok(done),
            }
        }
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        let task = current();
        if let Some(table) = table {
            table.register(&task.process().signals.arrived);
        }
        let mut events = Events::empty();
        events.set(Events::IN, !signal::pending_for(task).and(self.mask()).is_empty());
        events
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(super::anonymous_metadata())
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[signalfd]")
    }
}

/// Its system calls.
pub mod calls {
    use exo_kernel::cap::Rights;
    use exo_kernel::user::UserPtr;
    use exo_kernel::vfs::Access;
    use posix_x_abi::uapi::general::{O_CLOEXEC, O_NONBLOCK};

    use super::*;
    use crate::fd::{self, FdTable};
    use crate::{Errno, Fd, SysResult, Task};

    /// A new descriptor for the signals of a set, or with a descriptor of this kind, another set for it.
    pub fn signalfd(t: &Task, fd: Fd, mask: UserPtr<u64>, sizemask: usize) -> SysResult {
        signalfd4(t, fd, mask, sizemask, 0)
    }

    /// As [`signalfd`], with flags.
    pub fn signalfd4(t: &Task, fd: Fd, mask: UserPtr<u64>, sizemask: usize, flags: u32) -> SysResult {
        let mask = signal::read_mask(mask, sizemask)?;
        if flags & !(O_CLOEXEC | O_NONBLOCK) != 0 {
            return Err(Errno::EINVAL);
        }
        if fd.0 == -1 {
            let object = Arc::new(SignalFd { mask: AtomicU64::new(mask.0) });
            return fd::install_object(t, object, Access::READ | Access::WRITE, flags);
        }
        let capability = FdTable::get(t.files(), fd.0)?;
        let existing =
            capability.file(Rights::CONTROL)?.file().downcast::<SignalFd>().ok_or(Errno::EINVAL)?;
        existing.mask.store(mask.0, Ordering::Relaxed);
        t.process().signals.arrived.wake_all();
        Ok(fd.0 as usize)
    }
}
