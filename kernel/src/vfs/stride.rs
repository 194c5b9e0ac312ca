//! A walk over cached names, under the lock of the tree.

use alloc::sync::Arc;

use super::access::{self, Credentials};
use super::inode::{InodeCore, InodeFlags, InodeRef};
use super::mount::Mount;
use super::path::{Dentry, Path};
use super::tree::{Cached, Tree};
use super::types::{Lookup, NodeKind};
use super::walk::NAME_MAX;
use crate::{Kind, Result};

/// A component of a text: where it is, its hash, and whether it is the last of the whole path.
#[derive(Clone, Copy, Default)]
pub(super) struct Component {
    pub begin: u32,
    pub end: u32,
    pub hash: u32,
    pub last: bool,
}

/// Why a stride ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text is used up.
    End,
    /// The file system has to be asked for the component.
    Ask,
    /// The component's cached entry has to be looked at outside of the lock: a link, or one to revalidate.
    Look,
    /// The parent was wanted, and the component is the last.
    BeforeLast,
}

/// [`Kind::NotDirectory`] if it is to be a directory and is not.
#[inline]
pub(super) fn check_kind(inode: &InodeRef, directory: bool) -> Result<()> {
    if directory && !inode.is_directory() {
        return Err(Kind::NotDirectory.into());
    }
    Ok(())
}

/// One walk over cached names, under the lock.
pub(super) struct Stride<'t> {
    tree: &'t Tree,
    creds: &'t Credentials,
    root: &'t Path,
    flags: Lookup,
    /// The end of this text is the end of the path.
    pub outermost: bool,
    pub to_parent: bool,
    /// Slashes stood behind the last component.
    pub slash: bool,
    pub at: usize,
    pub mount: &'t Arc<Mount>,
    pub dentry: &'t Arc<Dentry>,
    /// The component at which it stopped, and its entry where that is to be looked at.
    pub component: Component,
    pub child: Option<&'t Arc<Dentry>>,
}

impl<'t> Stride<'t> {
    #[inline]
    pub fn new(
        tree: &'t Tree,
        creds: &'t Credentials,
        from: &'t Path,
        root: &'t Path,
        flags: Lookup,
    ) -> Self {
        Self {
            tree,
            creds,
            root,
            flags,
            outermost: true,
            to_parent: false,
            slash: false,
            at: 0,
            mount: &from.mount,
            dentry: &from.dentry,
            component: Component::default(),
            child: None,
        }
    }

    pub fn go(&mut self, text: &[u8]) -> Result<Stop> {
        let mut core = self.dentry.inode().core();
        loop {
            while text.get(self.at) == Some(&b'/') {
                self.at += 1;
            }
            if self.at >= text.len() {
                return Ok(Stop::End);
            }
            if core.kind != NodeKind::Directory {
                return Err(Kind::NotDirectory.into());
            }
            access::check_search(self.creds, self.dentry.inode(), core)?;
            self.split(text)?;
            let component = self.component;
            if component.last && self.to_parent {
                return Ok(Stop::BeforeLast);
            }
            match &text[component.begin as usize..component.end as usize] {
                b"." => {}
                b".." => {
                    self.up()?;
                    core = self.dentry.inode().core();
                }
                name => match self.tree.find(self.dentry, component.hash, name) {
                    Cached::Positive(child) => {
                        core = child.inode().core();
                        if self.needs_look(core) {
                            self.child = Some(child);
                            return Ok(Stop::Look);
                        }
                        if child.is_mount_point() || self.flags.contains(Lookup::NO_XDEV) {
                            self.arrive(child)?;
                            core = self.dentry.inode().core();
                        } else {
                            self.dentry = child;
                        }
                    }
                    Cached::Negative => return Err(Kind::NotFound.into()),
                    Cached::Unknown => return Ok(Stop::Ask),
                },
            }
        }
    }

    /// A link to be followed, or an entry to be revalidated?
    #[inline]
    fn needs_look(&self, core: &InodeCore) -> bool {
        let follow = || !self.component.last || self.slash || self.flags.contains(Lookup::FOLLOW);
        core.kind == NodeKind::Symlink && follow() || core.flags().contains(InodeFlags::REVALIDATE)
    }

    pub fn here(&self) -> Path {
        Path::new(self.mount.clone(), self.dentry.clone())
    }

    /// What the caller asked of the last component.
    #[inline]
    pub fn check_end(&self) -> Result<()> {
        check_kind(self.dentry.inode(), self.slash || self.flags.contains(Lookup::DIRECTORY))
    }

    /// Finds the next component. `at` is behind it afterwards.
    #[inline]
    fn split(&mut self, text: &[u8]) -> Result<()> {
        let begin = self.at;
        let mut hasher = self.tree.hasher();
        let mut end = begin;
        while end < text.len() && text[end] != b'/' {
            hasher = hasher.push(text[end]);
            end += 1;
        }
        self.at = end;
        let ends = end == text.len() || text[end..].iter().all(|&byte| byte == b'/');
        let last = self.outermost && ends;
        // A link at the end of a path with a slash must lead to a directory too.
        self.slash |= last && end < text.len();
        // Whoever wants the parent looks the last component up itself, after other checks.
        if end - begin > NAME_MAX && !(last && self.to_parent) {
            return Err(Kind::NameTooLong.into());
        }
        self.component = Component { begin: begin as u32, end: end as u32, hash: hasher.finish(), last };
        Ok(())
    }

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
