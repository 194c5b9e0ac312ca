//! What queues are made of against models.

mod common;

use std::collections::{BTreeMap, HashSet, VecDeque};

use common::{deadline, nice, real_time, thread, Id, MS};
use proptest::prelude::*;
use sched_policy::placement::{busiest, choose, should_pull, Candidate, LOCAL, NOTHING};
use sched_policy::{
    Bandwidth, Burst, Class, Latency, List, Parameters, Policy, Reservation, RunQueue, Turn, Utilisation,
};

#[test]
fn the_average_follows_the_bursts() {
    let burst = Burst::new();
    for _ in 0..40 {
        burst.ran(400_000);
        burst.ran(600_000);
        burst.finish();
    }
    assert!(burst.predicted().abs_diff(1_000_000) < 100_000);
    assert_eq!(burst.class(), Class::Hot);
    assert_eq!(burst.past().bursts, 40);
    assert_eq!(burst.past().total, 40_000_000);
    burst.ran(20_000_000);
    assert_eq!(burst.class(), Class::Cold, "a burst under way counts at once");
}

#[test]
fn reservations_are_as_on_linux() {
    assert!(Reservation::new(1023, 100_000, 0).is_none(), "too short to count");
    assert!(Reservation::new(1024, 100_000, 0).is_some_and(|it| it.period == 100_000));
    assert!(Reservation::new(1024, 99_999, 0).is_none(), "too short a period");
    assert!(Reservation::new(2 * MS, MS, 10 * MS).is_none(), "does not fit into the deadline");
    assert!(Reservation::new(MS, 11 * MS, 10 * MS).is_none(), "does not fit into the period");
    assert!(Reservation::new(MS, MS, u64::MAX).is_none());
}

#[test]
fn a_cpu_takes_as_many_reservations_as_it_can_keep() {
    let third = Utilisation::of(&Reservation::new(3 * MS, 10 * MS, 10 * MS).unwrap());
    let mut bandwidth = Bandwidth::new();
    for _ in 0..3 {
        assert!(bandwidth.has_room(third, Utilisation::default()));
        bandwidth.add(third);
    }
    assert!(!bandwidth.has_room(third, Utilisation::default()), "120 %");
    assert!(bandwidth.has_room(third, third), "instead of one that is there");
    bandwidth.remove(third);
    assert!(bandwidth.has_room(third, Utilisation::default()));
}

fn cpu(id: u32, load: u32, rank: u8, distance: u8) -> Candidate {
    Candidate { id, load, rank, distance }
}

#[test]
fn a_thread_stays_where_it_is_warm_unless_it_is_worth_it() {
    let fair = Parameters::default().rank();
    let best = |cpus: &[Candidate]| choose(0, fair, cpus.iter().copied());
    assert_eq!(best(&[cpu(0, 0, NOTHING, LOCAL), cpu(1, 0, NOTHING, LOCAL)]), Some(0));
    assert_eq!(best(&[cpu(0, 1, fair, LOCAL), cpu(1, 1, fair, LOCAL)]), Some(0));
    assert_eq!(best(&[cpu(0, 5, fair, LOCAL), cpu(1, 4, fair, LOCAL)]), Some(0), "the bonus");
    assert_eq!(best(&[cpu(0, 2, fair, LOCAL), cpu(1, 1, fair, LOCAL)]), Some(1));
    assert_eq!(best(&[cpu(0, 1, fair, LOCAL), cpu(1, 0, NOTHING, LOCAL)]), Some(1));
    assert_eq!(best(&[cpu(0, 1, fair, LOCAL), cpu(1, 0, NOTHING, 2 * LOCAL)]), Some(0), "too far");
    assert_eq!(best(&[]), None);
}

#[test]
fn one_of_real_time_goes_where_it_runs_at_once() {
    let rank = |priority| real_time(Policy::Fifo, priority).rank();
    let best = |cpus: &[Candidate]| choose(0, rank(50), cpus.iter().copied());
    assert_eq!(best(&[cpu(0, 1, rank(60), LOCAL), cpu(1, 9, 100, LOCAL)]), Some(1));
    assert_eq!(best(&[cpu(0, 1, 100, LOCAL), cpu(1, 1, rank(60), LOCAL)]), Some(0));
    assert_eq!(best(&[cpu(0, 1, rank(40), LOCAL), cpu(1, 1, rank(30), LOCAL)]), Some(1));
    assert_eq!(best(&[cpu(0, 1, 100, LOCAL), cpu(1, 0, NOTHING, LOCAL)]), Some(1));
}

#[test]
fn waits_are_counted_by_their_length() {
    let mut latency = Latency::new();
    for wait in [500, 1500, 3000, 100_000] {
        latency.record(wait);
    }
    assert_eq!((latency.count, latency.longest, latency.total), (4, 100_000, 105_000));
    assert_eq!(
        (latency.below(250), latency.below(500), latency.below(750), latency.below(1000)),
        (1, 2, 4, 128)
    );
    latency.record(u64::MAX);
    assert_eq!(latency.boxes[23], 1);
}

