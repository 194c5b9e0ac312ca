//! One thread's life in the simulation.

use rand_chacha::ChaCha8Rng;
use sched_recording::Step;

use crate::queues::Handle;
use crate::workload::{Behaviour, Work, MICRO};

/// What a thread does next. Times are in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    Run(u64),
    Sleep(u64),
    /// Sleeps until another one wakes it.
    Wait,
    Wake(usize),
    Start(usize),
    /// Ends, and another one of its kind begins so much later.
    Again(u64),
    End,
}

/// One thread's life so far.
pub struct Life {
    pub behaviour: Behaviour,
    pub thread: Handle,
    pub had: u64,
    /// What it should have had of its CPU by its weight while it could run.
    pub deserved: f64,
    /// From being woken to running, for each time.
    pub latencies: Vec<u64>,
    /// The longest that it could run and did not.
    pub longest_wait: u64,
    /// Predicted and real lengths of its bursts.
    pub bursts: Vec<(u64, u64)>,
    pub cpu: usize,
    /// What is left to compute before its next step.
    pub left: u64,
    /// When it wakes by itself.
    pub wakes: Option<u64>,
    /// Since when it could run and does not, and whether it was woken then.
    pub waits_since: Option<(u64, bool)>,
    /// Does it wait to be woken?
    pub waits: bool,
    /// How often it was woken while it did not wait.
    woken: usize,
    /// The burst under way, and what was predicted for it when it began.
    burst: u64,
    predicted: Option<u64>,
    /// Steps of its script, or bursts of its pattern, that are over.
    done: usize,
    /// The next burst of a pattern, once the sleep before it is known.
    drawn: Option<u64>,
}

impl Life {
    pub fn new(number: usize, behaviour: &Behaviour, cpu: usize) -> Self {
        Self {
            behaviour: behaviour.clone(),
            thread: Handle::new(number, behaviour.parameters),
            had: 0,
            deserved: 0.0,
            latencies: Vec::new(),
            longest_wait: 0,
            bursts: Vec::new(),
            cpu,
            left: 0,
            wakes: None,
            waits_since: None,
            waits: false,
            woken: 0,
            burst: 0,
            predicted: None,
            done: 0,
            drawn: None,
        }
    }

    /// Takes its next step.
    pub fn step(&mut self, random: &mut ChaCha8Rng) -> Next {
        let next = match &self.behaviour.work {
            Work::Pattern { burst, sleep, bursts } => match self.drawn.take() {
                None if self.done == 0 => {
                    self.done = 1;
                    Next::Run(burst.draw(random))
                }
                None => {
                    let length = sleep.draw(random);
                    self.drawn = Some(burst.draw(random));
                    let ends = bursts.is_some_and(|most| self.done as u64 % most == 0);
                    match length {
                        0 => return self.step(random),
                        _ if ends => Next::Again(length),
                        _ => Next::Sleep(length),
                    }
                }
                Some(length) => {
                    self.done += 1;
                    Next::Run(length)
                }
            },
            Work::Script(steps) => {
                let step = steps.get(self.done).copied();
                self.done += 1;
                match step {
                    Some(Step::Run(length)) => Next::Run(length * MICRO),
                    Some(Step::Sleep { length, .. }) => Next::Sleep(length * MICRO),
                    Some(Step::Wait { .. }) => Next::Wait,
                    Some(Step::Wake(thread)) => Next::Wake(thread),
                    Some(Step::Start(thread)) => Next::Start(thread),
                    Some(Step::End) | None => Next::End,
                }
            }
        };
        if let Next::Run(length) = next {
            self.left = length;
            self.burst += length;
        }
        next
    }

    /// It gets the CPU.
    pub fn begin(&mut self, now: u64) {
        if let Some((since, woken)) = self.waits_since.take() {
            self.longest_wait = self.longest_wait.max(now - since);
            if woken {
                self.latencies.push(now - since);
            }
        }
        if self.predicted.is_none() {
            self.predicted = Some(self.thread.predicted());
        }
    }

    /// Its burst is over.
    pub fn end_burst(&mut self) {
        let burst = std::mem::take(&mut self.burst);
        if let Some(predicted) = self.predicted.take() {
            self.bursts.push((predicted, burst));
        }
    }

    /// Another one wakes it. Returns whether it waited for that; if not, it will not wait the next time.
    pub fn wake(&mut self) -> bool {
        let waited = std::mem::take(&mut self.waits);
        self.woken += usize::from(!waited);
        waited
    }

    /// Waits to be woken, unless that has happened before. Returns whether it waits.
    pub fn wait(&mut self) -> bool {
        self.waits = self.woken == 0;
        self.woken -= usize::from(!self.waits);
        self.waits
    }
}
