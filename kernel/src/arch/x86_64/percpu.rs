//! What each CPU has of its own, reached through the GS base while in the kernel.
//!
//! [`PerCpu`] holds the CPU's descriptor tables, the pointer to the running thread and its [`ThreadCore`], the
//! part of a thread that `entry.S` reads. The field offsets that `entry.S` knows are checked below.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The thread should call the scheduler before it returns to user mode.
pub const NEED_RESCHED: u32 = 1 << 0;
/// The personality's `attention` should run before the thread returns to user mode.
pub const ATTENTION: u32 = 1 << 1;

/// Number of values that the entry stub can answer with.
pub const FAST_SLOTS: usize = 16;

/// The part of a thread that the entry stub reads.
#[derive(Debug, Default)]
#[repr(C)]
pub struct ThreadCore {
    /// What fast system calls return, by slot − 1 (see [`super::set_fast_call`]).
    pub fast_values: [AtomicU64; FAST_SLOTS],
    /// [`NEED_RESCHED`] and [`ATTENTION`]: what is to be done before user mode goes on.
    pub work: AtomicU32,
}

/// The hardware's task state segment (Intel SDM vol. 3, 8.7), which only holds stack pointers.
#[repr(C, packed(4))]
pub struct TaskState {
    reserved0: u32,
    /// The stack pointers for rings 0 to 2.
    pub rsp: [u64; 3],
    reserved1: u64,
    /// The interrupt stack table.
    pub ist: [u64; 7],
    reserved2: u64,
    reserved3: u16,
    io_map: u16,
}

/// One CPU's own data.
#[repr(C, align(64))]
pub struct PerCpu {
    /// Its own address.
    this: *mut PerCpu,
    /// The user's stack pointer, for the instant between `syscall` and the frame.
    user_rsp: u64,
    /// The running thread, as the scheduler gave it.
    thread: *const (),
    /// The running thread's [`ThreadCore`].
    core: *const ThreadCore,
    pub(super) task_state: TaskState,
    cpu_id: u32,
    pub(super) gdt: [u64; 10],
    /// Interrupt handlers that are running on this CPU.
    interrupt_depth: u32,
}

// What entry.S calls PERCPU_*, CORE_* and TSS_RSP0.
const _: () = assert!(offset_of!(PerCpu, user_rsp) == 8);
const _: () = assert!(offset_of!(PerCpu, core) == 24);
const _: () = assert!(offset_of!(PerCpu, task_state) + offset_of!(TaskState, rsp) == STACK_TOP);
const _: () = assert!(offset_of!(ThreadCore, work) == 128);
const STACK_TOP: usize = 36;

impl PerCpu {
    /// The CPU's number, from 0.
    pub(super) fn cpu_id(&self) -> u32 {
        self.cpu_id
    }
}

/// A per-CPU block that lives for ever.
#[repr(transparent)]
pub(super) struct PerCpuCell(UnsafeCell<PerCpu>);

// SAFETY: each block is used by its own CPU only (through GS), before that by the code that starts the CPU.
unsafe impl Sync for PerCpuCell {}

impl PerCpuCell {
    pub(super) const fn new(cpu_id: u32) -> Self {
        Self(UnsafeCell::new(PerCpu {
            this: core::ptr::null_mut(),
            user_rsp: 0,
            thread: core::ptr::null(),
            core: core::ptr::null(),
            task_state: TaskState {
                reserved0: 0,
                rsp: [0; 3],
                reserved1: 0,
                ist: [0; 7],
                reserved2: 0,
                reserved3: 0,
                io_map: size_of::<TaskState>() as u16,
            },
            cpu_id,
            gdt: [0; 10],
            interrupt_depth: 0,
        }))
    }
    pub(super) fn get(&'static self) -> *mut PerCpu {
        self.0.get()
    }
}

/// The boot CPU's block.
pub(super) static BOOT_CPU: PerCpuCell = PerCpuCell::new(0);

/// The core that is current before the first thread is: entry code finds no work in it.
static NO_THREAD: ThreadCore =
    ThreadCore { fast_values: [const { AtomicU64::new(0) }; FAST_SLOTS], work: AtomicU32::new(0) };

