//! `RLIMIT_CPU`: SIGXCPU each second beyond the soft limit, SIGKILL at the hard one (setrlimit(2)).

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};

use exo_kernel::sync::Mutex;
use exo_kernel::time::{self, ThreadTimer};
use posix_x_abi::signal::number::{SIGKILL, SIGXCPU};
use posix_x_abi::types::Rlimit;

use super::clock::{cpu_time, CpuClock};
use super::cpu_timer::look_again;
use super::SECOND;
use crate::process::limits::{Resource, INFINITY};
use crate::process::Process;
use crate::signal::{send_to_process, Info};
use crate::Errno;

/// Watches how much CPU time a process uses, once it is limited.
#[derive(Default)]
pub struct CpuLimit {
    timer: Mutex<Option<ThreadTimer>>,
}

impl CpuLimit {
    /// Heeds the limit of `process`, which was just set or inherited.
    pub fn watch(&self, process: &Arc<Process>) -> Result<(), Errno> {
        if process.limit(Resource::Cpu) == INFINITY {
            // A look that is still to come finds nothing to do.
            return Ok(());
        }
        let mut timer = self.timer.lock();
        if timer.is_none() {
            let weak = Arc::downgrade(process);
            *timer = Some(ThreadTimer::new(Box::new(move || look(&weak)))?);
        }
        if let Some(timer) = &*timer {
            timer.arm(time::now());
        }
        Ok(())
    }

    /// The process ends.
    pub fn stop(&self) {
        let timer = self.timer.lock().take();
        drop(timer);
    }
}

/// Runs in the timer thread.
fn look(process: &Weak<Process>) {
    let Some(process) = process.upgrade() else { return };
    let Rlimit { cur: soft, max: hard } = process.limits.get(Resource::Cpu);
    if soft == INFINITY {
        return;
    }
    let used = cpu_time(&process, CpuClock::Total);
    if used >= hard.saturating_mul(SECOND) {
        send_to_process(&process, Info::kernel(SIGKILL));
        return;
    }
    let mut next = soft.saturating_mul(SECOND);
    if used >= next {
        send_to_process(&process, Info::kernel(SIGXCPU));
        process.limits.set(Resource::Cpu, Rlimit { cur: soft + 1, max: hard });
        next = next.saturating_add(SECOND);
    }
    let next = next.min(hard.saturating_mul(SECOND));
    let timer = process.timers.cpu_limit.timer.lock();
    if let Some(timer) = &*timer {
        timer.arm(look_again(next.saturating_sub(used)));
    }
}
