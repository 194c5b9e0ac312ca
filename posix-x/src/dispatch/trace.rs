//! Tracing: each call of a traced thread, as its row of the table describes it, with its result.
//!
//! With `trace` on the kernel command line everything is traced that processes other than init execute, and what
//! those start. Traced threads are [intercepted](exo_kernel::sched::Thread::intercept); others pay nothing. Lines go
//! to the host command's standard error where there is one (`exo run --trace`), else to the log.

use core::fmt::{self, Write};
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::arch::UserFrame;
use exo_kernel::dev::host_link;
use exo_kernel::params;
use exo_kernel::sched;
use exo_kernel::user::read_string;
use posix_x_abi::{Argument, Errno};

use crate::process::Task;

/// Bytes of a line at most; a longer one is cut.
const LINE: usize = 480;
/// Bytes of a string argument that are shown.
const TEXT: usize = 64;

/// A line under construction.
struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.length..];
        let count = text.len().min(room.len());
        room[..count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

impl Line {
    fn add(&mut self, text: fmt::Arguments) {
        // A line takes what fits and never fails.
        let _ = self.write_fmt(text);
    }

    fn send(mut self) {
        self.length = self.length.min(LINE - 1);
        self.bytes[self.length] = b'\n';
        let text = &self.bytes[..=self.length];
        if !host_link::write_error(text) {
            log::info!("{}", text[..self.length].escape_ascii());
        }
    }
}

/// Traces the task from here on if the command line asks for it. Called when it executes a program.
pub fn begin(task: &Task) {
    if task.pid() == 1 || task.traced.load(Relaxed) || !params::has("trace") {
        return;
    }
    task.traced.store(true, Relaxed);
    sched::current().intercept();
    let mut line = start(task);
    line.add(format_args!(
        "+++ {} +++",
        task.comm().split(|byte| *byte == 0).next().unwrap_or(&[]).escape_ascii()
    ));
    line.send();
}

fn start(task: &Task) -> Line {
    let mut line = Line { bytes: [0; LINE], length: 0 };
    line.add(format_args!("{:5} ", task.tid()));
    line
}

/// Shows a call that was made with the registers `frame`: `answer` makes it and puts its result there.
pub fn call(task: &Task, frame: &mut UserFrame, answer: impl FnOnce(&mut UserFrame)) {
    let number = frame.orig_rax;
    let mut line = start(task);
    let row = posix_x_abi::syscall(number);
    match row {
        Some(row) => {
            line.add(format_args!("{}(", row.name));
            let registers = [frame.rdi, frame.rsi, frame.rdx, frame.r10, frame.r8, frame.r9];
            for (index, (argument, value)) in row.arguments.iter().zip(registers).enumerate() {
                line.add(format_args!("{}", if index > 0 { ", " } else { "" }));
                show(&mut line, argument, value);
            }
            line.add(format_args!(")"));
        }
        None => line.add(format_args!("call_{number}({:#x}, {:#x}, {:#x})", frame.rdi, frame.rsi, frame.rdx)),
    }
    use posix_x_abi::number as nr;
    if matches!(number, nr::exit | nr::exit_group | nr::rt_sigreturn) {
        // No result comes back to the caller.
        line.send();
        answer(frame);
        return;
    }
    answer(frame);
    show_result(&mut line, frame.rax);
    line.send();
}

fn show(line: &mut Line, argument: &Argument, value: u64) {
    match argument.kind {
        "UserStr" => show_string(line, value as usize),
        "Fd" | "Pid" | "i32" => line.add(format_args!("{}", value as i32)),
        "i64" => line.add(format_args!("{}", value as i64)),
        "u32" | "u64" | "usize" => match argument.name {
            "mode" => line.add(format_args!("{:#o}", value as u32)),
            name if name.ends_with("flags") || name == "prot" || name == "request" => {
                line.add(format_args!("{value:#x}"));
            }
            name if name.ends_with("addr") => line.add(format_args!("{value:#x}")),
            _ if value > i64::MAX as u64 || value >> 40 != 0 => line.add(format_args!("{value:#x}")),
            _ => line.add(format_args!("{value}")),
        },
        _ if value == 0 => line.add(format_args!("NULL")),
        _ => line.add(format_args!("{value:#x}")),
    }
}

fn show_string(line: &mut Line, address: usize) {
    let mut text = [0; TEXT + 1];
    let whole = read_string(address, &mut text).map(<[u8]>::len);
    match whole {
        Ok(length) => line.add(format_args!("\"{}\"", text[..length].escape_ascii())),
        Err(error) if error == exo_kernel::Kind::NameTooLong => {
            line.add(format_args!("\"{}\"...", text[..TEXT].escape_ascii()));
        }
        Err(_) => line.add(format_args!("{address:#x}")),
    }
}

fn show_result(line: &mut Line, rax: u64) {
    /// Results from here on are errors.
    const LOWEST: u64 = (-4095i64) as u64;
    if rax < LOWEST {
        let large = rax >> 32 != 0;
        return if large {
            line.add(format_args!(" = {rax:#x}"))
        } else {
            line.add(format_args!(" = {rax}"))
        };
    }
    match Errno::from_number(rax.wrapping_neg() as u16) {
        Some(errno) => line.add(format_args!(" = -1 {}", errno.name())),
        None => line.add(format_args!(" = -1 (error {})", rax.wrapping_neg())),
    }
}
