//! What the kernel needs of ACPI (specification 6.5): the interrupt controllers (MADT), how to switch off and
//! restart (FADT, and `_S5_` in the DSDT), the HPET's address, and which
//! memory is near to which processors (SRAT, SLIT). Tables are read by offset and checked for
//! length and sum, and those that are no good are listed; the byte code is not interpreted, only searched for the one
//! constant package `_S5_`. Why no crate does this: docs/dependencies.md.

use core::fmt;

use arrayvec::ArrayVec;

use crate::numa::Numa;
use crate::{number, Physical};

/// Where firmware on a PC leaves the root pointer.
const BIOS_AREA: core::ops::Range<u64> = 0xe_0000..0x10_0000;
/// Where the BIOS notes the segment of its extended data area, and the lowest place that can be.
const EXTENDED_AREA_SEGMENT: u64 = 0x40e;
const EXTENDED_AREA_LOWEST: u64 = 0x8_0000;
/// Bytes of the root pointer's first version, and of later ones.
const ROOT_SIZE: usize = 20;
const EXTENDED_ROOT_SIZE: usize = 36;
const HEADER: usize = 36;
/// Registers beyond this are not used: device memory is mapped below.
const REACH: u64 = 4 << 30;
/// A table larger than this is taken for garbage.
const LARGEST: usize = 1 << 20;
/// Bytes of the HPET's table, up to what is read of it.
const HPET_SIZE: usize = 52;
/// Tables that are no good and are kept, at most.
const REFUSED: usize = 4;
/// Processors that are kept, at most.
pub const PROCESSORS: usize = 32;
const FADT_HARDWARE_REDUCED: u32 = 1 << 20;
const FADT_RESET_SUPPORTED: u32 = 1 << 10;

/// A register: in I/O space or in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    Port(u16),
    Memory(u64),
}

/// Where an ISA interrupt line arrives.
#[derive(Clone, Copy, Debug)]
pub struct Override {
    pub gsi: u32,
    pub active_low: bool,
    pub level: bool,
}

/// What is wrong with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not in memory that can be reached.
    Unreachable,
    /// No table has this many bytes.
    Length(u32),
    /// The bytes' sum is not 0.
    Sum,
    /// The entry at this offset does not fit; what stands before it was taken.
    Entry(usize),
    /// Distances that cannot be: 10 is what a domain has to itself, and to others it has more.
    Distances,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("bytes out of reach"),
            Self::Length(length) => write!(f, "an impossible length of {length}"),
            Self::Sum => f.write_str("a wrong sum"),
            Self::Entry(offset) => write!(f, "a broken entry at offset {offset}"),
            Self::Distances => f.write_str("impossible distances"),
        }
    }
}

/// A table that was left out, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub address: u64,
    pub fault: Fault,
}

/// What the tables say.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    pub local_apic: Option<u64>,
    pub io_apic: Option<(u64, u32)>,
    pub overrides: [Option<Override>; 16],
    /// Processors that are enabled.
    pub processors: usize,
    /// The local APICs' numbers of the first of them.
    pub apic_ids: [u32; PROCESSORS],
    pub hpet: Option<u64>,
    /// PM1a and PM1b control registers, on a full ACPI machine.
    pub pm1: [Option<u16>; 2],
    /// The sleep control register, on a hardware-reduced one.
    pub sleep_control: Option<Register>,
    /// The sleep types for "off": for PM1a (and the sleep control register), and for PM1b.
    pub off_type: Option<[u8; 2]>,
    pub reset: Option<(Register, u8)>,
    /// The port and the value by which full ACPI is switched on.
    pub enable: Option<(u16, u8)>,
    /// Which memory and which processors are near to each other.
    pub numa: Numa,
    /// The first tables that are no good.
    refused: ArrayVec<Refused, REFUSED>,
    /// Where the table of distances (SLIT) is.
    distances: Option<u64>,
}

fn sum_is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0
}

/// The whole table at `physical`, header included.
fn table_at(memory: &impl Physical, physical: u64) -> Result<&[u8], Fault> {
    let length = number::<4>(memory.bytes(physical, HEADER).ok_or(Fault::Unreachable)?, 4);
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if !(HEADER..=LARGEST).contains(&size) {
        return Err(Fault::Length(length as u32));
    }
    let table = memory.bytes(physical, size).ok_or(Fault::Unreachable)?;
    if sum_is_zero(table) {
        Ok(table)
    } else {
        Err(Fault::Sum)
    }
}

