//! `rt_sigaction`.

use exo_kernel::user::UserPtr;
use posix_x_abi::signal::{SIG_DFL, SIG_IGN};
use posix_x_abi::types::SigAction;

use super::{send, SigSet, SIGKILL, SIGNAL_MAX, SIGSTOP};
use crate::process::Task;
use crate::{Errno, SysResult};

/// The flags that mean something; others are dropped, so that programs can find out.
const KNOWN_FLAGS: u64 = 0xdc00_0807;

/// The system calls.
pub mod calls {
    use super::*;

    /// `rt_sigaction(2)`
    pub fn rt_sigaction(
        t: &Task,
        signal: i32,
        new: UserPtr<SigAction>,
        old: UserPtr<SigAction>,
        size: usize,
    ) -> SysResult {
        if size != size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        let new = match new.non_null() {
            Some(new) => Some(new.read()?),
            None => None,
        };
        if !(1..=SIGNAL_MAX).contains(&signal) || new.is_some() && (signal == SIGKILL || signal == SIGSTOP) {
            return Err(Errno::EINVAL);
        }
        let signals = &t.process().signals;
        let before = match new {
            None => signals.with_handlers(|handlers| handlers.get(signal)),
            Some(mut new) => {
                new.flags &= KNOWN_FLAGS;
                new.mask = SigSet(new.mask).without(SigSet::UNBLOCKABLE).0;
                let (before, ignored) = signals
                    .with_handlers(|handlers| (handlers.set(signal, new), handlers.ignored().has(signal)));
                if ignored && matches!(new.handler, SIG_IGN | SIG_DFL) {
                    drop_pending(t, signal);
                }
                before
            }
        };
        if !old.is_null() {
            old.write(&before)?;
        }
        Ok(0)
    }

    /// A signal that is now ignored does not stay pending, blocked or not.
    fn drop_pending(t: &Task, signal: i32) {
        let mut group = t.process().signals.inner.lock();
        send::discard(t.process(), &mut group, SigSet::one(signal));
    }
}
