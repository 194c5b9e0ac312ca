//! The arguments and the environment, copied from the old program.

use alloc::vec::Vec;

use elf_load::stack::{Full, Strings};
use exo_kernel::arch::usercopy::strncpy_from_user;
use exo_kernel::user::UserPtr;

use crate::process::{Resource, Task};
use crate::Errno;

/// Bytes of one string at most, with its NUL.
const STRING_MAX: usize = 32 * 4096;
/// Room that there is whatever the stack limit says.
const ROOM_MIN: u64 = 32 * 4096;
/// Room that there is at most: three quarters of the default stack limit.
const ROOM_MAX: u64 = 6 << 20;
/// Bytes copied at a time.
const PIECE: usize = 256;

/// The strings for a new program.
#[derive(Default)]
pub struct Arguments {
    pub arguments: Strings,
    pub environment: Strings,
}

impl From<Full> for Errno {
    fn from(full: Full) -> Self {
        match full {
            Full::Memory => Errno::ENOMEM,
            Full::TooBig => Errno::E2BIG,
        }
    }
}

/// How many pointers there are before the NULL.
fn count(pointers: UserPtr<usize>, limit: usize) -> Result<usize, Errno> {
    if pointers.is_null() {
        return Ok(0);
    }
    for index in 0..limit {
        if pointers.add(index).read()? == 0 {
            return Ok(index);
        }
    }
    Err(Errno::E2BIG)
}

fn read_all(pointers: UserPtr<usize>, count: usize, room: usize) -> Result<Strings, Errno> {
    let mut strings = Strings::new();
    let mut long = Vec::new();
    for index in 0..count {
        let address = pointers.add(index).read()?;
        let mut piece = [0; PIECE];
        match strncpy_from_user(&mut piece, address)? {
            Some(length) => strings.push(&piece[..length], room)?,
            None => {
                read_long(address, &piece, &mut long)?;
                strings.push(&long, room)?;
            }
        }
    }
    Ok(strings)
}

/// Copies a string that begins with `piece` and is longer.
#[cold]
fn read_long(mut address: usize, piece: &[u8; PIECE], out: &mut Vec<u8>) -> Result<(), Errno> {
    let mut piece = *piece;
    out.clear();
    loop {
        out.try_reserve(PIECE).map_err(|_| Errno::ENOMEM)?;
        out.extend_from_slice(&piece);
        address = address.wrapping_add(PIECE);
        if out.len() >= STRING_MAX {
            return Err(Errno::E2BIG);
        }
        if let Some(length) = strncpy_from_user(&mut piece, address)? {
            out.try_reserve(length).map_err(|_| Errno::ENOMEM)?;
            out.extend_from_slice(&piece[..length]);
            return if out.len() < STRING_MAX { Ok(()) } else { Err(Errno::E2BIG) };
        }
    }
}

impl Arguments {
    /// Copies both lists. E2BIG when they take more than a quarter of the stack may be.
    pub fn read(t: &Task, argv: UserPtr<usize>, envp: UserPtr<usize>) -> Result<Self, Errno> {
        let room = (t.process().limit(Resource::Stack) / 4).clamp(ROOM_MIN, ROOM_MAX) as usize;
        let (argc, envc) = (count(argv, room / 8)?, count(envp, room / 8)?);
        // The pointers on the new stack take room too; a program without arguments gets an empty one.
        let room = room.checked_sub((argc.max(1) + envc) * size_of::<usize>()).ok_or(Errno::E2BIG)?;
        let environment = read_all(envp, envc, room)?;
        let left = room - environment.bytes().len();
        let mut arguments = read_all(argv, argc, left)?;
        if argc == 0 {
            arguments.push(b"", left)?;
        }
        Ok(Self { arguments, environment })
    }

    /// From strings of the kernel's own.
    pub fn from_lists(arguments: &[&[u8]], environment: &[&[u8]]) -> Result<Self, Errno> {
        let mut own = Self::default();
        for string in arguments {
            own.arguments.push(string, ROOM_MAX as usize)?;
        }
        for string in environment {
            own.environment.push(string, ROOM_MAX as usize)?;
        }
        Ok(own)
    }

    /// Puts an interpreter, its argument and the script in the place of the first argument.
    pub fn for_script(self, interpreter: &[u8], option: Option<&[u8]>, script: &[u8]) -> Result<Self, Errno> {
        let room = ROOM_MAX as usize;
        let mut arguments = Strings::new();
        arguments.push(interpreter, room)?;
        if let Some(option) = option {
            arguments.push(option, room)?;
        }
        arguments.push(script, room)?;
        for argument in self.arguments.iter().skip(1) {
            arguments.push(argument, room)?;
        }
        Ok(Self { arguments, ..self })
    }
}
