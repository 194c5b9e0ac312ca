//! `sendfile` and `copy_file_range`: from file to file without a detour through the program.

use alloc::vec::Vec;

use exo_kernel::cap::Rights;
use exo_kernel::ipc::pipe::PipeEnd;
use exo_kernel::sched;
use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::vfs::{NodeKind, OpenFile, Status, Whence};

use super::io::{size_limit, written, MAX_TRANSFER};
use super::{offset, FdTable};
use crate::{Errno, Fd, SysResult, Task};

/// Bytes moved at a time.
const PIECE: usize = 64 * 1024;

/// A kernel buffer for moving `count` bytes piece by piece.
fn piece(count: usize) -> Result<Vec<u8>, Errno> {
    let size = count.min(PIECE);
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
    buffer.resize(size, 0);
    Ok(buffer)
}

/// One side of a transfer: a position of its own, or the file's current one.
struct Side<'a> {
    file: &'a OpenFile,
    position: Option<u64>,
}

impl Side<'_> {
    fn start(&self) -> u64 {
        self.position.unwrap_or_else(|| self.file.position())
    }

    /// Goes on from `place`.
    fn move_to(&mut self, place: u64) -> Result<(), Errno> {
        match &mut self.position {
            Some(position) => *position = place,
            None => {
                self.file.seek(place as i64, Whence::Start)?;
            }
        }
        Ok(())
    }
}

/// Moves up to `count` bytes. What was moved counts, even if an error ends it.
fn copy(t: &Task, from: &mut Side, to: &mut Side, count: usize) -> SysResult {
    let mut buffer = piece(count)?;
    let mut done = 0;
    let start = from.start();
    let result = loop {
        if done == count {
            break Ok(done);
        }
        let wanted = (count - done).min(buffer.len());
        let got = match from.file.read_at(&mut IoDest::kernel(&mut buffer[..wanted]), start + done as u64) {
            Ok(0) => break Ok(done),
            Ok(got) => got,
            Err(error) => break Err(error.into()),
        };
        let mut source = IoSource::kernel(&buffer[..got]);
        let put = match to.position {
            Some(position) => to.file.write_at(&mut source, position, size_limit(t)),
            None => to.file.write(&mut source, size_limit(t)),
        };
        match written(t, put) {
            Ok(put) => {
                done += put;
                to.position = to.position.map(|position| position + put as u64);
                if put < got {
                    break Ok(done);
                }
            }
            Err(error) => break Err(error),
        }
        if sched::current().attention_requested() {
            break Ok(done);
        }
        sched::maybe_yield();
    };
    from.move_to(start + done as u64)?;
    if done > 0 {
        Ok(done)
    } else {
        result
    }
}

/// Moves up to `count` bytes into a pipe: as many as there is room for, waiting for some.
fn fill(t: &Task, from: &mut Side, pipe: &PipeEnd, nonblock: bool, count: usize) -> SysResult {
    let start = from.start();
    let mut place = start;
    let produce = &mut |buffer: &mut [u8]| {
        let got = from.file.read_at(&mut IoDest::kernel(buffer), place)?;
        place += got as u64;
        Ok(got)
    };
    let done = written(t, pipe.push(count, nonblock, produce))?;
    from.move_to(start + done as u64)?;
    Ok(done)
}

/// The offset at a pointer, if there is one.
pub(super) fn import_offset(pointer: UserPtr<i64>) -> Result<Option<u64>, Errno> {
    pointer.non_null().map(|pointer| offset(pointer.read()?)).transpose()
}

pub(super) fn export_offset(pointer: UserPtr<i64>, position: Option<u64>) -> Result<(), Errno> {
    if let (Some(pointer), Some(position)) = (pointer.non_null(), position) {
        pointer.write(&(position as i64))?;
    }
    Ok(())
}

/// Moves bytes from a file to any descriptor.
pub fn sendfile(t: &Task, out_fd: Fd, in_fd: Fd, offset: UserPtr<i64>, count: usize) -> SysResult {
    let Some(pointer) = offset.non_null() else { return send(t, out_fd, in_fd, &mut None, count) };
    let mut position = Some(pointer.read()?);
    let sent = send(t, out_fd, in_fd, &mut position, count);
    // Stored whether anything was sent or not; an address that cannot be written matters more than any error.
    pointer.write(&position.unwrap_or_default())?;
    sent
}

/// Moves from `position`, or from the current one, and leaves there where the next bytes are.
fn send(t: &Task, out_fd: Fd, in_fd: Fd, position: &mut Option<i64>, count: usize) -> SysResult {
    let input = FdTable::get(t.files(), in_fd.0)?;
    let from = input.file(Rights::READ)?;
    if position.is_some() && !from.seekable() {
        return Err(Errno::ESPIPE);
    }
    let start = position.map(super::offset).transpose()?;
    let output = FdTable::get(t.files(), out_fd.0)?;
    let to = output.file(Rights::WRITE)?;
    // Only from what can be read again where the output stopped.
    let kind = from.metadata()?.kind;
    if !matches!(kind, NodeKind::File | NodeKind::BlockDevice) || !from.seekable() {
        return Err(Errno::EINVAL);
    }
    if to.status().contains(Status::APPEND) {
        return Err(Errno::EINVAL);
    }
    let mut from = Side { file: from, position: start };
    let count = count.min(MAX_TRANSFER);
    let count = match PipeEnd::of(to) {
        Some(pipe) => fill(t, &mut from, pipe, to.status().contains(Status::NONBLOCK), count)?,
        None => copy(t, &mut from, &mut Side { file: to, position: None }, count)?,
    };
    *position = from.position.map(|end| end as i64);
    Ok(count)
}

/// Copies a range of a regular file to another, or to another place in the same.
pub fn copy_file_range(
    t: &Task,
    fd_in: Fd,
    off_in: UserPtr<i64>,
    fd_out: Fd,
    off_out: UserPtr<i64>,
    len: usize,
    flags: u32,
) -> SysResult {
    let input = FdTable::get(t.files(), fd_in.0)?;
    let output = FdTable::get(t.files(), fd_out.0)?;
    let (from, to) = (input.file(Rights::empty())?, output.file(Rights::empty())?);
    let mut from = Side { file: from, position: import_offset(off_in)? };
    let mut to = Side { file: to, position: import_offset(off_out)? };
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    let (source, target) = (from.file.metadata()?, to.file.metadata()?);
    if source.kind == NodeKind::Directory || target.kind == NodeKind::Directory {
        return Err(Errno::EISDIR);
    }
    if source.kind != NodeKind::File || target.kind != NodeKind::File {
        return Err(Errno::EINVAL);
    }
    input.file(Rights::READ)?;
    output.file(Rights::WRITE)?;
    if to.file.status().contains(Status::APPEND) {
        return Err(Errno::EBADF);
    }
    let (first, second) = (from.start(), to.start());
    let end = |start: u64| {
        start.checked_add(len as u64).filter(|&end| end <= i64::MAX as u64).ok_or(Errno::EOVERFLOW)
    };
    end(first)?;
    end(second)?;
    let count = (len as u64).min(source.size.saturating_sub(first)).min(MAX_TRANSFER as u64);
    let same = (source.device, source.inode) == (target.device, target.inode);
    if same && first < second + count && second < first + count {
        return Err(Errno::EINVAL);
    }
    if count == 0 {
        return Ok(0);
    }
    let done = copy(t, &mut from, &mut to, count as usize)?;
    export_offset(off_in, from.position)?;
    export_offset(off_out, to.position)?;
    Ok(done)
}
