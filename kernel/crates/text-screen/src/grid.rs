//! The grid of cells, the cursor and the scrolling region.

use alloc::vec;
use alloc::vec::Vec;

/// Light grey on black.
pub(crate) const DEFAULT_ATTRIBUTE: u8 = 7;

/// A character of the VGA font and its attribute byte (colours).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub character: u8,
    pub attribute: u8,
}

/// Rows and columns of cells.
#[derive(Debug)]
pub struct Grid {
    rows: usize,
    columns: usize,
    cells: Vec<Cell>,
    changed: Vec<bool>,
    row: usize,
    column: usize,
    /// The last column was written: the next character goes to the next line.
    wrap_pending: bool,
    wrap: bool,
    origin_mode: bool,
    /// First row of the scrolling region and the row after its last.
    region: (usize, usize),
    attribute: u8,
}

impl Grid {
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            cells: vec![Cell { character: b' ', attribute: DEFAULT_ATTRIBUTE }; rows * columns],
            changed: vec![true; rows],
            row: 0,
            column: 0,
            wrap_pending: false,
            wrap: true,
            origin_mode: false,
            region: (0, rows),
            attribute: DEFAULT_ATTRIBUTE,
        }
    }

    /// The cells of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[Cell] {
        &self.cells[row * self.columns..][..self.columns]
    }

    /// Number of rows and columns.
    pub fn size(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub(crate) fn restore_cells(&mut self, cells: &[Cell]) {
        self.cells.copy_from_slice(cells);
        self.changed.fill(true);
    }

    pub(crate) fn take_changed(&mut self, mut each: impl FnMut(usize, &[Cell])) {
        for row in 0..self.rows {
            if core::mem::take(&mut self.changed[row]) {
                each(row, &self.cells[row * self.columns..][..self.columns]);
            }
        }
    }

    pub(crate) fn cursor(&self) -> (usize, usize) {
        (self.row, self.column)
    }

    pub(crate) fn set_attribute(&mut self, attribute: u8) {
        self.attribute = attribute;
    }

    pub(crate) fn set_wrap(&mut self, wrap: bool) {
        self.wrap = wrap;
    }

    pub(crate) fn set_origin_mode(&mut self, on: bool) {
        self.origin_mode = on;
        self.move_in_region(0, 0);
    }

    pub(crate) fn reset(&mut self) {
        self.region = (0, self.rows);
        (self.wrap, self.origin_mode) = (true, false);
        self.erase_all();
        self.move_to(0, 0);
    }

    fn blank(&self) -> Cell {
        Cell { character: b' ', attribute: self.attribute }
    }

    fn fill(&mut self, row: usize, from: usize, to: usize) {
        let blank = self.blank();
        self.cells[row * self.columns..][from..to].fill(blank);
        self.changed[row] = true;
    }

    pub(crate) fn put(&mut self, character: u8) {
        if self.wrap_pending && self.wrap {
            self.carriage_return();
            self.line_feed();
        }
        self.cells[self.row * self.columns + self.column] = Cell { character, attribute: self.attribute };
        self.changed[self.row] = true;
        self.wrap_pending = self.column + 1 == self.columns;
        if !self.wrap_pending {
            self.column += 1;
        }
    }

    pub(crate) fn move_to(&mut self, row: usize, column: usize) {
        self.row = row.min(self.rows - 1);
        self.column = column.min(self.columns - 1);
        self.wrap_pending = false;
    }

    /// Moves as `CUP` does: relative to the region in origin mode.
    pub(crate) fn move_in_region(&mut self, row: usize, column: usize) {
        if self.origin_mode {
            self.move_to((self.region.0 + row).min(self.region.1 - 1), column);
        } else {
            self.move_to(row, column);
        }
    }

    pub(crate) fn move_to_row(&mut self, row: usize) {
        self.move_in_region(row, self.column);
    }

    pub(crate) fn move_to_column(&mut self, column: usize) {
        self.move_to(self.row, column);
    }

    pub(crate) fn move_by(&mut self, rows: isize, columns: isize) {
        let inside = self.row >= self.region.0 && self.row < self.region.1;
        let (top, bottom) = if inside { self.region } else { (0, self.rows) };
        let row = self.row.saturating_add_signed(rows).clamp(top, bottom - 1);
        self.move_to(row, self.column.saturating_add_signed(columns));
    }

    pub(crate) fn back(&mut self) {
        self.move_to(self.row, self.column.saturating_sub(1));
    }

    pub(crate) fn tab(&mut self) {
        self.move_to(self.row, (self.column / 8 + 1) * 8);
    }

    pub(crate) fn carriage_return(&mut self) {
        self.move_to(self.row, 0);
    }

    pub(crate) fn line_feed(&mut self) {
        self.wrap_pending = false;
        if self.row + 1 == self.region.1 {
            self.scroll_up(1);
        } else {
            self.row = (self.row + 1).min(self.rows - 1);
        }
    }

    pub(crate) fn reverse_line_feed(&mut self) {
        self.wrap_pending = false;
        if self.row == self.region.0 {
            self.scroll_down(1);
        } else {
            self.row = self.row.saturating_sub(1);
        }
    }

    /// Sets the scrolling region: first row, and the row after the last (0: the screen's end).
    pub(crate) fn set_region(&mut self, first: usize, end: usize) {
        let end = if end == 0 { self.rows } else { end.min(self.rows) };
        if first + 1 < end {
            self.region = (first, end);
            self.move_in_region(0, 0);
        }
    }

    pub(crate) fn scroll_up(&mut self, count: usize) {
        self.shift_up(self.region.0, count);
    }

    pub(crate) fn scroll_down(&mut self, count: usize) {
        self.shift_down(self.region.0, count);
    }

    fn shift_up(&mut self, top: usize, count: usize) {
        let bottom = self.region.1;
        let count = count.min(bottom - top);
        self.cells.copy_within((top + count) * self.columns..bottom * self.columns, top * self.columns);
        self.changed[top..bottom].fill(true);
        (bottom - count..bottom).for_each(|row| self.fill(row, 0, self.columns));
    }

    fn shift_down(&mut self, top: usize, count: usize) {
        let bottom = self.region.1;
        let count = count.min(bottom - top);
        self.cells
            .copy_within(top * self.columns..(bottom - count) * self.columns, (top + count) * self.columns);
        self.changed[top..bottom].fill(true);
        (top..top + count).for_each(|row| self.fill(row, 0, self.columns));
    }

    fn in_region(&self) -> bool {
        self.row >= self.region.0 && self.row < self.region.1
    }

    pub(crate) fn insert_lines(&mut self, count: usize) {
        if self.in_region() {
            self.shift_down(self.row, count);
        }
    }

    pub(crate) fn delete_lines(&mut self, count: usize) {
        if self.in_region() {
            self.shift_up(self.row, count);
        }
    }

    pub(crate) fn insert_cells(&mut self, count: usize) {
        let start = self.row * self.columns;
        let count = count.min(self.columns - self.column);
        self.cells
            .copy_within(start + self.column..start + self.columns - count, start + self.column + count);
        self.fill(self.row, self.column, self.column + count);
    }

    pub(crate) fn delete_cells(&mut self, count: usize) {
        let start = self.row * self.columns;
        let count = count.min(self.columns - self.column);
        self.cells.copy_within(start + self.column + count..start + self.columns, start + self.column);
        self.fill(self.row, self.columns - count, self.columns);
    }

    pub(crate) fn erase_cells(&mut self, count: usize) {
        self.fill(self.row, self.column, (self.column + count).min(self.columns));
    }

    pub(crate) fn erase_line(&mut self, what: u16) {
        match what {
            0 => self.fill(self.row, self.column, self.columns),
            1 => self.fill(self.row, 0, self.column + 1),
            2 => self.fill(self.row, 0, self.columns),
            _ => {}
        }
    }

    pub(crate) fn erase_display(&mut self, what: u16) {
        let rows = match what {
            0 => self.row + 1..self.rows,
            1 => 0..self.row,
            2 | 3 => 0..self.rows,
            _ => return,
        };
        if what < 2 {
            self.erase_line(what);
        }
        rows.for_each(|row| self.fill(row, 0, self.columns));
    }

    pub(crate) fn erase_all(&mut self) {
        self.erase_display(2);
    }
}
