//! The Linux x86-64 user ABI, as data: the system-call table, error numbers, signals and structures.
//!
//! - [`syscall_table!`] is the table itself, [`SYSCALLS`] what it says as data, [`number`] its names;
//! - [`native`] is the same for the calls of Exo-OS's own;
//! - [`Errno`] the error numbers;
//! - [`signal`] signal numbers and sets, the structures of a signal frame;
//! - [`types`] the structures that cross the boundary, all of them [`bytemuck::Pod`];
//! - [`uapi`] the constants of Linux's headers.
//!
//! POSIX-X implements this, the host tools (analyser, tracer, documentation) read it.
#![no_std]
#![forbid(unsafe_code)]

mod errno;
mod promise;
pub mod signal;
mod table;
pub mod types;

pub use errno::Errno;
/// Constants (and structures) of Linux's own headers.
pub use linux_raw_sys as uapi;
pub use promise::Promises;

/// How a call is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Path {
    /// By the entry stub, from a value of the thread.
    Fast,
    /// By a handler with typed arguments.
    Hybrid,
    /// By a handler that has the whole register frame.
    Legacy,
}

/// How much of a call there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Everything that Linux 6.1 does with it.
    Full,
    /// Everything but what is named here.
    Partial(&'static str),
    /// Nothing: the answer is ENOSYS.
    Absent,
}

/// An argument: its name, and its type as the table writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argument {
    /// The name, as in Linux's manual.
    pub name: &'static str,
    /// The type's name.
    pub kind: &'static str,
}

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Syscall {
    /// The number in rax.
    pub number: u16,
    /// The name.
    pub name: &'static str,
    /// How it is answered.
    pub path: Path,
    /// The arguments, in order.
    pub arguments: &'static [Argument],
    /// How much of it there is.
    pub level: Level,
    /// Any one of these allows the call to a program that pledged.
    pub promises: Promises,
}

macro_rules! level {
    (full) => {
        $crate::Level::Full
    };
    (partial $what:literal) => {
        $crate::Level::Partial($what)
    };
    (absent) => {
        $crate::Level::Absent
    };
}
macro_rules! path {
    (fast) => {
        $crate::Path::Fast
    };
    (hybrid) => {
        $crate::Path::Hybrid
    };
    (legacy) => {
        $crate::Path::Legacy
    };
}
macro_rules! rows {
    ($($number:literal $name:ident $path:ident ($($arg:ident : $kind:ty),*) $level:ident $(($what:literal))? $([$($promise:ident)*])?;)*) => {
        /// Every row of the table, by number.
        pub const SYSCALLS: &[$crate::Syscall] = &[$($crate::Syscall {
            number: $number,
            name: stringify!($name),
            path: path!($path),
            arguments: &[$($crate::Argument { name: stringify!($arg), kind: stringify!($kind) }),*],
            level: level!($level $($what)?),
            promises: $crate::Promises::empty()$($(.union($crate::Promises::$promise))*)?,
        }),*];

        /// The numbers by name.
        #[allow(non_upper_case_globals, reason = "the constants bear the names of the calls")]
        pub mod number {
            $(pub const $name: u64 = $number;)*
        }
    };
}
syscall_table!(rows);

pub mod native;

/// One more than the highest number.
pub const SYSCALL_LIMIT: usize = SYSCALLS[SYSCALLS.len() - 1].number as usize + 1;

/// Do numbers only grow, as every table here promises?
pub const fn is_ordered(rows: &[Syscall]) -> bool {
    let mut index = 1;
    while index < rows.len() {
        if rows[index - 1].number >= rows[index].number {
            return false;
        }
        index += 1;
    }
    true
}

const _: () = assert!(is_ordered(SYSCALLS), "the table is ordered by number");

/// The row of a number, Linux's or our own.
pub fn syscall(number: u64) -> Option<&'static Syscall> {
    let rows = if number < native::FIRST as u64 { SYSCALLS } else { native::SYSCALLS };
    rows.binary_search_by_key(&number, |row| u64::from(row.number)).ok().map(|index| &rows[index])
}

/// The row of a name.
pub fn syscall_by_name(name: &str) -> Option<&'static Syscall> {
    SYSCALLS.iter().find(|row| row.name == name)
}
