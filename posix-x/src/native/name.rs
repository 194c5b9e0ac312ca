//! Rings and pools by name.

use alloc::string::String;

use exo_kernel::cap::Rights;
use exo_kernel::ipc::fusion::names::{self, End, Permissions, Principal, Rights as NameRights};

use super::{check_flags, pool, ring};
use crate::fd::{self, FdTable};
use crate::fs::path::UserPath;
use crate::security::Caps;
use crate::{Errno, Fd, SysResult, Task, UserStr};

/// Bytes of the longest name with its NUL.
const NAME_SIZE: usize = 256;

fn import(name: UserStr) -> Result<String, Errno> {
    let path = UserPath::import_limited(name, NAME_SIZE)?;
    let text = core::str::from_utf8(path.bytes()).map_err(|_| Errno::EINVAL)?;
    let mut own = String::new();
    own.try_reserve_exact(text.len()).map_err(|_| Errno::ENOMEM)?;
    own.push_str(text);
    Ok(own)
}

/// Three bits of a mode: 4 receive, 2 send, as with files.
fn rights(bits: u32) -> NameRights {
    let mut rights = NameRights::empty();
    rights.set(NameRights::RECEIVE, bits & 4 != 0);
    rights.set(NameRights::SEND, bits & 2 != 0);
    rights
}

fn with_principal<R>(t: &Task, work: impl FnOnce(&Principal) -> R) -> R {
    let creds = t.creds();
    let privileged = creds.capable(Caps::DAC_OVERRIDE);
    work(&Principal { user: creds.fsuid, group: creds.fsgid, groups: &creds.groups, privileged })
}

/// Gives a ring or pool a name. `mode`: who may receive (4) and send (2), for the owner, the group and others, as
/// with files; on a pool, read and write. EACCES through a derived capability: who attaches gets an end that no
/// revocation reaches, with all rights.
pub fn exo_name(t: &Task, fd: Fd, name: UserStr, mode: u32) -> SysResult {
    if mode & !0o666 != 0 {
        return Err(Errno::EINVAL);
    }
    let name = import(name)?;
    let creds = t.creds();
    let permissions = Permissions {
        user: creds.fsuid,
        group: creds.fsgid,
        owner: rights(mode >> 6),
        members: rights(mode >> 3),
        others: rights(mode),
    };
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::SET_ATTR)?;
    if capability.is_derived() {
        return Err(Errno::EACCES);
    }
    names::add(&**file.file(), &name, permissions)?;
    Ok(0)
}

/// Takes a name away.
pub fn exo_unname(t: &Task, name: UserStr) -> SysResult {
    let name = import(name)?;
    with_principal(t, |principal| names::remove(&name, principal))?;
    Ok(0)
}

/// A new end of what a name stands for: of a ring the receiving (1) or the sending (2) end, of a pool a side that may
/// only read (1) or one that may write (2).
pub fn exo_attach(t: &Task, name: UserStr, side: u32, flags: u32) -> SysResult {
    check_flags(flags)?;
    let rights = match side {
        ring::RECEIVER => NameRights::RECEIVE,
        ring::SENDER => NameRights::SEND,
        _ => return Err(Errno::EINVAL),
    };
    let name = import(name)?;
    let file = match with_principal(t, |principal| names::attach(&name, rights, principal))? {
        End::Ring(end) => ring::open(end),
        End::Pool(end) => pool::open(end),
    };
    fd::install(t, file, flags)
}
