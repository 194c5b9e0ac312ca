//! The order in which spinning locks nest, and its check in debug builds.
//!
//! A lock of a lower [`Rank`] is never taken while one of a higher rank is held; two of one rank only where the
//! rank says so. Most locks guard one object's fields: they have [`Rank::Object`], nest in the order that their
//! owners document, and may be taken by those who are told of events ([`crate::sync::Notify`]).
//!
//! In debug builds each CPU counts the spinning locks that it holds, for interrupt handlers apart, so that
//! sleeping inside one is found at once, and remembers their ranks.

/// Where a spinning lock stands in the order, outermost first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Rank {
    /// Fields of one object (a file, a terminal, a process). May nest in each other.
    Object = 0,
    /// A bucket of the futex table. Two are taken in address order.
    Futex = 1,
    /// Who polls a wait queue. Nests where an epoll watches an epoll.
    Pollers = 2,
    /// Who sleeps on a wait queue.
    Waiters = 3,
    /// The armed timers of a CPU.
    Timers = 4,
    /// The runnable threads of a CPU.
    RunQueue = 5,
    /// Nothing is called while it is held.
    Leaf = 6,
}

#[cfg(debug_assertions)]
mod check {
    use core::sync::atomic::{AtomicU64, Ordering};

    use super::Rank;
    use crate::sched::MAX_CPUS;

    const BITS: u32 = 8;
    /// Per CPU, how many locks of each rank are held: eight bits a rank.
    static HELD: [[AtomicU64; 2]; MAX_CPUS] = [const { [const { AtomicU64::new(0) }; 2] }; MAX_CPUS];

    fn held() -> &'static AtomicU64 {
        &HELD[crate::arch::cpu_id() as usize][usize::from(crate::arch::percpu::in_interrupt())]
    }

    pub fn acquire(rank: Rank) {
        let before = held().fetch_add(1 << (rank as u32 * BITS), Ordering::Relaxed);
        let from = match rank {
            // Taken inside all that call out.
            Rank::Object => Rank::Waiters as u32,
            Rank::Futex | Rank::Pollers => rank as u32 + 1,
            _ => rank as u32,
        };
        let higher = before >> (from * BITS);
        assert!(higher == 0, "lock order: a lock of rank {rank:?} taken inside {before:#x}");
    }

    pub fn release(rank: Rank) {
        held().fetch_sub(1 << (rank as u32 * BITS), Ordering::Relaxed);
    }

    pub fn assert_none_held() {
        let now = held().load(Ordering::Relaxed);
        assert!(now == 0, "sleeping with a spinning lock held ({now:#x})");
    }
}

/// The rank of one lock, which only debug builds keep: elsewhere an unlocked lock of zeros is all zeros.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    #[cfg(debug_assertions)]
    rank: Rank,
}

#[cfg_attr(not(debug_assertions), allow(clippy::unused_self, reason = "there is nothing to check then"))]
impl Kept {
    pub const fn new(rank: Rank) -> Self {
        #[cfg(not(debug_assertions))]
        let _ = rank;
        Self {
            #[cfg(debug_assertions)]
            rank,
        }
    }

    /// The lock is about to be taken.
    #[inline(always)]
    pub fn acquire(self) {
        #[cfg(debug_assertions)]
        check::acquire(self.rank);
    }

    /// The lock was given back.
    #[inline(always)]
    pub fn release(self) {
        #[cfg(debug_assertions)]
        check::release(self.rank);
    }
}

/// The caller is about to sleep, or to touch user memory: no spinning lock may be held. Checked in debug builds.
#[inline(always)]
pub fn assert_may_sleep() {
    #[cfg(debug_assertions)]
    {
        check::assert_none_held();
        assert!(!crate::arch::percpu::in_interrupt(), "sleeping in an interrupt handler");
    }
}
