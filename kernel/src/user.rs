//! User programs as the native kernel sees them: a register frame, memory that may not be there,
//! and a [`Personality`] that gives their system calls a meaning.
//!
//! A user address is an allegation: it is only ever touched through [`UserPtr`], [`IoDest`] and
//! [`IoSource`], which fail with [`Kind::Fault`] where the address is not accessible.

use core::marker::PhantomData;
use core::mem::{size_of, MaybeUninit};

use spin::Once;

use crate::arch::{usercopy, UserFrame};
use crate::{Error, Kind, Result};

/// A fault or trap that a user program caused and that the kernel could not resolve.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The vector (Intel SDM vol. 3, table 6-1).
    pub vector: u8,
    /// The error code that the CPU pushed, or 0.
    pub error: u64,
    /// For a page fault the address, else the instruction's.
    pub address: usize,
    /// For a page fault, why it could not be resolved.
    pub fault: Option<crate::mm::FaultKind>,
}

/// What gives user programs their system calls. There is one, registered at boot.
pub trait Personality: Sync {
    /// A system call that the entry stub did not answer itself. The result goes to `frame.rax`.
    fn system_call(&self, frame: &mut UserFrame);
    /// A system call of a thread that was [intercepted](crate::sched::Thread::intercept), whatever its number.
    fn intercepted_call(&self, frame: &mut UserFrame);
    /// An exception in user mode.
    fn exception(&self, frame: &mut UserFrame, exception: Exception);
    /// Runs before the thread returns to user mode, with interrupts on, when attention was requested.
    fn attention(&self, frame: &mut UserFrame);
}

static PERSONALITY: Once<&'static dyn Personality> = Once::new();

/// Registers the personality. Later calls have no effect.
pub fn set_personality(personality: &'static dyn Personality) {
    PERSONALITY.call_once(|| personality);
}

/// The registered personality.
///
/// # Panics
/// If none is registered: user mode is entered only after it is.
#[inline]
pub fn personality() -> &'static dyn Personality {
    *PERSONALITY.get().expect("user mode is entered after set_personality")
}

/// A type that may be copied to and from user memory byte by byte.
///
/// # Safety
/// Every bit pattern is a valid value, and the type has no padding (padding would leak kernel memory).
pub unsafe trait Pod: Copy + 'static {}

// SAFETY: bytemuck's contract says the same, and its derive checks it field by field.
unsafe impl<T: bytemuck::Pod> Pod for T {}

/// The alleged address of a `T` in user memory.
pub struct UserPtr<T>(usize, PhantomData<*mut T>);

impl<T> Clone for UserPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for UserPtr<T> {}

impl<T> core::fmt::Debug for UserPtr<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl<T> UserPtr<T> {
    /// The address as alleged.
    pub const fn new(address: usize) -> Self {
        Self(address, PhantomData)
    }
    /// The address.
    pub const fn address(self) -> usize {
        self.0
    }
    /// Is it NULL?
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }
    /// `None` if NULL.
    pub fn non_null(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }
    /// The address of another type at the same place.
    pub const fn cast<U>(self) -> UserPtr<U> {
        UserPtr::new(self.0)
    }
    /// The address `index` elements further (wrapping: the access checks the range).
    pub const fn add(self, index: usize) -> Self {
        Self::new(self.0.wrapping_add(index.wrapping_mul(size_of::<T>())))
    }
    /// The address `bytes` further, of a field of type `U`.
    pub const fn field<U>(self, bytes: usize) -> UserPtr<U> {
        UserPtr::new(self.0.wrapping_add(bytes))
    }
}

impl<T: Pod> UserPtr<T> {
    /// Reads the value. [`Kind::Fault`] if any byte is not readable.
    #[inline]
    pub fn read(self) -> Result<T> {
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the destination is our own, and every bit pattern is a valid `T` (Pod).
        if !unsafe { usercopy::load_from_user(value.as_mut_ptr(), self.0) } {
            return Err(Kind::Fault.into());
        }
        // SAFETY: all bytes were written, and every bit pattern is a valid `T` (Pod).
        Ok(unsafe { value.assume_init() })
    }

