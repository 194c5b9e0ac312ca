//! `exo bench --host`: the pure crates on this machine, in cycles of its cores.
//!
//! The benchmarks (`tools/host-bench`) are criterion's, with a clock of their own. They print what that clock is,
//! and the target of each group; the samples come from the files that criterion leaves. In each group the first
//! system is ours. Shares of memory they print, too, and these make tables of their own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{bail, Context, Result};
use console::style;
use serde_json::Value;

use super::figures::Figure;
use crate::cli::BenchOptions;
use crate::project::Project;

/// How often a process with other priority gets in the way is chance; the best of many short samples is not.
const COLUMNS: [(&str, f64); 5] =
    [("best", 0.0), ("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)];

/// The clock, as the benchmarks found it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Clock {
    overhead: f64,
    per_tick: f64,
    gigahertz: f64,
}

/// What a group is to reach, in cycles or in millions a second.
#[derive(Clone, Debug, PartialEq)]
enum Goal {
    Cycles(f64),
    Rate(f64),
}

#[derive(Clone, Debug, PartialEq)]
struct Target {
    group: String,
    goal: Goal,
}

/// One system in one group: cycles of each sample, ascending.
#[derive(Debug)]
struct Measured {
    when: SystemTime,
    group: String,
    system: String,
    samples: Vec<f64>,
}

impl Measured {
    fn at(&self, share: f64) -> f64 {
        let last = self.samples.len() - 1;
        self.samples[(share * last as f64).round() as usize]
    }

    fn mean(&self) -> f64 {
        self.samples.iter().sum::<f64>() / self.samples.len() as f64
    }
}

/// What part of something a system wastes, in percent, and how much it may be.
#[derive(Clone, Debug, PartialEq)]
struct Share {
    table: String,
    most: Option<f64>,
    system: String,
    percent: f64,
}

/// Measures, tells and writes down all that `options` ask for; gives what has a target.
pub fn bench(project: &Project, options: &BenchOptions) -> Result<Vec<Figure>> {
    let results = project.target().join("criterion");
    if results.exists() {
        std::fs::remove_dir_all(&results).context("can't remove the results of before")?;
    }
    let output = run(project, options.filter.as_deref())?;
    let clock = clock(&output).context("the benchmarks did not say how their clock ticks")?;
    let (targets, shares) = (targets(&output), shares(&output));
    // A part of the benchmarks may leave nothing there, and tell shares only.
    let mut measured = if results.exists() { read(&results)? } else { Vec::new() };
    measured.sort_by_key(|row| row.when);
    if measured.is_empty() && shares.is_empty() {
        bail!("no benchmark has that in its name");
    }
    print(&measured, &targets, clock);
    for share in &shares {
        println!("\n{}\n  {:42}{:>7.2} %", style(&share.table).bold(), share.system, share.percent);
    }
    if let Some(path) = &options.csv {
        std::fs::write(path, csv(&measured)).with_context(|| format!("can't write {}", path.display()))?;
    }
    let report = options
        .markdown
        .clone()
        .or_else(|| options.filter.is_none().then(|| project.root.join("docs/benchmarks-host.md")));
    if let Some(path) = report {
        let mut text = markdown(&measured, &targets, clock, &processor()) + &share_tables(&shares);
        if options.filter.is_some() {
            // What was not measured now stays.
            text = merged(&std::fs::read_to_string(&path).unwrap_or_default(), &text);
        }
        std::fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
        eprintln!("written: {}", path.display());
    }
    let groups = groups(&measured).into_iter();
    let mut figures: Vec<Figure> =
        groups.filter_map(|(group, rows)| verdict(group, rows[0], &targets, clock)).collect();
    figures.extend(tables(&shares).filter_map(|table| table[0].figure()));
    Ok(figures)
}

fn run(project: &Project, filter: Option<&str>) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    eprintln!("building and running the benchmarks of the pure crates (some minutes)");
    let output = Command::new(cargo)
        .args(["bench", "--quiet", "-p", "host-bench", "--"])
        .args(filter)
        .current_dir(&project.root)
        .stderr(Stdio::inherit())
        .output()
        .context("can't start cargo")?;
    if !output.status.success() {
        bail!("the benchmarks failed");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn clock(output: &str) -> Option<Clock> {
    let line = output.lines().find_map(|line| line.strip_prefix("clock\t"))?;
    let numbers: Vec<f64> = line.split('\t').filter_map(|field| field.parse().ok()).collect();
    let [overhead, per_tick, gigahertz] = numbers[..] else { return None };
    Some(Clock { overhead, per_tick, gigahertz })
}

fn targets(output: &str) -> Vec<Target> {
    let target = |line: &str| {
        let mut fields = line.strip_prefix("target\t")?.split('\t');
        let (group, unit, value) = (fields.next()?.to_owned(), fields.next()?, fields.next()?.parse().ok()?);
        let goal = match unit {
            "cycles" => Goal::Cycles(value),
            "rate" => Goal::Rate(value),
            _ => return None,
        };
        Some(Target { group, goal })
    };
    output.lines().filter_map(target).collect()
}

fn shares(output: &str) -> Vec<Share> {
    let share = |line: &str| {
        let mut fields = line.strip_prefix("share\t")?.split('\t');
        let (table, most) = (fields.next()?.to_owned(), fields.next()?.parse().ok());
        Some(Share { table, most, system: fields.next()?.to_owned(), percent: fields.next()?.parse().ok()? })
    };
    output.lines().filter_map(share).collect()
}

impl Share {
    fn figure(&self) -> Option<Figure> {
        Some(Figure::at_most(&self.table, self.percent, self.most?, 2, "%"))
    }
}

/// The shares of one table each; the first in it is ours.
fn tables(shares: &[Share]) -> impl Iterator<Item = &[Share]> {
    shares.chunk_by(|one, next| one.table == next.table)
}

fn share_tables(shares: &[Share]) -> String {
    let mut text = String::new();
    for table in tables(shares) {
        let _ = write!(text, "\n## {}\n\n{}", table[0].table, target_line(table[0].figure()));
        text += "| system | share |\n|---|---:|\n";
        for share in table {
            let _ = writeln!(text, "| {} | {:.2} % |", share.system, share.percent);
        }
    }
    text
}

fn target_line(figure: Option<Figure>) -> String {
    figure.map_or_else(String::new, |figure| {
        format!("Target: {} (measured: {}): **{}**.\n\n", figure.target, figure.value, figure.verdict())
    })
}

/// All that criterion left below `folder`.
fn read(folder: &Path) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for group in folders(folder)? {
        for system in folders(&group)? {
            let file = system.join("new/benchmark.json");
            if !file.exists() {
                continue;
            }
            let when = std::fs::metadata(&file)?.modified()?;
            let row = measurement(&json(&file)?, &json(&system.join("new/sample.json"))?, when);
            measured.push(row.with_context(|| format!("can't make sense of {}", file.display()))?);
        }
    }
    Ok(measured)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

fn json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

fn measurement(benchmark: &Value, sample: &Value, when: SystemTime) -> Option<Measured> {
    let units = benchmark["throughput"].as_object().and_then(|unit| unit.values().next()?.as_f64());
    let numbers =
        |name: &str| -> Option<Vec<f64>> { sample[name].as_array()?.iter().map(Value::as_f64).collect() };
    let mut samples: Vec<f64> = numbers("times")?
        .iter()
        .zip(numbers("iters")?)
        .map(|(time, iterations)| time / iterations / units.unwrap_or(1.0))
        .collect();
    samples.sort_by(f64::total_cmp);
    let text = |name: &str| benchmark[name].as_str().map(str::to_owned);
    (!samples.is_empty()).then_some(())?;
    Some(Measured { when, group: text("group_id")?, system: text("function_id")?, samples })
}

/// Groups in the order in which they were measured, each with its systems in theirs.
fn groups(measured: &[Measured]) -> Vec<(&str, Vec<&Measured>)> {
    let mut groups: Vec<(&str, Vec<&Measured>)> = Vec::new();
    for row in measured {
        match groups.iter_mut().find(|(name, _)| *name == row.group) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((&row.group, vec![row])),
        }
    }
    groups
}

/// The figure of a group that has a target.
fn verdict(group: &str, ours: &Measured, targets: &[Target], clock: Clock) -> Option<Figure> {
    let target = targets.iter().find(|target| target.group == group)?;
    let best = ours.at(0.0);
    Some(match target.goal {
        Goal::Cycles(most) => Figure::at_most(group, best, most, 1, "cycles"),
        Goal::Rate(least) => {
            let rate = clock.gigahertz * 1000.0 / best;
            Figure {
                name: group.into(),
                value: format!("{rate:.0} million/s"),
                target: format!("at least {least} million/s"),
                met: rate >= least,
            }
        }
    })
}

fn number(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        super::table::number(Some(value))
    }
}

