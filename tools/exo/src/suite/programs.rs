//! Programs and scripts that must do on Exo-OS what they do on Linux, and those that Linux can't run.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{bail, Context, Result};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::batch::{Batch, Files, Outcome, Source, Test};
use super::{applets, leaks, oracle, selected, Results};
use crate::cli::{Accelerator, MachineOptions, Part, TestOptions};
use crate::project::Project;

/// A program may take this long, in the time of the guest; none needs a quarter of it.
const SECONDS: u32 = 60;
const HOSTILE_SECONDS: u32 = 180;
/// How many times as long where the time is the host's, which may be busy.
const HOST_TIME_PATIENCE: u32 = 3;
/// Tells programs that the guest's time is the host's (`userland/include/test.h`).
const HOST_TIME: &str = "/exo/host-time";

/// How a program ends that needs native calls where there are none: `EXO_UNAVAILABLE` of exo.h.
const UNAVAILABLE: &str = "69";

pub fn run(project: &Project, options: &TestOptions, part: Part) -> Result<Results> {
    let (mut tests, mut files) = collect(project, part)?;
    tests.retain(|test| selected(options, &test.name));
    let mut results = Results::default();
    if tests.is_empty() {
        return Ok(results);
    }
    let runner = Source::Host(project.built("userland/exo-batch", "make userland")?);
    files.0.push((runner, "/exo/exo-batch".into()));

    let bars = MultiProgress::new();
    let bar = |label: &'static str| {
        let style = ProgressStyle::with_template("   {msg:8} [{bar:40}] {pos}/{len} {elapsed}");
        let bar = bars.add(ProgressBar::new(tests.len() as u64)).with_message(label);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    };
    let batch = |machine: MachineOptions, label| {
        let mut files = files.clone();
        let mut seconds = if part == Part::Hostile { HOSTILE_SECONDS } else { SECONDS };
        if !machine.icount {
            files.0.push((Source::Text(String::new()), HOST_TIME.into()));
            seconds *= HOST_TIME_PATIENCE;
        }
        Batch { project, options: machine, files, seconds, bar: bar(label) }
    };
    // Time in the guests that does not depend on how busy the host is; QEMU's emulator can do that for one CPU.
    let emulated = options.machine.accel == Accelerator::Tcg;
    let machine = MachineOptions { icount: emulated && options.machine.cpus == 1, ..options.machine.clone() };
    let linux = batch(
        MachineOptions {
            linux: true,
            kernel: None,
            initrd: None,
            append: None,
            cpus: 1,
            icount: emulated,
            ..machine.clone()
        },
        "Linux",
    );
    let ours = batch(machine, "Exo-OS");
    let mut our_tests = tests.clone();
    if !options.machine.linux {
        if options.leaks {
            leaks::intersperse(&mut our_tests);
        }
        leaks::surround(&mut our_tests);
    }
    let (expected, actual) = std::thread::scope(|scope| {
        let expected = scope.spawn(|| oracle::ask(&linux, &tests));
        let actual = ours.run(&our_tests);
        (expected.join(), actual)
    });
    let expected = expected.map_err(|_| anyhow::anyhow!("the thread that asks Linux died"))??;
    let (actual, log) = actual.context("on Exo-OS")?;

    let not_yet = if part == Part::Applets { applets::not_yet(project)? } else { BTreeMap::new() };
    for test in &tests {
        let verdict = judge(part, expected.get(&test.name), actual.get(&test.name), options.verbose);
        match (not_yet.get(&test.name), verdict) {
            (Some(what), Ok(())) => {
                let complaint =
                    format!("it works now, though userland/applets.txt says that {what} is lacking");
                results.fail(&test.name, &complaint);
            }
            (Some(_), Err(_)) => results.cannot(),
            (None, Ok(())) => results.pass(&test.name),
            (None, Err(error)) => results.fail(&test.name, &format!("{error:#}")),
        }
    }
    if options.write_docs && part == Part::Applets && options.filter.is_none() {
        applets::write_page(project, &expected, &actual)?;
    }
    if !options.machine.linux {
        let readings = (actual.get(leaks::BEFORE), actual.get(leaks::AFTER));
        let quiet = kernel_is_quiet(&log).and_then(|()| leaks::judge_warnings(readings.0, readings.1));
        results.record(&format!("{part:?}: no kernel warning"), quiet);
        let counted = leaks::judge(readings.0, readings.1);
        results.record(&format!("{part:?}: nothing leaked in the kernel"), counted);
        if options.leaks {
            leaks::blame(&tests, &actual);
        }
    }
    Ok(results)
}

