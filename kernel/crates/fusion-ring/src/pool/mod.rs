//! A pool of blocks for what is larger than a slot: allocated by one side, handed over by descriptor, freed by
//! the last who holds it.
//!
//! A pool has up to eight classes of blocks of equal size. Its table lies in memory that all sides can write, its
//! data in memory that each side has mapped as it may use it: a side with [`Access::ReadOnly`] neither allocates
//! nor writes.
//!
//! Each entry counts **who** holds the block, for up to fifteen sides and for messages on their way, in one word, so
//! that "the last holder" is one atomic step, giving back what one doesn't hold is refused, and
//! [`Pool::reclaim`] can drop all that a dead side held. Free blocks are a stack through the table, with a count
//! of changes against a head that comes back to what it was.
//!
//! The counting alone is a [`Ledger`]: for whoever clears up after a side and never looks at data.
//!
//! The table may be scribbled on. Its links and counts are checked against the private geometry whenever they are
//! read, so a block handed out is always a block, though a hostile side can make it be somebody else's too.

mod layout;
mod ledger;
mod table;

pub use self::layout::{Class, Layout, CLASSES, UNIT};
pub use self::ledger::Ledger;
pub use self::table::{Entry, Head, Heads, SharedTable, Table};
use crate::memory::Shared;
use crate::message::Message;
use crate::sync::Ordering;

/// How often one side can hold one block.
pub const MOST_HOLDS: u64 = 15;

/// A side of a pool: 1 to 15.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Side(u8);

impl Side {
    /// Whoever receives the message that is on its way.
    const TRANSIT: Self = Self(0);

    /// Side `number`, 1 to 15.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 || number > 15 {
            return None;
        }
        Some(Self(number))
    }

    const fn one(self) -> u64 {
        1 << (self.0 * 4)
    }

    const fn mask(self) -> u64 {
        MOST_HOLDS << (self.0 * 4)
    }

    const fn held(self, holders: u64) -> u64 {
        holders >> (self.0 * 4) & MOST_HOLDS
    }
}

/// What a side may do with the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Receive, read, give back.
    ReadOnly,
    /// Also allocate, and write what nobody else holds.
    ReadWrite,
}

/// Why the pool refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolError {
    /// No class has blocks of this size, or no free ones.
    NoBlock,
    /// This side may only read.
    Denied,
    /// Somebody else holds the block too.
    Shared,
    /// The side holds the block as often as can be counted.
    TooManyHolds,
    /// A descriptor of nothing that is on its way to anybody, or a table that makes no sense.
    Corrupt,
    /// A geometry that no pool has, or more than the memory given.
    Geometry,
}

/// Names a part of a block on its way from one side to another. 24 bytes in a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Descriptor {
    /// Which block.
    pub block: u32,
    /// Which of its lives.
    pub generation: u32,
    /// Where in the block the bytes begin.
    pub offset: u64,
    /// How many there are.
    pub len: u64,
}

impl Descriptor {
    /// As bytes of a message.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..4].copy_from_slice(&self.block.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.generation.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..].copy_from_slice(&self.len.to_le_bytes());
        bytes
    }

    /// From bytes that anybody may have written; [`Pool::receive`] judges it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 24]) -> Self {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        Self { block: word(0) as u32, generation: (word(0) >> 32) as u32, offset: word(8), len: word(16) }
    }

    /// As a message.
    #[must_use]
    pub fn to_message(self) -> Message {
        Message::from_descriptor(self)
    }

    /// Of a message, if it is of that [kind](crate::Kind::Descriptor).
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        let [first, offset, len] = message.descriptor_words()?;
        Some(Self { block: first as u32, generation: (first >> 32) as u32, offset, len })
    }
}

/// One side's view of a pool.
#[derive(Debug)]
pub struct Pool<'m, T> {
    ledger: Ledger<T>,
    data: Shared<'m>,
    side: Side,
    access: Access,
}

impl<'m, T: Table> Pool<'m, T> {
    /// [`PoolError::Geometry`] if there is less data than the layout says.
    ///
    /// # Safety
    ///
    /// `table` has an entry for every block of `layout`.
    pub unsafe fn new(
        table: T,
        layout: Layout,
        data: Shared<'m>,
        side: Side,
        access: Access,
    ) -> Result<Self, PoolError> {
        if data.len() < layout.data_bytes() {
            return Err(PoolError::Geometry);
        }
        // SAFETY: as the caller promises.
        let ledger = unsafe { Ledger::new(table, layout) };
        Ok(Self { ledger, data, side, access })
    }

    /// What this side may do.
    pub fn access(&self) -> Access {
        self.access
    }

