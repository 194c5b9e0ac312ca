//! Tasks that wait for each other, on threads of their own.
#![cfg(not(loom))]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use channels::asynchronous::channel;
use fusion_ring::mpmc::Mpmc;
use fusion_ring::{spsc, Message, RecvError, SendError};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn message(number: u64) -> Message {
    Message::new(&number.to_le_bytes()).unwrap()
}

#[test]
fn tasks_wake_each_other() {
    const COUNT: u64 = if cfg!(miri) { 100 } else { 50_000 };
    let (sender, receiver) = spsc::pair(1).unwrap();
    let (mut sender, mut receiver) = channel(sender, receiver);
    thread::scope(|scope| {
        scope.spawn(move || {
            block_on(async {
                for i in 0..COUNT {
                    sender.send(&message(i)).await.unwrap();
                }
            });
        });
        block_on(async {
            for i in 0..COUNT {
                assert_eq!(receiver.receive().await, Ok(message(i)));
            }
            assert_eq!(receiver.receive().await, Err(RecvError::Closed));
        });
    });
}

#[test]
fn a_receiver_that_goes_ends_the_sender() {
    let ring = Mpmc::owned(0).unwrap();
    let (mut sender, receiver) = channel(ring.clone(), ring);
    block_on(sender.send(&message(1))).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || drop(receiver));
        assert_eq!(block_on(sender.send(&message(2))), Err(SendError::Closed));
    });
}
