//! Streams of bytes: one writer, one reader, for pipes and the like.
//!
//! The control page is that of any ring; head and tail count bytes. The bytes lie in a power of two of them behind
//! the control page, or wherever the caller has them: in [pieces](ByteStorage::piece), or mapped twice back to
//! back, so that every run is contiguous.

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::layout::{Control, Form, Geometry, CONTROL, RECEIVER_CLOSED, SENDER_CLOSED};
use crate::memory::Shared;
use crate::sync::Ordering;
use crate::{AttachError, RecvError, SendError};

/// Memory with a byte ring in it.
///
/// # Safety
///
/// As for [`Storage`](crate::Storage): nothing it returns ever changes, and stays valid as long as it or a clone
/// of it lives.
pub unsafe trait ByteStorage {
    /// What the ring is, from memory that nobody else writes to.
    fn geometry(&self) -> Geometry;
    /// The control page.
    fn control(&self) -> &Control;
    /// The bytes from `offset` on that lie in one piece: at least one. `offset` is less than the capacity.
    fn piece(&self, offset: usize) -> Shared<'_>;
}

/// The control page and the bytes in one piece of memory that the caller keeps.
#[derive(Clone, Copy, Debug)]
pub struct Contiguous<'m> {
    control: NonNull<Control>,
    bytes: Shared<'m>,
    geometry: Geometry,
    memory: PhantomData<&'m Control>,
}

// SAFETY: what it points to is atomics, and is valid for every thread while 'm lasts.
unsafe impl Send for Contiguous<'_> {}
// SAFETY: as above.
unsafe impl Sync for Contiguous<'_> {}

impl Contiguous<'_> {
    /// Makes a ring of `1 << shift` bytes in `len` zeroed ones at `base`. If `len` has room for twice the bytes, then
    /// they are mapped twice.
    ///
    /// # Safety
    ///
    /// The bytes stay readable and writable for `'m`, and this program touches them through rings only. If `len` is
    /// [`CONTROL`] and twice the capacity, the second half is the same memory as the first.
    pub unsafe fn create(base: NonNull<u8>, len: usize, shift: u32) -> Result<Self, AttachError> {
        let geometry = Geometry::new(Form::Bytes, shift)?;
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
        let smallest = Geometry::new(Form::Bytes, 0)?;
        // SAFETY: as the caller promises.
        let geometry = unsafe { Self::at(base, len, smallest)? }.control().geometry()?;
        // SAFETY: as the caller promises; the geometry was read once, and is checked against the length here.
        unsafe { Self::at(base, len, geometry) }
    }

    unsafe fn at(base: NonNull<u8>, len: usize, geometry: Geometry) -> Result<Self, AttachError> {
        if base.as_ptr().align_offset(CONTROL) != 0 {
            return Err(AttachError::Misaligned);
        }
        if geometry.form() != Form::Bytes {
            return Err(AttachError::WrongForm);
        }
        if len < geometry.bytes() {
            return Err(AttachError::TooSmall);
        }
        let capacity = 1 << geometry.shift();
        let mapped = if len - CONTROL >= 2 * capacity { 2 * capacity } else { capacity };
        // SAFETY: CONTROL + mapped bytes are within `len`, valid as the caller promises.
        let bytes = unsafe { Shared::new(base.add(CONTROL), mapped) };
        Ok(Self { control: base.cast(), bytes, geometry, memory: PhantomData })
    }
}

// SAFETY: the memory is valid for 'm, `at` compared its length with the geometry, and the fields never change.
unsafe impl ByteStorage for Contiguous<'_> {
    fn geometry(&self) -> Geometry {
        self.geometry
    }
    fn control(&self) -> &Control {
        // SAFETY: see above; all of it is atomics.
        unsafe { self.control.as_ref() }
    }
    fn piece(&self, offset: usize) -> Shared<'_> {
        let rest = self.bytes.len() - offset;
        self.bytes.part(offset, rest.min(1 << self.geometry.shift())).unwrap_or(self.bytes)
    }
}

/// The writing end.
#[derive(Debug)]
pub struct Writer<S> {
    storage: S,
    shift: u32,
    position: u64,
    limit: u64,
}

/// The reading end.
#[derive(Debug)]
pub struct Reader<S> {
    storage: S,
    shift: u32,
    position: u64,
    /// Up to where there is something, as far as known.
    limit: u64,
}

impl<S: ByteStorage> Writer<S> {
    /// The writing end of the ring in `storage`; goes on where the one before it stopped.
    pub fn new(storage: S) -> Result<Self, AttachError> {
        let shift = storage.geometry().shift();
        let position = storage.control().tail.0.load(Ordering::Acquire);
        let mut writer = Self { storage, shift, position, limit: position };
        writer.look().map_err(|_| AttachError::Corrupt)?;
        Ok(writer)
    }

