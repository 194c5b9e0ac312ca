//! `mmap`, `munmap`, `mprotect`, `mremap`, `brk`.

use alloc::sync::Arc;

use exo_kernel::arch::{USER_MIN, USER_TOP};
use exo_kernel::cap::Rights;
use exo_kernel::mm::{AddressSpace, MapRequest, Prot, RemapFlags, Vmo, PAGE_SIZE};
use exo_kernel::sched;
use exo_kernel::vfs::{MountFlags, NodeKind};
use posix_x_abi::uapi::general as g;

use super::{check_aligned, pages};
use crate::fd::memfd::is_sealed_for_future_stores;
use crate::process::Task;
use crate::{Errno, Fd, SysResult};

/// The caller's address space.
pub(crate) fn space() -> &'static Arc<AddressSpace> {
    sched::current().own_space().expect("a program has an address space while it runs")
}

fn prot_of(bits: u32) -> Result<Prot, Errno> {
    const KNOWN: u32 = g::PROT_READ | g::PROT_WRITE | g::PROT_EXEC | g::PROT_SEM;
    if bits & !KNOWN != 0 {
        return Err(Errno::EINVAL);
    }
    let mut prot = Prot::empty();
    prot.set(Prot::READ, bits & g::PROT_READ != 0);
    prot.set(Prot::WRITE, bits & g::PROT_WRITE != 0);
    prot.set(Prot::EXEC, bits & g::PROT_EXEC != 0);
    Ok(prot)
}

/// A file to map: its memory, and what a mapping of it may ever allow.
fn file_object(
    t: &Task,
    fd: Fd,
    prot: Prot,
    shared: bool,
    request: &mut MapRequest,
    offset: u64,
) -> Result<(), Errno> {
    let capability = t.files().capability(fd.0)?;
    let file = capability.file(Rights::empty())?.clone();
    let rights = capability.rights();
    if file.access().is_empty() {
        // Opened with O_PATH: not for its contents.
        return Err(Errno::EBADF);
    }
    let no_exec = file.path().is_some_and(|path| path.mount().flags().contains(MountFlags::NO_EXEC));
    let may_store = rights.contains(Rights::WRITE);
    let may_execute = rights.contains(Rights::EXEC);
    if !rights.contains(Rights::READ)
        || shared && prot.contains(Prot::WRITE) && !may_store
        || prot.contains(Prot::EXEC) && !may_execute
    {
        return Err(Errno::EACCES);
    }
    if prot.contains(Prot::EXEC) && no_exec {
        return Err(Errno::EPERM);
    }
    if file.inode().is_some_and(|inode| inode.kind() == NodeKind::Directory) {
        return Err(Errno::ENODEV);
    }
    let mut max = Prot::READ;
    let sealed = shared && is_sealed_for_future_stores(&file);
    if sealed && prot.contains(Prot::WRITE) {
        return Err(Errno::EPERM);
    }
    max.set(Prot::WRITE, !shared || may_store && !sealed);
    max.set(Prot::EXEC, !no_exec && may_execute);
    request.object = Some((capability.map(Rights::MAP)?, offset));
    request.max_prot = max;
    request.file = Some(file);
    Ok(())
}

