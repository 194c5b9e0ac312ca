//! The types of system-call arguments, each made of one register by [`FromRegister`].

use exo_kernel::user::{IoSource, UserPtr};

use super::errno::Errno;

/// What a handler returns: the value for rax, or the error.
pub type SysResult = Result<usize, Errno>;

/// A type that a system call can take as an argument.
///
/// As on Linux, only the bits that the type has are looked at.
pub trait FromRegister {
    /// The argument in `register`.
    fn from_register(register: u64) -> Self;
}

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl FromRegister for $type {
            #[inline(always)]
            fn from_register(register: u64) -> Self {
                register as $type
            }
        }
    )* };
}
integers!(u32, i32, u64, i64, usize, isize);

/// A process or thread number (or what a call makes of the negative ones).
pub type Pid = i32;

/// An alleged address of bytes.
pub type UserAddr = UserPtr<u8>;

/// An alleged address of a string that ends in a NUL.
pub type UserStr = UserPtr<u8>;

impl<T> FromRegister for UserPtr<T> {
    #[inline(always)]
    fn from_register(register: u64) -> Self {
        UserPtr::new(register as usize)
    }
}

/// A file descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Fd(pub i32);

impl Fd {
    /// In place of a directory: the current one.
    pub const CWD: Fd = Fd(-100);
}

impl FromRegister for Fd {
    #[inline(always)]
    fn from_register(register: u64) -> Self {
        Fd(register as i32)
    }
}

/// Reads a structure that grew over time, of which the caller knows `size` bytes. What that lacks of ours is zero;
/// what it has beyond must be zero, else it asks for something that is not known here: E2BIG.
pub fn read_versioned<T: bytemuck::Pod>(address: UserAddr, size: usize) -> Result<T, Errno> {
    let mut value = T::zeroed();
    let known = size.min(size_of::<T>());
    let mut source = IoSource::user(address.address(), size);
    if source.take(&mut bytemuck::bytes_of_mut(&mut value)[..known])? < known {
        return Err(Errno::EFAULT);
    }
    let mut rest = size - known;
    let mut tail = [0u8; 64];
    while rest > 0 {
        let count = source.take(&mut tail[..rest.min(64)])?;
        if count == 0 {
            return Err(Errno::EFAULT);
        }
        if tail[..count].iter().any(|byte| *byte != 0) {
            return Err(Errno::E2BIG);
        }
        rest -= count;
    }
    Ok(value)
}
