//! Paths of confined processes.

use alloc::sync::Arc;

use exo_kernel::vfs::{Limits, Lookup, Reach, Veil, View};
use exo_kernel::{Kind, Result};
use posix_x_abi::{syscall, Promises};

use super::pledge::{violate, Violation};
use crate::process::Task;

/// What limits the paths that a confined task follows in one call.
pub struct PathLimits<'a> {
    task: &'a Task,
    promises: Option<Promises>,
    veil: Option<Arc<Veil>>,
    /// What the call under way needs for a path; nothing if that depends on how it opens.
    needed: Promises,
}

impl<'a> PathLimits<'a> {
    /// Those of `task`; `None` if it is free.
    #[inline]
    pub fn of(task: &'a Task) -> Option<Self> {
        task.process().confinement.is_active().then(|| Self::of_confined(task))
    }

    #[cold]
    fn of_confined(task: &'a Task) -> Self {
        let confinement = &task.process().confinement;
        let row = syscall(task.confined_call.load(core::sync::atomic::Ordering::Relaxed).into());
        let needed = row.map_or(Promises::empty(), |row| row.promises & Promises::PATHS);
        Self { task, promises: confinement.promises(), veil: confinement.veil(), needed }
    }
}

/// What opening for `reach` needs, every one of them.
fn opening(reach: Reach) -> Promises {
    let mut promises = Promises::empty();
    promises.set(Promises::rpath, reach.contains(Reach::READ) || reach.is_empty());
    promises.set(Promises::wpath, reach.contains(Reach::WRITE));
    promises.set(Promises::cpath, reach.contains(Reach::CREATE));
    promises.set(Promises::exec, reach.contains(Reach::EXECUTE));
    promises
}

/// What a call does with a path that needs one of `needed`.
fn reach_of(needed: Promises) -> Reach {
    let writing = Promises::wpath | Promises::fattr | Promises::chown | Promises::unix;
    if needed.intersects(writing) {
        Reach::WRITE
    } else if needed.contains(Promises::exec) {
        Reach::EXECUTE
    } else {
        Reach::READ
    }
}

/// Is `path` one that a promise is about, though those about paths in general are not made?
fn is_exempt(path: &[u8], promises: Promises, needed: Promises) -> Option<Lookup> {
    let read_only = needed == Promises::rpath;
    let read_write = (Promises::rpath | Promises::wpath | Promises::cpath).contains(needed);
    let text = |names: &[&str]| names.iter().any(|name| name.as_bytes() == path);
    let clean = |prefix: &[u8]| {
        let rest = path.strip_prefix(prefix).unwrap_or_default();
        !rest.is_empty() && !rest.split(|&byte| byte == b'/').any(|name| name == b"..")
    };
    let has = |promise| promises.contains(promise);
    if has(Promises::stdio) && (read_write && text(&["/dev/null"]) || read_only && text(&["/etc/localtime"]))
        || has(Promises::tty) && read_write && text(&["/dev/tty"])
        || has(Promises::stdio) && read_only && clean(b"/usr/share/zoneinfo/")
        || has(Promises::getpw) && read_only && text(&["/etc/passwd", "/etc/group"])
        || has(Promises::dns)
            && read_only
            && text(&["/etc/resolv.conf", "/etc/hosts", "/etc/services", "/etc/protocols"])
    {
        return Some(Lookup::empty());
    }
    // Anybody can make a link there, so none is followed.
    (has(Promises::tmppath) && read_write && clean(b"/tmp/")).then_some(Lookup::NO_SYMLINKS)
}

impl Limits for PathLimits<'_> {
    fn admit(&self, path: &[u8], wanted: Option<Reach>) -> Result<(Lookup, Option<View<'_>>)> {
        if let Some(promises) = self.promises {
            let needed = match (self.needed.is_empty(), wanted) {
                (true, wanted) => opening(wanted.unwrap_or(Reach::READ)),
                (false, _) => self.needed,
            };
            let kept =
                if self.needed.is_empty() { promises.contains(needed) } else { promises.intersects(needed) };
            if !kept {
                if let Some(lookup) = is_exempt(path, promises, needed) {
                    return Ok((lookup, None));
                }
                let refused = match violate(self.task, needed - promises) {
                    Violation::Fatal => Kind::NotPermitted,
                    Violation::Error => Kind::NoCall,
                };
                return Err(refused.into());
            }
        }
        let wanted = wanted.unwrap_or_else(|| reach_of(self.needed));
        Ok((Lookup::empty(), self.veil.as_deref().map(|veil| View { veil, wanted })))
    }
}
