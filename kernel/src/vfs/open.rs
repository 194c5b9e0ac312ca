//! Opening: from a path to an [`OpenFile`].

use alloc::sync::Arc;

use super::access;
use super::attributes;
use super::devfs;
use super::entries;
use super::file::{File, OpenRequest};
use super::inode::{InodeFlags, InodeRef, NewNode};
use super::open_file::OpenFile;
use super::path::{Dentry, Path};
use super::types::{Access, Lookup, MountFlags, NodeKind, OpenFlags, Status};
use super::veil::Reach;
use super::walk::{self, Context, Last, Walker};
use crate::ipc::pipe;
use crate::{Kind, Result};

/// Everything about one open.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    pub access: Access,
    pub flags: OpenFlags,
    pub status: Status,
    /// Permissions of a file that is made.
    pub mode: u32,
    /// Restrictions of the path walk. FOLLOW and DIRECTORY are set as `flags` say.
    pub lookup: Lookup,
}

impl OpenOptions {
    /// For reading.
    pub const READ: Self = Self {
        access: Access::READ,
        flags: OpenFlags::empty(),
        status: Status::empty(),
        mode: 0,
        lookup: Lookup::empty(),
    };

    /// What is going to be done with what is opened.
    fn reach(&self) -> Reach {
        let mut reach = Reach::empty();
        reach.set(Reach::READ, self.access.contains(Access::READ));
        let writes = self.access.contains(Access::WRITE) || self.flags.contains(OpenFlags::TRUNCATE);
        reach.set(Reach::WRITE, writes);
        reach.set(Reach::EXECUTE, self.flags.contains(OpenFlags::EXEC));
        reach.set(Reach::CREATE, self.flags.intersects(OpenFlags::CREATE | OpenFlags::TMPFILE));
        reach
    }

    fn request(&self) -> OpenRequest {
        OpenRequest { access: self.access, flags: self.flags, status: self.status }
    }
}

/// Opens what `path` names, making it if so told.
pub fn open(ctx: &Context, start: Option<&Path>, path: &[u8], how: &OpenOptions) -> Result<Arc<OpenFile>> {
    let flags = how.flags;
    if flags.contains(OpenFlags::TMPFILE) {
        return open_unnamed(ctx, start, path, how);
    }
    let mut lookup = how.lookup;
    let exclusive = flags.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE);
    lookup.set(Lookup::FOLLOW, !flags.contains(OpenFlags::NO_FOLLOW) && !exclusive);
    lookup.set(Lookup::DIRECTORY, flags.contains(OpenFlags::DIRECTORY));
    if flags.contains(OpenFlags::CREATE) {
        return open_or_create(ctx, start, path, how, lookup);
    }
    let place = if ctx.limits.is_some() {
        Walker::wanting(Some(how.reach()), ctx, start, path, lookup)?.run(false)?
    } else {
        walk::resolve(ctx, start, path, lookup)?
    };
    open_path(ctx, place, how)
}

fn open_or_create(
    ctx: &Context,
    start: Option<&Path>,
    path: &[u8],
    how: &OpenOptions,
    lookup: Lookup,
) -> Result<Arc<OpenFile>> {
    let mut walker = Walker::wanting(Some(how.reach()), ctx, start, path, lookup)?;
    loop {
        let parent = walker.run(true)?;
        let Last::Name(name) = &walker.last else {
            // The path ends in `.`, `..` or the root: a directory, which cannot be made.
            return Err(if how.flags.contains(OpenFlags::EXCLUSIVE) {
                Kind::Exists
            } else {
                Kind::IsDirectory
            }
            .into());
        };
        if walker.slash {
            return Err(Kind::IsDirectory.into());
        }
        let name = name.clone();
        let (dentry, created) = find_or_create(ctx, &parent, name.as_bytes(), how)?;
        if created {
            let place = Path::new(parent.mount.clone(), dentry);
            return finish(place, how);
        }
        if dentry.inode().kind() == NodeKind::Symlink && lookup.contains(Lookup::FOLLOW) {
            walker.follow(parent, &dentry)?;
            match walker.take_magic()? {
                Some(place) => return open_existing(ctx, place, how),
                None => continue,
            }
        }
        let place = walker.cross(&parent, &dentry)?;
        return open_existing(ctx, place, how);
    }
}

/// The last component, made if it is not there.
fn find_or_create(
    ctx: &Context,
    parent: &Path,
    name: &[u8],
    how: &OpenOptions,
) -> Result<(Arc<Dentry>, bool)> {
    access::check(ctx.creds, &**parent.inode(), Access::EXECUTE)?;
    let hash = walk::hash(name);
    let _guard = parent.inode().core().lock.lock();
    match walk::lookup_locked(&parent.dentry, name, hash) {
        Ok(dentry) => {
            if how.flags.contains(OpenFlags::EXCLUSIVE) {
                return Err(Kind::Exists.into());
            }
            Ok((dentry, false))
        }
        Err(error) if error == Kind::NotFound => {
            parent.check_writable()?;
            let dentry = entries::create_locked(ctx, parent, name, hash, NewNode::File, how.mode)?;
            Ok((dentry, true))
        }
        Err(error) => Err(error),
    }
}

/// Opens a file that CREATE found to be there.
fn open_existing(ctx: &Context, place: Path, how: &OpenOptions) -> Result<Arc<OpenFile>> {
    if place.inode().is_directory() {
        return Err(Kind::IsDirectory.into());
    }
    if how.flags.contains(OpenFlags::DIRECTORY) {
        return Err(Kind::NotDirectory.into());
    }
    open_path(ctx, place, how)
}

