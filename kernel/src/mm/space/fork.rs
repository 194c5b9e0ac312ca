//! Copying an address space.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use vma::{Area, AreaMap};

use super::gather::Gather;
use super::region::{Flags, Region};
use super::{AddressSpace, Inner, Limits, Usage};
use crate::arch::x86_64::paging::{self, Leaf, Tables, OBJECT, SPECIAL, WRITABLE};
use crate::mm::{frame, PAGE_SIZE};
use crate::{Error, Kind, Result};

impl AddressSpace {
    /// A copy: private memory is shared until one side writes to it. Only mappings that have private pages need
    /// their entries copied; what comes from objects comes again from there when it is used.
    pub fn fork(&self) -> Result<Arc<Self>> {
        let same = |limit: &AtomicU64| AtomicU64::new(limit.load(Ordering::Relaxed));
        let limits = Limits {
            data: same(&self.limits.data),
            stack: same(&self.limits.stack),
            space: same(&self.limits.space),
            locked: same(&self.limits.locked),
        };
        let mut inner = self.inner.lock();
        let areas = AreaMap::new(inner.areas.ceiling());
        let child = Self::with(areas, Tables::new()?, limits)?;
        let mut gather = Gather::new(&self.cpus);
        // The child is not known to anybody yet, so its lock is free.
        let done = copy(&mut inner, &mut child.inner.lock(), &mut gather);
        gather.finish();
        drop(gather);
        drop(inner);
        // Without memory the half-made child is dropped with what it has.
        done.map(|()| child)
    }
}

fn copy(parent: &mut Inner, child: &mut Inner, gather: &mut Gather) -> Result<()> {
    child.heap = parent.heap.clone();
    let Inner { areas, tables, .. } = parent;
    child.areas.reserve(areas.len()).map_err(|_| Error::from(Kind::NoMemory))?;
    // Highest first, which is how the map stores them.
    for area in areas.iter().rev() {
        if area.value.is(Flags::NOT_INHERITED) {
            continue;
        }
        let mut region = area.value.clone();
        region.flags.remove(Flags::LOCKED);
        let wiped = region.is(Flags::WIPED_BY_FORK);
        if wiped {
            region.flags.remove(Flags::PRIVATE_PAGES);
        }
        let copied = region.is(Flags::PRIVATE_PAGES);
        child.counts.count(&region, area.len() / PAGE_SIZE, true);
        let twin = Area { start: area.start, end: area.end, value: region };
        child.areas.push_lowest(twin).map_err(|_| Error::from(Kind::NoMemory))?;
        if copied {
            copy_entries(area, tables, &mut child.tables, &mut child.counts, gather)?;
        }
    }
    child.counts.note_peak();
    Ok(())
}

/// Copies the entries of an area; both sides lose the right to write to private pages.
fn copy_entries(
    area: &Area<Region>,
    from: &mut Tables,
    to: &mut Tables,
    counts: &mut Usage,
    gather: &mut Gather,
) -> Result<()> {
    let mut result = Ok(());
    let mut visit = |source: Leaf, indexes: core::ops::Range<usize>, base: usize| {
        if result.is_err() {
            return;
        }
        let first = indexes.start;
        let Some(mut found) = source.next(first, indexes.end) else { return };
        let target = match to.leaf_for(base + (found - first) * PAGE_SIZE) {
            Ok((target, _)) => target,
            Err(error) => {
                result = Err(error);
                return;
            }
        };
        let mut filled = 0;
        loop {
            let mut entry = source.get(found);
            if entry & WRITABLE != 0 {
                entry &= !WRITABLE;
                source.change(found, entry);
                gather.changed(base + (found - first) * PAGE_SIZE);
            }
            if entry & SPECIAL == 0 {
                frame::retain(paging::frame_number(entry));
                if entry & OBJECT != 0 {
                    counts.object += 1;
                } else {
                    counts.anonymous += 1;
                }
            }
            target.fill_uncounted(found, entry);
            filled += 1;
            match source.next(found + 1, indexes.end) {
                Some(next) => found = next,
                None => break,
            }
        }
        target.count_filled(filled);
    };
    from.visit(area.start, area.end, &mut visit, &mut frame::Frame::free_table);
    result
}
