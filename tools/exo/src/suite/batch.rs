//! Many programs in one boot: the list for exo-batch, and the reading of its report.
//!
//! The report is `@@ name status length`, that many bytes and a line feed for each program, and
//! `@@end count` at the end. A report that breaks off names the program that took the machine down.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{bail, Result};

use crate::cli::MachineOptions;
use crate::guest::{Collected, End, Job, System};
use crate::initrd::Initrd;
use crate::project::Project;
use crate::run::tail;

/// One program to run: words without blanks, as exo-batch has no quoting.
#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    pub command: String,
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Exit code, `sigN`, `timeout`, or `machine lost`.
    pub status: String,
    pub output: Vec<u8>,
}

pub type Outcomes = BTreeMap<String, Outcome>;

/// Where a file of the guest comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Host(PathBuf),
    Text(String),
}

/// Files that the programs of a batch need, with their paths in the guest.
#[derive(Default, Clone)]
pub struct Files(pub Vec<(Source, String)>);

/// What one boot left behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub outcomes: Outcomes,
    pub complete: bool,
}

/// Reads as much of a report as there is.
pub fn parse(mut bytes: &[u8]) -> Report {
    let mut report = Report::default();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 1..];
        if line.starts_with("@@end ") {
            report.complete = true;
            break;
        }
        let Some((name, status, length)) = header(&line) else { continue };
        let Some(output) = bytes.get(..length) else { break };
        report.outcomes.insert(name, Outcome { status, output: output.to_vec() });
        bytes = &bytes[length..];
        bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
    }
    report
}

fn header(line: &str) -> Option<(String, String, usize)> {
    let mut words = line.strip_prefix("@@ ")?.rsplitn(3, ' ');
    let length = words.next()?.parse().ok()?;
    let status = words.next()?.to_owned();
    Some((words.next()?.to_owned(), status, length))
}

/// Counts finished programs while the report flows by.
struct Progress {
    into: Collected,
    bar: indicatif::ProgressBar,
    after_newline: bool,
    seen: usize,
}

impl Write for Progress {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut rest = bytes;
        if self.after_newline && rest.starts_with(b"@@ ") {
            self.seen += 1;
        }
        while let Some(at) = rest.windows(4).position(|window| window == b"\n@@ ") {
            self.seen += 1;
            rest = &rest[at + 4..];
        }
        self.after_newline = bytes.last() == Some(&b'\n');
        self.bar.set_position(self.seen as u64);
        self.into.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// After so many lost machines the rest is not tried any more.
const MOST_LOSSES: usize = 25;

pub struct Batch<'a> {
    pub project: &'a Project,
    pub options: MachineOptions,
    pub files: Files,
    pub seconds: u32,
    pub bar: indicatif::ProgressBar,
}

