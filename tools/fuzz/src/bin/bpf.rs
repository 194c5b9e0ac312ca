//! Any filter over any record: what is accepted, and what comes of it, is what a second verifier and interpreter say,
//! which are written after Linux's rules (`bpf_check_classic`, `seccomp_check_filter`) with no regard for speed.
#![no_main]

use bpf::{Instruction, Program, MAX_INSTRUCTIONS, SCRATCH};
use exo_fuzz::write_seeds;

/// Words of a record (`struct seccomp_data`).
const WORDS: usize = 16;
/// Bytes of an instruction.
const SIZE: usize = 8;

const LOAD_WORD: u16 = 0x20;
const LOAD_SCRATCH: u16 = 0x60;
const LOAD_INDEX_SCRATCH: u16 = 0x61;
const STORE: u16 = 0x02;
const STORE_INDEX: u16 = 0x03;
const JUMP: u16 = 0x05;
const DIVIDE: u16 = 0x34;
const SHIFT_LEFT: u16 = 0x64;
const SHIFT_RIGHT: u16 = 0x74;
const RETURN: u16 = 0x06;
const RETURN_A: u16 = 0x16;

/// All codes that seccomp has, from `seccomp_check_filter`.
const CODES: [u16; 41] = [
    LOAD_WORD,
    0x80,
    0x81,
    RETURN,
    RETURN_A,
    0x04,
    0x0c,
    0x14,
    0x1c,
    0x24,
    0x2c,
    DIVIDE,
    0x3c,
    0x54,
    0x5c,
    0x44,
    0x4c,
    0xa4,
    0xac,
    SHIFT_LEFT,
    0x6c,
    SHIFT_RIGHT,
    0x7c,
    0x84,
    0x00,
    0x01,
    0x07,
    0x87,
    LOAD_SCRATCH,
    LOAD_INDEX_SCRATCH,
    STORE,
    STORE_INDEX,
    JUMP,
    0x15,
    0x1d,
    0x35,
    0x3d,
    0x25,
    0x2d,
    0x45,
    0x4d,
];

fn is_branch(code: u16) -> bool {
    code & 7 == 5 && code != JUMP
}

/// The instructions that may come after the one at `at`, if they are there.
fn successors(at: usize, step: &Instruction) -> [usize; 2] {
    let skip = |count: usize| at.saturating_add(1).saturating_add(count);
    match step.code {
        JUMP => [skip(step.k as usize); 2],
        code if is_branch(code) => [skip(step.jt.into()), skip(step.jf.into())],
        // Linux lets what is written before a return count behind it, too, where nobody comes.
        _ => [skip(0); 2],
    }
}

fn is_sound(code: &[Instruction]) -> bool {
    let Some(last) = code.last() else { return false };
    let each = code.iter().enumerate().all(|(at, step)| {
        let operand = match step.code {
            LOAD_WORD => step.k % 4 == 0 && (step.k as usize) < 4 * WORDS,
            LOAD_SCRATCH | LOAD_INDEX_SCRATCH | STORE | STORE_INDEX => (step.k as usize) < SCRATCH,
            DIVIDE => step.k != 0,
            SHIFT_LEFT | SHIFT_RIGHT => step.k < 32,
            _ => true,
        };
        let leads = step.code != JUMP && !is_branch(step.code)
            || successors(at, step).iter().all(|target| *target < code.len());
        CODES.contains(&step.code) && operand && leads
    });
    each && code.len() <= MAX_INSTRUCTIONS
        && matches!(last.code, RETURN | RETURN_A)
        && reads_what_was_written(code)
}

/// Whatever the way to it, is each word of scratch memory written before it is read?
fn reads_what_was_written(code: &[Instruction]) -> bool {
    let mut written_before = vec![[true; SCRATCH]; code.len()];
    written_before[0] = [false; SCRATCH];
    for (at, step) in code.iter().enumerate() {
        let mut written = written_before[at];
        match step.code {
            STORE | STORE_INDEX => written[step.k as usize] = true,
            LOAD_SCRATCH | LOAD_INDEX_SCRATCH if !written[step.k as usize] => return false,
            _ => {}
        }
        for target in successors(at, step) {
            if let Some(before) = written_before.get_mut(target) {
                before.iter_mut().zip(written).for_each(|(before, written)| *before &= written);
            }
        }
    }
    true
}

