//! `exo run`: one program in a guest of its own, with the caller's standard streams.

use std::io::{IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{bail, Context, Result};
use sched_recording::{events, script, text, Clock};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};

use crate::cli::RunOptions;
use crate::guest::{Collected, End, Guest, Job, Note, System};
use crate::link::framing;
use crate::program::{self, Program};
use crate::project::Project;
use crate::terminal::{self, Escape, RawMode, Typed};

const TIMED_OUT: u8 = 124;
const SIGPIPE_CODE: u8 = 141;

pub fn run(options: &RunOptions) -> Result<u8> {
    let project = Project::find()?;
    let mut machine = options.machine.clone();
    if options.trace {
        machine.append = Some(format!("{} trace", machine.append.unwrap_or_default()));
    }
    if options.record_sched.is_some() {
        let room = options.record_room;
        machine.append = Some(format!("{} sched_record={room}", machine.append.unwrap_or_default()));
    }
    let system = System::new(&project, &machine)?;
    let job = job(options, &system)?;
    let interactive = job.terminal[0];
    let any_terminal = job.terminal.contains(&true);
    let mut guest = job.start(&project, &system, &machine)?;

    let raw = if interactive { RawMode::enter() } else { None };
    let console: Option<Box<dyn Write + Send>> =
        if any_terminal { Some(Box::new(std::io::stdout())) } else { None };
    guest.copy_output(std::io::stdout(), std::io::stderr(), console)?;
    let recording = Collected::default();
    guest.copy_recording(recording.clone());
    feed(&mut guest, interactive)?;
    let end = guest.wait(options.timeout, None)?;
    drop(raw);
    if let Some(path) = &options.record_sched {
        record(path, &recording.take(), options)?;
    }
    Ok(report(&end, &guest, options))
}

/// Writes what the scheduler did as scripts that can be simulated.
fn record(path: &Path, bytes: &[u8], options: &RunOptions) -> Result<()> {
    let (events, cpus, lost) = events::parse(bytes).context("the guest's recording can't be understood")?;
    if cpus == 0 {
        bail!("the guest has handed over no recording");
    }
    let clock = if options.machine.icount { Clock::Instructions } else { Clock::Wall };
    let words = std::iter::once(&options.program).chain(&options.arguments);
    let command = words.cloned().collect::<Vec<String>>().join(" ");
    let recording = script::write(&events, cpus, lost, clock, &command);
    std::fs::write(path, text::write(&recording))
        .with_context(|| format!("can't write {}", path.display()))?;
    if lost > 0 {
        eprintln!(
            "{} {lost} events were lost: --record-room {} would have been enough",
            console::style("exo:").red().bold().for_stderr(),
            (events.len() + lost) * events::SIZE / 1024 + 1
        );
    }
    Ok(())
}

/// Everything about the program that the options say.
fn job(options: &RunOptions, system: &System) -> Result<Job> {
    let mut job = Job::new("", &[]);
    job.path = match program::resolve(&options.program, &system.listing)? {
        Program::Guest(path) => path,
        Program::Host(host) => {
            let name = host.file_name().context("a program has a name")?.to_string_lossy().into_owned();
            let path = format!("/exo/bin/{name}");
            let data = std::fs::read(&host).with_context(|| format!("can't read {}", host.display()))?;
            job.initrd.add(&path, 0o755, data);
            path
        }
    };
    job.arguments = std::iter::once(&options.program).chain(&options.arguments).cloned().collect();
    for setting in &options.environment {
        let name = setting.split('=').next().unwrap_or_default();
        job.environment.retain(|other| other.split('=').next() != Some(name));
        job.environment.push(setting.clone());
    }
    job.cwd.clone_from(&options.cwd);
    job.recorded = options.record_sched.is_some();
    for (host, path) in &options.files {
        job.initrd.add_file(host, path)?;
    }
    job.terminal =
        [std::io::stdin().is_terminal(), std::io::stdout().is_terminal(), std::io::stderr().is_terminal()];
    Ok(job)
}

/// Starts the threads that carry input, window sizes and signals.
fn feed(guest: &mut Guest, interactive: bool) -> Result<()> {
    let notes = guest.notes();
    let link = Arc::new(Mutex::new(guest.stdin().context("standard input is already taken")?));
    if interactive {
        let console = guest.console()?;
        let notes = notes.clone();
        std::thread::spawn(move || type_into(console, || drop(notes.send(Note::Leave(0)))));
    } else {
        let link = Arc::clone(&link);
        let ready = guest.ready().context("readiness is already awaited")?;
        std::thread::spawn(move || {
            if ready.recv().is_ok() {
                pour(&link);
            }
        });
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP, SIGWINCH])
        .context("can't listen for signals")?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            if signal == SIGWINCH {
                send_size(&link);
            } else {
                drop(notes.send(Note::Leave(u8::try_from(128 + signal).unwrap_or(u8::MAX))));
            }
        }
    });
    Ok(())
}

fn with_link(link: &Mutex<UnixStream>, bytes: &[u8]) -> bool {
    let mut link = link.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    link.write_all(bytes).is_ok()
}

pub fn send_size(link: &Mutex<UnixStream>) {
    if let Some((rows, columns)) = terminal::size() {
        with_link(link, &framing::window_size(rows, columns));
    }
}

/// Standard input to the link, framed, with its end.
fn pour(link: &Mutex<UnixStream>) {
    let mut buffer = vec![0; 65536];
    let mut framed = Vec::new();
    let mut input = std::io::stdin().lock();
    while let Ok(count @ 1..) = input.read(&mut buffer) {
        framed.clear();
        framing::escape(&buffer[..count], &mut framed);
        // The lock is given back between pieces, so that a window size need not wait for all of them.
        if !framed.chunks(4096).all(|piece| with_link(link, piece)) {
            return;
        }
    }
    with_link(link, &framing::END);
}

/// The keyboard to the console, as it is typed.
fn type_into(mut console: UnixStream, leave: impl Fn()) {
    let mut buffer = [0; 1024];
    let mut escape = Escape::default();
    let mut input = std::io::stdin().lock();
    while let Ok(count @ 1..) = input.read(&mut buffer) {
        match escape.feed(&buffer[..count]) {
            Typed::Leave => return leave(),
            Typed::Bytes(bytes) => {
                if console.write_all(&bytes).is_err() {
                    return;
                }
            }
        }
    }
}

fn report(end: &End, guest: &Guest, options: &RunOptions) -> u8 {
    let complain = |text: &str| {
        eprintln!("{} {text}", console::style("exo:").red().bold().for_stderr());
    };
    match end {
        End::Code(code) | End::Left(code) => *code,
        End::NoReader => SIGPIPE_CODE,
        End::TimedOut => {
            let limit = options.timeout.unwrap_or_default().as_secs_f64();
            complain(&format!(
                "{} did not end within {limit} s, so its machine was stopped",
                options.program
            ));
            TIMED_OUT
        }
        End::Vanished { started } => {
            let when = if *started { "while the program was running" } else { "before the program started" };
            complain(&format!("the machine stopped {when}. The end of its console:"));
            eprintln!("{}", tail(&guest.log(), 25));
            eprintln!("(more messages: --append loglevel=7; a debugger: exo debug)");
            crate::OWN_FAILURE
        }
    }
}

/// The last lines of a log, indented; a hint when there is none.
pub fn tail(log: &str, count: usize) -> String {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    if lines.is_empty() {
        return "    (nothing was written there)".into();
    }
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn tail_shows_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), "    b\n    c");
        assert!(tail("", 5).contains("nothing"));
    }
}
