//! Any program output: the screen never panics and the cursor stays on it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use text_screen::Screen;

fuzz_target!(|data: &[u8]| {
    let Some((&[rows, columns], output)) = data.split_first_chunk::<2>() else { return };
    let mut screen = Screen::new(usize::from(rows % 50), usize::from(columns % 140));
    screen.write(output);
    let (rows, columns) = screen.grid().size();
    if let Some((row, column)) = screen.cursor() {
        assert!(row < rows && column < columns);
    }
});
