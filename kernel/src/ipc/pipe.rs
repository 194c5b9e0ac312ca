//! Pipes and FIFOs (pipe(7), fifo(7)): a bounded queue of bytes between those who write and those who read.
//!
//! [`Pipe`] is the queue, [`PipeEnd`] a description of one end (or, for a FIFO opened for both, of both).
//! An anonymous pipe is a FIFO whose inode has no name. Writes of up to [`ATOMIC`] bytes are never torn apart.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::sync::{Events, Mutex, PollTable, Sleep, WaitQueue};
use crate::user::{IoDest, IoSource};
use crate::vfs::{
    Access, DeviceNumber, File, Inode, InodeCore, InodeRef, Io, Metadata, NodeKind, OpenRequest, Owner, Status,
};
use crate::{Kind, Result};

/// Writes up to this size are atomic (`PIPE_BUF`).
pub const ATOMIC: usize = 4096;
/// What a new pipe holds.
pub const DEFAULT_CAPACITY: usize = 65_536;
/// What an unprivileged owner may set at most (`/proc/sys/fs/pipe-max-size`).
pub const MAX_CAPACITY: usize = 1 << 20;
/// Storage of a pipe that was written for the first time.
const FIRST_STORAGE: usize = 512;
/// The device number that anonymous pipes report.
const DEVICE: DeviceNumber = DeviceNumber::new(0, 13);

/// A ring of bytes that grows by doubling.
struct Ring {
    /// Empty, or a power of two long.
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Ring {
    /// Makes room for `more` bytes.
    fn reserve(&mut self, more: usize) -> Result<()> {
        let needed = self.length + more;
        if needed <= self.bytes.len() {
            return Ok(());
        }
        let size = needed.next_power_of_two().max(FIRST_STORAGE);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| Kind::NoMemory)?;
        bytes.resize(size, 0);
        let length = self.copy_out(0, &mut bytes);
        (self.bytes, self.start, self.length) = (bytes, 0, length);
        Ok(())
    }

    /// Copies bytes from `offset` on to `out`, as many as there are.
    fn copy_out(&self, offset: usize, out: &mut [u8]) -> usize {
        let mut done = 0;
        while done < out.len() {
            let run = self.run(offset + done);
            let count = run.len().min(out.len() - done);
            if count == 0 {
                break;
            }
            out[done..done + count].copy_from_slice(&run[..count]);
            done += count;
        }
        done
    }

    /// The bytes from `offset` on that lie together.
    fn run(&self, offset: usize) -> &[u8] {
        if offset >= self.length {
            return &[];
        }
        let at = (self.start + offset) & (self.bytes.len() - 1);
        let end = (at + self.length - offset).min(self.bytes.len());
        &self.bytes[at..end]
    }

    /// Moves up to `limit` bytes to `dest`.
    fn read(&mut self, dest: &mut IoDest, limit: usize) -> Result<usize> {
        let mut done = 0;
        while done < limit {
            let run = self.run(0);
            let wanted = run.len().min(limit - done);
            if wanted == 0 {
                break;
            }
            let count = match dest.put(&run[..wanted]) {
                Err(_) if done > 0 => break,
                other => other?,
            };
            self.drop_front(count);
            done += count;
            if count < wanted {
                break;
            }
        }
        Ok(done)
    }

    fn drop_front(&mut self, count: usize) {
        self.length -= count;
        // An empty ring starts anew, so that small messages never wrap.
        self.start = if self.length == 0 { 0 } else { (self.start + count) & (self.bytes.len() - 1) };
    }

    /// Moves up to `limit` bytes from `source`, for which room was reserved.
    fn write(&mut self, source: &mut IoSource, limit: usize) -> Result<usize> {
        let mut done = 0;
        while done < limit {
            let size = self.bytes.len();
            let at = (self.start + self.length) & (size - 1);
            let wanted = (size - at).min(limit - done);
            let count = match source.take(&mut self.bytes[at..at + wanted]) {
                Err(_) if done > 0 => break,
                other => other?,
            };
            self.length += count;
            done += count;
            if count < wanted {
                break;
            }
        }
        Ok(done)
    }
}

