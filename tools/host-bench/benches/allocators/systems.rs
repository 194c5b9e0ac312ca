//! The allocators, behind one trait.

use std::alloc::{alloc, alloc_zeroed, dealloc, Layout};
use std::ptr::NonNull;

use buddy::{NodeMap, Zones};

use crate::machine::{Machine, Words};

/// An allocator with a piece of memory.
pub trait Allocator {
    const NAME: &'static str;

    /// One that has `bytes`.
    fn new(bytes: usize) -> Self;
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>>;
    /// # Safety
    /// The object was allocated here with that layout, and is not used any more.
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout);

    /// How many pieces of some size can still be had. They are not given back.
    fn pieces(&mut self, size: usize) -> usize {
        let piece = Layout::from_size_align(size, 8).expect("a size");
        std::iter::from_fn(|| self.alloc(piece)).count()
    }
}

/// Memory of the host for an allocator.
struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

impl Memory {
    fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes, 4096).expect("a size");
        // SAFETY: the size is not 0.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) }).expect("the host has memory");
        Self { start, layout }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout, and its allocator goes with it.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

/// The kernel's own.
pub struct Kernel(Machine);

impl Allocator for Kernel {
    const NAME: &'static str = "Exo-OS";

    fn new(bytes: usize) -> Self {
        Self(Machine::new(bytes))
    }
    #[inline]
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.alloc(slab::class_of(layout.size(), layout.align())?)
    }
    #[inline]
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout) {
        if let Some(class) = slab::class_of(layout.size(), layout.align()) {
            // SAFETY: the caller's duty is the same.
            unsafe { self.0.free(class, object.as_ptr() as usize) };
        }
    }
    fn pieces(&mut self, size: usize) -> usize {
        self.0.trim();
        self.0.free_pages() * slab::PAGE / size
    }
}

/// The kernel's frames alone, in blocks of whole pages.
pub struct Zoned {
    zones: Zones,
    words: Words,
}

impl Allocator for Zoned {
    const NAME: &'static str = "Exo-OS";

    fn new(bytes: usize) -> Self {
        let frames = (bytes / slab::PAGE) as u32;
        // Frame 0 is no object's address, and is left out.
        let mut words = Words(vec![0; frames as usize + 1]);
        let mut zones = Zones::new(frames + 1, NodeMap::single());
        zones.free_range(&mut words, 1, frames + 1);
        Self { zones, words }
    }
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let order = (layout.size() / slab::PAGE).ilog2();
        let frame = self.zones.alloc(&mut self.words, order, 0)?;
        NonNull::new((frame as usize * slab::PAGE) as *mut u8)
    }
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout) {
        let order = (layout.size() / slab::PAGE).ilog2();
        self.zones.free(&mut self.words, (object.as_ptr() as usize / slab::PAGE) as u32, order);
    }
}

/// The crate `linked_list_allocator`.
pub struct LinkedList {
    heap: linked_list_allocator::Heap,
    _memory: Memory,
}

impl Allocator for LinkedList {
    const NAME: &'static str = "linked_list_allocator";

    fn new(bytes: usize) -> Self {
        let memory = Memory::new(bytes);
        // SAFETY: the memory is the allocator's alone and lives as long.
        let heap = unsafe { linked_list_allocator::Heap::new(memory.start.as_ptr(), bytes) };
        Self { heap, _memory: memory }
    }
    #[inline]
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.heap.allocate_first_fit(layout).ok()
    }
    #[inline]
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's duty is the same.
        unsafe { self.heap.deallocate(object, layout) };
    }
}

/// The crate `buddy_system_allocator`.
pub struct BuddySystem {
    heap: buddy_system_allocator::Heap<32>,
    _memory: Memory,
}

impl Allocator for BuddySystem {
    const NAME: &'static str = "buddy_system_allocator";

    fn new(bytes: usize) -> Self {
        let memory = Memory::new(bytes);
        let mut heap = buddy_system_allocator::Heap::new();
        // SAFETY: the memory is the allocator's alone and lives as long.
        unsafe { heap.init(memory.start.as_ptr() as usize, bytes) };
        Self { heap, _memory: memory }
    }
    #[inline]
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.heap.alloc(layout).ok()
    }
    #[inline]
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout) {
        self.heap.dealloc(object, layout);
    }
}

/// The crate `talc`.
pub struct Talc {
    heap: talc::Talc<talc::ErrOnOom>,
    _memory: Memory,
}

impl Allocator for Talc {
    const NAME: &'static str = "talc";

    fn new(bytes: usize) -> Self {
        let memory = Memory::new(bytes);
        let mut heap = talc::Talc::new(talc::ErrOnOom);
        let span = talc::Span::from_base_size(memory.start.as_ptr(), bytes);
        // SAFETY: the memory is the allocator's alone and lives as long.
        unsafe { heap.claim(span) }.expect("there is room for the allocator's own data");
        Self { heap, _memory: memory }
    }
    #[inline]
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: the layout's size is not 0.
        unsafe { self.heap.malloc(layout) }.ok()
    }
    #[inline]
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's duty is the same.
        unsafe { self.heap.free(object, layout) };
    }
}

/// What the host's C library has.
pub struct Malloc;

impl Allocator for Malloc {
    const NAME: &'static str = "the host's malloc";

    fn new(_: usize) -> Self {
        Self
    }
    #[inline]
    fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: the layout's size is not 0.
        NonNull::new(unsafe { alloc(layout) })
    }
    #[inline]
    unsafe fn free(&mut self, object: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's duty is the same.
        unsafe { dealloc(object.as_ptr(), layout) };
    }
}
