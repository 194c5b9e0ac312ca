//! Messages of one type: plain data of up to 56 bytes, marked with a tag that says which type it is.

use core::marker::PhantomData;

use bytemuck::{AnyBitPattern, NoUninit};
use fusion_ring::{Kind, Message, RecvError, SendError, PAYLOAD};

use crate::{Receive, Transmit};

/// Sends values of `T`.
///
/// ```
/// use channels::typed::{Receiver, Sender};
/// #[derive(Clone, Copy, PartialEq, Debug, bytemuck::Pod, bytemuck::Zeroable)]
/// #[repr(C)]
/// struct Position { x: i32, y: i32 }
///
/// let (sender, receiver) = fusion_ring::spsc::pair(4).unwrap();
/// let (mut sender, mut receiver) = (Sender::new(sender, 1), Receiver::new(receiver, 1));
/// sender.send(&Position { x: 3, y: -4 }).unwrap();
/// assert_eq!(receiver.receive(), Ok(Position { x: 3, y: -4 }));
/// ```
#[derive(Debug)]
pub struct Sender<E, T> {
    end: E,
    tag: u8,
    values: PhantomData<fn(T)>,
}

/// Receives values of `T`.
#[derive(Debug)]
pub struct Receiver<E, T> {
    end: E,
    tag: u8,
    values: PhantomData<fn() -> T>,
}

impl<E: Transmit, T: NoUninit> Sender<E, T> {
    const FITS: () = assert!(size_of::<T>() <= PAYLOAD, "larger values go into a pool");

    /// Over this end, with the tag by which the receiver knows the type.
    pub fn new(end: E, tag: u8) -> Self {
        let () = Self::FITS;
        Self { end, tag, values: PhantomData }
    }

    /// Puts a value in.
    pub fn send(&mut self, value: &T) -> Result<(), SendError> {
        let message = Message::new(bytemuck::bytes_of(value)).ok_or(SendError::TooLong)?;
        self.end.transmit(&message.with_tag(self.tag))
    }

    /// The end below.
    pub fn end(&mut self) -> &mut E {
        &mut self.end
    }
}

impl<E: Receive, T: AnyBitPattern> Receiver<E, T> {
    /// Over this end, with the tag that the sender uses.
    pub fn new(end: E, tag: u8) -> Self {
        Self { end, tag, values: PhantomData }
    }

    /// Takes a value out. What is not of this type is [`RecvError::Corrupt`], and skipped.
    pub fn receive(&mut self) -> Result<T, RecvError> {
        let message = self.end.receive()?;
        if message.kind() != Kind::Inline || message.tag() != self.tag {
            return Err(RecvError::Corrupt);
        }
        bytemuck::try_pod_read_unaligned(message.bytes()).map_err(|_| RecvError::Corrupt)
    }

    /// The end below.
    pub fn end(&mut self) -> &mut E {
        &mut self.end
    }
}
