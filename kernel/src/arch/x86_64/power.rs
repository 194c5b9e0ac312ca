//! Switching the machine off and restarting it.

use super::cpu::halt_forever;

/// Switches the machine off.
pub fn poweroff() -> ! {
    halt_forever()
}

/// Restarts the machine.
pub fn reboot() -> ! {
    halt_forever()
}
