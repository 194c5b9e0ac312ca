//! The kernel heap: Rust's global allocator.
//!
//! Small requests are served from lists of free objects that each CPU keeps per size class, without a lock. The
//! lists are filled from and spilled to slabs ([`slab`] has the policy), and slabs are runs of pages from the
//! frame allocator; so are large requests. A fixed arena with a `linked_list_allocator` serves what comes before
//! there is a frame table, and afterwards odd sizes that would waste much of their last page.
//!
//! A request that cannot be met returns null. Interrupts are off for the few instructions that touch a list, so
//! that handlers may drop objects.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{null_mut, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use linked_list_allocator::Heap as ListHeap;
use slab::{class_of, Class, Links, Slab, CLASSES, COUNT};

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

/// A free object: the first word links to the next one of the list.
struct Free {
    next: *mut Free,
}

#[derive(Clone, Copy)]
struct List {
    head: *mut Free,
    count: usize,
}

#[repr(C, align(64))]
struct Cache([List; COUNT]);

#[repr(transparent)]
struct CacheCell(UnsafeCell<Cache>);

// SAFETY: each CPU uses its own, with interrupts off.
unsafe impl Sync for CacheCell {}

static CACHES: [CacheCell; CPUS] =
    [const { CacheCell(UnsafeCell::new(Cache([List { head: null_mut(), count: 0 }; COUNT]))) }; CPUS];

/// The start of each slab.
#[repr(C)]
struct Header {
    next: *mut Header,
    prev: *mut Header,
    slab: Slab,
}

const _: () = assert!(size_of::<Header>() <= slab::HEADER);

/// The slabs of a class that have free objects.
struct Slabs {
    partial: *mut Header,
    /// Slabs of the class, and objects taken from them.
    slabs: usize,
    taken: usize,
}

// SAFETY: the pointers are to slabs that belong to the class, only followed behind its lock.
unsafe impl Send for Slabs {}

static SLABS: [spin::Mutex<Slabs>; COUNT] =
    [const { spin::Mutex::new(Slabs { partial: null_mut(), slabs: 0, taken: 0 }) }; COUNT];

/// The free objects' links in memory.
struct ObjectLinks {
    base: *mut u8,
    class: &'static Class,
}

impl Links for ObjectLinks {
    fn get(&self, index: u16) -> u16 {
        // SAFETY: the index is a free object's of this slab, which holds its link.
        unsafe { self.base.add(self.class.offset(index)).cast::<u16>().read() }
    }
    fn set(&mut self, index: u16, next: u16) {
        // SAFETY: the index is an object's of this slab that its last user gave back.
        unsafe { self.base.add(self.class.offset(index)).cast::<u16>().write(next) }
    }
}

impl Slabs {
    fn link(&mut self, slab: *mut Header) {
        // SAFETY: slabs of this class are valid and reached only behind its lock.
        unsafe {
            (*slab).prev = null_mut();
            (*slab).next = self.partial;
            if !self.partial.is_null() {
                (*self.partial).prev = slab;
            }
        }
        self.partial = slab;
    }

    fn unlink(&mut self, slab: *mut Header) {
        // SAFETY: as in `link`; the slab is in the list.
        unsafe {
            let (prev, next) = ((*slab).prev, (*slab).next);
            if prev.is_null() {
                self.partial = next;
            } else {
                (*prev).next = next;
            }
            if !next.is_null() {
                (*next).prev = prev;
            }
        }
    }

    fn take(&mut self, class: &'static Class) -> Option<*mut u8> {
        if self.partial.is_null() {
            let slab = frame::alloc_pages(class.pages.into())? as *mut Header;
            // SAFETY: the pages are ours and hold a header.
            unsafe { slab.write(Header { next: null_mut(), prev: null_mut(), slab: Slab::new(class) }) };
            self.link(slab);
            self.slabs += 1;
        }
        let base = self.partial;
        // SAFETY: the slab is in the list, behind this lock.
        let slab = unsafe { &mut (*base).slab };
        let index = slab.take(&mut ObjectLinks { base: base.cast(), class })?;
        if slab.is_full() {
            self.unlink(base);
        }
        self.taken += 1;
        // SAFETY: the object lies within the slab.
        Some(unsafe { base.cast::<u8>().add(class.offset(index)) })
    }

    /// Frees the slabs without objects, and puts the fullest first, so that the others may run empty.
    fn tidy(&mut self, class: &'static Class) {
        let mut ranks = [null_mut::<Header>(); 8];
        let mut next = self.partial;
        self.partial = null_mut();
        while let Some(slab) = NonNull::new(next).map(NonNull::as_ptr) {
            // SAFETY: the slab was in the list, behind this lock; without an object it has no user left.
            unsafe {
                next = (*slab).next;
                let used = (*slab).slab.used();
                if used == 0 {
                    self.slabs -= 1;
                    frame::free_pages(slab as usize, class.pages.into());
                } else {
                    let rank = used * ranks.len() / class.capacity() % ranks.len();
                    (*slab).next = core::mem::replace(&mut ranks[rank], slab);
                }
            }
        }
        for mut rank in ranks {
            while let Some(slab) = NonNull::new(rank).map(NonNull::as_ptr) {
                // SAFETY: as above.
                rank = unsafe { (*slab).next };
                self.link(slab);
            }
        }
    }

