//! FusionRing, and the well-known crates.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use fusion_ring::mpmc::Mpmc;
use fusion_ring::spsc::{Consumer, Producer};
use fusion_ring::{Contiguous, Form, Geometry, Message, DEFAULT_SHIFT};

use super::memory::Pages;
use super::{Receiver, Sender, System, Words};

pub const CAPACITY: usize = 1 << DEFAULT_SHIFT;

type Storage = Contiguous<'static>;

/// A ring in memory as processes share it.
pub fn storage(form: Form) -> Storage {
    let geometry = Geometry::new(form, DEFAULT_SHIFT).expect("a capacity that is offered");
    let pages = Pages::present(geometry.bytes()).leak();
    // SAFETY: the pages are new, and leaked: they stay.
    unsafe { Contiguous::create(pages.base(), pages.len(), geometry) }.expect("a new ring")
}

/// One sender, one receiver.
pub struct Fusion;

impl System for Fusion {
    const NAME: &'static str = "FusionRing";
    type Sender = Producer<Storage>;
    type Receiver = Consumer<Storage>;
    fn pair() -> (Self::Sender, Self::Receiver) {
        let storage = storage(Form::Spsc);
        (Producer::new(storage).expect("a new ring"), Consumer::new(storage).expect("a new ring"))
    }
}

/// Ends of rings, whose methods have the same names.
macro_rules! ends {
    ($sender:ty, $receiver:ty) => {
        impl Sender for $sender {
            type Item = Message;
            fn item(words: Words) -> Message {
                Message::from_words(words)
            }
            #[inline]
            fn send(&mut self, item: &Message) -> bool {
                self.try_send(item).is_ok()
            }
            #[inline]
            fn send_batch(&mut self, items: &[Message]) -> usize {
                <$sender>::send_batch(self, items).unwrap_or(0)
            }
        }

        impl Receiver for $receiver {
            type Item = Message;
            fn empty() -> Message {
                Message::EMPTY
            }
            #[inline]
            fn receive(&mut self) -> Option<Message> {
                self.try_recv().ok()
            }
            #[inline]
            fn receive_batch(&mut self, items: &mut [Message]) -> usize {
                self.recv_batch(items).unwrap_or(0)
            }
        }
    };
}
ends!(Producer<Storage>, Consumer<Storage>);
ends!(Mpmc<Storage>, Mpmc<Storage>);

/// Any number of senders and receivers.
pub struct FusionShared;

impl System for FusionShared {
    const NAME: &'static str = "FusionRing (MPMC)";
    type Sender = Mpmc<Storage>;
    type Receiver = Mpmc<Storage>;
    fn pair() -> (Self::Sender, Self::Receiver) {
        let ring = Mpmc::new(storage(Form::Mpmc)).expect("a new ring");
        (ring.clone(), ring)
    }
}

pub struct Rtrb;

impl System for Rtrb {
    const NAME: &'static str = "rtrb";
    type Sender = rtrb::Producer<Words>;
    type Receiver = rtrb::Consumer<Words>;
    fn pair() -> (Self::Sender, Self::Receiver) {
        rtrb::RingBuffer::new(CAPACITY)
    }
}

impl Sender for rtrb::Producer<Words> {
    type Item = Words;
    fn item(words: Words) -> Words {
        words
    }
    #[inline]
    fn send(&mut self, item: &Words) -> bool {
        self.push(*item).is_ok()
    }
    #[inline]
    fn send_batch(&mut self, items: &[Words]) -> usize {
        self.push_partial_slice(items).0.len()
    }
}

impl Receiver for rtrb::Consumer<Words> {
    type Item = Words;
    fn empty() -> Words {
        [0; 7]
    }
    #[inline]
    fn receive(&mut self) -> Option<Words> {
        self.pop().ok()
    }
    #[inline]
    fn receive_batch(&mut self, items: &mut [Words]) -> usize {
        self.pop_partial_slice(items).0.len()
    }
}

pub struct Crossbeam;

#[derive(Clone)]
pub struct CrossbeamEnd(Arc<ArrayQueue<Words>>);

impl System for Crossbeam {
    const NAME: &'static str = "crossbeam-queue";
    type Sender = CrossbeamEnd;
    type Receiver = CrossbeamEnd;
    fn pair() -> (CrossbeamEnd, CrossbeamEnd) {
        let end = CrossbeamEnd(Arc::new(ArrayQueue::new(CAPACITY)));
        (end.clone(), end)
    }
}

impl Sender for CrossbeamEnd {
    type Item = Words;
    fn item(words: Words) -> Words {
        words
    }
    #[inline]
    fn send(&mut self, item: &Words) -> bool {
        self.0.push(*item).is_ok()
    }
}

impl Receiver for CrossbeamEnd {
    type Item = Words;
    fn empty() -> Words {
        [0; 7]
    }
    #[inline]
    fn receive(&mut self) -> Option<Words> {
        self.0.pop()
    }
}
