//! [`Process`]: a thread group and what its threads share.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering::Relaxed};

use exo_kernel::mm::AddressSpace;
use exo_kernel::sync::{SpinLock, WaitQueue};
use exo_kernel::time::{self, Instant};
use exo_kernel::vfs::{DenyWrite, Path};

use super::limits::{Limits, Resource, NOFILE_MAX};
use super::table::Related;
use super::usage::Usage;
use super::{Session, Task};
use crate::dispatch::fast;
use crate::security::confine::Confinement;
use crate::security::Credentials;
use crate::signal::ProcessSignals;
use crate::time::ProcessTimers;
use crate::Pid;

/// A process.
pub struct Process {
    pid: Pid,
    parent: AtomicI32,
    pgid: AtomicI32,
    session: SpinLock<Arc<Session>>,
    /// Relations to other processes.
    pub(crate) relations: Related<Relations>,
    started: Instant,
    /// Resource limits.
    pub limits: Limits,
    /// Handlers, pending signals, threads, stop and exit state.
    pub signals: ProcessSignals,
    /// Woken when a child changes its state.
    pub children_changed: WaitQueue,
    /// Woken when the process has ended (for pidfds).
    pub ended: WaitQueue,
    /// POSIX timers, interval timers.
    pub timers: ProcessTimers,
    image: SpinLock<Arc<Image>>,
    usage: SpinLock<Usages>,
    /// The signal the parent gets when the process ends, or 0.
    pub exit_signal: AtomicI32,
    /// Orphans below this process become its children.
    pub subreaper: AtomicBool,
    /// Has an ancestor that is a subreaper.
    pub has_subreaper: AtomicBool,
    /// May others of the same user look into it?
    pub dumpable: AtomicBool,
    /// What it gave up for ever.
    pub confinement: Confinement,
    /// Has it executed a program since it was forked?
    pub executed: AtomicBool,
    /// The status with which the first thread ended: the process's, if nothing else gives one.
    leader_status: AtomicI32,
    /// The real user of the last thread that ended.
    user: AtomicU32,
}

/// How a process is related to others. Only with the table locked.
#[derive(Default)]
pub struct Relations {
    /// Living children and those not yet waited for.
    pub children: Vec<Arc<Process>>,
    /// Place among the parent's children.
    pub child_slot: usize,
    /// Place among the group's members.
    pub group_slot: usize,
    /// What `wait` may be told.
    pub report: Report,
}

/// What a parent may learn by waiting.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Report {
    /// The status of an ended process.
    pub ended: Option<i32>,
    /// Stopped by this signal, and not told yet.
    pub stopped: Option<i32>,
    /// Continued, and not told yet.
    pub continued: bool,
}

/// The program that runs: what `/proc` shows of it.
#[derive(Clone, Default)]
pub struct Image {
    /// The program's file.
    pub path: Option<Path>,
    /// While it runs, nobody may write to it.
    pub deny_write: Option<Arc<DenyWrite>>,
    /// Where the arguments' bytes are.
    pub arguments: (usize, usize),
    /// Where the environment's bytes are.
    pub environment: (usize, usize),
    /// The auxiliary vector.
    pub auxiliary: Vec<[u64; 2]>,
    /// Where code is.
    pub code: (usize, usize),
    /// Where data is.
    pub data: (usize, usize),
    /// Where the stack began.
    pub stack_start: usize,
}

/// What was consumed by threads that have ended and by children waited for.
#[derive(Clone, Copy, Default)]
struct Usages {
    threads: Usage,
    children: Usage,
}

/// What a new process gets.
pub(super) struct NewProcess {
    pub pid: Pid,
    pub parent: Pid,
    pub pgid: Pid,
    pub session: Arc<Session>,
    pub limits: Limits,
    pub signals: ProcessSignals,
    pub image: Arc<Image>,
    pub exit_signal: i32,
    pub has_subreaper: bool,
    pub dumpable: bool,
}

impl Process {
    pub(super) fn new(new: NewProcess) -> Self {
        Self {
            pid: new.pid,
            parent: AtomicI32::new(new.parent),
            pgid: AtomicI32::new(new.pgid),
            session: SpinLock::new(new.session),
            relations: Related::new(Relations::default()),
            started: time::now(),
            limits: new.limits,
            signals: new.signals,
            children_changed: WaitQueue::new(),
            ended: WaitQueue::new(),
            timers: ProcessTimers::default(),
            image: SpinLock::new(new.image),
            usage: SpinLock::new(Usages::default()),
            exit_signal: AtomicI32::new(new.exit_signal),
            subreaper: AtomicBool::new(false),
            has_subreaper: AtomicBool::new(new.has_subreaper),
            dumpable: AtomicBool::new(new.dumpable),
            confinement: Confinement::default(),
            executed: AtomicBool::new(false),
            leader_status: AtomicI32::new(0),
            user: AtomicU32::new(0),
        }
    }

