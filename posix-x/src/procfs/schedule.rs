//! What the scheduler counts: `/proc/PID/sched`, `/proc/PID/schedstat`, `/proc/schedstat`, `/proc/exo/scheduler`, and
//! `/proc/exo/sched_record`.

use exo_kernel::sched::{self, CpuStats, Thread};
use exo_kernel::{time, Kind, Result};

use super::text::line;
use super::tree::Subject;
use super::{status, Text};
use crate::time::scheduling;

/// Lines per second in the `timestamp` of `/proc/schedstat`.
const JIFFY: u64 = 4_000_000;

/// The threads that a process's entry speaks of: one, or for `schedstat` the first.
fn with_thread<R>(subject: &Subject, look: impl FnOnce(&Thread) -> R) -> Result<R> {
    let task = subject.task()?;
    let thread = task.thread().ok_or(Kind::NoProcess)?;
    Ok(look(&thread))
}

/// Nanoseconds as Linux's `sched` shows them: milliseconds, then the rest.
fn millis(nanoseconds: u64) -> (u64, u64) {
    (nanoseconds / 1_000_000, nanoseconds % 1_000_000)
}

fn time_row(text: &mut Text, name: &str, nanoseconds: u64) {
    let (whole, rest) = millis(nanoseconds);
    line!(text, "{name:<45}:{whole:>14}.{rest:06}");
}

fn row(text: &mut Text, name: &str, value: i64) {
    line!(text, "{name:<45}:{value:>21}");
}

/// `/proc/PID/sched`: Linux's rows that mean something here, then our own.
pub(super) fn sched(subject: &Subject, text: &mut Text) -> Result<()> {
    let process = subject.process()?;
    let task = subject.task()?;
    text.push(status::comm(&task.comm()));
    line!(text, " ({}, #threads: {})", subject.id()?, process.thread_count());
    line!(text, "-------------------------------------------------------------------");
    with_thread(subject, |thread| {
        let (standing, settings, times) = (thread.standing(), thread.settings(), thread.times());
        let parameters = settings.parameters;
        time_row(text, "se.sum_exec_runtime", thread.cpu_time_ns());
        row(text, "se.nr_migrations", standing.usage.migrations as i64);
        time_row(text, "wait_sum", standing.usage.waited);
        time_row(text, "wait_max", standing.usage.longest_wait);
        row(text, "wait_count", standing.usage.turns as i64);
        row(text, "nr_switches", (times.voluntary + times.involuntary) as i64);
        row(text, "nr_voluntary_switches", times.voluntary as i64);
        row(text, "nr_involuntary_switches", times.involuntary as i64);
        let fpu = thread.fpu_use();
        row(text, "fpu.saves", fpu.saves as i64);
        row(text, "fpu.restores", fpu.restores as i64);
        row(text, "fpu.traps", fpu.traps as i64);
        row(text, "se.load.weight", i64::from(parameters.weight()) << 10);
        row(text, "policy", scheduling::number(parameters.policy).into());
        row(text, "prio", scheduling::kernel_priority(&parameters).into());
        if parameters.policy == sched::Policy::Deadline {
            row(text, "dl.runtime", standing.budget.0);
            row(text, "dl.deadline", standing.budget.1 as i64);
        }
        time_row(text, "burst.predicted", standing.predicted);
        line!(text, "{:<45}:{:>21}", "burst.class", CLASSES[standing.class as usize]);
        let past = standing.past;
        row(text, "burst.count", past.bursts as i64);
        let mean = |total: u64| total.checked_div(past.bursts).unwrap_or(0);
        time_row(text, "burst.mean", mean(past.total));
        time_row(text, "burst.mean_prediction", mean(past.predicted));
        time_row(text, "burst.mean_error", mean(past.error));
    })
}

const CLASSES: [&str; 3] = ["hot", "normal", "cold"];

/// `/proc/PID/schedstat`: nanoseconds that the thread ran, and waited for a CPU; how often it got one.
pub(super) fn schedstat(subject: &Subject, text: &mut Text) -> Result<()> {
    with_thread(subject, |thread| {
        let usage = thread.standing().usage;
        line!(text, "{} {} {}", thread.cpu_time_ns(), usage.waited, usage.turns);
    })
}

fn cpus() -> impl Iterator<Item = (usize, CpuStats)> {
    (0..sched::online_cpus()).filter_map(|id| Some((id, sched::cpu_stats(id)?)))
}

/// `/proc/schedstat`, version 15: yields, an unused field, calls of the scheduler, halts, wake-ups (not counted here)
/// on any and on the same CPU, nanoseconds run and waited, turns.
pub(super) fn system(text: &mut Text) -> Result<()> {
    line!(text, "version 15");
    line!(text, "timestamp {}", time::now().as_nanos() / JIFFY);
    for (id, cpu) in cpus() {
        let (switches, turns) = (cpu.switches, cpu.turns);
        let idle = switches.saturating_sub(turns);
        line!(text, "cpu{id} {} 0 {switches} {idle} 0 0 {} {} {turns}", cpu.yields, cpu.ran, cpu.waited);
    }
    Ok(())
}

/// `/proc/exo/scheduler`: what Linux has no place for.
pub(super) fn exo(text: &mut Text) -> Result<()> {
    for (id, cpu) in cpus() {
        line!(text, "cpu{id} taken-over {}", cpu.stolen);
        let fpu = cpu.fpu;
        line!(text, "cpu{id} fpu-saves {}", fpu.saves);
        line!(text, "cpu{id} fpu-restores {}", fpu.restores);
        line!(text, "cpu{id} fpu-traps {}", fpu.traps);
        line!(text, "cpu{id} reserved-per-mille {}", sched::reserved_per_mille(id));
        let latency = cpu.latency;
        let mean = latency.total.checked_div(latency.count).unwrap_or(0);
        line!(text, "cpu{id} real-time-wakeups {}", latency.count);
        line!(text, "cpu{id} real-time-latency-mean-ns {mean}");
        line!(text, "cpu{id} real-time-latency-max-ns {}", latency.longest);
        for per_mille in [500, 950, 990, 999] {
            line!(text, "cpu{id} real-time-latency-below-us {per_mille}/1000 {}", latency.below(per_mille));
        }
    }
    Ok(())
}

/// `/proc/exo/sched_record`: for each CPU a line, and as many events of six words as it says.
pub(super) fn recording(text: &mut Text) -> Result<()> {
    sched::recorded_events(|id, count, lost, events| {
        line!(text, "cpu {id} events {count} lost {lost}");
        events.flatten().for_each(|word| text.push(&word.to_le_bytes()));
    });
    Ok(())
}
