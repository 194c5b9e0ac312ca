//! [`OpenFile`]: an open file description, that is, a [`File`] with a position, status flags and a path.
//!
//! Handles to it are capabilities ([`crate::cap::Capability`]), which check rights; nothing here does.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use spin::Once;

use super::file::{File, Io};
use super::inode::InodeRef;
use super::locks::{Holder, InodeLocks};
use super::path::Path;
use super::times;
use super::types::{Access, DirEntry, Metadata, NodeKind, Status, Whence};
use crate::cap::Tree;
use crate::mm::Vmo;
use crate::sync::{Events, Mutex, Notify, PollTable, Registration, SpinLock};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Who is signalled when an [`OpenFile`] with [`Status::ASYNC`] becomes ready. The personality gives the fields
/// their meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsyncOwner {
    pub kind: u32,
    pub id: i32,
    pub uid: u32,
    pub euid: u32,
    pub signal: i32,
}

/// An open file description.
pub struct OpenFile {
    file: Arc<dyn File>,
    path: Option<Path>,
    /// What it was opened for.
    access: Access,
    /// Cached [`File::seekable`].
    seekable: bool,
    /// Does reading touch the access time of what is at the path?
    dated: bool,
    status: AtomicU32,
    position: Mutex<u64>,
    /// Number of this description, unlike any other's.
    id: Once<u64>,
    owner: SpinLock<AsyncOwner>,
    /// While [`Status::ASYNC`] is set: what tells the owner's notice of events.
    watch: SpinLock<Vec<Registration>>,
    /// The capabilities derived from its original ones, once there were any.
    derived: Once<Arc<Tree>>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Open file descriptions that there are.
pub fn open_files() -> usize {
    OPEN.load(Ordering::Relaxed)
}

impl OpenFile {
    /// A description of an object that has no path (pipes, sockets, event counters).
    pub fn new(file: Arc<dyn File>, access: Access, status: Status) -> Arc<Self> {
        Arc::new(Self::make(file, None, access, status))
    }

    /// A description of what `path` names. If `access` has WRITE and it is a regular file, the caller counted
    /// the writer with the inode and the mount; that is taken back with the description.
    pub(crate) fn with_path(file: Arc<dyn File>, path: Path, access: Access, status: Status) -> Arc<Self> {
        Arc::new(Self::make(file, Some(path), access, status))
    }

    fn make(file: Arc<dyn File>, path: Option<Path>, access: Access, status: Status) -> Self {
        let seekable = file.seekable();
        let dated = |path: &Path| matches!(path.inode().kind(), NodeKind::File | NodeKind::Directory);
        let dated = path.as_ref().is_some_and(dated);
        OPEN.fetch_add(1, Ordering::Relaxed);
        Self {
            file,
            path,
            access,
            seekable,
            dated,
            status: AtomicU32::new(status.bits()),
            position: Mutex::new(0),
            id: Once::new(),
            owner: SpinLock::new(AsyncOwner::default()),
            watch: SpinLock::new(Vec::new()),
            derived: Once::new(),
        }
    }

    /// The capabilities derived from its original ones.
    pub(crate) fn derived(&self) -> &Arc<Tree> {
        self.derived.call_once(Tree::new)
    }
    /// The same, if there were ever any.
    pub(crate) fn derived_if_any(&self) -> Option<&Arc<Tree>> {
        self.derived.get()
    }

