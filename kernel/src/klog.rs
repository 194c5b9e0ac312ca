//! The kernel's log: a ring of records that `/dev/kmsg` and `syslog(2)` read, and the console's early sink.
//!
//! [`init`] registers it with the `log` crate. Every record goes to the ring; records more important than the
//! console level also go to the console: the polled first serial port until [`set_console`] names another sink.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use log::{Level, LevelFilter, Metadata, Record};

use crate::sync::{Events, Sleep, WaitQueue};
use crate::{arch, Result};

/// Bytes of text that the ring keeps.
pub const RING_SIZE: usize = 1 << 16;
/// Bytes of one record's text, at most.
pub const RECORD_SIZE: usize = 992;
/// The same of the kernel's own, which are put together on the stack.
const LINE_SIZE: usize = 512;
/// Bytes before a record's text in the ring: sequence, time, length, priority.
const HEADER_SIZE: usize = 20;

/// Severities as syslog numbers them.
pub mod severity {
    pub const EMERGENCY: u8 = 0;
    pub const ERROR: u8 = 3;
    pub const WARNING: u8 = 4;
    pub const NOTICE: u8 = 5;
    pub const INFO: u8 = 6;
    pub const DEBUG: u8 = 7;
}

/// One record's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts up from 0 without gaps.
    pub sequence: u64,
    /// Nanoseconds since boot.
    pub time: u64,
    /// A [`severity`], and eight times the number of the facility that it comes from: 0 is the kernel.
    pub priority: u16,
    /// Bytes of text, without a newline.
    pub length: usize,
}

struct Ring {
    bytes: [u8; RING_SIZE],
    /// Offsets that only grow; the place is the offset modulo the size.
    head: u64,
    tail: u64,
    /// Sequence numbers of the records at `tail` and after the last.
    first: u64,
    next: u64,
}

static RING: spin::Mutex<Ring> =
    spin::Mutex::new(Ring { bytes: [0; RING_SIZE], head: 0, tail: 0, first: 0, next: 0 });
/// Woken when a record has come.
static ARRIVALS: WaitQueue = WaitQueue::new();
/// Records before this one count as read.
static CLEARED: AtomicU64 = AtomicU64::new(0);
static CONSOLE_LEVEL: AtomicU32 = AtomicU32::new(7);
static CONSOLE: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

impl Ring {
    fn copy_in(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.bytes[self.head as usize % RING_SIZE] = byte;
            self.head += 1;
        }
    }

    fn copy_out(&self, at: u64, out: &mut [u8]) {
        for (offset, byte) in out.iter_mut().enumerate() {
            *byte = self.bytes[(at + offset as u64) as usize % RING_SIZE];
        }
    }

    fn entry_at(&self, at: u64) -> Entry {
        let mut header = [0; HEADER_SIZE];
        self.copy_out(at, &mut header);
        let word = |from: usize| u64::from_le_bytes(header[from..from + 8].try_into().expect("eight bytes"));
        Entry {
            sequence: word(0),
            time: word(8),
            length: usize::from(u16::from_le_bytes([header[16], header[17]])),
            priority: u16::from_le_bytes([header[18], header[19]]),
        }
    }

    fn push(&mut self, priority: u16, time: u64, text: &[u8]) {
        let needed = (HEADER_SIZE + text.len()) as u64;
        while self.head + needed - self.tail > RING_SIZE as u64 {
            self.tail += (HEADER_SIZE + self.entry_at(self.tail).length) as u64;
            self.first += 1;
        }
        let mut header = [0; HEADER_SIZE];
        header[..8].copy_from_slice(&self.next.to_le_bytes());
        header[8..16].copy_from_slice(&time.to_le_bytes());
        header[16..18].copy_from_slice(&(text.len() as u16).to_le_bytes());
        header[18..].copy_from_slice(&priority.to_le_bytes());
        self.copy_in(&header);
        self.copy_in(text);
        self.next += 1;
    }
}

/// Runs with the ring locked and interrupts off (handlers log too).
fn with_ring<R>(action: impl FnOnce(&mut Ring) -> R) -> R {
    let enabled = arch::irq_disable_save();
    let result = action(&mut RING.lock());
    arch::irq_restore(enabled);
    result
}

/// The first record with this sequence number or a later one; its text (or what fits) goes to `text`.
pub fn read(sequence: u64, text: &mut [u8]) -> Option<Entry> {
    with_ring(|ring| {
        let mut at = ring.tail;
        while at < ring.head {
            let entry = ring.entry_at(at);
            if entry.sequence >= sequence {
                let length = entry.length.min(text.len());
                ring.copy_out(at + HEADER_SIZE as u64, &mut text[..length]);
                return Some(entry);
            }
            at += (HEADER_SIZE + entry.length) as u64;
        }
        None
    })
}

/// The sequence number of the oldest record kept.
pub fn first_sequence() -> u64 {
    with_ring(|ring| ring.first)
}

