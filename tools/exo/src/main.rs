//! `exo`, the host command of Exo-OS: it boots the kernel in QEMU to run a program or a shell, to
//! test, to measure and to debug.
//!
//! [`cli`] says what can be asked, [`machine`] turns that into a QEMU command line, [`initrd`] makes
//! the archive the guest starts from, and [`guest`] carries bytes between the guest and the caller.
//! Each subcommand is a module on top of those.

mod bench;
mod cli;
mod cpio;
mod debug;
mod guest;
mod initrd;
mod iso;
mod link;
mod machine;
mod program;
mod project;
mod pty;
mod run;
mod shell;
mod suite;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

/// What `exo` itself returns when it, not the program in the guest, has failed.
const OWN_FAILURE: u8 = 125;

fn main() -> ExitCode {
    let command = cli::Cli::parse().command;
    let outcome = match command {
        cli::Command::Run(options) => run::run(&options),
        cli::Command::Shell(options) => shell::shell(&options),
        cli::Command::Iso(options) => iso::iso(&options),
        cli::Command::Debug(options) => debug::debug(&options),
        cli::Command::Bench(options) => bench::bench(&options),
        cli::Command::Test(options) => suite::test(&options),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{} {error:#}", console::style("exo:").red().bold().for_stderr());
            ExitCode::from(OWN_FAILURE)
        }
    }
}
