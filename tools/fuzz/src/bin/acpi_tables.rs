//! ACPI tables whose headers and sums are right, with anything behind them.
#![no_main]

use firmware::acpi::{Platform, PROCESSORS};
use firmware::Physical;

const BASE: u64 = 0xe_0000;
const HEADER: usize = 36;
const ROOT: [u8; 20] = *b"RSD PTR \0EXO-OS\0\0\0\0\0";
const KINDS: [[u8; 4]; 6] = [*b"APIC", *b"FACP", *b"HPET", *b"SRAT", *b"SLIT", *b"DSDT"];

struct Memory(Vec<u8>);

impl Physical for Memory {
    fn bytes(&self, address: u64, length: usize) -> Option<&[u8]> {
        let at = usize::try_from(address.checked_sub(BASE)?).ok()?;
        self.0.get(at..at.checked_add(length)?)
    }
}

fn seal(bytes: &mut [u8], sum_at: usize) {
    let sum = bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    bytes[sum_at] = bytes[sum_at].wrapping_sub(sum);
}

impl Memory {
    fn add(&mut self, signature: [u8; 4], body: &[u8]) -> u32 {
        let start = self.0.len();
        self.0.extend(signature);
        self.0.extend(((HEADER + body.len()) as u32).to_le_bytes());
        self.0.resize(start + HEADER, 0);
        self.0.extend(body);
        seal(&mut self.0[start..], 9);
        BASE as u32 + start as u32
    }
}

/// The input: tables, each a byte that chooses its kind, a byte that is half its length, and its body.
fn read(mut bytes: &[u8]) {
    let mut memory = Memory(ROOT.to_vec());
    let mut list = Vec::new();
    while let [kind, half, rest @ ..] = bytes {
        let (body, rest) = rest.split_at(rest.len().min(usize::from(*half) * 2));
        list.extend(memory.add(KINDS[usize::from(*kind) % KINDS.len()], body).to_le_bytes());
        bytes = rest;
    }
    let list = memory.add(*b"RSDT", &list);
    memory.0[16..20].copy_from_slice(&list.to_le_bytes());
    seal(&mut memory.0[..20], 8);
    let platform = Platform::read(&memory, Some(BASE)).expect("the root pointer is right");
    let numa = &platform.numa;
    assert!(platform.apics().len() <= PROCESSORS);
    assert!(numa.memory().iter().all(|span| span.start < span.end && usize::from(span.node) < numa.nodes()));
    assert!((0..16).all(|apic| numa.node_of_processor(apic) < numa.nodes().max(1)));
    for fault in platform.refused() {
        assert!(!fault.fault.to_string().is_empty());
    }
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let madt =
        [&[0u8; 8][..], &[0, 8, 0, 0, 1, 0, 0, 0], &[1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0]].concat();
    let memory = |domain: u8, start: u8| {
        let mut entry = [0; 40];
        (entry[0], entry[1], entry[2], entry[10], entry[18], entry[28]) = (1, 40, domain, start, 1, 1);
        entry
    };
    let srat =
        [&[0u8; 12][..], &[0, 16, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &memory(0, 0), &memory(1, 1)]
            .concat();
    let slit = [&2u64.to_le_bytes()[..], &[10, 20, 20, 10]].concat();
    let input = |tables: &[(u8, &[u8])]| {
        tables.iter().fold(Vec::new(), |mut all, (kind, body)| {
            all.extend([*kind, body.len().div_ceil(2) as u8]);
            all.extend(*body);
            all
        })
    };
    vec![("madt", input(&[(0, &madt)])), ("numa", input(&[(3, &srat), (4, &slit)]))]
}

libfuzzer_sys::fuzz_target!(init: exo_fuzz::write_seeds(seeds()), |bytes: &[u8]| read(bytes));
