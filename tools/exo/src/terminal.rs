//! The caller's terminal: raw mode while a guest owns it, its size, and the keys that leave.

use rustix::stdio;
use rustix::termios::{self, OptionalActions, Termios};

/// Puts the terminal back as it was when dropped.
pub struct RawMode {
    saved: Termios,
}

impl RawMode {
    /// None when standard input is no terminal.
    pub fn enter() -> Option<Self> {
        let saved = termios::tcgetattr(stdio::stdin()).ok()?;
        let mut raw = saved.clone();
        raw.make_raw();
        termios::tcsetattr(stdio::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self { saved })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that is gone can't be restored, and there is nobody left to tell.
        let _ = termios::tcsetattr(stdio::stdin(), OptionalActions::Drain, &self.saved);
    }
}

/// Rows and columns of the terminal that the caller sees, if any.
pub fn size() -> Option<(u16, u16)> {
    let size =
        termios::tcgetwinsize(stdio::stdout()).or_else(|_| termios::tcgetwinsize(stdio::stdin())).ok()?;
    (size.ws_row != 0 && size.ws_col != 0).then_some((size.ws_row, size.ws_col))
}

/// The word of the kernel's command line that gives the console this terminal's size, if it has one.
pub fn size_option() -> String {
    size().map_or_else(String::new, |(rows, columns)| format!(" exo.window={rows}x{columns}"))
}

const PREFIX: u8 = 0x01;

/// Looks for Ctrl-A X in what is typed, as QEMU's own console does.
#[derive(Default)]
pub struct Escape {
    pending: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Goes on to the guest.
    Bytes(Vec<u8>),
    /// The user wants out.
    Leave,
}

impl Escape {
    pub fn feed(&mut self, input: &[u8]) -> Typed {
        let mut output = Vec::with_capacity(input.len());
        for &byte in input {
            match (std::mem::take(&mut self.pending), byte) {
                (false, PREFIX) => self.pending = true,
                (true, b'x' | b'X') => return Typed::Leave,
                (true, PREFIX) => output.push(PREFIX),
                (true, other) => output.extend([PREFIX, other]),
                (false, other) => output.push(other),
            }
        }
        Typed::Bytes(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_survives_split_reads() {
        let mut escape = Escape::default();
        assert_eq!(escape.feed(b"ab\x01"), Typed::Bytes(b"ab".to_vec()));
        assert_eq!(escape.feed(b"x"), Typed::Leave);
    }

    #[test]
    fn prefix_is_typed_by_doubling_and_harmless_otherwise() {
        let mut escape = Escape::default();
        assert_eq!(escape.feed(b"\x01\x01b\x01e"), Typed::Bytes(b"\x01b\x01e".to_vec()));
    }
}
