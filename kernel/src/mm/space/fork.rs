//! Copying an address space.

use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use vma::{Area, AreaMap};

use super::gather::Gather;
use super::region::Flags;
use super::{AddressSpace, Inner, Limits, Usage};
use crate::arch::x86_64::paging::{self, Leaf, Tables, Walk, OBJECT, SPECIAL, WRITABLE};
use crate::mm::frame::{self, Frame};
use crate::mm::PAGE_SIZE;
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
            let mut copy = Copy { to: &mut child.tables, counts: &mut child.counts, gather, failed: false };
            tables.visit(area.start, area.end, &mut copy);
            if copy.failed {
                return Err(Kind::NoMemory.into());
            }
        }
    }
    child.counts.note_peak();
    Ok(())
}

/// Copies entries to other tables; both sides lose the right to write to private pages.
struct Copy<'a, 'g> {
    to: &'a mut Tables,
    counts: &'a mut Usage,
    gather: &'a mut Gather<'g>,
    failed: bool,
}

impl Walk for Copy<'_, '_> {
    #[inline]
    fn leaf(&mut self, source: Leaf, indexes: Range<usize>, base: usize) {
        let Some((mut index, mut entry)) = source.find(indexes.start, indexes.end) else { return };
        let Ok((target, _)) = self.to.leaf_for(base) else {
            self.failed = true;
            return;
        };
        let mut left = source.count();
        let (mut filled, mut objects, mut frames) = (0, 0, 0);
        loop {
            if entry & WRITABLE != 0 {
                entry &= !WRITABLE;
                source.change(index, entry);
            }
            if entry & SPECIAL == 0 {
                frame::retain(paging::frame_number(entry));
                frames += 1;
                objects += usize::from(entry & OBJECT != 0);
            }
            target.fill_uncounted(index, entry);
            filled += 1;
            left -= 1;
            if left == 0 {
                break;
            }
            match source.find(index + 1, indexes.end) {
                Some(next) => (index, entry) = next,
                None => break,
            }
        }
        target.adjust_count(filled);
        self.counts.object += objects;
        self.counts.anonymous += frames - objects;
        self.gather.changed(base..base + indexes.len() * PAGE_SIZE);
    }

    fn table(&mut self, table: Frame) {
        self.gather.table(table);
    }
}
