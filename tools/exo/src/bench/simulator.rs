//! What the simulator of the scheduler finds: it judges itself, see `tools/sched-sim`.

use std::process::{Command, Stdio};

use anyhow::{bail, Context, Result};

use super::figures::Figure;
use crate::project::Project;

/// The recorded workloads, below the project's folder.
const RECORDINGS: &str = "tools/sched-sim/recordings";

pub fn figures(project: &Project) -> Result<Vec<Figure>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    eprintln!("building and running the simulator of the scheduler");
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--release", "-p", "sched-sim", "--", "--targets", "--recorded", RECORDINGS])
        .current_dir(&project.root)
        .stderr(Stdio::inherit())
        .output()
        .context("can't start cargo")?;
    let figures = read(&String::from_utf8_lossy(&output.stdout));
    // A missed target is told by the simulator's exit code as well, which is not a failure here.
    if figures.is_empty() {
        bail!("the simulator told nothing");
    }
    Ok(figures)
}

/// Lines of name, value, target and verdict, with tabs between them.
fn read(output: &str) -> Vec<Figure> {
    let figure = |line: &str| {
        let [name, value, target, verdict] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
        Some(Figure { name: name.into(), value: value.into(), target: target.into(), met: verdict == "met" })
    };
    output.lines().filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_figures() {
        let figures = read("fairness\t0.7 %\tbelow 10 %\tmet\nnoise\nx\t2\t1\tmissed\n");
        assert_eq!(figures.iter().map(|figure| figure.met).collect::<Vec<_>>(), [true, false]);
        assert_eq!(figures[0].target, "below 10 %");
    }
}
