//! [`DirIndex`]: the entries of one directory, found by name and read in a stable order.
//!
//! Entries get ascending numbers as they are made. They stand in a vector by number, a removed one leaving a gap
//! until there are more gaps than entries, and a hash table finds them by name. So a reader that goes on from a
//! number never sees an entry twice and misses none that was there all the time, whatever is removed meanwhile.

use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::name::{Hasher, Name};

/// Up to so many entries are searched without a hash table.
const LINEAR: usize = 8;

struct Entry<V> {
    number: u64,
    hash: u32,
    name: Name,
    /// `None` marks a gap.
    value: Option<V>,
}

/// The entries of a directory.
pub struct DirIndex<V> {
    entries: Vec<Entry<V>>,
    /// Indices into `entries`, once there are more than a few.
    table: HashTable<u32>,
    indexed: bool,
    live: usize,
    next: u64,
}

impl<V> Default for DirIndex<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> DirIndex<V> {
    /// No entries.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), table: HashTable::new(), indexed: false, live: 0, next: 1 }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    fn find(&self, hash: u32, name: &[u8]) -> Option<usize> {
        let matches = |entry: &Entry<V>| entry.hash == hash && entry.value.is_some() && entry.name.is(name);
        if !self.indexed {
            return self.entries.iter().position(matches);
        }
        let found = self.table.find(spread(hash), |&index| matches(&self.entries[index as usize]));
        found.map(|&index| index as usize)
    }

    /// The value of `name`.
    pub fn get(&self, name: &[u8]) -> Option<&V> {
        let index = self.find(Hasher::of(0, name), name)?;
        self.entries[index].value.as_ref()
    }

    /// Enters a name that is not there. False without memory.
    pub fn insert(&mut self, name: &[u8], value: V) -> bool {
        let hash = Hasher::of(0, name);
        let Some(name) = Name::new(name) else { return false };
        if self.entries.len() >= u32::MAX as usize
            || self.entries.try_reserve(1).is_err()
            || !self.reserve_index()
        {
            return false;
        }
        let index = self.entries.len() as u32;
        self.entries.push(Entry { number: self.next, hash, name, value: Some(value) });
        self.next += 1;
        self.live += 1;
        if self.indexed {
            let entries = &self.entries;
            self.table.insert_unique(spread(hash), index, |&index| spread(entries[index as usize].hash));
        }
        true
    }

    /// Makes sure that the table can take one entry more, or is not needed yet.
    fn reserve_index(&mut self) -> bool {
        let entries = &self.entries;
        let hasher = |&index: &u32| spread(entries[index as usize].hash);
        if self.indexed {
            return self.table.try_reserve(1, hasher).is_ok();
        }
        if entries.len() < LINEAR {
            return true;
        }
        if self.table.try_reserve(entries.len() + 1, hasher).is_err() {
            return false;
        }
        self.fill_table();
        true
    }

    /// Enters all entries in the table, which is empty and has room for them: no memory is allocated.
    fn fill_table(&mut self) {
        let entries = &self.entries;
        for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.value.is_some()) {
            self.table.insert_unique(spread(entry.hash), index as u32, |&index| {
                spread(entries[index as usize].hash)
            });
        }
        self.indexed = true;
    }

    /// Replaces the value of a name that is there.
    pub fn replace(&mut self, name: &[u8], value: V) -> Option<V> {
        let index = self.find(Hasher::of(0, name), name)?;
        self.entries[index].value.replace(value)
    }

    /// Removes a name and returns its value.
    pub fn remove(&mut self, name: &[u8]) -> Option<V> {
        let hash = Hasher::of(0, name);
        let index = self.find(hash, name)?;
        if let Ok(occupied) = self.table.find_entry(spread(hash), |&other| other as usize == index) {
            occupied.remove();
        }
        let value = self.entries[index].value.take();
        self.entries[index].name = Name::empty();
        self.live -= 1;
        while self.entries.last().is_some_and(|entry| entry.value.is_none()) {
            self.entries.pop();
        }
        if self.entries.len() > 2 * self.live + LINEAR {
            self.close_gaps();
        }
        self.shrink();
        value
    }

    /// Gives memory back once three quarters of it are unused, if there is memory to move into.
    fn shrink(&mut self) {
        let (len, capacity) = (self.entries.len(), self.entries.capacity());
        if len > capacity / 4 || (len > 0 && capacity <= 4) {
            return;
        }
        self.resize(if len == 0 { 0 } else { (capacity / 2).max(4) });
    }

    /// Closes all gaps and moves into memory that fits, if there is any to move into.
    pub fn pack(&mut self) {
        self.close_gaps();
        self.resize(self.entries.len());
    }

    /// Moves the entries into memory for `capacity` of them, and the index into memory that fits.
    fn resize(&mut self, capacity: usize) {
        let mut entries = Vec::new();
        if entries.try_reserve_exact(capacity).is_err() {
            return;
        }
        entries.append(&mut self.entries);
        self.entries = entries;
        let len = self.entries.len();
        if len == 0 {
            self.table = HashTable::new();
            self.indexed = false;
            return;
        }
        let mut table = HashTable::new();
        let hasher = |&index: &u32| spread(self.entries[index as usize].hash);
        if self.indexed && table.try_reserve(len, hasher).is_ok() {
            self.table = table;
            self.fill_table();
        }
    }

    fn close_gaps(&mut self) {
        self.entries.retain(|entry| entry.value.is_some());
        self.indexed = false;
        if self.entries.len() <= LINEAR {
            self.table = HashTable::new();
            return;
        }
        // The table had at least these entries before it was cleared, so filling it allocates nothing.
        self.table.clear();
        self.fill_table();
    }

    /// The newest entry whose number is below `number`, with that number.
    pub fn before(&self, number: u64) -> Option<(u64, &Name, &V)> {
        let end = self.entries.partition_point(|entry| entry.number < number);
        let entry = self.entries[..end].iter().rev().find(|entry| entry.value.is_some())?;
        Some((entry.number, &entry.name, entry.value.as_ref()?))
    }

    /// All values, the oldest first.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().filter_map(|entry| entry.value.as_ref())
    }

    /// All values, in no particular order, leaving no entries.
    pub fn drain(&mut self) -> impl Iterator<Item = V> + '_ {
        self.table.clear();
        self.indexed = false;
        self.live = 0;
        self.entries.drain(..).filter_map(|entry| entry.value)
    }
}

/// Hash tables want entropy in the top bits too.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
