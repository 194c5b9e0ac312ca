//! One guest that runs one job: starts QEMU with the host link, carries bytes, waits for the end.
//!
//! A [`Job`] is what to run; [`Job::start`] makes the initrd and a [`Guest`]. Its streams are threads
//! that copy between sockets and whatever the caller gave; [`Guest::wait`] returns how it ended.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{bail, Context, Result};

use crate::cli::{Machine, MachineOptions};
use crate::initrd::{self, Initrd};
use crate::link::control::{Event, Parser};
use crate::machine::{Boot, Console, LinkSockets};
use crate::project::Project;
use crate::terminal;

/// How a job came to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code (128 + signal when killed).
    Code(u8),
    /// The machine stopped, and the program had not ended; whether it had begun.
    Vanished {
        started: bool,
    },
    TimedOut,
    /// The reader of the program's output went away.
    NoReader,
    /// The user pressed Ctrl-A X, or a signal came.
    Left(u8),
}

/// What a stream's thread or a signal reports to the one that waits.
pub enum Note {
    Control(Event),
    /// QEMU has closed the control port: it is gone.
    Gone,
    NoReader,
    Leave(u8),
    /// Bytes came: the job is alive.
    Alive,
}

/// Which system runs the job.
pub struct System {
    kernel: std::path::PathBuf,
    base: Vec<u8>,
    pub listing: initrd::Listing,
    linux: Option<Vec<u8>>,
}

impl System {
    pub fn new(project: &Project, options: &MachineOptions) -> Result<Self> {
        let base_path = options.initrd.clone().map_or_else(|| project.initramfs(), Ok)?;
        let base = initrd::read_base(&base_path)?;
        let (listing, _) = initrd::scan(&base)
            .with_context(|| format!("can't use the initramfs {}", base_path.display()))?;
        if options.linux {
            return Ok(Self {
                kernel: project.linux_kernel()?,
                base,
                listing,
                linux: Some(std::fs::read(project.built("yardstick-init", "make all")?)?),
            });
        }
        let kernel = options.kernel.clone().map_or_else(|| project.kernel(), Ok)?;
        Ok(Self { kernel, base, listing, linux: None })
    }

    /// The whole initrd for this system, with `job` in it.
    fn pack(&self, project: &Project, mut initrd: Initrd) -> Result<Vec<u8>> {
        match &self.linux {
            None => initrd.tar(&self.base),
            Some(init) => {
                initrd.add(YARDSTICK_INIT, 0o755, init.clone());
                Ok(initrd.cpio(&std::fs::read(project.linux_initramfs()?)?, &self.listing))
            }
        }
    }

    fn append(&self, terminal: bool) -> String {
        if self.linux.is_some() {
            LINUX_APPEND.into()
        } else {
            let size = if terminal { terminal::size_option() } else { String::new() };
            format!("console=ttyS0 quiet panic=-1 init=/sbin/exo-init{size}")
        }
    }
}

const YARDSTICK_INIT: &str = "/exo/yardstick-init";

/// Linux at its best: no mitigations, and page tables no deeper than ours.
pub const LINUX_APPEND: &str =
    "console=ttyS0 quiet panic=-1 mitigations=off no5lvl rdinit=/exo/yardstick-init";

/// A program to be run in a guest of its own.
pub struct Job {
    pub path: String,
    pub arguments: Vec<String>,
    pub environment: Vec<String>,
    pub cwd: String,
    /// Which of standard input, output and error are the console rather than the link.
    pub terminal: [bool; 3],
    pub initrd: Initrd,
    /// Whether the guest hands over what the scheduler did.
    pub recorded: bool,
}

impl Job {
    pub fn new(path: &str, arguments: &[&str]) -> Self {
        Self {
            path: path.into(),
            arguments: arguments.iter().map(|&word| word.into()).collect(),
            environment: default_environment(),
            cwd: "/".into(),
            terminal: [false; 3],
            initrd: Initrd::default(),
            recorded: false,
        }
    }

    fn describe(&mut self) {
        let joined = |words: &[String]| words.iter().flat_map(|word| [word, "\0"]).collect::<String>();
        let stdio = self.terminal.map(|terminal| if terminal { "tty" } else { "link" }).join(" ");
        let files = [
            ("argv", joined(&self.arguments)),
            ("env", joined(&self.environment)),
            ("path", format!("{}\n", self.path)),
            ("stdio", format!("{stdio}\n")),
            ("cwd", format!("{}\n", self.cwd)),
        ];
        for (name, text) in files {
            self.initrd.add(&format!("/exo/{name}"), 0o644, text);
        }
    }

