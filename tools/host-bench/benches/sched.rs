//! The scheduler's policy next to other ways to say who runs next, and the kernel's context switch next to others.

use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;

use criterion::{criterion_group, criterion_main, BenchmarkGroup, Criterion, Throughput};
use host_bench::{begin, criterion, end, group, Cycles, Partner, Target};
use sched_policy::{Entity, Node, Parameters, Policy, RunQueue, Turn};

const MILLI: u64 = 1_000_000;
/// Threads that wait.
const CROWD: usize = 16;

struct Thread {
    node: Node<Id>,
    number: usize,
}

#[derive(Clone, Copy)]
struct Id(&'static Thread);

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl Entity for Id {
    fn node(&self) -> &Node<Self> {
        &self.0.node
    }
}

/// Threads of all classes and, if `urgent`, of real time.
fn crowd(urgent: bool) -> Vec<Id> {
    let thread = |number: usize| {
        let node = Node::new();
        if urgent {
            let priority = 1 + number as u8 * 5;
            node.configure(Parameters { policy: Policy::Fifo, priority, ..Parameters::default() });
        } else {
            // Some have short bursts, some long ones.
            let mut queue = RunQueue::new();
            let thread: Id = Id(Box::leak(Box::new(Thread { node: Node::new(), number })));
            for _ in 0..20 {
                queue.ran(thread, (1 + number as u64 % 4 * 5) * MILLI, 0);
                queue.slept(thread);
            }
            return thread;
        }
        Id(Box::leak(Box::new(Thread { node, number })))
    };
    (0..CROWD).map(thread).collect()
}

/// Who can run, in some order.
trait Order: Default {
    const NAME: &'static str;
    fn put(&mut self, thread: Id, now: u64);
    fn pick(&mut self, now: u64) -> Option<Id>;
}

#[derive(Default)]
struct Predictive(RunQueue<Id>);

impl Order for Predictive {
    const NAME: &'static str = "sched-policy";
    fn put(&mut self, thread: Id, now: u64) {
        self.0.enqueue(thread, Turn::Preempted, now);
    }
    fn pick(&mut self, now: u64) -> Option<Id> {
        self.0.pick(now)
    }
}

#[derive(Default)]
struct Tree {
    waiting: BTreeMap<(u64, usize), Id>,
    time: u64,
}

impl Order for Tree {
    const NAME: &'static str = "BTreeMap by virtual time";
    fn put(&mut self, thread: Id, _now: u64) {
        self.time += 1000;
        self.waiting.insert((self.time, thread.0.number), thread);
    }
    fn pick(&mut self, _now: u64) -> Option<Id> {
        self.waiting.pop_first().map(|(_, thread)| thread)
    }
}

#[derive(Default)]
struct RoundRobin(VecDeque<Id>);

impl Order for RoundRobin {
    const NAME: &'static str = "VecDeque, round-robin";
    fn put(&mut self, thread: Id, _now: u64) {
        self.0.push_back(thread);
    }
    fn pick(&mut self, _now: u64) -> Option<Id> {
        self.0.pop_front()
    }
}

type Group<'a> = BenchmarkGroup<'a, Cycles>;

/// All are put into the queue, and picked again: only the picking is measured.
fn pick<O: Order>(group: &mut Group<'_>, threads: &[Id], name: &str) {
    let clock = Cycles::calibrated();
    group.throughput(Throughput::Elements(threads.len() as u64));
    group.bench_function(name, |bencher| {
        let mut order = O::default();
        let mut now = 0;
        bencher.iter_custom(|rounds| {
            let mut cycles = 0.0;
            for _ in 0..rounds {
                now += MILLI;
                threads.iter().for_each(|&thread| order.put(thread, now));
                let start = begin();
                for _ in threads {
                    black_box(order.pick(now));
                }
                cycles += clock.cycles(end() - start);
            }
            cycles
        });
    });
}

/// A thread gives way and goes back into a queue of others.
fn turn<O: Order>(group: &mut Group<'_>, threads: &[Id], name: &str) {
    let mut order = O::default();
    threads.iter().for_each(|&thread| order.put(thread, 0));
    let mut now = 0;
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            now += 1000;
            let next = order.pick(now).expect("nobody leaves");
            order.put(black_box(next), now);
        });
    });
}

