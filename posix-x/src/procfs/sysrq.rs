//! `/proc/sysrq-trigger` (proc(5)): what the superuser may ask of the kernel past all else. A crash on demand is how
//! panics and what becomes of them are tried out.

use exo_kernel::{arch, vfs, Kind, Result};

/// Nothing to read.
pub(super) fn read() -> Result<()> {
    Err(Kind::Io.into())
}

/// Does what the first character says.
pub(super) fn trigger(keys: &[u8]) -> Result<()> {
    match keys.first() {
        Some(b'b') => arch::reboot(),
        Some(b'c') => crash(),
        Some(b'o') => arch::poweroff(),
        Some(b's') => {
            log::info!("sysrq: Emergency Sync");
            vfs::sync_all()
        }
        Some(_) => {
            log::info!("sysrq: HELP : reboot(b) crash(c) poweroff(o) sync(s)");
            Ok(())
        }
        None => Ok(()),
    }
}

/// A function of its own, for its name in the backtrace.
#[inline(never)]
fn crash() -> ! {
    panic!("sysrq triggered crash")
}
