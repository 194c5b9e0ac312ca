//! Names of files: [`Name`] holds one, [`NameCache`] is the dentry cache (a bounded tree of names, some of them
//! known not to exist), [`DirIndex`] the entries of one directory in memory.
//!
//! Pure data structures: the caller locks. The kernel's `vfs` stands on them.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod cache;
mod dir;
mod name;

pub use cache::{Evicted, NameCache, SlotId, State};
pub use dir::DirIndex;
pub use name::{Hasher, Name};
