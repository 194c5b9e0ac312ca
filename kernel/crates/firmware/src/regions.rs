//! The memory map while it is being made: ranges of physical memory, some of them taken.

/// A range of physical addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryRegion {
    /// First byte.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// RAM that nothing occupies: neither firmware, kernel image, page tables nor initrd.
    pub usable: bool,
}

/// Ranges kept, at most; a map with more loses its smallest part.
const CAPACITY: usize = 128;

/// Sorted ranges without overlaps.
#[derive(Debug)]
pub struct Regions {
    list: [MemoryRegion; CAPACITY],
    count: usize,
    /// Memory (of any use) ends here.
    memory_end: u64,
    /// Memory below 4 GiB ends here; device registers follow.
    low_memory_end: u64,
}

/// Addresses from here on do not exist on any machine (and the kernel's map of memory ends here).
const ADDRESS_LIMIT: u64 = 1 << 46;
/// Below this, memory is followed by device registers.
const LOW_LIMIT: u64 = 4 << 30;

impl Default for Regions {
    fn default() -> Self {
        Self::new()
    }
}

impl Regions {
    /// No memory at all.
    pub const fn new() -> Self {
        let empty = MemoryRegion { start: 0, end: 0, usable: false };
        Self { list: [empty; CAPACITY], count: 0, memory_end: 0, low_memory_end: 0 }
    }

    /// Adds RAM. What is reserved there stays reserved.
    pub fn add_ram(&mut self, start: u64, end: u64) {
        let end = end.min(ADDRESS_LIMIT);
        if start >= end {
            return;
        }
        self.note_memory(start, end);
        let mut at = start;
        for index in 0..self.count {
            let known = self.list[index];
            if known.end <= at || known.start >= end {
                continue;
            }
            if known.start > at {
                self.insert(MemoryRegion { start: at, end: known.start, usable: true });
                return self.add_ram(known.end, end);
            }
            at = known.end;
        }
        if at < end {
            self.insert(MemoryRegion { start: at, end, usable: true });
        }
    }

    /// Takes the range away from what is usable; keeps it as reserved where it is memory.
    pub fn reserve(&mut self, start: u64, end: u64) {
        let end = end.min(ADDRESS_LIMIT);
        if start >= end {
            return;
        }
        let mut index = 0;
        while index < self.count {
            let known = self.list[index];
            if known.end <= start || known.start >= end {
                index += 1;
                continue;
            }
            self.remove(index);
            for piece in [
                MemoryRegion { end: start.max(known.start), ..known },
                MemoryRegion { start: end.min(known.end), ..known },
            ] {
                self.insert(piece);
            }
            index = 0;
        }
        self.insert(MemoryRegion { start, end, usable: false });
    }

    /// There is memory in this range, though not for us.
    pub fn note_memory(&mut self, start: u64, end: u64) {
        let end = end.min(ADDRESS_LIMIT);
        self.memory_end = self.memory_end.max(end);
        if start < LOW_LIMIT {
            self.low_memory_end = self.low_memory_end.max(end.min(LOW_LIMIT));
        }
    }

    /// The end of all memory.
    pub fn memory_end(&self) -> u64 {
        self.memory_end
    }

    /// The end of the memory below 4 GiB.
    pub fn low_memory_end(&self) -> u64 {
        self.low_memory_end
    }

    /// Takes `size` bytes of usable memory below `limit`, aligned to `size` (a power of two).
    pub fn take(&mut self, size: u64, limit: u64) -> Option<u64> {
        let start = self.list[..self.count].iter().filter(|region| region.usable).find_map(|region| {
            let start = region.start.next_multiple_of(size);
            (start + size <= region.end.min(limit)).then_some(start)
        })?;
        self.reserve(start, start + size);
        Some(start)
    }

    /// Shrinks usable ranges to whole pages and drops what is empty then.
    pub fn finish(&mut self, page: u64) {
        for region in self.list[..self.count].iter_mut().filter(|region| region.usable) {
            region.start = region.start.next_multiple_of(page);
            region.end = (region.end & !(page - 1)).max(region.start);
        }
        let mut kept = 0;
        for index in 0..self.count {
            if self.list[index].start < self.list[index].end {
                self.list[kept] = self.list[index];
                kept += 1;
            }
        }
        self.count = kept;
    }

    /// The ranges.
    pub fn as_slice(&self) -> &[MemoryRegion] {
        &self.list[..self.count]
    }

    fn insert(&mut self, region: MemoryRegion) {
        if region.start >= region.end || self.count == CAPACITY {
            return;
        }
        let at = self.list[..self.count].partition_point(|known| known.start < region.start);
        self.list.copy_within(at..self.count, at + 1);
        self.list[at] = region;
        self.count += 1;
    }

    fn remove(&mut self, at: usize) {
        self.list.copy_within(at + 1..self.count, at);
        self.count -= 1;
    }
}
