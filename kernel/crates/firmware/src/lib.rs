//! What firmware and boot loaders tell: the memory map ([`regions`]), PVH start information ([`pvh`]) and ACPI
//! tables ([`acpi`], and of them what is near to what in [`numa`]).
//!
//! Everything is read through [`Physical`], so that the parsers run on the host, over made-up memory, as well as
//! on the machine. Whatever the bytes are, parsing ends and does not panic.
#![no_std]
#![forbid(unsafe_code)]

pub mod acpi;
pub mod numa;
pub mod pvh;
pub mod regions;

/// Physical memory, as far as it can be reached.
pub trait Physical {
    /// The bytes at `address`, if all of them can be reached.
    fn bytes(&self, address: u64, length: usize) -> Option<&[u8]>;
}

/// The little-endian number of `N` bytes at `at`, 0 where the bytes end before.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    if let Some(field) = at.checked_add(N).and_then(|end| bytes.get(at..end)) {
        word[..N].copy_from_slice(field);
    }
    u64::from_le_bytes(word)
}
