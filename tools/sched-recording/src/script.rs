//! From events to scripts.
//!
//! A thread's burst is divided where it wakes or makes others, so that they are woken again after it has computed as
//! much. Who was woken by another thread waits for that; who was woken by an interrupt sleeps for as long as it did.

use std::collections::{BTreeMap, BTreeSet};

use crate::events::{Event, Key, What};
use crate::{Clock, Recording, Script, Step};

/// What the first process of `exo run` is called: the first that it makes is the workload.
const INIT: &str = "exo-init";

/// A thread while its script is written.
struct Writer {
    script: Script,
    /// Nanoseconds that it computed, and how much of that the script has.
    had: u64,
    written: u64,
    /// Since when it sleeps.
    asleep: Option<u64>,
    /// Since when it could run and does not, and whether it was woken then.
    waits: Option<(u64, bool)>,
}

/// One CPU.
#[derive(Clone, Copy, Default)]
struct Cpu {
    /// When its thread got it.
    since: u64,
    /// Up to when its thread's computing is in the script.
    booked: u64,
}

struct Scribe {
    threads: Vec<Writer>,
    numbers: BTreeMap<Key, usize>,
    idle: BTreeSet<Key>,
    cpus: Vec<Cpu>,
    begin: u64,
    longest_wait: u64,
}

/// The scripts of all threads that ran from the workload's first thread's begin to its end.
pub fn write(events: &[Event], cpus: usize, lost: usize, clock: Clock, command: &str) -> Recording {
    let is_first = |event: &Event| event.what == What::Made && event.name == INIT;
    let start = events.iter().position(is_first).unwrap_or(0);
    let begin = events.get(start).map_or(0, |event| event.time);
    let job = events.get(start).map(|event| event.thread);
    let ends = |event: &Event| event.what == What::Ended && Some(event.thread) == job;
    let end = events.iter().position(ends).map_or(events.len(), |last| last + 1);
    let mut scribe = Scribe {
        threads: Vec::new(),
        numbers: BTreeMap::new(),
        idle: events.iter().filter(|event| event.what == What::Idled).map(|event| event.thread).collect(),
        cpus: vec![Cpu { since: begin, booked: begin }; cpus],
        begin,
        longest_wait: 0,
    };
    let events = &events[start..end.max(start)];
    for event in events {
        scribe.take(event);
    }
    let switches = events.iter().filter(|event| event.what.leaves()).count();
    let took = events.last().map_or(0, |event| event.time - begin);
    Recording {
        command: command.into(),
        clock,
        cpus,
        events: events.len(),
        lost,
        took: micros(took),
        switches,
        longest_wait: micros(scribe.longest_wait),
        threads: scribe.finish(),
    }
}

fn micros(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1000)
}

impl Scribe {
    fn number(&mut self, event: &Event, thread: Key) -> usize {
        let next = self.threads.len();
        let number = *self.numbers.entry(thread).or_insert(next);
        if number == next {
            let script = Script { name: String::new(), parameters: event.parameters, steps: Vec::new() };
            self.threads.push(Writer { script, had: 0, written: 0, asleep: None, waits: None });
        }
        number
    }

    fn take(&mut self, event: &Event) {
        if self.idle.contains(&event.thread) {
            if event.what.leaves() {
                self.cpus[event.cpu] = Cpu { since: event.time, booked: event.time };
            }
            return;
        }
        // Named first by whoever makes or wakes it.
        let number = self.number(event, event.thread);
        self.threads[number].script.name.clone_from(&event.name);
        self.threads[number].script.parameters = event.parameters;
        if event.what.leaves() {
            self.book(number, event);
            self.cpus[event.cpu].since = event.time;
            let thread = &mut self.threads[number];
            match event.what {
                What::Slept => thread.asleep = Some(event.time),
                What::Ended => thread.script.steps.push(Step::End),
                _ => thread.waits = Some((event.time, false)),
            }
            return;
        }
        let by_thread = event.by != 0 && !self.idle.contains(&event.by);
        if by_thread {
            let maker = self.number(event, event.by);
            self.book(maker, event);
            let made = event.what == What::Made;
            self.threads[maker].script.steps.push(if made {
                Step::Start(number)
            } else {
                Step::Wake(number)
            });
        }
        let begin = self.begin;
        let thread = &mut self.threads[number];
        if event.what == What::Woken {
            let slept = event.time - thread.asleep.take().unwrap_or(begin);
            let step = Step::Sleep { length: micros(slept), waited: 0 };
            thread.script.steps.push(if by_thread { Step::Wait { waited: 0 } } else { step });
        }
        thread.waits = Some((event.time, event.what == What::Woken));
    }

