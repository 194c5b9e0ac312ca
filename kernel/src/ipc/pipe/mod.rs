//! Pipes and FIFOs.
//!
//! A [`Pipe`] is a queue of slots ([`super::queue`]) that counts its capacity in slots; [`PipeEnd`] is one end, open.
//! Bytes are copied between user memory and slots under the pipe's sleeping lock, so a pipe costs no buffer until
//! something is in it. Writes of up to [`ATOMIC`] bytes never mix with others. Whether it is empty or full is seen
//! without the lock.

mod fifo;

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub use self::fifo::open_fifo;
use super::queue::{Held, Offer, Queue, Shared, END, OPEN, SEGMENT};
use crate::cap::ObjectKind;
use crate::sync::{Events, PollTable, Sleep, WaitQueue};
use crate::user::{IoDest, IoSource};
use crate::vfs::{
    Access, DeviceNumber, File, Inode, InodeCore, InodeRef, Io, NodeKind, OpenFile, OpenRequest, Owner,
    Status,
};
use crate::{Kind, Result};

/// Writes of up to so many bytes are atomic (`PIPE_BUF`).
pub const ATOMIC: usize = 4096;
/// Bytes that fit into a new pipe.
pub const CAPACITY: usize = 16 * SEGMENT;
/// Bytes that fit into any pipe.
pub const MAX_CAPACITY: usize = 1 << 31;

/// Numbers of pipes, which are their inode numbers.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// A pipe: what is between its ends.
pub struct Pipe {
    queue: Shared<()>,
    /// Slots that it may have.
    limit: AtomicU32,
    readers: AtomicU32,
    writers: AtomicU32,
    /// How often it was opened for reading, and for writing.
    reader_openings: AtomicU32,
    writer_openings: AtomicU32,
    /// Woken when there is something to read, or nobody who writes.
    readable: WaitQueue,
    /// Woken when there is room, or nobody who reads.
    writable: WaitQueue,
    core: InodeCore,
}

impl Pipe {
    fn new(owner: Owner) -> Arc<Self> {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        // A device number of its own, as no file system has.
        let device = DeviceNumber::new(0, 0xfffff);
        Arc::new(Self {
            queue: Shared::new(()),
            limit: AtomicU32::new((CAPACITY / SEGMENT) as u32),
            readers: AtomicU32::new(0),
            writers: AtomicU32::new(0),
            reader_openings: AtomicU32::new(0),
            writer_openings: AtomicU32::new(0),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            core: InodeCore::new(number, NodeKind::Fifo, device, DeviceNumber::default(), owner),
        })
    }

    #[inline]
    fn has_readers(&self) -> bool {
        self.readers.load(Ordering::Acquire) != 0
    }
    #[inline]
    fn has_writers(&self) -> bool {
        self.writers.load(Ordering::Acquire) != 0
    }

    /// Tells those who wait to read.
    #[inline]
    fn tell_readers(&self) {
        self.readable.wake(usize::MAX, Events::IN | Events::RDNORM);
    }
    /// Tells those who wait to write.
    #[inline]
    fn tell_writers(&self) {
        self.writable.wake(usize::MAX, Events::OUT | Events::WRNORM);
    }

    /// Is there nothing to read? Without the lock.
    #[inline]
    fn is_empty(&self) -> bool {
        self.queue.used() == 0
    }
    /// Is there no room for another slot? Without the lock.
    #[inline]
    fn is_full(&self) -> bool {
        self.queue.used() >= self.slots()
    }
    /// Slots that it may have.
    #[inline]
    fn slots(&self) -> usize {
        self.limit.load(Ordering::Relaxed) as usize
    }

