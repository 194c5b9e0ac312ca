//! What threads do: bursts of computing, and sleeps between them.

use std::path::Path;

use anyhow::{Context, Result};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sched_policy::{Parameters, Policy, Reservation};
use sched_recording::{text, Recording, Step};

pub const MICRO: u64 = 1000;
pub const MILLI: u64 = 1_000_000;
pub const SECOND: u64 = 1_000_000_000;

/// How long something takes.
#[derive(Clone, Debug)]
pub enum Length {
    /// Always the same; 0 is not at all.
    Exactly(u64),
    /// Anything within so many percent more or less.
    About(u64, u64),
    /// Exponentially distributed with this mean: mostly short, sometimes long.
    Random(u64),
}

impl Length {
    pub fn draw(&self, random: &mut ChaCha8Rng) -> u64 {
        match self {
            Self::Exactly(length) => *length,
            Self::About(length, percent) => {
                let slack = length * percent / 100;
                length - slack + random.next_u64() % (2 * slack).max(1)
            }
            Self::Random(mean) => {
                let uniform = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
                (-(1.0 - uniform).ln() * *mean as f64) as u64 + 1
            }
        }
    }
}

/// What one thread does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Bursts and sleeps, for ever.
    Pattern {
        burst: Length,
        sleep: Length,
        /// Ends after so many bursts, and another one of its kind takes its place.
        bursts: Option<u64>,
    },
    /// What a recorded thread did.
    Script(Vec<Step>),
}

#[derive(Clone, Debug)]
pub struct Behaviour {
    pub name: String,
    pub parameters: Parameters,
    pub work: Work,
    /// Is it there at the begin? If not, another one makes it.
    pub first: bool,
}

/// What a workload is to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shows {
    /// Shares of CPU time among threads that always want more.
    Fairness,
    /// Latency of those who wake.
    Latency,
    /// How good predictions are.
    Prediction,
}

#[derive(Clone, Debug)]
pub struct Workload {
    pub name: String,
    pub cpus: usize,
    pub length: u64,
    pub threads: Vec<Behaviour>,
    pub shows: Vec<Shows>,
    /// What it was recorded from.
    pub recording: Option<Recording>,
}

pub fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn nice(nice: i8) -> Parameters {
    Parameters { nice, ..Parameters::default() }
}

fn threads(count: usize, name: &str, parameters: Parameters, burst: Length, sleep: Length) -> Vec<Behaviour> {
    (0..count)
        .map(|number| Behaviour {
            name: format!("{name} {number}"),
            parameters,
            work: Work::Pattern { burst: burst.clone(), sleep: sleep.clone(), bursts: None },
            first: true,
        })
        .collect()
}

fn hogs(count: usize, parameters: Parameters) -> Vec<Behaviour> {
    let name = format!("computes, nice {}", parameters.nice);
    threads(count, &name, parameters, Length::Exactly(SECOND), Length::Exactly(0))
}

fn interactive(count: usize) -> Vec<Behaviour> {
    threads(count, "interactive", nice(0), Length::About(600 * MICRO, 50), Length::Random(30 * MILLI))
}

fn workload(
    name: &str,
    cpus: usize,
    seconds: u64,
    shows: &[Shows],
    threads: Vec<Vec<Behaviour>>,
) -> Workload {
    Workload {
        name: name.into(),
        cpus,
        length: seconds * SECOND,
        threads: threads.into_iter().flatten().collect(),
        shows: shows.to_vec(),
        recording: None,
    }
}

