//! `stat`, `statm` and `status` of a process or thread.

use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::sched::ThreadState;
use exo_kernel::{mm, Result};

use super::text::line;
use super::tree::Subject;
use super::Text;
use crate::process::usage::Usage;
use crate::process::{Process, Resource, Session, Task};
use crate::signal::SigSet;
use crate::time::scheduling;

/// Nanoseconds of a tick of `USER_HZ`.
const TICK: u64 = 10_000_000;
const PAGE: usize = 4096;

/// A name without its padding.
pub(super) fn comm(name: &[u8; 16]) -> &[u8] {
    name.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The letter and word for what a process, or one of its threads, is doing.
fn state(process: &Process, task: Option<&Task>) -> (char, &'static str) {
    let Some(task) = task else { return ('Z', "zombie") };
    if process.signals.is_stopped() {
        return ('T', "stopped");
    }
    match task.thread().map(|thread| thread.state()) {
        Some(ThreadState::Runnable) => ('R', "running"),
        Some(ThreadState::Uninterruptible) => ('D', "disk sleep"),
        Some(ThreadState::Interruptible | ThreadState::New) => ('S', "sleeping"),
        Some(ThreadState::Dead) | None => ('X', "dead"),
    }
}

/// Memory of a process, in pages.
#[derive(Default)]
struct Memory {
    total: usize,
    resident: usize,
    /// Of these, pages of files and shared memory.
    shared: usize,
    data: usize,
    stack: usize,
    code: usize,
}

fn memory(process: &Process) -> Memory {
    let Some(space) = process.space() else { return Memory::default() };
    let (image, usage) = (process.image(), space.usage());
    Memory {
        total: usage.mapped,
        resident: usage.anonymous + usage.object,
        shared: usage.object,
        data: usage.data,
        stack: usage.stack,
        code: (image.code.1 - image.code.0).div_ceil(PAGE),
    }
}

/// Signals as `/proc` shows them.
struct Signals {
    pending: SigSet,
    shared: SigSet,
    blocked: SigSet,
    ignored: SigSet,
    caught: SigSet,
}

fn signals(process: &Process, task: Option<&Task>) -> Signals {
    let (ignored, caught) = process.signals.with_handlers(|handlers| handlers.summary());
    Signals {
        pending: task.map_or(SigSet::EMPTY, |task| task.signals.pending()),
        shared: process.signals.pending(),
        blocked: task.map_or(SigSet::EMPTY, |task| task.signals.mask()),
        ignored,
        caught,
    }
}

/// The device number of a terminal, packed as `stat` has it.
fn terminal(session: &Session) -> (u32, i32) {
    let Some(tty) = session.terminal() else { return (0, -1) };
    let (major, minor) = tty.device;
    (major << 8 | minor & 0xff | (minor & !0xff) << 12, session.foreground())
}

pub(super) fn stat(subject: &Subject, text: &mut Text) -> Result<()> {
    let process = subject.process()?;
    let task = subject.task().ok();
    let task = task.as_deref();
    let (image, memory) = (process.image(), memory(&process));
    let usage = match task {
        Some(task) if subject.is_thread() => Usage::of_task(task),
        _ => Usage::of_process(&process),
    };
    let children = process.children_usage();
    let (tty, foreground) = terminal(&process.session());
    let signals = signals(&process, task);
    let settings =
        task.and_then(|task| task.thread()).map_or_else(Default::default, |thread| thread.settings());
    let parameters = settings.parameters;
    let nice = parameters.nice;
    text.print(format_args!("{} (", subject.id()?));
    text.push(&name(&process, task));
    text.print(format_args!(
        ") {} {} {} {} {tty} {foreground} 4194304 {} {} 0 0 {} {} {} {} {} {nice} {} 0 {} {} {} {} ",
        state(&process, task).0,
        process.parent_pid(),
        process.pgid(),
        process.sid(),
        usage.minor_faults,
        children.minor_faults,
        usage.user / TICK,
        usage.system / TICK,
        children.user / TICK,
        children.system / TICK,
        scheduling::kernel_priority(&parameters) - 100,
        process.thread_count(),
        process.started().as_nanos() / TICK,
        memory.total * PAGE,
        memory.resident,
        process.limit(Resource::Rss),
    ));
    let low = |set: SigSet| set.0 & 0x7fff_ffff;
    text.print(format_args!(
        "{} {} {} 0 0 {} {} {} {} 0 0 0 {} {} {} {} 0 0 0 ",
        image.code.0,
        image.code.1,
        image.stack_start,
        low(signals.pending.or(signals.shared)),
        low(signals.blocked),
        low(signals.ignored),
        low(signals.caught),
        process.exit_signal.load(Relaxed),
        task.and_then(|task| task.thread()).map_or(0, |thread| thread.cpu()),
        parameters.priority,
        scheduling::number(parameters.policy),
    ));
    line!(
        text,
        "{} {} {} {} {} {} {} 0",
        image.data.0,
        image.data.1,
        process.space().map_or(0, |space| space.heap_range().0),
        image.arguments.0,
        image.arguments.1,
        image.environment.0,
        image.environment.1,
    );
    Ok(())
}

pub(super) fn statm(subject: &Subject, text: &mut Text) -> Result<()> {
    let memory = memory(&*subject.process()?);
    let (total, resident) = (memory.total, memory.resident);
    line!(text, "{total} {resident} {} {} 0 {} 0", memory.shared, memory.code, memory.data + memory.stack);
    Ok(())
}

/// The name of the thread; a zombie keeps that of its program.
fn name(process: &Process, task: Option<&Task>) -> Vec<u8> {
    match task {
        Some(task) => comm(&task.comm()).to_vec(),
        None => process.program().map_or_else(Vec::new, |path| path.last_name()),
    }
}

pub(super) fn status(subject: &Subject, text: &mut Text) -> Result<()> {
    let process = subject.process()?;
    let task = subject.task().ok();
    let task = task.as_deref();
    let (letter, word) = state(&process, task);
    text.push(b"Name:\t");
    text.push(&name(&process, task));
    text.push(b"\n");
    line!(text, "Umask:\t{:04o}", task.and_then(|task| task.fs_snapshot()).map_or(0, |fs| fs.umask()));
    line!(text, "State:\t{letter} ({word})");
    line!(text, "Tgid:\t{}", process.pid());
    line!(text, "Ngid:\t0");
    line!(text, "Pid:\t{}", subject.id()?);
    line!(text, "PPid:\t{}", process.parent_pid());
    line!(text, "TracerPid:\t0");
    if let Some(task) = task {
        identity_rows(task, text);
        memory_rows(&process, text);
    }
    line!(text, "Threads:\t{}", process.thread_count());
    let signals = signals(&process, task);
    let masks = [
        ("SigPnd", signals.pending),
        ("ShdPnd", signals.shared),
        ("SigBlk", signals.blocked),
        ("SigIgn", signals.ignored),
        ("SigCgt", signals.caught),
    ];
    for (name, set) in masks {
        line!(text, "{name}:\t{:016x}", set.0);
    }
    if let Some(task) = task {
        capability_rows(task, text);
        let usage = Usage::of_task(task);
        line!(text, "voluntary_ctxt_switches:\t{}", usage.voluntary_switches);
        line!(text, "nonvoluntary_ctxt_switches:\t{}", usage.involuntary_switches);
    }
    Ok(())
}

fn identity_rows(task: &Task, text: &mut Text) {
    let creds = task.creds_snapshot();
    line!(text, "Uid:\t{}\t{}\t{}\t{}", creds.uid, creds.euid, creds.suid, creds.fsuid);
    line!(text, "Gid:\t{}\t{}\t{}\t{}", creds.gid, creds.egid, creds.sgid, creds.fsgid);
    line!(text, "FDSize:\t{}", task.files_snapshot().map_or(0, |files| files.size()));
    text.push(b"Groups:\t");
    for group in creds.groups.iter() {
        text.print(format_args!("{group} "));
    }
    text.push(b"\n");
}

fn capability_rows(task: &Task, text: &mut Text) {
    let creds = task.creds_snapshot();
    let sets = [
        ("CapInh", creds.inheritable),
        ("CapPrm", creds.permitted),
        ("CapEff", creds.effective),
        ("CapBnd", creds.bounding),
        ("CapAmb", creds.ambient),
    ];
    for (name, set) in sets {
        line!(text, "{name}:\t{:016x}", set.bits());
    }
    line!(text, "NoNewPrivs:\t{}", u8::from(task.no_new_privileges.load(Relaxed)));
    line!(text, "Seccomp:\t{}", task.seccomp.mode() as u8);
    line!(text, "Seccomp_filters:\t{}", task.seccomp.filters());
}

fn memory_rows(process: &Process, text: &mut Text) {
    let memory = memory(process);
    let rows = [
        ("VmSize", memory.total),
        ("VmRSS", memory.resident),
        ("VmData", memory.data),
        ("VmStk", memory.stack),
        ("VmExe", memory.code),
    ];
    for (name, pages) in rows {
        line!(text, "{name}:\t{:8} kB", pages * PAGE / 1024);
    }
}

/// How much of memory the process uses, in thousandths: the largest is killed when memory runs out.
pub(super) fn oom_score(task: &Task) -> usize {
    let resident = task.space().map_or(0, |space| space.rss_pages());
    resident * 1000 / mm::total_frames().max(1)
}
