//! Sleeping.

use exo_kernel::sync::{Sleep, WaitQueue};
use exo_kernel::time::{self, Instant, CLOCK_SET};
use exo_kernel::user::UserPtr;
use exo_kernel::Kind;
use posix_x_abi::types::Timespec;

use super::clock::{id, Clock};
use super::{nanoseconds, timespec, wall};
use crate::signal::Restart;
use crate::{Errno, SysResult, Task};

/// The time is a time, not a duration.
const TIMER_ABSTIME: u32 = 1;
/// CPU time is looked at again after this long at the latest.
const CPU_POLL: u64 = 10_000_000;

/// Sleeps until `deadline`. [`Kind::Interrupted`] if a signal ends the sleep.
fn until(deadline: Instant) -> Result<(), Kind> {
    let nobody = WaitQueue::new();
    match nobody.wait::<()>(Sleep::Interruptible, Some(deadline), || None) {
        Err(error) if error == Kind::TimedOut => Ok(()),
        Err(error) => Err(error.kind()),
        Ok(()) => Ok(()),
    }
}

/// A relative sleep: what is left is told, and the sleep goes on to the same deadline after a signal that ran no
/// handler.
fn relative(t: &Task, deadline: Instant, remaining: UserPtr<Timespec>) -> SysResult {
    if until(deadline).is_ok() {
        return Ok(0);
    }
    let left = deadline - time::now();
    if left.is_zero() {
        return Ok(0);
    }
    if let Some(remaining) = remaining.non_null() {
        remaining.write(&timespec(left.as_nanos() as u64))?;
    }
    let arguments = [deadline.as_nanos(), remaining.address() as u64, 0, 0, 0, 0];
    t.signals.set_restart(Restart { call: go_on, arguments });
    Err(Errno::ERESTARTBLOCK)
}

fn go_on(t: &Task, arguments: [u64; 6]) -> SysResult {
    relative(t, Instant::from_nanos(arguments[0]), UserPtr::new(arguments[1] as usize))
}

/// Sleeps until the wall clock shows `nanoseconds`, also when it is set meanwhile.
fn until_wall_time(nanoseconds: u64) -> SysResult {
    loop {
        let changes = time::clock_changes();
        let deadline = wall::instant(nanoseconds);
        let set = || (time::clock_changes() != changes).then_some(());
        match CLOCK_SET.wait(Sleep::Interruptible, Some(deadline), set) {
            Ok(()) => {}
            Err(error) if error == Kind::TimedOut => return Ok(0),
            Err(_) => return Err(Errno::ERESTARTNOHAND),
        }
    }
}

/// Sleeps until a clock of CPU time shows `target`. It advances by no more than the time that passes on each CPU.
fn until_cpu_time(clock: &Clock, target: u64) -> Result<(), u64> {
    loop {
        let left = target.saturating_sub(clock.now());
        if left == 0 {
            return Ok(());
        }
        if until(time::now().saturating_add_ns(left.min(CPU_POLL))).is_err() {
            return Err(left);
        }
    }
}

/// `nanosleep(2)`
pub fn nanosleep(t: &Task, req: UserPtr<Timespec>, rem: UserPtr<Timespec>) -> SysResult {
    let duration = nanoseconds(req.read()?)?;
    relative(t, time::now().saturating_add_ns(duration), rem)
}

/// `clock_nanosleep(2)`
pub fn clock_nanosleep(
    t: &Task,
    clockid: i32,
    flags: u32,
    req: UserPtr<Timespec>,
    rem: UserPtr<Timespec>,
) -> SysResult {
    let clock = Clock::from_number(t, clockid)?;
    if matches!(clockid, id::THREAD_CPUTIME | id::MONOTONIC_RAW | id::REALTIME_COARSE | id::MONOTONIC_COARSE)
    {
        return Err(Errno::EOPNOTSUPP);
    }
    let wanted = nanoseconds(req.read()?)?;
    let absolute = flags & TIMER_ABSTIME != 0;
    match clock {
        Clock::Realtime if absolute => until_wall_time(wanted),
        Clock::Monotonic if absolute => {
            until(Instant::from_nanos(wanted)).map(|()| 0).map_err(|_| Errno::ERESTARTNOHAND)
        }
        Clock::Realtime | Clock::Monotonic => relative(t, time::now().saturating_add_ns(wanted), rem),
        // Its own CPU time stands still while a thread sleeps.
        Clock::Thread(ref task, _) if task.tid() == t.tid() => Err(Errno::EINVAL),
        cpu => {
            let target = if absolute { wanted } else { cpu.now().saturating_add(wanted) };
            match until_cpu_time(&cpu, target) {
                Ok(()) => Ok(0),
                Err(left) => {
                    if let Some(rem) = rem.non_null().filter(|_| !absolute) {
                        rem.write(&timespec(left))?;
                    }
                    Err(if absolute { Errno::ERESTARTNOHAND } else { Errno::EINTR })
                }
            }
        }
    }
}
