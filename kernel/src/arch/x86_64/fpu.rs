//! Floating-point and vector registers of user threads. The kernel itself is compiled without them.
//!
//! With XSAVE the area is as large as CPUID says for the enabled components (x87, SSE, AVX, AVX-512); without,
//! it is FXSAVE's 512 bytes. [`FpuState`] owns one area; [`save`](FpuState::save) and
//! [`restore`](FpuState::restore) move it from and to the CPU.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::arch::asm;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::cpu::{cpuid, feature, has};
use crate::{Kind, Result};

/// Components that the kernel switches: x87, SSE, AVX, and AVX-512's three.
const KNOWN_COMPONENTS: u64 = 0xe7;
/// Size of FXSAVE's area, with which XSAVE's begins.
const LEGACY_SIZE: usize = 512;
/// Where XSAVE's header is: the components present, then the compaction word and reserved ones.
const HEADER: usize = 512;
const CONTROL_WORD: u16 = 0x037f;
const MXCSR: u32 = 0x1f80;
const MXCSR_OFFSET: usize = 24;
const MXCSR_MASK_OFFSET: usize = 28;

static SIZE: AtomicUsize = AtomicUsize::new(LEGACY_SIZE);
static COMPONENTS: AtomicU64 = AtomicU64::new(0);

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

/// Enables the unit on this CPU and finds the area's size. CR4's bits are set before (see `cpu::init`).
pub(super) fn init() {
    if !has(feature::XSAVE) {
        return;
    }
    let leaf = cpuid(0xd, 0);
    let wanted = (u64::from(leaf.edx) << 32 | u64::from(leaf.eax)) & KNOWN_COMPONENTS;
    // AVX-512's components are valid only together, and only with AVX.
    let components = if wanted & 0xe4 == 0xe4 { wanted } else { wanted & 0x7 };
    // SAFETY: CR4.OSXSAVE is set, and the CPU offers all these components.
    unsafe {
        asm!("xsetbv", in("ecx") 0, in("eax") components as u32, in("edx") (components >> 32) as u32,
             options(nomem, nostack, preserves_flags));
    }
    COMPONENTS.store(components, Ordering::Relaxed);
    SIZE.store(cpuid(0xd, 0).ebx as usize, Ordering::Relaxed);
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
    /// The state that a fresh program starts with.
    pub fn new() -> Result<Self> {
        // SAFETY: the layout's size is not zero.
        let area = NonNull::new(unsafe { alloc_zeroed(layout()) }).ok_or(Kind::NoMemory)?;
        let mut state = Self { area };
        state.reset();
        Ok(state)
    }

    /// A copy.
    pub fn try_clone(&self) -> Result<Self> {
        let mut copy = Self::new()?;
        copy.bytes_mut().copy_from_slice(self.bytes());
        Ok(copy)
    }

    /// Back to what a fresh program starts with.
    pub fn reset(&mut self) {
        let bytes = self.bytes_mut();
        bytes.fill(0);
        bytes[..2].copy_from_slice(&CONTROL_WORD.to_le_bytes());
        bytes[MXCSR_OFFSET..MXCSR_OFFSET + 4].copy_from_slice(&MXCSR.to_le_bytes());
    }

    /// Stores the CPU's registers here.
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

    /// Loads the CPU's registers from here.
    #[inline]
    pub fn restore(&self) {
        let area = self.area.as_ptr();
        // SAFETY: as for `save`; the content came from `save`, `reset` or `load`, so no reserved bit is set.
        unsafe {
            if has(feature::XSAVE) {
                asm!("xrstor64 [{}]", in(reg) area, in("eax") -1, in("edx") -1,
                     options(nostack, preserves_flags, readonly));
            } else {
                asm!("fxrstor64 [{}]", in(reg) area, options(nostack, preserves_flags, readonly));
            }
        }
    }

    /// The saved bytes, in the format of XSAVE (or FXSAVE).
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the area has this size, was zeroed at birth, and is borrowed with `self`.
        unsafe { core::slice::from_raw_parts(self.area.as_ptr(), state_size()) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.area.as_ptr(), state_size()) }
    }

    /// Takes bytes that a user program may have changed (a signal frame): 512 of FXSAVE or the whole area.
    /// [`Kind::Invalid`] if `restore` would fault on them; the state is unchanged then.
    pub fn load(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() != LEGACY_SIZE && bytes.len() != state_size() {
            return Err(Kind::Invalid.into());
        }
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if word(MXCSR_OFFSET) & !self.mxcsr_mask() != 0 {
            return Err(Kind::Invalid.into());
        }
        let header = bytes.get(HEADER..HEADER + 64);
        if let Some(header) = header {
            let present = u64::from_le_bytes(header[..8].try_into().expect("eight bytes"));
            // Compacted formats and reserved words would fault.
            if present & !components() != 0 || header[8..].iter().any(|&b| b != 0) {
                return Err(Kind::Invalid.into());
            }
        }
        self.reset();
        let target = self.bytes_mut();
        target[..bytes.len()].copy_from_slice(bytes);
        if header.is_none() && target.len() > LEGACY_SIZE {
            // Only x87 and SSE came.
            target[HEADER] = 3;
        }
        Ok(())
    }

    /// The bits of MXCSR that the CPU accepts.
    fn mxcsr_mask(&self) -> u32 {
        let bytes = self.bytes();
        let mask = u32::from_le_bytes([
            bytes[MXCSR_MASK_OFFSET],
            bytes[MXCSR_MASK_OFFSET + 1],
            bytes[MXCSR_MASK_OFFSET + 2],
            bytes[MXCSR_MASK_OFFSET + 3],
        ]);
        if mask == 0 {
            0xffbf
        } else {
            mask
        }
    }
}

impl Drop for FpuState {
    fn drop(&mut self) {
        // SAFETY: allocated with the same layout (the size is fixed before the first state is made).
        unsafe { dealloc(self.area.as_ptr(), layout()) };
    }
}
