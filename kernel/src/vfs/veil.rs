//! A limited view of the tree of names: what of it somebody may still reach, as OpenBSD's unveil(2) has it.
//!
//! What counts is where a path leads, not how it is written: the nearest place at or above its end that is in the
//! [`Veil`] says what may be done there. So symbolic links, `..`, descriptors of directories, the current directory
//! and mounts need no rules of their own. Where nothing above is in the veil, there is nothing.

use alloc::sync::Arc;
use alloc::vec::Vec;

use bitflags::bitflags;

use super::mount::Mount;
use super::path::{Dentry, Path};
use super::tree::{Tree, TREE};
use super::types::Lookup;
use super::walk::{Context, Last, Walker};
use crate::{Kind, Result};

/// So many places in one veil, at most.
const MAX_PLACES: usize = 128;

bitflags! {
    /// What may be done with what is at a path.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Reach: u8 {
        /// Read it, look at it.
        const READ = 1;
        /// Write to it, change its attributes.
        const WRITE = 2;
        /// Execute it.
        const EXECUTE = 4;
        /// Make and remove its name.
        const CREATE = 8;
    }
}

/// A place in a veil: a directory with all below, or a name in it, whatever that is or will be.
#[derive(Clone)]
struct Unveiled {
    directory: Path,
    name: Option<Arc<[u8]>>,
    reach: Reach,
}

impl Unveiled {
    fn is(&self, mount: &Arc<Mount>, dentry: &Arc<Dentry>, name: Option<&[u8]>) -> bool {
        Arc::ptr_eq(&self.directory.dentry, dentry)
            && Arc::ptr_eq(&self.directory.mount, mount)
            && self.name.as_deref() == name
    }
}

/// What of the tree of names may be reached.
#[derive(Clone, Default)]
pub struct Veil {
    places: Vec<Unveiled>,
}

impl Veil {
    /// The same veil with what `path` names unveiled. A name that is not there can be, if its directory is.
    ///
    /// [`Kind::NotPermitted`] if it was unveiled for less before, [`Kind::TooBig`] if there are too many.
    pub fn unveil(&self, ctx: &Context, path: &[u8], reach: Reach) -> Result<Self> {
        let (directory, name) = locate(ctx, path)?;
        let mut places = Vec::new();
        places.try_reserve_exact(self.places.len() + 1).map_err(|_| Kind::NoMemory)?;
        places.extend(self.places.iter().cloned());
        let same = |place: &Unveiled| place.is(&directory.mount, &directory.dentry, name.as_deref());
        match places.iter().position(same) {
            Some(known) if !places[known].reach.contains(reach) => return Err(Kind::NotPermitted.into()),
            Some(known) => places[known].reach = reach,
            None if places.len() >= MAX_PLACES => return Err(Kind::TooBig.into()),
            None => places.push(Unveiled { directory, name, reach }),
        }
        Ok(Self { places })
    }

    fn find(&self, mount: &Arc<Mount>, dentry: &Arc<Dentry>, name: Option<&[u8]>) -> Option<Reach> {
        self.places.iter().find(|place| place.is(mount, dentry, name)).map(|place| place.reach)
    }

    /// What may be done with `name` in the place, or with the place itself. Nothing where nothing is unveiled.
    fn reach(&self, place: &Path, name: Option<&[u8]>) -> Reach {
        let tree = TREE.read();
        let (mut mount, mut dentry) = (&place.mount, &place.dentry);
        if let Some(reach) = name.and_then(|name| self.find(mount, dentry, Some(name))) {
            return reach;
        }
        if let (None, Some(parent)) = (name, tree.parent(dentry)) {
            let own = tree.name_of(dentry).and_then(|name| self.find(mount, parent, Some(name)));
            if let Some(reach) = own {
                return reach;
            }
        }
        loop {
            if let Some(reach) = self.find(mount, dentry, None) {
                return reach;
            }
            match above(&tree, mount, dentry) {
                Some(next) => (mount, dentry) = next,
                None => return Reach::empty(),
            }
        }
    }
}

