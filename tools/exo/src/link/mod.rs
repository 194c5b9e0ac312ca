//! The wire formats between the host and the guest: pure functions over bytes.
//!
//! [`framing`] is what goes to the guest over COM2, [`control`] what comes back on the control port.

pub mod control;
pub mod framing;
