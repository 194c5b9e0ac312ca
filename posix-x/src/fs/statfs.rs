//! What there is to know of a whole file system.

use exo_kernel::cap::Rights;
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{self, Lookup, MountFlags, NodeKind, Path};
use posix_x_abi::types::Statfs;

use super::at::{self, Target};
use crate::fd::FdTable;
use crate::{Errno, Fd, SysResult, Task, UserAddr, UserStr};

/// `ST_VALID`: the flags mean something.
const ST_VALID: i64 = 0x20;

/// Mount flags and their bits in `f_flags`.
const FLAGS: [(MountFlags, i64); 8] = [
    (MountFlags::READ_ONLY, 1),
    (MountFlags::NO_SUID, 2),
    (MountFlags::NO_DEV, 4),
    (MountFlags::NO_EXEC, 8),
    (MountFlags::NO_ATIME, 0x400),
    (MountFlags::NO_DIR_ATIME, 0x800),
    (MountFlags::RELATIVE_ATIME, 0x1000),
    (MountFlags::NO_SYMFOLLOW, 0x2000),
];

fn tell(place: &Path, target: UserPtr<Statfs>) -> SysResult {
    let stat = vfs::statfs(place)?;
    let flags = place.mount().flags();
    let flags =
        FLAGS.iter().filter(|(flag, _)| flags.contains(*flag)).fold(ST_VALID, |sum, (_, bit)| sum | bit);
    target.write(&Statfs {
        kind: stat.magic as i64,
        bsize: stat.block_size as i64,
        blocks: stat.blocks,
        bfree: stat.blocks_free,
        bavail: stat.blocks_available,
        files: stat.files,
        ffree: stat.files_free,
        fsid: [stat.id as i32, (stat.id >> 32) as i32],
        namelen: stat.name_max as i64,
        frsize: stat.block_size as i64,
        flags,
        spare: [0; 4],
    })?;
    Ok(0)
}

/// Of the file system that a path leads into.
pub fn statfs(t: &Task, path: UserStr, buf: UserPtr<Statfs>) -> SysResult {
    tell(&at::find_with(t, path, Lookup::FOLLOW)?, buf)
}

/// Of the file system that an open file is in.
pub fn fstatfs(t: &Task, fd: Fd, buf: UserPtr<Statfs>) -> SysResult {
    let target = Target::descriptor(t, fd)?;
    match target.place() {
        Ok(place) => tell(place, buf),
        Err(_) => {
            // Objects without a place: the magic number of what Linux keeps them in, and nothing else.
            const ANON_INODE_FS: i64 = 0x0904_1934;
            const PIPE_FS: i64 = 0x5049_5045;
            const SOCKET_FS: i64 = 0x534f_434b;
            let nothing = Statfs {
                kind: match FdTable::get(t.files(), fd.0)?.file(Rights::empty())?.metadata()?.kind {
                    NodeKind::Fifo => PIPE_FS,
                    NodeKind::Socket => SOCKET_FS,
                    _ => ANON_INODE_FS,
                },
                bsize: 4096,
                frsize: 4096,
                namelen: 255,
                flags: ST_VALID,
                ..Statfs::default()
            };
            buf.write(&nothing)?;
            Ok(0)
        }
    }
}

/// The oldest form: by device number. No device here carries a file system.
pub fn ustat(_t: &Task, _dev: u32, _buf: UserAddr) -> SysResult {
    Err(Errno::EINVAL)
}
