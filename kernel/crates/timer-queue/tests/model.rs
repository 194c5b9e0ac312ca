//! The heap against a sorted list.

use proptest::prelude::*;
use timer_queue::{Key, Room, TimerQueue};

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u64),
    Cancel(usize),
    Advance(u64),
    Move(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..1000u64).prop_map(Step::Insert),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => (0..200u64).prop_map(Step::Advance),
        1 => (0..100usize).prop_map(Step::Move),
    ]
}

/// A timer of the model: deadline, number, and the key that names it.
type Armed = (u64, usize, Key);

proptest! {
    #[test]
    fn like_a_sorted_list(steps in proptest::collection::vec(step(), 0..300)) {
        let mut queue = TimerQueue::new();
        let mut model: Vec<Armed> = Vec::new();
        let mut gone: Vec<Key> = Vec::new();
        let mut now = 0;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Insert(after) => {
                    let key = queue.insert(now + after, number);
                    prop_assert_eq!(queue.deadline(key), Some(now + after));
                    model.push((now + after, number, key));
                }
                Step::Cancel(which) if !model.is_empty() => {
                    let (_, number, key) = model.remove(which % model.len());
                    prop_assert_eq!(queue.cancel(key), Some(number));
                    gone.push(key);
                }
                Step::Move(total) => drop(queue.move_into(Room::new(total).expect("memory"))),
                Step::Cancel(_) => {}
                Step::Advance(by) => {
                    now += by;
                    model.sort_by_key(|&(deadline, number, _)| (deadline, number));
                    while let Some((deadline, number)) = queue.pop_due(now) {
                        let (expected, other, key) = model.remove(0);
                        prop_assert_eq!((deadline, number), (expected, other));
                        gone.push(key);
                    }
                    prop_assert!(model.iter().all(|armed| armed.0 > now));
                }
            }
            prop_assert_eq!(queue.len(), model.len());
            prop_assert_eq!(queue.next_deadline(), model.iter().map(|armed| armed.0).min());
            for &key in &gone {
                prop_assert!(queue.cancel(key).is_none() && queue.deadline(key).is_none());
            }
        }
    }
}

#[test]
fn keys_stay_good_in_larger_room() {
    let mut queue = TimerQueue::new();
    let mut keys: Vec<_> = (0..50u64).map(|deadline| queue.insert(deadline, ())).collect();
    queue.move_into(Room::new(100).expect("memory"));
    keys.extend((50..100u64).map(|deadline| queue.insert(deadline, ())));
    assert_eq!(keys.into_iter().filter_map(|key| queue.cancel(key)).count(), 100);
    assert!(queue.is_empty());
}
