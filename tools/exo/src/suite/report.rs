//! What the user sees of a test run.

use console::style;

use super::known::{Known, FILE};
use crate::cli::Part;

/// The count of a part, and what its failures have to say.
#[derive(Default)]
pub struct Results {
    pub passed: usize,
    failures: Vec<String>,
    /// Failures that docs/known-failures.md lists, and listed tests that pass by now.
    known: Vec<String>,
    mended: Vec<String>,
    passes: Vec<String>,
    /// Tests that need what is not there yet, as their own list says.
    impossible: usize,
    /// Failures counted by another tool, which printed them itself.
    foreign: usize,
}

impl Results {
    pub fn pass(&mut self, name: &str) {
        self.passed += 1;
        self.passes.push(name.to_owned());
    }

    /// Reports at once, so that a long run shows its failures as they come.
    pub fn fail(&mut self, name: &str, details: &str) {
        println!("{} {name}", style("FAIL").red().bold());
        for line in details.lines() {
            println!("     {line}");
        }
        self.failures.push(name.to_owned());
    }

    /// Takes a test's own verdict.
    pub fn record(&mut self, name: &str, verdict: anyhow::Result<()>) {
        match verdict {
            Ok(()) => {
                println!("{}   {name}", style("ok").green());
                self.pass(name);
            }
            Err(error) => self.fail(name, &format!("{error:#}")),
        }
    }

    /// Sets those failures aside that are known, with their reasons.
    pub fn excuse(&mut self, known: &Known, part: Part) {
        let (excused, failures) =
            std::mem::take(&mut self.failures).into_iter().partition(|test| known.has(part, test));
        (self.known, self.failures) = (excused, failures);
        self.mended =
            std::mem::take(&mut self.passes).into_iter().filter(|test| known.has(part, test)).collect();
    }

    /// Counts a test that needs what Exo-OS does not have yet.
    pub fn cannot(&mut self) {
        self.impossible += 1;
    }

    pub fn add_foreign(&mut self, passed: usize, failed: usize) {
        self.passed += passed;
        self.foreign += failed;
    }

    pub fn failed(&self) -> usize {
        self.failures.len() + self.foreign
    }

    /// Did no test run at all?
    pub fn is_empty(&self) -> bool {
        self.passed + self.failed() + self.known.len() + self.impossible == 0
    }

    pub fn absorb(&mut self, other: Self) {
        self.passed += other.passed;
        self.foreign += other.foreign;
        self.impossible += other.impossible;
        self.failures.extend(other.failures);
        self.known.extend(other.known);
        self.mended.extend(other.mended);
    }
}

pub fn heading(part: Part) {
    println!("\n{}", style(format!("== {}", name(part))).bold());
}

pub fn part(part: Part, results: &Results) {
    let failed = results.failed();
    let mut text = format!("{}: {} passed, {failed} failed", name(part), results.passed);
    if !results.known.is_empty() {
        text += &format!(", {} known failures", results.known.len());
    }
    if results.impossible > 0 {
        text += &format!(", {} not possible yet (docs/busybox.md)", results.impossible);
    }
    println!("   {}", if failed == 0 { style(text).green() } else { style(text).red() });
}

/// The last line is for machines: nothing but the two numbers.
pub fn summary(total: &Results) {
    if !total.failures.is_empty() {
        println!("\nfailed: {}", total.failures.join(", "));
    }
    if !total.known.is_empty() {
        println!("\nfailed as {FILE} says ({}): {}", total.known.len(), total.known.join(", "));
    }
    if !total.mended.is_empty() {
        println!("\npassed although {FILE} lists them: {}", total.mended.join(", "));
    }
    println!("\n{} passed, {} failed", total.passed, total.failed());
}

fn name(part: Part) -> &'static str {
    match part {
        Part::Host => "host tests",
        Part::Conformance => "conformance programs",
        Part::Hostile => "hostile programs",
        Part::Native => "native programs",
        Part::Corpus => "shell corpus",
        Part::Applets => "busybox applets",
        Part::Run => "exo run",
        Part::Boot => "at a terminal",
        Part::Bad => "bad worlds",
        Part::Stress => "storms",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let mut a = Results::default();
        a.pass("y");
        a.fail("x", "because");
        let mut b = Results::default();
        b.add_foreign(10, 2);
        a.absorb(b);
        assert_eq!((a.passed, a.failed()), (11, 3));
    }
}
