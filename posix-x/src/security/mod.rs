//! Who a thread acts for: [`Credentials`], Linux's capability sets ([`Caps`]), per-user counts ([`user`]),
//! the calls it gave up ([`seccomp`]), and what its process gave up ([`confine`]).

mod capabilities;
pub mod confine;
pub mod credentials;
mod ids;
pub mod seccomp;
pub mod user;

pub use capabilities::Caps;
pub use credentials::Credentials;

/// The system calls of this area.
pub mod calls {
    pub use super::capabilities::calls::*;
    pub use super::ids::calls::*;
    pub use super::seccomp::calls::*;
}
