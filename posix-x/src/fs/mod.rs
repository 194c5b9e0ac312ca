//! Paths and file systems: every call that names a file, and those that read directories and metadata.
//!
//! Arguments become native requests here; the rules (permissions, links, mounts) are the native file layer's.

mod access;
pub mod at;
mod attributes;
mod directory;
mod mount;
mod names;
mod open;
pub mod path;
pub mod stat;
mod statfs;
mod times;
mod working;
mod xattr;

/// The handlers of this area, named as in the system-call table.
pub mod calls {
    pub use super::access::{access, faccessat, faccessat2};
    pub use super::attributes::{chmod, chown, fchmod, fchmodat, fchown, fchownat, lchown, truncate};
    pub use super::directory::{getdents, getdents64};
    pub use super::mount::{mount, pivot_root, umount2};
    pub use super::names::{
        link, linkat, mkdir, mkdirat, mknod, mknodat, readlink, readlinkat, rename, renameat, renameat2,
        rmdir, symlink, symlinkat, unlink, unlinkat,
    };
    pub use super::open::{creat, open, openat, openat2};
    pub use super::stat::{fstat, lstat, newfstatat, stat, statx};
    pub use super::statfs::{fstatfs, statfs, ustat};
    pub use super::times::{futimesat, utime, utimensat, utimes};
    pub use super::working::{chdir, chroot, fchdir, getcwd, umask};
    pub use super::xattr::{
        fgetxattr, flistxattr, fremovexattr, fsetxattr, getxattr, lgetxattr, listxattr, llistxattr,
        lremovexattr, lsetxattr, removexattr, setxattr,
    };
}
