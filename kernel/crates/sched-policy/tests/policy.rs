//! What the policy promises: shares by weight, nobody starves, priorities and guarantees are kept.

mod common;

use common::{deadline, nice, real_time, thread, Machine, MS, STEP};
use proptest::prelude::*;
use sched_policy::{weight, Entity, Parameters, Policy, RunQueue, Turn};

const SECOND: u64 = 1000 * MS;

fn hogs(nices: &[i8]) -> Machine {
    Machine::new(nices.iter().map(|&value| (nice(value), SECOND, 0)))
}

#[test]
fn equal_hogs_have_equal_shares() {
    let mut machine = hogs(&[0; 7]);
    machine.run(10 * SECOND);
    let shares: Vec<u64> = machine.workers.iter().map(|worker| worker.had / MS).collect();
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!((most - least) * 100 < most * 3, "{shares:?}");
}

#[test]
fn an_interactive_thread_hardly_waits_among_hogs() {
    let mut machine = hogs(&[0; 5]);
    machine.add(thread(5, nice(0)), MS, 30 * MS);
    machine.run(SECOND);
    machine.workers[5].longest_wait = 0;
    let before = machine.workers[5].id.node().usage();
    machine.run(20 * SECOND);
    let after = machine.workers[5].id.node().usage();
    let mean = (after.waited - before.waited) / (after.turns - before.turns);
    assert!(mean < MS / 2, "{mean} ns");
}

#[test]
fn a_hog_runs_although_new_threads_never_end() {
    let mut machine = hogs(&[0]);
    // Each lives for 2 ms, and two are always there: a shell script that starts many small programs.
    let mut number = 1;
    while machine.now < 10 * SECOND {
        if machine.queue.len() < 2 {
            machine.add(thread(number, nice(0)), 2 * MS, u64::MAX / 4);
            number += 1;
        }
        machine.step();
    }
    let had = machine.workers[0].had;
    assert!(had > 10 * SECOND / 4, "{} ms", had / MS);
    assert!(machine.workers[0].longest_wait < 200 * MS);
}

#[test]
fn going_on_in_new_threads_gains_nothing() {
    let mut machine = hogs(&[0; 3]);
    let mut last = thread(3, nice(0));
    machine.add(last, 4 * MS, u64::MAX / 4);
    while machine.now < 10 * SECOND {
        machine.step();
        let number = machine.workers.len();
        if machine.workers[number - 1].had == 4 * MS {
            let next = thread(number, nice(0));
            machine.queue.inherit(next, last);
            machine.add(next, 4 * MS, u64::MAX / 4);
            last = next;
        }
    }
    let had: u64 = machine.workers[3..].iter().map(|worker| worker.had).sum();
    assert!((23..=27).contains(&(had * 100 / machine.now)), "{} ms", had / MS);
}

#[test]
fn who_computes_for_long_makes_threads_that_are_expected_to() {
    let (maker, made) = (thread(0, nice(0)), thread(1, nice(0)));
    let mut queue = RunQueue::new();
    queue.enqueue(maker, Turn::New, 0);
    assert_eq!(queue.pick(0), Some(maker));
    queue.ran(maker, 20 * MS, 20 * MS);
    queue.inherit(made, maker);
    assert_eq!(made.node().class(), sched_policy::Class::Cold);
    assert_eq!(made.node().burst().predicted(), 20 * MS);
}

#[test]
fn idle_is_what_the_others_leave() {
    let idle = Parameters { policy: Policy::Idle, ..Default::default() };
    let mut machine = Machine::new([(nice(0), SECOND, 0), (idle, SECOND, 0), (nice(0), MS, 20 * MS)]);
    machine.run(20 * SECOND);
    let had = machine.workers[1].had;
    assert!(had > 0 && had < SECOND / 5, "{had}");
    let idle = thread(3, idle);
    let normal = thread(4, nice(19));
    assert!(machine.queue.preempts(normal, idle) && !machine.queue.preempts(idle, normal));
}

#[test]
fn real_time_goes_by_priority_and_leaves_a_little() {
    let mut machine = Machine::new([
        (real_time(Policy::Fifo, 10), SECOND, 0),
        (real_time(Policy::Fifo, 20), 5 * MS, 5 * MS),
        (nice(-20), SECOND, 0),
    ]);
    machine.run(20 * SECOND);
    let had: Vec<u64> = machine.workers.iter().map(|worker| worker.had * 100 / (20 * SECOND)).collect();
    assert!((45..=50).contains(&had[1]), "{had:?}");
    assert!((44..=50).contains(&had[0]), "{had:?}");
    assert!((4..=6).contains(&had[2]), "{had:?}");
}

