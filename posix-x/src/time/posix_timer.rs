//! POSIX timers: `timer_create` and its kin.
//!
//! A timer has at most one signal pending. It is armed again when that is taken; what it missed meanwhile is its
//! overrun. So no period, however short, makes more work than the program can handle.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use exo_kernel::sync::SpinLock;
use exo_kernel::time::{self, Instant, ThreadTimer};
use posix_x_abi::signal::code;

use super::clock::Clock;
use super::cpu_timer::look_again;
use super::{wall, Schedule, CLOCK_TICK};
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
    /// Expiries since the one that sent the signal.
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
    timer: SpinLock<Option<ThreadTimer>>,
}

impl PosixTimer {
    /// Arms the timer behind it for what the schedule says, but not before `earliest`.
    fn arm(&self, earliest: Instant) {
        let (schedule, follows_wall) = {
            let state = self.state.lock();
            (state.schedule, state.follows_wall)
        };
        let deadline = match &self.clock {
            Clock::Realtime if follows_wall => wall::instant(schedule.next),
            Clock::Realtime | Clock::Monotonic => Instant::from_nanos(schedule.next),
            cpu => look_again(schedule.remaining(cpu.now())),
        };
        let timer = self.timer.lock();
        let Some(timer) = &*timer else { return };
        if schedule.is_armed() && !matches!(self.target, Target::Nobody) {
            timer.arm(deadline.max(earliest));
        } else {
            timer.cancel();
        }
    }

    /// What the schedule is compared with: a relative timer does not follow the wall clock when that is set.
    fn now(&self, follows_wall: bool) -> u64 {
        match &self.clock {
            Clock::Realtime if !follows_wall => Clock::Monotonic.now(),
            clock => clock.now(),
        }
    }

    /// Moves on to the expiries after now, and returns how many there were.
    fn advance(&self, change: impl FnOnce(&mut State, u64)) -> u64 {
        let follows_wall = self.state.lock().follows_wall;
        let now = self.now(follows_wall);
        let mut state = self.state.lock();
        let due = state.schedule.advance(now);
        change(&mut state, due);
        due
    }

    /// Runs in the timer thread.
    fn expired(&self) {
        let due = self.advance(|state, due| {
            if due > 0 {
                state.pending = true;
                state.overrun = due - 1;
            }
        });
        if due == 0 {
            // Too early: a clock of CPU time went slower, or the wall clock was set back.
            self.arm(Instant::ZERO);
        } else if !self.send() {
            // Nobody will take what is ignored; it might be handled some time.
            self.state.lock().pending = false;
            self.arm(time::now().saturating_add_ns(CLOCK_TICK));
        }
    }

    /// Sends the signal. `false` if it is ignored.
    fn send(&self) -> bool {
        let info = Info::timer(self.signal, self.id, 0, self.value);
        match &self.target {
            Target::Nobody => false,
            Target::Process(process) => {
                process.upgrade().is_some_and(|process| send_to_process(&process, info))
            }
            Target::Thread(task) => task.upgrade().is_some_and(|task| send_to_task(&task, info)),
        }
    }

    /// The signal was taken: starts for the next expiry, and returns how many were missed.
    fn taken(&self) -> i32 {
        let mut rearm = false;
        self.advance(|state, due| {
            rearm = core::mem::take(&mut state.pending);
            let missed = core::mem::take(&mut state.overrun).saturating_add(due);
            state.told = missed.min(OVERRUN_MAX) as i32;
        });
        if rearm {
            self.arm(Instant::ZERO);
        }
        self.state.lock().told
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
            state.pending = false;
        }
        self.arm(Instant::ZERO);
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
            self.arm(Instant::ZERO);
        }
    }
}

impl Drop for PosixTimer {
    fn drop(&mut self) {
        if matches!(self.clock, Clock::Realtime) {
            wall::unregister(self);
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
        let told = timer.taken();
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
            timer: SpinLock::new(None),
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
