//! Moving and resizing mappings.

use core::ops::Range;

use vma::Area;

use super::gather::Gather;
use super::map::{Removed, MAX_MAPPINGS};
use super::region::{Flags, Region};
use super::{AddressSpace, Inner, RemapFlags};
use crate::arch::x86_64::paging::Leaf;
use crate::arch::{USER_MIN, USER_TOP};
use crate::mm::{page_up, Prot, PAGE_SIZE};
use crate::{Error, Kind, Result};

impl Inner {
    /// The part of the area at `old` that a move takes, checked for growth to `new_len`.
    fn resizable(
        &mut self,
        space: &AddressSpace,
        old: Range<usize>,
        new_len: usize,
        keep: bool,
    ) -> Result<Area<Region>> {
        let area = self.areas.find(old.start).ok_or(Kind::Fault)?.clone();
        if old.is_empty() && !area.value.is(Flags::SHARED) {
            return Err(Kind::Invalid.into());
        }
        if old.end > area.end {
            return Err(Kind::Fault.into());
        }
        let len = old.end - old.start;
        if new_len > len || keep {
            if area.value.object.is_some() {
                let offset = area.value.offset + (old.start - area.start) as u64;
                offset.checked_add(new_len as u64).ok_or(Kind::Invalid)?;
            }
            let more = if keep { new_len } else { new_len - len } / PAGE_SIZE;
            if area.value.is(Flags::LOCKED) {
                self.check_locked(space, more)?;
            }
            self.check_limits(space, &area.value, more)?;
        }
        Ok(area)
    }

    /// Moves the page table entries of a range elsewhere.
    fn move_entries(&mut self, old: Range<usize>, new: usize, gather: &mut Gather) -> Result<()> {
        // All tables are made first, so that nothing fails halfway.
        let span = Leaf::SPAN;
        let mut at = new;
        while at < new + old.len() {
            self.tables.leaf_for(at)?;
            at = (at & !(span - 1)) + span;
        }
        let mut from = old.start;
        while from < old.end {
            let next = ((from & !(span - 1)) + span).min(old.end);
            if let Some((leaf, first)) = self.tables.leaf(from) {
                let end = first + (next - from) / PAGE_SIZE;
                let mut index = first;
                while let Some((found, _)) = leaf.find(index, end) {
                    index = found + 1;
                    let address = from + (found - first) * PAGE_SIZE;
                    let (target, slot) = self.tables.leaf_for(address - old.start + new)?;
                    target.fill(slot, leaf.take(found));
                    gather.changed(address..address + PAGE_SIZE);
                }
            }
            from = next;
        }
        Ok(())
    }
}

impl AddressSpace {
    /// Moves or resizes a mapping and returns its new address. `new_addr` is used with [`RemapFlags::FIXED`], and
    /// is a wish with [`RemapFlags::DONT_UNMAP`].
    pub fn remap(
        &self,
        old: usize,
        old_len: usize,
        new_len: usize,
        flags: RemapFlags,
        new_addr: usize,
    ) -> Result<usize> {
        let moves = flags.intersects(RemapFlags::FIXED | RemapFlags::DONT_UNMAP);
        if (moves && !flags.contains(RemapFlags::MAY_MOVE))
            || (flags.contains(RemapFlags::DONT_UNMAP) && old_len != new_len)
            || old % PAGE_SIZE != 0
        {
            return Err(Kind::Invalid.into());
        }
        let (old_len, new_len) =
            (page_up(old_len).ok_or(Kind::Invalid)?, page_up(new_len).ok_or(Kind::Invalid)?);
        if new_len == 0 || old_len > USER_TOP || old > USER_TOP - old_len {
            return Err(Kind::Invalid.into());
        }
        let mut removed = Removed::default();
        let mut inner = self.inner.lock();
        let result = if moves {
            self.remap_to(&mut inner, old..old + old_len, new_len, flags, new_addr, &mut removed)
        } else {
            self.resize(&mut inner, old..old + old_len, new_len, flags, &mut removed)
        };
        let locked =
            result.as_ref().is_ok_and(|&at| inner.areas.find(at).is_some_and(|a| a.value.is(Flags::LOCKED)));
        drop(inner);
        drop(removed);
        if let (Ok(at), true) = (&result, locked) {
            let _ = self.populate(*at, new_len, true);
        }
        result
    }

