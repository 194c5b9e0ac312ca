//! Page faults: demand zero, demand from an object, copy on write, stack growth.

use core::sync::atomic::Ordering;

use vma::Area;

use super::gather::Gather;
use super::region::{object_page, Flags, Region, STACK_GUARD};
use super::{AddressSpace, Inner};
use crate::arch::x86_64::paging::{self, Leaf, OBJECT, PRESENT, SPECIAL, WRITABLE};
use crate::arch::{USER_MIN, USER_TOP};
use crate::mm::frame::{copy_page, zero_page, Frame};
use crate::mm::{page_down, Access, FaultKind, Prot, PAGE_SIZE};

/// Pages of an object that one read fault maps, aligned to as many.
const AROUND: usize = 16;

type Outcome = core::result::Result<(), FaultKind>;

impl AddressSpace {
    /// Resolves a fault: `Ok` means that the access can be tried again.
    pub fn fault(&self, addr: usize, access: Access) -> Outcome {
        if addr >= USER_TOP {
            return Err(FaultKind::Unmapped);
        }
        let mut inner = self.inner.lock();
        self.fault_locked(&mut inner, addr, access, false)
    }

    /// As [`Self::fault`], behind the lock. `force` goes through protection, as a debugger may.
    pub(super) fn fault_locked(
        &self,
        inner: &mut Inner,
        addr: usize,
        access: Access,
        force: bool,
    ) -> Outcome {
        let page = page_down(addr);
        if inner.areas.find(addr).is_none() {
            self.grow_stack(inner, page)?;
        }
        let Some(area) = inner.areas.find(addr) else { return Err(FaultKind::Unmapped) };
        let allowed = area.value.allows(access) || (force && may_force(&area.value, access));
        if !allowed {
            return Err(FaultKind::Denied);
        }
        let (leaf, index) = inner.tables.leaf_for(page).map_err(|_| FaultKind::NoMemory)?;
        let place = Place { leaf, index, page, rights: paging::protection(area.value.prot) };
        let entry = leaf.get(index);
        let counts = &mut inner.counts;
        if entry == 0 {
            let result = if area.value.object.is_some() {
                fault_object(area, place, access.write, counts)
            } else {
                fault_anonymous(area, place, access.write, counts)
            };
            if result.is_err() && leaf.count() == 0 {
                // The table that was made for it is of no use.
                inner.prune(page..page + PAGE_SIZE, &mut Gather::new(&self.cpus));
            }
            return result;
        }
        if access.write && entry & WRITABLE == 0 {
            if let Some(old) = break_sharing(area, place, entry, counts)? {
                let mut gather = Gather::new(&self.cpus);
                gather.changed(page..page + PAGE_SIZE);
                if old & SPECIAL == 0 {
                    gather.frame(paging::frame_number(old));
                }
                return Ok(());
            }
        }
        // Otherwise another thread was faster, or this CPU remembered an older entry.
        paging::flush_page(page);
        Ok(())
    }

    /// Makes the stack above an unmapped address reach down to it, if there is one that may.
    #[cold]
    fn grow_stack(&self, inner: &mut Inner, page: usize) -> Outcome {
        let limit = self.limits.stack.load(Ordering::Relaxed);
        let space_limit = self.limits.space.load(Ordering::Relaxed) / PAGE_SIZE as u64;
        let Some((area, below)) = inner.areas.at_or_above_mut(page) else { return Err(FaultKind::Unmapped) };
        let grown = (area.start - page) / PAGE_SIZE;
        let too_near = below.is_some_and(|below| {
            let gap = if below.value.is(Flags::GROWS_DOWN) || below.value.prot.is_empty() {
                0
            } else {
                STACK_GUARD
            };
            page < below.end.saturating_add(gap)
        });
        let too_large =
            (area.end - page) as u64 > limit || (inner.counts.mapped + grown) as u64 > space_limit;
        if !area.value.is(Flags::GROWS_DOWN) || page < USER_MIN || too_near || too_large {
            return Err(FaultKind::Unmapped);
        }
        area.start = page;
        let locked = area.value.is(Flags::LOCKED);
        inner.counts.mapped += grown;
        inner.counts.stack += grown;
        inner.counts.locked += if locked { grown } else { 0 };
        inner.counts.note_peak();
        Ok(())
    }
}

/// A debugger may read what is mapped, and write to private copies.
fn may_force(region: &Region, access: Access) -> bool {
    if access.write {
        region.max_prot.contains(Prot::WRITE)
            && (!region.is(Flags::SHARED) || region.prot.contains(Prot::WRITE))
    } else {
        region.max_prot.contains(Prot::READ)
    }
}

/// Where a fault is: the entry, the page, and the bits that the protection gives.
#[derive(Clone, Copy)]
struct Place {
    leaf: Leaf,
    index: usize,
    page: usize,
    rights: u64,
}

