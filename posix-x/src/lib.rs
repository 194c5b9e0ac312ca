//! POSIX-X: the Linux personality.
#![no_std]
extern crate alloc;
