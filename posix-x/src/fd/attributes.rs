//! The flags of a file that `chattr` changes and `lsattr` shows (ioctl_iflags(2)).

use exo_kernel::cap::Capability;
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{self, InodeFlags};

use crate::{Errno, SysResult, Task};

pub const FS_IOC_GETFLAGS: u32 = 0x8008_6601;
pub const FS_IOC_SETFLAGS: u32 = 0x4008_6602;
pub const FS_IOC_FSGETXATTR: u32 = 0x801c_581f;

/// Our flag, Linux's `FS_…_FL`, and its `FS_XFLAG_…`.
const NAMES: [(InodeFlags, u32, u32); 4] = [
    (InodeFlags::IMMUTABLE, 0x10, 0x08),
    (InodeFlags::APPEND_ONLY, 0x20, 0x10),
    (InodeFlags::NO_DUMP, 0x40, 0x80),
    (InodeFlags::NO_ATIME, 0x80, 0x40),
];

/// Linux's numbers for `flags`, as both calls have them.
fn told(flags: InodeFlags) -> (u32, u32) {
    let set = NAMES.iter().filter(|(flag, ..)| flags.contains(*flag));
    set.fold((0, 0), |all, (_, number, extended)| (all.0 | number, all.1 | extended))
}

/// The flags that numbers stand for. EOPNOTSUPP for those that no file system here keeps.
fn meant(numbers: u32) -> Result<InodeFlags, Errno> {
    let mut flags = InodeFlags::empty();
    let mut rest = numbers;
    for (flag, number, _) in NAMES.iter().filter(|(_, number, _)| numbers & number != 0) {
        flags |= *flag;
        rest &= !number;
    }
    if rest != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    Ok(flags)
}

/// Answers one of the three requests.
pub fn control(t: &Task, capability: &Capability, request: u32, arg: usize) -> SysResult {
    let file = capability.file(exo_kernel::cap::Rights::IOCTL)?;
    let inode = file.inode().ok_or(Errno::ENOTTY)?;
    let flags = vfs::attribute_flags(&inode).ok_or(Errno::ENOTTY)?;
    let (numbers, extended) = told(flags);
    match request {
        FS_IOC_SETFLAGS => {
            let wanted = meant(UserPtr::<u32>::new(arg).read()?)?;
            if let Some(path) = file.path() {
                path.check_writable()?;
            }
            vfs::set_attribute_flags(t.creds().vfs(), &inode, wanted)?;
        }
        FS_IOC_GETFLAGS => UserPtr::new(arg).write(&numbers)?,
        // `struct fsxattr`: flags; then extent sizes, project and padding, of which there are none here.
        _ => UserPtr::<[u32; 7]>::new(arg).write(&[extended, 0, 0, 0, 0, 0, 0])?,
    }
    Ok(0)
}
