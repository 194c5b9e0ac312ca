//! A session: the process groups that share a terminal.

use alloc::sync::Arc;

use exo_kernel::dev::tty::Tty;
use exo_kernel::sync::SpinLock;

use crate::Pid;

/// A session. Every process has one; fork inherits it, `setsid` makes a new one.
pub struct Session {
    id: Pid,
    terminal: SpinLock<Terminal>,
}

/// The controlling terminal and who may read from it. The group outlives a terminal that was hung up.
#[derive(Clone, Default)]
struct Terminal {
    tty: Option<Arc<Tty>>,
    foreground: Pid,
}

impl Session {
    /// A session without a terminal.
    pub fn new(id: Pid) -> Self {
        Self { id, terminal: SpinLock::new(Terminal::default()) }
    }
    /// Its number: that of the process that made it.
    pub fn id(&self) -> Pid {
        self.id
    }
    /// The controlling terminal.
    pub fn terminal(&self) -> Option<Arc<Tty>> {
        self.terminal.lock().tty.clone()
    }
    /// Is this its terminal?
    pub fn has_terminal(&self, tty: &Tty) -> bool {
        self.terminal.lock().tty.as_ref().is_some_and(|own| core::ptr::eq(&**own, tty))
    }
    /// Gives it a terminal, with a foreground group, or takes it away. Returns the one it had.
    pub fn set_terminal(&self, tty: Option<Arc<Tty>>, foreground: Pid) -> Option<Arc<Tty>> {
        let old = core::mem::replace(&mut *self.terminal.lock(), Terminal { tty, foreground }).tty;
        if let Some(old) = &old {
            old.set_owner(None);
        }
        old
    }
    /// The group in the foreground, or that was there when the line was hung up; 0 if there is none.
    pub fn foreground(&self) -> Pid {
        self.terminal.lock().foreground
    }
    /// Puts a group into the foreground.
    pub fn set_foreground(&self, group: Pid) {
        self.terminal.lock().foreground = group;
    }
}
