//! Which thread runs next.
//!
//! A [`Policy`] keeps the runnable entities of one CPU; the scheduler asks it for the next one. The policy
//! here, [`ThreeQueues`], sorts entities by the burst that [`Burst`] predicts: *Hot* ones give the CPU back soon
//! and go first, *Cold* ones compute and go last, round-robin inside each queue. A queue that was passed over
//! often enough gets a turn, so that none starves.
//!
//! Entities are handles ([`Entity`]) that carry their own link, so that nothing here allocates.
#![no_std]
#![forbid(unsafe_code)]

mod burst;
mod list;
mod three;

pub use burst::{Burst, Class, CLASSES};
pub use list::{Entity, List};
pub use three::{Policy, ThreeQueues, Turn};
