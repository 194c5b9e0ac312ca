//! With sleepers: what it costs to look whether somebody sleeps, and a round trip where both sides do.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;

use criterion::Criterion;
use fusion_ring::park::{wait, ParkWord, Spin, Ticket};
use fusion_ring::spsc::{Consumer, Producer};
use fusion_ring::{Contiguous, Message, Storage};
use host_bench::{begin, end, group, pin, Cycles, Target};
use rustix::thread::futex;

use crate::systems::kernel::{Pipe, SocketPair};
use crate::systems::library::Fusion;
use crate::systems::{Receiver, Sender, System, Words};
use crate::{single, Group, MESSAGE};

pub fn sleep(criterion: &mut Criterion<Cycles>) {
    let mut looks = group(
        criterion,
        "FusionRing: send + receive 56 B with a look for sleepers, one core",
        Some(Target::Cycles(100)),
    );
    single::<Awake<Fusion>>(&mut looks);
    single::<Awake<Signalled>>(&mut looks);
    single::<Pipe>(&mut looks);
    single::<SocketPair>(&mut looks);
    looks.finish();
    let mut trips = group(criterion, "FusionRing: round trip of two who sleep, on one core", None);
    round_trip::<Awake<Fusion>>(&mut trips);
    round_trip::<Awake<Signalled>>(&mut trips);
    round_trip::<Pipe>(&mut trips);
    round_trip::<SocketPair>(&mut trips);
    trips.finish();
}

/// There and back by two threads of one core, each asleep while the other runs.
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
                    pin(0);
                    start.wait();
                    for _ in 0..rounds {
                        black_box(arriving.receive());
                        assert!(back.send(&item));
                    }
                });
                start.wait();
                let begun = begin();
                for _ in 0..rounds {
                    assert!(there.send(&item));
                    black_box(returning.receive());
                }
                clock.cycles(end().saturating_sub(begun))
            })
        });
    });
}

/// A system whose receiver sleeps when nothing is there, and whose sender wakes it.
struct Awake<S>(S);

struct WakingSender(Producer<Contiguous<'static>>);
struct SleepingReceiver(Consumer<Contiguous<'static>>, Spin);

fn sleep_while(word: &ParkWord, ticket: Ticket) -> Result<(), Infallible> {
    // Woken, or the epoch had moved, or a signal came: the caller looks again in any case.
    let _ = futex::wait(epoch(word), futex::Flags::PRIVATE, ticket.epoch(), None);
    Ok(())
}

fn epoch(word: &ParkWord) -> &AtomicU32 {
    // SAFETY: the pointer is to the aligned half of a word that lives as long; only the host's kernel reads it.
    unsafe { AtomicU32::from_ptr(word.epoch_address().cast_mut()) }
}

fn wake(word: &ParkWord) {
    let _ = futex::wake(epoch(word), futex::Flags::PRIVATE, i32::MAX as u32);
}

impl System for Awake<Fusion> {
    const NAME: &'static str = "FusionRing";
    type Sender = WakingSender;
    type Receiver = SleepingReceiver;
    fn pair() -> (WakingSender, SleepingReceiver) {
        let (sender, receiver) = Fusion::pair();
        (WakingSender(sender), SleepingReceiver(receiver, Spin::new(0)))
    }
}

impl Sender for WakingSender {
    type Item = Message;
    fn item(words: Words) -> Message {
        Message::from_words(words)
    }
    #[inline]
    fn send(&mut self, item: &Message) -> bool {
        let sent = self.0.try_send(item).is_ok();
        if self.0.notify() {
            wake(self.0.storage().control().readable());
        }
        sent
    }
}

impl Receiver for SleepingReceiver {
    type Item = Message;
    fn empty() -> Message {
        Message::EMPTY
    }
    #[inline]
    fn receive(&mut self) -> Option<Message> {
        let storage = *self.0.storage();
        let word = storage.control().readable();
        let Ok(message) =
            wait(word, &mut self.1, || self.0.try_recv().ok(), |ticket| sleep_while(word, ticket));
        if self.0.notify() {
            wake(storage.control().writable());
        }
        Some(message)
    }
}

/// A word behind a mutex, with condition variables for both sides.
struct Signalled;

#[derive(Default)]
struct Shared {
    queue: Mutex<std::collections::VecDeque<Words>>,
    readable: Condvar,
    writable: Condvar,
}

struct SignalledEnd(Arc<Shared>);

impl System for Awake<Signalled> {
    const NAME: &'static str = "mutex + VecDeque + condition variables";
    type Sender = SignalledEnd;
    type Receiver = SignalledEnd;
    fn pair() -> (SignalledEnd, SignalledEnd) {
        let shared = Arc::new(Shared::default());
        (SignalledEnd(shared.clone()), SignalledEnd(shared))
    }
}

impl Sender for SignalledEnd {
    type Item = Words;
    fn item(words: Words) -> Words {
        words
    }
    #[inline]
    fn send(&mut self, item: &Words) -> bool {
        self.0.queue.lock().expect("nobody panicked").push_back(*item);
        self.0.readable.notify_one();
        true
    }
}

impl Receiver for SignalledEnd {
    type Item = Words;
    fn empty() -> Words {
        [0; 7]
    }
    #[inline]
    fn receive(&mut self) -> Option<Words> {
        let queue = self.0.queue.lock().expect("nobody panicked");
        let mut queue = self.0.readable.wait_while(queue, |queue| queue.is_empty()).expect("nobody panicked");
        let item = queue.pop_front();
        drop(queue);
        self.0.writable.notify_one();
        item
    }
}
