//! The start information of the PVH boot protocol (Xen's `public/arch-x86/hvm/start_info.h`).

use core::ops::Range;

use crate::{number, Physical};

const MAGIC: u64 = 0x336e_c578;
const START_SIZE: usize = 56;
const MODULE_SIZE: usize = 32;
const MEMORY_SIZE: usize = 24;
/// Lines of the memory map read, at most.
const MEMORY_LINES: u64 = 1024;

/// What the loader told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The first module.
    pub initrd: Option<Range<u64>>,
    /// The address of the command line, which ends with a NUL.
    pub cmdline: u64,
    /// The address of ACPI's root pointer.
    pub rsdp: Option<u64>,
    memory_map: u64,
    memory_lines: u64,
}

/// A line of the memory map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLine {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
    /// 1 is RAM; others are numbered as in the E820 map.
    pub kind: u32,
}

impl Start {
    /// Reads the start information at `address`; `None` if there is none.
    pub fn read(memory: &impl Physical, address: u64) -> Option<Self> {
        let bytes = memory.bytes(address, START_SIZE)?;
        if number::<4>(bytes, 0) != MAGIC {
            return None;
        }
        let has_map = number::<4>(bytes, 4) >= 1;
        let module =
            (number::<4>(bytes, 12) > 0).then(|| memory.bytes(number::<8>(bytes, 16), MODULE_SIZE)).flatten();
        let initrd = module.and_then(|module| {
            let start = number::<8>(module, 0);
            Some(start..start.checked_add(number::<8>(module, 8))?).filter(|range| !range.is_empty())
        });
        Some(Self {
            initrd,
            cmdline: number::<8>(bytes, 24),
            rsdp: Some(number::<8>(bytes, 32)).filter(|&address| address != 0),
            memory_map: if has_map { number::<8>(bytes, 40) } else { 0 },
            memory_lines: if has_map { number::<4>(bytes, 48).min(MEMORY_LINES) } else { 0 },
        })
    }

    /// The memory map's lines.
    pub fn memory<'a>(&self, memory: &'a impl Physical) -> impl Iterator<Item = MemoryLine> + 'a {
        let base = self.memory_map;
        (0..self.memory_lines).map_while(move |index| {
            let line = memory.bytes(base.checked_add(index * MEMORY_SIZE as u64)?, MEMORY_SIZE)?;
            Some(MemoryLine {
                start: number::<8>(line, 0),
                size: number::<8>(line, 8),
                kind: number::<4>(line, 16) as u32,
            })
        })
    }
}
