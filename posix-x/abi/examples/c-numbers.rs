//! Prints the numbers of the native calls as C: libexo's `exo_numbers.h`.

use posix_x_abi::native::{SYSCALLS, VERSION};
use posix_x_abi::Level;

fn main() {
    println!("/* The native calls of Exo-OS, from posix-x/abi/src/native.rs. */");
    println!("#ifndef EXO_NUMBERS_H\n#define EXO_NUMBERS_H");
    println!("#define EXO_VERSION {VERSION}");
    for call in SYSCALLS.iter().filter(|call| call.level != Level::Absent) {
        println!("#define SYS_{} {:#x}", call.name, call.number);
    }
    println!("#endif");
}
