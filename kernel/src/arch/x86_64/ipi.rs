//! Interrupts from one CPU to another: look at your run queue, run a function, stop.
//!
//! Each CPU has a mailbox with the one request that it has made of others, and a word in which others say that
//! they have made one of it; so requests that come together are served by one interrupt. A CPU that waits for
//! others has its interrupts on, and serves theirs meanwhile. That no two CPUs wait for each other for ever rests
//! on two rules: nobody waits here with interrupts off, hence with an [`crate::sync::IrqLock`] held; and no
//! [`crate::sync::SpinLock`] (which a CPU that waits here may hold) is waited for with interrupts off.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::{apic, cpu, percpu, MAX_CPUS};

/// Look at your run queue: all there is to do is to leave the halt, or to pass the way back to user mode.
pub(super) const RESCHEDULE_VECTOR: u8 = 0xe1;
/// There is something in your mailbox.
pub(super) const CALL_VECTOR: u8 = 0xe2;

/// What a CPU may be asked to run, with two words that the caller knows. Interrupts are off.
pub type Function = fn(usize, usize);

#[repr(align(64))]
struct Mailbox {
    /// CPUs that have asked this one, as bits.
    from: AtomicU64,
    /// What this CPU asks of others, and those that have not done it yet, as bits.
    function: AtomicPtr<()>,
    words: [AtomicUsize; 2],
    waiting: AtomicU64,
    apic_id: AtomicU32,
}

static MAILBOXES: [Mailbox; MAX_CPUS] = [const {
    Mailbox {
        from: AtomicU64::new(0),
        function: AtomicPtr::new(core::ptr::null_mut()),
        words: [const { AtomicUsize::new(0) }; 2],
        waiting: AtomicU64::new(0),
        apic_id: AtomicU32::new(0),
    }
}; MAX_CPUS];

/// The machine is coming to its end: who is told halts.
static STOPPING: AtomicBool = AtomicBool::new(false);

fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let index = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (index < MAX_CPUS).then_some(index)
    })
}

/// Notes by what number CPU `id`'s local APIC is reached. Before anything is sent to it.
pub(super) fn set_apic_id(id: u32, apic_id: u32) {
    MAILBOXES[id as usize].apic_id.store(apic_id, Ordering::Relaxed);
}

fn send(id: usize, vector: u8) {
    apic::send(MAILBOXES[id].apic_id.load(Ordering::Relaxed), u32::from(vector));
}

/// Has CPU `id`, another one, look at its run queue and at what its thread is to do.
pub fn kick(id: u32) {
    send(id as usize, RESCHEDULE_VECTOR);
}

/// Runs `function` on all of `cpus` (bits; others than the running one, and online), and returns when it has run
/// there. Interrupts are on; a spinning lock that the function takes is not held.
pub fn call_on(cpus: u64, function: Function, first: usize, second: usize) {
    if cpus == 0 {
        return;
    }
    debug_assert!(
        cpu::interrupts_enabled() && !percpu::in_interrupt(),
        "waiting for CPUs that may wait for us"
    );
    let own = percpu::cpu_id();
    let request = &MAILBOXES[own as usize];
    request.function.store(function as *mut (), Ordering::Relaxed);
    request.words[0].store(first, Ordering::Relaxed);
    request.words[1].store(second, Ordering::Relaxed);
    request.waiting.store(cpus, Ordering::Relaxed);
    for id in bits(cpus) {
        // The first to ask since the mailbox was emptied rings; the others are found with it.
        if MAILBOXES[id].from.fetch_or(1 << own, Ordering::SeqCst) == 0 {
            send(id, CALL_VECTOR);
        }
    }
    while request.waiting.load(Ordering::Acquire) != 0 {
        core::hint::spin_loop();
    }
}

/// Serves the mailbox. Runs in the interrupt handler.
pub(super) fn on_call() {
    let own = percpu::cpu_id();
    loop {
        let from = MAILBOXES[own as usize].from.swap(0, Ordering::SeqCst);
        if from == 0 {
            return;
        }
        for id in bits(from) {
            let request = &MAILBOXES[id];
            let function = request.function.load(Ordering::Relaxed);
            // SAFETY: only `call_on` stores here, such functions, before it sets the bit that led here.
            let function = unsafe { core::mem::transmute::<*mut (), Function>(function) };
            function(request.words[0].load(Ordering::Relaxed), request.words[1].load(Ordering::Relaxed));
            request.waiting.fetch_and(!(1 << own), Ordering::Release);
        }
    }
}

/// Stops all other CPUs, whatever they are doing.
pub(super) fn stop_others() {
    if crate::sched::online_cpus() < 2 || STOPPING.swap(true, Ordering::SeqCst) {
        return;
    }
    let own = percpu::cpu_id() as usize;
    (0..crate::sched::online_cpus()).filter(|&id| id != own).for_each(|id| {
        apic::send(MAILBOXES[id].apic_id.load(Ordering::Relaxed), apic::NMI_DELIVERY);
    });
}

/// Is this CPU one of those that [`stop_others`] means?
pub(super) fn is_stopping() -> bool {
    STOPPING.load(Ordering::SeqCst)
}