    /// Writes the value. [`Kind::Fault`] if any byte is not writable.
    #[inline]
    pub fn write(self, value: &T) -> Result<()> {
        // SAFETY: Pod has no padding.
        if !unsafe { usercopy::store_to_user(self.0, value) } {
            return Err(Kind::Fault.into());
        }
        Ok(())
    }

    /// Reads `out.len()` values that stand one after the other.
    pub fn read_slice(self, out: &mut [T]) -> Result<()> {
        let bytes = core::mem::size_of_val(out);
        // SAFETY: the destination is `bytes` writable bytes; every bit pattern is a valid `T`.
        let left = unsafe { usercopy::copy_from_user(out.as_mut_ptr().cast(), self.0, bytes) };
        if left != 0 {
            return Err(Kind::Fault.into());
        }
        Ok(())
    }

    /// Writes `values` one after the other.
    pub fn write_slice(self, values: &[T]) -> Result<()> {
        let bytes = core::mem::size_of_val(values);
        // SAFETY: the source is `bytes` initialised bytes (Pod has no padding).
        let left = unsafe { usercopy::copy_to_user(self.0, values.as_ptr().cast(), bytes) };
        if left != 0 {
            return Err(Kind::Fault.into());
        }
        Ok(())
    }
}

/// One piece of a scattered user buffer: address and length.
pub type Segment = (usize, usize);

/// Where the bytes of a transfer are: one run, then further ones in user memory.
struct Cursor<'a> {
    /// The current run: a user address, or a kernel address if `kernel`.
    address: usize,
    length: usize,
    rest: &'a [Segment],
    kernel: bool,
    /// Bytes left, here and in `rest`.
    left: usize,
}

impl<'a> Cursor<'a> {
    fn user(address: usize, length: usize) -> Self {
        Self { address, length, rest: &[], kernel: false, left: length }
    }

    fn segments(segments: &'a [Segment]) -> Self {
        let left = segments.iter().fold(0usize, |sum, s| sum.saturating_add(s.1));
        Self { address: 0, length: 0, rest: segments, kernel: false, left }
    }

    #[inline(always)]
    fn remaining(&self) -> usize {
        self.left
    }

    /// Makes the current run non-empty if any byte is left.
    fn settle(&mut self) {
        while self.length == 0 {
            let Some((&(address, length), rest)) = self.rest.split_first() else { return };
            (self.address, self.length, self.rest) = (address, length, rest);
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.address = self.address.wrapping_add(bytes);
        self.length -= bytes;
        self.left -= bytes;
    }

    /// Moves up to `length` bytes run by run; `copy(address, kernel, offset, n)` returns the bytes *not* moved.
    fn transfer(
        &mut self,
        length: usize,
        mut copy: impl FnMut(usize, bool, usize, usize) -> usize,
    ) -> Result<usize> {
        let mut done = 0;
        while done < length {
            self.settle();
            let run = self.length.min(length - done);
            if run == 0 {
                break;
            }
            let moved = run - copy(self.address, self.kernel, done, run);
            self.advance(moved);
            done += moved;
            if moved < run {
                return if done > 0 { Ok(done) } else { Err(Kind::Fault.into()) };
            }
        }
        Ok(done)
    }
}

/// Where a read puts its bytes: user memory (one run or several) or kernel memory.
pub struct IoDest<'a> {
    cursor: Cursor<'a>,
    marker: PhantomData<&'a mut [u8]>,
}