/// What flags say beyond where and what.
fn apply_flags(request: &mut MapRequest, flags: u32) {
    request.fixed = flags & (g::MAP_FIXED | g::MAP_FIXED_NOREPLACE) != 0;
    request.no_replace = flags & g::MAP_FIXED_NOREPLACE != 0;
    request.grows_down = flags & g::MAP_GROWSDOWN != 0;
    request.no_reserve = flags & g::MAP_NORESERVE != 0;
    request.locked = flags & g::MAP_LOCKED != 0;
    request.populate = flags & (g::MAP_POPULATE | g::MAP_LOCKED) != 0 && flags & g::MAP_NONBLOCK == 0;
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `mmap(2)`
    pub fn mmap(
        t: &Task,
        addr: usize,
        length: usize,
        prot: u32,
        flags: u32,
        fd: Fd,
        offset: u64,
    ) -> SysResult {
        if offset % PAGE_SIZE as u64 != 0 {
            return Err(Errno::EINVAL);
        }
        let kind = flags & g::MAP_TYPE;
        let shared = kind == g::MAP_SHARED || kind == g::MAP_SHARED_VALIDATE;
        let anonymous = flags & g::MAP_ANONYMOUS != 0;
        if !anonymous {
            // A descriptor that is not open comes first, as on Linux.
            t.files().capability(fd.0)?;
        }
        if length == 0 || kind != g::MAP_PRIVATE && !shared {
            return Err(Errno::EINVAL);
        }
        let len = pages(length, Errno::ENOMEM)?;
        offset.checked_add(len as u64).filter(|end| *end <= i64::MAX as u64).ok_or(Errno::EOVERFLOW)?;
        let prot = prot_of(prot & !(g::PROT_GROWSDOWN | g::PROT_GROWSUP))?;
        let mut request = MapRequest { len, prot, shared, ..MapRequest::default() };
        apply_flags(&mut request, flags);
        if request.fixed {
            check_aligned(addr)?;
            if len > USER_TOP || addr > USER_TOP - len {
                return Err(Errno::ENOMEM);
            }
            if addr < USER_MIN && !t.creds().capable(crate::security::Caps::SYS_RAWIO) {
                return Err(Errno::EPERM);
            }
            request.addr = Some(addr);
        } else if addr != 0 {
            request.addr = Some(exo_kernel::mm::page_down(addr).max(USER_MIN));
        }
        if !anonymous {
            file_object(t, fd, prot, shared, &mut request, offset)?;
        } else if shared {
            request.object = Some((Vmo::new(len as u64)?, 0));
        }
        Ok(space().map(&request)?)
    }

    /// `munmap(2)`
    pub fn munmap(_t: &Task, addr: usize, length: usize) -> SysResult {
        check_aligned(addr)?;
        let len = pages(length, Errno::EINVAL)?;
        if len == 0 || len > USER_TOP || addr > USER_TOP - len {
            return Err(Errno::EINVAL);
        }
        space().unmap(addr, len)?;
        Ok(0)
    }

    /// `mprotect(2)`
    pub fn mprotect(_t: &Task, addr: usize, length: usize, prot: u32) -> SysResult {
        const GROWS: u32 = g::PROT_GROWSDOWN | g::PROT_GROWSUP;
        if prot & GROWS == GROWS {
            return Err(Errno::EINVAL);
        }
        check_aligned(addr)?;
        if length == 0 {
            return Ok(0);
        }
        let len = pages(length, Errno::ENOMEM)?;
        addr.checked_add(len).ok_or(Errno::ENOMEM)?;
        let prot = prot_of(prot & !GROWS)?;
        space().protect(addr, len, prot)?;
        Ok(0)
    }

    /// `mremap(2)`
    pub fn mremap(
        _t: &Task,
        old_addr: usize,
        old_size: usize,
        new_size: usize,
        flags: u32,
        new_addr: usize,
    ) -> SysResult {
        let flags =
            RemapFlags::from_bits(u8::try_from(flags).map_err(|_| Errno::EINVAL)?).ok_or(Errno::EINVAL)?;
        if flags.contains(RemapFlags::FIXED) && !flags.contains(RemapFlags::MAY_MOVE) {
            return Err(Errno::EINVAL);
        }
        let keeps = flags.contains(RemapFlags::DONT_UNMAP);
        if keeps && (!flags.contains(RemapFlags::MAY_MOVE) || old_size != new_size) {
            return Err(Errno::EINVAL);
        }
        check_aligned(old_addr)?;
        let (old_len, new_len) = (pages(old_size, Errno::EINVAL)?, pages(new_size, Errno::EINVAL)?);
        if new_len == 0 {
            return Err(Errno::EINVAL);
        }
        if flags.contains(RemapFlags::FIXED) {
            check_aligned(new_addr)?;
            if new_len > USER_TOP || new_addr > USER_TOP - new_len {
                return Err(Errno::EINVAL);
            }
        }
        Ok(space().remap(old_addr, old_len, new_len, flags, new_addr)?)
    }

    /// `brk(2)`: always answers where the heap ends.
    pub fn brk(_t: &Task, addr: usize) -> SysResult {
        Ok(space().brk(addr))
    }
}
