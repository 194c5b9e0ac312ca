//! What the kernel holds before and after a batch: nothing may be left behind.
//!
//! The kernel counts its objects in /proc/exo/objects, one `name number` a line. Caches are dropped
//! before each reading, so that only what nobody can give back remains; exo-batch does both itself, as another process's
//! own objects would be in the way.

use std::collections::BTreeMap;

use anyhow::{bail, ensure, Context, Result};

use super::batch::{Outcome, Outcomes, Test};

pub const BEFORE: &str = "kernel-objects-before";
pub const AFTER: &str = "kernel-objects-after";

fn reading(name: &str) -> Test {
    Test { name: name.into(), command: "count-objects".into() }
}

/// Puts a reading around `tests`. The first of them runs before it, as whatever is made once and
/// kept (a slab, a cache of its own) is no leak.
pub fn surround(tests: &mut Vec<Test>) {
    tests.insert(tests.len().min(1), reading(BEFORE));
    tests.push(reading(AFTER));
}

/// The name of the reading after a test.
fn after(test: &str) -> String {
    format!("{AFTER}-{test}")
}

/// Puts a reading after every test too, for [`blame`].
pub fn intersperse(tests: &mut Vec<Test>) {
    *tests = tests.drain(..).flat_map(|test| [reading(&after(&test.name)), test].into_iter().rev()).collect();
}

/// Tells what each test left behind, by the readings between them.
pub fn blame(tests: &[Test], outcomes: &Outcomes) {
    for pair in tests.windows(2) {
        let readings = [&pair[0], &pair[1]].map(|test| outcomes.get(&after(&test.name)));
        if let Err(left) = judge(readings[0], readings[1]) {
            println!("     {} left {}", pair[1].name, left.to_string().replace('\n', ", "));
        }
    }
}

/// The kernel also counts its warnings: a program may have silenced the console.
const WARNINGS: &str = "warnings";

/// Did the kernel warn of nothing between the readings?
pub fn judge_warnings(before: Option<&Outcome>, after: Option<&Outcome>) -> Result<()> {
    let (before, after) = (read(before)?, read(after)?);
    let count =
        |reading: &BTreeMap<String, i64>| reading.get(WARNINGS).copied().context("no count of warnings");
    let new = count(&after)? - count(&before)?;
    ensure!(new == 0, "the kernel warned {new} times; its log (dmesg) says of what");
    Ok(())
}

/// What the slabs take. Their objects are counted to the byte (`heap-bytes`), but one that was replaced and lives on
/// (a file of /etc, written anew) may keep a slab to itself, and the hole that its predecessor left is not a slab.
const SLABS: (&str, i64) = ("slab-frames", 8);

/// Does the kernel hold after all tests what it held before?
pub fn judge(before: Option<&Outcome>, after: Option<&Outcome>) -> Result<()> {
    let (before, after) = (read(before)?, read(after)?);
    let lost: Vec<String> = before
        .iter()
        .filter(|(name, _)| *name != WARNINGS)
        .filter_map(|(name, count)| {
            let now = after.get(name)?;
            let kept = if name == SLABS.0 { *now <= count + SLABS.1 } else { now == count };
            (!kept).then(|| format!("{name}: {count} before, {now} after"))
        })
        .collect();
    ensure!(lost.is_empty(), "{}", lost.join("\n"));
    Ok(())
}

fn read(outcome: Option<&Outcome>) -> Result<BTreeMap<String, i64>> {
    let outcome =
        outcome.context("the kernel's objects were not counted: the machine did not get that far")?;
    let text = String::from_utf8_lossy(&outcome.output);
    if outcome.status != "0" {
        bail!("the kernel's objects can't be counted: {}", text.trim());
    }
    text.lines()
        .map(|line| {
            let (name, number) =
                line.trim().split_once(' ').with_context(|| format!("strange line {line:?}"))?;
            Ok((name.to_owned(), number.trim().parse().with_context(|| format!("strange line {line:?}"))?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> Outcome {
        Outcome { status: "0".into(), output: text.into() }
    }

    #[test]
    fn equal_counts_pass_and_losses_are_named() {
        let before = reading("frames 100\nthreads 5\n");
        assert!(judge(Some(&before), Some(&before)).is_ok());
        let after = reading("frames 98\nthreads 5\n");
        let error = judge(Some(&before), Some(&after)).unwrap_err().to_string();
        assert_eq!(error, "frames: 100 before, 98 after");
        assert!(judge(Some(&before), None).is_err());
        assert!(judge_warnings(Some(&before), Some(&before)).is_err(), "nothing was counted");
        let slabs = ["slab-frames 100\n", "slab-frames 108\n", "slab-frames 109\n"].map(reading);
        assert!(judge(Some(&slabs[0]), Some(&slabs[1])).is_ok());
        assert!(judge(Some(&slabs[0]), Some(&slabs[2])).is_err());
        let (before, after) = (reading("warnings 1\n"), reading("warnings 2\n"));
        assert!(judge_warnings(Some(&before), Some(&before)).is_ok());
        assert!(judge_warnings(Some(&before), Some(&after)).is_err());
        assert!(judge(Some(&before), Some(&after)).is_ok());
        assert!(judge(Some(&reading("x")), Some(&before)).is_err());
    }

    #[test]
    fn readings_go_around() {
        let test = |name: &str| Test { name: name.into(), command: String::new() };
        let mut tests = vec![test("a"), test("b")];
        surround(&mut tests);
        let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        assert_eq!(names, ["a", BEFORE, "b", AFTER]);
    }
}
