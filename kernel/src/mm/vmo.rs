//! Memory objects.
//!
//! A [`Vmo`] is a sparse run of frames with a length in bytes. Files in memory, shared memory and ring storage
//! are such objects; mappings take frames from them, reads and writes copy from and to the frames.

use alloc::sync::{Arc, Weak};
use core::fmt;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use page_tree::PageTree;

use super::{space, Frame, PAGE_SIZE};
use crate::sync::SpinLock;
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

const PAGE: u64 = PAGE_SIZE as u64;
/// The largest length, Linux's for a file in memory.
pub const MAX_LEN: u64 = i64::MAX as u64;

/// Is told when an object is mapped and unmapped, by the thread that does it, with an address space locked.
pub trait Watcher: Send + Sync {
    /// There is one more mapping: a new one, a fork's, or a part of one that was split.
    fn mapped(&self);
    /// There is one less.
    fn unmapped(&self);
}

/// A memory object.
pub struct Vmo {
    len: AtomicU64,
    pages: SpinLock<PageTree<Frame>>,
    /// Mappings of it in address spaces.
    mappings: AtomicUsize,
    /// Mappings through which stores may reach it; [`SEALED`] where there can be none any more.
    stores: AtomicUsize,
    watcher: Option<Weak<dyn Watcher>>,
}

impl fmt::Debug for Vmo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vmo({} bytes)", self.len())
    }
}

/// The count of storing mappings of an object that allows none.
const SEALED: usize = usize::MAX;

/// Objects that there are.
static OBJECTS: AtomicUsize = AtomicUsize::new(0);

/// Memory objects that there are.
pub fn count() -> usize {
    OBJECTS.load(Ordering::Relaxed)
}

impl Drop for Vmo {
    fn drop(&mut self) {
        OBJECTS.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Vmo {
    /// An object of `len` zero bytes that has no frames yet.
    pub fn new(len: u64) -> Result<Arc<Self>> {
        Self::with_watcher(len, None)
    }

    /// As [`Self::new`]; `watcher` is told of its mappings.
    pub fn watched(len: u64, watcher: Weak<dyn Watcher>) -> Result<Arc<Self>> {
        Self::with_watcher(len, Some(watcher))
    }

    fn with_watcher(len: u64, watcher: Option<Weak<dyn Watcher>>) -> Result<Arc<Self>> {
        if len > MAX_LEN {
            return Err(Kind::FileTooBig.into());
        }
        OBJECTS.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Self {
            len: AtomicU64::new(len),
            pages: SpinLock::new(PageTree::new()),
            mappings: AtomicUsize::new(0),
            stores: AtomicUsize::new(0),
            watcher,
        }))
    }

    /// An object of `len` bytes whose first page is `frame`, a frame that is also used otherwise.
    pub fn with_first_page(frame: Frame, len: u64) -> Result<Arc<Self>> {
        let vmo = Self::new(len)?;
        vmo.pages.lock().insert(0, frame).map_err(|_| Kind::NoMemory)?;
        Ok(vmo)
    }

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    /// Is the length 0?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes the length. What is cut off is gone, from mappings too; what is added reads as zeros.
    pub fn set_len(&self, len: u64) -> Result<()> {
        if len > MAX_LEN {
            return Err(Kind::FileTooBig.into());
        }
        let pages = self.pages.lock();
        let before = self.len.swap(len, Ordering::AcqRel);
        if len >= before {
            return Ok(());
        }
        let tail = (len % PAGE) as usize;
        if tail != 0 {
            if let Some(frame) = pages.get(len / PAGE) {
                // SAFETY: the bytes are within the frame, which the tree holds.
                unsafe { core::ptr::write_bytes(frame.as_ptr().add(tail), 0, PAGE_SIZE - tail) };
            }
        }
        drop(pages);
        self.drop_pages(len.div_ceil(PAGE)..u64::MAX, true);
        Ok(())
    }

    /// Takes frames out of the object and of all mappings. `cut` if they lie beyond the end now: then private
    /// copies go too.
    fn drop_pages(&self, range: Range<u64>, cut: bool) {
        let mut from = range.start;
        loop {
            // A bounded number at a time, and dropped outside the lock.
            let mut gone = [const { None }; 32];
            let mut count = 0;
            let mut pages = self.pages.lock();
            while count < gone.len() {
                let Some(index) = pages.next_present(from).filter(|&index| index < range.end) else { break };
                gone[count] = pages.remove(index);
                count += 1;
                from = index + 1;
            }
            drop(pages);
            if count == 0 {
                break;
            }
        }
        if self.is_mapped() {
            space::zap_object(self, range, cut);
        }
    }

