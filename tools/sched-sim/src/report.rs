//! The figures as tables.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::measure::{percentile, Results, Verdict};
use crate::recorded;
use crate::workload::Shows;

const BEGIN: &str = "<!-- figures: written by `make sched-sim` -->\n";
const END: &str = "<!-- end of figures -->\n";

pub fn millis(nanoseconds: u64) -> String {
    format!("{:.2}", nanoseconds as f64 / 1e6)
}

/// For programs to read.
pub fn targets(verdicts: &[Verdict]) -> String {
    let word = |verdict: &Verdict| if verdict.met { "met" } else { "missed" };
    let line = |one: &Verdict| format!("{}\t{}\t{}\t{}\n", one.figure, one.measured, one.target, word(one));
    verdicts.iter().map(line).collect()
}

pub fn tables(all: &[Results]) -> String {
    let mut text = String::new();
    let (recorded, results): (Vec<&Results>, Vec<&Results>) =
        all.iter().partition(|result| result.workload.recording.is_some());
    let results = &results[..];
    text += "### Fairness\n\nHow far the best and the worst share lie apart, of what each thread should have by its weight.\n\n";
    text += &heads(results, "workload");
    for result in results.iter().filter(|result| result.workload.shows.contains(&Shows::Fairness)) {
        let cells: Vec<String> =
            result.outcomes.iter().map(|one| format!("{:.1} %", one.spread * 100.0)).collect();
        let _ = writeln!(text, "| {} | {} |", result.workload.name, cells.join(" | "));
    }
    text += "\n### Wake-up latency\n\nFrom being woken to running, in milliseconds.\n\n";
    text += "| workload | policy | median | 95 % | 99 % | 99.9 % | longest | switches/s |\n|---|---|---:|---:|---:|---:|---:|---:|\n";
    for result in results.iter().filter(|result| result.workload.shows.contains(&Shows::Latency)) {
        for one in &result.outcomes {
            let mut rows = vec![("", &one.latencies)];
            if !one.urgent.is_empty() {
                rows.push((", real time alone", &one.urgent));
            }
            for (which, latencies) in rows {
                let cells: Vec<String> = [0.5, 0.95, 0.99, 0.999, 1.0]
                    .iter()
                    .map(|&share| millis(percentile(latencies, share)))
                    .collect();
                let switches = one.switches * 1_000_000_000 / result.workload.length;
                let _ = writeln!(
                    text,
                    "| {} | {}{which} | {} | {switches} |",
                    result.workload.name,
                    one.policy,
                    cells.join(" | ")
                );
            }
        }
    }
    text += "\n### Starvation\n\nThe longest that any thread could run and did not, in milliseconds.\n\n";
    text += &heads(results, "workload");
    for &result in results {
        let cells: Vec<String> = result.outcomes.iter().map(|one| millis(one.longest_wait)).collect();
        let _ = writeln!(text, "| {} | {} |", result.workload.name, cells.join(" | "));
    }
    text += "\n### Prediction\n\nThe mean of the predictions against the true mean of the bursts, and by how much the single burst\ndiffers from what was predicted for it.\n\n";
    text += "| workload | bursts | mean of predictions | mean difference |\n|---|---|---:|---:|\n";
    for result in results.iter().filter(|result| result.workload.shows.contains(&Shows::Prediction)) {
        for one in &result.outcomes[0].predictions {
            let _ = writeln!(
                text,
                "| {} | {} | {:.1} % | {:.1} % |",
                result.workload.name,
                one.name,
                one.predicted * 100.0,
                one.error * 100.0
            );
        }
    }
    text += &recorded::tables(&recorded);
    text
}

pub fn heads(results: &[&Results], first: &str) -> String {
    let names: Vec<&str> = results
        .first()
        .map_or_else(Vec::new, |result| result.outcomes.iter().map(|one| one.policy).collect());
    format!("| {first} | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()))
}

/// Puts the tables between the marks of `scheduler.md`.
pub fn write(folder: &Path, results: &[Results]) -> Result<()> {
    let path = folder.join("scheduler.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let (before, rest) = text.split_once(BEGIN).context("scheduler.md has no place for figures")?;
    let (_, after) = rest.split_once(END).context("the figures of scheduler.md do not end")?;
    let text = format!("{before}{BEGIN}\n{}\n{END}{after}", tables(results));
    std::fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))
}
