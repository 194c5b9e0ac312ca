//! Runs workloads through the scheduler's policy (the crate `sched-policy`, as the kernel uses it), and through two
//! others for comparison: round-robin, and one like Linux's completely fair scheduler.
//!
//! [`workload`] says what threads do, [`machine`] lets time pass on some CPUs for their lives ([`life`]), [`queues`] are
//! the policies, [`measure`] judges, [`report`], [`recorded`] and [`draw`] write `docs/scheduler.md`'s figures and
//! drawings.

mod draw;
mod life;
mod machine;
mod measure;
mod queues;
mod recorded;
mod report;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use measure::Results;
use workload::Workload;

/// Simulate the scheduler
#[derive(Parser)]
struct Options {
    /// A recorded workload to run as well, which `exo run --record-sched` wrote, or a folder of such files
    #[arg(long, value_name = "FILE|DIR")]
    recorded: Vec<PathBuf>,
    /// Number of CPUs for recorded workloads, if not as many as they were recorded on
    #[arg(long)]
    cpus: Option<usize>,
    /// Write figures and drawings into this folder's scheduler.md
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Print only what is to be reached: lines of name, value, target and verdict, with tabs between them
    #[arg(long)]
    targets: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let mut workloads = workload::synthetic();
    for path in &options.recorded {
        for workload in workload::recorded(path)? {
            workloads.push(Workload { cpus: options.cpus.unwrap_or(workload.cpus).max(1), ..workload });
        }
    }
    let results: Vec<Results> = workloads.iter().map(measure::run).collect();
    let verdicts = measure::verdicts(&results);
    if options.targets {
        print!("{}", report::targets(&verdicts));
    } else {
        print!("{}", report::tables(&results));
    }
    if let Some(folder) = &options.write {
        report::write(folder, &results)?;
        draw::draw(folder, &results)?;
    }
    for missed in verdicts.iter().filter(|verdict| !verdict.met) {
        eprintln!("missed: {}: {}, to be {}", missed.figure, missed.measured, missed.target);
    }
    Ok(if verdicts.iter().all(|verdict| verdict.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use crate::workload::{self, synthetic, Workload};
    use crate::{measure, report};

    fn recorded() -> Vec<Workload> {
        workload::recorded(concat!(env!("CARGO_MANIFEST_DIR"), "/recordings").as_ref()).unwrap()
    }

    #[test]
    fn targets_are_met() {
        let results: Vec<_> =
            synthetic().into_iter().chain(recorded()).map(|one| measure::run(&one)).collect();
        for verdict in measure::verdicts(&results) {
            assert!(verdict.met, "{}: {}, to be {}", verdict.figure, verdict.measured, verdict.target);
        }
        assert!(report::tables(&results).contains("as it ran"));
    }

    /// Replayed as it was recorded, under the same policy, a workload takes as long and waits like it did.
    #[test]
    fn replay_is_like_reality() {
        for workload in recorded() {
            let result = measure::run(&workload);
            let (ours, real) = (&result.outcomes[0], workload.recording.as_ref().unwrap());
            let took = ours.took as f64 / 1000.0 / real.took as f64;
            assert!((0.98..1.02).contains(&took), "{} takes {took} times as long", workload.name);
            let median = measure::percentile(&ours.latencies, 0.5)
                .abs_diff(measure::percentile(&crate::recorded::as_it_ran(real), 0.5));
            assert!(median < 100_000, "{}: medians differ by {median} ns", workload.name);
        }
    }
}
