//! Port I/O.

use core::arch::asm;

macro_rules! port {
    ($read:ident, $write:ident, $type:ty, $register:tt) => {
        /// Reads the port.
        ///
        /// # Safety
        /// Reading this port has no effect that breaks memory safety.
        #[inline]
        pub unsafe fn $read(port: u16) -> $type {
            let value: $type;
            // SAFETY: the caller answers for the device's effect; the instruction itself touches no memory.
            unsafe {
                asm!(concat!("in ", $register, ", dx"), in("dx") port, out($register) value,
                     options(nomem, nostack, preserves_flags));
            }
            value
        }
        /// Writes the port.
        ///
        /// # Safety
        /// Writing this value to this port has no effect that breaks memory safety.
        #[inline]
        pub unsafe fn $write(port: u16, value: $type) {
            // SAFETY: the caller answers for the device's effect; the instruction itself touches no memory.
            unsafe {
                asm!(concat!("out dx, ", $register), in("dx") port, in($register) value,
                     options(nomem, nostack, preserves_flags));
            }
        }
    };
}
port!(inb, outb, u8, "al");
port!(inw, outw, u16, "ax");
port!(inl, outl, u32, "eax");

/// Writes all bytes to one port, in order.
///
/// # Safety
/// Writing these bytes to this port has no effect that breaks memory safety.
#[inline]
pub unsafe fn outsb(port: u16, bytes: &[u8]) {
    // SAFETY: the instruction reads exactly the slice; the direction flag is clear in all Rust code.
    unsafe {
        asm!("rep outsb", in("dx") port, inout("rsi") bytes.as_ptr() => _, inout("rcx") bytes.len() => _,
             options(readonly, nostack, preserves_flags));
    }
}
