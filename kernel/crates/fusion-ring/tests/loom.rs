//! Every order in which two sides can run, and every value that weak memory lets them see: `tools/model-check`.
//!
//! Each test takes a pair (or three) of operations on a ring that is nearly empty or nearly full, since between
//! those nothing is contended. Loom finds every interleaving, reports deadlock (a lost wake-up is one), and a
//! payload that is read before it is there fails an assertion.
#![cfg(loom)]

mod sleep;

use fusion_ring::mpmc::Mpmc;
use fusion_ring::park::{wait, Spin};
use fusion_ring::pool::{Access, Class, Entry, Head, Heads, Layout, Pool, Side, Table, UNIT};
use fusion_ring::spsc::{self, Consumer, Producer};
use fusion_ring::{Line, Message, Owned, RecvError, SendError, Shared, Storage};
use loom::sync::atomic::{fence, AtomicU64, Ordering};
use loom::sync::Arc;
use loom::thread;
use sleep::{message, number, Bed};

type Sender = Producer<Owned>;
type Receiver = Consumer<Owned>;

/// What the sending side of a pair does with messages 1 and 2; returns how many went in.
type Send = fn(&mut Sender) -> u64;
/// What the receiving side does; returns what came out.
type Receive = fn(&mut Receiver) -> Vec<u64>;

fn send_one_by_one(sender: &mut Sender) -> u64 {
    (1..=2).take_while(|i| sender.try_send(&message(*i)).is_ok()).count() as u64
}

fn send_together(sender: &mut Sender) -> u64 {
    sender.send_batch(&[message(1), message(2)]).unwrap_or(0) as u64
}

fn send_into_known_room(sender: &mut Sender) -> u64 {
    let room = sender.room().unwrap_or(0).min(2) as u64;
    assert!((1..=room).all(|i| sender.try_send(&message(i)).is_ok()));
    room
}

fn send_and_close(sender: &mut Sender) -> u64 {
    let count = send_one_by_one(sender);
    let _ = sender.close();
    count
}

fn receive_one_by_one(receiver: &mut Receiver) -> Vec<u64> {
    (0..2).map_while(|_| receiver.try_recv().ok()).map(|message| number(&message)).collect()
}

fn receive_together(receiver: &mut Receiver) -> Vec<u64> {
    let mut messages = [Message::EMPTY; 2];
    let count = receiver.recv_batch(&mut messages).unwrap_or(0);
    messages[..count].iter().map(number).collect()
}

fn receive_if_ready(receiver: &mut Receiver) -> Vec<u64> {
    if receiver.is_ready() {
        return vec![number(&receiver.try_recv().unwrap())];
    }
    let len = receiver.len();
    assert!(len <= 2);
    Vec::new()
}

fn receive_and_close(receiver: &mut Receiver) -> Vec<u64> {
    let received = receive_one_by_one(receiver);
    let _ = receiver.close();
    received
}

/// Both at once, on a ring of two slots of which `before` are full; afterwards everything sent has come out once,
/// in order.
fn race(send: Send, receive: Receive, before: u64) {
    loom::model(move || {
        let (mut sender, mut receiver) = spsc::pair(1).unwrap();
        for i in 0..before {
            sender.try_send(&message(100 + i)).unwrap();
        }
        let sending = thread::spawn(move || (send(&mut sender), sender));
        let mut received = receive(&mut receiver);
        let (sent, _sender) = sending.join().unwrap();
        while let Ok(message) = receiver.try_recv() {
            received.push(number(&message));
        }
        let expected: Vec<u64> = (100..100 + before).chain(1..=sent).collect();
        assert_eq!(received, expected);
    });
}

macro_rules! pairs {
    ($($name:ident: $send:ident, $receive:ident;)*) => {$(
        #[test]
        fn $name() {
            for before in 0..=2 {
                race($send, $receive, before);
            }
        }
    )*};
}

