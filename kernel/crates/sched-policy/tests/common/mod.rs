//! Threads for tests, and a CPU that they run on.
#![allow(dead_code, reason = "each test file uses its part")]

use sched_policy::{Entity, Node, Parameters, Policy, Reservation, RunQueue, Turn};

pub struct Thread {
    node: Node<Id>,
    pub number: usize,
}

#[derive(Clone, Copy)]
pub struct Id(pub &'static Thread);

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl core::fmt::Debug for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.0.number)
    }
}

impl Entity for Id {
    fn node(&self) -> &Node<Self> {
        &self.0.node
    }
}

/// Threads live for as long as the tests.
pub fn thread(number: usize, parameters: Parameters) -> Id {
    let thread: &'static Thread = Box::leak(Box::new(Thread { node: Node::new(), number }));
    thread.node.configure(parameters);
    Id(thread)
}

pub fn nice(nice: i8) -> Parameters {
    Parameters { nice, ..Default::default() }
}

pub fn real_time(policy: Policy, priority: u8) -> Parameters {
    Parameters { policy, priority, ..Default::default() }
}

pub fn deadline(runtime: u64, deadline: u64, period: u64) -> Parameters {
    let reservation = Reservation::new(runtime, deadline, period).expect("a sensible reservation");
    Parameters { policy: Policy::Deadline, reservation, ..Default::default() }
}

pub const MS: u64 = 1_000_000;

/// A thread that runs for `burst` and sleeps for `sleep` in turn, or never sleeps.
pub struct Worker {
    pub id: Id,
    pub burst: u64,
    pub sleep: u64,
    left: u64,
    wakes: Option<u64>,
    pub had: u64,
    pub longest_wait: u64,
}

/// One CPU with a timer, in steps of half a millisecond.
pub struct Machine {
    pub queue: RunQueue<Id>,
    pub workers: Vec<Worker>,
    pub now: u64,
    running: Option<usize>,
    slice: u64,
}

pub const STEP: u64 = 500_000;

impl Machine {
    pub fn new(workers: impl IntoIterator<Item = (Parameters, u64, u64)>) -> Self {
        let mut machine =
            Self { queue: RunQueue::new(), workers: Vec::new(), now: 1, running: None, slice: 0 };
        for (number, (parameters, burst, sleep)) in workers.into_iter().enumerate() {
            machine.add(thread(number, parameters), burst, sleep);
        }
        machine
    }

    pub fn add(&mut self, id: Id, burst: u64, sleep: u64) {
        self.queue.enqueue(id, Turn::New, self.now);
        self.workers.push(Worker { id, burst, sleep, left: burst, wakes: None, had: 0, longest_wait: 0 });
    }

    pub fn run(&mut self, until: u64) {
        while self.now < until {
            self.step();
        }
    }

    pub fn step(&mut self) {
        let running = self.running.map(|index| self.workers[index].id);
        let mut switch = self.queue.renew(running, self.now);
        for index in 0..self.workers.len() {
            if self.workers[index].wakes.is_some_and(|at| at <= self.now) {
                self.workers[index].wakes = None;
                let id = self.workers[index].id;
                self.queue.enqueue(id, Turn::Woken, self.now);
                switch |= running.is_some_and(|running| self.queue.preempts(id, running));
            }
        }
        if let Some(running) = running {
            switch |= self.queue.gives_way(running, self.slice, self.now);
            if switch {
                self.queue.enqueue(running, Turn::Preempted, self.now);
                self.running = None;
            }
        }
        if self.running.is_none() {
            self.slice = 0;
            self.running = self.queue.pick(self.now).map(|id| id.0.number);
        }
        self.now += STEP;
        let Some(index) = self.running else { return };
        let worker = &mut self.workers[index];
        worker.had += STEP;
        worker.left = worker.left.saturating_sub(STEP);
        self.slice += STEP;
        self.queue.ran(worker.id, STEP, self.now);
        if worker.left == 0 {
            worker.left = worker.burst;
            if worker.sleep > 0 {
                worker.wakes = Some(self.now + worker.sleep);
                self.queue.slept(worker.id);
                self.running = None;
            }
        }
        worker.longest_wait = worker.id.node().usage().longest_wait;
    }
}
