//! A VT100/ANSI text screen as a grid of cells.
//!
//! [`Screen::write`] interprets program output (ECMA-48 control sequences as console_codes(4) describes
//! them) and changes the grid; rows that changed are marked, so that a driver copies only those. What the
//! terminal answers (device status, cursor position) is collected in [`Screen::take_reply`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod grid;

use alloc::vec::Vec;

use vte::{Params, Parser, Perform};

use grid::DEFAULT_ATTRIBUTE;
pub use grid::{Cell, Grid};

/// The colours of ECMA-48 in the order of the VGA palette.
const VGA_COLOUR: [u8; 8] = [0, 4, 2, 6, 1, 5, 3, 7];

/// A screen: parser, grid and modes.
pub struct Screen {
    parser: Parser,
    terminal: Terminal,
}

struct Terminal {
    grid: Grid,
    rendition: Rendition,
    saved: (usize, usize, Rendition),
    /// The main screen's cells while the alternate one is shown.
    main: Option<Vec<Cell>>,
    graphics: bool,
    cursor_keys_application: bool,
    cursor_visible: bool,
    reply: Vec<u8>,
}

/// How characters look (SGR).
#[derive(Clone, Copy, Debug)]
struct Rendition {
    foreground: u8,
    background: u8,
    bold: bool,
    reverse: bool,
}

impl Rendition {
    const PLAIN: Self = Self { foreground: 7, background: 0, bold: false, reverse: false };

    /// The VGA attribute byte.
    fn attribute(self) -> u8 {
        let foreground = self.foreground | u8::from(self.bold) << 3;
        if self.reverse {
            self.background | (foreground & 7) << 4
        } else {
            foreground | self.background << 4
        }
    }
}

impl Screen {
    /// A blank screen of that size (both at least 1).
    pub fn new(rows: usize, columns: usize) -> Self {
        let terminal = Terminal {
            grid: Grid::new(rows.max(1), columns.max(1)),
            rendition: Rendition::PLAIN,
            saved: (0, 0, Rendition::PLAIN),
            main: None,
            graphics: false,
            cursor_keys_application: false,
            cursor_visible: true,
            reply: Vec::new(),
        };
        Self { parser: Parser::new(), terminal }
    }

    /// Shows program output.
    pub fn write(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.terminal, bytes);
    }

    /// The cells.
    pub fn grid(&self) -> &Grid {
        &self.terminal.grid
    }

    /// Calls `each` with every row that changed since the last call.
    pub fn take_changed(&mut self, each: impl FnMut(usize, &[Cell])) {
        self.terminal.grid.take_changed(each);
    }

    /// Row and column of the cursor, or `None` where it is hidden.
    pub fn cursor(&self) -> Option<(usize, usize)> {
        self.terminal.cursor_visible.then(|| self.terminal.grid.cursor())
    }

    /// Do the cursor keys send `ESC O x` (instead of `ESC [ x`)?
    pub fn cursor_keys_application(&self) -> bool {
        self.terminal.cursor_keys_application
    }

    /// What the terminal has to send to the program.
    pub fn take_reply(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.terminal.reply)
    }
}

/// The VGA font's (code page 437) character for a Unicode one.
fn code_page_437(character: char) -> u8 {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■";
    match character {
        ' '..='~' => character as u8,
        '\u{a0}' => 255,
        _ => UPPER.chars().position(|c| c == character).map_or(b'?', |index| 128 + index as u8),
    }
}

/// The line-drawing character that a letter stands for in the DEC special graphics set.
fn dec_graphics(character: char) -> char {
    match character {
        'j' => '┘',
        'k' => '┐',
        'l' => '┌',
        'm' => '└',
        'n' => '┼',
        'q' => '─',
        't' => '├',
        'u' => '┤',
        'v' => '┴',
        'w' => '┬',
        'x' => '│',
        'a' => '▒',
        '`' => '■',
        'f' => '°',
        'g' => '±',
        '~' => '·',
        other => other,
    }
}

impl Terminal {
    fn select_rendition(&mut self, params: &Params) {
        let mut values = params.iter().map(|p| p.first().copied().unwrap_or(0));
        while let Some(value) = values.next() {
            let r = &mut self.rendition;
            match value {
                0 => *r = Rendition::PLAIN,
                1 => r.bold = true,
                7 => r.reverse = true,
                21 | 22 => r.bold = false,
                27 => r.reverse = false,
                30..=37 => r.foreground = VGA_COLOUR[usize::from(value - 30)],
                39 => r.foreground = Rendition::PLAIN.foreground,
                40..=47 => r.background = VGA_COLOUR[usize::from(value - 40)],
                49 => r.background = Rendition::PLAIN.background,
                90..=97 => (r.foreground, r.bold) = (VGA_COLOUR[usize::from(value - 90)], true),
                38 | 48 => {
                    // 256 or true colours: only the sixteen that VGA has are shown.
                    let skip = if values.next() == Some(2) { 3 } else { 1 };
                    let colour = values.by_ref().take(skip).last().unwrap_or(7);
                    if skip == 1 && colour < 8 {
                        let colour = VGA_COLOUR[usize::from(colour)];
                        *(if value == 38 { &mut r.foreground } else { &mut r.background }) = colour;
                    }
                }
                _ => {}
            }
        }
        self.grid.set_attribute(self.rendition.attribute());
    }

