//! What was packed can be found again, and nothing that is read makes the reader fail.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use symbol_table::{pack, Symbol, Table, HEADER};

fn proper(table: &[u8]) -> &[u8] {
    let (header, rest) = table.split_first_chunk::<HEADER>().expect("a header");
    assert_eq!(Table::length(*header), rest.len());
    rest
}

fn name(symbol: &Symbol) -> String {
    symbol.to_string()
}

/// Names as they are: few words, in many combinations.
fn names() -> impl Strategy<Value = String> {
    let word =
        prop::sample::select(&["core", "fmt", "<Vec<u8>>", "::", "new", "drop_in_place", " as ", "x"][..]);
    prop_oneof![prop::collection::vec(word, 0..12).prop_map(|words| words.concat()), "[ -~]{0,60}"]
}

fn functions() -> impl Strategy<Value = BTreeMap<u32, String>> {
    prop::collection::btree_map(prop_oneof![0..100_000u32, any::<u32>()], names(), 0..60)
}

fn packed(functions: &BTreeMap<u32, String>) -> Vec<u8> {
    pack(functions.iter().map(|(&address, name)| (address, name.as_str())))
}

/// Reads all that there is to read.
fn read_everything(bytes: &[u8], address: u32) {
    let Some(table) = Table::new(bytes) else { return };
    let mut last = 0;
    for symbol in table.symbols() {
        assert!(symbol.start >= last);
        last = symbol.start;
        assert!(name(&symbol).len() <= 400);
    }
    if let Some(symbol) = table.find(address) {
        assert!(symbol.start <= address);
    }
}

proptest! {
    #[test]
    fn round_trip(functions in functions(), address: u32) {
        let bytes = packed(&functions);
        let table = Table::new(proper(&bytes)).expect("a table");
        let read: BTreeMap<u32, String> = table.symbols().map(|s| (s.start, name(&s))).collect();
        prop_assert_eq!(&read, &functions);
        let expected = functions.range(..=address).next_back().map(|(&start, name)| (start, name.clone()));
        prop_assert_eq!(table.find(address).map(|s| (s.start, name(&s))), expected);
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600), address: u32) {
        read_everything(&bytes, address);
    }

    #[test]
    fn broken_tables_do_no_harm(
        functions in functions(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut: prop::sample::Index,
        address: u32,
    ) {
        let table = packed(&functions);
        let mut bytes = proper(&table).to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_everything(&bytes, address);
        bytes.truncate(cut.index(bytes.len()));
        read_everything(&bytes, address);
    }
}

/// Pairs that contain themselves, or twice what the pair before contains.
#[test]
fn pairs_without_end_end() {
    for pair in [[128u16, 128], [128, 65], [65, 128]] {
        let mut bytes = vec![1, 0, 255];
        bytes.extend(pair.iter().flat_map(|symbol| symbol.to_le_bytes()));
        bytes.extend([5, 128, 128, 0]);
        read_everything(&bytes, 5);
    }
    let mut doubling = vec![100, 0, 255];
    for symbol in 0..100u16 {
        let below = if symbol == 0 { u16::from(b'a') } else { 127 + symbol };
        doubling.extend([below, below].iter().flat_map(|symbol| symbol.to_le_bytes()));
    }
    for code in 128..228u8 {
        doubling.extend([1, code, code, 0]);
    }
    read_everything(&doubling, 100);
}

#[test]
fn long_and_foreign_names_are_cut_and_marked() {
    let long = "ab".repeat(500);
    let table = pack([(1, long.as_str()), (2, "é\n"), (2, "second at its address")]);
    let table = Table::new(proper(&table)).expect("a table");
    let names: Vec<String> = table.symbols().map(|s| name(&s)).collect();
    assert_eq!(names, ["ab".repeat(200), "??".into()]);
}

#[test]
fn another_header_has_no_table() {
    assert_eq!(Table::length([0; HEADER]), 0);
    assert_eq!(Table::length([0xff; HEADER]), 0);
    assert!(Table::new(&[]).is_none());
}

/// More pairs than one byte can name.
#[test]
fn many_names() {
    let mut functions = BTreeMap::new();
    for index in 0..3000u32 {
        let mut text = String::new();
        for part in 0..6 {
            write!(text, "::word{}", (index * 7919 + part * 104_729) % 700).expect("a string takes all");
        }
        functions.insert(index * 48, text);
    }
    let bytes = packed(&functions);
    let plain: usize = functions.values().map(|name| name.len() + 8).sum();
    assert!(bytes.len() * 3 < plain, "{} of {plain}", bytes.len());
    let table = Table::new(proper(&bytes)).expect("a table");
    assert!(table.symbols().map(|s| (s.start, name(&s))).eq(functions));
}
