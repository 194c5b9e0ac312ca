//! [`PosixX`]: what the kernel calls when a program does, and the start of the first program.

mod exceptions;
mod start;

use core::sync::atomic::Ordering;

use exo_kernel::arch::UserFrame;
use exo_kernel::sched;
use exo_kernel::user::{Exception, Personality};
use exo_kernel::vfs;

use crate::process::current;
use crate::security::{confine, seccomp};
use crate::signal::deliver;
use crate::{dispatch, procfs, sysfs, time, tty};

pub(crate) use start::init_ended;
pub use start::{start_init, InitRequest};

/// The Linux personality.
pub struct PosixX;

/// The one instance, to be registered with the kernel.
pub static PERSONALITY: PosixX = PosixX;

impl Personality for PosixX {
    #[inline]
    fn system_call(&self, frame: &mut UserFrame) {
        dispatch::dispatch(current(), frame);
    }

    fn intercepted_call(&self, frame: &mut UserFrame) {
        let task = current();
        let answer = |frame: &mut UserFrame| {
            if confine::admit(task, frame) && seccomp::admit(task, frame) {
                dispatch::dispatch(task, frame);
            }
        };
        if task.traced.load(Ordering::Relaxed) {
            dispatch::trace::call(task, frame, answer);
        } else {
            answer(frame);
        }
    }

    fn exception(&self, frame: &mut UserFrame, exception: Exception) {
        exceptions::handle(current(), frame, &exception);
    }

    fn attention(&self, frame: &mut UserFrame) {
        // Cleared first: what arrives while we look is seen by the next round.
        sched::current().clear_attention();
        sched::refresh_entry();
        let task = current();
        if start::run_first_program(task, frame) {
            deliver::attend(task, frame);
        }
    }
}

/// Prepares the personality: fast calls and lean calls of the entry stub, job control, the file systems that show
/// processes. Runs once, before the first program.
pub fn init() -> exo_kernel::Result<()> {
    dispatch::install();
    tty::init();
    vfs::register_type("proc", |_source, _options| Ok(procfs::new()));
    vfs::register_type("sysfs", |_source, _options| Ok(sysfs::new()));
    vfs::set_caller_privileges(|| current().creds().vfs().privileges);
    exo_kernel::user::set_personality(&PERSONALITY);
    time::rtc::init()
}
