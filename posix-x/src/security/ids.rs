//! Changing and reading user IDs, group IDs and supplementary groups.

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::user::UserPtr;

use super::{user, Caps, Credentials};
use crate::process::Task;
use crate::{Errno, SysResult};

/// In place of an ID: leave it as it is.
const KEEP: u32 = u32::MAX;
/// Supplementary groups at most.
const GROUPS_MAX: usize = 65_536;

/// Makes new credentials of the caller's by `change` and installs them, with what follows for capabilities.
fn change(t: &Task, change: impl FnOnce(&mut Credentials) -> Result<(), Errno>) -> SysResult {
    let old = t.creds().clone();
    let mut new = (*old).clone();
    change(&mut new)?;
    if (new.uid, new.euid, new.suid) != (old.uid, old.euid, old.suid) {
        new.user_ids_changed(&old);
    }
    if new.fsuid != old.fsuid {
        fs_user_changed(&mut new, &old);
    }
    if new.uid != old.uid {
        new.user = user::of(new.uid);
    }
    t.set_creds(Arc::new(new));
    Ok(0)
}

/// The file-related capabilities come and go with file-system user 0.
fn fs_user_changed(new: &mut Credentials, old: &Credentials) {
    let file = Caps::CHOWN
        | Caps::DAC_OVERRIDE
        | Caps::DAC_READ_SEARCH
        | Caps::FOWNER
        | Caps::FSETID
        | Caps::LINUX_IMMUTABLE
        | Caps::MKNOD
        | Caps::MAC_OVERRIDE;
    if new.securebits & super::credentials::SECBIT_NO_SETUID_FIXUP != 0 || new.euid != old.euid {
        return;
    }
    if old.fsuid == 0 && new.fsuid != 0 {
        new.effective -= file;
    } else if old.fsuid != 0 && new.fsuid == 0 {
        new.effective |= new.permitted & file;
    }
}

/// `Ok` if each wanted ID is KEEP or one of `allowed`, or the capability is there.
fn permit(wanted: &[u32], allowed: &[u32], capable: bool) -> Result<(), Errno> {
    if capable || wanted.iter().all(|id| *id == KEEP || allowed.contains(id)) {
        Ok(())
    } else {
        Err(Errno::EPERM)
    }
}

