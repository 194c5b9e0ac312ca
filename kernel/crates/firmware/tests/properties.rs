//! Made-up memory: whatever it holds, reading it ends; and the memory map against a page-by-page model.

use firmware::acpi::{Platform, Register};
use firmware::pvh::{MemoryLine, Start};
use firmware::regions::Regions;
use firmware::Physical;
use proptest::prelude::*;

/// Memory at addresses from `base` on.
struct Ram {
    base: u64,
    bytes: Vec<u8>,
}

impl Physical for Ram {
    fn bytes(&self, address: u64, length: usize) -> Option<&[u8]> {
        let at = usize::try_from(address.checked_sub(self.base)?).ok()?;
        self.bytes.get(at..at.checked_add(length)?)
    }
}

impl Ram {
    fn put(&mut self, address: u64, bytes: &[u8]) {
        let at = (address - self.base) as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

fn table(signature: &[u8; 4], length: usize, fill: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut table = vec![0; length];
    table[..4].copy_from_slice(signature);
    table[4..8].copy_from_slice(&(length as u32).to_le_bytes());
    fill(&mut table);
    let sum = table.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    table[9] = 0u8.wrapping_sub(sum);
    table
}

fn machine() -> Ram {
    let mut ram = Ram { base: 0xe_0000, bytes: vec![0; 0x2_0000] };
    let mut root = [0u8; 20];
    root[..8].copy_from_slice(b"RSD PTR ");
    root[16..20].copy_from_slice(&0xe_1000u32.to_le_bytes());
    root[8] = 0u8.wrapping_sub(root.iter().fold(0, |sum, byte| sum.wrapping_add(*byte)));
    ram.put(0xf_1230, &root);
    ram.put(
        0xe_1000,
        &table(b"RSDT", 44, |t| {
            t[36..40].copy_from_slice(&0xe_2000u32.to_le_bytes());
            t[40..44].copy_from_slice(&0xe_3000u32.to_le_bytes());
        }),
    );
    ram.put(
        0xe_2000,
        &table(b"APIC", 44 + 8 + 12 + 10 + 8 + 16, |t| {
            t[36..40].copy_from_slice(&0xfee0_0000u32.to_le_bytes());
            t[44..52].copy_from_slice(&[0, 8, 0, 0, 1, 0, 0, 0]);
            t[52..64].copy_from_slice(&[1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0]);
            t[64..74].copy_from_slice(&[2, 10, 0, 9, 20, 0, 0, 0, 0x0f, 0]);
            // One that is not enabled, and one with an x2APIC.
            t[74..82].copy_from_slice(&[0, 8, 1, 1, 0, 0, 0, 0]);
            t[82..98].copy_from_slice(&[9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        }),
    );
    ram.put(
        0xe_3000,
        &table(b"FACP", 132, |t| {
            t[40..44].copy_from_slice(&0xe_4000u32.to_le_bytes());
            t[64..68].copy_from_slice(&0x604u32.to_le_bytes());
            t[112..116].copy_from_slice(&(1u32 << 10).to_le_bytes());
            t[116..128].copy_from_slice(&[1, 8, 0, 1, 0xf9, 0x0c, 0, 0, 0, 0, 0, 0]);
            t[128] = 6;
        }),
    );
    ram.put(
        0xe_4000,
        &table(b"DSDT", 60, |t| t[40..52].copy_from_slice(b"\x08_S5_\x12\x06\x04\x0a\x05\x01\x00")),
    );
    ram
}

#[test]
fn tables_are_found_and_read() {
    let platform = Platform::read(&machine(), None).expect("the root pointer is in the BIOS area");
    assert_eq!(platform.local_apic, Some(0xfee0_0000));
    assert_eq!(platform.io_apic, Some((0xfec0_0000, 0)));
    assert_eq!(platform.processors, 2);
    assert_eq!(platform.apics(), [0, 0x100]);
    let line_9 = platform.overrides[9].expect("there is an override");
    assert!(line_9.gsi == 20 && line_9.active_low && line_9.level);
    assert_eq!(platform.pm1, [Some(0x604), None]);
    assert_eq!(platform.off_type, Some([5, 1]));
    assert_eq!(platform.reset, Some((Register::Port(0xcf9), 6)));
}

#[test]
fn start_information_is_read() {
    let mut ram = Ram { base: 0x1000, bytes: vec![0; 0x1000] };
    let mut start = Vec::new();
    for word in [0x336e_c578u32, 1, 0, 1] {
        start.extend(word.to_le_bytes());
    }
    for long in [0x1100u64, 0x1200, 0xf_0000, 0x1300, 2] {
        start.extend(long.to_le_bytes());
    }
    ram.put(0x1000, &start);
    ram.put(0x1100, &[0x20_0000u64.to_le_bytes(), 0x1000u64.to_le_bytes()].concat());
    ram.put(0x1300, &[0u64.to_le_bytes(), 0x9_fc00u64.to_le_bytes(), 1u64.to_le_bytes()].concat());
    ram.put(0x1318, &[0x10_0000u64.to_le_bytes(), 0x70_0000u64.to_le_bytes(), 2u64.to_le_bytes()].concat());
    let start = Start::read(&ram, 0x1000).expect("the magic is there");
    assert_eq!(start.initrd, Some(0x20_0000..0x20_1000));
    assert_eq!((start.cmdline, start.rsdp), (0x1200, Some(0xf_0000)));
    let lines: Vec<_> = start.memory(&ram).collect();
    assert_eq!(lines[0], MemoryLine { start: 0, size: 0x9_fc00, kind: 1 });
    assert_eq!(lines[1], MemoryLine { start: 0x10_0000, size: 0x70_0000, kind: 2 });
    assert_eq!(lines.len(), 2);
}

proptest! {
    #[test]
    fn flipped_bytes_never_panic(flips in proptest::collection::vec((0usize..0x2_0000, any::<u8>()), 0..40)) {
        let mut ram = machine();
        for (at, value) in flips {
            // Most of the memory is empty: aim at the tables.
            let at = if at % 4 == 0 { at } else { 0x1000 * (1 + at % 4) + at / 4 % 160 };
            ram.bytes[at] = value;
        }
        let _ = Platform::read(&ram, None);
        let _ = Platform::read(&ram, Some(0xf_1230));
    }

    #[test]
    fn any_bytes_are_some_start_information(bytes in proptest::collection::vec(any::<u8>(), 56..400)) {
        let mut bytes = bytes;
        bytes[..4].copy_from_slice(&0x336e_c578u32.to_le_bytes());
        let ram = Ram { base: 0x1000, bytes };
        if let Some(start) = Start::read(&ram, 0x1000) {
            prop_assert!(start.memory(&ram).count() <= 1024);
        }
    }

    #[test]
    fn regions_are_what_a_page_map_says(
        ram in proptest::collection::vec((0u64..200, 0u64..60), 1..6),
        taken in proptest::collection::vec((0u64..200, 0u64..30), 0..12),
    ) {
        let mut regions = Regions::new();
        let mut usable = [false; 260];
        for &(start, size) in &ram {
            regions.add_ram(start * 4096, (start + size) * 4096);
            usable[start as usize..(start + size) as usize].fill(true);
        }
        for &(start, size) in &taken {
            regions.reserve(start * 4096, (start + size) * 4096);
            usable[start as usize..(start + size) as usize].fill(false);
        }
        if let Some(page) = regions.take(4096, 1 << 30) {
            prop_assert!(usable[(page / 4096) as usize]);
            usable[(page / 4096) as usize] = false;
        } else {
            prop_assert!(!usable.contains(&true));
        }
        regions.finish(4096);
        let mut found = [false; 260];
        let mut last = 0;
        for region in regions.as_slice() {
            prop_assert!(region.start >= last && region.start < region.end);
            last = region.end;
            if region.usable {
                found[(region.start / 4096) as usize..(region.end / 4096) as usize].fill(true);
            }
        }
        prop_assert_eq!(found, usable);
    }
}
