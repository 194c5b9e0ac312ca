//! ACPI tables: what is written as the specification (6.5, chapter 5.2) says is read as it was meant; and what stands
//! behind right headers and sums may be anything.

use firmware::acpi::{Fault, Platform, PROCESSORS};
use firmware::numa::{NODES, SPANS};
use firmware::Physical;
use proptest::prelude::*;

const BASE: u64 = 0xe_0000;
const HEADER: usize = 36;
const KINDS: [[u8; 4]; 6] = [*b"APIC", *b"FACP", *b"HPET", *b"SRAT", *b"SLIT", *b"DSDT"];

/// Memory from [`BASE`] on, filled from its start.
#[derive(Default)]
struct Ram(Vec<u8>);

impl Physical for Ram {
    fn bytes(&self, address: u64, length: usize) -> Option<&[u8]> {
        let at = usize::try_from(address.checked_sub(BASE)?).ok()?;
        self.0.get(at..at.checked_add(length)?)
    }
}

impl Ram {
    /// Adds a table behind the others; its address.
    fn add(&mut self, table: &[u8]) -> u64 {
        self.0.resize(self.0.len().next_multiple_of(16), 0);
        let address = BASE + self.0.len() as u64;
        self.0.extend(table);
        address
    }

    /// Adds what finds the tables.
    fn finish(&mut self, tables: &[u64]) -> u64 {
        let list: Vec<u8> = tables.iter().flat_map(|table| table.to_le_bytes()).collect();
        let list = self.add(&sealed(*b"XSDT", &list));
        // The first sum is over 20 bytes, the second one over all.
        let mut root =
            [&b"RSD PTR \0EXO-OS\x02"[..], &[0; 4], &36u32.to_le_bytes(), &list.to_le_bytes()].concat();
        root.resize(36, 0);
        root[8] = missing(&root[..20]);
        root[32] = missing(&root);
        self.add(&root)
    }
}

/// A table whose length and sum are right, whatever it says.
fn sealed(signature: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut table = [&signature[..], &((HEADER + body.len()) as u32).to_le_bytes()].concat();
    table.resize(HEADER, 0);
    table.extend(body);
    table[9] = missing(&table);
    table
}

/// What makes the sum of all zero.
fn missing(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}

/// A processor's entry in the MADT: its number, its APIC's, whether it is enabled.
fn processor(uid: u8, apic: u8, enabled: bool) -> [u8; 8] {
    [0, 8, uid, apic, enabled.into(), 0, 0, 0]
}

/// An interrupt controller's entry in the MADT.
fn io_apic(address: u32) -> Vec<u8> {
    [&[1, 12, 0, 0][..], &address.to_le_bytes(), &[0; 4]].concat()
}

/// A span of memory in the SRAT.
fn memory(domain: u32, start: u64, size: u64, enabled: bool) -> Vec<u8> {
    let [domain, flags] = [domain, enabled.into()].map(u32::to_le_bytes);
    let [start, size] = [start, size].map(u64::to_le_bytes);
    [&[1, 40], &domain[..], &[0; 2], &start, &size, &[0; 4], &flags, &[0; 8]].concat()
}

fn srat(entries: &[Vec<u8>]) -> Vec<u8> {
    sealed(*b"SRAT", &[vec![0; 12], entries.concat()].concat())
}

fn slit(domains: u64, matrix: &[u8]) -> Vec<u8> {
    sealed(*b"SLIT", &[&domains.to_le_bytes(), matrix].concat())
}

