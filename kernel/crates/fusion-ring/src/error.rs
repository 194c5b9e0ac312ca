//! What can go wrong, as seen by one end of a ring.

use core::fmt;

/// Why nothing was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SendError {
    /// Every slot holds a message that is not received yet.
    Full,
    /// The receiving side was closed.
    Closed,
    /// More bytes than fit.
    TooLong,
    /// Others were always quicker; try again.
    Contended,
    /// The shared positions contradict each other: somebody else wrote to them.
    Corrupt,
}

/// Why nothing was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecvError {
    /// No message is there.
    Empty,
    /// No message is there, and the sending side was closed.
    Closed,
    /// Others were always quicker; try again.
    Contended,
    /// A message or a position that no honest peer writes. The message is skipped.
    Corrupt,
}

/// Why memory is not a ring or a pool that can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttachError {
    /// Not aligned to a page.
    Misaligned,
    /// Smaller than it has to be.
    TooSmall,
    /// A capacity that is not offered.
    Capacity,
    /// It does not begin as a ring does, or is one of another version.
    NotARing,
    /// A ring of another form.
    WrongForm,
    /// Positions that no ring has.
    Corrupt,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the ring is full",
            Self::Closed => "the receiver is gone",
            Self::TooLong => "the message is too long",
            Self::Contended => "too many senders at once",
            Self::Corrupt => "the ring's positions are corrupt",
        })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the ring is empty",
            Self::Closed => "the sender is gone",
            Self::Contended => "too many receivers at once",
            Self::Corrupt => "a corrupt message",
        })
    }
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Misaligned => "not aligned to a page",
            Self::TooSmall => "not enough memory",
            Self::Capacity => "no such capacity",
            Self::NotARing => "not a ring",
            Self::WrongForm => "a ring of another form",
            Self::Corrupt => "corrupt positions",
        })
    }
}

impl core::error::Error for SendError {}
impl core::error::Error for RecvError {}
impl core::error::Error for AttachError {}