/// `wanted`, or `current` for KEEP.
fn or(wanted: u32, current: u32) -> u32 {
    if wanted == KEEP {
        current
    } else {
        wanted
    }
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `setuid(2)`
    pub fn setuid(t: &Task, uid: u32) -> SysResult {
        if uid == KEEP {
            return Err(Errno::EINVAL);
        }
        change(t, |creds| {
            if creds.capable(Caps::SETUID) {
                (creds.uid, creds.suid) = (uid, uid);
            } else if uid != creds.uid && uid != creds.suid {
                return Err(Errno::EPERM);
            }
            (creds.euid, creds.fsuid) = (uid, uid);
            Ok(())
        })
    }

    /// `setgid(2)`
    pub fn setgid(t: &Task, gid: u32) -> SysResult {
        if gid == KEEP {
            return Err(Errno::EINVAL);
        }
        change(t, |creds| {
            if creds.capable(Caps::SETGID) {
                (creds.gid, creds.sgid) = (gid, gid);
            } else if gid != creds.gid && gid != creds.sgid {
                return Err(Errno::EPERM);
            }
            (creds.egid, creds.fsgid) = (gid, gid);
            Ok(())
        })
    }

    /// `setreuid(2)`
    pub fn setreuid(t: &Task, ruid: u32, euid: u32) -> SysResult {
        change(t, |creds| {
            let capable = creds.capable(Caps::SETUID);
            permit(&[ruid], &[creds.uid, creds.euid], capable)?;
            permit(&[euid], &[creds.uid, creds.euid, creds.suid], capable)?;
            let old_uid = creds.uid;
            creds.uid = or(ruid, creds.uid);
            creds.euid = or(euid, creds.euid);
            if ruid != KEEP || (euid != KEEP && euid != old_uid) {
                creds.suid = creds.euid;
            }
            creds.fsuid = creds.euid;
            Ok(())
        })
    }

    /// `setregid(2)`
    pub fn setregid(t: &Task, rgid: u32, egid: u32) -> SysResult {
        change(t, |creds| {
            let capable = creds.capable(Caps::SETGID);
            permit(&[rgid], &[creds.gid, creds.egid], capable)?;
            permit(&[egid], &[creds.gid, creds.egid, creds.sgid], capable)?;
            let old_gid = creds.gid;
            creds.gid = or(rgid, creds.gid);
            creds.egid = or(egid, creds.egid);
            if rgid != KEEP || (egid != KEEP && egid != old_gid) {
                creds.sgid = creds.egid;
            }
            creds.fsgid = creds.egid;
            Ok(())
        })
    }

    /// `setresuid(2)`
    pub fn setresuid(t: &Task, ruid: u32, euid: u32, suid: u32) -> SysResult {
        change(t, |creds| {
            let capable = creds.capable(Caps::SETUID);
            permit(&[ruid, euid, suid], &[creds.uid, creds.euid, creds.suid], capable)?;
            (creds.uid, creds.euid, creds.suid) =
                (or(ruid, creds.uid), or(euid, creds.euid), or(suid, creds.suid));
            creds.fsuid = creds.euid;
            Ok(())
        })
    }

    /// `setresgid(2)`
    pub fn setresgid(t: &Task, rgid: u32, egid: u32, sgid: u32) -> SysResult {
        change(t, |creds| {
            let capable = creds.capable(Caps::SETGID);
            permit(&[rgid, egid, sgid], &[creds.gid, creds.egid, creds.sgid], capable)?;
            (creds.gid, creds.egid, creds.sgid) =
                (or(rgid, creds.gid), or(egid, creds.egid), or(sgid, creds.sgid));
            creds.fsgid = creds.egid;
            Ok(())
        })
    }

    /// `getresuid(2)`
    pub fn getresuid(t: &Task, ruid: UserPtr<u32>, euid: UserPtr<u32>, suid: UserPtr<u32>) -> SysResult {
        let creds = t.creds();
        ruid.write(&creds.uid)?;
        euid.write(&creds.euid)?;
        suid.write(&creds.suid)?;
        Ok(0)
    }

    /// `getresgid(2)`
    pub fn getresgid(t: &Task, rgid: UserPtr<u32>, egid: UserPtr<u32>, sgid: UserPtr<u32>) -> SysResult {
        let creds = t.creds();
        rgid.write(&creds.gid)?;
        egid.write(&creds.egid)?;
        sgid.write(&creds.sgid)?;
        Ok(0)
    }

    /// `setfsuid(2)`: always answers the old ID.
    pub fn setfsuid(t: &Task, uid: u32) -> SysResult {
        let creds = t.creds();
        let old = creds.fsuid;
        let allowed = [creds.uid, creds.euid, creds.suid, creds.fsuid];
        if uid != KEEP && uid != old && permit(&[uid], &allowed, creds.capable(Caps::SETUID)).is_ok() {
            change(t, |creds| {
                creds.fsuid = uid;
                Ok(())
            })?;
        }
        Ok(old as usize)
    }

    /// `setfsgid(2)`: always answers the old ID.
    pub fn setfsgid(t: &Task, gid: u32) -> SysResult {
        let creds = t.creds();
        let old = creds.fsgid;
        let allowed = [creds.gid, creds.egid, creds.sgid, creds.fsgid];
        if gid != KEEP && gid != old && permit(&[gid], &allowed, creds.capable(Caps::SETGID)).is_ok() {
            change(t, |creds| {
                creds.fsgid = gid;
                Ok(())
            })?;
        }
        Ok(old as usize)
    }

    /// `getgroups(2)`
    pub fn getgroups(t: &Task, size: i32, list: UserPtr<u32>) -> SysResult {
        let groups = &t.creds().groups;
        let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
        if size == 0 {
            return Ok(groups.len());
        }
        if size < groups.len() {
            return Err(Errno::EINVAL);
        }
        list.write_slice(groups)?;
        Ok(groups.len())
    }

    /// `setgroups(2)`
    pub fn setgroups(t: &Task, size: usize, list: UserPtr<u32>) -> SysResult {
        if !t.creds().capable(Caps::SETGID) {
            return Err(Errno::EPERM);
        }
        if size > GROUPS_MAX {
            return Err(Errno::EINVAL);
        }
        let mut groups = Vec::new();
        groups.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
        groups.resize(size, 0u32);
        list.read_slice(&mut groups)?;
        groups.sort_unstable();
        change(t, |creds| {
            creds.groups = Arc::from(groups);
            Ok(())
        })
    }
}
