//! Page tables: those of user address spaces, and the kernel's mappings made at run time.
//!
//! [`Tables`] is one space's tree of tables. Its lower half belongs to the space; the upper half is a copy of the
//! kernel's top table, whose entries are all there before the first space is made, so that kernel mappings never
//! have to be carried into spaces. The owner's word of each table's frame counts the entries that are not zero:
//! a table whose count reaches zero is full of zeros again and is given back at once.
//!
//! An entry that is not zero holds a reference to its frame, unless [`SPECIAL`] is set. An entry may hold a frame
//! without being present (memory that may not be accessed at the moment).

use core::arch::asm;
use core::mem::ManuallyDrop;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};

use arrayvec::ArrayVec;

use super::cpu::{self, feature};
use super::{ipi, kernel_root, phys_to_virt, KERNEL_VIRT, PAGE_SIZE, PHYS_MAP};
use crate::mm::frame::{self, Frame};
use crate::mm::Prot;
use crate::{Kind, Result};

/// The entry is valid.
pub const PRESENT: u64 = 1 << 0;
/// Stores are allowed.
pub const WRITABLE: u64 = 1 << 1;
/// User mode may use it.
pub const USER: u64 = 1 << 2;
/// The page was accessed. Set in advance: nobody asks, and the CPU need not set it.
pub const ACCESSED: u64 = 1 << 5;
/// The page was written to. Set in advance, as above.
pub const DIRTY: u64 = 1 << 6;
/// The mapping is in every address space.
const GLOBAL: u64 = 1 << 8;
/// Ours: the frame is a memory object's, not private.
pub const OBJECT: u64 = 1 << 9;
/// Ours: the entry holds no reference to its frame.
pub const SPECIAL: u64 = 1 << 10;
/// Instruction fetches are not allowed.
const NO_EXECUTE: u64 = 1 << 63;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

const ENTRIES: usize = 512;
/// More pages than this are not worth flushing one by one.
const FLUSH_LIMIT: usize = 32;

/// The bits of user entries by protection ([`Prot`] as index).
static PROTECTION: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];

/// Prepares for user spaces: the kernel's run-time range gets its entry in the top table.
pub(crate) fn init() {
    let no_execute = if cpu::has(feature::NX) { NO_EXECUTE } else { 0 };
    for (index, bits) in PROTECTION.iter().enumerate() {
        let prot = Prot::from_bits_truncate(index as u8);
        // The hardware knows no write-only or execute-only pages; none at all is an entry that is not present.
        let mut value = USER | ACCESSED | DIRTY;
        if !prot.is_empty() {
            value |= PRESENT;
        }
        if prot.contains(Prot::WRITE) {
            value |= WRITABLE;
        }
        if !prot.contains(Prot::EXEC) {
            value |= no_execute;
        }
        bits.store(value, Ordering::Relaxed);
    }
    let entry = entry_at(phys_to_virt(kernel_root()), index_of(KERNEL_VIRT, 3));
    let table = Frame::alloc_table().expect("there is memory at boot");
    entry.store(table.phys() | PRESENT | WRITABLE, Ordering::Relaxed);
    // All roots share this table: it stays, as if one entry more were in use.
    table.info().store(1, Ordering::Relaxed);
    let _ = table.into_raw();
}

/// The bits of a user entry with this protection.
#[inline]
pub fn protection(prot: Prot) -> u64 {
    PROTECTION[prot.bits() as usize % 8].load(Ordering::Relaxed)
}

/// The frame number in an entry.
#[inline]
pub const fn frame_number(entry: u64) -> u32 {
    ((entry & ADDRESS) / PAGE_SIZE as u64) as u32
}

/// An entry's bits without its address.
#[inline]
pub const fn bits(entry: u64) -> u64 {
    entry & !ADDRESS
}

/// An entry's address without its bits.
#[inline]
pub const fn address_bits(entry: u64) -> u64 {
    entry & ADDRESS
}

/// The index into the table of `level` (0 holds pages).
#[inline]
const fn index_of(address: usize, level: u32) -> usize {
    address >> (12 + 9 * level) & (ENTRIES - 1)
}

/// Bytes that one entry of a table of `level` stands for.
#[inline]
const fn span(level: u32) -> usize {
    PAGE_SIZE << (9 * level)
}

/// An entry of a table by the table's kernel address.
#[inline]
fn entry_at(table: usize, index: usize) -> &'static AtomicU64 {
    debug_assert!(index < ENTRIES && table >= PHYS_MAP);
    // SAFETY: tables are pages of the physical map; callers hold the lock of what the table belongs to, and the
    // CPU itself reads entries at any time, which atomics allow.
    unsafe { &*(table as *const AtomicU64).add(index) }
}

