//! From a path to a [`Path`]: the walk.
//!
//! [`Walker::run`] goes over cached names under one read lock ([`Walker::stride`]) and leaves it only for what the
//! cache does not know: a name to ask the file system for, a symbolic link, an entry that must be revalidated.

use alloc::sync::Arc;
use alloc::vec::Vec;

use names::{Hasher, Name};

use super::access::Credentials;
use super::file_systems::anonymous_mount;
use super::inode::{Follow, InodeFlags, InodeRef};
use super::path::{Dentry, Path};
use super::stride::{check_kind, Component, Stop, Stride};
use super::tree::{Cached, TREE};
use super::types::{Lookup, MountFlags, NodeKind};
use super::veil::{Limits, Reach, View};
use crate::{Kind, Result};

/// The longest name.
pub const NAME_MAX: usize = 255;
/// The longest path, with a terminating byte that is not part of it here.
pub const PATH_MAX: usize = 4096;
/// Symbolic links followed in one resolution.
const MAX_LINKS: u32 = 40;

/// Who resolves, and from where.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where absolute paths start, and `..` ends.
    pub root: &'a Path,
    /// Where relative paths start.
    pub cwd: &'a Path,
    pub creds: &'a Credentials,
    /// Permissions that new files do not get.
    pub umask: u32,
    /// What limits the paths that may be followed.
    pub limits: Option<&'a dyn Limits>,
    /// Stay below the starting point, where one is given.
    pub beneath: bool,
}

impl<'a> Context<'a> {
    /// Without any limits.
    pub const fn new(root: &'a Path, cwd: &'a Path, creds: &'a Credentials, umask: u32) -> Self {
        Self { root, cwd, creds, umask, limits: None, beneath: false }
    }
}

/// The last component of a path.
pub(super) enum Last {
    Name(Name),
    Dot,
    DotDot,
    /// The path is nothing but slashes.
    Root,
}

impl Last {
    fn new(bytes: &[u8]) -> Result<Self> {
        Ok(match bytes {
            b"." => Self::Dot,
            b".." => Self::DotDot,
            name => Self::Name(Name::new(name).ok_or(Kind::NoMemory)?),
        })
    }
}

/// A part of the path still to be walked: what remains of a symbolic link's text.
struct Pending {
    text: Arc<[u8]>,
    at: usize,
}

/// Where a path starts, and what is its root.
fn start_of<'a>(
    ctx: &Context<'a>,
    start: Option<&'a Path>,
    path: &[u8],
    flags: Lookup,
) -> Result<(&'a Path, &'a Path)> {
    if path.len() >= PATH_MAX {
        return Err(Kind::NameTooLong.into());
    }
    let base = start.unwrap_or(ctx.cwd);
    let confined = flags.intersects(Lookup::BENEATH | Lookup::IN_ROOT);
    let root = if confined { base } else { ctx.root };
    match path.first() {
        None if flags.contains(Lookup::EMPTY) => Ok((base, root)),
        None => Err(Kind::NotFound.into()),
        Some(b'/') if flags.contains(Lookup::BENEATH) => Err(Kind::CrossDevice.into()),
        Some(b'/') => Ok((root, root)),
        Some(_) => Ok((base, root)),
    }
}

/// Resolves `path`, from `start` if it is relative (or from the working directory).
pub fn resolve(ctx: &Context, start: Option<&Path>, path: &[u8], flags: Lookup) -> Result<Path> {
    if ctx.limits.is_some() || ctx.beneath {
        return Walker::new(ctx, start, path, flags)?.run(false);
    }
    let (from, root) = start_of(ctx, start, path, flags)?;
    let tree = TREE.read();
    let mut stride = Stride::new(&tree, ctx.creds, from, root, flags);
    if stride.go(path)? == Stop::End {
        stride.check_end()?;
        return Ok(stride.here());
    }
    drop(tree);
    // Something on the way is not simply cached: walk with all that may need.
    Walker::new(ctx, start, path, flags)?.run(false)
}

