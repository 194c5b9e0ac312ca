//! What the boot loader told: from the PVH start information or from multiboot2, in one shape.
//!
//! [`start`] runs once, on the boot tables of `boot.S`, which reach the first 4 GiB. It copies everything it
//! needs, so that the loader's memory can be reused, takes the page tables for memory above 4 GiB from the
//! memory map ([`super::physmap`]), and leaves the rest as usable regions.

use core::ops::Range;

use firmware::pvh::Start;
use firmware::regions::Regions;
use firmware::Physical;
use multiboot2::{BootInformation, BootInformationHeader, MemoryAreaType};
use spin::Once;

use super::{phys_to_virt, physmap, KERNEL_IMAGE, PAGE_SIZE};

pub use firmware::regions::MemoryRegion;

/// `boot.S` was entered through the PVH note.
const LOADER_PVH: u32 = 1;
/// Bytes kept of the command line.
const COMMAND_LINE_SIZE: usize = 2048;
/// What firmware keeps below this stays untouched, but for the place from which other CPUs start.
const LOW_MEMORY_END: u64 = 0x10_0000;
/// Where that place may be: above interrupt vectors and what the BIOS notes, below what it reserves.
const LAUNCH_AREA: Range<u64> = 0x8000..0x9_0000;
/// What the boot tables reach.
const BOOT_REACH: u64 = 4 << 30;
/// The memory type "RAM" in both formats' numbering.
const TYPE_RAM: u32 = 1;
/// ACPI tables, and ACPI's non-volatile memory: memory, but not free.
const TYPES_ACPI: [u32; 2] = [3, 4];

/// What the boot loader told.
#[derive(Debug)]
pub struct BootInfo {
    /// Sorted, without overlaps. Usable regions are page-aligned.
    pub memory: &'static [MemoryRegion],
    /// Physical addresses of the initial file tree.
    pub initrd: Option<Range<u64>>,
    /// The kernel command line.
    pub cmdline: &'static str,
    /// Physical address of ACPI's root pointer, if the loader knows.
    pub rsdp: Option<u64>,
    /// Physical address of [`LAUNCH_SIZE`] bytes of memory below 1 MiB that nobody else uses.
    pub launch: Option<u64>,
}

/// Bytes of the place from which other CPUs start.
pub(super) const LAUNCH_SIZE: u64 = 0x4000;

/// What is gathered before the memory map is final.
struct Gathered {
    regions: Regions,
    initrd: Option<Range<u64>>,
    cmdline: [u8; COMMAND_LINE_SIZE],
    cmdline_length: usize,
    rsdp: Option<u64>,
    launch: Option<u64>,
}

impl Gathered {
    fn set_cmdline(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(COMMAND_LINE_SIZE);
        self.cmdline[..length].copy_from_slice(&bytes[..length]);
        self.cmdline_length = length;
    }

    /// One line of the loader's memory map.
    fn memory(&mut self, start: u64, size: u64, kind: u32) {
        let end = start.saturating_add(size);
        if kind == TYPE_RAM {
            self.regions.add_ram(start, end);
        } else {
            self.regions.reserve(start, end);
            if TYPES_ACPI.contains(&kind) {
                self.regions.note_memory(start, end);
            }
        }
    }
}

/// Everything after the loader.
struct Final {
    gathered: Gathered,
    info: Once<BootInfo>,
}

static FINAL: Once<Final> = Once::new();

extern "C" {
    static __kernel_start: u8;
}

/// The kernel image's physical addresses.
fn kernel_range() -> Range<u64> {
    let start = &raw const __kernel_start as usize - KERNEL_IMAGE;
    start as u64..(super::symbols::image_end() - KERNEL_IMAGE) as u64
}