/// The entries of a table from offset `at` on: a byte each for kind and length, and the rest. One that does not fit ends
/// the table.
pub(crate) fn entries(table: &[u8], mut at: usize) -> impl Iterator<Item = Result<(u8, &[u8]), Fault>> {
    core::iter::from_fn(move || {
        if at >= table.len() {
            return None;
        }
        let start = at;
        let length = table.get(at + 1).map_or(0, |&length| usize::from(length));
        let entry = table.get(start..start + length).filter(|entry| entry.len() >= 2);
        at = entry.map_or(table.len(), |_| start + length);
        Some(entry.map(|entry| (entry[0], entry)).ok_or(Fault::Entry(start)))
    })
}

fn is_root_pointer(memory: &impl Physical, physical: u64) -> bool {
    let bytes = memory.bytes(physical, ROOT_SIZE);
    bytes.is_some_and(|bytes| bytes.starts_with(b"RSD PTR ") && sum_is_zero(bytes))
}

/// The root pointer: the loader's, or found in the extended BIOS data area or the BIOS area.
fn find_root(memory: &impl Physical, given: Option<u64>) -> Option<u64> {
    let extended = memory.bytes(EXTENDED_AREA_SEGMENT, 2).map_or(0, |word| number::<2>(word, 0) << 4);
    let extended = if extended >= EXTENDED_AREA_LOWEST { extended..extended + 1024 } else { 0..0 };
    given
        .filter(|&address| is_root_pointer(memory, address))
        .or_else(|| extended.step_by(16).find(|&address| is_root_pointer(memory, address)))
        .or_else(|| BIOS_AREA.step_by(16).find(|&address| is_root_pointer(memory, address)))
}

impl Platform {
    /// Reads the tables from the root pointer on: the loader's, if it told one. `None` if there is no ACPI.
    pub fn read(memory: &impl Physical, root_pointer: Option<u64>) -> Option<Self> {
        let root = find_root(memory, root_pointer)?;
        let first = memory.bytes(root, ROOT_SIZE)?;
        let extended = if first[15] >= 2 { memory.bytes(root, EXTENDED_ROOT_SIZE) } else { None };
        let mut platform = Self::default();
        let extended = extended.map(|pointer| number::<8>(pointer, 24));
        if let Some(table) = extended.and_then(|address| platform.table(memory, address)) {
            for at in (HEADER..table.len()).step_by(8) {
                platform.read_table(memory, number::<8>(table, at));
            }
        } else if let Some(table) = platform.table(memory, number::<4>(first, 16)) {
            for at in (HEADER..table.len()).step_by(4) {
                platform.read_table(memory, number::<4>(table, at));
            }
        }
        if let Some((address, table)) =
            platform.distances.and_then(|address| Some((address, table_at(memory, address).ok()?)))
        {
            let read = platform.numa.read_slit(table);
            platform.note(address, read);
        }
        Some(platform)
    }