/// The workloads that `docs/scheduler.md` speaks of.
pub fn synthetic() -> Vec<Workload> {
    use Shows::{Fairness, Latency, Prediction};
    let short_lived = Behaviour {
        name: "short-lived 0".into(),
        parameters: nice(0),
        work: Work::Pattern {
            burst: Length::About(2 * MILLI, 50),
            sleep: Length::Exactly(MICRO),
            bursts: Some(1),
        },
        first: true,
    };
    let real_time = Parameters { policy: Policy::Fifo, priority: 50, ..Parameters::default() };
    let reservation = Reservation { runtime: 3 * MILLI, deadline: 15 * MILLI, period: 15 * MILLI };
    let deadline = Parameters { policy: Policy::Deadline, reservation, ..Parameters::default() };
    vec![
        workload("8 that compute, 1 CPU", 1, 30, &[Fairness], vec![hogs(8, nice(0))]),
        workload("7 that compute, 4 CPUs", 4, 60, &[Fairness], vec![hogs(7, nice(0))]),
        workload("3 that compute, 2 CPUs", 2, 60, &[Fairness], vec![hogs(3, nice(0))]),
        workload(
            "nice −5, 0, 5, 10",
            1,
            60,
            &[Fairness],
            vec![hogs(1, nice(-5)), hogs(1, nice(0)), hogs(1, nice(5)), hogs(1, nice(10))],
        ),
        workload(
            "desktop: 4 that compute, 8 interactive",
            1,
            30,
            &[Fairness, Latency],
            vec![hogs(4, nice(0)), interactive(8)],
        ),
        workload(
            "server: 2 CPUs, 40 requests, 2 that compute",
            2,
            30,
            &[Latency],
            vec![
                hogs(2, nice(0)),
                threads(40, "request", nice(0), Length::Random(MILLI), Length::Random(80 * MILLI)),
            ],
        ),
        workload(
            "build: 3 places of short-lived, 1 that computes",
            1,
            30,
            &[],
            vec![hogs(1, nice(0)), vec![short_lived.clone(), short_lived.clone(), short_lived]],
        ),
        workload(
            "real time: 1 of SCHED_FIFO, 1 with a deadline, 4 that compute",
            1,
            30,
            &[Latency],
            vec![
                threads(1, "deadline", deadline, Length::Exactly(2 * MILLI), Length::Exactly(13 * MILLI)),
                threads(1, "fifo", real_time, Length::Exactly(MILLI), Length::Exactly(9 * MILLI)),
                hogs(4, nice(0)),
            ],
        ),
        workload(
            "steady bursts of 0.5, 2, 5 and 20 ms",
            2,
            30,
            &[Prediction],
            [500, 2000, 5000, 20_000]
                .map(|micros| {
                    threads(
                        1,
                        "steady",
                        nice(0),
                        Length::About(micros * MICRO, 20),
                        Length::Random(20 * MILLI),
                    )
                })
                .to_vec(),
        ),
        workload(
            "random bursts of 0.5, 2, 5 and 20 ms in the mean",
            2,
            120,
            &[Prediction],
            [500, 2000, 5000, 20_000]
                .map(|micros| {
                    threads(1, "random", nice(0), Length::Random(micros * MICRO), Length::Random(20 * MILLI))
                })
                .to_vec(),
        ),
    ]
}

/// A recording that takes so many times as long does not come to its end.
const PATIENCE: u64 = 20;

/// The workload of a file that `exo run --record-sched` wrote, or those of a folder's files.
pub fn recorded(path: &Path) -> Result<Vec<Workload>> {
    if !path.is_dir() {
        return Ok(vec![Workload::recorded(path)?]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(|| format!("can't read {}", path.display()))? {
        files.push(entry?.path());
    }
    files.sort();
    let recordings = files.iter().filter(|path| path.extension().is_some_and(|suffix| suffix == "txt"));
    recordings.map(|path| Workload::recorded(path)).collect()
}

impl Workload {
    fn recorded(path: &Path) -> Result<Self> {
        let context = || format!("can't use {}", path.display());
        let text = std::fs::read_to_string(path).with_context(context)?;
        let recording = text::read(&text).with_context(context)?;
        let makes = |number: usize| {
            let mut steps = recording.threads.iter().flat_map(|thread| &thread.steps);
            steps.any(|step| *step == Step::Start(number))
        };
        let behaviour = |(number, thread): (usize, &sched_recording::Script)| Behaviour {
            name: thread.name.clone(),
            parameters: thread.parameters,
            work: Work::Script(thread.steps.clone()),
            first: !makes(number),
        };
        Ok(Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            cpus: recording.cpus.max(1),
            length: recording.took.max(1) * MICRO * PATIENCE,
            threads: recording.threads.iter().enumerate().map(behaviour).collect(),
            shows: Vec::new(),
            recording: Some(recording),
        })
    }
}
