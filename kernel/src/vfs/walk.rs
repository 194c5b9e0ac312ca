//! From a path to a [`Path`]: the walk.
//!
//! [`Walker::run`] goes over cached names under one read lock ([`Walker::stride`]) and leaves it only for what the
//! cache does not know: a name to ask the file system for, a symbolic link, an entry that must be revalidated.

use alloc::sync::Arc;
use alloc::vec::Vec;

use names::{Hasher, Name};

use super::access::{self, Credentials};
use super::inode::{Follow, InodeFlags, InodeRef};
use super::mount::{anonymous_mount, Mount};
use super::path::{Cached, Dentry, Path, Tree, TREE};
use super::types::{Access, Lookup, MountFlags, NodeKind};
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

/// A component of a text: where it is, its hash, and whether it is the last of the whole path.
#[derive(Clone, Copy)]
struct Component {
    begin: usize,
    end: usize,
    hash: u32,
    last: bool,
}

/// Why a stride ended.
enum Stop {
    /// The text is used up.
    End,
    /// The file system has to be asked for this name.
    Ask(Component),
    /// The cached entry has to be looked at outside of the lock: a link, or one to revalidate.
    Look(Component, Arc<Dentry>),
    /// The parent was wanted, and this is the last component.
    BeforeLast(Component),
}

/// Resolves `path`, from `start` if it is relative (or from the working directory).
#[inline]
pub fn resolve(ctx: &Context, start: Option<&Path>, path: &[u8], flags: Lookup) -> Result<Path> {
    let mut walker = Walker::new(ctx, start, path, flags)?;
    walker.run(false)
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
}

impl<'a> Walker<'a> {
    pub fn new(ctx: &Context<'a>, start: Option<&'a Path>, path: &'a [u8], flags: Lookup) -> Result<Self> {
        if path.len() >= PATH_MAX {
            return Err(Kind::NameTooLong.into());
        }
        let base = start.unwrap_or(ctx.cwd);
        let confined = flags.intersects(Lookup::BENEATH | Lookup::IN_ROOT);
        let root = if confined { base } else { ctx.root };
        let start = match path.first() {
            None if flags.contains(Lookup::EMPTY) => base,
            None => return Err(Kind::NotFound.into()),
            Some(b'/') if flags.contains(Lookup::BENEATH) => return Err(Kind::CrossDevice.into()),
            Some(b'/') => root,
            Some(_) => base,
        };
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
        })
    }

    /// Walks to the end, or with `to_parent` to the last component, which is left in `last` then.
    pub fn run(&mut self, to_parent: bool) -> Result<Path> {
        loop {
            let (here, stop) = self.stride(to_parent)?;
            match stop {
                Stop::End if self.pending.is_empty() => return self.arrived(here),
                Stop::End => {
                    self.pending.pop();
                    self.here = Some(here);
                }
                Stop::BeforeLast(component) => {
                    self.last = Last::new(self.bytes(component))?;
                    return Ok(here);
                }
                Stop::Ask(component) => {
                    let dentry = lookup(&here.dentry, self.bytes(component), component.hash)?;
                    self.enter(here, dentry, component.last)?;
                }
                Stop::Look(component, dentry) => {
                    let dentry = self.revalidate(&here, dentry, component)?;
                    self.enter(here, dentry, component.last)?;
                }
            }
        }
    }

    /// What the caller asked of the last component.
    #[inline]
    fn arrived(&self, here: Path) -> Result<Path> {
        if (self.slash || self.flags.contains(Lookup::DIRECTORY)) && !here.inode().is_directory() {
            return Err(Kind::NotDirectory.into());
        }
        Ok(here)
    }

    fn text(&self) -> &[u8] {
        self.pending.last().map_or(self.path, |pending| &pending.text)
    }

    fn bytes(&self, component: Component) -> &[u8] {
        &self.text()[component.begin..component.end]
    }

    /// Walks as far as the cache knows the way.
    #[inline]
    fn stride(&mut self, to_parent: bool) -> Result<(Path, Stop)> {
        let tree = TREE.read();
        let from = self.here.as_ref().unwrap_or(self.start);
        // With the path used up and one text pending, that text's end is the end.
        let outermost = self.pending.is_empty() || self.pending.len() == 1 && self.at >= self.path.len();
        let (text, at) = match self.pending.last_mut() {
            Some(pending) => (&*pending.text, &mut pending.at),
            None => (self.path, &mut self.at),
        };
        let stride = Stride {
            tree: &tree,
            creds: self.creds,
            root: self.root,
            flags: self.flags,
            outermost,
            to_parent,
            mount: &from.mount,
            dentry: &from.dentry,
        };
        stride.go(text, at, &mut self.slash)
    }

    /// A cached entry that must be asked whether it is still right; looked up again if it is not.
    fn revalidate(&self, here: &Path, dentry: Arc<Dentry>, component: Component) -> Result<Arc<Dentry>> {
        let inode = dentry.inode();
        if !inode.core().flags().contains(InodeFlags::REVALIDATE) || inode.still_valid() {
            return Ok(dentry);
        }
        let gone = TREE.write().detach(&dentry);
        drop(gone);
        drop(dentry);
        lookup(&here.dentry, self.bytes(component), component.hash)
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
    pub fn take_magic(&mut self) -> Option<Path> {
        if self.pending.is_empty() && self.at >= self.path.len() {
            return self.here.take();
        }
        None
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

/// One walk over cached names, under the lock.
struct Stride<'t> {
    tree: &'t Tree,
    creds: &'t Credentials,
    root: &'t Path,
    flags: Lookup,
    outermost: bool,
    to_parent: bool,
    mount: &'t Arc<Mount>,
    dentry: &'t Arc<Dentry>,
}

impl Stride<'_> {
    fn go(mut self, text: &[u8], at: &mut usize, slash: &mut bool) -> Result<(Path, Stop)> {
        loop {
            while text.get(*at) == Some(&b'/') {
                *at += 1;
            }
            if *at >= text.len() {
                return Ok(self.stop(Stop::End));
            }
            let inode = &**self.dentry.inode();
            if inode.core().kind != NodeKind::Directory {
                return Err(Kind::NotDirectory.into());
            }
            access::check(self.creds, inode, Access::EXECUTE)?;
            let component = self.split(text, at, slash)?;
            if component.last && self.to_parent {
                return Ok(self.stop(Stop::BeforeLast(component)));
            }
            match &text[component.begin..component.end] {
                b"." => {}
                b".." => self.up()?,
                name => {
                    if let Some(stop) = self.down(name, component, *slash)? {
                        return Ok(stop);
                    }
                }
            }
        }
    }

    fn stop(&self, stop: Stop) -> (Path, Stop) {
        (Path::new(self.mount.clone(), self.dentry.clone()), stop)
    }

    /// The next component. `at` is behind it afterwards.
    #[inline]
    fn split(&self, text: &[u8], at: &mut usize, slash: &mut bool) -> Result<Component> {
        let begin = *at;
        let mut hasher = self.tree.hasher();
        let mut end = begin;
        for &byte in &text[begin..] {
            if byte == b'/' {
                break;
            }
            hasher = hasher.push(byte);
            end += 1;
        }
        *at = end;
        if end - begin > NAME_MAX {
            return Err(Kind::NameTooLong.into());
        }
        let last = self.outermost && (end == text.len() || text[end..].iter().all(|&byte| byte == b'/'));
        // A link at the end of a path with a slash must lead to a directory too.
        *slash |= last && end < text.len();
        Ok(Component { begin, end, hash: hasher.finish(), last })
    }

    /// To a name in this directory, if it is cached and needs no closer look.
    #[inline]
    fn down(&mut self, name: &[u8], component: Component, slash: bool) -> Result<Option<(Path, Stop)>> {
        match self.tree.find(self.dentry, component.hash, name) {
            Cached::Positive(child) => {
                let core = child.inode().core();
                let follow = !component.last || slash || self.flags.contains(Lookup::FOLLOW);
                let link = core.kind == NodeKind::Symlink && follow;
                if link || core.flags().contains(InodeFlags::REVALIDATE) {
                    return Ok(Some(self.stop(Stop::Look(component, child.clone()))));
                }
                self.arrive(child)?;
                Ok(None)
            }
            Cached::Negative => Err(Kind::NotFound.into()),
            Cached::Unknown => Ok(Some(self.stop(Stop::Ask(component)))),
        }
    }
}

