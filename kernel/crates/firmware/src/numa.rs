//! Which memory is near to which processors: ACPI's SRAT, and how far they are from each other: SLIT (specification
//! 6.5, 5.2.16 and 5.2.17). Proximity domains become nodes, numbered in the order in which they appear, as on Linux.

use crate::acpi::{entries, Fault, PROCESSORS};
use crate::number;

/// Nodes that are kept, at most.
pub const NODES: usize = 8;
/// Runs of memory that are kept, at most.
pub const SPANS: usize = 16;
/// Where the SRAT's entries and the SLIT's matrix begin.
const ENTRIES: usize = 48;
const MATRIX: usize = 44;
const ENABLED: u64 = 1;
/// The distance of a domain to itself.
const SELF: u8 = 10;

/// Memory of a node, by physical addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u64,
    pub end: u64,
    pub node: u8,
}

/// What the tables say.
#[derive(Clone, Debug, Default)]
pub struct Numa {
    domains: [u32; NODES],
    nodes: usize,
    spans: [Span; SPANS],
    span_count: usize,
    /// Local APICs' numbers and nodes.
    processors: [(u32, u8); PROCESSORS],
    processor_count: usize,
    distances: [[u8; NODES]; NODES],
}

impl Numa {
    /// How many nodes there are; 0 if nothing is said about them.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The memory of nodes.
    pub fn memory(&self) -> &[Span] {
        &self.spans[..self.span_count]
    }

    /// The node of the processor whose local APIC has this number.
    pub fn node_of_processor(&self, apic: u32) -> usize {
        let known = self.processors[..self.processor_count].iter().find(|(id, _)| *id == apic);
        known.map_or(0, |(_, node)| usize::from(*node))
    }

    /// How far it is from one node to another, where 10 is no way at all; 0 if nobody says.
    pub fn distance(&self, from: usize, to: usize) -> u8 {
        self.distances.get(from).and_then(|row| row.get(to)).copied().unwrap_or(0)
    }

    fn node(&mut self, domain: u32) -> Option<u8> {
        let known = self.domains[..self.nodes].iter().position(|known| *known == domain);
        let node = known.or_else(|| {
            *self.domains.get_mut(self.nodes)? = domain;
            self.nodes += 1;
            Some(self.nodes - 1)
        });
        node.map(|node| node as u8)
    }

    pub(crate) fn read_srat(&mut self, table: &[u8]) -> Result<(), Fault> {
        for entry in entries(table, ENTRIES) {
            let (kind, entry) = entry?;
            let field = |at| number::<4>(entry, at) as u32;
            match kind {
                0 if number::<4>(entry, 4) & ENABLED != 0 => {
                    let domain = number::<1>(entry, 2) as u32 | field(8) & !0xff;
                    self.add_processor(number::<1>(entry, 3) as u32, domain);
                }
                1 if number::<4>(entry, 28) & ENABLED != 0 => {
                    let start = number::<8>(entry, 8);
                    self.add_memory(start, start.saturating_add(number::<8>(entry, 16)), field(2));
                }
                2 if number::<4>(entry, 12) & ENABLED != 0 => self.add_processor(field(8), field(4)),
                _ => {}
            }
        }
        Ok(())
    }

    fn add_processor(&mut self, apic: u32, domain: u32) {
        let Some(node) = self.node(domain) else { return };
        if let Some(place) = self.processors.get_mut(self.processor_count) {
            *place = (apic, node);
            self.processor_count += 1;
        }
    }

    fn add_memory(&mut self, start: u64, end: u64, domain: u32) {
        if start == end {
            return;
        }
        let Some(node) = self.node(domain) else { return };
        if let Some(place) = self.spans.get_mut(self.span_count) {
            *place = Span { start, end, node };
            self.span_count += 1;
        }
    }

    pub(crate) fn read_slit(&mut self, table: &[u8]) -> Result<(), Fault> {
        let domains = number::<8>(table, 36);
        let matrix = table.get(MATRIX..).unwrap_or_default();
        let place = |from: u32, to: u32| {
            let (from, to) = (u64::from(from), u64::from(to));
            let at =
                (from < domains && to < domains).then(|| from.checked_mul(domains)?.checked_add(to))??;
            usize::try_from(at).ok()
        };
        let mut distances = [[0; NODES]; NODES];
        for (from, row) in distances[..self.nodes].iter_mut().enumerate() {
            for (to, distance) in row[..self.nodes].iter_mut().enumerate() {
                let Some(at) = place(self.domains[from], self.domains[to]) else { continue };
                *distance = *matrix.get(at).ok_or(Fault::Length(table.len() as u32))?;
                if (*distance == SELF) != (from == to) || *distance < SELF {
                    return Err(Fault::Distances);
                }
            }
        }
        self.distances = distances;
        Ok(())
    }
}
