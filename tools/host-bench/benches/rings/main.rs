//! FusionRing next to what else carries messages: pipe, socketpair, a queue behind a mutex, crossbeam-queue, rtrb.

mod bulk;
mod sleep;
mod systems;

use std::hint::{black_box, spin_loop};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, BenchmarkGroup, Criterion, SamplingMode, Throughput};
use host_bench::{begin, criterion, end, pin, Cycles};
use systems::kernel::{Locked, Pipe, SocketPair};
use systems::library::{Crossbeam, Fusion, FusionShared, Rtrb};
use systems::{Receiver, Sender, System, Words};

type Group<'a> = BenchmarkGroup<'a, Cycles>;

/// Messages of a batch.
const BATCH: usize = 32;
const MESSAGE: Words = [7; 7];

fn group<'a>(criterion: &'a mut Criterion<Cycles>, name: &str) -> Group<'a> {
    pin(0);
    let mut group = criterion.benchmark_group(name);
    // Samples shorter than a time slice, and many of them: on a machine that has other work too, some go undisturbed.
    group.sampling_mode(SamplingMode::Flat).sample_size(400);
    group.warm_up_time(Duration::from_millis(30)).measurement_time(Duration::from_millis(120));
    group
}

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
    let mut one = group(criterion, "send + receive 56 B, one core");
    each!(single, one; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    one.finish();
    let mut shared = group(criterion, "the same, any number of senders and receivers");
    each!(single, shared; FusionShared, Crossbeam, Locked);
    shared.finish();
    let mut batches = group(criterion, "batch of 32, one core, per message");
    each!(batch, batches; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    batches.finish();
    let mut shared = group(criterion, "the same batch, any number of senders and receivers");
    each!(batch, shared; FusionShared, Crossbeam, Locked);
    shared.finish();
}

fn two_cores(criterion: &mut Criterion<Cycles>) {
    let mut streams = group(criterion, "stream between two cores, per message");
    each!(stream, streams; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    streams.finish();
    let mut streams = group(criterion, "stream in batches of 32, per message");
    each!(stream_batches, streams; Fusion, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    streams.finish();
    let mut streams = group(criterion, "stream, any number of senders and receivers");
    each!(stream, streams; FusionShared, Crossbeam, Locked);
    streams.finish();
    let mut trips = group(criterion, "round trip between two cores");
    each!(round_trip, trips; Fusion, FusionShared, Rtrb, Crossbeam, Locked, Pipe, SocketPair);
    trips.finish();
}

criterion_group!(name = rings; config = criterion(); targets = messages, bulk::bulk, two_cores, sleep::sleep);
criterion_main!(rings);
