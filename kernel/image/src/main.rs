//! The Exo-OS kernel image. [`kernel_main`] is the boot order, top to bottom.
#![no_std]
#![no_main]

extern crate alloc;

mod init;
mod root;

use exo_kernel::arch::{self, BootInfo};
use exo_kernel::{dev, klog, mm, params, sched, time, vfs};

/// Below this nothing useful can run.
const LEAST_MEMORY: u64 = 4 << 20;

/// Where `boot.S` leads: 64-bit mode, on the boot stack, interrupts off.
#[no_mangle]
extern "C" fn kernel_main(loader: u32, information: u32) -> ! {
    // SAFETY: this is the first Rust code to run, once, with what `boot.S` passed on.
    let boot = unsafe { arch::init_early(loader, information) };
    params::init(boot.cmdline);
    klog::apply_params();
    log::info!("Exo-OS {}", env!("CARGO_PKG_VERSION"));
    params::warn_unknown();

    check_memory(boot);
    arch::read_firmware(boot);
    mm::init(boot);
    arch::init_interrupts();
    time::init().unwrap_or_else(|error| no_memory("clocks", error));
    sched::init().unwrap_or_else(|error| no_memory("threads", error));
    arch::cpu::irq_enable();
    time::start_worker().unwrap_or_else(|error| no_memory("timers", error));
    arch::start_others(boot, params::number("maxcpus").unwrap_or(arch::MAX_CPUS));

    vfs::init().unwrap_or_else(|error| no_memory("files", error));
    dev::nodes::init().unwrap_or_else(|error| no_memory("devices", error));
    root::populate(boot);

    posix_x::init().unwrap_or_else(|error| no_memory("the personality", error));
    log::info!("{} KiB of memory free", (mm::free_frames() * mm::PAGE_SIZE) >> 10);
    init::start();
    sched::exit_current()
}

/// A machine that is too small is told so, instead of failing somewhere later.
fn check_memory(boot: &BootInfo) {
    let usable: u64 = boot.memory.iter().filter(|r| r.usable).map(|r| r.end - r.start).sum();
    if usable < LEAST_MEMORY {
        let (usable, least) = (usable >> 10, LEAST_MEMORY >> 10);
        arch::panic::give_up(format_args!(
            "only {usable} KiB of memory are free, at least {least} are needed"
        ));
    }
}

fn no_memory<T>(what: &str, error: exo_kernel::Error) -> T {
    arch::panic::give_up(format_args!("not enough memory for {what} ({error:?})"))
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    arch::panic::rust_panic(info)
}
