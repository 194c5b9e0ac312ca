//! The payload of a slot in shared memory: words that are read and written with relaxed atomics.
//!
//! On x86-64 with SSE two words move at once, in assembly: the compiler doesn't merge atomic accesses.

use crate::message::WORDS;
use crate::sync::AtomicU64;

#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Payload([AtomicU64; WORDS]);

impl Payload {
    pub(crate) fn new() -> Self {
        Self(core::array::from_fn(|_| AtomicU64::new(0)))
    }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(loom)))]
mod wide {
    use core::arch::asm;
    use core::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_storeu_si128};

    use super::{Payload, WORDS};

    impl Payload {
        #[inline(always)]
        pub(crate) fn put(&self, words: &[u64; WORDS]) {
            let from = words.as_ptr().cast::<__m128i>();
            // SAFETY: words 0 to 5 are three pairs, and loadu asks for no alignment. The stores go to atomics, which
            // may be written through a shared reference; x86-64 writes each aligned word of a vector at once, so
            // this is seven relaxed stores.
            unsafe {
                let pairs = [0, 1, 2].map(|i| _mm_loadu_si128(from.add(i)));
                asm!(
                    "movups [{to}], {a}",
                    "movups [{to} + 16], {b}",
                    "movups [{to} + 32], {c}",
                    "mov [{to} + 48], {d}",
                    to = in(reg) self.0.as_ptr(),
                    a = in(xmm_reg) pairs[0],
                    b = in(xmm_reg) pairs[1],
                    c = in(xmm_reg) pairs[2],
                    d = in(reg) words[6],
                    options(nostack, preserves_flags),
                );
            }
        }

        #[inline(always)]
        pub(crate) fn get(&self) -> [u64; WORDS] {
            let mut words = [0; WORDS];
            let (a, b, c): (__m128i, __m128i, __m128i);
            let to = words.as_mut_ptr().cast::<__m128i>();
            // SAFETY: as in `put`, with the directions exchanged: seven relaxed loads.
            unsafe {
                asm!(
                    "movups {a}, [{from}]",
                    "movups {b}, [{from} + 16]",
                    "movups {c}, [{from} + 32]",
                    "mov {d}, [{from} + 48]",
                    from = in(reg) self.0.as_ptr(),
                    a = out(xmm_reg) a,
                    b = out(xmm_reg) b,
                    c = out(xmm_reg) c,
                    d = out(reg) words[6],
                    options(nostack, preserves_flags, readonly),
                );
                _mm_storeu_si128(to, a);
                _mm_storeu_si128(to.add(1), b);
                _mm_storeu_si128(to.add(2), c);
            }
            words
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(loom))))]
mod words {
    use super::{Payload, WORDS};
    use crate::sync::Ordering;

    impl Payload {
        #[inline(always)]
        pub(crate) fn put(&self, words: &[u64; WORDS]) {
            for (to, from) in self.0.iter().zip(words) {
                to.store(*from, Ordering::Relaxed);
            }
        }

        #[inline(always)]
        pub(crate) fn get(&self) -> [u64; WORDS] {
            core::array::from_fn(|i| self.0[i].load(Ordering::Relaxed))
        }
    }
}