struct State {
    ring: Ring,
    capacity: usize,
    /// Lengths of the packets that the ring begins with; bytes behind them are a stream (`O_DIRECT`).
    packets: VecDeque<usize>,
    readers: u32,
    writers: u32,
}

impl State {
    fn room(&self) -> usize {
        self.capacity.saturating_sub(self.ring.length)
    }
}

/// The queue between the ends.
pub struct Pipe {
    state: Mutex<State>,
    readable: WaitQueue,
    writable: WaitQueue,
    /// How often each side was opened: who waits for the other side to open sees it come and go.
    reader_opens: AtomicU64,
    writer_opens: AtomicU64,
}

impl Pipe {
    fn new() -> Self {
        let state = State {
            ring: Ring { bytes: Vec::new(), start: 0, length: 0 },
            capacity: DEFAULT_CAPACITY,
            packets: VecDeque::new(),
            readers: 0,
            writers: 0,
        };
        Self {
            state: Mutex::new(state),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            reader_opens: AtomicU64::new(0),
            writer_opens: AtomicU64::new(0),
        }
    }

    /// Bytes that it holds at most (`F_GETPIPE_SZ`).
    pub fn capacity(&self) -> usize {
        self.state.lock().capacity
    }

    /// Changes the capacity (`F_SETPIPE_SZ`): rounded up to a power of two, at least a page; [`Kind::Busy`] if
    /// more than that waits. The caller has judged whether the size is allowed.
    pub fn set_capacity(&self, bytes: usize) -> Result<usize> {
        let capacity = bytes.max(ATOMIC).checked_next_power_of_two().ok_or(Kind::Invalid)?;
        let mut state = self.state.lock();
        if state.ring.length > capacity {
            return Err(Kind::Busy.into());
        }
        state.capacity = capacity;
        drop(state);
        self.writable.wake_all();
        Ok(capacity)
    }

    /// Bytes that wait (`FIONREAD`).
    pub fn waiting(&self) -> usize {
        self.state.lock().ring.length
    }

    /// Copies what waits, from `offset` on, without taking it (tee(2)).
    pub fn peek(&self, offset: usize, out: &mut [u8]) -> usize {
        self.state.lock().ring.copy_out(offset, out)
    }

    /// Waits until something can be read, or nobody is left to write. For splice(2) and tee(2).
    pub fn wait_readable(&self, nonblock: bool) -> Result<()> {
        let ready = || {
            let state = self.state.lock();
            (state.ring.length > 0 || state.writers == 0).then_some(())
        };
        wait_for(&self.readable, nonblock, ready)
    }

    /// Waits until something can be written. [`Kind::BrokenPipe`] without readers. For splice(2) and tee(2).
    pub fn wait_writable(&self, nonblock: bool) -> Result<()> {
        let ready = || {
            let state = self.state.lock();
            if state.readers == 0 {
                return Some(Err(Kind::BrokenPipe.into()));
            }
            (state.room() > 0).then_some(Ok(()))
        };
        wait_for(&self.writable, nonblock, ready)?
    }

    fn read(&self, dest: &mut IoDest, nonblock: bool) -> Result<usize> {
        if dest.remaining() == 0 {
            return Ok(0);
        }
        let mut attempt = || self.read_now(dest).transpose();
        match attempt() {
            Some(result) => result,
            None if nonblock => Err(Kind::WouldBlock.into()),
            None => self.readable.wait(Sleep::Interruptible, None, attempt)?,
        }
    }

    /// Reads if there is something, or the end; `None` if it has to be waited for.
    fn read_now(&self, dest: &mut IoDest) -> Result<Option<usize>> {
        let mut state = self.state.lock();
        if state.ring.length == 0 {
            return Ok((state.writers == 0).then_some(0));
        }
        let mut limit = dest.remaining();
        let packet = state.packets.front().copied();
        if let Some(packet) = packet {
            limit = limit.min(packet);
        }
        let count = state.ring.read(dest, limit)?;
        if let Some(packet) = packet {
            // What did not fit of a packet is lost.
            state.packets.pop_front();
            state.ring.drop_front(packet - count);
        }
        drop(state);
        self.writable.wake(usize::MAX, Events::OUT | Events::WRNORM);
        Ok(Some(count))
    }

