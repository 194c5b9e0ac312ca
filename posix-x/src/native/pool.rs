//! Pools.

use alloc::sync::Arc;

use exo_kernel::cap::Rights;
use exo_kernel::ipc::fusion::pool::{self, PoolEnd, SharedPool};
use exo_kernel::sched;
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{Access, OpenFile, Status};
use fusion_ring::pool::{Access as PoolAccess, Class, CLASSES};
use posix_x_abi::types::{PoolClass, PoolMap};

use super::charge::charge;
use super::check_flags;
use crate::fd::{self, FdTable};
use crate::{Errno, Fd, SysResult, Task};

/// The descriptor's file: with WRITE for a side that may.
pub(super) fn open(end: Arc<PoolEnd>) -> Arc<OpenFile> {
    let access = match end.access() {
        PoolAccess::ReadOnly => Access::READ,
        PoolAccess::ReadWrite => fd::READ_WRITE,
    };
    OpenFile::new(end, access, Status::empty())
}

fn with_end<R>(
    t: &Task,
    fd: Fd,
    needed: Rights,
    work: impl FnOnce(&PoolEnd, Rights) -> Result<R, Errno>,
) -> Result<R, Errno> {
    let capability = FdTable::get(t.files(), fd.0)?;
    let end = capability.file(needed)?.file().downcast::<PoolEnd>().ok_or(Errno::EOPNOTSUPP)?;
    work(end, capability.rights())
}

/// A pool with these classes of blocks; the descriptor is its first side, which may write.
pub fn exo_pool_create(t: &Task, classes: UserPtr<PoolClass>, count: u32, flags: u32) -> SysResult {
    check_flags(flags)?;
    let count = usize::try_from(count).ok().filter(|&count| count <= CLASSES).ok_or(Errno::EINVAL)?;
    let mut wanted = [PoolClass::default(); CLASSES];
    classes.read_slice(&mut wanted[..count])?;
    let mut own = [Class::default(); CLASSES];
    for (own, wanted) in own.iter_mut().zip(wanted) {
        *own = Class { size: wanted.size as usize, count: wanted.count };
    }
    let layout = pool::layout(&own[..count])?;
    let charge = charge(t, pool::memory(&layout)?)?;
    let creds = t.creds();
    let end = SharedPool::create(layout, (creds.fsuid, creds.fsgid), charge)?;
    fd::install(t, open(end), flags)
}

/// A further side of a pool, to be given to somebody else.
pub fn exo_pool_join(t: &Task, fd: Fd, writable: u32, flags: u32) -> SysResult {
    check_flags(flags)?;
    let access = match writable {
        0 => PoolAccess::ReadOnly,
        1 => PoolAccess::ReadWrite,
        _ => return Err(Errno::EINVAL),
    };
    let end = with_end(t, fd, Rights::DUP, |end, rights| {
        if access == PoolAccess::ReadWrite && end.access() == access && !rights.contains(Rights::WRITE) {
            return Err(Errno::EBADF);
        }
        Ok(end.join(access)?)
    })?;
    fd::install_found(t, fd, open(end), flags)
}

/// Maps a pool as its side may use it: without the right to write, to read only.
pub fn exo_pool_map(t: &Task, fd: Fd, map: UserPtr<PoolMap>) -> SysResult {
    with_end(t, fd, Rights::MAP, |end, rights| {
        if !rights.contains(Rights::READ) {
            return Err(Errno::EBADF);
        }
        let space = sched::current().own_space().ok_or(Errno::ENOMEM)?;
        let access = if rights.contains(Rights::WRITE) { end.access() } else { PoolAccess::ReadOnly };
        let mapping = end.map(space, access)?;
        let mut answer = PoolMap {
            table: mapping.table.0 as u64,
            table_length: mapping.table.1 as u64,
            data: mapping.data.0 as u64,
            data_length: mapping.data.1 as u64,
            side: end.number().into(),
            writable: u32::from(access == PoolAccess::ReadWrite),
            count: end.layout().classes().len() as u32,
            in_use: end.blocks_in_use() as u32,
            ..PoolMap::default()
        };
        for (shown, class) in answer.classes.iter_mut().zip(end.layout().classes()) {
            *shown = PoolClass { size: class.size as u64, count: class.count, reserved: 0 };
        }
        let written = map.write(&answer);
        if written.is_err() {
            space.unmap(mapping.table.0, mapping.table.1 + mapping.data.1)?;
        }
        written?;
        Ok(0)
    })
}
