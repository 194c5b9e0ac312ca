//! Priorities of input and output (ioprio_set(2)): kept, told and inherited. Nothing here waits for a disk, so nothing
//! orders its requests by them.

use core::sync::atomic::Ordering::Relaxed;

use super::priority::chosen;
use crate::process::Task;
use crate::security::Caps;
use crate::{Errno, SysResult};

/// Bits of the level within its class.
const CLASS_SHIFT: u32 = 13;
const LEVELS: u16 = 8;

/// `which` counts from 1 here, where `setpriority` begins with 0.
fn which_priority(which: i32) -> Result<i32, Errno> {
    which.checked_sub(1).ok_or(Errno::EINVAL)
}

/// May `t` ask for this? The value as it is kept.
fn checked(t: &Task, ioprio: i32) -> Result<u16, Errno> {
    // As on Linux, what does not fit is cut off.
    let value = ioprio as u16;
    let level = value & ((1 << CLASS_SHIFT) - 1);
    let creds = t.creds();
    match value >> CLASS_SHIFT {
        0 if level == 0 => Ok(value),
        1 if !creds.capable(Caps::SYS_NICE) && !creds.capable(Caps::SYS_ADMIN) => Err(Errno::EPERM),
        1 | 2 if level < LEVELS => Ok(value),
        3 => Ok(value),
        _ => Err(Errno::EINVAL),
    }
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `ioprio_set(2)`
    pub fn ioprio_set(t: &Task, which: i32, who: i32, ioprio: i32) -> SysResult {
        let value = checked(t, ioprio)?;
        for task in chosen(t, which_priority(which)?, who)? {
            let (mine, theirs) = (t.creds(), task.creds_snapshot());
            if theirs.uid != mine.euid && theirs.uid != mine.uid && !mine.capable(Caps::SYS_NICE) {
                return Err(Errno::EPERM);
            }
            task.io_priority.store(value, Relaxed);
        }
        Ok(0)
    }

    /// `ioprio_get(2)`: of several threads, the most urgent.
    pub fn ioprio_get(t: &Task, which: i32, who: i32) -> SysResult {
        let tasks = chosen(t, which_priority(which)?, who)?;
        let most = tasks.iter().map(|task| task.io_priority.load(Relaxed)).min();
        most.map(usize::from).ok_or(Errno::ESRCH)
    }
}
