//! What came of a workload under each policy, and whether that is good enough.

use sched_policy::{Class, Policy, CLASSES};

use crate::life::Life;
use crate::machine::Machine;
use crate::queues::{Fair, Predictive, Queue, RoundRobin};
use crate::workload::{Length, Shows, Work, Workload, MILLI};

/// A wait of which one says that the thread starves, in milliseconds.
const STARVING: f64 = 10_000.0;
/// What is to be reached, in percent: see `docs/scheduler.md`.
const MOST_SPREAD: f64 = 10.0;
const MOST_ERROR: f64 = 10.0;
/// Of recorded threads, those that had so much compute for long: a quantum more or less does not matter.
const LONG: u64 = 500 * MILLI;

/// One workload under one policy.
pub struct Outcome {
    pub policy: &'static str,
    pub switches: u64,
    /// Among those who always want more: by how much the best share of what each should have exceeds the worst.
    pub spread: f64,
    /// Sorted.
    pub latencies: Vec<u64>,
    pub longest_wait: u64,
    pub shares: Vec<Share>,
    pub predictions: Vec<Prediction>,
    /// Latencies of real time alone, sorted.
    pub urgent: Vec<u64>,
    /// When nobody had anything more to do, or the end of the simulation.
    pub took: u64,
    pub quality: Quality,
}

/// How good the predictions for all threads were, together.
#[derive(Default)]
pub struct Quality {
    /// Predicted and real.
    pub bursts: Vec<(u64, u64)>,
    /// The mean of the bursts, of the predictions, and of the differences between the two, in nanoseconds.
    pub mean: f64,
    pub predicted: f64,
    pub error: f64,
    /// The shares of bursts that were as long as each class says.
    pub classes: [f64; CLASSES],
    /// The share of those that were predicted to be of the class that they were.
    pub right: f64,
    /// The share of the time computed in which the thread was taken for what the burst was in the end: a burst that
    /// outlasts its prediction changes its class.
    pub right_time: f64,
}

impl Quality {
    fn of(lives: &[Life]) -> Self {
        let bursts: Vec<(u64, u64)> = lives.iter().flat_map(|life| life.bursts.clone()).collect();
        if bursts.is_empty() {
            return Self::default();
        }
        let mean = |value: &dyn Fn(u64, u64) -> f64| {
            bursts.iter().map(|(predicted, real)| value(*predicted, *real)).sum::<f64>() / bursts.len() as f64
        };
        let share = |what: bool| f64::from(u8::from(what));
        Self {
            mean: mean(&|_, real| real as f64),
            predicted: mean(&|predicted, _| predicted as f64),
            error: mean(&|predicted, real| predicted.abs_diff(real) as f64),
            classes: Class::ALL.map(|class| mean(&|_, real| share(Class::of(real) == class))),
            right: mean(&|predicted, real| share(Class::of(predicted) == Class::of(real))),
            right_time: mean(&|predicted, real| rightly(predicted, real) as f64)
                / mean(&|_, real| real as f64),
            bursts,
        }
    }

    /// The share that would be right if all were predicted to be of the class that is the most common.
    pub fn commonest(&self) -> f64 {
        self.classes.iter().copied().fold(0.0, f64::max)
    }
}

/// What a thread that always wants more had and should have had, of a CPU.
pub struct Share {
    pub name: String,
    pub had: f64,
    pub wanted: f64,
}

/// How good the predictions for one thread were.
pub struct Prediction {
    pub name: String,
    /// The mean of what was predicted, as a share of the true mean of its bursts.
    pub predicted: f64,
    /// The mean of the differences, likewise.
    pub error: f64,
    /// The first ones, predicted and real.
    pub first: Vec<(u64, u64)>,
}

impl Prediction {
    /// How far the mean of the predictions is off.
    pub fn miss(&self) -> f64 {
        (self.predicted - 1.0).abs()
    }
}

pub struct Results {
    pub workload: Workload,
    /// Ours first.
    pub outcomes: Vec<Outcome>,
}

pub fn run(workload: &Workload) -> Results {
    let outcomes =
        vec![run_with::<Predictive>(workload), run_with::<RoundRobin>(workload), run_with::<Fair>(workload)];
    Results { workload: workload.clone(), outcomes }
}

fn run_with<Q: Queue>(workload: &Workload) -> Outcome {
    let mut machine = Machine::<Q>::new(workload);
    machine.run(workload.length);
    let shares =
        if workload.recording.is_some() { earned(&machine.lives) } else { shares(workload, &machine.lives) };
    let ratios = || shares.iter().map(|share| share.had / share.wanted);
    let spread = match shares.len() {
        0 | 1 => 0.0,
        _ => ratios().fold(0.0, f64::max) - ratios().fold(f64::MAX, f64::min),
    };
    let sorted = |which: &dyn Fn(&Life) -> bool| {
        let mut all: Vec<u64> =
            machine.lives.iter().filter(|life| which(life)).flat_map(|life| life.latencies.clone()).collect();
        all.sort_unstable();
        all
    };
    Outcome {
        policy: Q::NAME,
        switches: machine.switches,
        spread,
        latencies: sorted(&|_| true),
        urgent: sorted(&|life| life.behaviour.parameters.is_real_time()),
        longest_wait: machine.lives.iter().map(|life| life.longest_wait).max().unwrap_or(0),
        shares,
        predictions: machine.lives.iter().filter_map(prediction).collect(),
        took: machine.now,
        quality: Quality::of(&machine.lives),
    }
}

