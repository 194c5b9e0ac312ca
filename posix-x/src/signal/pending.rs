//! [`Pending`]: signals sent and not yet delivered.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Info, SigSet, SIGRTMIN};
use crate::security::user::User;

/// A queued signal, and who it is counted for.
struct Queued {
    info: Info,
    user: Option<Arc<User>>,
}

/// The signals pending for a thread or process: a set, and the details of those there was room for.
#[derive(Default)]
pub struct Pending {
    set: SigSet,
    queue: Vec<Queued>,
}

impl Pending {
    /// Which signals are pending.
    #[inline]
    pub fn set(&self) -> SigSet {
        self.set
    }

    /// Adds a signal. A standard one that is pending already is not added again. `false` if its details could
    /// not be kept: the signal itself is pending nevertheless.
    pub fn push(&mut self, info: Info, user: Option<Arc<User>>) -> bool {
        if info.signo < SIGRTMIN && self.set.has(info.signo) {
            return true;
        }
        self.set = self.set.or(SigSet::one(info.signo));
        // An interrupt handler (a timer's) does not allocate.
        let full = self.queue.len() == self.queue.capacity();
        if full && (exo_kernel::arch::percpu::in_interrupt() || self.queue.try_reserve(1).is_err()) {
            return false;
        }
        self.queue.push(Queued { info, user });
        true
    }

    /// Marks a signal pending without details.
    pub fn mark(&mut self, signal: i32) {
        self.set = self.set.or(SigSet::one(signal));
    }

    /// Takes out the next of `wanted`: those that an instruction caused first, then by number, then by age.
    pub fn take(&mut self, wanted: SigSet) -> Option<Info> {
        let candidates = self.set.and(wanted);
        let signal = candidates.and(SigSet::SYNCHRONOUS).first().or(candidates.first())?;
        let Some(index) = self.queue.iter().position(|queued| queued.info.signo == signal) else {
            self.set = self.set.without(SigSet::one(signal));
            return Some(Info { signo: signal, errno: 0, code: super::code::SI_USER, fields: [0; 4] });
        };
        let queued = self.queue.remove(index);
        if signal < SIGRTMIN || !self.queue.iter().any(|other| other.info.signo == signal) {
            self.set = self.set.without(SigSet::one(signal));
        }
        Self::uncount(&queued);
        Some(queued.info)
    }

    /// Drops all of these signals.
    pub fn discard(&mut self, signals: SigSet) {
        if self.set.and(signals).is_empty() {
            return;
        }
        self.set = self.set.without(signals);
        self.queue.retain(|queued| {
            let stays = !signals.has(queued.info.signo);
            if !stays {
                Self::uncount(queued);
            }
            stays
        });
    }

    fn uncount(queued: &Queued) {
        if let Some(user) = &queued.user {
            User::give_back(&user.signals);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.discard(SigSet::ALL);
    }
}
