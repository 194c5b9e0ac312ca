//! Reads tar archives (POSIX ustar and pax, GNU): one [`Entry`] after the other, borrowed from the bytes.
//!
//! `tar-no-std` knows the POSIX header and its checks. Around it this crate adds what real archives have: GNU
//! long names, pax records, numbers in base 256, names that are not UTF-8, archives one after the other, and
//! archives that end without the two empty blocks.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod header;
mod pax;

use alloc::borrow::Cow;
use core::fmt;

use header::{Header, Kind as HeaderKind};
use pax::Overrides;

/// Size of a block: headers are one, contents are padded to whole ones.
pub const BLOCK: usize = 512;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    File(&'a [u8]),
    Directory,
    Symlink(Cow<'a, [u8]>),
    /// Another name for an earlier entry.
    HardLink(Cow<'a, [u8]>),
    CharDevice {
        major: u32,
        minor: u32,
    },
    BlockDevice {
        major: u32,
        minor: u32,
    },
    Fifo,
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its path as it stands in the archive: perhaps with `./` in front or `/` behind.
    pub path: Cow<'a, [u8]>,
    pub kind: Kind<'a>,
    /// Permission, sticky and set-id bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Last change of the content: seconds since 1970 and nanoseconds.
    pub modified: (i64, u32),
}

/// Why an archive cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The header's checksum is wrong.
    Checksum,
    /// The header has a kind that no tar writes.
    UnknownKind(u8),
    /// A number in the header is none.
    Number,
    /// The content goes beyond the end.
    Truncated,
    /// A pax record is malformed.
    PaxRecord,
}

/// A [`Problem`], and the byte at which the header concerned begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    pub offset: usize,
    pub problem: Problem,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            Problem::Checksum => f.write_str("wrong checksum in the header")?,
            Problem::UnknownKind(kind) => write!(f, "unknown kind of entry {:?}", char::from(kind))?,
            Problem::Number => f.write_str("malformed number in the header")?,
            Problem::Truncated => f.write_str("content goes beyond the end")?,
            Problem::PaxRecord => f.write_str("malformed pax record")?,
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl core::error::Error for Corrupt {}

/// The entries of an archive. After an error the iterator ends.
#[derive(Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// pax records for all that follows, and for the next entry.
    global: Overrides<'a>,
    next: Overrides<'a>,
}

/// Reads `bytes` as one or more tar archives.
pub fn entries(bytes: &[u8]) -> Entries<'_> {
    Entries { bytes, offset: 0, global: Overrides::default(), next: Overrides::default() }
}

/// One header of the archive, the block it was read from, and the content that follows it.
struct Record<'a> {
    header: Header,
    block: &'a [u8; BLOCK],
    content: &'a [u8],
}

impl<'a> Entries<'a> {
    /// The next record whose header is not an empty block.
    fn record(&mut self) -> Result<Option<Record<'a>>, Problem> {
        while let Some(block) = self.bytes.get(self.offset..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            if block.iter().all(|&byte| byte == 0) {
                // The end of one archive; another may follow.
                self.offset += BLOCK;
                continue;
            }
            let header = Header::parse(block)?;
            let size = match self.next.size.or(self.global.size) {
                Some(size) if header.kind.has_content() => size,
                _ => header.size,
            };
            let size = if header.kind.has_content() { size } else { 0 };
            let size = usize::try_from(size).map_err(|_| Problem::Truncated)?;
            let start = self.offset + BLOCK;
            let end = start.checked_add(size).ok_or(Problem::Truncated)?;
            let content = self.bytes.get(start..end).ok_or(Problem::Truncated)?;
            self.offset = end.checked_next_multiple_of(BLOCK).ok_or(Problem::Truncated)?;
            return Ok(Some(Record { header, block, content }));
        }
        // Less than a block is left: nothing, or the rest of a header.
        match self.bytes.get(self.offset..) {
            Some(rest) if rest.iter().any(|&byte| byte != 0) => Err(Problem::Truncated),
            _ => Ok(None),
        }
    }

    fn read(&mut self) -> Result<Option<Entry<'a>>, Problem> {
        loop {
            let Some(Record { header, block, content }) = self.record()? else { return Ok(None) };
            match header.kind {
                HeaderKind::PaxNext => self.next.read(content)?,
                HeaderKind::PaxGlobal => self.global.read(content)?,
                HeaderKind::LongName => self.next.path = Some(Cow::Borrowed(header::string(content))),
                HeaderKind::LongLink => self.next.link = Some(Cow::Borrowed(header::string(content))),
                HeaderKind::VolumeLabel => {}
                _ => return Ok(Some(self.entry(&header, block, content))),
            }
        }
    }

    fn entry(&mut self, header: &Header, block: &'a [u8], content: &'a [u8]) -> Entry<'a> {
        let overrides = core::mem::take(&mut self.next).or(&self.global);
        let path = overrides.path.unwrap_or_else(|| header::path(block));
        let link = overrides.link.unwrap_or_else(|| Cow::Borrowed(header::link(block)));
        let directory = path.ends_with(b"/");
        let (major, minor) = header.device;
        let kind = match header.kind {
            // Old tars mark a directory by its name alone.
            HeaderKind::File if directory => Kind::Directory,
            HeaderKind::HardLink => Kind::HardLink(link),
            HeaderKind::Symlink => Kind::Symlink(link),
            HeaderKind::Directory => Kind::Directory,
            HeaderKind::CharDevice => Kind::CharDevice { major, minor },
            HeaderKind::BlockDevice => Kind::BlockDevice { major, minor },
            HeaderKind::Fifo => Kind::Fifo,
            _ => Kind::File(content),
        };
        Entry {
            path,
            kind,
            mode: header.mode,
            uid: overrides.uid.unwrap_or(header.uid),
            gid: overrides.gid.unwrap_or(header.gid),
            modified: overrides.modified.unwrap_or((header.modified, 0)),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.offset;
        match self.read() {
            Ok(entry) => entry.map(Ok),
            Err(problem) => {
                let offset = self.offset.max(start);
                self.bytes = &[];
                self.offset = 0;
                Some(Err(Corrupt { offset, problem }))
            }
        }
    }
}
