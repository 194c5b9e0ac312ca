//! [`PosixX`]: what the kernel calls when a program does, and the start of the first program.

mod exceptions;
mod start;

use exo_kernel::arch::UserFrame;
use exo_kernel::sched;
use exo_kernel::user::{Exception, Personality};

use crate::dispatch;
use crate::process::current;
use crate::signal::deliver;

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

    fn exception(&self, frame: &mut UserFrame, exception: Exception) {
        exceptions::handle(current(), frame, &exception);
    }

    fn attention(&self, frame: &mut UserFrame) {
        // Cleared first: what arrives while we look is seen by the next round.
        sched::current().clear_attention();
        let task = current();
        if start::run_first_program(task, frame) {
            deliver::attend(task, frame);
        }
    }
}

/// Prepares the personality: fast calls and lean calls of the entry stub. Runs once, before the first program.
pub fn init() {
    dispatch::install();
    exo_kernel::user::set_personality(&PERSONALITY);
}