/// Makes `block` the running CPU's own; the CPU runs on the stack that ends at `stack_top`.
///
/// # Safety
/// `block` is valid for ever, used by no other CPU, and this runs once on each CPU before anything else here.
pub(super) unsafe fn install(block: *mut PerCpu, stack_top: usize) {
    // SAFETY: by the caller the block is valid and ours alone.
    unsafe {
        (*block).this = block;
        (*block).core = &NO_THREAD;
        (*block).task_state.rsp[0] = stack_top as u64;
        super::cpu::wrmsr(super::cpu::MSR_GS_BASE, block as u64);
        super::cpu::wrmsr(super::cpu::MSR_KERNEL_GS_BASE, 0);
    }
}

/// The running CPU's block. Only valid until the thread can move to another CPU.
#[inline]
pub(super) fn this() -> *mut PerCpu {
    let block;
    // SAFETY: in the kernel GS is the block's base and its first word is its address.
    unsafe { asm!("mov {}, gs:[0]", out(reg) block, options(nostack, preserves_flags, readonly)) };
    block
}

/// The running CPU's number, from 0.
#[inline]
pub fn cpu_id() -> u32 {
    let id: u32;
    // SAFETY: in the kernel GS is the block's base; the field is only written before the CPU runs.
    unsafe {
        asm!("mov {:e}, gs:[{}]", out(reg) id, const offset_of!(PerCpu, cpu_id),
             options(nostack, preserves_flags, readonly));
    }
    id
}

/// The running thread as given to [`set_current`], or null before the first.
#[inline]
pub fn current_thread() -> *const () {
    let thread;
    // SAFETY: in the kernel GS is the block's base. `pure` holds from a thread's view: it is always itself.
    unsafe {
        asm!("mov {}, gs:[{}]", out(reg) thread, const offset_of!(PerCpu, thread),
             options(nostack, preserves_flags, readonly, pure));
    }
    thread
}

/// Says which thread runs from now on: its pointer (for [`current_thread`]), the part that the entry stub reads,
/// and the top of its kernel stack. Called by the scheduler, interrupts off, just before the switch.
///
/// # Safety
/// `core` stays valid until another thread is current, and `stack_top` is the (16-byte aligned) end of a mapped
/// stack that only this thread uses.
#[inline]
pub unsafe fn set_current(thread: *const (), core: *const ThreadCore, stack_top: usize) {
    debug_assert!(stack_top % 16 == 0);
    let block = this();
    // SAFETY: the block is this CPU's own and interrupts are off.
    unsafe {
        (*block).thread = thread;
        (*block).core = core;
        (*block).task_state.rsp[0] = stack_top as u64;
    }
}

/// The end of the current thread's kernel stack.
#[inline]
pub fn kernel_stack_top() -> usize {
    let top;
    // SAFETY: in the kernel GS is the block's base. `pure` holds: a thread keeps its stack.
    unsafe {
        asm!("mov {}, gs:[{}]", out(reg) top, const STACK_TOP, options(nostack, preserves_flags, readonly, pure));
    }
    top
}

/// The current thread's work flags.
#[inline]
pub fn work() -> &'static AtomicU32 {
    // SAFETY: the core is valid while its thread is current, and the caller is that thread.
    unsafe { &(*(*this()).core).work }
}

/// Does the current thread have something to do before it returns to user mode?
#[inline]
pub fn has_work() -> bool {
    work().load(Ordering::Relaxed) != 0
}

/// Is an interrupt handler running on this CPU?
pub fn in_interrupt() -> bool {
    // SAFETY: the block is this CPU's own.
    unsafe { (*this()).interrupt_depth > 0 }
}

/// Counts a handler in (`true`) or out.
pub(super) fn count_interrupt(enter: bool) {
    // SAFETY: the block is this CPU's own, and interrupts are off around handlers.
    unsafe {
        let depth = &mut (*this()).interrupt_depth;
        *depth = if enter { *depth + 1 } else { *depth - 1 };
    }
}
