//! Running another program: `execve` and `execveat`.
//!
//! [`arguments`] copies the strings, [`program`] opens the file and finds out what it is (following `#!`),
//! [`image`] makes the new address space. Up to there everything can fail and the old program goes on; then
//! [`commit`] makes the thread the only one of its process and exchanges what an exec exchanges.

mod arguments;
pub mod image;
mod program;

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::arch::UserFrame;
use exo_kernel::sched;
use exo_kernel::sync::Sleep;
use exo_kernel::vfs::{mode, MountFlags};

use super::{exit, table, Task};
use crate::dispatch::{fast, trace};
use crate::security::{Caps, Credentials};
use crate::signal::{AltStack, SIGCHLD, SIGSEGV};
use crate::{Errno, SysResult};
pub use arguments::Arguments;
use image::{Failure, NewImage};
pub use program::Program;

/// Runs `program` in the calling thread. On success the frame is that of the new program.
pub fn execute(t: &Task, frame: &mut UserFrame, program: Program, arguments: Arguments) -> SysResult {
    let creds = new_credentials(t, &program);
    let secure = !creds.same_ids() || creds.permitted != t.creds().permitted && creds.uid != 0;
    let image = match NewImage::load(t, &program, &arguments, &creds, secure) {
        Ok(image) => image,
        Err(Failure::Error(error)) => return Err(error),
        Err(Failure::Fatal) => {
            t.process().signals.end_all(SIGSEGV);
            return Err(Errno::ENOEXEC);
        }
    };
    become_sole(t)?;
    commit(t, frame, &program, image, creds);
    Ok(0)
}

/// Ends all other threads; the caller gets the leader's number.
fn become_sole(t: &Task) -> Result<(), Errno> {
    let process = t.process();
    let signals = &process.signals;
    if !signals.end_others(t) {
        return Err(Errno::EAGAIN);
    }
    if signals.thread_count() > 1 {
        let alone = || (signals.thread_count() == 1 || signals.ending().is_some()).then_some(());
        // Each of the others ends as soon as it attends to it.
        let _ = signals.thread_ended.wait(Sleep::Uninterruptible, None, alone);
        signals.others_ended();
        if signals.ending().is_some() {
            return Err(Errno::EAGAIN);
        }
    }
    if t.tid() != process.pid() {
        table::lock().change_leader(t.tid(), process.pid());
        t.become_leader();
        sched::current().set_id(process.pid() as u32);
    }
    Ok(())
}

/// From here on there is no way back.
fn commit(t: &Task, frame: &mut UserFrame, program: &Program, image: NewImage, creds: Credentials) {
    let process = t.process();
    exit::leave_memory(t);
    let thread = sched::current();
    thread.set_space(Some(image.space.clone()));
    thread.set_fs_base(0);
    thread.set_gs_base(0);
    thread.reset_fpu();
    unshare_what_exec_unshares(t);
    let privileged = !creds.same_ids();
    t.set_creds(Arc::new(creds));
    process.dumpable.store(!privileged, Relaxed);
    if privileged {
        t.death_signal.store(0, Relaxed);
    }
    t.set_comm(program.name());
    thread.set_name(&program.name()[..program.name().len().min(15)]);
    process.exit_signal.store(SIGCHLD, Relaxed);
    process.executed.store(true, Relaxed);
    process.timers.exec();
    fast::refresh(t, thread);
    process.confinement.exec();
    trace::begin(t);
    if !t.must_be_intercepted() {
        thread.stop_intercepting();
    }
    let start = image.enter(process);
    match start {
        Ok((entry, stack)) => *frame = UserFrame::start(entry, stack),
        // The new program's memory cannot be written, and the old one is gone.
        Err(_) => {
            process.signals.end_all(SIGSEGV);
        }
    }
}

/// What was shared with other processes is the program's own now; handlers go, what is close-on-exec closes.
fn unshare_what_exec_unshares(t: &Task) {
    let signals = &t.process().signals;
    let handlers = signals.handlers();
    if Arc::strong_count(&handlers) > 2 {
        signals.set_handlers(Arc::new(handlers.duplicate()));
    }
    signals.with_handlers(|handlers| handlers.reset());
    t.signals.set_alt_stack(AltStack::default());
    if Arc::strong_count(t.files()) > 1 {
        // Without memory for a copy the shared one is closed like an own one.
        if let Ok(files) = t.files().duplicate() {
            t.set_files(Some(Arc::new(files)));
        }
    }
    while let Some(closed) = t.files().remove_next(0, usize::MAX, |close_on_exec| close_on_exec) {
        drop(closed);
    }
    t.robust_list.store(0, Relaxed);
    t.clear_child_tid.store(0, Relaxed);
}

/// Whom the new program acts for: set-id bits, and the rules of capabilities(7) for exec.
fn new_credentials(t: &Task, program: &Program) -> Credentials {
    let old = t.creds();
    let mut new = (**old).clone();
    let metadata = program.metadata();
    let honoured = !program.mount_flags().contains(MountFlags::NO_SUID) && !t.no_new_privileges.load(Relaxed);
    if honoured && metadata.mode & mode::SET_UID != 0 {
        new.euid = metadata.uid;
    }
    if honoured && metadata.mode & (mode::SET_GID | 0o010) == mode::SET_GID | 0o010 {
        new.egid = metadata.gid;
    }
    (new.suid, new.fsuid) = (new.euid, new.euid);
    (new.sgid, new.fsgid) = (new.egid, new.egid);
    let root_means_all = new.securebits & crate::security::credentials::SECBIT_NOROOT == 0;
    let changed = new.euid != old.euid || new.egid != old.egid;
    if changed {
        new.ambient = Caps::empty();
    }
    let inherited = new.inheritable | new.bounding;
    if root_means_all && (new.uid == 0 || new.euid == 0) {
        new.permitted = inherited & (new.bounding | new.inheritable);
        new.effective = if new.euid == 0 { new.permitted } else { Caps::empty() };
    } else {
        new.permitted = new.ambient;
        new.effective = new.ambient;
    }
    new.securebits &= !crate::security::credentials::SECBIT_KEEP_CAPS;
    new
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::fs::path::UserPath;
    use crate::{Fd, UserStr};
    use exo_kernel::user::UserPtr;
    use posix_x_abi::uapi::general::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};

    /// `execve(2)`
    pub fn execve(
        t: &Task,
        frame: &mut UserFrame,
        path: UserStr,
        argv: UserPtr<usize>,
        envp: UserPtr<usize>,
    ) -> SysResult {
        execveat(t, frame, Fd::CWD, path, argv, envp, 0)
    }

    /// `execveat(2)`
    pub fn execveat(
        t: &Task,
        frame: &mut UserFrame,
        dirfd: Fd,
        path: UserStr,
        argv: UserPtr<usize>,
        envp: UserPtr<usize>,
        flags: u32,
    ) -> SysResult {
        if flags & !(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0 {
            return Err(Errno::EINVAL);
        }
        let path = UserPath::import_any(path)?;
        if path.is_empty() && flags & AT_EMPTY_PATH == 0 {
            return Err(Errno::ENOENT);
        }
        let program = Program::open(t, dirfd, path.bytes(), flags)?;
        let arguments = Arguments::read(t, argv, envp)?;
        let (program, arguments) = program.interpret(t, arguments)?;
        execute(t, frame, program, arguments)
    }
}