/// A resolution under way.
pub(super) struct Walker<'a> {
    creds: &'a Credentials,
    /// Where `..` ends and absolute paths start.
    root: &'a Path,
    flags: Lookup,
    path: &'a [u8],
    at: usize,
    /// Texts of links, the innermost last; walked before the path goes on.
    pending: Vec<Pending>,
    start: &'a Path,
    /// Where the walk is, once it left the start.
    here: Option<Path>,
    links: u32,
    /// Slashes stood behind the last component.
    pub slash: bool,
    pub last: Last,
    /// What of the tree is to be seen, if not all.
    view: Option<View<'a>>,
}

impl<'a> Walker<'a> {
    pub fn new(ctx: &Context<'a>, start: Option<&'a Path>, path: &'a [u8], flags: Lookup) -> Result<Self> {
        Self::wanting(None, ctx, start, path, flags)
    }

    /// As [`new`](Self::new), for doing something particular with what is at the end.
    pub fn wanting(
        wanted: Option<Reach>,
        ctx: &Context<'a>,
        start: Option<&'a Path>,
        path: &'a [u8],
        mut flags: Lookup,
    ) -> Result<Self> {
        flags.set(Lookup::BENEATH, flags.contains(Lookup::BENEATH) || ctx.beneath && start.is_some());
        let mut view = None;
        if let Some(limits) = ctx.limits {
            let (further, limited) = limits.admit(path, wanted)?;
            flags |= further;
            view = limited;
        }
        let (start, root) = start_of(ctx, start, path, flags)?;
        Ok(Self {
            creds: ctx.creds,
            root,
            flags,
            path,
            at: 0,
            pending: Vec::new(),
            start,
            here: None,
            links: 0,
            slash: false,
            last: Last::Root,
            view,
        })
    }

    /// Walks to the end, or with `to_parent` to the last component, which is left in `last` then.
    pub fn run(&mut self, to_parent: bool) -> Result<Path> {
        let result = self.walk(to_parent);
        let Some(view) = self.view else { return result };
        let place = result.map_err(|error| view.failed(self.here.as_ref().unwrap_or(self.start), error))?;
        let name = match &self.last {
            Last::Name(name) if to_parent => Some(name.as_bytes()),
            _ => None,
        };
        view.check(&place, name)?;
        Ok(place)
    }

