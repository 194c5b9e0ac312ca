//! [`File`]: what is behind an open file description, whatever it is.

use alloc::sync::Arc;
use core::fmt;

use super::inode::InodeRef;
use super::types::{Access, AllocateFlags, AsAny, DirEntry, Metadata, OpenFlags, Status, Whence};
use crate::cap::ObjectKind;
use crate::mm::Vmo;
use crate::sync::{Events, PollTable};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// How one transfer is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Io {
    /// Where; moved on by objects that have positions.
    pub position: u64,
    /// The description's status flags, or those of this call.
    pub status: Status,
    /// No file may grow beyond this length.
    pub limit: u64,
}

impl Io {
    /// At a position, with everything else ordinary.
    pub const fn at(position: u64) -> Self {
        Self { position, status: Status::empty(), limit: u64::MAX }
    }
    /// May the call not wait?
    #[inline]
    pub const fn nonblock(&self) -> bool {
        self.status.contains(Status::NONBLOCK)
    }
}

/// How an object is opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenRequest {
    pub access: Access,
    pub flags: OpenFlags,
    pub status: Status,
}

/// An object that can be opened. Every method has the answer of objects that do not know it.
pub trait File: Send + Sync + AsAny {
    /// Reads, from `io.position` where it has positions, and moves that on. 0 at the end.
    fn read(&self, _dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        Err(Kind::Invalid.into())
    }
    /// Writes, at `io.position` (or at the end with [`Status::APPEND`]), and moves that on.
    fn write(&self, _source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        Err(Kind::Invalid.into())
    }
    /// Does it have positions? If not, seeking and positioned transfers fail with [`Kind::IllegalSeek`].
    fn seekable(&self) -> bool {
        false
    }
    /// The new position for a seek. Only called if [`seekable`](Self::seekable).
    fn seek(&self, current: u64, offset: i64, whence: Whence) -> Result<u64> {
        super::open_file::seek_within(current, offset, whence, 0, u64::MAX >> 1)
    }
    /// Goes to another place, of those that an object without positions has.
    fn reposition(&self, _offset: i64, _whence: Whence) -> Result<u64> {
        Err(Kind::IllegalSeek.into())
    }
    /// What is ready now. With a table, also registers the queues that tell of changes.
    fn poll(&self, _table: Option<&mut PollTable>) -> Events {
        Events::IN | Events::OUT | Events::RDNORM | Events::WRNORM
    }
    /// Can it be polled in earnest? Regular files and directories are always ready, and epoll refuses them.
    fn pollable(&self) -> bool {
        true
    }
    /// A control request with the numbers of the personality.
    fn ioctl(&self, _request: u32, _argument: usize) -> Result<usize> {
        Err(Kind::NotTerminal.into())
    }
    /// Bytes that could be read now without waiting (`FIONREAD`).
    fn readable_bytes(&self) -> Result<usize> {
        Err(Kind::NotTerminal.into())
    }
    /// The memory object to map.
    fn map(&self) -> Result<Arc<Vmo>> {
        Err(Kind::NoOperation.into())
    }
    /// The inode behind it. For objects without a path, a node of its own.
    fn inode(&self) -> Option<InodeRef> {
        None
    }
    /// What `fstat` tells, for objects without a path.
    fn metadata(&self) -> Result<Metadata> {
        self.inode().map(|inode| inode.metadata()).ok_or(Kind::BadHandle.into())
    }
    /// Emits entries from `io.position` on; see [`Inode::read_dir`](super::Inode::read_dir).
    fn read_dir(&self, _io: &mut Io, _emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<()> {
        Err(Kind::NotDirectory.into())
    }
    /// Writes back.
    fn sync(&self, _data_only: bool) -> Result<()> {
        Err(Kind::Invalid.into())
    }
    /// A handle to it is closed (others may remain).
    fn flush(&self) -> Result<()> {
        Ok(())
    }
    /// Gives or takes room.
    fn allocate(&self, _flags: AllocateFlags, _offset: u64, _length: u64) -> Result<()> {
        Err(Kind::NoDevice.into())
    }
    /// Status flags are about to change. May refuse.
    fn status_changed(&self, _status: Status) -> Result<()> {
        Ok(())
    }
    /// What a capability to it stands for.
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::File
    }
    /// Its name for `/proc/PID/fd`, where it has no path: `pipe:[7]`.
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[unknown]")
    }
}

impl dyn File {
    /// The concrete type, for calls that only make sense for one.
    pub fn downcast<T: File + 'static>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }
}
