//! Control requests of terminals (ioctl_tty(2)).

use alloc::sync::Arc;

use exo_kernel::dev::tty::{Tty, WindowSize};
use exo_kernel::user::{Pod, UserPtr};
use exo_kernel::{Kind, Result};

use super::job_control;
use super::termios::{UserTermio, UserTermios, UserTermios2};

/// `struct winsize`.
#[derive(Clone, Copy)]
#[repr(C)]
struct UserWindow {
    rows: u16,
    columns: u16,
    x_pixels: u16,
    y_pixels: u16,
}

// SAFETY: four shorts without padding.
unsafe impl Pod for UserWindow {}

/// Request numbers.
mod request {
    pub const TCGETS: u32 = 0x5401;
    pub const TCSETS: u32 = 0x5402;
    pub const TCSETSW: u32 = 0x5403;
    pub const TCSETSF: u32 = 0x5404;
    pub const TCGETA: u32 = 0x5405;
    pub const TCSETA: u32 = 0x5406;
    pub const TCSETAW: u32 = 0x5407;
    pub const TCSETAF: u32 = 0x5408;
    pub const TCSBRK: u32 = 0x5409;
    pub const TCXONC: u32 = 0x540a;
    pub const TCFLSH: u32 = 0x540b;
    pub const TIOCEXCL: u32 = 0x540c;
    pub const TIOCNXCL: u32 = 0x540d;
    pub const TIOCSCTTY: u32 = 0x540e;
    pub const TIOCGPGRP: u32 = 0x540f;
    pub const TIOCSPGRP: u32 = 0x5410;
    pub const TIOCOUTQ: u32 = 0x5411;
    pub const TIOCSTI: u32 = 0x5412;
    pub const TIOCGWINSZ: u32 = 0x5413;
    pub const TIOCSWINSZ: u32 = 0x5414;
    pub const FIONREAD: u32 = 0x541b;
    pub const TIOCNOTTY: u32 = 0x5422;
    pub const TIOCGETD: u32 = 0x5424;
    pub const TCSBRKP: u32 = 0x5425;
    pub const TIOCGSID: u32 = 0x5429;
    pub const TCGETS2: u32 = 0x802c_542a;
    pub const TCSETS2: u32 = 0x402c_542b;
    pub const TCSETSW2: u32 = 0x402c_542c;
    pub const TCSETSF2: u32 = 0x402c_542d;
}

/// When a change of settings takes effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    AfterOutput,
    /// After output, and waiting input is dropped.
    Flush,
}

/// Carries out a request; `master`: it was made at the other end of a pseudo-terminal. [`Kind::NotTerminal`] for one it does not know.
pub(super) fn control(tty: &Arc<Tty>, master: bool, command: u32, argument: usize) -> Result<usize> {
    use request::*;
    if tty.hung_up() && !master {
        return Err(Kind::Io.into());
    }
    match command {
        TCGETS => UserPtr::new(argument).write(&UserTermios::from(&tty.termios()))?,
        TCGETS2 => UserPtr::new(argument).write(&UserTermios2::from(&tty.termios()))?,
        TCGETA => UserPtr::new(argument).write(&UserTermio::from(&tty.termios()))?,
        TCSETS => set_termios(tty, argument, When::Now)?,
        TCSETSW => set_termios(tty, argument, When::AfterOutput)?,
        TCSETSF => set_termios(tty, argument, When::Flush)?,
        TCSETS2 => set_termios2(tty, argument, When::Now)?,
        TCSETSW2 => set_termios2(tty, argument, When::AfterOutput)?,
        TCSETSF2 => set_termios2(tty, argument, When::Flush)?,
        TCSETA => set_termio(tty, argument, When::Now)?,
        TCSETAW => set_termio(tty, argument, When::AfterOutput)?,
        TCSETAF => set_termio(tty, argument, When::Flush)?,
        TCSBRK | TCSBRKP => {
            // A break cannot be sent; waiting for output is what tcdrain asks for.
            job_control::may_change(tty)?;
            tty.drain()?;
        }
        TCXONC => flow(tty, argument)?,
        TCFLSH => {
            job_control::may_change(tty)?;
            match argument {
                0 => tty.flush(true, false),
                1 => tty.flush(false, true),
                2 => tty.flush(true, true),
                _ => return Err(Kind::Invalid.into()),
            }
        }
        TIOCEXCL => tty.set_exclusive(true),
        TIOCNXCL => tty.set_exclusive(false),
        TIOCSCTTY => job_control::acquire(tty, argument == 1)?,
        TIOCNOTTY => job_control::release(tty)?,
        TIOCGPGRP => UserPtr::new(argument).write(&job_control::foreground(tty, master)?)?,
        TIOCSPGRP => job_control::set_foreground(tty, UserPtr::new(argument))?,
        TIOCGSID => UserPtr::new(argument).write(&job_control::session(tty, master)?)?,
        TIOCOUTQ => UserPtr::new(argument).write(&(tty.pending_output() as i32))?,
        FIONREAD => UserPtr::new(argument).write(&(tty.readable() as i32))?,
        TIOCSTI => {
            job_control::may_push_input(tty)?;
            tty.input(&[UserPtr::<u8>::new(argument).read()?]);
        }
        TIOCGWINSZ => {
            let WindowSize { rows, columns, x_pixels, y_pixels } = tty.window();
            UserPtr::new(argument).write(&UserWindow { rows, columns, x_pixels, y_pixels })?;
        }
        TIOCSWINSZ => {
            let UserWindow { rows, columns, x_pixels, y_pixels } = UserPtr::new(argument).read()?;
            tty.set_window(WindowSize { rows, columns, x_pixels, y_pixels });
        }
        TIOCGETD => UserPtr::new(argument).write(&0_i32)?,
        _ => return Err(Kind::NotTerminal.into()),
    }
    Ok(0)
}

fn change(tty: &Arc<Tty>, termios: exo_kernel::dev::tty::Termios, when: When) -> Result<()> {
    if when != When::Now {
        tty.drain()?;
    }
    tty.set_termios(termios, when == When::Flush);
    Ok(())
}

fn set_termios(tty: &Arc<Tty>, argument: usize, when: When) -> Result<()> {
    job_control::may_change(tty)?;
    let wanted: UserTermios = UserPtr::new(argument).read()?;
    change(tty, wanted.apply(), when)
}

fn set_termios2(tty: &Arc<Tty>, argument: usize, when: When) -> Result<()> {
    job_control::may_change(tty)?;
    let wanted: UserTermios2 = UserPtr::new(argument).read()?;
    change(tty, wanted.apply(), when)
}

fn set_termio(tty: &Arc<Tty>, argument: usize, when: When) -> Result<()> {
    job_control::may_change(tty)?;
    let wanted: UserTermio = UserPtr::new(argument).read()?;
    change(tty, wanted.apply(&tty.termios()), when)
}

/// `tcflow`: stop or restart output, or ask the other side to.
fn flow(tty: &Arc<Tty>, action: usize) -> Result<()> {
    use exo_kernel::dev::tty::Cc;
    job_control::may_change(tty)?;
    match action {
        0 => tty.set_stopped(true),
        1 => tty.set_stopped(false),
        2 => tty.send_raw(&[tty.termios().char(Cc::Stop)]),
        3 => tty.send_raw(&[tty.termios().char(Cc::Start)]),
        _ => return Err(Kind::Invalid.into()),
    }
    Ok(())
}
