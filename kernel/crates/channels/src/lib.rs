//! Channels: what programs say to each other over rings.
//!
//! Each is a thin, pure layer over the ends of [rings](fusion_ring), whichever and wherever they are
//! ([`Transmit`], [`Receive`]): [typed] messages, [asynchronous] ends, [broadcast and multicast](fan_out),
//! [anycast], [priorities](priority), [requests with replies](request). [`flow`] has the controllers that keep a
//! fast side from flooding a slow one, and from waking it for every message; [`registry`] finds channels by name.
//!
//! Nothing here waits: what can't go on says so, and the caller parks, polls or does something else.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod anycast;
pub mod asynchronous;
pub mod fan_out;
pub mod flow;
pub mod priority;
pub mod registry;
pub mod request;
pub mod typed;

pub use fusion_ring::adaptive::{Receive, Transmit};
