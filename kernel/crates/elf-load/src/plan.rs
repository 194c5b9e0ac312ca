//! The file header and the program headers, checked and turned into mappings.

use alloc::vec::Vec;

use xmas_elf::header::{parse_header, HeaderPt2, Machine, Type};
use xmas_elf::program::{ProgramHeader64, Type as SegmentType};

use crate::Malformed;

/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Bytes of the file that [`Header::parse`] looks at.
pub const HEADER_SIZE: usize = 64;
/// Bytes of the mark at a file's start, and what follows it: 64 bits, little-endian, version 1.
const MAGIC_SIZE: usize = 4;
const IDENTITY: [u8; 3] = [2, 1, 1];
/// Bytes of one program header.
const ENTRY_SIZE: usize = 56;
/// Bytes of program headers at most, as Linux has it.
pub const TABLE_MAX: usize = 4096;
/// The largest alignment that is heeded.
const ALIGNMENT_MAX: u64 = 1 << 30;
/// Bytes of the interpreter's path at most, with its NUL.
const PATH_MAX: u64 = 4096;

/// Bytes aligned as the structures of ELF want it.
#[repr(align(8))]
struct Aligned<const N: usize>([u8; N]);

/// Is the program's place fixed?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// At the addresses in the file.
    Fixed,
    /// Anywhere: all addresses are relative to where it is put.
    Movable,
}

/// What the file header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Fixed or movable.
    pub kind: Kind,
    /// Address of the first instruction.
    pub entry: u64,
    /// Where in the file the program headers are.
    pub table_offset: u64,
    /// How many there are.
    pub count: usize,
}

impl Header {
    /// Reads the first [`HEADER_SIZE`] bytes of a file (or less, if it is shorter: then it is malformed).
    pub fn parse(start: &[u8]) -> Result<Self, Malformed> {
        let mut bytes = Aligned([0; HEADER_SIZE]);
        bytes.0.copy_from_slice(start.get(..HEADER_SIZE).ok_or(Malformed)?);
        // The machine says which class and byte order there are; Linux does not look at what the file says of them.
        bytes.0[MAGIC_SIZE..MAGIC_SIZE + IDENTITY.len()].copy_from_slice(&IDENTITY);
        let header = parse_header(&bytes.0).map_err(|_| Malformed)?;
        let HeaderPt2::Header64(body) = header.pt2 else { return Err(Malformed) };
        if body.machine.as_machine() != Machine::X86_64 || usize::from(body.ph_entry_size) != ENTRY_SIZE {
            return Err(Malformed);
        }
        let kind = match body.type_.as_type() {
            Type::Executable => Kind::Fixed,
            Type::SharedObject => Kind::Movable,
            _ => return Err(Malformed),
        };
        let count = usize::from(body.ph_count);
        if count == 0 || count * ENTRY_SIZE > TABLE_MAX {
            return Err(Malformed);
        }
        body.ph_offset.checked_add((count * ENTRY_SIZE) as u64).ok_or(Malformed)?;
        Ok(Self { kind, entry: body.entry_point, table_offset: body.ph_offset, count })
    }

    /// Would these bytes be a header, if the file's type were one that can be executed?
    pub fn is_other_type(start: &[u8]) -> bool {
        const TYPE: usize = 16;
        const EXECUTABLE: [u8; 2] = [2, 0];
        let mut bytes = [0; HEADER_SIZE];
        let Some(start) = start.get(..HEADER_SIZE) else { return false };
        bytes.copy_from_slice(start);
        bytes[TYPE..TYPE + 2].copy_from_slice(&EXECUTABLE);
        Self::parse(start).is_err() && Self::parse(&bytes).is_ok()
    }

    /// Bytes of the program headers.
    pub const fn table_size(&self) -> usize {
        self.count * ENTRY_SIZE
    }
}

/// One mapping. All addresses and offsets are those of the file; [`Plan::low`] and the like are rounded to pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Where its first byte goes.
    pub address: u64,
    /// Where that byte is in the file.
    pub offset: u64,
    /// Bytes that come from the file.
    pub file_size: u64,
    /// Bytes in memory: what the file does not give is zero.
    pub memory_size: u64,
    /// May be read.
    pub read: bool,
    /// May be written.
    pub write: bool,
    /// May be executed.
    pub execute: bool,
}

impl Segment {
    /// The first page's address.
    pub const fn start(&self) -> u64 {
        self.address & !(PAGE - 1)
    }
    /// The first page's place in the file.
    pub const fn file_start(&self) -> u64 {
        self.offset & !(PAGE - 1)
    }
    /// End of the bytes from the file.
    pub const fn file_end(&self) -> u64 {
        self.address + self.file_size
    }
    /// End of the last page that comes from the file. One that begins inside a page has all of that page, also if
    /// it has no byte of the file: what lies before it is the file's.
    pub const fn file_pages_end(&self) -> u64 {
        (self.file_end() + PAGE - 1) & !(PAGE - 1)
    }
    /// End of the segment.
    pub const fn end(&self) -> u64 {
        self.address + self.memory_size
    }
    /// End of the last page.
    pub const fn pages_end(&self) -> u64 {
        (self.end() + PAGE - 1) & !(PAGE - 1)
    }
}

