//! Physical frames: the frame table, the buddy allocator and a cache of single frames on each CPU.
//!
//! Eight bytes describe a frame. While it is allocated they are its reference count and a word for its owner
//! (page tables count their entries there); while it is free they are the buddy allocator's. [`Frame`] is a
//! counted reference; page table entries hold one too, as a bare number.

use core::mem::ManuallyDrop;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use buddy::{Buddy, Table};

use super::PAGE_SIZE;
use crate::arch::{self, MemoryRegion};
use crate::{Kind, Result};

/// CPUs that have a cache.
const CPUS: usize = 32;
/// Frames that a CPU keeps.
const CACHE: usize = 64;
/// Frames that move between a cache and the buddy allocator at once.
const BATCH: usize = 24;

#[repr(C)]
struct Entry {
    refs: AtomicU32,
    info: AtomicU32,
}

static TABLE: AtomicPtr<Entry> = AtomicPtr::new(core::ptr::null_mut());
static FRAMES: AtomicU32 = AtomicU32::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);
/// What single-frame requests of user programs leave for the kernel itself.
static RESERVE: AtomicUsize = AtomicUsize::new(0);

/// The allocator behind the caches. Interrupts are off while it is held.
static BUDDY: spin::Mutex<Buddy> = spin::Mutex::new(Buddy::new(0));

#[repr(C, align(64))]
struct Cache {
    count: u32,
    /// Frames that hold only zeros: former page tables.
    zeroed_count: u32,
    frames: [u32; CACHE],
    zeroed: [u32; ZEROED],
    /// Top page tables whose user half is empty.
    roots: [u32; ROOTS],
    root_count: u32,
}

/// Top page tables that a CPU keeps.
const ROOTS: usize = 4;
/// Zeroed frames that a CPU keeps.
const ZEROED: usize = 32;

#[repr(transparent)]
struct CacheCell(core::cell::UnsafeCell<Cache>);

// SAFETY: each CPU uses its own, with interrupts off; others only read the counts, as an estimate.
unsafe impl Sync for CacheCell {}

static CACHES: [CacheCell; CPUS] = [const {
    CacheCell(core::cell::UnsafeCell::new(Cache {
        count: 0,
        zeroed_count: 0,
        frames: [0; CACHE],
        zeroed: [0; ZEROED],
        roots: [0; ROOTS],
        root_count: 0,
    }))
}; CPUS];

/// The frame table as the buddy allocator sees it.
struct Words;

impl Table for Words {
    #[inline]
    fn get(&self, frame: u32) -> u64 {
        let entry = entry(frame);
        u64::from(entry.refs.load(Ordering::Relaxed)) | u64::from(entry.info.load(Ordering::Relaxed)) << 32
    }
    #[inline]
    fn set(&mut self, frame: u32, word: u64) {
        let entry = entry(frame);
        entry.refs.store(word as u32, Ordering::Relaxed);
        entry.info.store((word >> 32) as u32, Ordering::Relaxed);
    }
}

#[inline]
fn entry(frame: u32) -> &'static Entry {
    debug_assert!(frame < FRAMES.load(Ordering::Relaxed));
    // SAFETY: the table has FRAMES entries, is never freed, and frame numbers come from it.
    unsafe { &*TABLE.load(Ordering::Relaxed).add(frame as usize) }
}

/// Interrupts are off while it lives.
struct Quiet(bool);

impl Quiet {
    #[inline]
    fn new() -> Self {
        Self(arch::irq_disable_save())
    }
    /// This CPU's cache.
    #[inline]
    fn cache(&mut self) -> &mut Cache {
        // SAFETY: interrupts are off, so nothing else runs on this CPU; the borrow ends with the guard.
        unsafe { &mut *CACHES[arch::cpu_id() as usize % CPUS].0.get() }
    }
}

impl Drop for Quiet {
    #[inline]
    fn drop(&mut self) {
        arch::irq_restore(self.0);
    }
}

