//! Pseudo-terminals: a [`Tty`] whose line is a program that holds the master end (pty(7)).

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU8, Ordering};

use line_discipline::{Cc, Input, Termios};

use super::tty::{Tty, TtyDriver};
use crate::sync::{Events, PollTable, Sleep, SpinLock, WaitQueue};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Output that waits for the master before writers have to.
const OUTPUT_LIMIT: usize = 8192;

/// Major numbers of the two ends (Linux's device list).
pub const SLAVE_MAJOR: u32 = 136;

/// Status bits of packet mode (ioctl_tty(2)).
pub mod packet {
    pub const DATA: u8 = 0;
    pub const FLUSH_WRITE: u8 = 2;
    pub const STOP: u8 = 4;
    pub const START: u8 = 8;
    pub const NO_STOP: u8 = 16;
    pub const DO_STOP: u8 = 32;
}

/// What the two ends share: the way from slave to master.
struct Channel {
    output: SpinLock<VecDeque<u8>>,
    readable: WaitQueue,
    writable: WaitQueue,
    /// Packet mode is on; `status` holds its pending bits.
    packet: AtomicBool,
    status: AtomicU8,
    /// Open descriptions of the slave, and whether there was ever one.
    slaves: AtomicU32,
    opened: AtomicBool,
}

impl Channel {
    fn report(&self, bits: u8) {
        if self.packet.load(Ordering::Relaxed) {
            self.status.fetch_or(bits, Ordering::AcqRel);
            self.readable.wake_all();
        }
    }

    /// The slave was opened and nobody has it open any more.
    fn abandoned(&self) -> bool {
        self.opened.load(Ordering::Acquire) && self.slaves.load(Ordering::Acquire) == 0
    }
}

struct SlaveDriver(Arc<Channel>);

impl TtyDriver for SlaveDriver {
    fn write(&self, bytes: &[u8]) {
        let mut output = self.0.output.lock();
        if output.try_reserve(bytes.len()).is_ok() {
            output.extend(bytes);
        }
        drop(output);
        self.0.readable.wake_all();
    }

    fn writable(&self) -> bool {
        self.0.output.lock().len() < OUTPUT_LIMIT
    }

    fn flush_output(&self) {
        self.0.output.lock().clear();
        self.0.report(packet::FLUSH_WRITE);
    }

    fn input_drained(&self) {
        self.0.writable.wake_all();
    }

    fn termios_changed(&self, old: &Termios, new: &Termios) {
        let stops = |termios: &Termios| {
            termios.input.contains(Input::IXON)
                && termios.char(Cc::Stop) == 19
                && termios.char(Cc::Start) == 17
        };
        match (stops(old), stops(new)) {
            (false, true) => self.0.report(packet::DO_STOP),
            (true, false) => self.0.report(packet::NO_STOP),
            _ => {}
        }
    }

    fn flow_changed(&self, stopped: bool) {
        self.0.report(if stopped { packet::STOP } else { packet::START });
    }

    fn opened(&self) {
        // Counted first: the master must not take the first open for one that is over.
        self.0.slaves.fetch_add(1, Ordering::AcqRel);
        self.0.opened.store(true, Ordering::Release);
    }

    fn closed(&self) {
        self.0.slaves.fetch_sub(1, Ordering::AcqRel);
        self.0.readable.wake_all();
    }
}

/// The master end of a pseudo-terminal. Dropping it hangs up the slave.
pub struct PtyMaster {
    /// Its number: the slave is `/dev/pts/NUMBER`.
    pub number: u32,
    slave: Arc<Tty>,
    channel: Arc<Channel>,
    locked: AtomicBool,
}

impl PtyMaster {
    /// A new pair with the given number. The slave is locked until [`set_locked`](Self::set_locked).
    pub fn new(number: u32) -> Self {
        let channel = Arc::new(Channel {
            output: SpinLock::new(VecDeque::new()),
            readable: WaitQueue::new(),
            writable: WaitQueue::new(),
            packet: AtomicBool::new(false),
            status: AtomicU8::new(0),
            slaves: AtomicU32::new(0),
            opened: AtomicBool::new(false),
        });
        let driver = Box::new(SlaveDriver(channel.clone()));
        let slave = Arc::new(Tty::new((SLAVE_MAJOR, number), driver, Termios::pseudo()));
        Self { number, slave, channel, locked: AtomicBool::new(true) }
    }

    /// The slave end.
    pub fn slave(&self) -> &Arc<Tty> {
        &self.slave
    }

    /// The slave, to be opened by its name. [`Kind::Io`] while it is locked.
    pub fn open_slave(&self) -> Result<&Arc<Tty>> {
        if self.locked() || self.slave.hung_up() {
            return Err(Kind::Io.into());
        }
        Ok(&self.slave)
    }

    /// Is the slave locked (`TIOCGPTLCK`)?
    pub fn locked(&self) -> bool {
        self.locked.load(Ordering::Acquire)
    }

    /// Locks or unlocks the slave (`TIOCSPTLCK`).
    pub fn set_locked(&self, locked: bool) {
        self.locked.store(locked, Ordering::Release);
    }

    /// Is packet mode on (`TIOCGPKT`)?
    pub fn packet_mode(&self) -> bool {
        self.channel.packet.load(Ordering::Acquire)
    }

