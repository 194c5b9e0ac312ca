//! What lies between a writer and a reader: the one mechanism of pipes, FIFOs and local sockets.
//!
//! A [`Queue`] is a FusionRing of 64-byte slots in kernel memory ([`fusion_ring::local`]), under its owner's sleeping
//! lock, so that bytes are copied between user memory and slots directly. Up to 56 bytes lie inline in a slot; more lie
//! in a frame, and the slot is a descriptor of it. A slot stands for a page of a pipe's capacity, whatever is in it: as
//! long as it is the last and open, small writes are added to it, and its bytes move to a frame when they get too many.
//! Slots of another kind, with [`CONTROL`], carry what sockets send beside the bytes.

mod handover;
mod shared;

use core::mem::ManuallyDrop;

use fusion_ring::local::{Cell, Ring};
use fusion_ring::PAYLOAD;

pub use self::handover::Offer;
use self::handover::Offered;
pub use self::shared::{Held, Shared};
use crate::mm::Frame;
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Bytes that a slot stands for: a frame.
pub const SEGMENT: usize = 4096;

/// Tag of a slot to which bytes may be added.
pub const OPEN: u8 = 1;
/// Tag of a slot that ends a packet: a read ends with it.
pub const END: u8 = 2;
/// Tag of a slot that is no data.
pub const CONTROL: u8 = 4;
/// Tag of a slot that is the urgent byte.
pub const URGENT: u8 = 8;

/// Frames kept for the next writes.
const SPARES: usize = 2;

/// Slots in order of writing.
pub struct Queue {
    ring: Ring,
    spares: [Option<Frame>; SPARES],
    /// A reader that waits, and where it wants its bytes.
    offered: Option<Offered>,
}

/// The frame behind a slot, which keeps its reference.
fn frame_of(cell: &Cell) -> Option<ManuallyDrop<Frame>> {
    // SAFETY: the number came from `into_raw`; the slot's reference lasts while the slot is borrowed, and the handle
    // is never dropped.
    cell.block().map(|number| ManuallyDrop::new(unsafe { Frame::from_raw(number) }))
}

/// The bytes of a slot.
#[inline(always)]
fn bytes_of(cell: &Cell) -> &[u8] {
    match frame_of(cell) {
        None => cell.bytes(),
        // SAFETY: start + len <= SEGMENT, within the frame that the slot holds while it is borrowed; frames of queues
        // are only written under the queue's lock, behind the bytes of the slot.
        Some(frame) => unsafe { core::slice::from_raw_parts(frame.as_ptr().add(cell.start()), cell.len()) },
    }
}

/// Part of a frame that nobody else reads or writes.
///
/// # Safety
/// `start + len <= SEGMENT`; the bytes are no slot's yet, and the frame outlives the slice.
unsafe fn room_in<'a>(frame: &Frame, start: usize, len: usize) -> &'a mut [u8] {
    // SAFETY: as the caller promises.
    unsafe { core::slice::from_raw_parts_mut(frame.as_ptr().add(start), len) }
}

