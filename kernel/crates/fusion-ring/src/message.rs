//! Messages: what goes into one slot.

use crate::{Descriptor, SendError};

/// Bytes of payload in a slot.
pub const PAYLOAD: usize = 56;
/// The payload in words. Loom's models have short messages: it tries every order of every access.
pub(crate) const WORDS: usize = if cfg!(loom) { 1 } else { PAYLOAD / 8 };

/// What the payload of a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// The message itself.
    Inline = 0,
    /// A [`Descriptor`](crate::Descriptor) of bytes in a pool.
    Descriptor = 1,
}

/// What a slot's header says in its high half: the length in bits 0–15, the kind in 16–23, the tag in 24–31.
#[derive(Clone, Copy)]
struct Label(u32);

impl Label {
    #[inline(always)]
    const fn new(len: usize, kind: Kind, tag: u8) -> Self {
        Self(len as u32 | (kind as u32) << 16 | (tag as u32) << 24)
    }

    #[inline(always)]
    const fn header(self) -> u64 {
        (self.0 as u64) << 32
    }

    /// Could an honest peer have written it?
    #[inline(always)]
    const fn is_valid(self) -> bool {
        // One comparison for both fields: length up to PAYLOAD, kind 0 or 1.
        self.0 & 0x00fe_ffff <= PAYLOAD as u32
    }
}

/// Up to [`PAYLOAD`] bytes with a kind and a tag, in the memory of one side.
///
/// ```
/// use fusion_ring::Message;
/// let message = Message::new(b"hello").unwrap().with_tag(3);
/// assert_eq!((message.bytes(), message.tag()), (&b"hello"[..], 3));
/// assert!(Message::new(&[0; 57]).is_none());
/// ```
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Message {
    /// As in a slot; the low half is anything.
    header: u64,
    words: [u64; WORDS],
}

impl Message {
    /// A message without bytes.
    pub const EMPTY: Self = Self { header: Label::new(0, Kind::Inline, 0).header(), words: [0; WORDS] };

    /// A copy of `bytes`, if they fit.
    #[inline]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut message = Self::EMPTY;
        message.set(bytes).ok()?;
        Some(message)
    }

    /// All of the payload at once, which costs less than a slice of unknown length.
    #[inline]
    pub const fn from_words(words: [u64; PAYLOAD / 8]) -> Self {
        let mut own = [0; WORDS];
        let mut i = 0;
        while i < WORDS {
            own[i] = words[i];
            i += 1;
        }
        Self { header: Label::new(WORDS * 8, Kind::Inline, 0).header(), words: own }
    }

    pub(crate) const fn from_descriptor(descriptor: Descriptor) -> Self {
        let first = descriptor.block as u64 | (descriptor.generation as u64) << 32;
        let mut message = Self::from_words([first, descriptor.offset, descriptor.len, 0, 0, 0, 0]);
        message.header = Label::new(size_of::<Descriptor>(), Kind::Descriptor, 0).header();
        message
    }

    pub(crate) fn descriptor_words(&self) -> Option<[u64; 3]> {
        if self.kind() != Kind::Descriptor || self.len() != size_of::<Descriptor>() {
            return None;
        }
        Some(*self.words.first_chunk()?)
    }

    /// Replaces the bytes; the kind becomes [`Kind::Inline`].
    #[inline]
    pub fn set(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        if bytes.len() > WORDS * 8 {
            return Err(SendError::TooLong);
        }
        let mut buffer = [0; WORDS * 8];
        buffer[..bytes.len()].copy_from_slice(bytes);
        for (word, chunk) in self.words.iter_mut().zip(buffer.chunks_exact(8)) {
            *word = u64::from_ne_bytes([
                chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7],
            ]);
        }
        self.header = Label::new(bytes.len(), Kind::Inline, self.tag()).header();
        Ok(())
    }

    /// The same with another tag, a byte that the ring carries for its users: a priority class, a message type.
    #[inline]
    #[must_use]
    pub const fn with_tag(mut self, tag: u8) -> Self {
        self.header = Label(self.label().0 & 0x00ff_ffff | (tag as u32) << 24).header();
        self
    }

    /// Length of the payload in bytes.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        (self.label().0 & 0xffff) as usize
    }

    /// Has it no bytes?
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the payload is.
    #[inline]
    #[must_use]
    pub const fn kind(&self) -> Kind {
        if self.label().0 >> 16 & 0xff == 0 {
            Kind::Inline
        } else {
            Kind::Descriptor
        }
    }

    /// See [`Self::with_tag`].
    #[inline]
    #[must_use]
    pub const fn tag(&self) -> u8 {
        (self.label().0 >> 24) as u8
    }

    /// The payload as words, zeros behind its end where the sender is honest.
    #[inline]
    #[must_use]
    pub const fn words(&self) -> &[u64; WORDS] {
        &self.words
    }

    /// The payload.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let all: *const u8 = self.words.as_ptr().cast();
        // SAFETY: the words are initialised memory of this value alone, and a valid label says at most their size.
        unsafe { core::slice::from_raw_parts(all, self.len().min(WORDS * 8)) }
    }

    #[inline(always)]
    const fn label(&self) -> Label {
        Label((self.header >> 32) as u32)
    }

    /// Of what was read from a slot.
    #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(loom))))]
    #[inline(always)]
    pub(crate) const fn from_slot(header: u64, words: [u64; WORDS]) -> Self {
        Self { header, words }
    }

    /// Could an honest peer have written it? Asked of everything that comes from a slot.
    #[inline(always)]
    pub(crate) const fn is_valid(&self) -> bool {
        self.label().is_valid()
    }

    /// A slot's header without a turn.
    #[inline(always)]
    pub(crate) const fn header(&self) -> u64 {
        self.label().header()
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.label().0 == other.label().0 && self.bytes() == other.bytes()
    }
}

impl Eq for Message {}

impl core::fmt::Debug for Message {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind())
            .field("tag", &self.tag())
            .field("bytes", &self.bytes())
            .finish()
    }
}
