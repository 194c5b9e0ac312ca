//! The memory devices of mem(4), null(4), zero(4), full(4) and random(4), and the kernel log (`/dev/kmsg`).

use alloc::sync::Arc;
use core::fmt::Write;

use super::random;
use crate::mm::{vmo, Vmo};
use crate::sync::{Events, PollTable, SpinLock};
use crate::user::{IoDest, IoSource};
use crate::vfs::{File, Io, Whence};
use crate::{klog, Kind, Result};

/// `/dev/null`: empty, and takes everything.
pub struct Null;

impl File for Null {
    fn read(&self, _dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        Ok(0)
    }
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        source.skip(source.remaining())
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, _current: u64, _offset: i64, _whence: Whence) -> Result<u64> {
        Ok(0)
    }
}

/// `/dev/zero`: endless zeros, and takes everything.
pub struct Zero;

impl File for Zero {
    /// Each mapping is of zeros of its own.
    fn map(&self) -> Result<Arc<Vmo>> {
        Vmo::new(vmo::MAX_LEN)
    }
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        dest.put_zeros(dest.remaining())
    }
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        source.skip(source.remaining())
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, _current: u64, _offset: i64, _whence: Whence) -> Result<u64> {
        Ok(0)
    }
}

/// `/dev/full`: endless zeros, and never room.
pub struct Full;

impl File for Full {
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        dest.put_zeros(dest.remaining())
    }
    fn write(&self, _source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        Err(Kind::NoSpace.into())
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, _current: u64, _offset: i64, _whence: Whence) -> Result<u64> {
        Ok(0)
    }
}

/// `/dev/random` and `/dev/urandom`: random bytes; what is written is mixed in.
pub struct Random;

impl File for Random {
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        random::read(dest)
    }
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        let mut piece = [0; 64];
        let mut done = 0;
        while source.remaining() > 0 {
            let count = source.take(&mut piece)?;
            random::stir(&piece[..count]);
            done += count;
        }
        Ok(done)
    }
}

/// `/dev/kmsg`: a record of the kernel log for each read; writes are logged.
pub struct KernelLog {
    /// Number of the next record to be read.
    next: SpinLock<u64>,
}

/// Longest record that can be written.
const RECORD: usize = 992;

impl KernelLog {
    /// A reader that begins with the oldest record.
    pub fn new() -> Self {
        Self { next: SpinLock::new(klog::first_sequence()) }
    }
}

impl Default for KernelLog {
    fn default() -> Self {
        Self::new()
    }
}

impl File for KernelLog {
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        let mut next = *self.next.lock();
        let mut text = [0; 1024];
        let Some(entry) = klog::read(next, &mut text) else { return Err(Kind::WouldBlock.into()) };
        // A reader that fell behind is told so once, by EPIPE in Linux's numbers, and goes on with what is there.
        if entry.sequence > next {
            *self.next.lock() = entry.sequence;
            return Err(Kind::BrokenPipe.into());
        }
        next = entry.sequence + 1;
        let mut record = alloc::string::String::new();
        let micros = entry.time / 1000;
        let written = write!(record, "{},{},{micros},-;", entry.severity, entry.sequence);
        debug_assert!(written.is_ok(), "writing to a String does not fail");
        let body = &text[..entry.length];
        if record.len() + body.len() + 1 > dest.remaining() {
            return Err(Kind::Invalid.into());
        }
        let count = dest.put(record.as_bytes())? + dest.put(body)? + dest.put(b"\n")?;
        *self.next.lock() = next;
        Ok(count)
    }

    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        let mut text = [0; RECORD];
        let length = source.remaining();
        if length > RECORD {
            return Err(Kind::Invalid.into());
        }
        let count = source.take(&mut text[..length])?;
        let (severity, message) = parse_record(&text[..count]);
        klog::write(severity, format_args!("{}", alloc::string::String::from_utf8_lossy(message).trim_end()));
        Ok(count)
    }

    fn seekable(&self) -> bool {
        false
    }

    fn poll(&self, _table: Option<&mut PollTable>) -> Events {
        let mut events = Events::OUT | Events::WRNORM;
        events.set(Events::IN | Events::RDNORM, *self.next.lock() < klog::next_sequence());
        events
    }
}

/// Splits `<6>text` into the severity (the low three bits) and the text.
fn parse_record(text: &[u8]) -> (u8, &[u8]) {
    const WARNING: u8 = 4;
    let plain = (WARNING, text);
    let Some(rest) = text.strip_prefix(b"<") else { return plain };
    let Some(end) = rest.iter().position(|&byte| byte == b'>') else { return plain };
    let digits = core::str::from_utf8(&rest[..end]).ok().and_then(|digits| digits.parse::<u32>().ok());
    digits.map_or(plain, |priority| ((priority & 7) as u8, &rest[end + 1..]))
}
