//! A slot in shared memory: words that are read and written with atomics, so that a peer who writes there at the
//! same time makes no data race.
//!
//! A slot and a [`Message`] look alike, word by word. On x86-64 with SSE two words move at once, in assembly,
//! because the compiler doesn't merge atomic accesses; and always the same two, because a load that meets halves
//! of two earlier stores waits until both are done.

use crate::copy::Copier;
use core::ptr::NonNull;

#[cfg(not(any(miri, loom)))]
use crate::copy::Shares;
use crate::message::{Message, WORDS};
use crate::sync::{AtomicU64, Ordering};

/// A slot: a header, and the payload. The header's high half is the message's label, its low half the turn in a
/// ring of many senders and receivers, and nothing otherwise.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Slot {
    header: AtomicU64,
    payload: [AtomicU64; WORDS],
}

impl Slot {
    /// Empty, in the first lap.
    #[must_use]
    pub fn new() -> Self {
        Self { header: AtomicU64::new(0), payload: core::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// The header; what was written before it can be read after it.
    #[inline(always)]
    pub(crate) fn header(&self) -> u64 {
        self.header.load(Ordering::Acquire)
    }

    /// Says that the slot is empty in the lap that begins with `turn`.
    #[inline(always)]
    pub(crate) fn release(&self, turn: u32) {
        self.header.store(u64::from(turn), Ordering::Release);
    }

    /// Puts the message in, and then says that it is there.
    #[inline(always)]
    pub(crate) fn publish(&self, turn: u32, message: &Message) {
        self.put_payload(message);
        self.header.store(u64::from(turn) | message.header(), Ordering::Release);
    }
}

#[cfg(not(any(miri, loom)))]
impl Slot {
    /// Puts messages into the slot `first` and those behind it.
    ///
    /// # Safety
    ///
    /// As many slots lie back to back from `first` on, valid for as long as the call.
    #[inline(always)]
    pub(crate) unsafe fn put_run(first: NonNull<Self>, messages: &[Message], copier: Copier) {
        let to = first.as_ptr().cast();
        // SAFETY: a slot is as large as a message, and as many are there; atomics may be written through a shared
        // reference, and are by this copy.
        unsafe { copier.copy(messages.as_ptr().cast(), to, size_of_val(messages), Shares::Target) };
    }

    /// Takes messages out of the slot `first` and those behind it; their labels are whatever was there.
    ///
    /// # Safety
    ///
    /// As many slots lie back to back from `first` on, valid for as long as the call.
    #[inline(always)]
    pub(crate) unsafe fn get_run(first: NonNull<Self>, messages: &mut [Message], copier: Copier) {
        let from = first.as_ptr().cast();
        // SAFETY: as above, with the directions exchanged; any words are a message.
        unsafe { copier.copy(from, messages.as_mut_ptr().cast(), size_of_val(messages), Shares::Source) };
    }
}

#[cfg(any(miri, loom))]
impl Slot {
    /// Puts messages into the slot `first` and those behind it.
    ///
    /// # Safety
    ///
    /// As many slots lie back to back from `first` on, valid for as long as the call.
    pub(crate) unsafe fn put_run(first: NonNull<Self>, messages: &[Message], _: Copier) {
        for (index, message) in messages.iter().enumerate() {
            // SAFETY: as the caller promises.
            unsafe { first.add(index).as_ref().put(message) };
        }
    }

    /// Takes messages out of the slot `first` and those behind it; their labels are whatever was there.
    ///
    /// # Safety
    ///
    /// As above.
    pub(crate) unsafe fn get_run(first: NonNull<Self>, messages: &mut [Message], _: Copier) {
        for (index, place) in messages.iter_mut().enumerate() {
            // SAFETY: as the caller promises.
            *place = unsafe { first.add(index).as_ref().get() };
        }
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(loom)))]
mod pairs {
    use core::arch::asm;
    use core::arch::x86_64::{
        __m128i, _mm_cvtsi64_si128, _mm_load_si128, _mm_store_si128, _mm_unpacklo_epi64,
    };

    use super::{Message, Slot};

