//! A ring that one owner at a time has: under a lock, or within one thread.
//!
//! Its [cells](Cell) are [slots](crate::Slot) byte for byte: a header of eight bytes, and up to [`PAYLOAD`] bytes
//! inline or the number of a block. But nobody else touches them meanwhile, so there is no atomic access, no turn (its
//! place in the header says where the bytes begin) and no copy on the way: a cell is filled, added to and used up in
//! place. The ring grows when asked to, and takes no memory before.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

use crate::message::{Kind, Message, PAYLOAD};

/// The fewest cells of a ring that has any.
const FEWEST: usize = 4;

/// A slot in the hands of its owner.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Cell {
    /// Where the bytes begin, inline or in the block. A shared slot has its turn here.
    start: u32,
    len: u16,
    kind: u8,
    tag: u8,
    payload: [u8; PAYLOAD],
}

impl Cell {
    const EMPTY: Self = Self { start: 0, len: 0, kind: Kind::Inline as u8, tag: 0, payload: [0; PAYLOAD] };

    /// Becomes a cell for `len` bytes from `start` on in the block of that number. Whoever holds the block, holds it
    /// for the cell from now on.
    #[inline]
    pub fn set_block(&mut self, number: u32, start: u32, len: u16, tag: u8) {
        (self.start, self.len, self.kind, self.tag) = (start, len, Kind::Descriptor as u8, tag);
        self.payload[..4].copy_from_slice(&number.to_ne_bytes());
    }

    /// The number of the block with the bytes; `None` if they are inline.
    #[inline]
    #[must_use]
    pub fn block(&self) -> Option<u32> {
        let [a, b, c, d, ..] = self.payload;
        (self.kind != Kind::Inline as u8).then_some(u32::from_ne_bytes([a, b, c, d]))
    }

    /// Where the bytes begin.
    #[inline]
    #[must_use]
    pub const fn start(&self) -> usize {
        self.start as usize
    }

    /// How many there are.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Are there none?
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where they end.
    #[inline]
    #[must_use]
    pub const fn end(&self) -> usize {
        self.start as usize + self.len as usize
    }

    /// A byte for the owner.
    #[inline]
    #[must_use]
    pub const fn tag(&self) -> u8 {
        self.tag
    }

    /// See [`Self::tag`].
    #[inline]
    pub fn set_tag(&mut self, tag: u8) {
        self.tag = tag;
    }

    /// The bytes of an inline cell.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.payload.get(self.start()..self.end()).unwrap_or_default()
    }

    /// The room behind the bytes of an inline cell; what is put there has to be [added](Self::add).
    #[inline]
    pub fn room(&mut self) -> &mut [u8] {
        let end = self.end();
        self.payload.get_mut(end..).unwrap_or_default()
    }

    /// `count` more bytes belong to it.
    #[inline]
    pub fn add(&mut self, count: usize) {
        self.len += count as u16;
    }

    /// The first `count` bytes, or all if there are fewer, are used up.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.len());
        self.start += count as u32;
        self.len -= count as u16;
    }

    /// Only the first `len` bytes are left of it.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len as u16);
    }

    /// The message that an inline cell is, for a ring with another side.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        if self.kind != Kind::Inline as u8 {
            return None;
        }
        Some(Message::new(self.bytes())?.with_tag(self.tag))
    }
}

/// The ring.
///
/// ```
/// use fusion_ring::local::Ring;
/// let mut ring = Ring::new();
/// ring.reserve(1).unwrap();
/// let cell = ring.push_inline(0).unwrap();
/// cell.room()[..5].copy_from_slice(b"hello");
/// cell.add(5);
/// assert_eq!(ring.front().unwrap().bytes(), b"hello");
/// ring.pop();
/// assert!(ring.is_empty());
/// ```
#[derive(Default)]
pub struct Ring {
    /// A power of two of them, or none.
    cells: Vec<Cell>,
    head: u32,
    tail: u32,
}

impl Ring {
    /// Without cells.
    #[must_use]
    pub const fn new() -> Self {
        Self { cells: Vec::new(), head: 0, tail: 0 }
    }

