//! The content of a generated file while it is written.

use alloc::vec::Vec;
use core::fmt;

use exo_kernel::{Kind, Result};

/// Bytes that grow politely: running out of memory is remembered, not fatal.
#[derive(Default)]
pub struct Text {
    bytes: Vec<u8>,
    failed: bool,
}

impl Text {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), failed: false }
    }

    /// Appends bytes as they are.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.bytes.try_reserve(bytes.len()).is_ok() {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.failed = true;
        }
    }

    /// Appends a name, with spaces, tabs, newlines and backslashes in octal as the tables of mounts have them.
    pub fn push_escaped(&mut self, name: &[u8]) {
        for &byte in name {
            match byte {
                b' ' | b'\t' | b'\n' | b'\\' => self.print(format_args!("\\{byte:03o}")),
                _ => self.push(&[byte]),
            }
        }
    }

    /// Appends formatted text.
    pub fn print(&mut self, arguments: fmt::Arguments) {
        // Writing to a Text reports no errors; running out of memory shows in `finish`.
        self.failed |= fmt::Write::write_fmt(self, arguments).is_err();
    }

    /// Length so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Is there nothing yet?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The whole, if there was memory for it.
    pub fn finish(self) -> Result<Vec<u8>> {
        if self.failed {
            return Err(Kind::NoMemory.into());
        }
        Ok(self.bytes)
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// `print` with format arguments, and a newline.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {{
        $text.print(format_args!($($format)*));
        $text.push(b"\n");
    }};
}
pub(super) use line;
