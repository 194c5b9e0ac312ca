//! Capabilities: an object and what its holder may do with it.
//!
//! A personality's handles (file descriptors) are indices to capabilities. Every operation goes through one, which
//! checks the right and then calls the object; a missing right is [`Kind::BadHandle`]. Rights only ever shrink.
//!
//! A capability that comes of opening or making an object is *original*. [`Capability::derive`] makes one with fewer
//! rights and a badge, which is *derived* from the first and stands below it in a tree ([`Place`]). Copies (dup,
//! fork, messages) are equal: they share a place in the tree. [`Capability::revoke`] ends all that was derived from a
//! capability, wherever the copies are: their use is [`Kind::Revoked`] from then on, and calls that wait end.
//!
//! Operations on original capabilities pay nothing for that: a private bit of the rights tells derived ones, and it is
//! looked at together with the right that is needed.

mod lineage;

use alloc::sync::Arc;
use core::mem::ManuallyDrop;

use bitflags::bitflags;

use crate::mm::Vmo;
use crate::sync::{Events, PollTable};
use crate::user::{IoDest, IoSource};
use crate::vfs::{Access, AllocateFlags, DirEntry, Metadata, OpenFile, Path, Status, Whence};
use crate::{Kind, Result};

pub(crate) use lineage::Tree;
use lineage::ORIGINAL;
pub use lineage::{Place, PlaceInfo};

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
        /// Lock it, change status flags, allocate room, sync, set a timer.
        const CONTROL = 4096;
        /// Revoke what was derived from it.
        const REVOKE = 1 << 13;
        /// Send signals to the process or thread.
        const SIGNAL = 1 << 14;
        /// Wait for the end of the process or thread.
        const WAIT = 1 << 15;
        /// Not a right: the capability is derived, and must be looked at more closely.
        const DERIVED = 1 << 31;
    }
}

impl Rights {
    /// All that are rights.
    pub const ALL: Self = Self::all().difference(Self::DERIVED);

    /// The rights of a handle made by opening.
    pub fn of_open(access: Access, status: Status) -> Self {
        let always = Self::STAT
            | Self::DUP
            | Self::TRANSFER
            | Self::LOOKUP
            | Self::EXEC
            | Self::REVOKE
            | Self::SIGNAL
            | Self::WAIT;
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

/// What a capability can stand for, for those who look at it from outside. All of them are behind a
/// [`File`](crate::vfs::File).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectKind {
    /// Regular files, directories, devices, generated files.
    File,
    /// Pipes, FIFOs and sockets.
    Channel,
    /// Rings in shared memory.
    Ring,
    /// Memory without a place in the tree of files.
    Memory,
    /// Processes.
    Process,
    /// Threads.
    Thread,
    /// Timers.
    Timer,
    /// The address space of a process.
    Space,
    /// Event counters, signal queues, sets of files to wait for.
    Event,
}

impl ObjectKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Channel => "channel",
            Self::Ring => "ring",
            Self::Memory => "memory",
            Self::Process => "process",
            Self::Thread => "thread",
            Self::Timer => "timer",
            Self::Space => "space",
            Self::Event => "event",
        }
    }
}

/// An object and what the holder may do with it.
pub struct Capability {
    file: Arc<OpenFile>,
    /// With [`Rights::DERIVED`] if and only if the place is not that of originals.
    rights: Rights,
    /// In the tree of capabilities to the file.
    place: u32,
}

impl Clone for Capability {
    #[inline]
    fn clone(&self) -> Self {
        if self.is_derived() {
            self.count_copy();
        }
        Self { file: self.file.clone(), rights: self.rights, place: self.place }
    }
}

impl Drop for Capability {
    #[inline]
    fn drop(&mut self) {
        if self.is_derived() {
            self.uncount();
        }
    }
}

impl Capability {
    /// The original capability to an open file: with all the rights that its opening gives.
    #[inline]
    pub fn new(file: Arc<OpenFile>) -> Self {
        let rights = Rights::of_open(file.access(), file.status());
        Self { file, rights, place: ORIGINAL }
    }

    /// An original capability that is good for less than the object's opening gives.
    pub fn limited(file: Arc<OpenFile>, rights: Rights) -> Self {
        let rights = Rights::of_open(file.access(), file.status()) & rights;
        Self { file, rights, place: ORIGINAL }
    }

    #[cold]
    fn count_copy(&self) {
        self.file.derived().retain(self.place);
    }

    #[cold]
    fn uncount(&self) {
        self.file.derived().release(self.place);
    }

    /// A capability below this one with no more than `rights`. [`Kind::BadHandle`] if no further handles may be made
    /// of it, [`Kind::TooManyLinks`] if it is derived too many times over, [`Kind::Revoked`].
    pub fn derive(&self, rights: Rights, badge: u64) -> Result<Self> {
        self.file(Rights::DUP)?;
        let place = self.file.derived().add(self.place, rights, badge)?;
        let rights = self.rights & rights | Rights::DERIVED;
        Ok(Self { file: self.file.clone(), rights, place })
    }

