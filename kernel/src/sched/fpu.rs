//! Whose floating point and vector registers are in the CPU.
//!
//! A thread that never used them has no area for them, and no switch saves or loads anything for it: its first
//! instruction that needs them traps (they are *closed*, CR0.TS), and finds the values that a program starts with.
//! From then on they are open until its turn ends; then they are saved, once. In its next turn they are closed again:
//! what is in memory stays right until it uses them again, and only then they are loaded. Whoever used them in
//! [`HABIT`] turns in a row is spared the trap for the next [`AHEAD`] turns; then one turn shows whether it still
//! does. (Linux's `fpu_counter` did so, until saving eagerly became cheaper for CPUs whose programs all use vectors.)
//!
//! The registers of a CPU hold what belongs to their *owner*, or without one the initial values. The owner is the user
//! thread that ran there last, so the registers survive kernel threads and sleep. When another user thread comes that
//! does not get its own loaded, they are cleared: closed registers can be spied out (CVE-2018-3665).
//!
//! All this is the running CPU's and its current thread's own: no lock is needed, since kernel code is switched away
//! from only where it sleeps.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed};

use super::cpu::{self, Cpu};
use super::thread::{Thread, ThreadState, NO_CPU};
use crate::arch::{self, fpu, FpuState};
use crate::{Kind, Result};

/// Turns in a row in which a thread used the registers that make it one that gets them loaded ahead.
const HABIT: u8 = 4;
/// For so many turns.
const AHEAD: u8 = 32;

/// What a CPU knows of its registers.
pub(super) struct Unit {
    /// The thread whose registers they are if that says so, too ([`Registers::on`]), or null: then they are initial.
    /// Never followed: the thread may be gone.
    owner: AtomicPtr<Thread>,
    /// May the current thread, if it is a user's, use them without a trap?
    open: AtomicBool,
    pub counts: Counters,
}

impl Unit {
    pub const fn new() -> Self {
        Self {
            owner: AtomicPtr::new(core::ptr::null_mut()),
            open: AtomicBool::new(false),
            counts: Counters::new(),
        }
    }

    #[inline]
    fn is_open(&self) -> bool {
        self.open.load(Relaxed)
    }

    fn open(&self) {
        if !self.is_open() {
            fpu::open();
            self.open.store(true, Relaxed);
        }
    }

    fn close(&self) {
        if self.is_open() {
            fpu::close();
            self.open.store(false, Relaxed);
        }
    }

    /// Nobody's registers are here any more. They are open.
    fn clear(&self) {
        fpu::clear_registers();
        self.owner.store(core::ptr::null_mut(), Relaxed);
    }
}

/// How often registers were moved, for a thread or on a CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FpuUse {
    /// To memory, because the turn of a thread that had used them ended.
    pub saves: u64,
    /// From memory.
    pub restores: u64,
    /// Instructions that trapped because they needed closed registers.
    pub traps: u64,
}

/// [`FpuUse`] as it is counted, by one CPU at a time.
pub(super) struct Counters {
    saves: AtomicU64,
    restores: AtomicU64,
    traps: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}

impl Counters {
    pub const fn new() -> Self {
        Self { saves: AtomicU64::new(0), restores: AtomicU64::new(0), traps: AtomicU64::new(0) }
    }

    pub fn get(&self) -> FpuUse {
        FpuUse {
            saves: self.saves.load(Relaxed),
            restores: self.restores.load(Relaxed),
            traps: self.traps.load(Relaxed),
        }
    }
}

/// A thread's registers, as long as they are not in a CPU.
pub(super) struct Registers {
    /// `None` as long as they have their initial values because it did not use them.
    state: Option<FpuState>,
    /// The CPU that has the same as `state`, or had if it has another owner since.
    on: u32,
    /// The turn in which they were used last, as [`Thread::turns_ended`] counts, and in how many before without a gap.
    last_turn: u64,
    streak: u8,
    /// For how many turns they are loaded without waiting for a trap.
    ahead: u8,
}

impl Registers {
    pub fn new(state: Option<FpuState>) -> Self {
        Self { state, on: NO_CPU, last_turn: 0, streak: 0, ahead: 0 }
    }

    /// Loads the registers of `thread`, whose these are, unless they are there already.
    #[inline]
    fn load(&mut self, cpu: &Cpu, thread: &Thread) {
        let here = arch::cpu_id();
        cpu.fpu.open();
        if self.on == here && core::ptr::eq(cpu.fpu.owner.load(Relaxed), thread) {
            return;
        }
        if let Some(state) = &self.state {
            state.restore();
            count(&thread.fpu.restores);
            count(&cpu.fpu.counts.restores);
        }
        self.on = here;
        cpu.fpu.owner.store(core::ptr::from_ref(thread).cast_mut(), Relaxed);
    }

    /// Learns from the first use in a turn.
    fn used(&mut self, turn: u64) {
        self.streak = if turn == self.last_turn + 1 { self.streak.saturating_add(1) } else { 1 };
        self.last_turn = turn;
        if self.streak >= HABIT {
            self.ahead = AHEAD;
        }
    }
}

