//! Job control: who may use a terminal, and whom it signals (termios(3), credentials(7), setpgid(2)).

use alloc::sync::Arc;

use exo_kernel::dev::tty::{self, Local, Tty, TtySignal};
use exo_kernel::user::UserPtr;
use exo_kernel::{Kind, Result};

use super::ioctl;
use crate::process::{current, current_or_none, table, Session, Task};
use crate::security::Caps;
use crate::signal::{self, Info, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH};

/// Registers Linux's job control with the terminals.
pub fn init() {
    tty::set_job_control(&LinuxJobControl);
}

struct LinuxJobControl;

impl tty::JobControl for LinuxJobControl {
    fn before_read(&self, tty: &Tty) -> Result<()> {
        current_or_none().map_or(Ok(()), |task| check(task, tty, SIGTTIN))
    }

    fn before_write(&self, tty: &Tty) -> Result<()> {
        match current_or_none() {
            Some(task) if tty.termios().local.contains(Local::TOSTOP) => check(task, tty, SIGTTOU),
            _ => Ok(()),
        }
    }

    fn signal(&self, tty: &Tty, what: TtySignal) {
        let Some(session) = owner(tty) else { return };
        let number = match what {
            TtySignal::Interrupt => SIGINT,
            TtySignal::Quit => SIGQUIT,
            TtySignal::Suspend => SIGTSTP,
            TtySignal::WindowChange => SIGWINCH,
            TtySignal::Hangup => return hang_up(&session),
        };
        let foreground = session.foreground();
        if foreground > 0 {
            signal::send_to_group(foreground, Info::kernel(number));
        }
    }

    fn control(&self, tty: &Arc<Tty>, master: bool, command: u32, argument: usize) -> Result<usize> {
        ioctl::control(tty, master, command, argument)
    }

    fn opened(&self, tty: &Arc<Tty>) {
        let Some(task) = current_or_none() else { return };
        let session = task.process().session();
        if session.id() == task.pid() && session.terminal().is_none() && owner(tty).is_none() {
            attach(tty, &session, task);
        }
    }

    fn user(&self) -> (u32, u32) {
        current_or_none().map_or((0, 0), |task| (task.creds().fsuid, task.creds().fsgid))
    }

    fn own(&self) -> Result<Arc<Tty>> {
        current().process().session().terminal().ok_or_else(|| Kind::NoDevice.into())
    }
}

/// The session whose controlling terminal this is.
fn owner(tty: &Tty) -> Option<Arc<Session>> {
    tty.owner()?.downcast().ok()
}

/// Makes `tty` the controlling terminal of `session`, with the caller's group in front.
fn attach(tty: &Arc<Tty>, session: &Arc<Session>, task: &Task) {
    session.set_terminal(Some(tty.clone()), task.process().pgid());
    let weak = Arc::downgrade(session);
    tty.set_owner(Some(weak));
}

/// The line is gone: the session's leader is told, and nobody in it has a terminal any more. The group that was in
/// front is remembered, to be told at the leader's end.
fn hang_up(session: &Session) {
    drop(session.set_terminal(None, session.foreground()));
    if let Some(leader) = table::process(session.id()) {
        signal::send_to_process(&leader, Info::kernel(SIGHUP));
        signal::send_to_process(&leader, Info::kernel(SIGCONT));
    }
}

/// May the task use its controlling terminal for what `number` guards? From the background its group gets the
/// signal and the call is to be repeated, unless the signal would be lost: then reading fails and writing works.
fn check(task: &Task, tty: &Tty, number: i32) -> Result<()> {
    let process = task.process();
    let session = process.session();
    let (group, foreground) = (process.pgid(), session.foreground());
    if !session.has_terminal(tty) || foreground == 0 || foreground == group {
        return Ok(());
    }
    let lost = task.signals.mask().has(number) || process.signals.with_handlers(|h| h.ignored().has(number));
    if lost {
        return if number == SIGTTIN { Err(Kind::Io.into()) } else { Ok(()) };
    }
    if signal::is_orphaned(&table::lock(), group, None) {
        return Err(Kind::Io.into());
    }
    signal::send_to_group(group, Info::kernel(number));
    Err(Kind::Interrupted.into())
}

/// May the caller change settings of the terminal?
pub(super) fn may_change(tty: &Tty) -> Result<()> {
    check(current(), tty, SIGTTOU)
}

/// May the caller put bytes into the terminal's input (`TIOCSTI`)?
pub(super) fn may_push_input(tty: &Tty) -> Result<()> {
    let task = current();
    if task.process().session().has_terminal(tty) || task.creds().capable(Caps::SYS_ADMIN) {
        return Ok(());
    }
    Err(Kind::NotPermitted.into())
}

/// `TIOCSCTTY`: the caller, a session leader without a terminal, takes this one (by force, if `steal`).
pub(super) fn acquire(tty: &Arc<Tty>, steal: bool) -> Result<()> {
    let task = current();
    let session = task.process().session();
    let leader = session.id() == task.pid();
    if leader && session.has_terminal(tty) {
        return Ok(());
    }
    if !leader || session.terminal().is_some() {
        return Err(Kind::NotPermitted.into());
    }
    if let Some(other) = owner(tty) {
        if !(steal && task.creds().capable(Caps::SYS_ADMIN)) {
            return Err(Kind::NotPermitted.into());
        }
        drop(other.set_terminal(None, 0));
    }
    attach(tty, &session, task);
    Ok(())
}

/// `TIOCNOTTY`: the session, asked by its leader, gives the terminal up.
pub(super) fn release(tty: &Tty) -> Result<()> {
    let session = own_session(tty, false)?;
    if session.id() != current().pid() {
        return Err(Kind::NotPermitted.into());
    }
    let foreground = session.foreground();
    drop(session.set_terminal(None, 0));
    if foreground > 0 {
        signal::send_to_group(foreground, Info::kernel(SIGHUP));
        signal::send_to_group(foreground, Info::kernel(SIGCONT));
    }
    Ok(())
}

/// The session of which this is the controlling terminal: the caller's, or at the master's end any.
fn own_session(tty: &Tty, master: bool) -> Result<Arc<Session>> {
    let session = owner(tty).ok_or(Kind::NotTerminal)?;
    if !master && !current().process().session().has_terminal(tty) {
        return Err(Kind::NotTerminal.into());
    }
    Ok(session)
}

/// `TIOCGPGRP`
pub(super) fn foreground(tty: &Tty, master: bool) -> Result<i32> {
    if master && owner(tty).is_none() {
        return Ok(0);
    }
    Ok(own_session(tty, master)?.foreground())
}

/// `TIOCSPGRP`: puts a group of the caller's session in front.
pub(super) fn set_foreground(tty: &Tty, group: UserPtr<i32>) -> Result<()> {
    may_change(tty).map_err(|error| if error == Kind::Io { Kind::NotTerminal.into() } else { error })?;
    let group = group.read()?;
    if group < 0 {
        return Err(Kind::Invalid.into());
    }
    let session = current().process().session();
    if !session.has_terminal(tty) {
        return Err(Kind::NotTerminal.into());
    }
    let table = table::lock();
    let member = table.group(group).first().or_else(|| table.process(group)).ok_or(Kind::NoProcess)?;
    if member.sid() != session.id() {
        return Err(Kind::NotPermitted.into());
    }
    session.set_foreground(group);
    Ok(())
}

/// `TIOCGSID`
pub(super) fn session(tty: &Tty, master: bool) -> Result<i32> {
    Ok(own_session(tty, master)?.id())
}
