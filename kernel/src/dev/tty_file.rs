//! Terminals as files: what `/dev/ttyS0`, `/dev/pts/N` and `/dev/ptmx` open to.

use alloc::sync::Arc;
use core::fmt;

use super::devpts::SlaveName;
use super::pty::PtyMaster;
use super::tty::{job_control, Tty};
use crate::sync::{Events, PollTable};
use crate::user::{IoDest, IoSource, UserPtr};
use crate::vfs::{File, Io};
use crate::{Kind, Result};

/// An open terminal.
pub struct TtyFile {
    tty: Arc<Tty>,
}

impl TtyFile {
    /// An open description of `tty`.
    pub fn new(tty: Arc<Tty>) -> Self {
        tty.opened();
        Self { tty }
    }

    /// The terminal.
    pub fn tty(&self) -> &Arc<Tty> {
        &self.tty
    }
}

impl Drop for TtyFile {
    fn drop(&mut self) {
        self.tty.closed();
    }
}

impl File for TtyFile {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.tty.read(dest, io.nonblock())
    }
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        self.tty.write(source, io.nonblock())
    }
    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        self.tty.poll(table)
    }
    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        job_control().ok_or(Kind::NotTerminal)?.control(&self.tty, false, request, argument)
    }
    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.tty.readable())
    }
}

/// The master's own control requests (ioctl_tty(2)); all others act on the slave.
mod request {
    pub const TIOCPKT: u32 = 0x5420;
    pub const TIOCGPTN: u32 = 0x8004_5430;
    pub const TIOCSPTLCK: u32 = 0x4004_5431;
    pub const TIOCGPKT: u32 = 0x8004_5438;
    pub const TIOCGPTLCK: u32 = 0x8004_5439;
}

/// An open master, with the name of its slave.
pub struct MasterFile {
    // Dropped in this order: nobody finds the slave of a master that is gone.
    _name: SlaveName,
    master: Arc<PtyMaster>,
}

impl MasterFile {
    /// An open description of `master`.
    pub fn new(master: Arc<PtyMaster>, name: SlaveName) -> Self {
        Self { _name: name, master }
    }
}

impl File for MasterFile {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.master.read(dest, io.nonblock())
    }
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        self.master.write(source, io.nonblock())
    }
    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        self.master.poll(table)
    }
    fn readable_bytes(&self) -> Result<usize> {
        Ok(self.master.readable())
    }
    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        use request::*;
        let flag = || UserPtr::<i32>::new(argument).read().map(|value| value != 0);
        match request {
            TIOCPKT => self.master.set_packet_mode(flag()?),
            TIOCSPTLCK => self.master.set_locked(flag()?),
            TIOCGPTN => UserPtr::new(argument).write(&self.master.number)?,
            TIOCGPKT => UserPtr::new(argument).write(&i32::from(self.master.packet_mode()))?,
            TIOCGPTLCK => UserPtr::new(argument).write(&i32::from(self.master.locked()))?,
            _ => {
                return job_control().ok_or(Kind::NotTerminal)?.control(
                    self.master.slave(),
                    true,
                    request,
                    argument,
                )
            }
        }
        Ok(0)
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("/dev/ptmx")
    }
}