/// Reads what the loader left at physical address `information`, and puts the final page tables in place.
///
/// # Safety
/// Runs once, first of all, with what `boot.S` passed on.
pub unsafe fn start(loader: u32, information: u32) -> &'static BootInfo {
    let kept = FINAL.call_once(|| {
        let mut gathered = Gathered {
            regions: Regions::new(),
            initrd: None,
            cmdline: [0; COMMAND_LINE_SIZE],
            cmdline_length: 0,
            rsdp: None,
            launch: None,
        };
        if loader == LOADER_PVH {
            gather_pvh(information, &mut gathered);
        } else {
            gather_multiboot2(information, &mut gathered);
        }
        gathered.regions.reserve(0, LAUNCH_AREA.start);
        gathered.launch = gathered.regions.take(LAUNCH_SIZE, LAUNCH_AREA.end);
        gathered.regions.reserve(0, LOW_MEMORY_END);
        let kernel = kernel_range();
        gathered.regions.reserve(kernel.start, kernel.end);
        if let Some(initrd) = &gathered.initrd {
            gathered.regions.reserve(initrd.start, initrd.end);
        }
        // SAFETY: the boot tables are active and reach all that the regions' first 4 GiB name.
        unsafe { physmap::build(&mut gathered.regions) };
        gathered.regions.finish(PAGE_SIZE as u64);
        Final { gathered, info: Once::new() }
    });
    kept.info.call_once(|| {
        let g = &kept.gathered;
        let bytes = &g.cmdline[..g.cmdline_length];
        let cmdline = match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""),
        };
        BootInfo {
            memory: g.regions.as_slice(),
            initrd: g.initrd.clone(),
            cmdline,
            rsdp: g.rsdp,
            launch: g.launch,
        }
    })
}

/// The physical memory that the boot tables, and later the physical map, always reach.
pub(super) struct Mapped;

impl Physical for Mapped {
    fn bytes(&self, address: u64, length: usize) -> Option<&[u8]> {
        if address == 0 || address.checked_add(length as u64)? > BOOT_REACH {
            return None;
        }
        // SAFETY: the addresses are mapped; what loaders and firmware left there does not change while it is
        // being read (that is at boot, before memory is handed out).
        Some(unsafe { core::slice::from_raw_parts(phys_to_virt(address) as *const u8, length) })
    }
}

fn gather_pvh(information: u32, gathered: &mut Gathered) {
    let Some(start) = Start::read(&Mapped, u64::from(information)) else { return };
    for line in start.memory(&Mapped) {
        gathered.memory(line.start, line.size, line.kind);
    }
    gathered.initrd = start.initrd;
    gathered.rsdp = start.rsdp;
    let mut line = [0; COMMAND_LINE_SIZE];
    let mut length = 0;
    while length < COMMAND_LINE_SIZE {
        match Mapped.bytes(start.cmdline.wrapping_add(length as u64), 1) {
            None | Some([0]) => break,
            Some(byte) => line[length] = byte[0],
        }
        length += 1;
    }
    gathered.set_cmdline(&line[..length]);
}

fn gather_multiboot2(information: u32, gathered: &mut Gathered) {
    let header = phys_to_virt(u64::from(information)) as *const BootInformationHeader;
    // SAFETY: the loader put its information there, which the boot tables map; the crate checks the sizes.
    let Ok(loaded) = (unsafe { BootInformation::load(header) }) else { return };
    if let Some(map) = loaded.memory_map_tag() {
        for area in map.memory_areas() {
            let kind = if area.typ() == MemoryAreaType::Available { TYPE_RAM } else { u32::from(area.typ()) };
            gathered.memory(area.start_address(), area.size(), kind);
        }
    }
    gathered.initrd = loaded
        .module_tags()
        .next()
        .map(|module| u64::from(module.start_address())..u64::from(module.end_address()))
        .filter(|range| !range.is_empty());
    if let Some(Ok(text)) = loaded.command_line_tag().map(|tag| tag.cmdline()) {
        gathered.set_cmdline(text.as_bytes());
    }
    // The tags hold copies of the root pointer; its own address is enough for the parser.
    let copy = loaded.rsdp_v2_tag().map(core::ptr::from_ref).map(<*const _>::cast::<u8>);
    let copy = copy.or_else(|| loaded.rsdp_v1_tag().map(core::ptr::from_ref).map(<*const _>::cast::<u8>));
    // The pointer follows the tag's type and size; it is only read before the memory is handed out.
    gathered.rsdp = copy.map(|tag| (tag as usize + 8 - super::PHYS_MAP) as u64);
}