#[test]
fn real_time_alone_has_everything() {
    let mut machine = Machine::new([(real_time(Policy::Fifo, 1), SECOND, 0)]);
    machine.run(5 * SECOND);
    assert!(machine.workers[0].had >= 5 * SECOND - STEP);
}

#[test]
fn round_robin_takes_turns_and_first_in_first_out_does_not() {
    let shares = |policy| {
        let mut machine =
            Machine::new([(real_time(policy, 5), SECOND, 0), (real_time(policy, 5), SECOND, 0)]);
        machine.run(2 * SECOND);
        (machine.workers[0].had / MS, machine.workers[1].had / MS)
    };
    let (first, second) = shares(Policy::RoundRobin);
    assert!(first.abs_diff(second) <= 100, "{first} {second}");
    assert_eq!(shares(Policy::Fifo).1, 0);
}

#[test]
fn who_is_interrupted_keeps_its_place() {
    let mut queue = RunQueue::new();
    let [one, two, urgent] = [(0, 5), (1, 5), (2, 9)].map(|(id, at)| thread(id, real_time(Policy::Fifo, at)));
    queue.enqueue(one, Turn::Woken, 0);
    queue.enqueue(two, Turn::Woken, 0);
    assert_eq!(queue.pick(0), Some(one));
    queue.enqueue(urgent, Turn::Woken, 0);
    assert!(queue.preempts(urgent, one) && queue.gives_way(one, 0, 0));
    queue.enqueue(one, Turn::Preempted, 0);
    assert_eq!([queue.pick(0), queue.pick(0), queue.pick(0)], [Some(urgent), Some(one), Some(two)]);
    // Who yields goes behind its equals, and stays before all below.
    queue.enqueue(two, Turn::Woken, 0);
    assert_eq!(queue.yield_to(one, 0), Some(two));
    assert_eq!(queue.yield_to(urgent, 0), Some(urgent));
}

#[test]
fn whoever_yields_lets_somebody_else_run() {
    let mut queue = RunQueue::new();
    let (one, two) = (thread(0, nice(-20)), thread(1, nice(19)));
    queue.ran(two, 50 * MS, 0);
    queue.enqueue(two, Turn::New, 0);
    assert_eq!(queue.yield_to(one, 0), Some(two));
    assert_eq!(queue.yield_to(two, 0), Some(one));
    assert!(queue.remove(two));
    assert_eq!(queue.yield_to(one, 0), Some(one), "alone");
}

#[test]
fn a_deadline_that_is_overrun_harms_nobody() {
    // The first wants everything and may have a third.
    let mut machine = Machine::new([
        (deadline(10 * MS, 30 * MS, 30 * MS), SECOND, 0),
        (real_time(Policy::Fifo, 99), SECOND, 0),
    ]);
    machine.run(6 * SECOND);
    let percent = machine.workers[0].had * 100 / machine.now;
    assert!((33..=34).contains(&percent), "{percent}");
    // Who yields has nothing until its next period.
    let mut queue = RunQueue::new();
    let sporadic = thread(0, deadline(MS, 10 * MS, 10 * MS));
    queue.enqueue(sporadic, Turn::New, 0);
    assert_eq!(queue.pick(0), Some(sporadic));
    queue.ran(sporadic, MS / 2, MS / 2);
    assert_eq!(queue.yield_to(sporadic, MS / 2), None);
    assert_eq!(queue.alarm(None, 0, MS), Some(10 * MS));
    assert!(!queue.renew(None, 9 * MS) && queue.renew(None, 10 * MS));
    assert_eq!(queue.pick(10 * MS), Some(sporadic));
    assert_eq!(sporadic.node().budget(), (MS as i64, 20 * MS));
    assert_eq!(queue.alarm(Some(sporadic), 0, 10 * MS), Some(11 * MS));
    // An overrun of several budgets, as nothing could stop it in time, is paid for with as many.
    queue.ran(sporadic, 7 * MS / 2, 14 * MS);
    queue.enqueue(sporadic, Turn::Preempted, 14 * MS);
    assert!(!queue.renew(None, 19 * MS) && queue.renew(None, 20 * MS));
    assert_eq!(queue.pick(20 * MS), Some(sporadic));
    assert_eq!(sporadic.node().budget(), (MS as i64 / 2, 50 * MS));
}