    /// The thread, which runs on the event's CPU, computed until now.
    fn book(&mut self, number: usize, event: &Event) {
        let cpu = &mut self.cpus[event.cpu];
        let thread = &mut self.threads[number];
        if let Some((waits, woken)) = thread.waits.take() {
            let length = cpu.since.saturating_sub(waits);
            self.longest_wait = self.longest_wait.max(length);
            if let (true, Some(Step::Sleep { waited, .. } | Step::Wait { waited })) =
                (woken, thread.script.steps.last_mut())
            {
                *waited = micros(length);
            }
        }
        thread.had += event.time - cpu.booked;
        cpu.booked = event.time;
        // No burst is nothing at all, and what is rounded up here is missing at the next step.
        let length = micros(thread.had).saturating_sub(thread.written);
        match thread.script.steps.last_mut() {
            Some(Step::Run(run)) => *run += length,
            Some(Step::Wake(_) | Step::Start(_)) if length == 0 => {}
            _ => thread.script.steps.push(Step::Run(length)),
        }
        thread.written += length;
    }

    /// The scripts of those who did something.
    fn finish(mut self) -> Vec<Script> {
        let acts = |writer: &Writer| writer.script.steps.iter().any(|step| matches!(step, Step::Run(_)));
        let mut numbers = Vec::new();
        let mut next = 0;
        for writer in &self.threads {
            numbers.push(acts(writer).then_some(next));
            next += usize::from(acts(writer));
        }
        self.threads.retain(acts);
        let renumber = |step: &mut Step| match step {
            Step::Wake(thread) | Step::Start(thread) => {
                numbers[*thread].map(|number| *thread = number).is_some()
            }
            _ => true,
        };
        let script = |mut writer: Writer| {
            writer.script.steps.retain_mut(renumber);
            writer.script
        };
        self.threads.into_iter().map(script).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: u64, what: What, thread: Key, by: Key) -> Event {
        let name = if thread == 2 { INIT.into() } else { format!("t{thread}") };
        Event { time, cpu: 0, what, thread, by, name, parameters: sched_policy::Parameters::default() }
    }

    #[test]
    fn wakers_and_sleepers_are_told_apart() {
        use What::{Ended, Idled, Made, Preempted, Slept, Woken};
        let events = [
            event(1_000, Idled, 9, 0),
            // Thread 1 makes 2, which is the workload, and waits for it.
            event(10_000, Made, 2, 1),
            event(12_000, Slept, 1, 0),
            // 2 makes 3, is interrupted, sleeps.
            event(15_000, Made, 3, 2),
            event(20_000, Preempted, 2, 0),
            event(24_000, Slept, 3, 0),
            event(25_000, Slept, 2, 0),
            // A timer wakes 3, which wakes 2; then both end.
            event(40_000, Woken, 3, 0),
            event(41_000, Idled, 9, 0),
            event(45_000, Woken, 2, 3),
            event(46_000, Ended, 3, 0),
            event(50_000, Woken, 1, 2),
            event(51_000, Ended, 2, 0),
            event(60_000, Slept, 1, 0),
        ];
        let recording = write(&events, 1, 0, Clock::Instructions, "x");
        let steps: Vec<&[Step]> = recording.threads.iter().map(|thread| &thread.steps[..]).collect();
        assert_eq!(recording.threads[0].name, INIT);
        assert_eq!((recording.took, recording.longest_wait, recording.computed()), (41, 5, 25));
        assert_eq!(
            steps,
            [
                &[
                    Step::Run(3),
                    Step::Start(2),
                    Step::Run(6),
                    Step::Wait { waited: 1 },
                    Step::Run(4),
                    Step::Wake(1),
                    Step::Run(1),
                    Step::End
                ][..],
                &[Step::Run(0), Step::Start(0), Step::Run(2), Step::Wait { waited: 0 }],
                &[
                    Step::Run(4),
                    Step::Sleep { length: 16, waited: 1 },
                    Step::Run(4),
                    Step::Wake(0),
                    Step::Run(1),
                    Step::End
                ],
            ]
        );
    }
}
