//! seccomp(2): a thread gives up system calls, for ever, for itself and all that it starts.
//!
//! Strict mode leaves four calls. In filter mode, programs ([`bpf`]) decide about each call from its number and
//! registers; the strictest answer of all filters counts. Threads without either pay nothing: those with are
//! [intercepted](exo_kernel::sched::Thread::intercept), and only their calls come by [`admit`].

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use bpf::{Instruction, Program, MAX_INSTRUCTIONS};
use exo_kernel::arch::UserFrame;
use exo_kernel::sync::IrqLock;
use exo_kernel::user::UserPtr;
use posix_x_abi::number as nr;
use posix_x_abi::signal::number::{SIGKILL, SIGSYS};
use posix_x_abi::types::{SockFilter, SockFprog};

use super::Caps;
use crate::process::{exit, Task};
use crate::signal::{self, Info};
use crate::{Errno, SysResult};

/// Instructions of all filters of a thread at most, each filter counting as four more (`MAX_INSNS_PER_PATH`; Linux
/// counts the instructions of its own translation).
const MAX_PATH: usize = 32768;
const FILTER_COST: usize = 4;

/// `AUDIT_ARCH_X86_64`
const ARCH: u32 = 0xc000_003e;
/// Words of `struct seccomp_data`: number, architecture, instruction pointer and six arguments.
const WORDS: usize = 16;

/// `SECCOMP_RET_ERRNO` gives no more than this.
const MAX_ERRNO: u32 = 4095;

mod action {
    pub const KILL_PROCESS: u32 = 0x8000_0000;
    pub const KILL_THREAD: u32 = 0;
    pub const TRAP: u32 = 0x0003_0000;
    pub const ERRNO: u32 = 0x0005_0000;
    pub const TRACE: u32 = 0x7ff0_0000;
    pub const LOG: u32 = 0x7ffc_0000;
    pub const ALLOW: u32 = 0x7fff_0000;
    /// The part of an answer that says what to do; the rest is data.
    pub const MASK: u32 = 0xffff_0000;
}

/// What a thread is limited to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Mode {
    Disabled = 0,
    Strict = 1,
    Filter = 2,
}

/// A filter and those that were there before it.
struct Filter {
    program: Program,
    /// Are refusals logged?
    log: bool,
    /// What the filters up to this one count for, see [`MAX_PATH`].
    cost: usize,
    previous: Option<Arc<Filter>>,
}

impl Drop for Filter {
    fn drop(&mut self) {
        // One after the other: a chain may be longer than the stack is deep.
        let mut next = self.previous.take();
        while let Some(mut filter) = next.and_then(Arc::into_inner) {
            next = filter.previous.take();
        }
    }
}

/// The limits of one thread.
pub struct Seccomp {
    mode: AtomicU8,
    /// Taken with the list of threads locked, as a signal may take that.
    filter: IrqLock<Option<Arc<Filter>>>,
}

impl Default for Seccomp {
    fn default() -> Self {
        Self { mode: AtomicU8::new(Mode::Disabled as u8), filter: IrqLock::new(None) }
    }
}

impl Seccomp {
    /// The mode.
    pub fn mode(&self) -> Mode {
        match self.mode.load(Relaxed) {
            0 => Mode::Disabled,
            1 => Mode::Strict,
            _ => Mode::Filter,
        }
    }

    /// How many filters there are.
    pub fn filters(&self) -> usize {
        let newest = self.newest();
        core::iter::successors(newest.as_ref(), |filter| filter.previous.as_ref()).count()
    }

    fn newest(&self) -> Option<Arc<Filter>> {
        self.filter.lock().clone()
    }

    /// Takes over the limits of the thread that made this one.
    pub fn inherit(&self, parent: &Self) {
        let mut own = self.filter.lock();
        // Looked at with the own filter locked: whoever synchronises all threads comes to the parent first.
        let inherited = parent.newest();
        self.mode.store(parent.mode.load(Relaxed), Relaxed);
        let before = core::mem::replace(&mut *own, inherited);
        drop(own);
        drop(before);
    }

    fn set(&self, mode: Mode, filter: Option<Arc<Filter>>) {
        self.mode.store(mode as u8, Relaxed);
        let before = core::mem::replace(&mut *self.filter.lock(), filter);
        drop(before);
    }

