//! Reading.

use core::fmt::{self, Write};

use crate::{DEPTH, END, FIRST_PAIR, FIXED, HEADER, MAGIC, NAME_LIMIT, PAIR};

/// A table as [`pack`](crate::pack()) made it, or as something broke it.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The first byte that begins a code of two.
    wide: u8,
    pairs: &'a [u8],
    functions: &'a [u8],
}

/// A function: displays its name.
#[derive(Clone, Copy, Debug)]
pub struct Symbol<'a> {
    table: Table<'a>,
    name: Codes<'a>,
    /// Where it begins.
    pub start: u32,
}

impl<'a> Table<'a> {
    /// How many bytes the table has behind `header`, which are its first ones; none if this is no table's header.
    #[must_use]
    pub fn length(header: [u8; HEADER]) -> usize {
        match header {
            [magic @ .., a, b, c, d] if magic == MAGIC => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => 0,
        }
    }

    /// The table in `bytes`, which begin behind the header.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_first_chunk::<FIXED>()?;
        let count = usize::from(u16::from_le_bytes([fixed[0], fixed[1]]));
        let (pairs, functions) = rest.split_at_checked(count * PAIR)?;
        Some(Self { wide: fixed[2], pairs, functions })
    }

    /// The last function that begins at `address` or below.
    #[must_use]
    pub fn find(&self, address: u32) -> Option<Symbol<'a>> {
        self.symbols().take_while(|symbol| symbol.start <= address).last()
    }

    /// All functions in the order of their addresses.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol<'a>> {
        let table = *self;
        let mut rest = self.functions;
        let mut start = 0u32;
        core::iter::from_fn(move || {
            start = start.checked_add(number(&mut rest)?)?;
            let name = Codes { bytes: rest, wide: table.wide };
            let mut skipped = name;
            while skipped.next().is_some() {}
            // Without an end, there is no further function either.
            rest = skipped.bytes.split_first().map_or(&[], |(_, rest)| rest);
            Some(Symbol { table, name, start })
        })
    }

    fn pair(&self, symbol: u16) -> Option<[u16; 2]> {
        let at = usize::from(symbol.checked_sub(FIRST_PAIR)?) * PAIR;
        let pair: [u8; PAIR] = self.pairs.get(at..at + PAIR)?.try_into().ok()?;
        Some([u16::from_le_bytes([pair[0], pair[1]]), u16::from_le_bytes([pair[2], pair[3]])])
    }

    /// Writes what `symbol` stands for. Of pairs that nest deeper than the packer makes them, or stand for more
    /// characters than `left`, only the beginning is written.
    fn expand(&self, symbol: u16, left: &mut usize, out: &mut impl Write) -> fmt::Result {
        // What is still to be written, the next one last.
        let mut pending = [0u16; DEPTH + 1];
        pending[0] = symbol;
        let mut count = 1usize;
        while let Some(last) = count.checked_sub(1) {
            count = last;
            let symbol = pending[last];
            if *left == 0 {
                return Ok(());
            }
            if let Some([first, second]) = self.pair(symbol) {
                let Some(room) = pending.get_mut(last..last + 2) else { return Ok(()) };
                room.copy_from_slice(&[second, first]);
                count = last + 2;
            } else {
                *left -= 1;
                let character = u8::try_from(symbol).ok().filter(|byte| matches!(byte, b' '..=b'~'));
                out.write_char(character.map_or('?', char::from))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Symbol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = NAME_LIMIT;
        for symbol in self.name {
            if left == 0 {
                break;
            }
            self.table.expand(symbol, &mut left, f)?;
        }
        Ok(())
    }
}

/// The symbols of a name, up to its end.
#[derive(Clone, Copy, Debug)]
struct Codes<'a> {
    bytes: &'a [u8],
    wide: u8,
}

impl Iterator for Codes<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        match *self.bytes {
            [] | [END, ..] => None,
            [byte, ref rest @ ..] if byte < self.wide => {
                self.bytes = rest;
                Some(u16::from(byte))
            }
            [_] => {
                self.bytes = &[];
                None
            }
            [byte, next, ref rest @ ..] => {
                self.bytes = rest;
                Some(u16::from_be_bytes([byte - self.wide, next]).saturating_add(u16::from(self.wide)))
            }
        }
    }
}

/// Takes a number off the front.
fn number(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0;
    for shift in (0..u32::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
