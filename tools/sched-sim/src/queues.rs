//! The policies: ours, and two to compare it with. All place threads on CPUs in the same way.

use std::collections::{BTreeMap, VecDeque};

use sched_policy::{weight, Entity, Node, Parameters, RunQueue, Turn, QUANTUM};

/// A thread as all policies see it.
pub struct Thread {
    pub number: usize,
    node: Node<Handle>,
}

/// Simulated threads live as long as the program.
#[derive(Clone, Copy)]
pub struct Handle(pub &'static Thread);

impl Handle {
    pub fn new(number: usize, parameters: Parameters) -> Self {
        let thread: &'static Thread = Box::leak(Box::new(Thread { number, node: Node::new() }));
        thread.node.configure(parameters);
        Self(thread)
    }

    /// The expected length of its next burst, as our policy sees it.
    pub fn predicted(&self) -> u64 {
        self.0.node.burst().predicted()
    }

    fn weight(&self) -> u64 {
        self.0.node.parameters().weight().into()
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl Entity for Handle {
    fn node(&self) -> &Node<Self> {
        &self.0.node
    }
}

/// The runnable threads of one CPU.
pub trait Queue: Default {
    const NAME: &'static str;
    /// Nanoseconds between looks at whether the running thread should give way.
    const TICK: u64;
    fn enqueue(&mut self, thread: Handle, turn: Turn, now: u64);
    fn pick(&mut self, now: u64) -> Option<Handle>;
    fn ran(&mut self, running: Handle, nanoseconds: u64, now: u64);
    fn slept(&mut self, running: Handle);
    fn preempts(&self, woken: Handle, running: Handle) -> bool;
    fn gives_way(&mut self, running: Handle, slice: u64, now: u64) -> bool;
    fn len(&self) -> usize;
    /// `maker` has made a thread.
    fn inherit(&mut self, _made: Handle, _maker: Handle) {}
    /// Takes any for another CPU.
    fn take(&mut self) -> Option<Handle>;
    /// A sleeping thread that ran here goes to another CPU.
    fn leaves(&mut self, _thread: Handle) {}
    /// Something happens by itself at this time.
    fn alarm(&self, _running: Option<Handle>, _slice: u64, _now: u64) -> Option<u64> {
        None
    }
    /// That time has come. Returns whether the running thread should give way.
    fn renew(&mut self, _running: Option<Handle>, _now: u64) -> bool {
        false
    }
}

/// What the kernel runs.
#[derive(Default)]
pub struct Predictive(RunQueue<Handle>);

impl Queue for Predictive {
    const NAME: &'static str = "Exo-OS";
    const TICK: u64 = 10_000_000;

    fn enqueue(&mut self, thread: Handle, turn: Turn, now: u64) {
        self.0.enqueue(thread, turn, now);
    }
    fn pick(&mut self, now: u64) -> Option<Handle> {
        self.0.pick(now)
    }
    fn ran(&mut self, running: Handle, nanoseconds: u64, now: u64) {
        self.0.ran(running, nanoseconds, now);
    }
    fn slept(&mut self, running: Handle) {
        self.0.slept(running);
    }
    fn preempts(&self, woken: Handle, running: Handle) -> bool {
        self.0.preempts(woken, running)
    }
    fn gives_way(&mut self, running: Handle, slice: u64, now: u64) -> bool {
        self.0.gives_way(running, slice, now)
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn inherit(&mut self, made: Handle, maker: Handle) {
        self.0.inherit(made, maker);
    }
    fn take(&mut self) -> Option<Handle> {
        self.0.take_where(|_| true)
    }
    fn leaves(&mut self, thread: Handle) {
        self.0.leaves(thread);
    }
    fn alarm(&self, running: Option<Handle>, slice: u64, now: u64) -> Option<u64> {
        self.0.alarm(running, slice, now)
    }
    fn renew(&mut self, running: Option<Handle>, now: u64) -> bool {
        self.0.renew(running, now)
    }
}

/// Everybody in turn, a quantum each.
#[derive(Default)]
pub struct RoundRobin(VecDeque<Handle>);

impl Queue for RoundRobin {
    const NAME: &'static str = "round-robin";
    const TICK: u64 = QUANTUM;

    fn enqueue(&mut self, thread: Handle, _turn: Turn, _now: u64) {
        self.0.push_back(thread);
    }
    fn pick(&mut self, _now: u64) -> Option<Handle> {
        self.0.pop_front()
    }
    fn ran(&mut self, _running: Handle, _nanoseconds: u64, _now: u64) {}
    fn slept(&mut self, _running: Handle) {}
    fn preempts(&self, _woken: Handle, _running: Handle) -> bool {
        false
    }
    fn gives_way(&mut self, _running: Handle, slice: u64, _now: u64) -> bool {
        !self.0.is_empty() && slice >= QUANTUM
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn take(&mut self) -> Option<Handle> {
        self.0.pop_front()
    }
}

/// Like Linux's scheduler before 6.6, with its default figures for one CPU: who had the least virtual time goes first;
/// a sleeper comes back with half a period of credit.
#[derive(Default)]
pub struct Fair {
    waiting: BTreeMap<(u64, usize), Handle>,
    times: BTreeMap<usize, u64>,
    least: u64,
    weight: u64,
}

impl Fair {
    const PERIOD: u64 = 6_000_000;
    const SHORTEST: u64 = 750_000;
    const TO_INTERRUPT: u64 = 1_000_000;

    fn time(&self, thread: Handle) -> u64 {
        self.times.get(&thread.0.number).copied().unwrap_or(self.least)
    }
}

impl Queue for Fair {
    const NAME: &'static str = "CFS-like";
    const TICK: u64 = 4_000_000;

    fn enqueue(&mut self, thread: Handle, turn: Turn, _now: u64) {
        let mut time = self.time(thread);
        match turn {
            Turn::Woken => time = time.max(self.least.saturating_sub(Self::PERIOD / 2)),
            Turn::New => time = time.max(self.least),
            Turn::Preempted | Turn::Yielded => {}
        }
        self.times.insert(thread.0.number, time);
        self.waiting.insert((time, thread.0.number), thread);
        self.weight += thread.weight();
    }
    fn pick(&mut self, _now: u64) -> Option<Handle> {
        let ((time, _), thread) = self.waiting.pop_first()?;
        self.least = self.least.max(time);
        self.weight -= thread.weight();
        Some(thread)
    }
    fn ran(&mut self, running: Handle, nanoseconds: u64, _now: u64) {
        let time = self.time(running) + nanoseconds * u64::from(weight::NORMAL) / running.weight();
        self.times.insert(running.0.number, time);
        let first = self.waiting.keys().next().map_or(time, |first| first.0);
        self.least = self.least.max(time.min(first));
    }
    fn slept(&mut self, _running: Handle) {}
    fn preempts(&self, woken: Handle, running: Handle) -> bool {
        let margin = Self::TO_INTERRUPT * u64::from(weight::NORMAL) / woken.weight();
        self.time(woken) + margin < self.time(running)
    }
    fn gives_way(&mut self, running: Handle, slice: u64, _now: u64) -> bool {
        let ideal = Self::PERIOD * running.weight() / (self.weight + running.weight());
        !self.waiting.is_empty() && slice >= ideal.max(Self::SHORTEST)
    }
    fn len(&self) -> usize {
        self.waiting.len()
    }
    fn take(&mut self) -> Option<Handle> {
        let ((time, _), thread) = self.waiting.pop_last()?;
        self.weight -= thread.weight();
        // The other queue begins with it anew.
        self.times.insert(thread.0.number, time);
        Some(thread)
    }
}
