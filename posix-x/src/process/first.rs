//! Process 1, which nobody forks.

use alloc::sync::Arc;

use exo_kernel::sched::Thread;

use super::group::{Image, NewProcess};
use super::limits::Limits;
use super::namespaces::Namespaces;
use super::task::NewTask;
use super::{max_threads, table, FsContext, Process, Session, Task};
use crate::fd::FdTable;
use crate::security::user::User;
use crate::security::Credentials;
use crate::signal::{AltStack, Handlers, ProcessSignals, SigSet, TaskSignals};
use crate::Errno;

/// Makes process 1 and its thread. Its group and session have the number 0, as on Linux: it can begin a session.
pub(crate) fn first(
    files: Arc<FdTable>,
    fs: Arc<FsContext>,
    creds: Arc<Credentials>,
) -> Result<(Arc<Task>, Arc<Process>), Errno> {
    let pid = table::lock().reserve_exactly(1)?;
    let process = Arc::new(Process::new(NewProcess {
        pid,
        parent: 0,
        pgid: 0,
        session: Arc::new(Session::new(0)),
        limits: Limits::initial(max_threads() as u64 / 2),
        signals: ProcessSignals::new(Arc::new(Handlers::default()), true),
        image: Arc::new(Image::default()),
        exit_signal: 0,
        has_subreaper: false,
        dumpable: true,
    }));
    let mut comm = [0; 16];
    comm[..4].copy_from_slice(b"init");
    let task = Arc::new(Task::new(NewTask {
        tid: pid,
        process: process.clone(),
        files,
        fs,
        creds,
        namespaces: Arc::new(Namespaces::first()),
        undo: None,
        comm,
        signals: TaskSignals::new(SigSet::EMPTY, AltStack::default()),
    }));
    Ok((task, process))
}

/// Makes it known.
pub(crate) fn publish_first(task: &Arc<Task>, thread: &Arc<Thread>) -> Result<(), Errno> {
    task.attach(thread);
    User::take(&task.creds_snapshot().user.threads, u64::MAX);
    if !task.process().signals.add_thread(task.clone()) {
        return Err(Errno::ENOMEM);
    }
    let mut table = table::lock();
    table.add_task(task.clone());
    table.add_process(task.process().clone());
    Ok(())
}
