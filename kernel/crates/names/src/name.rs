//! [`Name`], short ones without an allocation, and the hash of names.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// So many bytes need no allocation.
const INLINE: usize = 30;

#[derive(Clone)]
enum Repr {
    Inline(u8, [u8; INLINE]),
    Heap(Box<[u8]>),
}

/// The name of a file in its directory.
#[derive(Clone)]
pub struct Name(Repr);

impl Name {
    /// A copy of `bytes`; `None` without memory.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        if bytes.len() <= INLINE {
            let mut inline = [0; INLINE];
            inline[..bytes.len()].copy_from_slice(bytes);
            return Some(Self(Repr::Inline(bytes.len() as u8, inline)));
        }
        let mut heap = Vec::new();
        heap.try_reserve_exact(bytes.len()).ok()?;
        heap.extend_from_slice(bytes);
        Some(Self(Repr::Heap(heap.into_boxed_slice())))
    }

    /// The empty name.
    pub const fn empty() -> Self {
        Self(Repr::Inline(0, [0; INLINE]))
    }

    /// Is it this name? Names are short: a loop beats a call.
    #[inline]
    pub fn is(&self, name: &[u8]) -> bool {
        let own = self.as_bytes();
        own.len() == name.len() && own.iter().zip(name).all(|(a, b)| a == b)
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Repr::Heap(bytes) => bytes,
        }
    }
}

impl core::fmt::Debug for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

/// The hash of a name, byte by byte, so that a path is hashed while it is split.
#[derive(Clone, Copy, Debug)]
pub struct Hasher(u64);

impl Hasher {
    /// The start. Different seeds spread the same names differently.
    #[inline]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0xcbf2_9ce4_8422_2325)
    }
    /// One byte more.
    #[inline]
    pub const fn push(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
    /// The result.
    #[inline]
    pub const fn finish(self) -> u32 {
        (self.0 ^ (self.0 >> 32)) as u32
    }
    /// The hash of a whole name.
    #[inline]
    pub fn of(seed: u64, name: &[u8]) -> u32 {
        name.iter().fold(Self::new(seed), |hasher, &byte| hasher.push(byte)).finish()
    }
}
