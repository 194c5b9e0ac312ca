//! Packs lines `address name` (hexadecimal, relative to anything) from standard input into a table on standard output.

use std::io::{Read, Write};
use std::process::ExitCode;

fn run() -> Result<(), String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    let mut functions = Vec::new();
    for line in text.lines() {
        let parsed = line
            .split_once(' ')
            .and_then(|(address, name)| Some((u32::from_str_radix(address, 16).ok()?, name)))
            .ok_or_else(|| format!("not an address and a name: {line}"))?;
        functions.push(parsed);
    }
    std::io::stdout().write_all(&symbol_table::pack(functions)).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pack-symbols: {error}");
            ExitCode::FAILURE
        }
    }
}
