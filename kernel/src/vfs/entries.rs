//! Making, removing and moving names. Checks come in Linux's order, so that where several things are wrong the
//! same error comes out.

use alloc::sync::Arc;

use super::access::{self, Privileges};
use super::inode::{InodeFlags, InodeRef, NewNode, Owner, Rename};
use super::open_file::OpenFile;
use super::path::{Dentry, Path};
use super::tree::TREE;
use super::types::{mode, Access, Lookup, NodeKind, RenameFlags, SetAttr, Timestamp};
use super::veil::{Reach, View};
use super::walk::{self, Context, Last, Walker};
use crate::sync::Mutex;
use crate::{Kind, Result};

/// A directory, and the last component of the path that led to it.
struct Place<'a> {
    parent: Path,
    last: Last,
    slash: bool,
    view: Option<View<'a>>,
}

impl<'a> Place<'a> {
    fn find(ctx: &Context<'a>, start: Option<&'a Path>, path: &'a [u8]) -> Result<Self> {
        let mut walker = Walker::wanting(Some(Reach::CREATE), ctx, start, path, Lookup::empty())?;
        let parent = walker.run(true)?;
        let view = walker.view();
        Ok(Self { parent, slash: walker.slash, last: walker.last, view })
    }

    /// The name; `otherwise` if the path does not end in one.
    fn name(&self, otherwise: Kind) -> Result<&[u8]> {
        match &self.last {
            Last::Name(name) => Ok(name.as_bytes()),
            _ => Err(otherwise.into()),
        }
    }

    fn lock(&self) -> &Mutex<()> {
        &self.parent.inode().core().lock
    }
}

/// May the entries of this directory be changed?
fn may_change_entries(ctx: &Context, directory: &InodeRef) -> Result<()> {
    if directory.core().flags().contains(InodeFlags::IMMUTABLE) {
        return Err(Kind::NotPermitted.into());
    }
    access::check(ctx.creds, &**directory, Access::WRITE | Access::EXECUTE)
}

/// May something be made in this directory?
fn may_create(ctx: &Context, directory: &InodeRef) -> Result<()> {
    if directory.core().links() == 0 {
        return Err(Kind::NotFound.into());
    }
    may_change_entries(ctx, directory)
}

/// May this entry be removed from (or moved out of) the directory? `as_directory` says what it is expected to be.
fn may_delete(ctx: &Context, directory: &InodeRef, victim: &InodeRef, as_directory: bool) -> Result<()> {
    may_change_entries(ctx, directory)?;
    let fixed = InodeFlags::IMMUTABLE | InodeFlags::APPEND_ONLY;
    if directory.core().flags().contains(InodeFlags::APPEND_ONLY) || victim.core().flags().intersects(fixed) {
        return Err(Kind::NotPermitted.into());
    }
    access::check_sticky(ctx.creds, directory.core(), victim.core())?;
    match (as_directory, victim.is_directory()) {
        (true, false) => Err(Kind::NotDirectory.into()),
        (false, true) => Err(Kind::IsDirectory.into()),
        _ if directory.core().links() == 0 => Err(Kind::NotFound.into()),
        _ => Ok(()),
    }
}

/// Whose a new node in `directory` is. In a set-gid directory it belongs to the directory's group, and
/// a directory made there is set-gid too.
pub(super) fn new_owner(ctx: &Context, directory: &InodeRef, kind: NodeKind, mode: u32) -> Owner {
    let mut mode = mode & mode::ALL;
    // A default access list of the directory takes the place of the umask.
    if kind != NodeKind::Symlink && !directory.core().flags().contains(InodeFlags::HAS_DEFAULT_ACL) {
        mode &= !ctx.umask;
    }
    let mut gid = ctx.creds.gid;
    if directory.core().mode() & mode::SET_GID != 0 {
        gid = directory.core().gid();
        if kind == NodeKind::Directory {
            mode |= mode::SET_GID;
        } else if mode & (mode::SET_GID | 0o010) == (mode::SET_GID | 0o010)
            && !ctx.creds.in_group(gid)
            && !ctx.creds.has(Privileges::FSETID)
        {
            mode &= !mode::SET_GID;
        }
    }
    Owner { uid: ctx.creds.uid, gid, mode, now: Timestamp::now() }
}

