//! The kernel's final page tables: all physical memory at [`PHYS_MAP`] by large pages, never executable; the
//! kernel image with each part's own rights; nothing in the lower half.
//!
//! They go on with the tables of `boot.S`. Ranges of the first 4 GiB that hold no memory are device registers:
//! they are mapped uncached.

use core::arch::asm;

use firmware::regions::Regions;

use super::cpu::{self, feature};
use super::{phys_to_virt, KERNEL_IMAGE, PHYS_MAP};

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
const WRITE_THROUGH: u64 = 1 << 3;
const UNCACHED: u64 = 1 << 4;
const LARGE: u64 = 1 << 7;
const GLOBAL: u64 = 1 << 8;
const NO_EXECUTE: u64 = 1 << 63;
const PAGE: u64 = 4096;
const LARGE_PAGE: u64 = 2 << 20;
const GIB: u64 = 1 << 30;
const BOOT_GIBS: u64 = 4;
const ENTRIES: usize = 512;
const SLOT_SIZE: u64 = 512 * GIB;
/// The page tables of the kernel image: 8 MiB.
const IMAGE_TABLES: usize = 4;

type Table = [u64; ENTRIES];

#[repr(C, align(4096))]
struct ImageTables(core::cell::UnsafeCell<[Table; IMAGE_TABLES]>);
// SAFETY: written once, by the boot CPU before any other runs.
unsafe impl Sync for ImageTables {}
static IMAGE_TABLES_SPACE: ImageTables =
    ImageTables(core::cell::UnsafeCell::new([[0; ENTRIES]; IMAGE_TABLES]));

extern "C" {
    static mut boot_top_table: Table;
    static mut boot_phys_gibs: Table;
    static mut boot_kernel_gibs: Table;
    static mut boot_page_directories: [Table; BOOT_GIBS as usize];
    static __kernel_start: u8;
    static __text_end: u8;
    static __rodata_end: u8;
    static __data_end: u8;
}

fn physical_of<T>(place: *const T) -> u64 {
    (place as usize - KERNEL_IMAGE) as u64
}

/// The physical address of the kernel's top page table.
pub fn kernel_root() -> u64 {
    physical_of(&raw const boot_top_table)
}

/// Completes the tables and drops the lower half. Takes table pages from `regions`.
///
/// # Safety
/// Runs once, with the tables of `boot.S` active.
pub(super) unsafe fn build(regions: &mut Regions) {
    let no_execute = if cpu::has(feature::NX) { NO_EXECUTE } else { 0 };
    let global = if cpu::has(feature::GLOBAL_PAGES) { GLOBAL } else { 0 };
    let rights = PRESENT | WRITABLE | LARGE | no_execute | global;
    // SAFETY: the tables are ours alone; entries only gain the attributes that their pages should have.
    unsafe {
        // The image first: until now it is mapped by the directory that becomes non-executable.
        map_image(no_execute, global);
        load_root();
        set_boot_gibs(regions, rights);
        map_above(regions, rights);
        boot_top_table[0] = 0;
        load_root();
    }
}

/// Makes changed entries effective.
fn load_root() {
    // SAFETY: the kernel's table maps everything that is in use.
    unsafe {
        asm!("mov cr3, {}", in(reg) kernel_root(), options(nostack, preserves_flags));
    }
}

/// Gives the 2 MiB pages of the first 4 GiB their final attributes.
///
/// # Safety
/// As for [`build`].
unsafe fn set_boot_gibs(regions: &Regions, rights: u64) {
    let directories = &raw mut boot_page_directories;
    for page in 0..BOOT_GIBS * GIB / LARGE_PAGE {
        let start = page * LARGE_PAGE;
        let cache = if start < regions.low_memory_end() { 0 } else { UNCACHED | WRITE_THROUGH };
        // SAFETY: the index is below 4 * 512.
        unsafe { (*directories)[page as usize / ENTRIES][page as usize % ENTRIES] = start | rights | cache };
    }
}

