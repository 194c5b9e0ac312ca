//! Page tables: the kernel's own mappings, and the tables of user address spaces.

use super::MemoryRegion;
use crate::mm::Frame;
use crate::{Kind, Result};

/// Builds the kernel's final mappings and switches to them.
pub(crate) fn init(regions: &[MemoryRegion]) {
    let _ = regions;
}

/// Maps a frame, which the mapping owns then, in the kernel's run-time range: data, not executable.
pub(crate) fn map_kernel_page(address: usize, frame: Frame) -> Result<()> {
    let _ = (address, frame);
    Err(Kind::NoMemory.into())
}

/// Unmaps pages of the kernel's run-time range and frees their frames.
pub(crate) fn unmap_kernel_pages(address: usize, pages: usize) {
    let _ = (address, pages);
}

/// Leaves the address space that is loaded: only the kernel's own mappings remain.
pub fn activate_kernel_space() {}