    /// The object.
    #[inline]
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }
    /// Where it was found.
    #[inline]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }
    /// The inode, where there is one.
    pub fn inode(&self) -> Option<InodeRef> {
        match &self.path {
            Some(path) => Some(path.inode().clone()),
            None => self.file.inode(),
        }
    }
    /// What it was opened for.
    #[inline]
    pub fn access(&self) -> Access {
        self.access
    }
    /// The status flags.
    #[inline]
    pub fn status(&self) -> Status {
        Status::from_bits_retain(self.status.load(Ordering::Relaxed))
    }
    /// Sets the flags in `mask` as they are in `value`.
    pub fn set_status(&self, mask: Status, value: Status) -> Result<()> {
        let new = (self.status() - mask) | (value & mask);
        self.file.status_changed(new)?;
        self.status.store(new.bits(), Ordering::Relaxed);
        Ok(())
    }
    /// A number that no other description has or had.
    pub fn id(&self) -> u64 {
        *self.id.call_once(|| NEXT_ID.fetch_add(1, Ordering::Relaxed))
    }
    /// Who is signalled.
    pub fn async_owner(&self) -> AsyncOwner {
        *self.owner.lock()
    }
    pub fn set_async_owner(&self, owner: AsyncOwner) {
        *self.owner.lock() = owner;
    }
    /// From now on tells `notify` of events in `mask`; `None` tells nobody any more.
    pub fn watch(&self, notify: Option<Arc<dyn Notify>>, mask: Events) -> Result<()> {
        let registrations = match notify {
            None => Vec::new(),
            Some(notify) => {
                let mut table = PollTable::new(notify, mask);
                self.file.poll(Some(&mut table));
                table.check()?;
                table.into_registrations()
            }
        };
        let before = core::mem::replace(&mut *self.watch.lock(), registrations);
        drop(before);
        Ok(())
    }
    /// Does it have a position?
    #[inline]
    pub fn seekable(&self) -> bool {
        self.seekable
    }

    fn io(&self, position: u64, limit: u64) -> Io {
        Io { position, status: self.status(), limit }
    }

    /// Something was read, or looked for.
    #[inline]
    fn touch(&self) {
        if self.dated && !self.status().contains(Status::NO_ATIME) {
            if let Some(path) = &self.path {
                times::accessed(path.mount(), &**path.inode());
            }
        }
    }

    /// Reads from the current position and moves it on.
    #[inline]
    pub fn read(&self, dest: &mut IoDest) -> Result<usize> {
        if !self.seekable {
            return self.file.read(dest, &mut self.io(0, u64::MAX));
        }
        let mut position = self.position.lock();
        let mut io = self.io(*position, u64::MAX);
        let count = self.file.read(dest, &mut io)?;
        *position = io.position;
        self.touch();
        Ok(count)
    }

    /// Reads from `position`. The current position is neither used nor changed.
    #[inline]
    pub fn read_at(&self, dest: &mut IoDest, position: u64) -> Result<usize> {
        if !self.seekable {
            return Err(Kind::IllegalSeek.into());
        }
        let count = self.file.read(dest, &mut self.io(position, u64::MAX))?;
        self.touch();
        Ok(count)
    }

    /// Writes at the current position, or the end, and moves the position on. No file grows beyond `limit`.
    #[inline]
    pub fn write(&self, source: &mut IoSource, limit: u64) -> Result<usize> {
        if !self.seekable {
            return self.file.write(source, &mut self.io(0, limit));
        }
        let mut position = self.position.lock();
        let mut io = self.io(*position, limit);
        let count = self.file.write(source, &mut io)?;
        *position = io.position;
        Ok(count)
    }

    /// Writes at `position` (with [`Status::APPEND`] at the end nevertheless, as Linux does).
    #[inline]
    pub fn write_at(&self, source: &mut IoSource, position: u64, limit: u64) -> Result<usize> {
        if !self.seekable {
            return Err(Kind::IllegalSeek.into());
        }
        self.file.write(source, &mut self.io(position, limit))
    }

    /// One transfer with flags of its own (`preadv2`). Without a position, the current one is used.
    pub fn read_with(&self, dest: &mut IoDest, position: Option<u64>, status: Status) -> Result<usize> {
        if position.is_some() && !self.seekable {
            return Err(Kind::IllegalSeek.into());
        }
        let count = self.with_position(position, u64::MAX, status, |io| self.file.read(dest, io))?;
        self.touch();
        Ok(count)
    }

    /// As [`read_with`](Self::read_with), for writing.
    pub fn write_with(
        &self,
        source: &mut IoSource,
        position: Option<u64>,
        limit: u64,
        status: Status,
    ) -> Result<usize> {
        if position.is_some() && !self.seekable {
            return Err(Kind::IllegalSeek.into());
        }
        self.with_position(position, limit, status, |io| self.file.write(source, io))
    }

