//! Adding and removing mappings, and the heap.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::Ordering;

use arrayvec::ArrayVec;
use vma::Area;

use super::gather::Gather;
use super::region::{Flags, Mapped, Region};
use super::{AddressSpace, Inner, MapRequest, Tag};
use crate::arch::{USER_MIN, USER_TOP};
use crate::mm::{page_down, page_up, total_frames, Access, Prot, Vmo, PAGE_SIZE};
use crate::{Error, Kind, Result};

/// Mappings that a space may have.
pub(super) const MAX_MAPPINGS: usize = 65530;
/// Room above the highest mapping for the stack: at least this much, and at most that.
const STACK_ROOM: Range<usize> = 128 << 20..USER_TOP / 6 * 5;

/// Where mappings that name no address begin (and go down from), given the limit on the stack and a random number
/// of pages to leave out.
pub fn mmap_base(stack_limit: u64, stack_random: usize, random_pages: usize) -> usize {
    let room = usize::try_from(stack_limit).unwrap_or(usize::MAX).saturating_add(super::region::STACK_GUARD);
    let room = room.saturating_add(stack_random).clamp(STACK_ROOM.start, STACK_ROOM.end);
    page_down((USER_TOP - room).saturating_sub(random_pages.saturating_mul(PAGE_SIZE)).max(USER_TOP / 6))
}

/// Regions that were taken out, to be dropped without the lock: files and objects go with them.
#[derive(Default)]
pub(super) struct Removed {
    few: ArrayVec<Region, 4>,
    more: Vec<Region>,
}

impl Removed {
    fn add(&mut self, region: Region) {
        if region.object.is_none() && region.file.is_none() {
            return;
        }
        if let Err(full) = self.few.try_push(region) {
            // Without memory it is dropped here and now, which is slower for those who wait.
            if self.more.try_reserve(1).is_ok() {
                self.more.push(full.element());
            }
        }
    }
}

impl Inner {
    /// Takes out whatever is mapped in the range.
    pub(super) fn remove(
        &mut self,
        space: &AddressSpace,
        range: Range<usize>,
        removed: &mut Removed,
    ) -> Result<()> {
        if self.areas.len() >= MAX_MAPPINGS && self.areas.growth_by_cut(&range) > 0 {
            return Err(Kind::NoMemory.into());
        }
        let counts = &mut self.counts;
        let mut bounds = range.end..range.start;
        let cut = self.areas.cut(range, |area| {
            bounds = bounds.start.min(area.start)..bounds.end.max(area.end);
            counts.count(&area.value, area.len() / PAGE_SIZE, false);
            removed.add(area.value);
        });
        cut.map_err(|_| Error::from(Kind::NoMemory))?;
        if !bounds.is_empty() {
            self.zap(bounds, &mut Gather::new(&space.cpus));
        }
        Ok(())
    }

    /// May `pages` more pages of this kind be mapped?
    pub(super) fn check_limits(&self, space: &AddressSpace, region: &Region, pages: usize) -> Result<()> {
        let limit = |bytes: u64| usize::try_from(bytes / PAGE_SIZE as u64).unwrap_or(usize::MAX);
        let within =
            self.counts.mapped.saturating_add(pages) <= limit(space.limits.space.load(Ordering::Relaxed));
        let data = limit(space.limits.data.load(Ordering::Relaxed));
        if !within || (region.is_data() && self.counts.data.saturating_add(pages) > data) {
            return Err(Kind::NoMemory.into());
        }
        Ok(())
    }

    /// May `pages` more pages be locked?
    pub(super) fn check_locked(&self, space: &AddressSpace, pages: usize) -> Result<()> {
        let limit = space.limits.locked.load(Ordering::Relaxed) / PAGE_SIZE as u64;
        if self.counts.locked.saturating_add(pages) as u64 > limit {
            return Err(Kind::WouldBlock.into());
        }
        Ok(())
    }

    /// Chooses the address for a new mapping.
    pub(super) fn place(&mut self, addr: Option<usize>, fixed: bool, len: usize) -> Result<usize> {
        if len > USER_TOP {
            return Err(Kind::NoMemory.into());
        }
        if let Some(addr) = addr {
            if fixed {
                if addr > USER_TOP - len {
                    return Err(Kind::NoMemory.into());
                }
                if addr % PAGE_SIZE != 0 {
                    return Err(Kind::Invalid.into());
                }
                return if addr < USER_MIN { Err(Kind::NotPermitted.into()) } else { Ok(addr) };
            }
            let wish = page_up(addr).unwrap_or(usize::MAX).max(USER_MIN);
            if addr != 0 && wish <= USER_TOP - len && self.areas.is_free(wish..wish + len) {
                return Ok(wish);
            }
        }
        let below = self.areas.gap_below_ceiling(len, USER_MIN);
        below.or_else(|| self.areas.gap_above(len, USER_MIN, USER_TOP)).ok_or(Kind::NoMemory.into())
    }

