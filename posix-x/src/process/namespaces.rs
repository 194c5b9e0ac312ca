//! Namespaces: the host's names and the objects of System V IPC, which processes may have of their own. Of all others
//! there is one each.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use exo_kernel::cap::Rights;

use super::clone::Flags;
use super::misc::HostNames;
use super::{pidfd, Task};
use crate::procfs::ns::NamespaceInode;
use crate::security::Caps;
use crate::sysvipc;
use crate::{Errno, Fd, SysResult};

/// The number of the first namespace, as on Linux.
const FIRST_NUMBER: u64 = 0xf000_0000 - 2;

/// A number that no namespace has had.
pub fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(FIRST_NUMBER);
    NEXT.fetch_add(1, Relaxed)
}

/// One namespace, as a file refers to it.
#[derive(Clone)]
pub enum Namespace {
    Uts(Arc<HostNames>),
    Ipc(Arc<sysvipc::Namespace>),
}

impl Namespace {
    /// The name of its kind, in `/proc/PID/ns`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Uts(_) => "uts",
            Self::Ipc(_) => "ipc",
        }
    }
    /// What tells it from others of its kind.
    pub fn number(&self) -> u64 {
        match self {
            Self::Uts(names) => names.number(),
            Self::Ipc(objects) => objects.number(),
        }
    }
    fn flag(&self) -> Flags {
        match self {
            Self::Uts(_) => Flags::NEWUTS,
            Self::Ipc(_) => Flags::NEWIPC,
        }
    }
}

/// The namespaces that a thread is in.
#[derive(Clone)]
pub struct Namespaces {
    /// The host's names.
    pub uts: Arc<HostNames>,
    /// System V IPC.
    pub ipc: Arc<sysvipc::Namespace>,
}

impl Namespaces {
    /// Flags of `clone` and `unshare` that ask for new ones.
    pub const FLAGS: Flags = Flags::NEWUTS.union(Flags::NEWIPC);

    /// Those of the first process.
    pub fn first() -> Self {
        Self { uts: Arc::default(), ipc: sysvipc::Namespace::new() }
    }

    /// These, but for new ones where the flags say so.
    pub fn renewed(self: &Arc<Self>, flags: Flags) -> Arc<Self> {
        if !flags.intersects(Self::FLAGS) {
            return self.clone();
        }
        let mut new = (**self).clone();
        if flags.contains(Flags::NEWUTS) {
            new.uts = Arc::new(self.uts.duplicate());
        }
        if flags.contains(Flags::NEWIPC) {
            new.ipc = sysvipc::Namespace::new();
        }
        Arc::new(new)
    }

    /// These, but for those of another thread where the flags say so.
    fn joined(&self, other: &Self, flags: Flags) -> Self {
        let pick = |flag: Flags| if flags.contains(flag) { other } else { self };
        Self { uts: pick(Flags::NEWUTS).uts.clone(), ipc: pick(Flags::NEWIPC).ipc.clone() }
    }
}

/// What a descriptor leads to that `setns` takes, and which kinds of namespaces are meant.
fn target(t: &Task, fd: Fd, nstype: u32) -> Result<(Arc<Namespaces>, Flags), Errno> {
    let capability = t.files().capability(fd.0)?;
    let file = capability.file(Rights::empty())?;
    let flags = Flags::from_bits(nstype.into()).ok_or(Errno::EINVAL)?;
    if let Some(inode) = file.inode() {
        if let Some(found) = inode.downcast::<NamespaceInode>() {
            let namespace = found.namespace();
            if !flags.is_empty() && flags != namespace.flag() {
                return Err(Errno::EINVAL);
            }
            let mut all = (**t.namespaces()).clone();
            match namespace {
                Namespace::Uts(uts) => all.uts = uts.clone(),
                Namespace::Ipc(ipc) => all.ipc = ipc.clone(),
            }
            return Ok((Arc::new(all), namespace.flag()));
        }
    }
    let process = pidfd::process_of(t, fd, Rights::CONTROL).map_err(|_| Errno::EINVAL)?;
    if flags.is_empty() || !Namespaces::FLAGS.contains(flags) {
        return Err(Errno::EINVAL);
    }
    let other = process.any_task().ok_or(Errno::ESRCH)?.namespaces_snapshot();
    Ok((Arc::new(t.namespaces().joined(&other, flags)), flags))
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `setns(2)`
    pub fn setns(t: &Task, fd: Fd, nstype: u32) -> SysResult {
        let (namespaces, flags) = target(t, fd, nstype)?;
        if !t.creds().capable(Caps::SYS_ADMIN) {
            return Err(Errno::EPERM);
        }
        if flags.contains(Flags::NEWIPC) {
            t.leave_undo_list();
        }
        t.set_namespaces(namespaces);
        Ok(0)
    }

    /// `unshare(2)`
    pub fn unshare(t: &Task, flags: u64) -> SysResult {
        let known = Flags::FS | Flags::FILES | Flags::SIGHAND | Flags::THREAD | Flags::VM | Flags::SYSVSEM;
        let known = known | Namespaces::FLAGS;
        let flags = Flags::from_bits(flags).filter(|flags| known.contains(*flags)).ok_or(Errno::EINVAL)?;
        // A thread cannot leave its group, nor take the handlers or the memory with it.
        if flags.intersects(Flags::THREAD | Flags::SIGHAND | Flags::VM) && t.process().thread_count() > 1 {
            return Err(Errno::EINVAL);
        }
        if flags.intersects(Namespaces::FLAGS) && !t.creds().capable(Caps::SYS_ADMIN) {
            return Err(Errno::EPERM);
        }
        if flags.intersects(Flags::SYSVSEM | Flags::NEWIPC) {
            t.leave_undo_list();
        }
        if flags.contains(Flags::FS) && Arc::strong_count(t.fs()) > 1 {
            let own = Arc::new((**t.fs()).clone());
            t.set_fs(Some(own));
        }
        if flags.contains(Flags::FILES) && Arc::strong_count(t.files()) > 1 {
            let own = Arc::new(t.files().duplicate()?);
            t.set_files(Some(own));
        }
        if flags.intersects(Namespaces::FLAGS) {
            let own = t.namespaces().renewed(flags);
            t.set_namespaces(own);
        }
        Ok(0)
    }
}
