//! Access times: when reading touches them (`relatime` and its relatives).

use super::inode::{Inode, InodeFlags};
use super::mount::Mount;
use super::types::{MountFlags, NodeKind, Timestamp};

/// An access time older than this is brought up to date in any case.
const STALE_SECONDS: i64 = 24 * 60 * 60;
const SECOND: i64 = 1_000_000_000;

/// The inode's content was read through `mount`.
#[inline]
pub fn accessed(mount: &Mount, inode: &dyn Inode) {
    let core = inode.core();
    let flags = mount.flags();
    if flags.intersects(MountFlags::NO_ATIME | MountFlags::READ_ONLY)
        || core.flags().contains(InodeFlags::NO_ATIME)
        || core.kind == NodeKind::Directory && flags.contains(MountFlags::NO_DIR_ATIME)
    {
        return;
    }
    let now = crate::time::realtime_ns();
    core.update_times(|times| {
        let newest = times.accessed > times.modified && times.accessed > times.changed;
        let fresh = newest && now / SECOND - times.accessed.seconds < STALE_SECONDS;
        if !(fresh && flags.contains(MountFlags::RELATIVE_ATIME)) {
            times.accessed = Timestamp::from_nanoseconds(now);
        }
    });
}
