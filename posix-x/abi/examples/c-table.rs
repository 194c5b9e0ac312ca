//! Prints the system-call table as C: `struct abi_call` for each call that is answered, with its arguments and the
//! sizes of what they point to. `userland/build.sh` makes `abi_table.h` of it.

use std::mem::size_of;

use posix_x_abi::types::*;
use posix_x_abi::{Argument, Level, SYSCALLS};

/// Pairs of a type's name in the table and its size.
macro_rules! sizes {
    ($($type:ty),* $(,)?) => { &[$((stringify!($type), size_of::<$type>())),*] };
}

/// What pointers in the table point to.
const SIZES: &[(&str, usize)] = sizes![
    [Timespec; 2],
    [Timeval; 2],
    [i32; 2],
    [usize; 2],
    CapData,
    CapHeader,
    EpollEvent,
    Iovec,
    Itimerspec,
    Itimerval,
    PollFd,
    Rlimit,
    Rusage,
    Sembuf,
    SigAction,
    SigInfo,
    Sigevent,
    StackT,
    Stat,
    Statfs,
    Statx,
    Sysinfo,
    Timespec,
    Timeval,
    Timezone,
    Tms,
    Utimbuf,
    Utsname,
    i32,
    i64,
    u32,
    u64,
    usize,
];

fn main() {
    println!("/* The calls that are answered, from posix-x/abi/src/table.rs. */");
    println!("#ifndef EXO_ABI_TABLE_H\n#define EXO_ABI_TABLE_H");
    println!("enum abi_kind {{ ABI_NUMBER, ABI_FD, ABI_PID, ABI_BYTES, ABI_STRING, ABI_STRUCT }};");
    println!("struct abi_argument {{ const char *name, *type; enum abi_kind kind; int size; }};");
    println!(
        "struct abi_call {{ int number; const char *name; int count; struct abi_argument arguments[6]; }};"
    );
    println!("static const struct abi_call abi_calls[] = {{");
    for call in SYSCALLS.iter().filter(|call| call.level != Level::Absent) {
        let arguments: Vec<String> = call.arguments.iter().map(argument).collect();
        let count = arguments.len();
        println!("\t{{{}, \"{}\", {count}, {{{}}}}},", call.number, call.name, arguments.join(", "));
    }
    println!("}};\n#endif");
}

fn argument(argument: &Argument) -> String {
    let spelled = dense(argument.kind);
    let (kind, size) = match spelled.as_str() {
        "Fd" => ("FD", size_of::<i32>()),
        "Pid" => ("PID", size_of::<i32>()),
        "UserStr" => ("STRING", 0),
        "UserAddr" => ("BYTES", 0),
        kind => match kind.strip_prefix("UserPtr<").and_then(|kind| kind.strip_suffix('>')) {
            Some(pointee) => ("STRUCT", size(pointee)),
            None => ("NUMBER", size(kind)),
        },
    };
    format!("{{\"{}\", \"{spelled}\", ABI_{kind}, {size}}}", argument.name)
}

/// A type as the compiler spells it, without the blanks that it puts in.
fn dense(name: &str) -> String {
    name.replace(' ', "")
}

fn size(name: &str) -> usize {
    let row = SIZES.iter().find(|(known, _)| dense(known) == name);
    row.unwrap_or_else(|| panic!("the size of {name} is missing in SIZES")).1
}
