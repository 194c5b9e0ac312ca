//! What a process gave up of its own will, for ever: calls outside of its promises ([`pledge`]), paths that it did
//! not unveil ([`paths`]), as OpenBSD's pledge(2) and unveil(2) have it.
//!
//! Processes with neither pay nothing: threads of those with either are
//! [intercepted](exo_kernel::sched::Thread::intercept), and only their calls come by [`admit`]. Paths are looked at
//! where they are resolved.

mod paths;
mod pledge;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use exo_kernel::sync::SpinLock;
use exo_kernel::vfs::{Reach, Veil};
use posix_x_abi::Promises;

pub use paths::PathLimits;
pub use pledge::{admit, require};

use crate::process::{table, Process, Task};
use crate::Errno;

/// What a process is confined to.
#[derive(Default)]
pub struct Confinement {
    /// Is there any promise or veil?
    active: AtomicBool,
    /// The promises as bits, once the process has pledged; with [`Promises::always`] then.
    promises: AtomicU64,
    /// Those that a program has which it executes, in the same way.
    exec_promises: AtomicU64,
    /// What it can see of the tree of names, once it has unveiled anything.
    veil: SpinLock<Option<Arc<Veil>>>,
    /// Is the veil final?
    locked: AtomicBool,
}

fn promises(word: &AtomicU64) -> Option<Promises> {
    let promises = Promises::from_bits_truncate(word.load(Ordering::Acquire));
    promises.contains(Promises::always).then_some(promises)
}

/// Is `new` among the promises `held`? Whoever holds none yet can make any.
fn fits(held: u64, new: Promises) -> bool {
    let held = Promises::from_bits_truncate(held);
    !held.contains(Promises::always) || held.contains(new)
}

/// The promises `new` instead of `word`'s. EPERM if they are not among those.
fn shrink(word: &AtomicU64, new: Promises) -> Result<(), Errno> {
    let change = |held: u64| fits(held, new).then(|| (new | Promises::always).bits());
    word.fetch_update(Ordering::AcqRel, Ordering::Acquire, change).map(drop).map_err(|_| Errno::EPERM)
}

impl Confinement {
    /// Is there any promise or veil?
    #[inline]
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// What the process promised; `None` if it did not pledge.
    pub fn promises(&self) -> Option<Promises> {
        promises(&self.promises)
    }

    /// What a program promises that the process executes; `None` if it is free.
    pub fn exec_promises(&self) -> Option<Promises> {
        promises(&self.exec_promises)
    }

    /// What can be seen of the tree of names; `None` if all.
    pub fn veil(&self) -> Option<Arc<Veil>> {
        self.veil.lock().clone()
    }

    /// Is the veil final?
    pub fn is_locked(&self) -> bool {
        self.locked.load(Ordering::Acquire)
    }

    /// Takes over all of the process that makes this one; with the table of processes locked, as all that changes it is
    /// in effect no later.
    pub fn inherit(&self, parent: &Self) {
        let copy =
            |to: &AtomicU64, from: &AtomicU64| to.store(from.load(Ordering::Acquire), Ordering::Release);
        copy(&self.promises, &parent.promises);
        copy(&self.exec_promises, &parent.exec_promises);
        *self.veil.lock() = parent.veil();
        self.locked.store(parent.is_locked(), Ordering::Release);
        self.active.store(parent.is_active(), Ordering::Release);
    }

    /// Another program is executed: it has the promises that were made for it, and the veil with them, or is free.
    pub fn exec(&self) {
        match self.exec_promises() {
            Some(promises) => self.promises.store(promises.bits(), Ordering::Release),
            None => {
                self.promises.store(0, Ordering::Release);
                self.locked.store(false, Ordering::Release);
                self.forget_veil();
                self.active.store(false, Ordering::Release);
            }
        }
    }

    /// The process has ended, or sees everything again: the places of the veil are let go.
    pub fn forget_veil(&self) {
        let veil = self.veil.lock().take();
        drop(veil);
    }

