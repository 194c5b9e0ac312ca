//! Moving bytes: `read` and `write` in all their forms, and the position.
//!
//! The order of checks is Linux's: the descriptor, the right, the buffer's range, the object.

use alloc::sync::Arc;

use exo_kernel::cap::Rights;
use exo_kernel::ipc::pipe::PipeEnd;
use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::vfs::{OpenFile, Status, Whence};
use exo_kernel::Kind;
use posix_x_abi::types::Iovec;
use posix_x_abi::uapi::general::{RWF_APPEND, RWF_DSYNC, RWF_HIPRI, RWF_NOWAIT, RWF_SYNC};

use super::iovec::Segments;
use super::{FdRef, FdTable};
use crate::process::limits::INFINITY;
use crate::process::Resource;
use crate::signal;
use crate::{Errno, Fd, SysResult, Task, UserAddr};

/// `MAX_RW_COUNT`: what one call moves at most.
pub const MAX_TRANSFER: usize = 0x7fff_f000;

/// First address beyond user memory, as Linux's `access_ok` sees it.
const USER_END: usize = 0x0000_7fff_ffff_f000;

/// EFAULT if the range is not inside of user space.
#[inline]
pub fn check_range(address: usize, length: usize) -> Result<(), Errno> {
    match address.checked_add(length) {
        Some(end) if end <= USER_END => Ok(()),
        _ => Err(Errno::EFAULT),
    }
}

/// The open file, if the right is there and the buffer in user space.
#[inline]
fn checked<'a>(
    capability: &'a FdRef,
    right: Rights,
    buf: UserAddr,
    count: usize,
) -> Result<&'a Arc<OpenFile>, Errno> {
    let file = capability.file(right)?;
    check_range(buf.address(), count)?;
    Ok(file)
}

/// As [`checked`], for a transfer at a given position, which the object must have.
#[inline]
fn positioned<'a>(capability: &'a FdRef, right: Rights) -> Result<&'a Arc<OpenFile>, Errno> {
    let file = capability.file(Rights::SEEK)?;
    if !file.seekable() {
        return Err(Errno::ESPIPE);
    }
    Ok(capability.file(right)?)
}

/// No file of the process may grow beyond this.
#[inline]
pub fn size_limit(t: &Task) -> u64 {
    t.process().limit(Resource::FileSize)
}

/// What a write came to. A broken pipe and a file grown too large are signals, too.
#[inline]
pub fn written(t: &Task, result: exo_kernel::Result<usize>) -> SysResult {
    result.map_err(|error| write_failed(t, error))
}

#[cold]
fn write_failed(t: &Task, error: exo_kernel::Error) -> Errno {
    match error.kind() {
        Kind::BrokenPipe => signal::raise(t, signal::SIGPIPE),
        Kind::FileTooBig if size_limit(t) != INFINITY => signal::raise(t, signal::SIGXFSZ),
        _ => {}
    }
    error.into()
}

/// As [`written`], of what was to be written all at once to a file without a position of its own choice. A pipe
/// whose reader went in the midst of it signals that as well.
#[inline]
fn written_from(
    t: &Task,
    file: &OpenFile,
    source: &IoSource,
    result: exo_kernel::Result<usize>,
) -> SysResult {
    if source.remaining() > 0 && result.is_ok() {
        check_reader(t, file);
    }
    written(t, result)
}

#[cold]
fn check_reader(t: &Task, file: &OpenFile) {
    if PipeEnd::of(file).is_some_and(PipeEnd::is_broken) {
        signal::raise(t, signal::SIGPIPE);
    }
}

/// Reads from the current position.
pub fn read(t: &Task, fd: Fd, buf: UserAddr, count: usize) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = checked(&capability, Rights::READ, buf, count)?;
    Ok(file.read(&mut IoDest::user(buf.address(), count.min(MAX_TRANSFER)))?)
}

/// Writes at the current position.
pub fn write(t: &Task, fd: Fd, buf: UserAddr, count: usize) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = checked(&capability, Rights::WRITE, buf, count)?;
    let mut source = IoSource::user(buf.address(), count.min(MAX_TRANSFER));
    let result = file.write(&mut source, size_limit(t));
    written_from(t, file, &source, result)
}

/// Reads from `offset`.
pub fn pread64(t: &Task, fd: Fd, buf: UserAddr, count: usize, offset: i64) -> SysResult {
    let position = super::offset(offset)?;
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = positioned(&capability, Rights::READ)?;
    check_range(buf.address(), count)?;
    Ok(file.read_at(&mut IoDest::user(buf.address(), count.min(MAX_TRANSFER)), position)?)
}

/// Writes at `offset`.
pub fn pwrite64(t: &Task, fd: Fd, buf: UserAddr, count: usize, offset: i64) -> SysResult {
    let position = super::offset(offset)?;
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = positioned(&capability, Rights::WRITE)?;
    check_range(buf.address(), count)?;
    let mut source = IoSource::user(buf.address(), count.min(MAX_TRANSFER));
    written(t, file.write_at(&mut source, position, size_limit(t)))
}

