//! A map of address ranges to values: insert with joining, cut out with splitting, change, find a gap.
//!
//! The areas stand in one vector, highest first: new mappings go below the old ones, so that they land near its
//! end and little moves. The search for a gap, from the ceiling down, begins where the last one of the same size
//! or smaller found nothing. Growth reports a lack of memory instead of aborting.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;
use core::ops::Range;

/// There is no memory for another area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// What an area carries.
pub trait Value: Sized {
    /// The value of the part that begins `offset` bytes further up.
    fn split(&self, offset: usize) -> Self;
    /// May an area of `len` bytes with this value and the one right above it become one?
    fn joins(&self, len: usize, above: &Self) -> bool;
    /// The area above has joined this one.
    fn absorb(&mut self, above: Self);
    /// Bytes below the area that new mappings keep away from.
    fn guard(&self) -> usize {
        0
    }
}

/// A range of addresses and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area<V> {
    /// First address.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What is there.
    pub value: V,
}

impl<V: Value> Area<V> {
    /// Bytes.
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// An area is never empty; here for completeness.
    pub const fn is_empty(&self) -> bool {
        self.end == self.start
    }

    fn lowest(&self) -> usize {
        self.start.saturating_sub(self.value.guard())
    }
}

/// The map. Areas never overlap.
#[derive(Debug)]
pub struct AreaMap<V> {
    /// Highest first.
    areas: Vec<Area<V>>,
    /// Where the last [`Self::find`] found something.
    last: usize,
    /// Gaps are sought below this.
    ceiling: usize,
    /// No guard was ever larger.
    guard_reach: usize,
    /// Between here and the ceiling there is no gap of `hint_len` bytes or more.
    hint: usize,
    hint_len: usize,
}

impl<V> Default for AreaMap<V> {
    fn default() -> Self {
        Self { areas: Vec::new(), last: 0, ceiling: 0, guard_reach: 0, hint: 0, hint_len: 0 }
    }
}

impl<V: Value> AreaMap<V> {
    /// An empty map in which gaps are sought below `ceiling`.
    pub const fn new(ceiling: usize) -> Self {
        Self { areas: Vec::new(), last: 0, ceiling, guard_reach: 0, hint: ceiling, hint_len: 0 }
    }

    /// Moves the ceiling.
    pub fn set_ceiling(&mut self, ceiling: usize) {
        (self.ceiling, self.hint, self.hint_len) = (ceiling, ceiling, 0);
    }

    /// Gaps are sought below this.
    pub const fn ceiling(&self) -> usize {
        self.ceiling
    }

