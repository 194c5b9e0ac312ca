//! What all processes of a user have together: counts that limits apply to.

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use exo_kernel::sync::SpinLock;
use hashbrown::HashMap;

/// The counts of one real user ID.
#[derive(Default)]
pub struct User {
    /// Threads.
    pub threads: AtomicU64,
    /// Signals queued and not yet delivered.
    pub signals: AtomicU64,
}

static USERS: SpinLock<Option<HashMap<u32, Weak<User>>>> = SpinLock::new(None);

/// The counts of `uid`.
pub fn of(uid: u32) -> Arc<User> {
    let mut users = USERS.lock();
    let users = users.get_or_insert_with(HashMap::new);
    if let Some(user) = users.get(&uid).and_then(Weak::upgrade) {
        return user;
    }
    users.retain(|_, user| user.strong_count() > 0);
    let user = Arc::new(User::default());
    users.insert(uid, Arc::downgrade(&user));
    user
}

impl User {
    /// Counts one more unless there are `limit` already.
    pub fn take(counter: &AtomicU64, limit: u64) -> bool {
        counter.fetch_update(Relaxed, Relaxed, |count| (count < limit).then_some(count + 1)).is_ok()
    }
    /// Counts one less.
    pub fn give_back(counter: &AtomicU64) {
        counter.fetch_sub(1, Relaxed);
    }
}
