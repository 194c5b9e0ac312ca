//! The tree against a `BTreeMap`.

use std::collections::BTreeMap;

use page_tree::{PageTree, LIMIT};
use proptest::prelude::*;

/// Indexes near each other, at the edges of node sizes, and far away.
fn index() -> impl Strategy<Value = u64> {
    prop_oneof![
        0u64..4,
        0u64..200,
        4000u64..4200,
        (0u32..52).prop_map(|bit| 1 << bit),
        (1u32..52).prop_map(|bit| (1 << bit) - 1)
    ]
}

#[test]
fn one_page_needs_no_node_and_the_last_index_works() {
    let mut tree = PageTree::new();
    assert_eq!(tree.insert(0, 7), Ok(None));
    assert_eq!(tree.insert(LIMIT - 1, 8), Ok(None));
    assert_eq!((tree.get(0), tree.get(LIMIT - 1), tree.get(64)), (Some(&7), Some(&8), None));
    assert_eq!(tree.next_present(1), Some(LIMIT - 1));
    assert_eq!(tree.remove(LIMIT - 1), Some(8));
    assert_eq!(tree.count(), 1);
    assert!(tree.insert(LIMIT, 9).is_err());
}

proptest! {
    #[test]
    fn behaves_like_a_map(steps in prop::collection::vec((0u8..4, index(), 0u64..5000), 1..200)) {
        let mut tree = PageTree::new();
        let mut model = BTreeMap::new();
        for (n, (what, index, length)) in steps.into_iter().enumerate() {
            match what {
                0 | 1 => prop_assert_eq!(tree.insert(index, n), Ok(model.insert(index, n))),
                2 => prop_assert_eq!(tree.remove(index), model.remove(&index)),
                _ => {
                    let mut gone = Vec::new();
                    tree.remove_range(index..index + length, |index, value| gone.push((index, value)));
                    let expected: Vec<_> = model.range(index..index + length).map(|(k, v)| (*k, *v)).collect();
                    for (key, _) in &expected {
                        model.remove(key);
                    }
                    prop_assert_eq!(gone, expected);
                }
            }
            prop_assert_eq!(tree.count(), model.len());
            prop_assert_eq!(tree.get(index), model.get(&index));
            prop_assert_eq!(tree.next_present(index), model.range(index..).next().map(|(k, _)| *k));
            let absent = (index..).find(|i| !model.contains_key(i)).unwrap();
            prop_assert_eq!(tree.next_absent(index), absent);
        }
    }
}
