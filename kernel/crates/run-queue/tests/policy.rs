//! The policy against what it promises: order inside a queue, the hottest first, nobody starves.

use std::cell::Cell;
use std::collections::VecDeque;

use proptest::prelude::*;
use run_queue::{Burst, Class, Entity, List, Policy, ThreeQueues, Turn};

thread_local! {
    static LINKS: [Cell<Option<usize>>; 64] = const { [const { Cell::new(None) }; 64] };
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Id(usize);

impl Entity for Id {
    fn next(self) -> Option<Self> {
        LINKS.with(|links| links[self.0].get().map(Id))
    }
    fn set_next(self, next: Option<Self>) {
        LINKS.with(|links| links[self.0].set(next.map(|id| id.0)));
    }
}

#[test]
fn the_hottest_goes_first_and_equals_take_turns() {
    let mut queues = ThreeQueues::new();
    for (id, class) in [(1, Class::Cold), (2, Class::Hot), (3, Class::Normal), (4, Class::Hot)] {
        queues.enqueue(Id(id), class, Turn::Woken);
    }
    let order: Vec<_> = core::iter::from_fn(|| queues.pick()).map(|id| id.0).collect();
    assert_eq!(order, [2, 4, 3, 1]);
}

#[test]
fn a_cold_thread_runs_although_hot_ones_never_end() {
    let mut queues = ThreeQueues::new();
    queues.enqueue(Id(0), Class::Cold, Turn::Again);
    queues.enqueue(Id(1), Class::Normal, Turn::Again);
    queues.enqueue(Id(2), Class::Hot, Turn::Again);
    let mut turns = [0; 3];
    for _ in 0..1000 {
        let id = queues.pick().expect("three are queued");
        turns[id.0] += 1;
        queues.enqueue(id, [Class::Cold, Class::Normal, Class::Hot][id.0], Turn::Again);
    }
    assert!(turns[0] > 50 && turns[1] > 50 && turns[2] > 700, "{turns:?}");
}

#[test]
fn the_average_follows_the_bursts() {
    let mut burst = Burst::new();
    for _ in 0..40 {
        burst.ran(400_000);
        burst.ran(600_000);
        burst.finish();
    }
    assert!(burst.predicted().abs_diff(1_000_000) < 100_000);
    assert_eq!(burst.class(), Class::Hot);
    burst.ran(20_000_000);
    assert_eq!(burst.class(), Class::Cold, "a burst under way counts at once");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push(usize),
    Pop,
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![(0..64usize).prop_map(Step::Push), Just(Step::Pop), (0..64usize).prop_map(Step::Remove)]
}

proptest! {
    #[test]
    fn a_list_is_a_deque(steps in proptest::collection::vec(step(), 0..200)) {
        let mut list = List::new();
        let mut model = VecDeque::new();
        for step in steps {
            match step {
                Step::Push(id) if !model.contains(&id) => {
                    list.push_back(Id(id));
                    model.push_back(id);
                }
                Step::Push(_) => {}
                Step::Pop => prop_assert_eq!(list.pop_front().map(|id: Id| id.0), model.pop_front()),
                Step::Remove(id) => {
                    let at = model.iter().position(|&other| other == id);
                    prop_assert_eq!(list.remove(Id(id)), at.is_some());
                    at.map(|at| model.remove(at));
                }
            }
            prop_assert_eq!(list.len(), model.len());
            prop_assert_eq!(list.is_empty(), model.is_empty());
        }
    }

    #[test]
    fn nobody_waits_for_ever(classes in proptest::collection::vec(0..3usize, 1..40)) {
        let mut queues = ThreeQueues::new();
        for (id, &class) in classes.iter().enumerate() {
            queues.enqueue(Id(id), Class::ALL[class], Turn::Woken);
        }
        let mut waited = vec![0usize; classes.len()];
        for _ in 0..2000 {
            let Id(id) = queues.pick().expect("none ever leaves");
            waited.iter_mut().for_each(|count| *count += 1);
            waited[id] = 0;
            queues.enqueue(Id(id), Class::ALL[classes[id]], Turn::Again);
            prop_assert!(waited.iter().all(|&count| count <= 24 * classes.len()));
            prop_assert_eq!(queues.len(), classes.len());
        }
    }
}
