//! The calls of processes that pledged.

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::arch::UserFrame;
use posix_x_abi::native::cap;
use posix_x_abi::native::number as native;
use posix_x_abi::number as nr;
use posix_x_abi::signal::number::SIGABRT;
use posix_x_abi::uapi::general::{CLONE_THREAD, PROT_EXEC};
use posix_x_abi::{syscall, Level, Promises, Syscall};

use crate::process::Task;
use crate::Errno;

/// What becomes of a call outside of the promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Violation {
    /// The process ends.
    Fatal,
    /// The call fails, as was promised with `error`.
    Error,
}

/// The running task broke its promises for want of one of `missing`: says so in the kernel's log, and ends the process
/// before it comes back to user mode, unless it promised `error`.
pub fn violate(task: &Task, missing: Promises) -> Violation {
    let process = task.process();
    let call = u64::from(task.confined_call.load(Relaxed));
    let name = syscall(call).map_or("?", |row| row.name);
    let comm = task.comm();
    let length = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    let program = core::str::from_utf8(&comm[..length]).unwrap_or("?");
    log::info!("{program}[{}]: pledge \"{}\", syscall {call} ({name})", process.pid(), missing.first_name());
    if process.confinement.promises().is_some_and(|promises| promises.contains(Promises::error)) {
        return Violation::Error;
    }
    process.signals.end_all(SIGABRT);
    Violation::Fatal
}

/// In a call: has the process promised one of `promises` (or nothing at all)? If not, the call is to fail with what
/// this returns.
pub fn require(task: &Task, promises: Promises) -> Result<(), Errno> {
    if !task.process().confinement.is_active() {
        return Ok(());
    }
    match task.process().confinement.promises() {
        Some(kept) if !kept.intersects(promises) => {
            violate(task, promises);
            Err(Errno::ENOSYS)
        }
        _ => Ok(()),
    }
}

/// May the call in `frame` be made? If not, its result is in the frame, or the process ends.
pub fn admit(task: &Task, frame: &mut UserFrame) -> bool {
    let confinement = &task.process().confinement;
    if !confinement.is_active() {
        return true;
    }
    task.confined_call.store(frame.orig_rax.min(u64::from(u16::MAX)) as u16, Relaxed);
    let Some(promises) = confinement.promises() else { return true };
    // What is not there does no harm: ENOSYS.
    let Some(row) = syscall(frame.orig_rax).filter(|row| row.level != Level::Absent) else { return true };
    let needed = needed(task, row, frame);
    if promises.intersects(needed) {
        return true;
    }
    violate(task, needed);
    frame.rax = Errno::ENOSYS.to_register();
    false
}

const AF_UNIX: u64 = 1;
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;

mod request {
    //! Numbers of `ioctl`, `fcntl` and `prctl`.
    pub const TCGETS: u64 = 0x5401;
    pub const TIOCGWINSZ: u64 = 0x5413;
    pub const FIONREAD: u64 = 0x541b;
    pub const FIONBIO: u64 = 0x5421;
    pub const FIONCLEX: u64 = 0x5450;
    pub const FIOCLEX: u64 = 0x5451;
    pub const FIOASYNC: u64 = 0x5452;

    pub const F_GETLK: u64 = 5;
    pub const F_SETLKW: u64 = 7;
    pub const F_SETOWN: u64 = 8;
    pub const F_SETSIG: u64 = 10;
    pub const F_SETOWN_EX: u64 = 15;
    pub const F_OFD_GETLK: u64 = 36;
    pub const F_OFD_SETLKW: u64 = 38;

