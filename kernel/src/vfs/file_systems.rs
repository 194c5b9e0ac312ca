//! Types of file systems, and the one of files that are in no directory.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

use spin::Once;

use super::access::Credentials;
use super::inode::{FileSystem, Owner};
use super::mount::Mount;
use super::open::{self, OpenOptions};
use super::open_file::OpenFile;
use super::path::Path;
use super::tmpfs::TmpFs;
use super::types::Access;
use crate::{Kind, Result};

/// Makes a file system of a type from the source and options given to `mount`.
pub type Maker = fn(source: &[u8], options: &[u8]) -> Result<Arc<dyn FileSystem>>;

static TYPES: crate::sync::SpinLock<Vec<(&'static str, Maker)>> = crate::sync::SpinLock::new(Vec::new());

/// Makes a type known by name.
pub fn register_type(name: &'static str, maker: Maker) {
    TYPES.lock().push((name, maker));
}

/// The names of all known types (`/proc/filesystems`).
pub fn types() -> Vec<&'static str> {
    TYPES.lock().iter().map(|(name, _)| *name).collect()
}

/// A file system of the named type. [`Kind::NoDevice`] if there is no such type.
pub fn make_fs(type_name: &[u8], source: &[u8], options: &[u8]) -> Result<Arc<dyn FileSystem>> {
    let maker = TYPES.lock().iter().find(|(name, _)| name.as_bytes() == type_name).map(|(_, maker)| *maker);
    maker.ok_or(Kind::NoOperation)?(source, options)
}

/// Numbers for file systems without a block device.
pub fn next_device() -> super::DeviceNumber {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    super::DeviceNumber::new(0, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The file system of files that are in no directory, and the mount through which they are seen.
struct Nowhere {
    fs: Arc<TmpFs>,
    mount: Arc<Mount>,
}

fn nowhere() -> Result<&'static Nowhere> {
    static NOWHERE: Once<Nowhere> = Once::new();
    NOWHERE.try_call_once(|| {
        let fs = TmpFs::unlimited("tmpfs");
        let mount = Mount::detached(fs.clone())?;
        Ok(Nowhere { fs, mount })
    })
}

/// The mount behind files that are in no directory.
pub fn anonymous_mount() -> Result<&'static Arc<Mount>> {
    Ok(&nowhere()?.mount)
}

/// See [`super::unnamed_file`].
pub(super) fn unnamed_file(label: &str, creds: &Credentials, mode: u32) -> Result<Arc<OpenFile>> {
    let Nowhere { fs, mount } = nowhere()?;
    let owner = Owner { uid: creds.uid, gid: creds.gid, ..Owner::root(mode) };
    let inode = fs.unnamed_file(owner)?;
    let path = Path::anonymous(mount, inode, Some(label.into()));
    let options = OpenOptions { access: Access::READ | Access::WRITE, ..OpenOptions::READ };
    open::finish(path, &options)
}
