//! The calls that read and set clocks.

use bytemuck::{Pod, Zeroable};
use core::sync::atomic::{AtomicI32, Ordering};

use exo_kernel::time;
use exo_kernel::user::UserPtr;
use posix_x_abi::types::{Timespec, Timeval, Timezone, Tms};

use super::clock::{id, Clock};
use super::{nanoseconds, nanoseconds_of_timeval, timespec, timeval, wall, CLOCK_TICK, SECOND};
use crate::process::usage::Usage;
use crate::security::Caps;
use crate::{Errno, SysResult, Task, UserAddr};

/// What coarse clocks are said to count by: a tick of 250 Hz.
const COARSE: u64 = 4_000_000;

static MINUTES_WEST: AtomicI32 = AtomicI32::new(0);
static DST_TIME: AtomicI32 = AtomicI32::new(0);

/// `clock_gettime(2)`
pub fn clock_gettime(t: &Task, clock: i32, tp: UserPtr<Timespec>) -> SysResult {
    let now = match clock {
        id::MONOTONIC => time::now().as_nanos(),
        id::REALTIME => time::realtime_ns().max(0) as u64,
        _ => Clock::from_number(t, clock)?.now(),
    };
    tp.write(&timespec(now))?;
    Ok(0)
}

/// `clock_getres(2)`
pub fn clock_getres(t: &Task, clock: i32, tp: UserPtr<Timespec>) -> SysResult {
    Clock::from_number(t, clock)?;
    let resolution = if matches!(clock, id::REALTIME_COARSE | id::MONOTONIC_COARSE) { COARSE } else { 1 };
    if let Some(tp) = tp.non_null() {
        tp.write(&timespec(resolution))?;
    }
    Ok(0)
}

/// Sets the wall clock for a caller.
fn set(t: &Task, nanoseconds: u64) -> SysResult {
    // A wall clock behind the time since boot would have the system start before 1970.
    if nanoseconds < time::now().as_nanos() {
        return Err(Errno::EINVAL);
    }
    if !t.creds().capable(Caps::SYS_TIME) {
        return Err(Errno::EPERM);
    }
    wall::set(nanoseconds)?;
    Ok(0)
}

/// `clock_settime(2)`
pub fn clock_settime(t: &Task, clock: i32, tp: UserPtr<Timespec>) -> SysResult {
    if clock != id::REALTIME {
        // The clocks of CPU time can be set by nobody, the others do not know the operation.
        return Err(if Clock::from_number(t, clock)?.is_cpu() { Errno::EPERM } else { Errno::EINVAL });
    }
    set(t, nanoseconds(tp.read()?)?)
}

/// `gettimeofday(2)`
pub fn gettimeofday(_t: &Task, tv: UserPtr<Timeval>, tz: UserPtr<Timezone>) -> SysResult {
    if let Some(tv) = tv.non_null() {
        tv.write(&timeval(time::realtime_ns().max(0) as u64))?;
    }
    if let Some(tz) = tz.non_null() {
        let zone = Timezone {
            minuteswest: MINUTES_WEST.load(Ordering::Relaxed),
            dsttime: DST_TIME.load(Ordering::Relaxed),
        };
        tz.write(&zone)?;
    }
    Ok(0)
}

/// `settimeofday(2)`
pub fn settimeofday(t: &Task, tv: UserPtr<Timeval>, tz: UserPtr<Timezone>) -> SysResult {
    let new = tv.non_null().map(|tv| tv.read()).transpose()?;
    let zone = tz.non_null().map(|tz| tz.read()).transpose()?;
    let new = new.map(nanoseconds_of_timeval).transpose()?;
    if !t.creds().capable(Caps::SYS_TIME) {
        return Err(Errno::EPERM);
    }
    if let Some(zone) = zone {
        if !(-15 * 60..=15 * 60).contains(&zone.minuteswest) {
            return Err(Errno::EINVAL);
        }
        MINUTES_WEST.store(zone.minuteswest, Ordering::Relaxed);
        DST_TIME.store(zone.dsttime, Ordering::Relaxed);
    }
    new.map_or(Ok(0), |new| set(t, new))
}

/// `time(2)`
pub fn time(_t: &Task, tloc: UserPtr<i64>) -> SysResult {
    let seconds = time::realtime_ns() / SECOND as i64;
    if let Some(tloc) = tloc.non_null() {
        tloc.write(&seconds)?;
    }
    Ok(seconds as usize)
}

