//! [`Credentials`]: the user and group IDs and capabilities of a thread. Immutable: a change makes new ones.

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::vfs;

use super::user::{self, User};
use super::Caps;

/// The user and group IDs, groups and capability sets of a thread.
#[derive(Clone)]
pub struct Credentials {
    pub uid: u32,
    pub euid: u32,
    pub suid: u32,
    pub fsuid: u32,
    pub gid: u32,
    pub egid: u32,
    pub sgid: u32,
    pub fsgid: u32,
    /// Supplementary groups, sorted.
    pub groups: Arc<[u32]>,
    pub permitted: Caps,
    pub effective: Caps,
    pub inheritable: Caps,
    pub bounding: Caps,
    pub ambient: Caps,
    /// Linux's `SECBIT_*`.
    pub securebits: u32,
    /// What counts against the real user's limits.
    pub user: Arc<User>,
    /// What the file system looks at: made of the others by [`Self::seal`].
    vfs: vfs::Credentials,
}

/// `SECBIT_NOROOT`: user 0 has no capabilities for being user 0.
pub const SECBIT_NOROOT: u32 = 1;
/// `SECBIT_NO_SETUID_FIXUP`: changing user IDs does not change capabilities.
pub const SECBIT_NO_SETUID_FIXUP: u32 = 4;
/// `SECBIT_KEEP_CAPS`: permitted capabilities survive giving up user 0.
pub const SECBIT_KEEP_CAPS: u32 = 16;
/// `SECBIT_NO_CAP_AMBIENT_RAISE`.
pub const SECBIT_NO_CAP_AMBIENT_RAISE: u32 = 64;

impl Credentials {
    /// User 0 with everything.
    pub fn root() -> Self {
        let mut creds = Self {
            uid: 0,
            euid: 0,
            suid: 0,
            fsuid: 0,
            gid: 0,
            egid: 0,
            sgid: 0,
            fsgid: 0,
            groups: Arc::from(Vec::new()),
            permitted: Caps::all(),
            effective: Caps::all(),
            inheritable: Caps::empty(),
            bounding: Caps::all(),
            ambient: Caps::empty(),
            securebits: 0,
            user: user::of(0),
            vfs: vfs::Credentials::kernel(),
        };
        creds.seal();
        creds
    }

    /// Brings the file system's view up to date after a change.
    pub fn seal(&mut self) {
        self.vfs = vfs::Credentials {
            uid: self.fsuid,
            gid: self.fsgid,
            groups: self.groups.clone(),
            privileges: self.effective.file_rights(),
        };
    }

    /// The file system's view: file-system IDs.
    #[inline]
    pub fn vfs(&self) -> &vfs::Credentials {
        &self.vfs
    }

    /// The file system's view with the real IDs, for `access`.
    pub fn real_vfs(&self) -> vfs::Credentials {
        let caps = if self.uid == 0 || self.securebits & SECBIT_NO_SETUID_FIXUP != 0 {
            self.permitted
        } else {
            Caps::empty()
        };
        vfs::Credentials {
            uid: self.uid,
            gid: self.gid,
            groups: self.groups.clone(),
            privileges: caps.file_rights(),
        }
    }

    /// Is the capability effective?
    #[inline]
    pub fn capable(&self, cap: Caps) -> bool {
        self.effective.contains(cap)
    }

    /// Is `gid` the effective group or a supplementary one?
    pub fn in_group(&self, gid: u32) -> bool {
        self.egid == gid || self.groups.binary_search(&gid).is_ok()
    }

    /// Does running a program with changed IDs make it one that its caller must not look into?
    pub fn same_ids(&self) -> bool {
        self.uid == self.euid && self.gid == self.egid
    }

    /// Adjusts the capability sets after the user IDs changed from those of `old` (capabilities(7)).
    pub fn user_ids_changed(&mut self, old: &Credentials) {
        if self.securebits & SECBIT_NO_SETUID_FIXUP != 0 {
            return;
        }
        let had_root = old.uid == 0 || old.euid == 0 || old.suid == 0;
        let has_root = self.uid == 0 || self.euid == 0 || self.suid == 0;
        if had_root && !has_root {
            if self.securebits & SECBIT_KEEP_CAPS == 0 {
                self.permitted = Caps::empty();
                self.effective = Caps::empty();
            }
            self.ambient = Caps::empty();
        }
        if old.euid == 0 && self.euid != 0 {
            self.effective = Caps::empty();
        }
        if old.euid != 0 && self.euid == 0 {
            self.effective = self.permitted;
        }
    }
}
