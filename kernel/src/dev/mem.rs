//! The memory devices of mem(4), null(4), zero(4), full(4) and random(4).

use alloc::sync::Arc;

use super::random;
use crate::mm::{vmo, Vmo};
use crate::user::{IoDest, IoSource};
use crate::vfs::{File, Io, Whence};
use crate::{Kind, Result};

/// `/dev/null`: empty, and takes everything.
pub struct Null;

impl File for Null {
    fn read(&self, _dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        Ok(0)
    }
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        source.skip(source.remaining())
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, _current: u64, _offset: i64, _whence: Whence) -> Result<u64> {
        Ok(0)
    }
}

/// `/dev/zero`: endless zeros, and takes everything.
pub struct Zero;

impl File for Zero {
    /// Each mapping is of zeros of its own.
    fn map(&self) -> Result<Arc<Vmo>> {
        Vmo::new(vmo::MAX_LEN)
    }
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        dest.put_zeros(dest.remaining())
    }
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        source.skip(source.remaining())
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, _current: u64, _offset: i64, _whence: Whence) -> Result<u64> {
        Ok(0)
    }
}

/// `/dev/full`: endless zeros, and never room.
pub struct Full;

impl File for Full {
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        dest.put_zeros(dest.remaining())
    }
    fn write(&self, _source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        Err(Kind::NoSpace.into())
    }
    fn seekable(&self) -> bool {
        true
    }
    fn seek(&self, _current: u64, _offset: i64, _whence: Whence) -> Result<u64> {
        Ok(0)
    }
}

/// `/dev/random` and `/dev/urandom`: random bytes; what is written is mixed in.
pub struct Random;

impl File for Random {
    fn read(&self, dest: &mut IoDest, _io: &mut Io) -> Result<usize> {
        random::read(dest)
    }
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        let mut piece = [0; 64];
        let mut done = 0;
        while source.remaining() > 0 {
            let count = source.take(&mut piece)?;
            random::stir(&piece[..count]);
            done += count;
        }
        Ok(done)
    }
}