/// Maps memory from 4 GiB on: by 1 GiB pages where the CPU has them.
///
/// # Safety
/// As for [`build`].
unsafe fn map_above(regions: &mut Regions, rights: u64) {
    let end = regions.memory_end().next_multiple_of(GIB);
    let mut start = BOOT_GIBS * GIB;
    while start < end {
        // SAFETY: new tables are zeroed pages of our own below 4 GiB.
        let Some(gibs) = (unsafe { gib_table(regions, start) }) else { return };
        let entry = if cpu::has(feature::GIB_PAGES) {
            start | rights
        } else {
            let Some(table) = take_table(regions) else { return };
            for (index, entry) in table_at(table).iter_mut().enumerate() {
                *entry = (start + index as u64 * LARGE_PAGE) | rights;
            }
            table | PRESENT | WRITABLE
        };
        gibs[(start / GIB) as usize % ENTRIES] = entry;
        start += GIB;
    }
}

/// The table of the 512 GiB around `start`, made if need be.
///
/// # Safety
/// As for [`build`].
unsafe fn gib_table(regions: &mut Regions, start: u64) -> Option<&'static mut Table> {
    if start < SLOT_SIZE {
        // SAFETY: the boot table; nobody else holds a reference.
        return unsafe { (&raw mut boot_phys_gibs).as_mut() };
    }
    let slot = (PHYS_MAP >> 39) % ENTRIES + (start / SLOT_SIZE) as usize;
    let top = &raw mut boot_top_table;
    // SAFETY: memory ends below 64 TiB on every CPU, so the slot is within the table.
    unsafe {
        if (*top)[slot] == 0 {
            (*top)[slot] = take_table(regions)? | PRESENT | WRITABLE;
        }
        Some(table_at((*top)[slot] & !(PAGE - 1)))
    }
}

fn take_table(regions: &mut Regions) -> Option<u64> {
    let table = regions.take(PAGE, BOOT_GIBS * GIB)?;
    table_at(table).fill(0);
    Some(table)
}

/// A page table by its physical address, which is below 4 GiB.
fn table_at(physical: u64) -> &'static mut Table {
    // SAFETY: only called with pages that were taken for tables, by one caller at a time, while they are mapped.
    unsafe { &mut *(phys_to_virt(physical) as *mut Table) }
}

/// Maps the kernel image by 4 KiB pages: text executable, constants read-only, data writable.
///
/// # Safety
/// As for [`build`].
unsafe fn map_image(no_execute: u64, global: u64) {
    let boundary = |place: *const u8| place as usize;
    let start = boundary(&raw const __kernel_start);
    let text_end = boundary(&raw const __text_end);
    let rodata_end = boundary(&raw const __rodata_end);
    let data_end = boundary(&raw const __data_end);
    let image_end = super::symbols::image_end().next_multiple_of(PAGE as usize);
    assert!(
        image_end - KERNEL_IMAGE <= IMAGE_TABLES * LARGE_PAGE as usize,
        "the image outgrows its page tables"
    );
    let tables = IMAGE_TABLES_SPACE.0.get();
    for address in (start..image_end).step_by(PAGE as usize) {
        let rights = if address < text_end {
            0
        } else if address < rodata_end || address >= data_end {
            no_execute
        } else {
            WRITABLE | no_execute
        };
        let page = (address - KERNEL_IMAGE) / PAGE as usize;
        // SAFETY: the page number is within the tables (asserted above).
        unsafe {
            (*tables)[page / ENTRIES][page % ENTRIES] =
                (address - KERNEL_IMAGE) as u64 | PRESENT | global | rights;
        }
    }
    // The directory of the image takes the place of the first GiB's in the top slot.
    // SAFETY: the directory is a page of our own in the image.
    unsafe {
        let directory = IMAGE_DIRECTORY.0.get().cast::<Table>();
        for (index, table) in (*tables).iter().enumerate() {
            (*directory)[index] = physical_of(table) | PRESENT | WRITABLE;
        }
        boot_kernel_gibs[ENTRIES - 2] = physical_of(directory) | PRESENT | WRITABLE;
    }
}

#[repr(C, align(4096))]
struct ImageDirectory(core::cell::UnsafeCell<Table>);
// SAFETY: written once, by the boot CPU before any other runs.
unsafe impl Sync for ImageDirectory {}
static IMAGE_DIRECTORY: ImageDirectory = ImageDirectory(core::cell::UnsafeCell::new([0; ENTRIES]));