    /// The queue, locked, with something in it; `None` if there is nothing and nobody writes any more.
    #[inline]
    fn lock_readable(&self, nonblock: bool) -> Result<Option<Held<'_, ()>>> {
        loop {
            let queue = self.queue.lock();
            if !queue.is_empty() {
                return Ok(Some(queue));
            }
            drop(queue);
            if !self.wait_readable(nonblock)? {
                return Ok(None);
            }
        }
    }

    /// The queue, locked, with room in it. [`Kind::BrokenPipe`] if nobody reads.
    fn lock_writable(&self, nonblock: bool) -> Result<Held<'_, ()>> {
        loop {
            if !self.has_readers() {
                return Err(Kind::BrokenPipe.into());
            }
            let queue = self.queue.lock();
            if queue.slots() < self.slots() {
                return Ok(queue);
            }
            drop(queue);
            self.wait_writable(nonblock)?;
        }
    }

    /// Waits until there is something to read; false if nobody writes any more.
    fn wait_readable(&self, nonblock: bool) -> Result<bool> {
        // Writers first, in all places: the last one may write just before it goes.
        if !self.has_writers() {
            return Ok(!self.is_empty());
        }
        if nonblock {
            return Err(Kind::WouldBlock.into());
        }
        let ready = || {
            let ended = !self.has_writers();
            let any = !self.is_empty();
            (any || ended).then_some(any)
        };
        self.readable.wait(Sleep::Interruptible, None, ready)
    }

    /// Waits until there is room, or nobody who reads.
    fn wait_writable(&self, nonblock: bool) -> Result<()> {
        if nonblock {
            return Err(Kind::WouldBlock.into());
        }
        let ready = || (!self.is_full() || !self.has_readers()).then_some(());
        self.writable.wait(Sleep::Interruptible, None, ready)
    }

    /// Waits for a writer that takes up the offer; `None` if something comes otherwise.
    fn wait_offering(&self, offer: &Offer) -> Option<Result<usize>> {
        let mut queue = self.queue.lock();
        if !queue.is_empty() {
            return None;
        }
        queue.offer(offer);
        drop(queue);
        let ready = || {
            // Writers first, as everywhere.
            let ended = !self.has_writers();
            (offer.taken().is_some() || !self.is_empty() || ended).then_some(())
        };
        let waited = self.readable.wait(Sleep::Interruptible, None, ready);
        if offer.taken().is_none() {
            self.queue.lock().take_back(offer);
        }
        match (offer.taken(), waited) {
            (Some(count), _) => Some(Ok(count)),
            (None, Err(error)) => Some(Err(error)),
            (None, Ok(())) => None,
        }
    }

    /// Waits for something to read: `Some` if that is all, because a writer handed it over or none is left.
    #[inline(never)]
    fn wait_for_bytes(&self, dest: &IoDest, nonblock: bool) -> Result<Option<usize>> {
        if self.has_writers() && !nonblock {
            if let Some(result) = Offer::new(dest).and_then(|offer| self.wait_offering(&offer)) {
                return result.map(Some);
            }
        }
        Ok(if self.wait_readable(nonblock)? { None } else { Some(0) })
    }

    /// Reads what is there, waiting for at least something.
    fn read(&self, dest: &mut IoDest, nonblock: bool) -> Result<usize> {
        if dest.remaining() == 0 {
            return Ok(0);
        }
        let mut queue = loop {
            if !self.is_empty() {
                let queue = self.queue.lock();
                if !queue.is_empty() {
                    break queue;
                }
            }
            if let Some(count) = self.wait_for_bytes(dest, nonblock)? {
                return Ok(count);
            }
        };
        let was_full = queue.slots() >= self.slots();
        let result = queue.read(dest);
        let more = !queue.is_empty();
        drop(queue);
        if was_full {
            self.tell_writers();
        }
        if more {
            // For the next one who sleeps; for polls nothing has begun.
            self.readable.wake(1, Events::empty());
        }
        result
    }

    /// Puts bytes of `source` in until it is empty or the pipe is full; returns how many. With `first`, what does
    /// not fill a slot goes behind the bytes of the last slot if all of it fits there.
    fn fill(
        &self,
        queue: &mut Queue,
        source: &mut IoSource,
        first: bool,
        packets: bool,
    ) -> (usize, Result<()>) {
        let mut done = 0;
        // Also of packets, as on Linux: behind bytes that are none.
        if first {
            match queue.append(source, source.remaining() % SEGMENT) {
                Ok(count) => done += count,
                Err(error) => return (0, Err(error)),
            }
        }
        let tag = if packets { END } else { OPEN };
        let limit = self.slots();
        while source.remaining() > 0 && queue.slots() < limit {
            match queue.push(source, source.remaining().min(SEGMENT), tag) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) => return (done, Err(error)),
            }
        }
        (done, Ok(()))
    }

    /// Writes everything, waiting for room; with `nonblock`, as much as fits now.
    fn write(&self, source: &mut IoSource, nonblock: bool, packets: bool) -> Result<usize> {
        if source.remaining() == 0 {
            return Ok(0);
        }
        let (mut done, mut waited) = (0, false);
        let result = loop {
            if !self.has_readers() {
                break Err(Kind::BrokenPipe.into());
            }
            let mut queue = self.queue.lock();
            let was_empty = queue.is_empty();
            let handed = if packets { Ok(0) } else { queue.hand(source) };
            let (count, result) = match handed {
                Ok(handed) => {
                    let (count, result) = self.fill(&mut queue, source, done == 0, packets);
                    (handed + count, result)
                }
                Err(error) => (0, Err(error)),
            };
            let full = queue.slots() >= self.slots();
            drop(queue);
            done += count;
            if count > 0 {
                // Sleepers wait for the first byte; each write is something new to an edge-triggered poll.
                let sleepers = if was_empty { usize::MAX } else { 0 };
                self.readable.wake(sleepers, Events::IN | Events::RDNORM);
            }
            if result.is_err() || source.remaining() == 0 {
                break result;
            }
            if !full {
                // The source ended early: it is not accessible any further.
                break Err(Kind::Fault.into());
            }
            if let Err(error) = self.wait_writable(nonblock) {
                break Err(error);
            }
            waited = true;
        };
        if done == 0 {
            return result.map(|()| 0);
        }
        // There may be room left for the next writer that waits.
        if waited && !self.is_full() {
            self.tell_writers();
        }
        Ok(done)
    }

    /// Changes how many bytes fit, rounded up. [`Kind::Busy`] if more is in it.
    fn set_capacity(&self, bytes: usize) -> Result<usize> {
        if bytes == 0 || bytes > MAX_CAPACITY {
            return Err(Kind::Invalid.into());
        }
        let slots = bytes.div_ceil(SEGMENT).next_power_of_two();
        let queue = self.queue.lock();
        if slots < queue.slots() {
            return Err(Kind::Busy.into());
        }
        self.limit.store(slots as u32, Ordering::Relaxed);
        drop(queue);
        self.tell_writers();
        Ok(slots * SEGMENT)
    }

    /// An end of it.
    fn end(self: &Arc<Self>, access: Access, node: Option<InodeRef>) -> PipeEnd {
        if access.contains(Access::READ) {
            self.readers.fetch_add(1, Ordering::AcqRel);
            self.reader_openings.fetch_add(1, Ordering::AcqRel);
        }
        if access.contains(Access::WRITE) {
            self.writers.fetch_add(1, Ordering::AcqRel);
            self.writer_openings.fetch_add(1, Ordering::AcqRel);
        }
        let opened_at = self.writer_openings.load(Ordering::Acquire);
        PipeEnd { pipe: self.clone(), access, node, opened_at, alone: !self.has_writers() }
    }
}