    /// Is what limits this thread among the limits that end in `newest`?
    fn is_within(&self, newest: Option<&Arc<Filter>>) -> bool {
        match (self.mode(), self.newest()) {
            (Mode::Disabled, _) => true,
            (Mode::Strict, _) => false,
            (Mode::Filter, own) => {
                let own = own.as_ref().map(Arc::as_ptr);
                core::iter::successors(newest, |filter| filter.previous.as_ref())
                    .any(|filter| Some(Arc::as_ptr(filter)) == own)
            }
        }
    }
}

/// May the call in `frame` be made? If not, its result is in the frame, or a signal is on its way, or the thread
/// does not come back.
pub fn admit(task: &Task, frame: &mut UserFrame) -> bool {
    match task.seccomp.mode() {
        Mode::Disabled => true,
        Mode::Strict => match frame.orig_rax {
            nr::read | nr::write | nr::exit | nr::rt_sigreturn => true,
            _ => exit::exit_thread(task, SIGKILL),
        },
        Mode::Filter => judge(task, frame),
    }
}

fn record(frame: &UserFrame) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    words[0] = frame.orig_rax as u32;
    words[1] = ARCH;
    let long = [frame.rip, frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9];
    for (pair, value) in words[2..].chunks_exact_mut(2).zip(long) {
        (pair[0], pair[1]) = (value as u32, (value >> 32) as u32);
    }
    words
}

/// The strictest answer, and whether the filter that gave it wants it logged. Of answers equally strict, that of
/// the newest filter.
fn verdict(newest: &Arc<Filter>, record: &[u32]) -> (u32, bool) {
    let strictness = |answer: u32| (answer & action::MASK) as i32;
    let mut strictest = (action::ALLOW, false);
    for filter in core::iter::successors(Some(newest), |filter| filter.previous.as_ref()) {
        let answer = filter.program.run(record);
        if strictness(answer) < strictness(strictest.0) {
            strictest = (answer, filter.log);
        }
    }
    strictest
}

fn judge(task: &Task, frame: &mut UserFrame) -> bool {
    let Some(newest) = task.seccomp.newest() else { return true };
    let (answer, log) = verdict(&newest, &record(frame));
    drop(newest);
    let (what, data) = (answer & action::MASK, answer & !action::MASK);
    let kills = matches!(what, action::KILL_PROCESS | action::KILL_THREAD);
    if what == action::LOG || kills || log && what != action::ALLOW {
        let (call, at) = (frame.orig_rax, frame.rip);
        log::info!("seccomp: thread {}: call {call} at {at:#x} is answered {answer:#x}", task.tid());
    }
    match what {
        action::ALLOW | action::LOG => return true,
        action::ERRNO => frame.rax = u64::from(data.min(MAX_ERRNO)).wrapping_neg(),
        // Nobody traces.
        action::TRACE => frame.rax = Errno::ENOSYS.to_register(),
        action::TRAP => {
            signal::force(
                task,
                Info::refused_call(frame.rip as usize, frame.orig_rax as i32, ARCH, data as i32),
            );
            // As if the call had never been made, not even as one to be repeated.
            frame.rax = frame.orig_rax;
            frame.orig_rax = u64::MAX;
        }
        action::KILL_THREAD if task.process().thread_count() > 1 => exit::exit_thread(task, SIGSYS),
        // Whatever else there may be is as bad as the worst.
        _ => exit::exit_group(task, SIGSYS),
    }
    false
}

/// Strict mode for the caller.
fn set_strict(t: &Task) -> SysResult {
    if t.seccomp.mode() == Mode::Filter {
        return Err(Errno::EINVAL);
    }
    t.seccomp.set(Mode::Strict, None);
    intercept(t);
    Ok(0)
}

fn intercept(task: &Task) {
    if let Some(thread) = task.thread() {
        thread.intercept();
    }
}

/// The instructions of the program that a user's `struct sock_fprog` describes.
fn import(header: SockFprog) -> Result<Vec<Instruction>, Errno> {
    let length = usize::from(header.len);
    let mut code = Vec::new();
    code.try_reserve_exact(length).map_err(|_| Errno::ENOMEM)?;
    let source = UserPtr::<SockFilter>::new(header.filter as usize);
    for index in 0..length {
        let SockFilter { code: operation, jt, jf, k } = source.add(index).read()?;
        code.push(Instruction { code: operation, jt, jf, k });
    }
    Ok(code)
}

