//! The events as the kernel tells them in `/proc/exo/sched_record`: see `kernel/src/sched/record.rs`.

use anyhow::{bail, Context, Result};
use sched_policy::{Parameters, Policy};

/// Bytes of an event: six words.
pub const SIZE: usize = 48;

/// A thread's time of birth, by which it is known; 0 is nobody.
pub type Key = u64;

/// What happened to a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// It left the CPU, but could run on.
    Preempted,
    /// It left the CPU to sleep.
    Slept,
    /// It left the CPU for ever.
    Ended,
    /// It was the idle thread that left the CPU.
    Idled,
    /// It can run again.
    Woken,
    /// It is new.
    Made,
}

impl What {
    const ALL: [Self; 6] = [Self::Preempted, Self::Slept, Self::Ended, Self::Idled, Self::Woken, Self::Made];

    /// Did the thread leave its CPU?
    pub fn leaves(self) -> bool {
        !matches!(self, Self::Woken | Self::Made)
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Nanoseconds since boot.
    pub time: u64,
    pub cpu: usize,
    pub what: What,
    pub thread: Key,
    /// Who woke or made it.
    pub by: Key,
    pub name: String,
    pub parameters: Parameters,
}

/// All events in the order of their time, how many CPUs there are, and how many events were lost.
pub fn parse(mut bytes: &[u8]) -> Result<(Vec<Event>, usize, usize)> {
    let (mut all, mut cpus, mut lost) = (Vec::new(), 0, 0);
    while !bytes.is_empty() {
        let end = bytes.iter().position(|byte| *byte == b'\n').context("no line about a CPU")?;
        let line = std::str::from_utf8(&bytes[..end]).context("the line about a CPU is no text")?;
        let fields: Vec<&str> = line.split(' ').collect();
        let ["cpu", id, "events", count, "lost", missing] = fields[..] else { bail!("not a CPU: {line}") };
        let (id, count): (usize, usize) = (id.parse()?, count.parse()?);
        lost += missing.parse::<usize>()?;
        cpus = cpus.max(id + 1);
        let body = count.checked_mul(SIZE).and_then(|size| bytes.get(end + 1..end + 1 + size));
        let body = body.with_context(|| format!("not all {count} events of CPU {id} are there"))?;
        for event in body.chunks_exact(SIZE) {
            all.push(decode(event, id)?);
        }
        bytes = &bytes[end + 1 + body.len()..];
    }
    all.sort_by_key(|event| event.time);
    Ok((all, cpus, lost))
}

fn decode(bytes: &[u8], cpu: usize) -> Result<Event> {
    let word = |index: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[8 * index + byte]));
    let [_, _, _, _, what, policy, level, _] = word(3).to_le_bytes();
    let name: Vec<u8> = bytes[32..].iter().copied().take_while(|byte| *byte != 0).collect();
    let policy = *POLICIES.get(usize::from(policy)).context("an unknown policy")?;
    let mut parameters = Parameters { policy, ..Parameters::default() };
    if parameters.is_real_time() {
        parameters.priority = level;
    } else {
        parameters.nice = level as i8;
    }
    Ok(Event {
        time: word(0),
        cpu,
        what: *What::ALL.get(usize::from(what)).context("an unknown event")?,
        thread: word(1),
        by: word(2),
        // What a terminal or a file of lines could misunderstand does not matter here.
        name: String::from_utf8_lossy(&name).replace(char::is_control, "?"),
        parameters,
    })
}

/// The policies in the order of their numbers.
pub const POLICIES: [Policy; 6] =
    [Policy::Normal, Policy::Batch, Policy::Idle, Policy::Fifo, Policy::RoundRobin, Policy::Deadline];