pairs! {
    send_recv: send_one_by_one, receive_one_by_one;
    send_recv_batch: send_one_by_one, receive_together;
    send_ready: send_one_by_one, receive_if_ready;
    send_close_recv: send_one_by_one, receive_and_close;
    batch_recv: send_together, receive_one_by_one;
    batch_recv_batch: send_together, receive_together;
    batch_ready: send_together, receive_if_ready;
    batch_close_recv: send_together, receive_and_close;
    room_recv: send_into_known_room, receive_one_by_one;
    room_recv_batch: send_into_known_room, receive_together;
    room_ready: send_into_known_room, receive_if_ready;
    room_close_recv: send_into_known_room, receive_and_close;
    close_recv: send_and_close, receive_one_by_one;
    close_recv_batch: send_and_close, receive_together;
    close_ready: send_and_close, receive_if_ready;
    close_close: send_and_close, receive_and_close;
}

/// Who is told that the sender has closed has got everything that was sent before.
#[test]
fn closed_means_all_is_received() {
    loom::model(|| {
        let (mut sender, mut receiver) = spsc::pair(1).unwrap();
        let sending = thread::spawn(move || {
            sender.try_send(&message(1)).unwrap();
            let _ = sender.close();
        });
        let mut received = 0;
        loop {
            match receiver.try_recv() {
                Ok(_) => received += 1,
                Err(RecvError::Empty) => thread::yield_now(),
                Err(error) => {
                    assert_eq!(error, RecvError::Closed);
                    break;
                }
            }
        }
        assert_eq!(received, 1);
        sending.join().unwrap();
    });
}

/// The receiver sleeps when the ring is empty, the sender when it is full, and both come to the end.
fn with_sleep(shift: u32, count: u64) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let (mut sender, mut receiver) = spsc::pair(shift).unwrap();
        let storage = sender.storage().clone();
        let beds = Arc::new((Bed::default(), Bed::default()));
        let sending = {
            let (beds, storage) = (beds.clone(), storage.clone());
            thread::spawn(move || {
                for i in 0..count {
                    let word = storage.control().writable();
                    let Ok(()) = wait(
                        word,
                        &mut Spin::new(0),
                        || sender.try_send(&message(i)).ok(),
                        |ticket| beds.1.park(word, ticket),
                    );
                    if sender.notify() {
                        beds.0.unpark();
                    }
                }
            })
        };
        for i in 0..count {
            let word = storage.control().readable();
            let Ok(received) = wait(
                word,
                &mut Spin::new(0),
                || receiver.try_recv().ok(),
                |ticket| beds.0.park(word, ticket),
            );
            assert_eq!(number(&received), i);
            if receiver.notify() {
                beds.1.unpark();
            }
        }
        sending.join().unwrap();
    });
}

#[test]
fn no_wake_up_is_lost_when_empty() {
    with_sleep(1, 1);
}

#[test]
fn no_wake_up_is_lost_when_full() {
    with_sleep(0, 2);
}

/// Closing wakes who sleeps.
#[test]
fn no_wake_up_is_lost_when_closed() {
    loom::model(|| {
        let (sender, mut receiver) = spsc::pair(0).unwrap();
        let storage = sender.storage().clone();
        let bed = Arc::new(Bed::default());
        let closing = {
            let bed = bed.clone();
            thread::spawn(move || {
                if sender.close() {
                    bed.unpark();
                }
            })
        };
        let word = storage.control().readable();
        let Ok(end) = wait(
            word,
            &mut Spin::new(0),
            || receiver.try_recv().err().filter(|error| *error != RecvError::Empty),
            |ticket| bed.park(word, ticket),
        );
        assert_eq!(end, RecvError::Closed);
        closing.join().unwrap();
    });
}

/// Two who sleep on one word are both woken, also when one of them changes its mind.
#[test]
fn no_wake_up_is_lost_among_two() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let ring = Arc::new(Mpmc::owned(1).unwrap());
        let bed = Arc::new(Bed::default());
        let waiting: Vec<_> = (0..2)
            .map(|_| {
                let (ring, bed) = (ring.clone(), bed.clone());
                thread::spawn(move || {
                    let word = ring.storage().control().readable();
                    let Ok(()) = wait(
                        word,
                        &mut Spin::new(0),
                        || ring.try_recv().ok().map(drop),
                        |ticket| bed.park(word, ticket),
                    );
                })
            })
            .collect();
        for i in 0..2 {
            ring.try_send(&message(i)).unwrap();
            if ring.notify_receivers() {
                bed.unpark();
            }
        }
        for thread in waiting {
            thread.join().unwrap();
        }
    });
}

