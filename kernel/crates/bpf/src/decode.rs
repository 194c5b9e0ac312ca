//! The numbers of classic BPF (`linux/bpf_common.h`) and what they mean.

use super::{Arithmetic, Instruction, Operand, Step, Test};

// Classes, the low three bits of a code.
const LD: u16 = 0;
const LDX: u16 = 1;
const ST: u16 = 2;
const STX: u16 = 3;
const ALU: u16 = 4;
const JMP: u16 = 5;
const RET: u16 = 6;
const MISC: u16 = 7;
// Addressing modes of loads.
const IMM: u16 = 0x00;
const ABS: u16 = 0x20;
const MEM: u16 = 0x60;
const LEN: u16 = 0x80;
/// The operand is X, not the constant.
const X: u16 = 0x08;
/// `RET` of the accumulator.
const A: u16 = 0x10;
const TAX: u16 = 0x00;
const TXA: u16 = 0x80;

/// Bytes of a word.
const WORD: u32 = 4;

/// Decodes one instruction. `None` if there is no such instruction, or if it is never part of a filter over records
/// of `words` words. Where jumps lead and what scratch memory holds is not looked at.
pub(crate) fn step(code: &Instruction, words: usize) -> Option<Step> {
    let Instruction { k, jt, jf, .. } = *code;
    let operand = if code.code & X != 0 { Operand::Index } else { Operand::Constant(k) };
    let scratch = || u8::try_from(k).ok().filter(|word| usize::from(*word) < super::SCRATCH);
    let length = words as u32 * WORD;
    Some(match code.code {
        c if c == LD | IMM => Step::Load(k),
        c if c == LD | ABS && k % WORD == 0 && k < length => Step::LoadWord((k / WORD) as u8),
        c if c == LD | LEN => Step::Load(length),
        c if c == LD | MEM => Step::LoadScratch(scratch()?),
        c if c == LDX | IMM => Step::LoadIndex(k),
        c if c == LDX | LEN => Step::LoadIndex(length),
        c if c == LDX | MEM => Step::LoadIndexScratch(scratch()?),
        ST => Step::Store(scratch()?),
        STX => Step::StoreIndex(scratch()?),
        c if c & 7 == ALU => return arithmetic(c & !(7 | X), operand, c & X != 0),
        JMP => Step::Jump(k),
        c if c & 7 == JMP => Step::Branch { test: test(c & !(7 | X))?, operand, hold: jt, fail: jf },
        RET => Step::Return(k),
        c if c == RET | A => Step::ReturnAccumulator,
        c if c == MISC | TAX => Step::AccumulatorToIndex,
        c if c == MISC | TXA => Step::IndexToAccumulator,
        _ => return None,
    })
}

fn arithmetic(operation: u16, operand: Operand, by_index: bool) -> Option<Step> {
    let operation = match operation {
        0x00 => Arithmetic::Add,
        0x10 => Arithmetic::Subtract,
        0x20 => Arithmetic::Multiply,
        0x30 => Arithmetic::Divide,
        0x40 => Arithmetic::Or,
        0x50 => Arithmetic::And,
        0x60 => Arithmetic::ShiftLeft,
        0x70 => Arithmetic::ShiftRight,
        0x80 => return (!by_index).then_some(Step::Negate),
        0xa0 => Arithmetic::Xor,
        _ => return None,
    };
    match (operation, operand) {
        (Arithmetic::Divide, Operand::Constant(0)) => None,
        (Arithmetic::ShiftLeft | Arithmetic::ShiftRight, Operand::Constant(32..)) => None,
        _ => Some(Step::Compute(operation, operand)),
    }
}

fn test(kind: u16) -> Option<Test> {
    Some(match kind {
        0x10 => Test::Equal,
        0x20 => Test::Greater,
        0x30 => Test::GreaterOrEqual,
        0x40 => Test::AnyBit,
        _ => return None,
    })
}
