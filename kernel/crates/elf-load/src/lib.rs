//! What to do to run an ELF program, as pure functions over bytes.
//!
//! - [`Header::parse`] reads the file's first bytes and says where the program headers are;
//! - [`Plan::new`] makes of them the list of mappings, everything checked: whatever the file says, what comes out
//!   can be carried out, or is marked unsound, or refused with [`Malformed`]. The difference is Linux's: it looks at
//!   segments only when the old program is gone already;
//! - [`stack`] lays out the initial stack: arguments, environment, auxiliary vector.
//!
//! The kernel does the reading and mapping. No input makes anything here panic.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod plan;
pub mod stack;

pub use plan::{Header, Interpreter, Kind, Plan, Segment, HEADER_SIZE, PAGE, TABLE_MAX};

/// The file is not a program that can be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;