fn print(measured: &[Measured], targets: &[Target], clock: Clock) {
    for (group, rows) in groups(measured) {
        println!("\n{}", style(group).bold());
        if let Some(figure) = verdict(group, rows[0], targets, clock) {
            let mark = style(figure.verdict());
            let mark = if figure.met { mark.green() } else { mark.red() };
            println!("  target: {}: {mark}", figure.target);
        }
        for row in rows {
            println!("  {:42}{:>14} cycles, median {}", row.system, number(row.at(0.0)), number(row.at(0.5)));
        }
    }
}

fn csv(measured: &[Measured]) -> String {
    let mut text = String::from("group,system,best,mean,median,p95,p99,max\n");
    for row in measured {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let mut cells =
            vec![quoted(&row.group), quoted(&row.system), row.at(0.0).to_string(), row.mean().to_string()];
        cells.extend(COLUMNS[1..].iter().map(|(_, share)| row.at(*share).to_string()));
        text += &(cells.join(",") + "\n");
    }
    text
}

fn markdown(measured: &[Measured], targets: &[Target], clock: Clock, processor: &str) -> String {
    let mut text = format!(
        "# Benchmarks on the host\n\n\
         Written by `exo bench --host`; not edited by hand.\n\n\
         The pure crates on {processor}, in cycles of its cores: the time stamp counter, less the {overhead:.0} ticks that\n\
         reading it takes, times the {per_tick:.2} cycles that a core does per tick at its fastest ({gigahertz:.2} GHz),\n\
         found by timing multiplications that wait for each other. Each figure is over 400 samples (100 between\n\
         cores) of a fraction of a millisecond. The best one is what the code costs; the others also say what else the machine had to do.\n\
         In each table the first row is ours; ratio is a row's best to that.\n",
        overhead = clock.overhead,
        per_tick = clock.per_tick,
        gigahertz = clock.gigahertz,
    );
    for (group, rows) in groups(measured) {
        let _ = write!(text, "\n## {group}\n\n{}", target_line(verdict(group, rows[0], targets, clock)));
        let heads: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let _ =
            writeln!(text, "| system | {} | mean | ratio |\n|---|{}", heads.join(" | "), "---:|".repeat(7));
        for row in &rows {
            let cells: Vec<String> = COLUMNS.iter().map(|(_, share)| number(row.at(*share))).collect();
            let ratio = row.at(0.0) / rows[0].at(0.0);
            let mean = number(row.mean());
            let _ = writeln!(text, "| {} | {} | {mean} | {ratio:.2} |", row.system, cells.join(" | "));
        }
    }
    text
}

