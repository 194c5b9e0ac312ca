//! Output processing and the cursor column that tab expansion and erasing need.

use crate::termios::{Input, Output, Termios};

/// A control character in the sense of echo: below space, or DEL.
pub(crate) const fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7f
}

/// The second or a later byte of a UTF-8 sequence, where the terminal is told to care.
pub(crate) fn is_continuation(byte: u8, termios: &Termios) -> bool {
    termios.input.contains(Input::IUTF8) && byte & 0xc0 == 0x80
}

/// Where the cursor is, as far as the discipline can know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    /// Column of the cursor.
    pub column: usize,
    /// Column at which the line being typed began.
    pub line_column: usize,
}

impl Cursor {
    /// Applies `OPOST` to one byte and hands the result to `screen`.
    pub fn put(&mut self, byte: u8, termios: &Termios, screen: &mut dyn FnMut(&[u8])) {
        let modes = termios.output;
        if !modes.contains(Output::OPOST) {
            return screen(&[byte]);
        }
        match byte {
            b'\n' => {
                if modes.contains(Output::ONLRET) {
                    self.column = 0;
                }
                if modes.contains(Output::ONLCR) {
                    (self.column, self.line_column) = (0, 0);
                    return screen(b"\r\n");
                }
                self.line_column = self.column;
                screen(b"\n");
            }
            b'\r' if modes.contains(Output::ONOCR) && self.column == 0 => {}
            b'\r' if modes.contains(Output::OCRNL) => {
                if modes.contains(Output::ONLRET) {
                    (self.column, self.line_column) = (0, 0);
                }
                screen(b"\n");
            }
            b'\r' => {
                (self.column, self.line_column) = (0, 0);
                screen(b"\r");
            }
            b'\t' => {
                let spaces = 8 - (self.column & 7);
                self.column += spaces;
                let expand = modes.contains(Output::XTABS);
                screen(if expand { &b"        "[..spaces] } else { b"\t" });
            }
            8 => {
                self.column = self.column.saturating_sub(1);
                screen(&[8]);
            }
            _ => {
                let upper = modes.contains(Output::OLCUC) && !is_control(byte);
                if !is_control(byte) && !is_continuation(byte, termios) {
                    self.column += 1;
                }
                screen(&[if upper { byte.to_ascii_uppercase() } else { byte }]);
            }
        }
    }
}
