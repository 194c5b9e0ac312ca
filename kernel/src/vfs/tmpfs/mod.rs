//! A file system in memory: contents are memory objects, directories are indices of names.
//!
//! [`TmpFs`] is one instance with its limits ([`Room`]), [`TmpNode`] an inode of it. devfs, the root file system
//! and files that are in no directory (memfd) are instances too.

mod data;
mod directory;
mod options;
mod room;
mod xattrs;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use spin::Once;

pub use self::options::Options;
use self::room::Room;
use super::file::{File, Io, OpenRequest};
use super::file_systems;
use super::inode::{FileSystem, Inode, InodeCore, InodeFlags, InodeRef, NewNode, Owner, Rename};
use super::types::{
    AllocateFlags, DeviceNumber, DirEntry, FsStat, Metadata, NodeKind, SetAttr, Status, Whence, XattrFlags,
};
use crate::mm::Vmo;
use crate::sync::SpinLock;
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// What directories count for each entry, and twice for themselves.
const ENTRY_SIZE: u64 = 20;
/// `TMPFS_MAGIC`, which programs compare with.
const MAGIC: u64 = 0x0102_1994;

/// What all nodes of an instance share.
struct Shared {
    device: DeviceNumber,
    room: Room,
    next_number: AtomicU64,
}

/// An instance.
pub struct TmpFs {
    type_name: &'static str,
    shared: Arc<Shared>,
    root: Arc<TmpNode>,
    options: SpinLock<Options>,
}

/// What a node has beyond the core.
enum Body {
    /// The content of a regular file, made with the first write.
    File {
        content: Once<Arc<Vmo>>,
        charged: AtomicUsize,
    },
    Directory(directory::Directory),
    Symlink(Arc<[u8]>),
    /// Devices, FIFOs, sockets.
    Special,
}

/// An inode.
pub struct TmpNode {
    core: InodeCore,
    shared: Arc<Shared>,
    body: Body,
    xattrs: SpinLock<Option<Box<xattrs::Xattrs>>>,
}

impl TmpFs {
    /// An instance of a type that calls itself `type_name`.
    pub fn new(type_name: &'static str, options: Options) -> Arc<Self> {
        let room = Room::new(options.max_pages, options.max_inodes);
        let shared =
            Arc::new(Shared { device: file_systems::next_device(), room, next_number: AtomicU64::new(1) });
        let owner = Owner { uid: options.uid, gid: options.gid, ..Owner::root(options.mode) };
        // The root is always there, whatever the limit.
        shared.room.force_inode();
        let body = Body::Directory(directory::Directory::new());
        let root = TmpNode::with_body(&shared, NodeKind::Directory, DeviceNumber::default(), owner, body);
        Arc::new(Self { type_name, shared, root, options: SpinLock::new(options) })
    }

    /// An instance without limits.
    pub fn unlimited(type_name: &'static str) -> Arc<Self> {
        Self::new(type_name, Options::unlimited())
    }

    /// An instance as `mount -t tmpfs -o OPTIONS` makes it.
    pub fn from_options(options: &[u8]) -> Result<Arc<Self>> {
        let mut parsed = Options::default();
        parsed.parse(options)?;
        Ok(Self::new("tmpfs", parsed))
    }

    /// A regular file in no directory, of the length 0.
    pub fn unnamed_file(&self, owner: Owner) -> Result<InodeRef> {
        self.root.create_unnamed(owner)
    }
}

impl FileSystem for TmpFs {
    fn type_name(&self) -> &'static str {
        self.type_name
    }
    fn root(&self) -> InodeRef {
        self.root.clone()
    }
    fn device(&self) -> DeviceNumber {
        self.shared.device
    }
    fn statfs(&self) -> Result<FsStat> {
        let room = &self.shared.room;
        let (pages, free) = room.pages();
        let (files, files_free) = room.inodes();
        Ok(FsStat {
            magic: MAGIC,
            block_size: 4096,
            blocks: pages,
            blocks_free: free,
            blocks_available: free,
            files,
            files_free,
            id: u64::from(self.shared.device.minor),
            name_max: 255,
        })
    }
    fn options(&self) -> Vec<u8> {
        self.options.lock().show()
    }
    fn remount(&self, text: &[u8]) -> Result<()> {
        let mut options = self.options.lock().clone();
        options.parse(text)?;
        self.shared.room.set_limits(options.max_pages, options.max_inodes)?;
        *self.options.lock() = options;
        Ok(())
    }
    fn trim(&self) {
        directory::pack_tree(&self.root);
    }
}

impl TmpNode {
    fn with_body(
        shared: &Arc<Shared>,
        kind: NodeKind,
        rdev: DeviceNumber,
        owner: Owner,
        body: Body,
    ) -> Arc<Self> {
        let number = shared.next_number.fetch_add(1, Ordering::Relaxed);
        let core = InodeCore::new(number, kind, shared.device, rdev, owner);
        match &body {
            Body::Directory(_) => {
                core.set_links(2);
                core.set_size(2 * ENTRY_SIZE);
            }
            Body::Symlink(text) => core.set_size(text.len() as u64),
            _ => {}
        }
        Arc::new(Self { core, shared: shared.clone(), body, xattrs: SpinLock::new(None) })
    }