/// A FADT of which all but the place of the DSDT is zero.
fn fadt(dsdt: u64, is_wide: bool) -> Vec<u8> {
    let mut body = vec![0; 240];
    if is_wide {
        body[140 - HEADER..][..8].copy_from_slice(&dsdt.to_le_bytes());
    } else {
        body[40 - HEADER..][..4].copy_from_slice(&(dsdt as u32).to_le_bytes());
    }
    sealed(*b"FACP", &body)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        apics in prop::collection::vec((any::<u8>(), any::<bool>()), 1..40),
        controller: u32,
        local_apic: u32,
        spans in prop::collection::vec((0..1u64 << 40, 1..1u64 << 40, any::<bool>()), 0..NODES),
        far in prop::collection::vec(11..=255u8, NODES * NODES),
        dsdt_is_wide: bool,
    ) {
        let mut ram = Ram::default();
        let mut madt = [local_apic.to_le_bytes(), [0; 4]].concat();
        for (uid, &(id, enabled)) in apics.iter().enumerate() {
            madt.extend(processor(uid as u8, id, enabled));
        }
        madt.extend(io_apic(controller));
        let memories: Vec<Vec<u8>> =
            (0..).zip(&spans).map(|(domain, &(start, size, enabled))| memory(domain, start, size, enabled)).collect();
        let count = spans.len();
        let mut matrix = vec![10; count * count];
        for from in 0..count {
            for to in 0..from {
                matrix[from * count + to] = far[from * NODES + to];
                matrix[to * count + from] = far[from * NODES + to];
            }
        }
        let dsdt = ram.add(&sealed(*b"DSDT", b"\x08_S5_\x12\x06\x04\x0a\x05\x01\x00"));
        let tables =
            [sealed(*b"APIC", &madt), fadt(dsdt, dsdt_is_wide), slit(count as u64, &matrix), srat(&memories)];
        let tables = tables.map(|table| ram.add(&table));
        let root = ram.finish(&tables);

        let platform = Platform::read(&ram, Some(root)).expect("a root pointer");
        prop_assert_eq!(platform.refused(), &[]);
        prop_assert_eq!(platform.local_apic, Some(u64::from(local_apic)));
        prop_assert_eq!(platform.io_apic, Some((controller, 0)).map(|(address, gsi)| (u64::from(address), gsi)));
        let enabled: Vec<u32> = apics.iter().filter(|(_, enabled)| *enabled).map(|(id, _)| u32::from(*id)).collect();
        prop_assert_eq!(platform.processors, enabled.len());
        prop_assert_eq!(platform.apics(), &enabled[..enabled.len().min(PROCESSORS)]);
        prop_assert_eq!(platform.off_type, Some([5, 1]));

        let known: Vec<(usize, &(u64, u64, bool))> = spans.iter().enumerate().filter(|(_, span)| span.2).collect();
        prop_assert_eq!(platform.numa.nodes(), known.len());
        for (node, (domain, (start, size, _))) in known.iter().enumerate() {
            let span = platform.numa.memory()[node];
            prop_assert_eq!((span.start, span.end, usize::from(span.node)), (*start, start + size, node));
            for (other, (other_domain, _)) in known.iter().enumerate() {
                let (low, high) = (domain.min(other_domain), domain.max(other_domain));
                let expected = if node == other { 10 } else { far[high * NODES + low] };
                prop_assert_eq!(platform.numa.distance(node, other), expected);
            }
        }
    }

    #[test]
    fn bodies_may_be_anything(
        bodies in prop::collection::vec(
            (
                prop::sample::select(&KINDS[..]),
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..260),
                    // Entries, more or less.
                    prop::collection::vec((0..10u8, 0..41u8, prop::collection::vec(0..3u8, 40)), 0..30).prop_map(
                        |entries| entries.into_iter().fold(vec![0; 12], |mut body, (kind, length, rest)| {
                            body.extend([kind, length]);
                            body.extend(&rest[..usize::from(length).saturating_sub(2)]);
                            body
                        }),
                    ),
                ],
            ),
            0..8,
        ),
    ) {
        let mut ram = Ram::default();
        let tables: Vec<u64> = bodies.iter().map(|(name, body)| ram.add(&sealed(*name, body))).collect();
        let root = ram.finish(&tables);
        let platform = Platform::read(&ram, Some(root)).expect("a root pointer");
        prop_assert!(platform.apics().len() <= PROCESSORS);
        let numa = &platform.numa;
        prop_assert!(numa.nodes() <= NODES && numa.memory().len() <= SPANS);
        prop_assert!(numa.memory().iter().all(|span| span.start < span.end && usize::from(span.node) < numa.nodes()));
        prop_assert!((0..300).all(|apic| numa.node_of_processor(apic) < numa.nodes().max(1)));
    }
}