#[test]
fn a_cpu_takes_over_from_a_busier_one() {
    assert!(should_pull(0, 2, 0) && should_pull(1, 3, 0));
    assert!(!should_pull(1, 2, 0) && should_pull(1, 2, 200 * MS), "shares become equal in turn");
    assert!(!should_pull(2, 2, u64::MAX));
    assert_eq!(busiest(1, 4, |id| [3, 9, 2, 3][id as usize]), Some(3), "the next of the equal ones");
    assert_eq!(busiest(0, 1, |_| 5), None);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Back(usize),
    Front(usize),
    Sorted(usize),
    Pop,
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..24usize).prop_map(Step::Back),
        (0..24usize).prop_map(Step::Front),
        (0..24usize).prop_map(Step::Sorted),
        Just(Step::Pop),
        (0..24usize).prop_map(Step::Remove)
    ]
}

fn parameters() -> impl Strategy<Value = Parameters> {
    prop_oneof![
        (-20..=19i8).prop_map(nice),
        (1..=99u8).prop_map(|priority| real_time(Policy::Fifo, priority)),
        (1..=99u8).prop_map(|priority| real_time(Policy::RoundRobin, priority)),
        (1..50u64).prop_map(|period| deadline(100_000, period * MS, period * MS)),
        Just(Parameters { policy: Policy::Idle, ..Default::default() }),
        Just(Parameters { policy: Policy::Batch, nice: 5, ..Default::default() }),
    ]
}

proptest! {
    #[test]
    fn a_list_is_a_deque(steps in proptest::collection::vec(step(), 0..200)) {
        let threads: Vec<Id> = (0..24).map(|number| thread(number, nice(0))).collect();
        let mut list = List::new();
        let mut model = VecDeque::new();
        for step in steps {
            match step {
                Step::Back(id) | Step::Front(id) | Step::Sorted(id) if model.contains(&id) => {}
                Step::Back(id) => {
                    list.push_back(threads[id]);
                    model.push_back(id);
                }
                Step::Front(id) => {
                    list.push_front(threads[id]);
                    model.push_front(id);
                }
                Step::Sorted(id) => {
                    list.insert_before(threads[id], |other: Id| other.0.number > id);
                    let at = model.iter().position(|&other| other > id).unwrap_or(model.len());
                    model.insert(at, id);
                }
                Step::Pop => prop_assert_eq!(list.pop_front().map(|id| id.0.number), model.pop_front()),
                Step::Remove(id) => {
                    let at = model.iter().position(|&other| other == id);
                    prop_assert_eq!(list.remove(threads[id]), at.is_some());
                    at.map(|at| model.remove(at));
                }
            }
            prop_assert_eq!(list.iter().map(|id| id.0.number).collect::<VecDeque<_>>(), model.clone());
            prop_assert_eq!(list.front().map(|id| id.0.number), model.front().copied());
            prop_assert_eq!(list.is_empty(), model.is_empty());
        }
    }

    #[test]
    fn whoever_is_queued_is_picked_once_and_the_most_urgent_first(
        all in proptest::collection::vec((parameters(), 0..3u8), 1..60),
        removed in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let threads: Vec<Id> = all.iter().enumerate().map(|(number, (wanted, _))| thread(number, *wanted)).collect();
        let mut queue = RunQueue::new();
        for (id, (_, turn)) in threads.iter().zip(&all) {
            queue.enqueue(*id, [Turn::Woken, Turn::New, Turn::Yielded][usize::from(*turn)], 1000);
        }
        let mut inside: HashSet<usize> = (0..threads.len()).collect();
        prop_assert_eq!(queue.len(), inside.len());
        for index in removed {
            let id = *index.get(&threads);
            prop_assert_eq!(queue.remove(id), inside.remove(&id.0.number));
        }
        // The model: by rank, and in their order among equals of real time; deadlines by date.
        let mut model: BTreeMap<(u8, u64), VecDeque<usize>> = BTreeMap::new();
        for id in threads.iter().filter(|id| inside.contains(&id.0.number)) {
            let node = sched_policy::Entity::node(id);
            let due = if node.rank() == 0 { node.budget().1 } else { 0 };
            model.entry((node.rank().min(100), due)).or_default().push_back(id.0.number);
        }
        for ((rank, _), expected) in &mut model {
            while !expected.is_empty() {
                let got = queue.pick(2000).expect("so many are queued").0.number;
                let at = expected.iter().position(|&other| other == got);
                prop_assert!(at.is_some(), "{got} is not of rank {rank}");
                prop_assert!(*rank >= 100 || at == Some(0), "{got} came too early");
                expected.remove(at.unwrap());
                inside.remove(&got);
                prop_assert_eq!(queue.len(), inside.len());
            }
        }
        prop_assert!(queue.pick(2000).is_none() && queue.is_empty());
    }
}
