//! The device nodes of `/dev` and what stands behind each: called once at boot, after the file layer is up.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use spin::Once;

use super::devpts;
use super::host_file::{DebugConsoleFile, HostInputFile};
use super::host_link::{DebugConsole, HostInput, ERROR_PORT};
use super::keyboard::{self, Keyboard};
use super::serial_line::SerialLine;
use super::tty::{job_control, Termios, Tty, TtyDriver, WindowSize};
use super::tty_file::TtyFile;
use super::uart::Uart;
use super::vga::Vga;
use crate::arch::irq;
use crate::sched::Thread;
use crate::sync::{IrqLock, Sleep, WaitQueue};
use crate::vfs::{devfs, DeviceNumber, File, NewNode, OpenFlags, OpenRequest};
use crate::{params, Kind, Result};

/// The terminal behind `/dev/console`.
static CONSOLE: Once<Arc<Tty>> = Once::new();
/// Device number of the first serial port.
const SERIAL_NUMBER: (u32, u32) = (4, 64);
static SERIAL: Once<Arc<SerialLine>> = Once::new();
static HOST_LINE: Once<Arc<SerialLine>> = Once::new();

fn register<F>(name: &str, number: (u32, u32), mode: u32, open: F) -> Result<()>
where
    F: Fn(&OpenRequest) -> Result<Arc<dyn File>> + Send + Sync + 'static,
{
    let node = NewNode::CharDevice(DeviceNumber::new(number.0, number.1));
    devfs::register(name.as_bytes(), node, mode, Arc::new(open))
}

/// The terminal behind `/dev/console`, by the name that the command line has for it; `None` without one.
pub fn console_name() -> Option<&'static str> {
    let (major, minor) = CONSOLE.get()?.device;
    Some(if (major, minor) == SERIAL_NUMBER { "ttyS0" } else { "tty0" })
}

/// Opens a terminal, and lets the personality know.
fn open_tty(tty: &Arc<Tty>, request: &OpenRequest) -> Result<Arc<dyn File>> {
    if tty.exclusive() {
        return Err(Kind::Busy.into());
    }
    if !request.flags.contains(OpenFlags::NO_CONTROLLING_TTY) {
        job_control().into_iter().for_each(|control| control.opened(tty));
    }
    Ok(Arc::new(TtyFile::new(tty.clone())))
}

/// Registers everything that the machine has.
pub fn init() -> Result<()> {
    serial_console()?;
    screen_console()?;
    host_link()?;
    register("tty", (5, 0), 0o666, |_| {
        let tty = job_control().ok_or(Kind::NoDevice)?.own()?;
        Ok(Arc::new(TtyFile::new(tty)))
    })?;
    register("console", (5, 1), 0o600, |_| {
        // The console as such never becomes a controlling terminal by being opened.
        let tty = CONSOLE.get().ok_or(Kind::NoDevice)?;
        Ok(Arc::new(TtyFile::new(tty.clone())))
    })?;
    devpts::init()
}

/// A serial port as a terminal's line.
struct SerialDriver(Arc<SerialLine>);

impl TtyDriver for SerialDriver {
    fn write(&self, bytes: &[u8]) {
        self.0.uart().send(bytes);
    }
}

fn line(
    port: u16,
    interrupt: u8,
    place: &'static Once<Arc<SerialLine>>,
    handler: fn(),
) -> Result<Option<Arc<SerialLine>>> {
    let Some(uart) = Uart::probe(port) else { return Ok(None) };
    let line = place.call_once(|| Arc::new(SerialLine::new(uart))).clone();
    irq::register(interrupt, handler);
    line.start();
    Ok(Some(line))
}

fn serial_console() -> Result<()> {
    let handler = || SERIAL.get().into_iter().for_each(|line| line.on_interrupt());
    let Some(line) = line(0x3f8, 4, &SERIAL, handler)? else { return Ok(()) };
    let tty = Arc::new(Tty::new(SERIAL_NUMBER, Box::new(SerialDriver(line.clone())), Termios::new()));
    if let Some(size) = params::get("exo.window").and_then(parse_window) {
        tty.set_window(size);
    }
    CONSOLE.call_once(|| tty.clone());
    let input = tty.clone();
    Thread::spawn_kernel(
        "ttyS0",
        Box::new(move || {
            let mut bytes = Vec::new();
            loop {
                line.receive(&mut bytes, 256);
                input.input(&bytes);
            }
        }),
    )?;
    register("ttyS0", SERIAL_NUMBER, 0o660, move |request| open_tty(&tty, request))
}

