//! The PS/2 keyboard: scan codes from the i8042 controller become the bytes that a terminal sends.

use alloc::vec::Vec;

use pc_keyboard::layouts::Us104Key;
use pc_keyboard::{DecodedKey, HandleControl, KeyCode, KeyEvent, KeyState, PS2Keyboard, ScancodeSet1};

use crate::arch::pio;

const DATA: u16 = 0x60;
const STATUS: u16 = 0x64;
const OUTPUT_FULL: u8 = 1;

/// The next scan code that the controller holds.
pub fn read_scan_code() -> Option<u8> {
    // SAFETY: reading the controller's status and data ports has no effect on memory.
    unsafe { (pio::inb(STATUS) & OUTPUT_FULL != 0).then(|| pio::inb(DATA)) }
}

/// Turns scan codes into bytes.
pub struct Keyboard {
    decoder: PS2Keyboard<Us104Key, ScancodeSet1>,
    alt: bool,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self::new()
    }
}

impl Keyboard {
    /// A keyboard with the US layout and no key down.
    pub const fn new() -> Self {
        let decoder = PS2Keyboard::new(ScancodeSet1::new(), Us104Key, HandleControl::MapLettersToUnicode);
        Self { decoder, alt: false }
    }

    /// Appends to `out` what the terminal sends for this scan code.
    pub fn push(&mut self, scan_code: u8, application_keys: bool, out: &mut Vec<u8>) {
        let Ok(Some(event)) = self.decoder.add_byte(scan_code) else { return };
        if event.code == KeyCode::LAlt {
            self.alt = event.state == KeyState::Down;
        }
        let KeyEvent { state: KeyState::Down | KeyState::SingleShot, .. } = event else {
            self.decoder.process_keyevent(event);
            return;
        };
        match self.decoder.process_keyevent(event) {
            Some(DecodedKey::Unicode('\u{8}')) => out.push(0x7f),
            Some(DecodedKey::Unicode('\u{7f}')) => out.extend_from_slice(b"\x1b[3~"),
            Some(DecodedKey::Unicode('\n')) => out.push(b'\r'),
            Some(DecodedKey::Unicode(character)) => {
                if self.alt {
                    out.push(0x1b);
                }
                let mut buffer = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
            Some(DecodedKey::RawKey(key)) => out.extend_from_slice(sequence(key, application_keys)),
            None => {}
        }
    }
}

/// The escape sequence of a key that has no character.
fn sequence(key: KeyCode, application_keys: bool) -> &'static [u8] {
    match (key, application_keys) {
        (KeyCode::ArrowUp, false) => b"\x1b[A",
        (KeyCode::ArrowDown, false) => b"\x1b[B",
        (KeyCode::ArrowRight, false) => b"\x1b[C",
        (KeyCode::ArrowLeft, false) => b"\x1b[D",
        (KeyCode::ArrowUp, true) => b"\x1bOA",
        (KeyCode::ArrowDown, true) => b"\x1bOB",
        (KeyCode::ArrowRight, true) => b"\x1bOC",
        (KeyCode::ArrowLeft, true) => b"\x1bOD",
        (KeyCode::Home, _) => b"\x1b[1~",
        (KeyCode::Insert, _) => b"\x1b[2~",
        (KeyCode::Delete, _) => b"\x1b[3~",
        (KeyCode::End, _) => b"\x1b[4~",
        (KeyCode::PageUp, _) => b"\x1b[5~",
        (KeyCode::PageDown, _) => b"\x1b[6~",
        (KeyCode::F1, _) => b"\x1b[[A",
        (KeyCode::F2, _) => b"\x1b[[B",
        (KeyCode::F3, _) => b"\x1b[[C",
        (KeyCode::F4, _) => b"\x1b[[D",
        (KeyCode::F5, _) => b"\x1b[[E",
        (KeyCode::F6, _) => b"\x1b[17~",
        (KeyCode::F7, _) => b"\x1b[18~",
        (KeyCode::F8, _) => b"\x1b[19~",
        (KeyCode::F9, _) => b"\x1b[20~",
        (KeyCode::F10, _) => b"\x1b[21~",
        _ => b"",
    }
}
