//! [`FdTable`]: which capability each file descriptor stands for.
//!
//! A descriptor is an index to a [`Capability`] and a close-on-exec bit. A table belongs to one task or is
//! shared (`CLONE_FILES`, every thread of a process). Looking a descriptor up in a table that is not shared
//! costs a few loads: the capability is borrowed ([`FdRef`]), not cloned, because nobody but the calling
//! thread could close it meanwhile. In a shared table it is cloned under the lock.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::{fence, AtomicU32, Ordering};

use exo_kernel::cap::{Capability, Rights};
use exo_kernel::sync::SpinLock;
use exo_kernel::vfs::locks::Holder;
use exo_kernel::vfs::OpenFile;
use posix_x_abi::uapi::general::O_CLOEXEC;

use crate::Errno;

/// Linux's `sysctl_nr_open`: no table grows beyond it, whatever the limits say.
pub const MAX_DESCRIPTORS: usize = 1 << 20;

/// Slots of a new table.
const FIRST_SLOTS: usize = 64;

/// What a descriptor stands for.
struct Entry {
    capability: Capability,
    close_on_exec: bool,
}

/// The entries and which numbers are taken.
struct Slots {
    entries: Vec<Option<Entry>>,
    /// One bit for each slot that is taken or reserved, so that the lowest free number is found by words.
    taken: Vec<u64>,
    /// No number below this one is free.
    lowest: usize,
    /// Capabilities removed while the owner had one borrowed; dropped at the next change.
    deferred: Vec<Capability>,
}

impl Slots {
    const fn new() -> Self {
        Self { entries: Vec::new(), taken: Vec::new(), lowest: 0, deferred: Vec::new() }
    }

    /// Room for number `fd`. Grows by doubling, as `RLIMIT_NOFILE` may be large and most tables are small.
    fn grow(&mut self, fd: usize) -> Result<(), Errno> {
        if fd < self.entries.len() {
            return Ok(());
        }
        if fd >= MAX_DESCRIPTORS {
            return Err(Errno::EMFILE);
        }
        let size = (fd + 1).next_power_of_two().max(FIRST_SLOTS);
        self.entries.try_reserve_exact(size - self.entries.len()).map_err(|_| Errno::ENOMEM)?;
        self.taken.try_reserve_exact(size / 64 - self.taken.len()).map_err(|_| Errno::ENOMEM)?;
        self.entries.resize_with(size, || None);
        self.taken.resize(size / 64, 0);
        Ok(())
    }

    /// The lowest number from `from` on that is not taken (possibly just beyond the slots).
    #[inline]
    fn lowest_free(&self, from: usize) -> usize {
        let mut word = from / 64;
        let mut mask = !0u64 << (from % 64);
        while let Some(&taken) = self.taken.get(word) {
            let free = !taken & mask;
            if free != 0 {
                return word * 64 + free.trailing_zeros() as usize;
            }
            mask = !0;
            word += 1;
        }
        from.max(self.entries.len())
    }

    fn take(&mut self, fd: usize) {
        self.taken[fd / 64] |= 1 << (fd % 64);
        if fd == self.lowest {
            self.lowest = fd + 1;
        }
    }

    fn give_back(&mut self, fd: usize) {
        self.taken[fd / 64] &= !(1 << (fd % 64));
        self.lowest = self.lowest.min(fd);
    }

    fn entry(&self, fd: i32) -> Option<&Entry> {
        self.entries.get(usize::try_from(fd).ok()?)?.as_ref()
    }

    fn reserve(&mut self, from: usize, limit: usize) -> Result<usize, Errno> {
        let fd = self.lowest_free(from.max(self.lowest));
        if fd >= limit.min(MAX_DESCRIPTORS) {
            return Err(Errno::EMFILE);
        }
        self.grow(fd)?;
        self.take(fd);
        Ok(fd)
    }
}

/// The descriptors of a task, or of several that share them.
pub struct FdTable {
    /// Changed under `lock`; read under `lock`, or without it by the only owner (see [`FdTable::get`]).
    slots: UnsafeCell<Slots>,
    lock: SpinLock<()>,
    /// [`FdRef`]s alive that borrow from this table.
    borrows: AtomicU32,
}

// SAFETY: `slots` is only changed under `lock`. It is read under `lock`, or by the one owner of the table:
// then no other thread can change it, because changing needs ownership (a reference in a task).
unsafe impl Sync for FdTable {}

impl Default for FdTable {
    fn default() -> Self {
        Self::new()
    }
}

