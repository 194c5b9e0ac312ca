//! Several nodes: every block is of one node, the nearest one that has one, and comes back to it.

use buddy::{FrameCache, NodeMap, Span, Table, Zones, MAX_ORDER};
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

const BLOCK: u32 = 1 << MAX_ORDER;
const FRAMES: u32 = 12 * BLOCK;

/// Three nodes: 0 at both ends, 1 and 2 between; 2 is nearer to 0 than 1 is.
fn machine() -> (Zones, Words) {
    let starts = [(0, 0), (2 * BLOCK - 5, 1), (6 * BLOCK, 2), (9 * BLOCK + 1, 0)];
    let spans = starts.map(|(start, node)| Span { start, node });
    let distance = |from: usize, to: usize| if from + to == 2 { 15 } else { 30 };
    let mut zones = Zones::new(FRAMES, NodeMap::new(3, spans.into_iter(), distance));
    let mut words = Words(vec![0; FRAMES as usize]);
    zones.free_range(&mut words, 1, FRAMES);
    (zones, words)
}

#[test]
fn bounds_are_those_of_blocks() {
    let (zones, _) = machine();
    let map = zones.map();
    assert_eq!(map.node_of(2 * BLOCK - 1), 0);
    assert_eq!(map.node_of(2 * BLOCK), 1);
    assert_eq!(map.node_of(6 * BLOCK - 1), 1);
    assert_eq!(map.node_of(10 * BLOCK - 1), 2);
    assert_eq!(map.node_of(10 * BLOCK), 0);
    assert_eq!((map.distance(1, 1), map.distance(0, 2), map.distance(0, 1)), (10, 15, 30));
    assert_eq!(zones.free_frames(), FRAMES as usize - 1);
    let sum: usize = (0..3).map(|node| zones.free_frames_of(node)).sum();
    assert_eq!(sum, FRAMES as usize - 1);
}

#[test]
fn the_nearest_node_comes_next() {
    let (mut zones, mut words) = machine();
    let mut nodes = Vec::new();
    while let Some(frame) = zones.alloc(&mut words, 0, 0) {
        let node = zones.map().node_of(frame);
        if nodes.last() != Some(&node) {
            nodes.push(node);
        }
    }
    assert_eq!(nodes, [0, 2, 1]);
}

#[test]
fn one_node_knows_no_bounds() {
    let mut zones = Zones::new(FRAMES, NodeMap::single());
    let mut words = Words(vec![0; FRAMES as usize]);
    zones.free_range(&mut words, 0, FRAMES);
    assert_eq!(zones.blocks(&words)[MAX_ORDER as usize], 12);
    assert!(zones.alloc(&mut words, MAX_ORDER, 5).is_some());
}

#[test]
fn a_cache_that_refuses_keeps_what_it_is_told_to() {
    let (mut zones, mut words) = machine();
    let mut cache = FrameCache::<8>::new();
    cache.refill(20, 1, &mut zones, &mut words);
    assert_eq!(cache.len(), 8);
    let frame = cache.pop().unwrap();
    assert_eq!(zones.map().node_of(frame), 1);
    assert!(cache.push(frame) && !cache.push(frame));
    let frame = cache.pop().unwrap();
    cache.refuse_all();
    assert!(!cache.push(frame));
    cache.keep(frame, 3, &mut zones, &mut words);
    let other = zones.alloc(&mut words, 0, 0).unwrap();
    cache.keep(other, 3, &mut zones, &mut words);
    assert_eq!((cache.len(), cache.pop()), (6, Some(other)));
    zones.free(&mut words, other, 0);
    cache.spill(100, &mut zones, &mut words);
    assert!(cache.is_empty());
    assert_eq!(zones.free_frames(), FRAMES as usize - 1);
}

proptest! {
    #[test]
    fn blocks_stay_in_their_node(steps in prop::collection::vec(any::<(bool, u8, u16)>(), 1..400)) {
        let (mut zones, mut words) = machine();
        let free = [0, 1, 2].map(|node| zones.free_frames_of(node));
        let before = zones.blocks(&words);
        let mut held: Vec<(u32, u32)> = Vec::new();
        for (take, kind, pick) in steps {
            if take {
                let (order, node) = (u32::from(kind) % (MAX_ORDER + 1), usize::from(kind) % 3);
                let had = zones.free_frames_of(node);
                if let Some(frame) = zones.alloc(&mut words, order, node) {
                    let owner = zones.map().node_of(frame);
                    prop_assert_eq!(owner, zones.map().node_of(frame + (1 << order) - 1));
                    prop_assert!(owner == node || had < 1 << (MAX_ORDER + 2));
                    prop_assert!(held.iter().all(|&(f, o)| f + (1 << o) <= frame || frame + (1 << order) <= f));
                    held.push((frame, order));
                }
            } else if !held.is_empty() {
                let (frame, order) = held.swap_remove(usize::from(pick) % held.len());
                zones.free(&mut words, frame, order);
            }
        }
        for (frame, order) in held {
            zones.free(&mut words, frame, order);
        }
        prop_assert_eq!([0, 1, 2].map(|node| zones.free_frames_of(node)), free);
        prop_assert_eq!(zones.blocks(&words), before);
    }
}
