//! Who may do what: [`Credentials`] and the permission check, the same as Linux's.

use alloc::sync::Arc;

use bitflags::bitflags;
use spin::Once;

use super::acl;
use super::inode::{Inode, InodeCore, InodeFlags, InodeRef};
use super::types::{mode, Access, NodeKind};
use crate::{Kind, Result};

bitflags! {
    /// Privileges that matter to files, numbered as POSIX capabilities are on Linux.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Privileges: u64 {
        const CHOWN = 1 << 0;
        const DAC_OVERRIDE = 1 << 1;
        const DAC_READ_SEARCH = 1 << 2;
        const FOWNER = 1 << 3;
        const FSETID = 1 << 4;
        const LINUX_IMMUTABLE = 1 << 9;
        const SYS_ADMIN = 1 << 21;
        const SYS_RESOURCE = 1 << 24;
        const MKNOD = 1 << 27;
        const LEASE = 1 << 28;
        const SETFCAP = 1 << 31;
    }
}

/// Who asks, as far as files are concerned.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The ids for file access (`fsuid`, `fsgid`).
    pub uid: u32,
    pub gid: u32,
    pub groups: Arc<[u32]>,
    pub privileges: Privileges,
}

impl Credentials {
    /// The kernel's own: may do everything.
    pub fn kernel() -> Self {
        Self { uid: 0, gid: 0, groups: Arc::from([]), privileges: Privileges::all() }
    }
    /// Is the privilege there?
    #[inline]
    pub fn has(&self, privilege: Privileges) -> bool {
        self.privileges.contains(privilege)
    }
    /// Member of the group?
    #[inline]
    pub fn in_group(&self, gid: u32) -> bool {
        gid == self.gid || self.groups.contains(&gid)
    }
    /// The owner, or one who may do as the owner?
    #[inline]
    pub fn owns(&self, inode: &InodeCore) -> bool {
        self.uid == inode.uid() || self.has(Privileges::FOWNER)
    }
}

static CALLER_PRIVILEGES: Once<fn() -> Privileges> = Once::new();

/// Tells how to find out the calling thread's privileges, for what happens as a side effect of writing.
pub fn set_caller_privileges(ask: fn() -> Privileges) {
    CALLER_PRIVILEGES.call_once(|| ask);
}

/// May the calling thread write to a set-id file without the bits going?
pub(super) fn caller_keeps_ids() -> bool {
    CALLER_PRIVILEGES.get().is_some_and(|ask| ask().contains(Privileges::FSETID))
}

/// May `creds` go through this directory, whose core is `core`?
#[inline]
pub(super) fn check_search(creds: &Credentials, inode: &InodeRef, core: &InodeCore) -> Result<()> {
    const ALL: u32 = 0o111;
    // What everybody may needs no further look, unless an access list says otherwise.
    if core.mode() & ALL == ALL && !core.flags().contains(InodeFlags::HAS_ACL) {
        return Ok(());
    }
    check(creds, &**inode, Access::EXECUTE)
}

/// May `creds` access the inode so? [`Kind::AccessDenied`] if not.
pub fn check(creds: &Credentials, inode: &dyn Inode, wanted: Access) -> Result<()> {
    let core = inode.core();
    let bits = u32::from(wanted.bits());
    let mode = core.mode();
    // The most common cases first: all may, or the owner may.
    let acl = core.flags().contains(InodeFlags::HAS_ACL);
    if creds.uid == core.uid() {
        if mode >> 6 & bits == bits {
            return Ok(());
        }
    } else if !acl {
        let granted = if creds.in_group(core.gid()) { mode >> 3 } else { mode };
        if granted & bits == bits {
            return Ok(());
        }
    } else if acl::permits(creds, inode, wanted) {
        return Ok(());
    }
    override_by_privilege(creds, core, mode, wanted)
}

#[cold]
fn override_by_privilege(creds: &Credentials, core: &InodeCore, mode: u32, wanted: Access) -> Result<()> {
    let may = if core.kind == NodeKind::Directory {
        creds.has(Privileges::DAC_OVERRIDE)
            || !wanted.contains(Access::WRITE) && creds.has(Privileges::DAC_READ_SEARCH)
    } else {
        let executable = mode & 0o111 != 0;
        creds.has(Privileges::DAC_OVERRIDE) && (executable || !wanted.contains(Access::EXECUTE))
            || wanted == Access::READ && creds.has(Privileges::DAC_READ_SEARCH)
    };
    if may {
        Ok(())
    } else {
        Err(Kind::AccessDenied.into())
    }
}

/// May `creds` remove or rename `victim` out of `parent`, as far as its sticky bit is concerned?
pub fn check_sticky(creds: &Credentials, parent: &InodeCore, victim: &InodeCore) -> Result<()> {
    let free = parent.mode() & mode::STICKY == 0
        || creds.uid == victim.uid()
        || creds.uid == parent.uid()
        || creds.has(Privileges::FOWNER);
    if free {
        Ok(())
    } else {
        Err(Kind::NotPermitted.into())
    }
}

/// The mode without what a write by `creds` takes away: set-id bits. `None` if nothing changes.
pub fn mode_after_write(creds: &Credentials, core: &InodeCore) -> Option<u32> {
    let mode = core.mode();
    if mode & (mode::SET_UID | mode::SET_GID) == 0 || creds.has(Privileges::FSETID) {
        return None;
    }
    mode_without_ids(core)
}

/// The mode without its set-id bits; `None` if there are none. Set-gid without group execution stays (it once meant
/// mandatory locking).
pub fn mode_without_ids(core: &InodeCore) -> Option<u32> {
    let mode = core.mode();
    let mut kept = mode & !mode::SET_UID;
    if mode & 0o010 != 0 {
        kept &= !mode::SET_GID;
    }
    (kept != mode).then_some(kept)
}
