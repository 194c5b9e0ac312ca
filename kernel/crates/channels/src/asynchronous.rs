//! Ends that are awaited: tasks of one program, woken by wakers.
//!
//! Between programs the same futures serve: whoever runs them parks in the kernel when no task is ready, and calls
//! [`Signal::wake_receiver`] or [`Signal::wake_sender`] when a peer woke it.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Context, Poll};

#[cfg(not(loom))]
use atomic_waker::AtomicWaker;
use fusion_ring::{Message, RecvError, SendError};
#[cfg(loom)]
use loom::future::AtomicWaker;

use crate::{Receive, Transmit};

/// Who waits at the two ends.
#[derive(Debug, Default)]
pub struct Signal {
    receiver: Waiter,
    sender: Waiter,
}

#[derive(Default)]
struct Waiter(AtomicWaker);

impl core::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Waiter")
    }
}

impl Waiter {
    /// Registers the task; after that, whatever changes wakes it.
    fn register(&self, context: &Context<'_>) {
        #[cfg(not(loom))]
        self.0.register(context.waker());
        #[cfg(loom)]
        self.0.register_by_ref(context.waker());
    }
}

impl Signal {
    /// Something may have come.
    pub fn wake_receiver(&self) {
        self.receiver.0.wake();
    }
    /// There may be room.
    pub fn wake_sender(&self) {
        self.sender.0.wake();
    }
}

/// The sending end. Dropped, it closes.
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use std::{future::Future, pin::pin};
/// use fusion_ring::{spsc, Message};
///
/// let (sender, receiver) = spsc::pair(0).unwrap();
/// let (mut sender, mut receiver) = channels::asynchronous::channel(sender, receiver);
/// let mut context = Context::from_waker(Waker::noop());
/// let mut received = pin!(receiver.receive());
/// assert!(received.as_mut().poll(&mut context).is_pending());
/// let message = Message::new(b"now").unwrap();
/// assert_eq!(pin!(sender.send(&message)).poll(&mut context), Poll::Ready(Ok(())));
/// assert_eq!(received.poll(&mut context), Poll::Ready(Ok(message)));
/// ```
#[derive(Debug)]
pub struct Sender<E: Transmit> {
    end: E,
    signal: Arc<Signal>,
}

/// The receiving end. Dropped, it closes.
#[derive(Debug)]
pub struct Receiver<E: Receive> {
    end: E,
    signal: Arc<Signal>,
}

/// Makes the ends of one ring awaitable.
pub fn channel<S: Transmit, R: Receive>(sender: S, receiver: R) -> (Sender<S>, Receiver<R>) {
    let signal = Arc::new(Signal::default());
    (Sender { end: sender, signal: signal.clone() }, Receiver { end: receiver, signal })
}

impl<E: Transmit> Sender<E> {
    /// Puts the message in, or registers the task to be woken when that may succeed.
    pub fn poll_send(&mut self, context: &Context<'_>, message: &Message) -> Poll<Result<(), SendError>> {
        let mut sent = self.end.transmit(message);
        if waits_for_room(sent) {
            // Registered first, then looked at again: what changes in between wakes the task.
            self.signal.sender.register(context);
            sent = self.end.transmit(message);
            if waits_for_room(sent) {
                return Poll::Pending;
            }
        }
        if sent.is_ok() {
            self.signal.wake_receiver();
        }
        Poll::Ready(sent)
    }

    /// Sends when there is room.
    pub async fn send(&mut self, message: &Message) -> Result<(), SendError> {
        poll_fn(|context| self.poll_send(context, message)).await
    }

    /// Who waits.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }
}

fn waits_for_room(sent: Result<(), SendError>) -> bool {
    matches!(sent, Err(SendError::Full | SendError::Contended))
}

impl<E: Receive> Receiver<E> {
    /// Takes a message out, or registers the task to be woken when one may be there.
    pub fn poll_receive(&mut self, context: &Context<'_>) -> Poll<Result<Message, RecvError>> {
        let mut received = self.end.receive();
        if waits_for_message(&received) {
            self.signal.receiver.register(context);
            received = self.end.receive();
            if waits_for_message(&received) {
                return Poll::Pending;
            }
        }
        // A corrupt message made room too.
        self.signal.wake_sender();
        Poll::Ready(received)
    }

    /// The next message, when it is there.
    pub async fn receive(&mut self) -> Result<Message, RecvError> {
        poll_fn(|context| self.poll_receive(context)).await
    }

    /// Who waits.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }
}

fn waits_for_message(received: &Result<Message, RecvError>) -> bool {
    matches!(received, Err(RecvError::Empty | RecvError::Contended))
}

impl<E: Transmit> Drop for Sender<E> {
    fn drop(&mut self) {
        // Sleepers of other programs are the business of whoever runs the tasks.
        let _ = self.end.close();
        self.signal.wake_receiver();
    }
}

impl<E: Receive> Drop for Receiver<E> {
    fn drop(&mut self) {
        let _ = self.end.close();
        self.signal.wake_sender();
    }
}
