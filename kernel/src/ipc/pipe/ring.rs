//! The segments of a pipe, under its lock.

use alloc::collections::VecDeque;

use crate::mm::Frame;
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Bytes of a whole segment: a frame.
pub const SEGMENT: usize = 4096;

/// Frames kept for the next writes.
const SPARES: usize = 2;

/// Some bytes in a frame.
struct Segment {
    frame: Frame,
    offset: usize,
    length: usize,
    /// May bytes be added behind it? Not if the frame is shared, or it is a packet.
    open: bool,
    /// A read ends with it.
    packet: bool,
}

impl Segment {
    fn bytes(&self) -> &[u8] {
        // SAFETY: offset + length <= SEGMENT, all within the frame that the segment holds; pipes' frames are only
        // written under the pipe's lock, behind the bytes of the segment.
        unsafe { core::slice::from_raw_parts(self.frame.as_ptr().add(self.offset), self.length) }
    }
}

/// What is in a pipe.
pub struct Ring {
    segments: VecDeque<Segment>,
    limit: usize,
    spares: [Option<Frame>; SPARES],
}

impl Ring {
    /// For up to `limit` segments.
    pub const fn new(limit: usize) -> Self {
        Self { segments: VecDeque::new(), limit, spares: [const { None }; SPARES] }
    }
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
    #[inline]
    pub fn is_full(&self) -> bool {
        self.segments.len() >= self.limit
    }
    pub fn limit(&self) -> usize {
        self.limit
    }
    /// [`Kind::Busy`] if there is more in it.
    pub fn set_limit(&mut self, limit: usize) -> Result<()> {
        if limit < self.segments.len() {
            return Err(Kind::Busy.into());
        }
        self.limit = limit;
        Ok(())
    }
    /// Bytes in it.
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    fn frame(&mut self) -> Result<Frame> {
        match self.spares.iter_mut().find_map(Option::take) {
            Some(frame) => Ok(frame),
            None => Frame::alloc(),
        }
    }

    /// Keeps a frame that nobody else uses, if there are few.
    fn recycle(&mut self, frame: Frame) {
        if frame.references() == 1 {
            if let Some(slot) = self.spares.iter_mut().find(|slot| slot.is_none()) {
                *slot = Some(frame);
            }
        }
    }

    /// Takes `count` bytes off the first segment.
    fn consume(&mut self, count: usize) {
        let Some(first) = self.segments.front_mut() else { return };
        first.offset += count;
        first.length -= count;
        if first.length == 0 {
            if let Some(segment) = self.segments.pop_front() {
                self.recycle(segment.frame);
            }
        }
    }

    /// Reads into `dest` until it is full, the pipe is empty, or a packet ends.
    pub fn read(&mut self, dest: &mut IoDest) -> Result<usize> {
        let mut done = 0;
        while let Some(first) = self.segments.front() {
            let run = first.length.min(dest.remaining());
            if run == 0 {
                break;
            }
            let moved = match dest.put(&first.bytes()[..run]) {
                Ok(moved) => moved,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            };
            done += moved;
            let packet = first.packet;
            let used = if packet && moved == run { first.length } else { moved };
            self.consume(used);
            if moved < run || packet {
                break;
            }
        }
        Ok(done)
    }

    /// Puts bytes of `source` in until it is empty or the pipe is full; returns how many. With `first`, what does
    /// not fill a frame goes behind the last segment if all of it fits there.
    pub fn write(&mut self, source: &mut IoSource, first: bool, packets: bool) -> (usize, Result<()>) {
        let mut done = 0;
        if first && !packets {
            match self.append(source) {
                Ok(count) => done += count,
                Err(error) => return (0, Err(error)),
            }
        }
        while source.remaining() > 0 && !self.is_full() {
            match self.write_segment(source, packets) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) => return (done, Err(error)),
            }
        }
        (done, Ok(()))
    }

    /// Fills up the last segment with the odd bytes of `source`, if they fit.
    fn append(&mut self, source: &mut IoSource) -> Result<usize> {
        let odd = source.remaining() % SEGMENT;
        let Some(last) = self.segments.back_mut() else { return Ok(0) };
        let end = last.offset + last.length;
        if odd == 0 || !last.open || end + odd > SEGMENT {
            return Ok(0);
        }
        // SAFETY: end + odd <= SEGMENT, and bytes behind the segment are nobody's; the frame is this pipe's alone.
        let target = unsafe { core::slice::from_raw_parts_mut(last.frame.as_ptr().add(end), odd) };
        let count = source.take(target)?;
        last.length += count;
        Ok(count)
    }

    fn write_segment(&mut self, source: &mut IoSource, packet: bool) -> Result<usize> {
        self.segments.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        let frame = self.frame()?;
        let run = source.remaining().min(SEGMENT);
        // SAFETY: the frame is ours alone and has SEGMENT bytes.
        let target = unsafe { core::slice::from_raw_parts_mut(frame.as_ptr(), run) };
        match source.take(target) {
            Ok(length) if length > 0 => {
                self.segments.push_back(Segment { frame, offset: 0, length, open: !packet, packet });
                Ok(length)
            }
            other => {
                self.recycle(frame);
                other
            }
        }
    }

    /// See [`PipeEnd::pull`](super::PipeEnd::pull).
    pub fn pull(&mut self, limit: usize, consume: &mut dyn FnMut(&[u8]) -> Result<usize>) -> Result<usize> {
        let mut done = 0;
        while let Some(first) = self.segments.front() {
            let run = first.length.min(limit - done);
            if run == 0 {
                break;
            }
            match consume(&first.bytes()[..run]) {
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

    /// See [`PipeEnd::push`](super::PipeEnd::push).
    pub fn push(
        &mut self,
        limit: usize,
        produce: &mut dyn FnMut(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let mut done = 0;
        while done < limit && !self.is_full() {
            self.segments.try_reserve(1).map_err(|_| Kind::NoMemory)?;
            let frame = self.frame()?;
            let run = (limit - done).min(SEGMENT);
            // SAFETY: the frame is ours alone and has SEGMENT bytes.
            let target = unsafe { core::slice::from_raw_parts_mut(frame.as_ptr(), run) };
            match produce(target) {
                Ok(0) => {
                    self.recycle(frame);
                    break;
                }
                Ok(count) => {
                    let length = count.min(run);
                    self.segments.push_back(Segment { frame, offset: 0, length, open: true, packet: false });
                    done += length;
                    if length < run {
                        break;
                    }
                }
                Err(error) if done == 0 => {
                    self.recycle(frame);
                    return Err(error);
                }
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Hands up to `limit` bytes to another ring, whole frames at a time; with `keep` they stay here too.
    pub fn hand_over(&mut self, to: &mut Self, limit: usize, keep: bool) -> Result<usize> {
        let mut done = 0;
        let mut index = 0;
        while done < limit && !to.is_full() {
            let Some(segment) = self.segments.get_mut(index) else { break };
            to.segments.try_reserve(1).map_err(|_| Kind::NoMemory)?;
            let length = segment.length.min(limit - done);
            // From now on two segments share the frame: neither may grow.
            segment.open = false;
            let twin = Segment {
                frame: segment.frame.clone(),
                offset: segment.offset,
                length,
                open: false,
                ..*segment
            };
            to.segments.push_back(twin);
            done += length;
            if keep {
                index += 1;
            } else {
                self.consume(length);
            }
        }
        Ok(done)
    }
}
