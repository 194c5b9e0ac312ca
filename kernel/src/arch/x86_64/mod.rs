//! x86_64: boot, traps, interrupts, per-CPU state, user memory access, timers and power.
//!
//! The assembly files hold what Rust cannot say: `boot.S` (power-on to Rust), `entry.S` (system calls,
//! exceptions, interrupts), `switch.S` (threads) and `usercopy.S` (user memory). Each states its
//! register contract at the top.

mod acpi;
mod apic;
pub mod boot;
pub mod cpu;
pub mod describe;
mod descriptors;
pub mod early_serial;
pub mod fpu;
pub mod frame;
pub mod ipi;
pub mod irq;
pub mod paging;
pub mod panic;
pub mod percpu;
mod physmap;
mod pic;
pub mod pio;
pub mod power;
mod rtc;
pub mod smp;
mod symbols;
pub mod syscall;
pub mod thread;
pub mod timer;
mod traps;
pub mod tsc;
pub mod usercopy;

pub use acpi::memory_nodes;
pub use boot::{BootInfo, MemoryRegion};
pub use cpu::{entropy, halt, halt_forever, interrupts_enabled, irq_disable_save, irq_restore};
pub use cpu::{fs_base, set_fs_base, set_user_gs_base, user_gs_base, user_sets_bases};
pub use fpu::FpuState;
pub use frame::{user_frame, UserFrame};
pub use percpu::{cpu_id, ThreadCore};
pub use physmap::kernel_root;
pub use power::{poweroff, reboot};
pub use rtc::rtc_read;
pub use smp::start_others;
pub use syscall::{set_fast_call, set_interception, set_lean_call};
pub use thread::enter_user;
pub use tsc::{nanoseconds, tsc, tsc_hz};

/// All physical memory, mapped once (writable, never executable).
pub const PHYS_MAP: usize = 0xffff_8800_0000_0000;
/// Kernel mappings made at run time: guarded stacks.
pub const KERNEL_VIRT: usize = 0xffff_c900_0000_0000;
/// Where the kernel image is linked: physical address 0.
pub const KERNEL_IMAGE: usize = 0xffff_ffff_8000_0000;
/// The lowest address that a user program may map.
pub const USER_MIN: usize = 0x1_0000;
/// The end of user memory. The page below the canonical boundary is left out, so that the instruction after
/// a `syscall` always has a canonical address.
pub const USER_TOP: usize = 0x0000_7fff_ffff_f000;
/// CPUs that the kernel can use.
pub const MAX_CPUS: usize = 32;
/// Bytes of a page.
pub const PAGE_SIZE: usize = 4096;

/// The kernel's address of physical memory.
#[inline]
pub const fn phys_to_virt(physical: u64) -> usize {
    PHYS_MAP + physical as usize
}

extern "C" {
    static boot_stack_top: u8;
}

/// Takes the machine over on the boot CPU, before there is a heap: log on the serial port, CPU features,
/// descriptor tables, the final page tables. What the loader told comes back.
///
/// # Safety
/// Runs once, first of all, with what `boot.S` passed on.
pub unsafe fn init_early(loader: u32, information: u32) -> &'static BootInfo {
    timer::note_boot();
    early_serial::init();
    crate::klog::init();
    cpu::detect();
    // SAFETY: the block is the boot CPU's, and this is the first use.
    unsafe {
        percpu::install(percpu::BOOT_CPU.get(), &raw const boot_stack_top as usize);
        descriptors::init_boot_cpu(percpu::BOOT_CPU.get());
    }
    cpu::enable_no_execute();
    // SAFETY: by the caller.
    let info = unsafe { boot::start(loader, information) };
    usercopy::enable_smap();
    cpu::init();
    info
}

/// Reads what the firmware tells about the machine.
pub fn read_firmware(info: &BootInfo) {
    acpi::init(info.rsdp);
}

/// Finds interrupt controllers and timers and measures the clocks. Interrupts stay off.
pub fn init_interrupts() {
    irq::init();
    timer::init();
}
