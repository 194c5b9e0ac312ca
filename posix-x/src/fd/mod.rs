//! File descriptors: the table ([`FdTable`]), and the calls that work on what is open.
//!
//! A descriptor stands for a [`Capability`], which holds an open file description and the rights to it. Every
//! call here looks a descriptor up, asks its capability for the right it needs, and calls the object.

mod advice;
mod attributes;
mod control;
mod descriptors;
mod fcntl;
pub mod flags;
mod io;
mod ioctl;
mod iovec;
mod locks;
pub mod memfd;
mod pipe;
mod signal_io;
mod splice;
mod table;
mod transfer;

use alloc::sync::Arc;

use exo_kernel::cap::Capability;
use exo_kernel::vfs::{Access, File, OpenFile, Status};
use posix_x_abi::uapi::general::{O_CLOEXEC, O_NONBLOCK};

pub use io::{check_range, MAX_TRANSFER};
pub use iovec::Segments;
pub use table::{FdRef, FdTable, Removed, Reserved, MAX_DESCRIPTORS};

use crate::process::limits::INFINITY;
use crate::process::Resource;
use crate::signal;
use crate::{Errno, Fd, SysResult, Task};

/// The handlers of this area, named as in the system-call table.
pub mod calls {
    pub use super::advice::{fadvise64, readahead};
    pub use super::control::{fallocate, fdatasync, fsync, ftruncate, sync, sync_file_range, syncfs};
    pub use super::descriptors::{close, close_range, dup, dup2, dup3};
    pub use super::fcntl::fcntl;
    pub use super::io::{
        lseek, pread64, preadv, preadv2, pwrite64, pwritev, pwritev2, read, readv, write, writev,
    };
    pub use super::ioctl::ioctl;
    pub use super::locks::flock;
    pub use super::memfd::memfd_create;
    pub use super::pipe::{pipe, pipe2};
    pub use super::splice::{splice, tee, vmsplice};
    pub use super::transfer::{copy_file_range, sendfile};
}

/// How many descriptors the process may have.
#[inline]
pub fn limit(t: &Task) -> usize {
    t.process().limit(Resource::Files).min(MAX_DESCRIPTORS as u64) as usize
}

/// The lowest free descriptor for an open file. `flags` are those of `open` (`O_CLOEXEC`).
pub fn install(t: &Task, file: Arc<OpenFile>, flags: u32) -> SysResult {
    let fd = t.files().insert(Capability::new(file), flags & O_CLOEXEC != 0, 0, limit(t))?;
    Ok(fd as usize)
}

/// The lowest free descriptor for an open file that was made of what `from` stands for: derived, if that is.
pub fn install_found(t: &Task, from: Fd, file: Arc<OpenFile>, flags: u32) -> SysResult {
    let found = t.files().capability(from.0)?.found(file)?;
    Ok(t.files().insert(found, flags & O_CLOEXEC != 0, 0, limit(t))? as usize)
}

/// The lowest free descriptor for an object without a path. `flags`: `O_CLOEXEC`, `O_NONBLOCK`.
pub fn install_object(t: &Task, object: Arc<dyn File>, access: Access, flags: u32) -> SysResult {
    install(t, OpenFile::new(object, access, nonblock(flags)), flags)
}

/// The status that `O_NONBLOCK` in `flags` asks for.
pub fn nonblock(flags: u32) -> Status {
    if flags & O_NONBLOCK != 0 {
        Status::NONBLOCK
    } else {
        Status::empty()
    }
}

/// Reading and writing.
pub const READ_WRITE: Access = Access::READ.union(Access::WRITE);

/// EFBIG and SIGXFSZ if a file were to grow beyond what the process may write.
pub fn check_growth(t: &Task, length: u64, size: impl FnOnce() -> u64) -> Result<(), Errno> {
    let limit = io::size_limit(t);
    if limit == INFINITY || length <= limit || length <= size() {
        return Ok(());
    }
    signal::raise(t, signal::SIGXFSZ);
    Err(Errno::EFBIG)
}

/// A `loff_t` that a program gave: EINVAL if it is negative.
pub fn offset(value: i64) -> Result<u64, Errno> {
    u64::try_from(value).map_err(|_| Errno::EINVAL)
}
