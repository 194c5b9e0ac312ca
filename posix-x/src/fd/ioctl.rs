//! `ioctl`: the requests that hold for every descriptor are answered here, the others by the object.

use alloc::sync::Arc;

use exo_kernel::cap::{Capability, Rights};
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{NodeKind, OpenFile, Status};
use exo_kernel::Kind;

use super::{attributes, signal_io, FdTable};
use crate::security::Caps;
use crate::{Errno, Fd, SysResult, Task};

const FIONREAD: u32 = 0x541b;
const FIONBIO: u32 = 0x5421;
const FIONCLEX: u32 = 0x5450;
const FIOCLEX: u32 = 0x5451;
const FIOASYNC: u32 = 0x5452;
const FIOQSIZE: u32 = 0x5460;
const FIOSETOWN: u32 = 0x8901;
const SIOCSPGRP: u32 = 0x8902;
const FIOGETOWN: u32 = 0x8903;
const SIOCGPGRP: u32 = 0x8904;
const FIFREEZE: u32 = 0xc004_5877;
const FITHAW: u32 = 0xc004_5878;

/// A control request.
pub fn ioctl(t: &Task, fd: Fd, request: u32, arg: usize) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    capability.file(Rights::IOCTL)?;
    match request {
        FIOCLEX | FIONCLEX => {
            t.files().set_close_on_exec(fd.0, request == FIOCLEX)?;
            Ok(0)
        }
        FIONBIO => set_status(&capability, Status::NONBLOCK, arg),
        FIOASYNC => {
            set_status(&capability, Status::ASYNC, arg)?;
            signal_io::enable(capability.file(Rights::IOCTL)?, fd)
        }
        FIOSETOWN | SIOCSPGRP => {
            signal_io::set_owner(t, socket(&capability)?, fd, UserPtr::<i32>::new(arg).read()?)
        }
        FIOGETOWN | SIOCGPGRP => {
            let owner = signal_io::owner_number(socket(&capability)?);
            UserPtr::<i32>::new(arg).write(&owner)?;
            Ok(0)
        }
        FIOQSIZE => size(&capability, arg),
        FIONREAD => readable(&capability, arg),
        FIFREEZE | FITHAW => freeze(t),
        attributes::FS_IOC_GETFLAGS | attributes::FS_IOC_SETFLAGS | attributes::FS_IOC_FSGETXATTR => {
            attributes::control(t, &capability, request, arg)
        }
        _ => Ok(capability.ioctl(request, arg)?),
    }
}

fn set_status(capability: &Capability, flag: Status, arg: usize) -> SysResult {
    let on = UserPtr::<i32>::new(arg).read()? != 0;
    let value = if on { flag } else { Status::empty() };
    capability.file(Rights::IOCTL)?.set_status(flag, value)?;
    Ok(0)
}

/// The open socket: only sockets know the requests that name an owner.
fn socket(capability: &Capability) -> Result<&Arc<OpenFile>, Errno> {
    let file = capability.file(Rights::IOCTL)?;
    if file.metadata()?.kind != NodeKind::Socket {
        return Err(Errno::ENOTTY);
    }
    Ok(file)
}

/// Stopping a whole file system: none here has anything to write back, so none knows how.
fn freeze(t: &Task) -> SysResult {
    if !t.creds().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    Err(Errno::EOPNOTSUPP)
}

/// The bytes of a file, directory or link.
fn size(capability: &Capability, arg: usize) -> SysResult {
    let metadata = capability.metadata()?;
    if !matches!(metadata.kind, NodeKind::File | NodeKind::Directory | NodeKind::Symlink) {
        return Err(Errno::ENOTTY);
    }
    UserPtr::new(arg).write(&metadata.size)?;
    Ok(0)
}

/// What could be read now. A regular file has what lies between the position and its end.
fn readable(capability: &Capability, arg: usize) -> SysResult {
    let file = capability.file(Rights::IOCTL)?;
    let bytes = match file.file().readable_bytes() {
        Ok(bytes) => bytes as i32,
        Err(error) if error != Kind::NotTerminal => return Err(error.into()),
        Err(_) => {
            let metadata = capability.metadata()?;
            if metadata.kind != NodeKind::File || file.path().is_none() {
                return Ok(capability.ioctl(FIONREAD, arg)?);
            }
            (metadata.size as i64 - file.position() as i64) as i32
        }
    };
    UserPtr::new(arg).write(&bytes)?;
    Ok(0)
}
