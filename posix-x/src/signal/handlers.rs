//! [`Handlers`]: what a process does with each signal. Shared between threads (`CLONE_SIGHAND`).

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use exo_kernel::sync::IrqLock;
use posix_x_abi::signal::{default_action, DefaultAction, SIG_DFL, SIG_IGN};
use posix_x_abi::types::SigAction;

use super::{SaFlags, SigSet, SIGNAL_MAX};

const COUNT: usize = SIGNAL_MAX as usize;

/// The actions of all signals.
pub struct Handlers {
    actions: IrqLock<[SigAction; COUNT]>,
    /// Signals that do nothing: explicitly, or by default and not handled.
    ignored: AtomicU64,
}

const DEFAULT: SigAction = SigAction { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0 };

/// Signals that do nothing by default.
const IGNORED_BY_DEFAULT: SigSet = {
    let mut set = SigSet::EMPTY;
    let mut signal = 1;
    while signal <= SIGNAL_MAX {
        if matches!(default_action(signal), DefaultAction::Ignore | DefaultAction::Continue) {
            set = set.or(SigSet::one(signal));
        }
        signal += 1;
    }
    set
};

impl Default for Handlers {
    fn default() -> Self {
        Self { actions: IrqLock::new([DEFAULT; COUNT]), ignored: AtomicU64::new(IGNORED_BY_DEFAULT.0) }
    }
}

/// Does this action of `signal` do nothing?
fn ignores(signal: i32, action: &SigAction) -> bool {
    match action.handler {
        SIG_IGN => true,
        SIG_DFL => IGNORED_BY_DEFAULT.has(signal),
        _ => false,
    }
}

impl Handlers {
    /// The action of a signal.
    pub fn get(&self, signal: i32) -> SigAction {
        self.actions.lock()[signal as usize - 1]
    }

    /// Changes the action of a signal and returns the old one.
    pub fn set(&self, signal: i32, action: SigAction) -> SigAction {
        let mut actions = self.actions.lock();
        let bit = SigSet::one(signal).0;
        let ignored = self.ignored.load(Relaxed);
        self.ignored.store(if ignores(signal, &action) { ignored | bit } else { ignored & !bit }, Relaxed);
        core::mem::replace(&mut actions[signal as usize - 1], action)
    }

    /// The action for a delivery; one that holds only once is reset.
    pub fn take(&self, signal: i32) -> SigAction {
        let action = self.get(signal);
        let once = action.flags & SaFlags::RESETHAND.bits() != 0;
        if once && action.handler != SIG_DFL && action.handler != SIG_IGN {
            self.set(signal, SigAction { handler: SIG_DFL, ..action });
        }
        action
    }

    /// Signals that do nothing when delivered.
    #[inline]
    pub fn ignored(&self) -> SigSet {
        SigSet(self.ignored.load(Relaxed))
    }

    /// Signals that are explicitly ignored, and those that have a handler: for `/proc`.
    pub fn summary(&self) -> (SigSet, SigSet) {
        let (mut ignored, mut caught) = (SigSet::EMPTY, SigSet::EMPTY);
        for (signal, action) in (1..).zip(self.actions.lock().iter()) {
            match action.handler {
                SIG_DFL => {}
                SIG_IGN => ignored = ignored.or(SigSet::one(signal)),
                _ => caught = caught.or(SigSet::one(signal)),
            }
        }
        (ignored, caught)
    }

    /// A copy for a forked process.
    pub fn duplicate(&self) -> Self {
        Self {
            actions: IrqLock::new(*self.actions.lock()),
            ignored: AtomicU64::new(self.ignored.load(Relaxed)),
        }
    }

    /// Handled signals go back to the default, ignored ones stay ignored: exec, or `CLONE_CLEAR_SIGHAND`.
    pub fn reset(&self) {
        let mut actions = self.actions.lock();
        let mut ignored = IGNORED_BY_DEFAULT;
        for (signal, action) in (1..).zip(actions.iter_mut()) {
            if action.handler == SIG_IGN {
                *action = SigAction { handler: SIG_IGN, ..DEFAULT };
                ignored = ignored.or(SigSet::one(signal));
            } else {
                *action = DEFAULT;
            }
        }
        self.ignored.store(ignored.0, Relaxed);
    }
}
