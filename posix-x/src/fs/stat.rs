//! What `stat` and its family tell.

use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{DeviceNumber, Metadata, Timestamp};
use posix_x_abi::types::{Stat, Statx, StatxTimestamp, Timespec};
use posix_x_abi::uapi::general::{
    AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_STATX_DONT_SYNC, AT_STATX_FORCE_SYNC, AT_STATX_SYNC_TYPE,
    AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX__RESERVED,
};

use super::at::Target;
use crate::fd::FdTable;
use crate::{Errno, Fd, SysResult, Task, UserStr};

/// A device number as `stat` packs it.
pub fn pack_device(device: DeviceNumber) -> u64 {
    let (major, minor) = (u64::from(device.major), u64::from(device.minor));
    (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12 | (major & !0xfff) << 32
}

/// A device number as `mknod` takes it: 12 bits of major and 20 of minor.
pub fn unpack_device(packed: u32) -> DeviceNumber {
    DeviceNumber::new(packed >> 8 & 0xfff, packed & 0xff | packed >> 12 & 0xfff00)
}

/// Kind and permissions in one.
pub fn full_mode(metadata: &Metadata) -> u32 {
    (metadata.kind as u32) << 12 | metadata.mode
}

fn timespec(time: Timestamp) -> Timespec {
    Timespec { sec: time.seconds, nsec: i64::from(time.nanoseconds) }
}

fn statx_timestamp(time: Timestamp) -> StatxTimestamp {
    StatxTimestamp { sec: time.seconds, nsec: time.nanoseconds, pad: 0 }
}

fn stat_of(metadata: &Metadata) -> Stat {
    Stat {
        dev: pack_device(metadata.device),
        ino: metadata.inode,
        nlink: u64::from(metadata.links),
        mode: full_mode(metadata),
        uid: metadata.uid,
        gid: metadata.gid,
        pad0: 0,
        rdev: pack_device(metadata.rdev),
        size: metadata.size as i64,
        blksize: i64::from(metadata.block_size),
        blocks: metadata.blocks as i64,
        atime: timespec(metadata.accessed),
        mtime: timespec(metadata.modified),
        ctime: timespec(metadata.changed),
        unused: [0; 3],
    }
}

fn statx_of(metadata: &Metadata, mount: u64) -> Statx {
    Statx {
        mask: STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
        blksize: metadata.block_size,
        nlink: metadata.links,
        uid: metadata.uid,
        gid: metadata.gid,
        mode: full_mode(metadata) as u16,
        ino: metadata.inode,
        size: metadata.size,
        blocks: metadata.blocks,
        atime: statx_timestamp(metadata.accessed),
        btime: statx_timestamp(metadata.created),
        ctime: statx_timestamp(metadata.changed),
        mtime: statx_timestamp(metadata.modified),
        rdev_major: metadata.rdev.major,
        rdev_minor: metadata.rdev.minor,
        dev_major: metadata.device.major,
        dev_minor: metadata.device.minor,
        mnt_id: mount,
        ..Statx::default()
    }
}

/// Metadata of what a path names, following a symbolic link in the last place.
pub fn stat(t: &Task, path: UserStr, statbuf: UserPtr<Stat>) -> SysResult {
    newfstatat(t, Fd::CWD, path, statbuf, 0)
}

/// As [`stat`], of a symbolic link itself.
pub fn lstat(t: &Task, path: UserStr, statbuf: UserPtr<Stat>) -> SysResult {
    newfstatat(t, Fd::CWD, path, statbuf, AT_SYMLINK_NOFOLLOW)
}

/// Metadata of what a descriptor stands for.
pub fn fstat(t: &Task, fd: Fd, statbuf: UserPtr<Stat>) -> SysResult {
    let metadata = FdTable::get(t.files(), fd.0)?.metadata()?;
    statbuf.write(&stat_of(&metadata))?;
    Ok(0)
}

/// Metadata of what a path names, relative to a descriptor; of the descriptor itself with `AT_EMPTY_PATH`.
pub fn newfstatat(t: &Task, dirfd: Fd, path: UserStr, statbuf: UserPtr<Stat>, flags: u32) -> SysResult {
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let metadata = Target::find(t, dirfd, path, flags)?.metadata()?;
    statbuf.write(&stat_of(&metadata))?;
    Ok(0)
}

/// As [`newfstatat`], in the extensible form.
pub fn statx(t: &Task, dirfd: Fd, path: UserStr, flags: u32, mask: u32, buf: UserPtr<Statx>) -> SysResult {
    if mask & STATX__RESERVED != 0 || flags & AT_STATX_SYNC_TYPE == AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC {
        return Err(Errno::EINVAL);
    }
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE) != 0 {
        return Err(Errno::EINVAL);
    }
    let target = Target::find(t, dirfd, path, flags)?;
    let mount = target.place().map_or(0, |place| u64::from(place.mount().id()));
    buf.write(&statx_of(&target.metadata()?, mount))?;
    Ok(0)
}