#[inline]
fn table_behind(entry: u64) -> usize {
    phys_to_virt(entry & ADDRESS)
}

/// A table that holds pages.
#[derive(Clone, Copy)]
pub struct Leaf(usize);

impl Leaf {
    /// Bytes of addresses that one table stands for.
    pub const SPAN: usize = span(1);

    /// The entry.
    #[inline]
    pub fn get(self, index: usize) -> u64 {
        entry_at(self.0, index).load(Ordering::Relaxed)
    }

    /// Changes an entry that is not zero to another that is not zero.
    #[inline]
    pub fn change(self, index: usize, value: u64) {
        debug_assert!(value != 0 && self.get(index) != 0);
        entry_at(self.0, index).store(value, Ordering::Relaxed);
    }

    /// Fills an entry that is zero.
    #[inline]
    pub fn fill(self, index: usize, value: u64) {
        debug_assert!(value != 0 && self.get(index) == 0);
        entry_at(self.0, index).store(value, Ordering::Relaxed);
        adjust(self.0, 1);
    }

    /// Fills an entry that is zero without counting it: see [`Self::adjust_count`].
    #[inline]
    pub fn fill_uncounted(self, index: usize, value: u64) {
        debug_assert!(value != 0 && self.get(index) == 0);
        entry_at(self.0, index).store(value, Ordering::Relaxed);
    }

    /// Empties an entry without counting it: see [`Self::adjust_count`].
    #[inline]
    pub fn clear_uncounted(self, index: usize) {
        entry_at(self.0, index).store(0, Ordering::Relaxed);
    }

    /// Counts entries that were filled (or, negative, cleared) uncounted.
    #[inline]
    pub fn adjust_count(self, change: i32) {
        adjust(self.0, change);
    }

    /// Empties an entry that is not zero and returns what it held. The table stays, until a walk with
    /// [`Tables::visit`] finds it empty.
    #[inline]
    pub fn take(self, index: usize) -> u64 {
        // The CPU writes to no entry on its own: accessed and dirty bits are set in advance.
        let old = self.get(index);
        debug_assert!(old != 0);
        self.clear_uncounted(index);
        adjust(self.0, -1);
        old
    }

    /// The first index from `from` up to `end` whose entry is not zero, and the entry.
    #[inline]
    pub fn find(self, from: usize, end: usize) -> Option<(usize, u64)> {
        if from >= end {
            return None;
        }
        let entry = self.get(from);
        if entry != 0 {
            return Some((from, entry));
        }
        let index = self.next(from + 1, end)?;
        Some((index, self.get(index)))
    }

    /// Entries that are not zero.
    #[inline]
    pub fn count(self) -> u32 {
        frame::info_of(self.0).load(Ordering::Relaxed)
    }

    /// The first index from `from` up to `end` whose entry is not zero.
    #[inline]
    pub fn next(self, from: usize, end: usize) -> Option<usize> {
        if from >= end {
            return None;
        }
        let left: usize;
        let first = entry_at(self.0, from);
        // SAFETY: reads the `end - from` entries from `first` on, which are in the table. One instruction per
        // entry is hard to beat.
        unsafe {
            asm!("repe scasq", "je 2f", "inc rcx", "2:", inout("rcx") end - from => left,
                 inout("rdi") core::ptr::from_ref(first) => _, in("rax") 0, options(nostack, readonly));
        }
        (left > 0).then(|| end - left)
    }
}

/// Adds to a table's count of entries. Behind the lock of its space.
#[inline]
fn adjust(table: usize, change: i32) {
    let count = frame::info_of(table);
    count.store(count.load(Ordering::Relaxed).wrapping_add_signed(change), Ordering::Relaxed);
}

/// The page tables of a user address space.
#[derive(Debug)]
pub struct Tables {
    root: ManuallyDrop<Frame>,
}

impl Tables {
    /// Empty tables.
    pub fn new() -> Result<Self> {
        let root = Frame::alloc_root(|page| {
            let kernel = phys_to_virt(kernel_root()) as *const u64;
            // SAFETY: both are page tables; the kernel's does not change any more.
            unsafe {
                core::ptr::copy_nonoverlapping(
                    kernel.add(ENTRIES / 2),
                    page.cast::<u64>().add(ENTRIES / 2),
                    ENTRIES / 2,
                )
            };
        })?;
        Ok(Self { root: ManuallyDrop::new(root) })
    }

    /// The physical address of the top table.
    #[inline]
    pub fn root(&self) -> u64 {
        self.root.phys()
    }

