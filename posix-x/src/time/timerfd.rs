//! Timers as descriptors: `timerfd_create` and its kin.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use exo_kernel::cap::ObjectKind;
use exo_kernel::sync::{Events, PollTable, Sleep, SpinLock, WaitQueue};
use exo_kernel::time::{self, Instant, Timer};
use exo_kernel::user::IoDest;
use exo_kernel::vfs::{File, Io};
use exo_kernel::{Kind, Result};
use spin::Once;

use super::clock::Clock;
use super::{wall, Schedule};

/// The size of what a read gives: a counter.
const COUNTER: usize = 8;

#[derive(Default)]
struct State {
    schedule: Schedule,
    /// The schedule follows the wall clock, which may be set.
    follows_wall: bool,
    /// Reading fails when the wall clock was set since.
    cancel_on_set: bool,
    /// Settings of the wall clock that were seen.
    changes: u64,
}

/// A timer behind a descriptor.
struct TimerFile {
    clock: Clock,
    state: SpinLock<State>,
    expired: Arc<WaitQueue>,
    timer: Once<Timer>,
}

impl TimerFile {
    fn new(clock: Clock) -> Result<Arc<Self>> {
        let expired = Arc::new(WaitQueue::new());
        let woken = expired.clone();
        let timer = Timer::new(Box::new(move || {
            woken.wake_all();
        }))?;
        let file =
            Self { clock, state: SpinLock::new(State::default()), expired, timer: Once::initialized(timer) };
        Ok(Arc::new(file))
    }

    fn now(&self, follows_wall: bool) -> u64 {
        if follows_wall { &self.clock } else { &Clock::Monotonic }.now()
    }

    /// Arms for the next expiry. Those after it are counted, but wake nobody: not before this one was read.
    fn arm(&self, state: &State) {
        let Some(timer) = self.timer.get() else { return };
        let schedule = state.schedule;
        if !schedule.is_armed() {
            timer.cancel();
        } else if state.follows_wall {
            timer.arm(wall::instant(schedule.next));
        } else {
            timer.arm(Instant::from_nanos(schedule.next));
        }
    }

    /// What a read would give: expiries, or the error when the wall clock was set.
    fn take(&self) -> Option<Result<u64>> {
        let mut state = self.state.lock();
        if state.cancel_on_set && state.changes != time::clock_changes() {
            state.changes = time::clock_changes();
            return Some(Err(Kind::Canceled.into()));
        }
        let now = self.now(state.follows_wall);
        let due = state.schedule.advance(now);
        if due > 0 && state.schedule.is_armed() {
            self.arm(&state);
        }
        (due > 0).then_some(Ok(due))
    }

    fn get(&self) -> Schedule {
        let state = self.state.lock();
        let now = self.now(state.follows_wall);
        Schedule { next: state.schedule.remaining(now), interval: state.schedule.interval }
    }

    fn set(&self, value: u64, interval: u64, absolute: bool, cancel_on_set: bool) {
        let follows_wall = absolute && matches!(self.clock, Clock::Realtime);
        let mut state = self.state.lock();
        state.schedule = Schedule::new(value, interval, absolute, self.now(follows_wall));
        state.follows_wall = follows_wall;
        state.cancel_on_set = cancel_on_set && follows_wall;
        state.changes = time::clock_changes();
        self.arm(&state);
    }
}

impl wall::Dependent for TimerFile {
    fn clock_set(&self) {
        let state = self.state.lock();
        if state.follows_wall {
            self.arm(&state);
            drop(state);
            self.expired.wake_all();
        }
    }
}

impl Drop for TimerFile {
    fn drop(&mut self) {
        if matches!(self.clock, Clock::Realtime) {
            wall::unregister(self);
        }
    }
}

/// What the descriptor opens.
struct Opened(Arc<TimerFile>);

