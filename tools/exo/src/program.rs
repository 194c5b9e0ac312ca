//! Which program `exo run PROG` means: a static ELF on the host, or one in the initramfs.

use std::path::{Path, PathBuf};

use anyhow::{bail, Result};
use xmas_elf::header::{Class, Machine, Type};
use xmas_elf::program::Type as Segment;
use xmas_elf::ElfFile;

use crate::initrd::Listing;

#[derive(Debug, PartialEq, Eq)]
pub enum Program {
    /// To be copied into the guest.
    Host(PathBuf),
    /// Already there, under this path.
    Guest(String),
}

/// What a host file is, as far as running it in the guest goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Static,
    Dynamic(String),
    Other(&'static str),
}

pub fn classify(bytes: &[u8]) -> Kind {
    if bytes.starts_with(b"#!") {
        return Kind::Other("a script; bring it along: exo run --file SCRIPT:/script sh /script");
    }
    if !bytes.starts_with(b"\x7fELF") {
        return Kind::Other("not an ELF program");
    }
    let Ok(elf) = ElfFile::new(bytes) else { return Kind::Other("a damaged ELF file") };
    if !matches!(elf.header.pt1.class(), Class::SixtyFour) {
        return Kind::Other("a 32-bit program");
    }
    if !matches!(elf.header.pt2.machine().as_machine(), Machine::X86_64) {
        return Kind::Other("a program for another processor");
    }
    if !matches!(elf.header.pt2.type_().as_type(), Type::Executable | Type::SharedObject) {
        return Kind::Other("an object file, not a program");
    }
    for header in elf.program_iter() {
        if matches!(header.get_type(), Ok(Segment::Interp)) {
            let start = usize::try_from(header.offset()).unwrap_or(usize::MAX);
            let name =
                bytes.get(start..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
            return Kind::Dynamic(String::from_utf8_lossy(name).into_owned());
        }
    }
    Kind::Static
}

const SEARCH: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// A static ELF of that name on the host comes first, then the guest's path or its PATH.
pub fn resolve(name: &str, guest: &Listing) -> Result<Program> {
    let host = Path::new(name);
    let mut refused = None;
    if host.is_file() {
        match std::fs::read(host).map(|bytes| classify(&bytes)) {
            Ok(Kind::Static) => return Ok(Program::Host(host.to_owned())),
            Ok(Kind::Dynamic(interpreter)) if guest.contains(&interpreter) => {
                return Ok(Program::Host(host.to_owned()))
            }
            Ok(Kind::Dynamic(interpreter)) => {
                refused = Some(format!(
                    "{name} on this host is dynamically linked and wants {interpreter}, which the guest lacks; \
                     link it with -static (musl-port/exo-cc does)"
                ));
            }
            Ok(Kind::Other(what)) => refused = Some(format!("{name} on this host is {what}")),
            Err(error) => refused = Some(format!("{name} can't be read: {error}")),
        }
    }
    if name.contains('/') {
        let absolute = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
        if guest.contains(&absolute) {
            return Ok(Program::Guest(absolute));
        }
    } else if let Some(path) =
        SEARCH.iter().map(|dir| format!("{dir}/{name}")).find(|path| guest.contains(path))
    {
        return Ok(Program::Guest(path));
    }
    match refused {
        Some(reason) => bail!("{reason}"),
        None => bail!("no program {name}: it is neither a file on this host nor in the guest's initramfs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_test_program_is_classified() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(matches!(classify(&own), Kind::Dynamic(path) if path.contains("ld-linux")));
        assert_eq!(classify(b"text\n"), Kind::Other("not an ELF program"));
        assert!(matches!(classify(b"#!/bin/sh\n"), Kind::Other(what) if what.starts_with("a script")));
        assert_eq!(classify(b"\x7fELF"), Kind::Other("a damaged ELF file"));
        let mut other = own;
        other[18] = 40;
        assert_eq!(classify(&other), Kind::Other("a program for another processor"));
    }

    #[test]
    fn guest_names_follow_the_path() {
        let guest = Listing::from_iter(["/bin/busybox", "/usr/bin/tr", "/opt/x"]);
        assert_eq!(resolve("tr", &guest).unwrap(), Program::Guest("/usr/bin/tr".into()));
        assert_eq!(resolve("/opt/x", &guest).unwrap(), Program::Guest("/opt/x".into()));
        assert!(resolve("no-such-program", &guest).is_err());
    }
}
