//! Communication between threads and processes: futexes, rings, pipes, local sockets.

pub mod fusion;
pub mod futex;
pub mod pipe;
mod queue;
pub mod unix;
