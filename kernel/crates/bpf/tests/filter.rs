//! Programs that are refused, programs that are run, and random ones against a second interpreter.

use bpf::{Instruction, Problem, Program, MAX_INSTRUCTIONS};
use proptest::prelude::*;

/// Words of seccomp's record.
const WORDS: usize = 16;

fn op(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

fn branch(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

fn problem(code: &[Instruction]) -> Option<Problem> {
    Program::new(code, WORDS).err()
}

const RETURN: u16 = 0x06;
const RETURN_A: u16 = 0x16;

#[test]
fn a_program_over_the_number_of_a_call() {
    let code = [
        op(0x20, 0),
        branch(0x15, 39, 0, 1),
        op(RETURN, 0x5_0001),
        branch(0x35, 300, 1, 0),
        op(RETURN, 0x7fff_0000),
        op(RETURN, 0),
    ];
    let program = Program::new(&code, WORDS).unwrap();
    let run = |number| program.run(&[number]);
    assert_eq!(run(39), 0x5_0001);
    assert_eq!(run(1), 0x7fff_0000);
    assert_eq!(run(300), 0);
}

#[test]
fn refused() {
    assert_eq!(problem(&[]), Some(Problem::Length));
    assert_eq!(problem(&vec![op(RETURN, 0); MAX_INSTRUCTIONS + 1]), Some(Problem::Length));
    assert_eq!(problem(&vec![op(RETURN, 0); MAX_INSTRUCTIONS]), None);
    // No return at the end.
    assert_eq!(problem(&[op(0x00, 1)]), Some(Problem::End));
    // Unaligned, beyond the record, a half word, packet access by index, remainder.
    for code in [op(0x20, 2), op(0x20, 64), op(0x28, 0), op(0x40, 0), op(0x94, 3)] {
        assert_eq!(problem(&[code, op(RETURN, 0)]), Some(Problem::Instruction), "{code:?}");
    }
    // Division by zero, shifts by 32, scratch memory that is not there.
    for code in [op(0x34, 0), op(0x64, 32), op(0x74, 40), op(0x02, 16), op(0x60, 16)] {
        assert_eq!(problem(&[code, op(RETURN, 0)]), Some(Problem::Instruction), "{code:?}");
    }
    assert_eq!(problem(&[op(0x05, 1), op(RETURN, 0)]), Some(Problem::Jump));
    assert_eq!(problem(&[op(0x05, u32::MAX), op(RETURN, 0)]), Some(Problem::Jump));
    assert_eq!(problem(&[branch(0x15, 0, 0, 1), op(RETURN, 0)]), Some(Problem::Jump));
}

#[test]
fn scratch_memory_is_written_before_it_is_read() {
    assert_eq!(problem(&[op(0x60, 3), op(RETURN_A, 0)]), Some(Problem::Scratch));
    assert_eq!(problem(&[op(0x02, 3), op(0x60, 3), op(RETURN_A, 0)]), None);
    // Written on one of two ways only.
    let one = [branch(0x15, 0, 0, 1), op(0x02, 3), op(0x60, 3), op(RETURN_A, 0)];
    assert_eq!(problem(&one), Some(Problem::Scratch));
    // Written on the only way that leads there.
    let jump = [op(0x02, 3), op(0x05, 1), op(RETURN, 0), op(0x60, 3), op(RETURN_A, 0)];
    assert_eq!(problem(&jump), None);
}

#[test]
fn division_by_a_zero_index_ends_with_zero() {
    let code = [op(0x00, 7), op(0x01, 0), op(0x3c, 0), op(RETURN, 9)];
    assert_eq!(Program::new(&code, WORDS).unwrap().run(&[0; WORDS]), 0);
}

/// A second interpreter, straight over the instructions' bits.
fn model(code: &[Instruction], record: &[u32]) -> u32 {
    let (mut a, mut x, mut memory, mut at) = (0u64, 0u64, [0u64; 16], 0);
    loop {
        let Instruction { code: c, jt, jf, k } = code[at];
        let k64 = u64::from(k);
        let source = if c & 8 != 0 { x } else { k64 };
        at += 1;
        match (c & 7, c & 0xf0) {
            (0, 0x00) => a = k64,
            (0, 0x20) => a = record[k as usize / 4].into(),
            (0, 0x60) => a = memory[k as usize],
            (0, _) => a = 64,
            (1, 0x00) => x = k64,
            (1, 0x60) => x = memory[k as usize],
            (1, _) => x = 64,
            (2, _) => memory[k as usize] = a,
            (3, _) => memory[k as usize] = x,
            (4, operation) => {
                a = match operation {
                    0x00 => a + source,
                    0x10 => a + (1 << 32) - source,
                    0x20 => (u128::from(a) * u128::from(source)) as u64,
                    0x30 if source == 0 => return 0,
                    0x30 => a / source,
                    0x40 => a | source,
                    0x50 => a & source,
                    0x60 => a << (source % 32),
                    0x70 => a >> (source % 32),
                    0x80 => (1 << 32) - a,
                    _ => a ^ source,
                } & 0xffff_ffff
            }
            (5, 0x00) => at += k as usize,
            (5, test) => {
                let hold = match test {
                    0x10 => a == source,
                    0x20 => a > source,
                    0x30 => a >= source,
                    _ => a & source != 0,
                };
                at += usize::from(if hold { jt } else { jf });
            }
            (6, 0x00) => return k,
            (6, _) => return a as u32,
            (_, 0x00) => x = a,
            _ => a = x,
        }
    }
}

/// Instructions of which many are valid, with small jumps and operands.
fn instruction() -> impl Strategy<Value = Instruction> {
    const CODES: [u16; 44] = [
        0x00, 0x20, 0x60, 0x80, 0x01, 0x61, 0x81, 0x02, 0x03, 0x04, 0x0c, 0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c,
        0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74, 0x7c, 0x84, 0xa4, 0xac, 0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35,
        0x3d, 0x45, 0x4d, 0x06, 0x16, 0x07, 0x87, 0x94, 0x8c, 0x28,
    ];
    let k = prop_oneof![4 => 0u32..5, 2 => (0u32..18).prop_map(|word| word * 4), 1 => any::<u32>()];
    (prop::sample::select(&CODES[..]), 0u8..4, 0u8..4, k).prop_map(|(code, jt, jf, k)| Instruction {
        code,
        jt,
        jf,
        k,
    })
}

proptest! {
    #[test]
    fn accepted_programs_do_what_their_bits_say(
        mut code in prop::collection::vec(instruction(), 1..24),
        record in prop::collection::vec(prop_oneof![0u32..8, any::<u32>()], WORDS),
    ) {
        code.push(op(RETURN_A, 0));
        if let Ok(program) = Program::new(&code, WORDS) {
            prop_assert_eq!(program.run(&record), model(&code, &record));
        }
    }

    #[test]
    fn any_bytes_are_refused_or_run(code in prop::collection::vec((any::<u16>(), any::<u8>(), any::<u8>(), any::<u32>()), 0..8)) {
        let code: Vec<_> = code.into_iter().map(|(code, jt, jf, k)| Instruction { code, jt, jf, k }).collect();
        if let Ok(program) = Program::new(&code, WORDS) {
            program.run(&[1; WORDS]);
        }
    }
}
