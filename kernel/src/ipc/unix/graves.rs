//! Messages that nobody will receive any more.
//!
//! A message may hold the last capability to a socket, whose own messages hold the last one to the next, and so on
//! for as long as a program likes. So they are dropped one after the other here, and not each inside the drop of
//! the one before: the kernel's stack is short.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use super::inbox::Side;
use crate::sync::SpinLock;

struct Graves {
    waiting: Vec<VecDeque<Side>>,
    /// Somebody is emptying the list, maybe further down on this very stack.
    busy: bool,
}

static GRAVES: SpinLock<Graves> = SpinLock::new(Graves { waiting: Vec::new(), busy: false });

/// Drops what came with messages, now or in a moment.
pub(super) fn bury(sides: VecDeque<Side>) {
    if sides.iter().all(|side| side.rights.is_empty()) {
        return;
    }
    {
        let mut graves = GRAVES.lock();
        // Without memory for the list they are dropped in place.
        if graves.waiting.try_reserve(1).is_err() {
            drop(graves);
            return drop(sides);
        }
        graves.waiting.push(sides);
        if mem::replace(&mut graves.busy, true) {
            return;
        }
    }
    loop {
        let next = {
            let mut graves = GRAVES.lock();
            let next = graves.waiting.pop();
            graves.busy = next.is_some();
            if next.is_none() {
                // What a deep chain needed once is not kept.
                let empty = mem::take(&mut graves.waiting);
                drop(graves);
                return drop(empty);
            }
            next
        };
        drop(next);
    }
}
