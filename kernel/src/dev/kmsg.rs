//! `/dev/kmsg`: the kernel's log, a record for each read; what is written is recorded too.

use alloc::vec::Vec;
use core::fmt::{self, Write};

use crate::klog::{self, Entry, RECORD_SIZE};
use crate::sync::{Events, PollTable, Poller, SpinLock};
use crate::user::{IoDest, IoSource};
use crate::vfs::{File, Io, Whence};
use crate::{Kind, Result};

/// What is said of a record before its text takes at most so many bytes.
const PREFIX: usize = 64;
/// What a user's record without a priority has: a warning, from facility 1 (user).
const DEFAULT_PRIORITY: u16 = USER | 4;
const USER: u16 = 1 << 3;

/// Has the room made that polls need, and which the log's queue keeps: afterwards polls leave nothing behind.
pub fn prepare() {
    Poller::new().table(Events::IN).register(klog::arrivals());
}

/// An opening of it.
pub struct KernelLog {
    /// Number of the next record to be read.
    next: SpinLock<u64>,
}

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

/// Text in a buffer with room for it.
struct Text(Vec<u8>);

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// A record as it is read: `priority,sequence,microseconds,-;text`, what cannot be printed escaped.
fn format(entry: &Entry, body: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve(PREFIX + 4 * body.len()).map_err(|_| Kind::NoMemory)?;
    let mut text = Text(bytes);
    let micros = entry.time / 1000;
    let written = write!(text, "{},{},{micros},-;", entry.priority, entry.sequence);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    for &byte in body {
        if (b' '..0x7f).contains(&byte) && byte != b'\\' {
            text.0.push(byte);
        } else {
            let written = write!(text, "\\x{byte:02x}");
            debug_assert!(written.is_ok(), "writing to memory does not fail");
        }
    }
    text.0.push(b'\n');
    Ok(text.0)
}

impl File for KernelLog {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        let next = *self.next.lock();
        let mut text = [0; RECORD_SIZE];
        let entry = loop {
            match klog::read(next, &mut text) {
                Some(entry) => break entry,
                None if io.nonblock() => return Err(Kind::WouldBlock.into()),
                None => klog::wait_for(next)?,
            }
        };
        // A reader that fell behind is told so once, by EPIPE in Linux's numbers, and goes on with what is there.
        if entry.sequence > next {
            *self.next.lock() = entry.sequence;
            return Err(Kind::BrokenPipe.into());
        }
        let record = format(&entry, &text[..entry.length])?;
        // On to the next one, also if this one does not fit: a reader with too small a buffer is not stuck.
        *self.next.lock() = entry.sequence + 1;
        if record.len() > dest.remaining() {
            return Err(Kind::Invalid.into());
        }
        dest.put(&record)
    }

    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        let mut text = [0; RECORD_SIZE];
        let length = source.remaining();
        if length > RECORD_SIZE {
            return Err(Kind::Invalid.into());
        }
        let count = source.take(&mut text[..length])?;
        let (priority, message) = parse(&text[..count]);
        klog::record(priority, message);
        Ok(count)
    }

    /// To the oldest record, behind the last, or behind the last that was cleared.
    fn reposition(&self, offset: i64, whence: Whence) -> Result<u64> {
        if offset != 0 {
            return Err(Kind::IllegalSeek.into());
        }
        *self.next.lock() = match whence {
            Whence::Start => klog::first_sequence(),
            Whence::End => klog::next_sequence(),
            Whence::Data => klog::cleared().max(klog::first_sequence()),
            _ => return Err(Kind::Invalid.into()),
        };
        Ok(0)
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(klog::arrivals());
        }
        let next = *self.next.lock();
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, next < klog::next_sequence());
        events.set(Events::ERR | Events::PRI, next < klog::first_sequence());
        events
    }
}

/// Splits `<14>text` into the priority and the text. A user's record is not of the kernel's facility.
fn parse(text: &[u8]) -> (u16, &[u8]) {
    let plain = (DEFAULT_PRIORITY, text);
    let Some(rest) = text.strip_prefix(b"<") else { return plain };
    let Some(end) = rest.iter().position(|&byte| byte == b'>') else { return plain };
    let Some(number) = core::str::from_utf8(&rest[..end]).ok().and_then(|digits| digits.parse::<u16>().ok())
    else {
        return plain;
    };
    // Facilities are numbers of eight bits.
    let facility = number & 0x7f8;
    let facility = if facility == 0 { USER } else { facility };
    (facility | number & 7, &rest[end + 1..])
}
