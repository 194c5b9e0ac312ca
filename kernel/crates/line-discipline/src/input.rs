//! The input side: editing, echo, special characters, and the queue that readers drain.

use alloc::collections::VecDeque;

use crate::output::{is_continuation, is_control, Cursor};
use crate::termios::{Cc, Input, Local, Output, Termios};

/// Bytes that wait for a reader, at most (`MAX_CANON` is one less).
pub const BUFFER_SIZE: usize = 4096;

/// What a special character asks the foreground process group to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `VINTR`
    Interrupt,
    /// `VQUIT`
    Quit,
    /// `VSUSP`
    Suspend,
}

/// What became of a byte of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It was stored or edited the line; nothing more to do.
    Taken,
    /// It ended a line, or (in raw mode) can be read now.
    Readable,
    /// It stopped or restarted output: see [`LineDiscipline::stopped`].
    Flow,
    /// The foreground process group gets a signal. Queued input was dropped unless `NOFLSH` is set.
    Signal(Signal),
}

/// A byte in the queue, and whether a line ends here. `EndOfFile` ends a line and is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Byte(u8),
    LineEnd(u8),
    EndOfFile,
}

impl Cell {
    const fn byte(self) -> u8 {
        match self {
            Cell::Byte(byte) | Cell::LineEnd(byte) => byte,
            Cell::EndOfFile => 0,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Erase {
    Character,
    Word,
    Line,
}

/// The state of one terminal's discipline.
#[derive(Debug)]
pub struct LineDiscipline {
    termios: Termios,
    queue: VecDeque<Cell>,
    /// How many cells at the front of `queue` belong to finished lines.
    finished: usize,
    cursor: Cursor,
    /// The next byte is taken literally (`VLNEXT` was typed).
    literal: bool,
    /// Inside a `\…/` of `ECHOPRT`.
    erasing: bool,
    stopped: bool,
}

type Screen<'a> = &'a mut dyn FnMut(&[u8]);

impl LineDiscipline {
    /// An empty discipline.
    pub const fn new(termios: Termios) -> Self {
        Self {
            termios,
            queue: VecDeque::new(),
            finished: 0,
            cursor: Cursor { column: 0, line_column: 0 },
            literal: false,
            erasing: false,
            stopped: false,
        }
    }

    /// The settings.
    pub const fn termios(&self) -> &Termios {
        &self.termios
    }

    /// Changes the settings. When line mode is left, all input becomes readable; when it is entered,
    /// what waits becomes one line.
    pub fn set_termios(&mut self, termios: Termios) {
        let was_canonical = self.termios.canonical();
        self.termios = termios;
        if termios.canonical() != was_canonical {
            for cell in &mut self.queue {
                if *cell != Cell::EndOfFile || !termios.canonical() {
                    *cell = Cell::Byte(cell.byte());
                }
            }
            self.finished = 0;
            self.literal = false;
            if let (true, Some(last)) = (termios.canonical(), self.queue.back_mut()) {
                *last = Cell::LineEnd(last.byte());
                self.finished = self.queue.len();
            }
        }
        if !termios.input.contains(Input::IXON) {
            self.stopped = false;
        }
    }

    /// Is output stopped by `VSTOP` or [`set_stopped`](Self::set_stopped)?
    pub const fn stopped(&self) -> bool {
        self.stopped
    }

    /// Stops or restarts output (`tcflow`).
    pub fn set_stopped(&mut self, stopped: bool) {
        self.stopped = stopped;
    }

    /// Bytes that a read could return now.
    pub fn readable(&self) -> usize {
        if self.termios.canonical() {
            self.queue.iter().take(self.finished).filter(|cell| **cell != Cell::EndOfFile).count()
        } else {
            self.queue.len()
        }
    }

    /// Would a read find a line (perhaps an empty one: end of file), or `least` raw bytes?
    pub fn has_input(&self, least: usize) -> bool {
        if self.termios.canonical() {
            self.finished > 0
        } else {
            self.queue.len() >= least.max(1)
        }
    }

    /// Bytes that can be received without loss.
    pub fn room(&self) -> usize {
        (BUFFER_SIZE - 1).saturating_sub(self.queue.len())
    }

    /// Drops all input (`tcflush(TCIFLUSH)`).
    pub fn flush_input(&mut self) {
        self.queue.clear();
        self.finished = 0;
        self.literal = false;
        self.erasing = false;
    }

    /// Writes program output through `OPOST` to `screen`.
    pub fn process_output(&mut self, bytes: &[u8], screen: Screen) {
        if !self.termios.output.contains(Output::OPOST) {
            return screen(bytes);
        }
        let mut plain = 0;
        for (i, &byte) in bytes.iter().enumerate() {
            // Runs of plain characters go out in one piece.
            if !is_control(byte) && !self.termios.output.contains(Output::OLCUC) {
                if !is_continuation(byte, &self.termios) {
                    self.cursor.column += 1;
                }
                continue;
            }
            if plain < i {
                screen(&bytes[plain..i]);
            }
            plain = i + 1;
            self.cursor.put(byte, &self.termios, screen);
        }
        if plain < bytes.len() {
            screen(&bytes[plain..]);
        }
    }

    /// Takes one byte from the line; echo goes to `screen`.
    pub fn receive(&mut self, byte: u8, screen: Screen) -> Received {
        let mut byte = byte;
        if self.termios.input.contains(Input::ISTRIP) {
            byte &= 0x7f;
        }
        if self.termios.input.contains(Input::IUCLC) && self.has(Local::IEXTEN) {
            byte = byte.to_ascii_lowercase();
        }
        if self.has(Local::EXTPROC) {
            return self.store(byte);
        }
        if core::mem::take(&mut self.literal) {
            return self.store_with_echo(byte, screen);
        }
        if let Some(received) = self.receive_special(byte, screen) {
            return received;
        }
        self.restart_by_any();
        match byte {
            b'\r' if self.termios.input.contains(Input::IGNCR) => return Received::Taken,
            b'\r' if self.termios.input.contains(Input::ICRNL) => byte = b'\n',
            b'\n' if self.termios.input.contains(Input::INLCR) => byte = b'\r',
            _ => {}
        }
        if self.termios.canonical() {
            self.receive_canonical(byte, screen)
        } else {
            self.store_with_echo(byte, screen)
        }
    }

    /// Reads a line or raw bytes into `out`; returns the count, 0 for an end-of-file character.
    /// To be called when [`has_input`](Self::has_input) holds.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        if !self.termios.canonical() {
            let count = out.len().min(self.queue.len());
            for (slot, cell) in out.iter_mut().zip(self.queue.drain(..count)) {
                *slot = cell.byte();
            }
            return count;
        }
        let mut count = 0;
        while self.finished > 0 {
            let Some(&cell) = self.queue.front() else { break };
            // An end-of-file character right behind a full buffer belongs to this read.
            if count == out.len() && cell != Cell::EndOfFile {
                break;
            }
            self.queue.pop_front();
            self.finished -= 1;
            match cell {
                Cell::EndOfFile => break,
                Cell::Byte(byte) => out[count] = byte,
                Cell::LineEnd(byte) => {
                    out[count] = byte;
                    return count + 1;
                }
            }
            count += 1;
        }
        count
    }

    fn has(&self, flag: Local) -> bool {
        self.termios.local.contains(flag)
    }

    fn is(&self, byte: u8, index: Cc) -> bool {
        self.termios.is(byte, index)
    }

    /// With `IXANY` any byte restarts output, and is input as well.
    fn restart_by_any(&mut self) {
        self.stopped &= !self.termios.input.contains(Input::IXON | Input::IXANY);
    }

    /// Flow control and signal characters, which work in both modes.
    fn receive_special(&mut self, byte: u8, screen: Screen) -> Option<Received> {
        if self.termios.input.contains(Input::IXON) {
            if self.is(byte, Cc::Start) {
                self.stopped = false;
                return Some(Received::Flow);
            }
            if self.is(byte, Cc::Stop) {
                self.stopped = true;
                return Some(Received::Flow);
            }
        }
        if !self.has(Local::ISIG) {
            return None;
        }
        let signal = [(Cc::Intr, Signal::Interrupt), (Cc::Quit, Signal::Quit), (Cc::Susp, Signal::Suspend)]
            .into_iter()
            .find(|(index, _)| self.is(byte, *index))?
            .1;
        if !self.has(Local::NOFLSH) {
            self.flush_input();
        }
        if self.termios.input.contains(Input::IXON) {
            self.stopped = false;
        }
        if self.has(Local::ECHO) {
            self.echo(byte, screen);
        }
        Some(Received::Signal(signal))
    }

    fn receive_canonical(&mut self, byte: u8, screen: Screen) -> Received {
        let extended = self.has(Local::IEXTEN);
        if self.is(byte, Cc::Erase) {
            self.erase(Erase::Character, screen);
        } else if self.is(byte, Cc::Kill) {
            self.erase(Erase::Line, screen);
        } else if self.is(byte, Cc::Werase) && extended {
            self.erase(Erase::Word, screen);
        } else if self.is(byte, Cc::Lnext) && extended {
            self.literal = true;
            if self.has(Local::ECHO) {
                self.finish_erasing(screen);
                if self.has(Local::ECHOCTL) {
                    self.put(b'^', screen);
                    self.put(8, screen);
                }
            }
        } else if self.is(byte, Cc::Reprint) && self.has(Local::ECHO) && extended {
            self.reprint(byte, screen);
        } else if byte == b'\n' {
            if self.has(Local::ECHO) || self.has(Local::ECHONL) {
                self.put(b'\n', screen);
            }
            return self.finish_line(Cell::LineEnd(b'\n'));
        } else if self.is(byte, Cc::Eof) {
            return self.finish_line(Cell::EndOfFile);
        } else if self.is(byte, Cc::Eol) || (self.is(byte, Cc::Eol2) && extended) {
            self.echo_at_line_start(byte, screen);
            return self.finish_line(Cell::LineEnd(byte));
        } else {
            return self.store_with_echo(byte, screen);
        }
        Received::Taken
    }

    fn finish_line(&mut self, end: Cell) -> Received {
        if self.queue.len() >= BUFFER_SIZE {
            // Only an unfinished line fills the last place; its end replaces it.
            self.queue.pop_back();
        }
        self.queue.push_back(end);
        self.finished = self.queue.len();
        Received::Readable
    }

    fn store_with_echo(&mut self, byte: u8, screen: Screen) -> Received {
        if self.has(Local::ECHO) {
            self.finish_erasing(screen);
            if byte == b'\n' {
                self.put(byte, screen);
            } else {
                self.echo_at_line_start(byte, screen);
            }
        }
        self.store(byte)
    }

    fn store(&mut self, byte: u8) -> Received {
        let canonical = self.termios.canonical();
        if self.queue.len() >= BUFFER_SIZE - 1 {
            // A line that grows too long keeps its latest byte, so that its end is still seen.
            if canonical && self.finished == 0 {
                self.queue.pop_back();
            } else {
                return Received::Taken;
            }
        }
        self.queue.push_back(Cell::Byte(byte));
        if canonical {
            Received::Taken
        } else {
            Received::Readable
        }
    }

    fn put(&mut self, byte: u8, screen: Screen) {
        self.cursor.put(byte, &self.termios, screen);
    }

    /// Shows a byte as typed: control characters as `^X` where `ECHOCTL` says so.
    fn echo(&mut self, byte: u8, screen: Screen) {
        if self.has(Local::ECHOCTL) && is_control(byte) && byte != b'\t' {
            self.put(b'^', screen);
            self.put(byte ^ 0o100, screen);
        } else {
            self.put(byte, screen);
        }
    }

    fn echo_at_line_start(&mut self, byte: u8, screen: Screen) {
        if !self.has(Local::ECHO) {
            return;
        }
        if self.finished == self.queue.len() {
            self.cursor.line_column = self.cursor.column;
        }
        self.echo(byte, screen);
    }

    fn finish_erasing(&mut self, screen: Screen) {
        if core::mem::take(&mut self.erasing) {
            self.put(b'/', screen);
        }
    }

    fn reprint(&mut self, byte: u8, screen: Screen) {
        self.finish_erasing(screen);
        self.echo(byte, screen);
        self.put(b'\n', screen);
        for i in self.finished..self.queue.len() {
            self.echo(self.queue[i].byte(), screen);
        }
    }

    fn erase(&mut self, what: Erase, screen: Screen) {
        if self.queue.len() == self.finished {
            return;
        }
        let echo = self.has(Local::ECHO);
        let visibly = self.termios.local.contains(Local::ECHOK | Local::ECHOKE | Local::ECHOE);
        if what == Erase::Line && !(echo && visibly) {
            self.queue.truncate(self.finished);
            if echo {
                self.finish_erasing(screen);
                self.echo(self.termios.char(Cc::Kill), screen);
                if self.has(Local::ECHOK) {
                    self.put(b'\n', screen);
                }
            }
            return;
        }
        let mut in_word = false;
        while let Some((byte, width)) = self.last_character() {
            if what == Erase::Word {
                let word = byte.is_ascii_alphanumeric() || byte == b'_';
                if in_word && !word {
                    break;
                }
                in_word |= word;
            }
            self.rub_out(byte, width, what, screen);
            if what == Erase::Character {
                break;
            }
        }
        if echo && self.queue.len() == self.finished {
            self.finish_erasing(screen);
        }
    }

    /// First byte and length of the last character of the line being typed.
    fn last_character(&self) -> Option<(u8, usize)> {
        let mut start = self.queue.len();
        while start > self.finished {
            start -= 1;
            let byte = self.queue[start].byte();
            if !is_continuation(byte, &self.termios) {
                return Some((byte, self.queue.len() - start));
            }
        }
        None
    }

    /// Removes the last character (`width` bytes that begin with `byte`) from line and screen.
    fn rub_out(&mut self, byte: u8, width: usize, what: Erase, screen: Screen) {
        let start = self.queue.len() - width;
        if !self.has(Local::ECHO) {
            self.queue.truncate(start);
        } else if self.has(Local::ECHOPRT) {
            if !core::mem::replace(&mut self.erasing, true) {
                self.put(b'\\', screen);
            }
            self.echo(byte, screen);
            for i in start + 1..self.queue.len() {
                self.put(self.queue[i].byte(), screen);
            }
            self.queue.truncate(start);
        } else if what == Erase::Character && !self.has(Local::ECHOE) {
            self.queue.truncate(start);
            self.echo(self.termios.char(Cc::Erase), screen);
        } else {
            self.queue.truncate(start);
            let shown = self.has(Local::ECHOCTL);
            let columns = match byte {
                b'\t' => self.tab_width(),
                _ if is_control(byte) => 2 * usize::from(shown),
                _ => 1,
            };
            // A tab left nothing on the screen: going back is enough.
            let strokes: &[u8] = if byte == b'\t' { b"\x08" } else { b"\x08 \x08" };
            for _ in 0..columns {
                strokes.iter().for_each(|&stroke| self.put(stroke, screen));
            }
        }
    }

    /// Columns that a tab at the end of the line being typed takes.
    fn tab_width(&self) -> usize {
        let mut columns = 0;
        let mut after_tab = false;
        for i in (self.finished..self.queue.len()).rev() {
            match self.queue[i].byte() {
                b'\t' => {
                    after_tab = true;
                    break;
                }
                byte if is_control(byte) => columns += 2 * usize::from(self.has(Local::ECHOCTL)),
                byte => columns += usize::from(!is_continuation(byte, &self.termios)),
            }
        }
        if !after_tab {
            columns += self.cursor.line_column;
        }
        8 - (columns & 7)
    }
}
