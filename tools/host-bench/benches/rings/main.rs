//! FusionRing next to what else carries messages: pipe, socketpair, a queue behind a mutex, crossbeam-queue, rtrb.

mod bulk;
mod sleep;
mod systems;

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use criterion::{criterion_group, criterion_main, BenchmarkGroup, Criterion, Throughput};
use host_bench::{begin, criterion, end, group, group_of_two, pin, urgent, Cycles, Target};
use systems::kernel::{Locked, Pipe, SocketPair};
use systems::library::{Crossbeam, Fusion, FusionShared, Rtrb};
use systems::{Receiver, Sender, System, Words};

type Group<'a> = BenchmarkGroup<'a, Cycles>;

/// Messages of a batch.
const BATCH: usize = 32;
const MESSAGE: Words = [7; 7];

/// Calls a function for each system.
macro_rules! each {
    ($act:ident, $group:expr; $($system:ty),*) => {
        $($act::<$system>(&mut $group);)*
    };
}

/// One message in and out again, by one thread.
fn single<S: System>(group: &mut Group<'_>) {
    let (mut sender, mut receiver) = S::pair();
    let item = S::Sender::item(MESSAGE);
    group.bench_function(S::NAME, |bencher| {
        bencher.iter(|| {
            assert!(sender.send(black_box(&item)));
            receiver.receive().expect("just sent")
        });
    });
}

fn batch<S: System>(group: &mut Group<'_>) {
    let (mut sender, mut receiver) = S::pair();
    let items = [S::Sender::item(MESSAGE); BATCH];
    let mut received = [S::Receiver::empty(); BATCH];
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function(S::NAME, |bencher| {
        bencher.iter(|| {
            let sent = sender.send_batch(black_box(&items));
            let count = receiver.receive_batch(black_box(&mut received));
            assert_eq!((sent, count), (BATCH, BATCH));
        });
    });
}

/// From one core to another as fast as it goes; cycles from the first message's start to the last one's end.
fn stream<S: System>(group: &mut Group<'_>) {
    stream_by::<S>(group, 1);
}

fn stream_batches<S: System>(group: &mut Group<'_>) {
    stream_by::<S>(group, BATCH);
}

fn stream_by<S: System>(group: &mut Group<'_>, step: usize) {
    let clock = Cycles::calibrated();
    let items = vec![S::Sender::item(MESSAGE); step];
    group.throughput(Throughput::Elements(step as u64));
    group.bench_function(S::NAME, |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut sender, mut receiver) = S::pair();
            let meeting = &Meeting::default();
            let ticks = thread::scope(|scope| {
                // Moved: next to each other on one stack the ends would share a cache line.
                let receiving = scope.spawn(move || {
                    pin(1);
                    let mut received = vec![S::Receiver::empty(); step];
                    meeting.second();
                    let mut count = 0;
                    while count < S::SAMPLE {
                        count += receive_up_to(&mut receiver, &mut received);
                    }
                    end()
                });
                meeting.first();
                let begun = begin();
                let mut count = 0;
                while count < S::SAMPLE {
                    count += send_up_to(&mut sender, &items);
                }
                receiving.join().expect("the receiver ends").saturating_sub(begun)
            });
            urgent(false);
            // A sample has its own length, however many rounds criterion would like.
            clock.cycles(ticks) * rounds as f64 * step as f64 / S::SAMPLE as f64
        });
    });
}

/// The sample's length is a multiple of the batch's, so that both end together.
fn send_up_to<S: Sender>(sender: &mut S, items: &[S::Item]) -> usize {
    let sent = match items {
        [item] => usize::from(sender.send(black_box(item))),
        _ => sender.send_batch(black_box(items)),
    };
    if sent == 0 {
        spin_loop();
    }
    sent
}

fn receive_up_to<R: Receiver>(receiver: &mut R, places: &mut [R::Item]) -> usize {
    let received = match places {
        [_] => usize::from(black_box(receiver.receive()).is_some()),
        _ => receiver.receive_batch(black_box(places)),
    };
    if received == 0 {
        spin_loop();
    }
    received
}

