//! Rings behave as a `VecDeque` of limited length does, whatever is done to them in whatever order.
#![cfg(not(loom))]

mod common;

use std::collections::VecDeque;

use common::Pages;
use fusion_ring::bytes::{self, Reader, Writer};
use fusion_ring::mpmc::Mpmc;
use fusion_ring::spsc::{Consumer, Producer};
use fusion_ring::{Contiguous, Form, Geometry, Message, RecvError, SendError, CONTROL};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>, u8),
    Receive,
    SendBatch(usize),
    ReceiveBatch(usize),
    /// A new end takes over from the old one.
    Reattach,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (prop::collection::vec(any::<u8>(), 0..=56), any::<u8>()).prop_map(|(bytes, tag)| Step::Send(bytes, tag)),
        4 => Just(Step::Receive),
        2 => (0..12_usize).prop_map(Step::SendBatch),
        2 => (0..12_usize).prop_map(Step::ReceiveBatch),
        1 => Just(Step::Reattach),
    ];
    let most = if cfg!(miri) { 40 } else { 400 };
    prop::collection::vec(step, 1..most)
}

fn numbered(counter: &mut u64, count: usize) -> Vec<Message> {
    (0..count)
        .map(|_| {
            *counter += 1;
            Message::new(&counter.to_le_bytes()).unwrap().with_tag(*counter as u8)
        })
        .collect()
}

/// What the model expects of a batch.
fn expect_batch<E>(wanted: usize, possible: usize, otherwise: E) -> Result<usize, E> {
    match wanted.min(possible) {
        0 if wanted != 0 => Err(otherwise),
        count => Ok(count),
    }
}

/// The ends under test, as one thing that a model can be held against.
trait Ends {
    fn send(&mut self, message: &Message) -> Result<(), SendError>;
    fn receive(&mut self) -> Result<Message, RecvError>;
    fn send_batch(&mut self, messages: &[Message]) -> Result<usize, SendError>;
    fn receive_batch(&mut self, messages: &mut [Message]) -> Result<usize, RecvError>;
    fn reattach(&mut self);
    fn len(&self) -> usize;
}

struct Spsc<'m>(Contiguous<'m>, Producer<Contiguous<'m>>, Consumer<Contiguous<'m>>);

impl Ends for Spsc<'_> {
    fn send(&mut self, message: &Message) -> Result<(), SendError> {
        self.1.try_send(message)
    }
    fn receive(&mut self) -> Result<Message, RecvError> {
        self.2.try_recv()
    }
    fn send_batch(&mut self, messages: &[Message]) -> Result<usize, SendError> {
        self.1.send_batch(messages)
    }
    fn receive_batch(&mut self, messages: &mut [Message]) -> Result<usize, RecvError> {
        self.2.recv_batch(messages)
    }
    fn reattach(&mut self) {
        self.1 = Producer::new(self.0).unwrap();
        self.2 = Consumer::new(self.0).unwrap();
    }
    fn len(&self) -> usize {
        let len = self.2.len();
        assert_eq!(self.2.is_ready(), len > 0);
        len
    }
}

impl Ends for Mpmc<Contiguous<'_>> {
    fn send(&mut self, message: &Message) -> Result<(), SendError> {
        self.try_send(message)
    }
    fn receive(&mut self) -> Result<Message, RecvError> {
        self.try_recv()
    }
    fn send_batch(&mut self, messages: &[Message]) -> Result<usize, SendError> {
        Mpmc::send_batch(self, messages)
    }
    fn receive_batch(&mut self, messages: &mut [Message]) -> Result<usize, RecvError> {
        self.recv_batch(messages)
    }
    fn reattach(&mut self) {
        *self = Self::new(*self.storage()).unwrap();
    }
    fn len(&self) -> usize {
        let len = Mpmc::len(self);
        assert_eq!(self.is_empty(), 1 > len);
        len
    }
}

