//! What the kernel needs of ACPI (specification 6.5): the interrupt controllers (MADT), how to switch off and
//! restart (FADT, and `_S5_` in the DSDT), and the HPET's address. Tables are read by offset and checked for
//! length and sum; the byte code is not interpreted, only searched for the one constant package `_S5_`.

use spin::Once;

use super::phys_to_virt;

/// Where firmware on a PC leaves the root pointer.
const BIOS_AREA: core::ops::Range<u64> = 0xe_0000..0x10_0000;
const HEADER: usize = 36;
/// A table larger than this is taken for garbage.
const LARGEST: usize = 1 << 20;
const FADT_HARDWARE_REDUCED: u32 = 1 << 20;
const FADT_RESET_SUPPORTED: u32 = 1 << 10;

/// A register: in I/O space or in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    Port(u16),
    Memory(u64),
}

/// Where an ISA interrupt line arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Override {
    pub gsi: u32,
    pub active_low: bool,
    pub level: bool,
}

/// What the tables say.
#[derive(Clone, Debug, Default)]
pub(super) struct Platform {
    pub local_apic: Option<u64>,
    pub io_apic: Option<(u64, u32)>,
    pub overrides: [Option<Override>; 16],
    pub processors: u32,
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
}

static PLATFORM: Once<Platform> = Once::new();

/// What the tables said; nothing before [`init`] or without tables.
pub(super) fn platform() -> Option<&'static Platform> {
    PLATFORM.get()
}

fn bytes_at(physical: u64, length: usize) -> &'static [u8] {
    // SAFETY: called with addresses below the 4 GiB that are always mapped (see `reachable`); firmware's tables
    // do not change.
    unsafe { core::slice::from_raw_parts(phys_to_virt(physical) as *const u8, length) }
}

fn reachable(physical: u64, length: usize) -> bool {
    physical != 0 && physical.checked_add(length as u64).is_some_and(|end| end <= 4 << 30)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    if let Some(field) = bytes.get(at..at + N) {
        word[..N].copy_from_slice(field);
    }
    u64::from_le_bytes(word)
}

fn sum_is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)) == 0
}

/// The whole table at `physical`, header included, if it is one.
fn table_at(physical: u64) -> Option<&'static [u8]> {
    if !reachable(physical, HEADER) {
        return None;
    }
    let length = number::<4>(bytes_at(physical, HEADER), 4) as usize;
    if !(HEADER..=LARGEST).contains(&length) || !reachable(physical, length) {
        return None;
    }
    Some(bytes_at(physical, length)).filter(|table| sum_is_zero(table))
}

fn is_root_pointer(physical: u64) -> bool {
    reachable(physical, 20) && {
        let bytes = bytes_at(physical, 20);
        bytes.starts_with(b"RSD PTR ") && sum_is_zero(bytes)
    }
}

/// The root pointer: the loader's, or found in the extended BIOS data area or the BIOS area.
fn find_root(given: Option<u64>) -> Option<u64> {
    let extended = number::<2>(bytes_at(0x40e, 2), 0) << 4;
    let extended = if extended >= 0x8_0000 { extended..extended + 1024 } else { 0..0 };
    given
        .filter(|&address| is_root_pointer(address))
        .or_else(|| extended.step_by(16).find(|&address| is_root_pointer(address)))
        .or_else(|| BIOS_AREA.step_by(16).find(|&address| is_root_pointer(address)))
}

/// Reads the tables.
pub(super) fn init(root_pointer: Option<u64>) {
    let Some(root) = find_root(root_pointer) else {
        log::info!("no ACPI tables");
        return;
    };
    let pointer = bytes_at(root, 36);
    let extended = (pointer[15] >= 2).then(|| number::<8>(pointer, 24)).and_then(table_at);
    let mut platform = Platform::default();
    let mut visit = |address| {
        if let Some(table) = table_at(address) {
            platform.read(table);
        }
    };
    if let Some(table) = extended {
        (HEADER..table.len()).step_by(8).for_each(|at| visit(number::<8>(table, at)));
    } else if let Some(table) = table_at(number::<4>(pointer, 16)) {
        (HEADER..table.len()).step_by(4).for_each(|at| visit(number::<4>(table, at)));
    }
    log::debug!("ACPI: {platform:?}");
    PLATFORM.call_once(|| platform);
}

impl Platform {
    fn read(&mut self, table: &'static [u8]) {
        match &table[..4] {
            b"APIC" => self.read_madt(table),
            b"FACP" => self.read_fadt(table),
            b"HPET" => self.hpet = (table.len() >= 52).then(|| number::<8>(table, 44)),
            _ => {}
        }
    }

    fn read_madt(&mut self, table: &[u8]) {
        self.local_apic = Some(number::<4>(table, 36));
        let mut at = 44;
        while let Some(&[kind, length, ..]) = table.get(at..) {
            let length = usize::from(length);
            let Some(entry) = table.get(at..at + length).filter(|_| length >= 2) else { break };
            match kind {
                // A processor, if it is enabled.
                0 => self.processors += (number::<4>(entry, 4) & 1) as u32,
                1 if number::<4>(entry, 8) == 0 || self.io_apic.is_none() => {
                    self.io_apic = Some((number::<4>(entry, 4), number::<4>(entry, 8) as u32));
                }
                2 => self.read_override(entry),
                5 => self.local_apic = Some(number::<8>(entry, 4)),
                _ => {}
            }
            at += length;
        }
    }

    fn read_override(&mut self, entry: &[u8]) {
        let source = number::<1>(entry, 3) as u8;
        let flags = number::<2>(entry, 8);
        if let Some(place) = self.overrides.get_mut(usize::from(source)) {
            let gsi = number::<4>(entry, 4) as u32;
            *place = Some(Override { gsi, active_low: flags & 3 == 3, level: flags >> 2 & 3 == 3 });
        }
    }

    fn read_fadt(&mut self, table: &[u8]) {
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
        self.off_type = table_at(dsdt).and_then(find_off_type);
    }
}

/// A generic address structure: space, width, offset, access size, address.
fn generic_address(table: &[u8], at: usize) -> Option<Register> {
    let address = number::<8>(table, at + 4);
    match number::<1>(table, at) {
        _ if address == 0 => None,
        0 if reachable(address, 4) => Some(Register::Memory(address)),
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