/// The turn of `previous`, a user thread, ends.
#[inline]
pub(super) fn leave(cpu: &Cpu, previous: &Thread) {
    if cpu.fpu.is_open() {
        save(cpu, previous);
    }
}

#[inline(never)]
fn save(cpu: &Cpu, thread: &Thread) {
    if thread.state() == ThreadState::Dead {
        return;
    }
    // SAFETY: the switch away from the thread, which this is part of, has its context to itself.
    let registers = unsafe { &mut (*thread.context.get()).registers };
    if let Some(state) = &mut registers.state {
        state.save_changed();
        count(&thread.fpu.saves);
        count(&cpu.fpu.counts.saves);
    }
}

/// The turn of `next`, a user thread whose registers these are, begins.
#[inline]
pub(super) fn enter(cpu: &Cpu, next: &Thread, registers: &mut Registers) {
    if registers.ahead != 0 || !cpu.fpu.owner.load(Relaxed).is_null() {
        arrange(cpu, next, registers);
    }
}

#[inline(never)]
fn arrange(cpu: &Cpu, next: &Thread, registers: &mut Registers) {
    if registers.ahead != 0 {
        registers.ahead -= 1;
        registers.last_turn = next.turns_ended();
        return registers.load(cpu, next);
    }
    let own = registers.on == arch::cpu_id() && core::ptr::eq(cpu.fpu.owner.load(Relaxed), next);
    if !own {
        cpu.fpu.open();
        cpu.fpu.clear();
    }
    cpu.fpu.close();
}

impl Thread {
    /// How many of its turns ended.
    fn turns_ended(&self) -> u64 {
        self.voluntary.load(Relaxed) + self.involuntary.load(Relaxed)
    }

    /// How often its floating point registers were moved.
    pub fn fpu_use(&self) -> FpuUse {
        self.fpu.get()
    }

    /// An instruction of the current thread, which is a user's, needs floating point registers. [`Kind::NoMemory`] if
    /// it has none yet, and gets none.
    pub fn use_fpu(&self) -> Result<()> {
        self.open_fpu()?;
        count(&self.fpu.traps);
        count(&cpu::this().fpu.counts.traps);
        self.with_context(|context| context.registers.used(self.turns_ended()));
        Ok(())
    }

    /// The current thread's registers are in the CPU, and open, until it sleeps.
    #[inline]
    fn open_fpu(&self) -> Result<()> {
        if !self.has_fpu() {
            let new = FpuState::new()?;
            self.with_context(|context| context.registers = Registers::new(Some(new)));
        }
        self.with_context(|context| context.registers.load(cpu::this(), self));
        Ok(())
    }

    /// Did the current thread use floating point registers? If not, they have the initial values.
    #[inline]
    pub fn has_fpu(&self) -> bool {
        self.with_context(|context| context.registers.state.is_some())
    }

    /// A copy of the current thread's registers, for a new one; `None` if it did not use them.
    pub fn copy_fpu(&self) -> Result<Option<FpuState>> {
        if !self.has_fpu() {
            return Ok(None);
        }
        let copy = FpuState::new()?;
        self.with_context(|context| {
            let mut copy = copy;
            match &context.registers.state {
                Some(state) if !cpu::this().fpu.is_open() => copy.copy_from(state),
                _ => copy.save(),
            }
            Ok(Some(copy))
        })
    }

    /// The current thread starts anew with the initial values, as if it had never used the registers.
    pub fn reset_fpu(&self) {
        let unit = &cpu::this().fpu;
        if !unit.owner.load(Relaxed).is_null() {
            unit.open();
            unit.clear();
            unit.close();
        }
        drop(self.with_context(|context| core::mem::replace(&mut context.registers, Registers::new(None))));
    }

    /// Gives the current thread's registers their initial values.
    pub fn clear_fpu(&self) {
        // Opening needs memory only where there is nothing to clear.
        if self.has_fpu() && self.open_fpu().is_ok() {
            fpu::clear_registers();
        }
    }

    /// Stores the current thread's registers at a user address, see [`fpu::save_to_user`].
    pub fn store_fpu(&self, address: usize) -> Result<()> {
        self.open_fpu()?;
        fpu::save_to_user(address)
    }

    /// Loads the current thread's registers from a user address, see [`fpu::load_from_user`].
    pub fn load_fpu(&self, address: usize, components: u64) -> Result<()> {
        self.open_fpu()?;
        fpu::load_from_user(address, components)
    }

    /// Shows the current thread's registers.
    pub fn with_fpu<R>(&self, look: impl FnOnce(&FpuState) -> R) -> Result<R> {
        self.open_fpu()?;
        self.with_context(|context| {
            let state = context.registers.state.as_mut().ok_or(Kind::NotSupported)?;
            state.save();
            Ok(look(state))
        })
    }
}