#[test]
fn who_changes_the_cpu_takes_along_what_it_is_owed() {
    let (mut from, mut to) = (RunQueue::new(), RunQueue::new());
    let (busy, owed, other) = (thread(0, nice(0)), thread(1, nice(0)), thread(2, nice(0)));
    to.enqueue(other, Turn::New, 0);
    assert_eq!(to.pick(0), Some(other));
    to.ran(other, 900 * MS, 0);
    from.enqueue(busy, Turn::New, 0);
    from.enqueue(owed, Turn::New, 0);
    assert_eq!(from.pick(0), Some(busy));
    from.ran(busy, 40 * MS, 0);
    assert!(from.take_where(|id| id == owed) == Some(owed) && from.is_empty());
    to.enqueue(owed, Turn::New, 0);
    to.enqueue(other, Turn::Preempted, 0);
    assert_eq!(to.pick(0), Some(owed));
    to.ran(owed, 15 * MS, 0);
    assert!(!to.gives_way(owed, 5 * MS, 0), "has still to come what it missed elsewhere");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn shares_are_as_weights(nices in proptest::collection::vec(-10..=10i8, 2..6)) {
        let mut machine = hogs(&nices);
        machine.run(20 * SECOND);
        let total: u64 = nices.iter().map(|&value| u64::from(weight::of_nice(value.into()))).sum();
        for (worker, &value) in machine.workers.iter().zip(&nices) {
            let wanted = machine.now * u64::from(weight::of_nice(value.into())) / total;
            // A few quanta more or less, and some percent.
            let slack = wanted / 20 + 30 * MS;
            prop_assert!(worker.had.abs_diff(wanted) < slack, "nice {value}: {} of {wanted}", worker.had);
        }
    }

    #[test]
    fn nobody_starves(workers in proptest::collection::vec((0..=19i8, 1..30u64, 0..10u64), 2..12)) {
        let mut machine =
            Machine::new(workers.iter().map(|&(value, burst, sleep)| (nice(value), burst * MS, sleep * MS)));
        machine.run(10 * SECOND);
        let total: u64 = workers.iter().map(|&(value, ..)| u64::from(weight::of_nice(value.into()))).sum();
        for (worker, &(value, ..)) in machine.workers.iter().zip(&workers) {
            // Two quanta of virtual time at the pace of its weight, and what others have in between.
            let own = u64::from(weight::of_nice(value.into()));
            let bound = 60 * MS * total / own + 20 * MS * workers.len() as u64;
            prop_assert!(worker.had > 0);
            prop_assert!(worker.longest_wait < bound, "nice {value}: {} of {bound}", worker.longest_wait);
        }
    }

    #[test]
    fn admitted_deadlines_are_kept(
        wanted in proptest::collection::vec((1..10u64, 10..60u64), 1..6),
        nices in proptest::collection::vec(-20..=19i8, 0..3),
    ) {
        // As many as fit into 95 %; each wants its whole runtime in each period.
        let mut used = 0;
        let admitted: Vec<_> = wanted
            .into_iter()
            .filter(|(runtime, period)| {
                let share = runtime * 1000 / period + 1;
                let fits = used + share <= 950;
                used += if fits { share } else { 0 };
                fits
            })
            .collect();
        let deadlines = admitted.iter().map(|&(runtime, period)| {
            (deadline(runtime * MS, period * MS, period * MS), SECOND, 0)
        });
        let mut machine = Machine::new(deadlines.chain(nices.iter().map(|&value| (nice(value), SECOND, 0))));
        machine.run(3 * SECOND);
        for (worker, (runtime, period)) in machine.workers.iter().zip(&admitted) {
            let periods = machine.now / (period * MS);
            let wanted = periods * runtime * MS;
            // The overrun of a step that the budget ends in is taken from the next one.
            prop_assert!(worker.had + STEP >= wanted, "{} of {wanted}", worker.had);
            prop_assert!(worker.had <= wanted + runtime * MS + STEP, "{} of {wanted}", worker.had);
        }
    }
}