    /// Cells with something in them.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tail.wrapping_sub(self.head) as usize
    }

    /// Is there none?
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tail == self.head
    }

    /// Cells that there is memory for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.cells.len()
    }

    #[inline]
    fn index(&self, position: u32) -> usize {
        position as usize & self.cells.len().wrapping_sub(1)
    }

    /// Makes room for `more` cells behind the last.
    #[inline]
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        if self.cells.len() - self.len() >= more {
            return Ok(());
        }
        self.resize((self.len() + more).next_power_of_two().max(FEWEST))
    }

    /// Gives memory back that is not needed for what is in the ring.
    pub fn shrink(&mut self) {
        let wanted = if self.is_empty() { 0 } else { self.len().next_power_of_two().max(FEWEST) };
        if wanted < self.cells.len() {
            // Without memory to move into, all stays as it is.
            let _ = self.resize(wanted);
        }
    }

    #[cold]
    fn resize(&mut self, size: usize) -> Result<(), TryReserveError> {
        let mut cells = Vec::new();
        cells.try_reserve_exact(size)?;
        cells.extend(
            (self.head..self.head.wrapping_add(self.len() as u32)).map(|at| self.cells[self.index(at)]),
        );
        self.tail = cells.len() as u32;
        self.head = 0;
        cells.resize(size, Cell::EMPTY);
        self.cells = cells;
        Ok(())
    }

    /// The next cell, which is the last from now on, with whatever was in it; `None` without
    /// [room](Self::reserve).
    #[inline(always)]
    fn push(&mut self) -> Option<&mut Cell> {
        if self.len() == self.cells.len() {
            return None;
        }
        let index = self.index(self.tail);
        self.tail = self.tail.wrapping_add(1);
        self.cells.get_mut(index)
    }

    /// Puts an inline cell without bytes behind the last; `None` without [room](Self::reserve).
    #[inline(always)]
    pub fn push_inline(&mut self, tag: u8) -> Option<&mut Cell> {
        let cell = self.push()?;
        (cell.start, cell.len, cell.kind, cell.tag) = (0, 0, Kind::Inline as u8, tag);
        Some(cell)
    }

    /// Puts a cell for `len` bytes from `start` on in the block of that number behind the last. Whoever holds the block,
    /// holds it for the cell from now on; false without [room](Self::reserve).
    #[inline(always)]
    #[must_use = "without room nobody holds the block"]
    pub fn push_block(&mut self, number: u32, start: u32, len: u16, tag: u8) -> bool {
        self.push().map(|cell| cell.set_block(number, start, len, tag)).is_some()
    }

    /// Puts a copy of a cell behind the last; `None` without [room](Self::reserve).
    pub fn push_copy(&mut self, cell: &Cell) -> Option<&mut Cell> {
        let twin = self.push()?;
        *twin = *cell;
        Some(twin)
    }

    /// The first cell.
    #[inline]
    #[must_use]
    pub fn front(&self) -> Option<&Cell> {
        self.get(0)
    }

    /// The first cell.
    #[inline]
    pub fn front_mut(&mut self) -> Option<&mut Cell> {
        self.get_mut(0)
    }

    /// The last cell.
    #[inline]
    pub fn back_mut(&mut self) -> Option<&mut Cell> {
        self.get_mut(self.len().wrapping_sub(1))
    }

    /// The cell with so many before it.
    #[inline]
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Cell> {
        if place >= self.len() {
            return None;
        }
        self.cells.get(self.index(self.head.wrapping_add(place as u32)))
    }

    /// The cell with so many before it.
    #[inline]
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Cell> {
        if place >= self.len() {
            return None;
        }
        let index = self.index(self.head.wrapping_add(place as u32));
        self.cells.get_mut(index)
    }

    /// The first cell goes. Its block, if it has one, is again whose it was.
    #[inline]
    pub fn pop(&mut self) {
        if !self.is_empty() {
            self.head = self.head.wrapping_add(1);
        }
    }

    /// The last cell goes.
    #[inline]
    pub fn pop_back(&mut self) {
        if !self.is_empty() {
            self.tail = self.tail.wrapping_sub(1);
        }
    }
}

const _: () = assert!(size_of::<Cell>() == crate::SLOT);