    fn write(&self, source: &mut IoSource, io: &Io) -> Result<usize> {
        let packets = io.status.contains(Status::DIRECT);
        let total = source.remaining();
        let mut done = 0;
        loop {
            let mut attempt = || self.write_now(source, packets).transpose();
            let result = match attempt() {
                Some(result) => result,
                None if io.nonblock() => Err(Kind::WouldBlock.into()),
                None => self.writable.wait(Sleep::Interruptible, None, attempt).and_then(|result| result),
            };
            match result {
                Ok(count) => done += count,
                Err(error) if done == 0 || error == Kind::BrokenPipe => return Err(error),
                Err(_) => return Ok(done),
            }
            if done == total {
                return Ok(done);
            }
        }
    }

    /// Writes what there is room for; `None` if it has to be waited for.
    fn write_now(&self, source: &mut IoSource, packets: bool) -> Result<Option<usize>> {
        let mut state = self.state.lock();
        if state.readers == 0 {
            return Err(Kind::BrokenPipe.into());
        }
        let wanted = source.remaining();
        let piece = if packets { wanted.min(ATOMIC) } else { wanted };
        let room = state.room();
        if room == 0 && wanted > 0 || piece <= ATOMIC && room < piece {
            return Ok(None);
        }
        let piece = piece.min(room);
        state.ring.reserve(piece)?;
        if packets {
            state.packets.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        }
        let count = state.ring.write(source, piece)?;
        if packets && count > 0 {
            state.packets.push_back(count);
        }
        drop(state);
        self.readable.wake(usize::MAX, Events::IN | Events::RDNORM);
        if count < piece {
            // The source's memory ended early: the caller gets what went.
            return if count > 0 { Ok(Some(count)) } else { Err(Kind::Fault.into()) };
        }
        Ok(Some(count))
    }
}

fn wait_for<T>(queue: &WaitQueue, nonblock: bool, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
    match ready() {
        Some(value) => Ok(value),
        None if nonblock => Err(Kind::WouldBlock.into()),
        None => queue.wait(Sleep::Interruptible, None, ready),
    }
}

/// A description of a pipe's end.
pub struct PipeEnd {
    pipe: Arc<Pipe>,
    access: Access,
    inode: InodeRef,
    /// Opens of the writing side when this end was opened: without a new one there was never a writer.
    writers_seen: u64,
}

impl PipeEnd {
    /// The queue.
    pub fn pipe(&self) -> &Arc<Pipe> {
        &self.pipe
    }

    /// Counts an end in. The inode's lock on its pipe is held, so that the pipe cannot go meanwhile.
    fn new(pipe: &Arc<Pipe>, access: Access, inode: &InodeRef) -> Self {
        let mut state = pipe.state.lock();
        let writers_seen = pipe.writer_opens.load(Ordering::Acquire);
        if access.contains(Access::READ) {
            state.readers += 1;
            pipe.reader_opens.fetch_add(1, Ordering::AcqRel);
        }
        if access.contains(Access::WRITE) {
            state.writers += 1;
            pipe.writer_opens.fetch_add(1, Ordering::AcqRel);
        }
        drop(state);
        Self { pipe: pipe.clone(), access, inode: inode.clone(), writers_seen }
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        let mut state = self.pipe.state.lock();
        state.readers -= u32::from(self.access.contains(Access::READ));
        state.writers -= u32::from(self.access.contains(Access::WRITE));
        let unused = state.readers == 0 && state.writers == 0;
        drop(state);
        self.pipe.readable.wake_all();
        self.pipe.writable.wake_all();
        if unused {
            // Whoever opens it now holds a reference beside ours and the inode's own, and keeps the queue.
            let mut fifo = self.inode.core().fifo.lock();
            let last = fifo.as_ref().is_some_and(|pipe| Arc::ptr_eq(pipe, &self.pipe) && Arc::strong_count(pipe) == 2);
            let gone = if last { fifo.take() } else { None };
            drop(fifo);
            drop(gone);
        }
    }
}

