//! The first serial port, polled: where messages go before there is a console, and in a panic.

use core::sync::atomic::{AtomicBool, Ordering};

use super::pio::{inb, outb};

const PORT: u16 = 0x3f8;
const LINE_STATUS: u16 = PORT + 5;
const TRANSMITTER_EMPTY: u8 = 1 << 5;

static PRESENT: AtomicBool = AtomicBool::new(false);

/// Sets the port to 115200 baud, 8N1, if it is there.
pub fn init() {
    let settings = [(1, 0), (3, 0x80), (0, 1), (1, 0), (3, 0x03), (2, 0x07), (4, 0x0b)];
    for (register, value) in settings {
        // SAFETY: the 16550's registers do not touch memory; an absent port ignores writes.
        unsafe { outb(PORT + register, value) };
    }
    // SAFETY: as above; an absent port reads all ones.
    let line_control = unsafe { inb(PORT + 3) };
    PRESENT.store(line_control == 0x03, Ordering::Relaxed);
}

/// Sends the bytes, a carriage return before each newline.
pub fn write(bytes: &[u8]) {
    if !PRESENT.load(Ordering::Relaxed) {
        return;
    }
    for &byte in bytes {
        if byte == b'\n' {
            send(b'\r');
        }
        send(byte);
    }
}

fn send(byte: u8) {
    // SAFETY: the 16550's registers do not touch memory.
    unsafe {
        while inb(LINE_STATUS) & TRANSMITTER_EMPTY == 0 {
            core::hint::spin_loop();
        }
        outb(PORT, byte);
    }
}