/// `times(2)`
pub fn times(t: &Task, buf: UserPtr<Tms>) -> SysResult {
    if let Some(buf) = buf.non_null() {
        let own = Usage::of_process(t.process());
        let children = t.process().children_usage();
        let ticks = |nanoseconds: u64| (nanoseconds / CLOCK_TICK) as i64;
        buf.write(&Tms {
            utime: ticks(own.user),
            stime: ticks(own.system),
            cutime: ticks(children.user),
            cstime: ticks(children.system),
        })?;
    }
    Ok((time::now().as_nanos() / CLOCK_TICK) as usize)
}

/// The kernel's clock discipline, as `adjtimex` shows it.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Timex {
    modes: u32,
    pad0: u32,
    offset: i64,
    frequency: i64,
    max_error: i64,
    estimated_error: i64,
    status: i32,
    pad1: i32,
    constant: i64,
    precision: i64,
    tolerance: i64,
    time: Timeval,
    tick: i64,
    pulse: [i64; 2],
    shift: i32,
    pad2: i32,
    statistics: [i64; 5],
    tai: i32,
    spare: [i32; 11],
}

const _: () = assert!(size_of::<Timex>() == 208);

/// Add `time` to the clock.
const ADJ_SETOFFSET: u32 = 0x100;
/// `time` counts nanoseconds.
const ADJ_NANO: u32 = 0x2000;
/// Only read, in the way of the older call.
const ADJ_OFFSET_SS_READ: u32 = 0xa001;
const STATUS_UNSYNCHRONISED: i32 = 0x40;
/// The clock is not synchronised.
const TIME_ERROR: usize = 5;
/// The largest error that is told, in microseconds.
const MAX_ERROR: i64 = 16_000_000;

fn step(timex: &Timex) -> Result<(), Errno> {
    let unit = if timex.modes & ADJ_NANO != 0 { 1 } else { 1000 };
    let rest = timex.time.usec.checked_mul(unit).filter(|rest| (0..SECOND as i64).contains(rest));
    let seconds = timex.time.sec.checked_mul(SECOND as i64).ok_or(Errno::EINVAL)?;
    let offset = rest.and_then(|rest| seconds.checked_add(rest)).ok_or(Errno::EINVAL)?;
    let new = time::realtime_ns().checked_add(offset).and_then(|new| u64::try_from(new).ok());
    wall::set(new.filter(|new| *new >= time::now().as_nanos()).ok_or(Errno::EINVAL)?)
}

/// `adjtimex(2)`: the clock runs as fast as its counter, which nobody disciplines. It can be stepped.
pub fn adjtimex(t: &Task, buf: UserAddr) -> SysResult {
    let buf = buf.cast::<Timex>();
    let mut timex = buf.read()?;
    let result = discipline(t, &mut timex);
    // Told in any case, and an address that cannot be written matters more than any error.
    buf.write(&timex)?;
    result
}

/// Does what `timex` asks for and fills in the answer.
fn discipline(t: &Task, timex: &mut Timex) -> SysResult {
    let asked = *timex;
    if asked.modes != 0 && asked.modes != ADJ_OFFSET_SS_READ {
        if !t.creds().capable(Caps::SYS_TIME) {
            return Err(Errno::EPERM);
        }
        if asked.modes & !ADJ_NANO != ADJ_SETOFFSET {
            return Err(Errno::EOPNOTSUPP);
        }
        step(&asked)?;
    }
    *timex = Timex {
        modes: asked.modes,
        max_error: MAX_ERROR,
        estimated_error: MAX_ERROR,
        status: STATUS_UNSYNCHRONISED,
        constant: 2,
        precision: 1,
        tolerance: 500 << 16,
        time: timeval(time::realtime_ns().max(0) as u64),
        tick: 10_000,
        ..Timex::zeroed()
    };
    Ok(TIME_ERROR)
}

/// `clock_adjtime(2)`
pub fn clock_adjtime(t: &Task, clock: i32, buf: UserAddr) -> SysResult {
    if clock != id::REALTIME {
        buf.cast::<Timex>().read()?;
        Clock::from_number(t, clock)?;
        return Err(Errno::EOPNOTSUPP);
    }
    adjtimex(t, buf)
}