/// Why the fences of `park` are sequentially consistent: with them one side sees the other, and with anything less
/// there is an order in which neither does.
#[test]
fn weaker_fences_would_lose_wake_ups() {
    fn both_missed(order: Ordering) -> bool {
        let missed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let found = missed.clone();
        loom::model(move || {
            let words = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
            let notifier = {
                let words = words.clone();
                thread::spawn(move || {
                    words.0.store(1, Ordering::Release);
                    fence(order);
                    words.1.load(Ordering::Relaxed)
                })
            };
            words.1.fetch_add(1, Ordering::Relaxed);
            fence(order);
            let seen = words.0.load(Ordering::Acquire);
            if seen == 0 && notifier.join().unwrap() == 0 {
                found.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        });
        missed.load(std::sync::atomic::Ordering::Relaxed)
    }
    assert!(!both_missed(Ordering::SeqCst));
    assert!(both_missed(Ordering::AcqRel));
}

/// What a thread does to a shared ring of two slots; returns what it sent and what it received.
type Act = fn(&Mpmc<Owned>, u64) -> (Vec<u64>, Vec<u64>);

fn send(ring: &Mpmc<Owned>, own: u64) -> (Vec<u64>, Vec<u64>) {
    let sent = ring.try_send(&message(own)).is_ok();
    (Vec::from_iter(sent.then_some(own)), Vec::new())
}

fn send_two(ring: &Mpmc<Owned>, own: u64) -> (Vec<u64>, Vec<u64>) {
    let count = ring.send_batch(&[message(own), message(own + 1)]).unwrap_or(0) as u64;
    ((own..own + count).collect(), Vec::new())
}

fn receive(ring: &Mpmc<Owned>, _: u64) -> (Vec<u64>, Vec<u64>) {
    (Vec::new(), ring.try_recv().iter().map(number).collect())
}

fn receive_two(ring: &Mpmc<Owned>, _: u64) -> (Vec<u64>, Vec<u64>) {
    let mut messages = [Message::EMPTY; 2];
    let count = ring.recv_batch(&mut messages).unwrap_or(0);
    (Vec::new(), messages[..count].iter().map(number).collect())
}

fn close(ring: &Mpmc<Owned>, own: u64) -> (Vec<u64>, Vec<u64>) {
    let sent = send(ring, own);
    let _ = ring.close_sending();
    sent
}

/// All at once, with `before` of two slots full: what was sent comes out exactly once.
fn race_shared(acts: &[Act], before: u64) {
    let acts = acts.to_vec();
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let ring = Arc::new(Mpmc::owned(1).unwrap());
        let mut sent: Vec<u64> = (0..before).collect();
        sent.iter().for_each(|i| ring.try_send(&message(*i)).unwrap());
        let threads: Vec<_> = (1..)
            .zip(&acts[1..])
            .map(|(own, act)| {
                let (ring, act) = (ring.clone(), *act);
                thread::spawn(move || act(&ring, own * 100))
            })
            .collect();
        let (mine, mut received) = acts[0](&ring, 1000);
        sent.extend(mine);
        for thread in threads {
            let (theirs, got) = thread.join().unwrap();
            sent.extend(theirs);
            received.extend(got);
        }
        while let Ok(message) = ring.try_recv() {
            received.push(number(&message));
        }
        sent.sort_unstable();
        received.sort_unstable();
        assert_eq!(sent, received);
    });
}

macro_rules! shared {
    ($($name:ident: $($act:ident),*;)*) => {$(
        #[test]
        fn $name() {
            for before in 0..=2 {
                race_shared(&[$($act),*], before);
            }
        }
    )*};
}

shared! {
    shared_send_send: send, send;
    shared_send_batch: send, send_two;
    shared_batch_batch: send_two, send_two;
    shared_send_recv: send, receive;
    shared_send_recv_batch: send, receive_two;
    shared_batch_recv: send_two, receive;
    shared_batch_recv_batch: send_two, receive_two;
    shared_recv_recv: receive, receive;
    shared_recv_recv_batch: receive, receive_two;
    shared_batches_out: receive_two, receive_two;
    shared_close_recv: close, receive;
    shared_close_recv_batch: close, receive_two;
    shared_close_send: close, send;
    shared_three: send, receive, send;
    shared_three_out: receive, send, receive;
}

