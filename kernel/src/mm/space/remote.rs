//! Address spaces seen from outside: by their objects, by debuggers, by futexes.

use alloc::sync::{Arc, Weak};
use core::ops::Range;
use core::sync::atomic::Ordering;

use super::gather::Gather;
use super::region::{object_page, Flags, Mapped};
use super::{AddressSpace, ADDED, SPACES};
use crate::arch::x86_64::paging::{self, OBJECT, PRESENT, WRITABLE};
use crate::mm::{page_down, Access, Frame, Vmo, PAGE_SIZE};

/// Unmaps pages of an object everywhere. With `private`, private copies of them go too.
pub(in crate::mm) fn zap_object(object: &Vmo, pages: Range<u64>, private: bool) {
    loop {
        let added = ADDED.load(Ordering::Relaxed);
        // From the last to the first, one after the other, so that no two locks are held: what leaves the list
        // meanwhile only moves spaces down that were seen already.
        let mut position = SPACES.lock().len();
        while position > 0 {
            position -= 1;
            let space = SPACES.lock().get(position).and_then(Weak::upgrade);
            if let Some(space) = space {
                space.zap_pages_of(object, &pages, private);
            }
        }
        // A fork may have copied entries into a new space before its parent's turn came.
        if ADDED.load(Ordering::Relaxed) == added {
            return;
        }
    }
}

impl AddressSpace {
    fn zap_pages_of(&self, object: &Vmo, pages: &Range<u64>, private: bool) {
        let mut inner = self.inner.lock();
        let mut gather = Gather::new(&self.cpus);
        let mut at = 0;
        while let Some(area) = inner.areas.at_or_above(at) {
            at = area.end;
            let own =
                area.value.object.as_ref().is_some_and(|mapped| core::ptr::eq(&**mapped.object(), object));
            if !own {
                continue;
            }
            let first = object_page(area, area.start);
            let count = (area.len() / PAGE_SIZE) as u64;
            let (from, to) = (pages.start.clamp(first, first + count), pages.end.clamp(first, first + count));
            let address = |page: u64| area.start + (page - first) as usize * PAGE_SIZE;
            let range = address(from)..address(to);
            inner.zap_if(range, &mut gather, |entry| private || entry & OBJECT != 0);
        }
    }

    /// The object and the offset in it behind an address of a shared mapping: what names a shared futex.
    pub fn shared_object(&self, addr: usize) -> Option<(Arc<Vmo>, u64)> {
        let mut inner = self.inner.lock();
        let area = inner.areas.find(addr)?;
        if !area.value.is(Flags::SHARED) {
            return None;
        }
        let object = area.value.object.as_ref().map(Mapped::object)?.clone();
        Some((object, area.value.offset + (addr - area.start) as u64))
    }

    /// Is there memory of nobody else's that must not be written?
    pub fn is_constant(&self, addr: usize) -> bool {
        let mut inner = self.inner.lock();
        let write = Access { write: true, ..Access::default() };
        inner.areas.find(addr).is_some_and(|area| area.value.object.is_none() && !area.value.allows(write))
    }

    /// The frame behind an address of user memory that the program may write to, made present and its own. It may be
    /// exchanged for another one at any time: see [`Self::writes_to`].
    pub fn frame_for_writing(&self, addr: usize) -> Option<Frame> {
        self.frame_at(addr, true, false)
    }

    /// Would the program's stores at `addr` go to that frame now?
    pub fn writes_to(&self, addr: usize, frame: &Frame) -> bool {
        let entry = self.inner.lock().tables.entry(page_down(addr));
        entry & PRESENT != 0 && entry & WRITABLE != 0 && paging::frame_number(entry) == frame.number()
    }

    /// The frame behind an address, made present; with `force` through protection, as a debugger may.
    pub fn frame_at(&self, addr: usize, write: bool, force: bool) -> Option<Frame> {
        let page = page_down(addr);
        let access = Access { write, ..Access::default() };
        let mut inner = self.inner.lock();
        let entry = inner.tables.entry(page);
        let ready = entry & PRESENT != 0 && (!write || entry & WRITABLE != 0);
        if !ready {
            self.fault_locked(&mut inner, page, access, force).ok()?;
        }
        let entry = inner.tables.entry(page);
        if entry == 0 {
            return None;
        }
        let number = paging::frame_number(entry);
        crate::mm::frame::retain(number);
        // SAFETY: the reference was just added; the entry keeps its own.
        Some(unsafe { Frame::from_raw(number) })
    }

    /// Reads from the program's memory as a debugger does: through protection, but not through holes. Returns
    /// the bytes before the first that could not be read.
    pub fn read_remote(&self, addr: usize, out: &mut [u8]) -> usize {
        self.transfer_remote(addr, out.len(), false, |frame, inside, done, run| {
            // SAFETY: the run lies in the frame, which we hold, and in the buffer.
            unsafe { core::ptr::copy_nonoverlapping(frame.add(inside), out.as_mut_ptr().add(done), run) };
        })
    }

    /// Writes to the program's memory as a debugger does: private copies are made even of what it may not write
    /// to. Returns the bytes before the first that could not be written.
    pub fn write_remote(&self, addr: usize, bytes: &[u8]) -> usize {
        self.transfer_remote(addr, bytes.len(), true, |frame, inside, done, run| {
            // SAFETY: the run lies in the frame, which we hold, and in the source.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr().add(done), frame.add(inside), run) };
        })
    }

    fn transfer_remote(
        &self,
        addr: usize,
        len: usize,
        write: bool,
        mut copy: impl FnMut(*mut u8, usize, usize, usize),
    ) -> usize {
        let mut done = 0;
        while done < len {
            let Some(at) = addr.checked_add(done) else { break };
            let inside = at % PAGE_SIZE;
            let run = (PAGE_SIZE - inside).min(len - done);
            let Some(frame) = self.frame_at(at, write, true) else { break };
            copy(frame.as_ptr(), inside, done, run);
            done += run;
        }
        done
    }
}
