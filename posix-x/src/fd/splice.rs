//! `splice`, `tee` and `vmsplice`: moving bytes into and out of pipes.

use exo_kernel::cap::Rights;
use exo_kernel::ipc::pipe::PipeEnd;
use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::vfs::{OpenFile, Status};
use exo_kernel::Result as KernelResult;
use posix_x_abi::types::Iovec;

use super::io::{size_limit, written};
use super::transfer::{export_offset, import_offset};
use super::{FdTable, Segments, MAX_TRANSFER};
use crate::{Errno, Fd, SysResult, Task};

const SPLICE_F_NONBLOCK: u32 = 2;
/// `MOVE`, `NONBLOCK`, `MORE`, `GIFT`.
const SPLICE_FLAGS: u32 = 15;

/// One end of a splice.
struct End<'a> {
    file: &'a OpenFile,
    pipe: Option<&'a PipeEnd>,
    position: Option<u64>,
    nonblock: bool,
}

impl<'a> End<'a> {
    /// ESPIPE for an offset into a pipe.
    fn new(file: &'a OpenFile, offset: UserPtr<i64>, flags: u32) -> Result<Self, Errno> {
        let pipe = PipeEnd::of(file);
        if pipe.is_some() && !offset.is_null() {
            return Err(Errno::ESPIPE);
        }
        let nonblock = file.status().contains(Status::NONBLOCK) || flags & SPLICE_F_NONBLOCK != 0;
        Ok(Self { file, pipe, position: import_offset(offset)?, nonblock })
    }

    /// Reads from a file. Only the first read of a call waits for something to come.
    fn read(&mut self, buffer: &mut [u8], first: bool) -> KernelResult<usize> {
        let mut status = self.file.status();
        status.set(Status::NONBLOCK, self.nonblock || !first);
        let count = self.file.read_with(&mut IoDest::kernel(buffer), self.position, status)?;
        self.position = self.position.map(|position| position + count as u64);
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8], limit: u64) -> KernelResult<usize> {
        let status = self.file.status();
        let count = self.file.write_with(&mut IoSource::kernel(bytes), self.position, limit, status)?;
        self.position = self.position.map(|position| position + count as u64);
        Ok(count)
    }
}

/// Moves up to `count` bytes: what is there, not waiting for more once something was moved.
fn pump(t: &Task, from: &mut End, to: &mut End, count: usize) -> SysResult {
    match (from.pipe, to.pipe) {
        (None, None) => Err(Errno::EINVAL),
        (Some(source), Some(target)) if source.same_pipe(target) => Err(Errno::EINVAL),
        (Some(source), Some(target)) => {
            written(t, source.transfer(target, count, false, from.nonblock || to.nonblock))
        }
        (Some(source), None) => {
            let limit = size_limit(t);
            written(t, source.pull(count, from.nonblock, &mut |bytes| to.write(bytes, limit)))
        }
        (None, Some(target)) => {
            let mut first = true;
            let produce = &mut |buffer: &mut [u8]| from.read(buffer, core::mem::take(&mut first));
            written(t, target.push(count, to.nonblock, produce))
        }
    }
}

/// Moves bytes between a pipe and a file, or between two pipes.
pub fn splice(
    t: &Task,
    fd_in: Fd,
    off_in: UserPtr<i64>,
    fd_out: Fd,
    off_out: UserPtr<i64>,
    len: usize,
    flags: u32,
) -> SysResult {
    if len == 0 {
        return Ok(0);
    }
    if flags & !SPLICE_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    let input = FdTable::get(t.files(), fd_in.0)?;
    let output = FdTable::get(t.files(), fd_out.0)?;
    let mut from = End::new(input.file(Rights::empty())?, off_in, flags)?;
    let mut to = End::new(output.file(Rights::empty())?, off_out, flags)?;
    input.file(Rights::READ)?;
    output.file(Rights::WRITE)?;
    if from.file.path().is_some_and(|path| path.inode().is_directory()) {
        return Err(Errno::EINVAL);
    }
    let stray = |end: &End| end.position.is_some() && !end.file.seekable();
    if stray(&from) || stray(&to) || to.pipe.is_none() && to.file.status().contains(Status::APPEND) {
        return Err(Errno::EINVAL);
    }
    let done = pump(t, &mut from, &mut to, len.min(MAX_TRANSFER))?;
    export_offset(off_in, from.position)?;
    export_offset(off_out, to.position)?;
    Ok(done)
}

/// Copies bytes from one pipe to another without taking them out.
pub fn tee(t: &Task, fd_in: Fd, fd_out: Fd, len: usize, flags: u32) -> SysResult {
    if flags & !SPLICE_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    if len == 0 {
        return Ok(0);
    }
    let input = FdTable::get(t.files(), fd_in.0)?;
    let output = FdTable::get(t.files(), fd_out.0)?;
    let from = End::new(input.file(Rights::READ)?, UserPtr::new(0), flags)?;
    let to = End::new(output.file(Rights::WRITE)?, UserPtr::new(0), flags)?;
    let (Some(source), Some(target)) = (from.pipe, to.pipe) else { return Err(Errno::EINVAL) };
    if source.same_pipe(target) {
        return Err(Errno::EINVAL);
    }
    written(t, source.transfer(target, len.min(MAX_TRANSFER), true, from.nonblock || to.nonblock))
}

/// Moves bytes between the program's memory and a pipe.
pub fn vmsplice(t: &Task, fd: Fd, iov: UserPtr<Iovec>, nr_segs: usize, flags: u32) -> SysResult {
    if flags & !SPLICE_FLAGS != 0 {
        return Err(Errno::EINVAL);
    }
    let capability = FdTable::get(t.files(), fd.0)?;
    let end = End::new(capability.file(Rights::empty())?, UserPtr::new(0), flags)?;
    let writing = capability.file(Rights::WRITE).is_ok();
    if !writing {
        capability.file(Rights::READ)?;
    }
    let segments = Segments::import(iov, nr_segs)?;
    let pipe = end.pipe.ok_or(Errno::EBADF)?;
    if writing {
        // As much as there is room for, which it waits for; not for all as a write does.
        let mut source = segments.source();
        if source.remaining() == 0 {
            return Ok(0);
        }
        return written(t, pipe.push(source.remaining(), end.nonblock, &mut |buffer| source.take(buffer)));
    }
    let mut status = end.file.status();
    status.set(Status::NONBLOCK, end.nonblock);
    Ok(end.file.read_with(&mut segments.dest(), None, status)?)
}
