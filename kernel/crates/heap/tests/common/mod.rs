//! A machine for the heap: memory, frames, and one CPU.

use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::ptr::NonNull;

use buddy::{FrameCache, NodeMap, Table, Zones, MAX_ORDER};
use heap::{Cache, Pages, Slabs};
use slab::COUNT;

const PAGE: usize = slab::PAGE;
/// Frames that the CPU keeps, and that move at once.
const KEPT: usize = 64;
const BATCH: usize = 24;

/// The words of all frames.
pub struct Words(pub Vec<u64>);

impl Table for Words {
    fn get(&self, frame: u32) -> u64 {
        self.0[frame as usize]
    }
    fn set(&mut self, frame: u32, word: u64) {
        self.0[frame as usize] = word;
    }
}

/// Pages out of a piece of the host's memory.
struct Frames {
    memory: *mut u8,
    layout: Layout,
    zones: Zones,
    words: Words,
    kept: FrameCache<KEPT>,
}

impl Pages for Frames {
    fn take(&mut self, pages: usize) -> Option<usize> {
        let frame = if pages == 1 {
            self.kept.pop().or_else(|| {
                self.kept.refill(BATCH, 0, &mut self.zones, &mut self.words);
                self.kept.pop()
            })?
        } else {
            self.zones.alloc(&mut self.words, pages.ilog2(), 0)?
        };
        Some(self.memory as usize + frame as usize * PAGE)
    }

    unsafe fn give(&mut self, start: usize, pages: usize) {
        let frame = ((start - self.memory as usize) / PAGE) as u32;
        if pages > 1 {
            self.zones.free(&mut self.words, frame, pages.ilog2());
        } else if !self.kept.push(frame) {
            self.kept.keep(frame, BATCH, &mut self.zones, &mut self.words);
        }
    }
}

/// Memory, its frames, and a CPU with its lists.
pub struct Machine {
    frames: Frames,
    slabs: [Slabs; COUNT],
    cache: Cache,
}

impl Machine {
    /// One with `bytes` of memory, a multiple of the largest block.
    pub fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes, PAGE << MAX_ORDER).expect("a size");
        // SAFETY: the size is not 0.
        let memory = unsafe { alloc_zeroed(layout) };
        assert!(!memory.is_null());
        let frames = (bytes / PAGE) as u32;
        let mut words = Words(vec![0; frames as usize]);
        let mut zones = Zones::new(frames, NodeMap::single());
        zones.free_range(&mut words, 0, frames);
        let frames = Frames { memory, layout, zones, words, kept: FrameCache::new() };
        Self { frames, slabs: std::array::from_fn(Slabs::new), cache: Cache::new() }
    }

    pub fn alloc(&mut self, class: usize) -> Option<NonNull<u8>> {
        let Self { frames, slabs, cache } = self;
        cache.take(class).or_else(|| cache.refill(class, &mut slabs[class], frames))
    }

    /// # Safety
    /// The object came from [`Self::alloc`] with that class, and nobody uses it any more.
    pub unsafe fn free(&mut self, class: usize, object: usize) {
        let Self { frames, slabs, cache } = self;
        let object = NonNull::new(object as *mut u8).expect("an object");
        // SAFETY: the caller's duty is the same.
        if unsafe { cache.give(class, object) } {
            cache.spill(class, false, &mut slabs[class], frames);
        }
    }

    /// Gives back what is only kept.
    pub fn trim(&mut self) {
        for (class, slabs) in self.slabs.iter_mut().enumerate() {
            self.cache.spill(class, true, slabs, &mut self.frames);
            slabs.tidy(&mut self.frames);
        }
        self.frames.kept.spill(KEPT, &mut self.frames.zones, &mut self.frames.words);
    }

    pub fn free_pages(&self) -> usize {
        self.frames.zones.free_frames() + self.frames.kept.len()
    }

    #[allow(dead_code, reason = "the benchmarks, which share this, do not ask")]
    pub fn largest_blocks(&self) -> usize {
        self.frames.zones.blocks(&self.frames.words)[MAX_ORDER as usize]
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout, and all that is in it goes with the machine.
        unsafe { dealloc(self.frames.memory, self.frames.layout) };
    }
}