/// Runs a sound program; no step is executed twice.
fn interpret(code: &[Instruction], record: &[u32; WORDS]) -> u32 {
    let (mut a, mut x, mut scratch) = (0u32, 0u32, [None; SCRATCH]);
    let mut at = 0;
    loop {
        let step = &code[at];
        let (k, operand) = (step.k, if step.code & 8 != 0 { x } else { step.k });
        let word = |scratch: &[Option<u32>; SCRATCH]| scratch[k as usize].expect("it was written");
        let mut next = at + 1;
        match step.code {
            LOAD_WORD => a = record[k as usize / 4],
            0x80 => a = 4 * WORDS as u32,
            0x81 => x = 4 * WORDS as u32,
            0x00 => a = k,
            0x01 => x = k,
            LOAD_SCRATCH => a = word(&scratch),
            LOAD_INDEX_SCRATCH => x = word(&scratch),
            STORE => scratch[k as usize] = Some(a),
            STORE_INDEX => scratch[k as usize] = Some(x),
            0x07 => x = a,
            0x87 => a = x,
            RETURN => return k,
            RETURN_A => return a,
            JUMP => next += k as usize,
            code if is_branch(code) => {
                let holds = match code & 0xf0 {
                    0x10 => a == operand,
                    0x20 => a > operand,
                    0x30 => a >= operand,
                    _ => a & operand != 0,
                };
                next += usize::from(if holds { step.jt } else { step.jf });
            }
            code => {
                let (wide, by) = (u64::from(a), u64::from(operand));
                a = match code & 0xf0 {
                    0x00 => wide + by,
                    0x10 => wide + (1 << 32) - by,
                    0x20 => wide * by,
                    0x30 if by == 0 => return 0,
                    0x30 => wide / by,
                    0x40 => wide | by,
                    0x50 => wide & by,
                    0x60 => wide << (by % 32),
                    0x70 => wide >> (by % 32),
                    0x80 => (1 << 32) - wide,
                    _ => wide ^ by,
                } as u32;
            }
        }
        assert!(next > at);
        at = next;
    }
}

/// An instruction as it stands there, or one that is likely to be accepted, with `left` more behind it.
fn instruction(bytes: &[u8; SIZE], as_it_is: bool, left: usize) -> Instruction {
    let [low, high, jt, jf, k @ ..] = *bytes;
    let (code, k) = (u16::from_le_bytes([low, high]), u32::from_le_bytes(k));
    if as_it_is {
        return Instruction { code, jt, jf, k };
    }
    let code =
        if left == 0 { [RETURN, RETURN_A][code as usize % 2] } else { CODES[code as usize % CODES.len()] };
    let inside = |skip: u8| (usize::from(skip) % left.max(1)) as u8;
    let k = match code {
        LOAD_WORD => k % WORDS as u32 * 4,
        LOAD_SCRATCH | LOAD_INDEX_SCRATCH | STORE | STORE_INDEX => k % 4,
        SHIFT_LEFT | SHIFT_RIGHT => k % 32,
        JUMP => k % left.max(1) as u32,
        _ => k,
    };
    Instruction { code, jt: inside(jt), jf: inside(jf), k }
}

/// A seed: how to read it, a record, a program.
fn seed(as_it_is: bool, program: &[(u16, u8, u8, u32)]) -> Vec<u8> {
    let mut bytes = vec![u8::from(as_it_is)];
    bytes.extend((0..WORDS as u32).flat_map(|word| (word * 0x0101_0101).to_le_bytes()));
    for &(code, jt, jf, k) in program {
        bytes.extend(code.to_le_bytes());
        bytes.extend([jt, jf]);
        bytes.extend(k.to_le_bytes());
    }
    bytes
}

fn seeds() -> [(&'static str, Vec<u8>); 4] {
    let list = [
        (0x20, 0, 0, 4),
        (0x15, 0, 2, 0xc000_003e),
        (0x20, 0, 0, 0),
        (0x35, 1, 0, 60),
        (6, 0, 0, 0x7fff_0000),
    ];
    let deny = [&list[..], &[(6, 0, 0, 0x0005_0001)]].concat();
    let scratch =
        [(0x20, 0, 0, 16), (2, 0, 0, 3), (0x84, 0, 0, 0), (7, 0, 0, 0), (0x61, 0, 0, 3), (0x3c, 0, 0, 0)];
    let computed = [&scratch[..], &[(0x7c, 0, 0, 0), (5, 0, 0, 0), (0x16, 0, 0, 0)]].concat();
    let all: Vec<_> = (0..CODES.len() as u16).map(|number| (number, 1, 2, u32::from(number))).collect();
    [
        ("list", seed(true, &deny)),
        ("computed", seed(true, &computed)),
        ("all", seed(false, &all)),
        ("none", seed(true, &[])),
    ]
}

libfuzzer_sys::fuzz_target!(init: write_seeds(seeds()), |data: &[u8]| {
    let Some((form, data)) = data.split_first() else { return };
    let Some((record, data)) = data.split_first_chunk::<{ 4 * WORDS }>() else { return };
    let record: [u32; WORDS] = std::array::from_fn(|word| {
        u32::from_le_bytes([record[4 * word], record[4 * word + 1], record[4 * word + 2], record[4 * word + 3]])
    });
    let steps: Vec<&[u8; SIZE]> = data.chunks_exact(SIZE).filter_map(|step| step.try_into().ok()).collect();
    let code: Vec<Instruction> = steps
        .iter()
        .enumerate()
        .map(|(at, bytes)| instruction(bytes, form % 2 == 1, steps.len() - at - 1))
        .collect();
    let program = Program::new(&code, WORDS);
    assert_eq!(program.is_ok(), is_sound(&code), "{program:?}");
    if let Ok(program) = program {
        assert_eq!(program.len(), code.len());
        assert_eq!(program.run(&record), interpret(&code, &record));
    }
});
