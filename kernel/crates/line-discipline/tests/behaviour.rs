//! The discipline as a person at a terminal sees it, and under random input against a simple model.

use line_discipline::{Input, LineDiscipline, Local, Output, Received, Signal, Termios};
use proptest::prelude::*;

/// Types `keys` and returns what the screen shows of it.
fn type_keys(tty: &mut LineDiscipline, keys: &[u8]) -> Vec<u8> {
    let mut screen = Vec::new();
    for &key in keys {
        tty.receive(key, &mut |bytes| screen.extend_from_slice(bytes));
    }
    screen
}

fn read(tty: &mut LineDiscipline, size: usize) -> Option<Vec<u8>> {
    if !tty.has_input(1) {
        return None;
    }
    let mut out = vec![0; size];
    let count = tty.read(&mut out);
    out.truncate(count);
    Some(out)
}

fn terminal() -> LineDiscipline {
    LineDiscipline::new(Termios::new())
}

fn with(change: impl FnOnce(&mut Termios)) -> LineDiscipline {
    let mut termios = Termios::new();
    change(&mut termios);
    LineDiscipline::new(termios)
}

#[test]
fn a_line_is_readable_only_when_finished() {
    let mut tty = terminal();
    assert_eq!(type_keys(&mut tty, b"ls"), b"ls");
    assert_eq!(read(&mut tty, 80), None);
    assert_eq!(type_keys(&mut tty, b"\r"), b"\r\n");
    assert_eq!(read(&mut tty, 80).unwrap(), b"ls\n");
    assert_eq!(read(&mut tty, 80), None);
}

#[test]
fn a_small_buffer_takes_a_line_in_pieces() {
    let mut tty = terminal();
    type_keys(&mut tty, b"abcdef\ngh\n");
    assert_eq!(read(&mut tty, 4).unwrap(), b"abcd");
    assert_eq!(read(&mut tty, 4).unwrap(), b"ef\n");
    assert_eq!(read(&mut tty, 4).unwrap(), b"gh\n");
}

#[test]
fn end_of_file_pushes_a_line_and_ends_input_on_an_empty_one() {
    let mut tty = terminal();
    assert_eq!(type_keys(&mut tty, b"abc\x04\x04"), b"abc");
    assert_eq!(read(&mut tty, 3).unwrap(), b"abc");
    assert_eq!(read(&mut tty, 80).unwrap(), b"");
    assert_eq!(read(&mut tty, 80), None);
}

#[test]
fn erasing_rubs_out_characters_words_and_lines() {
    let mut tty = terminal();
    assert_eq!(type_keys(&mut tty, b"ab\x7f"), b"ab\x08 \x08");
    assert_eq!(type_keys(&mut tty, b"c foo\x17"), b"c foo\x08 \x08\x08 \x08\x08 \x08");
    assert_eq!(type_keys(&mut tty, b"\n"), b"\r\n");
    assert_eq!(read(&mut tty, 80).unwrap(), b"ac \n");
    assert_eq!(type_keys(&mut tty, b"xy\x15\x7f"), b"xy\x08 \x08\x08 \x08");
    assert_eq!(type_keys(&mut tty, b"\x01\x7f"), b"^A\x08 \x08\x08 \x08");
}

#[test]
fn erasing_a_tab_goes_back_to_where_it_began() {
    let mut tty = terminal();
    let mut prompt = Vec::new();
    tty.process_output(b"$ ", &mut |bytes| prompt.extend_from_slice(bytes));
    assert_eq!(type_keys(&mut tty, b"ab\t\x7f"), b"ab\t\x08\x08\x08\x08");
}

#[test]
fn a_multibyte_character_is_erased_whole() {
    let mut tty = with(|termios| termios.input |= Input::IUTF8);
    assert_eq!(type_keys(&mut tty, "é\x7f\n".as_bytes()), "é\x08 \x08\r\n".as_bytes());
    assert_eq!(read(&mut tty, 80).unwrap(), b"\n");
}

#[test]
fn signal_characters_drop_the_line_unless_told_otherwise() {
    let mut tty = terminal();
    type_keys(&mut tty, b"abc");
    let mut screen = Vec::new();
    let received = tty.receive(3, &mut |bytes| screen.extend_from_slice(bytes));
    assert_eq!((received, &screen[..]), (Received::Signal(Signal::Interrupt), &b"^C"[..]));
    type_keys(&mut tty, b"d\n");
    assert_eq!(read(&mut tty, 80).unwrap(), b"d\n");

    let mut tty = with(|termios| termios.local |= Local::NOFLSH);
    type_keys(&mut tty, b"abc\x1a\n");
    assert_eq!(read(&mut tty, 80).unwrap(), b"abc\n");
}

