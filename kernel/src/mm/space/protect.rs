//! Changing what is mapped: protection, advice, locking; and asking about it.

use core::ops::Range;

use vma::Area;

use super::gather::Gather;
use super::map::MAX_MAPPINGS;
use super::region::{Flags, Mapped, Region};
use super::{AddressSpace, Inner, MappingInfo, Usage};
use crate::arch::x86_64::paging::{self, Leaf, Walk, OBJECT, PRESENT, SPECIAL, WRITABLE};
use crate::arch::USER_TOP;
use crate::mm::{page_up, Frame, Prot, PAGE_SIZE};
use crate::{Error, Kind, Result};

/// What a fork does with a mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForkPolicy {
    /// The child gets it.
    Inherit,
    /// The child does not.
    Omit,
    /// The child gets it empty.
    Wipe,
    /// The child gets its contents (ends [`Self::Wipe`] only).
    Keep,
}

/// A page-aligned range of user addresses; `None` if it is empty.
fn checked_range(addr: usize, len: usize) -> Result<Option<Range<usize>>> {
    if addr % PAGE_SIZE != 0 {
        return Err(Kind::Invalid.into());
    }
    let size = page_up(len).ok_or(Kind::NoMemory)?;
    let end = addr.checked_add(size).ok_or(Kind::NoMemory)?;
    Ok((size > 0).then_some(addr..end))
}

impl Inner {
    /// How far the range is mapped without a hole from its start on.
    fn mapped_up_to(&self, range: &Range<usize>) -> usize {
        let mut reached = range.start;
        for area in self.areas.within(range.clone()) {
            if area.start > reached {
                break;
            }
            reached = area.end;
        }
        reached.min(range.end)
    }

    /// May the range's bounds split areas?
    fn check_splits(&self, range: &Range<usize>) -> Result<()> {
        let splits = |at: usize| usize::from(self.areas.get(at).is_some_and(|area| area.start < at));
        if self.areas.len() + splits(range.start) + splits(range.end) > MAX_MAPPINGS {
            return Err(Kind::NoMemory.into());
        }
        Ok(())
    }

    /// Changes regions of a range and keeps the counts right.
    fn change(&mut self, range: Range<usize>, mut change: impl FnMut(&mut Region)) -> Result<()> {
        self.check_splits(&range)?;
        let counts = &mut self.counts;
        let done = self.areas.change(range, |area: &mut Area<Region>| {
            let pages = area.len() / PAGE_SIZE;
            counts.count(&area.value, pages, false);
            change(&mut area.value);
            counts.count(&area.value, pages, true);
        });
        done.map_err(|_| Kind::NoMemory.into())
    }
}

/// Makes entries follow a new protection.
struct Protect<'a, 'g> {
    rights: u64,
    shared: bool,
    gather: &'a mut Gather<'g>,
}

impl Walk for Protect<'_, '_> {
    fn leaf(&mut self, leaf: Leaf, indexes: Range<usize>, base: usize) {
        let mut from = indexes.start;
        while let Some((index, old)) = leaf.find(from, indexes.end) {
            from = index + 1;
            let kept = paging::address_bits(old) | (old & (OBJECT | SPECIAL));
            // A private page becomes writable by a fault only, which looks for other owners.
            let allowed = if self.shared { self.rights } else { self.rights & (!WRITABLE | old) };
            if old != kept | allowed {
                leaf.change(index, kept | allowed);
                if old & PRESENT != 0 {
                    let address = base + (index - indexes.start) * PAGE_SIZE;
                    self.gather.changed(address..address + PAGE_SIZE);
                }
            }
        }
    }

    fn table(&mut self, table: Frame) {
        self.gather.table(table);
    }
}

/// Counts what is present.
#[derive(Default)]
struct Count(Usage);

impl Walk for Count {
    fn leaf(&mut self, leaf: Leaf, indexes: Range<usize>, _: usize) {
        let mut from = indexes.start;
        while let Some((index, entry)) = leaf.find(from, indexes.end) {
            from = index + 1;
            if entry & SPECIAL == 0 {
                self.0.anonymous += usize::from(entry & OBJECT == 0);
                self.0.object += usize::from(entry & OBJECT != 0);
            }
        }
    }

    fn table(&mut self, _: Frame) {}
}

