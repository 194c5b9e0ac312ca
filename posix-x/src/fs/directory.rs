//! Reading directories.

use alloc::vec::Vec;

use exo_kernel::cap::Rights;
use exo_kernel::user::IoDest;
use exo_kernel::vfs::{DirEntry, Whence};

use crate::fd::{check_range, FdTable};
use crate::{Errno, Fd, SysResult, Task, UserAddr};

/// Offsets in `struct linux_dirent64` and `struct linux_dirent`: the name, and behind it the NUL.
const NAME_64: usize = 19;
const NAME: usize = 18;
/// At most so much is read by one call.
const PIECE: usize = 32 * 1024;

/// How records look.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    /// The type behind the length.
    New,
    /// The type in the record's last byte.
    Old,
}

impl Format {
    /// Bytes of a record, with its padding.
    fn length(self, name: usize) -> usize {
        match self {
            // The NUL belongs to the fixed part of the old form twice over: once for it, once for the type.
            Self::Old => (NAME + name + 2).next_multiple_of(8),
            Self::New => (NAME_64 + name + 1).next_multiple_of(8),
        }
    }

    /// Lays a record out in `record`.
    fn fill(self, entry: &DirEntry, record: &mut [u8]) {
        let length = record.len();
        record[..8].copy_from_slice(&entry.inode.to_ne_bytes());
        record[8..16].copy_from_slice(&entry.next.to_ne_bytes());
        record[16..18].copy_from_slice(&(length as u16).to_ne_bytes());
        let kind = entry.kind as u8;
        match self {
            Self::New => {
                record[18] = kind;
                record[NAME_64..][..entry.name.len()].copy_from_slice(entry.name);
            }
            Self::Old => {
                record[NAME..][..entry.name.len()].copy_from_slice(entry.name);
                record[length - 1] = kind;
            }
        }
    }
}

fn read_entries(t: &Task, fd: Fd, target: UserAddr, room: usize, format: Format) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    check_range(target.address(), room)?;
    let directory = capability.file(Rights::empty())?;
    let start = directory.position();
    let mut records = Vec::new();
    records.try_reserve(room.min(PIECE)).map_err(|_| Errno::ENOMEM)?;
    let mut full = false;
    // Records are collected first: the directory may be locked while it is read, and user memory may fault.
    capability.read_dir(&mut |entry| {
        let start = records.len();
        let end = start + format.length(entry.name.len());
        full = end > room || end > records.capacity();
        if full {
            return false;
        }
        records.resize(end, 0);
        format.fill(&entry, &mut records[start..]);
        true
    })?;
    if full && records.is_empty() {
        // Not even one entry fits.
        return Err(Errno::EINVAL);
    }
    let stored = IoDest::user(target.address(), records.len()).put(&records);
    let whole = stored.map_or(0, |stored| whole_records(&records, stored));
    if whole < records.len() {
        // The next call goes on behind what the program got.
        let next = next_of_last(&records[..whole]).unwrap_or(start);
        directory.seek(next as i64, Whence::Start)?;
        stored?;
        if whole == 0 {
            return Err(Errno::EFAULT);
        }
    }
    Ok(whole)
}

fn record_length(record: &[u8]) -> usize {
    usize::from(u16::from_ne_bytes([record[16], record[17]]))
}

/// Bytes of the records that lie in the first `stored` bytes as a whole.
fn whole_records(records: &[u8], stored: usize) -> usize {
    let mut end = 0;
    while end < records.len() && end + record_length(&records[end..]) <= stored {
        end += record_length(&records[end..]);
    }
    end
}

/// Where the entry behind the last record is.
fn next_of_last(records: &[u8]) -> Option<u64> {
    let mut rest = records;
    let mut next = None;
    while !rest.is_empty() {
        next = rest[8..16].try_into().map(u64::from_ne_bytes).ok();
        rest = &rest[record_length(rest)..];
    }
    next
}

/// Reads entries of an open directory.
pub fn getdents64(t: &Task, fd: Fd, dirp: UserAddr, count: u32) -> SysResult {
    read_entries(t, fd, dirp, count as usize, Format::New)
}

/// As [`getdents64`], in the old form.
pub fn getdents(t: &Task, fd: Fd, dirp: UserAddr, count: u32) -> SysResult {
    read_entries(t, fd, dirp, count as usize, Format::Old)
}
