//! Starting the other CPUs (Intel SDM vol. 3, 8.4): one after the other, each from the page that `launch.S`
//! describes, onto the stack of its idle thread.

use alloc::boxed::Box;
use core::time::Duration;

use super::boot::LAUNCH_SIZE;
use super::descriptors::{self, TrapStacks};
use super::percpu::{self, PerCpuCell};
use super::{acpi, apic, cpu, ipi, irq, paging, phys_to_virt, physmap, tsc, BootInfo, MAX_CPUS, PAGE_SIZE};
use crate::mm::frame;
use crate::sched;
use crate::{Kind, Result};

extern "C" {
    static launch_begin: u8;
    static launch_end: u8;
    static launch_long: u8;
    static launch_descriptors: u8;
    static launch_root: u8;
    static launch_efer: u8;
    static launch_gdt: u8;
    static launch_far: u8;
    static launch_stack: u8;
    static launch_entry: u8;
    static launch_argument: u8;
}

const PRESENT_WRITABLE: u64 = 0x3;
const LARGE: u64 = 0x80;
const LONG_MODE: u64 = 1 << 8;
/// How long a CPU may take to come up.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a CPU is given after its reset, and between two attempts to start it.
const PAUSE: Duration = Duration::from_micros(200);

/// What a CPU finds when it starts.
struct Start {
    id: u32,
    block: &'static PerCpuCell,
    stacks: &'static TrapStacks,
    idle: sched::IdleThread,
}

/// The page that CPUs start from, with page tables behind it.
struct Launch {
    physical: u64,
}

impl Launch {
    /// The kernel's address of one of the symbols in the copy.
    fn place(&self, symbol: *const u8) -> usize {
        phys_to_virt(self.physical) + (symbol as usize - &raw const launch_begin as usize)
    }

    fn physical_of(&self, symbol: *const u8) -> u64 {
        self.physical + (symbol as usize - &raw const launch_begin as usize) as u64
    }

    fn set<T>(&self, symbol: *const u8, offset: usize, value: T) {
        // SAFETY: the symbols are in the copy, which is memory that only this code uses; no CPU runs there now.
        unsafe { ((self.place(symbol) + offset) as *mut T).write_unaligned(value) };
    }

    /// Copies the code, and makes tables that map the kernel and, where it is, the first 2 MiB.
    fn new(physical: u64) -> Self {
        let launch = Self { physical };
        let length = &raw const launch_end as usize - &raw const launch_begin as usize;
        debug_assert!(length <= PAGE_SIZE && LAUNCH_SIZE >= 4 * PAGE_SIZE as u64);
        let [root, gibs, pages] = [1, 2, 3].map(|page| physical + page * PAGE_SIZE as u64);
        let table = |address: u64| phys_to_virt(address) as *mut u64;
        // SAFETY: the boot code set the four pages aside; they are mapped, and nobody else uses them.
        unsafe {
            core::ptr::copy_nonoverlapping(
                &raw const launch_begin,
                phys_to_virt(physical) as *mut u8,
                length,
            );
            let kernel = phys_to_virt(physmap::kernel_root()) as *const u64;
            core::ptr::copy_nonoverlapping(kernel, table(root), PAGE_SIZE / size_of::<u64>());
            core::ptr::write_bytes(table(gibs).cast::<u8>(), 0, 2 * PAGE_SIZE);
            table(root).write(gibs | PRESENT_WRITABLE);
            table(gibs).write(pages | PRESENT_WRITABLE);
            table(pages).write(PRESENT_WRITABLE | LARGE);
        }
        let no_execute = if cpu::has(cpu::feature::NX) { cpu::NO_EXECUTE_ENABLE } else { 0 };
        launch.set(&raw const launch_root, 0, root);
        launch.set(&raw const launch_efer, 0, LONG_MODE | no_execute);
        launch.set(&raw const launch_gdt, 2, launch.physical_of(&raw const launch_descriptors) as u32);
        launch.set(&raw const launch_far, 0, launch.physical_of(&raw const launch_long) as u32);
        launch.set(&raw const launch_entry, 0, start_here as extern "C" fn(*const Start) -> ! as usize);
        launch
    }

