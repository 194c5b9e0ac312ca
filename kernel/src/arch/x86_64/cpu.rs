//! Control of the running CPU: interrupts, model-specific registers, segment bases, features.

use core::arch::asm;
use core::arch::x86_64::{__cpuid_count, CpuidResult};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(super) const MSR_GS_BASE: u32 = 0xc000_0101;
pub(super) const MSR_KERNEL_GS_BASE: u32 = 0xc000_0102;
pub(super) const MSR_FS_BASE: u32 = 0xc000_0100;
pub(super) const MSR_EFER: u32 = 0xc000_0080;
pub(super) const MSR_STAR: u32 = 0xc000_0081;
pub(super) const MSR_LSTAR: u32 = 0xc000_0082;
pub(super) const MSR_FMASK: u32 = 0xc000_0084;

/// Optional features, found by CPUID once at boot.
pub mod feature {
    pub const XSAVE: u32 = 1 << 0;
    pub const FSGSBASE: u32 = 1 << 1;
    pub const SMEP: u32 = 1 << 2;
    pub const SMAP: u32 = 1 << 3;
    pub const UMIP: u32 = 1 << 4;
    pub const NX: u32 = 1 << 5;
    pub const GIB_PAGES: u32 = 1 << 6;
    pub const RDRAND: u32 = 1 << 7;
    pub const APIC: u32 = 1 << 8;
    pub const RDTSCP: u32 = 1 << 9;
    pub const GLOBAL_PAGES: u32 = 1 << 10;
    pub const X2APIC: u32 = 1 << 11;
    pub const XSAVEOPT: u32 = 1 << 12;
    /// Restoring x87 registers leaves the addresses of the last instruction and operand as they were (AMD without
    /// XSaveErPtr).
    pub const FPU_POINTERS_STAY: u32 = 1 << 13;
}

static FEATURES: AtomicU32 = AtomicU32::new(0);

/// Does the CPU have this [`feature`]?
#[inline]
pub fn has(feature: u32) -> bool {
    FEATURES.load(Ordering::Relaxed) & feature != 0
}

/// May programs set their segment bases themselves?
pub fn has_fsgsbase() -> bool {
    has(feature::FSGSBASE)
}

/// Asks CPUID for the features. Runs once on the boot CPU, first of all.
pub(super) fn detect() {
    let one = cpuid(1, 0);
    let seven = cpuid(7, 0);
    let extended = cpuid(0x8000_0001, 0);
    let table = [
        (one.ecx, 26, feature::XSAVE),
        (seven.ebx, 0, feature::FSGSBASE),
        (seven.ebx, 7, feature::SMEP),
        (seven.ebx, 20, feature::SMAP),
        (seven.ecx, 2, feature::UMIP),
        (extended.edx, 20, feature::NX),
        (extended.edx, 26, feature::GIB_PAGES),
        (one.ecx, 30, feature::RDRAND),
        (one.edx, 9, feature::APIC),
        (extended.edx, 27, feature::RDTSCP),
        (one.edx, 13, feature::GLOBAL_PAGES),
        (one.ecx, 21, feature::X2APIC),
        (cpuid(0xd, 1).eax & (one.ecx >> 26 & 1), 0, feature::XSAVEOPT),
    ];
    let mut found =
        table.iter().filter(|(word, bit, _)| word >> bit & 1 != 0).fold(0, |all, (_, _, flag)| all | flag);
    let is_amd = cpuid(0, 0).ebx == u32::from_le_bytes(*b"Auth");
    if is_amd && cpuid(0x8000_0008, 0).ebx >> 2 & 1 == 0 {
        found |= feature::FPU_POINTERS_STAY;
    }
    FEATURES.store(found, Ordering::Relaxed);
}