    fn make(shared: &Arc<Shared>, node: NewNode, owner: Owner) -> Result<Arc<Self>> {
        let (body, rdev) = match node {
            NewNode::File => (Body::File { content: Once::new(), charged: AtomicUsize::new(0) }, None),
            NewNode::Directory => (Body::Directory(directory::Directory::new()), None),
            NewNode::Symlink(text) => (Body::Symlink(copy(text)?), None),
            NewNode::Fifo | NewNode::Socket => (Body::Special, None),
            NewNode::CharDevice(rdev) | NewNode::BlockDevice(rdev) => (Body::Special, Some(rdev)),
        };
        shared.room.take_inode()?;
        Ok(Self::with_body(shared, node.kind(), rdev.unwrap_or_default(), owner, body))
    }

    fn directory(&self) -> Result<&directory::Directory> {
        match &self.body {
            Body::Directory(directory) => Ok(directory),
            _ => Err(Kind::NotDirectory.into()),
        }
    }
}

/// The node as the type that all nodes of this file system have.
fn into_node(inode: InodeRef) -> Option<Arc<TmpNode>> {
    inode.into_any().downcast().ok()
}

/// A shared copy of bytes whose number comes from outside.
fn copy(bytes: &[u8]) -> Result<Arc<[u8]>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(|_| Kind::NoMemory)?;
    copy.extend_from_slice(bytes);
    Ok(Arc::from(copy))
}

impl Inode for TmpNode {
    fn core(&self) -> &InodeCore {
        &self.core
    }
    fn metadata(&self) -> Metadata {
        let mut metadata = self.core.metadata();
        if let Body::File { content, .. } = &self.body {
            metadata.blocks = content.get().map_or(0, |vmo| vmo.resident_pages() as u64 * 8);
        }
        metadata
    }
    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        if let Some(size) = attr.size {
            self.set_length(size)?;
        }
        self.core.apply(attr);
        Ok(())
    }
    fn attribute_flags(&self) -> Option<InodeFlags> {
        matches!(self.body, Body::File { .. } | Body::Directory(_)).then_some(InodeFlags::ATTRIBUTES)
    }
    fn still_valid(&self) -> bool {
        self.core.links() > 0
    }
    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        self.directory()?.lookup(name)
    }
    fn create(&self, name: &[u8], node: NewNode, owner: Owner) -> Result<InodeRef> {
        self.create_entry(name, node, owner)
    }
    fn create_unnamed(&self, owner: Owner) -> Result<InodeRef> {
        let node = Self::make(&self.shared, NewNode::File, owner)?;
        node.core.set_links(0);
        Ok(node)
    }
    fn link(&self, name: &[u8], target: &InodeRef) -> Result<()> {
        self.link_entry(name, target)
    }
    fn unlink(&self, name: &[u8], _target: &InodeRef) -> Result<()> {
        self.remove_entry(name, false)
    }
    fn rmdir(&self, name: &[u8], _target: &InodeRef) -> Result<()> {
        self.remove_entry(name, true)
    }
    fn rename(&self, rename: &Rename) -> Result<()> {
        self.rename_entry(rename)
    }
    fn read_dir(&self, from: u64, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<u64> {
        self.read_entries(from, emit)
    }
    fn read_link(&self) -> Result<Arc<[u8]>> {
        match &self.body {
            Body::Symlink(text) => Ok(text.clone()),
            _ => Err(Kind::Invalid.into()),
        }
    }
    fn open(self: Arc<Self>, request: &OpenRequest) -> Result<Arc<dyn File>> {
        if request.status.contains(Status::DIRECT) {
            return Err(Kind::Invalid.into());
        }
        Ok(self)
    }
    fn vmo(&self) -> Result<Arc<Vmo>> {
        self.content().cloned()
    }
    fn allocate(&self, flags: AllocateFlags, offset: u64, length: u64) -> Result<()> {
        self.allocate_range(flags, offset, length)
    }
    fn xattr(&self, name: &[u8]) -> Result<Arc<[u8]>> {
        xattrs::check_space(name)?;
        self.xattrs.lock().as_ref().and_then(|all| all.get(name)).ok_or(Kind::NoData.into())
    }
    fn set_xattr(&self, name: &[u8], value: &[u8], flags: XattrFlags) -> Result<()> {
        self.store_xattr(name, value, flags)
    }
    fn remove_xattr(&self, name: &[u8]) -> Result<()> {
        self.drop_xattr(name)
    }
    fn list_xattrs(&self, emit: &mut dyn FnMut(&[u8])) -> Result<()> {
        if let Some(all) = self.xattrs.lock().as_ref() {
            all.names(emit);
        }
        Ok(())
    }
}

impl File for TmpNode {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.read_content(dest, io)
    }
    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        self.write_content(source, io)
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, current: u64, offset: i64, whence: Whence) -> Result<u64> {
        self.seek_content(current, offset, whence)
    }
    fn pollable(&self) -> bool {
        false
    }
    fn readable_bytes(&self) -> Result<usize> {
        Err(Kind::NotTerminal.into())
    }
    fn map(&self) -> Result<Arc<Vmo>> {
        self.content().cloned()
    }
    fn read_dir(&self, io: &mut Io, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<()> {
        io.position = self.read_entries(io.position, emit)?;
        Ok(())
    }
    fn sync(&self, _data_only: bool) -> Result<()> {
        Ok(())
    }
    fn allocate(&self, flags: AllocateFlags, offset: u64, length: u64) -> Result<()> {
        self.allocate_range(flags, offset, length)
    }
}

impl Drop for TmpNode {
    fn drop(&mut self) {
        match &mut self.body {
            Body::File { content, charged } => {
                // What nobody maps any more goes with the node.
                drop(core::mem::take(content));
                self.shared.room.release_pages(*charged.get_mut());
            }
            Body::Directory(directory) => directory.tear_down(),
            Body::Symlink(_) | Body::Special => {}
        }
        self.shared.room.release_inode();
    }
}
