//! Out of memory: the largest process ends, and the machine goes on.

use alloc::sync::Arc;

use exo_kernel::sched;

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

/// No page was left for the running thread's fault. Ends the largest process and gives it time to go; the access is
/// tried again.
pub fn out_of_memory(task: &Task) {
    let Some((victim, pages)) = choose() else {
        // Nobody but init is left.
        signal::force(task, Info::kernel(SIGKILL));
        return;
    };
    if victim.signals.ending().is_none() && !victim.signals.is_being_killed() {
        let comm = victim.any_task().map_or([0; 16], |task| task.comm());
        let name = comm.split(|byte| *byte == 0).next().unwrap_or(&[]);
        log::error!(
            "out of memory: process {} ({}) with {} KiB is killed",
            victim.pid(),
            alloc::string::String::from_utf8_lossy(name),
            pages * exo_kernel::mm::PAGE_SIZE / 1024
        );
        signal::send_to_process(&victim, Info::kernel(SIGKILL));
    }
    if !core::ptr::eq(&**task.process(), &*victim) {
        sched::yield_now();
    }
}
