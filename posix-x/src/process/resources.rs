//! Limits and consumption: `getrlimit`, `prlimit64`, `getrusage`, `sysinfo`.

use alloc::sync::Arc;

use exo_kernel::user::UserPtr;
use exo_kernel::{mm, sched, time};
use posix_x_abi::types::{Rlimit, Rusage, Sysinfo};

use super::limits::NOFILE_MAX;
use super::usage::Usage;
use super::{exec, table, Process, Resource, Task};
use crate::security::Caps;
use crate::{Errno, Pid, SysResult};

fn change(t: &Task, process: &Arc<Process>, resource: Resource, new: Rlimit) -> Result<(), Errno> {
    if new.cur > new.max {
        return Err(Errno::EINVAL);
    }
    if resource == Resource::Files && new.max > NOFILE_MAX {
        return Err(Errno::EPERM);
    }
    if new.max > process.limits.get(resource).max && !t.creds().capable(Caps::SYS_RESOURCE) {
        return Err(Errno::EPERM);
    }
    process.limits.set(resource, new);
    if resource == Resource::Cpu {
        process.timers.cpu_limit.watch(process)?;
    }
    if let Some(space) = process.space() {
        exec::image::set_limits(&space, process);
    }
    Ok(())
}

/// May the caller see or change the limits of `target`?
fn check_access(t: &Task, target: &Process) -> Result<(), Errno> {
    if core::ptr::eq(&**t.process(), target) {
        return Ok(());
    }
    let (own, other) = (t.creds(), target.creds().ok_or(Errno::ESRCH)?);
    let same = |id: u32, ids: [u32; 3]| ids.iter().all(|other| *other == id);
    if own.capable(Caps::SYS_RESOURCE)
        || same(own.uid, [other.uid, other.euid, other.suid])
            && same(own.gid, [other.gid, other.egid, other.sgid])
    {
        return Ok(());
    }
    Err(Errno::EPERM)
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `prlimit64(2)`
    pub fn prlimit64(
        t: &Task,
        pid: Pid,
        resource: u32,
        new: UserPtr<Rlimit>,
        old: UserPtr<Rlimit>,
    ) -> SysResult {
        let resource = Resource::from_number(resource).ok_or(Errno::EINVAL)?;
        let new = new.non_null().map(UserPtr::read).transpose()?;
        let process = match pid {
            0 => t.process().clone(),
            pid => table::task(pid).ok_or(Errno::ESRCH)?.process().clone(),
        };
        check_access(t, &process)?;
        let before = process.limits.get(resource);
        if let Some(new) = new {
            change(t, &process, resource, new)?;
        }
        if !old.is_null() {
            old.write(&before)?;
        }
        Ok(0)
    }

    /// `getrlimit(2)`
    pub fn getrlimit(t: &Task, resource: u32, limit: UserPtr<Rlimit>) -> SysResult {
        let resource = Resource::from_number(resource).ok_or(Errno::EINVAL)?;
        limit.write(&t.process().limits.get(resource))?;
        Ok(0)
    }

    /// `setrlimit(2)`
    pub fn setrlimit(t: &Task, resource: u32, limit: UserPtr<Rlimit>) -> SysResult {
        let new = limit.read()?;
        let resource = Resource::from_number(resource).ok_or(Errno::EINVAL)?;
        change(t, t.process(), resource, new)?;
        Ok(0)
    }

    /// `getrusage(2)`
    pub fn getrusage(t: &Task, who: i32, usage: UserPtr<Rusage>) -> SysResult {
        const RUSAGE_SELF: i32 = 0;
        const RUSAGE_CHILDREN: i32 = -1;
        const RUSAGE_THREAD: i32 = 1;
        let consumed = match who {
            RUSAGE_SELF => Usage::of_process(t.process()).with_memory(t.process()),
            RUSAGE_CHILDREN => t.process().children_usage(),
            RUSAGE_THREAD => Usage::of_task(t).with_memory(t.process()),
            _ => return Err(Errno::EINVAL),
        };
        usage.write(&consumed.to_rusage())?;
        Ok(0)
    }

    /// `sysinfo(2)`
    pub fn sysinfo(_t: &Task, info: UserPtr<Sysinfo>) -> SysResult {
        const PAGE: u64 = mm::PAGE_SIZE as u64;
        let counts = table::counts();
        let loads = sched::load_averages();
        let value = Sysinfo {
            uptime: (time::now().as_nanos() / time::NANOS_PER_SEC) as i64,
            loads,
            totalram: mm::total_frames() as u64 * PAGE,
            freeram: mm::free_frames() as u64 * PAGE,
            procs: counts.threads.min(usize::from(u16::MAX)) as u16,
            mem_unit: 1,
            ..Sysinfo::default()
        };
        info.write(&value)?;
        Ok(0)
    }
}
