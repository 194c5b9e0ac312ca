//! Floating-point and vector registers of user threads. The kernel itself is compiled without them.
//!
//! With XSAVE an area is as large as CPUID says for the enabled components (x87, SSE, AVX, AVX-512); without,
//! it is FXSAVE's 512 bytes. [`FpuState`] owns one area. Areas have XSAVE's standard format, which signal frames
//! need, so XSAVEOPT serves where XSAVEC would not: it too leaves out what is as at the start, and, what XSAVEC
//! does not, what has not changed since it was loaded.
//!
//! Whose registers are in a CPU, and when they are moved, is decided in `sched::fpu`: while [`close`]d, the
//! first instruction that needs them traps. Closed means no more than that: CPUs are known that compute ahead with
//! what is in closed registers (CVE-2018-3665), so nobody else's may be left there.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::arch::asm;
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::cpu::{cpuid, feature, has};
use super::usercopy;
use crate::{Kind, Result};

/// Components that the kernel switches: x87, SSE, AVX, and AVX-512's three.
const KNOWN_COMPONENTS: u64 = 0xe7;
/// x87 and SSE, which FXSAVE knows, too.
pub const LEGACY_COMPONENTS: u64 = 3;
/// Size of FXSAVE's area, with which XSAVE's begins.
const LEGACY_SIZE: usize = 512;
/// Bytes of XSAVE's header, which follows: the components present, then the compaction word and reserved ones.
const HEADER_SIZE: usize = 64;
const INITIAL_SIZE: usize = LEGACY_SIZE + HEADER_SIZE;
/// The x87 control word and MXCSR (with the mask of its valid bits behind it) of a fresh program.
const CONTROL_WORD: u16 = 0x037f;
const MXCSR: u32 = 0x1f80;
const MXCSR_OFFSET: usize = 24;
const MXCSR_END: usize = 32;

static SIZE: AtomicUsize = AtomicUsize::new(LEGACY_SIZE);
static COMPONENTS: AtomicU64 = AtomicU64::new(0);

/// The registers of a fresh program, as an area that says of no component that it is present: those are loaded with
/// their initial values.
#[repr(C, align(64))]
struct Initial(UnsafeCell<[u8; INITIAL_SIZE]>);
// SAFETY: written once on the boot CPU before there are others, read from then on.
unsafe impl Sync for Initial {}
static INITIAL: Initial = Initial(UnsafeCell::new([0; INITIAL_SIZE]));

/// Bytes of the saved state.
#[inline]
pub fn state_size() -> usize {
    SIZE.load(Ordering::Relaxed)
}

/// The enabled components (XCR0), or 0 if the CPU lacks XSAVE.
#[inline]
pub fn components() -> u64 {
    COMPONENTS.load(Ordering::Relaxed)
}

/// What a fresh program has in its registers, in the format of FXSAVE with XSAVE's header.
pub fn initial() -> &'static [u8; INITIAL_SIZE] {
    // SAFETY: written at boot only.
    unsafe { &*INITIAL.0.get() }
}

/// Enables the unit on this CPU and finds the area's size. CR4's bits are set before (see `cpu::init`). The registers
/// have their initial values afterwards, and are closed.
pub(super) fn init() {
    let is_boot_cpu = super::cpu_id() == 0;
    if has(feature::XSAVE) {
        let leaf = cpuid(0xd, 0);
        let wanted = (u64::from(leaf.edx) << 32 | u64::from(leaf.eax)) & KNOWN_COMPONENTS;
        // AVX-512's components are valid only together, and only with AVX.
        let components = if wanted & 0xe4 == 0xe4 { wanted } else { wanted & 0x7 };
        // SAFETY: CR4.OSXSAVE is set, and the CPU offers all these components.
        unsafe {
            asm!("xsetbv", in("ecx") 0, in("eax") components as u32, in("edx") (components >> 32) as u32,
                 options(nomem, nostack, preserves_flags));
        }
        if is_boot_cpu {
            COMPONENTS.store(components, Ordering::Relaxed);
            SIZE.store(cpuid(0xd, 0).ebx as usize, Ordering::Relaxed);
        }
    }
    if is_boot_cpu {
        // SAFETY: no other CPU runs, and nobody has the area yet; FXSAVE tells the mask of MXCSR.
        unsafe {
            let area = &mut *INITIAL.0.get();
            asm!("fxsave64 [{}]", in(reg) area.as_mut_ptr(), options(nostack, preserves_flags));
            area[..MXCSR_OFFSET].fill(0);
            area[MXCSR_END..].fill(0);
            area[..2].copy_from_slice(&CONTROL_WORD.to_le_bytes());
            area[MXCSR_OFFSET..MXCSR_OFFSET + 4].copy_from_slice(&MXCSR.to_le_bytes());
        }
    }
    clear_registers();
    close();
}

/// Lets instructions use the registers (CR0.TS).
#[inline]
pub fn open() {
    // SAFETY: the kernel itself does not use the registers; whose they are is the caller's business.
    unsafe { asm!("clts", options(nomem, nostack, preserves_flags)) };
}

/// Has the next instruction that needs the registers trap.
#[inline]
pub fn close() {
    // SAFETY: only sets CR0.TS.
    unsafe {
        asm!("mov {0}, cr0", "or {0}, 8", "mov cr0, {0}", out(reg) _, options(nomem, nostack));
    }
}