    /// Promises for the process and for what it executes; `None` leaves either as it is. EPERM if there were others.
    fn pledge(&self, own: Option<Promises>, exec: Option<Promises>) -> Result<(), Errno> {
        // First, so that nothing is done by halves; only another thread that is quicker can make what follows fail.
        if own.is_some_and(|own| !fits(self.promises.load(Ordering::Acquire), own)) {
            return Err(Errno::EPERM);
        }
        if let Some(exec) = exec {
            shrink(&self.exec_promises, exec)?;
        }
        if let Some(own) = own {
            shrink(&self.promises, own)?;
            if !own.contains(Promises::unveil) {
                self.locked.store(true, Ordering::Release);
            }
        }
        Ok(())
    }

    /// Unveils one more path. EPERM once the veil is final.
    fn unveil(&self, t: &Task, path: &[u8], reach: Reach) -> Result<(), Errno> {
        let caller = crate::fs::at::caller(t);
        loop {
            if self.is_locked() {
                return Err(Errno::EPERM);
            }
            let before = self.veil();
            let empty = Veil::default();
            let new = before.as_deref().unwrap_or(&empty).unveil(&caller.context(), path, reach)?;
            let new = Some(Arc::new(new));
            let mut veil = self.veil.lock();
            let unchanged = veil.as_ref().map(Arc::as_ptr) == before.as_ref().map(Arc::as_ptr);
            if unchanged {
                let old = core::mem::replace(&mut *veil, new);
                drop(veil);
                drop(old);
                return Ok(());
            }
            // Another thread was quicker.
        }
    }
}

/// All threads of the process are looked at from now on, and those of each child that is not there yet.
fn begin(process: &Process) -> Result<(), Errno> {
    let table = table::lock();
    process.confinement.active.store(true, Ordering::SeqCst);
    drop(table);
    let mut threads = alloc::vec::Vec::new();
    process.signals.with_threads(|tasks| {
        threads.try_reserve(tasks.len()).map_err(|_| Errno::ENOMEM)?;
        threads.extend(tasks.iter().filter_map(|task| task.thread()));
        Ok::<_, Errno>(())
    })?;
    threads.iter().for_each(|thread| thread.intercept());
    Ok(())
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::fs::path::UserPath;
    use crate::{SysResult, UserStr};

    /// A promise string is no longer than this.
    const PROMISES_MAX: usize = 1024;

    fn import(text: UserStr) -> Result<Option<Promises>, Errno> {
        let Some(text) = text.non_null() else { return Ok(None) };
        let text = UserPath::import_limited(text, PROMISES_MAX).map_err(|error| match error {
            Errno::ENAMETOOLONG => Errno::E2BIG,
            other => other,
        })?;
        let text = core::str::from_utf8(text.bytes()).map_err(|_| Errno::EINVAL)?;
        Promises::parse(text).map(Some).ok_or(Errno::EINVAL)
    }

    /// Promises to make no other calls any more, and the same for programs executed later. A null pointer leaves
    /// either as it is.
    pub fn exo_pledge(t: &Task, own: UserStr, exec: UserStr) -> SysResult {
        let (own, exec) = (import(own)?, import(exec)?);
        let process = t.process();
        // No child takes over what was promised while that changes.
        let table = table::lock();
        process.confinement.pledge(own, exec)?;
        drop(table);
        if own.is_some() || exec.is_some() {
            begin(process)?;
        }
        Ok(0)
    }

    fn reach(text: UserStr) -> Result<Reach, Errno> {
        let text = UserPath::import_limited(text, 8).map_err(|error| match error {
            Errno::ENAMETOOLONG => Errno::EINVAL,
            other => other,
        })?;
        text.bytes().iter().try_fold(Reach::empty(), |reach, letter| {
            Ok(reach
                | match letter {
                    b'r' => Reach::READ,
                    b'w' => Reach::WRITE,
                    b'x' => Reach::EXECUTE,
                    b'c' => Reach::CREATE,
                    _ => return Err(Errno::EINVAL),
                })
        })
    }

    /// Unveils a path; all that is not is hidden from the first call on. Two null pointers make it final.
    pub fn exo_unveil(t: &Task, path: UserStr, permissions: UserStr) -> SysResult {
        let process = t.process();
        if path.is_null() && permissions.is_null() {
            process.confinement.locked.store(true, Ordering::Release);
            return Ok(0);
        }
        let path = UserPath::import(path)?;
        process.confinement.unveil(t, path.bytes(), reach(permissions)?)?;
        begin(process)?;
        Ok(0)
    }
}
