//! Some CPUs, and time that passes on them from event to event.

use rand_chacha::ChaCha8Rng;
use sched_policy::placement::{busiest, choose, should_pull, Candidate, LOCAL, NOTHING};
use sched_policy::{Entity, Turn};

use crate::life::{Life, Next};
use crate::queues::{Handle, Queue};
use crate::workload::{random, Workload, MILLI};

struct Cpu<Q> {
    queue: Q,
    running: Option<usize>,
    since: u64,
    tick: u64,
    uneven_since: Option<u64>,
}

pub struct Machine<Q> {
    cpus: Vec<Cpu<Q>>,
    pub lives: Vec<Life>,
    pub now: u64,
    random: ChaCha8Rng,
    pub switches: u64,
}

impl<Q: Queue> Machine<Q> {
    pub fn new(workload: &Workload) -> Self {
        let cpu = |number: u64| Cpu {
            queue: Q::default(),
            running: None,
            since: 0,
            // CPUs do not tick all at once.
            tick: number * MILLI + 1,
            uneven_since: None,
        };
        let mut machine = Self {
            cpus: (0..workload.cpus as u64).map(cpu).collect(),
            lives: Vec::new(),
            now: 1,
            random: random(1),
            switches: 0,
        };
        for (number, behaviour) in workload.threads.iter().enumerate() {
            machine.lives.push(Life::new(number, behaviour, number % workload.cpus));
            if behaviour.first {
                machine.begin(number);
            }
        }
        machine
    }

    /// The thread takes its first step.
    fn begin(&mut self, number: usize) {
        let life = &mut self.lives[number];
        match life.step(&mut self.random) {
            // It sleeps already.
            Next::Sleep(length) => life.wakes = Some(self.now + length),
            Next::Wait => drop(life.wait()),
            _ => self.place(number, Turn::New),
        }
    }

    fn load(&self, cpu: usize) -> u32 {
        self.cpus[cpu].queue.len() as u32 + u32::from(self.cpus[cpu].running.is_some())
    }

    fn rank(&self, cpu: usize) -> u8 {
        self.cpus[cpu].running.map_or(NOTHING, |running| self.lives[running].thread.node().rank())
    }

    /// Queues a thread that can run where it is best.
    fn place(&mut self, number: usize, turn: Turn) {
        let home = self.lives[number].cpu;
        let candidates = (0..self.cpus.len()).map(|id| Candidate {
            id: id as u32,
            load: self.load(id),
            rank: self.rank(id),
            distance: LOCAL,
        });
        let thread = self.lives[number].thread;
        let best = choose(home as u32, thread.node().rank(), candidates).map_or(home, |id| id as usize);
        if best != home {
            self.cpus[home].queue.leaves(thread);
        }
        self.enqueue(number, best, turn);
    }

    fn enqueue(&mut self, number: usize, to: usize, turn: Turn) {
        let now = self.now;
        let life = &mut self.lives[number];
        life.cpu = to;
        if life.waits_since.is_none() {
            life.waits_since = Some((now, turn == Turn::Woken));
        }
        let thread = life.thread;
        let cpu = &mut self.cpus[to];
        cpu.queue.enqueue(thread, turn, now);
        match cpu.running {
            None => self.dispatch(to),
            Some(running) if turn == Turn::Woken => {
                let running = self.lives[running].thread;
                if self.cpus[to].queue.preempts(thread, running) {
                    self.interrupt(to);
                }
            }
            Some(_) => {}
        }
    }

    /// The running thread goes back into the queue, and somebody runs.
    fn interrupt(&mut self, id: usize) {
        let now = self.now;
        if let Some(running) = self.cpus[id].running.take() {
            self.lives[running].waits_since = Some((now, false));
            let thread = self.lives[running].thread;
            self.cpus[id].queue.enqueue(thread, Turn::Preempted, now);
        }
        self.dispatch(id);
    }

    fn dispatch(&mut self, id: usize) {
        let now = self.now;
        let mut next = self.cpus[id].queue.pick(now);
        if next.is_none() {
            next = self.steal(id).and_then(|()| self.cpus[id].queue.pick(now));
        }
        let cpu = &mut self.cpus[id];
        cpu.running = next.map(|thread| thread.0.number);
        cpu.since = now;
        let Some(number) = cpu.running else { return };
        self.switches += 1;
        self.lives[number].begin(now);
    }

    /// Whoever can run deserves what its weight says.
    fn deserve(&mut self, nanoseconds: u64) {
        let runs: Vec<Option<usize>> = self.cpus.iter().map(|cpu| cpu.running).collect();
        let wants = |number: usize, life: &Life| life.waits_since.is_some() || runs.contains(&Some(number));
        let mut weights = vec![0.0; self.cpus.len()];
        for (_, life) in self.lives.iter().enumerate().filter(|(number, life)| wants(*number, life)) {
            weights[life.cpu] += f64::from(life.behaviour.parameters.weight());
        }
        for (number, life) in self.lives.iter_mut().enumerate() {
            if wants(number, life) {
                let weight = f64::from(life.behaviour.parameters.weight());
                life.deserved += nanoseconds as f64 * weight / weights[life.cpu];
            }
        }
    }

