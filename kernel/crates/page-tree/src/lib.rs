//! A sparse array indexed by page number: a tree of 64-way nodes that is as high as the largest index needs.
//!
//! An array with nothing but index 0, the usual small file, has no node at all. Growth reports a lack of memory
//! instead of aborting.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

const BITS: u32 = 6;
const WIDTH: usize = 1 << BITS;

/// There is no memory for another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// A `Box` whose making may fail: a vector of one is the stable way to ask.
type Owned<T> = Box<[T; 1]>;

fn try_box<T>(value: T) -> Result<Owned<T>, NoMemory> {
    let mut one = Vec::new();
    one.try_reserve_exact(1).map_err(|_| NoMemory)?;
    one.push(value);
    one.into_boxed_slice().try_into().map_err(|_| NoMemory)
}

#[derive(Debug)]
struct Slots<T> {
    slots: [Option<T>; WIDTH],
    used: u8,
}

impl<T> Slots<T> {
    fn boxed() -> Result<Owned<Self>, NoMemory> {
        try_box(Self { slots: [const { None }; WIDTH], used: 0 })
    }

    fn put(&mut self, slot: usize, value: T) -> Option<T> {
        let before = self.slots[slot].replace(value);
        self.used += u8::from(before.is_none());
        before
    }

    fn take(&mut self, slot: usize) -> Option<T> {
        let value = self.slots[slot].take();
        self.used -= u8::from(value.is_some());
        value
    }
}

#[derive(Debug)]
enum Node<T> {
    Leaf(Owned<Slots<T>>),
    Inner(Owned<Slots<Node<T>>>),
}

impl<T> Node<T> {
    /// An empty node whose leaves are `level` steps down.
    fn new(level: u32) -> Result<Self, NoMemory> {
        Ok(if level == 0 { Self::Leaf(Slots::boxed()?) } else { Self::Inner(Slots::boxed()?) })
    }

    fn used(&self) -> u8 {
        match self {
            Self::Leaf(leaf) => leaf[0].used,
            Self::Inner(inner) => inner[0].used,
        }
    }

    fn insert(&mut self, level: u32, index: u64, value: T) -> Result<Option<T>, NoMemory> {
        let slot = slot_of(index, level);
        match self {
            Self::Leaf(leaf) => Ok(leaf[0].put(slot, value)),
            Self::Inner(inner) => {
                if inner[0].slots[slot].is_none() {
                    // Filled before it is linked, so that a failure leaves no empty node behind.
                    let mut child = Self::new(level - 1)?;
                    let before = child.insert(level - 1, index, value)?;
                    inner[0].put(slot, child);
                    return Ok(before);
                }
                inner[0].slots[slot]
                    .as_mut()
                    .map_or(Err(NoMemory), |child| child.insert(level - 1, index, value))
            }
        }
    }

    /// Takes out what is in the range, which is given relative to this node's first index.
    fn remove(&mut self, level: u32, range: Range<u64>, taken: &mut impl FnMut(u64, T), base: u64) {
        let size = 1u64 << (BITS * level);
        let (first, last) =
            ((range.start / size) as usize, range.end.div_ceil(size).min(WIDTH as u64) as usize);
        match self {
            Self::Leaf(leaf) => {
                for slot in first..last {
                    if let Some(value) = leaf[0].take(slot) {
                        taken(base + slot as u64, value);
                    }
                }
            }
            Self::Inner(inner) => {
                for slot in first..last {
                    let start = slot as u64 * size;
                    let Some(child) = &mut inner[0].slots[slot] else { continue };
                    let part = range.start.saturating_sub(start)..range.end.min(start + size) - start;
                    child.remove(level - 1, part, taken, base + start);
                    if child.used() == 0 {
                        inner[0].take(slot);
                    }
                }
            }
        }
    }

    /// The first index from `from` on (relative) that is present.
    fn next(&self, level: u32, from: u64) -> Option<u64> {
        let size = 1u64 << (BITS * level);
        let first = (from / size) as usize;
        match self {
            Self::Leaf(leaf) => {
                (first..WIDTH).find(|&slot| leaf[0].slots[slot].is_some()).map(|slot| slot as u64)
            }
            Self::Inner(inner) => (first..WIDTH).find_map(|slot| {
                let start = slot as u64 * size;
                let child = inner[0].slots[slot].as_ref()?;
                Some(start + child.next(level - 1, from.saturating_sub(start))?)
            }),
        }
    }
}

#[inline]
fn slot_of(index: u64, level: u32) -> usize {
    (index >> (BITS * level)) as usize % WIDTH
}

#[derive(Debug)]
enum Root<T> {
    Empty,
    /// Index 0 only.
    Single(T),
    /// The node and how many steps its leaves are down.
    Tree(Node<T>, u32),
}

/// The array.
#[derive(Debug)]
pub struct PageTree<T> {
    root: Root<T>,
    count: usize,
}

/// Indexes are below this.
pub const LIMIT: u64 = 1 << 60;