/// A file without a name in the directory that `path` names.
fn open_unnamed(
    ctx: &Context,
    start: Option<&Path>,
    path: &[u8],
    how: &OpenOptions,
) -> Result<Arc<OpenFile>> {
    let lookup = how.lookup | Lookup::DIRECTORY | Lookup::FOLLOW;
    let directory = Walker::wanting(Some(how.reach()), ctx, start, path, lookup)?.run(false)?;
    directory.check_writable()?;
    access::check(ctx.creds, &**directory.inode(), Access::WRITE | Access::EXECUTE)?;
    let owner = entries::new_owner(ctx, directory.inode(), NodeKind::File, how.mode);
    let inode = directory.inode().create_unnamed(owner)?;
    inode.core().set_flags(InodeFlags::LINKABLE, !how.flags.contains(OpenFlags::EXCLUSIVE));
    let label = alloc::format!("#{}", inode.core().number);
    let dentry = super::tree::enter_unnamed(&directory, label.as_bytes(), inode)?;
    finish(Path::new(directory.mount.clone(), dentry), how)
}

/// Opens a place that was found, after checking that the caller may.
pub fn open_path(ctx: &Context, place: Path, how: &OpenOptions) -> Result<Arc<OpenFile>> {
    if how.flags.contains(OpenFlags::PATH) {
        let file: Arc<dyn File> = Arc::new(MerePath);
        return Ok(OpenFile::with_path(file, place, Access::empty(), how.status | Status::PATH));
    }
    check_open(ctx, &place, how)?;
    let truncate = how.flags.contains(OpenFlags::TRUNCATE) && place.inode().kind() == NodeKind::File;
    let file = finish(place, how)?;
    if truncate {
        let inode = file.inode().ok_or(Kind::Stale)?;
        inode.core().begin_write()?;
        let result = entries::set_length(ctx, &inode, 0);
        inode.core().end_write();
        result?;
    }
    Ok(file)
}

/// The checks before an existing file is opened.
fn check_open(ctx: &Context, place: &Path, how: &OpenOptions) -> Result<()> {
    let inode = place.inode();
    let core = inode.core();
    let execute = how.flags.contains(OpenFlags::EXEC);
    let writes = how.access.contains(Access::WRITE) || how.flags.contains(OpenFlags::TRUNCATE);
    match core.kind {
        NodeKind::Symlink => return Err(Kind::Loop.into()),
        NodeKind::Directory if writes => return Err(Kind::IsDirectory.into()),
        NodeKind::Directory if execute => return Err(Kind::AccessDenied.into()),
        kind if kind.is_device() && place.mount().flags().contains(MountFlags::NO_DEV) => {
            return Err(Kind::AccessDenied.into());
        }
        kind if execute && kind != NodeKind::File => return Err(Kind::AccessDenied.into()),
        _ => {}
    }
    let mut wanted = how.access;
    wanted.set(Access::WRITE, writes);
    wanted.set(Access::EXECUTE, execute);
    attributes::check_access(ctx, place, wanted)?;
    if core.flags().contains(InodeFlags::APPEND_ONLY) {
        let appends = how.status.contains(Status::APPEND) || !how.access.contains(Access::WRITE);
        if !appends || how.flags.contains(OpenFlags::TRUNCATE) {
            return Err(Kind::NotPermitted.into());
        }
    }
    if how.status.contains(Status::NO_ATIME) && !ctx.creds.owns(core) {
        return Err(Kind::NotPermitted.into());
    }
    Ok(())
}

/// Makes the description of a place that the caller may open.
pub(super) fn finish(place: Path, how: &OpenOptions) -> Result<Arc<OpenFile>> {
    let inode = place.inode().clone();
    let counts = how.access.contains(Access::WRITE) && inode.kind() == NodeKind::File;
    if counts {
        inode.core().begin_write()?;
    }
    let opened = open_inode(inode.clone(), &how.request());
    if counts && opened.is_err() {
        inode.core().end_write();
    }
    let file = opened?;
    if counts {
        place.mount().count_writer(true);
    }
    Ok(OpenFile::with_path(file, place, how.access, how.status))
}

fn open_inode(inode: InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>> {
    match inode.kind() {
        NodeKind::File | NodeKind::Directory => inode.open(request),
        NodeKind::Fifo => pipe::open_fifo(&inode, request),
        NodeKind::CharDevice | NodeKind::BlockDevice => devfs::open_device(&inode, request),
        NodeKind::Socket => Err(Kind::NoDevice.into()),
        NodeKind::Symlink => Err(Kind::Loop.into()),
    }
}

/// What a description that is only a path has behind it.
struct MerePath;

impl File for MerePath {}

/// Forbids writing to a program file as long as it lives.
pub struct DenyWrite(InodeRef);

impl DenyWrite {
    /// [`Kind::TextBusy`] if somebody has the file open for writing.
    pub fn new(inode: &InodeRef) -> Result<Self> {
        inode.core().deny_write()?;
        Ok(Self(inode.clone()))
    }
}

impl Drop for DenyWrite {
    fn drop(&mut self) {
        self.0.core().allow_write();
    }
}

/// May the set-id bits of a program in `place` take effect?
pub fn honours_set_id(place: &Path) -> bool {
    !place.mount().flags().contains(MountFlags::NO_SUID)
}
