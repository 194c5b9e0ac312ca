//! What all processes of a user have together: counts that limits apply to.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use exo_kernel::room;
use exo_kernel::sync::SpinLock;

/// The counts of one real user ID.
pub struct User {
    uid: u32,
    /// Threads.
    pub threads: AtomicU64,
    /// Signals queued and not yet delivered.
    pub signals: AtomicU64,
    /// Bytes of rings and pools.
    pub shared_memory: AtomicU64,
    /// Pages of shared memory segments that are locked.
    pub shared_locked: AtomicU64,
    /// Capabilities sent over sockets and not received yet.
    pub in_flight: AtomicU64,
}

/// Those who have processes, by ascending ID.
static USERS: SpinLock<Vec<(u32, Weak<User>)>> = SpinLock::new(Vec::new());

/// The counts of `uid`.
pub fn of(uid: u32) -> Arc<User> {
    let mut users = USERS.lock();
    let place = users.binary_search_by_key(&uid, |(uid, _)| *uid);
    if let Some(user) = place.ok().and_then(|at| users[at].1.upgrade()) {
        return user;
    }
    let zero = || AtomicU64::new(0);
    let user = Arc::new(User {
        uid,
        threads: zero(),
        signals: zero(),
        shared_memory: zero(),
        shared_locked: zero(),
        in_flight: zero(),
    });
    let weak = Arc::downgrade(&user);
    match place {
        Ok(at) => users[at].1 = weak,
        Err(at) => users.insert(at, (uid, weak)),
    }
    user
}

impl Drop for User {
    fn drop(&mut self) {
        let mut users = USERS.lock();
        if let Ok(at) = users.binary_search_by_key(&self.uid, |(uid, _)| *uid) {
            // Somebody else may have come with the same ID meanwhile.
            if core::ptr::eq(users[at].1.as_ptr(), self) {
                users.remove(at);
                room::shrink(&mut users);
            }
        }
    }
}

impl User {
    /// Counts one more unless there are `limit` already.
    pub fn take(counter: &AtomicU64, limit: u64) -> bool {
        Self::take_some(counter, 1, limit)
    }
    /// Counts so many more unless that were more than `limit`.
    pub fn take_some(counter: &AtomicU64, more: u64, limit: u64) -> bool {
        let add = |count: u64| count.checked_add(more).filter(|sum| *sum <= limit);
        counter.fetch_update(Relaxed, Relaxed, add).is_ok()
    }
    /// Counts one less.
    pub fn give_back(counter: &AtomicU64) {
        counter.fetch_sub(1, Relaxed);
    }
}