/// The sections of a report: what stands before the first one, and each with its heading.
fn sections(report: &str) -> Vec<&str> {
    let starts = report.match_indices("\n## ").map(|(at, _)| at + 1);
    let bounds: Vec<usize> = std::iter::once(0).chain(starts).chain([report.len()]).collect();
    bounds.windows(2).map(|pair| &report[pair[0]..pair[1]]).collect()
}

/// A report with the sections of another one in place of its own of the same name, and those that it lacks behind.
fn merged(old: &str, new: &str) -> String {
    let heading = |section: &str| section.lines().next().unwrap_or_default().to_owned();
    let (old, new) = (sections(old), sections(new));
    let mut all: Vec<&str> = new[..1].to_vec();
    for section in &old[1..] {
        let fresh = new[1..].iter().find(|fresh| heading(fresh) == heading(section));
        all.push(fresh.unwrap_or(section));
    }
    all.extend(
        new[1..].iter().filter(|fresh| !old[1..].iter().any(|section| heading(section) == heading(fresh))),
    );
    let trimmed: Vec<&str> = all.iter().map(|section| section.trim_end()).collect();
    trimmed.join("\n\n") + "\n"
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = text.lines().filter(|line| line.starts_with("processor")).count();
    format!("{count} CPUs ({})", model.map_or("unknown", |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OUTPUT: &str =
        "noise\nclock\t26\t1.5\t3.9\ntarget\ta group\tcycles\t100\ntarget\tother\trate\t40\n";

    fn row(group: &str, system: &str, times: &[f64]) -> Measured {
        let benchmark = json!({ "group_id": group, "function_id": system, "throughput": { "Elements": 2 } });
        let iterations: Vec<f64> = times.iter().map(|_| 10.0).collect();
        let sample = json!({ "times": times, "iters": iterations });
        measurement(&benchmark, &sample, SystemTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn samples_are_per_unit_and_in_order() {
        let row = row("g", "s", &[400.0, 200.0, 300.0]);
        assert_eq!((row.at(0.0), row.at(0.5), row.at(1.0), row.mean()), (10.0, 15.0, 20.0, 15.0));
        assert!(measurement(&json!({}), &json!({}), SystemTime::UNIX_EPOCH).is_none());
    }

    #[test]
    fn what_the_benchmarks_say_is_read() {
        let clock = clock(OUTPUT).unwrap();
        assert_eq!(clock, Clock { overhead: 26.0, per_tick: 1.5, gigahertz: 3.9 });
        let targets = targets(OUTPUT);
        assert_eq!(targets[1], Target { group: "other".into(), goal: Goal::Rate(40.0) });
        let fast = row("a group", "ours", &[200.0]);
        let figure = verdict("a group", &fast, &targets, clock).unwrap();
        assert_eq!((figure.value.as_str(), figure.target.as_str()), ("10.0 cycles", "at most 100 cycles"));
        assert!(figure.met);
        let slow = row("other", "ours", &[20_000.0]);
        assert!(!verdict("other", &slow, &targets, clock).unwrap().met);
        assert_eq!(verdict("third", &slow, &targets, clock), None);
    }

    #[test]
    fn a_part_measured_again_takes_its_place() {
        let old = "# Old\n\n## a\n\n1\n\n## b\n\n2\n";
        let new = "# New\n\n## b\n\n3\n\n## c\n\n4\n";
        assert_eq!(merged(old, new), "# New\n\n## a\n\n1\n\n## b\n\n3\n\n## c\n\n4\n");
        assert_eq!(merged("", new), new);
        assert_eq!(merged(new, new), new);
    }

    #[test]
    fn shares_have_tables_of_their_own() {
        let shares =
            shares("share\tlost\t5\tours\t1.60\nshare\tlost\t5\ttheirs\t12\nshare\tfree\t\tours\t3\n");
        let text = share_tables(&shares);
        assert!(
            text.starts_with("\n## lost\n\nTarget: at most 5 % (measured: 1.60 %): **met**.\n"),
            "{text}"
        );
        assert!(text.contains("| ours | 1.60 % |\n| theirs | 12.00 % |\n\n## free\n\n| system"), "{text}");
    }

    #[test]
    fn tables_compare_with_the_first() {
        let rows = [row("a group", "ours", &[200.0]), row("a group", "theirs", &[500.0])];
        let text = markdown(&rows, &targets(OUTPUT), clock(OUTPUT).unwrap(), "this");
        assert!(text.contains("at most 100 cycles (measured: 10.0 cycles): **met**"));
        assert!(text.contains("| theirs | 25.0 | 25.0 | 25.0 | 25.0 | 25.0 | 25.0 | 2.50 |"), "{text}");
        assert!(csv(&rows).ends_with("\"a group\",\"theirs\",25,25,25,25,25,25\n"));
    }
}
