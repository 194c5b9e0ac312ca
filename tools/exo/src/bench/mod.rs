//! `exo bench`: the same program on Exo-OS and on Linux in the same QEMU, counted in instructions.
//!
//! [`rows`] reads what the program prints, [`table`] shows and writes it, [`figures`] measures what is
//! not a system call: boot time, image size, least memory, idle load. [`host`] measures the pure crates,
//! [`simulator`] asks the simulator of the scheduler what it found.

mod figures;
mod host;
mod rows;
mod simulator;
mod table;

use std::time::Duration;

use anyhow::{bail, Context, Result};

use crate::cli::{BenchOptions, Machine, MachineOptions};
use crate::guest::{Collected, End, Job, System};
use crate::project::Project;
use crate::run::tail;
use rows::Row;

/// The CPU models that are compared; the first has few features, the second all that TCG knows.
const MODELS: [&str; 2] = ["qemu64", "max"];

/// A whole run of the program takes about half of this under TCG.
const LIMIT: Duration = Duration::from_secs(900);

/// One column of figures.
pub struct Measured {
    pub system: &'static str,
    pub model: &'static str,
    pub rows: Vec<Row>,
}

pub fn bench(options: &BenchOptions) -> Result<u8> {
    let project = Project::find()?;
    if options.host {
        host::bench(&project, options)?;
        return Ok(0);
    }
    let program = project.built("userland/bench", "make userland")?;
    let mut columns = Vec::new();
    for model in MODELS {
        for (system, linux) in [("Linux", true), ("Exo-OS", false)] {
            columns.push(measure(&project, &program, options, system, model, linux)?);
        }
    }
    let comparison = table::compare(&columns);
    table::print(&comparison);
    let mut figures = Vec::new();
    if !options.calls_only && options.filter.is_none() {
        figures.push(("The whole system", figures::measure(&project)?));
        let mut native = host::bench(&project, &BenchOptions { host: true, ..BenchOptions::default() })?;
        native.extend(simulator::figures(&project)?);
        figures.push(("The native kernel's parts on the host", native));
        figures.iter().for_each(|(_, figures)| figures::print(figures));
    }
    if let Some(path) = &options.csv {
        std::fs::write(path, table::csv(&comparison))
            .with_context(|| format!("can't write {}", path.display()))?;
    }
    let report = options.markdown.clone().or_else(|| {
        (options.filter.is_none() && !options.calls_only).then(|| project.root.join("docs/benchmarks.md"))
    });
    if let Some(path) = report {
        let linux = std::fs::read_to_string(project.target().join("linux/version")).unwrap_or_default();
        let text = table::markdown(&comparison, &figures, linux.trim());
        std::fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
        eprintln!("written: {}", path.display());
    }
    let worse = comparison.iter().filter(|line| line.is_worse()).count();
    if worse != 0 {
        eprintln!("{worse} rows are worse than on Linux");
    }
    Ok(0)
}

fn measure(
    project: &Project,
    program: &std::path::Path,
    options: &BenchOptions,
    name: &'static str,
    model: &'static str,
    linux: bool,
) -> Result<Measured> {
    let spinner = indicatif::ProgressBar::new_spinner().with_message(format!("{name} on {model}"));
    spinner.enable_steady_tick(Duration::from_millis(120));
    let machine = MachineOptions {
        machine: Some(Machine::Pc),
        cpu: model.into(),
        icount: true,
        linux,
        ..MachineOptions::default()
    };
    let system = System::new(project, &machine)?;
    let mut words = vec!["bench"];
    words.extend(options.filter.as_deref());
    let mut job = Job::new("/exo/bench", &words);
    job.initrd.add_file(program, "/exo/bench")?;
    let mut guest = job.start(project, &system, &machine)?;
    let output = Collected::default();
    guest.copy_output(output.clone(), std::io::stderr(), None)?;
    let end = guest.wait(Some(LIMIT), None)?;
    spinner.finish_and_clear();
    let text = String::from_utf8_lossy(&output.take()).into_owned();
    if end != End::Code(0) {
        eprintln!("{name} on {model} did not finish ({end:?}); its console:\n{}", tail(&guest.log(), 20));
    }
    let rows = rows::parse(&text);
    if rows.is_empty() {
        bail!("no row came from {name} on {model}");
    }
    Ok(Measured { system: name, model, rows })
}
