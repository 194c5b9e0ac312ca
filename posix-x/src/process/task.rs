//! [`Task`]: a thread of a user program.

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed,
};

use exo_kernel::mm::AddressSpace;
use exo_kernel::sched::{self, Thread};
use exo_kernel::sync::SpinLock;
use exo_kernel::user::UserPtr;
use spin::Once;

use super::clone::VforkDone;
use super::namespaces::Namespaces;
use super::owned::Owned;
use super::{FsContext, Process};
use crate::dispatch::fast;
use crate::fd::FdTable;
use crate::security::seccomp::{Mode, Seccomp};
use crate::security::Credentials;
use crate::signal::TaskSignals;
use crate::sysvipc::{self, UndoList};
use crate::Pid;

/// A thread's short name, NUL-padded.
pub type Comm = [u8; 16];

/// A thread of a user program: what Linux keeps per thread. The native thread holds it.
///
/// Methods that give a reference ([`Self::files`], [`Self::fs`], [`Self::creds`]) are for the thread itself;
/// others take a `…_snapshot`.
pub struct Task {
    tid: AtomicI32,
    process: Arc<Process>,
    thread: Once<Weak<Thread>>,
    files: Owned<Option<Arc<FdTable>>>,
    fs: Owned<Option<Arc<FsContext>>>,
    creds: Owned<Arc<Credentials>>,
    namespaces: Owned<Arc<Namespaces>>,
    undo: Owned<Option<Arc<UndoList>>>,
    comm: SpinLock<Comm>,
    /// Signal mask, pending signals, alternate stack.
    pub signals: TaskSignals,
    /// Where to store 0 and wake a waiter when the thread ends, or 0.
    pub clear_child_tid: AtomicUsize,
    /// Where the thread is to store its own number when it first runs, or 0.
    pub(super) set_child_tid: AtomicUsize,
    /// The list of robust futexes, or 0.
    pub robust_list: AtomicUsize,
    /// The signal to get when the parent dies, or 0.
    pub death_signal: AtomicI32,
    /// Are its system calls shown (see [`crate::dispatch::trace`])?
    pub traced: AtomicBool,
    /// The system calls it gave up.
    pub seccomp: Seccomp,
    /// The call under way, of a process that is confined.
    pub confined_call: AtomicU16,
    /// May an exec no longer give privileges?
    pub no_new_privileges: AtomicBool,
    /// `personality(2)`.
    pub persona: AtomicU32,
    /// `ioprio_set(2)`: class and level, which only `ioprio_get` looks at.
    pub io_priority: AtomicU16,
    /// `set_mempolicy(2)`: see [`crate::mm`].
    pub memory_policy: AtomicU64,
    /// Timer slack in nanoseconds, which only `prctl` looks at.
    pub timer_slack: AtomicUsize,
    /// Who waits until this thread lets go of the address space it borrows.
    pub(super) vfork_done: SpinLock<Option<Arc<VforkDone>>>,
}

/// What a new task gets.
pub(super) struct NewTask {
    pub tid: Pid,
    pub process: Arc<Process>,
    pub files: Arc<FdTable>,
    pub fs: Arc<FsContext>,
    pub creds: Arc<Credentials>,
    pub namespaces: Arc<Namespaces>,
    /// What it does with semaphores is undone together with what others do.
    pub undo: Option<Arc<UndoList>>,
    pub comm: Comm,
    pub signals: TaskSignals,
}

impl Task {
    pub(super) fn new(new: NewTask) -> Self {
        Self {
            tid: AtomicI32::new(new.tid),
            process: new.process,
            thread: Once::new(),
            files: Owned::new(Some(new.files)),
            fs: Owned::new(Some(new.fs)),
            creds: Owned::new(new.creds),
            namespaces: Owned::new(new.namespaces),
            undo: Owned::new(new.undo),
            comm: SpinLock::new(new.comm),
            signals: new.signals,
            clear_child_tid: AtomicUsize::new(0),
            set_child_tid: AtomicUsize::new(0),
            robust_list: AtomicUsize::new(0),
            death_signal: AtomicI32::new(0),
            traced: AtomicBool::new(false),
            seccomp: Seccomp::default(),
            confined_call: AtomicU16::new(0),
            no_new_privileges: AtomicBool::new(false),
            persona: AtomicU32::new(0),
            io_priority: AtomicU16::new(0),
            memory_policy: AtomicU64::new(0),
            timer_slack: AtomicUsize::new(50_000),
            vfork_done: SpinLock::new(None),
        }
    }

