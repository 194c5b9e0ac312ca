//! Making threads and processes: fork, vfork, clone, clone3.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use exo_kernel::arch::{self, UserFrame};
use exo_kernel::mm::AddressSpace;
use exo_kernel::sched::{self, NewUser, Thread};
use exo_kernel::sync::{Sleep, WaitQueue};
use exo_kernel::user::UserPtr;
use posix_x_abi::types::CloneArgs;
use posix_x_abi::Promises;

use super::group::NewProcess;
use super::namespaces::Namespaces;
use super::task::NewTask;
use super::{exit, pidfd, table, Process, Resource, Task};
use crate::dispatch::args::read_versioned;
use crate::fd::FdTable;
use crate::security::user::User;
use crate::security::{confine, Caps};
use crate::signal::{AltStack, Handlers, ProcessSignals, TaskSignals, SIGCHLD, SIGNAL_MAX};
use crate::{Errno, Pid, SysResult, UserAddr};

bitflags::bitflags! {
    /// What the new thread shares, and how it is announced.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Flags: u64 {
        const VM = 0x100;
        const FS = 0x200;
        const FILES = 0x400;
        const SIGHAND = 0x800;
        const PIDFD = 0x1000;
        const PTRACE = 0x2000;
        const VFORK = 0x4000;
        const PARENT = 0x8000;
        const THREAD = 0x1_0000;
        const NEWNS = 0x2_0000;
        const SYSVSEM = 0x4_0000;
        const SETTLS = 0x8_0000;
        const PARENT_SETTID = 0x10_0000;
        const CHILD_CLEARTID = 0x20_0000;
        const DETACHED = 0x40_0000;
        const UNTRACED = 0x80_0000;
        const CHILD_SETTID = 0x100_0000;
        const NEWCGROUP = 0x200_0000;
        const NEWUTS = 0x400_0000;
        const NEWIPC = 0x800_0000;
        const NEWUSER = 0x1000_0000;
        const NEWPID = 0x2000_0000;
        const NEWNET = 0x4000_0000;
        const IO = 0x8000_0000;
        const CLEAR_SIGHAND = 1 << 32;
        const INTO_CGROUP = 1 << 33;
        const NEWTIME = 0x80;
    }
}

/// Flags that ask for namespaces and control groups of which there is one each.
const SINGLE: Flags = Flags::NEWNS
    .union(Flags::NEWCGROUP)
    .union(Flags::NEWUSER)
    .union(Flags::NEWPID)
    .union(Flags::NEWNET)
    .union(Flags::INTO_CGROUP);

/// The low byte of clone's flags: the signal for the parent.
const SIGNAL_BITS: u64 = 0xff;

/// What clone, clone3 and the forks boil down to.
struct Request {
    flags: Flags,
    exit_signal: i32,
    /// The child's stack pointer; 0 for the parent's.
    stack: usize,
    parent_tid: usize,
    child_tid: usize,
    pidfd: usize,
    tls: usize,
    /// The number to have, or 0.
    tid: Pid,
}

/// A parent that waits until its child no longer uses its memory.
#[derive(Default)]
pub struct VforkDone {
    done: AtomicBool,
    waiters: WaitQueue,
}

impl Task {
    /// The memory is no longer borrowed: exec or exit.
    pub(super) fn complete_vfork(&self) {
        let done = self.vfork_done.lock().take();
        if let Some(done) = done {
            done.done.store(true, Ordering::Release);
            done.waiters.wake_all();
        }
    }
}

fn check(t: &Task, request: &Request) -> Result<(), Errno> {
    let flags = request.flags;
    let invalid = flags.intersects(SINGLE)
        || flags.contains(Flags::NEWIPC | Flags::SYSVSEM)
        || flags.contains(Flags::THREAD) && !flags.contains(Flags::SIGHAND)
        || flags.contains(Flags::SIGHAND) && !flags.contains(Flags::VM)
        || flags.contains(Flags::SIGHAND | Flags::CLEAR_SIGHAND)
        || flags.contains(Flags::PARENT) && t.process().signals.unkillable()
        || flags.contains(Flags::PIDFD) && flags.contains(Flags::THREAD);
    if invalid {
        return Err(Errno::EINVAL);
    }
    if flags.intersects(Namespaces::FLAGS) && !t.creds().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    signals_first(t)
}

