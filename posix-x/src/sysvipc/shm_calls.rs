//! `shmget`, `shmat`, `shmdt`, `shmctl`.

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::mm::space::Tag;
use exo_kernel::mm::{self, MapRequest, Prot, PAGE_SIZE};
use exo_kernel::Kind;
use posix_x_abi::types::{ShmInfo, ShmidDs, Shminfo};

use super::limits::Share;
use super::shm::{Attachment, Segment};
use super::{Permissions, IPC_INFO, IPC_RMID, IPC_SET, IPC_STAT};
use crate::mm::map::space;
use crate::process::{Resource, Task};
use crate::security::Caps;
use crate::{Errno, SysResult, UserAddr};

const SHM_HUGETLB: u32 = 0o4000;
const SHM_NORESERVE: u32 = 0o10000;
/// Where the flags have the logarithm of the size of a huge page, and how many bits that has.
const HUGE_SHIFT: u32 = 26;
const HUGE_MASK: u32 = 0x3f;
/// The one that is meant by 0, and is all that there is on Linux unless others were asked for at boot.
const HUGE_DEFAULT: u32 = 21;

const SHM_RDONLY: u32 = 0o10000;
const SHM_RND: u32 = 0o20000;
const SHM_REMAP: u32 = 0o40000;
const SHM_EXEC: u32 = 0o100000;

const SHM_LOCK: i32 = 11;
const SHM_UNLOCK: i32 = 12;
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;

const READ: u32 = 0o444;
const WRITE: u32 = 0o222;
const EXECUTE: u32 = 0o111;
/// The smallest segment.
const SHMMIN: usize = 1;

/// The pages of a segment.
pub(super) fn pages(size: usize) -> u64 {
    size.div_ceil(PAGE_SIZE) as u64
}

/// `shmget(2)`
pub fn shmget(t: &Task, key: i32, size: usize, shmflg: u32) -> SysResult {
    let ipc = t.ipc();
    let check = |segment: &Segment| {
        if segment.size() < size {
            return Err(Errno::EINVAL);
        }
        segment.check(t.creds(), shmflg)
    };
    let make = || {
        if size < SHMMIN || size as u64 > ipc.limits.shmmax.load(Relaxed) {
            return Err(Errno::EINVAL);
        }
        if mm::page_up(size).is_none() {
            return Err(Errno::ENOSPC);
        }
        let share = Share::take(&ipc.pages, pages(size), &ipc.limits.shmall)?;
        check_memory(t, size, shmflg)?;
        Segment::new(ipc, Permissions::new(t.creds(), key, shmflg), size, share, t.pid())
    };
    Ok(ipc.shm.get(key, shmflg, ipc.limits.shmmni.load(Relaxed), check, make)? as usize)
}

/// Could there ever be memory for a segment?
fn check_memory(t: &Task, size: usize, flags: u32) -> Result<(), Errno> {
    if flags & SHM_HUGETLB != 0 {
        // As on Linux when nobody set huge pages aside.
        return match flags >> HUGE_SHIFT & HUGE_MASK {
            0 | HUGE_DEFAULT if !t.creds().capable(Caps::IPC_LOCK) => Err(Errno::EPERM),
            0 | HUGE_DEFAULT => Err(Errno::ENOMEM),
            _ => Err(Errno::EINVAL),
        };
    }
    if size as u64 > mm::vmo::MAX_LEN {
        return Err(Errno::EINVAL);
    }
    if flags & SHM_NORESERVE == 0 && pages(size) > mm::total_frames() as u64 {
        return Err(Errno::ENOMEM);
    }
    Ok(())
}

