//! Copying between private memory and memory that somebody else may be writing.
//!
//! Each byte is accessed as by a relaxed atomic: what a scribbler does meanwhile makes the bytes wrong, and is no
//! data race. The kernel, which keeps off the vector registers, and processors without AVX use the string
//! instruction; elsewhere a loop with AVX does it in less time, and needs none to get going.

/// Which side of a copy others may touch.
#[derive(Clone, Copy)]
pub enum Shares {
    Source,
    Target,
}

pub use means::Copier;

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri), not(loom)))]
mod means {
    use core::arch::asm;
    use core::arch::x86_64::__cpuid;

    use super::Shares;

    /// Bytes that one turn of the loop copies.
    const BLOCK: usize = 64;
    /// In ECX of leaf 1: the system saves extended state on a switch, and the processor has AVX.
    const OSXSAVE_AND_AVX: u32 = 3 << 27;
    /// In XCR0: SSE and AVX state is among what is saved.
    const SSE_AND_AVX: u32 = 6;

    /// What this processor copies with.
    #[derive(Clone, Copy, Debug)]
    pub struct Copier {
        wide: bool,
    }

    impl Copier {
        /// Asks the processor, which may take a microsecond under a hypervisor.
        pub fn new() -> Self {
            #[allow(
                unused_unsafe,
                reason = "the intrinsic became a safe function after the oldest compiler we take"
            )]
            // SAFETY: every x86-64 processor has the instruction.
            let features = unsafe { __cpuid(1) }.ecx;
            Self {
                wide: features & OSXSAVE_AND_AVX == OSXSAVE_AND_AVX
                    && saved_state() & SSE_AND_AVX == SSE_AND_AVX,
            }
        }

        /// # Safety
        ///
        /// `count` bytes can be read at `from` and written at `to`, they don't overlap, and others touch only the
        /// side that is shared.
        #[inline]
        pub unsafe fn copy(self, from: *const u8, to: *mut u8, count: usize, _shared: Shares) {
            // SAFETY: the caller's promise is all that either needs.
            unsafe {
                if self.wide && count >= BLOCK {
                    blocks(from, to, count);
                } else {
                    string(from, to, count);
                }
            }
        }
    }

    /// The low half of XCR0. Only asked where the system has turned XSAVE on.
    fn saved_state() -> u32 {
        let low;
        // SAFETY: OSXSAVE says that the instruction may be used; `&&` has it looked at first.
        unsafe { asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") _, options(nomem, nostack)) };
        low
    }

    /// # Safety
    ///
    /// As for [`Copier::copy`].
    #[inline]
    unsafe fn string(from: *const u8, to: *mut u8, count: usize) {
        // SAFETY: as the caller promises; the direction flag is clear in Rust code.
        unsafe {
            asm!(
                "rep movsb",
                inout("rcx") count => _,
                inout("rsi") from => _,
                inout("rdi") to => _,
                options(nostack, preserves_flags),
            );
        }
    }

    /// The last block ends where the bytes end, so it may copy some a second time.
    ///
    /// # Safety
    ///
    /// As for [`Copier::copy`]; `count` is at least [`BLOCK`], and the processor has AVX.
    #[inline]
    unsafe fn blocks(from: *const u8, to: *mut u8, count: usize) {
        // SAFETY: as the caller promises. The offset counts up from `BLOCK - count` to zero, the last block's.
        unsafe {
            asm!(
                "test {offset}, {offset}",
                "jz 3f",
                "2:",
                "vmovdqu ymm0, [{from} + {offset}]",
                "vmovdqu ymm1, [{from} + {offset} + 32]",
                "vmovdqu [{to} + {offset}], ymm0",
                "vmovdqu [{to} + {offset} + 32], ymm1",
                "add {offset}, 64",
                "js 2b",
                "3:",
                "vmovdqu ymm0, [{from}]",
                "vmovdqu ymm1, [{from} + 32]",
                "vmovdqu [{to}], ymm0",
                "vmovdqu [{to} + 32], ymm1",
                "vzeroupper",
                from = in(reg) from.add(count - BLOCK),
                to = in(reg) to.add(count - BLOCK),
                offset = inout(reg) BLOCK as isize - count as isize => _,
                out("xmm0") _,
                out("xmm1") _,
                options(nostack),
            );
        }
    }
}

#[cfg(all(target_arch = "x86_64", not(target_feature = "sse2"), not(miri), not(loom)))]
mod means {
    use super::Shares;

    /// The string instruction.
    #[derive(Clone, Copy, Debug)]
    pub struct Copier;

    impl Copier {
        pub const fn new() -> Self {
            Self
        }

        /// # Safety
        ///
        /// `count` bytes can be read at `from` and written at `to`, they don't overlap, and others touch only the
        /// side that is shared.
        #[inline]
        pub unsafe fn copy(self, from: *const u8, to: *mut u8, count: usize, _shared: Shares) {
            // SAFETY: as the caller promises; the direction flag is clear in Rust code.
            unsafe {
                core::arch::asm!(
                    "rep movsb",
                    inout("rcx") count => _,
                    inout("rsi") from => _,
                    inout("rdi") to => _,
                    options(nostack, preserves_flags),
                );
            }
        }
    }
}

#[cfg(any(not(target_arch = "x86_64"), miri, loom))]
mod means {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Shares;

    /// Atomic bytes, one by one.
    #[derive(Clone, Copy, Debug)]
    pub struct Copier;

    impl Copier {
        pub const fn new() -> Self {
            Self
        }

        /// # Safety
        ///
        /// `count` bytes can be read at `from` and written at `to`, they don't overlap, and others touch only the
        /// side that is shared.
        pub unsafe fn copy(self, from: *const u8, to: *mut u8, count: usize, shared: Shares) {
            for i in 0..count {
                // SAFETY: `i` is less than `count`; the shared side is only ever accessed atomically, the other is ours.
                unsafe {
                    match shared {
                        Shares::Source => {
                            *to.add(i) = AtomicU8::from_ptr(from.add(i).cast_mut()).load(Ordering::Relaxed);
                        }
                        Shares::Target => {
                            AtomicU8::from_ptr(to.add(i)).store(*from.add(i), Ordering::Relaxed)
                        }
                    }
                }
            }
        }
    }
}
