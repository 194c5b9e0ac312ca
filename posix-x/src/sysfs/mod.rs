//! `/sys`: the few facts about hardware and kernel that programs look for there (sysfs(5)), in one table over the
//! same generated tree as `/proc`.

mod node;

use alloc::sync::Arc;

use exo_kernel::sched;
use exo_kernel::vfs::{DeviceNumber, FileSystem};
use exo_kernel::Result;

use crate::procfs::tree::{self, Volume};
use crate::procfs::{Entry, Node, Text};

static VOLUME: Volume = Volume {
    type_name: "sysfs",
    magic: 0x6265_6572,
    device: DeviceNumber::new(0, 21),
    entries: ENTRIES,
    processes: false,
};

/// A new `/sys`.
pub fn new() -> Arc<dyn FileSystem> {
    tree::new(&VOLUME)
}

const fn directory(name: &'static str, entries: &'static [Entry<()>]) -> Entry<()> {
    Entry { name, mode: 0o755, node: Node::Directory(entries) }
}

const fn fact(name: &'static str, write: fn(&(), &mut Text) -> Result<()>) -> Entry<()> {
    Entry { name, mode: 0o444, node: Node::File(write) }
}

static ENTRIES: &[Entry<()>] = &[
    directory("block", &[]),
    directory("bus", &[]),
    directory(
        "class",
        &[directory("net", &[]), directory("tty", &[directory("console", &[fact("active", console)])])],
    ),
    directory("dev", &[directory("block", &[]), directory("char", &[])]),
    directory(
        "devices",
        &[directory(
            "system",
            &[directory("cpu", CPU), Entry { name: "node", mode: 0o755, node: Node::Chosen(node::entries) }],
        )],
    ),
    directory("fs", &[]),
    directory("kernel", &[]),
    directory("module", &[]),
];

static CPU: &[Entry<()>] = &[fact("online", cpus), fact("possible", cpus), fact("present", cpus)];

/// The terminal that is the console.
fn console(_: &(), text: &mut Text) -> Result<()> {
    if let Some(name) = exo_kernel::dev::nodes::console_name() {
        text.print(format_args!("{name}\n"));
    }
    Ok(())
}

/// The CPUs as a range: `0-3`, or `0`.
fn cpus(_: &(), text: &mut Text) -> Result<()> {
    match sched::online_cpus() {
        0 | 1 => text.push(b"0\n"),
        count => text.print(format_args!("0-{}\n", count - 1)),
    }
    Ok(())
}
