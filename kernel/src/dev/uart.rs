//! The 16550 serial port (National Semiconductor PC16550D data sheet): FIFO bytes in and out, and
//! the receive interrupt. Used by the serial console ([`super::console`]) and the host link.

use crate::arch::pio::{inb, outb};

/// Depth of the transmit FIFO.
const FIFO: usize = 16;

mod register {
    pub const DATA: u16 = 0;
    pub const INTERRUPT_ENABLE: u16 = 1;
    pub const FIFO_CONTROL: u16 = 2;
    pub const LINE_CONTROL: u16 = 3;
    pub const MODEM_CONTROL: u16 = 4;
    pub const LINE_STATUS: u16 = 5;
    pub const SCRATCH: u16 = 7;
}

const DATA_READY: u8 = 1 << 0;
const TRANSMITTER_EMPTY: u8 = 1 << 5;

/// One port.
#[derive(Clone, Copy, Debug)]
pub struct Uart {
    base: u16,
}

impl Uart {
    /// The port at I/O address `base`, set to 115200 baud, 8N1, FIFOs on; `None` if nothing answers there.
    pub fn probe(base: u16) -> Option<Self> {
        let uart = Self { base };
        for pattern in [0x5a, 0xa5] {
            uart.write_register(register::SCRATCH, pattern);
            if uart.read_register(register::SCRATCH) != pattern {
                return None;
            }
        }
        uart.write_register(register::INTERRUPT_ENABLE, 0);
        uart.write_register(register::LINE_CONTROL, 0x80);
        uart.write_register(register::DATA, 1);
        uart.write_register(register::INTERRUPT_ENABLE, 0);
        uart.write_register(register::LINE_CONTROL, 0x03);
        uart.write_register(register::FIFO_CONTROL, 0x07);
        // DTR, RTS, and OUT2, which gates the interrupt line on a PC.
        uart.write_register(register::MODEM_CONTROL, 0x0b);
        Some(uart)
    }

    /// Asks for an interrupt when bytes arrive, or stops asking.
    pub fn set_receive_interrupt(&self, on: bool) {
        self.write_register(register::INTERRUPT_ENABLE, u8::from(on));
    }

    /// The next received byte.
    pub fn receive(&self) -> Option<u8> {
        (self.read_register(register::LINE_STATUS) & DATA_READY != 0)
            .then(|| self.read_register(register::DATA))
    }

    /// Sends all bytes, waiting for the FIFO where it is full.
    pub fn send(&self, bytes: &[u8]) {
        for piece in bytes.chunks(FIFO) {
            while self.read_register(register::LINE_STATUS) & TRANSMITTER_EMPTY == 0 {
                core::hint::spin_loop();
            }
            piece.iter().for_each(|&byte| self.write_register(register::DATA, byte));
        }
    }

    fn read_register(&self, register: u16) -> u8 {
        // SAFETY: the port is a 16550's (probed), whose registers have no effect on memory.
        unsafe { inb(self.base + register) }
    }

    fn write_register(&self, register: u16, value: u8) {
        // SAFETY: as above; probing writes only the scratch register of an absent device.
        unsafe { outb(self.base + register, value) }
    }
}