/// For how much of a burst is the thread in the class of the whole?
fn rightly(predicted: u64, real: u64) -> u64 {
    let class = Class::of(real);
    if Class::of(predicted) > class {
        return 0;
    }
    // From where on is it in this class, at the latest?
    let begin = match class {
        Class::Hot => 0,
        Class::Normal => 3 * MILLI,
        Class::Cold => 10 * MILLI,
    };
    if Class::of(predicted) == class {
        real
    } else {
        real - begin
    }
}

/// Of those who compute for long: what they had, and what they should have had by their weight while they could run.
fn earned(lives: &[Life]) -> Vec<Share> {
    let computes = |life: &&Life| life.had >= LONG && !life.behaviour.parameters.is_real_time();
    let share = |life: &Life| Share {
        name: life.behaviour.name.clone(),
        had: life.had as f64,
        wanted: life.deserved,
    };
    lives.iter().filter(computes).map(share).collect()
}

/// Those who always want more share what the others leave by their weights, but have no more than a CPU each.
fn shares(workload: &Workload, lives: &[Life]) -> Vec<Share> {
    let is_greedy = |life: &&Life| {
        matches!(life.behaviour.work, Work::Pattern { sleep: Length::Exactly(0), .. })
            && life.behaviour.parameters.policy == Policy::Normal
    };
    let weight = |life: &Life| f64::from(life.behaviour.parameters.weight());
    let greedy: Vec<&Life> = lives.iter().filter(is_greedy).collect();
    let had: u64 = greedy.iter().map(|life| life.had).sum();
    let all: f64 = greedy.iter().map(|life| weight(life)).sum();
    greedy
        .iter()
        .map(|life| Share {
            name: life.behaviour.name.clone(),
            had: life.had as f64 / workload.length as f64,
            wanted: had as f64 / workload.length as f64 * weight(life) / all,
        })
        .collect()
}

fn length(nanoseconds: f64) -> String {
    match nanoseconds {
        short @ ..1e5 => format!("{:.0} µs", short / 1e3),
        long => format!("{:.1} ms", long / 1e6),
    }
}

fn prediction(life: &Life) -> Option<Prediction> {
    // The first few are spent on learning.
    let bursts = life.bursts.get(20..).filter(|bursts| bursts.len() > 20)?;
    let count = bursts.len() as f64;
    let mean = bursts.iter().map(|(_, real)| *real as f64).sum::<f64>() / count;
    let predicted = bursts.iter().map(|(predicted, _)| *predicted as f64).sum::<f64>() / count;
    let error = bursts.iter().map(|(predicted, real)| predicted.abs_diff(*real) as f64).sum::<f64>() / count;
    Some(Prediction {
        name: format!("{}, {}", life.behaviour.name.trim_end_matches(" 0"), length(mean)),
        predicted: predicted / mean,
        error: error / mean,
        first: life.bursts.iter().take(80).copied().collect(),
    })
}

/// The value below which so much of them is.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    match sorted.len() {
        0 => 0,
        count => sorted[((count - 1) as f64 * share).round() as usize],
    }
}

/// What our policy is to reach, and the worst that it did in any workload.
pub struct Verdict {
    pub figure: &'static str,
    pub measured: String,
    pub target: String,
    pub met: bool,
}

impl Verdict {
    /// From the worst one: how bad, and where that was.
    fn new(figure: &'static str, worst: (f64, String), most: f64, digits: usize, unit: &str) -> Self {
        let (value, place) = worst;
        Self {
            figure,
            measured: format!("{value:.digits$} {unit} ({place})"),
            target: format!("below {most} {unit}"),
            met: value < most,
        }
    }
}

/// Fairness, starvation, prediction.
pub fn verdicts(results: &[Results]) -> [Verdict; 3] {
    let worst = |all: &mut dyn Iterator<Item = (f64, String)>| {
        all.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or_default()
    };
    let showing = |what: Shows| results.iter().filter(move |result| result.workload.shows.contains(&what));
    let name = |result: &Results| result.workload.name.clone();
    let shares = results.iter().filter(|one| one.outcomes[0].shares.len() > 1);
    let spread = worst(&mut shares.map(|one| (one.outcomes[0].spread * 100.0, name(one))));
    let wait = worst(&mut results.iter().map(|one| (one.outcomes[0].longest_wait as f64 / 1e6, name(one))));
    let error = worst(&mut showing(Shows::Prediction).flat_map(|result| {
        let predictions = result.outcomes[0].predictions.iter();
        predictions.map(|one| (one.miss() * 100.0, one.name.clone()))
    }));
    [
        Verdict::new("Scheduler: spread of shares", spread, MOST_SPREAD, 1, "%"),
        Verdict::new("Scheduler: longest wait of one that can run", wait, STARVING, 0, "ms"),
        Verdict::new("Scheduler: mean prediction from the mean burst", error, MOST_ERROR, 1, "%"),
    ]
}