/// A fork that is to be interrupted is repeated after the signal: the child must not inherit the news.
fn signals_first(t: &Task) -> Result<(), Errno> {
    if crate::signal::has_work(t) {
        t.request_attention();
        return Err(Errno::ERESTARTNOINTR);
    }
    Ok(())
}

/// Counts the new thread for its user.
fn count(t: &Task) -> Result<Arc<User>, Errno> {
    let creds = t.creds();
    let free = creds.uid == 0 || creds.capable(Caps::SYS_RESOURCE) || creds.capable(Caps::SYS_ADMIN);
    let limit = if free { u64::MAX } else { t.process().limit(Resource::Processes) };
    if table::counts().threads >= super::max_threads() || !User::take(&creds.user.threads, limit) {
        return Err(Errno::EAGAIN);
    }
    Ok(creds.user.clone())
}

/// What was prepared and must be taken back if the rest fails.
struct Prepared {
    user: Arc<User>,
    tid: Pid,
    armed: bool,
}

impl Prepared {
    fn new(t: &Task, wanted: Pid) -> Result<Self, Errno> {
        let user = count(t)?;
        let tid = if wanted == 0 { table::lock().reserve() } else { table::lock().reserve_exactly(wanted) };
        match tid {
            Ok(tid) => Ok(Self { user, tid, armed: true }),
            Err(error) => {
                User::give_back(&user.threads);
                Err(error)
            }
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.armed {
            table::lock().release(self.tid);
            User::give_back(&self.user.threads);
        }
    }
}

fn new_process(t: &Task, request: &Request, pid: Pid) -> Arc<Process> {
    let parent = t.process();
    let flags = request.flags;
    let handlers = if flags.contains(Flags::SIGHAND) {
        parent.signals.handlers()
    } else {
        let handlers: Handlers = parent.signals.with_handlers(Handlers::duplicate);
        if flags.contains(Flags::CLEAR_SIGHAND) {
            handlers.reset();
        }
        Arc::new(handlers)
    };
    let sibling = flags.contains(Flags::PARENT);
    Arc::new(Process::new(NewProcess {
        pid,
        parent: if sibling { parent.parent_pid() } else { parent.pid() },
        pgid: parent.pgid(),
        session: parent.session(),
        limits: parent.limits.clone(),
        signals: ProcessSignals::new(handlers, false),
        image: parent.image(),
        exit_signal: if sibling { parent.exit_signal.load(Ordering::Relaxed) } else { request.exit_signal },
        has_subreaper: parent.subreaper.load(Ordering::Relaxed)
            || parent.has_subreaper.load(Ordering::Relaxed),
        dumpable: parent.dumpable.load(Ordering::Relaxed),
    }))
}

fn new_task(t: &Task, request: &Request, tid: Pid, process: Arc<Process>) -> Result<Arc<Task>, Errno> {
    let flags = request.flags;
    let files: Arc<FdTable> =
        if flags.contains(Flags::FILES) { t.files().clone() } else { Arc::new(t.files().duplicate()?) };
    let fs = if flags.contains(Flags::FS) { t.fs().clone() } else { Arc::new((**t.fs()).clone()) };
    let own_stack = flags.contains(Flags::VM) && !flags.contains(Flags::VFORK);
    let alt_stack = if own_stack { AltStack::default() } else { t.signals.alt_stack() };
    let task = Task::new(NewTask {
        tid,
        process,
        files,
        fs,
        creds: t.creds().clone(),
        namespaces: t.namespaces().renewed(flags),
        undo: flags.contains(Flags::SYSVSEM).then(|| t.undo_list()),
        comm: t.comm(),
        signals: TaskSignals::new(t.signals.mask(), alt_stack),
    });
    task.inherit(t);
    if flags.contains(Flags::CHILD_CLEARTID) {
        task.clear_child_tid.store(request.child_tid, Ordering::Relaxed);
    }
    if flags.contains(Flags::CHILD_SETTID) {
        task.set_child_tid.store(request.child_tid, Ordering::Relaxed);
    }
    Ok(Arc::new(task))
}

fn child_space(request: &Request) -> Result<Arc<AddressSpace>, Errno> {
    let space = sched::current().own_space().ok_or(Errno::ENOMEM)?;
    Ok(if request.flags.contains(Flags::VM) { space.clone() } else { space.fork()? })
}

fn new_thread(request: &Request, frame: &UserFrame, task: &Arc<Task>) -> Result<Arc<Thread>, Errno> {
    let mut frame = *frame;
    frame.rax = 0;
    frame.orig_rax = u64::MAX;
    if request.stack != 0 {
        frame.rsp = request.stack as u64;
    }
    let current = sched::current();
    let fs_base = if request.flags.contains(Flags::SETTLS) { request.tls as u64 } else { current.fs_base() };
    let (name, length) = current.name();
    let thread = Thread::new_user(NewUser {
        name: &name[..length],
        id: task.tid() as u32,
        space: child_space(request)?,
        frame: &frame,
        fs_base,
        gs_base: arch::user_gs_base(),
        fpu: current.copy_fpu()?,
        personal: task.clone(),
    })?;
    task.attach(&thread);
    Ok(thread)
}

/// Makes the task known: from here on it can be found, signalled and waited for.
fn publish(t: &Task, request: &Request, task: &Arc<Task>) -> Result<(), Errno> {
    let process = task.process();
    let mut table = table::lock();
    // Signals to groups are sent with the table locked: one that comes by now reaches parent and child, one that
    // came before must not miss the child. So it is with promises.
    signals_first(t)?;
    let parent = &t.process().confinement;
    if !request.flags.contains(Flags::THREAD) && parent.is_active() {
        process.confinement.inherit(parent);
    }
    if !process.signals.add_thread(task.clone()) {
        // The process is ending: the signal that ends it comes first.
        return Err(Errno::ERESTARTNOINTR);
    }
    // Only now: from here on whoever limits all threads finds the new one too.
    task.inherit_interception(t);
    table.add_task(task.clone());
    if !request.flags.contains(Flags::THREAD) {
        table.add_process(process.clone());
        let parent = if request.flags.contains(Flags::PARENT) {
            table.process(process.parent_pid()).cloned()
        } else {
            None
        };
        exit::add_child(&mut table, parent.as_deref().unwrap_or(t.process()), process);
    }
    Ok(())
}

fn clone(t: &Task, frame: &UserFrame, request: &Request) -> SysResult {
    check(t, request)?;
    let flags = request.flags;
    if !flags.contains(Flags::THREAD) {
        confine::require(t, Promises::proc)?;
    }
    let mut prepared = Prepared::new(t, request.tid)?;
    let tid = prepared.tid;
    let process =
        if flags.contains(Flags::THREAD) { t.process().clone() } else { new_process(t, request, tid) };
    if !flags.contains(Flags::THREAD) {
        process.timers.cpu_limit.watch(&process)?;
    }
    let task = new_task(t, request, tid, process)?;
    let thread = new_thread(request, frame, &task)?;
    let vfork = flags.contains(Flags::VFORK).then(Arc::<VforkDone>::default);
    (*task.vfork_done.lock()).clone_from(&vfork);
    let pidfd = if flags.contains(Flags::PIDFD) { Some(pidfd::reserve(t, task.process())?) } else { None };
    if let Some(pidfd) = &pidfd {
        UserPtr::<i32>::new(request.pidfd).write(&pidfd.number())?;
    }
    publish(t, request, &task)?;
    prepared.armed = false;
    if flags.contains(Flags::PARENT_SETTID) {
        // There is a child now: an address that cannot be written is the program's own affair, as on Linux.
        let _ = UserPtr::<i32>::new(request.parent_tid).write(&tid);
    }
    if let Some(pidfd) = pidfd {
        pidfd.install();
    }
    if flags.contains(Flags::CHILD_SETTID) {
        // The child writes it by itself, into its own memory, before it runs.
        thread.request_attention();
    }
    thread.start();
    if let Some(vfork) = vfork {
        // A vfork child that does not let go keeps its parent; nothing else ends the wait.
        let _ = vfork
            .waiters
            .wait(Sleep::Uninterruptible, None, || vfork.done.load(Ordering::Acquire).then_some(()));
    }
    Ok(tid as usize)
}

/// Reads clone3's arguments: longer structures than ours are fine as long as what we do not know is zero.
fn read_clone_args(address: UserAddr, size: usize) -> Result<CloneArgs, Errno> {
    const FIRST_VERSION: usize = 64;
    if size > 4096 {
        return Err(Errno::E2BIG);
    }
    if size < FIRST_VERSION {
        return Err(Errno::EINVAL);
    }
    read_versioned(address, size)
}

/// clone3's own rules.
fn request_of(t: &Task, args: &CloneArgs) -> Result<Request, Errno> {
    let flags = Flags::from_bits(args.flags).ok_or(Errno::EINVAL)?;
    let bad_stack = (args.stack == 0) != (args.stack_size == 0);
    let quiet = flags.intersects(Flags::THREAD | Flags::PARENT);
    if flags.contains(Flags::DETACHED)
        || flags.contains(Flags::NEWTIME)
        || args.exit_signal > SIGNAL_MAX as u64
        || quiet && args.exit_signal != 0
        || bad_stack
        || args.set_tid_size > 32
        || (args.set_tid == 0) != (args.set_tid_size == 0)
    {
        return Err(Errno::EINVAL);
    }
    let tid = match args.set_tid_size {
        0 => 0,
        1 => {
            let tid = UserPtr::<i32>::new(args.set_tid as usize).read()?;
            if !(1..table::PID_LIMIT as i32).contains(&tid) {
                return Err(Errno::EINVAL);
            }
            if !t.creds().effective.intersects(Caps::SYS_ADMIN | Caps::CHECKPOINT_RESTORE) {
                return Err(Errno::EPERM);
            }
            tid
        }
        // One number for each nested namespace, of which there are none.
        _ => return Err(Errno::EINVAL),
    };
    Ok(Request {
        flags,
        exit_signal: args.exit_signal as i32,
        stack: args.stack.wrapping_add(args.stack_size) as usize,
        parent_tid: args.parent_tid as usize,
        child_tid: args.child_tid as usize,
        pidfd: args.pidfd as usize,
        tls: args.tls as usize,
        tid,
    })
}

/// A fork without anything special.
const PLAIN: Request = Request {
    flags: Flags::empty(),
    exit_signal: SIGCHLD,
    stack: 0,
    parent_tid: 0,
    child_tid: 0,
    pidfd: 0,
    tls: 0,
    tid: 0,
};

/// The system calls.
pub mod calls {
    use super::*;