/// Where in the file the interpreter's path is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interpreter {
    /// Offset of its first byte.
    pub offset: u64,
    /// Length with the NUL.
    pub length: usize,
}

/// How a program is put into memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Fixed or movable.
    pub kind: Kind,
    /// Address of the first instruction.
    pub entry: u64,
    /// The mappings in the order in which they are made, none of them empty. A later one takes what it needs from
    /// those before it.
    pub segments: Vec<Segment>,
    /// Can the program be put into memory? If not, there may still be an interpreter to be looked for first.
    pub sound: bool,
    /// The program that is to load this one.
    pub interpreter: Option<Interpreter>,
    /// Does it ask for a stack that can be executed?
    pub executable_stack: bool,
    /// Where the program headers will be in memory; 0 if they are not mapped.
    pub table_address: u64,
    /// How many program headers there are.
    pub table_count: usize,
    /// The largest alignment that a segment asks for: a power of two, a page at least.
    pub alignment: u64,
}

impl Plan {
    /// Makes the plan of the header and the program headers' bytes; no address may reach `address_limit`. Whether
    /// the file is long enough is not asked: pages behind its end are a matter of who touches them.
    pub fn new(header: &Header, table: &[u8], address_limit: u64) -> Result<Self, Malformed> {
        let table = table.get(..header.table_size()).ok_or(Malformed)?;
        let mut plan = Self {
            kind: header.kind,
            entry: header.entry,
            segments: Vec::new(),
            sound: true,
            interpreter: None,
            executable_stack: false,
            table_address: 0,
            table_count: header.count,
            alignment: PAGE,
        };
        plan.segments.try_reserve(header.count).map_err(|_| Malformed)?;
        for bytes in table.chunks_exact(ENTRY_SIZE) {
            let mut entry = Aligned([0; ENTRY_SIZE]);
            entry.0.copy_from_slice(bytes);
            plan.add(header, zero::read(&entry.0), address_limit)?;
        }
        plan.sound &= !plan.segments.is_empty();
        Ok(plan)
    }

    fn add(&mut self, header: &Header, entry: &ProgramHeader64, limit: u64) -> Result<(), Malformed> {
        match entry.get_type() {
            Ok(SegmentType::Load) => match segment(entry, limit) {
                Ok(Some(segment)) => {
                    if entry.align.is_power_of_two() && entry.align <= ALIGNMENT_MAX {
                        self.alignment = self.alignment.max(entry.align);
                    }
                    // A place that is aligned so cannot be found for what has to find one.
                    if entry.align.is_power_of_two() && entry.align > limit && self.kind == Kind::Movable {
                        self.sound = false;
                    }
                    if (segment.offset..segment.offset + segment.file_size).contains(&header.table_offset) {
                        self.table_address = segment.address + (header.table_offset - segment.offset);
                    }
                    self.segments.push(segment);
                }
                Ok(None) => {}
                Err(Malformed) => self.sound = false,
            },
            Ok(SegmentType::Interp) if self.interpreter.is_none() => {
                if !(2..=PATH_MAX).contains(&entry.file_size) {
                    return Err(Malformed);
                }
                self.interpreter =
                    Some(Interpreter { offset: entry.offset, length: entry.file_size as usize });
            }
            Ok(SegmentType::OsSpecific(0x6474_e551)) => self.executable_stack = entry.flags.is_execute(),
            // Thread-local storage, notes and the rest are the program's own business.
            _ => {}
        }
        Ok(())
    }

    /// The lowest page's address.
    pub fn low(&self) -> u64 {
        self.segments.iter().map(Segment::start).min().unwrap_or(0)
    }
    /// End of the highest page.
    pub fn high(&self) -> u64 {
        self.segments.iter().map(Segment::pages_end).max().unwrap_or(0)
    }
    /// End of the last byte: where the heap may begin.
    pub fn end(&self) -> u64 {
        self.segments.iter().map(Segment::end).max().unwrap_or(0)
    }
    /// End of the last byte that comes from the file: where the memory without content begins.
    pub fn content_end(&self) -> u64 {
        self.segments.iter().map(Segment::file_end).max().unwrap_or(0)
    }
    /// Bytes from the lowest page to the end of the highest.
    pub fn span(&self) -> u64 {
        self.high() - self.low()
    }
}

/// A checked segment; `None` if it is empty.
fn segment(entry: &ProgramHeader64, limit: u64) -> Result<Option<Segment>, Malformed> {
    let end = entry.virtual_addr.checked_add(entry.mem_size).ok_or(Malformed)?;
    let file_end = entry.offset.checked_add(entry.file_size).ok_or(Malformed)?;
    let congruent = entry.virtual_addr % PAGE == entry.offset % PAGE;
    let has_pages = entry.file_size > 0 || entry.virtual_addr % PAGE > 0;
    if entry.file_size > entry.mem_size
        || entry.virtual_addr >= limit
        || end > limit
        || has_pages && (!congruent || file_end > i64::MAX as u64)
    {
        return Err(Malformed);
    }
    if entry.mem_size == 0 {
        return Ok(None);
    }
    Ok(Some(Segment {
        address: entry.virtual_addr,
        offset: entry.offset,
        file_size: entry.file_size,
        memory_size: entry.mem_size,
        read: entry.flags.is_read(),
        write: entry.flags.is_write(),
        execute: entry.flags.is_execute(),
    }))
}
