//! Plans and stacks against what Linux's manuals promise, and against anything that bytes can say.

use elf_load::stack::{self, Content, Strings};
use elf_load::{Header, Kind, Malformed, Plan, Segment, HEADER_SIZE, PAGE, TABLE_MAX};
use proptest::prelude::*;

const LIMIT: u64 = 0x7fff_ffff_f000;

#[derive(Debug)]
struct Entry {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
}

const LOAD: u32 = 1;
const INTERP: u32 = 3;
const GNU_STACK: u32 = 0x6474_e551;

fn load(flags: u32, offset: u64, address: u64, file_size: u64, memory_size: u64) -> Entry {
    Entry { kind: LOAD, flags, offset, address, file_size, memory_size }
}

/// The file header and the program headers right behind it.
fn file(kind: u16, entry: u64, entries: &[Entry]) -> Vec<u8> {
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    file.extend(kind.to_le_bytes());
    file.extend(62u16.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    file.extend(entry.to_le_bytes());
    file.extend(64u64.to_le_bytes());
    file.extend([0; 12]);
    for half in [64u16, 56, entries.len() as u16, 64, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    for entry in entries {
        file.extend(entry.kind.to_le_bytes());
        file.extend(entry.flags.to_le_bytes());
        for word in [entry.offset, entry.address, entry.address, entry.file_size, entry.memory_size, PAGE] {
            file.extend(word.to_le_bytes());
        }
    }
    file
}

fn plan(bytes: &[u8]) -> Result<Plan, Malformed> {
    let header = Header::parse(bytes)?;
    let start = usize::try_from(header.table_offset).map_err(|_| Malformed)?;
    let table = bytes.get(start..).ok_or(Malformed)?;
    Plan::new(&header, table, LIMIT)
}

#[test]
fn an_ordinary_program() {
    let bytes = file(
        2,
        0x40_1000,
        &[
            load(4, 0, 0x40_0000, 0x200, 0x200),
            load(5, 0x1000, 0x40_1000, 0x80, 0x80),
            load(6, 0x1f00, 0x40_3f00, 0x100, 0x900),
            Entry { kind: GNU_STACK, flags: 6, offset: 0, address: 0, file_size: 0, memory_size: 0 },
        ],
    );
    let plan = plan(&bytes).expect("a good program");
    assert_eq!(plan.kind, Kind::Fixed);
    assert_eq!((plan.low(), plan.high(), plan.end()), (0x40_0000, 0x40_5000, 0x40_4800));
    assert_eq!((plan.table_address, plan.table_count), (0x40_0040, 4));
    assert!(!plan.executable_stack && plan.interpreter.is_none());
    let data = plan.segments[2];
    assert_eq!((data.start(), data.file_start()), (0x40_3000, 0x1000));
    assert_eq!((data.file_end(), data.file_pages_end(), data.pages_end()), (0x40_4000, 0x40_4000, 0x40_5000));
}

#[test]
fn an_interpreter_and_an_executable_stack() {
    let bytes = file(
        3,
        0x100,
        &[
            load(5, 0, 0, 0x300, 0x300),
            Entry { kind: INTERP, flags: 4, offset: 0x200, address: 0, file_size: 20, memory_size: 20 },
            Entry { kind: GNU_STACK, flags: 7, offset: 0, address: 0, file_size: 0, memory_size: 0 },
        ],
    );
    let plan = plan(&bytes).expect("a good program");
    assert_eq!(plan.kind, Kind::Movable);
    assert!(plan.executable_stack);
    assert_eq!(plan.interpreter.map(|i| (i.offset, i.length)), Some((0x200, 20)));
}

#[test]
fn what_is_refused() {
    assert_eq!(plan(&file(2, 0, &[])), Err(Malformed), "no segment");
    assert_eq!(plan(&file(1, 0, &[load(5, 0, 0x1_0000, 1, 1)])), Err(Malformed), "a relocatable file");
    let bytes = file(2, 0, &[load(5, 0, 0x1_0000, 0x78, 0x78)]);
    for length in 0..HEADER_SIZE {
        assert_eq!(Header::parse(&bytes[..length]), Err(Malformed));
    }
    let many: Vec<Entry> = (0..TABLE_MAX as u64 / 56 + 1).map(|i| load(4, 0, i * PAGE, 1, 1)).collect();
    assert_eq!(plan(&file(2, 0, &many)), Err(Malformed));
}

#[test]
fn what_cannot_be_mapped() {
    let cases = [
        ("nothing to load", Entry { kind: GNU_STACK, ..load(5, 0, 0, 0, 0) }),
        ("more in the file than in memory", load(5, 0, 0x1_0000, 2, 1)),
        ("not congruent", load(5, 1, 0x1_0000, 1, 1)),
        ("not congruent, without content", load(5, 0, 0x1_0001, 0, 1)),
        ("beyond user memory", load(5, 0, LIMIT - 0x1000, 0x100, 0x2000)),
        ("wrapping", load(5, 0, u64::MAX - 0xfff, 0x100, 0x2000)),
        ("an offset that is negative", load(5, 1 << 63, 0x1_0000, 1, 1)),
    ];
    for (what, entry) in cases {
        assert!(!plan(&file(2, 0, &[entry])).expect("a program").sound, "{what}");
    }
    let strange = [
        ("beyond the file", [load(5, 0xf000, 0x1_0000, 0x1000, 0x1000), load(5, 0, 0x2_0000, 1, 1)]),
        ("out of order", [load(5, 0, 0x2_0000, 1, 1), load(5, 0, 0x1_0000, 1, 1)]),
        ("overlapping", [load(5, 0, 0x1_0000, 0x2000, 0x2000), load(5, 0, 0x1_0800, 0, 0x100)]),
    ];
    for (what, [one, mut other]) in strange {
        if what == "overlapping" {
            other.offset = 0x800;
        }
        let plan = plan(&file(2, 0, &[one, other])).expect("a program");
        assert!(plan.sound && plan.segments.len() == 2 && plan.low() == 0x1_0000, "{what}");
    }
    let mut class = file(2, 0, &[load(5, 0, 0x1_0000, 1, 1)]);
    (class[4], class[5]) = (1, 2);
    assert!(plan(&class).is_ok_and(|plan| plan.sound), "class and byte order are the machine's");
    assert!(
        Header::is_other_type(&file(4, 0, &[])[..HEADER_SIZE]) == Header::is_other_type(&[0; HEADER_SIZE])
    );
    assert!(Header::is_other_type(&file(4, 0, &[load(5, 0, 0x1_0000, 1, 1)])));
}

fn strings(list: &[&[u8]]) -> Strings {
    let mut strings = Strings::new();
    for string in list {
        strings.push(string, usize::MAX).expect("there is room");
    }
    strings
}

/// Reads the stack as a program would.
fn words(image: &stack::Image) -> Vec<u64> {
    image
        .bytes
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
        .collect()
}

fn string_at(image: &stack::Image, address: u64) -> Vec<u8> {
    let at = (address - image.pointer) as usize;
    image.bytes[at..].iter().copied().take_while(|byte| *byte != 0).collect()
}

fn check_stack(arguments: &[&[u8]], environment: &[&[u8]], path: &[u8]) {
    let (args, envs) = (strings(arguments), strings(environment));
    let content = Content {
        top: 0x7fff_0000_0000,
        arguments: &args,
        environment: &envs,
        path,
        random: *b"0123456789abcdef",
        auxiliary: &[(6, 4096), (9, 0x1000)],
    };
    let image = stack::build(&content).expect("there is memory");
    assert_eq!(image.pointer % 16, 0);
    assert_eq!(image.pointer + image.bytes.len() as u64, content.top);
    assert!(image.bytes.len() <= stack::size(&content));
    let words = words(&image);
    assert_eq!(words[0], arguments.len() as u64);
    let mut at = 1;
    for list in [arguments, environment] {
        for string in list {
            assert_eq!(string_at(&image, words[at]), *string);
            at += 1;
        }
        assert_eq!(words[at], 0);
        at += 1;
    }
    let mut found = Vec::new();
    while words[at] != 0 {
        found.push((words[at], words[at + 1]));
        at += 2;
    }
    found.push((0, 0));
    assert_eq!(found, image.auxiliary);
    let value = |kind| found.iter().find(|(k, _)| *k == kind).map(|(_, value)| *value).expect("it is there");
    assert_eq!(string_at(&image, value(31)), path);
    assert_eq!(string_at(&image, value(15)), b"x86_64");
    assert_eq!(string_at(&image, value(25))[..16], *b"0123456789abcdef");
    assert_eq!(value(6), 4096);
    let bytes = |range: (u64, u64)| {
        &image.bytes[(range.0 - image.pointer) as usize..(range.1 - image.pointer) as usize]
    };
    assert_eq!(bytes(image.arguments), args.bytes());
    assert_eq!(bytes(image.environment), envs.bytes());
}

#[test]
fn stacks() {
    check_stack(&[b"sh", b"-c", b"echo hello"], &[b"PATH=/bin", b"HOME=/"], b"/bin/sh");
    check_stack(&[b""], &[], b"/init");
    check_stack(&[b"", b"", b"x"], &[b"", b"A="], b"");
    check_stack(&[], &[], b"/x");
}

#[test]
fn room_for_strings() {
    let mut strings = Strings::new();
    assert_eq!(strings.push(b"abc", 4), Ok(()));
    assert_eq!(strings.push(b"", 4), Err(stack::Full::TooBig));
    assert_eq!((strings.count(), strings.bytes()), (1, &b"abc\0"[..]));
}

fn entry() -> impl Strategy<Value = Entry> {
    let small = prop_oneof![Just(0u64), 0u64..0x3000, (0u64..16).prop_map(|n| n * PAGE), any::<u64>()];
    let kind = prop_oneof![4 => Just(LOAD), 1 => Just(INTERP), 1 => Just(GNU_STACK), 1 => any::<u32>()];
    (kind, any::<u32>(), small.clone(), small.clone(), small.clone(), small).prop_map(
        |(kind, flags, offset, address, file_size, memory_size)| Entry {
            kind,
            flags,
            offset,
            address,
            file_size,
            memory_size,
        },
    )
}

fn check_segment(segment: &Segment) {
    assert!(segment.memory_size > 0 && segment.file_size <= segment.memory_size);
    assert!(segment.end() <= LIMIT && segment.address < LIMIT);
    assert!(segment.start() <= segment.file_pages_end() && segment.file_pages_end() <= segment.pages_end());
    let from_file = segment.file_pages_end() - segment.start();
    assert!(
        from_file == 0 || segment.file_start() % PAGE == 0 && segment.offset % PAGE == segment.address % PAGE
    );
    assert!(from_file == 0 || segment.file_start().checked_add(from_file).is_some());
}

proptest! {
    #[test]
    fn any_bytes_are_a_plan_or_malformed(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = plan(&bytes);
    }

    #[test]
    fn what_is_planned_can_be_done(
        kind in 2u16..4, start in any::<u64>(), entries in prop::collection::vec(entry(), 0..6),
    ) {
        if let Ok(plan) = plan(&file(kind, start, &entries)) {
            plan.segments.iter().for_each(check_segment);
            prop_assert!(!plan.sound || !plan.segments.is_empty());
            prop_assert!(plan.low() <= plan.high() && plan.span() <= LIMIT + PAGE);
            prop_assert!(plan.content_end() <= plan.end() && plan.end() <= plan.high());
            prop_assert!(plan.alignment.is_power_of_two());
        }
    }

    /// Each page belongs to the last segment that wants it, as a table of pages kept beside says.
    #[test]
    fn later_segments_win(
        places in prop::collection::vec((0u64..16, 1u64..5, 0u64..5), 1..6),
    ) {
        let entries: Vec<Entry> = places
            .iter()
            .map(|(page, pages, content)| load(6, 0, page * PAGE, content.min(pages) * PAGE, pages * PAGE))
            .collect();
        let plan = plan(&file(2, 0, &entries)).expect("a program");
        prop_assert!(plan.sound);
        let (mut model, mut mapped) = ([None; 24], [None; 24]);
        for (index, (page, pages, _)) in places.iter().enumerate() {
            model[*page as usize..(page + pages) as usize].fill(Some(index));
        }
        for (index, segment) in plan.segments.iter().enumerate() {
            mapped[(segment.start() / PAGE) as usize..(segment.pages_end() / PAGE) as usize].fill(Some(index));
        }
        prop_assert_eq!(model, mapped);
        prop_assert_eq!(plan.low() / PAGE, model.iter().position(Option::is_some).unwrap_or(0) as u64);
    }

    #[test]
    fn flipped_bits_never_panic(at in 0usize..232, bit in 0u8..8) {
        let mut bytes = file(2, 0x40_1000, &[
            load(4, 0, 0x40_0000, 0x200, 0x200), load(5, 0x1000, 0x40_1000, 0x80, 0x80), load(6, 0x1f00, 0x40_3f00, 0x100, 0x900),
        ]);
        bytes[at] ^= 1 << bit;
        let _ = plan(&bytes);
    }

    #[test]
    fn any_stack(
        arguments in prop::collection::vec(prop::collection::vec(1u8.., 0..40), 0..10),
        environment in prop::collection::vec(prop::collection::vec(1u8.., 0..40), 0..10),
        path in prop::collection::vec(1u8.., 0..60),
    ) {
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        let environment: Vec<&[u8]> = environment.iter().map(Vec::as_slice).collect();
        check_stack(&arguments, &environment, &path);
    }
}
