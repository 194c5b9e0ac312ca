//! Mounts: which file system hangs where. [`Superblock`] is a file system in use, [`Mount`] one place where it (or
//! a directory of it) can be seen, with flags of its own; the [`MountTable`] says where each hangs.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use names::SlotId;

use super::access::{Credentials, Privileges};
use super::inode::FileSystem;
use super::path::{Dentry, Path};
use super::tree::TREE;
use super::types::{Lookup, MountFlags};
use super::walk::{self, Context};
use crate::{Kind, Result};

/// A file system in use.
pub struct Superblock {
    fs: Arc<dyn FileSystem>,
    root: Arc<Dentry>,
    read_only: AtomicBool,
}

impl Superblock {
    /// Takes a file system into use.
    pub fn new(fs: Arc<dyn FileSystem>) -> Result<Arc<Self>> {
        let root = TREE.write().enter_root(fs.root())?;
        Ok(Arc::new(Self { fs, root, read_only: AtomicBool::new(false) }))
    }
    /// The file system.
    pub fn fs(&self) -> &Arc<dyn FileSystem> {
        &self.fs
    }
    /// Is all of it read-only, through whichever mount?
    #[inline]
    pub fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::Relaxed)
    }
}

impl Drop for Superblock {
    fn drop(&mut self) {
        let gone = TREE.write().forget_all(&self.root);
        drop(gone);
    }
}

/// A place where a file system can be seen.
pub struct Mount {
    id: u32,
    superblock: Arc<Superblock>,
    root: Arc<Dentry>,
    flags: AtomicU32,
    source: Box<[u8]>,
    /// Files open for writing through it, and changes under way.
    writers: AtomicU32,
}

static NEXT_ID: AtomicU32 = AtomicU32::new(1);

impl Mount {
    fn new(superblock: Arc<Superblock>, root: Arc<Dentry>, flags: MountFlags, source: &[u8]) -> Arc<Self> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let (flags, writers) = (AtomicU32::new(flags.bits()), AtomicU32::new(0));
        Arc::new(Self { id, superblock, root, flags, source: source.into(), writers })
    }
    /// A mount that hangs nowhere, for files that are in no directory.
    pub fn detached(fs: Arc<dyn FileSystem>) -> Result<Arc<Self>> {
        let superblock = Superblock::new(fs)?;
        let root = superblock.root.clone();
        Ok(Self::new(superblock, root, MountFlags::empty(), b"none"))
    }
    /// Its number (`/proc/PID/mountinfo`).
    pub fn id(&self) -> u32 {
        self.id
    }
    /// The file system.
    #[inline]
    pub fn superblock(&self) -> &Arc<Superblock> {
        &self.superblock
    }
    #[inline]
    pub(super) fn root(&self) -> &Arc<Dentry> {
        &self.root
    }
    /// Its switches.
    #[inline]
    pub fn flags(&self) -> MountFlags {
        MountFlags::from_bits_retain(self.flags.load(Ordering::Relaxed))
    }
    /// What was given as the source.
    pub fn source(&self) -> &[u8] {
        &self.source
    }
    pub(super) fn count_writer(&self, more: bool) {
        if more {
            self.writers.fetch_add(1, Ordering::Relaxed);
        } else {
            self.writers.fetch_sub(1, Ordering::Relaxed);
        }
    }
    fn set_flags(&self, flags: MountFlags) {
        self.flags.store(flags.bits(), Ordering::Relaxed);
    }
}

/// Where a mount hangs.
pub(super) struct Place {
    pub mount: Arc<Mount>,
    pub parent: Arc<Mount>,
    pub point: Arc<Dentry>,
}

/// Where all mounts hang. Guarded by the lock of the tree.
pub(super) struct MountTable {
    /// By the mount's number, that is, in the order of mounting.
    places: BTreeMap<u32, Place>,
    /// By the parent mount's number and the slot mounted upon.
    points: BTreeMap<(u32, SlotId), u32>,
    top: Option<Arc<Mount>>,
}