/// On one processor, and on several at once, where programs and their parts meet each other.
pub fn run_on_one_and_several(project: &Project, options: &TestOptions, part: Part) -> Result<Results> {
    const SEVERAL: u32 = 4;
    let mut results = run(project, options, part)?;
    if options.machine.cpus == 1 && !options.machine.linux {
        println!("   and on {SEVERAL} CPUs:");
        let machine = MachineOptions { cpus: SEVERAL, ..options.machine.clone() };
        results.absorb(run(project, &TestOptions { machine, ..options.clone() }, part)?);
    }
    Ok(results)
}

/// Whatever a quiet kernel says while programs run is a warning.
fn kernel_is_quiet(log: &str) -> Result<()> {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    if !lines.is_empty() {
        bail!("the console shows {} lines:\n{}", lines.len(), lines[..lines.len().min(10)].join("\n"));
    }
    Ok(())
}

fn judge(part: Part, expected: Option<&Outcome>, actual: Option<&Outcome>, verbose: bool) -> Result<()> {
    let expected = expected.context("Linux gave no result")?;
    if part == Part::Native {
        return judge_native(expected, actual);
    }
    if matches!(part, Part::Conformance | Part::Hostile) && expected.status != "0" {
        bail!(
            "the program is wrong: on Linux it ends with {}\n{}",
            expected.status,
            String::from_utf8_lossy(&expected.output)
        );
    }
    let actual = actual.context("no result: too many machines were lost before it")?;
    if actual == expected {
        return Ok(());
    }
    let mut text = String::new();
    if actual.status != expected.status {
        text += &format!("ends with {}, on Linux with {}\n", actual.status, expected.status);
    }
    text += &difference(&expected.output, &actual.output, if verbose { 1000 } else { 6 });
    bail!("{}", text.trim_end())
}

/// A program of its own calls: on Linux it says that these are missing, on Exo-OS its own checks hold.
fn judge_native(linux: &Outcome, actual: Option<&Outcome>) -> Result<()> {
    let text = String::from_utf8_lossy(&linux.output);
    if linux.status != UNAVAILABLE || !text.contains("Exo-OS") {
        bail!("on Linux it ends with {} and does not say what is missing:\n{text}", linux.status);
    }
    let actual = actual.context("no result: too many machines were lost before it")?;
    if actual.status != "0" {
        bail!("ends with {}\n{}", actual.status, String::from_utf8_lossy(&actual.output).trim_end());
    }
    Ok(())
}

/// The lines from the first that differs, with `-` for Linux and `+` for Exo-OS.
fn difference(expected: &[u8], actual: &[u8], most: usize) -> String {
    let (expected, actual) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(actual));
    let (expected, actual): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let first = expected.iter().zip(&actual).take_while(|(one, other)| one == other).count();
    let last = expected[first..]
        .iter()
        .rev()
        .zip(actual[first..].iter().rev())
        .take_while(|(one, other)| one == other)
        .count();
    let mut text = String::new();
    for (sign, lines) in
        [("-", &expected[first..expected.len() - last]), ("+", &actual[first..actual.len() - last])]
    {
        for line in lines.iter().take(most) {
            let short: String = line.chars().take(200).collect();
            text += &format!("{sign} {short}\n");
        }
        if lines.len() > most {
            text += &format!("{sign} … {} more lines (--verbose shows them)\n", lines.len() - most);
        }
    }
    text
}