/// `shmat(2)`
pub fn shmat(t: &Task, shmid: i32, shmaddr: usize, shmflg: u32) -> SysResult {
    if shmid < 0 {
        return Err(Errno::EINVAL);
    }
    let replace = shmflg & SHM_REMAP != 0;
    let mut addr = shmaddr;
    if addr % PAGE_SIZE != 0 {
        if shmflg & SHM_RND == 0 {
            return Err(Errno::EINVAL);
        }
        addr = mm::page_down(addr);
    }
    // What is to be replaced must be somewhere.
    if addr == 0 && replace {
        return Err(Errno::EINVAL);
    }
    let (mut prot, mut max_prot, mut right) = (Prot::READ, Prot::READ | Prot::EXEC, READ);
    if shmflg & SHM_RDONLY == 0 {
        (prot, max_prot, right) = (prot | Prot::WRITE, Prot::all(), right | WRITE);
    }
    if shmflg & SHM_EXEC != 0 {
        (prot, right) = (prot | Prot::EXEC, right | EXECUTE);
    }
    let segment = t.ipc().shm.find(shmid)?;
    segment.check(t.creds(), right)?;
    let hold = segment.hold()?;
    let fixed = shmaddr != 0;
    if fixed && !replace && addr.checked_add(segment.size()).is_none() {
        return Err(Errno::EINVAL);
    }
    let tag: Tag = Arc::new(Attachment { segment: segment.clone() });
    let request = MapRequest {
        addr: fixed.then_some(addr),
        fixed,
        no_replace: fixed && !replace,
        len: segment.size(),
        prot,
        max_prot,
        shared: true,
        object: Some((segment.memory().clone(), 0)),
        file: Some(tag),
        ..MapRequest::default()
    };
    let mapped = space().map(&request);
    drop(hold);
    mapped.map_err(|error| if error == Kind::Exists { Errno::EINVAL } else { error.into() })
}

/// `shmdt(2)`
pub fn shmdt(_t: &Task, shmaddr: usize) -> SysResult {
    if shmaddr % PAGE_SIZE != 0 {
        return Err(Errno::EINVAL);
    }
    let size = |tag: &Tag| Some(tag.downcast_ref::<Attachment>()?.segment.size());
    if space().unmap_object(shmaddr, size)? {
        Ok(0)
    } else {
        Err(Errno::EINVAL)
    }
}

/// `shmctl(2)`
pub fn shmctl(t: &Task, shmid: i32, cmd: i32, buf: UserAddr) -> SysResult {
    let ipc = t.ipc();
    if cmd < 0 || shmid < 0 {
        return Err(Errno::EINVAL);
    }
    let creds = t.creds();
    match cmd {
        IPC_INFO => {
            let shmmni = ipc.limits.shmmni.load(Relaxed);
            buf.cast::<Shminfo>().write(&Shminfo {
                shmmax: ipc.limits.shmmax.load(Relaxed),
                shmmin: SHMMIN as u64,
                shmmni,
                shmseg: shmmni,
                shmall: ipc.limits.shmall.load(Relaxed),
                ..Shminfo::default()
            })?;
            Ok(ipc.shm.highest_place())
        }
        SHM_INFO => {
            let resident: usize = ipc.shm.iter().map(|(_, segment)| segment.resident_pages()).sum();
            buf.cast::<ShmInfo>().write(&ShmInfo {
                used_ids: ipc.shm.count() as i32,
                shm_tot: ipc.pages.load(Relaxed),
                shm_rss: resident as u64,
                ..ShmInfo::default()
            })?;
            Ok(ipc.shm.highest_place())
        }
        IPC_STAT => {
            let segment = ipc.shm.find(shmid)?;
            segment.check(creds, READ)?;
            buf.cast::<ShmidDs>().write(&segment.told())?;
            Ok(0)
        }
        SHM_STAT | SHM_STAT_ANY => {
            let (id, segment) = ipc.shm.at_place_of(shmid)?;
            segment.check(creds, if cmd == SHM_STAT { READ } else { 0 })?;
            buf.cast::<ShmidDs>().write(&segment.told())?;
            Ok(id as usize)
        }
        IPC_SET => {
            let new = buf.cast::<ShmidDs>().read()?;
            let segment = ipc.shm.find(shmid)?;
            segment.check_owner(creds)?;
            segment.update(&new.perm)?;
            Ok(0)
        }
        IPC_RMID => {
            let segment = ipc.shm.find(shmid)?;
            segment.check_owner(creds)?;
            segment.retire();
            Ok(0)
        }
        SHM_LOCK => {
            let segment = ipc.shm.find(shmid)?;
            segment.lock_pages(creds, t.process().limit(Resource::LockedMemory))?;
            Ok(0)
        }
        SHM_UNLOCK => {
            let segment = ipc.shm.find(shmid)?;
            segment.unlock_pages(creds)?;
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}
