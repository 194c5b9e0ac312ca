//! POSIX-X: the Linux personality of Exo-OS.
//!
//! Between a program's system call and the native kernel stand [`entry`] (the [`Personality`] that the
//! kernel calls), [`dispatch`] (the table's rows, typed arguments, the three kinds of handlers) and the
//! areas with their handlers: [`process`], [`signal`], [`mm`], [`security`], [`fd`], [`fs`], [`poll`], [`net`],
//! [`time`], [`futex`], [`sysvipc`], [`tty`]. Each area has a module `calls`; all of them together are [`calls`],
//! where a row of the table finds its handler by name. [`procfs`] and [`sysfs`] show all that as files;
//! [`native`] has the calls that Linux does not know.
//!
//! [`Personality`]: exo_kernel::user::Personality
#![no_std]

extern crate alloc;

pub mod dispatch;
pub mod entry;
pub mod fd;
pub mod fs;
pub mod futex;
pub mod mm;
pub mod native;
pub mod net;
pub mod poll;
pub mod process;
pub mod procfs;
pub mod security;
pub mod signal;
pub mod sysfs;
pub mod sysvipc;
pub mod time;
pub mod tty;

/// The system calls: each row of the table that is not `absent` names a function here.
pub mod calls {
    pub use crate::fd::calls::*;
    pub use crate::fs::calls::*;
    pub use crate::futex::calls::*;
    pub use crate::mm::calls::*;
    pub use crate::net::calls::*;
    pub use crate::poll::calls::*;
    pub use crate::process::calls::*;
    pub use crate::security::calls::*;
    pub use crate::signal::calls::*;
    pub use crate::sysvipc::calls::*;
    pub use crate::time::calls::*;
}

pub use dispatch::args::{Fd, FromRegister, Pid, SysResult, UserAddr, UserStr};
pub use dispatch::errno::Errno;
pub use entry::{init, start_init, InitRequest, PERSONALITY};
pub use process::{current, Process, Task};
