//! Access to user memory: the Rust face of `usercopy.S`. Everything is checked against [`USER_TOP`]; a fault
//! in the middle is resolved by [`crate::mm`] or ends the copy.

use core::ptr::addr_of_mut;

use super::USER_TOP;
use crate::{Kind, Result};

extern "C" {
    fn usercopy_copy(dst: *mut u8, src: *const u8, len: usize) -> usize;
    fn usercopy_clear(dst: *mut u8, len: usize) -> usize;
    fn usercopy_string(dst: *mut u8, src: *const u8, len: usize) -> isize;
    fn usercopy_load32(src: *const u32, value: *mut u32) -> usize;
    fn usercopy_cmpxchg32(address: *mut u32, old: u32, new: u32, found: *mut u32) -> usize;
}

/// Is the whole range below the end of user memory?
#[inline]
pub const fn in_user_range(address: usize, len: usize) -> bool {
    address <= USER_TOP && len <= USER_TOP - address
}

/// Copies from user memory; returns the bytes that could not be copied.
///
/// # Safety
/// `dst` has `len` writable bytes.
#[inline]
pub unsafe fn copy_from_user(dst: *mut u8, src: usize, len: usize) -> usize {
    if !in_user_range(src, len) {
        return len;
    }
    // SAFETY: by the caller for `dst`; the source is in the user range, where a fault is handled.
    unsafe { usercopy_copy(dst, src as *const u8, len) }
}

/// Copies to user memory; returns the bytes that could not be copied.
///
/// # Safety
/// `src` has `len` initialised bytes.
#[inline]
pub unsafe fn copy_to_user(dst: usize, src: *const u8, len: usize) -> usize {
    if !in_user_range(dst, len) {
        return len;
    }
    // SAFETY: by the caller for `src`; the destination is in the user range, where a fault is handled.
    unsafe { usercopy_copy(dst as *mut u8, src, len) }
}

/// Fills user memory with zeros; returns the bytes that could not be written.
#[inline]
pub fn clear_user(address: usize, len: usize) -> usize {
    if !in_user_range(address, len) {
        return len;
    }
    // SAFETY: the destination is in the user range, where a fault is handled.
    unsafe { usercopy_clear(address as *mut u8, len) }
}

/// Copies a string up to its NUL into `dst`: its length without the NUL, or `None` if there is no NUL within
/// `dst.len()` bytes.
pub fn strncpy_from_user(dst: &mut [u8], src: usize) -> Result<Option<usize>> {
    let reach = if src < USER_TOP { USER_TOP - src } else { return Err(Kind::Fault.into()) };
    let limit = dst.len().min(reach);
    // SAFETY: `dst` has `limit` writable bytes; the source is in the user range, where a fault is handled.
    let length = unsafe { usercopy_string(dst.as_mut_ptr(), src as *const u8, limit) };
    match usize::try_from(length) {
        Err(_) => Err(Kind::Fault.into()),
        Ok(length) if length < limit => Ok(Some(length)),
        Ok(_) if limit < dst.len() => Err(Kind::Fault.into()),
        Ok(_) => Ok(None),
    }
}

fn aligned_word(address: usize) -> Result<*mut u32> {
    if address % 4 != 0 || !in_user_range(address, 4) {
        return Err(Kind::Fault.into());
    }
    Ok(address as *mut u32)
}

/// Reads an aligned word in one access.
#[inline]
pub fn load_user_u32(address: usize) -> Result<u32> {
    let mut value = 0;
    // SAFETY: the source is aligned and in the user range, where a fault is handled.
    let failed = unsafe { usercopy_load32(aligned_word(address)?, addr_of_mut!(value)) };
    if failed != 0 {
        return Err(Kind::Fault.into());
    }
    Ok(value)
}

/// Stores `new` in an aligned word if it holds `old`, atomically; returns what it held.
#[inline]
pub fn cmpxchg_user_u32(address: usize, old: u32, new: u32) -> Result<u32> {
    let mut found = 0;
    // SAFETY: the word is aligned and in the user range, where a fault is handled.
    let failed = unsafe { usercopy_cmpxchg32(aligned_word(address)?, old, new, addr_of_mut!(found)) };
    if failed != 0 {
        return Err(Kind::Fault.into());
    }
    Ok(found)
}

/// Copies from kernel memory that may not be there; returns the bytes that could not be copied. For reports.
///
/// # Safety
/// `dst` has `len` writable bytes; reading `src` has no effect.
pub(super) unsafe fn probe_kernel(dst: *mut u8, src: usize, len: usize) -> usize {
    // SAFETY: by the caller for `dst`; a fault at the source is handled.
    unsafe { usercopy_copy(dst, src as *const u8, len) }
}

/// A three-byte place in the code, and what belongs there on a CPU with SMAP.
#[repr(C)]
struct SmapSite {
    address: usize,
    code: u64,
}

extern "C" {
    static __smap_sites_start: SmapSite;
    static __smap_sites_end: SmapSite;
}

/// Puts STAC and CLAC where user memory is opened and closed, if the CPU has them. Before SMAP is switched on,
/// while no other CPU runs.
pub(super) fn enable_smap() {
    if !super::cpu::has(super::cpu::feature::SMAP) {
        return;
    }
    let start = &raw const __smap_sites_start;
    let count = (&raw const __smap_sites_end as usize - start as usize) / size_of::<SmapSite>();
    // SAFETY: the linker collected the table between the two symbols.
    for site in unsafe { core::slice::from_raw_parts(start, count) } {
        let alias = super::phys_to_virt((site.address - super::KERNEL_IMAGE) as u64) as *mut u8;
        // SAFETY: the alias of the code is writable; the three bytes are a NOP that becomes another instruction.
        unsafe { core::ptr::copy_nonoverlapping((&raw const site.code).cast(), alias, 3) };
    }
}
