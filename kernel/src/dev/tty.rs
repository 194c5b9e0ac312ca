//! Terminals: a [`LineDiscipline`] between a [`TtyDriver`] (serial line, screen, pty master) and the
//! programs that read and write it.
//!
//! Input arrives through [`Tty::input`] in thread context (drivers hand bytes over from their interrupt
//! handlers to a thread). What signals and sessions mean is the personality's business: it registers a
//! [`JobControl`].

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};

pub use line_discipline::{Cc, Control, Input, Local, Output, Termios, CC_COUNT};
use line_discipline::{LineDiscipline, Received, Signal};
use spin::Once;

use crate::sync::{Events, PollTable, Sleep, SpinLock, WaitQueue};
use crate::time::{self, Instant};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Bytes of program output that are processed at once.
const WRITE_PIECE: usize = 512;

/// Where a terminal's output goes.
pub trait TtyDriver: Send + Sync {
    /// Takes all of `bytes` (already processed for output). Called with the terminal's lock held.
    fn write(&self, bytes: &[u8]);
    /// May more be written? While not, writers wait until [`Tty::output_drained`].
    fn writable(&self) -> bool {
        true
    }
    /// Drops output that is still on its way.
    fn flush_output(&self) {}
    /// A program has read input: there is room for more.
    fn input_drained(&self) {}
    /// Bytes of output still on their way.
    fn pending_output(&self) -> usize {
        0
    }
    /// The settings changed.
    fn termios_changed(&self, _old: &Termios, _new: &Termios) {}
    /// Input was stopped or restarted (`true`) by the discipline's flow control.
    fn flow_changed(&self, _stopped: bool) {}
    /// A file was made of it, by whatever name it was opened.
    fn opened(&self) {}
    /// Such a file is gone.
    fn closed(&self) {}
}

/// What a terminal tells its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtySignal {
    Interrupt,
    Quit,
    Suspend,
    /// The window has another size.
    WindowChange,
    /// The line is gone.
    Hangup,
}

/// Sessions and signals, supplied by the personality.
pub trait JobControl: Sync {
    /// May the caller read now? [`Kind::Interrupted`] after it was sent a signal for trying from the background.
    fn before_read(&self, tty: &Tty) -> Result<()>;
    /// May the caller write now? As [`before_read`](Self::before_read).
    fn before_write(&self, tty: &Tty) -> Result<()>;
    /// Tell the foreground group (or for a hang-up the session).
    fn signal(&self, tty: &Tty, signal: TtySignal);
    /// A control request that the personality defines; `master`: made at the other end of a pseudo-terminal.
    fn control(&self, tty: &Arc<Tty>, master: bool, command: u32, argument: usize) -> Result<usize>;
    /// The terminal was opened by the calling process, which may make it its controlling one.
    fn opened(&self, tty: &Arc<Tty>);
    /// The caller's controlling terminal (`/dev/tty`). [`Kind::NoDevice`] if it has none.
    fn own(&self) -> Result<Arc<Tty>>;
    /// User and group of the caller, for what it makes.
    fn user(&self) -> (u32, u32);
}

static JOB_CONTROL: Once<&'static dyn JobControl> = Once::new();

/// Registers the personality's job control, once.
pub fn set_job_control(job_control: &'static dyn JobControl) {
    JOB_CONTROL.call_once(|| job_control);
}

pub(super) fn job_control() -> Option<&'static dyn JobControl> {
    JOB_CONTROL.get().copied()
}

/// Rows and columns, and the size in pixels where known (`struct winsize`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowSize {
    pub rows: u16,
    pub columns: u16,
    pub x_pixels: u16,
    pub y_pixels: u16,
}

struct State {
    discipline: LineDiscipline,
    window: WindowSize,
}

/// What owns a terminal: the personality's idea of a session.
pub type Owner = dyn Any + Send + Sync;

/// A terminal.
pub struct Tty {
    /// Device number: major, minor.
    pub device: (u32, u32),
    driver: Box<dyn TtyDriver>,
    state: SpinLock<State>,
    readers: WaitQueue,
    writers: WaitQueue,
    hung_up: AtomicBool,
    exclusive: AtomicBool,
    /// The session whose controlling terminal this is; what it is made of is the personality's business.
    owner: SpinLock<Option<Weak<Owner>>>,
}

impl Tty {
    /// A terminal with default settings.
    pub fn new(device: (u32, u32), driver: Box<dyn TtyDriver>, termios: Termios) -> Self {
        let state = State { discipline: LineDiscipline::new(termios), window: WindowSize::default() };
        Self {
            device,
            driver,
            state: SpinLock::new(state),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
            hung_up: AtomicBool::new(false),
            exclusive: AtomicBool::new(false),
            owner: SpinLock::new(None),
        }
    }