impl File for Opened {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Timer
    }

    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        if dest.remaining() < COUNTER {
            return Err(Kind::Invalid.into());
        }
        let taken = match self.0.take() {
            Some(taken) => taken,
            None if io.nonblock() => return Err(Kind::WouldBlock.into()),
            None => self.0.expired.wait(Sleep::Interruptible, None, || self.0.take())?,
        };
        dest.put(&taken?.to_ne_bytes())
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.0.expired);
        }
        let state = self.0.state.lock();
        let cancelled = state.cancel_on_set && state.changes != time::clock_changes();
        if cancelled || state.schedule.due(self.0.now(state.follows_wall)) > 0 {
            Events::IN | Events::RDNORM
        } else {
            Events::empty()
        }
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[timerfd]")
    }
}

/// The system calls.
pub mod calls {
    use exo_kernel::cap::Rights;
    use exo_kernel::user::UserPtr;
    use posix_x_abi::types::Itimerspec;

    use super::*;
    use crate::fd::{self, FdTable};
    use crate::security::Caps;
    use crate::time::clock::id;
    use crate::time::{nanoseconds, timespec};
    use crate::{Errno, Fd, SysResult, Task};

    const TFD_NONBLOCK: u32 = 0o4000;
    const TFD_CLOEXEC: u32 = 0o2000000;
    const TFD_TIMER_ABSTIME: u32 = 1;
    const TFD_TIMER_CANCEL_ON_SET: u32 = 2;

    /// `timerfd_create(2)`
    pub fn timerfd_create(t: &Task, clockid: i32, flags: u32) -> SysResult {
        if flags & !(TFD_NONBLOCK | TFD_CLOEXEC) != 0 {
            return Err(Errno::EINVAL);
        }
        let clock = match clockid {
            id::REALTIME | id::REALTIME_ALARM => Clock::Realtime,
            id::MONOTONIC | id::BOOTTIME | id::BOOTTIME_ALARM => Clock::Monotonic,
            _ => return Err(Errno::EINVAL),
        };
        if matches!(clockid, id::REALTIME_ALARM | id::BOOTTIME_ALARM) && !t.creds().capable(Caps::WAKE_ALARM)
        {
            return Err(Errno::EPERM);
        }
        let file = TimerFile::new(clock)?;
        if matches!(file.clock, Clock::Realtime) {
            wall::register(&file)?;
        }
        fd::install_object(t, Arc::new(Opened(file)), fd::READ_WRITE, flags)
    }

    fn itimerspec(schedule: Schedule) -> Itimerspec {
        Itimerspec { interval: timespec(schedule.interval), value: timespec(schedule.next) }
    }

    /// Calls `with` with the timer behind `fd`. EINVAL if something else is.
    fn with_timer<R>(
        t: &Task,
        fd: Fd,
        right: Rights,
        with: impl FnOnce(&TimerFile) -> R,
    ) -> core::result::Result<R, Errno> {
        let capability = FdTable::get(t.files(), fd.0)?;
        let file = capability.file(right)?;
        let opened = file.file().downcast::<Opened>().ok_or(Errno::EINVAL)?;
        Ok(with(&opened.0))
    }

    /// `timerfd_settime(2)`
    pub fn timerfd_settime(
        t: &Task,
        fd: Fd,
        flags: u32,
        new: UserPtr<Itimerspec>,
        old: UserPtr<Itimerspec>,
    ) -> SysResult {
        let new = new.read()?;
        if flags & !(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) != 0 {
            return Err(Errno::EINVAL);
        }
        let (value, interval) = (nanoseconds(new.value)?, nanoseconds(new.interval)?);
        let before = with_timer(t, fd, Rights::CONTROL, |timer| {
            let before = timer.get();
            let absolute = flags & TFD_TIMER_ABSTIME != 0;
            timer.set(value, interval, absolute, flags & TFD_TIMER_CANCEL_ON_SET != 0);
            before
        })?;
        if let Some(old) = old.non_null() {
            old.write(&itimerspec(before))?;
        }
        Ok(0)
    }

    /// `timerfd_gettime(2)`
    pub fn timerfd_gettime(t: &Task, fd: Fd, value: UserPtr<Itimerspec>) -> SysResult {
        let schedule = with_timer(t, fd, Rights::STAT, TimerFile::get)?;
        value.write(&itimerspec(schedule))?;
        Ok(0)
    }
}