/// Builds the frame table in the first region that has room for it, and frees all usable memory but that. The
/// table reaches at least to `released_end`, up to where boot memory will be released.
pub(super) fn init(regions: &[MemoryRegion], released_end: u64) {
    let page = PAGE_SIZE as u64;
    let end =
        regions.iter().filter(|r| r.usable).map(|r| r.end / page).max().unwrap_or(0).max(released_end / page);
    let frames = u32::try_from(end).unwrap_or(u32::MAX).min((1 << 29) - 1);
    let bytes = (frames as usize * size_of::<Entry>()).next_multiple_of(PAGE_SIZE) as u64;
    // Low memory is left alone: the boot page tables reach this, and devices with short addresses like it.
    let low = 1 << 20;
    let home = regions
        .iter()
        .filter(|r| r.usable && r.start.max(low) + bytes <= r.end)
        .map(|r| r.start.max(low))
        .next()
        .expect("the boot code made sure that there is memory for the frame table");
    let table = arch::phys_to_virt(home) as *mut Entry;
    // SAFETY: the place is usable memory of that size, mapped, and nobody else's; all zeros is a valid table.
    unsafe { core::ptr::write_bytes(table.cast::<u8>(), 0, bytes as usize) };
    TABLE.store(table, Ordering::Relaxed);
    FRAMES.store(frames, Ordering::Relaxed);
    let mut buddy = BUDDY.lock();
    *buddy = Buddy::new(frames);
    for region in regions.iter().filter(|r| r.usable) {
        // Frame 0 is never used: its number means none.
        let (start, stop) = (region.start.max(page), region.end.min(u64::from(frames) * page));
        for (start, stop) in [(start, stop.min(home)), (start.max(home + bytes), stop)] {
            if start < stop {
                buddy.free_range(&mut Words, (start / page) as u32, (stop / page) as u32);
            }
        }
    }
    let free = buddy.free_frames();
    TOTAL.store(free, Ordering::Relaxed);
    RESERVE.store((free / 128).clamp(32, 1024), Ordering::Relaxed);
}

/// Gives memory that was in use at boot (the initial file tree) to the allocator: the whole pages in the range
/// of physical addresses.
///
/// # Safety
/// Nobody uses the range any more, and it was never in the allocator.
pub unsafe fn release_boot_memory(range: core::ops::Range<u64>) {
    let page = PAGE_SIZE as u64;
    let first = range.start.div_ceil(page).max(1) as u32;
    let last = (range.end / page).min(u64::from(FRAMES.load(Ordering::Relaxed))) as u32;
    if first < last {
        let _quiet = Quiet::new();
        BUDDY.lock().free_range(&mut Words, first, last);
        TOTAL.fetch_add((last - first) as usize, Ordering::Relaxed);
    }
}

/// Frames that the system has for allocation, free or not.
pub fn total_frames() -> usize {
    TOTAL.load(Ordering::Relaxed)
}

/// Free frames, those in the caches included.
pub fn free_frames() -> usize {
    let _quiet = Quiet::new();
    let cached: usize = CACHES
        .iter()
        .map(|cache| {
            let cache = cache.0.get();
            // SAFETY: the cells are static; the counts may change meanwhile, which an estimate may miss.
            unsafe {
                (&raw const (*cache).count).read_volatile()
                    + (&raw const (*cache).zeroed_count).read_volatile()
                    + (&raw const (*cache).root_count).read_volatile()
            }
        })
        .sum::<u32>() as usize;
    BUDDY.lock().free_frames() + cached
}

/// Can user programs have frames?
pub fn has_room() -> bool {
    let _quiet = Quiet::new();
    BUDDY.lock().free_frames() > RESERVE.load(Ordering::Relaxed)
}

/// Is so little left that no new program or thread should start? What is left is for those that run, whose faults
/// cannot fail politely.
pub fn is_scarce() -> bool {
    let _quiet = Quiet::new();
    BUDDY.lock().free_frames() < 2 * RESERVE.load(Ordering::Relaxed)
}

/// Free blocks of each order.
pub fn free_blocks() -> [usize; buddy::MAX_ORDER as usize + 1] {
    let _quiet = Quiet::new();
    BUDDY.lock().blocks(&Words)
}

/// Who asks: user programs leave a reserve for the kernel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    User,
    Kernel,
}

/// One frame, with a reference count of 1 and undefined contents.
#[inline]
fn take(purpose: For) -> Option<u32> {
    let mut quiet = Quiet::new();
    let cache = quiet.cache();
    if cache.count == 0 {
        refill(cache, purpose)?;
    }
    cache.count -= 1;
    let frame = cache.frames[cache.count as usize % CACHE];
    entry(frame).refs.store(1, Ordering::Relaxed);
    Some(frame)
}

#[cold]
fn refill(cache: &mut Cache, purpose: For) -> Option<()> {
    let mut buddy = BUDDY.lock();
    let reserve = if purpose == For::User { RESERVE.load(Ordering::Relaxed) } else { 0 };
    let available = buddy.free_frames().saturating_sub(reserve);
    for _ in 0..available.min(BATCH) {
        let Some(frame) = buddy.alloc(&mut Words, 0) else { break };
        cache.frames[cache.count as usize] = frame;
        cache.count += 1;
    }
    drop(buddy);
    if cache.count == 0 && cache.zeroed_count > 0 {
        cache.zeroed_count -= 1;
        cache.frames[0] = cache.zeroed[cache.zeroed_count as usize];
        cache.count = 1;
    }
    (cache.count > 0).then_some(())
}