impl Batch<'_> {
    /// Runs all `tests`, in as many boots as it takes; also returns what the kernel wrote.
    pub fn run(&self, tests: &[Test]) -> Result<(Outcomes, String)> {
        let system = System::new(self.project, &self.options)?;
        let mut outcomes = Outcomes::new();
        let mut log = String::new();
        let mut rest: Vec<&Test> = tests.iter().collect();
        for _ in 0..MOST_LOSSES {
            let (report, console, end) = self.boot(&system, &rest)?;
            log += &console;
            if report.outcomes.is_empty() && !report.complete && end != End::TimedOut && outcomes.is_empty() {
                bail!(
                    "the machine did not get as far as the first program ({end:?}):\n{}",
                    tail(&console, 30)
                );
            }
            rest.retain(|test| !report.outcomes.contains_key(&test.name));
            outcomes.extend(report.outcomes);
            if report.complete || rest.is_empty() {
                break;
            }
            let why = if end == End::TimedOut { "machine hung" } else { "machine lost" };
            let output = format!("({end:?}; the console's end)\n{}\n", tail(&console, 30)).into_bytes();
            outcomes.insert(rest.remove(0).name.clone(), Outcome { status: why.into(), output });
        }
        self.bar.finish_and_clear();
        Ok((outcomes, log))
    }

    fn boot(&self, system: &System, tests: &[&Test]) -> Result<(Report, String, End)> {
        let list: String = tests.iter().map(|test| format!("{}\t{}\n", test.name, test.command)).collect();
        let mut job = Job::new("/exo/exo-batch", &["exo-batch", "/exo/list", &self.seconds.to_string()]);
        job.environment = ["PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/root", "USER=root", "TERM=vt100"]
            .map(String::from)
            .into();
        let mut initrd = Initrd::default();
        for (source, guest) in &self.files.0 {
            match source {
                Source::Host(path) => initrd.add_file(path, guest)?,
                Source::Text(text) => initrd.add(guest, 0o755, text.as_bytes()),
            }
        }
        initrd.add("/exo/list", 0o644, list);
        job.initrd = initrd;
        let mut guest = job.start(self.project, system, &self.options)?;
        let output = Collected::default();
        let done = self.bar.position() as usize;
        let progress =
            Progress { into: output.clone(), bar: self.bar.clone(), after_newline: true, seen: done };
        guest.copy_output(progress, Collected::default(), None)?;
        let silence = Duration::from_secs_f64(f64::from(self.seconds * 2 + 20) * patience());
        let end = guest.wait(None, Some(silence))?;
        Ok((parse(&output.take()), guest.log(), end))
    }
}

/// How many times longer than on an idle host things take while other programs wait for its processors too. Two
/// machines of our own will run besides what runs now.
fn patience() -> f64 {
    const OURS: f64 = 2.0;
    /// However busy the host is, a machine that hangs is given up sometime.
    const MOST: f64 = 10.0;
    let waiting = std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .unwrap_or(0.0);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    ((waiting + OURS) / processors as f64).clamp(1.0, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(outcomes: &Outcomes) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, outcome) in outcomes {
            bytes.extend(format!("@@ {name} {} {}\n", outcome.status, outcome.output.len()).as_bytes());
            bytes.extend(&outcome.output);
            bytes.push(b'\n');
        }
        bytes.extend(b"@@end 9\n");
        bytes
    }

    #[test]
    fn output_may_look_like_a_header() {
        let outcome = Outcome { status: "0".into(), output: b"x\n@@ fake 0 3\n@@end 1\n".to_vec() };
        let outcomes = Outcomes::from([("a".to_owned(), outcome)]);
        assert_eq!(parse(&write(&outcomes)), Report { outcomes, complete: true });
    }

    #[test]
    fn broken_report_keeps_what_is_whole() {
        let report = parse(b"@@ a 0 2\nhi\n@@ b sig11 100\npart");
        assert!(!report.complete);
        assert_eq!(report.outcomes.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(parse(b""), Report::default());
        assert_eq!(parse(b"@@ a 0 nonsense\n"), Report::default());
    }

    proptest! {
        #[test]
        fn any_outputs_survive(outputs: std::collections::BTreeMap<u8, Vec<u8>>) {
            let outcomes: Outcomes = outputs
                .into_iter()
                .map(|(name, output)| (format!("t{name}"), Outcome { status: "sig9".into(), output }))
                .collect();
            prop_assert_eq!(parse(&write(&outcomes)), Report { outcomes, complete: true });
        }

        #[test]
        fn truncation_never_invents_results(cut in 0usize..60) {
            let whole = write(&Outcomes::from([
                ("a".to_owned(), Outcome { status: "0".into(), output: b"12345".to_vec() }),
                ("b".to_owned(), Outcome { status: "1".into(), output: b"67".to_vec() }),
            ]));
            let all = parse(&whole).outcomes;
            let some = parse(&whole[..cut.min(whole.len())]).outcomes;
            prop_assert!(some.iter().all(|(name, outcome)| all.get(name) == Some(outcome)));
        }
    }
}
