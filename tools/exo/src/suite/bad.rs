//! Bad worlds: what the kernel says when something it needs is missing, and that it does not hang.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{bail, Context, Result};

use super::{selected, Results};
use crate::cli::{Machine, MachineOptions, TestOptions};
use crate::initrd::{self, Initrd};
use crate::machine::{Boot, Console};
use crate::project::Project;

/// None takes a second on an idle host.
const LIMIT: Duration = Duration::from_secs(120);

struct World {
    name: &'static str,
    /// None for no initrd at all.
    initrd: Option<Vec<u8>>,
    append: &'static str,
    memory: &'static str,
    /// Any of these words, in any case, must be on the console.
    told: &'static [&'static str],
}

pub fn run(project: &Project, options: &TestOptions) -> Result<Results> {
    let mut results = Results::default();
    if options.machine.linux {
        return Ok(results);
    }
    let base = initrd::read_base(&project.initramfs()?)?;
    for world in worlds(&base)? {
        if selected(options, world.name) {
            results.record(&format!("bad world: {}", world.name), check(project, options, &world));
        }
    }
    Ok(results)
}

fn worlds(base: &[u8]) -> Result<Vec<World>> {
    let mut corrupt = base.to_vec();
    let middle = corrupt.len() / 512 / 2 * 512;
    corrupt.truncate(middle + 100);
    let mut headless = base.to_vec();
    headless[148..156].copy_from_slice(b"7777777\0");
    let mut text = Initrd::default();
    text.add("/sbin/noelf", 0o755, "this is no program\n");
    let mut broken = Initrd::default();
    broken.add("/sbin/broken", 0o755, b"\x7fELF\x02\x01\x01 and then nonsense".to_vec());
    let mut crash = Initrd::default();
    crash.add("/sbin/crash", 0o755, "#!/bin/sh\nmount -t proc proc /proc\necho c >/proc/sysrq-trigger\n");
    let world = |name, initrd, append, told| World { name, initrd, append, memory: "128M", told };
    Ok(vec![
        world("no initrd", None, "init=/init", &["initrd", "initramfs", "module"]),
        world("truncated tar", Some(corrupt), "init=/no/such", &["tar", "initramfs", "archive", "truncated"]),
        world(
            "tar with a wrong checksum",
            Some(headless),
            "init=/init",
            &["tar", "initramfs", "archive", "corrupt"],
        ),
        world(
            "not a tar",
            Some(vec![0x5a; 100_000]),
            "init=/init",
            &["tar", "initramfs", "archive", "corrupt"],
        ),
        world("no such init", Some(base.to_vec()), "init=/no/such/init", &["/no/such/init"]),
        world("init is text", Some(text.tar(base)?), "init=/sbin/noelf", &["noelf"]),
        world("init is a broken ELF", Some(broken.tar(base)?), "init=/sbin/broken", &["broken"]),
        world("init is a folder", Some(base.to_vec()), "init=/etc", &["/etc"]),
        world("an unknown option is named", Some(base.to_vec()), "colour=blue init=/no/such", &["colour"]),
        world(
            "a panic names functions",
            Some(crash.tar(base)?),
            "init=/sbin/crash",
            &["posix_x::procfs::sysrq::crash+0x"],
        ),
        World {
            name: "too little memory",
            initrd: Some(base.to_vec()),
            append: "init=/init",
            memory: "4M",
            told: &["memory"],
        },
    ])
}

fn check(project: &Project, options: &TestOptions, world: &World) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let console = folder.path().join("console");
    let initrd = folder.path().join("initrd");
    if let Some(bytes) = &world.initrd {
        std::fs::write(&initrd, bytes)?;
    }
    let kernel = options.machine.kernel.clone().map_or_else(|| project.kernel(), Ok)?;
    let machine =
        MachineOptions { mem: world.memory.into(), cpus: options.machine.cpus, ..Default::default() };
    let boot = Boot {
        options: &machine,
        default_machine: Machine::Pc,
        kernel: Some(&kernel),
        initrd: world.initrd.is_some().then_some(initrd.as_path()),
        append: format!("console=ttyS0 panic=-1 {}", world.append),
        console: Console::File(console.clone()),
        link: None,
        sizes: None,
        display: false,
        once: true,
    };
    let mut qemu = boot
        .command()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("can't start qemu-system-x86_64")?;
    let begun = Instant::now();
    let ended = loop {
        if qemu.try_wait()?.is_some() {
            break true;
        }
        if begun.elapsed() > LIMIT {
            break false;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop(qemu.kill());
    qemu.wait()?;
    let mut complaint = String::new();
    if let Some(mut stderr) = qemu.stderr.take() {
        stderr.read_to_string(&mut complaint)?;
    }
    let log = read(&console) + &complaint;
    let told = world.told.iter().any(|word| log.to_lowercase().contains(word));
    match (ended, told) {
        (true, true) => Ok(()),
        (false, _) => bail!("still running after {LIMIT:?}; it says:\n{}", crate::run::tail(&log, 15)),
        (true, false) => {
            bail!("ends without naming any of {:?}; it says:\n{}", world.told, crate::run::tail(&log, 15))
        }
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).replace('\r', "")
}
