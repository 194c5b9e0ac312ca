//! Terminals as Linux programs see them: control requests ([`ioctl`]), the layouts of settings ([`termios`]) and
//! job control ([`job_control`]). The terminals themselves are the native kernel's.

mod ioctl;
mod job_control;
mod termios;

pub use job_control::init;
