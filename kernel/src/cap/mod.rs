//! Capabilities: an object and what its holder may do with it.
//!
//! A personality's handles (file descriptors) are indices to capabilities. Every operation goes through one, which
//! checks the right and then calls the object; a missing right is [`Kind::BadHandle`]. Rights only ever shrink.

use alloc::sync::Arc;

use bitflags::bitflags;

use crate::mm::Vmo;
use crate::sync::{Events, PollTable};
use crate::user::{IoDest, IoSource};
use crate::vfs::{Access, AllocateFlags, DirEntry, Metadata, OpenFile, Path, Status, Whence};
use crate::{Kind, Result};

bitflags! {
    /// What a holder may do.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Rights: u32 {
        const READ = 1;
        const WRITE = 2;
        /// Move the position, and transfer at given ones.
        const SEEK = 4;
        /// Map its memory (READ and WRITE say how).
        const MAP = 8;
        /// Execute it, or use it as a starting point to.
        const EXEC = 16;
        const IOCTL = 32;
        const POLL = 64;
        /// Look at its metadata.
        const STAT = 128;
        /// Make further handles.
        const DUP = 256;
        /// Send it to somebody else.
        const TRANSFER = 512;
        /// Change its metadata.
        const SET_ATTR = 1024;
        /// Use it as a starting point for paths.
        const LOOKUP = 2048;
        /// Lock it, change status flags, allocate room, sync.
        const CONTROL = 4096;
    }
}

impl Rights {
    /// The rights of a handle made by opening.
    pub fn of_open(access: Access, status: Status) -> Self {
        let always = Self::STAT | Self::DUP | Self::TRANSFER | Self::LOOKUP | Self::EXEC;
        if status.contains(Status::PATH) {
            return always;
        }
        let mut rights =
            always | Self::SEEK | Self::MAP | Self::IOCTL | Self::POLL | Self::SET_ATTR | Self::CONTROL;
        rights.set(Self::READ, access.contains(Access::READ));
        rights.set(Self::WRITE, access.contains(Access::WRITE));
        rights
    }
}

/// What a capability can stand for.
#[derive(Clone)]
pub enum Object {
    /// An open file description: files, directories, devices, pipes, sockets, and whatever is read and written.
    File(Arc<OpenFile>),
}

/// An object and what the holder may do with it.
#[derive(Clone)]
pub struct Capability {
    object: Object,
    rights: Rights,
}

impl Capability {
    /// The first capability to an open file: with all the rights that its opening gives.
    pub fn new(file: Arc<OpenFile>) -> Self {
        let rights = Rights::of_open(file.access(), file.status());
        Self { object: Object::File(file), rights }
    }

    /// The same object with no more than `rights`.
    pub fn restrict(&self, rights: Rights) -> Self {
        Self { object: self.object.clone(), rights: self.rights & rights }
    }

    /// What the holder may do.
    #[inline]
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// The object, for its identity. Operations go through the capability.
    #[inline]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The open file, if the rights contain `needed`.
    #[inline]
    pub fn file(&self, needed: Rights) -> Result<&Arc<OpenFile>> {
        if !self.rights.contains(needed) {
            return Err(Kind::BadHandle.into());
        }
        let Object::File(file) = &self.object;
        Ok(file)
    }

    /// Do both stand for the same object?
    pub fn same_object(&self, other: &Self) -> bool {
        let (Object::File(one), Object::File(two)) = (&self.object, &other.object);
        Arc::ptr_eq(one, two)
    }

    /// Reads at the current position.
    #[inline]
    pub fn read(&self, dest: &mut IoDest) -> Result<usize> {
        self.file(Rights::READ)?.read(dest)
    }
    /// Reads at `position`.
    #[inline]
    pub fn read_at(&self, dest: &mut IoDest, position: u64) -> Result<usize> {
        self.seekable(Rights::READ)?.read_at(dest, position)
    }
    /// Writes at the current position; no file grows beyond `limit`.
    #[inline]
    pub fn write(&self, source: &mut IoSource, limit: u64) -> Result<usize> {
        self.file(Rights::WRITE)?.write(source, limit)
    }
    /// Writes at `position`.
    #[inline]
    pub fn write_at(&self, source: &mut IoSource, position: u64, limit: u64) -> Result<usize> {
        self.seekable(Rights::WRITE)?.write_at(source, position, limit)
    }
    /// Moves the position.
    #[inline]
    pub fn seek(&self, offset: i64, whence: Whence) -> Result<u64> {
        self.file(Rights::SEEK)?.seek(offset, whence)
    }
    /// A positioned transfer on something without positions is [`Kind::IllegalSeek`] before it is anything else.
    fn seekable(&self, right: Rights) -> Result<&Arc<OpenFile>> {
        let file = self.file(Rights::SEEK)?;
        if !file.seekable() {
            return Err(Kind::IllegalSeek.into());
        }
        self.file(right)
    }
    /// What is ready now; see [`File::poll`](crate::vfs::File::poll).
    #[inline]
    pub fn poll(&self, table: Option<&mut PollTable>) -> Result<Events> {
        Ok(self.file(Rights::POLL)?.poll(table))
    }
    /// A control request with the numbers of the personality.
    pub fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        self.file(Rights::IOCTL)?.file().ioctl(request, argument)
    }
    /// The memory object to map, for the given accesses.
    pub fn map(&self, rights: Rights) -> Result<Arc<Vmo>> {
        self.file(Rights::MAP | rights)?.map()
    }
    /// What `fstat` tells.
    #[inline]
    pub fn metadata(&self) -> Result<Metadata> {
        self.file(Rights::STAT)?.metadata()
    }
    /// Reads directory entries at the current position.
    pub fn read_dir(&self, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<()> {
        self.file(Rights::READ)?.read_dir(emit)
    }
    /// Writes back.
    pub fn sync(&self, data_only: bool) -> Result<()> {
        self.file(Rights::CONTROL)?.file().sync(data_only)
    }
    /// Gives or takes room.
    pub fn allocate(&self, flags: AllocateFlags, offset: u64, length: u64) -> Result<()> {
        self.file(Rights::WRITE)?.file().allocate(flags, offset, length)
    }
    /// The place that it stands for, as a starting point of paths. [`Kind::NotDirectory`] where there is none.
    pub fn start(&self) -> Result<&Path> {
        self.file(Rights::LOOKUP)?.path().ok_or(Kind::NotDirectory.into())
    }
}
