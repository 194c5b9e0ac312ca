//! devfs and the registry of devices: what a device node with a certain number opens to.
//!
//! A device node may be in any file system; what it means is looked up by its number. devfs is an instance of
//! tmpfs in which [`register`] makes a node for each device as it appears.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use spin::LazyLock;

use super::file::{File, OpenRequest};
use super::inode::{FileSystem, InodeFlags, InodeRef, NewNode, Owner};
use super::tmpfs::{Options, TmpFs};
use super::types::{DeviceNumber, NodeKind};
use crate::dev::{kmsg, mem};
use crate::sync::SpinLock;
use crate::{Kind, Result};

/// Something that can be opened by a device number.
pub trait Device: Send + Sync {
    /// Opens it through `node`.
    fn open(&self, node: &InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>>;
}

/// A function that makes the file is a device.
impl<F> Device for F
where
    F: Fn(&OpenRequest) -> Result<Arc<dyn File>> + Send + Sync,
{
    fn open(&self, _node: &InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>> {
        self(request)
    }
}

/// Character or block, major, minor.
type Key = (bool, DeviceNumber);

static DEVICES: SpinLock<BTreeMap<Key, Arc<dyn Device>>> = SpinLock::new(BTreeMap::new());

static DEVFS: LazyLock<Arc<TmpFs>> = LazyLock::new(|| TmpFs::new("devtmpfs", Options::unlimited()));

/// The one devfs.
pub fn instance() -> Arc<TmpFs> {
    DEVFS.clone()
}

/// The key of a device node. [`Kind::Invalid`] for anything else.
fn key(node: NewNode) -> Result<Key> {
    match node {
        NewNode::CharDevice(number) => Ok((false, number)),
        NewNode::BlockDevice(number) => Ok((true, number)),
        _ => Err(Kind::Invalid.into()),
    }
}

/// Makes a device known under its number, without a name.
pub fn provide(node: NewNode, device: Arc<dyn Device>) -> Result<()> {
    let replaced = DEVICES.lock().insert(key(node)?, device);
    drop(replaced);
    Ok(())
}

/// Forgets the device with that number.
pub fn withdraw(node: NewNode) {
    if let Ok(key) = key(node) {
        let gone = DEVICES.lock().remove(&key);
        drop(gone);
    }
}

/// Makes a device known under its number, and as `path` (from the top of devfs; directories are made).
pub fn register(path: &[u8], node: NewNode, mode: u32, device: Arc<dyn Device>) -> Result<()> {
    provide(node, device)?;
    let (directory, name) = directory_of(path)?;
    let _guard = directory.core().lock.lock();
    match directory.create(name, node, Owner::root(mode)) {
        Err(error) if error != Kind::Exists => Err(error),
        _ => Ok(()),
    }
}

/// A symbolic link in devfs.
pub fn link(path: &[u8], target: &[u8]) -> Result<()> {
    let (directory, name) = directory_of(path)?;
    let _guard = directory.core().lock.lock();
    directory.create(name, NewNode::Symlink(target), Owner::root(0o777)).map(drop)
}

/// A directory in devfs, for something to be mounted on.
pub fn directory(path: &[u8]) -> Result<()> {
    let (parent, name) = directory_of(path)?;
    below(&parent, name).map(drop)
}

/// Forgets a device and its node.
pub fn unregister(path: &[u8]) -> Result<()> {
    let (directory, name) = directory_of(path)?;
    let _guard = directory.core().lock.lock();
    let node = directory.lookup(name)?;
    directory.unlink(name, &node)?;
    // Whoever remembers the name finds out by asking again.
    node.core().set_flags(InodeFlags::REVALIDATE, true);
    let rdev = node.core().rdev;
    let character = node.kind() == NodeKind::CharDevice;
    withdraw(if character { NewNode::CharDevice(rdev) } else { NewNode::BlockDevice(rdev) });
    Ok(())
}

/// The directory that a path's last name is in, made if it is not there.
fn directory_of(path: &[u8]) -> Result<(InodeRef, &[u8])> {
    let mut directory = DEVFS.root();
    // Names appear here by themselves: their absence is not remembered.
    directory.core().set_flags(InodeFlags::NO_NEGATIVE, true);
    let mut names = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            return Ok((directory, name));
        }
        directory = below(&directory, name)?;
    }
    Err(Kind::Invalid.into())
}

fn below(directory: &InodeRef, name: &[u8]) -> Result<InodeRef> {
    let _guard = directory.core().lock.lock();
    let found = match directory.lookup(name) {
        Ok(found) => found,
        Err(_) => {
            let made = directory.create(name, NewNode::Directory, Owner::root(0o755))?;
            made.core().set_flags(InodeFlags::NO_NEGATIVE, true);
            made
        }
    };
    Ok(found)
}

/// Opens the device that a node stands for. [`Kind::NoDevice`] if there is none.
pub(super) fn open_device(node: &InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>> {
    let key = (node.kind() == NodeKind::BlockDevice, node.core().rdev);
    let device = DEVICES.lock().get(&key).cloned().ok_or(Kind::NoDevice)?;
    device.open(node, request)
}

/// A device that is one and the same file at every open.
pub struct Plain(pub Arc<dyn File>);

impl Device for Plain {
    fn open(&self, _node: &InodeRef, _request: &OpenRequest) -> Result<Arc<dyn File>> {
        Ok(self.0.clone())
    }
}

/// Registers the devices that are always there.
pub fn init() -> Result<()> {
    let memory = |minor| NewNode::CharDevice(DeviceNumber::new(1, minor));
    let plain = |file: Arc<dyn File>| -> Arc<dyn Device> { Arc::new(Plain(file)) };
    let random: Arc<dyn File> = Arc::new(mem::Random);
    register(b"null", memory(3), 0o666, plain(Arc::new(mem::Null)))?;
    register(b"zero", memory(5), 0o666, plain(Arc::new(mem::Zero)))?;
    register(b"full", memory(7), 0o666, plain(Arc::new(mem::Full)))?;
    register(b"random", memory(8), 0o666, plain(random.clone()))?;
    register(b"urandom", memory(9), 0o666, plain(random))?;
    kmsg::prepare();
    let log = |_: &OpenRequest| -> Result<Arc<dyn File>> { Ok(Arc::new(kmsg::KernelLog::new())) };
    register(b"kmsg", memory(11), 0o644, Arc::new(log))?;
    link(b"fd", b"/proc/self/fd")?;
    link(b"stdin", b"/proc/self/fd/0")?;
    link(b"stdout", b"/proc/self/fd/1")?;
    link(b"stderr", b"/proc/self/fd/2")?;
    directory(b"pts")?;
    directory(b"shm")
}