    /// The leaf table for an address, made if need be, and the index in it.
    #[inline]
    pub fn leaf_for(&mut self, address: usize) -> Result<(Leaf, usize)> {
        let mut table = self.root.as_ptr() as usize;
        let mut level = 3;
        while level > 0 {
            let slot = entry_at(table, index_of(address, level));
            let entry = slot.load(Ordering::Relaxed);
            table = if entry != 0 { table_behind(entry) } else { grow(table, slot, USER)? };
            level -= 1;
        }
        Ok((Leaf(table), index_of(address, 0)))
    }

    /// The leaf table for an address, if it is there, and the index in it.
    #[inline]
    pub fn leaf(&self, address: usize) -> Option<(Leaf, usize)> {
        let mut table = self.root.as_ptr() as usize;
        for level in [3, 2, 1] {
            let entry = entry_at(table, index_of(address, level)).load(Ordering::Relaxed);
            if entry == 0 {
                return None;
            }
            table = table_behind(entry);
        }
        Some((Leaf(table), index_of(address, 0)))
    }

    /// The entry for an address, 0 if there is none.
    #[inline]
    pub fn entry(&self, address: usize) -> u64 {
        self.leaf(address).map_or(0, |(leaf, index)| leaf.get(index))
    }

    /// Shows `walk` each leaf table in the range that is there, lowest first. Tables that are empty afterwards are
    /// taken out and given to it, too.
    #[inline]
    pub fn visit(&mut self, start: usize, end: usize, walk: &mut impl Walk) {
        let mut at = start;
        'tables: while at < end {
            let mut path = [self.root.as_ptr() as usize, 0, 0, 0];
            for (step, level) in [3, 2, 1].into_iter().enumerate() {
                let entry = entry_at(path[step], index_of(at, level)).load(Ordering::Relaxed);
                if entry == 0 {
                    at = next_present(path[step], level, at, end);
                    continue 'tables;
                }
                path[step + 1] = table_behind(entry);
            }
            let leaf = Leaf(path[3]);
            let stop = ((at | (Leaf::SPAN - 1)) + 1).min(end);
            let first = index_of(at, 0);
            walk.leaf(leaf, first..first + (stop - at) / PAGE_SIZE, at);
            if leaf.count() == 0 {
                unlink(&path, at, walk);
            }
            at = stop;
        }
    }
}

/// What [`Tables::visit`] shows its findings.
pub trait Walk {
    /// A leaf table, the indexes in it that belong to the range, and the address of the first.
    fn leaf(&mut self, leaf: Leaf, indexes: Range<usize>, base: usize);
    /// A table that was empty. Nothing points to it any more, but CPUs may remember it.
    fn table(&mut self, table: Frame);
}

/// The address of the next entry of a table of `level` after the one for `at` that is not zero, or the end of the
/// table's range.
#[cold]
fn next_present(table: usize, level: u32, at: usize, end: usize) -> usize {
    let size = span(level + 1);
    let base = at & !(size - 1);
    let last = index_of((end - 1).min(base + size - 1), level);
    match Leaf(table).next(index_of(at, level) + 1, last + 1) {
        Some(index) => base + index * span(level),
        None => base + size,
    }
}

/// Takes the empty leaf table at the end of a path out, and those above that are empty then.
fn unlink(path: &[usize; 4], at: usize, walk: &mut impl Walk) {
    for (step, level) in [(2, 1), (1, 2), (0, 3)] {
        let (parent, child) = (path[step], path[step + 1]);
        entry_at(parent, index_of(at, level)).store(0, Ordering::Relaxed);
        adjust(parent, -1);
        // SAFETY: the entry held the table's reference and is gone.
        walk.table(unsafe { Frame::from_raw(((child - PHYS_MAP) / PAGE_SIZE) as u32) });
        if Leaf(parent).count() > 0 {
            break;
        }
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        // The owner emptied the tables: only the top one is left.
        debug_assert!(self.root.info().load(Ordering::Relaxed) == 0);
        // SAFETY: the reference is not used again.
        unsafe { ManuallyDrop::take(&mut self.root) }.free_root();
    }
}

/// Makes the missing table behind an entry; `rights` is [`USER`] for user spaces, 0 for the kernel's.
#[cold]
fn grow(table: usize, slot: &AtomicU64, rights: u64) -> Result<usize> {
    let fresh = Frame::alloc_table()?;
    let place = fresh.as_ptr() as usize;
    slot.store(fresh.phys() | PRESENT | WRITABLE | rights, Ordering::Relaxed);
    let _ = fresh.into_raw();
    adjust(table, 1);
    Ok(place)
}

