//! Pools: blocks for what is larger than a slot, in memory that up to fifteen sides have mapped.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ptr::NonNull;

use fusion_ring::pool::{Access, Class, Entry, Heads, Layout, Ledger, Side, Table};

use super::map::{self, Piece};
use super::names::{self, Named};
use super::{Charge, Identity};
use crate::cap::ObjectKind;
use crate::mm::{AddressSpace, Frame, Prot, Vmo, PAGE_SIZE};
use crate::sync::{Events, PollTable, SpinLock};
use crate::vfs::{File, Metadata};
use crate::{Kind, Result};

/// Blocks of a pool at most: clearing up after a side looks at each of them.
pub const MOST_BLOCKS: u32 = 1 << 16;
/// Sides of a pool at most.
const SIDES: u8 = 15;

/// The frames of the table. Each entry lies within one of them.
struct Frames(Vec<Frame>);

impl Frames {
    fn at(&self, offset: usize) -> NonNull<u8> {
        let frame = NonNull::new(self.0[offset / PAGE_SIZE].as_ptr()).expect("frames are mapped high");
        // SAFETY: within the page.
        unsafe { frame.add(offset % PAGE_SIZE) }
    }
}

const _: () = assert!(PAGE_SIZE % size_of::<Entry>() == 0 && size_of::<Heads>() % size_of::<Entry>() == 0);

// SAFETY: the frames are held and never exchanged, and all of a table is atomics.
unsafe impl Table for Frames {
    fn heads(&self) -> &Heads {
        // SAFETY: they begin the first frame, which they fit.
        unsafe { self.at(0).cast().as_ref() }
    }
    unsafe fn entry(&self, index: u32) -> &Entry {
        let offset = size_of::<Heads>() + index as usize * size_of::<Entry>();
        // SAFETY: an entry does not cross from one page to the next, and is aligned as it lies.
        unsafe { self.at(offset).cast().as_ref() }
    }
}

/// A pool that programs share.
pub struct SharedPool {
    identity: Arc<Identity>,
    table: Arc<Vmo>,
    data: Arc<Vmo>,
    ledger: Ledger<Frames>,
    /// One bit for each side that there is.
    sides: SpinLock<u16>,
    name: names::Slot,
}

/// What a program has to know of its mapping of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// Address and bytes of the table.
    pub table: (usize, usize),
    /// Address and bytes of the data.
    pub data: (usize, usize),
}

/// A layout that the kernel accepts.
pub fn layout(classes: &[Class]) -> Result<Layout> {
    let layout = Layout::new(classes).map_err(|_| Kind::Invalid)?;
    if layout.blocks() > MOST_BLOCKS {
        return Err(Kind::Invalid.into());
    }
    Ok(layout)
}

fn table_pages(layout: &Layout) -> usize {
    layout.table_bytes().div_ceil(PAGE_SIZE)
}

/// Bytes of memory that such a pool takes. [`Kind::NoMemory`] beyond what can be said.
pub fn memory(layout: &Layout) -> Result<usize> {
    Ok(layout.data_bytes().checked_add(table_pages(layout) * PAGE_SIZE).ok_or(Kind::NoMemory)?)
}

impl SharedPool {
    /// A new pool, and its first side, which may write.
    pub fn create(layout: Layout, owner: (u32, u32), charge: Charge) -> Result<Arc<PoolEnd>> {
        let pages = table_pages(&layout);
        let table = Vmo::new((pages * PAGE_SIZE) as u64)?;
        let data = Vmo::new(layout.data_bytes() as u64)?;
        let mut frames = Vec::new();
        frames.try_reserve_exact(pages).map_err(|_| Kind::NoMemory)?;
        for index in 0..pages {
            frames.push(table.page(index as u64, true)?.ok_or(Kind::NoMemory)?);
        }
        // SAFETY: there are frames for all entries of the layout.
        let ledger = unsafe { Ledger::new(Frames(frames), layout) };
        let pool = Arc::new(Self {
            identity: Identity::new("pool", owner, charge),
            table,
            data,
            ledger,
            sides: SpinLock::new(0),
            name: names::Slot::new(),
        });
        PoolEnd::open(pool, Access::ReadWrite)
    }
}

impl Drop for SharedPool {
    fn drop(&mut self) {
        names::forget(&self.name);
    }
}

impl Named for SharedPool {
    fn slot(&self) -> &names::Slot {
        &self.name
    }
}

/// One side of a pool. When the last handle to it goes, all that it held is dropped.
pub struct PoolEnd {
    pool: Arc<SharedPool>,
    number: u8,
    access: Access,
}

impl PoolEnd {
    /// One more side. [`Kind::Busy`] if there are as many as there can be.
    pub(super) fn open(pool: Arc<SharedPool>, access: Access) -> Result<Arc<Self>> {
        let mut sides = pool.sides.lock();
        let number = (1..=SIDES).find(|number| *sides >> number & 1 == 0).ok_or(Kind::Busy)?;
        *sides |= 1 << number;
        drop(sides);
        Ok(Arc::new(Self { pool, number, access }))
    }

    pub(super) fn pool(&self) -> &Arc<SharedPool> {
        &self.pool
    }

    /// Its number, 1 to 15.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// What it may do.
    pub fn access(&self) -> Access {
        self.access
    }

    /// What blocks there are.
    pub fn layout(&self) -> &Layout {
        self.pool.ledger.layout()
    }

    /// Blocks that somebody holds, or that are on their way.
    pub fn blocks_in_use(&self) -> usize {
        self.pool.ledger.in_use()
    }

    /// A further side. [`Kind::AccessDenied`] if it were to write and this one may not.
    pub fn join(&self, access: Access) -> Result<Arc<Self>> {
        self.check(access)?;
        Self::open(self.pool.clone(), access)
    }

    /// [`Kind::AccessDenied`] if this side may do less.
    pub(super) fn check(&self, access: Access) -> Result<()> {
        if access == Access::ReadWrite && self.access == Access::ReadOnly {
            return Err(Kind::AccessDenied.into());
        }
        Ok(())
    }

    /// Maps the table, and behind it the data as `access` says, for good. [`Kind::AccessDenied`] if this side may not.
    pub fn map(&self, space: &AddressSpace, access: Access) -> Result<Mapping> {
        self.check(access)?;
        let prot = match access {
            Access::ReadOnly => Prot::READ,
            Access::ReadWrite => Prot::READ | Prot::WRITE,
        };
        let (table_len, data_len) = (self.pool.table.len() as usize, self.pool.data.len() as usize);
        let table =
            Piece { vmo: &self.pool.table, offset: 0, len: table_len, prot: Prot::READ | Prot::WRITE };
        let data = Piece { vmo: &self.pool.data, offset: 0, len: data_len, prot };
        let (base, _) = map::map(space, &self.pool.identity, &[table, data])?;
        Ok(Mapping { table: (base, table_len), data: (base + table_len, data_len) })
    }
}

impl Drop for PoolEnd {
    fn drop(&mut self) {
        if let Some(side) = Side::new(self.number) {
            self.pool.ledger.reclaim(side);
        }
        *self.pool.sides.lock() &= !(1 << self.number);
    }
}

impl File for PoolEnd {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Memory
    }

    fn poll(&self, _table: Option<&mut PollTable>) -> Events {
        Events::empty()
    }

    fn pollable(&self) -> bool {
        false
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(self.pool.identity.metadata(self.pool.data.len()))
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let access = match self.access {
            Access::ReadOnly => "read",
            Access::ReadWrite => "write",
        };
        write!(out, "{}:{access}", self.pool.identity)
    }
}