/// Puts a frame that nobody refers to into this CPU's cache.
#[inline]
fn give(cache: &mut Cache, frame: u32) {
    if cache.count as usize == CACHE {
        spill(cache);
    }
    cache.frames[cache.count as usize % CACHE] = frame;
    cache.count += 1;
}

#[cold]
fn spill(cache: &mut Cache) {
    let mut buddy = BUDDY.lock();
    for _ in 0..BATCH {
        cache.count -= 1;
        buddy.free(&mut Words, cache.frames[cache.count as usize], 0);
    }
}

/// Returns what this CPU keeps to the buddy allocator.
pub fn drain_cache() {
    let mut quiet = Quiet::new();
    let cache = quiet.cache();
    let mut buddy = BUDDY.lock();
    for &frame in &cache.frames[..cache.count as usize] {
        buddy.free(&mut Words, frame, 0);
    }
    for &frame in &cache.zeroed[..cache.zeroed_count as usize] {
        buddy.free(&mut Words, frame, 0);
    }
    for &frame in &cache.roots[..cache.root_count as usize] {
        buddy.free(&mut Words, frame, 0);
    }
    (cache.count, cache.zeroed_count, cache.root_count) = (0, 0, 0);
}

/// A block of whole frames for the kernel, physically contiguous: its address, or `None`. The block is `pages`
/// long exactly, aligned to the power of two above it.
pub(super) fn alloc_pages(pages: usize) -> Option<usize> {
    let order = pages.checked_next_power_of_two()?.ilog2();
    let mut quiet = Quiet::new();
    if order == 0 {
        let cache = quiet.cache();
        if cache.count == 0 {
            refill(cache, For::Kernel)?;
        }
        cache.count -= 1;
        return Some(address(cache.frames[cache.count as usize % CACHE]));
    }
    let mut buddy = BUDDY.lock();
    let frame = buddy.alloc(&mut Words, order)?;
    buddy.free_range(&mut Words, frame + pages as u32, frame + (1 << order));
    Some(address(frame))
}

/// Gives back what [`alloc_pages`] returned.
///
/// # Safety
/// The block came from there with the same length, and nobody uses it.
pub(super) unsafe fn free_pages(start: usize, pages: usize) {
    let frame = number(start);
    let mut quiet = Quiet::new();
    if pages == 1 {
        give(quiet.cache(), frame);
    } else {
        BUDDY.lock().free_range(&mut Words, frame, frame + pages as u32);
    }
}

#[inline]
fn address(frame: u32) -> usize {
    arch::PHYS_MAP + frame as usize * PAGE_SIZE
}

#[inline]
fn number(address: usize) -> u32 {
    ((address - arch::PHYS_MAP) / PAGE_SIZE) as u32
}

/// A counted reference to a frame.
#[derive(Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Frame(NonZeroU32);

impl Frame {
    /// A frame with undefined contents for a user program. [`Kind::NoMemory`] if only the kernel's reserve is left.
    #[inline]
    pub fn alloc() -> Result<Self> {
        let frame = take(For::User).and_then(NonZeroU32::new).ok_or(Kind::NoMemory)?;
        Ok(Self(frame))
    }

    /// A frame full of zeros for a user program.
    #[inline]
    pub fn alloc_zeroed() -> Result<Self> {
        let frame = Self::alloc()?;
        zero_page(frame.as_ptr());
        Ok(frame)
    }

    /// A frame full of zeros for a page table. Its owner's word is 0.
    #[inline]
    pub(crate) fn alloc_table() -> Result<Self> {
        let mut quiet = Quiet::new();
        let cache = quiet.cache();
        if cache.zeroed_count > 0 {
            cache.zeroed_count -= 1;
            let number = cache.zeroed[cache.zeroed_count as usize % ZEROED];
            let slot = entry(number);
            slot.refs.store(1, Ordering::Relaxed);
            return NonZeroU32::new(number).map(Self).ok_or(Kind::NoMemory.into());
        }
        drop(quiet);
        let frame = Self::alloc_zeroed()?;
        frame.info().store(0, Ordering::Relaxed);
        Ok(frame)
    }

    /// Gives back a page table that is full of zeros again and whose owner's word is 0.
    #[inline]
    pub(crate) fn free_table(self) {
        let number = ManuallyDrop::new(self).0.get();
        debug_assert!(entry(number).info.load(Ordering::Relaxed) == 0);
        let mut quiet = Quiet::new();
        let cache = quiet.cache();
        if (cache.zeroed_count as usize) < ZEROED {
            cache.zeroed[cache.zeroed_count as usize % ZEROED] = number;
            cache.zeroed_count += 1;
        } else {
            give(cache, number);
        }
    }