/// Loads the registers, which are open, with their initial values.
pub fn clear_registers() {
    // SAFETY: a valid area.
    unsafe { load(initial().as_ptr(), u64::MAX) };
}

/// Loads components of the registers from an area.
///
/// # Safety
/// The area is aligned to 64 bytes, as large as the components present in it need, and has no reserved bit set.
#[inline]
unsafe fn load(area: *const u8, components: u64) {
    // SAFETY: by the caller.
    unsafe {
        if has(feature::FPU_POINTERS_STAY) && components & 1 != 0 {
            // These CPUs leave the last instruction's and operand's addresses as they are if there is no exception
            // to tell of: somebody else's then. Loading anything replaces them.
            let any = initial().as_ptr();
            asm!("fnclex", "emms", "fild dword ptr [{}]", in(reg) any, options(nostack, preserves_flags, readonly));
        }
        if has(feature::XSAVE) {
            asm!("xrstor64 [{}]", in(reg) area, in("eax") components as u32, in("edx") (components >> 32) as u32,
                 options(nostack, preserves_flags, readonly));
        } else {
            asm!("fxrstor64 [{}]", in(reg) area, options(nostack, preserves_flags, readonly));
        }
    }
}

/// Stores the registers, which are open, at a user address aligned to 64 bytes, in the format of XSAVE or FXSAVE.
/// XSAVE's header must be zero there.
pub fn save_to_user(address: usize) -> Result<()> {
    let done = usercopy::in_user_range(address, state_size())
        // SAFETY: the destination is in the user range.
        && unsafe { usercopy::save_registers(address, has(feature::XSAVE)) };
    done.then_some(()).ok_or(Kind::Fault.into())
}

/// Loads the registers, which are open, from a user address: these components, the others with their initial values.
/// Without components as from FXSAVE. [`Kind::Fault`] if that is not possible; the registers have their initial values
/// then.
pub fn load_from_user(address: usize, wanted: u64) -> Result<()> {
    let length = if wanted == 0 { LEGACY_SIZE } else { state_size() };
    let done = usercopy::in_user_range(address, length)
        // SAFETY: the source is in the user range; the CPU refuses what is not valid.
        && unsafe { usercopy::load_registers(address, wanted) };
    if !done {
        clear_registers();
        return Err(Kind::Fault.into());
    }
    let others = components() & !if wanted == 0 { LEGACY_COMPONENTS } else { wanted };
    if others != 0 {
        // SAFETY: a valid area.
        unsafe { load(initial().as_ptr(), others) };
    }
    Ok(())
}

/// A thread's saved registers.
#[derive(Debug)]
pub struct FpuState {
    area: NonNull<u8>,
}

// SAFETY: the area is owned and plain memory.
unsafe impl Send for FpuState {}
// SAFETY: shared access only reads it.
unsafe impl Sync for FpuState {}

fn layout() -> Layout {
    Layout::from_size_align(state_size(), 64).expect("CPUID's size is small, and 64 is a power of two")
}

impl FpuState {
    /// The registers that a fresh program starts with.
    pub fn new() -> Result<Self> {
        // SAFETY: the layout's size is not zero.
        let area = NonNull::new(unsafe { alloc_zeroed(layout()) }).ok_or(Kind::NoMemory)?;
        // SAFETY: both have that many bytes, and the new one is ours.
        unsafe { core::ptr::copy_nonoverlapping(initial().as_ptr(), area.as_ptr(), MXCSR_END) };
        Ok(Self { area })
    }

    /// Takes over what another one has stored.
    pub fn copy_from(&mut self, other: &Self) {
        // SAFETY: both have that many bytes, and this one is ours.
        unsafe { core::ptr::copy_nonoverlapping(other.area.as_ptr(), self.area.as_ptr(), state_size()) };
    }

    /// Stores the CPU's registers here, all of them.
    #[inline]
    pub fn save(&mut self) {
        let area = self.area.as_ptr();
        // SAFETY: the area is 64-byte aligned and as large as the enabled components need.
        unsafe {
            if has(feature::XSAVE) {
                asm!("xsave64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags));
            } else {
                asm!("fxsave64 [{}]", in(reg) area, options(nostack, preserves_flags));
            }
        }
    }

    /// Stores what [`FpuState::restore`] needs of the CPU's registers: [`FpuState::bytes`] may be old afterwards.
    /// What was stored here changes in no other way between `restore` and this.
    #[inline]
    pub fn save_changed(&mut self) {
        if !has(feature::XSAVEOPT) {
            return self.save();
        }
        // SAFETY: as for `save`.
        unsafe {
            asm!("xsaveopt64 [{}]", in(reg) self.area.as_ptr(), in("eax") -1, in("edx") -1,
                 options(nostack, preserves_flags));
        }
    }

    /// Loads the CPU's registers from here.
    #[inline]
    pub fn restore(&self) {
        // SAFETY: as for `save`; the content came from `save` or `new`, so no reserved bit is set.
        unsafe { load(self.area.as_ptr(), u64::MAX) };
    }

    /// What [`FpuState::save`] saved, in the format of XSAVE (or FXSAVE).
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the area has this size, was written at birth, and is borrowed with `self`.
        unsafe { core::slice::from_raw_parts(self.area.as_ptr(), state_size()) }
    }
}

impl Drop for FpuState {
    fn drop(&mut self) {
        // SAFETY: allocated with the same layout (the size is fixed before the first state is made).
        unsafe { dealloc(self.area.as_ptr(), layout()) };
    }
}
