//! Names of kernel functions, for backtraces.
//!
//! The table is text: a line with the table's size in hexadecimal, then lines `address name` in the order of
//! addresses (hexadecimal, relative to the image's start). `kernel/image/add-symbols` puts it into the linked
//! image; without it, backtraces have addresses only.

use super::KERNEL_IMAGE;

extern "C" {
    static __data_end: u8;
    static __text_end: u8;
    static __kernel_start: u8;
}

/// Bytes of the first line.
const HEADER: usize = 9;

fn parse_hex(digits: &[u8]) -> Option<usize> {
    usize::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

fn table() -> &'static [u8] {
    let start = &raw const __data_end;
    // SAFETY: the linker put the section there, with at least the first line.
    let header = unsafe { core::slice::from_raw_parts(start, HEADER) };
    let length = parse_hex(&header[..HEADER - 1]).unwrap_or(0);
    // SAFETY: the line says how long the section is.
    unsafe { core::slice::from_raw_parts(start.add(HEADER), length) }
}

/// The end of the kernel image in memory.
pub(super) fn image_end() -> usize {
    let table = table();
    table.as_ptr() as usize + table.len()
}

/// The function around `address`: its name, and the distance from its start.
pub(super) fn lookup(address: usize) -> Option<(&'static str, usize)> {
    let text = &raw const __kernel_start as usize..&raw const __text_end as usize;
    if !text.contains(&address) {
        return None;
    }
    let offset = address - KERNEL_IMAGE;
    let mut best = None;
    for line in table().split(|&byte| byte == b'\n') {
        let Some(space) = line.iter().position(|&byte| byte == b' ') else { continue };
        let Some(start) = parse_hex(&line[..space]) else { continue };
        if start > offset {
            break;
        }
        best = core::str::from_utf8(&line[space + 1..]).ok().map(|name| (name, offset - start));
    }
    best
}
