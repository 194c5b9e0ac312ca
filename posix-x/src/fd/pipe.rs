//! Making pipes, and how much they hold.

use exo_kernel::ipc::pipe::{self, PipeEnd};
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{OpenFile, Owner, Status};
use posix_x_abi::uapi::general::{O_CLOEXEC, O_DIRECT, O_NONBLOCK};

use crate::security::Caps;
use crate::{Errno, SysResult, Task};

/// What a pipe of the unprivileged may hold (`/proc/sys/fs/pipe-max-size`).
const MAX_CAPACITY: usize = 1 << 20;

/// A pipe: the first descriptor is for reading, the second for writing.
pub fn pipe(t: &Task, fds: UserPtr<[i32; 2]>) -> SysResult {
    pipe2(t, fds, 0)
}

/// As [`pipe`], with flags.
pub fn pipe2(t: &Task, fds: UserPtr<[i32; 2]>, flags: u32) -> SysResult {
    if flags & !(O_CLOEXEC | O_DIRECT | O_NONBLOCK) != 0 {
        return Err(Errno::EINVAL);
    }
    let limit = super::limit(t);
    let (first, second) = (t.files().reserve(limit)?, t.files().reserve(limit)?);
    fds.write(&[first.number(), second.number()])?;
    let mut status = super::nonblock(flags);
    status.set(Status::DIRECT, flags & O_DIRECT != 0);
    let creds = t.creds();
    let owner = Owner { uid: creds.fsuid, gid: creds.fsgid, ..Owner::root(0o600) };
    let (reader, writer) = pipe::create(owner, status);
    first.install_file(reader, flags);
    second.install_file(writer, flags);
    Ok(0)
}

/// `F_GETPIPE_SZ`.
pub(super) fn capacity(file: &OpenFile) -> SysResult {
    Ok(PipeEnd::of(file).ok_or(Errno::EBADF)?.capacity())
}

/// `F_SETPIPE_SZ`. The capacity becomes the next power of two of pages.
pub(super) fn set_capacity(t: &Task, file: &OpenFile, bytes: usize) -> SysResult {
    let pipe = PipeEnd::of(file).ok_or(Errno::EBADF)?;
    // An unsigned int, as in Linux.
    let bytes = bytes as u32 as usize;
    if bytes > 1 << 31 {
        return Err(Errno::EINVAL);
    }
    let bytes = bytes.next_power_of_two().max(4096);
    if bytes > pipe.capacity() && bytes > MAX_CAPACITY && !t.creds().capable(Caps::SYS_RESOURCE) {
        return Err(Errno::EPERM);
    }
    Ok(pipe.set_capacity(bytes)?)
}
