//! Capabilities: derive, restrict, revoke, look at, compare, open.

use exo_kernel::cap::{Capability, ObjectKind, Rights};
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::Status;
use posix_x_abi::native::{cap, CapInfo};
use posix_x_abi::uapi::general::O_CLOEXEC;

use crate::fd;
use crate::process::{handle, pidfd, table};
use crate::{Errno, Fd, Pid, SysResult, Task};

/// The rights that a program names. EINVAL for bits that are none.
fn rights(bits: u64) -> Result<Rights, Errno> {
    let rights = u32::try_from(bits).ok().and_then(Rights::from_bits).ok_or(Errno::EINVAL)?;
    if Rights::ALL.contains(rights) {
        Ok(rights)
    } else {
        Err(Errno::EINVAL)
    }
}

fn install(t: &Task, capability: Capability, flags: u32) -> SysResult {
    Ok(t.files().insert(capability, flags & O_CLOEXEC != 0, 0, fd::limit(t))? as usize)
}

/// A new descriptor for the same object, derived from `fd`, with no more than `rights` and with a badge.
pub fn exo_cap_clone(t: &Task, fd: Fd, bits: u64, badge: u64, flags: u32) -> SysResult {
    if flags & !O_CLOEXEC != 0 {
        return Err(Errno::EINVAL);
    }
    let derived = t.files().capability(fd.0)?.derive(rights(bits)?, badge)?;
    install(t, derived, flags)
}

/// `fd` keeps no more than `rights`: from now on it stands for a capability derived from what it stood for.
pub fn exo_cap_restrict(t: &Task, fd: Fd, bits: u64) -> SysResult {
    let rights = rights(bits)?;
    let before = t.files().capability(fd.0)?;
    let badge = before.place_info().map_or(0, |place| place.badge);
    let derived = before.derive(rights, badge)?;
    t.files().exchange(fd.0, derived, &before)?;
    Ok(0)
}

/// Ends all that was derived from `fd`, and with [`cap::ITSELF`] what `fd` and its copies stand for.
pub fn exo_cap_revoke(t: &Task, fd: Fd, flags: u32) -> SysResult {
    let capability = t.files().capability(fd.0)?;
    if flags & !cap::ITSELF != 0 {
        return Err(Errno::EINVAL);
    }
    capability.revoke(flags & cap::ITSELF != 0)?;
    Ok(0)
}

const fn kind(kind: ObjectKind) -> u32 {
    match kind {
        ObjectKind::File => cap::FILE,
        ObjectKind::Channel => cap::CHANNEL,
        ObjectKind::Ring => cap::RING,
        ObjectKind::Memory => cap::MEMORY,
        ObjectKind::Process => cap::PROCESS,
        ObjectKind::Thread => cap::THREAD,
        ObjectKind::Timer => cap::TIMER,
        ObjectKind::Space => cap::SPACE,
        ObjectKind::Event => cap::EVENT,
    }
}

/// What `fd` stands for, even if that was revoked.
pub fn exo_cap_info(t: &Task, fd: Fd, info: UserPtr<CapInfo>) -> SysResult {
    let capability = t.files().capability(fd.0)?;
    let place = capability.place_info();
    let mut state = 0;
    if place.is_some() {
        state |= cap::DERIVED;
    }
    if place.is_some_and(|place| place.revoked) {
        state |= cap::REVOKED;
    }
    info.write(&CapInfo {
        kind: kind(capability.object().file().object_kind()),
        state,
        rights: capability.rights().bits().into(),
        badge: place.map_or(0, |place| place.badge),
        place: place.map_or(0, |place| place.number),
        parent: place.map_or(0, |place| place.parent),
    })?;
    Ok(0)
}

/// 1 if `fd` stands for `ancestor` or something derived from it, else 0. EKEYREVOKED if either was revoked.
pub fn exo_cap_check(t: &Task, fd: Fd, ancestor: Fd) -> SysResult {
    let (one, other) = (t.files().capability(fd.0)?, t.files().capability(ancestor.0)?);
    one.file(Rights::empty())?;
    other.file(Rights::empty())?;
    Ok(usize::from(one.is_within(&other)))
}

/// A descriptor for a kernel object that has a number: a process, a thread, the address space of a process.
pub fn exo_cap_open(t: &Task, kind: u32, id: Pid, flags: u32) -> SysResult {
    if flags & !O_CLOEXEC != 0 {
        return Err(Errno::EINVAL);
    }
    let capability = match kind {
        cap::PROCESS => {
            let process = table::process(id).ok_or(Errno::ESRCH)?;
            pidfd::capability(&process, Status::empty())
        }
        cap::THREAD => handle::thread(id)?,
        cap::SPACE => handle::space(t, id)?,
        _ => return Err(Errno::EINVAL),
    };
    install(t, capability, flags)
}