    /// How many areas there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Is there no area?
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// All areas, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Area<V>> {
        self.areas.iter().rev()
    }

    /// All areas to be changed, lowest first. Bounds stay in order and apart.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Area<V>> {
        self.areas.iter_mut().rev()
    }

    /// Makes room for `more` areas.
    pub fn reserve(&mut self, more: usize) -> Result<(), NoMemory> {
        self.areas.try_reserve(more).map_err(|_| NoMemory)
    }

    /// Index of the area that contains the address.
    #[inline]
    fn index_of(&mut self, address: usize) -> Option<usize> {
        if let Some(area) = self.areas.get(self.last) {
            if area.start <= address && address < area.end {
                return Some(self.last);
            }
        }
        let index = self.areas.partition_point(|area| area.start > address);
        let found = self.areas.get(index).is_some_and(|area| address < area.end);
        found.then(|| {
            self.last = index;
            index
        })
    }

    /// The area that contains the address.
    #[inline]
    pub fn find(&mut self, address: usize) -> Option<&mut Area<V>> {
        let index = self.index_of(address)?;
        self.areas.get_mut(index)
    }

    /// The area that contains the address, where the map may not be changed.
    pub fn get(&self, address: usize) -> Option<&Area<V>> {
        let index = self.areas.partition_point(|area| area.start > address);
        self.areas.get(index).filter(|area| address < area.end)
    }

    /// The lowest area that ends above the address (it may contain it).
    pub fn at_or_above(&self, address: usize) -> Option<&Area<V>> {
        let count = self.areas.partition_point(|area| area.end > address);
        self.areas.get(count.checked_sub(1)?)
    }

    /// The lowest area that ends above the address, with the end of the area below it.
    pub fn at_or_above_mut(&mut self, address: usize) -> Option<(&mut Area<V>, Option<&Area<V>>)> {
        let count = self.areas.partition_point(|area| area.end > address);
        let (upper, lower) = self.areas.split_at_mut(count);
        Some((upper.last_mut()?, lower.first()))
    }

    fn overlap(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.areas.partition_point(|area| area.start >= range.end);
        let last = self.areas.partition_point(|area| area.end > range.start);
        first..last.max(first)
    }

    /// Is any address of the range mapped?
    pub fn overlaps(&self, range: Range<usize>) -> bool {
        !self.overlap(&range).is_empty()
    }

    /// Areas that have an address in the range, lowest first.
    pub fn within(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = &Area<V>> {
        self.areas[self.overlap(&range)].iter().rev()
    }

    /// Areas that have an address in the range, to be changed, lowest first. Bounds stay.
    pub fn within_mut(&mut self, range: Range<usize>) -> impl DoubleEndedIterator<Item = &mut Area<V>> {
        let found = self.overlap(&range);
        self.areas[found].iter_mut().rev()
    }

    /// How many more areas there are after the range was cut out: at most 1.
    pub fn growth_by_cut(&self, range: &Range<usize>) -> usize {
        let found = self.overlap(range);
        let inside = |area: &Area<V>| area.start < range.start && area.end > range.end;
        usize::from(found.len() == 1 && inside(&self.areas[found.start]))
    }

    /// Adds an area where nothing is mapped; it joins its neighbours where the values allow that.
    pub fn insert(&mut self, area: Area<V>) -> Result<(), NoMemory> {
        debug_assert!(area.start < area.end && !self.overlaps(area.start..area.end));
        self.guard_reach = self.guard_reach.max(area.value.guard());
        let index = self.areas.partition_point(|other| other.start > area.start);
        if let Some(below) = self.areas.get_mut(index) {
            if below.end == area.start && below.value.joins(below.end - below.start, &area.value) {
                below.end = area.end;
                below.value.absorb(area.value);
                self.last = index;
                self.join_above(index);
                return Ok(());
            }
        }
        self.reserve(1)?;
        self.areas.insert(index, area);
        self.last = index;
        self.join_above(index);
        Ok(())
    }

    /// Adds an area below all others, without joining it with any: for copying a map, highest area first.
    pub fn push_lowest(&mut self, area: Area<V>) -> Result<(), NoMemory> {
        self.guard_reach = self.guard_reach.max(area.value.guard());
        debug_assert!(
            area.start < area.end && self.areas.last().is_none_or(|lowest| area.end <= lowest.start)
        );
        self.reserve(1)?;
        self.areas.push(area);
        Ok(())
    }

    /// Joins the area at `index` with the one above it, if they fit.
    fn join_above(&mut self, index: usize) -> bool {
        let Some(above) = index.checked_sub(1) else { return false };
        let (upper, lower) = self.areas.split_at(index);
        let (Some(high), Some(low)) = (upper.last(), lower.first()) else { return false };
        if low.end != high.start || !low.value.joins(low.end - low.start, &high.value) {
            return false;
        }
        let high = self.areas.remove(above);
        let low = &mut self.areas[above];
        low.end = high.end;
        low.value.absorb(high.value);
        self.last = above;
        true
    }

    /// Splits the area that contains the address above its start there.
    fn split_at(&mut self, address: usize) -> Result<(), NoMemory> {
        let Some(index) = self.index_of(address) else { return Ok(()) };
        let start = self.areas[index].start;
        if start == address {
            return Ok(());
        }
        self.reserve(1)?;
        let low = &mut self.areas[index];
        let high = Area { start: address, end: low.end, value: low.value.split(address - start) };
        low.end = address;
        self.areas.insert(index, high);
        Ok(())
    }

    /// Takes everything in the range out, splitting areas at its bounds; `removed` gets it, highest first.
    /// Without memory nothing changes.
    pub fn cut(&mut self, range: Range<usize>, mut removed: impl FnMut(Area<V>)) -> Result<(), NoMemory> {
        let mut found = self.overlap(&range);
        let Some(highest) = self.areas[found.clone()].first() else { return Ok(()) };
        let lowest = &self.areas[found.end - 1];
        if highest.end > range.end || lowest.start < range.start {
            self.reserve(2)?;
            self.split_at(range.start)?;
            self.split_at(range.end)?;
            found = self.overlap(&range);
        }
        let top = match found.start.checked_sub(1).and_then(|above| self.areas.get(above)) {
            Some(above) => above.lowest().min(self.ceiling),
            None => self.ceiling,
        };
        // The gap that appears reaches up to `top`.
        self.hint = self.hint.max(top);
        if found.len() == 1 {
            removed(self.areas.remove(found.start));
        } else {
            self.areas.drain(found).for_each(&mut removed);
        }
        Ok(())
    }

    /// Changes the values in the range, splitting areas at its bounds and joining what fits afterwards. Without
    /// memory nothing changes.
    pub fn change(
        &mut self,
        range: Range<usize>,
        mut change: impl FnMut(&mut Area<V>),
    ) -> Result<(), NoMemory> {
        self.reserve(2)?;
        self.split_at(range.start)?;
        self.split_at(range.end)?;
        let found = self.overlap(&range);
        self.areas[found.clone()].iter_mut().rev().for_each(&mut change);
        let guards = self.areas[found.clone()].iter().map(|area| area.value.guard());
        self.guard_reach = guards.fold(self.guard_reach, usize::max);
        // From the area below the range up to the one above it; each join moves the rest down by one.
        for index in (found.start..(found.end + 1).min(self.areas.len())).rev() {
            self.join_above(index);
        }
        self.last = 0;
        // A guard may have come or gone.
        self.hint = self.ceiling;
        self.hint_len = 0;
        Ok(())
    }

    /// The highest gap of `len` bytes between `floor` and the ceiling, guards respected: its address.
    pub fn gap_below_ceiling(&mut self, len: usize, floor: usize) -> Option<usize> {
        if len < self.hint_len {
            self.hint = self.ceiling;
        }
        let first = self.areas.partition_point(|area| area.start >= self.hint);
        // Guards of areas that begin further up may reach below the hint.
        let near = self.areas[..first].iter().rev();
        let near = near.take_while(|area| area.start < self.hint.saturating_add(self.guard_reach));
        let mut top = near.map(Area::lowest).fold(self.hint, usize::min);
        for area in &self.areas[first..] {
            if top.saturating_sub(area.end.max(floor)) >= len {
                break;
            }
            top = top.min(area.lowest());
        }
        self.hint = top;
        self.hint_len = len;
        let address = top.checked_sub(len)?;
        (address >= floor && !self.overlaps(address..top)).then_some(address)
    }

    /// The lowest gap of `len` bytes between `floor` and `end`, guards respected: its address.
    pub fn gap_above(&self, len: usize, floor: usize, end: usize) -> Option<usize> {
        let mut bottom = floor;
        for area in self.iter() {
            if area.end <= bottom {
                continue;
            }
            if area.lowest() >= bottom && area.lowest() - bottom >= len {
                break;
            }
            bottom = area.end;
        }
        (bottom <= end && end - bottom >= len).then_some(bottom)
    }

    /// Could an area stand there with the guards of those above respected?
    pub fn is_free(&self, range: Range<usize>) -> bool {
        !self.overlaps(range.clone())
            && self.at_or_above(range.end).is_none_or(|above| above.lowest() >= range.end)
    }
}