impl Inode for Pipe {
    fn core(&self) -> &InodeCore {
        &self.core
    }
    fn open(self: Arc<Self>, request: &OpenRequest) -> Result<Arc<dyn File>> {
        Ok(Arc::new(self.end(request.access, None)))
    }
}

/// One end of a pipe, or of a FIFO both.
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    access: Access,
    /// The FIFO's node.
    node: Option<InodeRef>,
    /// Number of times that somebody had opened it for writing when this end was opened.
    opened_at: u32,
    /// Nobody had it open for writing then.
    alone: bool,
}

impl PipeEnd {
    /// The pipe behind an open file, if it is one.
    pub fn of(file: &OpenFile) -> Option<&Self> {
        file.file().downcast::<Self>()
    }
    /// Bytes that fit.
    pub fn capacity(&self) -> usize {
        self.pipe.slots() * SEGMENT
    }
    /// Changes how many bytes fit, and returns what that was rounded up to. [`Kind::Busy`] if more is in it.
    pub fn set_capacity(&self, bytes: usize) -> Result<usize> {
        self.pipe.set_capacity(bytes)
    }
    /// Does nobody read any more?
    pub fn is_broken(&self) -> bool {
        !self.pipe.has_readers()
    }
    /// Do both belong to the same pipe?
    pub fn same_pipe(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pipe, &other.pipe)
    }

    /// Hands bytes in the pipe to `consume`, run by run, until `limit` bytes are taken or it takes fewer than it
    /// is given. Waits for at least something, unless `nonblock`. `consume` runs with the pipe locked.
    pub fn pull(
        &self,
        limit: usize,
        nonblock: bool,
        consume: &mut dyn FnMut(&[u8]) -> Result<usize>,
    ) -> Result<usize> {
        let Some(mut queue) = self.pipe.lock_readable(nonblock)? else { return Ok(0) };
        let result = queue.pull(limit, consume);
        drop(queue);
        self.pipe.tell_writers();
        result
    }

    /// Fills frames through `produce` and puts them into the pipe, until `limit` bytes are there, it is full, or
    /// `produce` gives less than it is asked for. Waits for room, unless `nonblock`.
    pub fn push(
        &self,
        limit: usize,
        nonblock: bool,
        produce: &mut dyn FnMut(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        let mut queue = self.pipe.lock_writable(nonblock)?;
        let mut done = 0;
        let mut result = Ok(());
        while done < limit && queue.slots() < self.pipe.slots() {
            let wanted = (limit - done).min(SEGMENT);
            match queue.push_with(wanted, OPEN, &mut *produce) {
                Ok(count) => done += count,
                Err(error) => result = Err(error),
            }
            if result.is_err() || done % SEGMENT != 0 || done == 0 {
                break;
            }
        }
        drop(queue);
        if done == 0 {
            return result.map(|()| 0);
        }
        self.pipe.tell_readers();
        Ok(done)
    }

    /// Moves (or with `keep` copies) up to `limit` bytes into another pipe by handing over frames.
    pub fn transfer(&self, to: &Self, limit: usize, keep: bool, nonblock: bool) -> Result<usize> {
        loop {
            if self.pipe.is_empty() && !self.pipe.wait_readable(nonblock)? {
                return Ok(0);
            }
            if !to.pipe.has_readers() {
                return Err(Kind::BrokenPipe.into());
            }
            if to.pipe.is_full() {
                to.pipe.wait_writable(nonblock)?;
            }
            // The lock of the lower address first.
            let (mut source, mut target);
            if Arc::as_ptr(&self.pipe) < Arc::as_ptr(&to.pipe) {
                source = self.pipe.queue.lock();
                target = to.pipe.queue.lock();
            } else {
                target = to.pipe.queue.lock();
                source = self.pipe.queue.lock();
            }
            let count = source.hand_over(&mut target, to.pipe.slots(), limit, keep)?;
            drop((source, target));
            if count > 0 {
                self.pipe.tell_writers();
                to.pipe.tell_readers();
                return Ok(count);
            }
        }
    }
}