/// `ROWSxCOLUMNS`
fn parse_window(text: &str) -> Option<WindowSize> {
    let (rows, columns) = text.split_once('x')?;
    Some(WindowSize { rows: rows.parse().ok()?, columns: columns.parse().ok()?, ..WindowSize::default() })
}

/// Scan codes that wait for the keyboard's thread.
static SCAN_CODES: IrqLock<([u8; 64], usize)> = IrqLock::new(([0; 64], 0));
static KEY_PRESSED: WaitQueue = WaitQueue::new();

fn on_key() {
    while let Some(code) = keyboard::read_scan_code() {
        let (codes, count) = &mut *SCAN_CODES.lock();
        // A person does not type that far ahead of an idle thread.
        if let Some(slot) = codes.get_mut(*count) {
            *slot = code;
            *count += 1;
        }
    }
    KEY_PRESSED.wake_all();
}

struct ScreenDriver {
    vga: Arc<Vga>,
    /// The terminal's answers (cursor position), which go into its own input.
    replies: Arc<IrqLock<Vec<u8>>>,
}

impl TtyDriver for ScreenDriver {
    fn write(&self, bytes: &[u8]) {
        let reply = self.vga.write(bytes);
        if !reply.is_empty() {
            self.replies.lock().extend(reply);
            KEY_PRESSED.wake_all();
        }
    }
}

/// The VGA screen and the keyboard as `/dev/tty1`, where `console=tty1` or `console=tty0` asks for it.
fn screen_console() -> Result<()> {
    let wanted =
        params::iter().any(|(name, value)| name == "console" && matches!(value, Some("tty0" | "tty1")));
    let Some(vga) = wanted.then(Vga::probe).flatten() else { return Ok(()) };
    let vga = Arc::new(vga);
    let replies = Arc::new(IrqLock::new(Vec::new()));
    let driver = ScreenDriver { vga: vga.clone(), replies: replies.clone() };
    let tty = Arc::new(Tty::new((4, 1), Box::new(driver), Termios::new()));
    let (rows, columns) = Vga::size();
    tty.set_window(WindowSize { rows, columns, ..WindowSize::default() });
    CONSOLE.call_once(|| tty.clone());
    irq::register(1, on_key);
    let input = tty.clone();
    Thread::spawn_kernel("keyboard", Box::new(move || type_keys(&vga, &replies, &input)))?;
    register("tty1", (4, 1), 0o620, move |request| open_tty(&tty, request))
}

/// Turns scan codes into input, for ever.
fn type_keys(vga: &Vga, replies: &IrqLock<Vec<u8>>, tty: &Tty) {
    let mut keyboard = Keyboard::new();
    loop {
        let mut bytes = Vec::new();
        let waited = KEY_PRESSED.wait(Sleep::Uninterruptible, None, || {
            bytes.append(&mut replies.lock());
            let (codes, count) = core::mem::replace(&mut *SCAN_CODES.lock(), ([0; 64], 0));
            for code in &codes[..count] {
                keyboard.push(*code, vga.cursor_keys_application(), &mut bytes);
            }
            (count > 0 || !bytes.is_empty()).then_some(())
        });
        if waited.is_err() {
            return;
        }
        tty.input(&bytes);
    }
}

fn host_link() -> Result<()> {
    let ports =
        [("exo/stdout", 0x500), ("exo/stderr", ERROR_PORT), ("exo/control", 0x508), ("exo/recording", 0x50c)];
    for (name, port) in ports {
        if let Some(console) = DebugConsole::probe(port) {
            register(name, (240, u32::from(port)), 0o666, move |_| Ok(Arc::new(DebugConsoleFile(console))))?;
        }
    }
    let handler = || HOST_LINE.get().into_iter().for_each(|line| line.on_interrupt());
    let Some(line) = line(0x2f8, 3, &HOST_LINE, handler)? else { return Ok(()) };
    let input = Arc::new(HostInput::new(line));
    let pump = input.clone();
    Thread::spawn_kernel("host-link", Box::new(move || pump.pump(CONSOLE.get().map(|tty| &**tty))))?;
    register("exo/stdin", (240, 0), 0o666, move |_| Ok(Arc::new(HostInputFile(input.clone()))))
}