fn policy(criterion: &mut Criterion<Cycles>) {
    let (all, one, urgent) = (crowd(false), &crowd(false)[..1], crowd(true));
    let mut picks = group(criterion, "Scheduler: pick one of 16 of all classes", Some(Target::Cycles(87)));
    pick::<Predictive>(&mut picks, &all, Predictive::NAME);
    pick::<Predictive>(&mut picks, &urgent, "sched-policy, real time");
    pick::<Tree>(&mut picks, &all, Tree::NAME);
    pick::<RoundRobin>(&mut picks, &all, RoundRobin::NAME);
    picks.finish();
    let mut turns =
        group(criterion, "Scheduler: pick one and put it back, 1 waits", Some(Target::Cycles(87)));
    turn::<Predictive>(&mut turns, one, Predictive::NAME);
    turn::<Tree>(&mut turns, one, Tree::NAME);
    turn::<RoundRobin>(&mut turns, one, RoundRobin::NAME);
    turns.finish();
    let mut turns = group(criterion, "Scheduler: pick one and put it back, 16 wait", None);
    turn::<Predictive>(&mut turns, &all, Predictive::NAME);
    turn::<Predictive>(&mut turns, &urgent, "sched-policy, real time");
    turn::<Tree>(&mut turns, &all, Tree::NAME);
    turn::<RoundRobin>(&mut turns, &all, RoundRobin::NAME);
    turns.finish();
}

/// Two contexts of the C library.
struct Contexts {
    own: Box<libc::ucontext_t>,
    other: Box<libc::ucontext_t>,
    _stack: Vec<u8>,
}

extern "C" fn swap_back(low: libc::c_int, high: libc::c_int) {
    let address = (low as u32 as usize) | (high as u32 as usize) << 32;
    let contexts = address as *mut Contexts;
    loop {
        // SAFETY: the address is that of contexts which live for as long as the measurement.
        unsafe { libc::swapcontext(&raw mut *(*contexts).other, &raw const *(*contexts).own) };
    }
}

impl Contexts {
    fn new() -> Box<Self> {
        // SAFETY: contexts are plain data, which `getcontext` and `makecontext` fill in.
        let empty = || unsafe { Box::new(core::mem::zeroed::<libc::ucontext_t>()) };
        let mut contexts = Box::new(Self { own: empty(), other: empty(), _stack: vec![0; 64 << 10] });
        let address = &raw mut *contexts as usize;
        // SAFETY: the stack and the contexts live as long as `contexts`; the function takes two integers.
        unsafe {
            libc::getcontext(&raw mut *contexts.other);
            contexts.other.uc_stack.ss_sp = contexts._stack.as_mut_ptr().cast();
            contexts.other.uc_stack.ss_size = contexts._stack.len();
            let function: extern "C" fn(libc::c_int, libc::c_int) = swap_back;
            let function =
                core::mem::transmute::<extern "C" fn(libc::c_int, libc::c_int), extern "C" fn()>(function);
            libc::makecontext(
                &raw mut *contexts.other,
                function,
                2,
                address as libc::c_int,
                (address >> 32) as libc::c_int,
            );
        }
        contexts
    }

    fn visit(&mut self) {
        // SAFETY: the other context was made by `new` or left by `swap_back`.
        unsafe { libc::swapcontext(&raw mut *self.own, &raw const *self.other) };
    }
}

fn switch(criterion: &mut Criterion<Cycles>) {
    let mut switches = group(criterion, "Scheduler: context switch", Some(Target::Cycles(304)));
    switches.throughput(Throughput::Elements(2));
    let mut partner = Partner::new();
    switches.bench_function("switch.S of the kernel", |bencher| bencher.iter(|| partner.visit()));
    let mut contexts = Contexts::new();
    switches.bench_function("swapcontext of the C library", |bencher| bencher.iter(|| contexts.visit()));
    switches.finish();
    let mut whole =
        group(criterion, "Scheduler: decision and switch, two threads take turns", Some(Target::Cycles(304)));
    whole.throughput(Throughput::Elements(2));
    let mut queue = RunQueue::new();
    let threads = crowd(false);
    let (mut running, mut now) = (threads[0], 0);
    queue.enqueue(threads[1], Turn::New, 0);
    whole.bench_function("sched-policy and switch.S", |bencher| {
        bencher.iter(|| {
            for _ in 0..2 {
                now += 1000;
                queue.ran(running, 1000, now);
                running = queue.yield_to(running, now).expect("two can run");
            }
            partner.visit();
        });
    });
    whole.finish();
}

criterion_group!(name = sched; config = criterion(); targets = policy, switch);
criterion_main!(sched);