/// Makes the tables with this root the CPU's.
///
/// # Safety
/// The root is a top table with the kernel's half, and stays valid until another is loaded.
#[inline]
pub unsafe fn load(root: u64) {
    // SAFETY: by the caller; the kernel's half is the same in all roots.
    unsafe { asm!("mov cr3, {}", in(reg) root, options(nostack, preserves_flags)) };
}

/// Makes this CPU forget what it cached of the range's mappings, user or kernel.
pub fn flush(start: usize, end: usize) {
    // What is global stays when a root is loaded.
    if (end - start) / PAGE_SIZE > FLUSH_LIMIT && start < PHYS_MAP {
        // SAFETY: reloading the same root changes nothing but the caches.
        unsafe { asm!("mov {0}, cr3", "mov cr3, {0}", out(reg) _, options(nostack, preserves_flags)) };
        return;
    }
    for page in (start..end).step_by(PAGE_SIZE) {
        flush_page(page);
    }
}

/// Makes this CPU forget one page's mapping, user or kernel.
#[inline]
pub fn flush_page(address: usize) {
    // SAFETY: only drops cached translations.
    unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) };
}

static KERNEL_TABLES: spin::Mutex<()> = spin::Mutex::new(());

/// The tables that lead to a run-time kernel address, the top one first. Behind the lock of the kernel's tables.
fn kernel_path(address: usize, make: bool) -> Result<Option<[usize; 4]>> {
    let mut path = [phys_to_virt(kernel_root()), 0, 0, 0];
    for (step, level) in [3, 2, 1].into_iter().enumerate() {
        let slot = entry_at(path[step], index_of(address, level));
        let entry = slot.load(Ordering::Relaxed);
        path[step + 1] = match (entry, make) {
            (0, false) => return Ok(None),
            (0, true) => grow(path[step], slot, 0)?,
            _ => table_behind(entry),
        };
    }
    Ok(Some(path))
}

/// Maps a frame, which the mapping owns then, in the kernel's run-time range: data, not executable.
pub(crate) fn map_kernel_page(address: usize, frame: Frame) -> Result<()> {
    debug_assert!(address >= KERNEL_VIRT);
    let no_execute = if cpu::has(feature::NX) { NO_EXECUTE } else { 0 };
    let _guard = KERNEL_TABLES.lock();
    let path = kernel_path(address, true)?.ok_or(Kind::NoMemory)?;
    let entry = frame.phys() | PRESENT | WRITABLE | ACCESSED | DIRTY | GLOBAL | no_execute;
    Leaf(path[3]).fill(index_of(address, 0), entry);
    let _ = frame.into_raw();
    Ok(())
}

/// Pages that [`unmap_kernel_pages`] takes at once.
const UNMAPPED_AT_ONCE: usize = 16;

/// Unmaps pages of the kernel's run-time range, makes all CPUs forget them, and frees their frames, and the tables
/// that are empty then. Interrupts are on.
pub(crate) fn unmap_kernel_pages(address: usize, pages: usize) {
    let end = address + pages * PAGE_SIZE;
    for start in (address..end).step_by(UNMAPPED_AT_ONCE * PAGE_SIZE) {
        let stop = end.min(start + UNMAPPED_AT_ONCE * PAGE_SIZE);
        let mut frames = ArrayVec::<Frame, UNMAPPED_AT_ONCE>::new();
        let mut empty = EmptyTables::new();
        let tables = KERNEL_TABLES.lock();
        for page in (start..stop).step_by(PAGE_SIZE) {
            let Ok(Some(path)) = kernel_path(page, false) else { continue };
            let (leaf, index) = (Leaf(path[3]), index_of(page, 0));
            if leaf.get(index) == 0 {
                continue;
            }
            // SAFETY: the entry held the reference and is gone.
            frames.push(unsafe { Frame::from_raw(frame_number(leaf.take(index))) });
            if leaf.count() == 0 {
                unlink(&path, page, &mut empty);
            }
        }
        drop(tables);
        flush(start, stop);
        ipi::call_on(crate::sched::other_cpus(), flush, start, stop);
        empty.into_iter().for_each(Frame::free_table);
    }
}

/// Tables that few adjacent pages can leave empty: the one that holds pages and the one above, twice.
type EmptyTables = ArrayVec<Frame, 4>;

impl Walk for EmptyTables {
    fn leaf(&mut self, _: Leaf, _: Range<usize>, _: usize) {}
    fn table(&mut self, table: Frame) {
        self.push(table);
    }
}