/// The bits of CR4 that go with features, and those every CPU has: OSFXSR, OSXMMEXCPT.
const CONTROL_4: [(u32, u64); 6] = [
    (feature::GLOBAL_PAGES, 1 << 7),
    (feature::UMIP, 1 << 11),
    (feature::FSGSBASE, 1 << 16),
    (feature::XSAVE, 1 << 18),
    (feature::SMEP, 1 << 20),
    (feature::SMAP, 1 << 21),
];
const CONTROL_4_ALWAYS: u64 = 1 << 9 | 1 << 10;
const CONTROL_0_SET: u64 = 1 << 1 | 1 << 5 | 1 << 16; // MP, NE, WP
const CONTROL_0_CLEAR: u64 = 1 << 2 | 1 << 3; // EM, TS (until `fpu::init` is through)
pub(super) const NO_EXECUTE_ENABLE: u64 = 1 << 11;

/// Makes page tables with no-execute entries legal on this CPU. Before any is loaded.
pub(super) fn enable_no_execute() {
    if has(feature::NX) {
        // SAFETY: the CPU has the bit, and no page table uses it yet.
        unsafe { wrmsr(MSR_EFER, rdmsr(MSR_EFER) | NO_EXECUTE_ENABLE) };
    }
}

/// Switches on what this CPU has: protections, vector registers.
pub(super) fn init() {
    let wanted =
        CONTROL_4.iter().filter(|(flag, _)| has(*flag)).fold(CONTROL_4_ALWAYS, |all, (_, bit)| all | bit);
    // SAFETY: the CPU has these features; kernel code touches user memory only between STAC and CLAC, executes
    // none of it, and writes to no read-only page.
    unsafe {
        let (mut control_0, mut control_4): (u64, u64);
        asm!("mov {}, cr0; mov {}, cr4", out(reg) control_0, out(reg) control_4, options(nostack, preserves_flags));
        control_0 = (control_0 | CONTROL_0_SET) & !CONTROL_0_CLEAR;
        control_4 |= wanted;
        asm!("mov cr0, {}; mov cr4, {}", in(reg) control_0, in(reg) control_4, options(nostack, preserves_flags));
    }
    super::fpu::init();
}

/// A leaf of CPUID; all zero if the CPU lacks it.
#[allow(unused_unsafe, reason = "the intrinsic is unsafe to older compilers only")]
pub(super) fn cpuid(leaf: u32, sub: u32) -> CpuidResult {
    // SAFETY: every x86_64 CPU has CPUID. The first leaf of a group tells its last; without a hypervisor, the
    // hypervisor's group answers like an unknown leaf, and callers check that there is one.
    let highest = unsafe { __cpuid_count(leaf & 0xc000_0000, 0) }.eax;
    if leaf > highest {
        return CpuidResult { eax: 0, ebx: 0, ecx: 0, edx: 0 };
    }
    // SAFETY: the leaf is there.
    unsafe { __cpuid_count(leaf, sub) }
}

/// The feature word that Linux calls AT_HWCAP: CPUID leaf 1, EDX.
pub fn hardware_capabilities() -> u32 {
    cpuid(1, 0).edx
}

/// Reads a model-specific register.
///
/// # Safety
/// The register exists.
#[inline]
pub(super) unsafe fn rdmsr(register: u32) -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: by the caller.
    unsafe {
        asm!("rdmsr", in("ecx") register, out("eax") low, out("edx") high, options(nostack, preserves_flags));
    }
    u64::from(high) << 32 | u64::from(low)
}

/// Writes a model-specific register.
///
/// # Safety
/// The register exists, accepts the value, and what it changes breaks no memory safety.
#[inline]
pub(super) unsafe fn wrmsr(register: u32, value: u64) {
    // SAFETY: by the caller.
    unsafe {
        asm!("wrmsr", in("ecx") register, in("eax") value as u32, in("edx") (value >> 32) as u32,
             options(nostack, preserves_flags));
    }
}

/// Are interrupts on?
#[inline]
pub fn interrupts_enabled() -> bool {
    let flags: u64;
    // SAFETY: reads the flags by way of the stack.
    unsafe { asm!("pushfq; pop {}", out(reg) flags, options(preserves_flags)) };
    flags & super::frame::INTERRUPT_FLAG != 0
}

/// Turns interrupts off.
#[inline]
pub fn irq_disable() {
    // SAFETY: only defers interrupts.
    unsafe { asm!("cli", options(nostack)) };
}

