//! What programs write and what the screen then shows.

use proptest::prelude::*;
use text_screen::Screen;

fn lines(screen: &Screen) -> Vec<String> {
    let (rows, _) = screen.grid().size();
    let text = |row| screen.grid().row(row).iter().map(|cell| char::from(cell.character)).collect::<String>();
    (0..rows).map(|row| text(row).trim_end().to_string()).collect()
}

fn show(rows: usize, columns: usize, text: &str) -> Screen {
    let mut screen = Screen::new(rows, columns);
    screen.write(text.as_bytes());
    screen
}

#[test]
fn text_wraps_and_scrolls() {
    assert_eq!(lines(&show(3, 4, "abcdef\r\ngh\r\nij")), ["ef", "gh", "ij"]);
    // A line that is exactly full does not wrap before the next character.
    assert_eq!(lines(&show(2, 4, "abcd\r\nx")), ["abcd", "x"]);
}

#[test]
fn cursor_movement_and_erasing() {
    assert_eq!(lines(&show(3, 8, "abc\x1b[2;3Hx\x1b[A\x1b[2Dy")), ["ayc", "  x", ""]);
    assert_eq!(lines(&show(2, 8, "abcdef\x1b[3G\x1b[K")), ["ab", ""]);
    assert_eq!(lines(&show(2, 8, "ab\r\ncd\x1b[2J")), ["", ""]);
    assert_eq!(lines(&show(1, 8, "abcdef\x1b[2G\x1b[2P\x1b[@")), ["a def"]);
}

#[test]
fn a_region_scrolls_alone() {
    assert_eq!(lines(&show(4, 4, "1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[3;1H\n")), ["1", "3", "", "4"]);
    assert_eq!(lines(&show(4, 4, "1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[2;1H\x1bM")), ["1", "", "2", "4"]);
}

#[test]
fn colours_become_vga_attributes() {
    let screen = show(1, 8, "\x1b[1;31ma\x1b[0;7mb\x1b[0mc");
    let attributes: Vec<u8> = screen.grid().row(0)[..3].iter().map(|cell| cell.attribute).collect();
    assert_eq!(attributes, [0x0c, 0x70, 0x07]);
}

#[test]
fn the_alternate_screen_leaves_the_main_one_alone() {
    let mut screen = show(2, 8, "shell\x1b[?1049h\x1b[Hvi");
    assert_eq!(lines(&screen), ["vi", ""]);
    screen.write(b"\x1b[?1049l$");
    assert_eq!(lines(&screen), ["shell$", ""]);
}

#[test]
fn the_cursor_position_is_reported() {
    assert_eq!(show(3, 8, "\x1b[2;4H\x1b[6n").take_reply(), b"\x1b[2;4R");
}

#[test]
fn only_changed_rows_are_handed_out() {
    let mut screen = show(3, 8, "");
    screen.take_changed(|_, _| {});
    screen.write(b"\n\nx");
    let mut rows = Vec::new();
    screen.take_changed(|row, _| rows.push(row));
    assert_eq!(rows, [2]);
}

proptest! {
    /// No output, of any kind, panics or moves the cursor off the screen.
    #[test]
    fn anything_goes(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x1b), Just(b'['), Just(b';'), b'0'..=b'9', b'@'..=b'z'], 0..600),
                     rows in 1_usize..30, columns in 1_usize..90) {
        let mut screen = Screen::new(rows, columns);
        screen.write(&bytes);
        if let Some((row, column)) = screen.cursor() {
            prop_assert!(row < rows && column < columns);
        }
    }
}
