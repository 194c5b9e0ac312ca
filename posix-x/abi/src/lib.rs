//! The Linux x86-64 user ABI, as data: system-call table, error numbers, flags and structures.
#![no_std]
#![forbid(unsafe_code)]
