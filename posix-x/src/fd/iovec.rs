//! [`Segments`]: the scattered buffers of `readv` and its family, copied in and checked as Linux does.

use alloc::vec::Vec;

use crate::Errno;
use exo_kernel::user::{IoDest, IoSource, Segment, UserPtr};
use posix_x_abi::types::Iovec;

use super::io::{check_range, MAX_TRANSFER};

/// `UIO_MAXIOV`.
const MAX_SEGMENTS: usize = 1024;

/// So many need no allocation.
const INLINE_SEGMENTS: usize = 8;

/// The checked runs of user memory that an array of `struct iovec` names.
pub struct Segments {
    inline: [Segment; INLINE_SEGMENTS],
    heap: Vec<Segment>,
    count: usize,
}

impl Segments {
    /// Copies and checks `count` entries at `array`: EINVAL for too many or a negative length, EFAULT for
    /// memory outside of user space. The sum is cut to what one transfer may move.
    pub fn import(array: UserPtr<Iovec>, count: usize) -> Result<Self, Errno> {
        if count > MAX_SEGMENTS {
            return Err(Errno::EINVAL);
        }
        let mut segments = Self { inline: [(0, 0); INLINE_SEGMENTS], heap: Vec::new(), count };
        if count > INLINE_SEGMENTS {
            segments.heap.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
            segments.heap.resize(count, (0, 0));
        }
        let mut room = MAX_TRANSFER;
        for (index, slot) in segments.slots().iter_mut().enumerate() {
            let entry = array.add(index).read()?;
            let length =
                usize::try_from(entry.len).ok().filter(|&n| n <= isize::MAX as usize).ok_or(Errno::EINVAL)?;
            let address = entry.base as usize;
            check_range(address, length)?;
            let length = length.min(room);
            room -= length;
            *slot = (address, length);
        }
        Ok(segments)
    }

    fn slots(&mut self) -> &mut [Segment] {
        if self.count > INLINE_SEGMENTS {
            &mut self.heap
        } else {
            &mut self.inline[..self.count]
        }
    }

    fn as_slice(&self) -> &[Segment] {
        if self.count > INLINE_SEGMENTS {
            &self.heap
        } else {
            &self.inline[..self.count]
        }
    }

    /// The runs as the target of a read.
    pub fn dest(&self) -> IoDest<'_> {
        IoDest::segments(self.as_slice())
    }

    /// The runs as the source of a write.
    pub fn source(&self) -> IoSource<'_> {
        IoSource::segments(self.as_slice())
    }
}