impl File for PipeEnd {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.pipe.read(dest, io.nonblock())
    }
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        if source.remaining() == 0 {
            return Ok(0);
        }
        self.pipe.write(source, io)
    }
    fn poll(&self, mut table: Option<&mut PollTable>) -> Events {
        let (reads, writes) = (self.access.contains(Access::READ), self.access.contains(Access::WRITE));
        if let Some(table) = table.as_deref_mut() {
            if reads {
                table.register(&self.pipe.readable);
            }
            if writes {
                table.register(&self.pipe.writable);
            }
        }
        let state = self.pipe.state.lock();
        let mut events = Events::empty();
        if reads {
            events.set(Events::IN | Events::RDNORM, state.ring.length > 0);
            let writer_came = self.pipe.writer_opens.load(Ordering::Acquire) != self.writers_seen;
            events.set(Events::HUP, state.writers == 0 && writer_came);
        }
        if writes {
            events.set(Events::OUT | Events::WRNORM, state.room() > 0);
            events.set(Events::ERR, state.readers == 0);
        }
        events
    }
    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.pipe.waiting())
    }
    fn inode(&self) -> Option<InodeRef> {
        Some(self.inode.clone())
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "pipe:[{}]", self.inode.core().number)
    }
}

/// The inode of a pipe without a name.
struct PipeInode(InodeCore);

impl Inode for PipeInode {
    fn core(&self) -> &InodeCore {
        &self.0
    }
    fn metadata(&self) -> Metadata {
        self.0.metadata()
    }
}

/// A new pipe: the end that reads and the end that writes. The inode belongs to `uid` and `gid`.
pub fn pair(uid: u32, gid: u32) -> (Arc<PipeEnd>, Arc<PipeEnd>) {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let owner = Owner { uid, gid, ..Owner::root(0o600) };
    let core = InodeCore::new(number, NodeKind::Fifo, DEVICE, DeviceNumber::default(), owner);
    let pipe = Arc::new(Pipe::new());
    *core.fifo.lock() = Some(pipe.clone());
    let inode: InodeRef = Arc::new(PipeInode(core));
    let reader = PipeEnd::new(&pipe, Access::READ, &inode);
    let writer = PipeEnd::new(&pipe, Access::WRITE, &inode);
    (Arc::new(reader), Arc::new(writer))
}

/// Opens a FIFO: waits for the other side, unless told not to ([`Kind::NoDevice`] for a writer then).
pub fn open_fifo(inode: &InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>> {
    let access = request.access & (Access::READ | Access::WRITE);
    let nonblock = request.status.contains(Status::NONBLOCK);
    let pipe = inode.core().fifo.lock().get_or_insert_with(|| Arc::new(Pipe::new())).clone();
    if access == Access::WRITE && nonblock && pipe.state.lock().readers == 0 {
        return Err(Kind::NoDevice.into());
    }
    let (reader_opens, writer_opens) =
        (pipe.reader_opens.load(Ordering::Acquire), pipe.writer_opens.load(Ordering::Acquire));
    let end = PipeEnd::new(&pipe, access, inode);
    pipe.readable.wake_all();
    pipe.writable.wake_all();
    if !nonblock && access == Access::READ {
        let came = || {
            let opened = pipe.writer_opens.load(Ordering::Acquire) != writer_opens;
            (opened || pipe.state.lock().writers > 0).then_some(())
        };
        pipe.readable.wait(Sleep::Interruptible, None, came)?;
    }
    if !nonblock && access == Access::WRITE {
        let came = || {
            let opened = pipe.reader_opens.load(Ordering::Acquire) != reader_opens;
            (opened || pipe.state.lock().readers > 0).then_some(())
        };
        pipe.writable.wait(Sleep::Interruptible, None, came)?;
    }
    Ok(Arc::new(end))
}
