//! What ACPI's tables say about this machine, read once by the crate `firmware`.

use buddy::{NodeMap, Span};
use firmware::acpi::Platform;
use spin::Once;

use super::boot::Mapped;
use super::PAGE_SIZE;

static PLATFORM: Once<Platform> = Once::new();

/// What the tables said; nothing before [`init`] or without tables.
pub(super) fn platform() -> Option<&'static Platform> {
    PLATFORM.get()
}

/// Which memory is near to which CPUs, if there are several nodes.
pub fn memory_nodes() -> Option<NodeMap> {
    let numa = platform().map(|platform| &platform.numa).filter(|numa| numa.nodes() > 1)?;
    let frame = |address: u64| u32::try_from(address / PAGE_SIZE as u64).unwrap_or(u32::MAX);
    let spans = numa.memory().iter().map(|span| Span { start: frame(span.start), node: span.node });
    Some(NodeMap::new(numa.nodes(), spans, |from, to| numa.distance(from, to)))
}

/// Reads the tables.
pub(super) fn init(root_pointer: Option<u64>) {
    match Platform::read(&Mapped, root_pointer) {
        Some(platform) => {
            for refused in platform.refused() {
                log::warn!("ACPI: the table at {:#x} has {}", refused.address, refused.fault);
            }
            log::debug!(
                "ACPI: {} processors, {} nodes, I/O APIC {:#x?}, HPET {:#x?}",
                platform.processors,
                platform.numa.nodes(),
                platform.io_apic.map(|(address, _)| address),
                platform.hpet
            );
            PLATFORM.call_once(|| platform);
        }
        None => log::info!("no ACPI tables"),
    }
}