    pub const PR_SET_PDEATHSIG: u64 = 1;
    pub const PR_GET_PDEATHSIG: u64 = 2;
    pub const PR_GET_DUMPABLE: u64 = 3;
    pub const PR_SET_DUMPABLE: u64 = 4;
    pub const PR_SET_NAME: u64 = 15;
    pub const PR_GET_NAME: u64 = 16;
    pub const PR_SET_SECCOMP: u64 = 22;
    pub const PR_CAPBSET_READ: u64 = 23;
    pub const PR_SET_TIMERSLACK: u64 = 29;
    pub const PR_GET_TIMERSLACK: u64 = 30;
    pub const PR_SET_NO_NEW_PRIVS: u64 = 38;
    pub const PR_GET_NO_NEW_PRIVS: u64 = 39;
}

/// The promises of which one allows the call: those of its row, but where its arguments matter. Only arguments in
/// registers are looked at; what is in memory could change, and is looked at where it is used ([`require`]).
fn needed(task: &Task, row: &Syscall, frame: &UserFrame) -> Promises {
    let (first, second, third) = (frame.rdi, frame.rsi, frame.rdx);
    let own_pid = |pid: u64| pid as i32 == task.process().pid();
    let unless = |harmless: bool, promises: Promises| if harmless { row.promises } else { promises };
    match frame.orig_rax {
        nr::mmap | nr::mprotect => unless(third as u32 & PROT_EXEC == 0, Promises::prot_exec),
        nr::socket | nr::socketpair => match first & 0xffff_ffff {
            AF_UNIX if frame.orig_rax == nr::socketpair => row.promises,
            AF_UNIX => Promises::unix,
            AF_INET | AF_INET6 => Promises::inet | Promises::dns,
            _ => Promises::empty(),
        },
        nr::kill | nr::rt_sigqueueinfo => unless(own_pid(first) || first as i32 == 0, Promises::proc),
        nr::tgkill | nr::rt_tgsigqueueinfo => unless(own_pid(first), Promises::proc),
        nr::tkill => {
            let own = crate::process::table::task(first as i32)
                .is_some_and(|other| Arc::ptr_eq(other.process(), task.process()));
            unless(own, Promises::proc)
        }
        nr::clone => unless(first as u32 & CLONE_THREAD != 0, Promises::proc),
        nr::prlimit64 => {
            unless(third == 0 && (first as i32 == 0 || own_pid(first)), Promises::id | Promises::proc)
        }
        native::exo_cap_open if first as u32 == cap::SPACE => unless(own_pid(second), Promises::empty()),
        nr::ioctl => ioctl(second & 0xffff_ffff, row),
        nr::fcntl => fcntl(second & 0xffff_ffff, row),
        nr::prctl => prctl(first & 0xffff_ffff, row),
        _ => row.promises,
    }
}

fn ioctl(number: u64, row: &Syscall) -> Promises {
    use request::*;
    match number {
        // What isatty and the choice of buffers need.
        TCGETS | TIOCGWINSZ | FIONREAD | FIONBIO | FIONCLEX | FIOCLEX | FIOASYNC => row.promises,
        _ => match (number >> 8) as u8 {
            b'T' => Promises::tty,
            b'f' => Promises::fattr,
            b'p' => Promises::settime,
            _ => Promises::empty(),
        },
    }
}

fn fcntl(command: u64, row: &Syscall) -> Promises {
    use request::*;
    match command {
        F_GETLK..=F_SETLKW | F_OFD_GETLK..=F_OFD_SETLKW => Promises::flock,
        F_SETOWN | F_SETSIG | F_SETOWN_EX => Promises::proc,
        _ => row.promises,
    }
}

fn prctl(option: u64, row: &Syscall) -> Promises {
    use request::*;
    match option {
        PR_SET_NAME | PR_GET_NAME | PR_SET_PDEATHSIG | PR_GET_PDEATHSIG | PR_GET_DUMPABLE
        | PR_SET_DUMPABLE | PR_SET_SECCOMP | PR_CAPBSET_READ | PR_SET_TIMERSLACK | PR_GET_TIMERSLACK
        | PR_SET_NO_NEW_PRIVS | PR_GET_NO_NEW_PRIVS => row.promises,
        _ => Promises::id,
    }
}