    /// Gives the frames of the byte range back and zeroes what is left of partial pages; the length stays.
    pub fn punch(&self, range: Range<u64>) -> Result<()> {
        let (first, last) = (range.start.div_ceil(PAGE), range.end / PAGE);
        if first > last {
            self.zero_within(range);
            return Ok(());
        }
        self.zero_within(range.start..first * PAGE);
        self.zero_within(last * PAGE..range.end);
        if first < last {
            self.drop_pages(first..last, false);
        }
        Ok(())
    }

    /// Zeroes bytes of one page, if it is there.
    fn zero_within(&self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        if let Some(frame) = self.pages.lock().get(range.start / PAGE) {
            let offset = (range.start % PAGE) as usize;
            // SAFETY: the range is within one page, whose frame the tree holds.
            unsafe {
                core::ptr::write_bytes(frame.as_ptr().add(offset), 0, (range.end - range.start) as usize)
            };
        }
    }

    /// The frame of a page; with `create`, a missing one is made (of zeros). `None` also beyond the end.
    #[inline]
    pub fn page(&self, index: u64, create: bool) -> Result<Option<Frame>> {
        let pages = self.pages.lock();
        if index >= self.len().div_ceil(PAGE) {
            return Ok(None);
        }
        if let Some(frame) = pages.get(index) {
            return Ok(Some(frame.clone()));
        }
        drop(pages);
        if create {
            self.make_page(index).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Is the page before the end, be it a hole or not?
    pub(super) fn contains_page(&self, index: u64) -> bool {
        index < self.len().div_ceil(PAGE)
    }

    /// Does the page have a frame?
    pub(super) fn has_page(&self, index: u64) -> bool {
        self.pages.lock().get(index).is_some()
    }

    /// Calls `show` with those pages of the range that are there: the offset in the range and the frame.
    pub(super) fn with_pages(&self, range: Range<u64>, mut show: impl FnMut(usize, &Frame)) {
        let pages = self.pages.lock();
        let end = range.end.min(self.len().div_ceil(PAGE));
        for index in range.start..end {
            if let Some(frame) = pages.get(index) {
                show((index - range.start) as usize, frame);
            }
        }
    }

    /// A page that is missing, whatever the length says.
    #[cold]
    fn make_page(&self, index: u64) -> Result<Frame> {
        let fresh = Frame::alloc_zeroed()?;
        let mut pages = self.pages.lock();
        if let Some(frame) = pages.get(index) {
            return Ok(frame.clone());
        }
        pages.insert(index, fresh.clone()).map_err(|_| Kind::NoMemory)?;
        Ok(fresh)
    }

    /// Makes all pages of the byte range present (what `fallocate` asks for). The length stays.
    pub fn populate(&self, range: Range<u64>) -> Result<()> {
        for index in range.start / PAGE..range.end.div_ceil(PAGE) {
            if self.pages.lock().get(index).is_none() {
                self.make_page(index)?;
            }
        }
        Ok(())
    }

    /// Copies bytes from `offset` on until `dst` is full or the object ends. [`Kind::Fault`] only if not a
    /// single byte could be stored.
    pub fn read_at(&self, dst: &mut IoDest, offset: u64) -> Result<usize> {
        let mut done = 0;
        loop {
            let at = offset.saturating_add(done as u64);
            let left = self.len().saturating_sub(at);
            let inside = (at % PAGE) as usize;
            let run =
                dst.remaining().min(PAGE_SIZE - inside).min(usize::try_from(left).unwrap_or(usize::MAX));
            if run == 0 {
                return Ok(done);
            }
            let frame = self.pages.lock().get(at / PAGE).cloned();
            let moved = match frame {
                Some(frame) => {
                    // SAFETY: the run is within the frame, which we hold. Others may write to it meanwhile; the
                    // copy takes bytes as they come and nothing is decided by them.
                    let bytes = unsafe { core::slice::from_raw_parts(frame.as_ptr().add(inside), run) };
                    dst.put(bytes)
                }
                None => dst.put_zeros(run),
            };
            match moved {
                Ok(moved) => {
                    done += moved;
                    if moved < run {
                        return Ok(done);
                    }
                }
                Err(error) => return if done > 0 { Ok(done) } else { Err(error) },
            }
        }
    }

    /// Copies all bytes of `src` to `offset` on, and makes the object longer where that is needed. Less than
    /// all is written only where memory ended or the source is not accessible; an error only if nothing was.
    pub fn write_at(&self, src: &mut IoSource, offset: u64) -> Result<usize> {
        let mut done = 0;
        let result = loop {
            let at = offset.saturating_add(done as u64);
            let inside = (at % PAGE) as usize;
            let run = src.remaining().min(PAGE_SIZE - inside);
            if run == 0 {
                break Ok(());
            }
            if at > MAX_LEN - run as u64 {
                break Err(Kind::FileTooBig.into());
            }
            match self.write_page(src, at, run) {
                Ok(moved) => {
                    done += moved;
                    self.len.fetch_max(at + moved as u64, Ordering::AcqRel);
                    if moved < run {
                        break Ok(());
                    }
                }
                Err(error) => break Err(error),
            }
        };
        if done > 0 {
            Ok(done)
        } else {
            result.map(|()| 0)
        }
    }

    /// Copies up to `run` bytes into the page that holds offset `at`.
    fn write_page(&self, src: &mut IoSource, at: u64, run: usize) -> Result<usize> {
        let index = at / PAGE;
        let frame = self.pages.lock().get(index).cloned();
        let frame = match frame {
            Some(frame) => frame,
            None => self.make_page(index)?,
        };
        // SAFETY: the run is within the frame, which we hold; programs that map it expect it to change.
        let bytes = unsafe { core::slice::from_raw_parts_mut(frame.as_ptr().add((at % PAGE) as usize), run) };
        src.take(bytes)
    }

    /// Frames that the object has.
    pub fn resident_pages(&self) -> usize {
        self.pages.lock().count()
    }

    /// The first offset from `offset` on that may hold data. [`Kind::NoData`] if there is none.
    pub fn next_data(&self, offset: u64) -> Result<u64> {
        let len = self.len();
        let found = self.pages.lock().next_present(offset / PAGE).map(|index| (index * PAGE).max(offset));
        found.filter(|&at| at < len && offset < len).ok_or(Kind::NoData.into())
    }

    /// The first offset from `offset` on that is in a hole; the end counts as one. [`Kind::NoData`] beyond it.
    pub fn next_hole(&self, offset: u64) -> Result<u64> {
        let len = self.len();
        if offset >= len {
            return Err(Kind::NoData.into());
        }
        let pages = self.pages.lock();
        Ok((pages.next_absent(offset / PAGE) * PAGE).clamp(offset, len))
    }

    /// Is it mapped anywhere?
    pub fn is_mapped(&self) -> bool {
        self.mappings.load(Ordering::Acquire) > 0
    }

    /// From now on no mapping lets stores reach it. [`Kind::Busy`] while one does.
    pub fn seal_stores(&self) -> Result<()> {
        match self.stores.compare_exchange(0, SEALED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(SEALED) => Ok(()),
            Err(_) => Err(Kind::Busy.into()),
        }
    }

    pub(super) fn add_mapping(&self, stores: bool) -> Result<()> {
        if stores {
            let add = |count: usize| (count != SEALED).then(|| count + 1);
            self.stores
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, add)
                .map_err(|_| Kind::NotPermitted)?;
        }
        self.mappings.fetch_add(1, Ordering::AcqRel);
        self.tell(|watcher| watcher.mapped());
        Ok(())
    }

    /// Is somebody told of its mappings, each of which counts?
    pub(super) fn is_watched(&self) -> bool {
        self.watcher.is_some()
    }

    /// Tells the watcher, if there is one, of a mapping that has come or gone. Hardly any object is watched.
    #[inline]
    fn tell(&self, what: fn(&dyn Watcher)) {
        if self.is_watched() {
            self.tell_watcher(what);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_watcher(&self, what: fn(&dyn Watcher)) {
        if let Some(watcher) = self.watcher.as_ref().and_then(Weak::upgrade) {
            what(&*watcher);
        }
    }

    /// One more like one that there is.
    pub(super) fn copy_mapping(&self, stores: bool) {
        if stores {
            self.stores.fetch_add(1, Ordering::AcqRel);
        }
        self.mappings.fetch_add(1, Ordering::AcqRel);
        self.tell(|watcher| watcher.mapped());
    }

    pub(super) fn remove_mapping(&self, stores: bool) {
        if stores {
            self.stores.fetch_sub(1, Ordering::AcqRel);
        }
        self.mappings.fetch_sub(1, Ordering::AcqRel);
        self.tell(|watcher| watcher.unmapped());
    }
}