    /// `fork(2)`
    pub fn fork(t: &Task, frame: &mut UserFrame) -> SysResult {
        super::clone(t, frame, &PLAIN)
    }

    /// `vfork(2)`
    pub fn vfork(t: &Task, frame: &mut UserFrame) -> SysResult {
        super::clone(t, frame, &Request { flags: Flags::VFORK | Flags::VM, ..PLAIN })
    }

    /// `clone(2)`
    pub fn clone(
        t: &Task,
        frame: &mut UserFrame,
        flags: u64,
        stack: usize,
        parent_tid: UserPtr<i32>,
        child_tid: UserPtr<i32>,
        tls: usize,
    ) -> SysResult {
        let exit_signal = (flags & SIGNAL_BITS) as i32;
        let flags = Flags::from_bits_truncate(flags & 0xffff_ff00);
        // The pidfd is stored where the parent's copy of the number would be.
        if flags.contains(Flags::PIDFD) && flags.intersects(Flags::PARENT_SETTID | Flags::DETACHED) {
            return Err(Errno::EINVAL);
        }
        let request = Request {
            flags,
            exit_signal,
            stack,
            parent_tid: parent_tid.address(),
            child_tid: child_tid.address(),
            pidfd: parent_tid.address(),
            tls,
            tid: 0,
        };
        super::clone(t, frame, &request)
    }

    /// `clone3(2)`
    pub fn clone3(t: &Task, frame: &mut UserFrame, args: UserAddr, size: usize) -> SysResult {
        let args = read_clone_args(args, size)?;
        let request = request_of(t, &args)?;
        super::clone(t, frame, &request)
    }
}
