//! `/proc`: what the kernel and its processes are doing, as files (proc(5)).
//!
//! * [`tree`] – the file system: inodes made on demand from the tables below
//! * [`text`] – the content of a file while it is written
//! * [`system`] – files about the whole machine, in one table
//! * [`process`] – the entries of each process and thread, in another
//! * [`capabilities`] – what a process holds
//! * [`maps`] – what a process has mapped
//! * [`ns`] – its namespaces
//! * [`schedule`] – what the scheduler counts
//! * [`sysctl`] – the settings under `/proc/sys`
//! * [`sysvipc`] – the objects of System V IPC

mod capabilities;
mod maps;
pub mod ns;
mod process;
mod schedule;
mod status;
mod sysctl;
mod sysrq;
mod system;
mod sysvipc;
mod text;
pub mod tree;

use alloc::sync::Arc;

use exo_kernel::vfs::{DeviceNumber, FileSystem};

pub use text::Text;
pub use tree::{Entry, Node, Volume};

static VOLUME: Volume = Volume {
    type_name: "proc",
    magic: 0x9fa0,
    device: DeviceNumber::new(0, 20),
    entries: system::ENTRIES,
    processes: true,
};

/// A new `/proc`.
pub fn new() -> Arc<dyn FileSystem> {
    tree::new(&VOLUME)
}