/// The sequence number that the next record will get.
pub fn next_sequence() -> u64 {
    with_ring(|ring| ring.next)
}

/// Waits until there is a record with this sequence number or a later one.
pub fn wait_for(sequence: u64) -> Result<()> {
    ARRIVALS.wait(Sleep::Interruptible, None, || (next_sequence() > sequence).then_some(()))
}

/// Woken when a record has come.
pub fn arrivals() -> &'static WaitQueue {
    &ARRIVALS
}

/// Records before this one count as read.
pub fn cleared() -> u64 {
    CLEARED.load(Ordering::Relaxed)
}

/// From now on all records that there are count as read.
pub fn clear() {
    CLEARED.store(next_sequence(), Ordering::Relaxed);
}

/// Records less severe than this (numerically at or above) stay off the console.
pub fn console_level() -> u32 {
    CONSOLE_LEVEL.load(Ordering::Relaxed)
}

/// Sets [`console_level`].
pub fn set_console_level(level: u32) {
    CONSOLE_LEVEL.store(level, Ordering::Relaxed);
}

/// From now on `sink` shows records (with a newline at the end) instead of the polled serial port. It runs in
/// any context, so it neither sleeps nor logs.
pub fn set_console(sink: fn(&[u8])) {
    CONSOLE.store(sink as *mut (), Ordering::Release);
}

fn console_write(bytes: &[u8]) {
    let sink = CONSOLE.load(Ordering::Acquire);
    if sink.is_null() {
        arch::early_serial::write(bytes);
    } else {
        // SAFETY: only `set_console` stores here, and only such functions.
        let sink = unsafe { core::mem::transmute::<*mut (), fn(&[u8])>(sink) };
        sink(bytes);
    }
}

/// A line on the stack, cut where it is full.
struct Line {
    bytes: [u8; LINE_SIZE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LINE_SIZE - self.length;
        let bytes = &text.as_bytes()[..text.len().min(room)];
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
        Ok(())
    }
}

/// Records text, without its last newline and cut to [`RECORD_SIZE`]. Wakes those who wait for records, so no lock of
/// the scheduler or of a wait queue may be held.
pub fn record(priority: u16, text: &[u8]) {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let text = &text[..text.len().min(RECORD_SIZE)];
    let time = arch::nanoseconds();
    with_ring(|ring| ring.push(priority, time, text));
    ARRIVALS.wake(usize::MAX, Events::IN | Events::RDNORM);
    if u32::from(priority & 7) < console_level() {
        show(time, text);
    }
}

fn show(time: u64, text: &[u8]) {
    let mut prefix = Line { bytes: [0; LINE_SIZE], length: 0 };
    let _ = write!(prefix, "[{:5}.{:06}] ", time / 1_000_000_000, time / 1000 % 1_000_000);
    let enabled = arch::irq_disable_save();
    console_write(&prefix.bytes[..prefix.length]);
    console_write(text);
    console_write(b"\n");
    arch::irq_restore(enabled);
}

/// For a panic: straight to the serial port and the console, whatever is locked.
pub fn emergency(message: fmt::Arguments) {
    let mut line = Line { bytes: [0; LINE_SIZE], length: 0 };
    let _ = line.write_fmt(message);
    let text = &line.bytes[..line.length];
    if let Some(mut ring) = RING.try_lock() {
        ring.push(severity::EMERGENCY.into(), arch::nanoseconds(), text);
    }
    arch::early_serial::write(text);
    arch::early_serial::write(b"\n");
}

/// Warnings and errors of the kernel itself since the start.
static WARNINGS: AtomicUsize = AtomicUsize::new(0);

/// Warnings and errors of the kernel itself since the start, whether the console shows them or not.
pub fn warnings() -> usize {
    WARNINGS.load(Ordering::Relaxed)
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }
    fn log(&self, record: &Record) {
        let severity = match record.level() {
            Level::Error => severity::ERROR,
            Level::Warn => severity::WARNING,
            Level::Info => severity::INFO,
            Level::Debug | Level::Trace => severity::DEBUG,
        };
        if record.level() <= Level::Warn {
            WARNINGS.fetch_add(1, Ordering::Relaxed);
        }
        let mut line = Line { bytes: [0; LINE_SIZE], length: 0 };
        // `Line` never fails, and a formatter that does only shortens the message.
        let _ = line.write_fmt(*record.args());
        self::record(severity.into(), &line.bytes[..line.length]);
    }
    fn flush(&self) {}
}

/// Registers the log. Runs once, first of all.
pub fn init() {
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

/// Takes the console level from the command line: `debug`, `quiet`, `loglevel=N`.
pub fn apply_params() {
    if crate::params::has("debug") {
        set_console_level(8);
    }
    if crate::params::has("quiet") {
        set_console_level(u32::from(severity::NOTICE));
    }
    if let Some(level) = crate::params::get("loglevel") {
        match level.parse() {
            Ok(level) => set_console_level(level),
            Err(_) => log::warn!("loglevel={level} is not a number"),
        }
    }
}
