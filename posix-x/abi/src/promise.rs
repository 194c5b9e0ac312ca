//! [`Promises`]: what a program that pledges keeps, as OpenBSD's pledge(2) has it.
//!
//! The rows of the tables of calls say which promises allow each call: any one of those named. A row that names none
//! is a call that no program that pledged may make.

#![allow(non_upper_case_globals, reason = "the constants bear the names of the promises")]

use bitflags::bitflags;

bitflags! {
    /// Promises, by the names that programs write.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Promises: u64 {
        /// Reading and writing what is open, memory, time, waiting, signals to itself, threads.
        const stdio = 1 << 0;
        /// Looking at files and directories by path, and opening them for reading.
        const rpath = 1 << 1;
        /// Opening files for writing, and cutting them, by path.
        const wpath = 1 << 2;
        /// Making, removing and moving names.
        const cpath = 1 << 3;
        /// Making FIFOs and device nodes.
        const dpath = 1 << 4;
        /// Files of its own in `/tmp`.
        const tmppath = 1 << 5;
        /// Sockets of the internet.
        const inet = 1 << 6;
        /// Local sockets with names.
        const unix = 1 << 7;
        /// Asking name servers.
        const dns = 1 << 8;
        /// Looking users and groups up.
        const getpw = 1 << 9;
        /// Sending descriptors.
        const sendfd = 1 << 10;
        /// Receiving descriptors.
        const recvfd = 1 << 11;
        /// Requests to terminals, and `/dev/tty`.
        const tty = 1 << 12;
        /// New processes, signals to others, groups and sessions.
        const proc = 1 << 13;
        /// Executing programs.
        const exec = 1 << 14;
        /// Memory that can be executed.
        const prot_exec = 1 << 15;
        /// Setting clocks.
        const settime = 1 << 16;
        /// Looking at other processes.
        const ps = 1 << 17;
        /// Looking at the system's memory.
        const vminfo = 1 << 18;
        /// Changing its user, groups and limits.
        const id = 1 << 19;
        /// Locking files.
        const flock = 1 << 20;
        /// Changing modes, times and attributes of files.
        const fattr = 1 << 21;
        /// Changing owners of files.
        const chown = 1 << 22;
        /// Unveiling further paths.
        const unveil = 1 << 23;
        /// A call outside fails with ENOSYS instead of ending the program.
        const error = 1 << 24;
        /// Not a promise: calls that are always allowed.
        const always = 1 << 63;
    }
}

impl Promises {
    /// Those that programs can name.
    pub const ALL: Self = Self::all().difference(Self::always);

    /// Those about paths: what a call does with one that it follows.
    pub const PATHS: Self = Self::rpath
        .union(Self::wpath)
        .union(Self::cpath)
        .union(Self::dpath)
        .union(Self::fattr)
        .union(Self::chown)
        .union(Self::exec)
        .union(Self::unix);

    /// The promises that `text` names, separated by blanks. `None` if any is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().try_fold(Self::empty(), |promises, name| {
            let promise = Self::from_name(name).filter(|promise| Self::ALL.contains(*promise))?;
            Some(promises | promise)
        })
    }

    /// The name of the first.
    pub fn first_name(self) -> &'static str {
        self.iter_names().next().map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::Promises;

    #[test]
    fn promises_are_parsed_by_name() {
        assert_eq!(Promises::parse("stdio rpath"), Some(Promises::stdio | Promises::rpath));
        assert_eq!(Promises::parse(""), Some(Promises::empty()));
        assert_eq!(Promises::parse("stdio always"), None);
        assert_eq!(Promises::parse("STDIO"), None);
        assert_eq!(Promises::parse("stdio,rpath"), None);
    }

    #[test]
    fn calls_name_promises_in_the_table() {
        let promises = |name| crate::syscall_by_name(name).map(|row| row.promises);
        assert_eq!(promises("read"), Some(Promises::stdio));
        assert_eq!(promises("exit_group"), Some(Promises::always));
        assert_eq!(promises("mount"), Some(Promises::empty()));
        assert_eq!(promises("unlink"), Some(Promises::cpath | Promises::tmppath));
    }
}
