//! Communication between threads and processes: futexes, pipes, local sockets.

pub mod futex;
pub mod pipe;
pub mod unix;