    /// # Safety
    /// The object is of this class and nobody uses it.
    unsafe fn give(&mut self, class: &'static Class, object: *mut u8, keep_empty: bool) {
        let address = object as usize;
        let base = (address & !(class.slab_bytes() - 1)) as *mut Header;
        let index = class.index(address - base as usize);
        // SAFETY: slabs are aligned to their size, so this is the object's.
        let slab = unsafe { &mut (*base).slab };
        let was_full = slab.is_full();
        slab.give(&mut ObjectLinks { base: base.cast(), class }, index);
        let empty = slab.is_empty();
        self.taken -= 1;
        if was_full {
            self.link(base);
        }
        // SAFETY: the slab is in the list now. The last one with room is kept, lest it be made again at once.
        let alone = unsafe { (*base).next.is_null() } && self.partial == base;
        if empty && !(alone && keep_empty) {
            self.unlink(base);
            self.slabs -= 1;
            // SAFETY: the slab came from there and has no user left.
            unsafe { frame::free_pages(base as usize, class.pages.into()) };
        }
    }
}

/// Fills an empty list and takes one object.
#[cold]
#[inline(never)]
fn refill(list: &mut List, class: usize) -> *mut u8 {
    if !GROWS.load(Ordering::Relaxed) {
        return null_mut();
    }
    let shape = &CLASSES[class];
    let mut slabs = SLABS[class].lock();
    let Some(first) = slabs.take(shape) else { return null_mut() };
    for _ in 1..shape.batch() {
        let Some(object) = slabs.take(shape) else { break };
        let object = object.cast::<Free>();
        // SAFETY: a free object has room for its link and is aligned to 16.
        unsafe { (*object).next = list.head };
        list.head = object;
        list.count += 1;
    }
    first
}

/// Returns objects to their slabs until `keep` are left.
#[cold]
#[inline(never)]
fn spill(list: &mut List, class: usize, keep: usize) {
    let mut slabs = SLABS[class].lock();
    while list.count > keep {
        let object = list.head;
        // SAFETY: the list holds free objects of this class.
        unsafe {
            list.head = (*object).next;
            slabs.give(&CLASSES[class], object.cast(), keep > 0);
        }
        list.count -= 1;
    }
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
        // SAFETY: interrupts are off, so nothing else uses this CPU's lists.
        let list = unsafe { &mut (*CACHES[arch::cpu_id() as usize % CPUS].0.get()).0[class] };
        let object = list.head;
        let object = if object.is_null() {
            refill(list, class)
        } else {
            // SAFETY: the list holds free objects.
            list.head = unsafe { (*object).next };
            list.count -= 1;
            object.cast()
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
        // SAFETY: interrupts are off, so nothing else uses this CPU's lists.
        let list = unsafe { &mut (*CACHES[arch::cpu_id() as usize % CPUS].0.get()).0[class] };
        let object = place.cast::<Free>();
        // SAFETY: by the caller nobody uses the object any more; it has room for a link.
        unsafe { (*object).next = list.head };
        list.head = object;
        list.count += 1;
        if list.count > CLASSES[class].cached.into() {
            spill(list, class, CLASSES[class].batch());
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

/// Free objects of a class in a CPU's lists. Of another CPU, which may just be changing them, it is an estimate.
fn listed(cache: &CacheCell, class: usize) -> usize {
    // SAFETY: the cells are static, and the count is read by itself.
    unsafe { (&raw const (*cache.0.get()).0[class].count).read_volatile() }
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
        stats.slab_bytes += slabs.slabs * class.slab_bytes();
        let listed: usize = CACHES.iter().map(|cache| listed(cache, index)).sum();
        stats.object_bytes += slabs.taken.saturating_sub(listed) * usize::from(class.size);
    }
    arch::irq_restore(enabled);
    stats
}

/// Returns what this CPU keeps, and slabs without objects, to the frame allocator.
pub fn trim() {
    for class in 0..COUNT {
        let enabled = arch::irq_disable_save();
        // SAFETY: interrupts are off, so nothing else uses this CPU's lists.
        let list = unsafe { &mut (*CACHES[arch::cpu_id() as usize % CPUS].0.get()).0[class] };
        spill(list, class, 0);
        SLABS[class].lock().tidy(&CLASSES[class]);
        arch::irq_restore(enabled);
    }
}
