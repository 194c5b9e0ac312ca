//! What the kernel holds before and after a batch: nothing may be left behind.
//!
//! The kernel counts its objects in /proc/exo/objects, one `name number` a line. Caches are dropped
//! before each reading, so that only what nobody can give back remains.

use std::collections::BTreeMap;

use anyhow::{bail, ensure, Context, Result};

use super::batch::{Outcome, Test};

const SCRIPT_PATH: &str = "/exo/count-objects";
pub const BEFORE: &str = "kernel-objects-before";
pub const AFTER: &str = "kernel-objects-after";

const SCRIPT: &str = "\
[ -e /proc/exo/objects ] || { echo there is no /proc/exo/objects; exit 1; }
echo 3 >/proc/sys/vm/drop_caches
while read -r name number; do echo $name $number; done </proc/exo/objects
";

/// The script, to be put into the guest.
pub fn script() -> (&'static str, &'static str) {
    (SCRIPT_PATH, SCRIPT)
}

/// Puts a reading around `tests`. The first of them runs before it, as whatever is made once and
/// kept (a slab, a cache of its own) is no leak.
pub fn surround(tests: &mut Vec<Test>) {
    let reading = |name: &str| Test { name: name.into(), command: format!("sh {SCRIPT_PATH}") };
    tests.insert(tests.len().min(1), reading(BEFORE));
    tests.push(reading(AFTER));
}

pub fn judge(before: Option<&Outcome>, after: Option<&Outcome>) -> Result<()> {
    let (before, after) = (read(before)?, read(after)?);
    let lost: Vec<String> = before
        .iter()
        .filter_map(|(name, count)| {
            let now = after.get(name)?;
            (now != count).then(|| format!("{name}: {count} before, {now} after"))
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
