//! The kernel heap: Rust's global allocator.
//!
//! Small requests are served from lists of free objects that each CPU keeps per size class, without a lock. The
//! lists are filled from and spilled to slabs (both are the crate [`heap`]'s), and slabs are runs of pages from the
//! frame allocator; so are large requests. A fixed arena with a `linked_list_allocator` serves what comes before
//! there is a frame table, and afterwards odd sizes that would waste much of their last page.
//!
//! A request that cannot be met returns null. Interrupts are off for the few instructions that touch a list, so
//! that handlers may drop objects.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{null_mut, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use heap::{Cache, Pages, Slabs};
use linked_list_allocator::Heap as ListHeap;
use slab::{class_of, CLASSES, COUNT};

use super::{frame, PAGE_SIZE};
use crate::arch;

const CPUS: usize = 32;
/// Bytes of the arena.
const ARENA: usize = 64 * 1024;

#[global_allocator]
static HEAP: KernelHeap = KernelHeap;

struct KernelHeap;

/// Set when the frame allocator is up.
static GROWS: AtomicBool = AtomicBool::new(false);
/// Pages that large allocations have.
static LARGE_PAGES: AtomicUsize = AtomicUsize::new(0);

#[repr(C, align(4096))]
struct ArenaBytes(UnsafeCell<[u8; ARENA]>);

// SAFETY: only the arena's allocator, behind its lock, uses the bytes.
unsafe impl Sync for ArenaBytes {}

static ARENA_BYTES: ArenaBytes = ArenaBytes(UnsafeCell::new([0; ARENA]));
static ARENA_HEAP: spin::Mutex<ListHeap> = spin::Mutex::new(ListHeap::empty());

#[repr(transparent)]
struct CacheCell(UnsafeCell<Cache>);

// SAFETY: each CPU uses its own, with interrupts off.
unsafe impl Sync for CacheCell {}

static CACHES: [CacheCell; CPUS] = [const { CacheCell(UnsafeCell::new(Cache::new())) }; CPUS];

static SLABS: [spin::Mutex<Slabs>; COUNT] = {
    let mut slabs = [const { spin::Mutex::new(Slabs::new(0)) }; COUNT];
    let mut class = 1;
    while class < COUNT {
        slabs[class] = spin::Mutex::new(Slabs::new(class));
        class += 1;
    }
    slabs
};

/// The frame allocator as slabs see it.
struct Frames;

impl Pages for Frames {
    fn take(&mut self, pages: usize) -> Option<usize> {
        frame::alloc_pages(pages)
    }
    unsafe fn give(&mut self, start: usize, pages: usize) {
        // SAFETY: the caller's duty is the same.
        unsafe { frame::free_pages(start, pages) };
    }
}

/// This CPU's lists of free objects.
///
/// # Safety
/// Interrupts are off, and no other reference from here is in use.
#[inline(always)]
unsafe fn cache<'a>() -> &'a mut Cache {
    // SAFETY: by the caller nothing else uses this CPU's lists.
    unsafe { &mut *CACHES[arch::cpu_id() as usize % CPUS].0.get() }
}

/// Fills an empty list and takes one object.
#[cold]
#[inline(never)]
fn refill(cache: &mut Cache, class: usize) -> *mut u8 {
    if !GROWS.load(Ordering::Relaxed) {
        return null_mut();
    }
    cache.refill(class, &mut SLABS[class].lock(), &mut Frames).map_or(null_mut(), NonNull::as_ptr)
}

#[cold]
#[inline(never)]
fn spill(cache: &mut Cache, class: usize, all: bool) {
    cache.spill(class, all, &mut SLABS[class].lock(), &mut Frames);
}

/// Does a large request waste much of its last page, so that the arena is tried first?
fn is_odd(layout: &Layout) -> bool {
    let waste = layout.size().next_multiple_of(PAGE_SIZE) - layout.size();
    layout.size() <= 4 * PAGE_SIZE && waste * 8 > layout.size()
}

fn pages_of(layout: &Layout) -> usize {
    (layout.size().max(layout.align())).div_ceil(PAGE_SIZE)
}

#[cold]
fn alloc_from_arena(layout: Layout) -> *mut u8 {
    let enabled = arch::irq_disable_save();
    let mut arena = ARENA_HEAP.lock();
    if arena.size() == 0 {
        // SAFETY: the bytes are static and used for nothing else, and this happens once.
        unsafe { arena.init(ARENA_BYTES.0.get().cast(), ARENA) };
    }
    let place = arena.allocate_first_fit(layout).map_or(null_mut(), NonNull::as_ptr);
    drop(arena);
    arch::irq_restore(enabled);
    place
}