    /// Turns packet mode on or off (`TIOCPKT`).
    pub fn set_packet_mode(&self, on: bool) {
        self.channel.status.store(0, Ordering::Release);
        self.channel.packet.store(on, Ordering::Release);
    }

    /// Bytes of slave output that wait (`FIONREAD`).
    pub fn readable(&self) -> usize {
        self.channel.output.lock().len()
    }

    fn ready(&self) -> bool {
        !self.channel.output.lock().is_empty() || self.has_status()
    }

    /// Is there something to report in packet mode?
    fn has_status(&self) -> bool {
        self.packet_mode() && self.channel.status.load(Ordering::Acquire) != 0
    }

    /// Reads slave output; [`Kind::Io`] once the slave is closed and its output read.
    pub fn read(&self, dest: &mut IoDest, nonblock: bool) -> Result<usize> {
        if dest.remaining() == 0 {
            return Ok(0);
        }
        loop {
            // Looked at first: what was written before the last close is there then.
            let abandoned = self.channel.abandoned();
            let packets = self.packet_mode();
            if packets {
                let status = self.channel.status.swap(0, Ordering::AcqRel);
                if status != packet::DATA {
                    return dest.put(&[status]);
                }
            }
            let done = self.read_output(dest, packets)?;
            if done > 0 {
                self.slave.output_drained();
                return Ok(done);
            }
            if abandoned {
                return Err(Kind::Io.into());
            }
            if nonblock {
                return Err(Kind::WouldBlock.into());
            }
            let ready = || (self.ready() || self.channel.abandoned()).then_some(());
            self.channel.readable.wait(Sleep::Interruptible, None, ready)?;
        }
    }

    /// Reads what there is, with the head of a packet before it if `packet`.
    fn read_output(&self, dest: &mut IoDest, packet: bool) -> Result<usize> {
        let mut piece = [0; 512];
        let mut done = 0;
        loop {
            let mut output = self.channel.output.lock();
            if output.is_empty() {
                return Ok(done);
            }
            let head = usize::from(packet && done == 0);
            let count = output.len().min(piece.len() - head).min(dest.remaining() - head);
            piece[head..].iter_mut().zip(output.drain(..count)).for_each(|(slot, byte)| *slot = byte);
            drop(output);
            if head + count == 0 {
                return Ok(done);
            }
            piece[..head].fill(packet::DATA);
            done += dest.put(&piece[..head + count])?;
        }
    }

    /// Bytes that the slave can take now without losing any. A line that is being typed takes any number:
    /// what is too long is dropped, as from a keyboard.
    fn slave_room(&self) -> usize {
        if self.slave.termios().canonical() && !self.slave.has_line() {
            return usize::MAX;
        }
        self.slave.input_room()
    }

    /// Types bytes at the slave.
    pub fn write(&self, source: &mut IoSource, nonblock: bool) -> Result<usize> {
        let mut piece = [0; 256];
        let mut done = 0;
        while source.remaining() > 0 {
            if self.slave_room() == 0 {
                if done > 0 && nonblock {
                    break;
                }
                if nonblock {
                    return Err(Kind::WouldBlock.into());
                }
                let waited = self
                    .channel
                    .writable
                    .wait(Sleep::Interruptible, None, || (self.slave_room() > 0).then_some(()));
                match waited {
                    Err(_) if done > 0 => break,
                    other => other?,
                }
            }
            let wanted = piece.len().min(self.slave_room());
            let count = match source.take(&mut piece[..wanted]) {
                Err(_) if done > 0 => break,
                other => other?,
            };
            self.slave.input(&piece[..count]);
            done += count;
        }
        Ok(done)
    }

    /// Readiness for poll.
    pub fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.channel.readable);
            table.register(&self.channel.writable);
        }
        let mut events = Events::empty();
        // Looked at first: who sees a closed slave sees all of its output too.
        events.set(Events::HUP, self.channel.abandoned());
        events.set(Events::IN | Events::RDNORM, self.ready());
        events.set(Events::PRI, self.has_status());
        events.set(Events::OUT | Events::WRNORM, self.slave_room() > 0);
        events
    }
}

impl Drop for PtyMaster {
    fn drop(&mut self) {
        self.slave.hang_up();
    }
}

/// Pseudo-terminals that can exist.
const NUMBERS: usize = 4096;

/// A bit for each number that is taken.
static TAKEN: SpinLock<[u64; NUMBERS / 64]> = SpinLock::new([0; NUMBERS / 64]);

/// The number of a pseudo-terminal. Nobody else has it until this is dropped.
pub struct PtyNumber(u32);

impl PtyNumber {
    /// The lowest free number. [`Kind::NoSpace`] if there is none.
    pub fn take() -> Result<Self> {
        let mut taken = TAKEN.lock();
        let word = taken.iter().position(|word| *word != u64::MAX).ok_or(Kind::NoSpace)?;
        let bit = taken[word].trailing_ones();
        taken[word] |= 1 << bit;
        Ok(Self(word as u32 * 64 + bit))
    }

    /// The number itself.
    pub fn get(&self) -> u32 {
        self.0
    }
}

impl Drop for PtyNumber {
    fn drop(&mut self) {
        TAKEN.lock()[self.0 as usize / 64] &= !(1 << (self.0 % 64));
    }
}