    /// Starts one CPU and waits until it runs threads.
    fn start(&self, apic_id: u32, start: &'static Start) -> Result<()> {
        self.set(&raw const launch_stack, 0, start.idle.stack_top());
        self.set(&raw const launch_argument, 0, core::ptr::from_ref(start) as usize);
        apic::send(apic_id, apic::INIT);
        pause(PAUSE);
        let before = sched::online_cpus();
        let begun = tsc::nanoseconds();
        while sched::online_cpus() == before {
            if u128::from(tsc::nanoseconds() - begun) > PATIENCE.as_nanos() {
                apic::send(apic_id, apic::INIT);
                return Err(Kind::TimedOut.into());
            }
            // A second one does nothing to a CPU that has heard the first.
            apic::send(apic_id, apic::START_UP | (self.physical >> 12) as u32);
            pause(PAUSE);
        }
        Ok(())
    }
}

fn pause(duration: Duration) {
    let begun = tsc::nanoseconds();
    while u128::from(tsc::nanoseconds() - begun) < duration.as_nanos() {
        core::hint::spin_loop();
    }
}

/// Starts the other CPUs that the firmware tells of, `most` at most with this one. They run threads then.
pub fn start_others(info: &BootInfo, most: usize) {
    let own = apic::id();
    ipi::set_apic_id(percpu::cpu_id(), own);
    let set_node = |id: u32, apic_id: u32| {
        let node = acpi::platform().map_or(0, |platform| platform.numa.node_of_processor(apic_id));
        frame::set_node_of_cpu(id as usize, node);
    };
    set_node(percpu::cpu_id(), own);
    let (Some(platform), Some(place)) = (acpi::platform(), info.launch) else { return };
    let others = platform.apics().iter().copied().filter(|&id| id != own && apic::can_reach(id));
    if !apic::present() || others.clone().next().is_none() || most < 2 {
        return;
    }
    let launch = Launch::new(place);
    for (id, apic_id) in (1..most.min(MAX_CPUS) as u32).zip(others) {
        ipi::set_apic_id(id, apic_id);
        set_node(id, apic_id);
        if let Err(error) = prepare(id).and_then(|start| launch.start(apic_id, start)) {
            log::error!("CPU {id} (APIC {apic_id}) does not start ({error:?})");
            break;
        }
    }
    log::info!("{} of {} CPUs run", sched::online_cpus(), platform.processors);
}

/// Memory for a new value that lives for ever.
fn keep<T>(value: T) -> Result<&'static T> {
    let layout = core::alloc::Layout::new::<T>();
    // SAFETY: none of the types that are kept has size 0.
    let place = unsafe { alloc::alloc::alloc(layout) }.cast::<T>();
    if place.is_null() {
        return Err(Kind::NoMemory.into());
    }
    // SAFETY: the place was just allocated for a `T`.
    Ok(unsafe {
        place.write(value);
        Box::leak(Box::from_raw(place))
    })
}

fn prepare(id: u32) -> Result<&'static Start> {
    let (block, stacks) = (keep(PerCpuCell::new(id))?, keep(TrapStacks::new())?);
    keep(Start { id, block, stacks, idle: sched::prepare_cpu(id)? })
}

/// Where `launch.S` leads.
extern "C" fn start_here(start: *const Start) -> ! {
    // SAFETY: the starter passes what it keeps for ever.
    let start = unsafe { &*start };
    // SAFETY: the block and the stacks are this CPU's alone, and this is their first use. The kernel's tables map
    // all that is in use from here on.
    unsafe {
        percpu::install(start.block.get(), start.idle.stack_top());
        descriptors::load(start.block.get(), start.stacks);
        paging::load(physmap::kernel_root());
    }
    cpu::init();
    irq::init_this_cpu();
    debug_assert!(percpu::cpu_id() == start.id);
    start.idle.run()
}
