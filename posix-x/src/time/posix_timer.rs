//! POSIX timers: `timer_create` and its kin.
//!
//! A timer has at most one signal pending. Expiries meanwhile are counted as its overrun, which is told when the
//! signal is taken.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use exo_kernel::sync::{Mutex, SpinLock};
use exo_kernel::time::{Instant, ThreadTimer};
use posix_x_abi::signal::code;

use super::clock::Clock;
use super::cpu_timer::look_again;
use super::{wall, Schedule};
use crate::process::{Process, Task};
use crate::signal::{send_to_process, send_to_task, Info};
use crate::Errno;

/// Timers that a process can have.
const LIMIT: usize = 4096;
/// The highest overrun that can be told.
const OVERRUN_MAX: u64 = i32::MAX as u64;

/// Whom an expiry is told.
enum Target {
    Nobody,
    Process(Weak<Process>),
    Thread(Weak<Task>),
}

#[derive(Default)]
struct State {
    schedule: Schedule,
    /// The schedule follows the wall clock, which may be set.
    follows_wall: bool,
    /// The signal was sent and not taken yet.
    pending: bool,
    /// Expiries since the signal was sent.
    overrun: u64,
    /// The overrun that the last signal taken told.
    told: i32,
}

/// A timer.
struct PosixTimer {
    id: i32,
    clock: Clock,
    target: Target,
    signal: i32,
    value: u64,
    state: SpinLock<State>,
    timer: Mutex<Option<ThreadTimer>>,
}

impl PosixTimer {
    /// Arms the timer behind it for what the schedule says.
    fn arm(&self) {
        let timer = self.timer.lock();
        let Some(timer) = &*timer else { return };
        let (schedule, follows_wall) = {
            let state = self.state.lock();
            (state.schedule, state.follows_wall)
        };
        if !schedule.is_armed() {
            timer.cancel();
            return;
        }
        let deadline = match &self.clock {
            Clock::Realtime if follows_wall => wall::instant(schedule.next),
            Clock::Realtime | Clock::Monotonic => Instant::from_nanos(schedule.next),
            cpu => look_again(schedule.remaining(cpu.now())),
        };
        timer.arm(deadline, 0);
    }

    /// What the schedule is compared with: a relative timer does not follow the wall clock when that is set.
    fn now(&self, follows_wall: bool) -> u64 {
        match &self.clock {
            Clock::Realtime if !follows_wall => Clock::Monotonic.now(),
            clock => clock.now(),
        }
    }

    /// Runs in the timer thread.
    fn expired(&self) {
        let send = {
            let follows_wall = self.state.lock().follows_wall;
            let now = self.now(follows_wall);
            let mut state = self.state.lock();
            let due = state.schedule.advance(now);
            if due == 0 {
                false
            } else if state.pending {
                state.overrun = state.overrun.saturating_add(due);
                false
            } else {
                state.pending = !matches!(self.target, Target::Nobody);
                state.overrun = due - 1;
                state.pending
            }
        };
        self.arm();
        if send {
            let info = Info::timer(self.signal, self.id, 0, self.value);
            match &self.target {
                Target::Nobody => {}
                Target::Process(process) => {
                    if let Some(process) = process.upgrade() {
                        send_to_process(&process, info);
                    }
                }
                Target::Thread(task) => {
                    if let Some(task) = task.upgrade() {
                        send_to_task(&task, info);
                    }
                }
            }
        }
    }

    /// What is left, and the period.
    fn get(&self) -> Schedule {
        let follows_wall = self.state.lock().follows_wall;
        let now = self.now(follows_wall);
        let schedule = self.state.lock().schedule;
        Schedule { next: schedule.remaining(now), interval: schedule.interval }
    }

    fn set(&self, value: u64, interval: u64, absolute: bool) {
        let follows_wall = absolute && matches!(self.clock, Clock::Realtime);
        let schedule = Schedule::new(value, interval, absolute, self.now(follows_wall));
        {
            let mut state = self.state.lock();
            state.schedule = schedule;
            state.follows_wall = follows_wall;
            state.overrun = 0;
        }
        self.arm();
    }

    fn stop(&self) {
        self.state.lock().schedule = Schedule::default();
        let timer = self.timer.lock().take();
        drop(timer);
    }
}

impl wall::Dependent for PosixTimer {
    fn clock_set(&self) {
        if self.state.lock().follows_wall {
            self.arm();
        }
    }
}

/// The timers of a process.
#[derive(Default)]
pub struct PosixTimers {
    list: SpinLock<Vec<Option<Arc<PosixTimer>>>>,
}

impl PosixTimers {
    fn get(&self, id: i32) -> Result<Arc<PosixTimer>, Errno> {
        let index = usize::try_from(id).map_err(|_| Errno::EINVAL)?;
        self.list.lock().get(index).cloned().flatten().ok_or(Errno::EINVAL)
    }

    /// Deletes all.
    pub fn delete_all(&self) {
        let all = core::mem::take(&mut *self.list.lock());
        all.iter().flatten().for_each(|timer| timer.stop());
    }

    /// See [`super::ProcessTimers::signal_taken`].
    pub fn signal_taken(&self, info: &mut Info) {
        if info.code != code::SI_TIMER {
            return;
        }
        let id = info.fields[0] as u32 as i32;
        let Ok(timer) = self.get(id) else { return };
        let told = {
            let mut state = timer.state.lock();
            state.pending = false;
            state.told = core::mem::take(&mut state.overrun).min(OVERRUN_MAX) as i32;
            state.told
        };
        info.fields[0] = u64::from(id as u32) | u64::from(told as u32) << 32;
    }
}

