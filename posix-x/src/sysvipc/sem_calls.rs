//! `semget`, `semop`, `semtimedop`, `semctl`.

use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::time::{self, Instant};
use exo_kernel::user::UserPtr;
use posix_x_abi::types::{Sembuf, SemidDs, Seminfo, Timespec};

use super::limits::{int, Share};
use super::sem::{wants_undo, Request, SemaphoreSet, ALTER, READ, VALUE_MAX};
use super::{filled, Namespace, Permissions, IPC_INFO, IPC_RMID, IPC_SET, IPC_STAT};
use crate::process::Task;
use crate::time::nanoseconds;
use crate::{Errno, SysResult, UserAddr};

const GETPID: i32 = 11;
const GETVAL: i32 = 12;
const GETALL: i32 = 13;
const GETNCNT: i32 = 14;
const GETZCNT: i32 = 15;
const SETVAL: i32 = 16;
const SETALL: i32 = 17;
const SEM_STAT: i32 = 18;
const SEM_INFO: i32 = 19;
const SEM_STAT_ANY: i32 = 20;

/// `semget(2)`
pub fn semget(t: &Task, key: i32, nsems: i32, semflg: u32) -> SysResult {
    let ipc = t.ipc();
    let count = usize::try_from(nsems).map_err(|_| Errno::EINVAL)?;
    if count as u64 > ipc.limits.semmsl.load(Relaxed) {
        return Err(Errno::EINVAL);
    }
    let check = |set: &SemaphoreSet| {
        if count > set.count() {
            return Err(Errno::EINVAL);
        }
        set.check(t.creds(), semflg)
    };
    let make = || {
        if count == 0 {
            return Err(Errno::EINVAL);
        }
        let share = Share::take(&ipc.semaphores, count as u64, &ipc.limits.semmns)?;
        SemaphoreSet::new(Permissions::new(t.creds(), key, semflg), count, share)
    };
    Ok(ipc.sem.get(key, semflg, ipc.limits.semmni.load(Relaxed), check, make)? as usize)
}

/// `semop(2)`
pub fn semop(t: &Task, semid: i32, sops: UserPtr<Sembuf>, nsops: u32) -> SysResult {
    operate(t, semid, sops, nsops, None)
}

/// `semtimedop(2)`
pub fn semtimedop(
    t: &Task,
    semid: i32,
    sops: UserPtr<Sembuf>,
    nsops: u32,
    timeout: UserPtr<Timespec>,
) -> SysResult {
    let timeout = timeout.non_null().map(UserPtr::read).transpose()?;
    operate(t, semid, sops, nsops, timeout)
}

fn operate(t: &Task, semid: i32, sops: UserPtr<Sembuf>, nsops: u32, timeout: Option<Timespec>) -> SysResult {
    /// Operations that there is room for without allocating.
    const FEW: usize = 8;
    if u64::from(nsops) > t.ipc().limits.semopm.load(Relaxed) {
        return Err(Errno::E2BIG);
    }
    let count = nsops as usize;
    if count <= FEW {
        let mut few = [Sembuf::default(); FEW];
        operate_on(t, semid, sops, &mut few[..count], timeout)
    } else {
        operate_on(t, semid, sops, &mut filled(Sembuf::default(), count)?, timeout)
    }
}

fn operate_on(
    t: &Task,
    semid: i32,
    sops: UserPtr<Sembuf>,
    operations: &mut [Sembuf],
    timeout: Option<Timespec>,
) -> SysResult {
    if operations.is_empty() {
        return Err(Errno::EINVAL);
    }
    sops.read_slice(operations)?;
    if semid < 0 {
        return Err(Errno::EINVAL);
    }
    let deadline = match timeout {
        Some(timeout) => Some(time::now().saturating_add_ns(nanoseconds(timeout)?)),
        None => None::<Instant>,
    };
    let set = t.ipc().sem.find(semid)?;
    let undo = if wants_undo(operations) { Some(t.undo_list()) } else { None };
    set.operate(t.creds(), &Request::new(operations, t.pid(), undo.as_ref()), deadline)?;
    Ok(0)
}

/// `semctl(2)`
pub fn semctl(t: &Task, semid: i32, semnum: i32, cmd: i32, arg: UserAddr) -> SysResult {
    let ipc = t.ipc();
    if semid < 0 {
        return Err(Errno::EINVAL);
    }
    let creds = t.creds();
    match cmd {
        IPC_INFO | SEM_INFO => {
            arg.cast::<Seminfo>().write(&info(ipc, cmd == SEM_INFO))?;
            Ok(ipc.sem.highest_place())
        }
        IPC_STAT => {
            let set = ipc.sem.find(semid)?;
            set.check(creds, READ)?;
            arg.cast::<SemidDs>().write(&set.told())?;
            Ok(0)
        }
        SEM_STAT | SEM_STAT_ANY => {
            let (id, set) = ipc.sem.at_place_of(semid)?;
            set.check(creds, if cmd == SEM_STAT { READ } else { 0 })?;
            arg.cast::<SemidDs>().write(&set.told())?;
            Ok(id as usize)
        }
        GETVAL => Ok(ipc.sem.find(semid)?.semaphore(creds, semnum)?.0 as usize),
        GETPID => Ok(ipc.sem.find(semid)?.semaphore(creds, semnum)?.1 as usize),
        GETNCNT | GETZCNT => ipc.sem.find(semid)?.waiting(creds, semnum, cmd == GETZCNT),
        GETALL => {
            let values = ipc.sem.find(semid)?.values(creds)?;
            arg.cast::<u16>().write_slice(&values)?;
            Ok(0)
        }
        SETALL => {
            let set = ipc.sem.find(semid)?;
            set.check(creds, ALTER)?;
            let mut values = filled(0u16, set.count())?;
            arg.cast::<u16>().read_slice(&mut values)?;
            if values.iter().any(|value| i32::from(*value) > VALUE_MAX) {
                return Err(Errno::ERANGE);
            }
            set.set_values(creds, 0, &values, t.pid())?;
            Ok(0)
        }
        SETVAL => {
            let value = arg.address() as i32;
            if !(0..=VALUE_MAX).contains(&value) {
                return Err(Errno::ERANGE);
            }
            let set = ipc.sem.find(semid)?;
            let index = usize::try_from(semnum).ok().filter(|index| *index < set.count());
            set.set_values(creds, index.ok_or(Errno::EINVAL)?, &[value as u16], t.pid())?;
            Ok(0)
        }
        IPC_SET => {
            let new = arg.cast::<SemidDs>().read()?;
            let set = ipc.sem.find(semid)?;
            set.check_owner(creds)?;
            set.update(&new.perm)?;
            Ok(0)
        }
        IPC_RMID => {
            let set = ipc.sem.find(semid)?;
            set.check_owner(creds)?;
            if !set.retire() {
                return Err(Errno::EIDRM);
            }
            ipc.sem.remove(semid);
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The limits, or with `used` in some of the fields what there is of each.
fn info(ipc: &Namespace, used: bool) -> Seminfo {
    const SEMUSZ: i32 = 20;
    let semmns = int(&ipc.limits.semmns);
    Seminfo {
        semmap: semmns,
        semmni: int(&ipc.limits.semmni),
        semmns,
        semmnu: semmns,
        semmsl: int(&ipc.limits.semmsl),
        semopm: int(&ipc.limits.semopm),
        semume: int(&ipc.limits.semopm),
        semusz: if used { ipc.sem.count() as i32 } else { SEMUSZ },
        semvmx: VALUE_MAX,
        semaem: if used { int(&ipc.semaphores) } else { VALUE_MAX },
    }
}
