//! What ACPI's tables say about this machine, read once by the crate `firmware`.

use firmware::acpi::Platform;
use spin::Once;

use super::boot::Mapped;

static PLATFORM: Once<Platform> = Once::new();

/// What the tables said; nothing before [`init`] or without tables.
pub(super) fn platform() -> Option<&'static Platform> {
    PLATFORM.get()
}

/// Reads the tables.
pub(super) fn init(root_pointer: Option<u64>) {
    match Platform::read(&Mapped, root_pointer) {
        Some(platform) => {
            log::debug!("ACPI: {platform:?}");
            PLATFORM.call_once(|| platform);
        }
        None => log::info!("no ACPI tables"),
    }
}
