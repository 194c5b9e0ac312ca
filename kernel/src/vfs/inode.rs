//! What a file system is made of: [`FileSystem`] and [`Inode`], and [`InodeCore`], the part that every inode has.
//!
//! The core holds what path walks and permission checks look at (kind, mode, owner, size, times) in atomics, so
//! that the cached paths need one virtual call for all of it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use bitflags::bitflags;
use spin::Once;

use super::file::{File, OpenRequest};
use super::locks::InodeLocks;
use super::path::Path;
use super::types::{
    mode, AllocateFlags, AsAny, DeviceNumber, DirEntry, FsStat, Metadata, NodeKind, RenameFlags, SetAttr,
    Timestamp, XattrFlags,
};
use crate::ipc::pipe::Pipe;
use crate::mm::Vmo;
use crate::sync::{Mutex, SpinLock};
use crate::{Kind, Result};

/// A reference to any inode.
pub type InodeRef = Arc<dyn Inode>;

/// A mounted (or mountable) tree of inodes.
pub trait FileSystem: Send + Sync {
    /// The type's name, as in `/proc/mounts`.
    fn type_name(&self) -> &'static str;
    /// The top directory.
    fn root(&self) -> InodeRef;
    /// Sizes and limits.
    fn statfs(&self) -> Result<FsStat>;
    /// The number that its inodes report as their device.
    fn device(&self) -> DeviceNumber;
    /// Its own options, as in `/proc/mounts` after the general ones (with a leading comma), or nothing.
    fn options(&self) -> Vec<u8> {
        Vec::new()
    }
    /// Changes its own options.
    fn remount(&self, _options: &[u8]) -> Result<()> {
        Ok(())
    }
    /// Writes everything back.
    fn sync(&self) -> Result<()> {
        Ok(())
    }
    /// Gives back memory that is only kept for what may come.
    fn trim(&self) {}
}

bitflags! {
    /// Properties of an inode that the generic layer asks for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct InodeFlags: u32 {
        /// Ask [`Inode::still_valid`] before a cached entry is used.
        const REVALIDATE = 1;
        /// Names that are not in this directory now may appear by themselves: do not remember their absence.
        const NO_NEGATIVE = 2;
        /// A symbolic link that [`Inode::follow`] resolves itself.
        const MAGIC_LINK = 4;
        /// May not be changed (chattr +i).
        const IMMUTABLE = 8;
        /// May only grow (chattr +a).
        const APPEND_ONLY = 16;
        /// Has an access control list beyond its mode.
        const HAS_ACL = 32;
        /// Times of access are not kept.
        const NO_ATIME = 64;
        /// May get a name although it has none (made as a file without a name).
        const LINKABLE = 256;
        /// Has a default access control list (directories).
        const HAS_DEFAULT_ACL = 128;
        /// Left out by backups (chattr +d); nothing here looks at it.
        const NO_DUMP = 512;
    }
}

impl InodeFlags {
    /// Those that an owner may change, where the file system keeps them (`chattr`).
    pub const ATTRIBUTES: Self =
        Self::IMMUTABLE.union(Self::APPEND_ONLY).union(Self::NO_ATIME).union(Self::NO_DUMP);
    /// Of these, what a new node has from its directory.
    pub const INHERITED: Self = Self::NO_ATIME.union(Self::NO_DUMP);
}

/// The four times of an inode.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    pub accessed: Timestamp,
    pub modified: Timestamp,
    pub changed: Timestamp,
    pub created: Timestamp,
}

/// What every inode has.
pub struct InodeCore {
    pub number: u64,
    pub kind: NodeKind,
    /// Number of the file system that it is in.
    pub device: DeviceNumber,
    /// For device nodes, the device.
    pub rdev: DeviceNumber,
    mode: AtomicU32,
    uid: AtomicU32,
    gid: AtomicU32,
    links: AtomicU32,
    flags: AtomicU32,
    /// Open descriptions that may write (positive), or executions that forbid it (negative).
    writers: AtomicI32,
    size: AtomicU64,
    times: SpinLock<Times>,
    /// Held while the entries of this directory change, or one is looked up that is not cached; for other
    /// nodes, while the content's length changes.
    pub lock: Mutex<()>,
    /// The pipe behind a FIFO that is open.
    pub(crate) fifo: SpinLock<Option<Arc<Pipe>>>,
    locks: Once<Box<InodeLocks>>,
}