    /// Adds an area whose range is free.
    pub(super) fn insert(&mut self, range: Range<usize>, region: Region) -> Result<()> {
        self.areas.reserve(1).map_err(|_| Error::from(Kind::NoMemory))?;
        self.counts.count(&region, range.len() / PAGE_SIZE, true);
        let area = Area { start: range.start, end: range.end, value: region };
        self.areas.insert(area).map_err(|_| Kind::NoMemory.into())
    }
}

/// Would this much private memory obviously never fit?
fn is_overcommitted(region: &Region, pages: usize) -> bool {
    region.is_data() && !region.is(Flags::NO_RESERVE) && pages > total_frames()
}

impl AddressSpace {
    /// Sets where mappings go that name no address (below `mmap_base`), and where the heap starts.
    pub fn set_layout(&self, mmap_base: usize, heap_start: usize) {
        let mut inner = self.inner.lock();
        inner.areas.set_ceiling(mmap_base.min(USER_TOP));
        inner.heap = heap_start..heap_start;
    }

    /// Adds a mapping and returns its address.
    pub fn map(&self, request: &MapRequest) -> Result<usize> {
        if request.len == 0 {
            return Err(Kind::Invalid.into());
        }
        let len = page_up(request.len).ok_or(Kind::NoMemory)?;
        if let Some((_, offset)) = &request.object {
            if offset % PAGE_SIZE as u64 != 0 {
                return Err(Kind::Invalid.into());
            }
            offset.checked_add(len as u64).ok_or(Kind::Overflow)?;
        }
        let mut removed = Removed::default();
        let (start, fill) = {
            let mut inner = self.inner.lock();
            let start = self.map_locked(&mut inner, request, len, &mut removed)?;
            (start, request.populate || request.locked || inner.lock_future)
        };
        drop(removed);
        if fill {
            // Whether all pages can be had is not the mapping's success.
            let _ = self.populate(start, len, request.prot.contains(Prot::WRITE) && !request.shared);
        }
        Ok(start)
    }

    fn map_locked(
        &self,
        inner: &mut Inner,
        request: &MapRequest,
        len: usize,
        removed: &mut Removed,
    ) -> Result<usize> {
        if inner.areas.len() > MAX_MAPPINGS {
            return Err(Kind::NoMemory.into());
        }
        let fixed = request.fixed || request.no_replace;
        let start = inner.place(request.addr, fixed, len)?;
        let range = start..start + len;
        let occupied = fixed && inner.areas.overlaps(range.clone());
        if occupied && request.no_replace {
            return Err(Kind::Exists.into());
        }
        let region = region_for(request, range.clone(), inner.lock_future)?;
        let pages = len / PAGE_SIZE;
        if region.is(Flags::LOCKED) {
            inner.check_locked(self, pages)?;
        }
        let replaced = if occupied {
            let covered = |area: &Area<Region>| area.end.min(range.end) - area.start.max(range.start);
            inner.areas.within(range.clone()).map(covered).sum::<usize>() / PAGE_SIZE
        } else {
            0
        };
        inner.check_limits(self, &region, pages - replaced)?;
        if is_overcommitted(&region, pages) {
            return Err(Kind::NoMemory.into());
        }
        inner.areas.reserve(3).map_err(|_| Error::from(Kind::NoMemory))?;
        if occupied {
            inner.remove(self, range.clone(), removed)?;
        }
        inner.insert(range, region)?;
        Ok(start)
    }

    /// Removes whatever is mapped in the range.
    pub fn unmap(&self, addr: usize, len: usize) -> Result<()> {
        let Some(size) = page_up(len).filter(|&size| size > 0) else { return Err(Kind::Invalid.into()) };
        if addr % PAGE_SIZE != 0 || addr > USER_TOP || size > USER_TOP - addr {
            return Err(Kind::Invalid.into());
        }
        // Declared before the lock is taken, so dropped after it is given back.
        let mut removed = Removed::default();
        let mut inner = self.inner.lock();
        inner.remove(self, addr..addr + size, &mut removed)
    }

