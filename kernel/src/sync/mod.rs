//! Locks and waiting.
//!
//! [`SpinLock`] guards short sections that no interrupt handler enters, [`IrqLock`] those that one does;
//! [`Mutex`] and [`RwLock`] sleep and may be held across user memory access. [`WaitQueue`] is the one way to
//! wait: join, check, sleep. poll and epoll hang on to wait queues through a [`PollTable`]. The order in which
//! locks nest is in [`order`].

mod mutex;
pub mod order;
mod poll;
mod rwlock;
mod spin;
mod wait;
mod waiters;

pub use self::spin::{IrqLock, IrqLockGuard, SpinLock, SpinLockGuard};
pub use mutex::{Mutex, MutexGuard};
pub use order::Rank;
pub use poll::{Events, Notify, PollTable, Poller, Registration};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use wait::{Sleep, WaitQueue};
pub(crate) use waiters::{Link, Waiter, Waiters};
