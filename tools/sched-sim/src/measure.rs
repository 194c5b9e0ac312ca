//! What came of a workload under each policy, and whether that is good enough.

use sched_policy::Policy;

use crate::machine::{Life, Machine};
use crate::queues::{Fair, Predictive, Queue, RoundRobin};
use crate::workload::{Shows, Workload};

/// A wait of which one says that the thread starves, in milliseconds.
const STARVING: f64 = 10_000.0;
/// What is to be reached, in percent: see `docs/scheduler.md`.
const MOST_SPREAD: f64 = 10.0;
const MOST_ERROR: f64 = 10.0;

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
    let shares = shares(workload, &machine.lives);
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
    }
}

/// Those who always want more share what the others leave by their weights, but have no more than a CPU each.
fn shares(workload: &Workload, lives: &[Life]) -> Vec<Share> {
    let is_greedy = |life: &&Life| {
        matches!(life.behaviour.sleep, crate::workload::Length::Exactly(0))
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

fn prediction(life: &Life) -> Option<Prediction> {
    // The first few are spent on learning.
    let bursts = life.bursts.get(20..).filter(|bursts| bursts.len() > 20)?;
    let count = bursts.len() as f64;
    let mean = bursts.iter().map(|(_, real)| *real as f64).sum::<f64>() / count;
    let predicted = bursts.iter().map(|(predicted, _)| *predicted as f64).sum::<f64>() / count;
    let error = bursts.iter().map(|(predicted, real)| predicted.abs_diff(*real) as f64).sum::<f64>() / count;
    Some(Prediction {
        name: format!("{}, {:.1} ms", life.behaviour.name.trim_end_matches(" 0"), mean / 1e6),
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
    let spread = worst(&mut showing(Shows::Fairness).map(|one| (one.outcomes[0].spread * 100.0, name(one))));
    let wait = worst(&mut results.iter().map(|one| (one.outcomes[0].longest_wait as f64 / 1e6, name(one))));
    let error = worst(&mut showing(Shows::Prediction).flat_map(|result| {
        let predictions = result.outcomes[0].predictions.iter();
        predictions.map(|one| ((one.predicted - 1.0).abs() * 100.0, one.name.clone()))
    }));
    [
        Verdict::new("Scheduler: spread of shares", spread, MOST_SPREAD, 1, "%"),
        Verdict::new("Scheduler: longest wait of one that can run", wait, STARVING, 0, "ms"),
        Verdict::new("Scheduler: mean prediction from the mean burst", error, MOST_ERROR, 1, "%"),
    ]
}