mod flag {
    pub const TSYNC: u32 = 1;
    pub const LOG: u32 = 2;
    /// Nothing here speculates differently.
    pub const SPEC_ALLOW: u32 = 4;
    pub const TSYNC_ESRCH: u32 = 16;
}

/// One more filter for the caller, or with [`flag::TSYNC`] for all threads of its process.
fn add_filter(t: &Task, flags: u32, program: UserPtr<SockFprog>) -> SysResult {
    if flags & !(flag::TSYNC | flag::LOG | flag::SPEC_ALLOW | flag::TSYNC_ESRCH) != 0 {
        return Err(Errno::EINVAL);
    }
    let header = program.read()?;
    if header.len == 0 || usize::from(header.len) > MAX_INSTRUCTIONS {
        return Err(Errno::EINVAL);
    }
    if !t.no_new_privileges.load(Relaxed) && !t.creds().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EACCES);
    }
    let program = Program::new(&import(header)?, WORDS).map_err(|problem| match problem {
        bpf::Problem::NoMemory => Errno::ENOMEM,
        _ => Errno::EINVAL,
    })?;
    if t.seccomp.mode() == Mode::Strict {
        return Err(Errno::EINVAL);
    }
    let mut limited = Vec::new();
    let signals = &t.process().signals;
    // With the list of threads locked, so that no filter comes from or for one of them meanwhile and is lost.
    let result = signals.with_threads(|threads| {
        let previous = t.seccomp.newest();
        let cost = program.len() + previous.as_ref().map_or(0, |filter| filter.cost + FILTER_COST);
        if cost > MAX_PATH {
            return Err(Errno::ENOMEM);
        }
        let filter = Arc::new(Filter { program, log: flags & flag::LOG != 0, cost, previous });
        if flags & flag::TSYNC == 0 {
            t.seccomp.set(Mode::Filter, Some(filter));
            return Ok(0);
        }
        limited.try_reserve(threads.len()).map_err(|_| Errno::ENOMEM)?;
        synchronise(t, flags, &filter, threads).inspect(|stranger| {
            if *stranger == 0 {
                limited.extend(threads.iter().cloned());
            }
        })
    });
    if result == Ok(0) {
        intercept(t);
    }
    limited.iter().for_each(|task| intercept(task));
    result
}

/// Limits all `threads` by `filter`, the caller's newest to be. Where one has limits that the caller does not have,
/// none is changed, and its number is the result.
fn synchronise(t: &Task, flags: u32, filter: &Arc<Filter>, threads: &[Arc<Task>]) -> SysResult {
    let is_stranger =
        |task: &&Arc<Task>| !core::ptr::eq(&***task, t) && !task.seccomp.is_within(filter.previous.as_ref());
    if let Some(stranger) = threads.iter().find(is_stranger) {
        return if flags & flag::TSYNC_ESRCH != 0 { Err(Errno::ESRCH) } else { Ok(stranger.tid() as usize) };
    }
    let no_new_privileges = t.no_new_privileges.load(Relaxed);
    for task in threads {
        task.seccomp.set(Mode::Filter, Some(filter.clone()));
        if no_new_privileges {
            task.no_new_privileges.store(true, Relaxed);
        }
    }
    Ok(0)
}

/// `PR_SET_SECCOMP`
pub fn set_mode(t: &Task, mode: usize, program: usize) -> SysResult {
    match mode {
        1 => set_strict(t),
        2 => add_filter(t, 0, UserPtr::new(program)),
        _ => Err(Errno::EINVAL),
    }
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::UserAddr;

    const SET_MODE_STRICT: u32 = 0;
    const SET_MODE_FILTER: u32 = 1;
    const GET_ACTION_AVAIL: u32 = 2;

    /// `seccomp(2)`
    pub fn seccomp(t: &Task, operation: u32, flags: u32, args: UserAddr) -> SysResult {
        match operation {
            SET_MODE_STRICT if flags == 0 && args.address() == 0 => set_strict(t),
            SET_MODE_FILTER => add_filter(t, flags, args.cast()),
            GET_ACTION_AVAIL if flags == 0 => match args.cast::<u32>().read()? {
                action::KILL_PROCESS
                | action::KILL_THREAD
                | action::TRAP
                | action::ERRNO
                | action::TRACE
                | action::LOG
                | action::ALLOW => Ok(0),
                _ => Err(Errno::EOPNOTSUPP),
            },
            _ => Err(Errno::EINVAL),
        }
    }
}