impl MountTable {
    pub const fn new() -> Self {
        Self { places: BTreeMap::new(), points: BTreeMap::new(), top: None }
    }
    /// Where `mount` hangs; `None` for the top and what was unmounted.
    pub fn place(&self, mount: &Mount) -> Option<&Place> {
        self.places.get(&mount.id)
    }
    /// Is it the mount under which everything hangs?
    pub fn is_top(&self, mount: &Arc<Mount>) -> bool {
        self.top.as_ref().is_some_and(|top| Arc::ptr_eq(top, mount))
    }
    /// What is mounted at a place.
    pub fn mounted(&self, mount: &Mount, point: &Dentry) -> Option<&Arc<Mount>> {
        let id = self.points.get(&(mount.id, point.slot()))?;
        self.places.get(id).map(|place| &place.mount)
    }
    fn attach(&mut self, mount: Arc<Mount>, parent: Arc<Mount>, point: Arc<Dentry>) {
        point.count_mount(true);
        self.points.insert((parent.id, point.slot()), mount.id);
        self.places.insert(mount.id, Place { mount, parent, point });
    }
    fn detach(&mut self, mount: &Mount) -> Option<Place> {
        let place = self.places.remove(&mount.id)?;
        self.points.remove(&(place.parent.id, place.point.slot()));
        place.point.count_mount(false);
        Some(place)
    }
    fn children(&self, mount: &Mount) -> Vec<Arc<Mount>> {
        self.places
            .values()
            .filter(|place| place.parent.id == mount.id)
            .map(|place| place.mount.clone())
            .collect()
    }
    /// Does `mount` hang at or below `ancestor`?
    fn is_below(&self, mount: &Arc<Mount>, ancestor: &Mount) -> bool {
        let mut current = mount;
        loop {
            if current.id == ancestor.id {
                return true;
            }
            let Some(place) = self.place(current) else { return false };
            current = &place.parent;
        }
    }
    /// Follows what is mounted on a place to the topmost.
    pub fn cross<'t>(
        &'t self,
        mut mount: &'t Arc<Mount>,
        mut dentry: &'t Arc<Dentry>,
    ) -> (&'t Arc<Mount>, &'t Arc<Dentry>) {
        while dentry.is_mount_point() {
            let Some(upper) = self.mounted(mount, dentry) else { break };
            (mount, dentry) = (upper, &upper.root);
        }
        (mount, dentry)
    }
}

/// The root of the whole tree.
///
/// # Panics
/// If [`mount_root`] was not called: it is what makes the file layer ready.
pub fn root() -> Path {
    let tree = TREE.read();
    let top = tree.mounts.top.as_ref().expect("the root file system is mounted before paths are used");
    let (mount, dentry) = tree.mounts.cross(top, &top.root);
    Path::new(mount.clone(), dentry.clone())
}

/// Mounts the first file system, under which everything hangs.
pub fn mount_root(fs: Arc<dyn FileSystem>, source: &[u8]) -> Result<Path> {
    let superblock = Superblock::new(fs)?;
    let root = superblock.root.clone();
    let mount = Mount::new(superblock, root.clone(), MountFlags::RELATIVE_ATIME, source);
    TREE.write().mounts.top = Some(mount.clone());
    Ok(Path::new(mount, root))
}

fn check_admin(ctx: &Context) -> Result<()> {
    if ctx.creds.has(Privileges::SYS_ADMIN) {
        Ok(())
    } else {
        Err(Kind::NotPermitted.into())
    }
}

/// The flags that a mount gets when told these: relative access times unless told otherwise.
fn effective(flags: MountFlags) -> MountFlags {
    let mut flags = flags;
    let plain = !flags.intersects(MountFlags::NO_ATIME | MountFlags::STRICT_ATIME);
    flags.set(MountFlags::RELATIVE_ATIME, plain);
    flags - MountFlags::STRICT_ATIME
}

/// Hangs a new mount on top of `target`.
fn graft(mount: Arc<Mount>, target: &Path) -> Result<()> {
    if mount.root.inode().is_directory() != target.inode().is_directory() {
        return Err(Kind::NotDirectory.into());
    }
    let mut tree = TREE.write();
    let (parent, point) = tree.mounts.cross(&target.mount, &target.dentry);
    let (parent, point) = (parent.clone(), point.clone());
    if tree.is_removed(&point) {
        return Err(Kind::NotFound.into());
    }
    // What was given up is dropped after the lock: the table only takes.
    tree.mounts.attach(mount, parent, point);
    Ok(())
}

/// Mounts a file system. [`Kind::Busy`] if that very file system is on top there already.
pub fn mount(
    ctx: &Context,
    fs: Arc<dyn FileSystem>,
    target: &Path,
    flags: MountFlags,
    source: &[u8],
) -> Result<()> {
    check_admin(ctx)?;
    mount_fs(fs, target, flags, source)
}

/// As [`mount`], for the kernel itself.
pub fn mount_fs(fs: Arc<dyn FileSystem>, target: &Path, flags: MountFlags, source: &[u8]) -> Result<()> {
    if !target.inode().is_directory() {
        return Err(Kind::NotDirectory.into());
    }
    let shared = shared_superblock(&fs);
    if let Some(superblock) = &shared {
        if target.is_mount_root() && Arc::ptr_eq(superblock, &target.mount.superblock) {
            return Err(Kind::Busy.into());
        }
    }
    let superblock = match shared {
        Some(superblock) => superblock,
        None => Superblock::new(fs)?,
    };
    let root = superblock.root.clone();
    graft(Mount::new(superblock, root, effective(flags), source), target)
}