    /// Takes over what a new thread has from the one that makes it.
    pub(super) fn inherit(&self, parent: &Task) {
        self.no_new_privileges.store(parent.no_new_privileges.load(Relaxed), Relaxed);
        self.persona.store(parent.persona.load(Relaxed), Relaxed);
        self.io_priority.store(parent.io_priority.load(Relaxed), Relaxed);
        self.memory_policy.store(parent.memory_policy.load(Relaxed), Relaxed);
        self.timer_slack.store(parent.timer_slack.load(Relaxed), Relaxed);
    }

    /// Takes over what the thread that makes this one may not call, and whether its calls are shown.
    pub(super) fn inherit_interception(&self, parent: &Task) {
        self.seccomp.inherit(&parent.seccomp);
        let traced = parent.traced.load(Relaxed);
        self.traced.store(traced, Relaxed);
        if self.must_be_intercepted() {
            if let Some(thread) = self.thread() {
                thread.intercept();
            }
        }
    }

    /// Does anybody look at its calls first?
    pub(super) fn must_be_intercepted(&self) -> bool {
        self.traced.load(Relaxed)
            || self.seccomp.mode() != Mode::Disabled
            || self.process.confinement.is_active()
    }

    /// What a new thread does first in its own memory.
    pub(crate) fn first_steps(&self) {
        let address = self.set_child_tid.swap(0, Relaxed);
        if address != 0 {
            // As on Linux, a bad address is the program's own affair.
            let _ = UserPtr::<i32>::new(address).write(&self.tid());
        }
    }

    /// Ties the task to the native thread made for it.
    pub(super) fn attach(&self, thread: &Arc<Thread>) {
        self.thread.call_once(|| Arc::downgrade(thread));
        fast::refresh(self, thread);
    }

