//! FusionRing next to what else carries messages: pipe, socketpair, a queue behind a mutex, crossbeam-queue, rtrb.

mod bulk;
mod sleep;
mod systems;

use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use std::thread;

use criterion::{criterion_group, criterion_main, BenchmarkGroup, Criterion, Throughput};
use host_bench::{begin, criterion, end, group, pin, Cycles, Target};
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
            let total = rounds as usize * step;
            let (mut sender, mut receiver) = S::pair();
            let start = Barrier::new(2);
            thread::scope(|scope| {
                let receiving = scope.spawn(|| {
                    pin(1);
                    let mut received = vec![S::Receiver::empty(); step];
                    start.wait();
                    let mut count = 0;
                    while count < total {
                        let most = step.min(total - count);
                        let got = if step == 1 {
                            let item = receiver.receive();
                            let got = item.is_some();
                            black_box(item);
                            usize::from(got)
                        } else {
                            receiver.receive_batch(black_box(&mut received[..most]))
                        };
                        if got == 0 {
                            spin_loop();
                        }
                        count += got;
                    }
                    end()
                });
                start.wait();
                let begun = begin();
                let mut count = 0;
                while count < total {
                    let most = step.min(total - count);
                    let sent = if step == 1 {
                        usize::from(sender.send(black_box(&items[0])))
                    } else {
                        sender.send_batch(black_box(&items[..most]))
                    };
                    if sent == 0 {
                        spin_loop();
                    }
                    count += sent;
                }
                let ended = receiving.join().expect("the receiver ends");
                clock.cycles(ended.saturating_sub(begun))
            })
        });
    });
}

/// There and back between two cores.
fn round_trip<S: System>(group: &mut Group<'_>) {
    let clock = Cycles::calibrated();
    let item = S::Sender::item(MESSAGE);
    group.bench_function(S::NAME, |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut there, mut arriving) = S::pair();
            let (mut back, mut returning) = S::pair();
            let start = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    pin(1);
                    start.wait();
                    for _ in 0..rounds {
                        while black_box(arriving.receive()).is_none() {
                            spin_loop();
                        }
                        assert!(back.send(&item));
                    }
                });
                start.wait();
                let begun = begin();
                for _ in 0..rounds {
                    assert!(there.send(&item));
                    while black_box(returning.receive()).is_none() {
                        spin_loop();
                    }
                }
                clock.cycles(end().saturating_sub(begun))
            })
        });
    });
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
    let mut streams =
        group(criterion, "FusionRing: stream between two cores, per message", Some(Target::Millions(40)));
    each!(stream, streams; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    streams.finish();
    let mut streams =
        group(criterion, "FusionRing: stream in batches of 32, per message", Some(Target::Millions(40)));
    each!(stream_batches, streams; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    streams.finish();
    let mut streams = group(
        criterion,
        "FusionRing: stream, any number of senders and receivers",
        Some(Target::Millions(40)),
    );
    each!(stream, streams; FusionShared, Crossbeam, Locked);
    streams.finish();
    let mut trips = group(criterion, "FusionRing: round trip between two cores", None);
    each!(round_trip, trips; Fusion, FusionShared, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    trips.finish();
}

criterion_group!(name = rings; config = criterion(); targets = messages, bulk::bulk, two_cores, sleep::sleep);
criterion_main!(rings);
