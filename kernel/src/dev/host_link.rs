//! The link to the host command that started the machine: the standard streams and the exit status of
//! the one program it runs.
//!
//! | device | direction | hardware |
//! |---|---|---|
//! | `/dev/exo/stdin` | host → guest | COM2, framed (below) |
//! | `/dev/exo/stdout` | guest → host | debug console at port 0x500 |
//! | `/dev/exo/stderr` | guest → host | debug console at port 0x504 |
//! | `/dev/exo/control` | guest → host | debug console at port 0x508, lines of text |
//! | `/dev/exo/recording` | guest → host | debug console at port 0x50c, where the host asked for a recording |
//!
//! On COM2 all bytes are data but 0xff, which begins a frame: `ff ff` is a data byte 0xff, `ff 00` the
//! end of input, `ff 01 rows_lo rows_hi columns_lo columns_hi` a new size of the console's window.

use alloc::sync::Arc;
use alloc::vec::Vec;

use alloc::collections::VecDeque;

use spin::Once;

use super::serial_line::SerialLine;
use super::tty::{Tty, WindowSize};
use crate::arch::pio;
use crate::sync::{Events, PollTable, Sleep, SpinLock, WaitQueue};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Bytes of input that wait for the program before the host has to.
const INPUT_LIMIT: usize = 64 * 1024;

/// What a byte on the line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Data(u8),
    End,
    Window(WindowSize),
    /// Inside a frame.
    Nothing,
}

/// Takes frames apart, byte by byte.
#[derive(Debug, Default)]
enum Decoder {
    #[default]
    Plain,
    Escaped,
    Window([u8; 4], usize),
}

impl Decoder {
    fn push(&mut self, byte: u8) -> Item {
        let (next, item) = match core::mem::take(self) {
            Self::Plain if byte == 0xff => (Self::Escaped, Item::Nothing),
            Self::Plain => (Self::Plain, Item::Data(byte)),
            Self::Escaped => match byte {
                0xff => (Self::Plain, Item::Data(byte)),
                0 => (Self::Plain, Item::End),
                1 => (Self::Window([0; 4], 0), Item::Nothing),
                _ => (Self::Plain, Item::Nothing),
            },
            Self::Window(mut bytes, at) => {
                bytes[at] = byte;
                if at < 3 {
                    (Self::Window(bytes, at + 1), Item::Nothing)
                } else {
                    let [rows, columns] =
                        [[bytes[0], bytes[1]], [bytes[2], bytes[3]]].map(u16::from_le_bytes);
                    (Self::Plain, Item::Window(WindowSize { rows, columns, ..WindowSize::default() }))
                }
            }
        };
        *self = next;
        item
    }
}

struct Input {
    bytes: VecDeque<u8>,
    ended: bool,
}

/// The program's standard input.
pub struct HostInput {
    line: Arc<SerialLine>,
    input: SpinLock<Input>,
    readable: WaitQueue,
    drained: WaitQueue,
}

impl HostInput {
    /// Input that arrives on `line`; [`pump`](Self::pump) has to run in a thread.
    pub fn new(line: Arc<SerialLine>) -> Self {
        let input = SpinLock::new(Input { bytes: VecDeque::new(), ended: false });
        Self { line, input, readable: WaitQueue::new(), drained: WaitQueue::new() }
    }

    /// Moves bytes from the line to readers, and window sizes to `console`, for ever.
    pub fn pump(&self, console: Option<&Tty>) {
        let mut decoder = Decoder::default();
        let mut arrived = Vec::new();
        loop {
            self.line.receive(&mut arrived, 1024);
            for &byte in &arrived {
                match decoder.push(byte) {
                    Item::Nothing => {}
                    Item::Data(byte) => self.input.lock().bytes.push_back(byte),
                    Item::End => self.input.lock().ended = true,
                    Item::Window(size) => console.into_iter().for_each(|tty| tty.set_window(size)),
                }
            }
            self.readable.wake_all();
            let room = || (self.input.lock().bytes.len() < INPUT_LIMIT).then_some(());
            if self.drained.wait(Sleep::Uninterruptible, None, room).is_err() {
                return;
            }
        }
    }

    /// Reads what is there, waiting for at least one byte; 0 at the end of input.
    pub fn read(&self, dest: &mut IoDest, nonblock: bool) -> Result<usize> {
        let ready = || {
            let input = self.input.lock();
            (input.ended || !input.bytes.is_empty()).then_some(())
        };
        if ready().is_none() {
            if nonblock {
                return Err(Kind::WouldBlock.into());
            }
            self.readable.wait(Sleep::Interruptible, None, ready)?;
        }
        let mut piece = [0; 512];
        let mut done = 0;
        while dest.remaining() > 0 {
            let count = {
                let mut input = self.input.lock();
                let count = input.bytes.len().min(piece.len()).min(dest.remaining());
                piece.iter_mut().zip(input.bytes.drain(..count)).for_each(|(slot, byte)| *slot = byte);
                count
            };
            if count == 0 {
                break;
            }
            done += dest.put(&piece[..count])?;
        }
        self.drained.wake_all();
        Ok(done)
    }

    /// Readiness for poll.
    pub fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.readable);
        }
        let input = self.input.lock();
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, input.ended || !input.bytes.is_empty());
        events.set(Events::HUP, input.ended && input.bytes.is_empty());
        events
    }
}

/// A debug console: every byte written to its port goes to the host.
#[derive(Clone, Copy, Debug)]
pub struct DebugConsole {
    port: u16,
}

impl DebugConsole {
    /// The console at `port`, if there is one (reading it answers 0xe9).
    pub fn probe(port: u16) -> Option<Self> {
        // SAFETY: reading a debug console, or a port with nothing behind it, has no effect.
        (unsafe { pio::inb(port) } == 0xe9).then_some(Self { port })
    }

    /// Sends all of `source`.
    pub fn write(&self, source: &mut IoSource) -> Result<usize> {
        let mut piece = [0; 1024];
        let mut done = 0;
        while source.remaining() > 0 {
            let count = match source.take(&mut piece) {
                Err(_) if done > 0 => break,
                other => other?,
            };
            self.send(&piece[..count]);
            done += count;
        }
        Ok(done)
    }

    fn send(self, bytes: &[u8]) {
        // SAFETY: the port is a debug console's (probed); writing to it has no effect on memory.
        unsafe { pio::outsb(self.port, bytes) };
    }
}

/// The port of the program's standard error.
pub const ERROR_PORT: u16 = 0x504;

static ERROR: Once<Option<DebugConsole>> = Once::new();

/// Writes to the host command's standard error. Returns whether there is a host command.
pub fn write_error(text: &[u8]) -> bool {
    let console = ERROR.call_once(|| DebugConsole::probe(ERROR_PORT));
    if let Some(console) = console {
        console.send(text);
    }
    console.is_some()
}
