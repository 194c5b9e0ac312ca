//! The figures of recorded workloads as tables.

use std::fmt::Write as _;

use sched_recording::Recording;

use crate::measure::{percentile, Outcome, Prediction, Results};
use crate::report::{heads, millis};
use crate::workload::MICRO;

pub fn tables(results: &[&Results]) -> String {
    let recorded =
        || results.iter().filter_map(|result| Some((*result, result.workload.recording.as_ref()?)));
    let mut text = String::new();
    if results.is_empty() {
        return text;
    }
    text += "\n### Recorded workloads\n\n";
    text += "| workload | threads | bursts | of them hot, normal, cold | computed | took |\n|---|---:|---:|---:|---:|---:|\n";
    for (result, recording) in recorded() {
        let quality = &result.outcomes[0].quality;
        let classes = quality.classes.map(percent).join(", ");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {classes} | {} ms | {} ms |",
            result.workload.name,
            recording.threads.len(),
            quality.bursts.len(),
            recording.computed() / 1000,
            recording.took / 1000
        );
    }
    text += "\nWake-up latency, and the longest that any thread could run and did not, in milliseconds; when all was done.\n\n";
    text +=
        "| workload | policy | median | 95 % | 99 % | 99.9 % | longest | longest wait | switches | done |\n";
    text += "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for (result, recording) in recorded() {
        let name = &result.workload.name;
        let mut row = |policy: &str, latencies: &[u64], longest_wait: u64, switches: u64, took: u64| {
            let cells: Vec<String> = [0.5, 0.95, 0.99, 0.999, 1.0]
                .iter()
                .map(|&share| millis(percentile(latencies, share)))
                .chain([millis(longest_wait), switches.to_string(), millis(took)])
                .collect();
            let _ = writeln!(text, "| {name} | {policy} | {} |", cells.join(" | "));
        };
        let (wait, took) = (recording.longest_wait * MICRO, recording.took * MICRO);
        row("as it ran", &as_it_ran(recording), wait, recording.switches as u64, took);
        for one in &result.outcomes {
            row(one.policy, &one.latencies, one.longest_wait, one.switches, one.took);
        }
    }
    text += "\nFairness: how far those who compute for half a second or longer lie apart, of what each should have had by its\n";
    text += "weight while it could run.\n\n";
    text += &heads(results, "workload");
    let spread = |one: &Outcome| format!("{:.1} %", one.spread * 100.0);
    for (result, _) in recorded().filter(|(result, _)| result.outcomes[0].shares.len() > 1) {
        let cells: Vec<String> = result.outcomes.iter().map(spread).collect();
        let _ = writeln!(text, "| {} | {} |", result.workload.name, cells.join(" | "));
    }
    text += "\nPrediction, for all bursts of all threads.\n\n";
    text += "| workload | mean burst | mean of predictions | mean difference | predicted class was right | always the commonest class | time in the right class |\n";
    text += "|---|---:|---:|---:|---:|---:|---:|\n";
    for (result, _) in recorded() {
        let quality = &result.outcomes[0].quality;
        let _ = writeln!(
            text,
            "| {} | {:.2} ms | {} | {} | {} | {} | {} |",
            result.workload.name,
            quality.mean / 1e6,
            percent(quality.predicted / quality.mean),
            percent(quality.error / quality.mean),
            percent(quality.right),
            percent(quality.commonest()),
            percent(quality.right_time)
        );
    }
    text += "\nThe same for each thread that had more than 40 bursts, without its first 20: the mean of the predictions against\n";
    text += "the true mean.\n\n";
    text += "| workload | threads | within 10 % | the best | the worst |\n|---|---:|---:|---|---|\n";
    for (result, _) in recorded() {
        if let Some(line) = learnt(result) {
            let _ = writeln!(text, "| {} | {line} |", result.workload.name);
        }
    }
    text
}

/// One line for the threads of a workload that computed often enough to be learnt.
fn learnt(result: &Results) -> Option<String> {
    let all = &result.outcomes[0].predictions;
    let best = all.iter().min_by(|one, other| one.miss().total_cmp(&other.miss()))?;
    let worst = all.iter().max_by(|one, other| one.miss().total_cmp(&other.miss()))?;
    let within = all.iter().filter(|one| one.miss() <= 0.1).count();
    let show = |one: &Prediction| format!("{} as {}", one.name, percent(one.predicted));
    Some(format!("{} | {within} | {} | {}", all.len(), show(best), show(worst)))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Latencies as they were recorded, in nanoseconds and sorted.
pub fn as_it_ran(recording: &Recording) -> Vec<u64> {
    let mut all: Vec<u64> = recording.latencies().map(|waited| waited * MICRO).collect();
    all.sort_unstable();
    all
}
