//! The kernel command line: `name=value` and bare `name` words.
//!
//! What follows `--` belongs to init. Options that nothing knows are named in the log by [`warn_unknown`]; a word
//! with a dot belongs to a module of another system and is left alone, as is anything in init's part.

use spin::Once;

/// Options of the kernel and of the personality, with what they mean (also the documentation's list).
pub const KNOWN: &[(&str, &str)] = &[
    ("init", "the program to start as process 1 (default: /init, then /sbin/init, /etc/init, /bin/init, /bin/sh)"),
    ("console", "where /dev/console leads: ttyS0 (default) or tty0, the screen"),
    ("loglevel", "messages more severe than this number go to the console: 8 shows all, 5 warnings and worse (default 7)"),
    ("quiet", "only warnings and worse go to the console"),
    ("debug", "all messages go to the console"),
    ("panic", "after a panic: 0 halts (default), N restarts after N seconds, -1 restarts at once"),
    ("maxcpus", "use this many CPUs at most (default: all that there are, up to 32)"),
    ("trace", "show the system calls of all that processes other than init execute"),
    ("sched_record", "keep what the scheduler does, in so many KiB for each CPU, for /proc/exo/sched_record"),
    ("root", "accepted and ignored: the root is always the initial file tree"),
    ("rw", "accepted and ignored: the root is always writable"),
    ("ro", "accepted and ignored: the root is always writable"),
    ("rdinit", "the same as init"),
    ("norandmaps", "no address randomisation, as nokaslr"),
    ("nokaslr", "no address randomisation, as norandmaps"),
    ("mitigations", "accepted and ignored: the kernel has none that can be switched"),
];

static LINE: Once<&'static str> = Once::new();

/// Says what the command line is. Runs once, at boot.
pub fn init(line: &'static str) {
    LINE.call_once(|| line);
}

/// The whole line, as given.
pub fn line() -> &'static str {
    LINE.get().copied().unwrap_or("")
}

/// Words of the kernel's part, quotes removed from values.
pub fn iter() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    words(line()).take_while(|word| *word != "--").map(|word| match word.trim_matches('"').split_once('=') {
        Some((name, value)) => (name, Some(value.trim_matches('"'))),
        None => (word.trim_matches('"'), None),
    })
}

/// Words for init: those after `--`.
pub fn init_arguments() -> impl Iterator<Item = &'static str> {
    words(line()).skip_while(|word| *word != "--").skip(1)
}

/// The value of the last `name=value`, or the empty string for a bare `name`.
pub fn get(name: &str) -> Option<&'static str> {
    iter().filter(|(n, _)| *n == name).last().map(|(_, value)| value.unwrap_or(""))
}

/// Is the word there, with or without a value?
pub fn has(name: &str) -> bool {
    get(name).is_some()
}

/// The value of the last `name=value`, if it is a number. Anything else is named in the log.
pub fn number(name: &str) -> Option<usize> {
    let value = get(name)?;
    let number = value.parse().ok();
    if number.is_none() {
        log::warn!("{name}={value} is not a number");
    }
    number
}

/// Names options that nothing knows in the log.
pub fn warn_unknown() {
    for (name, _) in iter() {
        if !KNOWN.iter().any(|(known, _)| *known == name) && !name.contains('.') {
            log::warn!("unknown option on the kernel command line: {name}");
        }
    }
}

/// Splits at blanks that are not inside double quotes.
fn words(line: &'static str) -> impl Iterator<Item = &'static str> {
    let mut quoted = false;
    line.split(move |c: char| {
        quoted ^= c == '"';
        c.is_ascii_whitespace() && !quoted
    })
    .filter(|word| !word.is_empty())
}
