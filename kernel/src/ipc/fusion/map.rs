//! Mapping several parts of memory objects next to each other.

use alloc::sync::Arc;

use super::Identity;
use crate::mm::{AddressSpace, MapRequest, Prot, Vmo};
use crate::{Kind, Result};

/// A part of a memory object, and what a program may do with it for good.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub vmo: &'a Arc<Vmo>,
    pub offset: u64,
    /// Bytes, whole pages.
    pub len: usize,
    pub prot: Prot,
}

/// Maps the pieces of an object back to back, shared. Returns the address and the number of bytes.
pub(super) fn map(
    space: &AddressSpace,
    identity: &Arc<Identity>,
    pieces: &[Piece],
) -> Result<(usize, usize)> {
    let total =
        pieces.iter().try_fold(0_usize, |sum, piece| sum.checked_add(piece.len)).ok_or(Kind::NoMemory)?;
    // The place is taken first, so that whatever another thread maps meanwhile goes elsewhere.
    let base = space.map(&MapRequest { no_reserve: true, ..MapRequest::anonymous(total, Prot::empty()) })?;
    let mut at = base;
    for piece in pieces {
        let request = MapRequest {
            addr: Some(at),
            fixed: true,
            len: piece.len,
            prot: piece.prot,
            max_prot: piece.prot,
            shared: true,
            object: Some((piece.vmo.clone(), piece.offset)),
            file: Some(identity.clone()),
            ..MapRequest::default()
        };
        if let Err(error) = space.map(&request) {
            space.unmap(base, total)?;
            return Err(error);
        }
        at += piece.len;
    }
    Ok((base, total))
}