fn compare(ends: &mut impl Ends, shift: u32, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let capacity = 1 << shift;
    let mut model: VecDeque<Message> = VecDeque::new();
    let mut counter = 0;
    for step in steps {
        match step {
            Step::Send(bytes, tag) => {
                let message = Message::new(&bytes).unwrap().with_tag(tag);
                let expected = if model.len() < capacity { Ok(()) } else { Err(SendError::Full) };
                prop_assert_eq!(ends.send(&message), expected);
                if expected.is_ok() {
                    model.push_back(message);
                }
            }
            Step::Receive => {
                prop_assert_eq!(ends.receive(), model.pop_front().ok_or(RecvError::Empty));
            }
            Step::SendBatch(count) => {
                let messages = numbered(&mut counter, count);
                let expected = expect_batch(count, capacity - model.len(), SendError::Full);
                prop_assert_eq!(ends.send_batch(&messages), expected);
                model.extend(&messages[..expected.unwrap_or(0)]);
            }
            Step::ReceiveBatch(count) => {
                let mut messages = vec![Message::EMPTY; count];
                let expected = expect_batch(count, model.len(), RecvError::Empty);
                prop_assert_eq!(ends.receive_batch(&mut messages), expected);
                let front: Vec<Message> = model.drain(..expected.unwrap_or(0)).collect();
                prop_assert_eq!(&messages[..front.len()], &front[..]);
            }
            Step::Reattach => ends.reattach(),
        }
        prop_assert_eq!(ends.len(), model.len());
    }
    Ok(())
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 512 });
    if cfg!(miri) {
        config.failure_persistence = None;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_to_one(shift in 0..4_u32, steps in steps()) {
        let geometry = Geometry::new(Form::Spsc, shift).unwrap();
        let pages = Pages::new(geometry.bytes());
        // SAFETY: the pages outlive the ring.
        let storage = unsafe { Contiguous::create(pages.base(), pages.len(), geometry) }.unwrap();
        let (sender, receiver) = (Producer::new(storage).unwrap(), Consumer::new(storage).unwrap());
        compare(&mut Spsc(storage, sender, receiver), shift, steps)?;
    }

    #[test]
    fn many_to_many(shift in 0..4_u32, steps in steps()) {
        let geometry = Geometry::new(Form::Mpmc, shift).unwrap();
        let pages = Pages::new(geometry.bytes());
        // SAFETY: the pages outlive the ring.
        let storage = unsafe { Contiguous::create(pages.base(), pages.len(), geometry) }.unwrap();
        compare(&mut Mpmc::new(storage).unwrap(), shift, steps)?;
    }

    #[test]
    fn bytes_in_order(
        shift in 3..8_u32,
        steps in prop::collection::vec((any::<bool>(), 0..300_usize, any::<bool>()), 1..if cfg!(miri) { 30 } else { 300 }),
    ) {
        let pages = Pages::new(CONTROL + (1 << shift));
        // SAFETY: the pages outlive the ring.
        let storage = unsafe { bytes::Contiguous::create(pages.base(), pages.len(), shift) }.unwrap();
        let (mut writer, mut reader) = (Writer::new(storage).unwrap(), Reader::new(storage).unwrap());
        let mut model = VecDeque::new();
        let mut next = 0_u8;
        for (write, count, reattach) in steps {
            if write {
                let data: Vec<u8> = (0..count).map(|i| next.wrapping_add(i as u8)).collect();
                let room = (1 << shift) - model.len();
                prop_assert_eq!(writer.room(), Ok(room));
                let expected = expect_batch(count, room, SendError::Full);
                prop_assert_eq!(writer.write(&data), expected);
                model.extend(&data[..expected.unwrap_or(0)]);
                next = next.wrapping_add(expected.unwrap_or(0) as u8);
            } else {
                let mut data = vec![0; count];
                prop_assert_eq!(reader.available(), Ok(model.len()));
                let expected = expect_batch(count, model.len(), RecvError::Empty);
                prop_assert_eq!(reader.read(&mut data), expected);
                let front: Vec<u8> = model.drain(..expected.unwrap_or(0)).collect();
                prop_assert_eq!(&data[..front.len()], &front[..]);
            }
            if reattach {
                // SAFETY: as above.
                let storage = unsafe { bytes::Contiguous::open(pages.base(), pages.len()) }.unwrap();
                writer = Writer::new(storage).unwrap();
                reader = Reader::new(storage).unwrap();
            }
        }
    }
}
