//! `struct sockaddr_un`: a path, an abstract name (first byte NUL), or nothing.

use alloc::vec::Vec;

use exo_kernel::ipc::unix::Address;
use exo_kernel::user::UserPtr;

use crate::{Errno, UserAddr};

/// `AF_UNSPEC`: in `connect`, away with the destination.
pub const AF_UNSPEC: u16 = 0;
/// `AF_UNIX`.
pub const AF_UNIX: u16 = 1;

/// `sizeof(struct sockaddr_un)`.
const SIZE: usize = 110;
/// Bytes of the family, before the path.
const FAMILY: usize = 2;

/// An address as the program gave it.
#[derive(Debug, PartialEq, Eq)]
pub enum UserAddress {
    /// Only the family.
    Unnamed,
    /// A path, without its NUL.
    Path(Vec<u8>),
    /// What follows the NUL byte.
    Abstract(Vec<u8>),
}

/// Reads the family alone. EINVAL if there is not even that.
pub fn family(address: UserAddr, length: u32) -> Result<u16, Errno> {
    if (length as usize) < FAMILY || length > 128 {
        return Err(Errno::EINVAL);
    }
    Ok(address.cast::<u16>().read()?)
}

/// Reads a `struct sockaddr_un` of that length.
pub fn import(address: UserAddr, length: u32) -> Result<UserAddress, Errno> {
    let length = length as usize;
    if !(FAMILY..=SIZE).contains(&length) {
        return Err(Errno::EINVAL);
    }
    let mut bytes = [0; SIZE];
    address.read_slice(&mut bytes[..length])?;
    if u16::from_ne_bytes([bytes[0], bytes[1]]) != AF_UNIX {
        return Err(Errno::EINVAL);
    }
    Ok(match &bytes[FAMILY..length] {
        [] => UserAddress::Unnamed,
        [0, name @ ..] => UserAddress::Abstract(name.to_vec()),
        path => {
            let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
            UserAddress::Path(path[..end].to_vec())
        }
    })
}

/// Stores an address: cut to the room that `length` says, whose place gets the full length.
pub fn export(address: Option<&Address>, target: UserAddr, length: UserPtr<u32>) -> Result<(), Errno> {
    let room = length.read()?;
    if room > i32::MAX as u32 {
        return Err(Errno::EINVAL);
    }
    let mut bytes = [0; SIZE + 1];
    let full = encode(address, &mut bytes);
    target.write_slice(&bytes[..full.min(room as usize)])?;
    length.write(&(full as u32))?;
    Ok(())
}

/// Writes `address` to the front of `bytes` and returns its length.
fn encode(address: Option<&Address>, bytes: &mut [u8; SIZE + 1]) -> usize {
    bytes[..FAMILY].copy_from_slice(&AF_UNIX.to_ne_bytes());
    let mut put = |offset: usize, name: &[u8]| {
        let end = (offset + name.len()).min(SIZE + 1);
        bytes[offset..end].copy_from_slice(&name[..end - offset]);
        end
    };
    match address {
        None => FAMILY,
        // A path is followed by its NUL, which the buffer holds already.
        Some(Address::Path { path, .. }) => (put(FAMILY, path) + 1).min(SIZE + 1),
        Some(Address::Abstract(name)) => put(FAMILY + 1, name),
    }
}
