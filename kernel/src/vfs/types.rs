//! The plain data of the file layer: kinds, numbers, times, metadata, flags.

use alloc::sync::Arc;
use core::any::Any;

use bitflags::bitflags;

/// A way from a trait object to its concrete type. Every type has it.
pub trait AsAny: Any {
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Any + Send + Sync> AsAny for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum NodeKind {
    Fifo = 1,
    CharDevice = 2,
    Directory = 4,
    BlockDevice = 6,
    File = 8,
    Symlink = 10,
    Socket = 12,
}

impl NodeKind {
    /// The kind with this number (the top four bits of a POSIX mode).
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Fifo,
            2 => Self::CharDevice,
            4 => Self::Directory,
            6 => Self::BlockDevice,
            8 => Self::File,
            10 => Self::Symlink,
            12 => Self::Socket,
            _ => return None,
        })
    }
    /// Is it a device node?
    pub const fn is_device(self) -> bool {
        matches!(self, Self::CharDevice | Self::BlockDevice)
    }
}

/// Which device a device node stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
pub struct DeviceNumber {
    pub major: u32,
    pub minor: u32,
}

impl DeviceNumber {
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

/// The bits of a mode: permissions, sticky and set-id.
pub mod mode {
    pub const SET_UID: u32 = 0o4000;
    pub const SET_GID: u32 = 0o2000;
    pub const STICKY: u32 = 0o1000;
    /// Everything but the kind.
    pub const ALL: u32 = 0o7777;
}

/// A point in time: seconds since 1970 and nanoseconds within the second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Timestamp {
    pub seconds: i64,
    pub nanoseconds: u32,
}

impl Timestamp {
    /// From nanoseconds since 1970.
    pub const fn from_nanoseconds(ns: i64) -> Self {
        Self { seconds: ns.div_euclid(1_000_000_000), nanoseconds: ns.rem_euclid(1_000_000_000) as u32 }
    }
    /// Now.
    pub fn now() -> Self {
        Self::from_nanoseconds(crate::time::realtime_ns())
    }
}

/// Everything `stat` tells.
#[derive(Clone, Copy, Debug)]
pub struct Metadata {
    /// The file system's number.
    pub device: DeviceNumber,
    pub inode: u64,
    pub kind: NodeKind,
    /// Permissions, sticky and set-id bits.
    pub mode: u32,
    pub links: u32,
    pub uid: u32,
    pub gid: u32,
    /// For device nodes, the device.
    pub rdev: DeviceNumber,
    pub size: u64,
    pub block_size: u32,
    /// In units of 512 bytes.
    pub blocks: u64,
    pub accessed: Timestamp,
    pub modified: Timestamp,
    pub changed: Timestamp,
    pub created: Timestamp,
}

/// A new value for a timestamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeUpdate {
    Keep,
    Now,
    Set(Timestamp),
}

/// Attributes to change, already checked and normalised. `None` is unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetAttr {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub size: Option<u64>,
    pub accessed: Option<Timestamp>,
    pub modified: Option<Timestamp>,
    pub changed: Option<Timestamp>,
}

/// What `statfs` tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct FsStat {
    /// The type's magic number.
    pub magic: u64,
    pub block_size: u64,
    pub blocks: u64,
    pub blocks_free: u64,
    pub blocks_available: u64,
    pub files: u64,
    pub files_free: u64,
    pub id: u64,
    pub name_max: u64,
}

/// An entry of a directory, as it is read.
#[derive(Clone, Copy, Debug)]
pub struct DirEntry<'a> {
    pub inode: u64,
    pub kind: NodeKind,
    pub name: &'a [u8],
    /// The position from which reading goes on behind this entry.
    pub next: u64,
}

bitflags! {
    /// What a description is open for, and what is asked for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Access: u8 {
        const EXECUTE = 1;
        const WRITE = 2;
        const READ = 4;
    }

    /// Status flags of an open file description, changeable while it is open.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Status: u32 {
        /// Writes go to the end.
        const APPEND = 1;
        /// Never wait.
        const NONBLOCK = 2;
        /// Bypass caches (accepted, without effect in memory file systems).
        const DIRECT = 4;
        /// Do not touch the access time.
        const NO_ATIME = 8;
        /// Signal the owner on readiness.
        const ASYNC = 16;
        /// Writes reach the medium before they return.
        const SYNC = 32;
        /// As SYNC, for the data alone.
        const DATA_SYNC = 64;
        /// Opened as a mere path: no I/O.
        const PATH = 128;
    }

    /// How to open.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct OpenFlags: u32 {
        /// Make it if it is not there.
        const CREATE = 1;
        /// It must not be there (with CREATE).
        const EXCLUSIVE = 2;
        /// Cut it to nothing.
        const TRUNCATE = 4;
        /// It must be a directory.
        const DIRECTORY = 8;
        /// The last name must not be a symbolic link.
        const NO_FOLLOW = 16;
        /// A file without a name, in the directory that the path names.
        const TMPFILE = 32;
        /// Only a path, not for I/O.
        const PATH = 64;
        /// The terminal opened does not become the controlling one.
        const NO_CONTROLLING_TTY = 128;
        /// Open to execute: needs execute permission and a regular file.
        const EXEC = 256;
    }

    /// How to resolve a path.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Lookup: u32 {
        /// Follow a symbolic link in the last place.
        const FOLLOW = 1;
        /// An empty path means the starting point itself.
        const EMPTY = 2;
        /// What is found must be a directory.
        const DIRECTORY = 4;
        /// Do not leave the starting point's mount.
        const NO_XDEV = 8;
        /// Do not follow magic links (`/proc/PID/fd/N`).
        const NO_MAGIC_LINKS = 16;
        /// Do not follow any symbolic link.
        const NO_SYMLINKS = 32;
        /// Never go above the starting point.
        const BENEATH = 64;
        /// The starting point is the root.
        const IN_ROOT = 128;
        /// Fail with WouldBlock where anything is not cached.
        const CACHED = 256;
    }

    /// How to rename.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct RenameFlags: u32 {
        /// The new name must not be there.
        const NO_REPLACE = 1;
        /// Swap the two.
        const EXCHANGE = 2;
        /// Leave a whiteout.
        const WHITEOUT = 4;
    }

    /// How to set an extended attribute.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct XattrFlags: u32 {
        /// It must not be there.
        const CREATE = 1;
        /// It must be there.
        const REPLACE = 2;
    }

    /// How to allocate room in a file.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct AllocateFlags: u32 {
        const KEEP_SIZE = 1;
        const PUNCH_HOLE = 2;
        const COLLAPSE_RANGE = 8;
        const ZERO_RANGE = 16;
        const INSERT_RANGE = 32;
        const UNSHARE_RANGE = 64;
    }

    /// Per-mount switches (Linux's `MS_` values where there is one).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct MountFlags: u32 {
        const READ_ONLY = 1;
        const NO_SUID = 2;
        const NO_DEV = 4;
        const NO_EXEC = 8;
        const NO_SYMFOLLOW = 256;
        const NO_ATIME = 1024;
        const NO_DIR_ATIME = 2048;
        const RELATIVE_ATIME = 1 << 21;
        const STRICT_ATIME = 1 << 24;
    }
}

/// Where a seek counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whence {
    Start,
    Current,
    End,
    /// The next place that holds data.
    Data,
    /// The next hole.
    Hole,
}
