//! From options to a QEMU command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::{Accelerator, Machine, MachineOptions};

pub const QEMU: &str = "qemu-system-x86_64";

/// I/O ports of the host link; the kernel's driver knows the same ones.
const PORT_STDOUT: &str = "0x500";
const PORT_STDERR: &str = "0x504";
const PORT_CONTROL: &str = "0x508";
const PORT_RECORDING: &str = "0x50c";

/// Where the guest's first serial port goes.
pub enum Console {
    /// This terminal, with QEMU's own Ctrl-A keys.
    Terminal,
    /// An inherited socket.
    Socket(i32),
    /// A file.
    File(PathBuf),
}

/// The inherited sockets of the host link.
pub struct LinkSockets {
    pub stdin: i32,
    pub stdout: i32,
    pub stderr: i32,
    pub control: i32,
    /// Where what the scheduler did goes, if that is asked for.
    pub recording: Option<i32>,
}

/// One QEMU to be started.
pub struct Boot<'a> {
    pub options: &'a MachineOptions,
    /// Used where the options name no machine.
    pub default_machine: Machine,
    pub kernel: Option<&'a Path>,
    pub initrd: Option<&'a Path>,
    pub append: String,
    pub console: Console,
    pub link: Option<LinkSockets>,
    /// COM2 alone, for window sizes, where there is no whole link.
    pub sizes: Option<i32>,
    pub display: bool,
    /// End when the guest resets, in place of booting again.
    pub once: bool,
}

impl Boot<'_> {
    pub fn command(&self) -> Command {
        let mut command = Command::new(QEMU);
        command.args(self.arguments());
        command
    }

    fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut push = |items: &[&str]| words.extend(items.iter().map(OsString::from));
        push(&["-no-user-config", "-nodefaults", "-M", self.machine_type()]);
        match self.options.accel {
            // Each CPU in a thread of its own, but where they take turns to count instructions.
            Accelerator::Tcg if self.options.cpus > 1 && !self.options.icount => {
                push(&["-accel", "tcg,thread=multi"]);
            }
            Accelerator::Tcg => push(&["-accel", "tcg"]),
            Accelerator::Kvm => push(&["-accel", "kvm"]),
        }
        // From QEMU 9 on the emulated CPU has an x2APIC, whose registers can't be used while instructions are counted
        // ("Bad icount read").
        let without = if self.options.icount { ",-x2apic" } else { "" };
        push(&["-cpu", &format!("{}{without}", self.options.cpu), "-m", &self.options.mem]);
        push(&["-smp", &self.options.cpus.to_string()]);
        for words in self.nodes() {
            push(&[words.0, &words.1]);
        }
        if self.options.icount {
            push(&["-icount", "shift=0,sleep=off"]);
        }
        if self.once {
            push(&["-no-reboot"]);
        }
        if self.display {
            push(&["-vga", "std"]);
        } else {
            push(&["-display", "none"]);
        }
        match &self.console {
            Console::Terminal => push(&["-serial", "mon:stdio"]),
            Console::Socket(fd) => {
                push(&["-chardev", &socket("console", *fd), "-serial", "chardev:console"]);
            }
            Console::File(path) => {
                push(&[
                    "-chardev",
                    &format!("file,id=console,path={}", escaped(path)),
                    "-serial",
                    "chardev:console",
                ]);
            }
        }
        if let Some(fd) = self.link.as_ref().map(|link| link.stdin).or(self.sizes) {
            push(&["-chardev", &socket("stdin", fd), "-device", "isa-serial,index=1,chardev=stdin"]);
        }
        if let Some(link) = &self.link {
            let recording = link.recording.map(|fd| ("recording", fd, PORT_RECORDING));
            let streams = [
                ("stdout", link.stdout, PORT_STDOUT),
                ("stderr", link.stderr, PORT_STDERR),
                ("control", link.control, PORT_CONTROL),
            ];
            for (name, fd, port) in streams.into_iter().chain(recording) {
                push(&["-chardev", &socket(name, fd)]);
                push(&["-device", &format!("isa-debugcon,iobase={port},chardev={name}")]);
            }
        }
        for (option, path) in [("-kernel", self.kernel), ("-initrd", self.initrd)] {
            if let Some(path) = path {
                words.extend([option.into(), path.into()]);
            }
        }
        if self.kernel.is_some() {
            let more = self.options.append.as_deref().unwrap_or("");
            words.extend(["-append".into(), format!("{} {more}", self.append).trim().into()]);
        }
        words
    }

    /// Options that divide memory and CPUs among nodes.
    fn nodes(&self) -> Vec<(&'static str, String)> {
        let (nodes, cpus) = (self.options.nodes, self.options.cpus);
        let mut words = Vec::new();
        if nodes == 1 {
            return words;
        }
        let bytes = memory_bytes(&self.options.mem);
        // Whole pages, large ones too; the last node has what is left.
        let share = (bytes / u64::from(nodes)) & !((2 << 20) - 1);
        for node in 0..nodes {
            let size = if node + 1 < nodes { share } else { bytes - share * u64::from(nodes - 1) };
            words.push(("-object", format!("memory-backend-ram,id=node{node},size={size}")));
            let (first, end) = (node * cpus / nodes, (node + 1) * cpus / nodes);
            let cpus = if first < end { format!(",cpus={first}-{}", end - 1) } else { String::new() };
            words.push(("-numa", format!("node,nodeid={node},memdev=node{node}{cpus}")));
        }
        for from in 0..nodes {
            for to in from + 1..nodes {
                let distance = 10 + 10 * (to - from);
                words.push(("-numa", format!("dist,src={from},dst={to},val={distance}")));
            }
        }
        words
    }

    fn machine_type(&self) -> &'static str {
        // microvm's firmware tells nothing of nodes.
        let default = if self.options.nodes > 1 { Machine::Pc } else { self.default_machine };
        match self.options.machine.unwrap_or(default) {
            Machine::Pc => "pc",
            Machine::Q35 => "q35",
            Machine::Microvm => "microvm,pit=on,pic=on,rtc=on",
        }
    }
}