/// A pool's table of loom's atomics.
struct ModelTable(Arc<(Heads, Vec<Entry>)>);

// SAFETY: the vector has the blocks of the layout that the tests use, lives in an `Arc`, and is never changed.
unsafe impl Table for ModelTable {
    fn heads(&self) -> &Heads {
        &self.0 .0
    }
    unsafe fn entry(&self, index: u32) -> &Entry {
        &self.0 .1[index as usize]
    }
}

static DATA: [u8; 2 * UNIT] = [0; 2 * UNIT];

/// Two sides of a pool of two blocks; nothing touches the data.
fn sides() -> [Arc<Pool<'static, ModelTable>>; 2] {
    let layout = Layout::new(&[Class { size: UNIT, count: 2 }]).unwrap();
    let heads = std::array::from_fn(|_| Line(Head::new()));
    let table = Arc::new((heads, vec![Entry::new(), Entry::new()]));
    [1, 2].map(|side| {
        let table = ModelTable(table.clone());
        // SAFETY: the data are static and never written; the table has two entries.
        Arc::new(unsafe {
            let data = Shared::new(std::ptr::NonNull::from(&DATA).cast(), DATA.len());
            Pool::new(table, layout, data, Side::new(side).unwrap(), Access::ReadWrite).unwrap()
        })
    })
}

/// Both allocate and free, so that the list's head comes back to what it was: nobody gets what another has.
#[test]
fn blocks_have_one_owner() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let [ours, theirs] = sides();
        // Both blocks in the list.
        drop((ours.allocate(1).unwrap(), ours.allocate(1).unwrap()));
        let other = thread::spawn(move || {
            drop(theirs.allocate(1).unwrap());
            theirs.allocate(1).unwrap().send().unwrap()
        });
        let mine = ours.allocate(1).unwrap();
        let descriptor = other.join().unwrap();
        let theirs = ours.receive(descriptor).unwrap();
        assert!(mine.bytes().as_ptr() != theirs.bytes().as_ptr());
        assert!(ours.allocate(1).is_err());
        drop((mine, theirs));
        assert_eq!(ours.in_use(), 0);
    });
}

/// Two holders let go at once: the block is freed exactly once.
#[test]
fn the_last_of_two_frees() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let [ours, theirs] = sides();
        let lease = ours.allocate(1).unwrap();
        let descriptor = lease.share().unwrap().send().unwrap();
        let other = thread::spawn(move || drop(theirs.receive(descriptor).unwrap()));
        drop(lease);
        other.join().unwrap();
        assert_eq!(ours.in_use(), 0);
        let both = (ours.allocate(1).unwrap(), ours.allocate(1).unwrap());
        assert!(both.0.bytes().as_ptr() != both.1.bytes().as_ptr());
        assert!(ours.allocate(1).is_err());
    });
}

/// A hand-over through a ring: what the receiver gets is held, and freed once.
#[test]
fn a_descriptor_travels() {
    loom::model(|| {
        let [ours, theirs] = sides();
        let slot = Arc::new(AtomicU64::new(0));
        let lease = ours.allocate(1).unwrap();
        let descriptor = lease.send().unwrap();
        let receiving = {
            let slot = slot.clone();
            thread::spawn(move || {
                if slot.load(Ordering::Acquire) == 1 {
                    drop(theirs.receive(descriptor).unwrap());
                    assert!(theirs.receive(descriptor).is_err());
                }
            })
        };
        slot.store(1, Ordering::Release);
        receiving.join().unwrap();
        assert!(ours.in_use() <= 1);
        assert!(ours.allocate(1).is_ok());
    });
}

/// Errors stay what they are when nobody races.
#[test]
fn a_full_ring_is_full() {
    loom::model(|| {
        let (mut sender, _receiver) = spsc::pair(0).unwrap();
        sender.try_send(&message(1)).unwrap();
        assert_eq!(sender.try_send(&message(2)), Err(SendError::Full));
    });
}