    /// Its memory.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    fn look(&mut self) -> Result<usize, SendError> {
        let head = self.storage.control().head.0.load(Ordering::Acquire);
        if self.position.wrapping_sub(head) > 1 << self.shift {
            return Err(SendError::Corrupt);
        }
        self.limit = head.wrapping_add(1 << self.shift);
        Ok(self.known_room())
    }

    fn known_room(&self) -> usize {
        self.limit.wrapping_sub(self.position) as usize
    }

    /// Bytes that can be written now. The reader can only make it more, so a write of up to so many is whole.
    pub fn room(&mut self) -> Result<usize, SendError> {
        self.look()
    }

    /// Writes as many bytes as there is room for, at least one.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, SendError> {
        let mut rest = bytes;
        self.write_with(bytes.len(), |piece| {
            let count = piece.write(rest);
            rest = &rest[count..];
            Ok(count)
        })
    }

    /// Has `fill` write up to `most` bytes, in one piece or more; what it wrote can be read when this returns. It
    /// says how much it wrote; less than the piece ends the write, as does an error, which is returned if nothing
    /// was written before.
    pub fn write_with<E: From<SendError>>(
        &mut self,
        most: usize,
        mut fill: impl FnMut(Shared<'_>) -> Result<usize, E>,
    ) -> Result<usize, E> {
        if self.known_room() < most && self.look()? == 0 && most != 0 {
            let closed = self.storage.control().is_closed(RECEIVER_CLOSED);
            return Err(if closed { SendError::Closed } else { SendError::Full }.into());
        }
        let most = most.min(self.known_room());
        let done = each_piece(&self.storage, self.position, self.shift, most, &mut fill);
        if let Ok(count) = done {
            self.position = self.position.wrapping_add(count as u64);
            self.storage.control().tail.0.store(self.position, Ordering::Release);
        }
        done
    }

    /// After writing: have readers that sleep to be woken?
    #[must_use = "sleepers have to be woken"]
    pub fn notify(&self) -> bool {
        self.storage.control().readable().notify()
    }

    /// Says that nothing more comes.
    #[must_use = "sleepers have to be woken"]
    pub fn close(&self) -> bool {
        self.storage.control().close(SENDER_CLOSED);
        self.notify()
    }
}

impl<S: ByteStorage> Reader<S> {
    /// The reading end of the ring in `storage`; goes on where the one before it stopped.
    pub fn new(storage: S) -> Result<Self, AttachError> {
        let shift = storage.geometry().shift();
        let position = storage.control().head.0.load(Ordering::Acquire);
        let mut reader = Self { storage, shift, position, limit: position };
        reader.look().map_err(|_| AttachError::Corrupt)?;
        Ok(reader)
    }

    /// Its memory.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    fn look(&mut self) -> Result<usize, RecvError> {
        let tail = self.storage.control().tail.0.load(Ordering::Acquire);
        if tail.wrapping_sub(self.position) > 1 << self.shift {
            return Err(RecvError::Corrupt);
        }
        self.limit = tail;
        Ok(self.known())
    }

    fn known(&self) -> usize {
        self.limit.wrapping_sub(self.position) as usize
    }

    /// Bytes that can be read now.
    pub fn available(&mut self) -> Result<usize, RecvError> {
        self.look()
    }

    /// Reads as many bytes as are there and fit, at least one.
    pub fn read(&mut self, to: &mut [u8]) -> Result<usize, RecvError> {
        let most = to.len();
        let mut done = 0;
        self.read_with(most, |piece| {
            let count = piece.read(&mut to[done..]);
            done += count;
            Ok(count)
        })
    }

    /// Has `take` read up to `most` bytes, in one piece or more; as [`Writer::write_with`].
    pub fn read_with<E: From<RecvError>>(
        &mut self,
        most: usize,
        mut take: impl FnMut(Shared<'_>) -> Result<usize, E>,
    ) -> Result<usize, E> {
        if self.known() < most && self.look()? == 0 && most != 0 {
            if !self.storage.control().is_closed(SENDER_CLOSED) {
                return Err(RecvError::Empty.into());
            }
            // What was written before the closing is there now.
            if self.look()? == 0 {
                return Err(RecvError::Closed.into());
            }
        }
        let most = most.min(self.known());
        let done = each_piece(&self.storage, self.position, self.shift, most, &mut take);
        if let Ok(count) = done {
            self.position = self.position.wrapping_add(count as u64);
            self.storage.control().head.0.store(self.position, Ordering::Release);
        }
        done
    }

    /// After reading: have writers that sleep to be woken?
    #[must_use = "sleepers have to be woken"]
    pub fn notify(&self) -> bool {
        self.storage.control().writable().notify()
    }

    /// Says that nothing more is read.
    #[must_use = "sleepers have to be woken"]
    pub fn close(&self) -> bool {
        self.storage.control().close(RECEIVER_CLOSED);
        self.notify()
    }
}

/// Calls `act` with the pieces of `count` bytes from `position` on, until it takes less than a piece.
fn each_piece<S: ByteStorage, E>(
    storage: &S,
    position: u64,
    shift: u32,
    count: usize,
    act: &mut impl FnMut(Shared<'_>) -> Result<usize, E>,
) -> Result<usize, E> {
    let mut done = 0;
    while done < count {
        let offset = (position.wrapping_add(done as u64) & ((1 << shift) - 1)) as usize;
        let piece = storage.piece(offset);
        let run = piece.len().min(count - done);
        let Some(piece) = piece.part(0, run) else { break };
        match act(piece) {
            Ok(moved) => {
                done += moved.min(run);
                if moved < run {
                    break;
                }
            }
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}
