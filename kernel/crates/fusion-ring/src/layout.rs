//! How a ring lies in memory: one page of control, then the slots.
//!
//! Everything here may be written by somebody else at any time, so everything is atomic. Zeroed memory is an empty
//! ring but for its identity.

use core::ptr::NonNull;

use crate::park::ParkWord;
use crate::sync::{AtomicU32, AtomicU64, Line, Ordering};
use crate::AttachError;

/// Bytes of a slot: a cache line.
pub const SLOT: usize = 64;
/// Bytes of the control page.
pub const CONTROL: usize = 4096;
/// Binary logarithm of the slots of a ring when nobody says otherwise: 4096.
pub const DEFAULT_SHIFT: u32 = 12;
/// Binary logarithm of the most slots, or bytes for a byte ring, of a ring.
pub const MAX_SHIFT: u32 = 30;

/// What every ring begins with: a name and the version of the layout.
const MAGIC: u64 = u64::from_le_bytes(*b"EXRNG\x01\0\0");

/// Who may be at the ends, and of what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Form {
    /// Messages, one sender and one receiver.
    Spsc = 1,
    /// Messages, any number of both.
    Mpmc = 2,
    /// A stream of bytes, one writer and one reader.
    Bytes = 3,
}

/// What a ring is, fixed when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    form: Form,
    shift: u32,
}

impl Geometry {
    /// `1 << shift` slots, or bytes for [`Form::Bytes`].
    pub const fn new(form: Form, shift: u32) -> Result<Self, AttachError> {
        if shift > MAX_SHIFT {
            return Err(AttachError::Capacity);
        }
        Ok(Self { form, shift })
    }

    /// The form.
    #[must_use]
    pub const fn form(self) -> Form {
        self.form
    }

    /// Binary logarithm of the slots or bytes.
    #[must_use]
    pub const fn shift(self) -> u32 {
        self.shift
    }

    /// Bytes of memory from the control page on.
    #[must_use]
    pub const fn bytes(self) -> usize {
        let unit = if matches!(self.form, Form::Bytes) { 1 } else { SLOT };
        CONTROL + (unit << self.shift)
    }

    const fn identity(self) -> u64 {
        MAGIC | (self.form as u64) << 48 | (self.shift as u64) << 56
    }

    const fn from_identity(identity: u64) -> Result<Self, AttachError> {
        if identity & 0x0000_ffff_ffff_ffff != MAGIC {
            return Err(AttachError::NotARing);
        }
        let form = match identity >> 48 & 0xff {
            1 => Form::Spsc,
            2 => Form::Mpmc,
            3 => Form::Bytes,
            _ => return Err(AttachError::NotARing),
        };
        Self::new(form, (identity >> 56) as u32)
    }
}

/// One side of a ring is closed: bits of [`Control::closed`].
pub(crate) const SENDER_CLOSED: u32 = 1;
pub(crate) const RECEIVER_CLOSED: u32 = 2;

/// The control page.
#[derive(Debug)]
#[repr(C)]
pub struct Control {
    identity: Line<AtomicU64>,
    pub(crate) head: Line<AtomicU64>,
    pub(crate) tail: Line<AtomicU64>,
    pub(crate) readable: Line<ParkWord>,
    pub(crate) writable: Line<ParkWord>,
    pub(crate) closed: Line<AtomicU32>,
}

impl Control {
    /// That of an empty ring.
    #[must_use]
    pub fn new(geometry: Geometry) -> Self {
        Self {
            identity: Line(AtomicU64::new(geometry.identity())),
            head: Line(AtomicU64::new(0)),
            tail: Line(AtomicU64::new(0)),
            readable: Line(ParkWord::new()),
            writable: Line(ParkWord::new()),
            closed: Line(AtomicU32::new(0)),
        }
    }

    /// The control page at `base`.
    ///
    /// # Safety
    ///
    /// The page stays readable and writable for `'m`, and this program touches it through rings only.
    #[must_use]
    pub const unsafe fn at<'m>(base: NonNull<u8>) -> &'m Self {
        // SAFETY: the page is valid as the caller promises, larger than this and aligned; all of it is atomics.
        unsafe { base.cast().as_ref() }
    }

    /// What the ring says it is: to be checked against its memory, and remembered.
    pub fn geometry(&self) -> Result<Geometry, AttachError> {
        Geometry::from_identity(self.identity.0.load(Ordering::Acquire))
    }

    /// Says what the ring is, as the last step of making one in zeroed memory.
    pub fn identify(&self, geometry: Geometry) {
        self.identity.0.store(geometry.identity(), Ordering::Release);
    }

    /// Where receivers wait for messages.
    #[inline]
    pub const fn readable(&self) -> &ParkWord {
        &self.readable.0
    }

    /// Where senders wait for room.
    #[inline]
    pub const fn writable(&self) -> &ParkWord {
        &self.writable.0
    }

    /// Messages, or bytes, in a ring of `capacity`: at most that, whatever the shared positions say.
    pub fn used(&self, capacity: u64) -> u64 {
        let head = self.head.0.load(Ordering::Acquire);
        let tail = self.tail.0.load(Ordering::Acquire);
        match tail.wrapping_sub(head) {
            len if len > 1 << 63 => 0,
            len => len.min(capacity),
        }
    }

    pub(crate) fn close(&self, side: u32) {
        self.closed.0.fetch_or(side, Ordering::AcqRel);
    }

    /// Says that nothing more is sent, in the name of senders that have gone; or that there are senders again.
    pub fn set_sending_closed(&self, closed: bool) {
        self.set_closed(SENDER_CLOSED, closed);
    }

    /// Says that nothing more is received, or that there are receivers again.
    pub fn set_receiving_closed(&self, closed: bool) {
        self.set_closed(RECEIVER_CLOSED, closed);
    }

    fn set_closed(&self, side: u32, closed: bool) {
        if closed {
            self.close(side);
        } else {
            self.closed.0.fetch_and(!side, Ordering::AcqRel);
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self, side: u32) -> bool {
        self.closed.0.load(Ordering::Acquire) & side != 0
    }
}

/// The turn of an empty slot in the lap of `position`; one more is the turn of a full one.
#[inline(always)]
pub(crate) const fn turn(position: u64, shift: u32) -> u32 {
    (position >> shift << 1) as u32
}

#[cfg(not(loom))]
const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<crate::Slot>() == SLOT && size_of::<crate::Message>() == SLOT);
    assert!(size_of::<Control>() <= CONTROL);
    assert!(offset_of!(Control, head) == 128 && offset_of!(Control, tail) == 256);
    assert!(offset_of!(Control, readable) == 384 && offset_of!(Control, writable) == 512);
    assert!(offset_of!(Control, closed) == 640);
};
