//! Archives that GNU tar wrote, damaged ones, and random bytes.

use std::process::Command;

use archive::{entries, Entry, Kind, Problem, BLOCK};
use proptest::prelude::*;

/// Fills a folder by a shell script and packs it with the given options.
fn pack(script: &str, options: &[&str]) -> Vec<u8> {
    let folder = std::env::temp_dir().join(format!(
        "archive-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
    let run = |command: &mut Command| assert!(command.current_dir(&folder).status().unwrap().success());
    run(Command::new("sh").args(["-ec", script]));
    let out = std::env::temp_dir().join(format!("{}.tar", folder.file_name().unwrap().to_str().unwrap()));
    run(Command::new("tar").args(["-c", "--sort=name", "-f"]).arg(&out).args(options).arg("."));
    let bytes = std::fs::read(&out).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::remove_file(&out).unwrap();
    bytes
}

fn all(bytes: &[u8]) -> Vec<Entry<'_>> {
    entries(bytes).map(|entry| entry.unwrap()).collect()
}

fn find<'a, 'b>(list: &'b [Entry<'a>], path: &str) -> &'b Entry<'a> {
    let name = path.as_bytes();
    list.iter().find(|entry| entry.path.strip_suffix(b"/").unwrap_or(&entry.path) == name).expect(path)
}

const SCRIPT: &str =
    "mkdir -m 1777 tmp; printf hello > file; chmod 4755 file; ln file hard; ln -s file soft; mkfifo pipe
    touch -d @1234567890.5 file; : > empty; d=$(printf 'd%.0s' $(seq 120)); mkdir $d; echo deep > $d/$d
    ln -s $d/$d$d long";

#[test]
fn all_formats_hold_the_same() {
    for format in ["--format=gnu", "--format=pax"] {
        let bytes = pack(SCRIPT, &[format, "--owner=:1000000", "--group=:7"]);
        let list = all(&bytes);
        let file = find(&list, "./file");
        assert_eq!(
            (file.mode, file.uid, file.gid, file.modified.0),
            (0o4755, 1_000_000, 7, 1_234_567_890),
            "{format}"
        );
        assert_eq!(file.kind, Kind::File(b"hello"));
        assert_eq!(find(&list, "./empty").kind, Kind::File(b""));
        assert_eq!(find(&list, "./hard").kind, Kind::HardLink(b"./file".into()));
        assert_eq!(find(&list, "./soft").kind, Kind::Symlink(b"file".into()));
        assert_eq!(find(&list, "./pipe").kind, Kind::Fifo);
        assert_eq!((&find(&list, "./tmp").kind, find(&list, "./tmp").mode), (&Kind::Directory, 0o1777));
        let d = "d".repeat(120);
        assert_eq!(find(&list, &format!("./{d}/{d}")).kind, Kind::File(b"deep\n"));
        assert_eq!(find(&list, "./long").kind, Kind::Symlink(format!("{d}/{d}{d}").into_bytes().into()));
    }
}

#[test]
fn pax_times_have_fractions() {
    let bytes = pack("touch -d @1234567890.5 file", &["--format=pax"]);
    assert_eq!(find(&all(&bytes), "./file").modified, (1_234_567_890, 500_000_000));
}

#[test]
fn large_numbers_are_in_base_256() {
    let bytes = pack("touch file", &["--format=gnu", "--owner=:4000000000"]);
    assert_eq!(find(&all(&bytes), "./file").uid, 4_000_000_000);
}

#[test]
fn ustar_prefixes_are_joined() {
    let bytes = pack("d=$(printf 'd%.0s' $(seq 90)); mkdir $d; echo x > $d/$d", &["--format=ustar"]);
    let d = "d".repeat(90);
    assert_eq!(find(&all(&bytes), &format!("./{d}/{d}")).kind, Kind::File(b"x\n"));
}

#[test]
fn archives_may_follow_each_other_and_end_without_empty_blocks() {
    let (one, two) = (pack("echo 1 > one", &[]), pack("echo 2 > two", &[]));
    let joined = [one.as_slice(), two.as_slice()].concat();
    assert_eq!(all(&joined).len(), 4);
    let end = one.len() - one.iter().rev().take_while(|&&byte| byte == 0).count();
    let short = &one[..end.next_multiple_of(BLOCK)];
    assert_eq!(find(&all(short), "./one").kind, Kind::File(b"1\n"));
}

#[test]
fn damage_is_named_and_ends_the_archive() {
    let good = pack("echo hello > file", &[]);
    let problem = |bytes: &[u8]| {
        let mut list = entries(bytes);
        let last = list.by_ref().last().unwrap();
        assert!(list.next().is_none());
        last.unwrap_err().problem
    };
    let mut bytes = good.clone();
    bytes[BLOCK] ^= 1;
    assert_eq!(problem(&bytes), Problem::Checksum);
    assert_eq!(problem(&good[..2 * BLOCK]), Problem::Truncated);
    assert_eq!(problem(&good[..BLOCK + 100]), Problem::Truncated);
    assert_eq!(problem(b"not a tar"), Problem::Truncated);
    assert_eq!(problem(&[b'x'; 2 * BLOCK]), Problem::Number);
    assert!(entries(&[]).next().is_none());
}

proptest! {
    /// No bytes, and no damage to good ones, do worse than an error.
    #[test]
    fn damage_never_panics(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
                           cut in any::<prop::sample::Index>(), seed in 0_u8..2) {
        static SAMPLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| pack(SCRIPT, &["--format=pax"]));
        let mut bytes = SAMPLE.clone();
        if seed == 1 {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        prop_assert!(entries(&bytes).count() <= bytes.len() / BLOCK + 1);
    }
}
