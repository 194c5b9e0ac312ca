//! Which thread runs next, and on which CPU.
//!
//! A [`RunQueue`] keeps the runnable threads of one CPU. Threads with a [deadline](Policy::Deadline) go first, the
//! earliest first; then those of real time, by priority; then all others by prediction: [`Burst`] says how long a
//! thread will run before it waits again, which makes it *Hot*, *Normal* or *Cold* ([`Class`]). Each class has a
//! queue in the order of virtual time, which passes the slower for a thread the more it weighs ([`weight`]). The
//! hottest go first until they have had so much more than their share that it is the others' turn: so nobody
//! starves, and in the long run shares are as the weights say.
//!
//! Where a thread is to run when there are several CPUs is asked of [`placement`].
//!
//! Nothing here reads a clock, locks or allocates: callers pass the time, in nanoseconds, and entities are handles
//! ([`Entity`]) of something that holds a [`Node`] with its links.
#![no_std]
#![forbid(unsafe_code)]

mod admission;
mod burst;
mod calendar;
mod deadline;
mod fair;
mod latency;
mod list;
mod node;
mod parameters;
pub mod placement;
mod queue;
mod real_time;
pub mod weight;

pub use admission::{Bandwidth, Utilisation};
pub use burst::{Burst, Class, Prediction, CLASSES};
pub use latency::Latency;
pub use list::List;
pub use node::{Entity, Node, Usage};
pub use parameters::{Parameters, Policy, Reservation, NICE, PRIORITIES};
pub use queue::{RunQueue, Turn};

/// How long a thread runs while others of its kind could, in nanoseconds.
pub const QUANTUM: u64 = 10_000_000;
/// The same for [`Policy::RoundRobin`].
pub const ROUND: u64 = 100_000_000;
/// Of so many nanoseconds …
pub const REAL_TIME_PERIOD: u64 = 1_000_000_000;
/// … threads of real time get at most these while others wait.
pub const REAL_TIME_SHARE: u64 = 950_000_000;