/// Makes a node in a directory that the caller has locked, under a name that is free, and enters it in the cache.
pub(super) fn create_locked(
    ctx: &Context,
    parent: &Path,
    name: &[u8],
    hash: u32,
    node: NewNode,
    mode: u32,
) -> Result<Arc<Dentry>> {
    may_create(ctx, parent.inode())?;
    let owner = new_owner(ctx, parent.inode(), node.kind(), mode);
    let inode = parent.inode().create(name, node, owner)?;
    super::acl::inherit(parent.inode(), &inode, mode)?;
    walk::remember(&parent.dentry, hash, name, inode)
}

/// [`Kind::Exists`] if the directory, which is locked, has the name.
fn check_new(place: &Place, name: &[u8], hash: u32) -> Result<()> {
    match walk::lookup_locked(&place.parent.dentry, name, hash) {
        Ok(_) => Err(Kind::Exists.into()),
        Err(error) if error == Kind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a directory, symbolic link, FIFO, socket, device node or (closed) regular file.
pub fn make(ctx: &Context, start: Option<&Path>, path: &[u8], node: NewNode, mode: u32) -> Result<Path> {
    match node {
        NewNode::Symlink([]) => return Err(Kind::NotFound.into()),
        NewNode::Symlink(text) if text.len() >= walk::PATH_MAX => return Err(Kind::NameTooLong.into()),
        _ => {}
    }
    let place = Place::find(ctx, start, path)?;
    let name = place.name(Kind::Exists)?;
    let hash = walk::hash(name);
    let guard = place.lock().lock();
    check_new(&place, name, hash)?;
    if place.slash && node.kind() != NodeKind::Directory {
        return Err(Kind::NotFound.into());
    }
    place.parent.check_writable()?;
    if node.kind().is_device() && !ctx.creds.has(Privileges::MKNOD) {
        may_create(ctx, place.parent.inode())?;
        return Err(Kind::NotPermitted.into());
    }
    let dentry = create_locked(ctx, &place.parent, name, hash, node, mode)?;
    drop(guard);
    Ok(Path::new(place.parent.mount.clone(), dentry))
}

/// Gives `old` one more name.
pub fn link(ctx: &Context, old: &Path, start: Option<&Path>, path: &[u8]) -> Result<()> {
    let place = Place::find(ctx, start, path)?;
    let name = place.name(Kind::Exists)?;
    if let Some(view) = place.view {
        view.check_move((old, None), (&place.parent, Some(name)))?;
    }
    let hash = walk::hash(name);
    let guard = place.lock().lock();
    check_new(&place, name, hash)?;
    if place.slash {
        return Err(Kind::NotFound.into());
    }
    place.parent.check_writable()?;
    if !Arc::ptr_eq(&old.mount, &place.parent.mount) {
        return Err(Kind::CrossDevice.into());
    }
    let inode = old.inode();
    may_create(ctx, place.parent.inode())?;
    if inode.core().device != place.parent.inode().core().device {
        return Err(Kind::CrossDevice.into());
    }
    if inode.core().flags().intersects(InodeFlags::IMMUTABLE | InodeFlags::APPEND_ONLY)
        || inode.is_directory()
    {
        return Err(Kind::NotPermitted.into());
    }
    if inode.core().links() == 0 && !inode.core().flags().contains(InodeFlags::LINKABLE) {
        return Err(Kind::NotFound.into());
    }
    place.parent.inode().link(name, inode)?;
    walk::remember(&place.parent.dentry, hash, name, inode.clone())?;
    drop(guard);
    Ok(())
}

/// Removes the name of something that is not a directory.
pub fn unlink(ctx: &Context, start: Option<&Path>, path: &[u8]) -> Result<()> {
    let place = Place::find(ctx, start, path)?;
    let name = place.name(Kind::IsDirectory)?;
    place.parent.check_writable()?;
    let guard = place.lock().lock();
    let victim = walk::lookup_locked(&place.parent.dentry, name, walk::hash(name))?;
    if place.slash {
        let kind = if victim.inode().is_directory() { Kind::IsDirectory } else { Kind::NotDirectory };
        return Err(kind.into());
    }
    may_delete(ctx, place.parent.inode(), victim.inode(), false)?;
    if victim.is_mount_point() {
        return Err(Kind::Busy.into());
    }
    place.parent.inode().unlink(name, victim.inode())?;
    let gone = TREE.write().remove(&victim);
    drop(guard);
    drop((gone, victim));
    Ok(())
}

/// Removes an empty directory.
pub fn rmdir(ctx: &Context, start: Option<&Path>, path: &[u8]) -> Result<()> {
    let place = Place::find(ctx, start, path)?;
    let otherwise = match place.last {
        Last::DotDot => Kind::NotEmpty,
        Last::Dot => Kind::Invalid,
        _ => Kind::Busy,
    };
    let name = place.name(otherwise)?;
    place.parent.check_writable()?;
    let guard = place.lock().lock();
    let victim = walk::lookup_locked(&place.parent.dentry, name, walk::hash(name))?;
    may_delete(ctx, place.parent.inode(), victim.inode(), true)?;
    if victim.is_mount_point() {
        return Err(Kind::Busy.into());
    }
    // Nothing may be made in it while it goes.
    let inside = victim.inode().core().lock.lock();
    place.parent.inode().rmdir(name, victim.inode())?;
    victim.inode().core().set_links(0);
    let gone = TREE.write().remove(&victim);
    drop(inside);
    drop(guard);
    drop((gone, victim));
    Ok(())
}

/// Only one rename that moves between directories is under way, so that no two can make a loop.
static MOVING: Mutex<()> = Mutex::new(());

/// Renames.
pub fn rename(
    ctx: &Context,
    old_start: Option<&Path>,
    old: &[u8],
    new_start: Option<&Path>,
    new: &[u8],
    flags: RenameFlags,
) -> Result<()> {
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    if exchange && flags.intersects(RenameFlags::NO_REPLACE | RenameFlags::WHITEOUT) {
        return Err(Kind::Invalid.into());
    }
    if flags.contains(RenameFlags::WHITEOUT) {
        return Err(Kind::Invalid.into());
    }
    let from = Place::find(ctx, old_start, old)?;
    let to = Place::find(ctx, new_start, new)?;
    if !Arc::ptr_eq(&from.parent.mount, &to.parent.mount) {
        return Err(Kind::CrossDevice.into());
    }
    let no_replace = flags.contains(RenameFlags::NO_REPLACE);
    let name = from.name(Kind::Busy)?;
    let new_name = to.name(if no_replace { Kind::Exists } else { Kind::Busy })?;
    if let Some(view) = from.view {
        let (source, target) = ((&from.parent, Some(name)), (&to.parent, Some(new_name)));
        view.check_move(source, target)?;
        if exchange {
            view.check_move(target, source)?;
        }
    }
    from.parent.check_writable()?;
    let dropped = with_both_locked(&from, &to, || rename_locked(ctx, &from, name, &to, new_name, flags))?;
    drop(dropped);
    Ok(())
}

/// Runs `work` with both directories locked: the upper one first, or in the order of their addresses.
fn with_both_locked<T>(from: &Place, to: &Place, work: impl FnOnce() -> Result<T>) -> Result<T> {
    if Arc::ptr_eq(&from.parent.dentry, &to.parent.dentry) {
        let _guard = from.lock().lock();
        return work();
    }
    let _moving = MOVING.lock();
    let (one, two) = (&from.parent.dentry, &to.parent.dentry);
    let to_first = {
        let tree = TREE.read();
        tree.is_below(one, two) || !tree.is_below(two, one) && Arc::as_ptr(one) > Arc::as_ptr(two)
    };
    let (first, second) = if to_first { (to, from) } else { (from, to) };
    let _first = first.lock().lock();
    let _second = second.lock().lock();
    work()
}

type Dropped = (Arc<Dentry>, Option<Arc<Dentry>>, Option<Arc<Dentry>>);

fn rename_locked(
    ctx: &Context,
    from: &Place,
    name: &[u8],
    to: &Place,
    new_name: &[u8],
    flags: RenameFlags,
) -> Result<Dropped> {
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    let source = walk::lookup_locked(&from.parent.dentry, name, walk::hash(name))?;
    let target = match walk::lookup_locked(&to.parent.dentry, new_name, walk::hash(new_name)) {
        Ok(target) => Some(target),
        Err(error) if error == Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    check_rename_shape(from, &source, to, target.as_ref(), flags)?;
    let same = |target: &Arc<Dentry>| Arc::ptr_eq(target.inode(), source.inode());
    if target.as_ref().is_some_and(same) {
        return Ok((source, target, None));
    }
    check_rename_rights(ctx, from, &source, to, target.as_ref(), exchange)?;
    if source.is_mount_point() || target.as_ref().is_some_and(|target| target.is_mount_point()) {
        return Err(Kind::Busy.into());
    }
    let rename = Rename {
        name,
        source: source.inode(),
        new_parent: to.parent.inode(),
        new_name,
        target: target.as_ref().map(|target| target.inode()),
        flags,
    };
    from.parent.inode().rename(&rename)?;
    let mut tree = TREE.write();
    let replaced = match &target {
        Some(target) if exchange => {
            tree.exchange(&source, target);
            None
        }
        _ => tree.rename(&source, &to.parent.dentry, new_name),
    };
    drop(tree);
    if let Some(target) = target.as_ref().filter(|target| !exchange && target.inode().is_directory()) {
        target.inode().core().set_links(0);
    }
    Ok((source, target, replaced))
}

/// What is wrong with a rename whoever asks for it.
fn check_rename_shape(
    from: &Place,
    source: &Arc<Dentry>,
    to: &Place,
    target: Option<&Arc<Dentry>>,
    flags: RenameFlags,
) -> Result<()> {
    let exchange = flags.contains(RenameFlags::EXCHANGE);
    match target {
        Some(_) if flags.contains(RenameFlags::NO_REPLACE) => return Err(Kind::Exists.into()),
        None if exchange => return Err(Kind::NotFound.into()),
        Some(target) if exchange && to.slash && !target.inode().is_directory() => {
            return Err(Kind::NotDirectory.into());
        }
        _ => {}
    }
    if !source.inode().is_directory() && (from.slash || !exchange && to.slash) {
        return Err(Kind::NotDirectory.into());
    }
    let tree = TREE.read();
    if tree.is_below(&to.parent.dentry, source) {
        return Err(Kind::Invalid.into());
    }
    if target.is_some_and(|target| tree.is_below(&from.parent.dentry, target)) {
        return Err(if exchange { Kind::Invalid } else { Kind::NotEmpty }.into());
    }
    Ok(())
}

fn check_rename_rights(
    ctx: &Context,
    from: &Place,
    source: &Arc<Dentry>,
    to: &Place,
    target: Option<&Arc<Dentry>>,
    exchange: bool,
) -> Result<()> {
    let (old_parent, new_parent) = (from.parent.inode(), to.parent.inode());
    let is_directory = source.inode().is_directory();
    may_delete(ctx, old_parent, source.inode(), is_directory)?;
    match target {
        None => may_create(ctx, new_parent)?,
        Some(target) => {
            let expected = if exchange { target.inode().is_directory() } else { is_directory };
            may_delete(ctx, new_parent, target.inode(), expected)?;
        }
    }
    if !Arc::ptr_eq(old_parent, new_parent) {
        // The `..` of a directory that moves is written.
        if is_directory {
            access::check(ctx.creds, &**source.inode(), Access::WRITE)?;
        }
        if let Some(target) = target.filter(|target| exchange && target.inode().is_directory()) {
            access::check(ctx.creds, &**target.inode(), Access::WRITE)?;
        }
    }
    Ok(())
}

/// Cuts or extends a regular file, as one with write access to it may.
pub fn truncate(ctx: &Context, path: &Path, length: u64) -> Result<()> {
    let inode = path.inode();
    match inode.kind() {
        NodeKind::Directory => return Err(Kind::IsDirectory.into()),
        NodeKind::File => {}
        _ => return Err(Kind::Invalid.into()),
    }
    path.check_writable()?;
    access::check(ctx.creds, &**inode, Access::WRITE)?;
    if inode.core().flags().intersects(InodeFlags::APPEND_ONLY | InodeFlags::IMMUTABLE) {
        return Err(Kind::NotPermitted.into());
    }
    inode.core().begin_write()?;
    let result = set_length(ctx, inode, length);
    inode.core().end_write();
    result
}

/// Cuts or extends a file that is open for writing.
pub fn truncate_open(ctx: &Context, file: &OpenFile, length: u64) -> Result<()> {
    let inode = file.inode().ok_or(Kind::Invalid)?;
    if inode.kind() != NodeKind::File || !file.access().contains(Access::WRITE) {
        return Err(Kind::Invalid.into());
    }
    if inode.core().flags().contains(InodeFlags::APPEND_ONLY) {
        return Err(Kind::NotPermitted.into());
    }
    set_length(ctx, &inode, length)
}

/// Sets the length of a file that the caller may write to; set-id bits go.
pub(super) fn set_length(ctx: &Context, inode: &InodeRef, length: u64) -> Result<()> {
    let now = Timestamp::now();
    let attr = SetAttr {
        size: Some(length),
        mode: access::mode_after_write(ctx.creds, inode.core()),
        modified: Some(now),
        changed: Some(now),
        ..SetAttr::default()
    };
    inode.set_attr(&attr)
}