impl FdTable {
    /// No descriptors.
    pub const fn new() -> Self {
        Self { slots: UnsafeCell::new(Slots::new()), lock: SpinLock::new(()), borrows: AtomicU32::new(0) }
    }

    /// Works on the slots under the lock. What `work` returns is dropped after the lock, so that the
    /// destructor of a capability never runs inside it.
    fn with<R>(&self, work: impl FnOnce(&mut Slots) -> R) -> R {
        let guard = self.lock.lock();
        // SAFETY: all writers hold `lock`, and so do all readers but the only owner, which is not reading
        // now: it is this thread, or it is another one that `with` is only reading beside (`snapshot`).
        let result = work(unsafe { &mut *self.slots.get() });
        drop(guard);
        result
    }

    /// What `fd` stands for. EBADF if nothing.
    ///
    /// `table` is the calling task's own reference. Where it is the only one, the capability is borrowed.
    #[inline]
    pub fn get(table: &Arc<Self>, fd: i32) -> Result<FdRef<'_>, Errno> {
        if Arc::strong_count(table) != 1 {
            return table.get_shared(fd);
        }
        // What another owner changed before it let go of the table is seen.
        fence(Ordering::Acquire);
        // SAFETY: the caller's task is the only owner, so no other thread changes the slots while this
        // one looks; others may only read (`snapshot`).
        let slots = unsafe { &*table.slots.get() };
        let entry = slots.entry(fd).ok_or(Errno::EBADF)?;
        if entry.capability.is_derived() {
            return table.get_shared(fd);
        }
        // SAFETY: the capability is original, and outlives the loan: the entry is only removed by this thread, and
        // `Removed` keeps it alive while `borrows` is not 0.
        let capability = unsafe { entry.capability.lend() };
        table.borrows.store(table.borrows.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        Ok(FdRef { capability, lender: Some(table), same_thread: PhantomData })
    }

