//! Recordings as files, small enough to be kept.
//!
//! ```text
//! exo-recording 1
//! command sh -c 'seq 3 | wc -l'
//! clock instructions
//! cpus 1
//! events 57 lost 0
//! took 2345 switches 20 longest-wait 310
//! thread normal 0 sh
//!  120 +2 31 w/4 55 >3 .
//! ```
//!
//! Behind each `thread` (policy, nice value or priority, name) stand its steps, in microseconds: a number computes for
//! so long, `s50/3` sleeps for 50 and then waited 3 for a CPU, `w/3` waits to be woken, `>3` wakes the third thread,
//! `+3` makes it, `.` ends.

use std::fmt::Write as _;

use anyhow::{bail, Context, Result};
use sched_policy::{Parameters, Policy};

use crate::events::POLICIES;
use crate::{Clock, Recording, Script, Step};

const MAGIC: &str = "exo-recording 1";
const WIDTH: usize = 110;

fn policy_name(policy: Policy) -> String {
    format!("{policy:?}").to_lowercase()
}

fn level(parameters: &Parameters) -> i32 {
    if parameters.is_real_time() {
        parameters.priority.into()
    } else {
        parameters.nice.into()
    }
}

fn show(step: Step) -> String {
    match step {
        Step::Run(length) => length.to_string(),
        Step::Sleep { length, waited } => format!("s{length}/{waited}"),
        Step::Wait { waited } => format!("w/{waited}"),
        Step::Wake(thread) => format!(">{}", thread + 1),
        Step::Start(thread) => format!("+{}", thread + 1),
        Step::End => ".".into(),
    }
}

