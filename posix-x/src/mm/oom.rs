//! Out of memory: the largest process ends, and the machine goes on.

use alloc::sync::{Arc, Weak};

use exo_kernel::sync::{Sleep, SpinLock, WaitQueue};
use exo_kernel::{mm, time};

use crate::process::{table, Process, Task};
use crate::signal::{self, Info, SIGKILL};

/// Pages that a process holds.
fn size(process: &Process) -> usize {
    process.space().map_or(0, |space| space.rss_pages())
}

/// The process to end: the one that holds most, never init. One that is ending already counts as chosen.
fn choose() -> Option<(Arc<Process>, usize)> {
    let all = table::processes();
    let mut largest: Option<(Arc<Process>, usize)> = None;
    for process in all.into_iter().filter(|process| !process.signals.unkillable() && !process.is_zombie()) {
        let size = size(&process);
        if process.signals.ending().is_some() && size > 0 {
            return Some((process, size));
        }
        if largest.as_ref().is_none_or(|(_, most)| size > *most) {
            largest = Some((process, size));
        }
    }
    largest
}

/// The process that was chosen last.
static VICTIM: SpinLock<Weak<Process>> = SpinLock::new(Weak::new());
/// Where those wait who need memory.
static WAITERS: WaitQueue = WaitQueue::new();
/// How long they wait before they try again.
const PATIENCE_NS: u64 = 2_000_000;

/// No page was left for the running thread's fault. Ends the largest process, unless one is ending already, and
/// gives it time to go; the access is tried again.
pub fn out_of_memory(task: &Task) {
    if task.process().signals.ending().is_some() || task.process().signals.is_being_killed() {
        return;
    }
    let ending = VICTIM.lock().upgrade().filter(|victim| !victim.is_zombie());
    if ending.is_none() && !mm::frame::has_room() {
        end_largest(task);
    }
    if !task.process().signals.is_being_killed() {
        let deadline = time::now().saturating_add_ns(PATIENCE_NS);
        // Ends with the deadline, always.
        let _ = WAITERS.wait(Sleep::Uninterruptible, Some(deadline), || None::<()>);
    }
}

fn end_largest(task: &Task) {
    let Some((victim, pages)) = choose() else {
        // Nobody but init is left.
        signal::force(task, Info::kernel(SIGKILL));
        return;
    };
    *VICTIM.lock() = Arc::downgrade(&victim);
    if victim.signals.ending().is_none() && !victim.signals.is_being_killed() {
        let comm = victim.any_task().map_or([0; 16], |task| task.comm());
        let name = comm.split(|byte| *byte == 0).next().unwrap_or(&[]);
        log::error!(
            "out of memory: process {} ({}) with {} KiB is killed",
            victim.pid(),
            core::str::from_utf8(name).unwrap_or("?"),
            pages * mm::PAGE_SIZE / 1024
        );
        signal::send_to_process(&victim, Info::kernel(SIGKILL));
    }
}
