//! Classes of blocks, and where each block lies.

use super::{Entry, Heads, PoolError};

/// Most classes of a pool.
pub const CLASSES: usize = 8;
/// Bytes of the smallest block, and what the size of every block is a multiple of: a page.
pub const UNIT: usize = 4096;

/// A class of blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Class {
    /// Bytes of each block, a multiple of [`UNIT`].
    pub size: usize,
    /// How many blocks there are.
    pub count: u32,
}

/// The classes of a pool, smallest blocks first; kept privately by each side.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    classes: [Class; CLASSES],
    used: usize,
    pub(super) blocks: u32,
    data: usize,
}

impl Layout {
    /// [`PoolError::Geometry`] unless there are one to eight classes, sizes ascend and nothing overflows.
    pub fn new(classes: &[Class]) -> Result<Self, PoolError> {
        if classes.is_empty() || classes.len() > CLASSES {
            return Err(PoolError::Geometry);
        }
        let mut layout =
            Self { classes: [Class::default(); CLASSES], used: classes.len(), blocks: 0, data: 0 };
        let mut previous = 0;
        for (own, class) in layout.classes.iter_mut().zip(classes) {
            if class.size % UNIT != 0 || class.size <= previous || class.count == 0 {
                return Err(PoolError::Geometry);
            }
            previous = class.size;
            *own = *class;
            let bytes = class.size.checked_mul(class.count as usize).ok_or(PoolError::Geometry)?;
            layout.data = layout.data.checked_add(bytes).ok_or(PoolError::Geometry)?;
            layout.blocks = layout.blocks.checked_add(class.count).ok_or(PoolError::Geometry)?;
        }
        // A free stack's head has room for the number plus one.
        if layout.blocks == u32::MAX {
            return Err(PoolError::Geometry);
        }
        Ok(layout)
    }

    /// Bytes of the data.
    #[must_use]
    pub const fn data_bytes(&self) -> usize {
        self.data
    }

    /// Bytes of the table.
    #[must_use]
    pub const fn table_bytes(&self) -> usize {
        size_of::<Heads>() + self.blocks as usize * size_of::<Entry>()
    }

    /// Number of blocks of all classes.
    #[must_use]
    pub const fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The classes, smallest blocks first.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes[..self.used]
    }

    /// The first block of each class, with the class, and where its data begin.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, u32, usize, Class)> + '_ {
        let mut first = 0;
        let mut start = 0;
        self.classes().iter().enumerate().map(move |(number, class)| {
            let run = (number, first, start, *class);
            first += class.count;
            start += class.size * class.count as usize;
            run
        })
    }

    /// Class, offset in the data and size of a block.
    pub(super) fn block(&self, index: u32) -> Option<(usize, usize, usize)> {
        self.runs().find_map(|(number, first, start, class)| {
            let inside = index.checked_sub(first).filter(|inside| *inside < class.count)?;
            Some((number, start + inside as usize * class.size, class.size))
        })
    }
}
