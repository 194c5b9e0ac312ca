//! Open flags: between Linux's `O_…` numbers and the native kernel's access, status and open flags.

use exo_kernel::vfs::{Access, OpenFile, OpenFlags, Status};
use posix_x_abi::uapi::general::{
    FASYNC, O_ACCMODE, O_APPEND, O_CREAT, O_DIRECT, O_DIRECTORY, O_DSYNC, O_EXCL, O_LARGEFILE, O_NOATIME,
    O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_SYNC, O_TMPFILE, O_TRUNC,
};

/// Each status flag and its number. Of the two bits of `O_SYNC`, `O_DSYNC` is one.
const STATUS: [(u32, Status); 7] = [
    (O_APPEND, Status::APPEND),
    (O_NONBLOCK, Status::NONBLOCK),
    (O_DIRECT, Status::DIRECT),
    (O_NOATIME, Status::NO_ATIME),
    (FASYNC, Status::ASYNC),
    (O_DSYNC, Status::DATA_SYNC),
    (O_SYNC & !O_DSYNC, Status::SYNC),
];

/// Flags that mean nothing after opening, but are told by `F_GETFL`; kept in the upper half of the status.
const REMEMBERED: [u32; 4] = [O_LARGEFILE, O_DIRECTORY, O_NOFOLLOW, O_TMPFILE & !O_DIRECTORY];
const REMEMBERED_SHIFT: u32 = 24;

const OPEN: [(u32, OpenFlags); 8] = [
    (O_CREAT, OpenFlags::CREATE),
    (O_EXCL, OpenFlags::EXCLUSIVE),
    (O_TRUNC, OpenFlags::TRUNCATE),
    (O_DIRECTORY, OpenFlags::DIRECTORY),
    (O_NOFOLLOW, OpenFlags::NO_FOLLOW),
    (O_TMPFILE & !O_DIRECTORY, OpenFlags::TMPFILE),
    (O_PATH, OpenFlags::PATH),
    (O_NOCTTY, OpenFlags::NO_CONTROLLING_TTY),
];

/// The status flags among `flags`.
pub fn status(flags: u32) -> Status {
    let known = STATUS
        .iter()
        .filter(|(bit, _)| flags & bit != 0)
        .fold(Status::empty(), |sum, (_, status)| sum | *status);
    if flags & O_PATH != 0 {
        return known | Status::PATH;
    }
    known
}

/// As [`status`], with what `F_GETFL` tells of the opening.
pub fn open_status(flags: u32) -> Status {
    let remembered = REMEMBERED.iter().enumerate().filter(|(_, &bit)| flags & bit != 0);
    let bits = remembered.fold(0, |sum, (index, _)| sum | 1 << (REMEMBERED_SHIFT as usize + index));
    Status::from_bits_retain(status(flags).bits() | bits)
}

/// What opening with `flags` gives access to. Mode 3 gives nothing but checks for both.
pub fn access(flags: u32) -> Access {
    match flags & O_ACCMODE {
        0 => Access::READ,
        1 => Access::WRITE,
        2 => Access::READ | Access::WRITE,
        _ => Access::empty(),
    }
}

/// The flags that only matter while opening.
pub fn open_flags(flags: u32) -> OpenFlags {
    OPEN.iter().filter(|(bit, _)| flags & bit != 0).fold(OpenFlags::empty(), |sum, (_, flag)| sum | *flag)
}

/// What `F_GETFL` tells.
pub fn tell(file: &OpenFile) -> u32 {
    let status = file.status();
    let access = match (file.access().contains(Access::READ), file.access().contains(Access::WRITE)) {
        (true, false) => 0,
        (false, true) => 1,
        (true, true) => 2,
        (false, false) if status.contains(Status::PATH) => 0,
        (false, false) => 3,
    };
    let known =
        STATUS.iter().filter(|(_, flag)| status.contains(*flag)).fold(access, |sum, (bit, _)| sum | bit);
    let remembered = |index: usize| status.bits() >> (REMEMBERED_SHIFT as usize + index) & 1 != 0;
    let flags = REMEMBERED
        .iter()
        .enumerate()
        .filter(|(index, _)| remembered(*index))
        .fold(known, |sum, (_, bit)| sum | bit);
    if status.contains(Status::PATH) {
        flags | O_PATH
    } else {
        flags
    }
}
