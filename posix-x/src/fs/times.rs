//! Setting times of access and modification.

use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{self, TimeUpdate, Timestamp};
use posix_x_abi::types::{Timespec, Timeval, Utimbuf};
use posix_x_abi::uapi::general::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};

use super::at::{self, Target};
use crate::{Errno, Fd, SysResult, Task, UserStr};

const UTIME_NOW: i64 = 0x3fff_ffff;
const UTIME_OMIT: i64 = 0x3fff_fffe;

/// New times of access and modification.
type Times = [TimeUpdate; 2];

fn from_timespec(time: Timespec) -> Result<TimeUpdate, Errno> {
    match time.nsec {
        UTIME_NOW => Ok(TimeUpdate::Now),
        UTIME_OMIT => Ok(TimeUpdate::Keep),
        0..1_000_000_000 => {
            Ok(TimeUpdate::Set(Timestamp { seconds: time.sec, nanoseconds: time.nsec as u32 }))
        }
        _ => Err(Errno::EINVAL),
    }
}

fn from_timeval(time: Timeval) -> Result<TimeUpdate, Errno> {
    if !(0..1_000_000).contains(&time.usec) {
        return Err(Errno::EINVAL);
    }
    Ok(TimeUpdate::Set(Timestamp { seconds: time.sec, nanoseconds: time.usec as u32 * 1000 }))
}

fn set(t: &Task, target: &Target, times: Times) -> SysResult {
    let [accessed, modified] = times;
    match target.place() {
        Ok(place) => vfs::set_times(&at::caller(t).context(), place, accessed, modified)?,
        Err(_) => vfs::set_times_of(t.creds().vfs(), &target.inode()?, accessed, modified)?,
    }
    Ok(0)
}

/// Sets times to the nanosecond. Without a path, of what the descriptor stands for; without times, to now.
pub fn utimensat(t: &Task, dirfd: Fd, path: UserStr, times: UserPtr<[Timespec; 2]>, flags: u32) -> SysResult {
    let times = match times.non_null() {
        None => [TimeUpdate::Now; 2],
        Some(pointer) => {
            let [accessed, modified] = pointer.read()?;
            if accessed.nsec == UTIME_OMIT && modified.nsec == UTIME_OMIT {
                return Ok(0);
            }
            [from_timespec(accessed)?, from_timespec(modified)?]
        }
    };
    if path.is_null() && dirfd != Fd::CWD {
        if flags != 0 {
            return Err(Errno::EINVAL);
        }
        return set(t, &Target::opened(t, dirfd)?, times);
    }
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    set(t, &Target::find_to_change(t, dirfd, path, flags)?, times)
}

/// Sets times to the microsecond, relative to a descriptor.
pub fn futimesat(t: &Task, dirfd: Fd, path: UserStr, times: UserPtr<[Timeval; 2]>) -> SysResult {
    let times = match times.non_null() {
        None => [TimeUpdate::Now; 2],
        Some(pointer) => {
            let [accessed, modified] = pointer.read()?;
            [from_timeval(accessed)?, from_timeval(modified)?]
        }
    };
    if path.is_null() && dirfd != Fd::CWD {
        return set(t, &Target::opened(t, dirfd)?, times);
    }
    set(t, &Target::find_to_change(t, dirfd, path, 0)?, times)
}

/// Sets times to the microsecond.
pub fn utimes(t: &Task, path: UserStr, times: UserPtr<[Timeval; 2]>) -> SysResult {
    futimesat(t, Fd::CWD, path, times)
}

/// Sets times to the second.
pub fn utime(t: &Task, path: UserStr, times: UserPtr<Utimbuf>) -> SysResult {
    let times = match times.non_null() {
        None => [TimeUpdate::Now; 2],
        Some(pointer) => {
            let Utimbuf { actime, modtime } = pointer.read()?;
            [actime, modtime].map(|seconds| TimeUpdate::Set(Timestamp { seconds, nanoseconds: 0 }))
        }
    };
    set(t, &Target::find(t, Fd::CWD, path, 0)?, times)
}