/// The superblock of a file system that is mounted already (the one devfs, procfs …).
fn shared_superblock(fs: &Arc<dyn FileSystem>) -> Option<Arc<Superblock>> {
    let tree = TREE.read();
    let same = |mount: &&Arc<Mount>| mount.superblock.fs.device() == fs.device();
    let mut all = tree.mounts.places.values().map(|place| &place.mount).chain(tree.mounts.top.as_ref());
    all.find(same).map(|mount| mount.superblock.clone())
}

/// Shows `source` at `target` too (`mount --bind`), with everything mounted below it if `recursive`.
pub fn bind(ctx: &Context, source: &Path, target: &Path, recursive: bool) -> Result<()> {
    check_admin(ctx)?;
    let copy = |mount: &Arc<Mount>, root: &Arc<Dentry>| {
        Mount::new(mount.superblock.clone(), root.clone(), mount.flags(), &mount.source)
    };
    let top = copy(&source.mount, &source.dentry);
    let mut below = Vec::new();
    if recursive {
        let tree = TREE.read();
        // Parents have lower numbers unless they were moved: take them level by level.
        let mut pairs = Vec::from([(source.mount.clone(), top.clone())]);
        let mut next = 0;
        while let Some((old, new)) = pairs.get(next).cloned() {
            next += 1;
            for child in tree.mounts.children(&old) {
                let Some(place) = tree.mounts.place(&child) else { continue };
                if next == 1 && !tree.is_below(&place.point, &source.dentry) {
                    continue;
                }
                let twin = copy(&child, &child.root);
                below.push((twin.clone(), new.clone(), place.point.clone()));
                pairs.push((child, twin));
            }
        }
    }
    graft(top, target)?;
    let mut tree = TREE.write();
    for (mount, parent, point) in below {
        tree.mounts.attach(mount, parent, point);
    }
    Ok(())
}

/// Hangs a mount elsewhere (`mount --move`).
pub fn move_mount(ctx: &Context, source: &Path, target: &Path) -> Result<()> {
    check_admin(ctx)?;
    if !source.is_mount_root() {
        return Err(Kind::Invalid.into());
    }
    if source.inode().is_directory() != target.inode().is_directory() {
        return Err(Kind::Invalid.into());
    }
    let mut tree = TREE.write();
    if tree.mounts.place(&source.mount).is_none() {
        return Err(Kind::Invalid.into());
    }
    let (parent, point) = tree.mounts.cross(&target.mount, &target.dentry);
    let (parent, point) = (parent.clone(), point.clone());
    if tree.mounts.is_below(&parent, &source.mount) {
        return Err(Kind::Loop.into());
    }
    let old = tree.mounts.detach(&source.mount);
    tree.mounts.attach(source.mount.clone(), parent, point);
    drop(tree);
    drop(old);
    Ok(())
}

/// Changes the switches of a mount, and with `whole_fs` those of the file system behind it with its own `options`.
/// [`Kind::Busy`] if it is to become read-only while files are open for writing.
pub fn remount(ctx: &Context, target: &Path, flags: MountFlags, whole_fs: Option<&[u8]>) -> Result<()> {
    check_admin(ctx)?;
    let mount = &target.mount;
    if !target.is_mount_root() {
        return Err(Kind::Invalid.into());
    }
    let read_only = flags.contains(MountFlags::READ_ONLY);
    if read_only && mount.writers.load(Ordering::Relaxed) > 0 {
        return Err(Kind::Busy.into());
    }
    let mut kept = effective(flags);
    if let Some(options) = whole_fs {
        mount.superblock.fs.remount(options)?;
        mount.superblock.read_only.store(read_only, Ordering::Relaxed);
        kept -= MountFlags::READ_ONLY;
    }
    mount.set_flags(kept);
    Ok(())
}

/// How to unmount.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmount {
    /// Take it out of the tree now, and let it go when nobody uses it any more.
    pub detach: bool,
    /// Only if it was marked by an earlier such call ([`Kind::WouldBlock`] the first time).
    pub expire: bool,
}

/// Unmounts what has its top at `target`.
pub fn unmount(ctx: &Context, target: Path, how: Unmount) -> Result<()> {
    check_admin(ctx)?;
    if !target.is_mount_root() {
        return Err(Kind::Invalid.into());
    }
    let Path { mount, dentry } = target;
    drop(dentry);
    let mut gone = Vec::new();
    let mut tree = TREE.write();
    if tree.mounts.place(&mount).is_none() {
        // The top of everything stays, and what hangs nowhere cannot be taken away.
        let kind = if tree.mounts.is_top(&mount) { Kind::Busy } else { Kind::Invalid };
        return Err(kind.into());
    }
    let children = tree.mounts.children(&mount);
    if how.detach {
        let mut pending = children;
        while let Some(child) = pending.pop() {
            pending.extend(tree.mounts.children(&child));
            gone.extend(tree.mounts.detach(&child));
        }
    } else if !children.is_empty() || Arc::strong_count(&mount) > 2 {
        return Err(Kind::Busy.into());
    }
    if how.expire {
        return Err(Kind::WouldBlock.into());
    }
    gone.extend(tree.mounts.detach(&mount));
    drop(tree);
    drop(gone);
    Ok(())
}

