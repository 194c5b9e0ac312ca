//! Storms of forks, mappings, futexes, pipes, signals and more on several CPUs at once (`userland/stress`): they go on
//! to their end, and leave nothing behind.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use anyhow::{ensure, Context, Result};

use super::{selected, Results};
use crate::cli::TestOptions;
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
    let timeout = options.seconds + FIRST_SECONDS + MARGIN_SECONDS;
    let ended = Command::new(own)
        .args(["run", "--cpus", &cpus.to_string(), "--mem", &options.machine.mem])
        .args(["--timeout", &timeout.to_string()])
        .args(["--file", &format!("{}:/bin/storm", program.display())])
        .args(["--file", &format!("{}:/storms", script_file.path().display())])
        .args(["sh", "/storms"])
        .output()
        .context("can't start this command again")?;
    let output = String::from_utf8_lossy(&ended.stdout);
    let error = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}; it said:\n{output}{error}", ended.status);
    let counts: Vec<BTreeMap<&str, &str>> = output.split("objects\n").skip(1).map(numbers).collect();
    let [before, after] = &counts[..] else { anyhow::bail!("the objects were not counted twice:\n{output}") };
    ensure!(!before.is_empty(), "the objects were not counted:\n{output}");
    let number = |count: &str| count.parse::<u64>().unwrap_or(u64::MAX);
    let changed: Vec<String> = before
        .iter()
        .filter(|(name, count)| {
            // Which slabs are in use at the end of a storm is chance; what leaks in one grows by far more.
            let chance = match **name {
                "frames" | "slab-frames" => 16,
                "heap-bytes" => 16 << 10,
                _ => 0,
            };
            after.get(*name).is_none_or(|now| number(now) > number(count).saturating_add(chance))
        })
        .map(|(name, count)| format!("{name}: {count} before, {} after", after.get(name).unwrap_or(&"none")))
        .collect();
    ensure!(changed.is_empty(), "{}", changed.join("\n"));
    Ok(())
}

/// Lines of a name and a number.
fn numbers(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.trim().split_once(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_found() {
        let counts = numbers("frames 3\r\nthreads 5\r\nfork     12\n");
        assert_eq!(counts.get("threads"), Some(&"5"));
        assert_eq!(counts.get("frames"), Some(&"3"));
    }
}