    /// The session whose controlling terminal this is, while it exists.
    pub fn owner(&self) -> Option<Arc<Owner>> {
        self.owner.lock().as_ref()?.upgrade()
    }

    /// Makes it a session's controlling terminal, or nobody's.
    pub fn set_owner(&self, owner: Option<Weak<Owner>>) {
        let old = core::mem::replace(&mut *self.owner.lock(), owner);
        drop(old);
    }

    /// The settings.
    pub fn termios(&self) -> Termios {
        *self.state.lock().discipline.termios()
    }

    /// Changes the settings; with `flush` drops waiting input first.
    pub fn set_termios(&self, termios: Termios, flush: bool) {
        let old = {
            let mut state = self.state.lock();
            if flush {
                state.discipline.flush_input();
            }
            let old = *state.discipline.termios();
            state.discipline.set_termios(termios);
            old
        };
        self.driver.termios_changed(&old, &termios);
        self.readers.wake_all();
        self.writers.wake_all();
    }

    /// The window's size.
    pub fn window(&self) -> WindowSize {
        self.state.lock().window
    }

    /// Changes the window's size and tells the foreground group if it is another.
    pub fn set_window(&self, window: WindowSize) {
        let changed = core::mem::replace(&mut self.state.lock().window, window) != window;
        if changed {
            self.signal(TtySignal::WindowChange);
        }
    }

    /// Bytes that a read could return now (`FIONREAD`).
    pub fn readable(&self) -> usize {
        self.state.lock().discipline.readable()
    }

    /// Does a finished line wait (or in raw mode, any byte)?
    pub fn has_line(&self) -> bool {
        self.state.lock().discipline.has_input(1)
    }

    /// Bytes of input that can be taken without loss.
    pub fn input_room(&self) -> usize {
        self.state.lock().discipline.room()
    }

    /// Bytes of output on their way (`TIOCOUTQ`).
    pub fn pending_output(&self) -> usize {
        self.driver.pending_output()
    }

    /// Drops waiting input, output, or both (`tcflush`).
    pub fn flush(&self, input: bool, output: bool) {
        if input {
            self.state.lock().discipline.flush_input();
        }
        if output {
            self.driver.flush_output();
            self.writers.wake_all();
        }
    }

    /// Stops or restarts output (`tcflow`).
    pub fn set_stopped(&self, stopped: bool) {
        self.state.lock().discipline.set_stopped(stopped);
        if !stopped {
            self.writers.wake_all();
        }
    }

    /// Sends bytes to the other side past all processing (`tcflow(TCIOFF)`: the stop character).
    pub fn send_raw(&self, bytes: &[u8]) {
        let _state = self.state.lock();
        self.driver.write(bytes);
    }

    /// `TIOCEXCL`: further opens fail.
    pub fn set_exclusive(&self, exclusive: bool) {
        self.exclusive.store(exclusive, Ordering::Relaxed);
    }

    /// Is [`set_exclusive`](Self::set_exclusive) in force?
    pub fn exclusive(&self) -> bool {
        self.exclusive.load(Ordering::Relaxed)
    }

    /// A file was made of it.
    pub(super) fn opened(&self) {
        self.driver.opened();
    }

    /// A file that was made of it is gone.
    pub(super) fn closed(&self) {
        self.driver.closed();
    }

    /// The line is gone: readers see the end, writers an error, the session a hang-up.
    pub fn hang_up(&self) {
        if !self.hung_up.swap(true, Ordering::AcqRel) {
            self.signal(TtySignal::Hangup);
        }
        self.readers.wake_all();
        self.writers.wake_all();
    }

    /// Is the line gone?
    pub fn hung_up(&self) -> bool {
        self.hung_up.load(Ordering::Acquire)
    }

    /// Takes bytes from the line: echo, editing, signals.
    pub fn input(&self, bytes: &[u8]) {
        let mut readable = false;
        let mut flow = false;
        for &byte in bytes {
            let received = {
                let mut state = self.state.lock();
                state.discipline.receive(byte, &mut |echo| self.driver.write(echo))
            };
            match received {
                Received::Taken => {}
                Received::Readable => readable = true,
                Received::Flow => flow = true,
                Received::Signal(signal) => {
                    if !self.termios().local.contains(Local::NOFLSH) {
                        self.driver.flush_output();
                    }
                    flow = true;
                    self.signal(match signal {
                        Signal::Interrupt => TtySignal::Interrupt,
                        Signal::Quit => TtySignal::Quit,
                        Signal::Suspend => TtySignal::Suspend,
                    });
                }
            }
        }
        if readable {
            self.readers.wake_all();
        }
        if flow {
            self.driver.flow_changed(self.state.lock().discipline.stopped());
            self.writers.wake_all();
        }
    }

    /// Some output was taken: writers may go on.
    pub fn output_drained(&self) {
        self.writers.wake_all();
    }