    /// The view that is had of the tree, if not of all.
    pub fn view(&self) -> Option<View<'a>> {
        self.view
    }

    fn walk(&mut self, to_parent: bool) -> Result<Path> {
        loop {
            let (here, stop, component, child) = self.stride(to_parent)?;
            let name = &self.text()[component.begin as usize..component.end as usize];
            match stop {
                Stop::End if self.pending.is_empty() => {
                    let directory = self.slash || self.flags.contains(Lookup::DIRECTORY);
                    return check_kind(here.inode(), directory).map(|()| here);
                }
                Stop::End => {
                    self.pending.pop();
                    self.here = Some(here);
                }
                Stop::BeforeLast => {
                    self.last = Last::new(name)?;
                    return Ok(here);
                }
                Stop::Ask | Stop::Look if self.flags.contains(Lookup::CACHED) => {
                    return Err(Kind::WouldBlock.into());
                }
                Stop::Ask | Stop::Look => {
                    let dentry = match child {
                        Some(dentry) if still_valid(&dentry) => dentry,
                        _ => lookup(&here.dentry, name, component.hash)?,
                    };
                    self.enter(here, dentry, component.last)?;
                }
            }
        }
    }

    fn text(&self) -> &[u8] {
        self.pending.last().map_or(self.path, |pending| &pending.text)
    }

    /// Walks as far as the cache knows the way.
    fn stride(&mut self, to_parent: bool) -> Result<(Path, Stop, Component, Option<Arc<Dentry>>)> {
        let tree = TREE.read();
        let from = self.here.as_ref().unwrap_or(self.start);
        let mut stride = Stride::new(&tree, self.creds, from, self.root, self.flags);
        // With the path used up and one text pending, that text's end is the end.
        stride.outermost = self.pending.is_empty() || self.pending.len() == 1 && self.at >= self.path.len();
        stride.to_parent = to_parent;
        stride.slash = self.slash;
        let (text, at) = match self.pending.last_mut() {
            Some(pending) => (&*pending.text, &mut pending.at),
            None => (self.path, &mut self.at),
        };
        stride.at = *at;
        let stop = match stride.go(text) {
            Ok(stop) => stop,
            Err(error) => {
                // Where it happened is of interest for what the error may tell.
                let failed_at = self.view.is_some().then(|| stride.here());
                self.here = failed_at.or(self.here.take());
                return Err(error);
            }
        };
        *at = stride.at;
        self.slash = stride.slash;
        Ok((stride.here(), stop, stride.component, stride.child.cloned()))
    }

    /// Goes on to `dentry` in `here`: through a link, or over what is mounted there.
    fn enter(&mut self, here: Path, dentry: Arc<Dentry>, last: bool) -> Result<()> {
        let follow = !last || self.slash || self.flags.contains(Lookup::FOLLOW);
        if follow && dentry.inode().kind() == NodeKind::Symlink {
            return self.follow(here, &dentry);
        }
        let tree = TREE.read();
        let (mount, dentry) = tree.mounts.cross(&here.mount, &dentry);
        if self.flags.contains(Lookup::NO_XDEV) && !Arc::ptr_eq(mount, &here.mount) {
            return Err(Kind::CrossDevice.into());
        }
        self.here = Some(Path::new(mount.clone(), dentry.clone()));
        Ok(())
    }

    /// Goes through a symbolic link in the directory `here`.
    pub fn follow(&mut self, here: Path, link: &Dentry) -> Result<()> {
        self.links += 1;
        let forbidden = here.mount.flags().contains(MountFlags::NO_SYMFOLLOW);
        if self.links > MAX_LINKS || forbidden || self.flags.contains(Lookup::NO_SYMLINKS) {
            return Err(Kind::Loop.into());
        }
        let inode = link.inode();
        let confined = self.flags.intersects(Lookup::BENEATH | Lookup::IN_ROOT);
        if inode.core().flags().contains(InodeFlags::MAGIC_LINK) {
            if self.flags.contains(Lookup::NO_MAGIC_LINKS) {
                return Err(Kind::Loop.into());
            }
            if let Some(view) = self.view {
                view.check_magic(&here)?;
            }
            if confined {
                return Err(Kind::CrossDevice.into());
            }
        } else {
            super::times::accessed(&here.mount, &**inode);
        }
        let text = match inode.follow()? {
            Follow::Text(text) => text,
            Follow::Place(path) => return self.jump(&here, path),
            Follow::Inode(inode) => {
                return self.jump(&here, Path::anonymous(anonymous_mount()?, inode, None))
            }
        };
        match text.first() {
            None => return Err(Kind::NotFound.into()),
            Some(b'/') if self.flags.contains(Lookup::BENEATH) => return Err(Kind::CrossDevice.into()),
            Some(b'/') => self.here = Some(self.root.clone()),
            Some(_) => self.here = Some(here),
        }
        self.pop_used_up();
        self.pending.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        self.pending.push(Pending { text, at: 0 });
        Ok(())
    }

    /// Where a magic link led, if the walk is there and nothing of the path is left.
    pub fn take_magic(&mut self) -> Result<Option<Path>> {
        // The link may have stood at the end of another link's text.
        let left = |text: &[u8], at: usize| text[at..].iter().any(|&byte| byte != b'/');
        while self.pending.last().is_some_and(|pending| !left(&pending.text, pending.at)) {
            self.pending.pop();
        }
        if !self.pending.is_empty() || left(self.path, self.at) {
            return Ok(None);
        }
        if let (Some(view), Some(place)) = (self.view, &self.here) {
            view.check(place, None)?;
        }
        Ok(self.here.take())
    }

    /// What is mounted on the last component's dentry in `parent`, or that itself.
    pub fn cross(&self, parent: &Path, dentry: &Arc<Dentry>) -> Result<Path> {
        let tree = TREE.read();
        let (mount, dentry) = tree.mounts.cross(&parent.mount, dentry);
        if self.flags.contains(Lookup::NO_XDEV) && !Arc::ptr_eq(mount, &parent.mount) {
            return Err(Kind::CrossDevice.into());
        }
        Ok(Path::new(mount.clone(), dentry.clone()))
    }

    /// Drops the innermost text if nothing of it is left, so that the end of the link's text is its end.
    fn pop_used_up(&mut self) {
        let used_up = |text: &[u8], at: usize| text[at..].iter().all(|&byte| byte == b'/');
        match self.pending.last() {
            Some(pending) if used_up(&pending.text, pending.at) => {
                self.pending.pop();
            }
            None if used_up(self.path, self.at) => self.at = self.path.len(),
            _ => {}
        }
    }

    fn jump(&mut self, here: &Path, target: Path) -> Result<()> {
        if self.flags.contains(Lookup::NO_XDEV) && !Arc::ptr_eq(&here.mount, &target.mount) {
            return Err(Kind::CrossDevice.into());
        }
        self.here = Some(target);
        Ok(())
    }
}

