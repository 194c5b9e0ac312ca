//! Classes fit what they are asked for, and slabs give each object to one owner.

use std::collections::BTreeSet;

use proptest::prelude::*;
use slab::{class_of, Links, Slab, CLASSES, HEADER, LARGEST};

struct Cells(Vec<u16>);

impl Links for Cells {
    fn get(&self, index: u16) -> u16 {
        self.0[index as usize]
    }
    fn set(&mut self, index: u16, next: u16) {
        self.0[index as usize] = next;
    }
}

#[test]
fn every_size_has_the_smallest_class_that_fits() {
    for size in 1..=LARGEST {
        let class = class_of(size, 1).unwrap();
        assert!(CLASSES[class].size as usize >= size);
        assert!(class == 0 || (CLASSES[class - 1].size as usize) < size);
    }
    assert_eq!(class_of(LARGEST + 1, 1), None);
}

#[test]
fn alignment_is_kept() {
    for align in [1, 2, 4, 8, 16, 32, 64] {
        for size in (1..=2048).filter(|size| size % align == 0) {
            let class = &CLASSES[class_of(size, align).unwrap()];
            assert!(class.size as usize >= size);
            for index in 0..class.capacity() as u16 {
                assert_eq!(class.offset(index) % align, 0);
                assert_eq!(class.index(class.offset(index)), index);
            }
        }
    }
    assert_eq!(class_of(64, 128), None);
}

#[test]
fn little_of_a_slab_is_lost() {
    for class in &CLASSES {
        let bytes = class.capacity() * class.size as usize;
        let lost = class.slab_bytes() - HEADER - bytes;
        assert!(lost * 8 <= class.slab_bytes(), "{class:?} loses {lost}");
        assert!(class.capacity() >= class.batch());
    }
}

proptest! {
    #[test]
    fn each_object_has_one_owner(class in 0..CLASSES.len(), steps in prop::collection::vec(any::<(bool, u16)>(), 1..600)) {
        let class = &CLASSES[class];
        let mut cells = Cells(vec![0; class.capacity()]);
        let mut slab = Slab::new(class);
        let mut held = BTreeSet::new();
        for (take, pick) in steps {
            if take {
                match slab.take(&mut cells) {
                    Some(index) => prop_assert!(held.insert(index) && (index as usize) < class.capacity()),
                    None => prop_assert_eq!(held.len(), class.capacity()),
                }
            } else if let Some(&index) = held.iter().nth(pick as usize % held.len().max(1)) {
                held.remove(&index);
                slab.give(&mut cells, index);
            }
            prop_assert_eq!(slab.used(), held.len());
            prop_assert_eq!(slab.is_full(), held.len() == class.capacity());
            prop_assert_eq!(slab.is_empty(), held.is_empty());
        }
    }
}