    #[cold]
    fn get_shared(&self, fd: i32) -> Result<FdRef<'_>, Errno> {
        let capability = self.capability(fd)?;
        // Of a derived capability it is noted that the call uses it.
        capability.begin_call()?;
        Ok(FdRef { capability: ManuallyDrop::new(capability), lender: None, same_thread: PhantomData })
    }

    /// A clone of what `fd` stands for. Also for tables of other tasks (`/proc/PID/fd`).
    pub fn capability(&self, fd: i32) -> Result<Capability, Errno> {
        let _guard = self.lock.lock();
        // SAFETY: under the lock nobody changes the slots.
        let slots = unsafe { &*self.slots.get() };
        slots.entry(fd).map(|entry| entry.capability.clone()).ok_or(Errno::EBADF)
    }

    /// Gives `capability` the lowest free number that is at least `from` and below `limit`, else EMFILE.
    pub fn insert(
        &self,
        capability: Capability,
        close_on_exec: bool,
        from: usize,
        limit: usize,
    ) -> Result<i32, Errno> {
        let mut entry = Some(Entry { capability, close_on_exec });
        self.with(|slots| {
            let fd = slots.reserve(from, limit)?;
            slots.entries[fd] = entry.take();
            Ok(fd as i32)
        })
    }

    /// Takes the lowest free number without anything behind it yet, for calls that must not fail late.
    pub fn reserve(&self, limit: usize) -> Result<Reserved<'_>, Errno> {
        let fd = self.with(|slots| slots.reserve(0, limit))?;
        Ok(Reserved { table: self, fd })
    }

    /// Makes `fd` stand for `capability`, and returns what it stood for before. EBUSY if `fd` is reserved by a
    /// call that is still on its way to open something (dup2(2)).
    pub fn replace(
        &self,
        fd: usize,
        capability: Capability,
        close_on_exec: bool,
    ) -> Result<Option<Removed<'_>>, Errno> {
        let mut entry = Some(Entry { capability, close_on_exec });
        self.with(|slots| {
            slots.grow(fd)?;
            let reserved = slots.taken[fd / 64] >> (fd % 64) & 1 != 0;
            if reserved && slots.entries[fd].is_none() {
                return Err(Errno::EBUSY);
            }
            slots.take(fd);
            let old = core::mem::replace(&mut slots.entries[fd], entry.take());
            Ok(old.map(|entry| self.removed(slots, entry)))
        })
    }

    /// Puts `capability` where `before` was, if it is still there; EBADF if not. The handle on the object stays.
    pub fn exchange(&self, fd: i32, capability: Capability, before: &Capability) -> Result<(), Errno> {
        self.with(|slots| {
            let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
            let entry = slots.entries.get_mut(index).and_then(Option::as_mut).ok_or(Errno::EBADF)?;
            if !entry.capability.is_copy_of(before) {
                return Err(Errno::EBADF);
            }
            // Both stand for the same object, which therefore does not go with the old one.
            Ok(core::mem::replace(&mut entry.capability, capability))
        })
        .map(drop)
    }

    /// Removes `fd` and returns what it stood for. EBADF if nothing.
    pub fn remove(&self, fd: i32) -> Result<Removed<'_>, Errno> {
        self.with(|slots| {
            let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
            let entry = slots.entries.get_mut(index).and_then(Option::take).ok_or(Errno::EBADF)?;
            slots.give_back(index);
            Ok(self.removed(slots, entry))
        })
    }

    /// Removes the lowest descriptor in `first..=last` that `which` (given its close-on-exec bit) selects.
    pub fn remove_next(
        &self,
        first: usize,
        last: usize,
        which: impl Fn(bool) -> bool,
    ) -> Option<(usize, Removed<'_>)> {
        self.with(|slots| {
            let end = slots.entries.len().min(last.saturating_add(1));
            let fd = (first..end)
                .find(|&fd| slots.entries[fd].as_ref().is_some_and(|e| which(e.close_on_exec)))?;
            let entry = slots.entries[fd].take()?;
            slots.give_back(fd);
            Some((fd, self.removed(slots, entry)))
        })
    }

    /// The close-on-exec bit of `fd`.
    pub fn close_on_exec(&self, fd: i32) -> Result<bool, Errno> {
        self.with(|slots| slots.entry(fd).map(|entry| entry.close_on_exec).ok_or(Errno::EBADF))
    }

    /// Sets the close-on-exec bit of `fd`.
    pub fn set_close_on_exec(&self, fd: i32, on: bool) -> Result<(), Errno> {
        self.with(|slots| {
            let index = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
            let entry = slots.entries.get_mut(index).and_then(Option::as_mut).ok_or(Errno::EBADF)?;
            entry.close_on_exec = on;
            Ok(())
        })
    }

    /// Sets the close-on-exec bit of every descriptor in `first..=last`.
    pub fn set_range_close_on_exec(&self, first: usize, last: usize) {
        self.with(|slots| {
            let end = slots.entries.len().min(last.saturating_add(1));
            if first < end {
                slots.entries[first..end].iter_mut().flatten().for_each(|entry| entry.close_on_exec = true);
            }
        });
    }

    /// A copy for a new process.
    pub fn fork(&self) -> Result<Arc<Self>, Errno> {
        self.duplicate().map(Arc::new)
    }

    /// A copy of its own for a task (`unshare(CLONE_FILES)`).
    pub fn duplicate(&self) -> Result<Self, Errno> {
        self.duplicate_outside(1, 0)
    }

    /// A copy without the descriptors in `first..=last` (`close_range` with `CLOSE_RANGE_UNSHARE`).
    pub fn duplicate_outside(&self, first: usize, last: usize) -> Result<Self, Errno> {
        let copy = Self::new();
        let _guard = self.lock.lock();
        // SAFETY: under the lock nobody changes the slots.
        let slots = unsafe { &*self.slots.get() };
        let Some(highest) = slots.entries.iter().rposition(Option::is_some) else { return Ok(copy) };
        copy.with(|target| {
            target.grow(highest)?;
            for (fd, entry) in slots.entries[..=highest].iter().enumerate() {
                let Some(entry) = entry.as_ref().filter(|_| fd < first || fd > last) else { continue };
                let capability = entry.capability.clone();
                target.entries[fd] = Some(Entry { capability, close_on_exec: entry.close_on_exec });
                target.take(fd);
            }
            target.lowest = target.lowest_free(0);
            Ok::<_, Errno>(())
        })?;
        Ok(copy)
    }

    /// The lowest descriptor from `from` on, with its capability and close-on-exec bit.
    pub fn next(&self, from: usize) -> Option<(usize, Capability, bool)> {
        let _guard = self.lock.lock();
        // SAFETY: under the lock nobody changes the slots.
        let slots = unsafe { &*self.slots.get() };
        let offset = slots.entries.get(from..)?.iter().position(Option::is_some)?;
        let entry = slots.entries[from + offset].as_ref()?;
        Some((from + offset, entry.capability.clone(), entry.close_on_exec))
    }

    /// Whose record locks those of this table are.
    pub fn holder(&self) -> Holder {
        // The address is unique while the table lives, and its locks do not outlive its descriptors.
        Holder::Process(core::ptr::from_ref(self) as usize as u64)
    }

    /// Slots allocated (`FDSize` in `/proc/PID/status`).
    pub fn size(&self) -> usize {
        self.with(|slots| slots.entries.len())
    }

    fn lent(&self) -> bool {
        self.borrows.load(Ordering::Relaxed) != 0
    }

    fn removed(&self, slots: &mut Slots, entry: Entry) -> Removed<'_> {
        let earlier = if self.lent() { Vec::new() } else { core::mem::take(&mut slots.deferred) };
        Removed { capability: ManuallyDrop::new(entry.capability), earlier, table: self, closed: false }
    }
}

