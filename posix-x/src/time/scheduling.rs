//! Scheduling policies and affinity (sched(7)). What the policies mean is in `docs/scheduler.md`.

use alloc::sync::Arc;

use exo_kernel::sched::{self, Parameters, Policy, Reservation, SchedSettings};
use posix_x_abi::types::SchedAttr;

use crate::process::{table, Resource, Task};
use crate::security::Caps;
use crate::{Errno, Pid};

bitflags::bitflags! {
    /// `SCHED_FLAG_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Flags: u64 {
        const RESET_ON_FORK = 0x01;
        /// Take what others leave: the policy does so for all.
        const RECLAIM = 0x02;
        const DL_OVERRUN = 0x04;
        const KEEP_POLICY = 0x08;
        const KEEP_PARAMS = 0x10;
        const UTIL_CLAMP_MIN = 0x20;
        const UTIL_CLAMP_MAX = 0x40;
    }
}

/// The bit that sched_setscheduler takes with the policy.
const RESET_ON_FORK: i32 = 0x4000_0000;

/// The policy's number in Linux.
pub fn number(policy: Policy) -> i32 {
    match policy {
        Policy::Normal => 0,
        Policy::Fifo => 1,
        Policy::RoundRobin => 2,
        Policy::Batch => 3,
        Policy::Idle => 5,
        Policy::Deadline => 6,
    }
}

fn policy(number: i32) -> Result<Policy, Errno> {
    Ok(match number {
        0 => Policy::Normal,
        1 => Policy::Fifo,
        2 => Policy::RoundRobin,
        3 => Policy::Batch,
        5 => Policy::Idle,
        6 => Policy::Deadline,
        _ => return Err(Errno::EINVAL),
    })
}

/// What Linux shows as the priority of a thread: −1 with a deadline, 99 − priority in real time, 120 + nice else.
pub fn kernel_priority(parameters: &Parameters) -> i32 {
    match parameters.policy {
        Policy::Deadline => -1,
        Policy::Fifo | Policy::RoundRobin => 99 - i32::from(parameters.priority),
        _ => 120 + i32::from(parameters.nice),
    }
}

/// The thread `pid` names; 0 is the caller. ESRCH if there is none.
pub(super) fn find(t: &Task, pid: Pid) -> Result<Arc<Task>, Errno> {
    let pid = if pid == 0 { t.tid() } else { pid };
    table::task(pid).ok_or(Errno::ESRCH)
}

/// As [`find`], where a negative number is EINVAL.
fn find_valid(t: &Task, pid: Pid) -> Result<Arc<Task>, Errno> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    find(t, pid)
}

pub(super) fn settings(task: &Task) -> Result<SchedSettings, Errno> {
    Ok(task.thread().ok_or(Errno::ESRCH)?.settings())
}

/// May `t` change how `other` is scheduled?
fn may_change(t: &Task, other: &Task) -> bool {
    let (mine, theirs) = (t.creds(), other.creds_snapshot());
    mine.euid == theirs.euid || mine.euid == theirs.uid || mine.capable(Caps::SYS_NICE)
}

/// Does the limit of `task`'s process allow this nice value?
pub(super) fn is_nice_enough(task: &Task, nice: i8) -> bool {
    i64::from(nice) >= 20 - task.process().limit(Resource::Nice).min(40) as i64
}

/// Does it take a privilege to have `new` instead of `old`?
fn needs_privilege(t: &Task, other: &Task, old: &SchedSettings, new: &SchedSettings) -> bool {
    let (from, to) = (&old.parameters, &new.parameters);
    let limit = other.process().limit(Resource::RealTimePriority);
    let raises = match to.policy {
        Policy::Normal | Policy::Batch => to.nice < from.nice && !is_nice_enough(other, to.nice),
        Policy::Fifo | Policy::RoundRobin => {
            to.policy != from.policy && limit == 0
                || to.priority > from.priority && u64::from(to.priority) > limit
        }
        Policy::Deadline => true,
        Policy::Idle => false,
    };
    let leaves_idle =
        from.policy == Policy::Idle && to.policy != Policy::Idle && !is_nice_enough(other, from.nice);
    raises || leaves_idle || !may_change(t, other) || old.reset_on_fork && !new.reset_on_fork
}

