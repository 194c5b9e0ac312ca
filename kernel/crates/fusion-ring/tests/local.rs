//! A ring with one owner behaves as a `VecDeque` of its cells' bytes does.
#![cfg(not(loom))]

use std::collections::VecDeque;

use fusion_ring::local::{Cell, Ring};
use fusion_ring::PAYLOAD;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Inline(Vec<u8>, u8),
    Block(u32, u32, u16, u8),
    /// Behind the last cell's bytes, as far as they fit.
    Add(Vec<u8>),
    Consume(usize),
    Pop,
    PopBack,
    Shrink,
}

#[derive(Clone, PartialEq, Debug)]
struct Model {
    block: Option<u32>,
    start: usize,
    bytes: Vec<u8>,
    tag: u8,
}

fn see(cell: &Cell) -> Model {
    let bytes = if cell.block().is_none() { cell.bytes().to_vec() } else { vec![0; cell.len()] };
    assert_eq!(cell.end(), cell.start() + cell.len());
    Model { block: cell.block(), start: cell.start(), bytes, tag: cell.tag() }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..=PAYLOAD);
    let step = prop_oneof![
        3 => (bytes(), any::<u8>()).prop_map(|(bytes, tag)| Step::Inline(bytes, tag)),
        2 => (any::<u32>(), 0..4096_u32, 0..4096_u16, any::<u8>()).prop_map(|(n, s, l, t)| Step::Block(n, s, l, t)),
        2 => bytes().prop_map(Step::Add),
        2 => (0..70_usize).prop_map(Step::Consume),
        2 => Just(Step::Pop),
        1 => Just(Step::PopBack),
        1 => Just(Step::Shrink),
    ];
    prop::collection::vec(step, 1..if cfg!(miri) { 40 } else { 300 })
}

fn put(cell: &mut Cell, bytes: &[u8]) -> usize {
    let room = cell.room();
    let count = room.len().min(bytes.len());
    room[..count].copy_from_slice(&bytes[..count]);
    cell.add(count);
    count
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 6 } else { 400 }, ..ProptestConfig::default() })]

    #[test]
    fn as_a_deque(steps in steps()) {
        let mut ring = Ring::new();
        let mut model: VecDeque<Model> = VecDeque::new();
        for step in steps {
            match step {
                Step::Inline(bytes, tag) => {
                    ring.reserve(1).unwrap();
                    let cell = ring.push_inline(tag).unwrap();
                    prop_assert_eq!(put(cell, &bytes), bytes.len());
                    model.push_back(Model { block: None, start: 0, bytes, tag });
                }
                Step::Block(number, start, len, tag) => {
                    ring.reserve(1).unwrap();
                    prop_assert!(ring.push_block(number, start, len, tag));
                    let bytes = vec![0; usize::from(len)];
                    model.push_back(Model { block: Some(number), start: start as usize, bytes, tag });
                }
                Step::Add(bytes) => {
                    if let (Some(cell), Some(last)) = (ring.back_mut(), model.back_mut()) {
                        if cell.block().is_none() {
                            let count = put(cell, &bytes);
                            prop_assert!(count == bytes.len() || cell.end() == PAYLOAD);
                            last.bytes.extend(&bytes[..count]);
                        }
                    }
                }
                Step::Consume(count) => {
                    if let (Some(cell), Some(first)) = (ring.front_mut(), model.front_mut()) {
                        cell.consume(count);
                        let count = count.min(first.bytes.len());
                        first.bytes.drain(..count);
                        first.start += count;
                    }
                }
                Step::Pop => {
                    ring.pop();
                    model.pop_front();
                }
                Step::PopBack => {
                    ring.pop_back();
                    model.pop_back();
                }
                Step::Shrink => {
                    ring.shrink();
                    prop_assert!(ring.capacity() >= ring.len());
                    prop_assert!(ring.capacity() <= (2 * ring.len()).max(4));
                }
            }
            prop_assert_eq!(ring.len(), model.len());
            prop_assert_eq!(ring.is_empty(), model.is_empty());
            prop_assert_eq!(ring.front().map(see), model.front().cloned());
            for (place, expected) in model.iter().enumerate() {
                prop_assert_eq!(&see(ring.get(place).unwrap()), expected);
            }
            prop_assert!(ring.get(model.len()).is_none());
        }
    }
}

#[test]
fn an_inline_cell_is_a_message() {
    let mut ring = Ring::new();
    assert!(ring.push_inline(0).is_none() && !ring.push_block(1, 0, 1, 0));
    ring.reserve(1).unwrap();
    let cell = ring.push_inline(7).unwrap();
    put(cell, b"a message");
    cell.consume(2);
    let message = cell.message().unwrap();
    assert_eq!((message.bytes(), message.tag()), (&b"message"[..], 7));
    cell.truncate(4);
    assert_eq!(cell.bytes(), b"mess");
    let twin = *cell;
    assert_eq!(ring.push_copy(&twin).unwrap().bytes(), b"mess");
    let cell = ring.back_mut().unwrap();
    cell.set_block(9, 1, 2, 3);
    assert!(cell.message().is_none());
}
