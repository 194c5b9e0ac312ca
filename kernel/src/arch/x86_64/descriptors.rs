//! Segment and interrupt descriptors (Intel SDM vol. 3, 3.4 and 6.14): flat segments in the order that SYSCALL
//! and SYSRET want, a task state segment with stacks for what may come at any instruction, and 256 gates.

use core::arch::asm;
use core::cell::UnsafeCell;

use super::cpu::{self, MSR_EFER, MSR_FMASK, MSR_LSTAR, MSR_STAR};
use super::percpu::{PerCpu, TaskState};

const KERNEL_CS: u16 = 0x10;
const KERNEL_SS: u16 = 0x18;
/// SYSRET takes its segments from here: SS from the next entry, CS from the one after.
const USER_BASE: u16 = 0x20;
const TASK_SELECTOR: u16 = 0x40;
/// A segment whose limit is the CPU's number: programs ask for it by LSL (selector 0x3b, see the vDSO).
const NUMBER_SEGMENT: u64 = 0x0040_f100_0000_0000;

const CODE_64: u64 = 0x00af_9b00_0000_ffff;
const CODE_32: u64 = 0x00cf_9b00_0000_ffff;
const DATA: u64 = 0x00cf_9300_0000_ffff;
const RING_3: u64 = 3 << 45;

/// Flags that a system call starts without: TF, IF, DF, IOPL, NT, RF, AC, ID.
const SYSCALL_MASK: u64 = 0x0025_7700;
const SYSCALL_ENABLE: u64 = 1;

const BREAKPOINT: usize = 3;
const OVERFLOW: usize = 4;
/// The vectors that have stacks of their own, with their places in the interrupt stack table.
pub(super) const NMI: u64 = 2;
pub(super) const DOUBLE_FAULT: u64 = 8;
pub(super) const MACHINE_CHECK: u64 = 18;
const STACKED: [(u64, u8); 3] = [(DOUBLE_FAULT, 1), (NMI, 2), (MACHINE_CHECK, 3)];
const STACK_SIZE: usize = 0x2000;

/// The stacks for [`STACKED`].
#[repr(C, align(16))]
pub(super) struct TrapStacks(UnsafeCell<[[u8; STACK_SIZE]; STACKED.len()]>);
// SAFETY: each is used by the one CPU whose task state points there.
unsafe impl Sync for TrapStacks {}

impl TrapStacks {
    pub(super) const fn new() -> Self {
        Self(UnsafeCell::new([[0; STACK_SIZE]; STACKED.len()]))
    }
}

static BOOT_TRAP_STACKS: TrapStacks = TrapStacks::new();

/// A gate: where to go, and how.
#[derive(Clone, Copy)]
#[repr(C)]
struct Gate {
    offset_low: u16,
    selector: u16,
    stack: u8,
    kind: u8,
    offset_middle: u16,
    offset_high: u32,
    reserved: u32,
}

const INTERRUPT_GATE: u8 = 0x8e;
const USER_INTERRUPT_GATE: u8 = 0xee;
const STUB_SIZE: usize = 16;

#[repr(C, align(16))]
struct Gates(UnsafeCell<[Gate; 256]>);
// SAFETY: written once, before interrupts are on; the CPUs only read it.
unsafe impl Sync for Gates {}
const NO_GATE: Gate =
    Gate { offset_low: 0, selector: 0, stack: 0, kind: 0, offset_middle: 0, offset_high: 0, reserved: 0 };
static GATES: Gates = Gates(UnsafeCell::new([NO_GATE; 256]));

#[repr(C, packed)]
struct TablePointer {
    limit: u16,
    base: u64,
}

extern "C" {
    static entry_stubs: u8;
}

