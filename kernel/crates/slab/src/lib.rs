//! Size classes and slabs of the kernel heap: policy and bookkeeping, without memory.
//!
//! A request is rounded up to one of [`CLASSES`]; objects of a class come from slabs, runs of pages that begin
//! with [`HEADER`] bytes for the owner's [`Slab`] and hold [`Class::capacity`] objects after it. Which objects
//! are free is a list through the objects themselves, reached through [`Links`].
#![no_std]
#![forbid(unsafe_code)]

/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Bytes at the start of each slab that are not objects'.
pub const HEADER: usize = 64;
/// Larger requests are not the slabs' business.
pub const LARGEST: usize = 2720;

/// A size of objects and the shape of their slabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Bytes of an object.
    pub size: u16,
    /// Pages of a slab, a power of two.
    pub pages: u8,
    /// Objects that a CPU keeps at most.
    pub cached: u8,
}

impl Class {
    const fn new(size: u16) -> Self {
        let pages = match size {
            0..=288 => 1,
            289..=1024 => 2,
            _ => 4,
        };
        let cached = match size {
            0..=128 => 48,
            129..=512 => 24,
            513..=1024 => 12,
            _ => 6,
        };
        Self { size, pages, cached }
    }

    /// Objects that move between a CPU's cache and the slabs at once.
    pub const fn batch(&self) -> usize {
        self.cached as usize / 2
    }

    /// Where the first object is. Objects of a power-of-two size up to 64 (or a multiple of 64) are aligned to it.
    pub const fn first(&self) -> usize {
        HEADER
    }

    /// Objects of a slab.
    pub const fn capacity(&self) -> usize {
        (self.pages as usize * PAGE - HEADER) / self.size as usize
    }

    /// Bytes of a slab, which is aligned to them.
    pub const fn slab_bytes(&self) -> usize {
        self.pages as usize * PAGE
    }

    /// The alignment of all objects.
    pub const fn align(&self) -> usize {
        let natural = 1 << self.size.trailing_zeros();
        if natural < HEADER {
            natural
        } else {
            HEADER
        }
    }

    /// The place of an object in its slab.
    #[inline]
    pub const fn offset(&self, index: u16) -> usize {
        HEADER + index as usize * self.size as usize
    }

    /// The object at a place in its slab.
    #[inline]
    pub const fn index(&self, offset: usize) -> u16 {
        ((offset - HEADER) as u32 / self.size as u32) as u16
    }
}

const SIZES: [u16; 27] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 576, 640, 768, 896, 1024,
    1280, 1536, 2048, 2304, 2720,
];

/// How many classes there are.
pub const COUNT: usize = SIZES.len();

/// All classes, smallest first.
pub const CLASSES: [Class; COUNT] = {
    let mut classes = [Class::new(16); COUNT];
    let mut i = 0;
    while i < COUNT {
        classes[i] = Class::new(SIZES[i]);
        i += 1;
    }
    classes
};

/// The class of each size in units of 16 bytes.
const BY_SIZE: [u8; LARGEST / 16 + 1] = {
    let mut table = [0; LARGEST / 16 + 1];
    let mut class = 0;
    let mut units = 0;
    while units < table.len() {
        while (SIZES[class] as usize) < units * 16 {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
};

/// The class whose objects have at least this size and alignment, if there is one.
#[inline]
pub const fn class_of(size: usize, align: usize) -> Option<usize> {
    if size > LARGEST {
        return None;
    }
    let mut class = BY_SIZE[size.div_ceil(16)] as usize;
    if align > 16 {
        while CLASSES[class].align() < align {
            class += 1;
            if class == COUNT {
                return None;
            }
        }
    }
    Some(class)
}

/// The free objects' links: each holds the index of the next.
pub trait Links {
    /// The link in a free object.
    fn get(&self, index: u16) -> u16;
    /// Sets it.
    fn set(&mut self, index: u16, next: u16);
}

/// Which objects of one slab are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slab {
    /// First of the list of free objects, or the capacity.
    free: u16,
    /// Objects from here on were never given out and are not in the list.
    fresh: u16,
    used: u16,
    capacity: u16,
}

impl Slab {
    /// A slab of which every object is free. Touches none of them.
    pub const fn new(class: &Class) -> Self {
        let capacity = class.capacity() as u16;
        Self { free: capacity, fresh: 0, used: 0, capacity }
    }

    /// Takes a free object.
    pub fn take(&mut self, links: &mut impl Links) -> Option<u16> {
        let index = if self.free < self.capacity {
            let index = self.free;
            self.free = links.get(index);
            index
        } else if self.fresh < self.capacity {
            self.fresh += 1;
            self.fresh - 1
        } else {
            return None;
        };
        self.used += 1;
        Some(index)
    }

    /// Gives an object back.
    pub fn give(&mut self, links: &mut impl Links, index: u16) {
        debug_assert!(index < self.fresh && self.used > 0);
        links.set(index, self.free);
        self.free = index;
        self.used -= 1;
    }

    /// Is every object taken?
    pub const fn is_full(&self) -> bool {
        self.used == self.capacity
    }

    /// Is every object free?
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Objects taken.
    pub const fn used(&self) -> usize {
        self.used as usize
    }
}
