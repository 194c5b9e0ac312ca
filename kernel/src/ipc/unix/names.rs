//! Who is bound to which name.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use hashbrown::HashMap;
use spin::LazyLock;

use super::core::Core;
use super::socket::Found;
use super::UnixSocket;
use crate::sync::SpinLock;
use crate::{room, Kind, Result};

/// A socket file, whatever its path is now: file system and inode number.
pub type FileId = (u64, u64);

/// The name that an endpoint is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket file; the path is kept as it was given to bind.
    Path { path: Vec<u8>, file: FileId },
    /// A name outside the file system.
    Abstract(Vec<u8>),
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    File(FileId),
    Abstract(Vec<u8>),
}

impl Address {
    fn key(&self) -> Key {
        match self {
            Self::Path { file, .. } => Key::File(*file),
            Self::Abstract(name) => Key::Abstract(name.clone()),
        }
    }
}

static BOUND: LazyLock<SpinLock<HashMap<Key, Weak<Core>>>> = LazyLock::new(|| SpinLock::new(HashMap::new()));

/// Binds `core` to `address`. [`Kind::AddressInUse`] if a living socket is.
pub(super) fn bind(address: &Address, core: &Arc<Core>) -> Result<()> {
    let key = address.key();
    let mut bound = BOUND.lock();
    if bound.get(&key).is_some_and(|other| other.strong_count() > 0) {
        return Err(Kind::AddressInUse.into());
    }
    bound.try_reserve(1).map_err(|_| Kind::NoMemory)?;
    bound.insert(key, Arc::downgrade(core));
    Ok(())
}

/// Forgets a name if it is this socket's own (an accepted endpoint shows its listener's name).
pub(super) fn unbind(address: &Address, core: &Core) {
    let key = address.key();
    let mut bound = BOUND.lock();
    if bound.get(&key).is_some_and(|owner| core::ptr::eq(owner.as_ptr(), core)) {
        bound.remove(&key);
        room::shrink_map(&mut bound);
    }
}

fn find(key: &Key) -> Result<Found> {
    let core = BOUND.lock().get(key).and_then(Weak::upgrade);
    core.filter(|core| !core.is_dead()).map(Found).ok_or_else(|| Kind::ConnectionRefused.into())
}

impl UnixSocket {
    /// The socket bound to an abstract name. [`Kind::ConnectionRefused`] if there is none.
    pub fn find_abstract(name: &[u8]) -> Result<Found> {
        find(&Key::Abstract(name.to_vec()))
    }

    /// The socket bound to a socket file. [`Kind::ConnectionRefused`] if it is gone.
    pub fn find_file(file: FileId) -> Result<Found> {
        find(&Key::File(file))
    }
}