impl<'a> IoDest<'a> {
    /// `length` bytes of user memory.
    #[inline]
    pub fn user(address: usize, length: usize) -> Self {
        Self { cursor: Cursor::user(address, length), marker: PhantomData }
    }
    /// Several runs of user memory, in order.
    pub fn segments(segments: &'a [Segment]) -> Self {
        Self { cursor: Cursor::segments(segments), marker: PhantomData }
    }
    /// A kernel buffer.
    pub fn kernel(buffer: &'a mut [u8]) -> Self {
        let mut cursor = Cursor::user(buffer.as_mut_ptr() as usize, buffer.len());
        cursor.kernel = true;
        Self { cursor, marker: PhantomData }
    }
    /// The address and length of what is left, if that is one run of user memory.
    #[inline]
    pub fn user_run(&self) -> Option<(usize, usize)> {
        (!self.cursor.kernel && self.cursor.left == self.cursor.length)
            .then_some((self.cursor.address, self.cursor.length))
    }
    /// The first `count` bytes were stored by somebody else.
    pub fn advance(&mut self, count: usize) {
        self.cursor.advance(count.min(self.cursor.length));
    }
    /// Bytes that still fit.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.cursor.remaining()
    }
    /// Puts as many of `bytes` as fit and returns their number.
    /// [`Kind::Fault`] only if the very first byte could not be stored.
    pub fn put(&mut self, bytes: &[u8]) -> Result<usize> {
        self.cursor.transfer(bytes.len(), |address, kernel, offset, n| {
            let source = bytes[offset..offset + n].as_ptr();
            if kernel {
                // SAFETY: a kernel cursor was made from an exclusive slice that outlives it and has `n` bytes left.
                unsafe { core::ptr::copy_nonoverlapping(source, address as *mut u8, n) };
                0
            } else {
                // SAFETY: the source slice has `n` bytes; the user side is checked by the copy.
                unsafe { usercopy::copy_to_user(address, source, n) }
            }
        })
    }
    /// Puts up to `count` zero bytes and returns their number.
    pub fn put_zeros(&mut self, count: usize) -> Result<usize> {
        self.cursor.transfer(count, |address, kernel, _, n| {
            if kernel {
                // SAFETY: a kernel cursor was made from an exclusive slice that outlives it and has `n` bytes left.
                unsafe { core::ptr::write_bytes(address as *mut u8, 0, n) };
                0
            } else {
                usercopy::clear_user(address, n)
            }
        })
    }
}

/// Where a write takes its bytes from: user memory (one run or several) or kernel memory.
pub struct IoSource<'a> {
    cursor: Cursor<'a>,
    marker: PhantomData<&'a [u8]>,
}

impl<'a> IoSource<'a> {
    /// `length` bytes of user memory.
    #[inline]
    pub fn user(address: usize, length: usize) -> Self {
        Self { cursor: Cursor::user(address, length), marker: PhantomData }
    }
    /// Several runs of user memory, in order.
    pub fn segments(segments: &'a [Segment]) -> Self {
        Self { cursor: Cursor::segments(segments), marker: PhantomData }
    }
    /// A kernel buffer.
    pub fn kernel(buffer: &'a [u8]) -> Self {
        let mut cursor = Cursor::user(buffer.as_ptr() as usize, buffer.len());
        cursor.kernel = true;
        Self { cursor, marker: PhantomData }
    }
    /// Bytes that are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.cursor.remaining()
    }
    /// Takes up to `out.len()` bytes and returns their number.
    /// [`Kind::Fault`] only if the very first byte could not be read.
    pub fn take(&mut self, out: &mut [u8]) -> Result<usize> {
        let base = out.as_mut_ptr();
        self.cursor.transfer(out.len(), |address, kernel, offset, n| {
            // SAFETY: `offset + n <= out.len()` (transfer asks for no more than it was given).
            let target = unsafe { base.add(offset) };
            if kernel {
                // SAFETY: a kernel cursor was made from a slice that outlives it and has `n` bytes left.
                unsafe { core::ptr::copy_nonoverlapping(address as *const u8, target, n) };
                0
            } else {
                // SAFETY: the target has `n` writable bytes; the user side is checked by the copy.
                unsafe { usercopy::copy_from_user(target, address, n) }
            }
        })
    }
    /// Drops up to `count` bytes unread and returns their number (what `/dev/null` does).
    pub fn skip(&mut self, count: usize) -> Result<usize> {
        self.cursor.transfer(count, |_, _, _, _| 0)
    }
}

/// Copies a NUL-terminated string of fewer than `buffer.len()` bytes from user memory into `buffer` and
/// returns it without the NUL. [`Kind::NameTooLong`] if there is no NUL in time, [`Kind::Fault`] as usual.
pub fn read_string(address: usize, buffer: &mut [u8]) -> Result<&[u8]> {
    let length = usercopy::strncpy_from_user(buffer, address)?.ok_or(Error::from(Kind::NameTooLong))?;
    Ok(&buffer[..length])
}
