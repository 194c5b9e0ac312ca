//! The system calls.

use exo_kernel::ipc::futex::{self, Operation, Scope, MATCH_ANY};
use exo_kernel::time::{self, Instant};
use exo_kernel::user::UserPtr;
use exo_kernel::Kind;
use posix_x_abi::types::{RobustListHead, Timespec};

use crate::process::table;
use crate::security::Caps;
use crate::signal::Restart;
use crate::time::{nanoseconds, wall};
use crate::{Errno, Pid, SysResult, Task};

const PRIVATE_FLAG: u32 = 128;
const CLOCK_REALTIME_FLAG: u32 = 256;

const WAIT: u32 = 0;
const WAKE: u32 = 1;
const REQUEUE: u32 = 3;
const CMP_REQUEUE: u32 = 4;
const WAKE_OP: u32 = 5;
const WAIT_BITSET: u32 = 9;
const WAKE_BITSET: u32 = 10;

/// `futex(2)`
pub fn futex(
    t: &Task,
    uaddr: UserPtr<u32>,
    op: u32,
    val: u32,
    timeout: usize,
    uaddr2: UserPtr<u32>,
    val3: u32,
) -> SysResult {
    let scope = if op & PRIVATE_FLAG != 0 { Scope::Private } else { Scope::Shared };
    let realtime = op & CLOCK_REALTIME_FLAG != 0;
    let command = op & !(PRIVATE_FLAG | CLOCK_REALTIME_FLAG);
    if realtime && command != WAIT_BITSET {
        return Err(Errno::ENOSYS);
    }
    let address = uaddr.address();
    // Numbers of waiters are signed, and less than one is one.
    let count = |count: u32| (count as i32).max(1) as usize;
    match command {
        WAIT => {
            let deadline = match UserPtr::<Timespec>::new(timeout).non_null() {
                None => None,
                Some(timeout) => Some(time::now().saturating_add_ns(nanoseconds(timeout.read()?)?)),
            };
            wait(t, address, val, MATCH_ANY, scope, deadline)
        }
        WAIT_BITSET => {
            let deadline = deadline(timeout, realtime)?;
            wait(t, address, val, bits(val3)?, scope, deadline)
        }
        WAKE => Ok(futex::wake(address, count(val), MATCH_ANY, scope)?),
        WAKE_BITSET => Ok(futex::wake(address, count(val), bits(val3)?, scope)?),
        REQUEUE | CMP_REQUEUE => {
            let wakes = usize::try_from(val as i32).map_err(|_| Errno::EINVAL)?;
            let moves = usize::try_from(timeout as i32).map_err(|_| Errno::EINVAL)?;
            let expected = (command == CMP_REQUEUE).then_some(val3);
            let (woken, moved) = futex::requeue(address, uaddr2.address(), wakes, moves, expected, scope)?;
            Ok(woken + moved)
        }
        WAKE_OP => {
            let operation = operation(val3)?;
            Ok(futex::wake_op(
                address,
                uaddr2.address(),
                count(val),
                count(timeout as u32),
                operation,
                scope,
            )?)
        }
        _ => Err(Errno::ENOSYS),
    }
}

fn bits(bits: u32) -> Result<u32, Errno> {
    if bits == 0 {
        return Err(Errno::EINVAL);
    }
    Ok(bits)
}

/// An absolute deadline, on the time since boot or the wall clock.
fn deadline(timeout: usize, realtime: bool) -> Result<Option<Instant>, Errno> {
    let Some(timeout) = UserPtr::<Timespec>::new(timeout).non_null() else { return Ok(None) };
    let nanoseconds = nanoseconds(timeout.read()?)?;
    Ok(Some(if realtime { wall::instant(nanoseconds) } else { Instant::from_nanos(nanoseconds) }))
}

#[inline]
fn wait(
    t: &Task,
    address: usize,
    value: u32,
    bitset: u32,
    scope: Scope,
    deadline: Option<Instant>,
) -> SysResult {
    match futex::wait(address, value, bitset, scope, deadline) {
        Ok(()) => Ok(0),
        Err(error) if error == Kind::Interrupted => {
            let Some(deadline) = deadline else { return Err(Errno::ERESTARTSYS) };
            // A relative timeout must not start again: go on with the deadline made of it.
            let shared = u64::from(scope == Scope::Shared);
            let arguments = [address as u64, value.into(), bitset.into(), shared, deadline.as_nanos(), 0];
            t.signals.set_restart(Restart { call: go_on, arguments });
            Err(Errno::ERESTARTBLOCK)
        }
        Err(error) => Err(error.into()),
    }
}

fn go_on(t: &Task, [address, value, bitset, shared, deadline, _]: [u64; 6]) -> SysResult {
    let scope = if shared != 0 { Scope::Shared } else { Scope::Private };
    wait(t, address as usize, value as u32, bitset as u32, scope, Some(Instant::from_nanos(deadline)))
}

/// A signed twelve-bit field.
const fn signed12(field: u32) -> i32 {
    ((field << 20) as i32) >> 20
}

/// What WAKE_OP's last argument says (futex(2)).
fn operation(encoded: u32) -> Result<Operation, Errno> {
    const SHIFT: u32 = 8;
    let operand = signed12(encoded >> 12 & 0xfff);
    let operand = if encoded >> 28 & SHIFT != 0 { 1u32.wrapping_shl(operand as u32) } else { operand as u32 };
    let change: fn(u32, u32) -> u32 = match encoded >> 28 & 7 {
        0 => |_, operand| operand,
        1 => u32::wrapping_add,
        2 => |old, operand| old | operand,
        3 => |old, operand| old & !operand,
        4 => |old, operand| old ^ operand,
        _ => return Err(Errno::ENOSYS),
    };
    let test: fn(i32, i32) -> bool = match encoded >> 24 & 15 {
        0 => |old, comparand| old == comparand,
        1 => |old, comparand| old != comparand,
        2 => |old, comparand| old < comparand,
        3 => |old, comparand| old <= comparand,
        4 => |old, comparand| old > comparand,
        5 => |old, comparand| old >= comparand,
        _ => return Err(Errno::ENOSYS),
    };
    Ok(Operation { change, operand, test, comparand: signed12(encoded & 0xfff) })
}

/// `set_robust_list(2)`
pub fn set_robust_list(t: &Task, head: usize, len: usize) -> SysResult {
    if len != size_of::<RobustListHead>() {
        return Err(Errno::EINVAL);
    }
    t.robust_list.store(head, core::sync::atomic::Ordering::Relaxed);
    Ok(0)
}

/// `get_robust_list(2)`
pub fn get_robust_list(t: &Task, pid: Pid, head: UserPtr<usize>, len: UserPtr<usize>) -> SysResult {
    let list = if pid == 0 || pid == t.tid() {
        t.robust_list.load(core::sync::atomic::Ordering::Relaxed)
    } else {
        let other = table::task(pid).ok_or(Errno::ESRCH)?;
        let (mine, theirs) = (t.creds(), other.creds_snapshot());
        let same = [theirs.uid, theirs.euid, theirs.suid].iter().all(|id| *id == mine.uid);
        if !same && !mine.capable(Caps::SYS_PTRACE) {
            return Err(Errno::EPERM);
        }
        other.robust_list.load(core::sync::atomic::Ordering::Relaxed)
    };
    len.write(&size_of::<RobustListHead>())?;
    head.write(&list)?;
    Ok(0)
}
