//! Owner and permissions of an object.

use posix_x_abi::types::IpcPerm;

use super::registry::sequence_of;
use crate::security::{Caps, Credentials};
use crate::Errno;

/// The permission bits of a mode.
const MODE_BITS: u32 = 0o777;

/// Whose an object is, and who may use it.
#[derive(Clone, Copy)]
pub struct Permissions {
    /// What it is found by; 0 for none.
    pub key: i32,
    pub uid: u32,
    pub gid: u32,
    /// Who made it: stays.
    pub cuid: u32,
    pub cgid: u32,
    /// Permission bits, and above them what only some kinds of objects have.
    pub mode: u32,
}

impl Permissions {
    /// Those of a new object that `creds` makes with these flags.
    pub fn new(creds: &Credentials, key: i32, flags: u32) -> Self {
        let (uid, gid) = (creds.euid, creds.egid);
        Self { key, uid, gid, cuid: uid, cgid: gid, mode: flags & MODE_BITS }
    }

    /// EACCES unless all bits wanted are granted; `flags` has them in any of the three groups of a mode.
    pub fn check(&self, creds: &Credentials, flags: u32) -> Result<(), Errno> {
        let wanted = (flags >> 6 | flags >> 3 | flags) & 0o7;
        let granted = if creds.euid == self.cuid || creds.euid == self.uid {
            self.mode >> 6
        } else if creds.vfs().in_group(self.cgid) || creds.vfs().in_group(self.gid) {
            self.mode >> 3
        } else {
            self.mode
        };
        if wanted & !granted != 0 && !creds.capable(Caps::IPC_OWNER) {
            return Err(Errno::EACCES);
        }
        Ok(())
    }

    /// EPERM unless `creds` may remove the object and change these permissions.
    pub fn check_owner(&self, creds: &Credentials) -> Result<(), Errno> {
        if creds.euid == self.cuid || creds.euid == self.uid || creds.capable(Caps::SYS_ADMIN) {
            Ok(())
        } else {
            Err(Errno::EPERM)
        }
    }

    /// `IPC_SET`.
    pub fn update(&mut self, new: &IpcPerm) -> Result<(), Errno> {
        if new.uid == u32::MAX || new.gid == u32::MAX {
            return Err(Errno::EINVAL);
        }
        (self.uid, self.gid) = (new.uid, new.gid);
        self.mode = self.mode & !MODE_BITS | new.mode & MODE_BITS;
        Ok(())
    }

    /// What `IPC_STAT` tells of them.
    pub fn told(&self, id: i32) -> IpcPerm {
        IpcPerm {
            key: self.key,
            uid: self.uid,
            gid: self.gid,
            cuid: self.cuid,
            cgid: self.cgid,
            mode: self.mode,
            seq: sequence_of(id),
            ..IpcPerm::default()
        }
    }
}