    fn set_private_mode(&mut self, params: &Params, on: bool) {
        for mode in params.iter().filter_map(|p| p.first()) {
            match mode {
                1 => self.cursor_keys_application = on,
                6 => self.grid.set_origin_mode(on),
                7 => self.grid.set_wrap(on),
                25 => self.cursor_visible = on,
                47 | 1047 | 1049 => self.show_alternate(on),
                _ => {}
            }
        }
    }

    fn show_alternate(&mut self, on: bool) {
        if on && self.main.is_none() {
            self.save();
            self.main = Some(self.grid.cells().to_vec());
            self.grid.erase_all();
        } else if let (false, Some(cells)) = (on, self.main.take()) {
            self.grid.restore_cells(&cells);
            self.restore();
        }
    }

    fn save(&mut self) {
        let (row, column) = self.grid.cursor();
        self.saved = (row, column, self.rendition);
    }

    fn restore(&mut self) {
        let (row, column, rendition) = self.saved;
        self.rendition = rendition;
        self.grid.set_attribute(rendition.attribute());
        self.grid.move_to(row, column);
    }

    fn report(&mut self, what: u16) {
        match what {
            5 => self.reply.extend_from_slice(b"\x1b[0n"),
            6 => {
                let (row, column) = self.grid.cursor();
                let text = alloc::format!("\x1b[{};{}R", row + 1, column + 1);
                self.reply.extend_from_slice(text.as_bytes());
            }
            _ => {}
        }
    }
}

impl Perform for Terminal {
    fn print(&mut self, character: char) {
        let shown = if self.graphics { dec_graphics(character) } else { character };
        self.grid.put(code_page_437(shown));
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            8 => self.grid.back(),
            b'\t' => self.grid.tab(),
            b'\n' | 11 | 12 => self.grid.line_feed(),
            b'\r' => self.grid.carriage_return(),
            14 => self.graphics = true,
            15 => self.graphics = false,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if ignore {
            return;
        }
        let value = |index: usize| params.iter().nth(index).and_then(|p| p.first().copied()).unwrap_or(0);
        let count = |index: usize| usize::from(value(index).max(1));
        if intermediates == b"?" {
            return match action {
                'h' => self.set_private_mode(params, true),
                'l' => self.set_private_mode(params, false),
                _ => {}
            };
        }
        if !intermediates.is_empty() {
            return;
        }
        let grid = &mut self.grid;
        match action {
            'A' => grid.move_by(-(count(0) as isize), 0),
            'B' | 'e' => grid.move_by(count(0) as isize, 0),
            'C' | 'a' => grid.move_by(0, count(0) as isize),
            'D' => grid.move_by(0, -(count(0) as isize)),
            'E' => (grid.move_by(count(0) as isize, 0), grid.carriage_return()).0,
            'F' => (grid.move_by(-(count(0) as isize), 0), grid.carriage_return()).0,
            'G' | '`' => grid.move_to_column(count(0) - 1),
            'd' => grid.move_to_row(count(0) - 1),
            'H' | 'f' => grid.move_in_region(count(0) - 1, count(1) - 1),
            'J' => grid.erase_display(value(0)),
            'K' => grid.erase_line(value(0)),
            'L' => grid.insert_lines(count(0)),
            'M' => grid.delete_lines(count(0)),
            '@' => grid.insert_cells(count(0)),
            'P' => grid.delete_cells(count(0)),
            'X' => grid.erase_cells(count(0)),
            'S' => grid.scroll_up(count(0)),
            'T' => grid.scroll_down(count(0)),
            'r' => grid.set_region(count(0) - 1, value(1).into()),
            's' => self.save(),
            'u' => self.restore(),
            'm' => self.select_rendition(params),
            'n' => self.report(value(0)),
            'c' => self.reply.extend_from_slice(b"\x1b[?6c"),
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignore: bool, byte: u8) {
        match (intermediates, byte) {
            ([], b'7') => self.save(),
            ([], b'8') => self.restore(),
            ([], b'D') => self.grid.line_feed(),
            ([], b'M') => self.grid.reverse_line_feed(),
            ([], b'E') => {
                self.grid.carriage_return();
                self.grid.line_feed();
            }
            ([], b'c') => {
                self.rendition = Rendition::PLAIN;
                self.graphics = false;
                self.cursor_visible = true;
                self.grid.set_attribute(DEFAULT_ATTRIBUTE);
                self.grid.reset();
            }
            ([b'('], b'0') => self.graphics = true,
            ([b'('], _) => self.graphics = false,
            _ => {}
        }
    }
}
