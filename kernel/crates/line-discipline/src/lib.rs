//! The terminal line discipline of POSIX (XBD chapter 11) with Linux's extensions, as a pure state
//! machine: bytes from the keyboard go in, bytes for the screen and [`Signal`]s come out, and lines
//! (or raw bytes) wait to be read. No locks, clocks or devices: the terminal driver owns those.
//!
//! * [`Termios`] – the settings, in Linux's numbering so that a personality can pass them through
//! * [`LineDiscipline::receive`] – one byte of input: editing, echo, signals, flow control
//! * [`LineDiscipline::read`] – takes a line, or raw bytes
//! * [`LineDiscipline::process_output`] – what `OPOST` does to output
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod input;
mod output;
mod termios;

pub use input::{LineDiscipline, Received, Signal, BUFFER_SIZE};
pub use termios::{Cc, Control, Input, Local, Output, Termios, CC_COUNT};