impl InodeCore {
    /// The core of a fresh inode with one link, whose times are all `now`.
    pub fn new(number: u64, kind: NodeKind, device: DeviceNumber, rdev: DeviceNumber, owner: Owner) -> Self {
        let now = owner.now;
        Self {
            number,
            kind,
            device,
            rdev,
            mode: AtomicU32::new(owner.mode & mode::ALL),
            uid: AtomicU32::new(owner.uid),
            gid: AtomicU32::new(owner.gid),
            links: AtomicU32::new(1),
            flags: AtomicU32::new(0),
            writers: AtomicI32::new(0),
            size: AtomicU64::new(0),
            times: SpinLock::new(Times { accessed: now, modified: now, changed: now, created: now }),
            lock: Mutex::new(()),
            fifo: SpinLock::new(None),
            locks: Once::new(),
        }
    }

    #[inline]
    pub fn mode(&self) -> u32 {
        self.mode.load(Ordering::Relaxed)
    }
    pub fn set_mode(&self, mode: u32) {
        self.mode.store(mode & mode::ALL, Ordering::Relaxed);
    }
    #[inline]
    pub fn uid(&self) -> u32 {
        self.uid.load(Ordering::Relaxed)
    }
    #[inline]
    pub fn gid(&self) -> u32 {
        self.gid.load(Ordering::Relaxed)
    }
    pub fn set_owner(&self, uid: u32, gid: u32) {
        self.uid.store(uid, Ordering::Relaxed);
        self.gid.store(gid, Ordering::Relaxed);
    }
    #[inline]
    pub fn links(&self) -> u32 {
        self.links.load(Ordering::Relaxed)
    }
    pub fn set_links(&self, links: u32) {
        self.links.store(links, Ordering::Relaxed);
    }
    /// One link more.
    pub fn add_link(&self) {
        self.links.fetch_add(1, Ordering::Relaxed);
    }
    /// One link less.
    pub fn drop_link(&self) {
        self.links.fetch_sub(1, Ordering::Relaxed);
    }
    #[inline]
    pub fn size(&self) -> u64 {
        self.size.load(Ordering::Relaxed)
    }
    pub fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Relaxed);
    }
    #[inline]
    pub fn flags(&self) -> InodeFlags {
        InodeFlags::from_bits_retain(self.flags.load(Ordering::Relaxed))
    }
    pub fn set_flags(&self, set: InodeFlags, on: bool) {
        if on {
            self.flags.fetch_or(set.bits(), Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!set.bits(), Ordering::Relaxed);
        }
    }
    pub fn times(&self) -> Times {
        *self.times.lock()
    }
    /// Works on the times.
    pub fn update_times(&self, change: impl FnOnce(&mut Times)) {
        change(&mut self.times.lock());
    }
    /// The content changed now.
    pub fn touch_modified(&self, now: Timestamp) {
        self.update_times(|times| {
            times.modified = now;
            times.changed = now;
        });
    }
    /// The attributes changed now.
    pub fn touch_changed(&self, now: Timestamp) {
        self.update_times(|times| times.changed = now);
    }

    /// Counts a writer. [`Kind::TextBusy`] while the file is executed.
    pub fn begin_write(&self) -> Result<()> {
        let free = |n: i32| (n >= 0).then_some(n + 1);
        self.writers
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, free)
            .map(|_| ())
            .map_err(|_| Kind::TextBusy.into())
    }
    /// A writer has gone.
    pub fn end_write(&self) {
        self.writers.fetch_sub(1, Ordering::AcqRel);
    }
    /// Forbids writing. [`Kind::TextBusy`] while somebody has it open for that.
    pub fn deny_write(&self) -> Result<()> {
        let free = |n: i32| (n <= 0).then_some(n - 1);
        self.writers
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, free)
            .map(|_| ())
            .map_err(|_| Kind::TextBusy.into())
    }
    /// Takes a [`deny_write`](Self::deny_write) back.
    pub fn allow_write(&self) {
        self.writers.fetch_add(1, Ordering::AcqRel);
    }

    /// The locks that programs hold on it.
    pub fn locks(&self) -> &InodeLocks {
        self.locks.call_once(|| Box::new(InodeLocks::new()))
    }
    /// The locks, if there were ever any.
    #[inline]
    pub fn locks_if_any(&self) -> Option<&InodeLocks> {
        self.locks.get().map(|locks| &**locks)
    }

    /// What the core knows of the metadata.
    pub fn metadata(&self) -> Metadata {
        let times = self.times();
        let size = self.size();
        Metadata {
            device: self.device,
            inode: self.number,
            kind: self.kind,
            mode: self.mode(),
            links: self.links(),
            uid: self.uid(),
            gid: self.gid(),
            rdev: self.rdev,
            size,
            block_size: 4096,
            blocks: 0,
            accessed: times.accessed,
            modified: times.modified,
            changed: times.changed,
            created: times.created,
        }
    }

    /// Stores everything in `attr` but the size.
    pub fn apply(&self, attr: &SetAttr) {
        if let Some(mode) = attr.mode {
            self.set_mode(mode);
        }
        if let Some(uid) = attr.uid {
            self.uid.store(uid, Ordering::Relaxed);
        }
        if let Some(gid) = attr.gid {
            self.gid.store(gid, Ordering::Relaxed);
        }
        self.update_times(|times| {
            times.accessed = attr.accessed.unwrap_or(times.accessed);
            times.modified = attr.modified.unwrap_or(times.modified);
            times.changed = attr.changed.unwrap_or(times.changed);
        });
    }
}