impl AddressSpace {
    /// Changes what the range allows. Where a part is not mapped ([`Kind::NoMemory`]) or may not be changed so
    /// ([`Kind::AccessDenied`]), what lies before is changed nevertheless.
    pub fn protect(&self, addr: usize, len: usize, prot: Prot) -> Result<()> {
        let Some(range) = checked_range(addr, len)? else { return Ok(()) };
        let mut inner = self.inner.lock();
        let mapped = inner.mapped_up_to(&range);
        let denied = inner.areas.within(range.start..mapped).find(|area| !area.value.max_prot.contains(prot));
        let denied = denied.map(|area| area.start.max(range.start));
        let end = denied.unwrap_or(mapped);
        if range.start < end {
            self.protect_locked(&mut inner, range.start..end, prot)?;
        }
        if denied.is_some() {
            Err(Kind::AccessDenied.into())
        } else if mapped < range.end {
            Err(Kind::NoMemory.into())
        } else {
            Ok(())
        }
    }

    fn protect_locked(&self, inner: &mut Inner, range: Range<usize>, prot: Prot) -> Result<()> {
        let becomes_data = |area: &Area<Region>| {
            let bytes = area.end.min(range.end) - area.start.max(range.start);
            if area.value.would_be_data(prot) && !area.value.is_data() {
                bytes / PAGE_SIZE
            } else {
                0
            }
        };
        let more: usize = inner.areas.within(range.clone()).map(becomes_data).sum();
        let limit = self.limits.data.load(core::sync::atomic::Ordering::Relaxed) / PAGE_SIZE as u64;
        if more > 0 && (inner.counts.data + more) as u64 > limit {
            return Err(Kind::NoMemory.into());
        }
        inner.change(range.clone(), |region| region.prot = prot)?;
        let mut gather = Gather::new(&self.cpus);
        // The areas may have joined others: only what lies in the range is changed.
        let mut at = range.start;
        while let Some(area) = inner.areas.find(at) {
            let (end, shared) = (area.end.min(range.end), area.value.is(Flags::SHARED));
            let mut protect = Protect { rights: paging::protection(prot), shared, gather: &mut gather };
            inner.tables.visit(at, end, &mut protect);
            at = end;
            if at >= range.end {
                break;
            }
        }
        Ok(())
    }

    /// Throws the pages of the range away: anonymous memory reads as zeros afterwards, files from the object.
    /// [`Kind::Invalid`] where memory is locked; [`Kind::NoMemory`] if there are holes, after the rest was done.
    pub fn advise_dont_need(&self, addr: usize, len: usize) -> Result<()> {
        let Some(range) = checked_range(addr, len)? else { return Ok(()) };
        let mut inner = self.inner.lock();
        let mut gather = Gather::new(&self.cpus);
        let mut at = range.start;
        let mut whole = true;
        while at < range.end {
            let Some(area) = inner.areas.at_or_above(at).filter(|area| area.start < range.end) else { break };
            whole &= area.start <= at;
            let part = area.start.max(at)..area.end.min(range.end);
            if area.value.is(Flags::LOCKED) {
                return Err(Kind::Invalid.into());
            }
            at = part.end;
            inner.zap(part, &mut gather);
        }
        if whole && at >= range.end {
            Ok(())
        } else {
            Err(Kind::NoMemory.into())
        }
    }

    /// Says what a fork does with the mappings of the range.
    pub fn advise_fork(&self, addr: usize, len: usize, policy: ForkPolicy) -> Result<()> {
        let Some(range) = checked_range(addr, len)? else { return Ok(()) };
        let mut inner = self.inner.lock();
        if policy == ForkPolicy::Wipe
            && inner.areas.within(range.clone()).any(|area| area.value.object.is_some())
        {
            return Err(Kind::Invalid.into());
        }
        let whole = inner.mapped_up_to(&range) == range.end;
        inner.change(range, |region| match policy {
            ForkPolicy::Inherit => region.flags.remove(Flags::NOT_INHERITED),
            ForkPolicy::Omit => region.flags.insert(Flags::NOT_INHERITED),
            ForkPolicy::Wipe => region.flags.insert(Flags::WIPED_BY_FORK),
            ForkPolicy::Keep => region.flags.remove(Flags::WIPED_BY_FORK),
        })?;
        if whole {
            Ok(())
        } else {
            Err(Kind::NoMemory.into())
        }
    }

