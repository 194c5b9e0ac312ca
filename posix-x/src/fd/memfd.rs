//! Memory files: regular files without a name, which can be sealed (memfd_create(2)).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use bitflags::bitflags;

use exo_kernel::cap::ObjectKind;
use exo_kernel::mm::Vmo;
use exo_kernel::user::{IoDest, IoSource};
use exo_kernel::vfs::{self, AllocateFlags, File, InodeRef, Io, Metadata, OpenFile, Whence};
use exo_kernel::{Kind, Result};

use crate::fs::path::UserPath;
use crate::{Errno, SysResult, Task, UserStr};

const MFD_CLOEXEC: u32 = 1;
const MFD_ALLOW_SEALING: u32 = 2;
const MFD_HUGETLB: u32 = 4;

/// Bytes of a name with its NUL: `NAME_MAX` less the prefix that it is shown with.
const NAME_SIZE: usize = 255 - b"memfd:".len() + 1;

bitflags! {
    /// What can not be done to a file any more.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Seals: u32 {
        /// Add further seals.
        const SEAL = 1;
        const SHRINK = 2;
        const GROW = 4;
        const WRITE = 8;
        /// Write, but through mappings that exist already.
        const FUTURE_WRITE = 16;
    }
}

/// A regular file in memory without a name.
pub struct MemoryFile {
    inode: InodeRef,
    content: Arc<dyn File>,
    name: Vec<u8>,
    seals: AtomicU32,
}

impl MemoryFile {
    fn seals(&self) -> Seals {
        Seals::from_bits_retain(self.seals.load(Ordering::Acquire))
    }

    fn check_writable(&self) -> Result<()> {
        if self.seals().intersects(Seals::WRITE | Seals::FUTURE_WRITE) {
            return Err(Kind::NotPermitted.into());
        }
        Ok(())
    }

    /// [`Kind::NotPermitted`] if a seal keeps the length from becoming `length`.
    fn check_length(&self, length: u64) -> Result<()> {
        let size = self.inode.core().size();
        let forbidden = if length > size { Seals::GROW } else { Seals::SHRINK };
        if length != size && self.seals().contains(forbidden) {
            return Err(Kind::NotPermitted.into());
        }
        Ok(())
    }
}

/// May an open file's length become `length`, as far as seals are concerned?
pub fn check_length(file: &OpenFile, length: u64) -> Result<()> {
    file.file().downcast::<MemoryFile>().map_or(Ok(()), |memory| memory.check_length(length))
}

/// Are new mappings of an open file to be read only? (`F_SEAL_WRITE`, the stronger seal, is the memory object's.)
pub fn is_sealed_for_future_stores(file: &OpenFile) -> bool {
    file.file().downcast::<MemoryFile>().is_some_and(|memory| memory.seals().contains(Seals::FUTURE_WRITE))
}

impl File for MemoryFile {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Memory
    }

    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.content.read(dest, io)
    }
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        self.check_writable()?;
        if self.seals().contains(Seals::GROW) {
            // What fits the present length may be written.
            io.limit = io.limit.min(self.inode.core().size());
            return self.content.write(source, io).map_err(|error| {
                if error == Kind::FileTooBig {
                    Kind::NotPermitted.into()
                } else {
                    error
                }
            });
        }
        self.content.write(source, io)
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, current: u64, offset: i64, whence: Whence) -> Result<u64> {
        self.content.seek(current, offset, whence)
    }
    fn pollable(&self) -> bool {
        false
    }
    fn map(&self) -> Result<Arc<Vmo>> {
        self.content.map()
    }
    fn inode(&self) -> Option<InodeRef> {
        Some(self.inode.clone())
    }
    fn metadata(&self) -> Result<Metadata> {
        Ok(self.inode.metadata())
    }
    fn sync(&self, data_only: bool) -> Result<()> {
        self.content.sync(data_only)
    }
    fn allocate(&self, flags: AllocateFlags, offset: u64, length: u64) -> Result<()> {
        if flags.contains(AllocateFlags::PUNCH_HOLE) {
            self.check_writable()?;
        } else if !flags.contains(AllocateFlags::KEEP_SIZE) {
            self.check_length(self.inode.core().size().max(offset.saturating_add(length)))?;
        }
        self.content.allocate(flags, offset, length)
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "/memfd:{} (deleted)", self.name.escape_ascii())
    }
}

/// A new memory file, open for reading and writing.
pub fn memfd_create(t: &Task, name: UserStr, flags: u32) -> SysResult {
    if flags & !(MFD_CLOEXEC | MFD_ALLOW_SEALING) != 0 {
        // There are no huge pages to ask for.
        return Err(if flags & MFD_HUGETLB != 0 { Errno::ENODEV } else { Errno::EINVAL });
    }
    let name = UserPath::import_limited(name, NAME_SIZE).map_err(|error| {
        if error == Errno::ENAMETOOLONG {
            Errno::EINVAL
        } else {
            error
        }
    })?;
    let reserved = t.files().reserve(super::limit(t))?;
    let plain = vfs::unnamed_file("memfd", t.creds().vfs(), 0o777)?;
    let inode = plain.inode().ok_or(Errno::ENOMEM)?;
    let seals = if flags & MFD_ALLOW_SEALING != 0 { Seals::empty() } else { Seals::SEAL };
    let file = MemoryFile {
        content: plain.file().clone(),
        inode,
        name: name.bytes().to_vec(),
        seals: AtomicU32::new(seals.bits()),
    };
    let status = super::flags::open_status(posix_x_abi::uapi::general::O_LARGEFILE);
    let open = OpenFile::new(Arc::new(file), super::READ_WRITE, status);
    let close_on_exec = if flags & MFD_CLOEXEC != 0 { posix_x_abi::uapi::general::O_CLOEXEC } else { 0 };
    Ok(reserved.install_file(open, close_on_exec) as usize)
}

/// `F_ADD_SEALS`.
pub(super) fn add_seals(file: &OpenFile, seals: usize) -> SysResult {
    let seals = u32::try_from(seals).ok().and_then(Seals::from_bits).ok_or(Errno::EINVAL)?;
    if !file.access().contains(vfs::Access::WRITE) {
        return Err(Errno::EPERM);
    }
    let memory = file.file().downcast::<MemoryFile>().ok_or(Errno::EINVAL)?;
    if memory.seals().contains(Seals::SEAL) {
        return Err(Errno::EPERM);
    }
    if seals.contains(Seals::WRITE) && !memory.seals().contains(Seals::WRITE) {
        // EBUSY while a mapping lets stores through.
        memory.map()?.seal_stores()?;
    }
    memory.seals.fetch_or(seals.bits(), Ordering::AcqRel);
    Ok(0)
}

/// `F_GET_SEALS`.
pub(super) fn seals(file: &OpenFile) -> SysResult {
    let memory = file.file().downcast::<MemoryFile>().ok_or(Errno::EINVAL)?;
    Ok(memory.seals().bits() as usize)
}
