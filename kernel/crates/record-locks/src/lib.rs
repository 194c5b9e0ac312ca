//! Record locks (fcntl(2)): [`Records`] are those of one file, [`Waits`] says who waits for whom.
//!
//! Locks of one holder never overlap and merge with their neighbours of the same kind; setting one replaces what
//! the holder had in the range, splitting what sticks out.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

/// Shared or exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockKind {
    Read,
    Write,
}

/// A locked range, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<H> {
    pub start: u64,
    pub end: u64,
    pub kind: LockKind,
    pub holder: H,
    /// The process to name to those who ask.
    pub process: i32,
}

/// There is no memory for another lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMemory;

/// The record locks of one file, ordered by start.
#[derive(Clone, Debug)]
pub struct Records<H> {
    list: Vec<Record<H>>,
}

impl<H: Copy + Eq> Default for Records<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Copy + Eq> Records<H> {
    /// No locks.
    pub const fn new() -> Self {
        Self { list: Vec::new() }
    }

    /// Is nothing locked?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All locks, by start.
    pub fn iter(&self) -> impl Iterator<Item = &Record<H>> {
        self.list.iter()
    }

    /// The first lock of somebody else that forbids this one.
    pub fn conflict(&self, holder: H, kind: LockKind, start: u64, end: u64) -> Option<&Record<H>> {
        self.list.iter().take_while(|record| record.start <= end).find(|record| {
            record.end >= start
                && record.holder != holder
                && (kind == LockKind::Write || record.kind == LockKind::Write)
        })
    }

    /// Locks a range for its holder (there is no conflict), in place of what the holder had there.
    pub fn set(&mut self, new: Record<H>) -> Result<(), NoMemory> {
        // Cutting may split one lock in two, and the new one comes on top.
        self.list.try_reserve(2).map_err(|_| NoMemory)?;
        let Record { mut start, mut end, .. } = new;
        let joins = |old: &Record<H>| {
            old.holder == new.holder
                && old.kind == new.kind
                && old.start <= end.saturating_add(1)
                && start <= old.end.saturating_add(1)
        };
        // Neighbours of the same kind become part of it.
        let (mut low, mut high) = (start, end);
        for old in self.list.iter().filter(|old| joins(old)) {
            low = low.min(old.start);
            high = high.max(old.end);
        }
        (start, end) = (low, high);
        self.cut(new.holder, start, end);
        let at = self.list.partition_point(|old| old.start < start);
        self.list.insert(at, Record { start, end, ..new });
        Ok(())
    }

    /// Unlocks what the holder has in the range.
    pub fn clear(&mut self, holder: H, start: u64, end: u64) -> Result<(), NoMemory> {
        self.list.try_reserve(1).map_err(|_| NoMemory)?;
        self.cut(holder, start, end);
        Ok(())
    }

    /// Unlocks everything that the holder has. True if that was anything.
    pub fn release(&mut self, holder: H) -> bool {
        let before = self.list.len();
        self.list.retain(|record| record.holder != holder);
        self.list.len() != before
    }

    /// Takes the range out of the holder's locks. There is room for one lock more.
    fn cut(&mut self, holder: H, start: u64, end: u64) {
        let mut index = 0;
        while let Some(&old) = self.list.get(index) {
            if old.start > end {
                return;
            }
            if old.holder != holder || old.end < start {
                index += 1;
                continue;
            }
            let left = (old.start < start).then(|| Record { end: start - 1, ..old });
            let right = (old.end > end).then(|| Record { start: end + 1, ..old });
            match (left, right) {
                (None, None) => {
                    self.list.remove(index);
                }
                (Some(left), None) => {
                    self.list[index] = left;
                    index += 1;
                }
                (left, Some(right)) => {
                    // Starts later now: find its place again. Nothing behind it concerns this holder's range.
                    self.list.remove(index);
                    if let Some(left) = left {
                        self.list.insert(index, left);
                    }
                    let at = self.list.partition_point(|other| other.start < right.start);
                    self.list.insert(at, right);
                    return;
                }
            }
        }
    }
}

/// Who waits for whom, over all files.
#[derive(Clone, Debug)]
pub struct Waits<H> {
    edges: Vec<(H, H)>,
}

impl<H: Copy + Eq> Default for Waits<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Copy + Eq> Waits<H> {
    /// Nobody waits.
    pub const fn new() -> Self {
        Self { edges: Vec::new() }
    }

    /// Would `waiter` wait for itself, through others, if it waited for `blocker`?
    pub fn would_deadlock(&self, waiter: H, blocker: H) -> bool {
        // Threads of one holder may wait for several: search them all, each edge once.
        let mut reached = Vec::new();
        if reached.try_reserve(self.edges.len() + 1).is_err() {
            return false;
        }
        reached.push(blocker);
        let mut next = 0;
        while let Some(&current) = reached.get(next) {
            if current == waiter {
                return true;
            }
            next += 1;
            for &(_, to) in self.edges.iter().filter(|(from, _)| *from == current) {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        false
    }

    /// `waiter` waits for `blocker` now.
    pub fn add(&mut self, waiter: H, blocker: H) -> Result<(), NoMemory> {
        self.edges.try_reserve(1).map_err(|_| NoMemory)?;
        self.edges.push((waiter, blocker));
        Ok(())
    }

    /// One such wait is over.
    pub fn remove(&mut self, waiter: H, blocker: H) {
        if let Some(at) = self.edges.iter().position(|&edge| edge == (waiter, blocker)) {
            self.edges.swap_remove(at);
            if self.edges.is_empty() {
                self.edges = Vec::new();
            }
        }
    }
}
