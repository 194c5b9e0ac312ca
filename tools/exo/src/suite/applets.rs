//! One job and one `--help` for each busybox applet, and the page that says which of them work.

use std::collections::BTreeMap;

use anyhow::{bail, Context, Result};

use super::batch::{Files, Outcome, Outcomes, Source, Test};
use crate::project::Project;

const JOB: &str = "job-";
const HELP: &str = "help-";

/// What userland/applets.txt says of one applet.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Job { commands: String, lack: Lack },
    None { reason: String },
}

/// What a job has to do without.
#[derive(Debug, PartialEq, Eq)]
enum Lack {
    Nothing,
    /// Neither Linux nor Exo-OS has it in the machines of the test, so the applet only refuses.
    OnBoth(String),
    /// Exo-OS does not have it yet.
    OnExo(String),
}

impl Lack {
    /// The mark in front of `WHAT: COMMANDS`, if there is one.
    fn split(job: &str) -> Result<(Self, &str)> {
        let Some((mark, rest)) = job.split_once(' ').filter(|(mark, _)| matches!(*mark, "!!" | "??")) else {
            return Ok((Self::Nothing, job));
        };
        let (what, commands) = rest.split_once(": ").with_context(|| format!("no colon in {job:?}"))?;
        let lack = if mark == "!!" { Self::OnBoth(what.into()) } else { Self::OnExo(what.into()) };
        Ok((lack, commands))
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, Entry>> {
    let mut entries = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, job) = line.split_once("  ").with_context(|| format!("no two blanks in {line:?}"))?;
        let entry = match job.strip_prefix("-- ") {
            Some(reason) => Entry::None { reason: reason.into() },
            None => {
                let (lack, commands) = Lack::split(job)?;
                Entry::Job { commands: commands.into(), lack }
            }
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
        if let Some(Entry::Job { commands, .. }) = entries.get(applet) {
            let path = format!("/exo/jobs/{applet}");
            tests.push(Test { name: format!("{JOB}{applet}"), command: format!("sh {path}") });
            files.0.push((Source::Text(format!("{commands}\n")), path));
        }
    }
    Ok((tests, files))
}

/// Names of the tests that cannot pass yet, each with what Exo-OS lacks for it.
pub fn not_yet(project: &Project) -> Result<BTreeMap<String, String>> {
    let (_, entries) = read(project)?;
    let lacking = |(applet, entry)| match entry {
        Entry::Job { lack: Lack::OnExo(what), .. } => Some((format!("{JOB}{applet}"), what)),
        _ => None,
    };
    Ok(entries.into_iter().filter_map(lacking).collect())
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

/// The applets of one section of the page, by what they lack.
#[derive(Default)]
struct Section {
    count: usize,
    applets: BTreeMap<String, Vec<String>>,
}

impl Section {
    fn add(&mut self, applet: &str, lack: &str) {
        self.count += 1;
        self.applets.entry(lack.to_owned()).or_default().push(format!("`{applet}`"));
    }

    fn show(&self, title: &str, text: &str, head: &str) -> String {
        if self.count == 0 {
            return String::new();
        }
        let rows: String = self
            .applets
            .iter()
            .map(|(lack, applets)| format!("| {lack} | {} |\n", applets.join(", ")))
            .collect();
        format!("\n## {title} ({})\n\n{text}\n\n| {head} | applets |\n|---|---|\n{rows}", self.count)
    }
}

fn page(
    applets: &[String],
    entries: &BTreeMap<String, Entry>,
    expected: &Outcomes,
    actual: &Outcomes,
) -> String {
    let (mut lacking, mut refusing, mut untried, mut wrong) =
        (Section::default(), Section::default(), Section::default(), Section::default());
    let mut working = Vec::new();
    let mut helping = 0;
    let same = |name: &str| expected.contains_key(name) && expected.get(name) == actual.get(name);
    for applet in applets {
        helping += usize::from(same(&format!("{HELP}{applet}")));
        let name = format!("{JOB}{applet}");
        match entries.get(applet) {
            None => untried.add(applet, "no line in userland/applets.txt"),
            Some(Entry::None { reason }) => untried.add(applet, reason),
            Some(Entry::Job { lack: Lack::OnExo(what), .. }) => lacking.add(applet, what),
            Some(Entry::Job { .. }) if !same(&name) => {
                let why = actual.get(&name).map_or_else(|| "not reached".into(), complaint);
                wrong.add(applet, &why);
            }
            Some(Entry::Job { lack: Lack::OnBoth(what), .. }) => refusing.add(applet, what),
            Some(Entry::Job { lack: Lack::Nothing, .. }) => working.push(format!("`{applet}`")),
        }
    }
    let mut text = format!(
        "# Busybox applets\n\nWritten by `exo test applets --write-docs`; not edited by hand.\n\n\
         The busybox of the initramfs has {} applets. {helping} of them print the same `--help` as on Linux, and {} do\n\
         a small job (`userland/applets.txt`) with the same output and exit code.\n",
        applets.len(),
        working.len(),
    );
    text += &wrong.show("Do something else than on Linux", "What they say on Exo-OS:", "says");
    text += &lacking.show("Cannot work yet", "Exo-OS lacks what they need:", "needs");
    text += &refusing.show(
        "Only refuse",
        "The machines of the test have nothing for them to work on, on Linux neither; they say so in the same words:",
        "needs",
    );
    text += &untried.show("Not tried", "Beyond `--help`:", "reason");
    if !working.is_empty() {
        text += &format!("\n## Work as on Linux ({})\n\n{}\n", working.len(), working.join(", "));
    }
    text
}

/// The line of an applet's output that tells most: the first that looks like a complaint.
fn complaint(outcome: &Outcome) -> String {
    let text = String::from_utf8_lossy(&outcome.output);
    let complaint = text.lines().find(|line| line.contains(": ")).or_else(|| text.lines().next());
    let line: String = complaint.unwrap_or("no output").chars().take(100).collect();
    format!("status {}: {}", outcome.status, line.trim().replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(commands: &str, lack: Lack) -> Entry {
        Entry::Job { commands: commands.into(), lack }
    }

    #[test]
    fn lines_are_jobs_or_reasons() {
        let entries = parse(
            "# x\n\nls  ls -l | wc\nbeep  -- needs a speaker\nip  ?? netlink: ip a\nmt  !! a tape: mt x\n",
        )
        .unwrap();
        assert_eq!(entries["ls"], job("ls -l | wc", Lack::Nothing));
        assert_eq!(entries["beep"], Entry::None { reason: "needs a speaker".into() });
        assert_eq!(entries["ip"], job("ip a", Lack::OnExo("netlink".into())));
        assert_eq!(entries["mt"], job("mt x", Lack::OnBoth("a tape".into())));
        assert!(parse("ls\n").is_err());
        assert!(parse("a  b\na  c\n").is_err());
        assert!(parse("a  ?? netlink\n").is_err());
    }

    #[test]
    fn page_sorts_applets_by_fate() {
        let entries = parse("a  x\nb  y\nc  -- no card\nd  ?? sockets: x\ne  !! a tape: x\n").unwrap();
        let outcome = |output: &str| Outcome { status: "0".into(), output: output.into() };
        let outcomes = |b: &str| {
            [("job-a", "1"), ("job-b", b), ("job-d", b), ("job-e", "2"), ("help-a", "h")]
                .map(|(name, output)| (name.to_owned(), outcome(output)))
                .into()
        };
        let applets = ["a", "b", "c", "d", "e"].map(String::from);
        let text = page(&applets, &entries, &outcomes("2"), &outcomes("b: not a socket"));
        assert!(text.contains("has 5 applets. 1 of them"));
        for row in [
            "| status 0: b: not a socket | `b` |",
            "| no card | `c` |",
            "| sockets | `d` |",
            "| a tape | `e` |",
        ] {
            assert!(text.contains(row), "{row} in {text}");
        }
        assert!(text.contains("## Work as on Linux (1)\n\n`a`\n"));
    }
}
