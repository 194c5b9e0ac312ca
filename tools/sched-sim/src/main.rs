//! Runs workloads through the scheduler's policy (the crate `sched-policy`, as the kernel uses it), and through two
//! others for comparison: round-robin, and one like Linux's completely fair scheduler.
//!
//! [`workload`] says what threads do, [`machine`] lets time pass on some CPUs, [`queues`] are the policies, [`measure`]
//! judges, [`report`] and [`draw`] write `docs/scheduler.md`'s figures and drawings.

mod draw;
mod machine;
mod measure;
mod queues;
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
    /// A recorded workload to run as well: lines of thread, burst and sleep, in microseconds
    #[arg(long, value_name = "FILE")]
    recorded: Vec<PathBuf>,
    /// Number of CPUs for recorded workloads
    #[arg(long, default_value_t = 1)]
    cpus: usize,
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
        workloads.push(Workload::recorded(path, options.cpus)?);
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
    #[test]
    fn targets_are_met() {
        let results: Vec<_> = crate::workload::synthetic().iter().map(crate::measure::run).collect();
        for verdict in crate::measure::verdicts(&results) {
            assert!(verdict.met, "{}: {}, to be {}", verdict.figure, verdict.measured, verdict.target);
        }
    }
}