/// Whose a fresh inode is, and since when.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
    pub now: Timestamp,
}

impl Owner {
    /// The superuser's, from now on.
    pub fn root(mode: u32) -> Self {
        Self { uid: 0, gid: 0, mode, now: Timestamp::now() }
    }
}

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub enum NewNode<'a> {
    File,
    Directory,
    Symlink(&'a [u8]),
    Fifo,
    Socket,
    CharDevice(DeviceNumber),
    BlockDevice(DeviceNumber),
}

impl NewNode<'_> {
    pub fn kind(&self) -> NodeKind {
        match self {
            Self::File => NodeKind::File,
            Self::Directory => NodeKind::Directory,
            Self::Symlink(_) => NodeKind::Symlink,
            Self::Fifo => NodeKind::Fifo,
            Self::Socket => NodeKind::Socket,
            Self::CharDevice(_) => NodeKind::CharDevice,
            Self::BlockDevice(_) => NodeKind::BlockDevice,
        }
    }
}

/// Where a symbolic link leads.
pub enum Follow {
    /// To another path.
    Text(Arc<[u8]>),
    /// Straight to a place, whatever its name is by now.
    Place(Path),
    /// To an object that has no place in the tree (a pipe behind `/proc/PID/fd/N`).
    Inode(InodeRef),
}

/// A node of a file system. The generic layer has checked names, permissions and kinds before it calls, and holds
/// [`InodeCore::lock`] of the directories concerned where entries are looked up or changed.
pub trait Inode: Send + Sync + AsAny {
    /// What all inodes have.
    fn core(&self) -> &InodeCore;

