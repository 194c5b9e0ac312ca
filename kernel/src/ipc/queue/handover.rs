//! Handing bytes to a reader that waits, past the queue: one copy.
//!
//! A reader with a large buffer leaves an [`Offer`] before it sleeps. A writer that finds one, and nothing in the queue,
//! copies from its own memory to the reader's pages. For that it looks up one page after the other, holds its frame
//! while it copies, and looks again: had the reader's process forked or unmapped meanwhile, the bytes might be in a page
//! that is not its own any more, and go once more to the one that is.
//!
//! For small messages this would cost more than it saves: they go through a slot, see [`WORTH_IT`].

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::Queue;
use crate::arch::usercopy;
use crate::mm::{AddressSpace, Frame, PAGE_SIZE};
use crate::user::{IoDest, IoSource};
use crate::Result;

/// From so many bytes on a copy costs more than looking up a page twice.
pub const WORTH_IT: usize = 1024;

/// Nobody took it up.
const OPEN: usize = usize::MAX;

/// Where a waiting reader wants its bytes. Lives on its stack, and is taken back before it goes.
pub struct Offer<'a> {
    space: &'a AddressSpace,
    address: usize,
    length: usize,
    /// Bytes put there.
    done: AtomicUsize,
}

/// An offer that is known to a queue.
pub(super) struct Offered(NonNull<Offer<'static>>);

// SAFETY: it is only used with the queue locked, and the reader takes it back with the queue locked before it goes on;
// what it points to may be shared.
unsafe impl Send for Offered {}

impl<'a> Offer<'a> {
    /// The offer of the current thread's buffer, if it is one run of user memory and large.
    pub fn new(dest: &IoDest) -> Option<Self> {
        let (address, length) = dest.user_run().filter(|run| run.1 >= WORTH_IT)?;
        if !usercopy::in_user_range(address, length) {
            return None;
        }
        Some(Self { space: AddressSpace::active()?, address, length, done: AtomicUsize::new(OPEN) })
    }

    /// The bytes that were put into the buffer, once they are all there.
    #[inline]
    pub fn taken(&self) -> Option<usize> {
        let done = self.done.load(Ordering::Acquire);
        (done != OPEN).then_some(done)
    }

    /// Copies from `source` to the buffer. What it takes from the source is there, or in `rest`, a page that the caller
    /// has to deliver otherwise, with how much of it.
    fn fill(&self, source: &mut IoSource) -> (usize, Option<(Frame, usize, usize)>) {
        let mut done = 0;
        while done < self.length && source.remaining() > 0 {
            let at = self.address + done;
            let inside = at % PAGE_SIZE;
            let run = (PAGE_SIZE - inside).min(self.length - done);
            let Some(mut frame) = self.space.frame_for_writing(at) else { break };
            // SAFETY: inside + run <= PAGE_SIZE, within the frame that we hold. The program may write to it, too: it
            // asked for its bytes to be overwritten, and nobody relies on what they are.
            let room = unsafe { core::slice::from_raw_parts_mut(frame.as_ptr().add(inside), run) };
            let Ok(moved) = source.take(room) else { break };
            while !self.space.writes_to(at, &frame) {
                let Some(other) = self.space.frame_for_writing(at) else {
                    return (done, Some((frame, inside, moved)));
                };
                if other != frame {
                    // SAFETY: inside + moved <= PAGE_SIZE; two different frames that we hold.
                    unsafe {
                        let (from, to) = (frame.as_ptr().add(inside), other.as_ptr().add(inside));
                        core::ptr::copy_nonoverlapping(from, to, moved);
                    }
                }
                frame = other;
            }
            done += moved;
            if moved < run {
                break;
            }
        }
        (done, None)
    }
}

impl Queue {
    /// Leaves an offer, if there is none yet. It is to be [taken back](Self::take_back).
    pub fn offer(&mut self, offer: &Offer) {
        if self.offered.is_none() {
            self.offered = Some(Offered(NonNull::from(offer).cast()));
        }
    }

    /// The offer is void from now on, if it was not taken up.
    pub fn take_back(&mut self, offer: &Offer) {
        if self.offered.as_ref().is_some_and(|other| other.0 == NonNull::from(offer).cast()) {
            self.offered = None;
        }
    }

    /// Hands bytes to a reader that waits, if there is one and enough of them. Returns how many; the reader has to be
    /// woken.
    #[inline(always)]
    pub fn hand(&mut self, source: &mut IoSource) -> Result<usize> {
        if self.offered.is_none() || !self.is_empty() || source.remaining() < WORTH_IT {
            return Ok(0);
        }
        self.hand_to_reader(source)
    }

    #[inline(never)]
    fn hand_to_reader(&mut self, source: &mut IoSource) -> Result<usize> {
        // For what may turn out to be undeliverable.
        self.reserve(1)?;
        let Some(offered) = self.offered.take() else { return Ok(0) };
        // SAFETY: the reader takes its offer back with the queue locked before it leaves; we have the lock.
        let offer = unsafe { offered.0.as_ref() };
        let (done, rest) = offer.fill(source);
        if done > 0 {
            // From here on the reader may be gone.
            offer.done.store(done, Ordering::Release);
        }
        let Some((frame, start, len)) = rest else { return Ok(done) };
        // Room was reserved.
        let pushed = self.ring.push_block(frame.into_raw(), start as u32, len as u16, 0);
        debug_assert!(pushed);
        Ok(done + len)
    }
}
