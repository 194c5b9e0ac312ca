//! Physical frames: the frame table, the buddy allocator and a cache of single frames on each CPU.
//!
//! Eight bytes describe a frame. While it is allocated they are its reference count and a word for its owner
//! (page tables count their entries there); while it is free they are the buddy allocator's. [`Frame`] is a
//! counted reference; page table entries hold one too, as a bare number.

use core::mem::ManuallyDrop;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU8, AtomicUsize, Ordering};

use buddy::{FrameCache, NodeMap, Table, Zones};
use spin::Once;

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
static ZONES: spin::Mutex<Zones> = spin::Mutex::new(Zones::new(0, NodeMap::single()));
/// Which memory is whose, on machines with several nodes.
static NODES: Once<NodeMap> = Once::new();
/// Frames of each node that there are for allocation.
static NODE_TOTALS: [AtomicUsize; buddy::NODES] = [const { AtomicUsize::new(0) }; buddy::NODES];
/// The node of each CPU.
static CPU_NODES: [AtomicU8; CPUS] = [const { AtomicU8::new(0) }; CPUS];

#[repr(C, align(64))]
struct Cache {
    /// On machines with several nodes, frames of the CPU's own.
    frames: FrameCache<CACHE>,
    /// Frames that hold only zeros: former page tables.
    zeroed: FrameCache<ZEROED>,
    /// Top page tables whose user half is empty.
    roots: FrameCache<ROOTS>,
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
        frames: FrameCache::new(),
        zeroed: FrameCache::new(),
        roots: FrameCache::new(),
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
pub(super) fn init(regions: &[MemoryRegion], released_end: u64, nodes: Option<NodeMap>) {
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
    let mut buddy = ZONES.lock();
    *buddy = Zones::new(frames, nodes.unwrap_or_default());
    if let Some(nodes) = nodes {
        NODES.call_once(|| nodes);
        for cache in &CACHES {
            // SAFETY: the only CPU that runs yet runs this, and takes no frame meanwhile.
            unsafe { (*cache.0.get()).frames.refuse_all() };
        }
    }
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
    for (node, total) in NODE_TOTALS.iter().enumerate() {
        total.store(buddy.free_frames_of(node), Ordering::Relaxed);
    }
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
        let mut zones = ZONES.lock();
        let before: [usize; buddy::NODES] = core::array::from_fn(|node| zones.free_frames_of(node));
        zones.free_range(&mut Words, first, last);
        for (node, total) in NODE_TOTALS.iter().enumerate() {
            total.fetch_add(zones.free_frames_of(node) - before[node], Ordering::Relaxed);
        }
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
            // SAFETY: the cells are static, and begin with their counts; these may change meanwhile, which an
            // estimate may miss.
            unsafe {
                (&raw const (*cache).frames).cast::<u32>().read_volatile()
                    + (&raw const (*cache).zeroed).cast::<u32>().read_volatile()
                    + (&raw const (*cache).roots).cast::<u32>().read_volatile()
            }
        })
        .sum::<u32>() as usize;
    ZONES.lock().free_frames() + cached
}

/// Can user programs have frames?
pub fn has_room() -> bool {
    let _quiet = Quiet::new();
    ZONES.lock().free_frames() > RESERVE.load(Ordering::Relaxed)
}

/// Is so little left that no new program or thread should start? What is left is for those that run, whose faults
/// cannot fail politely.
pub fn is_scarce() -> bool {
    let _quiet = Quiet::new();
    ZONES.lock().free_frames() < 2 * RESERVE.load(Ordering::Relaxed)
}

/// Free blocks of each order.
pub fn free_blocks() -> [usize; buddy::MAX_ORDER as usize + 1] {
    let _quiet = Quiet::new();
    ZONES.lock().blocks(&Words)
}

/// Who asks: user programs leave a reserve for the kernel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    User,
    Kernel,
}

/// The node of the running CPU.
fn own_node() -> usize {
    CPU_NODES[arch::cpu_id() as usize % CPUS].load(Ordering::Relaxed).into()
}

/// One frame, with a reference count of 1 and undefined contents.
#[inline]
fn take(purpose: For) -> Option<u32> {
    let mut quiet = Quiet::new();
    let cache = quiet.cache();
    let frame = match cache.frames.pop() {
        Some(frame) => frame,
        None => refill(cache, purpose)?,
    };
    entry(frame).refs.store(1, Ordering::Relaxed);
    Some(frame)
}

