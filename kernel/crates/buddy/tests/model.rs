//! The allocator against a model that knows each frame's owner.

use buddy::{Buddy, Table, FREE, MAX_ORDER};
use proptest::prelude::*;

struct Words(Vec<u64>);

impl Table for Words {
    fn get(&self, frame: u32) -> u64 {
        self.0[frame as usize]
    }
    fn set(&mut self, frame: u32, word: u64) {
        self.0[frame as usize] = word;
    }
}

fn fresh(frames: u32, holes: &[(u32, u32)]) -> (Buddy, Words, usize) {
    let mut words = Words(vec![0; frames as usize]);
    let mut buddy = Buddy::new(frames);
    let mut start = 0;
    let mut usable = 0;
    for &(from, to) in holes.iter().chain([(frames, frames)].iter()) {
        buddy.free_range(&mut words, start, from);
        usable += (from - start) as usize;
        start = to;
    }
    (buddy, words, usable)
}

#[test]
fn everything_can_be_taken_and_comes_back_whole() {
    let (mut buddy, mut words, usable) = fresh(5000, &[(100, 131)]);
    let before = buddy.blocks(&words);
    let mut taken = Vec::new();
    while let Some(frame) = buddy.alloc(&mut words, 0) {
        assert!(!(100..131).contains(&frame));
        taken.push(frame);
    }
    assert_eq!(taken.len(), usable);
    assert_eq!(buddy.free_frames(), 0);
    // An order that no prime stride can keep together.
    let count = taken.len();
    for i in 0..count {
        buddy.free(&mut words, taken[i * 7919 % count], 0);
    }
    assert_eq!(buddy.free_frames(), usable);
    assert_eq!(buddy.blocks(&words), before);
}

#[test]
fn orders_beyond_the_largest_are_refused() {
    let (mut buddy, mut words, _) = fresh(4096, &[]);
    assert_eq!(buddy.alloc(&mut words, MAX_ORDER + 1), None);
    assert!(buddy.alloc(&mut words, MAX_ORDER).is_some());
}

/// A million random operations on blocks of up to 16 frames: nearly all of what is free can still be had in such blocks.
#[test]
fn little_is_lost_to_fragmentation() {
    const FRAMES: u32 = 1 << 16;
    const LARGEST: u32 = 4;
    for percent in [50, 75] {
        let (mut buddy, mut words, usable) = fresh(FRAMES, &[]);
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let (mut held, mut living) = (Vec::new(), 0);
        for _ in 0..1_000_000 {
            let dice = random();
            let order = (dice % u64::from(LARGEST + 1)) as u32;
            if living + (1 << order) <= usable * percent / 100 && dice >> 62 != 0 {
                held.push((buddy.alloc(&mut words, order).expect("there is such a block"), order));
                living += 1 << order;
            } else if !held.is_empty() {
                let (frame, order) = held.swap_remove((dice >> 20) as usize % held.len());
                buddy.free(&mut words, frame, order);
                living -= 1 << order;
            }
        }
        let blocks = buddy.blocks(&words);
        let small: usize = (0..LARGEST as usize).map(|order| blocks[order] << order).sum();
        let free = buddy.free_frames();
        assert!(small * 20 < free, "{small} of {free} free frames are in small blocks, {percent} % full");
    }
}

proptest! {
    #[test]
    fn blocks_never_overlap_and_always_coalesce(
        frames in 1u32..3000,
        hole in (0u32..3000, 0u32..40),
        steps in prop::collection::vec((any::<bool>(), 0u32..=6, any::<prop::sample::Index>()), 1..300),
    ) {
        let from = hole.0.min(frames);
        let (mut buddy, mut words, usable) = fresh(frames, &[(from, (from + hole.1).min(frames))]);
        let before = buddy.blocks(&words);
        let mut owner = vec![false; frames as usize];
        let mut held: Vec<(u32, u32)> = Vec::new();
        for (take, order, pick) in steps {
            if take {
                let Some(frame) = buddy.alloc(&mut words, order) else { continue };
                prop_assert_eq!(frame % (1 << order), 0);
                for f in frame..frame + (1 << order) {
                    prop_assert!(!std::mem::replace(&mut owner[f as usize], true), "frame {} given twice", f);
                    prop_assert!(words.get(f) & FREE == 0);
                    // The caller's own use of the words must not disturb the lists.
                    words.set(f, u64::from(f) << 3 | 1);
                }
                held.push((frame, order));
            } else if !held.is_empty() {
                let (frame, order) = held.swap_remove(pick.index(held.len()));
                for f in frame..frame + (1 << order) {
                    owner[f as usize] = false;
                }
                buddy.free(&mut words, frame, order);
            }
            let used: usize = held.iter().map(|(_, order)| 1 << order).sum();
            prop_assert_eq!(buddy.free_frames() + used, usable);
        }
        for (frame, order) in held {
            buddy.free(&mut words, frame, order);
        }
        prop_assert_eq!(buddy.blocks(&words), before);
    }
}
