//! What a program must be like to be run.

use alloc::vec::Vec;

use super::{decode, Instruction, Step, MAX_INSTRUCTIONS};

/// Why a program is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// No instructions, or more than [`MAX_INSTRUCTIONS`].
    Length,
    /// No such instruction, or an operand that it does not allow.
    Instruction,
    /// A jump leads beyond the last instruction.
    Jump,
    /// The last instruction does not return.
    End,
    /// Scratch memory is read that may not have been written.
    Scratch,
    /// No memory for the decoded program.
    NoMemory,
}

/// The steps of a program, if it can be run.
pub(crate) fn steps(code: &[Instruction], words: usize) -> Result<Vec<Step>, Problem> {
    if code.is_empty() || code.len() > MAX_INSTRUCTIONS {
        return Err(Problem::Length);
    }
    let mut steps = Vec::new();
    steps.try_reserve_exact(code.len()).map_err(|_| Problem::NoMemory)?;
    for instruction in code {
        steps.push(decode::step(instruction, words).ok_or(Problem::Instruction)?);
    }
    check_jumps(&steps)?;
    check_scratch(&steps)?;
    Ok(steps)
}

fn check_jumps(steps: &[Step]) -> Result<(), Problem> {
    for (at, step) in steps.iter().enumerate() {
        let left = steps.len() - at - 1;
        let inside = match *step {
            Step::Jump(skip) => (skip as usize) < left,
            Step::Branch { hold, fail, .. } => usize::from(hold.max(fail)) < left,
            _ => true,
        };
        if !inside {
            return Err(Problem::Jump);
        }
    }
    match steps.last() {
        Some(Step::Return(_) | Step::ReturnAccumulator) => Ok(()),
        _ => Err(Problem::End),
    }
}

/// On every way to an instruction that reads a word of scratch memory, the word must have been written.
fn check_scratch(steps: &[Step]) -> Result<(), Problem> {
    // For each instruction, the words that are written on all ways that jump to it.
    let mut at_target = Vec::new();
    at_target.try_reserve_exact(steps.len()).map_err(|_| Problem::NoMemory)?;
    at_target.resize(steps.len(), u16::MAX);
    let mut written = 0u16;
    for (at, step) in steps.iter().enumerate() {
        written &= at_target[at];
        match *step {
            Step::Store(word) | Step::StoreIndex(word) => written |= 1 << word,
            Step::LoadScratch(word) | Step::LoadIndexScratch(word) if written & 1 << word == 0 => {
                return Err(Problem::Scratch);
            }
            Step::Jump(skip) => {
                at_target[at + 1 + skip as usize] &= written;
                // Nobody comes from here to the next one.
                written = u16::MAX;
            }
            Step::Branch { hold, fail, .. } => {
                at_target[at + 1 + usize::from(hold)] &= written;
                at_target[at + 1 + usize::from(fail)] &= written;
                written = u16::MAX;
            }
            _ => {}
        }
    }
    Ok(())
}
