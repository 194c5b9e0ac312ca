//! FIFOs: pipes with a name. The pipe exists as long as anybody has the FIFO open, or waits for another to do so.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

use super::{Pipe, PipeEnd};
use crate::sync::Sleep;
use crate::vfs::{Access, File, InodeRef, OpenRequest, Owner, Status, Timestamp};
use crate::{Kind, Result};

/// Opens a FIFO. One end waits for the other to be opened, unless told not to: then a reader need not wait, and
/// a writer fails with [`Kind::NoDevice`].
pub fn open_fifo(node: &InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>> {
    if node.downcast::<Pipe>().is_some() {
        return node.clone().open(request);
    }
    let access = request.access;
    let nonblock = request.status.contains(Status::NONBLOCK);
    let (end, readers_before) = {
        let mut slot = node.core().fifo.lock();
        let pipe = match &*slot {
            Some(pipe) => pipe.clone(),
            None => {
                let owner = Owner { uid: 0, gid: 0, mode: 0, now: Timestamp::default() };
                slot.insert(Pipe::new(owner)).clone()
            }
        };
        if access == Access::WRITE && nonblock && !pipe.has_readers() {
            if !pipe.has_writers() {
                *slot = None;
            }
            return Err(Kind::NoDevice.into());
        }
        let readers_before = pipe.reader_openings.load(Ordering::Acquire);
        (pipe.end(access, Some(node.clone())), readers_before)
    };
    let pipe = end.pipe.clone();
    if access.contains(Access::READ) {
        pipe.writable.wake_all();
    }
    if access.contains(Access::WRITE) {
        pipe.readable.wake_all();
    }
    // An end that gives up here is closed like any other, by being dropped.
    wait_for_peer(&pipe, &end, readers_before, nonblock)?;
    Ok(Arc::new(end))
}

fn wait_for_peer(pipe: &Pipe, end: &PipeEnd, readers_before: u32, nonblock: bool) -> Result<()> {
    let opened_since = |openings: &AtomicU32, before: u32| openings.load(Ordering::Acquire) != before;
    match end.access {
        Access::READ if !nonblock && !pipe.has_writers() => {
            let before = end.opened_at;
            let came = || opened_since(&pipe.writer_openings, before).then_some(());
            pipe.readable.wait(Sleep::Interruptible, None, came)
        }
        Access::WRITE if !pipe.has_readers() => {
            let came = || opened_since(&pipe.reader_openings, readers_before).then_some(());
            pipe.writable.wait(Sleep::Interruptible, None, came)
        }
        _ => Ok(()),
    }
}

/// An end of a FIFO was closed. With the last one the pipe goes, and what was in it.
pub(super) fn closed(node: &InodeRef, pipe: &Arc<Pipe>) {
    let mut slot = node.core().fifo.lock();
    let unused = !pipe.has_readers() && !pipe.has_writers();
    let gone = if unused && slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, pipe)) {
        slot.take()
    } else {
        None
    };
    drop(slot);
    drop(gone);
}