/// Reads a machine that has this one table.
fn fault_of(table: &[u8]) -> Option<Fault> {
    let mut ram = Ram::default();
    let address = ram.add(table);
    let root = ram.finish(&[address]);
    let platform = Platform::read(&ram, Some(root)).expect("a root pointer");
    platform.refused().first().map(|refused| {
        assert_eq!(refused.address, address);
        refused.fault
    })
}

#[test]
fn faults_are_told() {
    let mut wrong = sealed(*b"APIC", &[0; 8]);
    assert_eq!(fault_of(&wrong), None);
    wrong[20] ^= 1;
    assert_eq!(fault_of(&wrong), Some(Fault::Sum));
    wrong[4..8].copy_from_slice(&35u32.to_le_bytes());
    assert_eq!(fault_of(&wrong), Some(Fault::Length(35)));
    wrong[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(fault_of(&wrong), Some(Fault::Length(u32::MAX)));
    wrong[4..8].copy_from_slice(&100_000u32.to_le_bytes());
    assert_eq!(fault_of(&wrong), Some(Fault::Unreachable));
    for (entry, at) in
        [(&[0u8, 0][..], 44), (&[0, 1], 44), (&[0, 9, 0, 0, 0], 44), (&[7], 44), (&[7, 2, 0], 46)]
    {
        let body = [&[0; 8], entry].concat();
        assert_eq!(fault_of(&sealed(*b"APIC", &body)), Some(Fault::Entry(at)), "{entry:?}");
    }
    assert_eq!(fault_of(&sealed(*b"SRAT", &[0; 13])), Some(Fault::Entry(48)));
    assert_eq!(fault_of(&sealed(*b"HPET", &[0; 15])), Some(Fault::Length(51)));
}

/// Two domains of memory, and this matrix.
fn distances(domains: u64, matrix: &[u8]) -> (Option<Fault>, [u8; 4]) {
    let mut ram = Ram::default();
    let srat = ram.add(&srat(&[memory(0, 0, 1 << 20, true), memory(1, 1 << 20, 1 << 20, true)]));
    let slit = ram.add(&slit(domains, matrix));
    let root = ram.finish(&[slit, srat]);
    let platform = Platform::read(&ram, Some(root)).expect("a root pointer");
    let distance = |place: usize| platform.numa.distance(place / 2, place % 2);
    (platform.refused().first().map(|refused| refused.fault), [0, 1, 2, 3].map(distance))
}

#[test]
fn distances_are_sound_or_left_out() {
    assert_eq!(distances(2, &[10, 20, 30, 10]), (None, [10, 20, 30, 10]));
    assert_eq!(distances(2, &[10, 20, 10, 10]), (Some(Fault::Distances), [0; 4]));
    assert_eq!(distances(2, &[9, 20, 20, 10]), (Some(Fault::Distances), [0; 4]));
    assert_eq!(distances(2, &[10, 0, 20, 10]), (Some(Fault::Distances), [0; 4]));
    assert_eq!(distances(2, &[10, 20, 20]), (Some(Fault::Length(47)), [0; 4]));
    assert_eq!(distances(1 << 63, &[10, 20, 20, 10]), (Some(Fault::Length(48)), [0; 4]));
    // A table of fewer domains says nothing about the others.
    assert_eq!(distances(1, &[10]), (None, [10, 0, 0, 0]));
}
