//! The crates that run on the host: `cargo test`, its verdicts added up.

use std::process::Command;

use anyhow::{Context, Result};

use super::Results;
use crate::project::Project;

pub fn run(project: &Project) -> Result<Results> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    println!("   cargo test (builds first)");
    let output = Command::new(cargo)
        .args(["test", "--quiet", "--no-fail-fast"])
        .current_dir(&project.root)
        .stderr(std::process::Stdio::piped())
        .output()
        .context("can't start cargo")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (passed, failed) = count(&text);
    let mut results = Results::default();
    results.add_foreign(passed, failed);
    if !output.status.success() {
        println!("{text}");
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        if failed == 0 {
            results.fail("cargo test", "it did not get as far as running every test (above)");
        }
    }
    Ok(results)
}

/// Sums the `test result:` lines of all test programs.
fn count(output: &str) -> (usize, usize) {
    let mut sum = (0, 0);
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        let number = |word: &str| -> usize {
            let before = line.split(word).next().unwrap_or_default();
            before.split_whitespace().next_back().and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        sum.0 += number(" passed");
        sum.1 += number(" failed");
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn result_lines_are_summed() {
        let text =
            "running 3 tests\n...\ntest result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.1s\n\n\
                    test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured\n";
        assert_eq!(count(text), (13, 2));
        assert_eq!(count(""), (0, 0));
    }
}