    /// Counts the range as locked, or not. Locked ranges are made present unless `later`.
    pub fn lock_range(&self, addr: usize, len: usize, locked: bool, later: bool) -> Result<()> {
        let start = crate::mm::page_down(addr);
        let end = addr.checked_add(len).and_then(page_up).ok_or(Kind::Invalid)?;
        let Some(range) = checked_range(start, end - start)? else { return Ok(()) };
        let mut inner = self.inner.lock();
        if locked {
            let new = |area: &Area<Region>| {
                if area.value.is(Flags::LOCKED) {
                    0
                } else {
                    (area.end.min(range.end) - area.start.max(range.start)) / PAGE_SIZE
                }
            };
            let pages = inner.areas.within(range.clone()).map(new).sum();
            // For this call it is a lack of memory; for mappings to come, a call that may be tried again.
            inner.check_locked(self, pages).map_err(|_| Error::from(Kind::NoMemory))?;
        }
        let mapped = inner.mapped_up_to(&range);
        if range.start < mapped {
            inner.change(range.start..mapped, |region| region.flags.set(Flags::LOCKED, locked))?;
        }
        drop(inner);
        if mapped < range.end {
            return Err(Kind::NoMemory.into());
        }
        if locked && !later {
            self.populate_locked(range)?;
        }
        Ok(())
    }

    /// Makes a locked range present, ready for stores where they are allowed.
    fn populate_locked(&self, range: Range<usize>) -> Result<()> {
        self.populate(range.start, range.end - range.start, true)
    }

    /// Counts everything as locked (`Some(true)`) or not; with `future`, also what is mapped later.
    pub fn lock_all(&self, current: Option<bool>, future: bool, later: bool) -> Result<()> {
        let mut inner = self.inner.lock();
        if current == Some(true) {
            let pages = inner.counts.mapped - inner.counts.locked;
            inner.check_locked(self, pages).map_err(|_| Error::from(Kind::NoMemory))?;
        }
        inner.lock_future = future;
        if let Some(locked) = current {
            inner.change(0..USER_TOP, |region| region.flags.set(Flags::LOCKED, locked))?;
        }
        drop(inner);
        if !later && current == Some(true) {
            self.populate_all();
        }
        Ok(())
    }

    /// Makes everything present, as far as it goes: what cannot be had now faults later.
    fn populate_all(&self) {
        let mut at = 0;
        loop {
            let next = self.inner.lock().areas.at_or_above(at).map(|area| area.start..area.end);
            let Some(range) = next else { break };
            at = range.end;
            let _ = self.populate_locked(range);
        }
    }

    /// Says which pages of the range are present (or, of files, could be at once), one call per page.
    /// [`Kind::NoMemory`] where nothing is mapped.
    pub fn mincore(&self, addr: usize, len: usize, emit: &mut dyn FnMut(bool)) -> Result<()> {
        let Some(range) = checked_range(addr, len)? else { return Ok(()) };
        let inner = self.inner.lock();
        if inner.mapped_up_to(&range) < range.end {
            return Err(Kind::NoMemory.into());
        }
        for page in range.step_by(PAGE_SIZE) {
            let here = || {
                let area = inner.areas.get(page)?;
                let object = area.value.object.as_ref()?.object();
                Some(object.has_page(super::region::object_page(area, page)))
            };
            emit(inner.tables.entry(page) & PRESENT != 0 || here().unwrap_or(false));
        }
        Ok(())
    }

    /// Is the whole range mapped?
    pub fn is_mapped(&self, addr: usize, len: usize) -> bool {
        let Some(end) = addr.checked_add(len) else { return false };
        self.inner.lock().mapped_up_to(&(addr..end)) == end
    }

    /// Shows the mappings that end above an address, lowest first, until `show` says `false`.
    /// The space is locked meanwhile.
    pub fn mappings_from(&self, addr: usize, show: &mut dyn FnMut(&MappingInfo) -> bool) {
        let inner = self.inner.lock();
        for area in inner.areas.within(addr..usize::MAX) {
            let region = &area.value;
            let info = MappingInfo {
                start: area.start,
                end: area.end,
                prot: region.prot,
                max_prot: region.max_prot,
                shared: region.is(Flags::SHARED),
                offset: if region.object.is_some() { region.offset } else { 0 },
                object: region.object.as_ref().map(Mapped::object),
                file: region.file.as_ref(),
                grows_down: region.is(Flags::GROWS_DOWN),
                heap: region.is(Flags::HEAP),
                locked: region.is(Flags::LOCKED),
            };
            if !show(&info) {
                break;
            }
        }
    }

    /// Pages present in a range.
    pub fn present(&self, addr: usize, len: usize) -> Usage {
        let mut inner = self.inner.lock();
        let mut count = Count::default();
        inner.tables.visit(addr, addr.saturating_add(len).min(USER_TOP), &mut count);
        Usage { mapped: len / PAGE_SIZE, ..count.0 }
    }
}
