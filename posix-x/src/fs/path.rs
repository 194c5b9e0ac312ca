//! Paths from user space: the bytes ([`UserPath`]) and where they start ([`Start`]).

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::cap::{Capability, Rights};
use exo_kernel::user::read_string;
use exo_kernel::vfs::OpenFile;
use exo_kernel::Kind;

use crate::fd::{FdRef, FdTable};
use crate::{Errno, Fd, Task, UserStr};

/// `PATH_MAX`: bytes of a path with its NUL.
pub const PATH_MAX: usize = 4096;

/// Paths up to this length need no allocation.
const INLINE: usize = 128;

/// A path copied from user space.
pub struct UserPath {
    inline: [u8; INLINE],
    heap: Vec<u8>,
    length: usize,
}

impl UserPath {
    /// Copies a path. ENOENT if it is empty, ENAMETOOLONG, EFAULT.
    pub fn import(path: UserStr) -> Result<Self, Errno> {
        let path = Self::import_any(path)?;
        if path.length == 0 {
            return Err(Errno::ENOENT);
        }
        Ok(path)
    }

    /// Copies a path that may be empty (`AT_EMPTY_PATH`).
    pub fn import_any(path: UserStr) -> Result<Self, Errno> {
        Self::import_limited(path, PATH_MAX)
    }

    /// Copies a string that has to fit `limit` bytes with its NUL.
    pub fn import_limited(path: UserStr, limit: usize) -> Result<Self, Errno> {
        let mut copy = Self { inline: [0; INLINE], heap: Vec::new(), length: 0 };
        match read_string(path.address(), &mut copy.inline[..limit.min(INLINE)]) {
            Ok(text) => {
                copy.length = text.len();
                Ok(copy)
            }
            Err(error) if error == Kind::NameTooLong && limit > INLINE => copy.import_long(path, limit),
            Err(error) => Err(error.into()),
        }
    }

    #[cold]
    fn import_long(mut self, path: UserStr, limit: usize) -> Result<Self, Errno> {
        self.heap.try_reserve_exact(limit).map_err(|_| Errno::ENOMEM)?;
        self.heap.resize(limit, 0);
        self.length = read_string(path.address(), &mut self.heap)?.len();
        Ok(self)
    }

    /// The bytes, without the NUL.
    pub fn bytes(&self) -> &[u8] {
        if self.heap.is_empty() {
            &self.inline[..self.length]
        } else {
            &self.heap[..self.length]
        }
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// Where a relative path starts: the current directory, or what a descriptor stands for.
pub enum Start<'a> {
    Cwd,
    Handle(FdRef<'a>),
}

impl<'a> Start<'a> {
    /// The start for `path`. An absolute one does not look at the descriptor at all.
    pub fn new(t: &'a Task, dirfd: Fd, path: &UserPath) -> Result<Self, Errno> {
        if dirfd == Fd::CWD || path.bytes().first() == Some(&b'/') {
            return Ok(Self::Cwd);
        }
        Ok(Self::Handle(FdTable::get(t.files(), dirfd.0)?))
    }

    /// Is it a derived capability, whose paths lead no further than below it?
    pub fn is_derived(&self) -> bool {
        matches!(self, Self::Handle(capability) if capability.is_derived())
    }

    /// As the file layer wants it, for changing something below. EACCES if a derived capability does not allow that.
    pub fn place_to_change(&self) -> Result<Option<&exo_kernel::vfs::Path>, Errno> {
        match self {
            Self::Handle(capability) if !capability.allowed().contains(Rights::WRITE) => Err(Errno::EACCES),
            _ => self.place(),
        }
    }

    /// The capability to a file that was opened from here: derived if the start is.
    pub fn opened(&self, file: Arc<OpenFile>) -> Result<Capability, Errno> {
        match self {
            Self::Handle(capability) => Ok(capability.found(file)?),
            Self::Cwd => Ok(Capability::new(file)),
        }
    }

    /// As the file layer wants it.
    pub fn place(&self) -> Result<Option<&exo_kernel::vfs::Path>, Errno> {
        match self {
            Self::Cwd => Ok(None),
            Self::Handle(capability) => Ok(Some(capability.start()?)),
        }
    }
}