/// The system calls.
pub mod calls {
    use exo_kernel::user::UserPtr;
    use posix_x_abi::signal::number::SIGALRM;
    use posix_x_abi::signal::SIGNAL_MAX;
    use posix_x_abi::types::{Itimerspec, Sigevent};

    use super::*;
    use crate::process::table;
    use crate::time::clock::id;
    use crate::time::{nanoseconds, timespec};
    use crate::SysResult;

    const SIGEV_SIGNAL: i32 = 0;
    const SIGEV_NONE: i32 = 1;
    const SIGEV_THREAD: i32 = 2;
    const SIGEV_THREAD_ID: i32 = 4;
    const TIMER_ABSTIME: u32 = 1;

    /// Whom to tell, by which signal.
    fn target(t: &Task, event: &Sigevent) -> Result<(Target, i32), Errno> {
        let signal = event.signo;
        let valid = (1..=SIGNAL_MAX).contains(&signal);
        match event.notify {
            SIGEV_NONE => Ok((Target::Nobody, 0)),
            SIGEV_SIGNAL | SIGEV_THREAD if valid => {
                Ok((Target::Process(Arc::downgrade(t.process())), signal))
            }
            SIGEV_THREAD_ID if valid => {
                let task = table::task(event.tid).filter(|other| Arc::ptr_eq(other.process(), t.process()));
                Ok((Target::Thread(Arc::downgrade(&task.ok_or(Errno::EINVAL)?)), signal))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `timer_create(2)`
    pub fn timer_create(t: &Task, clockid: i32, sevp: UserPtr<Sigevent>, timerid: UserPtr<i32>) -> SysResult {
        let clock = Clock::from_number(t, clockid)?;
        if matches!(clockid, id::MONOTONIC_RAW | id::REALTIME_COARSE | id::MONOTONIC_COARSE) {
            return Err(Errno::EOPNOTSUPP);
        }
        let event = sevp.non_null().map(|event| event.read()).transpose()?;
        let timers = &t.process().timers.posix;
        let id = reserve(timers)?;
        // Without a wish: SIGALRM with the timer's number.
        let event = event.unwrap_or(Sigevent { value: id as u64, signo: SIGALRM, ..Sigevent::default() });
        let (target, signal) = target(t, &event)?;
        let timer = Arc::new(PosixTimer {
            id,
            clock,
            target,
            signal,
            value: event.value,
            state: SpinLock::new(State::default()),
            timer: Mutex::new(None),
        });
        let weak = Arc::downgrade(&timer);
        let expire = move || {
            if let Some(timer) = weak.upgrade() {
                timer.expired();
            }
        };
        *timer.timer.lock() = Some(ThreadTimer::new(Box::new(expire))?);
        if matches!(timer.clock, Clock::Realtime) {
            wall::register(&timer)?;
        }
        timerid.write(&id)?;
        let mut list = timers.list.lock();
        // Other threads may have made timers meanwhile, but the place was found by this one's number.
        let place = list.get_mut(id as usize).filter(|place| place.is_none()).ok_or(Errno::EAGAIN)?;
        *place = Some(timer);
        Ok(0)
    }

    /// Finds a number that no timer has, and makes room for it.
    fn reserve(timers: &PosixTimers) -> Result<i32, Errno> {
        let mut list = timers.list.lock();
        if let Some(free) = list.iter().position(Option::is_none) {
            return Ok(free as i32);
        }
        if list.len() >= LIMIT {
            return Err(Errno::EAGAIN);
        }
        list.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        list.push(None);
        Ok(list.len() as i32 - 1)
    }

    fn itimerspec(schedule: Schedule) -> Itimerspec {
        Itimerspec { interval: timespec(schedule.interval), value: timespec(schedule.next) }
    }

    /// `timer_settime(2)`
    pub fn timer_settime(
        t: &Task,
        timerid: i32,
        flags: u32,
        new: UserPtr<Itimerspec>,
        old: UserPtr<Itimerspec>,
    ) -> SysResult {
        let new = new.non_null().ok_or(Errno::EINVAL)?.read()?;
        let value = nanoseconds(new.value)?;
        let interval = nanoseconds(new.interval)?;
        let timer = t.process().timers.posix.get(timerid)?;
        let before = timer.get();
        timer.set(value, interval, flags & TIMER_ABSTIME != 0);
        if let Some(old) = old.non_null() {
            old.write(&itimerspec(before))?;
        }
        Ok(0)
    }

    /// `timer_gettime(2)`
    pub fn timer_gettime(t: &Task, timerid: i32, value: UserPtr<Itimerspec>) -> SysResult {
        let timer = t.process().timers.posix.get(timerid)?;
        value.write(&itimerspec(timer.get()))?;
        Ok(0)
    }

    /// `timer_getoverrun(2)`
    pub fn timer_getoverrun(t: &Task, timerid: i32) -> SysResult {
        let timer = t.process().timers.posix.get(timerid)?;
        let told = timer.state.lock().told;
        Ok(told as usize)
    }

    /// `timer_delete(2)`
    pub fn timer_delete(t: &Task, timerid: i32) -> SysResult {
        let timer = t.process().timers.posix.get(timerid)?;
        if let Some(place) = t.process().timers.posix.list.lock().get_mut(timerid as usize) {
            *place = None;
        }
        timer.stop();
        Ok(0)
    }
}
