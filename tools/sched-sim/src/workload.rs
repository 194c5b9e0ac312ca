//! What threads do: bursts of computing, and sleeps between them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sched_policy::{Parameters, Policy, Reservation};

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
    /// As it was recorded, again and again.
    Recorded(Vec<u64>),
}

impl Length {
    /// The length of number `index`.
    pub fn draw(&self, index: usize, random: &mut ChaCha8Rng) -> u64 {
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
            Self::Recorded(lengths) => lengths[index % lengths.len()],
        }
    }
}

/// What one thread does.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub name: String,
    pub parameters: Parameters,
    pub burst: Length,
    pub sleep: Length,
    /// Ends after so many bursts, and another one of its kind takes its place.
    pub bursts: Option<u64>,
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
            burst: burst.clone(),
            sleep: sleep.clone(),
            bursts: None,
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
    }
}

/// The workloads that `docs/scheduler.md` speaks of.
pub fn synthetic() -> Vec<Workload> {
    use Shows::{Fairness, Latency, Prediction};
    let short_lived = Behaviour {
        bursts: Some(1),
        ..threads(1, "short-lived", nice(0), Length::About(2 * MILLI, 50), Length::Exactly(MICRO)).remove(0)
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

impl Workload {
    /// A workload from a file: each line has a thread's name, the length of a burst and of the sleep after it, in
    /// microseconds. Each thread does the same again when its lines are at an end.
    pub fn recorded(path: &Path, cpus: usize) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
        let mut found: BTreeMap<String, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [thread, burst, sleep] = fields[..] else {
                anyhow::bail!("{}:{}: not a thread, a burst and a sleep", path.display(), number + 1)
            };
            let entry = found.entry(thread.into()).or_default();
            entry.0.push(burst.parse::<u64>()?.max(1) * MICRO);
            entry.1.push(sleep.parse::<u64>()?.max(1) * MICRO);
        }
        let threads = found
            .into_iter()
            .map(|(name, (bursts, sleeps))| Behaviour {
                name,
                parameters: Parameters::default(),
                burst: Length::Recorded(bursts),
                sleep: Length::Recorded(sleeps),
                bursts: None,
            })
            .collect();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, cpus, length: 20 * SECOND, threads, shows: vec![Shows::Latency] })
    }
}
