//! The initial stack: what a program finds above its stack pointer.
//!
//! From the stack pointer upwards: the argument count, the argument pointers and a NULL, the environment
//! pointers and a NULL, the auxiliary vector, then (anywhere) the bytes they point to.

use alloc::vec::Vec;

/// Strings in a row, each with its NUL.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Strings {
    bytes: Vec<u8>,
    count: usize,
}

/// There is no memory for it, or the room is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// No memory.
    Memory,
    /// More than allowed.
    TooBig,
}

impl Strings {
    /// None.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), count: 0 }
    }
    /// Adds a string, which has no NUL inside or at its end, as long as all fit into `room` bytes.
    pub fn push(&mut self, string: &[u8], room: usize) -> Result<(), Full> {
        if self.bytes.len().saturating_add(string.len()).saturating_add(1) > room {
            return Err(Full::TooBig);
        }
        self.bytes.try_reserve(string.len() + 1).map_err(|_| Full::Memory)?;
        self.bytes.extend_from_slice(string);
        self.bytes.push(0);
        self.count += 1;
        Ok(())
    }
    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }
    /// All bytes, NULs included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// The strings without their NULs.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.bytes.split_last().map_or(&[][..], |(_, front)| front);
        let all = ends.split(|byte| *byte == 0);
        all.take(self.count)
    }
}

/// What goes onto the stack.
pub struct Content<'a> {
    /// One byte above the highest address, a multiple of 16.
    pub top: u64,
    /// The arguments.
    pub arguments: &'a Strings,
    /// The environment.
    pub environment: &'a Strings,
    /// The path that was executed.
    pub path: &'a [u8],
    /// Sixteen random bytes for the C library.
    pub random: [u8; 16],
    /// The auxiliary vector without what this module adds: `AT_EXECFN`, `AT_RANDOM`, `AT_PLATFORM`, `AT_NULL`.
    pub auxiliary: &'a [(u64, u64)],
}

/// The stack to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// The stack pointer: where `bytes` go. A multiple of 16.
    pub pointer: u64,
    /// Everything from there to the top.
    pub bytes: Vec<u8>,
    /// Where the arguments' bytes are.
    pub arguments: (u64, u64),
    /// Where the environment's bytes are.
    pub environment: (u64, u64),
    /// The whole auxiliary vector.
    pub auxiliary: Vec<(u64, u64)>,
}

const AT_NULL: u64 = 0;
const AT_PLATFORM: u64 = 15;
const AT_RANDOM: u64 = 25;
const AT_EXECFN: u64 = 31;
const PLATFORM: &[u8] = b"x86_64\0";

/// How many bytes the stack will take at most.
pub fn size(content: &Content) -> usize {
    let strings = content.arguments.bytes.len() + content.environment.bytes.len() + content.path.len() + 1;
    let words =
        1 + content.arguments.count + 1 + content.environment.count + 1 + 2 * (content.auxiliary.len() + 4);
    strings + 8 * words + PLATFORM.len() + content.random.len() + 64
}

/// Lays the stack out.
pub fn build(content: &Content) -> Result<Image, Full> {
    // From the top downwards: a zero word, the path, the environment, the arguments.
    let path = content.top - 8 - (content.path.len() as u64 + 1);
    let environment = path - content.environment.bytes.len() as u64;
    let arguments = environment - content.arguments.bytes.len() as u64;
    let platform = (arguments & !15) - 16;
    let random = platform - 16;
    let mut auxiliary = Vec::new();
    auxiliary.try_reserve_exact(content.auxiliary.len() + 4).map_err(|_| Full::Memory)?;
    auxiliary.extend_from_slice(content.auxiliary);
    auxiliary.extend([(AT_RANDOM, random), (AT_EXECFN, path), (AT_PLATFORM, platform), (AT_NULL, 0)]);

    let words = 1 + content.arguments.count + 1 + content.environment.count + 1 + 2 * auxiliary.len();
    let pointer = (random - 8 * words as u64) & !15;
    let length = (content.top - pointer) as usize;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Full::Memory)?;
    bytes.resize(length, 0);

    let mut put = |address: u64, data: &[u8]| {
        let at = (address - pointer) as usize;
        bytes[at..at + data.len()].copy_from_slice(data);
    };
    put(path, content.path);
    put(environment, &content.environment.bytes);
    put(arguments, &content.arguments.bytes);
    put(platform, PLATFORM);
    put(random, &content.random);
    let mut cursor = pointer;
    let mut word = |value: u64| {
        put(cursor, &value.to_le_bytes());
        cursor += 8;
    };
    word(content.arguments.count as u64);
    for (strings, start) in [(content.arguments, arguments), (content.environment, environment)] {
        let mut address = start;
        for string in strings.iter() {
            word(address);
            address += string.len() as u64 + 1;
        }
        word(0);
    }
    for (kind, value) in &auxiliary {
        word(*kind);
        word(*value);
    }
    Ok(Image {
        pointer,
        bytes,
        arguments: (arguments, environment),
        environment: (environment, path),
        auxiliary,
    })
}