/// Makes `new_root` the top of everything and hangs the old top at `put_old` (`pivot_root(2)`).
pub fn pivot_root(ctx: &Context, new_root: &Path, put_old: &Path) -> Result<()> {
    check_admin(ctx)?;
    if !new_root.inode().is_directory() || !put_old.inode().is_directory() {
        return Err(Kind::NotDirectory.into());
    }
    if !new_root.is_mount_root() || !ctx.root.is_mount_root() {
        return Err(Kind::Invalid.into());
    }
    let mut tree = TREE.write();
    let old_root = &ctx.root.mount;
    if Arc::ptr_eq(&new_root.mount, old_root) || Arc::ptr_eq(&put_old.mount, old_root) {
        return Err(Kind::Busy.into());
    }
    let old_place = tree.mounts.detach(old_root);
    if old_place.is_none() && !tree.mounts.is_top(old_root)
        || !tree.mounts.is_below(&put_old.mount, &new_root.mount)
    {
        if let Some(Place { mount, parent, point }) = old_place {
            tree.mounts.attach(mount, parent, point);
        }
        return Err(Kind::Invalid.into());
    }
    let new_place = tree.mounts.detach(&new_root.mount);
    match old_place {
        Some(Place { parent, point, .. }) => tree.mounts.attach(new_root.mount.clone(), parent, point),
        None => tree.mounts.top = Some(new_root.mount.clone()),
    }
    tree.mounts.attach(old_root.clone(), put_old.mount.clone(), put_old.dentry.clone());
    drop(tree);
    drop(new_place);
    Ok(())
}

/// What `/proc/mounts` and `/proc/PID/mountinfo` tell about a mount.
#[derive(Clone, Debug)]
pub struct MountInfo {
    pub id: u32,
    pub parent: u32,
    pub device: super::DeviceNumber,
    /// Which directory of the file system is its top.
    pub root: Vec<u8>,
    /// Where it hangs, from the root given.
    pub point: Vec<u8>,
    pub type_name: &'static str,
    pub source: Vec<u8>,
    pub flags: MountFlags,
    pub read_only_fs: bool,
    /// The file system's own options.
    pub options: Vec<u8>,
}

/// All mounts that can be reached from `root`, in the order of mounting.
pub fn mounts(root: &Path) -> Vec<MountInfo> {
    let all: Vec<(Arc<Mount>, u32)> = {
        let tree = TREE.read();
        let top = tree.mounts.top.iter().map(|mount| (mount.clone(), 0));
        top.chain(tree.mounts.places.values().map(|place| (place.mount.clone(), place.parent.id))).collect()
    };
    let info = |(mount, parent): (Arc<Mount>, u32)| {
        let place = Path::new(mount.clone(), mount.root.clone()).name(root);
        let fs = mount.superblock.fs();
        place.reachable.then(|| MountInfo {
            id: mount.id,
            parent,
            device: fs.device(),
            root: root_within(&mount),
            point: place.bytes,
            type_name: fs.type_name(),
            source: mount.source.to_vec(),
            flags: mount.flags(),
            read_only_fs: mount.superblock.is_read_only(),
            options: fs.options(),
        })
    };
    all.into_iter().filter_map(info).collect()
}

/// The name of a mount's top within its file system.
fn root_within(mount: &Arc<Mount>) -> Vec<u8> {
    TREE.read().name_within(&mount.root)
}

/// The file systems that are mounted, once for each mount.
fn mounted_file_systems() -> Vec<Arc<Superblock>> {
    let tree = TREE.read();
    let mounts = tree.mounts.places.values().map(|place| &place.mount).chain(tree.mounts.top.as_ref());
    mounts.map(|mount| mount.superblock.clone()).collect()
}

/// Writes every mounted file system back.
pub fn sync_all() -> Result<()> {
    mounted_file_systems().iter().try_for_each(|superblock| superblock.fs.sync())
}

/// Has every mounted file system give back memory that it only keeps for what may come.
pub fn trim_all() {
    mounted_file_systems().iter().for_each(|superblock| superblock.fs.trim());
}

/// Resolves a path for the kernel itself, from the root, with all privileges.
pub fn kernel_path(path: &[u8]) -> Result<Path> {
    let root = root();
    let creds = Credentials::kernel();
    walk::resolve(&Context::new(&root, &root, &creds, 0), None, path, Lookup::FOLLOW)
}
