//! Packing, on the host.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use crate::{DEPTH, END, FIRST_PAIR, FIXED, MAGIC, NAME_LIMIT, PAIR};

/// Codes of two bytes leave at least this many pairs.
const MOST_PAIRS: usize = 4096;
/// A pair that occurs less often costs as much as it saves.
const WORTH: u32 = 5;

type Pair = [u16; 2];

/// The table of `functions`, each an address and a name of ASCII characters (others become `?`). Of several at one
/// address, the first one counts; long names are cut.
///
/// # Panics
/// If the table were larger than 4 GiB.
#[must_use]
pub fn pack<'a>(functions: impl IntoIterator<Item = (u32, &'a str)>) -> Vec<u8> {
    let mut functions: Vec<(u32, &str)> = functions.into_iter().collect();
    functions.sort_by_key(|&(address, _)| address);
    functions.dedup_by_key(|&mut (address, _)| address);

    let mut grammar = Grammar::new(functions.iter().map(|&(_, name)| name));
    grammar.grow();
    let (names, pairs, wide) = grammar.finish();

    let mut table = vec![];
    table.extend(u16::try_from(pairs.len()).expect("at most MOST_PAIRS").to_le_bytes());
    table.push(wide);
    debug_assert_eq!(table.len(), FIXED);
    for pair in &pairs {
        let bytes: [[u8; 2]; PAIR / 2] = pair.map(u16::to_le_bytes);
        table.extend(bytes.as_flattened());
    }
    let mut last = 0;
    for ((address, _), name) in functions.iter().zip(names.split(|&symbol| symbol == u16::from(END))) {
        push_number(&mut table, address - last);
        last = *address;
        for &symbol in name {
            push_code(&mut table, symbol, wide);
        }
        table.push(END);
    }
    let length = u32::try_from(table.len()).expect("names of less than 4 GiB");
    [&MAGIC[..], &length.to_le_bytes(), &table].concat()
}

fn push_number(table: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        table.push(number as u8 | 0x80);
        number >>= 7;
    }
    table.push(number as u8);
}

fn push_code(table: &mut Vec<u8>, symbol: u16, wide: u8) {
    match symbol.checked_sub(u16::from(wide)) {
        None => table.push(symbol as u8),
        Some(beyond) => table.extend([wide + (beyond >> 8) as u8, beyond as u8]),
    }
}

/// All names, one after the other, and the pairs that were found in them.
struct Grammar {
    /// Each name ends with [`END`].
    names: Vec<u16>,
    pairs: Vec<Pair>,
    /// How deep each pair nests.
    depths: Vec<usize>,
    /// How often each pair of neighbours may be found: exact, but for overlaps (`aaa`).
    counts: BTreeMap<Pair, u32>,
}

impl Grammar {
    fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut names = Vec::new();
        for text in texts {
            let characters = text.chars().take(NAME_LIMIT);
            names.extend(characters.map(|c| if matches!(c, ' '..='~') { c as u16 } else { u16::from(b'?') }));
            names.push(u16::from(END));
        }
        let mut counts = BTreeMap::new();
        for pair in names.windows(2) {
            *counts.entry([pair[0], pair[1]]).or_default() += 1;
        }
        Self { names, pairs: Vec::new(), depths: Vec::new(), counts }
    }

    fn depth(&self, symbol: u16) -> usize {
        symbol.checked_sub(FIRST_PAIR).map_or(0, |index| self.depths[usize::from(index)])
    }

    fn pair_depth(&self, pair: Pair) -> usize {
        1 + self.depth(pair[0]).max(self.depth(pair[1]))
    }

    /// Replaces the most frequent pair by a symbol of its own, again and again.
    fn grow(&mut self) {
        while self.pairs.len() < MOST_PAIRS {
            let candidates = self.counts.iter().filter(|&(&pair, &count)| {
                count >= WORTH && !pair.contains(&u16::from(END)) && self.pair_depth(pair) <= DEPTH
            });
            // Of equals the first one, so that the same names always give the same table.
            let Some((&pair, _)) = candidates.rev().max_by_key(|&(_, &count)| count) else { return };
            self.depths.push(self.pair_depth(pair));
            self.pairs.push(pair);
            self.replace(pair, FIRST_PAIR + (self.pairs.len() - 1) as u16);
        }
    }

    fn replace(&mut self, pair: Pair, symbol: u16) {
        let mut kept = 0usize;
        let mut at = 0;
        while at < self.names.len() {
            let found = self.names[at..].starts_with(&pair);
            if found {
                let before = kept.checked_sub(1).map(|before| self.names[before]);
                let after = self.names.get(at + 2).copied();
                if let Some(before) = before {
                    self.count(before, pair[0], -1);
                    self.count(before, symbol, 1);
                }
                if let Some(after) = after {
                    self.count(pair[1], after, -1);
                    self.count(symbol, after, 1);
                }
            }
            self.names[kept] = if found { symbol } else { self.names[at] };
            kept += 1;
            at += if found { 2 } else { 1 };
        }
        self.names.truncate(kept);
        self.counts.remove(&pair);
    }

    fn count(&mut self, first: u16, second: u16, change: i32) {
        let count = self.counts.entry([first, second]).or_default();
        *count = count.saturating_add_signed(change);
        if *count == 0 {
            self.counts.remove(&[first, second]);
        }
    }

    /// The names, the pairs with the most frequent ones first, and the first byte of codes of two bytes.
    fn finish(mut self) -> (Vec<u16>, Vec<Pair>, u8) {
        let mut uses = vec![0usize; self.pairs.len()];
        for &symbol in &self.names {
            if let Some(index) = symbol.checked_sub(FIRST_PAIR) {
                uses[usize::from(index)] += 1;
            }
        }
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        order.sort_by_key(|&index| core::cmp::Reverse(uses[index]));
        let mut renamed = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            renamed[old] = FIRST_PAIR + new as u16;
        }
        let rename =
            |symbol: u16| symbol.checked_sub(FIRST_PAIR).map_or(symbol, |index| renamed[usize::from(index)]);
        let pairs = order.iter().map(|&old| self.pairs[old].map(rename)).collect();
        for symbol in &mut self.names {
            *symbol = rename(*symbol);
        }
        // As many codes of one byte as leave enough of two.
        let narrow = |wide: usize| wide - usize::from(FIRST_PAIR);
        let enough = |&wide: &usize| narrow(wide) + (256 - wide) * 256 >= order.len();
        let wide = (usize::from(FIRST_PAIR)..256).rev().find(enough).unwrap_or(usize::from(FIRST_PAIR));
        (self.names, pairs, wide as u8)
    }
}