    /// Boots the machine. Nothing is read from it until [`Guest::copy_output`] is called.
    pub fn start(mut self, project: &Project, system: &System, options: &MachineOptions) -> Result<Guest> {
        self.describe();
        let packed = system.pack(project, std::mem::take(&mut self.initrd))?;
        let mut file = tempfile::NamedTempFile::new().context("can't make a temporary file")?;
        file.write_all(&packed).context("can't write the initrd to a temporary file")?;

        // Between making a child's socket and closing our copy of it, no other guest may start: it
        // would inherit the socket and hold it open.
        let _alone = spawn_lock();
        let (console, console_child) = socket_pair()?;
        let (stdin, stdin_child) = socket_pair()?;
        let (stdout, stdout_child) = socket_pair()?;
        let (stderr, stderr_child) = socket_pair()?;
        let (control, control_child) = socket_pair()?;
        let (recording, recording_child) = if self.recorded { Some(socket_pair()?) } else { None }.unzip();
        let boot = Boot {
            options,
            // Linux does not always come up on QEMU's microvm.
            default_machine: if system.linux.is_some() { Machine::Pc } else { Machine::Microvm },
            kernel: Some(&system.kernel),
            initrd: Some(file.path()),
            append: system.append(self.terminal.contains(&true)),
            console: Console::Socket(console_child.as_raw_fd()),
            link: Some(LinkSockets {
                stdin: stdin_child.as_raw_fd(),
                stdout: stdout_child.as_raw_fd(),
                stderr: stderr_child.as_raw_fd(),
                control: control_child.as_raw_fd(),
                recording: recording_child.as_ref().map(AsRawFd::as_raw_fd),
            }),
            sizes: None,
            display: false,
            once: true,
        };
        let qemu = boot
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("can't start qemu-system-x86_64; tools/setup installs it")?;
        drop((console_child, stdin_child, stdout_child, stderr_child, control_child, recording_child));

        let (notes, inbox) = channel();
        let (ready_sender, ready) = channel();
        watch_control(control, notes.clone(), ready_sender);
        Ok(Guest {
            qemu,
            console,
            stdin: Some(stdin),
            stdout: Some(stdout),
            stderr: Some(stderr),
            recording,
            log: Arc::default(),
            copiers: Vec::new(),
            notes,
            inbox,
            ready: Some(ready),
            _initrd: file,
        })
    }
}

/// What a login would set, and the kind of terminal that the caller has.
pub fn default_environment() -> Vec<String> {
    let terminal = std::env::var("TERM").unwrap_or_else(|_| "vt100".into());
    vec![
        "PATH=/bin:/sbin:/usr/bin:/usr/sbin".into(),
        "HOME=/root".into(),
        "USER=root".into(),
        "SHELL=/bin/sh".into(),
        format!("TERM={terminal}"),
    ]
}

fn spawn_lock() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Our end, closed on exec, and the child's end, which is not.
fn socket_pair() -> Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair().context("can't make a socket pair")?;
    rustix::io::fcntl_setfd(&theirs, rustix::io::FdFlags::empty()).context("can't pass a socket on")?;
    Ok((ours, theirs))
}

fn watch_control(mut control: UnixStream, notes: Sender<Note>, ready: Sender<()>) {
    std::thread::spawn(move || {
        let mut parser = Parser::default();
        let mut buffer = [0; 256];
        while let Ok(count @ 1..) = control.read(&mut buffer) {
            for event in parser.feed(&buffer[..count]) {
                if event == Event::Ready {
                    let _ = ready.send(());
                }
                drop(notes.send(Note::Control(event)));
            }
        }
        drop(notes.send(Note::Gone));
    });
}

/// What a guest writes, collected by one thread and taken by another.
#[derive(Clone, Default)]
pub struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    /// What there is so far; the next call gives what comes after.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A running machine with a job in it. Dropping it ends the machine.
pub struct Guest {
    qemu: Child,
    console: UnixStream,
    stdin: Option<UnixStream>,
    stdout: Option<UnixStream>,
    stderr: Option<UnixStream>,
    recording: Option<UnixStream>,
    log: Arc<Mutex<Vec<u8>>>,
    copiers: Vec<JoinHandle<()>>,
    notes: Sender<Note>,
    inbox: Receiver<Note>,
    ready: Option<Receiver<()>>,
    _initrd: tempfile::NamedTempFile,
}

/// How much of the console is kept to explain an unexpected end.
const LOG_KEPT: usize = 1 << 20;

impl Guest {
    /// For a thread that has something to report.
    pub fn notes(&self) -> Sender<Note> {
        self.notes.clone()
    }

    /// The way to the program's standard input, framed; none after the first call.
    pub fn stdin(&mut self) -> Option<UnixStream> {
        self.stdin.take()
    }

    /// Yields once, when the program starts: input sent before that may meet a port nobody has opened.
    pub fn ready(&mut self) -> Option<Receiver<()>> {
        self.ready.take()
    }

    pub fn console(&self) -> Result<UnixStream> {
        self.console.try_clone().context("can't use the console's socket twice")
    }