/// Fills the gates. Runs once.
fn fill_gates() {
    let gates = GATES.0.get();
    for vector in 0..256 {
        let address = &raw const entry_stubs as usize + vector * STUB_SIZE;
        let stack =
            STACKED.iter().find(|(stacked, _)| *stacked == vector as u64).map_or(0, |(_, place)| *place);
        let user = vector == BREAKPOINT || vector == OVERFLOW;
        // SAFETY: the index is below 256, and nothing reads the gates yet.
        unsafe {
            (*gates)[vector] = Gate {
                offset_low: address as u16,
                selector: KERNEL_CS,
                stack,
                kind: if user { USER_INTERRUPT_GATE } else { INTERRUPT_GATE },
                offset_middle: (address >> 16) as u16,
                offset_high: (address >> 32) as u32,
                reserved: 0,
            };
        }
    }
}

/// The two halves of the descriptor of a task state segment.
fn task_descriptor(base: u64) -> (u64, u64) {
    let limit = size_of::<TaskState>() as u64 - 1;
    let low = limit | (base & 0xff_ffff) << 16 | 0x89 << 40 | (base >> 24 & 0xff) << 56;
    (low, base >> 32)
}

/// Loads the tables on the boot CPU.
///
/// # Safety
/// Runs once, with `block` installed as the CPU's own.
pub(super) unsafe fn init_boot_cpu(block: *mut PerCpu) {
    fill_gates();
    // SAFETY: by the caller; the stacks are the boot CPU's.
    unsafe { load(block, &BOOT_TRAP_STACKS) };
}

/// Loads all descriptor tables on the running CPU and makes SYSCALL work.
///
/// # Safety
/// `block` is the CPU's own, and nobody else uses `stacks`.
pub(super) unsafe fn load(block: *mut PerCpu, stacks: &'static TrapStacks) {
    // SAFETY: `block` is ours by the caller; the pointers below stay valid, since block and gates live for ever.
    unsafe {
        let task = &raw mut (*block).task_state;
        for (index, (_, place)) in STACKED.iter().enumerate() {
            let end = (&raw mut (*stacks.0.get())[index]) as usize + STACK_SIZE;
            // `paranoid` finds the block right above where its stack begins.
            let top = end - 16;
            (top as *mut *mut PerCpu).write(block);
            let mut ist = (*task).ist;
            ist[usize::from(*place) - 1] = top as u64;
            (*task).ist = ist;
        }
        let (low, high) = task_descriptor(task as u64);
        // The number is below MAX_CPUS, so it fits in the lowest bits of the limit.
        let number = NUMBER_SEGMENT | u64::from((*block).cpu_id());
        (*block).gdt =
            [0, CODE_32, CODE_64, DATA, CODE_32 | RING_3, DATA | RING_3, CODE_64 | RING_3, number, low, high];
        let gdt =
            TablePointer { limit: (size_of::<[u64; 10]>() - 1) as u16, base: &raw const (*block).gdt as u64 };
        let idt = TablePointer { limit: (size_of::<[Gate; 256]>() - 1) as u16, base: GATES.0.get() as u64 };
        asm!(
            "lgdt [{gdt}]",
            "push {cs}",
            "lea {scratch}, [rip + 2f]",
            "push {scratch}",
            "retfq",
            "2:",
            "mov ss, {ss:e}",
            "mov ds, {zero:e}",
            "mov es, {zero:e}",
            "lidt [{idt}]",
            "ltr {task:x}",
            gdt = in(reg) &gdt,
            idt = in(reg) &idt,
            cs = in(reg) u64::from(KERNEL_CS),
            ss = in(reg) u32::from(KERNEL_SS),
            zero = in(reg) 0u32,
            task = in(reg) TASK_SELECTOR,
            scratch = out(reg) _,
        );
        cpu::wrmsr(MSR_STAR, u64::from(USER_BASE) << 48 | u64::from(KERNEL_CS) << 32);
        cpu::wrmsr(MSR_LSTAR, super::syscall::entry(false));
        cpu::wrmsr(MSR_FMASK, SYSCALL_MASK);
        cpu::wrmsr(MSR_EFER, cpu::rdmsr(MSR_EFER) | SYSCALL_ENABLE);
    }
}
