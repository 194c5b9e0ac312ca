//! Shared memory segments.
//!
//! A segment is a memory object, which tells it of every mapping that comes and goes ([`Watcher`]): so attachments
//! are counted over forks, execs, partial unmappings and exits, and the last one of a removed segment ends it.

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicI32, Ordering};

use exo_kernel::mm::vmo::{Watcher, MAX_LEN};
use exo_kernel::mm::Vmo;
use exo_kernel::sync::SpinLock;
use posix_x_abi::types::{IpcPerm, ShmidDs};

use super::limits::Share;
use super::{now, Namespace, Object, Permissions};
use crate::process::current_or_none;
use crate::security::user::User;
use crate::security::{Caps, Credentials};
use crate::{Errno, Pid};

/// Mode bit of a segment that ends with its last attachment.
const SHM_DEST: u32 = 0o1000;
/// Mode bit of a segment whose pages are to stay in memory.
const SHM_LOCKED: u32 = 0o2000;

/// A segment that counts against what its user may lock.
struct Locked {
    user: Arc<User>,
    pages: u64,
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.user.shared_locked.fetch_sub(self.pages, Ordering::Relaxed);
    }
}

struct State {
    permissions: Permissions,
    removed: bool,
    attachments: u64,
    /// Who attached or detached last.
    last: Pid,
    /// When it was attached and detached, and when something else changed: seconds.
    attached: i64,
    detached: i64,
    changed: i64,
    locked: Option<Locked>,
    /// Until it is removed.
    share: Option<Share>,
}

/// A shared memory segment.
pub struct Segment {
    id: AtomicI32,
    key: i32,
    namespace: Weak<Namespace>,
    /// Bytes, as asked for.
    size: usize,
    memory: Arc<Vmo>,
    creator: Pid,
    state: SpinLock<State>,
}

/// One `shmat`: what its mappings have as their file.
pub struct Attachment {
    pub segment: Arc<Segment>,
}

/// Keeps a segment from ending while it is being attached.
pub(super) struct Hold<'a>(&'a Segment);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.let_go(|_| {});
    }
}

impl Object for Segment {
    fn set_id(&self, id: i32) {
        self.id.store(id, Ordering::Relaxed);
    }
}

impl Watcher for Segment {
    fn mapped(&self) {
        let mut state = self.state.lock();
        state.attachments += 1;
        state.touch();
        state.attached = now();
    }

    fn unmapped(&self) {
        self.let_go(|state| {
            state.touch();
            state.detached = now();
        });
    }
}

impl State {
    fn touch(&mut self) {
        if let Some(task) = current_or_none() {
            self.last = task.pid();
        }
    }
}

impl Segment {
    /// A segment of `size` zero bytes.
    pub(super) fn new(
        namespace: &Arc<Namespace>,
        permissions: Permissions,
        size: usize,
        share: Share,
        creator: Pid,
    ) -> Result<Arc<Self>, Errno> {
        let state = State {
            permissions,
            removed: false,
            attachments: 0,
            last: 0,
            attached: 0,
            detached: 0,
            changed: now(),
            locked: None,
            share: Some(share),
        };
        if size as u64 > MAX_LEN {
            return Err(Errno::EINVAL);
        }
        Ok(Arc::new_cyclic(|this: &Weak<Self>| Self {
            id: AtomicI32::new(-1),
            key: permissions.key,
            namespace: Arc::downgrade(namespace),
            size,
            memory: Vmo::watched(size as u64, this.clone()).expect("the length was checked"),
            creator,
            state: SpinLock::new(state),
        }))
    }

    /// Bytes, as asked for.
    pub fn size(&self) -> usize {
        self.size
    }
    /// The identifier.
    pub fn id(&self) -> i32 {
        self.id.load(Ordering::Relaxed)
    }
    /// The key that it was made with.
    pub fn key(&self) -> i32 {
        self.key
    }
    /// What is mapped.
    pub(super) fn memory(&self) -> &Arc<Vmo> {
        &self.memory
    }

