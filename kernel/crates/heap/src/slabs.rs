//! All slabs of one size of objects.

use core::ptr::{null_mut, NonNull};

use slab::{Class, Links, Slab, CLASSES};

use crate::Pages;

/// The start of each slab.
#[repr(C)]
struct Header {
    next: *mut Header,
    prev: *mut Header,
    slab: Slab,
}

const _: () = assert!(size_of::<Header>() <= slab::HEADER);

/// How full slabs are told apart.
const RANKS: usize = 8;

/// The free objects' links in memory.
struct ObjectLinks {
    base: *mut u8,
    class: &'static Class,
}

impl Links for ObjectLinks {
    fn get(&self, index: u16) -> u16 {
        // SAFETY: the index is a free object's of this slab, which holds its link.
        unsafe { self.base.add(self.class.offset(index)).cast::<u16>().read() }
    }
    fn set(&mut self, index: u16, next: u16) {
        // SAFETY: the index is an object's of this slab that its last user gave back.
        unsafe { self.base.add(self.class.offset(index)).cast::<u16>().write(next) }
    }
}

/// The slabs of a class; those that have free objects are in a list.
pub struct Slabs {
    class: &'static Class,
    partial: *mut Header,
    slabs: usize,
    taken: usize,
}

// SAFETY: the pointers are to slabs that belong to the class, only followed through this.
unsafe impl Send for Slabs {}

impl Slabs {
    /// No slabs yet, for objects of this class.
    pub const fn new(class: usize) -> Self {
        Self { class: &CLASSES[class], partial: null_mut(), slabs: 0, taken: 0 }
    }

    /// How many slabs there are.
    pub const fn slabs(&self) -> usize {
        self.slabs
    }

    /// How many objects were taken from them.
    pub const fn taken(&self) -> usize {
        self.taken
    }

    fn link(&mut self, slab: *mut Header) {
        // SAFETY: slabs of this class are valid and reached only from here.
        unsafe {
            (*slab).prev = null_mut();
            (*slab).next = self.partial;
            if !self.partial.is_null() {
                (*self.partial).prev = slab;
            }
        }
        self.partial = slab;
    }

    fn unlink(&mut self, slab: *mut Header) {
        // SAFETY: as in `link`; the slab is in the list.
        unsafe {
            let (prev, next) = ((*slab).prev, (*slab).next);
            if prev.is_null() {
                self.partial = next;
            } else {
                (*prev).next = next;
            }
            if !next.is_null() {
                (*next).prev = prev;
            }
        }
    }

    /// A free object, of a new slab if need be.
    pub fn take(&mut self, pages: &mut impl Pages) -> Option<NonNull<u8>> {
        let class = self.class;
        if self.partial.is_null() {
            let slab = pages.take(class.pages.into())? as *mut Header;
            // SAFETY: the pages are ours and hold a header.
            unsafe { slab.write(Header { next: null_mut(), prev: null_mut(), slab: Slab::new(class) }) };
            self.link(slab);
            self.slabs += 1;
        }
        let base = self.partial;
        // SAFETY: the slab is in the list.
        let slab = unsafe { &mut (*base).slab };
        let index = slab.take(&mut ObjectLinks { base: base.cast(), class })?;
        if slab.is_full() {
            self.unlink(base);
        }
        self.taken += 1;
        // SAFETY: the object lies within the slab.
        NonNull::new(unsafe { base.cast::<u8>().add(class.offset(index)) })
    }

    /// Takes an object back, and frees its slab if that was the last one. With `keep_empty` the last slab with room is
    /// kept all the same, lest it be made again at once.
    ///
    /// # Safety
    /// The object came from [`Self::take`], and nobody uses it any more.
    pub unsafe fn give(&mut self, object: NonNull<u8>, keep_empty: bool, pages: &mut impl Pages) {
        let class = self.class;
        let address = object.as_ptr() as usize;
        let base = (address & !(class.slab_bytes() - 1)) as *mut Header;
        let index = class.index(address - base as usize);
        // SAFETY: slabs are aligned to their size, so this is the object's.
        let slab = unsafe { &mut (*base).slab };
        let was_full = slab.is_full();
        slab.give(&mut ObjectLinks { base: base.cast(), class }, index);
        let empty = slab.is_empty();
        self.taken -= 1;
        if was_full {
            self.link(base);
        }
        // SAFETY: the slab is in the list now.
        let alone = unsafe { (*base).next.is_null() } && self.partial == base;
        if empty && !(alone && keep_empty) {
            self.unlink(base);
            self.slabs -= 1;
            // SAFETY: the slab came from there and has no user left.
            unsafe { pages.give(base as usize, class.pages.into()) };
        }
    }

    /// Frees the slabs without objects, and puts the fullest first, so that the others may run empty.
    pub fn tidy(&mut self, pages: &mut impl Pages) {
        let mut ranks = [null_mut::<Header>(); RANKS];
        let mut next = self.partial;
        self.partial = null_mut();
        while let Some(slab) = NonNull::new(next).map(NonNull::as_ptr) {
            // SAFETY: the slab was in the list; without an object it has no user left.
            unsafe {
                next = (*slab).next;
                let used = (*slab).slab.used();
                if used == 0 {
                    self.slabs -= 1;
                    pages.give(slab as usize, self.class.pages.into());
                } else {
                    let rank = used * RANKS / self.class.capacity() % RANKS;
                    (*slab).next = core::mem::replace(&mut ranks[rank], slab);
                }
            }
        }
        for mut rank in ranks {
            while let Some(slab) = NonNull::new(rank).map(NonNull::as_ptr) {
                // SAFETY: as above.
                rank = unsafe { (*slab).next };
                self.link(slab);
            }
        }
    }
}
