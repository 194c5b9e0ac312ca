//! Awaited ends in every order of two tasks: nobody waits for ever.
#![cfg(loom)]

use channels::asynchronous::channel;
use fusion_ring::{spsc, Message, RecvError, SendError};
use loom::future::block_on;
use loom::thread;

fn message(number: u64) -> Message {
    Message::new(&number.to_le_bytes()).unwrap()
}

fn bounded(test: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(test);
}

#[test]
fn a_message_wakes_the_receiver() {
    bounded(|| {
        let (sender, receiver) = spsc::pair(0).unwrap();
        let (mut sender, mut receiver) = channel(sender, receiver);
        let sending = thread::spawn(move || {
            block_on(async {
                for i in 0..2 {
                    sender.send(&message(i)).await.unwrap();
                }
            });
        });
        block_on(async {
            for i in 0..2 {
                assert_eq!(receiver.receive().await, Ok(message(i)));
            }
        });
        sending.join().unwrap();
    });
}

#[test]
fn closing_wakes_the_receiver() {
    bounded(|| {
        let (sender, receiver) = spsc::pair(0).unwrap();
        let (mut sender, mut receiver) = channel(sender, receiver);
        let sending = thread::spawn(move || block_on(sender.send(&message(1))).unwrap());
        block_on(async {
            assert_eq!(receiver.receive().await, Ok(message(1)));
            assert_eq!(receiver.receive().await, Err(RecvError::Closed));
        });
        sending.join().unwrap();
    });
}

#[test]
fn closing_wakes_the_sender() {
    bounded(|| {
        let (sender, receiver) = spsc::pair(0).unwrap();
        let (mut sender, receiver) = channel(sender, receiver);
        block_on(sender.send(&message(1))).unwrap();
        let closing = thread::spawn(move || drop(receiver));
        assert_eq!(block_on(sender.send(&message(2))), Err(SendError::Closed));
        closing.join().unwrap();
    });
}