#[test]
fn literal_next_takes_any_byte() {
    let mut tty = terminal();
    assert_eq!(type_keys(&mut tty, b"\x16\x03\n"), b"^\x08^C\r\n");
    assert_eq!(read(&mut tty, 80).unwrap(), b"\x03\n");
}

#[test]
fn reprint_shows_the_line_again() {
    let mut tty = terminal();
    assert_eq!(type_keys(&mut tty, b"ab\x12"), b"ab^R\r\nab");
}

#[test]
fn raw_mode_passes_everything_and_line_mode_takes_it_over() {
    let mut tty = with(|termios| {
        termios.local = Local::empty();
        termios.input = Input::empty();
    });
    assert_eq!(type_keys(&mut tty, b"\x03\r\x7f"), b"");
    assert!(tty.has_input(3) && !tty.has_input(4));
    tty.set_termios(Termios::new());
    assert_eq!(read(&mut tty, 80).unwrap(), b"\x03\r\x7f");
}

#[test]
fn flow_control_stops_and_restarts() {
    let mut tty = terminal();
    type_keys(&mut tty, b"\x13");
    assert!(tty.stopped());
    type_keys(&mut tty, b"\x11");
    assert!(!tty.stopped());
}

#[test]
fn output_modes() {
    let show = |modes: Output, text: &[u8]| {
        let mut tty = with(|termios| termios.output = modes);
        let mut screen = Vec::new();
        tty.process_output(text, &mut |bytes| screen.extend_from_slice(bytes));
        screen
    };
    assert_eq!(show(Output::empty(), b"a\n\tb"), b"a\n\tb");
    assert_eq!(show(Output::OPOST | Output::ONLCR, b"a\nb\n"), b"a\r\nb\r\n");
    assert_eq!(show(Output::OPOST | Output::XTABS, b"ab\tc"), b"ab      c");
    assert_eq!(show(Output::OPOST | Output::ONOCR, b"\ra\r"), b"a\r");
    assert_eq!(show(Output::OPOST | Output::OLCUC, b"abC"), b"ABC");
}

#[test]
fn an_endless_line_still_ends() {
    let mut tty = terminal();
    type_keys(&mut tty, &vec![b'x'; 10_000]);
    type_keys(&mut tty, b"y\n");
    let line = read(&mut tty, 10_000).unwrap();
    assert_eq!(line.len(), line_discipline::BUFFER_SIZE);
    assert_eq!(&line[line.len() - 2..], b"y\n");
}

proptest! {
    /// Plain text with erase characters comes out as a simple model edits it.
    #[test]
    fn editing_equals_the_model(keys in proptest::collection::vec(prop_oneof![
        4 => b' '..=b'~', 1 => Just(0x7f_u8), 1 => Just(0x15_u8), 1 => Just(b'\n')], 0..400)) {
        let mut tty = terminal();
        type_keys(&mut tty, &keys);
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        for &key in &keys {
            match key {
                0x7f => { line.pop(); }
                0x15 => line.clear(),
                b'\n' => { line.push(b'\n'); lines.push(std::mem::take(&mut line)); }
                _ => line.push(key),
            }
        }
        for expected in lines {
            prop_assert_eq!(read(&mut tty, 8192).unwrap(), expected);
        }
        prop_assert_eq!(read(&mut tty, 8192), None);
    }

    /// No input, setting or read order panics or overfills the queue.
    #[test]
    fn anything_goes(keys in proptest::collection::vec(any::<u8>(), 0..6000), local: u32, input: u32, output: u32,
                     chunk in 1_usize..100) {
        let mut tty = with(|termios| {
            termios.local = Local::from_bits_retain(local);
            termios.input = Input::from_bits_retain(input);
            termios.output = Output::from_bits_retain(output);
        });
        type_keys(&mut tty, &keys);
        tty.set_termios(Termios::new());
        prop_assert!(tty.readable() <= line_discipline::BUFFER_SIZE);
        while let Some(bytes) = read(&mut tty, chunk) {
            prop_assert!(bytes.len() <= chunk);
        }
    }
}
