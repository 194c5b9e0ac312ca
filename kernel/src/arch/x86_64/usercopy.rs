//! Access to user memory: the Rust face of `usercopy.S`. Everything is checked against [`USER_TOP`]; a fault
//! in the middle is resolved by [`crate::mm`] or ends the copy.

use core::ptr::addr_of_mut;

use super::USER_TOP;
use crate::{Kind, Result};

extern "C" {
    fn usercopy_copy(dst: *mut u8, src: *const u8, len: usize) -> usize;
    fn usercopy_clear(dst: *mut u8, len: usize) -> usize;
    fn usercopy_string(dst: *mut u8, src: *const u8, len: usize) -> isize;
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

/// Where user memory is opened or closed: a NOP that becomes `$code`, see [`enable_smap`].
macro_rules! smap_site {
    ($code:literal) => {
        concat!(
            "9998: .byte 0x0f, 0x1f, 0x00\n.pushsection .smap_sites, \"a\"\n.quad 9998b, ",
            $code,
            "\n.popsection"
        )
    };
}

/// The one instruction `$access`, with user memory open; a fault sets `failed`.
macro_rules! user_access {
    ($access:literal, $failed:ident, $($operand:tt)*) => {
        core::arch::asm!(
            "xor {failed:e}, {failed:e}",
            smap_site!("0xcb010f"),
            concat!("2: ", $access),
            "3:",
            smap_site!("0xca010f"),
            ".pushsection .ex_table, \"a\"",
            ".quad 2b, 4f",
            ".popsection",
            ".pushsection .text.fixup, \"ax\"",
            "4: mov {failed:e}, 1",
            "jmp 3b",
            ".popsection",
            failed = out(reg) $failed,
            $($operand)*
            options(nostack),
        )
    };
}

/// Reads a value in one access if it has the size of a register, as Linux's `get_user` does. Returns whether it
/// could be read.
///
/// # Safety
/// `dst` is writable, and every bit pattern is a valid `T`.
#[inline]
pub unsafe fn load_from_user<T>(dst: *mut T, src: usize) -> bool {
    if !in_user_range(src, size_of::<T>()) {
        return false;
    }
    let (value, failed): (u64, u32);
    // SAFETY: the source is in the user range, where a fault is handled; `dst` by the caller.
    unsafe {
        match size_of::<T>() {
            2 => {
                user_access!("movzx {value:e}, word ptr [{src}]", failed, src = in(reg) src, value = out(reg) value,)
            }
            4 => user_access!("mov {value:e}, [{src}]", failed, src = in(reg) src, value = out(reg) value,),
            8 => user_access!("mov {value}, [{src}]", failed, src = in(reg) src, value = out(reg) value,),
            size => return usercopy_copy(dst.cast(), src as *const u8, size) == 0,
        }
        core::ptr::copy_nonoverlapping((&raw const value).cast(), dst, 1);
    }
    failed == 0
}

/// Writes a value in one access if it has the size of a register, as Linux's `put_user` does. Returns whether it
/// could be written.
///
/// # Safety
/// `T` has no padding: all its bytes are initialised.
#[inline]
pub unsafe fn store_to_user<T>(dst: usize, src: &T) -> bool {
    if !in_user_range(dst, size_of::<T>()) {
        return false;
    }
    let mut value = 0u64;
    let failed: u32;
    // SAFETY: the destination is in the user range, where a fault is handled; `src` by the caller.
    unsafe {
        if !matches!(size_of::<T>(), 2 | 4 | 8) {
            return usercopy_copy(dst as *mut u8, core::ptr::from_ref(src).cast(), size_of::<T>()) == 0;
        }
        core::ptr::copy_nonoverlapping(src, (&raw mut value).cast(), 1);
        match size_of::<T>() {
            2 => user_access!("mov [{dst}], {value:x}", failed, dst = in(reg) dst, value = in(reg) value,),
            4 => user_access!("mov [{dst}], {value:e}", failed, dst = in(reg) dst, value = in(reg) value,),
            _ => user_access!("mov [{dst}], {value}", failed, dst = in(reg) dst, value = in(reg) value,),
        }
    }
    failed == 0
}

/// Stores the floating point registers with XSAVE or FXSAVE. Returns whether they could be stored.
///
/// # Safety
/// The area is in the user range, and the CPU has XSAVE if that is asked for.
pub(super) unsafe fn save_registers(dst: usize, extended: bool) -> bool {
    let failed: u32;
    // SAFETY: by the caller; a fault is handled.
    unsafe {
        if extended {
            user_access!("xsave64 [{dst}]", failed, dst = in(reg) dst, in("eax") -1, in("edx") -1,);
        } else {
            user_access!("fxsave64 [{dst}]", failed, dst = in(reg) dst,);
        }
    }
    failed == 0
}

/// Loads these components of the floating point registers with XRSTOR, or with FXRSTOR if there are none. Returns
/// whether that worked; if not, any may have been loaded.
///
/// # Safety
/// The area is in the user range, and the CPU has XSAVE if there are components.
pub(super) unsafe fn load_registers(src: usize, components: u64) -> bool {
    let failed: u32;
    // SAFETY: by the caller; a fault, also for what no register can hold, is handled.
    unsafe {
        if components != 0 {
            let (low, high) = (components as u32, (components >> 32) as u32);
            user_access!("xrstor64 [{src}]", failed, src = in(reg) src, in("eax") low, in("edx") high,);
        } else {
            user_access!("fxrstor64 [{src}]", failed, src = in(reg) src,);
        }
    }
    failed == 0
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
    let mut value = 0u32;
    // SAFETY: `value` is writable.
    let loaded = unsafe { load_from_user(&raw mut value, aligned_word(address)? as usize) };
    loaded.then_some(value).ok_or(Kind::Fault.into())
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
