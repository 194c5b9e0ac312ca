//! The kernel heap (the very crates that the kernel uses: slabs, buddy allocator, caches of a CPU) next to
//! linked_list_allocator, buddy_system_allocator, talc and the host's malloc.

// Memory, frames and one CPU for the heap, as its own tests have them.
#[path = "../../../../kernel/crates/heap/tests/common/mod.rs"]
mod machine;
mod systems;

use std::alloc::Layout;
use std::hint::black_box;
use std::ptr::NonNull;

use criterion::{criterion_group, criterion_main, BenchmarkGroup, Criterion, Throughput};
use host_bench::{criterion, group, selected, share, Cycles, Target};
use systems::{Allocator, BuddySystem, Kernel, LinkedList, Malloc, Talc, Zoned};

type Group<'a> = BenchmarkGroup<'a, Cycles>;

/// Bytes that an allocator has.
const ROOM: usize = 8 << 20;
/// Allocations of a run, and how many of them live at the same time.
const MIXED: usize = 100_000;
const LIVING: usize = 1000;
/// Operations before fragmentation is looked at.
const OPERATIONS: usize = 1_000_000;
const PAGE: usize = 4096;

macro_rules! each {
    ($act:ident, $group:expr; $($system:ty),*) => {
        $($act::<$system>(&mut $group);)*
    };
}

macro_rules! shares {
    ($trace:expr; $($system:ty),*) => {
        $(fragmentation::<$system>(&$trace);)*
    };
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A size between 16 and 2720 bytes: as many between 16 and 32 as between 32 and 64, and so on.
    fn layout(&mut self) -> Layout {
        let dice = self.next();
        let power = 16 << (dice % 8);
        let size = (power + (dice >> 8) as usize % power).min(slab::LARGEST);
        Layout::from_size_align(size, 8).expect("a small size")
    }
}

/// An object of the same size, again and again.
fn hit<A: Allocator>(group: &mut Group<'_>) {
    let mut allocator = A::new(ROOM);
    let layout = Layout::from_size_align(64, 8).expect("a small size");
    group.throughput(Throughput::Elements(2));
    group.bench_function(A::NAME, |bencher| {
        bencher.iter(|| {
            let object = allocator.alloc(black_box(layout)).expect("there is room");
            // SAFETY: the object was just allocated with this layout.
            unsafe { allocator.free(black_box(object), black_box(layout)) };
        });
    });
}

/// Objects of all sizes; each takes the place of one that is freed.
fn mixed<A: Allocator>(group: &mut Group<'_>) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let steps: Vec<(usize, Layout)> =
        (0..MIXED).map(|_| (random.next() as usize % LIVING, random.layout())).collect();
    let mut allocator = A::new(ROOM);
    group.throughput(Throughput::Elements(MIXED as u64));
    group.bench_function(A::NAME, |bencher| {
        bencher.iter(|| {
            let mut living: [Option<(NonNull<u8>, Layout)>; LIVING] = [None; LIVING];
            for &(place, layout) in black_box(&steps) {
                if let Some((object, layout)) = living[place].take() {
                    // SAFETY: the object was allocated with this layout, and is taken out.
                    unsafe { allocator.free(object, layout) };
                }
                living[place] = Some((allocator.alloc(layout).expect("there is room"), layout));
            }
            for (object, layout) in living.into_iter().flatten() {
                // SAFETY: as above.
                unsafe { allocator.free(object, layout) };
            }
        });
    });
}

/// What is asked for, how many bytes there are for it, and in which pieces what is left is to be had.
struct Trace {
    title: &'static str,
    most: Option<f64>,
    room: usize,
    layout: fn(&mut Random) -> Layout,
    piece: usize,
}

const FRAMES: Trace = Trace {
    title: "Frames: free memory that cannot be had in blocks of 64 KiB, after 1,000,000 random operations",
    most: Some(5.0),
    room: 64 << 20,
    layout: |random| {
        let bytes = PAGE << (random.next() % 5);
        Layout::from_size_align(bytes, bytes).expect("a block's size")
    },
    piece: PAGE << 4,
};

const OBJECTS: Trace = Trace {
    title: "Kernel heap: free memory that cannot be had in pages, after 1,000,000 random operations",
    most: None,
    room: ROOM,
    layout: Random::layout,
    piece: PAGE,
};

/// How much of what is free cannot be had in pieces of some size once half of the memory has been in use for long.
fn fragmentation<A: Allocator>(trace: &Trace) {
    let mut allocator = A::new(trace.room);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut held: Vec<(NonNull<u8>, Layout)> = Vec::new();
    let mut living = 0;
    for _ in 0..OPERATIONS {
        let (layout, dice) = ((trace.layout)(&mut random), random.next());
        if living + layout.size() <= trace.room / 2 && dice >> 62 != 0 {
            // What fails for fragmentation is not asked for again.
            if let Some(object) = allocator.alloc(layout) {
                living += layout.size();
                held.push((object, layout));
            }
        } else if !held.is_empty() {
            let (object, layout) = held.swap_remove(dice as usize % held.len());
            living -= layout.size();
            // SAFETY: the object was allocated with this layout, and is taken out.
            unsafe { allocator.free(object, layout) };
        }
    }
    let had = allocator.pieces(trace.piece) * trace.piece;
    share(trace.title, trace.most, A::NAME, 100.0 * (1.0 - had as f64 / (trace.room - living) as f64));
}

fn allocators(criterion: &mut Criterion<Cycles>) {
    let mut hits =
        group(criterion, "Kernel heap: allocate or free 64 B, in the cache", Some(Target::Cycles(20)));
    each!(hit, hits; Kernel, LinkedList, BuddySystem, Talc, Malloc);
    hits.finish();
    let mut all = group(
        criterion,
        "Kernel heap: 100,000 mixed allocations and their frees, per allocation",
        Some(Target::Cycles(30)),
    );
    all.sample_size(40);
    each!(mixed, all; Kernel, LinkedList, BuddySystem, Talc, Malloc);
    all.finish();
    if selected(FRAMES.title) {
        shares!(FRAMES; Zoned, LinkedList, BuddySystem, Talc);
    }
    if selected(OBJECTS.title) {
        shares!(OBJECTS; Kernel, LinkedList, BuddySystem, Talc);
    }
}

criterion_group!(name = heaps; config = criterion(); targets = allocators);
criterion_main!(heaps);