    fn steal(&mut self, id: usize) -> Option<()> {
        let from = (0..self.cpus.len())
            .filter(|&other| other != id)
            .max_by_key(|&other| self.cpus[other].queue.len())?;
        let thread = self.cpus[from].queue.take()?;
        self.lives[thread.0.number].cpu = id;
        self.cpus[id].queue.enqueue(thread, Turn::New, self.now);
        Some(())
    }

    /// The timer of a CPU.
    fn tick(&mut self, id: usize) {
        let now = self.now;
        let cpu = &mut self.cpus[id];
        cpu.tick = now + Q::TICK;
        let running = cpu.running.map(|running| self.lives[running].thread);
        let slice = now - cpu.since;
        let urgent = cpu.queue.renew(running, now);
        match running {
            Some(running) if urgent || cpu.queue.gives_way(running, slice, now) => self.interrupt(id),
            None if cpu.queue.len() > 0 => self.dispatch(id),
            _ => {}
        }
        self.balance(id);
        let cpu = &self.cpus[id];
        let running = cpu.running.map(|running| self.lives[running].thread);
        let alarm = cpu.queue.alarm(running, now - cpu.since, now).filter(|&at| at > now);
        self.cpus[id].tick = alarm.map_or(now + Q::TICK, |at| at.min(now + Q::TICK));
    }

    /// As the kernel does it once a tick.
    fn balance(&mut self, id: usize) {
        let own = self.cpus[id].queue.len() as u32;
        let length = |other: u32| self.cpus[other as usize].queue.len() as u32;
        let Some(busiest) = busiest(id as u32, self.cpus.len() as u32, length) else { return };
        let (busiest, length) = (busiest as usize, length(busiest));
        if length <= own {
            self.cpus[id].uneven_since = None;
            return;
        }
        let since = *self.cpus[id].uneven_since.get_or_insert(self.now);
        if should_pull(own, length, self.now - since) {
            self.cpus[id].uneven_since = None;
            if let Some(thread) = self.cpus[busiest].queue.take() {
                self.enqueue(thread.0.number, id, Turn::New);
            }
        }
    }

    /// The thread has computed enough for its next step.
    fn proceed(&mut self, id: usize, number: usize) {
        let now = self.now;
        let life = &mut self.lives[number];
        match life.step(&mut self.random) {
            Next::Run(_) => {}
            Next::Sleep(length) => {
                life.wakes = Some(now + length);
                self.block(id, number);
            }
            Next::Wait => {
                if life.wait() {
                    self.block(id, number);
                }
            }
            Next::Wake(other) => {
                if self.lives[other].wake() {
                    self.place(other, Turn::Woken);
                }
            }
            Next::Start(other) => {
                let (maker, made) = (life.thread, self.lives[other].thread);
                self.cpus[id].queue.inherit(made, maker);
                self.lives[other].cpu = id;
                self.begin(other);
            }
            Next::Again(length) => {
                life.wakes = Some(now + length);
                self.block(id, number);
                let life = &mut self.lives[number];
                life.thread = Handle::new(number, life.behaviour.parameters);
            }
            Next::End => self.leave(id, number),
        }
    }

    /// The burst is over: the thread waits for something else than the CPU.
    fn block(&mut self, id: usize, number: usize) {
        let thread = self.lives[number].thread;
        self.cpus[id].queue.slept(thread);
        self.leave(id, number);
    }

    fn leave(&mut self, id: usize, number: usize) {
        self.lives[number].end_burst();
        self.cpus[id].running = None;
        self.dispatch(id);
    }

    pub fn run(&mut self, until: u64) {
        while self.now < until {
            let wakes = self.lives.iter().filter_map(|life| life.wakes);
            let ends = self.cpus.iter().filter_map(|cpu| Some(self.now + self.lives[cpu.running?].left));
            let ticks = self.cpus.iter().map(|cpu| cpu.tick.max(self.now + 1));
            let events = wakes.chain(ends).min();
            if events.is_none() && self.lives.iter().all(|life| life.waits_since.is_none()) {
                break;
            }
            let next = events.into_iter().chain(ticks).min().unwrap_or(until).min(until);
            self.pass(next - self.now);
            for id in 0..self.cpus.len() {
                match self.cpus[id].running {
                    Some(number) if self.lives[number].left == 0 => self.proceed(id, number),
                    _ => {}
                }
            }
            for number in 0..self.lives.len() {
                if self.lives[number].wakes.is_some_and(|at| at <= self.now) {
                    self.lives[number].wakes = None;
                    self.place(number, Turn::Woken);
                }
            }
            for id in 0..self.cpus.len() {
                if self.cpus[id].tick <= self.now {
                    self.tick(id);
                }
            }
        }
        for life in &mut self.lives {
            if let Some((since, _)) = life.waits_since {
                life.longest_wait = life.longest_wait.max(self.now - since);
            }
        }
    }

    fn pass(&mut self, nanoseconds: u64) {
        self.now += nanoseconds;
        self.deserve(nanoseconds);
        for cpu in &mut self.cpus {
            if let Some(number) = cpu.running {
                let life = &mut self.lives[number];
                life.had += nanoseconds;
                life.left -= nanoseconds.min(life.left);
                cpu.queue.ran(life.thread, nanoseconds, self.now);
            }
        }
    }
}