/// A capability on its way out of a table: closed when dropped. The object behind it goes at once too if this was
/// the last handle, or with the next one removed while any capability is borrowed.
pub struct Removed<'a> {
    capability: ManuallyDrop<Capability>,
    /// Those that had to wait.
    earlier: Vec<Capability>,
    table: &'a FdTable,
    closed: bool,
}

impl Removed<'_> {
    /// Tells the object that this handle is closed, and returns what it says to that.
    pub fn close(mut self) -> exo_kernel::Result<()> {
        self.tell()
    }

    fn tell(&mut self) -> exo_kernel::Result<()> {
        self.closed = true;
        self.capability.object().close_handle(self.table.holder())
    }
}

impl Drop for Removed<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.closed {
            // Nobody is there to be told of an error.
            let _ = self.tell();
        }
        // SAFETY: taken once, here, and not used afterwards.
        let capability = unsafe { ManuallyDrop::take(&mut self.capability) };
        if self.table.lent() {
            self.table.with(|slots| {
                slots.deferred.push(capability);
                slots.deferred.append(&mut self.earlier);
            });
        }
    }
}

impl Drop for FdTable {
    fn drop(&mut self) {
        let holder = self.holder();
        for entry in self.slots.get_mut().entries.iter_mut().filter_map(Option::take) {
            // The program is not there any more to be told of an error.
            let _ = entry.capability.object().close_handle(holder);
        }
    }
}

/// A capability looked up in a table, borrowed where the table is not shared.
pub struct FdRef<'a> {
    capability: ManuallyDrop<Capability>,
    /// The table that the capability is borrowed from; `None` if it was cloned.
    lender: Option<&'a FdTable>,
    /// The count of borrows is the owner's alone.
    same_thread: PhantomData<*const ()>,
}

impl Deref for FdRef<'_> {
    type Target = Capability;
    #[inline]
    fn deref(&self) -> &Capability {
        &self.capability
    }
}

impl FdRef<'_> {
    /// The open file, if the rights contain `needed`.
    #[inline]
    pub fn file(&self, needed: Rights) -> exo_kernel::Result<&Arc<OpenFile>> {
        self.capability.file_in_call(needed)
    }

    #[cold]
    fn drop_own(&mut self) {
        self.capability.end_call();
        // SAFETY: a capability without a lender is owned, and dropped only here, by `drop`.
        unsafe { ManuallyDrop::drop(&mut self.capability) };
    }
}

impl Drop for FdRef<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.lender {
            Some(table) => table.borrows.store(table.borrows.load(Ordering::Relaxed) - 1, Ordering::Relaxed),
            None => self.drop_own(),
        }
    }
}

/// A number taken from a table for a call that is still opening something; given back if it fails.
pub struct Reserved<'a> {
    table: &'a FdTable,
    fd: usize,
}

impl Reserved<'_> {
    /// The number.
    pub fn number(&self) -> i32 {
        self.fd as i32
    }

    /// Makes the number stand for an open file. `flags` are those of `open` (`O_CLOEXEC`).
    pub fn install_file(self, file: Arc<OpenFile>, flags: u32) -> i32 {
        self.install(Capability::new(file), flags & O_CLOEXEC != 0)
    }

    /// Makes the number stand for `capability`.
    pub fn install(self, capability: Capability, close_on_exec: bool) -> i32 {
        let fd = self.fd;
        self.table.with(|slots| slots.entries[fd] = Some(Entry { capability, close_on_exec }));
        core::mem::forget(self);
        fd as i32
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.table.with(|slots| slots.give_back(self.fd));
    }
}