    fn remap_to(
        &self,
        inner: &mut Inner,
        mut old: Range<usize>,
        new_len: usize,
        flags: RemapFlags,
        new_addr: usize,
        removed: &mut Removed,
    ) -> Result<usize> {
        let fixed = flags.contains(RemapFlags::FIXED);
        if new_addr % PAGE_SIZE != 0 || new_len > USER_TOP || new_addr > USER_TOP - new_len {
            return Err(Kind::Invalid.into());
        }
        if fixed && old.start < new_addr + new_len && new_addr < old.end {
            return Err(Kind::Invalid.into());
        }
        if inner.areas.len() + 3 > MAX_MAPPINGS {
            return Err(Kind::NoMemory.into());
        }
        if fixed {
            if new_addr < USER_MIN {
                return Err(Kind::NotPermitted.into());
            }
            inner.remove(self, new_addr..new_addr + new_len, removed)?;
        }
        if old.len() > new_len {
            inner.remove(self, old.start + new_len..old.end, removed)?;
            old.end = old.start + new_len;
        }
        let keep = flags.contains(RemapFlags::DONT_UNMAP);
        let area = inner.resizable(self, old.clone(), new_len, keep)?;
        let wish = (new_addr != 0).then_some(new_addr);
        let new = inner.place(wish, fixed, new_len)?;
        self.move_area(inner, &area, old, new, new_len, keep, removed)
    }

    fn resize(
        &self,
        inner: &mut Inner,
        old: Range<usize>,
        new_len: usize,
        flags: RemapFlags,
        removed: &mut Removed,
    ) -> Result<usize> {
        if old.len() >= new_len {
            // Even then there must be something.
            inner.areas.find(old.start).ok_or(Kind::Fault)?;
            if old.len() > new_len {
                inner.remove(self, old.start + new_len..old.end, removed)?;
            }
            return Ok(old.start);
        }
        let area = inner.resizable(self, old.clone(), new_len, false)?;
        let end = old.start.checked_add(new_len).filter(|&end| end <= USER_TOP);
        if let Some(end) = end.filter(|&end| old.end == area.end && inner.areas.is_free(old.end..end)) {
            let mut value = vma::Value::split(&area.value, old.end - area.start);
            value.flags.remove(Flags::PRIVATE_PAGES);
            if !area.value.is(Flags::GROWS_DOWN) {
                inner.insert(old.end..end, value)?;
                return Ok(old.start);
            }
        }
        if !flags.contains(RemapFlags::MAY_MOVE) {
            return Err(Kind::NoMemory.into());
        }
        let new = inner.place(None, false, new_len)?;
        self.move_area(inner, &area, old, new, new_len, false, removed)
    }

    /// Moves a part of an area to a free place.
    #[allow(clippy::too_many_arguments, reason = "where from, where to, and what stays")]
    fn move_area(
        &self,
        inner: &mut Inner,
        area: &Area<Region>,
        old: Range<usize>,
        new: usize,
        new_len: usize,
        keep: bool,
        removed: &mut Removed,
    ) -> Result<usize> {
        if inner.areas.len() + 3 > MAX_MAPPINGS {
            return Err(Kind::NoMemory.into());
        }
        inner.areas.reserve(4).map_err(|_| Error::from(Kind::NoMemory))?;
        let mut gather = Gather::new(&self.cpus);
        if !old.is_empty() {
            if let Err(error) = inner.move_entries(old.clone(), new, &mut gather) {
                inner.prune(new..new + new_len, &mut gather);
                return Err(error);
            }
        }
        let mut value = vma::Value::split(&area.value, old.start - area.start);
        value.flags.remove(Flags::HEAP);
        if value.object.is_none() && !value.is(Flags::PRIVATE_PAGES) {
            value.offset = new as u64;
        }
        inner.insert(new..new + new_len, value)?;
        inner.prune(new..new + new_len, &mut gather);
        if keep {
            inner.prune(old, &mut gather);
        } else if !old.is_empty() {
            inner.remove(self, old.clone(), removed)?;
            inner.prune(old, &mut gather);
        }
        Ok(new)
    }

    /// Does the range allow this, everywhere?
    pub fn allows(&self, addr: usize, len: usize, prot: Prot) -> bool {
        let Some(end) = addr.checked_add(len) else { return false };
        let inner = self.inner.lock();
        let allowed = inner.areas.within(addr..end).all(|area| area.value.prot.contains(prot));
        allowed && {
            drop(inner);
            self.is_mapped(addr, len)
        }
    }
}
