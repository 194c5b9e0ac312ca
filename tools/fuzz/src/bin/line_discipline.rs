//! Any settings, any keys, any read sizes: the terminal discipline never panics and keeps its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use line_discipline::{Input, LineDiscipline, Local, Output, Termios, BUFFER_SIZE};

fuzz_target!(|data: &[u8]| {
    let Some((head, keys)) = data.split_at_checked(12) else { return };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let mut termios = Termios::new();
    termios.input = Input::from_bits_retain(word(0));
    termios.output = Output::from_bits_retain(word(4));
    termios.local = Local::from_bits_retain(word(8));
    let mut tty = LineDiscipline::new(termios);
    let mut out = [0; 64];
    for (i, &key) in keys.iter().enumerate() {
        tty.receive(key, &mut |_| {});
        assert!(tty.readable() <= BUFFER_SIZE);
        if key == 0x55 {
            tty.set_termios(if i % 2 == 0 { Termios::new() } else { termios });
        }
        if tty.has_input(1) && key % 8 == 0 {
            let size = 1 + usize::from(key) % out.len();
            assert!(tty.read(&mut out[..size]) <= size);
        }
    }
});
