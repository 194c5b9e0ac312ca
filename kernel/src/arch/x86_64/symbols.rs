//! Names of kernel functions, for backtraces.
//!
//! The section `.symbols` is a [`symbol_table::Table`] of addresses relative to [`KERNEL_IMAGE`].
//! `kernel/image/add-symbols` puts it into the linked image; without it, backtraces have addresses only.

use symbol_table::{Symbol, Table, HEADER};

use super::KERNEL_IMAGE;

extern "C" {
    static __data_end: u8;
    static __text_end: u8;
    static __kernel_start: u8;
}

fn table() -> &'static [u8] {
    let start = &raw const __data_end;
    // SAFETY: the linker put the section there, with at least the header.
    let header = unsafe { *start.cast::<[u8; HEADER]>() };
    // SAFETY: the header says how long the section is; nothing can write to either.
    unsafe { core::slice::from_raw_parts(start.add(HEADER), Table::length(header)) }
}

/// The end of the kernel image in memory.
pub(super) fn image_end() -> usize {
    let table = table();
    table.as_ptr() as usize + table.len()
}

/// The function around `address`, and the distance from its start.
pub(super) fn lookup(address: usize) -> Option<(Symbol<'static>, usize)> {
    let text = &raw const __kernel_start as usize..&raw const __text_end as usize;
    if !text.contains(&address) {
        return None;
    }
    let offset = address - KERNEL_IMAGE;
    let symbol = Table::new(table())?.find(u32::try_from(offset).ok()?)?;
    Some((symbol, offset - symbol.start as usize))
}
