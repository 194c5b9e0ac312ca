//! The three interval timers of a process: `setitimer` and `alarm`.
//!
//! After an expiry the real timer is armed again only when its signal is taken, as on Linux: whatever the period, a
//! program is not interrupted more often than it can handle, and the machine not at all.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};

use exo_kernel::sync::SpinLock;
use exo_kernel::time::{self, Instant, ThreadTimer};
use posix_x_abi::signal::number::{SIGALRM, SIGPROF, SIGVTALRM};

use super::clock::{cpu_time, CpuClock};
use super::cpu_timer::look_again;
use super::Schedule;
use crate::process::Process;
use crate::signal::{send_to_process, Info};
use crate::Errno;

/// Which of the three.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Passing time: SIGALRM.
    Real = 0,
    /// User CPU time: SIGVTALRM.
    Virtual = 1,
    /// User and system CPU time: SIGPROF.
    Profiling = 2,
}

impl Kind {
    fn from_number(number: u32) -> Result<Self, Errno> {
        [Self::Real, Self::Virtual, Self::Profiling].get(number as usize).copied().ok_or(Errno::EINVAL)
    }

    fn signal(self) -> i32 {
        match self {
            Self::Real => SIGALRM,
            Self::Virtual => SIGVTALRM,
            Self::Profiling => SIGPROF,
        }
    }

    fn now(self, process: &Process) -> u64 {
        match self {
            Self::Real => time::now().as_nanos(),
            Self::Virtual => cpu_time(process, CpuClock::Virtual),
            Self::Profiling => cpu_time(process, CpuClock::Profiling),
        }
    }

    /// When the schedule has to be looked at.
    fn deadline(self, schedule: Schedule, now: u64) -> Instant {
        match self {
            Self::Real => Instant::from_nanos(schedule.next),
            _ => look_again(schedule.remaining(now)),
        }
    }
}

#[derive(Default)]
struct Slot {
    schedule: Schedule,
    /// Made when first needed.
    timer: Option<ThreadTimer>,
    /// The signal was sent; the timer is armed again when that is taken.
    sent: bool,
}

impl Slot {
    fn arm(&self, kind: Kind, now: u64) {
        let Some(timer) = &self.timer else { return };
        if self.schedule.is_armed() {
            timer.arm(kind.deadline(self.schedule, now));
        } else {
            timer.cancel();
        }
    }
}

/// The interval timers of a process.
#[derive(Default)]
pub struct IntervalTimers {
    slots: [SpinLock<Slot>; 3],
}

impl IntervalTimers {
    /// Disarms all three.
    pub fn disarm_all(&self) {
        for slot in &self.slots {
            let timer = {
                let mut slot = slot.lock();
                slot.schedule = Schedule::default();
                slot.timer.take()
            };
            drop(timer);
        }
    }

    fn get(&self, process: &Process, kind: Kind) -> Schedule {
        let now = kind.now(process);
        let slot = self.slots[kind as usize].lock();
        let left = slot.schedule.remaining(now);
        Schedule { next: left, interval: slot.schedule.interval }
    }

    fn set(&self, process: &Arc<Process>, kind: Kind, value: u64, interval: u64) -> Result<Schedule, Errno> {
        let slot = &self.slots[kind as usize];
        if value != 0 && slot.lock().timer.is_none() {
            let weak = Arc::downgrade(process);
            let timer = ThreadTimer::new(Box::new(move || expired(&weak, kind)))?;
            let other = slot.lock().timer.replace(timer);
            drop(other);
        }
        let now = kind.now(process);
        let mut slot = slot.lock();
        let old = Schedule { next: slot.schedule.remaining(now), interval: slot.schedule.interval };
        slot.schedule = Schedule::new(value, interval, false, now);
        slot.sent = false;
        slot.arm(kind, now);
        Ok(old)
    }

    /// A signal was taken. If it is the real timer's, that starts for the next expiry.
    pub fn signal_taken(&self, info: &Info) {
        if info.signo != SIGALRM {
            return;
        }
        let now = time::now().as_nanos();
        let mut slot = self.slots[Kind::Real as usize].lock();
        if core::mem::take(&mut slot.sent) {
            slot.schedule.advance(now);
            slot.arm(Kind::Real, now);
        }
    }
}

/// Runs in the timer thread.
fn expired(process: &Weak<Process>, kind: Kind) {
    let Some(process) = process.upgrade() else { return };
    let now = kind.now(&process);
    let mut slot = process.timers.interval.slots[kind as usize].lock();
    // An expiry on its way while the timer was set anew finds nothing due.
    let due = slot.schedule.advance(now);
    slot.sent = due > 0 && kind == Kind::Real;
    if !slot.sent && slot.schedule.is_armed() {
        slot.arm(kind, now);
    }
    drop(slot);
    if due > 0 {
        send_to_process(&process, Info::kernel(kind.signal()));
    }
}

/// The system calls.
pub mod calls {
    use exo_kernel::user::UserPtr;
    use posix_x_abi::types::Itimerval;

    use super::*;
    use crate::time::{nanoseconds_of_timeval, timeval, SECOND};
    use crate::{SysResult, Task};

    fn itimerval(schedule: Schedule) -> Itimerval {
        // What is less than a microsecond is still not expired.
        let value = if schedule.next > 0 { schedule.next.max(1000) } else { 0 };
        Itimerval { interval: timeval(schedule.interval), value: timeval(value) }
    }

    /// `getitimer(2)`
    pub fn getitimer(t: &Task, which: u32, value: UserPtr<Itimerval>) -> SysResult {
        let kind = Kind::from_number(which)?;
        value.write(&itimerval(t.process().timers.interval.get(t.process(), kind)))?;
        Ok(0)
    }

    /// `setitimer(2)`
    pub fn setitimer(t: &Task, which: u32, new: UserPtr<Itimerval>, old: UserPtr<Itimerval>) -> SysResult {
        let (value, interval) = match new.non_null() {
            // Linux takes a missing value for zero.
            None => (0, 0),
            Some(new) => {
                let new = new.read()?;
                let value = nanoseconds_of_timeval(new.value)?;
                (value, nanoseconds_of_timeval(new.interval)?)
            }
        };
        let kind = Kind::from_number(which)?;
        let before = t.process().timers.interval.set(t.process(), kind, value, interval)?;
        if let Some(old) = old.non_null() {
            old.write(&itimerval(before))?;
        }
        Ok(0)
    }

    /// `alarm(2)`
    pub fn alarm(t: &Task, seconds: u32) -> SysResult {
        let value = u64::from(seconds) * SECOND;
        let before = t.process().timers.interval.set(t.process(), Kind::Real, value, 0)?;
        let (whole, rest) = (before.next / SECOND, before.next % SECOND);
        // Rounded, but never to zero: that would say that there was no alarm.
        let up = rest >= SECOND / 2 || whole == 0 && rest > 0;
        Ok((whole + u64::from(up)) as usize)
    }
}
