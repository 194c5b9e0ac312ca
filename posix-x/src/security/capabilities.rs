//! Linux's capability sets: [`Caps`], `capget` and `capset`.

use alloc::sync::Arc;

use exo_kernel::user::UserPtr;
use exo_kernel::vfs;
use posix_x_abi::types::{CapData, CapHeader};

use crate::process::{table, Task};
use crate::{Errno, SysResult};

bitflags::bitflags! {
    /// A set of capabilities: bit n is Linux's capability n.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Caps: u64 {
        const CHOWN = 1 << 0;
        const DAC_OVERRIDE = 1 << 1;
        const DAC_READ_SEARCH = 1 << 2;
        const FOWNER = 1 << 3;
        const FSETID = 1 << 4;
        const KILL = 1 << 5;
        const SETGID = 1 << 6;
        const SETUID = 1 << 7;
        const SETPCAP = 1 << 8;
        const LINUX_IMMUTABLE = 1 << 9;
        const NET_BIND_SERVICE = 1 << 10;
        const NET_BROADCAST = 1 << 11;
        const NET_ADMIN = 1 << 12;
        const NET_RAW = 1 << 13;
        const IPC_LOCK = 1 << 14;
        const IPC_OWNER = 1 << 15;
        const SYS_MODULE = 1 << 16;
        const SYS_RAWIO = 1 << 17;
        const SYS_CHROOT = 1 << 18;
        const SYS_PTRACE = 1 << 19;
        const SYS_PACCT = 1 << 20;
        const SYS_ADMIN = 1 << 21;
        const SYS_BOOT = 1 << 22;
        const SYS_NICE = 1 << 23;
        const SYS_RESOURCE = 1 << 24;
        const SYS_TIME = 1 << 25;
        const SYS_TTY_CONFIG = 1 << 26;
        const MKNOD = 1 << 27;
        const LEASE = 1 << 28;
        const AUDIT_WRITE = 1 << 29;
        const AUDIT_CONTROL = 1 << 30;
        const SETFCAP = 1 << 31;
        const MAC_OVERRIDE = 1 << 32;
        const MAC_ADMIN = 1 << 33;
        const SYSLOG = 1 << 34;
        const WAKE_ALARM = 1 << 35;
        const BLOCK_SUSPEND = 1 << 36;
        const AUDIT_READ = 1 << 37;
        const PERFMON = 1 << 38;
        const BPF = 1 << 39;
        const CHECKPOINT_RESTORE = 1 << 40;
    }
}

/// The highest capability.
pub const LAST_CAPABILITY: usize = 40;

impl Caps {
    /// The capability with this number.
    pub fn from_number(number: usize) -> Option<Self> {
        (number <= LAST_CAPABILITY).then(|| Self::from_bits_retain(1 << number))
    }

    /// What of it the file system knows.
    pub fn file_rights(self) -> vfs::Privileges {
        // The file layer numbers them alike.
        vfs::Privileges::from_bits_truncate(self.bits())
    }
}

/// The version with two 32-bit halves, the one in use.
const VERSION_3: u32 = 0x2008_0522;
/// The same layout, deprecated.
const VERSION_2: u32 = 0x2007_1026;
/// The version with one half.
const VERSION_1: u32 = 0x1998_0330;

/// Reads the header; how many halves the data has, and whose it is.
fn header(pointer: UserPtr<CapHeader>) -> Result<(usize, i32), Errno> {
    let header = pointer.read()?;
    let halves = match header.version {
        VERSION_1 => 1,
        VERSION_2 | VERSION_3 => 2,
        _ => {
            pointer.cast::<u32>().write(&VERSION_3)?;
            return Err(Errno::EINVAL);
        }
    };
    if header.pid < 0 {
        return Err(Errno::EINVAL);
    }
    Ok((halves, header.pid))
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `capget(2)`
    pub fn capget(t: &Task, head: UserPtr<CapHeader>, data: UserPtr<CapData>) -> SysResult {
        let (halves, pid) = match header(head) {
            // Asking for the version with no place for data is not an error.
            Err(Errno::EINVAL) if data.is_null() => return Ok(0),
            other => other?,
        };
        let creds = if pid == 0 || pid == t.tid() {
            t.creds().clone()
        } else {
            table::task(pid).ok_or(Errno::ESRCH)?.creds_snapshot()
        };
        if data.is_null() {
            return Ok(0);
        }
        for half in 0..halves {
            let part = |set: Caps| (set.bits() >> (32 * half)) as u32;
            let value = CapData {
                effective: part(creds.effective),
                permitted: part(creds.permitted),
                inheritable: part(creds.inheritable),
            };
            data.add(half).write(&value)?;
        }
        Ok(0)
    }

    /// `capset(2)`
    pub fn capset(t: &Task, head: UserPtr<CapHeader>, data: UserPtr<CapData>) -> SysResult {
        let (halves, pid) = header(head)?;
        if pid != 0 && pid != t.tid() {
            return Err(Errno::EPERM);
        }
        let (mut effective, mut permitted, mut inheritable) = (0u64, 0u64, 0u64);
        for half in 0..halves {
            let value = data.add(half).read()?;
            effective |= u64::from(value.effective) << (32 * half);
            permitted |= u64::from(value.permitted) << (32 * half);
            inheritable |= u64::from(value.inheritable) << (32 * half);
        }
        let (effective, permitted, inheritable) = (
            Caps::from_bits_truncate(effective),
            Caps::from_bits_truncate(permitted),
            Caps::from_bits_truncate(inheritable),
        );
        let old = t.creds();
        let may_raise = old.capable(Caps::SETPCAP);
        if !may_raise && !(old.inheritable | old.permitted).contains(inheritable)
            || !(old.inheritable | old.bounding).contains(inheritable)
            || !old.permitted.contains(permitted)
            || !permitted.contains(effective)
        {
            return Err(Errno::EPERM);
        }
        let mut new = (**old).clone();
        (new.effective, new.permitted, new.inheritable) = (effective, permitted, inheritable);
        new.ambient &= permitted & inheritable;
        t.set_creds(Arc::new(new));
        Ok(0)
    }
}
