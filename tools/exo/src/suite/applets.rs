//! One job and one `--help` for each busybox applet, and the page that says which of them work.

use std::collections::BTreeMap;

use anyhow::{bail, Context, Result};

use super::batch::{Files, Outcomes, Source, Test};
use crate::project::Project;

const JOB: &str = "job-";
const HELP: &str = "help-";

/// What userland/applets.txt says of one applet.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Job(String),
    None { reason: String },
}

fn parse(text: &str) -> Result<BTreeMap<String, Entry>> {
    let mut entries = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, job) = line.split_once("  ").with_context(|| format!("no two blanks in {line:?}"))?;
        let entry = match job.strip_prefix("-- ") {
            Some(reason) => Entry::None { reason: reason.into() },
            None => Entry::Job(job.into()),
        };
        if entries.insert(name.to_owned(), entry).is_some() {
            bail!("two lines for {name}");
        }
    }
    Ok(entries)
}

fn read(project: &Project) -> Result<(Vec<String>, BTreeMap<String, Entry>)> {
    let list = std::fs::read_to_string(project.built("musl/busybox.applets", "make all")?)?;
    let path = project.root.join("userland/applets.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let applets: Vec<String> = list.lines().map(String::from).collect();
    let entries = parse(&text).with_context(|| path.display().to_string())?;
    if let Some(missing) = applets.iter().find(|applet| !entries.contains_key(*applet)) {
        bail!("{} has no line for {missing}", path.display());
    }
    Ok((applets, entries))
}

pub fn collect(project: &Project) -> Result<(Vec<Test>, Files)> {
    let (applets, entries) = read(project)?;
    let mut tests = Vec::new();
    let mut files = Files::default();
    for applet in &applets {
        tests.push(Test { name: format!("{HELP}{applet}"), command: format!("busybox {applet} --help") });
    }
    for applet in &applets {
        if let Some(Entry::Job(job)) = entries.get(applet) {
            let path = format!("/exo/jobs/{applet}");
            tests.push(Test { name: format!("{JOB}{applet}"), command: format!("sh {path}") });
            files.0.push((Source::Text(format!("{job}\n")), path));
        }
    }
    Ok((tests, files))
}

/// Writes docs/busybox.md from what the tests found.
pub fn write_page(project: &Project, expected: &Outcomes, actual: &Outcomes) -> Result<()> {
    let (applets, entries) = read(project)?;
    let path = project.root.join("docs/busybox.md");
    std::fs::write(&path, page(&applets, &entries, expected, actual))
        .with_context(|| format!("can't write {}", path.display()))?;
    println!("   written: {}", path.display());
    Ok(())
}

fn page(
    applets: &[String],
    entries: &BTreeMap<String, Entry>,
    expected: &Outcomes,
    actual: &Outcomes,
) -> String {
    let mut failing = Vec::new();
    let mut untried = Vec::new();
    let mut working = Vec::new();
    for applet in applets {
        if let Some(Entry::None { reason }) = entries.get(applet) {
            untried.push(format!("| `{applet}` | {reason} |\n"));
            continue;
        }
        let name = format!("{JOB}{applet}");
        match (expected.get(&name), actual.get(&name)) {
            (Some(theirs), Some(ours)) if theirs == ours => working.push(format!("`{applet}`")),
            (_, ours) => {
                let why = ours
                    .map_or_else(|| "not reached".into(), |outcome| reason(&outcome.status, &outcome.output));
                failing.push(format!("| `{applet}` | {why} |\n"));
            }
        }
    }
    let mut text = format!(
        "# Busybox applets\n\nWritten by `exo test applets --write-docs`; not edited by hand.\n\n\
         Of {} applets, {} did a small job (`userland/applets.txt`) as on Linux, {} did it differently, and {} were\n\
         not tried.\n",
        applets.len(),
        working.len(),
        failing.len(),
        untried.len()
    );
    for (title, head, rows) in [
        ("Cannot yet work", "| applet | what it says |\n|---|---|\n", failing),
        ("Not tried", "| applet | why |\n|---|---|\n", untried),
    ] {
        if !rows.is_empty() {
            text += &format!("\n## {title}\n\n{head}{}", rows.concat());
        }
    }
    if !working.is_empty() {
        text += &format!("\n## Work as on Linux\n\n{}\n", working.join(", "));
    }
    text
}

/// The line of an applet's output that tells most: the first that looks like a complaint.
fn reason(status: &str, output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let complaint = text.lines().find(|line| line.contains(": ")).or_else(|| text.lines().next());
    let line: String = complaint.unwrap_or("no output").chars().take(100).collect();
    format!("status {status}: {}", line.trim().replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::batch::Outcome;

    #[test]
    fn lines_are_jobs_or_reasons() {
        let entries = parse("# x\n\nls  ls -l | wc\nbeep  -- needs a speaker\n").unwrap();
        assert_eq!(entries["ls"], Entry::Job("ls -l | wc".into()));
        assert_eq!(entries["beep"], Entry::None { reason: "needs a speaker".into() });
        assert!(parse("ls\n").is_err());
        assert!(parse("a  b\na  c\n").is_err());
    }

    #[test]
    fn page_sorts_applets_by_fate() {
        let entries = parse("a  x\nb  y\nc  -- no card\n").unwrap();
        let outcome = |output: &str| Outcome { status: "0".into(), output: output.into() };
        let theirs = Outcomes::from([("job-a".into(), outcome("1")), ("job-b".into(), outcome("2"))]);
        let ours =
            Outcomes::from([("job-a".into(), outcome("1")), ("job-b".into(), outcome("b: not a socket"))]);
        let text = page(&["a".into(), "b".into(), "c".into()], &entries, &theirs, &ours);
        assert!(text.contains("| `b` | status 0: b: not a socket |"));
        assert!(text.contains("| `c` | no card |"));
        assert!(text.contains("## Work as on Linux\n\n`a`\n"));
    }
}