    /// Ends all that was derived from it, and with `itself` the capability and its copies, too, which must be derived
    /// then ([`Kind::NotPermitted`]). [`Kind::BadHandle`] if it does not give the right to.
    pub fn revoke(&self, itself: bool) -> Result<()> {
        self.file(Rights::REVOKE)?;
        if itself && !self.is_derived() {
            return Err(Kind::NotPermitted.into());
        }
        if let Some(tree) = self.file.derived_if_any() {
            tree.revoke(self.place, itself);
        }
        Ok(())
    }

    /// What is allowed to it and to all that is found through it, whatever the object. Everything, for an original one.
    pub fn allowed(&self) -> Rights {
        self.place_info().map_or(Rights::ALL, |place| place.allowed)
    }

    /// The capability to `file`, which was found by a path that starts at this one: if this one is derived, it is
    /// revoked with it, and gives no more rights than that was allowed.
    pub fn found(&self, file: Arc<OpenFile>) -> Result<Self> {
        match self.is_derived() {
            false => Ok(Self::new(file)),
            true => self.found_derived(file),
        }
    }

    #[cold]
    fn found_derived(&self, file: Arc<OpenFile>) -> Result<Self> {
        let info = self.file.derived().info(self.place);
        file.derived().follow(Place::new(self.file.derived(), self.place))?;
        Self::new(file).derive(info.allowed, info.badge)
    }

    /// What is known of its place in the tree of derived capabilities; `None` for an original one.
    pub fn place_info(&self) -> Option<PlaceInfo> {
        self.is_derived().then(|| self.file.derived().info(self.place))
    }

    /// Its place in the tree of derived capabilities; `None` for an original one.
    pub fn place(&self) -> Option<Place> {
        self.is_derived().then(|| Place::new(self.file.derived(), self.place))
    }

    /// Is it derived?
    #[inline]
    pub fn is_derived(&self) -> bool {
        self.rights.contains(Rights::DERIVED)
    }

    /// An original capability for a borrower.
    ///
    /// # Safety
    /// `self` is original, and outlives what is returned.
    #[inline]
    pub unsafe fn lend(&self) -> ManuallyDrop<Self> {
        debug_assert!(!self.is_derived());
        // SAFETY: the copy is not dropped, and `self` keeps the file as long as it lives.
        let file = unsafe { core::ptr::read(&self.file) };
        // The place is known: it need not be copied.
        ManuallyDrop::new(Self { file, rights: self.rights, place: ORIGINAL })
    }

    /// The current thread begins a call through it: if it is revoked meanwhile, the thread's waiting ends with
    /// [`Kind::Interrupted`]. Does nothing for an original one.
    pub fn begin_call(&self) -> Result<()> {
        if self.is_derived() {
            self.file.derived().begin_call(self.place)?;
        }
        Ok(())
    }

    /// The call is over.
    pub fn end_call(&self) {
        if self.is_derived() {
            self.file.derived().end_call(self.place);
        }
    }

    /// What the holder may do.
    #[inline]
    pub fn rights(&self) -> Rights {
        self.rights - Rights::DERIVED
    }

    /// What it stands for, whatever the rights: for its identity, and for letting go of it.
    #[inline]
    pub fn object(&self) -> &Arc<OpenFile> {
        &self.file
    }

    /// The open file, if the rights contain `needed`.
    #[inline]
    pub fn file(&self, needed: Rights) -> Result<&Arc<OpenFile>> {
        // One comparison for both: all that is needed, and not derived.
        if self.rights & (needed | Rights::DERIVED) == needed {
            return Ok(&self.file);
        }
        self.file_of_derived(needed)
    }

    /// The open file, if the rights contain `needed`, for a call that was [begun](Self::begin_call): a revocation
    /// that comes later ends it where it waits.
    #[inline]
    pub fn file_in_call(&self, needed: Rights) -> Result<&Arc<OpenFile>> {
        if self.rights.contains(needed) {
            Ok(&self.file)
        } else {
            Err(Kind::BadHandle.into())
        }
    }

    #[cold]
    fn file_of_derived(&self, needed: Rights) -> Result<&Arc<OpenFile>> {
        if self.place_info().is_some_and(|place| place.revoked) {
            return Err(Kind::Revoked.into());
        }
        if !self.rights.contains(needed) {
            return Err(Kind::BadHandle.into());
        }
        Ok(&self.file)
    }

    /// Are both copies of one capability?
    pub fn is_copy_of(&self, other: &Self) -> bool {
        self.same_object(other) && self.rights == other.rights && self.place == other.place
    }

    /// Is it a copy of `other`, or derived from it?
    pub fn is_within(&self, other: &Self) -> bool {
        let below = || self.file.derived().is_within(self.place, other.place);
        self.same_object(other) && (!other.is_derived() || self.is_derived() && below())
    }

    /// Do both stand for the same object?
    pub fn same_object(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
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
        if self.rights & (Rights::POLL | Rights::DERIVED) == Rights::POLL {
            return Ok(self.file.poll(table));
        }
        self.poll_derived(table)
    }

    #[cold]
    fn poll_derived(&self, mut table: Option<&mut PollTable>) -> Result<Events> {
        if let Some(table) = table.as_deref_mut() {
            self.file.derived().watch(table);
        }
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