fn collect(project: &Project, part: Part) -> Result<(Vec<Test>, Files)> {
    match part {
        Part::Conformance => folder(&project.target().join("userland/conformance"), "/exo/conformance", None),
        Part::Hostile => {
            let (tests, files) = folder(&project.target().join("userland/hostile"), "/exo/hostile", None)?;
            Ok((with_signs_of_life(tests), files))
        }
        Part::Native => {
            let (mut tests, mut files) =
                folder(&project.target().join("userland/native"), "/exo/native", None)?;
            let (demos, their_files) = folder(&project.target().join("userland/demos"), "/exo/demos", None)?;
            tests.extend(demos);
            files.0.extend(their_files.0);
            Ok((tests, files))
        }
        Part::Corpus => folder(&project.root.join("userland/corpus"), "/exo/corpus", Some("sh")),
        _ => applets::collect(project),
    }
}

/// After each program a shell must still do its work.
fn with_signs_of_life(tests: Vec<Test>) -> Vec<Test> {
    let alive = |name: &str| Test { name: format!("alive-after-{name}"), command: "busybox uname -m".into() };
    tests.into_iter().flat_map(|test| [test.clone(), alive(&test.name)]).collect()
}

/// Every file of a folder: programs, or with `shell` the scripts that end in `.sh`, run by it. Other
/// files beside scripts are their data.
fn folder(path: &Path, guest: &str, shell: Option<&str>) -> Result<(Vec<Test>, Files)> {
    let mut tests = Vec::new();
    let mut files = Files::default();
    if !path.exists() {
        bail!("{} is not there: run `make userland`", path.display());
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("can't read {}", path.display()))?;
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let inside = format!("{guest}/{name}");
        files.0.push((Source::Host(entry.path()), inside.clone()));
        match (shell, name.strip_suffix(".sh")) {
            (None, _) => tests.push(Test { name, command: inside }),
            (Some(shell), Some(stem)) => {
                tests.push(Test { name: stem.into(), command: format!("{shell} {inside}") })
            }
            (Some(_), None) => {}
        }
    }
    tests.sort_by(|one, other| one.name.cmp(&other.name));
    files.0.sort();
    Ok((tests, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: &str, output: &str) -> Outcome {
        Outcome { status: status.into(), output: output.into() }
    }

    #[test]
    fn equal_outcomes_pass() {
        let same = outcome("0", "x\n");
        assert!(judge(Part::Corpus, Some(&same), Some(&same), false).is_ok());
        assert!(judge(Part::Corpus, Some(&same), None, false).is_err());
    }

    #[test]
    fn a_program_that_fails_on_linux_is_no_proof() {
        let same = outcome("1", "");
        assert!(judge(Part::Conformance, Some(&same), Some(&same), false).is_err());
        assert!(judge(Part::Corpus, Some(&same), Some(&same), false).is_ok());
    }

    #[test]
    fn native_programs_say_what_linux_lacks() {
        let (linux, ours) = (outcome("69", "x: needs Exo-OS\n"), outcome("0", "fine\n"));
        assert!(judge(Part::Native, Some(&linux), Some(&ours), false).is_ok());
        assert!(judge(Part::Native, Some(&ours), Some(&ours), false).is_err());
        assert!(judge(Part::Native, Some(&linux), Some(&linux), false).is_err());
    }

    #[test]
    fn differences_start_and_end_where_they_should() {
        assert_eq!(difference(b"a\nb\nc\n", b"a\nx\nc\n", 5), "- b\n+ x\n");
        assert_eq!(difference(b"a\n", b"a\nb\n", 5), "+ b\n");
        assert!(difference(b"1\n2\n3\n", b"", 2).contains("1 more lines"));
    }
}
