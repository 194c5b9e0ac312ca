//! `/sys/devices/system/node`: which memory is near to which CPUs.

use exo_kernel::mm::{frame, PAGE_SIZE};
use exo_kernel::{sched, Result};

use super::{directory, fact};
use crate::procfs::{Entry, Text};

/// Files about all nodes.
const ALL: usize = 5;
/// Nodes that have rows.
const NODES: usize = 8;

static ENTRIES: [Entry<()>; ALL + NODES] = [
    fact("has_cpu", |(), text| list(text, with_cpus())),
    fact("has_memory", |(), text| list(text, with_memory())),
    fact("has_normal_memory", |(), text| list(text, with_memory())),
    fact("online", |(), text| list(text, 0..frame::nodes())),
    fact("possible", |(), text| list(text, 0..frame::nodes())),
    directory("node0", Files::<0>::ENTRIES),
    directory("node1", Files::<1>::ENTRIES),
    directory("node2", Files::<2>::ENTRIES),
    directory("node3", Files::<3>::ENTRIES),
    directory("node4", Files::<4>::ENTRIES),
    directory("node5", Files::<5>::ENTRIES),
    directory("node6", Files::<6>::ENTRIES),
    directory("node7", Files::<7>::ENTRIES),
];

/// The rows for the nodes that there are.
pub(super) fn entries() -> &'static [Entry<()>] {
    &ENTRIES[..ALL + frame::nodes().min(NODES)]
}

/// What there is of each node.
struct Files<const NODE: usize>;

impl<const NODE: usize> Files<NODE> {
    const ENTRIES: &'static [Entry<()>] = &[
        fact("cpulist", |(), text| list(text, cpus_of(NODE))),
        fact("cpumap", |(), text| {
            let mask = cpus_of(NODE).fold(0u64, |mask, cpu| mask | 1 << cpu);
            text.print(format_args!("{mask:x}\n"));
            Ok(())
        }),
        fact("distance", |(), text| {
            for other in 0..frame::nodes() {
                let blank = if other == 0 { "" } else { " " };
                text.print(format_args!("{blank}{}", frame::node_distance(NODE, other)));
            }
            text.push(b"\n");
            Ok(())
        }),
        fact("meminfo", |(), text| {
            let (total, free) = frame::frames_of_node(NODE);
            let kib = |frames: usize| frames * PAGE_SIZE / 1024;
            let used = total.saturating_sub(free);
            for (name, frames) in [("MemTotal:", total), ("MemFree:", free), ("MemUsed:", used)] {
                text.print(format_args!("Node {NODE} {name:<15}{:>8} kB\n", kib(frames)));
            }
            Ok(())
        }),
    ];
}

fn cpus_of(node: usize) -> impl Iterator<Item = usize> {
    (0..sched::online_cpus()).filter(move |cpu| frame::node_of_cpu(*cpu) == node)
}

fn with_cpus() -> impl Iterator<Item = usize> {
    (0..frame::nodes()).filter(|node| cpus_of(*node).next().is_some())
}

fn with_memory() -> impl Iterator<Item = usize> {
    (0..frame::nodes()).filter(|node| frame::frames_of_node(*node).0 > 0)
}

/// Numbers as Linux lists them: `0-3,5`.
fn list(text: &mut Text, numbers: impl Iterator<Item = usize>) -> Result<()> {
    let mut put = |first: usize, last: usize, blank: &str| match last - first {
        0 => text.print(format_args!("{blank}{first}")),
        _ => text.print(format_args!("{blank}{first}-{last}")),
    };
    let (mut run, mut comma) = (None, "");
    for number in numbers {
        run = match run {
            Some((first, last)) if last + 1 == number => Some((first, number)),
            Some((first, last)) => {
                put(first, last, comma);
                comma = ",";
                Some((number, number))
            }
            None => Some((number, number)),
        };
    }
    if let Some((first, last)) = run {
        put(first, last, comma);
    }
    text.push(b"\n");
    Ok(())
}