impl File for PipeEnd {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Channel
    }

    #[inline]
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.pipe.read(dest, io.nonblock())
    }
    #[inline]
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        self.pipe.write(source, io.nonblock(), io.status.contains(Status::DIRECT))
    }

    fn poll(&self, mut table: Option<&mut PollTable>) -> Events {
        let pipe = &*self.pipe;
        if let Some(table) = table.as_mut() {
            if self.access.contains(Access::READ) {
                table.register(&pipe.readable);
            }
            if self.access.contains(Access::WRITE) {
                table.register(&pipe.writable);
            }
        }
        let ended = !pipe.has_writers();
        let (empty, full) = (pipe.is_empty(), pipe.is_full());
        let mut events = Events::empty();
        if self.access.contains(Access::READ) {
            events.set(Events::IN | Events::RDNORM, !empty);
            // A reader that came before any writer has not been hung up on.
            let seen = !self.alone || pipe.writer_openings.load(Ordering::Acquire) != self.opened_at;
            events.set(Events::HUP, ended && seen);
        }
        if self.access.contains(Access::WRITE) {
            events.set(Events::OUT | Events::WRNORM, !full);
            events.set(Events::ERR, !pipe.has_readers());
        }
        events
    }

    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.pipe.queue.lock().bytes())
    }
    fn inode(&self) -> Option<InodeRef> {
        Some(self.node.clone().unwrap_or_else(|| self.pipe.clone()))
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "pipe:[{}]", self.pipe.core.number)
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        let pipe = &self.pipe;
        let last = |count: &AtomicU32| count.fetch_sub(1, Ordering::AcqRel) == 1;
        if self.access.contains(Access::READ) && last(&pipe.readers) {
            pipe.writable.wake(usize::MAX, Events::OUT | Events::WRNORM | Events::ERR);
        }
        if self.access.contains(Access::WRITE) && last(&pipe.writers) {
            pipe.readable.wake(usize::MAX, Events::IN | Events::RDNORM | Events::HUP);
        }
        if let Some(node) = &self.node {
            fifo::closed(node, pipe);
        }
    }
}

/// A pipe: the end to read from and the end to write to.
pub fn create(owner: Owner, status: Status) -> (Arc<OpenFile>, Arc<OpenFile>) {
    let pipe = Pipe::new(owner);
    // The writer first: the reader is to find that somebody writes.
    let writer = Arc::new(pipe.end(Access::WRITE, None));
    let reader = Arc::new(pipe.end(Access::READ, None));
    (OpenFile::new(reader, Access::READ, status), OpenFile::new(writer, Access::WRITE, status))
}
