//! One header block.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use tar_no_std::{TarArchiveRef, TypeFlag};

use crate::{Problem, BLOCK};

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MODIFIED: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const KIND: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..263;
const MAJOR: Range<usize> = 329..337;
const MINOR: Range<usize> = 337..345;
const PREFIX: Range<usize> = 345..500;

/// What a header announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    HardLink,
    Symlink,
    CharDevice,
    BlockDevice,
    Directory,
    Fifo,
    /// pax records for the next entry, or for all that follow.
    PaxNext,
    PaxGlobal,
    /// GNU: the content is the next entry's name, or its link's target.
    LongName,
    LongLink,
    /// GNU: the archive's label.
    VolumeLabel,
}

impl Kind {
    /// Do blocks of content follow?
    pub const fn has_content(self) -> bool {
        matches!(self, Self::File | Self::PaxNext | Self::PaxGlobal | Self::LongName | Self::LongLink)
    }
}

/// The fields of a header that are numbers.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub kind: Kind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    pub modified: i64,
    pub device: (u32, u32),
}

impl Header {
    /// Checks and reads a block that is not empty.
    pub fn parse(block: &[u8; BLOCK]) -> Result<Self, Problem> {
        if checksum(block) != number(&block[CHECKSUM])? {
            return Err(Problem::Checksum);
        }
        let kind = kind(block)?;
        let small = |field: Range<usize>| u32::try_from(number(&block[field])?).map_err(|_| Problem::Number);
        let device = match kind {
            Kind::CharDevice | Kind::BlockDevice => (small(MAJOR)?, small(MINOR)?),
            _ => (0, 0),
        };
        let size = number(&block[SIZE])?;
        Ok(Self {
            kind,
            mode: small(MODE)? & 0o7777,
            uid: small(UID)?,
            gid: small(GID)?,
            size: u64::try_from(size).map_err(|_| Problem::Number)?,
            modified: number(&block[MODIFIED])?,
            device,
        })
    }
}

/// The kind: GNU's own are known here, all others to `tar-no-std`.
fn kind(block: &[u8; BLOCK]) -> Result<Kind, Problem> {
    match block[KIND] {
        b'L' => return Ok(Kind::LongName),
        b'K' => return Ok(Kind::LongLink),
        b'V' => return Ok(Kind::VolumeLabel),
        _ => {}
    }
    posix_kind(block).ok_or(Problem::UnknownKind(block[KIND]))
}

/// Lets `tar-no-std` judge the header. It wants a whole archive and reads sizes in octal only, so it gets one of
/// this header (with size 0 and the checksum that goes with it) and the two empty blocks.
fn posix_kind(block: &[u8; BLOCK]) -> Option<Kind> {
    let mut archive = [0; 3 * BLOCK];
    archive[..BLOCK].copy_from_slice(block);
    archive[SIZE].copy_from_slice(b"00000000000\0");
    let mut sum = checksum(archive.first_chunk::<BLOCK>()?);
    for digit in archive[CHECKSUM][..6].iter_mut().rev() {
        *digit = b'0' + (sum & 7) as u8;
        sum >>= 3;
    }
    archive[CHECKSUM][6..].copy_from_slice(b"\0 ");
    let (_, header) = TarArchiveRef::new(&archive).ok()?.headers().next()?;
    Some(match header.typeflag.try_to_type_flag().ok()? {
        TypeFlag::REGTYPE | TypeFlag::AREGTYPE | TypeFlag::CONTTYPE => Kind::File,
        TypeFlag::LINK => Kind::HardLink,
        TypeFlag::SYMTYPE => Kind::Symlink,
        TypeFlag::CHRTYPE => Kind::CharDevice,
        TypeFlag::BLKTYPE => Kind::BlockDevice,
        TypeFlag::DIRTYPE => Kind::Directory,
        TypeFlag::FIFOTYPE => Kind::Fifo,
        TypeFlag::XHDTYPE => Kind::PaxNext,
        TypeFlag::XGLTYPE => Kind::PaxGlobal,
    })
}

/// The sum of all bytes, with the checksum's own field as spaces.
fn checksum(block: &[u8; BLOCK]) -> i64 {
    let byte = |(at, &byte): (usize, &u8)| if CHECKSUM.contains(&at) { b' ' } else { byte };
    block.iter().enumerate().map(byte).map(i64::from).sum()
}

/// A number: octal digits among spaces and NULs, or (with the top bit set) base 256.
fn number(field: &[u8]) -> Result<i64, Problem> {
    let (&first, rest) = field.split_first().ok_or(Problem::Number)?;
    if first & 0x80 != 0 {
        // Two's complement, of which the marker bit is not a part.
        let negative = first & 0x40 != 0;
        let start = if negative { i64::from(first as i8) } else { i64::from(first & 0x3f) };
        return rest.iter().try_fold(start, |value, &byte| {
            value.checked_mul(256).and_then(|value| value.checked_add(i64::from(byte))).ok_or(Problem::Number)
        });
    }
    let digits = field.split(|&byte| byte == 0).next().unwrap_or_default().trim_ascii();
    digits.iter().try_fold(0_i64, |value, &digit| match digit {
        b'0'..=b'7' => {
            value.checked_mul(8).map(|value| value + i64::from(digit - b'0')).ok_or(Problem::Number)
        }
        _ => Err(Problem::Number),
    })
}

/// Bytes up to the first NUL.
pub fn string(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The target of a link.
pub fn link(block: &[u8]) -> &[u8] {
    string(&block[LINK])
}

/// The path: prefix and name (ustar), or the name alone.
pub fn path(block: &[u8]) -> Cow<'_, [u8]> {
    let name = string(&block[NAME]);
    let prefix = string(&block[PREFIX]);
    // GNU's old format has the same magic but other uses for the prefix field.
    if prefix.is_empty() || &block[MAGIC] != b"ustar\0" {
        return Cow::Borrowed(name);
    }
    let mut path = Vec::with_capacity(prefix.len() + 1 + name.len());
    path.extend_from_slice(prefix);
    path.push(b'/');
    path.extend_from_slice(name);
    Cow::Owned(path)
}
