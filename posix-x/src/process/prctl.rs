//! `prctl`.

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::sched;
use exo_kernel::user::{read_string, UserPtr};
use exo_kernel::Kind;
use posix_x_abi::uapi::prctl as p;

use super::{table, Task};
use crate::dispatch::args::FromRegister;
use crate::security::credentials::{SECBIT_KEEP_CAPS, SECBIT_NO_CAP_AMBIENT_RAISE};
use crate::security::{seccomp, Caps, Credentials};
use crate::signal::SIGNAL_MAX;
use crate::{Errno, SysResult};

fn flag(value: usize) -> Result<bool, Errno> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Errno::EINVAL),
    }
}

fn change_creds(t: &Task, change: impl FnOnce(&mut Credentials)) {
    let mut creds = (**t.creds()).clone();
    change(&mut creds);
    t.set_creds(Arc::new(creds));
}

fn set_name(t: &Task, address: usize) -> SysResult {
    let mut name = [0; 16];
    let length = match read_string(address, &mut name) {
        Ok(text) => text.len(),
        // Longer names are cut.
        Err(error) if error == Kind::NameTooLong => 15,
        Err(error) => return Err(error.into()),
    };
    t.set_comm(&name[..length]);
    sched::current().set_name(&name[..length]);
    Ok(0)
}

/// All descendants learn that there is a subreaper above them.
fn set_subreaper(t: &Task, on: bool) {
    let process = t.process();
    process.subreaper.store(on, Relaxed);
    if !on {
        return;
    }
    let table = table::lock();
    let mut below = alloc::vec![process.clone()];
    while let Some(parent) = below.pop() {
        for child in &parent.relations.get(&table).children {
            if !child.has_subreaper.swap(true, Relaxed) {
                below.push(child.clone());
            }
        }
    }
}

fn bounding(t: &Task, option: u32, number: usize) -> SysResult {
    let cap = Caps::from_number(number).ok_or(Errno::EINVAL)?;
    if option == p::PR_CAPBSET_READ {
        return Ok(usize::from(t.creds().bounding.contains(cap)));
    }
    if !t.creds().capable(Caps::SETPCAP) {
        return Err(Errno::EPERM);
    }
    change_creds(t, |creds| creds.bounding -= cap);
    Ok(0)
}

