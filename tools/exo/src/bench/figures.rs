//! Figures that have a target; those of the whole system are measured here: boot time, image size, least memory,
//! load when idle.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use console::style;

use crate::project::Project;
use crate::pty::Session;

const PROMPT: &str = "root@exo:";
const BOOTS: usize = 5;
const IDLE: Duration = Duration::from_secs(10);

/// Something measured, and what it was to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub name: String,
    /// With its unit.
    pub value: String,
    pub target: String,
    pub met: bool,
}

impl Figure {
    /// One that is to be `most` at the most; both are shown with so many `digits` behind the point, as far as needed.
    pub fn at_most(name: &str, value: f64, most: f64, digits: usize, unit: &str) -> Self {
        Self {
            name: name.into(),
            value: format!("{value:.digits$} {unit}"),
            target: format!("at most {most} {unit}"),
            met: value <= most,
        }
    }

    /// "met" or "missed".
    pub fn verdict(&self) -> &'static str {
        if self.met {
            "met"
        } else {
            "missed"
        }
    }
}

pub fn measure(project: &Project) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, machine, target) in
        [("QEMU start to prompt, pc", "pc", 0.3), ("QEMU start to prompt, microvm", "microvm", 0.15)]
    {
        let mut times = Vec::new();
        for _ in 0..BOOTS {
            times.push(boot(&["--machine", machine])?.1);
        }
        times.sort();
        figures.push(Figure::at_most(name, times[BOOTS / 2].as_secs_f64(), target, 2, "s"));
    }
    let size = loaded_size(project)?;
    figures.push(Figure::at_most("kernel image", size as f64 / 1e6, 1.5, 2, "MB"));
    let least = least_memory().context("no memory size leads to the prompt")?;
    figures.push(Figure::at_most("least guest memory to the prompt", f64::from(least), 16.0, 0, "MiB"));
    figures.push(Figure::at_most("host CPU use at an idle prompt", idle()?, 1.0, 1, "%"));
    Ok(figures)
}

pub fn print(figures: &[Figure]) {
    for Figure { name, value, target, met } in figures {
        let value = if *met { style(value).green() } else { style(value).red().bold() };
        println!("{name:70}{value:>24}  (target: {target})");
    }
}

fn boot(options: &[&str]) -> Result<(Session, Duration)> {
    let own = std::env::current_exe()?;
    let words: Vec<String> =
        std::iter::once(&"shell").chain(options).map(|word| (*word).to_owned()).collect();
    let begun = Instant::now();
    let session = Session::start(&own, &words, 24, 80)?;
    session.wait_text(PROMPT, Duration::from_secs(20))?;
    let took = begun.elapsed();
    Ok((session, took))
}

/// The image as a boot loader reads it: without the symbols for debuggers.
fn loaded_size(project: &Project) -> Result<u64> {
    let stripped = tempfile::NamedTempFile::new()?;
    let status = std::process::Command::new("strip")
        .arg("-o")
        .arg(stripped.path())
        .arg(project.kernel()?)
        .status()
        .context("can't start strip")?;
    anyhow::ensure!(status.success(), "strip failed");
    Ok(std::fs::metadata(stripped.path())?.len())
}

/// By halving between a size that is surely too small and one that surely does.
fn least_memory() -> Option<u32> {
    let works = |megabytes: u32| boot(&["--machine", "microvm", "--mem", &format!("{megabytes}M")]).is_ok();
    let (mut fails, mut enough) = (2, 128);
    if !works(enough) {
        return None;
    }
    while enough - fails > 1 {
        let middle = (fails + enough) / 2;
        if works(middle) {
            enough = middle;
        } else {
            fails = middle;
        }
    }
    Some(enough)
}

/// CPU time of QEMU while nobody types, in percent of one CPU.
fn idle() -> Result<f64> {
    let (session, _) = boot(&["--machine", "microvm"])?;
    std::thread::sleep(Duration::from_secs(1));
    let exo = session.id().context("the command has a process id")?;
    let qemu = child_of(exo).context("QEMU is not among this command's children")?;
    let before = cpu_time(qemu)?;
    std::thread::sleep(IDLE);
    let used = cpu_time(qemu)? - before;
    Ok(used.as_secs_f64() / IDLE.as_secs_f64() * 100.0)
}

fn child_of(parent: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// User and system time from /proc/PID/stat, in hundredths of a second.
fn cpu_time(process: u32) -> Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).context("QEMU ended")?;
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
