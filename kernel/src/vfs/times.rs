//! Access times: when reading touches them (`relatime` and its relatives).

use super::inode::{Inode, InodeFlags};
use super::mount::Mount;
use super::types::{MountFlags, NodeKind, Timestamp};

/// An access time older than this is brought up to date in any case.
const STALE_SECONDS: i64 = 24 * 60 * 60;

/// The inode's content was read through `mount`.
pub fn accessed(mount: &Mount, inode: &dyn Inode) {
    let core = inode.core();
    let flags = mount.flags();
    if flags.intersects(MountFlags::NO_ATIME | MountFlags::READ_ONLY)
        || core.flags().contains(InodeFlags::NO_ATIME)
        || core.kind == NodeKind::Directory && flags.contains(MountFlags::NO_DIR_ATIME)
    {
        return;
    }
    let now = Timestamp::now();
    core.update_times(|times| {
        let fresh = times.accessed > times.modified
            && times.accessed > times.changed
            && now.seconds - times.accessed.seconds < STALE_SECONDS;
        if !(fresh && flags.contains(MountFlags::RELATIVE_ATIME)) {
            times.accessed = now;
        }
    });
}
