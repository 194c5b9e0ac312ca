//! Any file: what is planned for it as an ELF program can be carried out.
#![no_main]

use elf_load::{Header, Plan, PAGE};
use exo_fuzz::write_seeds;

/// The end of user memory, where the kernel has it.
const LIMIT: u64 = 0x7fff_ffff_f000;
const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const INTERPRETER: u32 = 3;
const TLS: u32 = 7;
const STACK: u32 = 0x6474_e551;

/// A program header: kind, flags, offset, address, bytes in the file, bytes in memory, alignment.
type Entry = (u32, u32, u64, u64, u64, u64, u64);

/// A file header and what follows it.
fn program(kind: u16, entry: u64, entries: &[Entry]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([kind, 62].map(u16::to_le_bytes).as_flattened());
    file.extend(1u32.to_le_bytes());
    file.extend([entry, 64, 0].map(u64::to_le_bytes).as_flattened());
    file.extend(0u32.to_le_bytes());
    file.extend([64, 56, entries.len() as u16, 64, 0, 0].map(u16::to_le_bytes).as_flattened());
    for &(kind, flags, offset, address, content, memory, align) in entries {
        file.extend([kind, flags].map(u32::to_le_bytes).as_flattened());
        file.extend([offset, address, address, content, memory, align].map(u64::to_le_bytes).as_flattened());
    }
    file
}

fn seeds() -> [(&'static str, Vec<u8>); 4] {
    let fixed = [
        (LOAD, 5, 0, 0x40_0000, 0x1234, 0x1234, PAGE),
        (LOAD, 6, 0x1ff0, 0x40_2ff0, 0x200, 0x9000, PAGE),
        (TLS, 4, 0x1ff0, 0x40_2ff0, 0x10, 0x20, 8),
        (STACK, 6, 0, 0, 0, 0, 16),
    ];
    let movable = [
        (LOAD, 4, 0, 0, 0x500, 0x500, PAGE),
        (LOAD, 5, 0x1000, 0x1000, 0x800, 0x800, PAGE),
        (LOAD, 6, 0x2000, 0x20_2000, 0x100, 0x4100, 0x20_0000),
        (DYNAMIC, 6, 0x2000, 0x20_2000, 0x100, 0x100, 8),
    ];
    let dynamic = [(INTERPRETER, 4, 0x200, 0x200, 28, 28, 1), movable[0], movable[1], (STACK, 7, 0, 0, 0, 0, 16)];
    [
        ("fixed", program(2, 0x40_0100, &fixed)),
        ("movable", program(3, 0x1000, &movable)),
        ("dynamic", program(3, 0x1000, &dynamic)),
        ("nothing", program(2, 0, &[(LOAD, 6, 0, 0x1_0000, 0, PAGE, 0)])),
    ]
}

fn check(plan: &Plan) {
    for segment in &plan.segments {
        assert!(segment.memory_size > 0 && segment.file_size <= segment.memory_size);
        assert!(segment.address < LIMIT && segment.end() <= LIMIT);
        assert!(segment.start() <= segment.file_pages_end() && segment.file_pages_end() <= segment.pages_end());
        let from_file = segment.file_pages_end() - segment.start();
        assert!(from_file == 0 || segment.file_start().checked_add(from_file).is_some());
        assert!(from_file == 0 || segment.offset % PAGE == segment.address % PAGE);
    }
    assert!(plan.low() <= plan.high() && plan.high() <= LIMIT + PAGE && plan.span() <= LIMIT + PAGE);
    assert!(plan.content_end() <= plan.end() && plan.end() <= plan.high());
    assert!(plan.alignment.is_power_of_two() && plan.alignment >= PAGE);
    assert!(!plan.sound || !plan.segments.is_empty());
    assert!(plan.interpreter.is_none_or(|interpreter| (2..=4096).contains(&interpreter.length)));
}

libfuzzer_sys::fuzz_target!(init: write_seeds(seeds()), |file: &[u8]| {
    let other_type = Header::is_other_type(file);
    let Ok(header) = Header::parse(file) else { return };
    assert!(!other_type);
    // As the kernel reads it: a table that the file ends in is none.
    let Some(table) = usize::try_from(header.table_offset).ok().and_then(|start| file.get(start..)) else { return };
    if let Ok(plan) = Plan::new(&header, table, LIMIT) {
        check(&plan);
    }
});
