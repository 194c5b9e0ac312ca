//! The heap over real memory: objects do not overlap, keep what is stored in them, and leave nothing behind.

mod common;

use std::collections::BTreeMap;

use common::Machine;
use proptest::prelude::*;
use slab::{CLASSES, COUNT};

/// Fills an object with a pattern of its own.
fn mark(object: *mut u8, class: usize, seed: u64) {
    let words = usize::from(CLASSES[class].size) / 8;
    for word in 0..words {
        // SAFETY: the object was given out and has that many words.
        unsafe { object.cast::<u64>().add(word).write(seed.wrapping_mul(word as u64 + 1)) };
    }
}

fn is_marked(object: *const u8, class: usize, seed: u64) -> bool {
    let words = usize::from(CLASSES[class].size) / 8;
    // SAFETY: as in `mark`.
    (0..words)
        .all(|word| unsafe { object.cast::<u64>().add(word).read() } == seed.wrapping_mul(word as u64 + 1))
}

/// Miri takes its time.
const STEPS: usize = if cfg!(miri) { 60 } else { 3000 };
const ROOM: usize = if cfg!(miri) { 1 << 20 } else { 8 << 20 };

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 3 } else { 64 }, ..ProptestConfig::default() })]
    #[test]
    fn objects_are_their_owners_own(steps in prop::collection::vec(any::<(bool, u8, u16, u64)>(), 1..STEPS)) {
        let mut machine = Machine::new(ROOM);
        let free = machine.free_pages();
        let mut held: BTreeMap<usize, (usize, u64)> = BTreeMap::new();
        for (take, class, pick, seed) in steps {
            let class = usize::from(class) % COUNT;
            if take {
                let object = machine.alloc(class).expect("there is room");
                let (start, size) = (object.as_ptr() as usize, usize::from(CLASSES[class].size));
                prop_assert_eq!(start % CLASSES[class].align(), 0);
                let below = held.range(..start + size).next_back();
                prop_assert!(below.is_none_or(|(at, (class, _))| at + usize::from(CLASSES[*class].size) <= start));
                mark(object.as_ptr(), class, seed);
                held.insert(start, (class, seed));
            } else if let Some(at) = held.keys().nth(usize::from(pick) % held.len().max(1)).copied() {
                let (class, seed) = held.remove(&at).expect("it is there");
                prop_assert!(is_marked(at as *const u8, class, seed));
                // SAFETY: the object was allocated of that class, and is out of use.
                unsafe { machine.free(class, at) };
            }
        }
        for (at, (class, seed)) in held {
            prop_assert!(is_marked(at as *const u8, class, seed));
            // SAFETY: as above.
            unsafe { machine.free(class, at) };
        }
        machine.trim();
        prop_assert_eq!(machine.free_pages(), free);
        prop_assert_eq!(machine.largest_blocks(), ROOM / (4096 << buddy::MAX_ORDER));
    }
}