    /// Copies the program's output to `stdout` and `stderr`, and the console to `console` if given.
    pub fn copy_output(
        &mut self,
        stdout: impl Write + Send + 'static,
        stderr: impl Write + Send + 'static,
        console: Option<Box<dyn Write + Send>>,
    ) -> Result<()> {
        if let Some(socket) = self.stdout.take() {
            self.copiers.push(copy(socket, stdout, self.notes.clone()));
        }
        if let Some(socket) = self.stderr.take() {
            self.copiers.push(copy(socket, stderr, self.notes.clone()));
        }
        let log = Kept { log: Arc::clone(&self.log), next: console };
        self.copiers.push(copy(self.console()?, log, self.notes.clone()));
        Ok(())
    }

    /// Copies what the scheduler did, if that was asked for.
    pub fn copy_recording(&mut self, to: impl Write + Send + 'static) {
        if let Some(socket) = self.recording.take() {
            self.copiers.push(copy(socket, to, self.notes.clone()));
        }
    }

    /// What came over the console so far.
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        String::from_utf8_lossy(&log).replace('\r', "")
    }

    /// Until the job's end, `deadline`, or `silence` without a byte from it; all output is copied then.
    pub fn wait(&mut self, deadline: Option<Duration>, silence: Option<Duration>) -> Result<End> {
        let begun = Instant::now();
        let mut last = begun;
        let mut started = false;
        let end = loop {
            let now = Instant::now();
            let limits = [deadline.map(|limit| begun + limit), silence.map(|limit| last + limit)];
            let next = limits.into_iter().flatten().min();
            if next.is_some_and(|next| next <= now) {
                break End::TimedOut;
            }
            let note = match next {
                Some(next) => self.inbox.recv_timeout(next - now),
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            last = Instant::now();
            match note {
                Ok(Note::Control(Event::Ready)) => started = true,
                Ok(Note::Control(event)) => {
                    if let Some(code) = event.exit_code() {
                        self.let_console_drain();
                        break End::Code(code);
                    }
                }
                Ok(Note::Gone) => break End::Vanished { started },
                Ok(Note::NoReader) => break End::NoReader,
                Ok(Note::Leave(code)) => break End::Left(code),
                Ok(Note::Alive) => {}
                Err(RecvTimeoutError::Timeout) => break End::TimedOut,
                Err(RecvTimeoutError::Disconnected) => bail!("all streams of the guest are gone"),
            }
        };
        let complaint = self.stop(matches!(end, End::Vanished { .. }));
        if let (End::Vanished { started: false }, Some(complaint)) = (&end, complaint) {
            bail!("QEMU says: {complaint}");
        }
        Ok(end)
    }

    /// The power-off comes right behind the exit line; a terminal may still be owed its last bytes.
    fn let_console_drain(&mut self) {
        let limit = Instant::now() + Duration::from_millis(500);
        while Instant::now() < limit && matches!(self.qemu.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends QEMU and the copying threads; returns what QEMU complained about if it ended by itself.
    fn stop(&mut self, by_itself: bool) -> Option<String> {
        if !by_itself {
            drop(self.qemu.kill());
        }
        let status = self.qemu.wait();
        for copier in self.copiers.drain(..) {
            drop(copier.join());
        }
        let mut text = String::new();
        if let Some(mut stderr) = self.qemu.stderr.take() {
            drop(stderr.read_to_string(&mut text));
        }
        let failed = by_itself && status.is_ok_and(|status| !status.success());
        (failed && !text.trim().is_empty()).then(|| text.trim().to_owned())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

/// Keeps the end of the console's output, and passes it on.
struct Kept {
    log: Arc<Mutex<Vec<u8>>>,
    next: Option<Box<dyn Write + Send>>,
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        log.extend_from_slice(bytes);
        if log.len() > LOG_KEPT {
            let excess = log.len() - LOG_KEPT / 2;
            log.drain(..excess);
        }
        if let Some(next) = &mut self.next {
            next.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.next.as_mut().map_or(Ok(()), |next| next.flush())
    }
}

fn copy(mut from: UnixStream, mut to: impl Write + Send + 'static, notes: Sender<Note>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            drop(notes.send(Note::Alive));
            if to.write_all(&buffer[..count]).and_then(|()| to.flush()).is_err() {
                drop(notes.send(Note::NoReader));
                break;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_files_follow_the_protocol() {
        let mut job = Job::new("/bin/busybox", &["sh", "-c", "exit 3"]);
        job.environment = vec!["A=1".into()];
        job.terminal = [true, false, true];
        job.describe();
        let tar = job.initrd.tar(&[]).unwrap();
        let mut found = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            found.insert(name, text);
        }
        assert_eq!(found["exo/argv"], "sh\0-c\0exit 3\0");
        assert_eq!(found["exo/env"], "A=1\0");
        assert_eq!(found["exo/path"], "/bin/busybox\n");
        assert_eq!(found["exo/stdio"], "tty link tty\n");
    }
}