    /// EACCES unless the bits are granted, EIDRM if the segment is gone.
    pub(super) fn check(&self, creds: &Credentials, flags: u32) -> Result<(), Errno> {
        let state = self.state.lock();
        state.permissions.check(creds, flags)?;
        if state.removed {
            return Err(Errno::EIDRM);
        }
        Ok(())
    }
    /// EPERM unless `creds` may remove the segment.
    pub(super) fn check_owner(&self, creds: &Credentials) -> Result<(), Errno> {
        self.state.lock().permissions.check_owner(creds)
    }

    /// It does not end before what is returned is dropped. EIDRM if it has.
    pub(super) fn hold(&self) -> Result<Hold<'_>, Errno> {
        let mut state = self.state.lock();
        if state.removed {
            return Err(Errno::EIDRM);
        }
        state.attachments += 1;
        Ok(Hold(self))
    }

    /// One attachment less.
    fn let_go(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        note(&mut state);
        state.attachments -= 1;
        let last = state.attachments == 0 && state.permissions.mode & SHM_DEST != 0;
        drop(state);
        if last {
            self.end();
        }
    }

    /// Nobody can reach it any more.
    fn end(&self) {
        let mut state = self.state.lock();
        if state.attachments > 0 || core::mem::replace(&mut state.removed, true) {
            return;
        }
        let gone = (state.share.take(), state.locked.take());
        drop(state);
        drop(gone);
        if let Some(namespace) = self.namespace.upgrade() {
            namespace.shm.remove(self.id());
        }
    }

    /// `IPC_RMID`: ends now, or with the last attachment.
    pub(super) fn retire(&self) {
        let mut state = self.state.lock();
        state.permissions.mode |= SHM_DEST;
        state.permissions.key = 0;
        drop(state);
        if let Some(namespace) = self.namespace.upgrade() {
            namespace.shm.forget_key(self.id());
        }
        self.end();
    }

    /// `IPC_SET`.
    pub(super) fn update(&self, perm: &IpcPerm) -> Result<(), Errno> {
        let mut state = self.state.lock();
        state.permissions.update(perm)?;
        state.changed = now();
        Ok(())
    }

    /// `SHM_LOCK`, within `limit` bytes for all segments of the user. Nothing is ever paged out, so that it only
    /// counts.
    pub(super) fn lock_pages(&self, creds: &Credentials, limit: u64) -> Result<(), Errno> {
        self.check_locker(creds, limit == 0)?;
        let pages = super::shm_calls::pages(self.size);
        let limit =
            if creds.capable(Caps::IPC_LOCK) { u64::MAX } else { limit / exo_kernel::mm::PAGE_SIZE as u64 };
        let user = creds.user.clone();
        let more = |sum: u64| sum.checked_add(pages).filter(|sum| *sum <= limit);
        let mut state = self.state.lock();
        if state.locked.is_none() {
            let counted = user.shared_locked.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
            counted.map_err(|_| Errno::ENOMEM)?;
            state.locked = Some(Locked { user, pages });
            state.permissions.mode |= SHM_LOCKED;
        }
        Ok(())
    }

    /// `SHM_UNLOCK`.
    pub(super) fn unlock_pages(&self, creds: &Credentials) -> Result<(), Errno> {
        self.check_locker(creds, false)?;
        let mut state = self.state.lock();
        state.permissions.mode &= !SHM_LOCKED;
        let gone = state.locked.take();
        drop(state);
        drop(gone);
        Ok(())
    }

    fn check_locker(&self, creds: &Credentials, nothing_allowed: bool) -> Result<(), Errno> {
        let permissions = self.state.lock().permissions;
        let owner = creds.euid == permissions.uid || creds.euid == permissions.cuid;
        if creds.capable(Caps::IPC_LOCK) || owner && !nothing_allowed {
            Ok(())
        } else {
            Err(Errno::EPERM)
        }
    }

    /// Pages that have frames.
    pub fn resident_pages(&self) -> usize {
        self.memory.resident_pages()
    }

    /// What `IPC_STAT` tells.
    pub fn told(&self) -> ShmidDs {
        let state = self.state.lock();
        ShmidDs {
            perm: state.permissions.told(self.id()),
            segsz: self.size as u64,
            atime: state.attached,
            dtime: state.detached,
            ctime: state.changed,
            cpid: self.creator,
            lpid: state.last,
            nattch: state.attachments,
            ..ShmidDs::default()
        }
    }
}