/// What `attr` asks for, given what there is. The size is looked at before.
fn wanted(attr: &SchedAttr, old: &SchedSettings) -> Result<SchedSettings, Errno> {
    let flags = Flags::from_bits(attr.flags).ok_or(Errno::EINVAL)?;
    if flags.intersects(Flags::UTIL_CLAMP_MIN | Flags::UTIL_CLAMP_MAX) {
        return Err(Errno::EOPNOTSUPP);
    }
    let from = old.parameters;
    let keeps_policy = flags.contains(Flags::KEEP_POLICY);
    let policy = if keeps_policy { from.policy } else { policy(attr.policy as i32)? };
    let reset_on_fork = if keeps_policy { old.reset_on_fork } else { flags.contains(Flags::RESET_ON_FORK) };
    if flags.contains(Flags::KEEP_PARAMS) {
        return Ok(SchedSettings { reset_on_fork, ..*old });
    }
    let priority = u8::try_from(attr.priority).map_err(|_| Errno::EINVAL)?;
    let is_real_time = matches!(policy, Policy::Fifo | Policy::RoundRobin);
    if is_real_time && !(1..=99).contains(&priority) || !is_real_time && priority != 0 {
        return Err(Errno::EINVAL);
    }
    let nice = match policy {
        Policy::Normal | Policy::Batch => attr.nice.clamp(-20, 19) as i8,
        _ => from.nice,
    };
    let reservation = match policy {
        Policy::Deadline => {
            Reservation::new(attr.runtime, attr.deadline, attr.period).ok_or(Errno::EINVAL)?
        }
        _ => Reservation::default(),
    };
    let notes = match policy {
        Policy::Deadline => (flags & (Flags::RECLAIM | Flags::DL_OVERRUN)).bits() as u8,
        _ => 0,
    };
    Ok(SchedSettings { parameters: Parameters { policy, nice, priority, reservation }, reset_on_fork, notes })
}

fn change(t: &Task, other: &Task, attr: &SchedAttr) -> Result<(), Errno> {
    let old = settings(other)?;
    let new = wanted(attr, &old)?;
    if needs_privilege(t, other, &old, &new) && !t.creds().capable(Caps::SYS_NICE) {
        return Err(Errno::EPERM);
    }
    Ok(other.thread().ok_or(Errno::ESRCH)?.set_settings(new)?)
}

/// The system calls.
pub mod calls {
    use exo_kernel::user::UserPtr;
    use posix_x_abi::types::Timespec;

    use super::*;
    use crate::dispatch::args::read_versioned;
    use crate::time::timespec;
    use crate::{SysResult, UserAddr};

    /// `struct sched_attr` before it had utilisation clamps.
    const FIRST_VERSION: u32 = 48;
    const LARGEST: u32 = 4096;

    /// `sched_yield(2)`
    pub fn sched_yield(_t: &Task) -> SysResult {
        sched::yield_now();
        Ok(0)
    }

    /// What the calls without attributes ask for; they keep the nice value.
    fn plain(other: &Task, policy: i32, flags: Flags, priority: i32) -> Result<SchedAttr, Errno> {
        Ok(SchedAttr {
            policy: policy as u32,
            flags: flags.bits(),
            nice: settings(other)?.parameters.nice.into(),
            priority: priority as u32,
            ..bytemuck::Zeroable::zeroed()
        })
    }

    /// `sched_setscheduler(2)`
    pub fn sched_setscheduler(t: &Task, pid: Pid, number: i32, param: UserPtr<i32>) -> SysResult {
        if number < 0 || pid < 0 {
            return Err(Errno::EINVAL);
        }
        let param = param.non_null().ok_or(Errno::EINVAL)?;
        let priority = param.read()?;
        let other = find(t, pid)?;
        let reset = number & RESET_ON_FORK != 0;
        let flags = if reset { Flags::RESET_ON_FORK } else { Flags::empty() };
        change(t, &other, &plain(&other, number & !RESET_ON_FORK, flags, priority)?)?;
        Ok(0)
    }

    /// `sched_setparam(2)`
    pub fn sched_setparam(t: &Task, pid: Pid, param: UserPtr<i32>) -> SysResult {
        let param = param.non_null().filter(|_| pid >= 0).ok_or(Errno::EINVAL)?;
        let priority = param.read()?;
        let other = find(t, pid)?;
        change(t, &other, &plain(&other, 0, Flags::KEEP_POLICY, priority)?)?;
        Ok(0)
    }

    /// `sched_getscheduler(2)`
    pub fn sched_getscheduler(t: &Task, pid: Pid) -> SysResult {
        let settings = settings(&*find_valid(t, pid)?)?;
        let reset = if settings.reset_on_fork { RESET_ON_FORK } else { 0 };
        Ok((number(settings.parameters.policy) | reset) as usize)
    }

    /// `sched_getparam(2)`
    pub fn sched_getparam(t: &Task, pid: Pid, param: UserPtr<i32>) -> SysResult {
        let param = param.non_null().ok_or(Errno::EINVAL)?;
        param.write(&settings(&*find_valid(t, pid)?)?.parameters.priority.into())?;
        Ok(0)
    }