    /// The tables that were left out, in whole or in part.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    fn note(&mut self, address: u64, result: Result<(), Fault>) {
        if let Err(fault) = result {
            let _ = self.refused.try_push(Refused { address, fault });
        }
    }

    /// The table at `address`, where 0 means that there is none; what is wrong with it is noted.
    fn table<'a>(&mut self, memory: &'a impl Physical, address: u64) -> Option<&'a [u8]> {
        if address == 0 {
            return None;
        }
        let table = table_at(memory, address);
        self.note(address, table.map(drop));
        table.ok()
    }

    fn read_table(&mut self, memory: &impl Physical, address: u64) {
        let Some(table) = self.table(memory, address) else { return };
        let read = match &table[..4] {
            b"APIC" => self.read_madt(table),
            b"FACP" => {
                self.read_fadt(memory, table);
                Ok(())
            }
            b"HPET" if table.len() >= HPET_SIZE => {
                self.hpet = Some(number::<8>(table, 44));
                Ok(())
            }
            b"HPET" => Err(Fault::Length(table.len() as u32)),
            b"SRAT" => self.numa.read_srat(table),
            // Its rows are those of domains, which the SRAT names: read last.
            b"SLIT" => {
                self.distances = Some(address);
                Ok(())
            }
            _ => Ok(()),
        };
        self.note(address, read);
    }

    fn read_madt(&mut self, table: &[u8]) -> Result<(), Fault> {
        self.local_apic = Some(number::<4>(table, 36));
        for entry in entries(table, 44) {
            let (kind, entry) = entry?;
            match kind {
                // A processor with a local APIC, or with an x2APIC.
                0 if number::<4>(entry, 4) & 1 != 0 => self.add_processor(number::<1>(entry, 3) as u32),
                9 if number::<4>(entry, 8) & 1 != 0 => self.add_processor(number::<4>(entry, 4) as u32),
                1 if number::<4>(entry, 8) == 0 || self.io_apic.is_none() => {
                    self.io_apic = Some((number::<4>(entry, 4), number::<4>(entry, 8) as u32));
                }
                2 => self.read_override(entry),
                5 => self.local_apic = Some(number::<8>(entry, 4)),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_processor(&mut self, apic_id: u32) {
        if let Some(place) = self.apic_ids.get_mut(self.processors) {
            *place = apic_id;
        }
        self.processors += 1;
    }

    /// The local APICs' numbers of the processors that are kept.
    pub fn apics(&self) -> &[u32] {
        &self.apic_ids[..self.processors.min(PROCESSORS)]
    }

    fn read_override(&mut self, entry: &[u8]) {
        let source = number::<1>(entry, 3) as u8;
        let flags = number::<2>(entry, 8);
        if let Some(place) = self.overrides.get_mut(usize::from(source)) {
            let gsi = number::<4>(entry, 4) as u32;
            *place = Some(Override { gsi, active_low: flags & 3 == 3, level: flags >> 2 & 3 == 3 });
        }
    }

    fn read_fadt(&mut self, memory: &impl Physical, table: &[u8]) {
        let flags = number::<4>(table, 112) as u32;
        if flags & FADT_RESET_SUPPORTED != 0 {
            self.reset =
                generic_address(table, 116).map(|register| (register, number::<1>(table, 128) as u8));
        }
        if flags & FADT_HARDWARE_REDUCED != 0 {
            self.sleep_control = generic_address(table, 244);
        } else {
            let port = |at| Some(number::<4>(table, at) as u16).filter(|&port| port != 0);
            self.pm1 = [port(64), port(68)];
            let command = number::<4>(table, 48) as u16;
            self.enable = (command != 0).then(|| (command, number::<1>(table, 52) as u8));
        }
        let wide = number::<8>(table, 140);
        let dsdt = if wide != 0 { wide } else { number::<4>(table, 40) };
        self.off_type = self.table(memory, dsdt).and_then(find_off_type);
    }
}

/// A generic address structure: space, width, offset, access size, address.
fn generic_address(table: &[u8], at: usize) -> Option<Register> {
    let address = number::<8>(table, at + 4);
    match number::<1>(table, at) {
        _ if address == 0 => None,
        0 if address < REACH => Some(Register::Memory(address)),
        1 => u16::try_from(address).ok().map(Register::Port),
        _ => None,
    }
}

/// Finds `Name (_S5_, Package () { a, b, … })` and returns `a` and `b`.
fn find_off_type(dsdt: &[u8]) -> Option<[u8; 2]> {
    const PACKAGE: u8 = 0x12;
    let name = dsdt.windows(5).position(|w| &w[..4] == b"_S5_" && w[4] == PACKAGE)?;
    // The package's length takes one to four bytes (the top two bits of the first say how many follow), then
    // comes the number of elements.
    let length = name + 5;
    let elements = length + 1 + usize::from(dsdt.get(length)? >> 6) + 1;
    let mut rest = dsdt.get(elements..)?;
    let mut constant = || {
        let (value, size) = match rest {
            [0x0a, value, ..] => (*value, 2),
            [value @ 0..=1, ..] => (*value, 1),
            _ => return None,
        };
        rest = &rest[size..];
        Some(value)
    };
    let first = constant()?;
    Some([first, constant().unwrap_or(first)])
}
