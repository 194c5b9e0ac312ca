//! Ranges.
#![no_std]
