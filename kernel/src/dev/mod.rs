//! Devices: terminals and their drivers, memory devices, random numbers, and the link to the host.
//!
//! * [`tty`] – terminals over the pure line discipline; [`pty`] – pairs whose line is a program
//! * [`uart`], [`vga`], [`keyboard`] – hardware; [`serial_line`] – from an interrupt to a thread
//! * [`host_link`] – the standard streams of the one program that the host asked for
//! * [`random`] – random numbers

pub mod devpts;
pub mod host_file;
pub mod host_link;
pub mod keyboard;
pub mod kmsg;
pub mod mem;
pub mod nodes;
pub mod pty;
pub mod random;
pub mod serial_line;
pub mod tty;
pub mod tty_file;
pub mod uart;
pub mod vga;
