//! `exo shell`: the whole system on this terminal, or in a window.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use anyhow::{bail, Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM, SIGWINCH};

use crate::cli::{Machine, ShellOptions};
use crate::initrd;
use crate::machine::{Boot, Console};
use crate::project::Project;
use crate::run::send_size;
use crate::terminal;

pub fn shell(options: &ShellOptions) -> Result<u8> {
    let project = Project::find()?;
    let machine = &options.machine;
    if options.display && machine.machine == Some(Machine::Microvm) {
        bail!("microvm has no screen; leave --machine out or use --machine pc");
    }
    let (kernel, initrd, init) = if machine.linux {
        (project.linux_kernel()?, project.linux_initramfs()?, "rdinit=/init")
    } else {
        let kernel = machine.kernel.clone().map_or_else(|| project.kernel(), Ok)?;
        let initrd = machine.initrd.clone().map_or_else(|| project.initramfs(), Ok)?;
        (kernel, initrd, "init=/init")
    };
    let packed = pack_folder(&initrd)?;
    let (ours, theirs) = UnixStream::pair().context("can't make a socket pair")?;
    rustix::io::fcntl_setfd(&theirs, rustix::io::FdFlags::empty())?;
    let console = if options.display { "console=tty0" } else { "console=ttyS0" };
    let size = if machine.linux || options.display { String::new() } else { terminal::size_option() };
    let quiet = if options.verbose { "" } else { " quiet" };
    let boot = Boot {
        options: machine,
        default_machine: if options.display || machine.linux { Machine::Pc } else { Machine::Microvm },
        kernel: Some(&kernel),
        initrd: Some(packed.as_ref().map_or(initrd.as_path(), |file| file.path())),
        append: format!("{console}{quiet}{size} {init}"),
        console: Console::Terminal,
        link: None,
        sizes: Some(theirs.as_raw_fd()),
        display: options.display,
        once: false,
    };
    let mut qemu =
        boot.command().spawn().context("can't start qemu-system-x86_64; tools/setup installs it")?;
    drop(theirs);
    // Ctrl-C belongs to the guest: QEMU has the terminal in raw mode, and a signal sent from elsewhere
    // reaches QEMU too, which ends and restores the terminal.
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGWINCH])?;
    std::thread::spawn(move || {
        let link = Mutex::new(ours);
        for signal in &mut signals {
            if signal == SIGWINCH {
                send_size(&link);
            }
        }
    });
    let status = qemu.wait().context("QEMU is lost")?;
    Ok(u8::from(!status.success()))
}

/// A folder given as initrd becomes a temporary tar.
fn pack_folder(path: &std::path::Path) -> Result<Option<tempfile::NamedTempFile>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), initrd::read_base(path)?)?;
    Ok(Some(file))
}