/// Round trips of one sample.
const TRIPS: u64 = 200;

/// There and back between two cores.
fn round_trip<S: System>(group: &mut Group<'_>) {
    let clock = Cycles::calibrated();
    let item = S::Sender::item(MESSAGE);
    group.bench_function(S::NAME, |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut there, mut arriving) = S::pair();
            let (mut back, mut returning) = S::pair();
            let meeting = &Meeting::default();
            let ticks = thread::scope(|scope| {
                scope.spawn(move || {
                    pin(1);
                    meeting.second();
                    for _ in 0..TRIPS {
                        while black_box(arriving.receive()).is_none() {
                            spin_loop();
                        }
                        assert!(back.send(&item));
                    }
                });
                meeting.first();
                let begun = begin();
                for _ in 0..TRIPS {
                    assert!(there.send(&item));
                    while black_box(returning.receive()).is_none() {
                        spin_loop();
                    }
                }
                end().saturating_sub(begun)
            });
            urgent(false);
            clock.cycles(ticks) * rounds as f64 / TRIPS as f64
        });
    });
}

/// Where two threads meet that both have to run: on a machine with other work they do so only now and then. They
/// call to each other until the answers come promptly, and then begin.
#[derive(Default)]
struct Meeting {
    call: AtomicU64,
    answer: AtomicU64,
}

impl Meeting {
    const CALLS: u64 = 16;
    /// Ticks for all calls together; on two cores that are at it they take a tenth.
    const PROMPT: u64 = 50_000;

    fn first(&self) {
        urgent(true);
        let mut number = 0;
        loop {
            let since = begin();
            for _ in 0..Self::CALLS {
                number += 1;
                self.call.store(number, Ordering::Release);
                while self.answer.load(Ordering::Acquire) != number {
                    spin_loop();
                }
            }
            if end() - since < Self::PROMPT {
                break;
            }
        }
        self.call.store(u64::MAX, Ordering::Release);
    }

    fn second(&self) {
        urgent(true);
        loop {
            let call = self.call.load(Ordering::Acquire);
            if call == u64::MAX {
                break;
            }
            self.answer.store(call, Ordering::Release);
            spin_loop();
        }
    }
}

fn messages(criterion: &mut Criterion<Cycles>) {
    let mut one = group(criterion, "FusionRing: send + receive 56 B, one core", Some(Target::Cycles(100)));
    each!(single, one; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    one.finish();
    let mut shared = group(
        criterion,
        "FusionRing: the same, any number of senders and receivers",
        Some(Target::Cycles(100)),
    );
    each!(single, shared; FusionShared, Crossbeam, Locked);
    shared.finish();
    let mut batches =
        group(criterion, "FusionRing: batch of 32, one core, per message", Some(Target::Cycles(35)));
    each!(batch, batches; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    batches.finish();
    let mut shared = group(
        criterion,
        "FusionRing: the same batch, any number of senders and receivers",
        Some(Target::Cycles(35)),
    );
    each!(batch, shared; FusionShared, Crossbeam, Locked);
    shared.finish();
}

fn two_cores(criterion: &mut Criterion<Cycles>) {
    let mut streams = group_of_two(
        criterion,
        "FusionRing: stream between two cores, per message",
        Some(Target::Millions(40)),
    );
    each!(stream, streams; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    streams.finish();
    let mut streams = group_of_two(
        criterion,
        "FusionRing: stream in batches of 32, per message",
        Some(Target::Millions(40)),
    );
    each!(stream_batches, streams; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    streams.finish();
    let mut streams = group_of_two(
        criterion,
        "FusionRing: stream, any number of senders and receivers",
        Some(Target::Millions(40)),
    );
    each!(stream, streams; FusionShared, Crossbeam, Locked);
    streams.finish();
    let mut trips = group_of_two(criterion, "FusionRing: round trip between two cores", None);
    each!(round_trip, trips; Fusion, FusionShared, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    trips.finish();
}

criterion_group!(name = rings; config = criterion(); targets = messages, bulk::bulk, two_cores, sleep::sleep);
criterion_main!(rings);
