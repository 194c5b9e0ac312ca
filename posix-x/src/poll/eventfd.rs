//! [`EventFd`]: a counter that can be waited for (eventfd(2)).

use alloc::sync::Arc;
use core::fmt;

use exo_kernel::cap::ObjectKind;
use exo_kernel::sync::{Events, PollTable, Sleep, SpinLock, WaitQueue};
use exo_kernel::user::{IoDest, IoSource};
use exo_kernel::vfs::{File, Io, Metadata};
use exo_kernel::{Kind, Result};

/// The counter stays below this.
const LIMIT: u64 = u64::MAX;

/// A counter.
pub struct EventFd {
    count: SpinLock<u64>,
    /// Reads take 1, not all.
    semaphore: bool,
    readers: WaitQueue,
    writers: WaitQueue,
}

impl EventFd {
    /// A counter that starts at `count`.
    pub fn new(count: u64, semaphore: bool) -> Self {
        Self { count: SpinLock::new(count), semaphore, readers: WaitQueue::new(), writers: WaitQueue::new() }
    }

    fn take(&self) -> Option<u64> {
        let mut count = self.count.lock();
        if *count == 0 {
            return None;
        }
        let taken = if self.semaphore { 1 } else { *count };
        *count -= taken;
        Some(taken)
    }

    fn add(&self, value: u64) -> Option<()> {
        let mut count = self.count.lock();
        *count = count.checked_add(value).filter(|&sum| sum < LIMIT)?;
        Some(())
    }
}

impl File for EventFd {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Event
    }

    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        if dest.remaining() < size_of::<u64>() {
            return Err(Kind::Invalid.into());
        }
        let value = match self.take() {
            Some(value) => value,
            None if io.nonblock() => return Err(Kind::WouldBlock.into()),
            None => self.readers.wait(Sleep::Interruptible, None, || self.take())?,
        };
        self.writers.wake(usize::MAX, Events::OUT | Events::WRNORM);
        dest.put(&value.to_ne_bytes())
    }

    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        let mut bytes = [0; size_of::<u64>()];
        if source.remaining() < bytes.len() {
            return Err(Kind::Invalid.into());
        }
        if source.take(&mut bytes)? < bytes.len() {
            return Err(Kind::Fault.into());
        }
        let value = u64::from_ne_bytes(bytes);
        if value == u64::MAX {
            return Err(Kind::Invalid.into());
        }
        match self.add(value) {
            Some(()) => {}
            None if io.nonblock() => return Err(Kind::WouldBlock.into()),
            None => self.writers.wait(Sleep::Interruptible, None, || self.add(value))?,
        }
        self.readers.wake(usize::MAX, Events::IN | Events::RDNORM);
        Ok(bytes.len())
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.readers);
            table.register(&self.writers);
        }
        let count = *self.count.lock();
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, count > 0);
        events.set(Events::OUT | Events::WRNORM, count < LIMIT - 1);
        events
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(super::anonymous_metadata())
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[eventfd]")
    }
}

/// Its system calls.
pub mod calls {
    use posix_x_abi::uapi::general::{EFD_SEMAPHORE, O_CLOEXEC, O_NONBLOCK};

    use super::*;
    use crate::{fd, Errno, SysResult, Task};

    /// A new counter.
    pub fn eventfd(t: &Task, initval: u32) -> SysResult {
        eventfd2(t, initval, 0)
    }

    /// A new counter, with flags.
    pub fn eventfd2(t: &Task, initval: u32, flags: u32) -> SysResult {
        if flags & !(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK) != 0 {
            return Err(Errno::EINVAL);
        }
        let object = Arc::new(EventFd::new(u64::from(initval), flags & EFD_SEMAPHORE != 0));
        fd::install_object(t, object, fd::READ_WRITE, flags)
    }
}