fn ambient(t: &Task, what: usize, number: usize) -> SysResult {
    if what == p::PR_CAP_AMBIENT_CLEAR_ALL as usize {
        if number != 0 {
            return Err(Errno::EINVAL);
        }
        change_creds(t, |creds| creds.ambient = Caps::empty());
        return Ok(0);
    }
    let cap = Caps::from_number(number).ok_or(Errno::EINVAL)?;
    let creds = t.creds();
    match what as u32 {
        p::PR_CAP_AMBIENT_IS_SET => Ok(usize::from(creds.ambient.contains(cap))),
        p::PR_CAP_AMBIENT_RAISE => {
            let allowed = creds.permitted.contains(cap)
                && creds.inheritable.contains(cap)
                && creds.securebits & SECBIT_NO_CAP_AMBIENT_RAISE == 0;
            if !allowed {
                return Err(Errno::EPERM);
            }
            change_creds(t, |creds| creds.ambient |= cap);
            Ok(0)
        }
        p::PR_CAP_AMBIENT_LOWER => {
            change_creds(t, |creds| creds.ambient -= cap);
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

fn set_securebits(t: &Task, bits: usize) -> SysResult {
    const ALL: usize = 0xff;
    const LOCKS: u32 = 0xaa;
    let old = t.creds().securebits;
    let locked = (old & LOCKS) >> 1;
    let bits = u32::from_register(bits as u64);
    // What is locked stays, locks included.
    let refused = bits as usize & !ALL != 0 || (old ^ bits) & locked != 0 || old & LOCKS & !bits != 0;
    if refused || !t.creds().capable(Caps::SETPCAP) {
        return Err(Errno::EPERM);
    }
    change_creds(t, |creds| creds.securebits = bits);
    Ok(0)
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `prctl(2)`
    pub fn prctl(t: &Task, option: i32, arg2: usize, arg3: usize, arg4: usize, arg5: usize) -> SysResult {
        let process = t.process();
        match option as u32 {
            p::PR_SET_PDEATHSIG => {
                let signal = i32::try_from(arg2).ok().filter(|signal| (0..=SIGNAL_MAX).contains(signal));
                t.death_signal.store(signal.ok_or(Errno::EINVAL)?, Relaxed);
                Ok(0)
            }
            p::PR_GET_PDEATHSIG => {
                UserPtr::<i32>::new(arg2).write(&t.death_signal.load(Relaxed))?;
                Ok(0)
            }
            p::PR_GET_DUMPABLE => Ok(usize::from(process.dumpable.load(Relaxed))),
            p::PR_SET_DUMPABLE => {
                process.dumpable.store(flag(arg2)?, Relaxed);
                Ok(0)
            }
            p::PR_SET_NAME => set_name(t, arg2),
            p::PR_GET_NAME => {
                UserPtr::<[u8; 16]>::new(arg2).write(&t.comm())?;
                Ok(0)
            }
            p::PR_GET_KEEPCAPS => Ok(usize::from(t.creds().securebits & SECBIT_KEEP_CAPS != 0)),
            p::PR_SET_KEEPCAPS => {
                let keep = flag(arg2)?;
                change_creds(t, |creds| {
                    creds.securebits =
                        creds.securebits & !SECBIT_KEEP_CAPS | if keep { SECBIT_KEEP_CAPS } else { 0 };
                });
                Ok(0)
            }
            p::PR_CAPBSET_READ | p::PR_CAPBSET_DROP => bounding(t, option as u32, arg2),
            p::PR_CAP_AMBIENT if arg4 | arg5 == 0 => ambient(t, arg2, arg3),
            p::PR_GET_SECUREBITS => Ok(t.creds().securebits as usize),
            p::PR_SET_SECUREBITS => set_securebits(t, arg2),
            p::PR_SET_CHILD_SUBREAPER => {
                set_subreaper(t, arg2 != 0);
                Ok(0)
            }
            p::PR_GET_CHILD_SUBREAPER => {
                UserPtr::<i32>::new(arg2).write(&i32::from(process.subreaper.load(Relaxed)))?;
                Ok(0)
            }
            p::PR_SET_NO_NEW_PRIVS if arg2 == 1 && arg3 | arg4 | arg5 == 0 => {
                t.no_new_privileges.store(true, Relaxed);
                Ok(0)
            }
            p::PR_GET_NO_NEW_PRIVS if arg2 | arg3 | arg4 | arg5 == 0 => {
                Ok(usize::from(t.no_new_privileges.load(Relaxed)))
            }
            p::PR_GET_TIMERSLACK => Ok(t.timer_slack.load(Relaxed)),
            p::PR_SET_TIMERSLACK => {
                const DEFAULT: usize = 50_000;
                t.timer_slack.store(if arg2 == 0 { DEFAULT } else { arg2 }, Relaxed);
                Ok(0)
            }
            p::PR_GET_TIMING => Ok(0),
            p::PR_GET_TID_ADDRESS => {
                UserPtr::<usize>::new(arg2).write(&t.clear_child_tid.load(Relaxed))?;
                Ok(0)
            }
            p::PR_GET_SECCOMP => Ok(t.seccomp.mode() as usize),
            p::PR_SET_SECCOMP => seccomp::set_mode(t, arg2, arg3),
            p::PR_GET_TSC => {
                const PR_TSC_ENABLE: i32 = 1;
                UserPtr::<i32>::new(arg2).write(&PR_TSC_ENABLE)?;
                Ok(0)
            }
            // Naming anonymous memory is for looking at it from outside.
            p::PR_SET_VMA => Err(Errno::EINVAL),
            _ => Err(Errno::EINVAL),
        }
    }
}
