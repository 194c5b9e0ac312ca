//! The pair of 8259 interrupt controllers: masked where there is an I/O APIC, in use where there is none.

use super::pio::{inb, outb};

const COMMAND: [u16; 2] = [0x20, 0xa0];
const DATA: [u16; 2] = [0x21, 0xa1];
const END_OF_INTERRUPT: u8 = 0x20;
const READ_IN_SERVICE: u8 = 0x0b;
const CASCADE: u8 = 2;

/// Initialises both with their vectors from `base` on, all lines masked.
pub(super) fn init(base: u8) {
    let steps = [
        [(COMMAND[0], 0x11), (COMMAND[1], 0x11)],
        [(DATA[0], base), (DATA[1], base + 8)],
        [(DATA[0], 1 << CASCADE), (DATA[1], CASCADE)],
        [(DATA[0], 0x01), (DATA[1], 0x01)],
        [(DATA[0], !(1 << CASCADE)), (DATA[1], 0xff)],
    ];
    for (port, value) in steps.into_iter().flatten() {
        // SAFETY: the controllers' registers do not touch memory.
        unsafe { outb(port, value) };
    }
}

/// Lets a line through.
pub(super) fn unmask(line: u8) {
    let port = DATA[usize::from(line / 8)];
    // SAFETY: as above.
    unsafe { outb(port, inb(port) & !(1 << (line % 8))) };
}

/// Is the line being served? If not, its interrupt was a spurious one.
fn in_service(line: u8) -> bool {
    let port = COMMAND[usize::from(line / 8)];
    // SAFETY: as above.
    unsafe {
        outb(port, READ_IN_SERVICE);
        inb(port) & 1 << (line % 8) != 0
    }
}

/// Ends the line's interrupt; `false` if there was none.
pub(super) fn end_of_interrupt(line: u8) -> bool {
    let real = in_service(line);
    // SAFETY: as above.
    unsafe {
        if real && line >= 8 {
            outb(COMMAND[1], END_OF_INTERRUPT);
        }
        if real || line >= 8 {
            outb(COMMAND[0], END_OF_INTERRUPT);
        }
    }
    real
}