impl Queue {
    /// Empty. Takes no memory until something is in it.
    pub const fn new() -> Self {
        Self { ring: Ring::new(), spares: [const { None }; SPARES], offered: None }
    }
    /// Is there no slot?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }
    /// Slots.
    #[inline]
    pub fn slots(&self) -> usize {
        self.ring.len()
    }
    /// Bytes of data.
    pub fn bytes(&self) -> usize {
        (0..self.ring.len()).filter_map(|place| self.ring.get(place)).map(Self::data_len).sum()
    }
    fn data_len(cell: &Cell) -> usize {
        if cell.tag() & CONTROL == 0 {
            cell.len()
        } else {
            0
        }
    }
    /// A slot, for looking.
    #[inline]
    pub fn slot(&self, place: usize) -> Option<&Cell> {
        self.ring.get(place)
    }
    /// The last slot.
    #[inline]
    pub fn last(&mut self) -> Option<&mut Cell> {
        self.ring.back_mut()
    }
    /// A slot, for changing its tag.
    pub fn slot_mut(&mut self, place: usize) -> Option<&mut Cell> {
        self.ring.get_mut(place)
    }
    /// Takes memory for so many more slots.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        Ok(self.ring.reserve(slots).map_err(|_| Kind::NoMemory)?)
    }
    /// Gives back memory that is not needed now.
    pub fn shrink(&mut self) {
        self.ring.shrink();
        self.spares = [const { None }; SPARES];
    }

    #[inline(always)]
    fn frame(&mut self) -> Result<Frame> {
        match self.spares.iter_mut().find_map(Option::take) {
            Some(frame) => Ok(frame),
            None => Frame::alloc(),
        }
    }

    /// Keeps a frame that nobody else uses, if there are few.
    #[inline(always)]
    fn recycle(&mut self, frame: Frame) {
        if frame.references() == 1 {
            if let Some(slot) = self.spares.iter_mut().find(|slot| slot.is_none()) {
                *slot = Some(frame);
            }
        }
    }

    /// Takes the first slot out.
    #[inline(always)]
    pub fn pop(&mut self) {
        let Some(number) = self.ring.front().map(Cell::block) else { return };
        self.ring.pop();
        if let Some(number) = number {
            // SAFETY: the number came from `into_raw`, and the slot that held it has gone.
            self.recycle(unsafe { Frame::from_raw(number) });
        }
    }

    /// Takes `count` bytes off the first slot, and the slot out once it is empty; tells whether it went.
    #[inline(always)]
    pub fn consume(&mut self, count: usize) -> bool {
        let Some(first) = self.ring.front_mut() else { return false };
        first.consume(count);
        let gone = first.is_empty();
        if gone {
            self.pop();
        }
        gone
    }

    /// Stores bytes of a slot from `skip` on.
    #[inline(always)]
    pub fn put(&self, place: usize, skip: usize, dest: &mut IoDest) -> Result<usize> {
        let Some(cell) = self.ring.get(place) else { return Ok(0) };
        let bytes = bytes_of(cell);
        let bytes = bytes.get(skip..).unwrap_or_default();
        dest.put(&bytes[..bytes.len().min(dest.remaining())])
    }

    /// Reads into `dest` until it is full, the queue is empty, or a packet ends, of which the rest is lost.
    #[inline(always)]
    pub fn read(&mut self, dest: &mut IoDest) -> Result<usize> {
        let mut done = 0;
        while let Some(first) = self.ring.front_mut() {
            let run = first.len().min(dest.remaining());
            if run == 0 {
                break;
            }
            let moved = match dest.put(&bytes_of(first)[..run]) {
                Ok(moved) => moved,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            };
            done += moved;
            let ends = first.tag() & END != 0;
            first.consume(if ends && moved == run { usize::MAX } else { moved });
            let rest = !first.is_empty();
            if !rest {
                let number = first.block();
                self.ring.pop();
                if let Some(number) = number {
                    // SAFETY: the number came from `into_raw`, and the slot that held it has gone.
                    self.recycle(unsafe { Frame::from_raw(number) });
                }
            }
            if rest || ends {
                break;
            }
        }
        Ok(done)
    }

    /// Adds `count` bytes of `source` to the last slot, if it is open and they fit into its segment.
    #[inline(always)]
    pub fn append(&mut self, source: &mut IoSource, count: usize) -> Result<usize> {
        let Some(last) = self.ring.back_mut() else { return Ok(0) };
        let end = last.end();
        if count == 0 || last.tag() & OPEN == 0 || end + count > SEGMENT {
            return Ok(0);
        }
        if last.block().is_none() && end + count > PAYLOAD {
            self.promote()?;
        }
        let Some(last) = self.ring.back_mut() else { return Ok(0) };
        let moved = match frame_of(last) {
            None => source.take(&mut last.room()[..count])?,
            // SAFETY: end + count <= SEGMENT, and only the one queue in which the slot is open writes behind its bytes.
            Some(frame) => source.take(unsafe { room_in(&frame, end, count) })?,
        };
        last.add(moved);
        Ok(moved)
    }

    /// Moves the bytes of the last slot, which are inline, to the same place in a frame.
    fn promote(&mut self) -> Result<()> {
        let frame = self.frame()?;
        let Some(last) = self.ring.back_mut() else { return Ok(()) };
        let (start, len, tag) = (last.start(), last.len(), last.tag());
        // SAFETY: an inline slot's bytes end below PAYLOAD; the frame is ours alone.
        unsafe { room_in(&frame, start, len) }.copy_from_slice(last.bytes());
        last.set_block(frame.into_raw(), start as u32, len as u16, tag);
        Ok(())
    }

    /// Puts `run` bytes of `source`, up to a segment, into a slot of its own.
    #[inline(always)]
    pub fn push(&mut self, source: &mut IoSource, run: usize, tag: u8) -> Result<usize> {
        self.reserve(1)?;
        if run <= PAYLOAD {
            let Some(cell) = self.ring.push_inline(tag) else { return Ok(0) };
            let taken = source.take(&mut cell.room()[..run]);
            match taken {
                Ok(moved) if moved > 0 => cell.add(moved),
                _ => self.ring.pop_back(),
            }
            return taken;
        }
        self.push_with(run, tag, |room| source.take(room))
    }

    /// Puts what `produce` writes, up to `limit` bytes or a segment, into a slot of its own with a frame.
    pub fn push_with(
        &mut self,
        limit: usize,
        tag: u8,
        produce: impl FnOnce(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let run = limit.min(SEGMENT);
        self.reserve(1)?;
        let frame = self.frame()?;
        // SAFETY: the frame is ours alone and has SEGMENT bytes.
        match produce(unsafe { room_in(&frame, 0, run) }) {
            Ok(count) if count > 0 => {
                let count = count.min(run);
                // Room was reserved.
                let pushed = self.ring.push_block(frame.into_raw(), 0, count as u16, tag);
                debug_assert!(pushed);
                Ok(count)
            }
            other => {
                self.recycle(frame);
                other
            }
        }
    }

    /// Puts a slot with `bytes` in, up to [`PAYLOAD`] of them.
    pub fn push_inline(&mut self, bytes: &[u8], tag: u8) -> Result<()> {
        self.reserve(1)?;
        if let Some(cell) = self.ring.push_inline(tag) {
            let count = bytes.len().min(PAYLOAD);
            cell.room()[..count].copy_from_slice(&bytes[..count]);
            cell.add(count);
        }
        Ok(())
    }

    /// Takes the last slot back out.
    pub fn pop_back(&mut self) {
        let Some(number) = self.ring.back_mut().map(|cell| cell.block()) else { return };
        self.ring.pop_back();
        if let Some(number) = number {
            // SAFETY: the number came from `into_raw`, and the slot that held it has gone.
            self.recycle(unsafe { Frame::from_raw(number) });
        }
    }

    /// Hands bytes to `consume`, run by run, until `limit` are taken or it takes fewer than it is given.
    pub fn pull(&mut self, limit: usize, consume: &mut dyn FnMut(&[u8]) -> Result<usize>) -> Result<usize> {
        let mut done = 0;
        while let Some(first) = self.ring.front() {
            let run = first.len().min(limit - done);
            if run == 0 {
                break;
            }
            match consume(&bytes_of(first)[..run]) {
                Ok(count) => {
                    self.consume(count.min(run));
                    done += count.min(run);
                    if count < run {
                        break;
                    }
                }
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Hands up to `limit` bytes to another queue of up to `slots` slots, whole slots at a time; frames change hands,
    /// nothing is copied. With `keep` all stays here too.
    pub fn hand_over(&mut self, to: &mut Self, slots: usize, limit: usize, keep: bool) -> Result<usize> {
        let mut done = 0;
        let mut place = 0;
        while done < limit && to.slots() < slots {
            let Some(cell) = self.ring.get(place) else { break };
            to.reserve(1)?;
            let (len, all) = (cell.len().min(limit - done), cell.len() <= limit - done);
            // Of two slots with the same frame only one may grow.
            let tag = if all && !keep { cell.tag() } else { cell.tag() & !OPEN };
            match frame_of(cell) {
                None => {
                    if let Some(twin) = to.ring.push_copy(cell) {
                        twin.truncate(len);
                        twin.set_tag(tag);
                    }
                }
                Some(frame) => {
                    let frame = Frame::clone(&frame);
                    // Room was reserved.
                    let pushed = to.ring.push_block(frame.into_raw(), cell.start() as u32, len as u16, tag);
                    debug_assert!(pushed);
                }
            }
            done += len;
            if keep {
                place += 1;
            } else {
                self.consume(len);
            }
        }
        Ok(done)
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        while !self.is_empty() {
            self.pop();
        }
        self.shrink();
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        while !self.is_empty() {
            self.pop();
        }
    }
}