/// Is a cached entry still right? If not, it is forgotten.
fn still_valid(dentry: &Arc<Dentry>) -> bool {
    let inode = dentry.inode();
    if !inode.core().flags().contains(InodeFlags::REVALIDATE) || inode.still_valid() {
        return true;
    }
    let gone = TREE.write().detach(dentry);
    drop(gone);
    false
}

/// Asks the file system for a name and remembers the answer.
pub(super) fn lookup(parent: &Arc<Dentry>, name: &[u8], hash: u32) -> Result<Arc<Dentry>> {
    let _guard = parent.inode().core().lock.lock();
    lookup_locked(parent, name, hash)
}

/// As [`lookup`], with the directory locked by the caller.
pub(super) fn lookup_locked(parent: &Arc<Dentry>, name: &[u8], hash: u32) -> Result<Arc<Dentry>> {
    let cached = match TREE.read().find(parent, hash, name) {
        Cached::Positive(dentry) => Some(dentry.clone()),
        Cached::Negative => return Err(Kind::NotFound.into()),
        Cached::Unknown => None,
    };
    if let Some(dentry) = cached.filter(still_valid) {
        return Ok(dentry);
    }
    if name.len() > NAME_MAX {
        return Err(Kind::NameTooLong.into());
    }
    match parent.inode().lookup(name) {
        Ok(inode) => remember(parent, hash, name, inode),
        Err(error) => {
            if error == Kind::NotFound && !parent.inode().core().flags().contains(InodeFlags::NO_NEGATIVE) {
                let mut tree = TREE.write();
                tree.enter_negative(parent, hash, name);
                let evicted = tree.trim();
                drop(tree);
                drop(evicted);
            }
            Err(error)
        }
    }
}

/// Enters a node that was found or made. The directory is locked by the caller.
pub(super) fn remember(parent: &Arc<Dentry>, hash: u32, name: &[u8], inode: InodeRef) -> Result<Arc<Dentry>> {
    let mut tree = TREE.write();
    let dentry = tree.enter(parent, hash, name, inode);
    let evicted = tree.trim();
    drop(tree);
    drop(evicted);
    dentry
}

/// The hash of a name, for those who do not walk.
pub(super) fn hash(name: &[u8]) -> u32 {
    Hasher::of(TREE.read().names.seed(), name)
}