    /// What `stat` tells.
    fn metadata(&self) -> Metadata {
        self.core().metadata()
    }
    /// Changes attributes that were checked.
    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        if attr.size.is_some() {
            return Err(Kind::Invalid.into());
        }
        self.core().apply(attr);
        Ok(())
    }
    /// Which of [`InodeFlags::ATTRIBUTES`] it can have; `None` where the file system knows no such flags.
    fn attribute_flags(&self) -> Option<InodeFlags> {
        None
    }
    /// Is a cached entry for it (see [`InodeFlags::REVALIDATE`]) still right?
    fn still_valid(&self) -> bool {
        true
    }

    /// The node with that name in this directory.
    fn lookup(&self, _name: &[u8]) -> Result<InodeRef> {
        Err(Kind::NotDirectory.into())
    }
    /// Makes a node in this directory, under a name that is free.
    fn create(&self, _name: &[u8], _node: NewNode, _owner: Owner) -> Result<InodeRef> {
        Err(Kind::NotPermitted.into())
    }
    /// Makes a file without a name.
    fn create_unnamed(&self, _owner: Owner) -> Result<InodeRef> {
        Err(Kind::NotSupported.into())
    }
    /// One more name, which is free, for `target`.
    fn link(&self, _name: &[u8], _target: &InodeRef) -> Result<()> {
        Err(Kind::NotPermitted.into())
    }
    /// Removes the name of something that is not a directory.
    fn unlink(&self, _name: &[u8], _target: &InodeRef) -> Result<()> {
        Err(Kind::NotPermitted.into())
    }
    /// Removes an empty directory.
    fn rmdir(&self, _name: &[u8], _target: &InodeRef) -> Result<()> {
        Err(Kind::NotPermitted.into())
    }
    /// Moves an entry of this directory to `rename.new_name` in `rename.new_parent`.
    fn rename(&self, _rename: &Rename) -> Result<()> {
        Err(Kind::NotPermitted.into())
    }
    /// Emits entries from position `from` on, until `emit` returns false (the entry is not consumed then).
    /// `.` and `..` are entries too. Returns the position behind the last entry that was consumed.
    fn read_dir(&self, _from: u64, _emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<u64> {
        Err(Kind::NotDirectory.into())
    }

    /// The text of a symbolic link.
    fn read_link(&self) -> Result<Arc<[u8]>> {
        Err(Kind::Invalid.into())
    }
    /// Where a symbolic link leads.
    fn follow(&self) -> Result<Follow> {
        self.read_link().map(Follow::Text)
    }

    /// Opens it: regular files and directories, and what is special to a file system. Devices and FIFOs are
    /// opened by the generic layer.
    fn open(self: Arc<Self>, _request: &OpenRequest) -> Result<Arc<dyn File>> {
        Err(Kind::NoDevice.into())
    }
    /// The content as a memory object.
    fn vmo(&self) -> Result<Arc<Vmo>> {
        Err(Kind::NoDevice.into())
    }
    /// Gives or takes room.
    fn allocate(&self, _flags: AllocateFlags, _offset: u64, _length: u64) -> Result<()> {
        Err(Kind::NotSupported.into())
    }

    /// The value of an extended attribute.
    fn xattr(&self, _name: &[u8]) -> Result<Arc<[u8]>> {
        Err(Kind::NotSupported.into())
    }
    fn set_xattr(&self, _name: &[u8], _value: &[u8], _flags: XattrFlags) -> Result<()> {
        Err(Kind::NotSupported.into())
    }
    fn remove_xattr(&self, _name: &[u8]) -> Result<()> {
        Err(Kind::NotSupported.into())
    }
    /// Calls `emit` with each name.
    fn list_xattrs(&self, _emit: &mut dyn FnMut(&[u8])) -> Result<()> {
        Ok(())
    }
}

impl dyn Inode {
    /// The concrete type, for a file system that gets its own inode back.
    pub fn downcast<T: Inode + 'static>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }
    #[inline]
    pub fn kind(&self) -> NodeKind {
        self.core().kind
    }
    #[inline]
    pub fn is_directory(&self) -> bool {
        self.core().kind == NodeKind::Directory
    }
}

/// Everything about one rename. All names and kinds are checked.
pub struct Rename<'a> {
    pub name: &'a [u8],
    pub source: &'a InodeRef,
    pub new_parent: &'a InodeRef,
    pub new_name: &'a [u8],
    /// What has the new name now: replaced, or exchanged with the source.
    pub target: Option<&'a InodeRef>,
    pub flags: RenameFlags,
}