    fn with_position(
        &self,
        position: Option<u64>,
        limit: u64,
        status: Status,
        transfer: impl FnOnce(&mut Io) -> Result<usize>,
    ) -> Result<usize> {
        if let Some(position) = position {
            return transfer(&mut Io { position, status, limit });
        }
        if !self.seekable {
            return transfer(&mut Io { position: 0, status, limit });
        }
        let mut current = self.position.lock();
        let mut io = Io { position: *current, status, limit };
        let count = transfer(&mut io)?;
        *current = io.position;
        Ok(count)
    }

    /// Moves the position. [`Kind::IllegalSeek`] where there is none.
    pub fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        if !self.seekable {
            return self.file.reposition(offset, whence);
        }
        let mut position = self.position.lock();
        *position = self.file.seek(*position, offset, whence)?;
        Ok(*position)
    }

    /// The position as it is (for `/proc/PID/fdinfo`).
    pub fn position(&self) -> u64 {
        *self.position.lock()
    }

    /// Reads directory entries from the current position on.
    pub fn read_dir(&self, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<()> {
        let gone = |path: &Path| path.inode().is_directory() && path.inode().core().links() == 0;
        if self.path.as_ref().is_some_and(gone) {
            return Err(Kind::NotFound.into());
        }
        let mut position = self.position.lock();
        let mut io = self.io(*position, u64::MAX);
        let result = self.file.read_dir(&mut io, emit);
        *position = io.position;
        self.touch();
        result
    }

    /// What is ready now.
    #[inline]
    pub fn poll(&self, table: Option<&mut PollTable>) -> Events {
        self.file.poll(table)
    }

    /// The memory object to map.
    pub fn map(&self) -> Result<Arc<Vmo>> {
        self.file.map()
    }

    /// What `fstat` tells.
    #[inline]
    pub fn metadata(&self) -> Result<Metadata> {
        match &self.path {
            Some(path) => Ok(path.metadata()),
            None => self.file.metadata(),
        }
    }

    /// A handle of `process` to it is closed: its record locks on the file go.
    pub fn close_handle(&self, process: Holder) -> Result<()> {
        self.with_locks(|locks| locks.release_records(process));
        self.file.flush()
    }

    /// Does something with the locks on its inode, if there ever were any: a file without a path can be locked too.
    fn with_locks(&self, work: impl FnOnce(&InodeLocks)) {
        let own;
        let inode = match &self.path {
            Some(path) => path.inode(),
            None => match self.file.inode() {
                Some(inode) => {
                    own = inode;
                    &own
                }
                None => return,
            },
        };
        if let Some(locks) = inode.core().locks_if_any() {
            work(locks);
        }
    }

    /// Where it counts as a writer: see [`with_path`](Self::with_path).
    fn written_path(&self) -> Option<&Path> {
        let path = self.path.as_ref()?;
        let counts = self.access.contains(Access::WRITE) && path.inode().kind() == NodeKind::File;
        counts.then_some(path)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        if let Some(path) = self.written_path() {
            path.inode().core().end_write();
            path.mount().count_writer(false);
        }
        if let Some(id) = self.id.get() {
            self.with_locks(|locks| locks.release_description(*id));
        }
    }
}

/// The position that a plain seek leads to. `end` is the size; data has no holes but the one behind its end.
pub fn seek_within(current: u64, offset: i64, whence: Whence, end: u64, limit: u64) -> Result<u64> {
    let invalid = || Kind::Invalid.into();
    let target = match whence {
        Whence::Start => u64::try_from(offset).map_err(|_| Kind::Invalid)?,
        Whence::Current => current.checked_add_signed(offset).ok_or_else(invalid)?,
        Whence::End => end.checked_add_signed(offset).ok_or_else(invalid)?,
        Whence::Data | Whence::Hole => {
            let offset = u64::try_from(offset).ok().filter(|&at| at < end).ok_or(Kind::NoDevice)?;
            if whence == Whence::Data {
                offset
            } else {
                end
            }
        }
    };
    if target > limit {
        return Err(invalid());
    }
    Ok(target)
}

/// The position that a seek leads to where positions are addresses: up to the highest, and with no end to count from.
pub fn seek_address(current: u64, offset: i64, whence: Whence) -> Result<u64> {
    let base = match whence {
        Whence::Start => 0,
        Whence::Current => current,
        _ => return Err(Kind::Invalid.into()),
    };
    base.checked_add_signed(offset).ok_or_else(|| Kind::Invalid.into())
}