/// Reads into several buffers.
pub fn readv(t: &Task, fd: Fd, iov: UserPtr<Iovec>, iovcnt: usize) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let segments = Segments::import(iov, iovcnt)?;
    Ok(capability.file(Rights::READ)?.read(&mut segments.dest())?)
}

/// Writes from several buffers.
pub fn writev(t: &Task, fd: Fd, iov: UserPtr<Iovec>, iovcnt: usize) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let segments = Segments::import(iov, iovcnt)?;
    let (file, mut source) = (capability.file(Rights::WRITE)?, segments.source());
    let result = file.write(&mut source, size_limit(t));
    written_from(t, file, &source, result)
}

/// Where a vectored transfer starts: the low register alone holds it all on a 64-bit machine.
fn vector_position(low: usize) -> Result<u64, Errno> {
    super::offset(low as i64)
}

/// Reads from an offset into several buffers.
pub fn preadv(
    t: &Task,
    fd: Fd,
    iov: UserPtr<Iovec>,
    iovcnt: usize,
    pos_low: usize,
    _pos_high: usize,
) -> SysResult {
    let position = Some(vector_position(pos_low)?);
    read_vector(t, fd, iov, iovcnt, position, 0)
}

/// Writes at an offset from several buffers.
pub fn pwritev(
    t: &Task,
    fd: Fd,
    iov: UserPtr<Iovec>,
    iovcnt: usize,
    pos_low: usize,
    _pos_high: usize,
) -> SysResult {
    let position = Some(vector_position(pos_low)?);
    write_vector(t, fd, iov, iovcnt, position, 0)
}

/// ESPIPE for a position where there are none, before the buffers are looked at.
fn check_position(capability: &FdRef, position: Option<u64>) -> Result<(), Errno> {
    if position.is_some() && !capability.file(Rights::SEEK)?.seekable() {
        return Err(Errno::ESPIPE);
    }
    Ok(())
}

/// The position of `preadv2` and `pwritev2`: -1 is the current one.
fn optional_position(low: usize) -> Result<Option<u64>, Errno> {
    (low != usize::MAX).then(|| vector_position(low)).transpose()
}

fn read_vector(
    t: &Task,
    fd: Fd,
    iov: UserPtr<Iovec>,
    iovcnt: usize,
    position: Option<u64>,
    flags: u32,
) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    check_position(&capability, position)?;
    let segments = Segments::import(iov, iovcnt)?;
    let file = capability.file(Rights::READ)?;
    Ok(file.read_with(&mut segments.dest(), position, transfer_status(file, flags, false)?)?)
}

fn write_vector(
    t: &Task,
    fd: Fd,
    iov: UserPtr<Iovec>,
    iovcnt: usize,
    position: Option<u64>,
    flags: u32,
) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    check_position(&capability, position)?;
    let segments = Segments::import(iov, iovcnt)?;
    let file = capability.file(Rights::WRITE)?;
    let status = transfer_status(file, flags, true)?;
    let mut source = segments.source();
    let result = file.write_with(&mut source, position, size_limit(t), status);
    written_from(t, file, &source, result)
}

/// The status of one transfer with flags of its own. EOPNOTSUPP for what is unknown, as in Linux.
fn transfer_status(file: &OpenFile, flags: u32, write: bool) -> Result<Status, Errno> {
    if flags & !(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND) != 0 || flags & RWF_NOWAIT != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let mut status = file.status();
    if write {
        status.set(Status::APPEND, status.contains(Status::APPEND) || flags & RWF_APPEND != 0);
        status.set(Status::SYNC, status.contains(Status::SYNC) || flags & RWF_SYNC != 0);
        status.set(Status::DATA_SYNC, status.contains(Status::DATA_SYNC) || flags & RWF_DSYNC != 0);
    }
    Ok(status)
}

/// As [`preadv`], with flags; at the current position if the offset is -1.
pub fn preadv2(
    t: &Task,
    fd: Fd,
    iov: UserPtr<Iovec>,
    iovcnt: usize,
    pos_low: usize,
    _pos_high: usize,
    flags: u32,
) -> SysResult {
    read_vector(t, fd, iov, iovcnt, optional_position(pos_low)?, flags)
}

/// As [`pwritev`], with flags; at the current position if the offset is -1.
pub fn pwritev2(
    t: &Task,
    fd: Fd,
    iov: UserPtr<Iovec>,
    iovcnt: usize,
    pos_low: usize,
    _pos_high: usize,
    flags: u32,
) -> SysResult {
    write_vector(t, fd, iov, iovcnt, optional_position(pos_low)?, flags)
}

/// Moves the position.
pub fn lseek(t: &Task, fd: Fd, offset: i64, whence: u32) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::SEEK)?;
    let whence = match whence {
        0 => Whence::Start,
        1 => Whence::Current,
        2 => Whence::End,
        3 => Whence::Data,
        4 => Whence::Hole,
        _ => return Err(Errno::EINVAL),
    };
    Ok(file.seek(offset, whence)? as usize)
}
