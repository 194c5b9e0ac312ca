//! How many objects there may be, and how large: the settings in `/proc/sys/kernel`.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Errno;

/// Objects of a kind, at most: what identifiers have room for.
pub const MNI_LIMIT: u64 = 1 << 15;

/// The limits of a namespace, named as Linux does.
pub struct Limits {
    /// Semaphores of a set.
    pub semmsl: AtomicU64,
    /// Semaphores of all sets.
    pub semmns: AtomicU64,
    /// Operations of a call.
    pub semopm: AtomicU64,
    /// Sets.
    pub semmni: AtomicU64,
    /// Bytes of a segment.
    pub shmmax: AtomicU64,
    /// Pages of all segments.
    pub shmall: AtomicU64,
    /// Segments.
    pub shmmni: AtomicU64,
    /// Bytes of a message.
    pub msgmax: AtomicU64,
    /// Bytes of a queue, unless it is given more.
    pub msgmnb: AtomicU64,
    /// Queues.
    pub msgmni: AtomicU64,
}

impl Default for Limits {
    fn default() -> Self {
        const NEARLY_ALL: u64 = u64::MAX - (1 << 24);
        Self {
            semmsl: AtomicU64::new(32_000),
            semmns: AtomicU64::new(32_000 * 32_000),
            semopm: AtomicU64::new(500),
            semmni: AtomicU64::new(32_000),
            shmmax: AtomicU64::new(NEARLY_ALL),
            shmall: AtomicU64::new(NEARLY_ALL),
            shmmni: AtomicU64::new(4096),
            msgmax: AtomicU64::new(8192),
            msgmnb: AtomicU64::new(16_384),
            msgmni: AtomicU64::new(32_000),
        }
    }
}

/// The value of a limit that fits an `int`, as the structures of `…ctl(IPC_INFO)` have it.
pub(super) fn int(limit: &AtomicU64) -> i32 {
    i32::try_from(limit.load(Relaxed)).unwrap_or(i32::MAX)
}

/// What an object counts for against a limit, until it is dropped.
pub(super) struct Share {
    counter: Arc<AtomicU64>,
    amount: u64,
}

impl Share {
    /// ENOSPC if there were more than `limit` then.
    pub fn take(counter: &Arc<AtomicU64>, amount: u64, limit: &AtomicU64) -> Result<Self, Errno> {
        let limit = limit.load(Relaxed);
        let more = |sum: u64| sum.checked_add(amount).filter(|sum| *sum <= limit);
        counter.fetch_update(Relaxed, Relaxed, more).map_err(|_| Errno::ENOSPC)?;
        Ok(Self { counter: counter.clone(), amount })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.amount, Relaxed);
    }
}
