//! Rings and pools by name. A name lasts as long as what it stands for.

use alloc::string::String;
use alloc::sync::{Arc, Weak};

use channels::registry::{NameError, Registry};
pub use channels::registry::{Permissions, Principal, Rights};
use fusion_ring::pool::Access;

use super::pool::{PoolEnd, SharedPool};
use super::{Ring, RingEnd, Side};
use crate::sync::SpinLock;
use crate::vfs::File;
use crate::{Error, Kind, Result};

/// Names that there can be.
const MOST_NAMES: usize = 1024;
/// Of these, a user can have this many.
const MOST_OF_USER: usize = MOST_NAMES / 4;

static NAMES: SpinLock<Registry<Target>> = SpinLock::new(Registry::new(MOST_NAMES));

enum Target {
    Ring(Weak<Ring>),
    Pool(Weak<SharedPool>),
}

/// What an object remembers of its name.
pub(super) struct Slot(SpinLock<Option<String>>);

impl Slot {
    pub const fn new() -> Self {
        Self(SpinLock::new(None))
    }
}

/// Can have a name.
pub(super) trait Named {
    fn slot(&self) -> &Slot;
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Invalid => Kind::Invalid,
            NameError::Taken => Kind::Exists,
            NameError::Unknown => Kind::NotFound,
            NameError::Denied => Kind::AccessDenied,
            NameError::TooMany => Kind::NoSpace,
            NameError::NoMemory => Kind::NoMemory,
        }
        .into()
    }
}

/// May do everything with every name.
const KERNEL: Principal<'static> = Principal { user: 0, group: 0, groups: &[], privileged: true };

/// Names a ring or a pool, given by one of its ends. [`Kind::Exists`] if the name is taken, [`Kind::Busy`] if the object
/// has one, [`Kind::NotSupported`] if the file is neither, [`Kind::AccessDenied`] for a side of a pool that may only
/// read: by the name it could be joined to write.
pub fn add(file: &dyn File, name: &str, permissions: Permissions) -> Result<()> {
    if let Some(end) = file.downcast::<RingEnd>() {
        add_target(&*end.ring, Target::Ring(Arc::downgrade(&end.ring)), name, permissions)
    } else if let Some(end) = file.downcast::<PoolEnd>() {
        end.check(Access::ReadWrite)?;
        add_target(&**end.pool(), Target::Pool(Arc::downgrade(end.pool())), name, permissions)
    } else {
        Err(Kind::NotSupported.into())
    }
}

fn add_target(object: &impl Named, target: Target, name: &str, permissions: Permissions) -> Result<()> {
    let mut copy = String::new();
    copy.try_reserve_exact(name.len()).map_err(|_| Kind::NoMemory)?;
    copy.push_str(name);
    let mut names = NAMES.lock();
    let mut slot = object.slot().0.lock();
    if slot.is_some() {
        return Err(Kind::Busy.into());
    }
    if names.count_of(permissions.user) >= MOST_OF_USER {
        return Err(Kind::NoSpace.into());
    }
    names.add(name, target, permissions)?;
    *slot = Some(copy);
    Ok(())
}

/// Takes a name away; whoever is attached stays so.
pub fn remove(name: &str, principal: &Principal) -> Result<()> {
    let target = NAMES.lock().remove(name, principal)?;
    // The object may take another name from now on.
    let slot_of = |object: &dyn Named| object.slot().0.lock().take();
    let own = match &target {
        Target::Ring(ring) => ring.upgrade().and_then(|ring| slot_of(&*ring)),
        Target::Pool(pool) => pool.upgrade().and_then(|pool| slot_of(&*pool)),
    };
    drop(own);
    Ok(())
}

/// The object is no more.
pub(super) fn forget(slot: &Slot) {
    let Some(name) = slot.0.lock().take() else { return };
    let mut names = NAMES.lock();
    // Somebody may have taken the name away in this moment, and somebody else have it.
    let gone = match names.open(&name, Rights::empty(), &KERNEL) {
        Ok(Target::Ring(ring)) => ring.strong_count() == 0,
        Ok(Target::Pool(pool)) => pool.strong_count() == 0,
        Err(_) => false,
    };
    let target = if gone { names.remove(&name, &KERNEL).ok() } else { None };
    drop(names);
    drop(target);
}

/// A new end of what a name stands for, for one who may do what `rights` says: of a ring the receiving or the sending
/// end, of a pool a side that may only read or one that may write, too.
pub fn attach(name: &str, rights: Rights, principal: &Principal) -> Result<End> {
    let names = NAMES.lock();
    match names.open(name, rights, principal)? {
        Target::Ring(ring) => {
            let ring = ring.upgrade().ok_or(Kind::NotFound)?;
            drop(names);
            let side = if rights.contains(Rights::SEND) { Side::Sender } else { Side::Receiver };
            RingEnd::open(ring, side).map(End::Ring)
        }
        Target::Pool(pool) => {
            let pool = pool.upgrade().ok_or(Kind::NotFound)?;
            drop(names);
            let access = if rights.contains(Rights::SEND) { Access::ReadWrite } else { Access::ReadOnly };
            PoolEnd::open(pool, access).map(End::Pool)
        }
    }
}

/// What [`attach`] found.
pub enum End {
    /// An end of a ring.
    Ring(Arc<RingEnd>),
    /// A side of a pool.
    Pool(Arc<PoolEnd>),
}
