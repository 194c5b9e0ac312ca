//! Classic BPF as seccomp(2) uses it: small programs over a record of 32-bit words, verified once ([`Program::new`])
//! and then run without fail ([`Program::run`]).
//!
//! A machine of two registers (the accumulator A and the index X) and sixteen words of scratch memory. Jumps lead
//! forward only, so a program ends after as many steps as it has instructions at the most. What is accepted, and what
//! it means, is what Linux accepts of a filter: `bpf_check_classic` and `seccomp_check_filter`, that is, loads of
//! aligned words of the record, no packet access, no remainder.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod decode;
mod verify;

use alloc::vec::Vec;

pub use verify::Problem;

/// One instruction as user programs write it (`struct sock_filter`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Instruction {
    /// Operation, addressing mode and operand.
    pub code: u16,
    /// Instructions to skip if a test holds.
    pub jt: u8,
    /// Instructions to skip if it does not.
    pub jf: u8,
    /// The constant operand.
    pub k: u32,
}

/// Instructions of a program at most (`BPF_MAXINSNS`).
pub const MAX_INSTRUCTIONS: usize = 4096;
/// Words of scratch memory (`BPF_MEMWORDS`).
pub const SCRATCH: usize = 16;

/// The right-hand side of a computation or test.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Constant(u32),
    Index,
}

#[derive(Clone, Copy, Debug)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, Debug)]
enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
    AnyBit,
}

/// An instruction, decoded.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A = constant
    Load(u32),
    /// A = word of the record
    LoadWord(u8),
    /// A = word of scratch memory
    LoadScratch(u8),
    /// X = constant
    LoadIndex(u32),
    /// X = word of scratch memory
    LoadIndexScratch(u8),
    /// word of scratch memory = A
    Store(u8),
    /// word of scratch memory = X
    StoreIndex(u8),
    /// A = A op operand
    Compute(Arithmetic, Operand),
    /// A = -A
    Negate,
    /// X = A
    AccumulatorToIndex,
    /// A = X
    IndexToAccumulator,
    /// Skips so many instructions.
    Jump(u32),
    /// Skips one number of instructions or the other.
    Branch { test: Test, operand: Operand, hold: u8, fail: u8 },
    /// Ends with a constant.
    Return(u32),
    /// Ends with A.
    ReturnAccumulator,
}

/// A program that was verified.
#[derive(Debug)]
pub struct Program {
    steps: Vec<Step>,
}

impl Program {
    /// Verifies a program over records of `words` words.
    pub fn new(code: &[Instruction], words: usize) -> Result<Self, Problem> {
        verify::steps(code, words).map(|steps| Self { steps })
    }

    /// How many instructions it has.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Is it empty? No verified program is.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Runs it over a record, which has the number of words it was verified for; words that are missing are 0.
    pub fn run(&self, record: &[u32]) -> u32 {
        let (mut a, mut x) = (0u32, 0u32);
        let mut scratch = [0u32; SCRATCH];
        let mut next = 0;
        while let Some(step) = self.steps.get(next) {
            next += 1;
            match *step {
                Step::Load(value) => a = value,
                Step::LoadWord(word) => a = record.get(usize::from(word)).copied().unwrap_or(0),
                Step::LoadScratch(word) => a = scratch[usize::from(word) % SCRATCH],
                Step::LoadIndex(value) => x = value,
                Step::LoadIndexScratch(word) => x = scratch[usize::from(word) % SCRATCH],
                Step::Store(word) => scratch[usize::from(word) % SCRATCH] = a,
                Step::StoreIndex(word) => scratch[usize::from(word) % SCRATCH] = x,
                Step::Compute(operation, operand) => match compute(operation, a, value(operand, x)) {
                    Some(result) => a = result,
                    // A division by zero ends the program with 0.
                    None => return 0,
                },
                Step::Negate => a = a.wrapping_neg(),
                Step::AccumulatorToIndex => x = a,
                Step::IndexToAccumulator => a = x,
                Step::Jump(skip) => next += skip as usize,
                Step::Branch { test, operand, hold, fail } => {
                    let skip = if holds(test, a, value(operand, x)) { hold } else { fail };
                    next += usize::from(skip);
                }
                Step::Return(value) => return value,
                Step::ReturnAccumulator => return a,
            }
        }
        unreachable!("the last instruction of a verified program returns, and no jump leads beyond it")
    }
}

fn value(operand: Operand, x: u32) -> u32 {
    match operand {
        Operand::Constant(value) => value,
        Operand::Index => x,
    }
}

fn compute(operation: Arithmetic, a: u32, b: u32) -> Option<u32> {
    Some(match operation {
        Arithmetic::Add => a.wrapping_add(b),
        Arithmetic::Subtract => a.wrapping_sub(b),
        Arithmetic::Multiply => a.wrapping_mul(b),
        Arithmetic::Divide => return a.checked_div(b),
        Arithmetic::And => a & b,
        Arithmetic::Or => a | b,
        Arithmetic::Xor => a ^ b,
        // Only the low five bits of an index count.
        Arithmetic::ShiftLeft => a.wrapping_shl(b),
        Arithmetic::ShiftRight => a.wrapping_shr(b),
    })
}

fn holds(test: Test, a: u32, b: u32) -> bool {
    match test {
        Test::Equal => a == b,
        Test::Greater => a > b,
        Test::GreaterOrEqual => a >= b,
        Test::AnyBit => a & b != 0,
    }
}
