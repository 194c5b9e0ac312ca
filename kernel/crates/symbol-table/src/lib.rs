//! Addresses and names of functions in little space: a quarter of the text that `nm` prints.
//!
//! The table is made once, on the host ([`pack`]), and read in a panic ([`Table`]): without a heap, with a stack
//! of fixed size, and without faith in what it reads. A table that is cut short or scribbled over gives wrong names
//! or none, in bounded time.
//!
//! Names are cut into pairs that occur often, pairs of pairs, and so on (Re-Pair; Larsson and Moffat, 1999). Little
//! endian throughout:
//!
//! | Bytes | What |
//! |---|---|
//! | 4 | `fnsy` |
//! | 4 | bytes that follow |
//! | 2 | `n`, the number of pairs |
//! | 1 | `wide`, the first byte that begins a code of two bytes |
//! | 4 `n` | the pairs: two symbols of 16 bits each |
//! | the rest | for each function the distance from the one before (LEB128), codes of symbols, and a 0 |
//!
//! Symbols 1 to 127 are the characters of ASCII, 128 and up are the pairs, the most frequent ones first. A byte below
//! `wide` is a code by itself; another one and the byte after it are the code of the symbol
//! `wide + (byte - wide) * 256 + next`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod pack;
mod table;

pub use pack::pack;
pub use table::{Symbol, Table};

/// Bytes before the table proper: [`MAGIC`] and its length.
pub const HEADER: usize = 8;
/// What the header begins with.
const MAGIC: [u8; 4] = *b"fnsy";
/// Bytes of the table proper before the pairs.
const FIXED: usize = 3;
/// Bytes of a pair.
const PAIR: usize = 4;
/// The first symbol that is a pair.
const FIRST_PAIR: u16 = 128;
/// Ends a name.
const END: u8 = 0;
/// Characters of a name that are shown; the packer cuts longer ones.
const NAME_LIMIT: usize = 400;
/// How deep pairs may lie in pairs.
const DEPTH: usize = 24;
