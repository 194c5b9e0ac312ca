//! Sockets in flight that nobody can ever receive.
//!
//! A socket that was sent through itself, or two through each other, keep each other open although no process has a
//! descriptor of them. Reference counts cannot tell; so when sockets are closed while others may be in flight, those
//! are looked at together, the less often the more there are: what is held by nothing but messages to sockets of the same kind is garbage, and
//! its messages are dropped.
//!
//! Nothing stands still meanwhile. A capability that is received while we look makes its socket look reachable, or
//! else is missed; therefore what seems to be garbage is counted a second time. Garbage cannot change.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use exo_kernel::cap::Capability;
use exo_kernel::ipc::unix;
use exo_kernel::room;
use exo_kernel::sync::SpinLock;
use exo_kernel::vfs::OpenFile;

use super::Socket;
use crate::process::Resource;
use crate::security::user::User;
use crate::security::Caps;
use crate::{Errno, Task};

/// Sockets that were sent over sockets, each once.
static SENT: SpinLock<Vec<Weak<OpenFile>>> = SpinLock::new(Vec::new());
/// How many there are, for looking without the lock.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static RUNNING: AtomicBool = AtomicBool::new(false);
/// Sockets closed since we looked last.
static CLOSED: AtomicUsize = AtomicUsize::new(0);
/// For each so many sockets in flight, one has to be closed before we look again: so looking costs little for each
/// close.
const PATIENCE: usize = 16;
/// With so many in flight we look too: who makes nothing but garbage closes nothing. Twice as many as were left the
/// last time.
static LIMIT: AtomicUsize = AtomicUsize::new(FEW);
const FEW: usize = 256;

/// Notes that a capability is about to be sent.
pub fn note(capability: &Capability) -> Result<(), Errno> {
    let file = capability.object();
    if file.file().downcast::<Socket>().is_none() {
        return Ok(());
    }
    let mut sent = SENT.lock();
    if sent.iter().any(|other| core::ptr::eq(other.as_ptr(), Arc::as_ptr(file))) {
        return Ok(());
    }
    sent.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    sent.push(Arc::downgrade(file));
    let count = sent.len();
    COUNT.store(count, Ordering::Relaxed);
    drop(sent);
    if count >= LIMIT.load(Ordering::Relaxed) {
        collect();
    }
    Ok(())
}

/// Counts capabilities in flight for their sender's user until it is dropped.
struct Toll {
    user: Arc<User>,
    count: u64,
}

impl Drop for Toll {
    fn drop(&mut self) {
        self.user.in_flight.fetch_sub(self.count, Ordering::Relaxed);
    }
}

/// Counts `count` capabilities that are about to be sent. ETOOMANYREFS if the user has more in flight already than a
/// process may have open.
pub fn toll(t: &Task, count: usize) -> Result<unix::Toll, Errno> {
    let user = t.creds().user.clone();
    let before = user.in_flight.load(Ordering::Relaxed);
    let creds = t.creds();
    let unlimited = creds.capable(Caps::SYS_RESOURCE) || creds.capable(Caps::SYS_ADMIN);
    if before > t.process().limit(Resource::Files) && !unlimited {
        return Err(Errno::ETOOMANYREFS);
    }
    user.in_flight.fetch_add(count as u64, Ordering::Relaxed);
    Ok(Arc::new(Toll { user, count: count as u64 }))
}

/// A socket that may be in flight.
struct Candidate {
    file: Arc<OpenFile>,
    reachable: bool,
}

impl Candidate {
    /// Calls `visit` with the index of each candidate that a message for this one holds.
    fn visit(&self, all: &[(*const OpenFile, usize)], visit: &mut dyn FnMut(usize)) {
        let Some(socket) = self.file.file().downcast::<Socket>() else { return };
        socket.endpoint.visit_rights(&mut |capability| {
            let file = capability.object();
            if let Ok(place) = all.binary_search_by_key(&Arc::as_ptr(file), |entry| entry.0) {
                visit(all[place].1);
            }
        });
    }
}

/// Forgets those that are not alive.
fn forget_dead(sent: &mut Vec<Weak<OpenFile>>) {
    sent.retain(|file| file.strong_count() != 0);
    room::shrink(sent);
    COUNT.store(sent.len(), Ordering::Relaxed);
}

/// Those that are alive; the others are forgotten.
fn candidates() -> Option<Vec<Candidate>> {
    let mut found = Vec::new();
    let mut sent = SENT.lock();
    forget_dead(&mut sent);
    found.try_reserve_exact(sent.len()).ok()?;
    let alive = sent.iter().filter_map(Weak::upgrade);
    found.extend(alive.map(|file| Candidate { file, reachable: false }));
    Some(found)
}

/// Marks what can be reached: by others than messages for `members`, or through what can be.
fn mark(all: &mut [Candidate]) -> Option<()> {
    let mut index = Vec::new();
    index.try_reserve_exact(all.len()).ok()?;
    index.extend(all.iter().enumerate().map(|(place, one)| (Arc::as_ptr(&one.file), place)));
    index.sort_unstable();
    let mut todo = Vec::new();
    todo.try_reserve_exact(all.len()).ok()?;
    let mut held = Vec::new();
    held.try_reserve_exact(all.len()).ok()?;
    held.resize(all.len(), 0_usize);
    for one in &*all {
        one.visit(&index, &mut |other| held[other] += 1);
    }
    for (place, one) in all.iter_mut().enumerate() {
        // One reference is our own.
        one.reachable = Arc::strong_count(&one.file) > held[place] + 1;
        if one.reachable {
            todo.push(place);
        }
    }
    let mut seen = held;
    seen.fill(0);
    while let Some(place) = todo.pop() {
        all[place].visit(&index, &mut |other| seen[other] = 1);
        for (other, seen) in seen.iter_mut().enumerate() {
            if core::mem::take(seen) != 0 && !core::mem::replace(&mut all[other].reachable, true) {
                todo.push(other);
            }
        }
    }
    Some(())
}

/// A socket was closed: looks for garbage if it is time.
pub fn socket_closed() {
    let count = COUNT.load(Ordering::Relaxed);
    if count != 0 && CLOSED.fetch_add(1, Ordering::Relaxed) >= count / PATIENCE {
        collect();
    }
}

/// Drops the messages of sockets that only each other's messages keep open. Without memory for looking, a later
/// close looks.
pub fn collect() {
    if RUNNING.swap(true, Ordering::Acquire) {
        return;
    }
    CLOSED.store(0, Ordering::Relaxed);
    let garbage = candidates().and_then(|mut all| {
        mark(&mut all)?;
        all.retain(|one| !one.reachable);
        // Among themselves they must still account for every reference.
        mark(&mut all)?;
        all.retain(|one| !one.reachable);
        Some(all)
    });
    RUNNING.store(false, Ordering::Release);
    for one in garbage.iter().flatten() {
        if let Some(socket) = one.file.file().downcast::<Socket>() {
            socket.endpoint.discard_messages();
        }
    }
    drop(garbage);
    let mut sent = SENT.lock();
    forget_dead(&mut sent);
    LIMIT.store(FEW.max(2 * sent.len()), Ordering::Relaxed);
}
