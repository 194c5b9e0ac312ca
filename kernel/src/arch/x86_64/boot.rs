//! What the boot loader told: from the PVH start information or from multiboot2, in one shape.

use core::ops::Range;

/// A range of physical addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryRegion {
    /// First byte.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// RAM that nothing occupies: neither firmware, kernel image, page tables nor initrd.
    pub usable: bool,
}

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
}
