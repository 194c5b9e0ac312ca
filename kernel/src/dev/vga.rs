//! The VGA text console: 80 by 25 cells at physical address 0xb8000, and the cursor of the CRT controller.

use text_screen::{Cell, Screen};

use crate::arch::{self, pio};
use crate::sync::SpinLock;

const ROWS: usize = 25;
const COLUMNS: usize = 80;
const TEXT_MEMORY: usize = 0xb8000;
const CRTC_INDEX: u16 = 0x3d4;
const CRTC_DATA: u16 = 0x3d5;
const CURSOR_START: u8 = 0x0a;
const CURSOR_HIGH: u8 = 0x0e;
const CURSOR_LOW: u8 = 0x0f;
/// Bit of the cursor-start register that hides the cursor.
const CURSOR_OFF: u8 = 0x20;

/// The display.
pub struct Vga {
    screen: SpinLock<Screen>,
}

impl Vga {
    /// The display, blank; `None` if the machine has none (its memory does not keep what is written).
    pub fn probe() -> Option<Self> {
        let cell = cell_pointer(0);
        // SAFETY: the address is in the physical map; where no display answers, writes are ignored.
        let kept = unsafe {
            let old = cell.read_volatile();
            cell.write_volatile(0x55aa);
            let kept = cell.read_volatile() == 0x55aa;
            cell.write_volatile(old);
            kept
        };
        let vga = Self { screen: SpinLock::new(Screen::new(ROWS, COLUMNS)) };
        kept.then(|| {
            vga.write(b"");
            vga
        })
    }

    /// Rows and columns.
    pub const fn size() -> (u16, u16) {
        (ROWS as u16, COLUMNS as u16)
    }

    /// Do the cursor keys send their application codes?
    pub fn cursor_keys_application(&self) -> bool {
        self.screen.lock().cursor_keys_application()
    }

    /// Shows program output and returns what the terminal answers (usually nothing).
    pub fn write(&self, bytes: &[u8]) -> alloc::vec::Vec<u8> {
        let mut screen = self.screen.lock();
        screen.write(bytes);
        screen.take_changed(draw_row);
        draw_cursor(screen.cursor());
        screen.take_reply()
    }
}

fn cell_pointer(index: usize) -> *mut u16 {
    ((arch::PHYS_MAP + TEXT_MEMORY) as *mut u16).wrapping_add(index)
}

fn draw_row(row: usize, cells: &[Cell]) {
    for (column, cell) in cells.iter().enumerate() {
        let value = u16::from(cell.character) | u16::from(cell.attribute) << 8;
        // SAFETY: row and column are on the 25 × 80 screen that text memory holds.
        unsafe { cell_pointer(row * COLUMNS + column).write_volatile(value) };
    }
}

fn draw_cursor(position: Option<(usize, usize)>) {
    let write = |index: u8, value: u8| {
        // SAFETY: the CRT controller's cursor registers have no effect on memory.
        unsafe {
            pio::outb(CRTC_INDEX, index);
            pio::outb(CRTC_DATA, value);
        }
    };
    let Some((row, column)) = position else { return write(CURSOR_START, CURSOR_OFF) };
    let [low, high] = ((row * COLUMNS + column) as u16).to_le_bytes();
    write(CURSOR_START, 14);
    write(CURSOR_HIGH, high);
    write(CURSOR_LOW, low);
}