/// The place above, through mounts; `None` at the top.
fn above<'t>(
    tree: &'t Tree,
    mount: &'t Arc<Mount>,
    dentry: &'t Arc<Dentry>,
) -> Option<(&'t Arc<Mount>, &'t Arc<Dentry>)> {
    if Arc::ptr_eq(dentry, mount.root()) {
        return tree.mounts.place(mount).map(|place| (&place.parent, &place.point));
    }
    tree.parent(dentry).map(|parent| (mount, parent))
}

/// The directory that `path` names, or another thing's directory and name.
fn locate(ctx: &Context, path: &[u8]) -> Result<(Path, Option<Arc<[u8]>>)> {
    let ctx = Context { limits: None, ..*ctx };
    match super::walk::resolve(&ctx, None, path, Lookup::FOLLOW) {
        Ok(place) if place.inode().is_directory() => return Ok((place, None)),
        Ok(place) => {
            let tree = TREE.read();
            let (Some(parent), Some(name)) = (tree.parent(&place.dentry), tree.name_of(&place.dentry)) else {
                return Err(Kind::NotFound.into());
            };
            let directory = Path::new(place.mount.clone(), parent.clone());
            return Ok((directory, Some(Arc::from(name))));
        }
        Err(error) if error == Kind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut walker = Walker::new(&ctx, None, path, Lookup::empty())?;
    let directory = walker.run(true)?;
    match &walker.last {
        Last::Name(name) => Ok((directory, Some(Arc::from(name.as_bytes())))),
        _ => Err(Kind::NotFound.into()),
    }
}

/// What limits the paths that somebody follows.
pub trait Limits {
    /// Asked with the text of each path before it is followed. `wanted` is what is to be done with its end, if the
    /// function knows. Answers with further restrictions of the walk, and with the view that it is to have.
    fn admit(&self, path: &[u8], wanted: Option<Reach>) -> Result<(Lookup, Option<View<'_>>)>;
}

/// A veil, and what is to be done with what is found through it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub veil: &'a Veil,
    pub wanted: Reach,
}

impl View<'_> {
    /// [`Kind::NotFound`] where nothing is unveiled, [`Kind::AccessDenied`] where something else is.
    pub(super) fn check(&self, place: &Path, name: Option<&[u8]>) -> Result<()> {
        // Only a magic link leads to something without a place, and the link was looked at.
        if name.is_none() && place.is_placeless() {
            return Ok(());
        }
        self.check_for(self.wanted, place, name)
    }

    fn check_for(&self, wanted: Reach, place: &Path, name: Option<&[u8]>) -> Result<()> {
        let reach = self.veil.reach(place, name);
        if reach.is_empty() {
            return Err(Kind::NotFound.into());
        }
        if !reach.contains(wanted) {
            return Err(Kind::AccessDenied.into());
        }
        Ok(())
    }

    /// The error of a walk that came no further than `place`, which may be nobody's business.
    pub(super) fn failed(&self, place: &Path, error: crate::Error) -> crate::Error {
        if self.veil.reach(place, None).is_empty() {
            Kind::NotFound.into()
        } else {
            error
        }
    }

    /// May the magic link in `directory` be followed? What it leads to may be in no directory.
    pub(super) fn check_magic(&self, directory: &Path) -> Result<()> {
        self.check_for(Reach::READ, directory, None)
    }

    /// [`Kind::AccessDenied`] if something could be done with `from` under its new name that cannot be done now.
    pub(super) fn check_move(&self, from: (&Path, Option<&[u8]>), to: (&Path, Option<&[u8]>)) -> Result<()> {
        if self.veil.reach(from.0, from.1).contains(self.veil.reach(to.0, to.1)) {
            return Ok(());
        }
        Err(Kind::AccessDenied.into())
    }
}
