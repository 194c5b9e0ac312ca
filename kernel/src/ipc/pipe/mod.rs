//! Pipes and FIFOs.
//!
//! A [`Pipe`] is a ring of segments, each a frame or a part of one ([`ring`]); [`PipeEnd`] is one end, open. Bytes
//! are copied between user memory and frames under the pipe's sleeping lock, so a pipe costs no buffer until
//! something is in it. Writes of up to [`ATOMIC`] bytes never mix with others.

mod fifo;
mod ring;

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub use self::fifo::open_fifo;
use self::ring::Ring;
use crate::cap::ObjectKind;
use crate::sync::{Events, Mutex, PollTable, Sleep, WaitQueue};
use crate::user::{IoDest, IoSource};
use crate::vfs::{
    Access, DeviceNumber, File, Inode, InodeCore, InodeRef, Io, NodeKind, OpenFile, OpenRequest, Owner,
    Status,
};
use crate::{Kind, Result};

/// Writes of up to so many bytes are atomic (`PIPE_BUF`).
pub const ATOMIC: usize = 4096;
/// Bytes that fit into a new pipe.
pub const CAPACITY: usize = 16 * ring::SEGMENT;
/// Bytes that fit into any pipe.
pub const MAX_CAPACITY: usize = 1 << 31;

/// Numbers of pipes, which are their inode numbers.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// A pipe: what is between its ends.
pub struct Pipe {
    ring: Mutex<Ring>,
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
            ring: Mutex::new(Ring::new(CAPACITY / ring::SEGMENT)),
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

    /// Waits until there is something to read; false if nobody writes any more.
    fn wait_readable(&self, nonblock: bool) -> Result<bool> {
        // Writers first, in all three places: the last one may write just before it goes.
        if !self.has_writers() {
            return Ok(!self.ring.lock().is_empty());
        }
        if nonblock {
            return Err(Kind::WouldBlock.into());
        }
        let ready = || {
            let ended = !self.has_writers();
            let any = !self.ring.lock().is_empty();
            (any || ended).then_some(any)
        };
        self.readable.wait(Sleep::Interruptible, None, ready)
    }

    /// Waits until there is room, or nobody who reads.
    fn wait_writable(&self, nonblock: bool) -> Result<()> {
        if nonblock {
            return Err(Kind::WouldBlock.into());
        }
        let ready = || (!self.ring.lock().is_full() || !self.has_readers()).then_some(());
        self.writable.wait(Sleep::Interruptible, None, ready)
    }

    /// Reads what is there, waiting for at least something.
    fn read(&self, dest: &mut IoDest, nonblock: bool) -> Result<usize> {
        if dest.remaining() == 0 {
            return Ok(0);
        }
        loop {
            let mut ring = self.ring.lock();
            if !ring.is_empty() {
                let was_full = ring.is_full();
                let result = ring.read(dest);
                let more = !ring.is_empty();
                drop(ring);
                if was_full {
                    self.tell_writers();
                }
                if more {
                    // For the next one who sleeps; for polls nothing has begun.
                    self.readable.wake(1, Events::empty());
                }
                return result;
            }
            drop(ring);
            if !self.wait_readable(nonblock)? {
                return Ok(0);
            }
        }
    }

    /// Writes everything, waiting for room; with `nonblock`, as much as fits now.
    fn write(&self, source: &mut IoSource, nonblock: bool, packets: bool) -> Result<usize> {
        let total = source.remaining();
        if total == 0 {
            return Ok(0);
        }
        let mut done = 0;
        let result = loop {
            if !self.has_readers() {
                break Err(Kind::BrokenPipe.into());
            }
            let mut ring = self.ring.lock();
            let was_empty = ring.is_empty();
            let (count, result) = ring.write(source, done == 0, packets);
            let full = ring.is_full();
            drop(ring);
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
        };
        // There may be room left for the next writer that waits.
        if done > 0 && !self.writable.is_idle() && !self.ring.lock().is_full() {
            self.tell_writers();
        }
        if done > 0 {
            return Ok(done);
        }
        result.map(|()| 0)
    }

    /// Bytes that fit.
    fn capacity(&self) -> usize {
        self.ring.lock().limit() * ring::SEGMENT
    }

    /// Changes how many bytes fit, rounded up. [`Kind::Busy`] if more is in it.
    fn set_capacity(&self, bytes: usize) -> Result<usize> {
        if bytes == 0 || bytes > MAX_CAPACITY {
            return Err(Kind::Invalid.into());
        }
        let segments = bytes.div_ceil(ring::SEGMENT).next_power_of_two();
        self.ring.lock().set_limit(segments)?;
        self.tell_writers();
        Ok(segments * ring::SEGMENT)
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
        self.pipe.capacity()
    }
    /// Changes how many bytes fit, and returns what that was rounded up to. [`Kind::Busy`] if more is in it.
    pub fn set_capacity(&self, bytes: usize) -> Result<usize> {
        self.pipe.set_capacity(bytes)
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
        loop {
            let mut ring = self.pipe.ring.lock();
            if !ring.is_empty() {
                let result = ring.pull(limit, consume);
                drop(ring);
                self.pipe.tell_writers();
                return result;
            }
            drop(ring);
            if !self.pipe.wait_readable(nonblock)? {
                return Ok(0);
            }
        }
    }

    /// Fills frames through `produce` and puts them into the pipe, until `limit` bytes are there, it is full, or
    /// `produce` gives less than it is asked for. Waits for room, unless `nonblock`.
    pub fn push(
        &self,
        limit: usize,
        nonblock: bool,
        produce: &mut dyn FnMut(&mut [u8]) -> Result<usize>,
    ) -> Result<usize> {
        loop {
            if !self.pipe.has_readers() {
                return Err(Kind::BrokenPipe.into());
            }
            let mut ring = self.pipe.ring.lock();
            if !ring.is_full() {
                let result = ring.push(limit, produce);
                drop(ring);
                self.pipe.tell_readers();
                return result;
            }
            drop(ring);
            self.pipe.wait_writable(nonblock)?;
        }
    }

    /// Moves (or with `keep` copies) up to `limit` bytes into another pipe by handing over frames.
    pub fn transfer(&self, to: &Self, limit: usize, keep: bool, nonblock: bool) -> Result<usize> {
        loop {
            if self.pipe.ring.lock().is_empty() && !self.pipe.wait_readable(nonblock)? {
                return Ok(0);
            }
            if !to.pipe.has_readers() {
                return Err(Kind::BrokenPipe.into());
            }
            if to.pipe.ring.lock().is_full() {
                to.pipe.wait_writable(nonblock)?;
            }
            // The lock of the lower address first.
            let (mut from_ring, mut to_ring);
            if Arc::as_ptr(&self.pipe) < Arc::as_ptr(&to.pipe) {
                from_ring = self.pipe.ring.lock();
                to_ring = to.pipe.ring.lock();
            } else {
                to_ring = to.pipe.ring.lock();
                from_ring = self.pipe.ring.lock();
            }
            let count = from_ring.hand_over(&mut to_ring, limit, keep)?;
            drop((from_ring, to_ring));
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
        let (empty, full) = {
            let ring = pipe.ring.lock();
            (ring.is_empty(), ring.is_full())
        };
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
        Ok(self.pipe.ring.lock().bytes())
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