impl<'t> Stride<'t> {
    #[inline]
    fn arrive(&mut self, dentry: &'t Arc<Dentry>) -> Result<()> {
        let (mount, dentry) = self.tree.mounts.cross(self.mount, dentry);
        if self.flags.contains(Lookup::NO_XDEV) && !Arc::ptr_eq(mount, self.mount) {
            return Err(Kind::CrossDevice.into());
        }
        (self.mount, self.dentry) = (mount, dentry);
        Ok(())
    }

    /// To the directory above.
    fn up(&mut self) -> Result<()> {
        loop {
            if Arc::ptr_eq(self.dentry, &self.root.dentry) && Arc::ptr_eq(self.mount, &self.root.mount) {
                if self.flags.contains(Lookup::BENEATH) {
                    return Err(Kind::CrossDevice.into());
                }
                return Ok(());
            }
            if !Arc::ptr_eq(self.dentry, self.mount.root()) {
                let parent = self.tree.parent(self.dentry).unwrap_or(self.dentry);
                return self.arrive(parent);
            }
            let Some(place) = self.tree.mounts.place(self.mount) else { return Ok(()) };
            if self.flags.contains(Lookup::NO_XDEV) {
                return Err(Kind::CrossDevice.into());
            }
            (self.mount, self.dentry) = (&place.parent, &place.point);
        }
    }
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
    if let Some(dentry) = cached {
        let inode = dentry.inode();
        if !inode.core().flags().contains(InodeFlags::REVALIDATE) || inode.still_valid() {
            return Ok(dentry);
        }
        let gone = TREE.write().detach(&dentry);
        drop(gone);
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