/// What a size of memory is in bytes; without a letter it is in MiB, as for QEMU.
fn memory_bytes(text: &str) -> u64 {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "k" => 10,
        "g" => 30,
        _ => 20,
    };
    digits.parse::<u64>().unwrap_or(0) << shift
}

fn socket(id: &str, fd: i32) -> String {
    format!("socket,id={id},fd={fd}")
}

/// QEMU's option lists end a value at a comma, and take two for one.
pub fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_share_memory_and_cpus() {
        let options = MachineOptions { nodes: 2, cpus: 3, mem: "1G".into(), ..Default::default() };
        let boot = Boot {
            options: &options,
            default_machine: Machine::Microvm,
            kernel: None,
            initrd: None,
            append: String::new(),
            console: Console::Terminal,
            link: None,
            sizes: None,
            display: false,
            once: true,
        };
        assert_eq!(boot.machine_type(), "pc");
        let words: Vec<String> = boot.nodes().into_iter().map(|(_, value)| value).collect();
        assert_eq!(words[1], "node,nodeid=0,memdev=node0,cpus=0-0");
        assert_eq!(words[2], "memory-backend-ram,id=node1,size=536870912");
        assert_eq!(words[3], "node,nodeid=1,memdev=node1,cpus=1-2");
        assert_eq!(words[4], "dist,src=0,dst=1,val=20");
        assert_eq!(memory_bytes("128"), 128 << 20);
    }

    #[test]
    fn command_line_names_what_was_asked() {
        let options =
            MachineOptions { append: Some("loglevel=7".into()), icount: true, ..Default::default() };
        let boot = Boot {
            options: &options,
            default_machine: Machine::Microvm,
            kernel: Some(Path::new("/k")),
            initrd: None,
            append: "quiet".into(),
            console: Console::File("/tmp/a,b".into()),
            link: Some(LinkSockets { stdin: 10, stdout: 11, stderr: 12, control: 13, recording: Some(14) }),
            sizes: None,
            display: false,
            once: true,
        };
        let words: Vec<String> =
            boot.arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let line = words.join(" ");
        assert!(line.contains("-M microvm"));
        assert!(line.contains("path=/tmp/a,,b"));
        assert!(line.contains("isa-debugcon,iobase=0x508,chardev=control"));
        assert!(line.contains("isa-debugcon,iobase=0x50c,chardev=recording"));
        assert!(line.ends_with("-kernel /k -append quiet loglevel=7"));
        assert!(line.contains("-icount shift=0,sleep=off"));
    }
}
