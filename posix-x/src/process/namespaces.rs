//! Namespaces: the host's names and the objects of System V IPC, which processes may have of their own. Of all others
//! there is one each.

use alloc::sync::Arc;

use super::clone::Flags;
use super::misc::HostNames;
use super::Task;
use crate::security::Caps;
use crate::sysvipc;
use crate::{Errno, SysResult};

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
}

/// The system calls.
pub mod calls {
    use super::*;

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