    /// Stores a message's four pairs of words to a slot, the first of them by the instruction given.
    macro_rules! store {
        ($first:literal, $slot:expr, $message:expr) => {{
            let from = core::ptr::from_ref($message).cast::<__m128i>();
            // SAFETY: a message is four pairs of words, aligned as such. The stores go to atomics, which may be
            // written through a shared reference; x86-64 writes each aligned word of a vector at once, so this is
            // eight relaxed stores, or seven where the first instruction leaves the first word as it is.
            unsafe {
                asm!(
                    $first,
                    "movaps [{to} + 16], {b}",
                    "movaps [{to} + 32], {c}",
                    "movaps [{to} + 48], {d}",
                    to = in(reg) $slot,
                    a = in(xmm_reg) _mm_load_si128(from),
                    b = in(xmm_reg) _mm_load_si128(from.add(1)),
                    c = in(xmm_reg) _mm_load_si128(from.add(2)),
                    d = in(xmm_reg) _mm_load_si128(from.add(3)),
                    options(nostack, preserves_flags),
                );
            }
        }};
    }

    /// Loads the four pairs of a slot, the first of them by the instruction given.
    macro_rules! load {
        ($first:literal, $slot:expr) => {{
            let (a, b, c, d): (__m128i, __m128i, __m128i, __m128i);
            // SAFETY: as in `store`, with the directions exchanged.
            unsafe {
                asm!(
                    $first,
                    "movaps {b}, [{from} + 16]",
                    "movaps {c}, [{from} + 32]",
                    "movaps {d}, [{from} + 48]",
                    from = in(reg) $slot,
                    a = out(xmm_reg) a,
                    b = out(xmm_reg) b,
                    c = out(xmm_reg) c,
                    d = out(xmm_reg) d,
                    options(nostack, preserves_flags, readonly),
                );
            }
            [a, b, c, d]
        }};
    }

    impl Slot {
        /// Puts all of the message in; something else has to say that it is there.
        #[inline(always)]
        pub(crate) fn put(&self, message: &Message) {
            store!("movaps [{to}], {a}", self, message);
        }

        /// Puts in all but the header.
        #[inline(always)]
        pub(super) fn put_payload(&self, message: &Message) {
            store!("movhps [{to} + 8], {a}", self, message);
        }

        /// The message; its label is whatever was there.
        #[inline(always)]
        pub(crate) fn get(&self) -> Message {
            message(load!("movaps {a}, [{from}]", self))
        }

        /// The message that `header`, read before, stands for; it is not read again.
        #[inline(always)]
        pub(crate) fn get_payload(&self, header: u64) -> Message {
            let [first, b, c, d] = load!("movq {a}, [{from} + 8]", self);
            // SAFETY: SSE2 is there.
            let a = unsafe { _mm_unpacklo_epi64(_mm_cvtsi64_si128(header as i64), first) };
            message([a, b, c, d])
        }
    }

    #[inline(always)]
    fn message(pairs: [__m128i; 4]) -> Message {
        let mut message = Message::EMPTY;
        let to = core::ptr::from_mut(&mut message).cast::<__m128i>();
        for (index, pair) in pairs.into_iter().enumerate() {
            // SAFETY: a message is four pairs of words, aligned as such.
            unsafe { _mm_store_si128(to.add(index), pair) };
        }
        message
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(loom))))]
mod words {
    use super::{Message, Ordering, Slot};

    impl Slot {
        /// Puts all of the message in; something else has to say that it is there.
        #[inline(always)]
        pub(crate) fn put(&self, message: &Message) {
            self.header.store(message.header(), Ordering::Relaxed);
            self.put_payload(message);
        }

        /// The message; its label is whatever was there.
        #[inline(always)]
        pub(crate) fn get(&self) -> Message {
            self.get_payload(self.header.load(Ordering::Relaxed))
        }

        #[inline(always)]
        pub(super) fn put_payload(&self, message: &Message) {
            for (to, from) in self.payload.iter().zip(message.words()) {
                to.store(*from, Ordering::Relaxed);
            }
        }

        /// The message that `header`, read before, stands for.
        #[inline(always)]
        pub(crate) fn get_payload(&self, header: u64) -> Message {
            Message::from_slot(header, core::array::from_fn(|i| self.payload[i].load(Ordering::Relaxed)))
        }
    }
}