    /// The thread's number.
    #[inline]
    pub fn tid(&self) -> Pid {
        self.tid.load(Relaxed)
    }
    /// The process's number.
    #[inline]
    pub fn pid(&self) -> Pid {
        self.process.pid()
    }
    /// The process.
    #[inline]
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }
    /// The native thread, as long as there is one.
    #[inline]
    pub fn thread(&self) -> Option<Arc<Thread>> {
        self.thread.get()?.upgrade()
    }
    /// Is this the running thread?
    #[inline]
    pub fn is_current(&self) -> bool {
        current_or_none().is_some_and(|current| core::ptr::eq(current, self))
    }
    #[inline]
    fn assert_current(&self) {
        assert!(self.is_current(), "only the thread itself borrows what it owns");
    }

    /// The descriptors.
    #[inline]
    pub fn files(&self) -> &Arc<FdTable> {
        self.assert_current();
        // SAFETY: the caller is the owner.
        unsafe { self.files.get() }.as_ref().expect("a thread has descriptors until it ends")
    }
    /// The descriptors of another thread; `None` when it has ended.
    pub fn files_snapshot(&self) -> Option<Arc<FdTable>> {
        self.files.snapshot()
    }
    /// Root, current directory, umask.
    #[inline]
    pub fn fs(&self) -> &Arc<FsContext> {
        self.assert_current();
        // SAFETY: the caller is the owner.
        unsafe { self.fs.get() }.as_ref().expect("a thread has directories until it ends")
    }
    /// The directories of another thread; `None` when it has ended.
    pub fn fs_snapshot(&self) -> Option<Arc<FsContext>> {
        self.fs.snapshot()
    }
    /// Who the thread acts for.
    #[inline]
    pub fn creds(&self) -> &Arc<Credentials> {
        self.assert_current();
        // SAFETY: the caller is the owner.
        unsafe { self.creds.get() }
    }
    /// Who another thread acts for.
    pub fn creds_snapshot(&self) -> Arc<Credentials> {
        self.creds.snapshot()
    }

    /// Replaces the descriptors (unshare, exec); references from [`Self::files`] end here.
    pub(crate) fn set_files(&self, files: Option<Arc<FdTable>>) {
        self.assert_current();
        // SAFETY: the caller is the owner, in a call that holds no reference.
        let old = unsafe { self.files.replace(files) };
        drop(old);
    }
    /// Replaces the directories; references from [`Self::fs`] end here.
    pub(super) fn set_fs(&self, fs: Option<Arc<FsContext>>) {
        self.assert_current();
        // SAFETY: the caller is the owner, in a call that holds no reference.
        let old = unsafe { self.fs.replace(fs) };
        drop(old);
    }
    /// Acts for somebody else from here on. References from [`Self::creds`] end here.
    pub fn set_creds(&self, mut creds: Arc<Credentials>) {
        self.assert_current();
        if let Some(creds) = Arc::get_mut(&mut creds) {
            creds.seal();
        }
        self.process.user_changed(self.creds(), &creds);
        // SAFETY: the caller is the owner; callers clone what they still need of the old credentials.
        let old = unsafe { self.creds.replace(creds) };
        drop(old);
        fast::refresh(self, sched::current());
    }

    /// The namespaces that it is in.
    #[inline]
    pub fn namespaces(&self) -> &Arc<Namespaces> {
        self.assert_current();
        // SAFETY: the caller is the owner.
        unsafe { self.namespaces.get() }
    }
    /// The namespaces that another thread is in.
    pub fn namespaces_snapshot(&self) -> Arc<Namespaces> {
        self.namespaces.snapshot()
    }
    /// Enters others. References from [`Self::namespaces`] end here.
    pub(super) fn set_namespaces(&self, namespaces: Arc<Namespaces>) {
        self.assert_current();
        // SAFETY: the caller is the owner, in a call that holds no reference.
        let old = unsafe { self.namespaces.replace(namespaces) };
        drop(old);
    }
    /// The objects of System V IPC that it can reach.
    #[inline]
    pub fn ipc(&self) -> &Arc<sysvipc::Namespace> {
        &self.namespaces().ipc
    }

    /// The list of what is undone when it ends, made when it is first needed.
    pub(crate) fn undo_list(&self) -> Arc<UndoList> {
        self.assert_current();
        // SAFETY: the caller is the owner, and the reference ends before the list is replaced.
        if let Some(list) = unsafe { self.undo.get() } {
            return list.clone();
        }
        let list = Arc::<UndoList>::default();
        // SAFETY: as above.
        unsafe { self.undo.replace(Some(list.clone())) };
        list
    }
    /// Lets go of the list of what is undone; the last thread that does undoes it.
    pub(super) fn leave_undo_list(&self) {
        self.assert_current();
        // SAFETY: the caller is the owner, and the reference ends here.
        if unsafe { self.undo.get() }.is_none() {
            return;
        }
        // SAFETY: the caller is the owner, in a call that holds no reference.
        let old = unsafe { self.undo.replace(None) };
        drop(old);
    }

    /// The address space; `None` after the thread has given it up.
    pub fn space(&self) -> Option<Arc<AddressSpace>> {
        self.thread()?.space()
    }

    /// The short name.
    pub fn comm(&self) -> Comm {
        *self.comm.lock()
    }
    /// Sets the short name to the first 15 bytes of `name`.
    pub fn set_comm(&self, name: &[u8]) {
        let mut comm = [0; 16];
        let length = name.len().min(15);
        comm[..length].copy_from_slice(&name[..length]);
        *self.comm.lock() = comm;
    }

    /// Takes over the number of the thread-group leader (exec by another thread).
    pub(super) fn become_leader(&self) {
        self.tid.store(self.process.pid(), Relaxed);
    }

    /// Makes the thread look for work before it returns to user mode, and ends a wait that may be ended.
    pub(crate) fn request_attention(&self) {
        if let Some(thread) = self.thread() {
            thread.request_attention();
        }
    }
}

/// The running thread's task.
///
/// # Panics
/// In a kernel thread, which has none.
#[inline]
pub fn current() -> &'static Task {
    current_or_none().expect("system calls run in user threads")
}

/// The running thread's task, if it is a thread of a program.
#[inline]
pub fn current_or_none() -> Option<&'static Task> {
    // SAFETY: what a user thread has there is always a `Task` (see `clone` and `start_init`, which make all user
    // threads). The running thread keeps it alive for as long as it runs, and what runs is the caller.
    unsafe { sched::current().personal_data().cast::<Task>().as_ref() }
}
