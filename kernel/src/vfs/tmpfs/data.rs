//! The content of regular files.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use super::{Body, TmpNode};
use crate::mm::Vmo;
use crate::user::{IoDest, IoSource};
use crate::vfs::access;
use crate::vfs::file::Io;
use crate::vfs::open_file::seek_within;
use crate::vfs::types::{AllocateFlags, SetAttr, Status, Timestamp, Whence};
use crate::{Kind, Result};

const PAGE: u64 = 4096;
/// The largest size of a file.
const MAX_SIZE: u64 = i64::MAX as u64;

impl TmpNode {
    /// The content, made now if there was none yet.
    pub(super) fn content(&self) -> Result<&Arc<Vmo>> {
        match &self.body {
            Body::File { content, .. } => content.try_call_once(|| Vmo::new(0)),
            _ => Err(Kind::NoOperation.into()),
        }
    }

    /// Brings the count of pages up to date: mappings add pages without telling.
    fn account(&self) {
        let Body::File { content, charged } = &self.body else { return };
        let Some(vmo) = content.get() else { return };
        let now = vmo.resident_pages();
        let before = charged.swap(now, Ordering::Relaxed);
        if now > before {
            self.shared.room.add_pages(now - before);
        } else if now < before {
            self.shared.room.release_pages(before - now);
        }
    }

    #[inline]
    pub(super) fn read_content(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        let Body::File { content, .. } = &self.body else { return Err(Kind::IsDirectory.into()) };
        let Some(vmo) = content.get() else { return Ok(0) };
        let count = vmo.read_at(dest, io.position)?;
        io.position += count as u64;
        Ok(count)
    }

    #[inline]
    pub(super) fn write_content(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        let wanted = source.remaining() as u64;
        let vmo = self.content()?;
        let _guard = self.core.lock.lock();
        let start = if io.status.contains(Status::APPEND) { self.core.size() } else { io.position };
        if wanted == 0 {
            return Ok(0);
        }
        let end = start.saturating_add(wanted);
        let allowed = end.min(MAX_SIZE).min(io.limit);
        if start >= allowed {
            return Err(Kind::FileTooBig.into());
        }
        let pages = end.div_ceil(PAGE) - start / PAGE;
        let restricted = allowed < end || pages > self.shared.room.pages_left();
        let result = if restricted {
            self.write_within(vmo, source, start, allowed)
        } else {
            vmo.write_at(source, start)
        };
        self.account();
        let count = result?;
        let end = start + count as u64;
        io.position = end;
        if end > self.core.size() {
            self.core.set_size(end);
        }
        if count > 0 {
            self.written();
        }
        Ok(count)
    }

    /// Writes piece by piece up to `end`, and no further than there is room.
    #[cold]
    fn write_within(&self, vmo: &Vmo, source: &mut IoSource, start: u64, end: u64) -> Result<usize> {
        let mut at = start;
        while at < end && source.remaining() > 0 {
            let inside = at % PAGE;
            let run = (PAGE - inside).min(end - at) as usize;
            let mut piece = [0; 512];
            let run = run.min(piece.len());
            let present = at / PAGE < vmo.len().div_ceil(PAGE) && vmo.page(at / PAGE, false)?.is_some();
            let result = if !present && self.shared.room.pages_left() == 0 {
                Err(Kind::NoSpace.into())
            } else {
                source.take(&mut piece[..run]).and_then(|taken| {
                    let written = vmo.write_at(&mut IoSource::kernel(&piece[..taken]), at)?;
                    Ok((taken, written))
                })
            };
            match result {
                Ok((taken, written)) => {
                    at += written as u64;
                    if !present {
                        self.account();
                    }
                    if taken < run || written < taken {
                        break;
                    }
                }
                Err(error) if at == start => return Err(error),
                Err(_) => break,
            }
        }
        Ok((at - start) as usize)
    }

    /// The content changed: times, and set-id bits.
    fn written(&self) {
        let now = Timestamp::now();
        if self.core.mode() & (crate::vfs::mode::SET_UID | crate::vfs::mode::SET_GID) != 0 {
            self.lose_ids();
        }
        self.core.touch_modified(now);
    }

    #[cold]
    fn lose_ids(&self) {
        if !access::caller_keeps_ids() {
            let mode = access::mode_without_ids(&self.core);
            self.core.apply(&SetAttr { mode, ..SetAttr::default() });
        }
    }

    /// Cuts or extends.
    pub(super) fn set_length(&self, length: u64) -> Result<()> {
        let vmo = match self.content() {
            Ok(vmo) => vmo,
            Err(_) => return Err(Kind::Invalid.into()),
        };
        if length > MAX_SIZE {
            return Err(Kind::FileTooBig.into());
        }
        let _guard = self.core.lock.lock();
        vmo.set_len(length)?;
        self.core.set_size(length);
        self.account();
        Ok(())
    }

    pub(super) fn seek_content(&self, current: u64, offset: i64, whence: Whence) -> Result<u64> {
        let Body::File { content, .. } = &self.body else {
            // A directory's positions are cookies.
            return match whence {
                Whence::Start | Whence::Current => seek_within(current, offset, whence, 0, MAX_SIZE),
                _ => Err(Kind::Invalid.into()),
            };
        };
        let size = self.core.size();
        if !matches!(whence, Whence::Data | Whence::Hole) {
            return seek_within(current, offset, whence, size, MAX_SIZE);
        }
        let from = u64::try_from(offset).ok().filter(|&from| from < size).ok_or(Kind::NoDevice)?;
        let Some(vmo) = content.get() else { return Err(Kind::NoDevice.into()) };
        let found = if whence == Whence::Data { vmo.next_data(from) } else { vmo.next_hole(from) };
        found.map_err(|_| Kind::NoDevice.into())
    }

    pub(super) fn allocate_range(&self, flags: AllocateFlags, offset: u64, length: u64) -> Result<()> {
        if !(flags - (AllocateFlags::KEEP_SIZE | AllocateFlags::PUNCH_HOLE)).is_empty() {
            return Err(Kind::NotSupported.into());
        }
        let vmo = match self.content() {
            Ok(vmo) => vmo,
            Err(_) => return Err(Kind::NoOperation.into()),
        };
        let end = offset.checked_add(length).filter(|&end| end <= MAX_SIZE).ok_or(Kind::FileTooBig)?;
        let _guard = self.core.lock.lock();
        if flags.contains(AllocateFlags::PUNCH_HOLE) {
            vmo.punch(offset..end.min(vmo.len().max(offset)))?;
            self.account();
            self.written();
            return Ok(());
        }
        let missing = end.div_ceil(PAGE) - offset / PAGE;
        if missing > self.shared.room.pages_left().saturating_add(vmo.resident_pages() as u64) {
            return Err(Kind::NoSpace.into());
        }
        let result = vmo.populate(offset..end);
        self.account();
        result.map_err(|error| if error == Kind::NoMemory { Kind::NoSpace.into() } else { error })?;
        if !flags.contains(AllocateFlags::KEEP_SIZE) && end > self.core.size() {
            vmo.set_len(end)?;
            self.core.set_size(end);
        }
        self.written();
        Ok(())
    }
}
