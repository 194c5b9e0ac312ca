//! What the `…at` calls work on: a path relative to a descriptor, or the descriptor itself.

use exo_kernel::cap::Rights;
use exo_kernel::vfs::{self, Context, Credentials, InodeRef, Lookup, Metadata, Path};
use posix_x_abi::uapi::general::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};

use super::path::{Start, UserPath};
use crate::fd::{FdRef, FdTable};
use crate::security::confine::PathLimits;
use crate::{Errno, Fd, Task, UserStr};

/// For whom paths are resolved, and from where.
pub struct Caller<'a> {
    root: Path,
    cwd: Path,
    creds: &'a Credentials,
    umask: u32,
    limits: Option<PathLimits<'a>>,
}

impl Caller<'_> {
    /// As the file layer wants it.
    #[inline]
    pub fn context(&self) -> Context<'_> {
        Context {
            root: &self.root,
            cwd: &self.cwd,
            creds: self.creds,
            umask: self.umask,
            limits: self.limits.as_ref().map(|limits| limits as &dyn vfs::Limits),
            beneath: false,
        }
    }

    /// The same for a path from `start`: below what a derived capability stands for.
    #[inline]
    pub fn context_from(&self, start: &Start) -> Context<'_> {
        Context { beneath: start.is_derived(), ..self.context() }
    }
}

/// The calling task.
#[inline]
pub fn caller(t: &Task) -> Caller<'_> {
    let (root, cwd) = t.fs().places();
    Caller { root, cwd, creds: t.creds().vfs(), umask: t.fs().umask(), limits: PathLimits::of(t) }
}

/// Follow the last symbolic link, unless the call's flags say otherwise.
pub fn lookup(flags: u32) -> Lookup {
    if flags & AT_SYMLINK_NOFOLLOW != 0 {
        Lookup::empty()
    } else {
        Lookup::FOLLOW
    }
}

/// What a call is about.
pub enum Target<'a> {
    /// What a path led to.
    Place(Path),
    /// What a descriptor stands for.
    Handle(FdRef<'a>),
}

impl<'a> Target<'a> {
    /// Finds it. Without `AT_EMPTY_PATH` in `flags` an empty path is ENOENT.
    pub fn find(t: &'a Task, dirfd: Fd, path: UserStr, flags: u32) -> Result<Self, Errno> {
        Self::find_as(t, &caller(t).context(), dirfd, path, flags)
    }

    /// As [`find`](Self::find), for changing attributes. EACCES if `dirfd` is a derived capability that does not allow it.
    pub fn find_to_change(t: &'a Task, dirfd: Fd, path: UserStr, flags: u32) -> Result<Self, Errno> {
        if dirfd != Fd::CWD {
            let allowed = FdTable::get(t.files(), dirfd.0).map(|capability| capability.allowed());
            if allowed.is_ok_and(|allowed| !allowed.contains(Rights::SET_ATTR)) {
                return Err(Errno::EACCES);
            }
        }
        Self::find(t, dirfd, path, flags)
    }

    /// As [`find`](Self::find), for somebody else.
    pub fn find_as(
        t: &'a Task,
        context: &Context,
        dirfd: Fd,
        path: UserStr,
        flags: u32,
    ) -> Result<Self, Errno> {
        let path =
            if flags & AT_EMPTY_PATH == 0 { UserPath::import(path)? } else { UserPath::import_any(path)? };
        if path.is_empty() {
            return Self::handle(t, dirfd);
        }
        let start = Start::new(t, dirfd, &path)?;
        let context = Context { beneath: start.is_derived(), ..*context };
        Ok(Self::Place(vfs::resolve(&context, start.place()?, path.bytes(), lookup(flags))?))
    }

    /// What a descriptor stands for. EBADF for none.
    pub fn descriptor(t: &'a Task, fd: Fd) -> Result<Self, Errno> {
        Ok(Self::Handle(FdTable::get(t.files(), fd.0)?))
    }

    /// What a descriptor stands for, if its attributes may be changed through it (not with `O_PATH`).
    pub fn opened(t: &'a Task, fd: Fd) -> Result<Self, Errno> {
        let capability = FdTable::get(t.files(), fd.0)?;
        capability.file(Rights::SET_ATTR)?;
        Ok(Self::Handle(capability))
    }

    /// What a descriptor stands for, or the current directory.
    pub fn handle(t: &'a Task, dirfd: Fd) -> Result<Self, Errno> {
        if dirfd == Fd::CWD {
            return Ok(Self::Place(t.fs().cwd()));
        }
        Ok(Self::Handle(FdTable::get(t.files(), dirfd.0)?))
    }

    /// What a non-empty path leads to.
    pub fn resolve(t: &'a Task, dirfd: Fd, path: &UserPath, lookup: Lookup) -> Result<Self, Errno> {
        let start = Start::new(t, dirfd, path)?;
        Ok(Self::Place(vfs::resolve(&caller(t).context_from(&start), start.place()?, path.bytes(), lookup)?))
    }

    /// What `stat` tells.
    pub fn metadata(&self) -> Result<Metadata, Errno> {
        match self {
            Self::Place(path) => Ok(path.metadata()),
            Self::Handle(capability) => Ok(capability.metadata()?),
        }
    }

    /// The place in the tree. EBADF for an object that has none.
    pub fn place(&self) -> Result<&Path, Errno> {
        match self {
            Self::Place(path) => Ok(path),
            Self::Handle(capability) => capability.file(Rights::empty())?.path().ok_or(Errno::EBADF),
        }
    }

    /// The inode of an object that has no place in the tree, or of one that has.
    pub fn inode(&self) -> Result<InodeRef, Errno> {
        match self {
            Self::Place(path) => Ok(path.inode().clone()),
            Self::Handle(capability) => capability.file(Rights::empty())?.inode().ok_or(Errno::EPERM),
        }
    }
}

/// What a path leads to, following the last symbolic link.
pub fn find(t: &Task, path: UserStr) -> Result<Path, Errno> {
    find_with(t, path, Lookup::FOLLOW)
}

/// What a path leads to.
pub fn find_with(t: &Task, path: UserStr, lookup: Lookup) -> Result<Path, Errno> {
    let path = UserPath::import(path)?;
    Ok(vfs::resolve(&caller(t).context(), None, path.bytes(), lookup)?)
}
