//! Switching the machine off and restarting it: by ACPI where it says how, and otherwise by the ways that PCs
//! have always had. The last resort is a triple fault, which resets the CPU (and ends QEMU with `-no-reboot`).

use core::arch::asm;

use firmware::acpi::{Platform, Register};

use super::acpi::platform;
use super::cpu::irq_disable;
use super::phys_to_virt;
use super::pio::{inb, inw, outb, outw};

const SLEEP_ENABLE_PM1: u16 = 1 << 13;
const SLEEP_TYPE_SHIFT_PM1: u16 = 10;
const ACPI_MODE: u16 = 1;
const SLEEP_ENABLE_REDUCED: u8 = 1 << 5;
const SLEEP_TYPE_SHIFT_REDUCED: u8 = 2;
/// Times that a port is read while hardware acts on a command.
const PATIENCE: u32 = 100_000;

fn write(register: Register, value: u8) {
    match register {
        // SAFETY: a register that ACPI's tables name for this purpose.
        Register::Port(port) => unsafe { outb(port, value) },
        // SAFETY: as above; the address is below 4 GiB, which is mapped.
        Register::Memory(address) => unsafe { (phys_to_virt(address) as *mut u8).write_volatile(value) },
    }
}

/// Switches the machine off. Where that is not possible, it stops.
pub fn poweroff() -> ! {
    irq_disable();
    super::ipi::stop_others();
    if let Some(platform) = platform() {
        acpi_off(platform);
    }
    // No way to switch off: where a restart ends the machine, that is next best.
    triple_fault()
}

fn acpi_off(platform: &Platform) {
    let Some([type_a, type_b]) = platform.off_type else { return };
    if let Some(register) = platform.sleep_control {
        write(register, type_a << SLEEP_TYPE_SHIFT_REDUCED | SLEEP_ENABLE_REDUCED);
        wait_a_little();
        return;
    }
    enable_acpi(platform);
    for (port, kind) in platform.pm1.iter().zip([type_a, type_b]) {
        if let Some(port) = *port {
            // SAFETY: the power management control register that the tables name.
            unsafe { outw(port, u16::from(kind) << SLEEP_TYPE_SHIFT_PM1 | SLEEP_ENABLE_PM1) };
        }
    }
    wait_a_little();
}

/// Takes the power management registers over from firmware, if that has not happened.
fn enable_acpi(platform: &Platform) {
    let (Some(control), Some((command, value))) = (platform.pm1[0], platform.enable) else { return };
    // SAFETY: registers that the tables name for this purpose.
    unsafe {
        if inw(control) & ACPI_MODE == 0 {
            outb(command, value);
            for _ in 0..PATIENCE {
                if inw(control) & ACPI_MODE != 0 {
                    return;
                }
            }
        }
    }
}

fn wait_a_little() {
    for _ in 0..PATIENCE {
        // SAFETY: port 0x80 shows diagnostic codes; reading it only takes time.
        unsafe { inb(0x80) };
    }
}

/// Restarts the machine.
pub fn reboot() -> ! {
    irq_disable();
    super::ipi::stop_others();
    if let Some((register, value)) = platform().and_then(|platform| platform.reset) {
        write(register, value);
        wait_a_little();
    }
    // SAFETY: the keyboard controller's command to pulse the reset line, and the chipset's reset register.
    unsafe {
        outb(0x64, 0xfe);
        outb(0xcf9, 0x06);
    }
    wait_a_little();
    triple_fault()
}

/// A fault without a way to handle it resets the CPU.
fn triple_fault() -> ! {
    let empty = [0u64; 2];
    // SAFETY: this is the end of the running system.
    unsafe { asm!("lidt [{}]; ud2", in(reg) &raw const empty, options(noreturn)) }
}
