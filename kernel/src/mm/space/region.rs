//! What an address space knows about one mapping.

use alloc::sync::Arc;

use vma::{Area, Value};

use super::Tag;
use crate::mm::{Access, Prot, Vmo, PAGE_SIZE};
use crate::Result;

/// Bytes below a stack that other mappings keep away from, so that a stack never grows into them.
pub(super) const STACK_GUARD: usize = 256 * PAGE_SIZE;

/// A mapping's hold on its object, which counts it.
pub(super) struct Mapped {
    object: Arc<Vmo>,
    /// Stores may reach the object, now or after a change of protection.
    stores: bool,
}

impl Mapped {
    /// [`Kind::NotPermitted`](crate::Kind::NotPermitted) if stores may reach an object that allows none.
    pub(super) fn new(object: Arc<Vmo>, stores: bool) -> Result<Self> {
        object.add_mapping(stores)?;
        Ok(Self { object, stores })
    }
    #[inline]
    pub(super) fn object(&self) -> &Arc<Vmo> {
        &self.object
    }
}

impl Clone for Mapped {
    fn clone(&self) -> Self {
        self.object.copy_mapping(self.stores);
        Self { object: self.object.clone(), stores: self.stores }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.object.remove_mapping(self.stores);
    }
}

bitflags::bitflags! {
    /// Properties of a mapping.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct Flags: u16 {
        /// Stores reach the object.
        const SHARED = 1;
        /// A stack.
        const GROWS_DOWN = 1 << 1;
        /// Counted as locked.
        const LOCKED = 1 << 2;
        /// It has, or had, private pages: a fork copies its page table entries.
        const PRIVATE_PAGES = 1 << 3;
        /// A fork leaves it out.
        const NOT_INHERITED = 1 << 4;
        /// A fork's copy is empty.
        const WIPED_BY_FORK = 1 << 5;
        /// The heap that `brk` moves.
        const HEAP = 1 << 6;
        /// Not counted against overcommitment.
        const NO_RESERVE = 1 << 7;
    }
}

/// What an address space knows about one mapping.
#[derive(Clone)]
pub(super) struct Region {
    pub prot: Prot,
    pub max_prot: Prot,
    pub flags: Flags,
    /// Offset in the object, in bytes. For anonymous memory, the address that its pages were first touched at:
    /// what was moved does not join what was made beside it, as on Linux.
    pub offset: u64,
    pub object: Option<Mapped>,
    pub file: Option<Tag>,
}

impl Region {
    #[inline]
    pub(super) fn is(&self, flags: Flags) -> bool {
        self.flags.intersects(flags)
    }

    /// Private and writable: what RLIMIT_DATA limits.
    pub(super) fn is_data(&self) -> bool {
        self.would_be_data(self.prot)
    }

    /// As [`Self::is_data`], with another protection.
    pub(super) fn would_be_data(&self, prot: Prot) -> bool {
        prot.contains(Prot::WRITE) && !self.is(Flags::SHARED | Flags::GROWS_DOWN)
    }

    /// May this access be made at all?
    #[inline]
    pub(super) fn allows(&self, access: Access) -> bool {
        if access.write {
            self.prot.contains(Prot::WRITE)
        } else if access.exec {
            self.prot.contains(Prot::EXEC)
        } else {
            !self.prot.is_empty()
        }
    }
}

/// The page of the object behind an address of the area.
#[inline]
pub(super) fn object_page(area: &Area<Region>, address: usize) -> u64 {
    (area.value.offset + (address - area.start) as u64) / PAGE_SIZE as u64
}

fn same<T: ?Sized>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => core::ptr::addr_eq(Arc::as_ptr(a), Arc::as_ptr(b)),
        _ => false,
    }
}

impl Value for Region {
    fn split(&self, offset: usize) -> Self {
        let mut upper = self.clone();
        upper.offset += offset as u64;
        upper
    }

    fn joins(&self, len: usize, above: &Self) -> bool {
        let contiguous = self.offset + len as u64 == above.offset;
        self.prot == above.prot
            && self.max_prot == above.max_prot
            && (self.flags ^ above.flags).difference(Flags::PRIVATE_PAGES).is_empty()
            && !self.is(Flags::GROWS_DOWN)
            && contiguous
            && same(self.object.as_ref().map(Mapped::object), above.object.as_ref().map(Mapped::object))
            && same(self.file.as_ref(), above.file.as_ref())
            && !self.object.as_ref().is_some_and(|mapped| mapped.object().is_watched())
    }

    fn absorb(&mut self, above: Self) {
        self.flags |= above.flags & Flags::PRIVATE_PAGES;
    }

    fn guard(&self) -> usize {
        if self.is(Flags::GROWS_DOWN) {
            STACK_GUARD
        } else {
            0
        }
    }
}