    /// Reads a line, or raw bytes as `VMIN` and `VTIME` say (termios(3)). 0 at end of file or after a hang-up.
    pub fn read(&self, dest: &mut IoDest, nonblock: bool) -> Result<usize> {
        if let Some(control) = job_control() {
            control.before_read(self)?;
        }
        let wanted = dest.remaining().min(line_discipline::BUFFER_SIZE);
        if wanted == 0 {
            return Ok(0);
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(wanted).map_err(|_| Kind::NoMemory)?;
        bytes.resize(wanted, 0);
        let count = self.read_bytes(&mut bytes, nonblock)?;
        self.driver.input_drained();
        dest.put(&bytes[..count])
    }

    fn read_bytes(&self, bytes: &mut [u8], nonblock: bool) -> Result<usize> {
        let termios = self.termios();
        let tenths = u64::from(termios.char(Cc::Time));
        let minimum = usize::from(termios.char(Cc::Min)).min(bytes.len());
        let tenth = |count: u64| Some(time::now() + core::time::Duration::from_millis(100 * count));
        if termios.canonical() {
            return self.take_input(bytes, nonblock, None);
        }
        if minimum == 0 {
            // VMIN 0: what is there, or the first byte within VTIME.
            let deadline = if tenths == 0 { Some(time::now()) } else { tenth(tenths) };
            return match self.take_input(bytes, nonblock && tenths > 0, deadline) {
                Err(error) if error == Kind::TimedOut => Ok(0),
                other => other,
            };
        }
        let mut count = 0;
        while count < minimum {
            // The clock between bytes starts with the first one.
            let deadline = if count > 0 && tenths > 0 { tenth(tenths) } else { None };
            match self.take_input(&mut bytes[count..], nonblock, deadline) {
                Ok(0) => break,
                Ok(got) => count += got,
                Err(_) if count > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    /// Waits until the discipline has something, and reads it, or until the line is gone: then there is nothing. What
    /// one reader finds no other one takes.
    fn take_input(&self, bytes: &mut [u8], nonblock: bool, deadline: Option<Instant>) -> Result<usize> {
        let mut take = || {
            let mut state = self.state.lock();
            if state.discipline.has_input(1) {
                Some(state.discipline.read(bytes))
            } else {
                self.hung_up().then_some(0)
            }
        };
        if let Some(count) = take() {
            return Ok(count);
        }
        if nonblock {
            return Err(Kind::WouldBlock.into());
        }
        self.readers.wait(Sleep::Interruptible, deadline, take)
    }

    /// Writes program output.
    pub fn write(&self, source: &mut IoSource, nonblock: bool) -> Result<usize> {
        if let Some(control) = job_control() {
            control.before_write(self)?;
        }
        let mut done = 0;
        let mut piece = [0; WRITE_PIECE];
        while source.remaining() > 0 {
            match self.wait_for_room(nonblock) {
                Err(_) if done > 0 => return Ok(done),
                other => other?,
            }
            let wanted = source.remaining().min(WRITE_PIECE);
            let count = match source.take(&mut piece[..wanted]) {
                Err(_) if done > 0 => return Ok(done),
                other => other?,
            };
            self.state.lock().discipline.process_output(&piece[..count], &mut |out| self.driver.write(out));
            done += count;
            if count < wanted {
                break;
            }
        }
        Ok(done)
    }

    fn room(&self) -> bool {
        self.hung_up() || (self.driver.writable() && !self.state.lock().discipline.stopped())
    }

    fn wait_for_room(&self, nonblock: bool) -> Result<()> {
        if !self.room() {
            if nonblock {
                return Err(Kind::WouldBlock.into());
            }
            self.writers.wait(Sleep::Interruptible, None, || self.room().then_some(()))?;
        }
        if self.hung_up() {
            return Err(Kind::Io.into());
        }
        Ok(())
    }

    /// Waits until all output has left (`tcdrain`).
    pub fn drain(&self) -> Result<()> {
        let empty = || (self.driver.pending_output() == 0 || self.hung_up()).then_some(());
        self.writers.wait(Sleep::Interruptible, None, empty)
    }

    /// What could be done now without waiting.
    pub fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.readers);
            table.register(&self.writers);
        }
        if self.hung_up() {
            return Events::IN | Events::OUT | Events::HUP | Events::ERR;
        }
        let mut events = Events::empty();
        let state = self.state.lock();
        let termios = state.discipline.termios();
        let least = if termios.char(Cc::Time) == 0 { usize::from(termios.char(Cc::Min)) } else { 1 };
        events.set(Events::IN | Events::RDNORM, state.discipline.has_input(least));
        events.set(Events::OUT | Events::WRNORM, self.driver.writable() && !state.discipline.stopped());
        events
    }

    fn signal(&self, signal: TtySignal) {
        if let Some(control) = job_control() {
            control.signal(self, signal);
        }
    }
}
