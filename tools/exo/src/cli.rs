//! The command line: one struct per subcommand, shared machine options in [`MachineOptions`].

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(name = "exo", version, about = "Run programs on Exo-OS, open a shell, test, measure, debug.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Boot, run one static program with this terminal or pipe attached, return its exit code
    Run(RunOptions),
    /// Boot to an interactive busybox shell (leave with `poweroff` or Ctrl-A X)
    Shell(ShellOptions),
    /// Build a GRUB multiboot2 ISO that boots the same system
    Iso(IsoOptions),
    /// Start QEMU stopped, and gdb attached to it with the kernel's symbols
    Debug(DebugOptions),
    /// Measure on Exo-OS and on Linux in the same QEMU, side by side
    Bench(BenchOptions),
    /// Run the tests: host tests, programs and scripts against Linux, boots through a terminal
    Test(TestOptions),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Machine {
    Pc,
    Q35,
    Microvm,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Accelerator {
    Tcg,
    Kvm,
}

#[derive(Args, Clone, Debug)]
pub struct MachineOptions {
    /// Kind of machine that QEMU makes
    #[arg(long, value_enum)]
    pub machine: Option<Machine>,
    /// Guest memory, as QEMU writes it: 64M, 1G
    #[arg(long, visible_alias = "memory", default_value = "256M", value_parser = memory)]
    pub mem: String,
    /// Number of guest CPUs
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=255))]
    pub cpus: u32,
    /// Number of NUMA nodes, which share memory and CPUs evenly (on `pc` and `q35`)
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub nodes: u32,
    /// CPU model: qemu64, max, …
    #[arg(long, default_value = "max")]
    pub cpu: String,
    /// What runs the guest's instructions; KVM only where it is known to work
    #[arg(long, value_enum, default_value_t = Accelerator::Tcg)]
    pub accel: Accelerator,
    /// Make each instruction take one nanosecond of guest time, so that runs repeat exactly
    #[arg(long)]
    pub icount: bool,
    /// More words for the kernel's command line
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub append: Option<String>,
    /// Folder or tar to start from instead of target/initramfs.tar
    #[arg(long, value_name = "DIR|TAR")]
    pub initrd: Option<PathBuf>,
    /// Kernel to boot instead of target/exo-kernel
    #[arg(long, value_name = "FILE")]
    pub kernel: Option<PathBuf>,
    /// Boot Debian's Linux instead, with the same files: the yardstick
    #[arg(long, conflicts_with_all = ["kernel", "initrd"])]
    pub linux: bool,
}

impl Default for MachineOptions {
    fn default() -> Self {
        Self {
            machine: None,
            mem: "256M".into(),
            cpus: 1,
            nodes: 1,
            cpu: "max".into(),
            accel: Accelerator::Tcg,
            icount: false,
            append: None,
            initrd: None,
            kernel: None,
            linux: false,
        }
    }
}

impl MachineOptions {
    /// Words with which another call of this command makes such a machine: its kernel, and its CPUs unless `words`,
    /// which come too, say how many there are.
    pub fn words_with(&self, words: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        if self.linux {
            all.push("--linux".to_owned());
        }
        if let Some(kernel) = &self.kernel {
            all.extend(["--kernel".to_owned(), kernel.to_string_lossy().into_owned()]);
        }
        if !words.contains(&"--cpus") {
            all.extend(["--cpus".to_owned(), self.cpus.to_string()]);
        }
        all.extend(words.iter().map(|&word| word.to_owned()));
        all
    }
}

#[derive(Args)]
pub struct RunOptions {
    #[command(flatten)]
    pub machine: MachineOptions,
    /// Put a host file into the guest (may be given again and again)
    #[arg(long = "file", value_name = "HOST:GUEST", value_parser = file_pair)]
    pub files: Vec<(PathBuf, String)>,
    /// Set an environment variable for the program
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = environment)]
    pub environment: Vec<String>,
    /// Working directory of the program in the guest
    #[arg(long, default_value = "/")]
    pub cwd: String,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Show every system call of the program and of what it starts, on standard error
    #[arg(long, conflicts_with = "linux")]
    pub trace: bool,
    /// Record what the scheduler does with the program, for sched-sim (best with --icount)
    #[arg(long, value_name = "FILE", conflicts_with = "linux")]
    pub record_sched: Option<PathBuf>,
    /// Room for the recording, in KiB for each CPU
    #[arg(long, value_name = "KIB", default_value_t = 4096, requires = "record_sched")]
    pub record_room: u32,
    /// A static ELF on this host, or else a program of the initramfs
    #[arg(value_name = "PROG")]
    pub program: String,
    /// Its arguments
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

