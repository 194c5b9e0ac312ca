//! [`Room`]: how many pages and inodes an instance may have, and has.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::{Kind, Result};

/// Limits (0: none) and use.
pub struct Room {
    max_pages: AtomicU64,
    used_pages: AtomicU64,
    max_inodes: AtomicU64,
    used_inodes: AtomicU64,
}

impl Room {
    pub const fn new(max_pages: u64, max_inodes: u64) -> Self {
        Self {
            max_pages: AtomicU64::new(max_pages),
            used_pages: AtomicU64::new(0),
            max_inodes: AtomicU64::new(max_inodes),
            used_inodes: AtomicU64::new(0),
        }
    }

    /// Changes the limits. [`Kind::Invalid`] if more is in use already.
    pub fn set_limits(&self, max_pages: u64, max_inodes: u64) -> Result<()> {
        let (used_pages, used_inodes) =
            (self.used_pages.load(Ordering::Relaxed), self.used_inodes.load(Ordering::Relaxed));
        if max_pages != 0 && max_pages < used_pages || max_inodes != 0 && max_inodes < used_inodes {
            return Err(Kind::Invalid.into());
        }
        self.max_pages.store(max_pages, Ordering::Relaxed);
        self.max_inodes.store(max_inodes, Ordering::Relaxed);
        Ok(())
    }

    /// Pages that may still be taken.
    #[inline]
    pub fn pages_left(&self) -> u64 {
        match self.max_pages.load(Ordering::Relaxed) {
            0 => u64::MAX,
            max => max.saturating_sub(self.used_pages.load(Ordering::Relaxed)),
        }
    }
    pub fn add_pages(&self, pages: usize) {
        self.used_pages.fetch_add(pages as u64, Ordering::Relaxed);
    }
    pub fn release_pages(&self, pages: usize) {
        self.used_pages.fetch_sub(pages as u64, Ordering::Relaxed);
    }

    /// [`Kind::NoSpace`] at the limit.
    pub fn take_inode(&self) -> Result<()> {
        let used = self.used_inodes.fetch_add(1, Ordering::Relaxed);
        let max = self.max_inodes.load(Ordering::Relaxed);
        if max != 0 && used >= max {
            self.release_inode();
            return Err(Kind::NoSpace.into());
        }
        Ok(())
    }
    /// Takes one whatever the limit.
    pub fn force_inode(&self) {
        self.used_inodes.fetch_add(1, Ordering::Relaxed);
    }
    pub fn release_inode(&self) {
        self.used_inodes.fetch_sub(1, Ordering::Relaxed);
    }

    /// All pages and free ones; 0 and 0 without a limit.
    pub fn pages(&self) -> (u64, u64) {
        let max = self.max_pages.load(Ordering::Relaxed);
        (max, max.saturating_sub(self.used_pages.load(Ordering::Relaxed)))
    }
    /// All inodes and free ones; 0 and 0 without a limit.
    pub fn inodes(&self) -> (u64, u64) {
        let max = self.max_inodes.load(Ordering::Relaxed);
        (max, max.saturating_sub(self.used_inodes.load(Ordering::Relaxed)))
    }
}