    /// The number.
    #[inline]
    pub fn pid(&self) -> Pid {
        self.pid
    }
    /// The parent's number; 0 for init.
    #[inline]
    pub fn parent_pid(&self) -> Pid {
        self.parent.load(Relaxed)
    }
    /// The process group.
    #[inline]
    pub fn pgid(&self) -> Pid {
        self.pgid.load(Relaxed)
    }
    /// The session.
    pub fn session(&self) -> Arc<Session> {
        self.session.lock().clone()
    }
    /// The session's number.
    pub fn sid(&self) -> Pid {
        self.session.lock().id()
    }
    /// When it began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// With the table locked: changes the parent, and what its threads answer to `getppid`.
    pub(super) fn set_parent(&self, parent: Pid) {
        self.parent.store(parent, Relaxed);
        self.for_each_task(|task| fast::refresh_one(task, &fast::calls::getppid));
    }
    pub(super) fn set_pgid(&self, pgid: Pid) {
        self.pgid.store(pgid, Relaxed);
        self.for_each_task(|task| fast::refresh_one(task, &fast::calls::getpgrp));
    }
    pub(super) fn set_session(&self, session: Arc<Session>) {
        let old = core::mem::replace(&mut *self.session.lock(), session);
        drop(old);
    }

    /// The soft limit.
    #[inline]
    pub fn limit(&self, resource: Resource) -> u64 {
        self.limits.soft(resource)
    }
    /// One more than the highest descriptor.
    #[inline]
    pub fn limit_of_files(&self) -> u64 {
        self.limit(Resource::Files).min(NOFILE_MAX)
    }

    /// Calls `visit` with every thread. It must not block.
    pub fn for_each_task(&self, visit: impl FnMut(&Arc<Task>)) {
        self.signals.for_each_task(visit);
    }
    /// Some thread of it, the first one if that still runs. `None` for a zombie.
    pub fn any_task(&self) -> Option<Arc<Task>> {
        self.signals.first_task()
    }
    /// How many threads it has.
    pub fn thread_count(&self) -> usize {
        self.signals.thread_count()
    }
    /// Its address space; `None` for a zombie.
    pub fn space(&self) -> Option<Arc<AddressSpace>> {
        self.any_task()?.space()
    }
    /// Who it acts for; `None` for a zombie.
    pub fn creds(&self) -> Option<Arc<Credentials>> {
        Some(self.any_task()?.creds_snapshot())
    }
    /// Has it ended?
    pub fn is_zombie(&self) -> bool {
        self.signals.thread_count() == 0
    }

    /// What runs.
    pub fn image(&self) -> Arc<Image> {
        self.image.lock().clone()
    }
    /// The program's file.
    pub fn program(&self) -> Option<Path> {
        self.image.lock().path.clone()
    }
    pub(super) fn set_image(&self, image: Image) {
        let image = Arc::new(image);
        let old = core::mem::replace(&mut *self.image.lock(), image);
        drop(old);
    }

    /// What threads consumed that have ended.
    pub fn ended_threads_usage(&self) -> Usage {
        self.usage.lock().threads
    }
    /// What children consumed that were waited for.
    pub fn children_usage(&self) -> Usage {
        self.usage.lock().children
    }
    pub(super) fn add_ended_thread(&self, usage: Usage) {
        self.usage.lock().threads += usage;
    }
    pub(super) fn add_child(&self, usage: Usage) {
        self.usage.lock().children += usage;
    }

    pub(super) fn note_leader_status(&self, status: i32) {
        self.leader_status.store(status, Relaxed);
    }
    pub(super) fn leader_status(&self) -> i32 {
        self.leader_status.load(Relaxed)
    }
    pub(super) fn note_user(&self, uid: u32) {
        self.user.store(uid, Relaxed);
    }
    /// Remembers a resident size in KiB, should it be the largest.
    pub(super) fn note_resident(&self, size: u64) {
        let threads = &mut self.usage.lock().threads;
        threads.max_resident = threads.max_resident.max(size);
    }
    /// The real user, of a zombie too.
    pub fn user(&self) -> u32 {
        self.creds().map_or_else(|| self.user.load(Relaxed), |creds| creds.uid)
    }

    /// A thread acts for another user from now on: its counts move.
    pub(crate) fn user_changed(&self, old: &Credentials, new: &Credentials) {
        use crate::security::user::User;
        if !Arc::ptr_eq(&old.user, &new.user) {
            User::give_back(&old.user.threads);
            User::take(&new.user.threads, u64::MAX);
        }
        if (old.euid, old.egid, old.fsuid, old.fsgid) != (new.euid, new.egid, new.fsuid, new.fsgid)
            || !old.permitted.contains(new.permitted)
        {
            self.dumpable.store(false, Relaxed);
        }
    }
}
