//! Where a ring lies: memory of the caller's, or of its own.

use alloc::collections::TryReserveError;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::layout::{Control, Form, Geometry, CONTROL};
use crate::slot::Slot;
use crate::AttachError;

/// Memory with a ring of messages in it.
///
/// # Safety
///
/// `geometry` and what `control` and `slot` return never change, and the references stay valid as long as the
/// storage or a clone of it lives. Others may write to that memory whatever they like, at any time.
pub unsafe trait Storage {
    /// What the ring is, from memory that nobody else writes to.
    fn geometry(&self) -> Geometry;
    /// The control page.
    fn control(&self) -> &Control;
    /// A slot.
    ///
    /// # Safety
    ///
    /// `index` is less than `1 << self.geometry().shift()`.
    unsafe fn slot(&self, index: usize) -> &Slot;
    /// The slots that lie back to back from `index` on, at least one; they are copied in one piece.
    ///
    /// # Safety
    ///
    /// As for [`Self::slot`].
    unsafe fn run(&self, index: usize) -> NonNull<[Slot]>;
}

/// The control page and the slots in one piece of memory that the caller keeps.
#[derive(Clone, Copy, Debug)]
pub struct Contiguous<'m> {
    control: NonNull<Control>,
    slots: NonNull<Slot>,
    geometry: Geometry,
    memory: PhantomData<&'m Control>,
}

// SAFETY: what it points to is atomics, and is valid for every thread while 'm lasts.
unsafe impl Send for Contiguous<'_> {}
// SAFETY: as above.
unsafe impl Sync for Contiguous<'_> {}

impl Contiguous<'_> {
    /// Makes a ring in `len` zeroed bytes at `base`.
    ///
    /// # Safety
    ///
    /// The bytes stay readable and writable for `'m`, and this program touches them through rings only.
    pub unsafe fn create(base: NonNull<u8>, len: usize, geometry: Geometry) -> Result<Self, AttachError> {
        // SAFETY: as the caller promises.
        let storage = unsafe { Self::at(base, len, geometry)? };
        storage.control().identify(geometry);
        Ok(storage)
    }

    /// Finds the ring in `len` bytes at `base`, which somebody else may have made.
    ///
    /// # Safety
    ///
    /// As for [`Self::create`].
    pub unsafe fn open(base: NonNull<u8>, len: usize) -> Result<Self, AttachError> {
        let smallest = Geometry::new(Form::Spsc, 0)?;
        // SAFETY: as the caller promises.
        let geometry = unsafe { Self::at(base, len, smallest)? }.control().geometry()?;
        // SAFETY: as the caller promises; the geometry was read once, and is checked against the length here.
        unsafe { Self::at(base, len, geometry) }
    }

    unsafe fn at(base: NonNull<u8>, len: usize, geometry: Geometry) -> Result<Self, AttachError> {
        if base.as_ptr().align_offset(CONTROL) != 0 {
            return Err(AttachError::Misaligned);
        }
        if geometry.form() == Form::Bytes {
            return Err(AttachError::WrongForm);
        }
        if len < geometry.bytes() {
            return Err(AttachError::TooSmall);
        }
        // SAFETY: the control page is within `len`, which is at least CONTROL.
        let slots = unsafe { base.add(CONTROL) };
        Ok(Self { control: base.cast(), slots: slots.cast(), geometry, memory: PhantomData })
    }
}

// SAFETY: the memory is valid for 'm, `at` compared its length with the geometry, and the fields never change.
unsafe impl Storage for Contiguous<'_> {
    #[inline(always)]
    fn geometry(&self) -> Geometry {
        self.geometry
    }
    #[inline(always)]
    fn control(&self) -> &Control {
        // SAFETY: see above; all of it is atomics.
        unsafe { self.control.as_ref() }
    }
    #[inline(always)]
    unsafe fn slot(&self, index: usize) -> &Slot {
        // SAFETY: the index is below the number of slots that `at` found room for.
        unsafe { self.slots.add(index).as_ref() }
    }
    #[inline(always)]
    unsafe fn run(&self, index: usize) -> NonNull<[Slot]> {
        // SAFETY: the index is below the number of slots that `at` found room for.
        NonNull::slice_from_raw_parts(unsafe { self.slots.add(index) }, (1 << self.geometry.shift()) - index)
    }
}

/// A ring in memory of its own, for threads of one address space.
#[derive(Clone, Debug)]
pub struct Owned(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    control: Control,
    slots: Vec<Slot>,
    geometry: Geometry,
}

impl Owned {
    /// An empty ring.
    pub fn new(geometry: Geometry) -> Result<Self, TryReserveError> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(1 << geometry.shift())?;
        slots.extend((0..1 << geometry.shift()).map(|_| Slot::new()));
        Ok(Self(Arc::new(Parts { control: Control::new(geometry), slots, geometry })))
    }
}

// SAFETY: the vector has `1 << shift` slots, is never changed, and lives as long as any clone.
unsafe impl Storage for Owned {
    #[inline(always)]
    fn geometry(&self) -> Geometry {
        self.0.geometry
    }
    #[inline(always)]
    fn control(&self) -> &Control {
        &self.0.control
    }
    #[inline(always)]
    unsafe fn slot(&self, index: usize) -> &Slot {
        // SAFETY: the index is below the vector's length.
        unsafe { self.0.slots.get_unchecked(index) }
    }
    #[inline(always)]
    unsafe fn run(&self, index: usize) -> NonNull<[Slot]> {
        // SAFETY: the index is below the vector's length.
        NonNull::from(unsafe { self.0.slots.get_unchecked(index..) })
    }
}