    /// A frame for a top page table: its user half is empty, `fill` wrote the rest. Its owner's word is 0.
    pub(crate) fn alloc_root(fill: impl FnOnce(*mut u8)) -> Result<Self> {
        let mut quiet = Quiet::new();
        let cache = quiet.cache();
        if cache.root_count > 0 {
            cache.root_count -= 1;
            let number = cache.roots[cache.root_count as usize % ROOTS];
            entry(number).refs.store(1, Ordering::Relaxed);
            return NonZeroU32::new(number).map(Self).ok_or(Kind::NoMemory.into());
        }
        drop(quiet);
        let frame = Self::alloc_table()?;
        fill(frame.as_ptr());
        Ok(frame)
    }

    /// Gives back a top page table whose user half is empty again and whose owner's word is 0.
    pub(crate) fn free_root(self) {
        let number = ManuallyDrop::new(self).0.get();
        let mut quiet = Quiet::new();
        let cache = quiet.cache();
        if (cache.root_count as usize) < ROOTS {
            cache.roots[cache.root_count as usize % ROOTS] = number;
            cache.root_count += 1;
        } else {
            give(cache, number);
        }
    }

    /// The physical address.
    #[inline]
    pub fn phys(&self) -> u64 {
        u64::from(self.0.get()) * PAGE_SIZE as u64
    }

    /// The kernel's address of the contents. Programs may see and change them at any time, so they are only
    /// read and written through raw pointers.
    #[inline]
    pub fn as_ptr(&self) -> *mut u8 {
        address(self.0.get()) as *mut u8
    }

    /// The frame's number.
    #[inline]
    pub fn number(&self) -> u32 {
        self.0.get()
    }

    /// How many references there are. Only 1 is a lasting answer.
    #[inline]
    pub fn references(&self) -> u32 {
        entry(self.0.get()).refs.load(Ordering::Acquire)
    }

    /// Gives the reference up for its number, to be kept in a page table entry.
    #[inline]
    pub fn into_raw(self) -> u32 {
        ManuallyDrop::new(self).0.get()
    }

    /// Takes a reference back from its number.
    ///
    /// # Safety
    /// The number came from [`Self::into_raw`], once.
    #[inline]
    pub unsafe fn from_raw(number: u32) -> Self {
        debug_assert!(number != 0);
        // SAFETY: frame numbers are never 0.
        Self(unsafe { NonZeroU32::new_unchecked(number) })
    }

    /// The word for the frame's owner. Its top bit stays clear.
    #[inline]
    pub(crate) fn info(&self) -> &'static AtomicU32 {
        &entry(self.0.get()).info
    }
}

impl Clone for Frame {
    #[inline]
    fn clone(&self) -> Self {
        retain(self.0.get());
        Self(self.0)
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        let number = self.0.get();
        if release(number) {
            give(Quiet::new().cache(), number);
        }
    }
}

/// Adds a reference to a frame given by number.
#[inline]
pub(crate) fn retain(number: u32) {
    entry(number).refs.fetch_add(1, Ordering::Relaxed);
}

/// Takes a reference away; true if it was the last.
#[inline]
fn release(number: u32) -> bool {
    entry(number).refs.fetch_sub(1, Ordering::AcqRel) == 1
}

/// The owner's word of the frame that holds this kernel address.
#[inline]
pub(crate) fn info_of(address: usize) -> &'static AtomicU32 {
    &entry(number(address)).info
}

/// Drops many references, each given by number, with one trip to the cache.
pub(crate) fn release_all(numbers: &[u32]) {
    let mut quiet = Quiet::new();
    let cache = quiet.cache();
    for &number in numbers {
        if release(number) {
            give(cache, number);
        }
    }
}

/// Fills a page with zeros.
#[inline]
pub(crate) fn zero_page(page: *mut u8) {
    debug_assert!(page as usize % PAGE_SIZE == 0);
    // SAFETY: callers pass the start of a frame that they own.
    unsafe {
        core::arch::asm!("rep stosq", inout("rcx") PAGE_SIZE / 8 => _, inout("rdi") page => _, in("rax") 0,
                         options(nostack, preserves_flags));
    }
}

/// Copies a page.
#[inline]
pub(crate) fn copy_page(target: *mut u8, source: *const u8) {
    debug_assert!(target as usize % PAGE_SIZE == 0 && source as usize % PAGE_SIZE == 0);
    // SAFETY: callers pass the starts of two different frames that they refer to.
    unsafe {
        core::arch::asm!("rep movsq", inout("rcx") PAGE_SIZE / 8 => _, inout("rdi") target => _,
                         inout("rsi") source => _, options(nostack, preserves_flags));
    }
}
