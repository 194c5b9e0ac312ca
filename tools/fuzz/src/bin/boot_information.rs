//! What a boot loader and firmware may leave: PVH start information and ACPI tables over arbitrary memory.
#![no_main]

use firmware::acpi::Platform;
use firmware::pvh::Start;
use firmware::regions::Regions;
use firmware::Physical;

/// The input is the memory from here on.
const BASE: u64 = 0xe_0000;

struct Memory<'a>(&'a [u8]);

impl Physical for Memory<'_> {
    fn bytes(&self, address: u64, length: usize) -> Option<&[u8]> {
        let at = usize::try_from(address.checked_sub(BASE)?).ok()?;
        self.0.get(at..at.checked_add(length)?)
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let memory = Memory(bytes);
    if let Some(start) = Start::read(&memory, BASE) {
        let mut regions = Regions::new();
        for line in start.memory(&memory) {
            let end = line.start.saturating_add(line.size);
            match line.kind {
                1 => regions.add_ram(line.start, end),
                _ => regions.reserve(line.start, end),
            }
        }
        let _ = regions.take(4096, 1 << 32);
        regions.finish(4096);
        assert!(regions.as_slice().windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
    let _ = Platform::read(&memory, Some(BASE));
});