    /// A block for `len` bytes that this side alone holds. Its contents are whatever was there.
    pub fn allocate(&self, len: usize) -> Result<Lease<'_, 'm, T>, PoolError> {
        if self.access == Access::ReadOnly {
            return Err(PoolError::Denied);
        }
        for (number, first, start, class) in self.ledger.layout().runs() {
            if class.size < len {
                continue;
            }
            if let Some(index) = self.ledger.pop(number, first, class)? {
                let entry = self.ledger.entry(index).ok_or(PoolError::Corrupt)?;
                entry.holders.store(self.side.one(), Ordering::Relaxed);
                let block = start + (index - first) as usize * class.size;
                return Ok(Lease { pool: self, index, offset: 0, len, block });
            }
        }
        Err(PoolError::NoBlock)
    }

    /// What a descriptor stands for: this side holds it from now on.
    pub fn receive(&self, descriptor: Descriptor) -> Result<Lease<'_, 'm, T>, PoolError> {
        let (_, block, size) = self.ledger.layout().block(descriptor.block).ok_or(PoolError::Corrupt)?;
        let entry = self.ledger.entry(descriptor.block).ok_or(PoolError::Corrupt)?;
        let (Ok(offset), Ok(len)) = (usize::try_from(descriptor.offset), usize::try_from(descriptor.len))
        else {
            return Err(PoolError::Corrupt);
        };
        if offset.checked_add(len).is_none_or(|end| end > size)
            || entry.generation.load(Ordering::Relaxed) != descriptor.generation
        {
            return Err(PoolError::Corrupt);
        }
        self.ledger.shift(entry, Some(Side::TRANSIT), Some(self.side))?;
        Ok(Lease { pool: self, index: descriptor.block, offset, len, block })
    }

    /// Drops a descriptor that nobody will receive.
    pub fn discard(&self, descriptor: Descriptor) {
        drop(self.receive(descriptor));
    }

    /// Drops all that is on its way, once no ring leads anywhere.
    pub fn reclaim_in_transit(&self) -> usize {
        self.ledger.reclaim(Side::TRANSIT)
    }

    /// Drops all that a side held which is no more; returns how many blocks that freed.
    pub fn reclaim(&self, side: Side) -> usize {
        self.ledger.reclaim(side)
    }

    /// Blocks that somebody holds.
    pub fn in_use(&self) -> usize {
        self.ledger.in_use()
    }
}

/// A hold of a block, given up when dropped.
#[derive(Debug)]
pub struct Lease<'p, 'm, T: Table> {
    pool: &'p Pool<'m, T>,
    index: u32,
    offset: usize,
    len: usize,
    /// Where the block begins in the data.
    block: usize,
}

impl<'p, 'm, T: Table> Lease<'p, 'm, T> {
    /// Bytes that were asked for, or sent.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes where they are. Those who hold the block too, or are hostile, may write them meanwhile.
    pub fn bytes(&self) -> Shared<'m> {
        // A class's block lies within the data, and the lease within the block.
        self.pool.data.part(self.block + self.offset, self.len).unwrap_or(self.pool.data)
    }

    /// The bytes to be written: if this side may, and nobody else holds them.
    pub fn writable(&self) -> Result<Shared<'m>, PoolError> {
        if self.pool.access == Access::ReadOnly {
            return Err(PoolError::Denied);
        }
        let entry = self.pool.ledger.entry(self.index).ok_or(PoolError::Corrupt)?;
        if entry.holders.load(Ordering::Acquire) != self.pool.side.one() {
            return Err(PoolError::Shared);
        }
        Ok(self.bytes())
    }

    pub(crate) const fn pool(&self) -> &'p Pool<'m, T> {
        self.pool
    }

    /// A second hold of the same block.
    pub fn share(&self) -> Result<Self, PoolError> {
        let entry = self.pool.ledger.entry(self.index).ok_or(PoolError::Corrupt)?;
        self.pool.ledger.shift(entry, None, Some(self.pool.side))?;
        Ok(Self { pool: self.pool, index: self.index, offset: self.offset, len: self.len, block: self.block })
    }

    /// The same with fewer bytes.
    #[must_use]
    pub fn narrowed(mut self, start: usize, len: usize) -> Option<Self> {
        if start.checked_add(len)? > self.len {
            return None;
        }
        self.offset += start;
        self.len = len;
        Some(self)
    }

    /// Gives the hold to whoever receives the descriptor.
    pub fn send(self) -> Result<Descriptor, PoolError> {
        let entry = self.pool.ledger.entry(self.index).ok_or(PoolError::Corrupt)?;
        let generation = entry.generation.load(Ordering::Relaxed);
        self.pool.ledger.shift(entry, Some(self.pool.side), Some(Side::TRANSIT))?;
        let (offset, len) = (self.offset as u64, self.len as u64);
        let descriptor = Descriptor { block: self.index, generation, offset, len };
        // The hold is the message's now.
        core::mem::forget(self);
        Ok(descriptor)
    }
}

impl<T: Table> Drop for Lease<'_, '_, T> {
    fn drop(&mut self) {
        self.pool.ledger.drop_hold(self.index, self.pool.side);
    }
}