fn level_for(index: u64) -> u32 {
    let bits = 64 - index.leading_zeros();
    bits.div_ceil(BITS).max(1) - 1
}

/// Is the index within a tree of this height?
fn covers(level: u32, index: u64) -> bool {
    index >> (BITS * (level + 1)) == 0
}

impl<T> Default for PageTree<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> PageTree<T> {
    /// An empty array.
    pub const fn new() -> Self {
        Self { root: Root::Empty, count: 0 }
    }

    /// Entries that are present.
    #[inline]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The entry, if present.
    #[inline]
    pub fn get(&self, index: u64) -> Option<&T> {
        match &self.root {
            Root::Empty => None,
            Root::Single(value) => (index == 0).then_some(value),
            Root::Tree(node, level) => {
                let mut level = *level;
                if !covers(level, index) {
                    return None;
                }
                let mut node = node;
                loop {
                    match node {
                        Node::Leaf(leaf) => return leaf[0].slots[slot_of(index, 0)].as_ref(),
                        Node::Inner(inner) => node = inner[0].slots[slot_of(index, level)].as_ref()?,
                    }
                    level -= 1;
                }
            }
        }
    }

    /// Puts an entry in and returns the one that was there. Without memory, and beyond [`LIMIT`], the value is
    /// dropped.
    pub fn insert(&mut self, index: u64, value: T) -> Result<Option<T>, NoMemory> {
        if index >= LIMIT {
            return Err(NoMemory);
        }
        if let Root::Empty = self.root {
            if index == 0 {
                self.root = Root::Single(value);
                self.count = 1;
                return Ok(None);
            }
        }
        if let (Root::Single(slot), 0) = (&mut self.root, index) {
            return Ok(Some(core::mem::replace(slot, value)));
        }
        self.grow(level_for(index))?;
        let Root::Tree(node, level) = &mut self.root else { return Err(NoMemory) };
        let before = node.insert(*level, index, value);
        if let Ok(before) = &before {
            self.count += usize::from(before.is_none());
        }
        before
    }

    /// Makes the root a tree of at least this level.
    fn grow(&mut self, wanted: u32) -> Result<(), NoMemory> {
        match core::mem::replace(&mut self.root, Root::Empty) {
            Root::Tree(node, level) => {
                self.root = Root::Tree(node, level);
            }
            first => {
                let leaf = match Node::new(0) {
                    Ok(leaf) => leaf,
                    Err(error) => {
                        self.root = first;
                        return Err(error);
                    }
                };
                let (Node::Leaf(mut slots), Root::Single(value)) = (leaf, first) else {
                    self.root = Root::Tree(Node::new(wanted)?, wanted);
                    return Ok(());
                };
                slots[0].put(0, value);
                self.root = Root::Tree(Node::Leaf(slots), 0);
            }
        }
        while let Root::Tree(_, level) = self.root {
            if level >= wanted {
                break;
            }
            let mut parent = Slots::boxed()?;
            if let Root::Tree(node, level) = core::mem::replace(&mut self.root, Root::Empty) {
                if node.used() > 0 {
                    parent[0].put(0, node);
                }
                self.root = Root::Tree(Node::Inner(parent), level + 1);
            }
        }
        Ok(())
    }

    /// Takes an entry out.
    pub fn remove(&mut self, index: u64) -> Option<T> {
        let mut found = None;
        self.remove_range(index..index.checked_add(1)?, |_, value| found = Some(value));
        found
    }

    /// Takes all entries of the range out, in order.
    pub fn remove_range(&mut self, range: Range<u64>, mut taken: impl FnMut(u64, T)) {
        if range.is_empty() {
            return;
        }
        let mut gone = 0;
        match &mut self.root {
            Root::Empty => {}
            Root::Single(_) => {
                if range.start == 0 {
                    if let Root::Single(value) = core::mem::replace(&mut self.root, Root::Empty) {
                        taken(0, value);
                        gone = 1;
                    }
                }
            }
            Root::Tree(node, level) => {
                let part = range.start..range.end.min(1 << (BITS * (*level + 1)));
                if !part.is_empty() {
                    node.remove(
                        *level,
                        part,
                        &mut |index, value| {
                            gone += 1;
                            taken(index, value)
                        },
                        0,
                    );
                }
                if node.used() == 0 {
                    self.root = Root::Empty;
                }
            }
        }
        self.count -= gone;
    }

    /// The first index from `from` on that is present.
    pub fn next_present(&self, from: u64) -> Option<u64> {
        match &self.root {
            Root::Empty => None,
            Root::Single(_) => (from == 0).then_some(0),
            Root::Tree(node, level) => covers(*level, from).then(|| node.next(*level, from)).flatten(),
        }
    }

    /// The first index from `from` on that is absent.
    pub fn next_absent(&self, from: u64) -> u64 {
        let mut index = from;
        while self.get(index).is_some() {
            index += 1;
        }
        index
    }
}