#[derive(Args)]
pub struct ShellOptions {
    #[command(flatten)]
    pub machine: MachineOptions,
    /// Use a window with VGA text and keyboard in place of this terminal
    #[arg(long)]
    pub display: bool,
    /// Show the kernel's messages while it boots
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Args)]
pub struct IsoOptions {
    /// Where to write it
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args)]
pub struct DebugOptions {
    #[command(flatten)]
    pub machine: MachineOptions,
    /// TCP port of QEMU's gdb stub
    #[arg(long, default_value_t = 1234)]
    pub port: u16,
    /// Only start QEMU; print how to attach
    #[arg(long)]
    pub wait: bool,
}

#[derive(Args, Default)]
pub struct BenchOptions {
    /// Only rows whose name contains this
    #[arg(long)]
    pub filter: Option<String>,
    /// Write the table as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the whole report as Markdown [default: docs/benchmarks.md unless --filter is given]
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Leave out all but the calls: the whole system's figures and what runs on the host
    #[arg(long)]
    pub calls_only: bool,
    /// Measure the pure crates on this machine instead, in cycles; writes docs/benchmarks-host.md
    #[arg(long, conflicts_with = "calls_only")]
    pub host: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Part {
    /// cargo test of the crates that run on the host
    Host,
    /// C programs of userland/conformance
    Conformance,
    /// Shell scripts of userland/corpus
    Corpus,
    /// Programs of userland/hostile that try to bring the kernel down
    Hostile,
    /// Programs of userland/native and userland/demos, which use what Linux does not have
    Native,
    /// A small job and `--help` of every busybox applet
    Applets,
    /// `exo run` as a script uses it
    Run,
    /// A person at a terminal
    Boot,
    /// Storms of everything on several CPUs at once
    Stress,
    /// Worlds that lack something: no initrd, a corrupt one, no init …
    Bad,
}

#[derive(Clone, Args)]
pub struct TestOptions {
    /// Which parts to run [default: all]
    #[arg(value_enum)]
    pub parts: Vec<Part>,
    /// Only tests whose name contains this
    #[arg(long)]
    pub filter: Option<String>,
    /// How long the storms of the part `stress` last
    #[arg(long, default_value_t = 60)]
    pub seconds: u32,
    /// Write docs/busybox.md from what the applets do
    #[arg(long)]
    pub write_docs: bool,
    /// Count the kernel's objects after every test, and tell what each left behind
    #[arg(long)]
    pub leaks: bool,
    /// Show the whole difference of each failure
    #[arg(long, short)]
    pub verbose: bool,
    #[command(flatten)]
    pub machine: MachineOptions,
}

fn memory(text: &str) -> Result<String, String> {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'k', 'm', 'g']);
    match digits.parse::<u64>() {
        Ok(1..) if text.len() - digits.len() <= 1 => Ok(text.to_owned()),
        _ => Err("write a number with K, M or G behind it, such as 128M".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1e7 => Ok(Duration::from_secs_f64(value)),
        _ => Err("write a positive number of seconds".into()),
    }
}

fn file_pair(text: &str) -> Result<(PathBuf, String), String> {
    match text.rsplit_once(':') {
        Some((host, guest)) if !host.is_empty() && guest.starts_with('/') => {
            Ok((host.into(), guest.to_owned()))
        }
        _ => Err("write HOST:GUEST, where GUEST is an absolute path, such as data.txt:/tmp/data.txt".into()),
    }
}

fn environment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("write NAME=VALUE".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn program_arguments_are_left_alone() {
        let cli = Cli::parse_from(["exo", "run", "--mem", "64M", "busybox", "sh", "-c", "exit 3", "--mem"]);
        let Command::Run(options) = cli.command else { panic!("not run") };
        assert_eq!(options.program, "busybox");
        assert_eq!(options.arguments, ["sh", "-c", "exit 3", "--mem"]);
        assert_eq!(options.machine.mem, "64M");
    }

    #[test]
    fn machines_are_passed_on() {
        let options = MachineOptions { cpus: 4, kernel: Some("/k".into()), ..Default::default() };
        assert_eq!(options.words_with(&["true"]), ["--kernel", "/k", "--cpus", "4", "true"]);
        assert_eq!(options.words_with(&["--cpus", "2"]), ["--kernel", "/k", "--cpus", "2"]);
    }

    #[test]
    fn values_are_checked() {
        assert!(memory("64M").is_ok() && memory("64").is_ok());
        assert!(memory("M").is_err() && memory("64MM").is_err() && memory("0M").is_err());
        assert!(file_pair("a:b").is_err() && file_pair(":/x").is_err());
        assert_eq!(file_pair("a:b:/c").unwrap(), (PathBuf::from("a:b"), "/c".to_owned()));
        assert!(seconds("0").is_err() && seconds("0.5").is_ok());
    }
}