/// The content of a file.
pub fn write(recording: &Recording) -> String {
    let clock = if recording.clock == Clock::Instructions { "instructions" } else { "wall" };
    let mut text = format!("{MAGIC}\ncommand {}\nclock {clock}\n", recording.command.replace('\n', " "));
    // Writing to a string does not fail.
    let _ = writeln!(text, "cpus {}", recording.cpus);
    let _ = writeln!(text, "events {} lost {}", recording.events, recording.lost);
    let (took, switches, longest) = (recording.took, recording.switches, recording.longest_wait);
    let _ = writeln!(text, "took {took} switches {switches} longest-wait {longest}");
    for thread in &recording.threads {
        let (policy, level) = (policy_name(thread.parameters.policy), level(&thread.parameters));
        let _ = writeln!(text, "thread {policy} {level} {}", thread.name);
        let mut line = String::new();
        for step in thread.steps.iter().map(|step| show(*step)) {
            if line.len() + step.len() >= WIDTH {
                let _ = writeln!(text, "{line}");
                line.clear();
            }
            line += " ";
            line += &step;
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A recording from the content of its file.
pub fn read(text: &str) -> Result<Recording> {
    let mut recording = Recording::default();
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, line)| line != MAGIC) {
        bail!("not a recording: the first line is not \"{MAGIC}\"");
    }
    for (number, line) in lines {
        read_line(&mut recording, line).with_context(|| format!("line {}: {line}", number + 1))?;
    }
    let count = recording.threads.len();
    let exists = |step: &Step| !matches!(step, Step::Wake(thread) | Step::Start(thread) if *thread >= count);
    if !recording.threads.iter().all(|thread| thread.steps.iter().all(exists)) {
        bail!("a thread is woken or made that is not there");
    }
    Ok(recording)
}

fn read_line(recording: &mut Recording, line: &str) -> Result<()> {
    if let Some(steps) = line.strip_prefix(' ') {
        let thread = recording.threads.last_mut().context("steps of no thread")?;
        for step in steps.split(' ') {
            thread.steps.push(read_step(step)?);
        }
        return Ok(());
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let fields: Vec<&str> = rest.split(' ').collect();
    match (word, &fields[..]) {
        ("command", _) => recording.command = rest.into(),
        ("clock", ["instructions"]) => recording.clock = Clock::Instructions,
        ("clock", ["wall"]) => recording.clock = Clock::Wall,
        ("cpus", [cpus]) => recording.cpus = cpus.parse()?,
        ("events", [events, "lost", lost]) => {
            (recording.events, recording.lost) = (events.parse()?, lost.parse()?);
        }
        ("took", [took, "switches", switches, "longest-wait", wait]) => {
            (recording.took, recording.switches) = (took.parse()?, switches.parse()?);
            recording.longest_wait = wait.parse()?;
        }
        ("thread", [policy, level, name @ ..]) => recording.threads.push(Script {
            name: name.join(" "),
            parameters: read_parameters(policy, level)?,
            steps: Vec::new(),
        }),
        _ => bail!("not understood"),
    }
    Ok(())
}

fn read_parameters(policy: &str, level: &str) -> Result<Parameters> {
    let policy = POLICIES.into_iter().find(|known| policy_name(*known) == policy);
    let mut parameters = Parameters { policy: policy.context("no such policy")?, ..Parameters::default() };
    if parameters.is_real_time() {
        parameters.priority = level.parse()?;
    } else {
        parameters.nice = level.parse()?;
    }
    let known = sched_policy::NICE.contains(&parameters.nice)
        && (!parameters.is_real_time() || sched_policy::PRIORITIES.contains(&parameters.priority));
    known.then_some(parameters).context("no such nice value or priority")
}

fn read_step(text: &str) -> Result<Step> {
    let thread = |number: &str| {
        let number: usize = number.parse()?;
        number.checked_sub(1).context("threads are counted from 1")
    };
    let slept = |text: &str| -> Result<(u64, u64)> {
        let (length, waited) = text.split_once('/').context("no time that it waited")?;
        Ok((if length.is_empty() { 0 } else { length.parse()? }, waited.parse()?))
    };
    Ok(match text.as_bytes().first() {
        Some(b'.') => Step::End,
        Some(b'>') => Step::Wake(thread(&text[1..])?),
        Some(b'+') => Step::Start(thread(&text[1..])?),
        Some(b's') => {
            let (length, waited) = slept(&text[1..])?;
            Step::Sleep { length, waited }
        }
        Some(b'w') => Step::Wait { waited: slept(&text[1..])?.1 },
        _ => Step::Run(text.parse()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            any::<u32>().prop_map(|length| Step::Run(length.into())),
            any::<(u32, u16)>()
                .prop_map(|(length, waited)| Step::Sleep { length: length.into(), waited: waited.into() }),
            any::<u16>().prop_map(|waited| Step::Wait { waited: waited.into() }),
            (0..3usize).prop_map(Step::Wake),
            (0..3usize).prop_map(Step::Start),
            Just(Step::End),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(steps in prop::collection::vec(prop::collection::vec(step(), 1..80), 3..6)) {
            let threads = steps.into_iter().enumerate().map(|(number, steps)| Script {
                name: format!("sh {number}"),
                parameters: Parameters { nice: number as i8 - 2, ..Parameters::default() },
                steps,
            });
            let recording = Recording {
                command: "sh -c 'a; b'".into(),
                clock: Clock::Instructions,
                cpus: 1,
                events: 5,
                lost: 6,
                took: 7,
                switches: 8,
                longest_wait: 9,
                threads: threads.collect(),
            };
            prop_assert_eq!(read(&write(&recording)).unwrap(), recording);
        }

        #[test]
        fn nothing_is_misunderstood(text in "exo-recording 1\n([ a-z0-9/>+.\n-]|thread normal 0 x\n){0,60}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn threads_must_be_there() {
        let text = "exo-recording 1\nthread normal 0 x\n 5 >2 .\n";
        assert!(read(text).is_err());
        assert!(read(&text.replace(">2", ">1")).is_ok());
        assert!(read(&text.replace("0 x", "20 x")).is_err());
    }
}
