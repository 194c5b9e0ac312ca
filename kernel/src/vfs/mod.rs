//! Files: paths, mounts, and what file systems, directories and open files are.
//!
//! A [`Path`] is a dentry seen through a mount; [`resolve`] and [`open`] get there from bytes. File systems
//! implement [`FileSystem`] and [`Inode`], everything that can be opened implements [`File`]. An [`OpenFile`] is an
//! open description; handles to it are capabilities ([`crate::cap`]).
//!
//! Locks, outermost first: a directory's [`InodeCore::lock`] (parents before children), the tree of names, a file
//! system's own. The tree's lock is never held while a file system is called.

mod access;
pub mod acl;
mod attributes;
pub mod devfs;
mod entries;
mod file;
mod file_systems;
mod inode;
pub mod locks;
mod mount;
mod open;
mod open_file;
mod path;
mod stride;
mod times;
pub mod tmpfs;
mod tree;
mod types;
mod unpack;
mod veil;
mod walk;

pub use access::{check as check_inode, set_caller_privileges, Credentials, Privileges};
pub use attributes::{
    attribute_flags, check_access, file_system, list_xattrs, read_link, remove_xattr, set_attribute_flags,
    set_mode, set_mode_of, set_owner, set_owner_of, set_times, set_times_of, set_xattr, statfs, xattr,
    XATTR_SIZE_MAX,
};
pub use devfs::Device;
pub use entries::{link, make, rename, rmdir, truncate, truncate_open, unlink};
pub use file::{File, Io, OpenRequest};
pub use file_systems::{anonymous_mount, make_fs, next_device, register_type, types, Maker};
pub use inode::{FileSystem, Follow, Inode, InodeCore, InodeFlags, InodeRef, NewNode, Owner, Rename, Times};
pub use mount::{
    bind, kernel_path, mount, mount_fs, mount_root, mounts, move_mount, pivot_root, remount, root, sync_all,
    trim_all, unmount, Mount, MountInfo, Superblock, Unmount,
};
pub use open::{honours_set_id, open, open_path, DenyWrite, OpenOptions};
pub use open_file::{open_files, seek_address, seek_within, AsyncOwner, OpenFile};
pub use path::{Dentry, Path, PathName};
pub use tree::{forget_unused_names, shrink_names};
pub use types::*;
pub use unpack::{unpack, Failure as UnpackFailure, Unpacked};
pub use veil::{Limits, Reach, Veil, View};
pub use walk::{resolve, Context, NAME_MAX, PATH_MAX};

use crate::Result;

/// Registers the file systems and devices that are always there.
pub fn init() -> Result<()> {
    register_type("tmpfs", |_source, options| Ok(tmpfs::TmpFs::from_options(options)?));
    register_type("ramfs", |_source, _options| Ok(tmpfs::TmpFs::new("ramfs", tmpfs::Options::unlimited())));
    register_type("devtmpfs", |_source, _options| Ok(devfs::instance()));
    anonymous_mount()?;
    devfs::init()
}

/// A regular file in no directory, open for reading and writing (`memfd_create`). `label` is its name for those
/// who look.
pub fn unnamed_file(label: &str, creds: &Credentials, mode: u32) -> Result<alloc::sync::Arc<OpenFile>> {
    file_systems::unnamed_file(label, creds, mode)
}