/// Takes frames from the zones: one for the caller, and some to keep.
#[cold]
fn refill(cache: &mut Cache, purpose: For) -> Option<u32> {
    let mut zones = ZONES.lock();
    let reserve = if purpose == For::User { RESERVE.load(Ordering::Relaxed) } else { 0 };
    let available = zones.free_frames().saturating_sub(reserve);
    cache.frames.refill(available.min(BATCH), own_node(), &mut zones, &mut Words);
    drop(zones);
    cache.frames.pop().or_else(|| cache.zeroed.pop())
}

/// Puts a frame that nobody refers to into this CPU's cache.
#[inline]
fn give(cache: &mut Cache, frame: u32) {
    if !cache.frames.push(frame) {
        give_slowly(cache, frame);
    }
}

/// The cache is full, or may not have every frame: those of other nodes go back to these.
#[cold]
fn give_slowly(cache: &mut Cache, frame: u32) {
    let mut zones = ZONES.lock();
    if NODES.get().is_some_and(|nodes| nodes.node_of(frame) != own_node()) {
        zones.free(&mut Words, frame, 0);
    } else {
        cache.frames.keep(frame, BATCH, &mut zones, &mut Words);
    }
}

/// Returns what this CPU keeps to the buddy allocators.
pub fn drain_cache() {
    let mut quiet = Quiet::new();
    let cache = quiet.cache();
    let mut zones = ZONES.lock();
    cache.frames.spill(CACHE, &mut zones, &mut Words);
    cache.zeroed.spill(ZEROED, &mut zones, &mut Words);
    cache.roots.spill(ROOTS, &mut zones, &mut Words);
}

/// Nodes of memory: at least one.
pub fn nodes() -> usize {
    NODES.get().map_or(1, NodeMap::nodes)
}

/// How far it is from one node to another: 10 to itself.
pub fn node_distance(from: usize, to: usize) -> u8 {
    NODES.get().map_or(NodeMap::single().distance(from, to), |nodes| nodes.distance(from, to))
}

/// The node that a frame belongs to.
pub fn node_of_frame(frame: u32) -> usize {
    NODES.get().map_or(0, |nodes| nodes.node_of(frame))
}

/// The node of a CPU.
pub fn node_of_cpu(cpu: usize) -> usize {
    CPU_NODES.get(cpu).map_or(0, |node| node.load(Ordering::Relaxed).into())
}

/// A CPU is near to the memory of this node.
pub(crate) fn set_node_of_cpu(cpu: usize, node: usize) {
    if let Some(place) = CPU_NODES.get(cpu) {
        place.store(node.min(nodes() - 1) as u8, Ordering::Relaxed);
    }
}

/// Frames of a node: all that there are for allocation, and those that no CPU keeps and nobody uses.
pub fn frames_of_node(node: usize) -> (usize, usize) {
    let _quiet = Quiet::new();
    let free = ZONES.lock().free_frames_of(node);
    (NODE_TOTALS.get(node).map_or(0, |total| total.load(Ordering::Relaxed)), free)
}

/// A block of whole frames for the kernel, physically contiguous: its address, or `None`. The block is `pages`
/// long exactly, aligned to the power of two above it.
pub(super) fn alloc_pages(pages: usize) -> Option<usize> {
    let order = pages.checked_next_power_of_two()?.ilog2();
    let mut quiet = Quiet::new();
    if order == 0 {
        let cache = quiet.cache();
        let frame = cache.frames.pop().or_else(|| refill(cache, For::Kernel))?;
        return Some(address(frame));
    }
    let mut zones = ZONES.lock();
    let frame = zones.alloc(&mut Words, order, own_node())?;
    zones.free_range(&mut Words, frame + pages as u32, frame + (1 << order));
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
        ZONES.lock().free_range(&mut Words, frame, frame + pages as u32);
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
        if let Some(number) = cache.zeroed.pop() {
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
        if !cache.zeroed.push(number) {
            give(cache, number);
        }
    }

    /// A frame for a top page table: its user half is empty, `fill` wrote the rest. Its owner's word is 0.
    pub(crate) fn alloc_root(fill: impl FnOnce(*mut u8)) -> Result<Self> {
        let mut quiet = Quiet::new();
        let cache = quiet.cache();
        if let Some(number) = cache.roots.pop() {
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
        if !cache.roots.push(number) {
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
