//! What the benchmarks of the pure crates share: a clock that counts cycles of the core, and pinned threads.
//!
//! `exo bench --host` runs them and writes `docs/benchmarks-host.md`.

mod switch;

use std::arch::asm;
use std::arch::x86_64::{__rdtscp, _mm_lfence, _rdtsc};
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};

pub use switch::Partner;

/// Dependent multiplications of one calibration run.
const CHAIN: u64 = 3000;
/// Cycles from one dependent multiplication to the next, on every x86-64 processor of this century.
const MULTIPLICATION: f64 = 3.0;
const CALIBRATIONS: usize = 2000;

/// Time in cycles of the core: the time stamp counter, less what reading it costs, and scaled by how many cycles
/// the core does per tick when it runs as fast as it can.
#[derive(Clone, Copy, Debug)]
pub struct Cycles {
    overhead: u64,
    per_tick: f64,
}

impl Cycles {
    /// Measures the counter itself.
    #[must_use]
    pub fn calibrated() -> Self {
        let shortest = |work: &dyn Fn()| {
            let run = |_| {
                let start = begin();
                work();
                end() - start
            };
            (0..CALIBRATIONS).map(run).min().unwrap_or(0)
        };
        let overhead = shortest(&|| ());
        let ticks = shortest(&chain) - overhead;
        Self { overhead, per_tick: CHAIN as f64 * MULTIPLICATION / ticks.max(1) as f64 }
    }

    /// Ticks that reading the counter twice takes.
    #[must_use]
    pub fn overhead(&self) -> u64 {
        self.overhead
    }

    /// Cycles of the core per tick.
    #[must_use]
    pub fn per_tick(&self) -> f64 {
        self.per_tick
    }

    /// What a difference of two readings is in cycles.
    #[must_use]
    pub fn cycles(&self, ticks: u64) -> f64 {
        ticks.saturating_sub(self.overhead) as f64 * self.per_tick
    }
}

/// Reads the counter when all before is done.
#[must_use]
pub fn begin() -> u64 {
    // SAFETY: every x86-64 processor has both instructions.
    unsafe {
        _mm_lfence();
        let now = _rdtsc();
        _mm_lfence();
        now
    }
}

/// Reads the counter when all before is done.
#[must_use]
pub fn end() -> u64 {
    let mut processor = 0;
    // SAFETY: every x86-64 processor that a benchmark is worth running on has both instructions.
    unsafe {
        let now = __rdtscp(&mut processor);
        _mm_lfence();
        now
    }
}

fn chain() {
    let mut value = 3_u64;
    for _ in 0..CHAIN / 10 {
        // SAFETY: arithmetic on one register.
        unsafe {
            asm!(
                ".rept 10",
                "imul {value}, {value}",
                ".endr",
                value = inout(reg) value,
                options(nomem, nostack),
            );
        }
    }
    std::hint::black_box(value);
}

impl Measurement for Cycles {
    type Intermediate = u64;
    type Value = f64;

    fn start(&self) -> u64 {
        begin()
    }
    fn end(&self, start: u64) -> f64 {
        self.cycles(end() - start)
    }
    fn add(&self, first: &f64, second: &f64) -> f64 {
        first + second
    }
    fn zero(&self) -> f64 {
        0.0
    }
    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        &InCycles
    }
}

struct InCycles;

impl ValueFormatter for InCycles {
    fn scale_values(&self, _: f64, _: &mut [f64]) -> &'static str {
        "cycles"
    }
    fn scale_throughputs(&self, _: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        let (Throughput::Bytes(count) | Throughput::Elements(count) | Throughput::BytesDecimal(count)) =
            throughput
        else {
            return "cycles";
        };
        values.iter_mut().for_each(|value| *value /= *count as f64);
        "cycles/unit"
    }
    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        "cycles"
    }
}

/// Criterion with this clock. Says what it found out about it, for the report.
#[must_use]
pub fn criterion() -> Criterion<Cycles> {
    let clock = Cycles::calibrated();
    println!("clock\t{}\t{:.4}\t{:.4}", clock.overhead(), clock.per_tick(), gigahertz(clock.per_tick()));
    Criterion::default().with_measurement(clock).without_plots().nresamples(1001).configure_from_args()
}

/// How fast the core is, in cycles per nanosecond.
fn gigahertz(per_tick: f64) -> f64 {
    let (since, start) = (Instant::now(), begin());
    while since.elapsed() < Duration::from_millis(20) {
        std::hint::spin_loop();
    }
    let ticks = end() - start;
    ticks as f64 * per_tick / since.elapsed().as_nanos() as f64
}

/// What a group is to reach.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// At most so many cycles.
    Cycles(u32),
    /// At least so many millions a second.
    Millions(u32),
}

/// Tells a share in percent, of `system` in a table of its own, and how much it is to be at most.
pub fn share(table: &str, most: Option<f64>, system: &str, percent: f64) {
    let most = most.map_or(String::new(), |most| most.to_string());
    println!("share\t{table}\t{most}\t{system}\t{percent:.2}");
}

/// Is what has this name to be measured, by the filter on the command line?
#[must_use]
pub fn selected(name: &str) -> bool {
    let mut filters = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    filters.peek().is_none() || filters.any(|filter| name.contains(&filter))
}

/// A group of many short samples, so that on a machine that has other work too some are undisturbed; the first
/// system measured in it is ours. Says the target, for the report.
pub fn group<'a>(
    criterion: &'a mut Criterion<Cycles>,
    name: &str,
    target: Option<Target>,
) -> BenchmarkGroup<'a, Cycles> {
    match target {
        Some(Target::Cycles(most)) => println!("target\t{name}\tcycles\t{most}"),
        Some(Target::Millions(least)) => println!("target\t{name}\trate\t{least}"),
        None => {}
    }
    pin(0);
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat).sample_size(400);
    group.warm_up_time(Duration::from_millis(30)).measurement_time(Duration::from_millis(120));
    group
}

/// A group whose samples need two cores at once, for which they may have to wait: fewer of them.
pub fn group_of_two<'a>(
    criterion: &'a mut Criterion<Cycles>,
    name: &str,
    target: Option<Target>,
) -> BenchmarkGroup<'a, Cycles> {
    let mut group = group(criterion, name, target);
    group.sample_size(100).warm_up_time(Duration::from_millis(1));
    group
}

/// Has the calling thread run before all others, or as usual again: for the fraction of a millisecond that a sample
/// of two threads takes, which would otherwise hardly ever both run. Does nothing where it may not, or with one CPU.
pub fn urgent(urgent: bool) {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return;
    }
    let policy = if urgent { libc::SCHED_FIFO } else { libc::SCHED_OTHER };
    let parameters = libc::sched_param { sched_priority: urgent.into() };
    // SAFETY: the pointer is to parameters that live as long as the call; 0 is the calling thread.
    let _ = unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
}

/// Keeps the calling thread on one CPU, if there are that many.
pub fn pin(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu);
    // Where it can't be pinned it runs anyway.
    let _ = rustix::thread::sched_setaffinity(None, &set);
}
