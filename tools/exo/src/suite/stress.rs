//! Storms of forks, mappings, futexes, pipes, signals and more on several CPUs at once (`userland/stress`): they go on
//! to their end, and leave nothing behind.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use anyhow::{ensure, Context, Result};

use super::{selected, Results};
use crate::cli::{MachineOptions, TestOptions};
use crate::project::Project;

/// How long the machine may take beyond the storms themselves, on a busy host.
const MARGIN_SECONDS: u32 = 240;
/// Seconds of the storms that make what is made once and kept.
const FIRST_SECONDS: u32 = 3;

/// What the guest runs: the count comes before and after the storms proper.
fn script(seconds: u32) -> String {
    format!(
        "count() {{ echo 3 >/proc/sys/vm/drop_caches; echo objects; cat /proc/exo/objects; }}\n\
         storm {FIRST_SECONDS} >/dev/null || exit 1\n\
         count\n\
         storm {seconds} >&2 || exit 1\n\
         count\n"
    )
}

pub fn run(project: &Project, options: &TestOptions) -> Result<Results> {
    let mut results = Results::default();
    if options.machine.linux {
        return Ok(results);
    }
    let cpus = if options.machine.cpus > 1 { options.machine.cpus } else { 4 };
    let name = format!("storms on {cpus} CPUs");
    if selected(options, &name) {
        results.record(&name, storm(project, options, cpus));
    }
    Ok(results)
}

fn storm(project: &Project, options: &TestOptions, cpus: u32) -> Result<()> {
    let program = project.built("userland/stress/storm", "make userland")?;
    let mut script_file = tempfile::NamedTempFile::new()?;
    script_file.write_all(script(options.seconds).as_bytes())?;
    let own = std::env::current_exe().context("can't find this command again")?;
    let timeout = (options.seconds + FIRST_SECONDS + MARGIN_SECONDS).to_string();
    let machine = MachineOptions { cpus, ..options.machine.clone() };
    let program = format!("{}:/bin/storm", program.display());
    let storms = format!("{}:/storms", script_file.path().display());
    let words = ["--mem", &machine.mem, "--timeout", &timeout, "--file", &program, "--file", &storms];
    let mut child = Command::new(own)
        .arg("run")
        .args(machine.words_with(&words))
        .args(["sh", "/storms"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("can't start this command again")?;
    let error = child.stderr.take().context("the child has a standard error")?;
    let teller = std::thread::spawn(move || tell(error));
    let ended = child.wait_with_output()?;
    let told = teller.join().unwrap_or_default();
    let output = String::from_utf8_lossy(&ended.stdout);
    ensure!(ended.status.success(), "{}; it said:\n{output}{told}", ended.status);
    let counts: Vec<BTreeMap<&str, &str>> = output.split("objects\n").skip(1).map(numbers).collect();
    let [before, after] = &counts[..] else { anyhow::bail!("the objects were not counted twice:\n{output}") };
    ensure!(!before.is_empty(), "the objects were not counted:\n{output}");
    let shown: Vec<String> = before
        .iter()
        .map(|(name, count)| format!("{name} {count} -> {}", after.get(name).unwrap_or(&"none")))
        .collect();
    let storms = numbers(&told).len();
    println!("   {storms} storms for {} s; before and after: {}", options.seconds, shown.join(", "));
    let changed = grown(before, after);
    ensure!(changed.is_empty(), "left behind: {}", changed.join(", "));
    Ok(())
}

/// Shows what the storms say as they say it, and returns it.
fn tell(from: impl Read) -> String {
    let mut all = String::new();
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        println!("   {line}");
        all += &line;
        all.push('\n');
    }
    all
}

/// What there is more of than before.
fn grown(before: &BTreeMap<&str, &str>, after: &BTreeMap<&str, &str>) -> Vec<String> {
    let number = |count: &str| count.parse::<u64>().unwrap_or(u64::MAX);
    let more = |name: &str, count: &str| {
        // Which slabs are in use at the end of a storm is chance; what leaks in one grows by far more.
        let chance = match name {
            "frames" | "slab-frames" => 16,
            "heap-bytes" => 16 << 10,
            _ => 0,
        };
        after.get(name).is_none_or(|now| number(now) > number(count).saturating_add(chance))
    };
    before.iter().filter(|(name, count)| more(name, count)).map(|(name, _)| (*name).to_owned()).collect()
}

/// Lines of a name and a number.
fn numbers(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(name, number)| (name, number.trim()))
        .filter(|(_, number)| number.parse::<u64>().is_ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_found() {
        let counts = numbers("frames 3\r\nthreads 5\r\nfork     12\nstorm: 15 s\n");
        assert_eq!(counts, [("fork", "12"), ("frames", "3"), ("threads", "5")].into());
    }

    #[test]
    fn what_grew_is_named() {
        let before = numbers("frames 3\nthreads 5\nwarnings 0\n");
        assert!(grown(&before, &numbers("frames 19\nthreads 5\nwarnings 0\n")).is_empty());
        assert_eq!(grown(&before, &numbers("frames 20\nthreads 6\n")), ["frames", "threads", "warnings"]);
    }
}