    /// `sched_setattr(2)`
    pub fn sched_setattr(t: &Task, pid: Pid, address: UserAddr, flags: u32) -> SysResult {
        if address.is_null() || pid < 0 || flags != 0 {
            return Err(Errno::EINVAL);
        }
        let size = match address.cast::<u32>().read()? {
            0 => FIRST_VERSION,
            size => size,
        };
        let read = if (FIRST_VERSION..=LARGEST).contains(&size) {
            read_versioned::<SchedAttr>(address, size as usize)
        } else {
            Err(Errno::E2BIG)
        };
        if matches!(read, Err(Errno::E2BIG)) {
            // Tells the size that is known, where that can be written; the error is the same where not, as on Linux.
            let _ = address.cast::<u32>().write(&(size_of::<SchedAttr>() as u32));
        }
        let attr = read?;
        let clamps = (Flags::UTIL_CLAMP_MIN | Flags::UTIL_CLAMP_MAX).bits();
        if attr.flags & clamps != 0 && (size as usize) < size_of::<SchedAttr>() || (attr.policy as i32) < 0 {
            return Err(Errno::EINVAL);
        }
        change(t, &*find(t, pid)?, &attr)?;
        Ok(0)
    }

    /// `sched_getattr(2)`
    pub fn sched_getattr(t: &Task, pid: Pid, address: UserAddr, size: u32, flags: u32) -> SysResult {
        if address.is_null() || pid < 0 || flags != 0 || !(FIRST_VERSION..=LARGEST).contains(&size) {
            return Err(Errno::EINVAL);
        }
        let settings = settings(&*find(t, pid)?)?;
        let parameters = settings.parameters;
        let reset = if settings.reset_on_fork { Flags::RESET_ON_FORK } else { Flags::empty() };
        let size = size.min(size_of::<SchedAttr>() as u32);
        let attr = SchedAttr {
            size,
            policy: number(parameters.policy) as u32,
            flags: reset.bits() | u64::from(settings.notes),
            nice: if parameters.is_real_time() { 0 } else { parameters.nice.into() },
            priority: parameters.priority.into(),
            runtime: parameters.reservation.runtime,
            deadline: parameters.reservation.deadline,
            period: parameters.reservation.period,
            ..bytemuck::Zeroable::zeroed()
        };
        address.write_slice(&bytemuck::bytes_of(&attr)[..size as usize])?;
        Ok(0)
    }

    /// `sched_get_priority_max(2)`
    pub fn sched_get_priority_max(_t: &Task, number: i32) -> SysResult {
        Ok(match policy(number)? {
            Policy::Fifo | Policy::RoundRobin => 99,
            _ => 0,
        })
    }

    /// `sched_get_priority_min(2)`
    pub fn sched_get_priority_min(_t: &Task, number: i32) -> SysResult {
        Ok(match policy(number)? {
            Policy::Fifo | Policy::RoundRobin => 1,
            _ => 0,
        })
    }

    /// `sched_rr_get_interval(2)`
    pub fn sched_rr_get_interval(t: &Task, pid: Pid, interval: UserPtr<Timespec>) -> SysResult {
        let quantum = match settings(&*find_valid(t, pid)?)?.parameters.policy {
            Policy::Fifo | Policy::Deadline => 0,
            Policy::RoundRobin => sched::ROUND,
            _ => sched::QUANTUM,
        };
        interval.write(&timespec(quantum))?;
        Ok(0)
    }

    /// `sched_getaffinity(2)`
    pub fn sched_getaffinity(t: &Task, pid: Pid, size: usize, mask: UserAddr) -> SysResult {
        const WORD: usize = size_of::<u64>();
        if size < WORD || size % WORD != 0 {
            return Err(Errno::EINVAL);
        }
        let affinity = find(t, pid)?.thread().ok_or(Errno::ESRCH)?.affinity();
        mask.cast::<u64>().write(&(affinity & sched::online_mask()))?;
        Ok(WORD)
    }

    /// `sched_setaffinity(2)`
    pub fn sched_setaffinity(t: &Task, pid: Pid, size: usize, mask: UserAddr) -> SysResult {
        let mut bytes = [0; size_of::<u64>()];
        let used = size.min(bytes.len());
        mask.read_slice(&mut bytes[..used])?;
        let other = find(t, pid)?;
        if !may_change(t, &other) {
            return Err(Errno::EPERM);
        }
        let cpus = u64::from_ne_bytes(bytes);
        if cpus & sched::online_mask() == 0 {
            return Err(Errno::EINVAL);
        }
        other.thread().ok_or(Errno::ESRCH)?.set_affinity(cpus)?;
        Ok(0)
    }
}
