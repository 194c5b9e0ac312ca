//! Real threads on real rings: order, nothing lost or doubled, nobody asleep for ever.
#![cfg(not(loom))]

mod sleep;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fusion_ring::mpmc::Mpmc;
use fusion_ring::park::{wait, Spin};
use fusion_ring::{spsc, Message, RecvError, SendError, Storage};
use sleep::{message, number, Bed};

const COUNT: u64 = if cfg!(miri) { 200 } else { 200_000 };

#[test]
fn one_to_one_with_sleep() {
    let (mut sender, mut receiver) = spsc::pair(3).unwrap();
    let (readers, writers) = (Bed::default(), Bed::default());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut spin = Spin::new(50);
            let storage = sender.storage().clone();
            for i in 0..COUNT {
                let sent = wait(
                    storage.control().writable(),
                    &mut spin,
                    || {
                        sender
                            .try_send(&message(i))
                            .map_or_else(|e| (e != SendError::Full).then_some(Err(e)), |()| Some(Ok(())))
                    },
                    |ticket| writers.park(storage.control().writable(), ticket),
                );
                sent.unwrap().unwrap();
                if sender.notify() {
                    readers.unpark();
                }
            }
            if sender.close() {
                readers.unpark();
            }
        });
        let mut spin = Spin::new(50);
        let storage = receiver.storage().clone();
        let mut expected = 0;
        loop {
            let Ok(received) = wait(
                storage.control().readable(),
                &mut spin,
                || match receiver.try_recv() {
                    Err(RecvError::Empty) => None,
                    other => Some(other),
                },
                |ticket| readers.park(storage.control().readable(), ticket),
            );
            if receiver.notify() {
                writers.unpark();
            }
            match received {
                Ok(message) => assert_eq!(number(&message), expected),
                Err(error) => {
                    assert_eq!(error, RecvError::Closed);
                    break;
                }
            }
            expected += 1;
        }
        assert_eq!(expected, COUNT);
    });
}

#[test]
fn batches_one_to_one() {
    let (mut sender, mut receiver) = spsc::pair(5).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut next = 0;
            while next < COUNT {
                let batch: Vec<Message> = (next..COUNT.min(next + 13)).map(message).collect();
                match sender.send_batch(&batch) {
                    Ok(count) => next += count as u64,
                    Err(_) => thread::yield_now(),
                }
            }
        });
        let mut expected = 0;
        let mut batch = [Message::EMPTY; 17];
        while expected < COUNT {
            match receiver.recv_batch(&mut batch) {
                Ok(count) => {
                    for message in &batch[..count] {
                        assert_eq!(number(message), expected);
                        expected += 1;
                    }
                }
                Err(_) => thread::yield_now(),
            }
        }
    });
}

#[test]
fn many_to_many_with_sleep() {
    const SENDERS: u64 = 3;
    let ring = Mpmc::owned(2).unwrap();
    let (readers, writers) = (Bed::default(), Bed::default());
    let (sum, received) = (AtomicU64::new(0), AtomicU64::new(0));
    let working = AtomicU64::new(SENDERS);
    thread::scope(|scope| {
        for first in 0..SENDERS {
            let (ring, readers, writers, working) = (&ring, &readers, &writers, &working);
            scope.spawn(move || {
                let mut spin = Spin::new(10);
                let word = ring.storage().control().writable();
                for i in 0..COUNT / SENDERS {
                    let Ok(sent) = wait(
                        word,
                        &mut spin,
                        || match ring.try_send(&message(i * SENDERS + first)) {
                            Err(SendError::Full | SendError::Contended) => None,
                            other => Some(other),
                        },
                        |ticket| writers.park(word, ticket),
                    );
                    sent.unwrap();
                    if ring.notify_receivers() {
                        readers.unpark();
                    }
                }
                if working.fetch_sub(1, Ordering::AcqRel) == 1 && ring.close_sending() {
                    readers.unpark();
                }
            });
        }
        for _ in 0..2 {
            let (ring, readers, writers, sum, received) = (&ring, &readers, &writers, &sum, &received);
            scope.spawn(move || {
                let mut spin = Spin::new(10);
                let word = ring.storage().control().readable();
                let mut last = [None; SENDERS as usize];
                loop {
                    let Ok(result) = wait(
                        word,
                        &mut spin,
                        || match ring.try_recv() {
                            Err(RecvError::Empty | RecvError::Contended) => None,
                            other => Some(other),
                        },
                        |ticket| readers.park(word, ticket),
                    );
                    if ring.notify_senders() {
                        writers.unpark();
                    }
                    let Ok(message) = result else { break };
                    let number = number(&message);
                    // One receiver meets the messages of one sender in order.
                    let from = &mut last[(number % SENDERS) as usize];
                    assert!(from.is_none_or(|last| last < number));
                    *from = Some(number);
                    sum.fetch_add(number, Ordering::Relaxed);
                    received.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let count = COUNT / SENDERS * SENDERS;
    assert_eq!(received.into_inner(), count);
    assert_eq!(sum.into_inner(), count * (count - 1) / 2);
}