/// Turns interrupts on.
#[inline]
pub fn irq_enable() {
    // SAFETY: handlers are installed before the first call.
    unsafe { asm!("sti", options(nostack)) };
}

/// Turns interrupts off and says whether they were on, for [`irq_restore`].
#[inline]
#[must_use]
pub fn irq_disable_save() -> bool {
    let enabled = interrupts_enabled();
    irq_disable();
    enabled
}

/// Turns interrupts on again if they were.
#[inline]
pub fn irq_restore(enabled: bool) {
    if enabled {
        irq_enable();
    }
}

/// Waits for an interrupt. Called with interrupts off (so that what is waited for cannot slip in between the
/// check and the halt) and returns with interrupts off, after handlers ran.
#[inline]
pub fn halt() {
    // SAFETY: `sti` takes effect after the next instruction, so no interrupt comes between it and `hlt`.
    unsafe { asm!("sti; hlt; cli", options(nostack)) };
}

/// Stops this CPU for good.
pub fn halt_forever() -> ! {
    loop {
        // SAFETY: with interrupts off the CPU just stops.
        unsafe { asm!("cli; hlt", options(nostack)) };
    }
}

/// The running thread's FS base (thread-local storage).
#[inline]
pub fn fs_base() -> u64 {
    if has(feature::FSGSBASE) {
        let base;
        // SAFETY: the feature is there and enabled (see `cpu::init`).
        unsafe { asm!("rdfsbase {}", out(reg) base, options(nomem, nostack, preserves_flags)) };
        return base;
    }
    // SAFETY: the register exists on every x86_64 CPU.
    unsafe { rdmsr(MSR_FS_BASE) }
}

/// Can programs set the bases of FS and GS by themselves?
#[inline]
pub fn user_sets_bases() -> bool {
    has(feature::FSGSBASE)
}

/// Sets the running thread's FS base. The kernel itself does not use FS.
///
/// # Panics
/// In debug builds, if the address is not a user address: a non-canonical one would fault here.
#[inline]
pub fn set_fs_base(base: u64) {
    debug_assert!(base < super::USER_TOP as u64);
    if has(feature::FSGSBASE) {
        // SAFETY: the feature is there and enabled; the kernel does not use FS.
        unsafe { asm!("wrfsbase {}", in(reg) base, options(nomem, nostack, preserves_flags)) };
    } else {
        // SAFETY: the register exists on every x86_64 CPU; the kernel does not use FS.
        unsafe { wrmsr(MSR_FS_BASE, base) }
    }
}

/// The running thread's GS base as user mode sees it.
#[inline]
pub fn user_gs_base() -> u64 {
    // SAFETY: in the kernel the user's base is in this register, which every x86_64 CPU has.
    unsafe { rdmsr(MSR_KERNEL_GS_BASE) }
}

/// Sets the running thread's GS base as user mode will see it.
#[inline]
pub fn set_user_gs_base(base: u64) {
    debug_assert!(base < super::USER_TOP as u64);
    // SAFETY: in the kernel the user's base is in this register; the kernel's own is not touched.
    unsafe { wrmsr(MSR_KERNEL_GS_BASE, base) }
}

static ENTROPY: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);

/// 64 bits that are hard to guess: RDRAND where the CPU has it, always mixed with the counter and with what was
/// drawn before. A seed, not a generator.
pub fn entropy() -> u64 {
    let mut word = super::tsc();
    if has(feature::RDRAND) {
        let (mut random, mut ok): (u64, u8);
        for _ in 0..10 {
            // SAFETY: the feature is there.
            unsafe { asm!("rdrand {}; setc {}", out(reg) random, out(reg_byte) ok, options(nomem, nostack)) };
            if ok != 0 {
                word ^= random;
                break;
            }
        }
    }
    // A finaliser with full avalanche (SplitMix64's constants).
    word = word.wrapping_add(ENTROPY.load(Ordering::Relaxed));
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^= word >> 31;
    ENTROPY.fetch_add(word | 1, Ordering::Relaxed);
    word
}