/// A missing page of anonymous memory: the shared page of zeros for a load, a page of its own for a store.
#[inline]
fn fault_anonymous(area: &mut Area<Region>, at: Place, write: bool, counts: &mut super::Usage) -> Outcome {
    if !write {
        let zero = u64::from(super::zero_frame()) * PAGE_SIZE as u64;
        at.leaf.fill(at.index, zero | (at.rights & !WRITABLE) | SPECIAL);
        return Ok(());
    }
    let frame = Frame::alloc_zeroed().map_err(|_| FaultKind::NoMemory)?;
    at.leaf.fill(at.index, frame.phys() | at.rights);
    let _ = frame.into_raw();
    area.value.flags |= Flags::PRIVATE_PAGES;
    counts.anonymous += 1;
    counts.note_peak();
    Ok(())
}

/// A missing page of an object's mapping.
fn fault_object(area: &mut Area<Region>, at: Place, write: bool, counts: &mut super::Usage) -> Outcome {
    let Some(object) = area.value.object.as_ref().map(super::region::Mapped::object) else { return Ok(()) };
    let number = object_page(area, at.page);
    let shared = area.value.is(Flags::SHARED);
    if !shared && write {
        // Only to be copied: a hole need not become a page of the object.
        let source = object.page(number, false).map_err(|_| FaultKind::NoMemory)?;
        if source.is_none() && !object.contains_page(number) {
            return Err(FaultKind::BeyondObject);
        }
        let frame = Frame::alloc().map_err(|_| FaultKind::NoMemory)?;
        match source {
            Some(source) => copy_page(frame.as_ptr(), source.as_ptr()),
            None => zero_page(frame.as_ptr()),
        }
        at.leaf.fill(at.index, frame.phys() | at.rights);
        let _ = frame.into_raw();
        area.value.flags |= Flags::PRIVATE_PAGES;
        counts.anonymous += 1;
    } else {
        let found = object.page(number, true).map_err(|_| FaultKind::NoMemory)?;
        let frame = found.ok_or(FaultKind::BeyondObject)?;
        let bits = object_bits(at.rights, shared);
        at.leaf.fill(at.index, frame.phys() | bits);
        let _ = frame.into_raw();
        counts.object += 1;
        map_around(area, at, bits, counts);
    }
    counts.note_peak();
    Ok(())
}

/// The bits of an entry that refers to an object's own frame.
fn object_bits(rights: u64, shared: bool) -> u64 {
    if shared {
        rights | OBJECT
    } else {
        (rights & !WRITABLE) | OBJECT
    }
}

/// Maps the neighbours that the object has already, as far as area and table reach.
fn map_around(area: &Area<Region>, at: Place, bits: u64, counts: &mut super::Usage) {
    let Some(object) = area.value.object.as_ref().map(super::region::Mapped::object) else { return };
    let block = at.page & !(AROUND * PAGE_SIZE - 1);
    let (start, end) = (block.max(area.start), (block + AROUND * PAGE_SIZE).min(area.end));
    let first = at.index - (at.page - start) / PAGE_SIZE;
    let numbers = object_page(area, start)..object_page(area, end - PAGE_SIZE) + 1;
    object.with_pages(numbers, |offset, frame| {
        let index = first + offset;
        if at.leaf.get(index) == 0 {
            at.leaf.fill(index, frame.phys() | bits);
            let _ = frame.clone().into_raw();
            counts.object += 1;
        }
    });
}

/// A store to a page that is not writable: gives the mapping a page of its own where others may see this one.
/// Returns the old entry if it referred to another frame; its reference is the caller's now.
fn break_sharing(
    area: &mut Area<Region>,
    at: Place,
    entry: u64,
    counts: &mut super::Usage,
) -> core::result::Result<Option<u64>, FaultKind> {
    // Where a debugger writes through protection the entry stays as it allows.
    let rights = at.rights;
    if area.value.is(Flags::SHARED) {
        at.leaf.change(at.index, entry | PRESENT | (rights & WRITABLE));
        return Ok(None);
    }
    if entry & (OBJECT | SPECIAL) == 0 {
        // SAFETY: the entry holds a reference, which stays its own: the handle is forgotten.
        let own = core::mem::ManuallyDrop::new(unsafe { Frame::from_raw(paging::frame_number(entry)) });
        if own.references() == 1 {
            at.leaf.change(at.index, paging::address_bits(entry) | rights);
            return Ok(None);
        }
    }
    let fresh = Frame::alloc().map_err(|_| FaultKind::NoMemory)?;
    if entry & SPECIAL != 0 {
        zero_page(fresh.as_ptr());
    } else {
        let source = crate::arch::phys_to_virt(paging::address_bits(entry)) as *const u8;
        copy_page(fresh.as_ptr(), source);
    }
    at.leaf.change(at.index, fresh.phys() | rights);
    let _ = fresh.into_raw();
    area.value.flags |= Flags::PRIVATE_PAGES;
    if entry & (OBJECT | SPECIAL) != 0 {
        counts.anonymous += 1;
        counts.object -= usize::from(entry & OBJECT != 0 && entry & SPECIAL == 0);
        counts.note_peak();
    }
    Ok(Some(entry))
}
