//! Opening files.

use exo_kernel::vfs::{self, Access, Lookup, OpenFlags};
use posix_x_abi::types::OpenHow;
use posix_x_abi::uapi::general::{
    FASYNC, O_ACCMODE, O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECT, O_DIRECTORY, O_DSYNC, O_EXCL, O_LARGEFILE,
    O_NOATIME, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_SYNC, O_TMPFILE, O_TRUNC, O_WRONLY,
    RESOLVE_BENEATH, RESOLVE_CACHED, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
};

use super::at;
use super::path::{Start, UserPath};
use crate::fd::{self, flags};
use crate::{Errno, Fd, SysResult, Task, UserAddr, UserStr};

/// All flags that open knows; the old calls ignore others, `openat2` refuses them.
const VALID: u32 = O_ACCMODE
    | O_CREAT
    | O_EXCL
    | O_NOCTTY
    | O_TRUNC
    | O_APPEND
    | O_NONBLOCK
    | O_SYNC
    | O_DSYNC
    | FASYNC
    | O_DIRECT
    | O_LARGEFILE
    | O_DIRECTORY
    | O_NOFOLLOW
    | O_NOATIME
    | O_CLOEXEC
    | O_PATH
    | O_TMPFILE;

/// What `O_PATH` leaves of the other flags.
const PATH_FLAGS: u32 = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

/// `O_TMPFILE` without the `O_DIRECTORY` in it.
const TMPFILE_BIT: u32 = O_TMPFILE & !O_DIRECTORY;

const MODE_BITS: u64 = 0o7777;
/// The first version of `struct open_how`.
const HOW_SIZE: usize = size_of::<OpenHow>();
const PAGE: usize = 4096;

/// A request to open with the contradictions sorted out as Linux does.
struct Request {
    flags: u32,
    mode: u32,
    lookup: Lookup,
}

impl Request {
    /// From the arguments of the old calls, which forgive much.
    fn forgiving(flags: u32, mode: u32) -> Result<Self, Errno> {
        let mut flags = flags & VALID | O_LARGEFILE;
        if flags & O_PATH != 0 {
            flags &= PATH_FLAGS;
        }
        let creates = flags & (O_CREAT | TMPFILE_BIT) != 0;
        let mode = if creates { mode & MODE_BITS as u32 } else { 0 };
        Self::checked(flags, mode, Lookup::empty())
    }

    fn checked(flags: u32, mode: u32, lookup: Lookup) -> Result<Self, Errno> {
        if flags & (O_DIRECTORY | O_CREAT) == O_DIRECTORY | O_CREAT && flags & TMPFILE_BIT != 0 {
            return Err(Errno::EINVAL);
        }
        if flags & TMPFILE_BIT != 0 {
            let writes = matches!(flags & O_ACCMODE, O_WRONLY | 2 | 3);
            if flags & O_DIRECTORY == 0 || !writes {
                return Err(Errno::EINVAL);
            }
        }
        Ok(Self { flags, mode, lookup })
    }

    fn how(&self) -> vfs::OpenOptions {
        let mut open = flags::open_flags(self.flags);
        if self.flags & TMPFILE_BIT != 0 {
            // The directory is where the file goes, not what is opened.
            open -= OpenFlags::DIRECTORY;
        }
        vfs::OpenOptions {
            access: if self.flags & O_PATH != 0 { Access::empty() } else { flags::access(self.flags) },
            flags: open,
            status: flags::open_status(self.flags),
            mode: self.mode,
            lookup: self.lookup,
        }
    }
}

fn open_path(t: &Task, dirfd: Fd, path: UserStr, request: &Request) -> SysResult {
    let path = UserPath::import(path)?;
    let reserved = t.files().reserve(fd::limit(t))?;
    let start = Start::new(t, dirfd, &path)?;
    let how = request.how();
    let changes =
        how.access.contains(Access::WRITE) || request.flags & (O_CREAT | O_TRUNC | TMPFILE_BIT) != 0;
    let place = if changes { start.place_to_change()? } else { start.place()? };
    let file = vfs::open(&at::caller(t).context_from(&start), place, path.bytes(), &how)?;
    Ok(reserved.install(start.opened(file)?, request.flags & O_CLOEXEC != 0) as usize)
}

/// Opens a file, and makes it if asked to.
pub fn open(t: &Task, path: UserStr, flags: u32, mode: u32) -> SysResult {
    openat(t, Fd::CWD, path, flags, mode)
}

/// Makes or empties a file and opens it for writing.
pub fn creat(t: &Task, path: UserStr, mode: u32) -> SysResult {
    openat(t, Fd::CWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode)
}

/// As [`open`], relative to a descriptor.
pub fn openat(t: &Task, dirfd: Fd, path: UserStr, flags: u32, mode: u32) -> SysResult {
    open_path(t, dirfd, path, &Request::forgiving(flags, mode)?)
}

/// As [`openat`], with a say in how the path is resolved, and strict about everything.
pub fn openat2(t: &Task, dirfd: Fd, path: UserStr, how: UserAddr, size: usize) -> SysResult {
    if size < HOW_SIZE {
        return Err(Errno::EINVAL);
    }
    if size > PAGE {
        return Err(Errno::E2BIG);
    }
    // A longer structure is from the future; what it says beyond ours must be nothing.
    for offset in HOW_SIZE..size {
        if how.add(offset).read()? != 0 {
            return Err(Errno::E2BIG);
        }
    }
    let how = how.cast::<OpenHow>().read()?;
    open_path(t, dirfd, path, &strict(&how)?)
}

fn strict(how: &OpenHow) -> Result<Request, Errno> {
    let flags = u32::try_from(how.flags).ok().filter(|flags| flags & !VALID == 0).ok_or(Errno::EINVAL)?;
    let creates = flags & (O_CREAT | TMPFILE_BIT) != 0;
    if how.mode & !MODE_BITS != 0 || (how.mode != 0 && !creates) {
        return Err(Errno::EINVAL);
    }
    if flags & O_PATH != 0 && flags & !PATH_FLAGS & !O_LARGEFILE != 0 {
        return Err(Errno::EINVAL);
    }
    let mut lookup = Lookup::empty();
    let mut unknown = how.resolve;
    for (bit, flag) in [
        (RESOLVE_NO_XDEV, Lookup::NO_XDEV),
        (RESOLVE_NO_MAGICLINKS, Lookup::NO_MAGIC_LINKS),
        (RESOLVE_NO_SYMLINKS, Lookup::NO_SYMLINKS),
        (RESOLVE_BENEATH, Lookup::BENEATH),
        (RESOLVE_IN_ROOT, Lookup::IN_ROOT),
        (RESOLVE_CACHED, Lookup::CACHED),
    ] {
        if how.resolve & u64::from(bit) != 0 {
            lookup |= flag;
            unknown &= !u64::from(bit);
        }
    }
    if unknown != 0 || lookup.contains(Lookup::BENEATH | Lookup::IN_ROOT) {
        return Err(Errno::EINVAL);
    }
    if lookup.contains(Lookup::CACHED) && flags & (O_TRUNC | O_CREAT | TMPFILE_BIT) != 0 {
        return Err(Errno::EAGAIN);
    }
    Request::checked(flags | O_LARGEFILE, how.mode as u32, lookup)
}