    /// Removes the mappings of one object that lie where they would if the whole of it were mapped from `addr` on:
    /// what was given away, moved or split meanwhile does not count. `length` tells of a mapping's file how long its
    /// object is, if it is one of those meant; the first found decides which. Was there one?
    pub fn unmap_object(&self, addr: usize, length: impl Fn(&Tag) -> Option<usize>) -> Result<bool> {
        let mut removed = Removed::default();
        let mut inner = self.inner.lock();
        let mut first: Option<Tag> = None;
        let (mut from, mut limit) = (addr, USER_TOP);
        while from < limit {
            let wanted = |area: &&Area<Region>| {
                let Some(tag) = &area.value.file else { return false };
                area.start >= from
                    && area.end <= limit
                    && area.value.offset == (area.start - addr) as u64
                    && first.as_ref().map_or_else(|| length(tag).is_some(), |first| Arc::ptr_eq(first, tag))
            };
            let Some(area) = inner.areas.within(from..limit).find(wanted) else { break };
            let range = area.start..area.end;
            if first.is_none() {
                first = area.value.file.clone();
                let whole = first.as_ref().and_then(&length).and_then(page_up);
                limit = addr.saturating_add(whole.unwrap_or(0)).min(USER_TOP);
            }
            from = range.end;
            inner.remove(self, range, &mut removed)?;
        }
        Ok(first.is_some())
    }

    /// Moves the end of the heap and returns where it is now: unchanged if that was not possible.
    pub fn brk(&self, end: usize) -> usize {
        let mut inner = self.inner.lock();
        let heap = inner.heap.clone();
        if end < heap.start || end > USER_TOP || self.move_heap_end(&mut inner, end).is_err() {
            return heap.end;
        }
        inner.heap.end = end;
        end
    }

    fn move_heap_end(&self, inner: &mut Inner, end: usize) -> Result<()> {
        let heap = inner.heap.clone();
        let (old, new) = (page_up(heap.end).ok_or(Kind::NoMemory)?, page_up(end).ok_or(Kind::NoMemory)?);
        if new <= old {
            if new < old {
                // The heap has neither files nor objects to drop.
                inner.remove(self, new..old, &mut Removed::default())?;
            }
            return Ok(());
        }
        // A page stays free above.
        if (end - heap.start) as u64 > self.limits.data.load(Ordering::Relaxed)
            || inner.areas.len() > MAX_MAPPINGS
            || !inner.areas.is_free(old..(new + PAGE_SIZE).min(USER_TOP))
        {
            return Err(Kind::NoMemory.into());
        }
        let mut region = Region {
            prot: Prot::READ | Prot::WRITE,
            max_prot: Prot::all(),
            flags: Flags::HEAP,
            offset: old as u64,
            object: None,
            file: None,
        };
        if inner.lock_future {
            region.flags |= Flags::LOCKED;
            inner.check_locked(self, (new - old) / PAGE_SIZE)?;
        }
        inner.check_limits(self, &region, (new - old) / PAGE_SIZE)?;
        if is_overcommitted(&region, (new - old) / PAGE_SIZE) {
            return Err(Kind::NoMemory.into());
        }
        inner.insert(old..new, region)
    }

    /// Makes the pages of the range present, with `write` ready for stores.
    pub fn populate(&self, addr: usize, len: usize, write: bool) -> Result<()> {
        for page in (addr..addr.saturating_add(len)).step_by(PAGE_SIZE) {
            let mut inner = self.inner.lock();
            let Some(area) = inner.areas.find(page) else { return Err(Kind::NoMemory.into()) };
            let access =
                Access { write: write && area.value.prot.contains(Prot::WRITE), ..Access::default() };
            if area.value.prot.is_empty() {
                continue;
            }
            let entry = inner.tables.entry(page);
            let ready = entry != 0 && (!access.write || entry & crate::arch::x86_64::paging::WRITABLE != 0);
            if !ready {
                self.fault_locked(&mut inner, page, access, false)
                    .map_err(|_| Error::from(Kind::NoMemory))?;
            }
        }
        Ok(())
    }
}

/// What is to be known about the mapping.
fn region_for(request: &MapRequest, range: Range<usize>, lock_future: bool) -> Result<Region> {
    let mut flags = Flags::empty();
    flags.set(Flags::SHARED, request.shared);
    flags.set(Flags::GROWS_DOWN, request.grows_down);
    flags.set(Flags::LOCKED, request.locked || lock_future);
    flags.set(Flags::NO_RESERVE, request.no_reserve);
    let max_prot = if request.max_prot.is_empty() { Prot::all() } else { request.max_prot };
    let stores = request.shared && max_prot.contains(Prot::WRITE);
    let (object, offset) = match &request.object {
        Some((object, offset)) => (Some(Mapped::new(object.clone(), stores)?), *offset),
        // Shared memory without a name needs an object all the same: forks share it.
        None if request.shared => (Some(Mapped::new(Vmo::new(range.len() as u64)?, stores)?), 0),
        None => (None, range.start as u64),
    };
    Ok(Region { prot: request.prot, max_prot, flags, offset, object, file: request.file.clone() })
}