#[cold]
#[inline(never)]
fn alloc_large(layout: Layout) -> *mut u8 {
    let grows = GROWS.load(Ordering::Relaxed);
    if !grows || is_odd(&layout) {
        let place = alloc_from_arena(layout);
        if !place.is_null() || !grows {
            return place;
        }
    }
    let pages = pages_of(&layout);
    match frame::alloc_pages(pages) {
        Some(address) => {
            LARGE_PAGES.fetch_add(pages, Ordering::Relaxed);
            address as *mut u8
        }
        None => null_mut(),
    }
}

#[inline]
fn in_arena(place: *mut u8) -> bool {
    (place as usize).wrapping_sub(ARENA_BYTES.0.get() as usize) < ARENA
}

#[cold]
#[inline(never)]
fn free_other(place: *mut u8, layout: Layout) {
    let Some(at) = NonNull::new(place) else { return };
    if in_arena(place) {
        let enabled = arch::irq_disable_save();
        // SAFETY: the place is the arena's and was allocated with this layout.
        unsafe { ARENA_HEAP.lock().deallocate(at, layout) };
        arch::irq_restore(enabled);
    } else {
        let pages = pages_of(&layout);
        LARGE_PAGES.fetch_sub(pages, Ordering::Relaxed);
        // SAFETY: the pages were allocated with this layout.
        unsafe { frame::free_pages(place as usize, pages) };
    }
}

// SAFETY: places come from the lists, the arena or the frame allocator, each of which gives a place to one owner,
// with the size and alignment of the class, layout or page.
unsafe impl GlobalAlloc for KernelHeap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class_of(layout.size(), layout.align()) else { return alloc_large(layout) };
        let enabled = arch::irq_disable_save();
        // SAFETY: interrupts are off.
        let cache = unsafe { cache() };
        let object = match cache.take(class) {
            Some(object) => object.as_ptr(),
            None => refill(cache, class),
        };
        arch::irq_restore(enabled);
        if object.is_null() && !GROWS.load(Ordering::Relaxed) {
            return alloc_from_arena(layout);
        }
        object
    }

    #[inline]
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let Some(class) = class_of(layout.size(), layout.align()).filter(|_| !in_arena(place)) else {
            return free_other(place, layout);
        };
        let enabled = arch::irq_disable_save();
        // SAFETY: interrupts are off.
        let cache = unsafe { cache() };
        // SAFETY: what was allocated is somewhere.
        let object = unsafe { NonNull::new_unchecked(place) };
        // SAFETY: by the caller the object was allocated with this layout, hence of this class, and is free now.
        if unsafe { cache.give(class, object) } {
            spill(cache, class, false);
        }
        arch::irq_restore(enabled);
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let old_class = class_of(layout.size(), layout.align());
        if old_class.is_some() && old_class == class_of(new_size, layout.align()) && !in_arena(place) {
            return place;
        }
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else { return null_mut() };
        // SAFETY: the layout is valid and not of size 0 (the caller's duty).
        let new_place = unsafe { self.alloc(new_layout) };
        if !new_place.is_null() {
            // SAFETY: both places have at least that many bytes, and the old one is given up.
            unsafe {
                core::ptr::copy_nonoverlapping(place, new_place, layout.size().min(new_size));
                self.dealloc(place, layout);
            }
        }
        new_place
    }
}

/// From here on the heap takes pages from the frame allocator.
pub(super) fn init() {
    GROWS.store(true, Ordering::Relaxed);
}

/// What the heap uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Bytes in slabs.
    pub slab_bytes: usize,
    /// Bytes of objects in use.
    pub object_bytes: usize,
    /// Bytes in large allocations.
    pub large_bytes: usize,
    /// Bytes used of the arena.
    pub arena_bytes: usize,
}

/// What the heap uses now.
pub fn stats() -> Stats {
    let enabled = arch::irq_disable_save();
    let mut stats = Stats {
        large_bytes: LARGE_PAGES.load(Ordering::Relaxed) * PAGE_SIZE,
        arena_bytes: ARENA_HEAP.lock().used(),
        ..Stats::default()
    };
    for (index, (class, slabs)) in CLASSES.iter().zip(&SLABS).enumerate() {
        let slabs = slabs.lock();
        stats.slab_bytes += slabs.slabs() * class.slab_bytes();
        // SAFETY: the cells are static. Of another CPU, which may just be changing its lists, it is an estimate.
        let listed: usize = CACHES.iter().map(|cell| unsafe { Cache::count(cell.0.get(), index) }).sum();
        stats.object_bytes += slabs.taken().saturating_sub(listed) * usize::from(class.size);
    }
    arch::irq_restore(enabled);
    stats
}

/// Returns what this CPU keeps, and slabs without objects, to the frame allocator.
pub fn trim() {
    for (class, slabs) in SLABS.iter().enumerate() {
        let enabled = arch::irq_disable_save();
        // SAFETY: interrupts are off.
        spill(unsafe { cache() }, class, true);
        slabs.lock().tidy(&mut Frames);
        arch::irq_restore(enabled);
    }
}
