//! Files about the whole machine.

use core::fmt::Write;

use exo_kernel::sched::{self, CpuStats};
use exo_kernel::{arch, klog, mm, params, time, vfs, Result};

use super::text::line;
use super::tree::{own_directory, Entry, Node};
use super::{schedule, sysctl, sysrq, sysvipc, Text};
use crate::process::{current, misc, table};

/// Load averages are in units of 1/65536.
const LOAD_ONE: u64 = 1 << 16;
/// Nanoseconds of a tick of `USER_HZ`.
const TICK: u64 = 10_000_000;
const PAGE_KIB: usize = 4;

const fn file(name: &'static str, write: fn(&(), &mut Text) -> Result<()>) -> Entry<()> {
    Entry { name, mode: 0o444, node: Node::File(write) }
}

/// The entries of `/proc` that are no processes.
pub(super) static ENTRIES: &[Entry<()>] = &[
    file("cmdline", |(), text| {
        line!(text, "{}", params::line());
        Ok(())
    }),
    file("cpuinfo", |(), text| cpuinfo(text)),
    file("devices", |(), text| devices(text)),
    file("diskstats", |(), _| Ok(())),
    Entry { name: "exo", mode: 0o555, node: Node::Directory(EXO) },
    file("filesystems", |(), text| filesystems(text)),
    file("loadavg", |(), text| loadavg(text)),
    file("meminfo", |(), text| meminfo(text)),
    Entry { name: "mounts", mode: 0o777, node: Node::Link(|(), text| link(text, "self/mounts")) },
    Entry { name: "net", mode: 0o555, node: Node::Directory(NET) },
    file("partitions", |(), text| {
        text.push(b"major minor  #blocks  name\n\n");
        Ok(())
    }),
    file("schedstat", |(), text| schedule::system(text)),
    Entry { name: "self", mode: 0o777, node: Node::Link(|(), text| own_directory(false, text)) },
    file("stat", |(), text| stat(text)),
    file("swaps", |(), text| {
        text.push(b"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        Ok(())
    }),
    Entry { name: "sys", mode: 0o555, node: Node::Directory(sysctl::ENTRIES) },
    Entry {
        name: "sysrq-trigger",
        mode: 0o200,
        node: Node::Setting(|(), _| sysrq::read(), |(), keys| sysrq::trigger(keys)),
    },
    Entry { name: "sysvipc", mode: 0o555, node: Node::Directory(sysvipc::ENTRIES) },
    Entry { name: "thread-self", mode: 0o777, node: Node::Link(|(), text| own_directory(true, text)) },
    file("uptime", |(), text| uptime(text)),
    file("version", |(), text| {
        line!(text, "Linux version {} (exo-os) {}", misc::RELEASE, misc::VERSION);
        Ok(())
    }),
    file("vmstat", |(), text| vmstat(text)),
];

/// What only this kernel tells.
static EXO: &[Entry<()>] = &[
    file("objects", |(), text| objects(text)),
    Entry { name: "sched_record", mode: 0o400, node: Node::File(|(), text| schedule::recording(text)) },
    file("scheduler", |(), text| schedule::exo(text)),
];

/// What the kernel has, one kind a line, and how often it warned: the tests compare it before and after.
fn objects(text: &mut Text) -> Result<()> {
    let counts = table::counts();
    let heap = mm::heap::stats();
    let slab_frames = heap.slab_bytes / mm::PAGE_SIZE;
    line!(text, "frames {}", mm::total_frames() - mm::free_frames() - slab_frames);
    line!(text, "slab-frames {slab_frames}");
    line!(text, "heap-bytes {}", heap.object_bytes + heap.large_bytes + heap.arena_bytes);
    line!(text, "address-spaces {}", mm::space::count());
    line!(text, "memory-objects {}", mm::vmo::count());
    line!(text, "rings-and-pools {}", exo_kernel::ipc::fusion::count());
    line!(text, "open-files {}", vfs::open_files());
    line!(text, "threads {}", counts.threads);
    line!(text, "processes {}", counts.processes);
    line!(text, "warnings {}", klog::warnings());
    Ok(())
}

/// Network tables: only local sockets exist, so the others have nothing but their headings.
static NET: &[Entry<()>] = &[file("dev", |(), text| {
    text.push(b"Inter-|   Receive                                                |  Transmit\n");
    text.push(b" face |bytes    packets errs drop fifo frame compressed multicast|");
    text.push(b"bytes    packets errs drop fifo colls carrier compressed\n");
    Ok(())
})];

fn link(text: &mut Text, target: &str) -> Result<()> {
    text.push(target.as_bytes());
    Ok(())
}

fn cpus() -> impl Iterator<Item = (usize, CpuStats)> {
    (0..sched::online_cpus()).filter_map(|id| Some((id, sched::cpu_stats(id)?)))
}

fn cpuinfo(text: &mut Text) -> Result<()> {
    let cpu = arch::describe::description();
    let (family, model, stepping) = cpu.model();
    for (id, _) in cpus() {
        line!(text, "processor\t: {id}");
        line!(text, "vendor_id\t: {}", cpu.vendor());
        line!(text, "cpu family\t: {family}");
        line!(text, "model\t\t: {model}");
        line!(text, "model name\t: {}", cpu.name());
        line!(text, "stepping\t: {stepping}");
        line!(text, "cpu MHz\t\t: {}.{:03}", arch::tsc_hz() / 1_000_000, arch::tsc_hz() / 1000 % 1000);
        line!(text, "flags\t\t: {}", cpu.flags());
        line!(text, "");
    }
    Ok(())
}

fn devices(text: &mut Text) -> Result<()> {
    text.push(
        b"Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n",
    );
    text.push(b"\nBlock devices:\n");
    Ok(())
}

fn filesystems(text: &mut Text) -> Result<()> {
    for name in vfs::types() {
        line!(text, "nodev\t{name}");
    }
    Ok(())
}

fn loadavg(text: &mut Text) -> Result<()> {
    let hundredths = |load: u64| (load * 100 + LOAD_ONE / 2) / LOAD_ONE;
    for load in sched::load_averages() {
        let load = hundredths(load);
        text.print(format_args!("{}.{:02} ", load / 100, load % 100));
    }
    let (threads, _) = sched::thread_counts();
    line!(text, "{}/{} {}", sched::runnable_threads(), threads, table::counts().last);
    Ok(())
}

fn meminfo(text: &mut Text) -> Result<()> {
    let kib = |pages: usize| pages * PAGE_KIB;
    let total = kib(mm::total_frames());
    let free = kib(mm::free_frames());
    let rows = [
        ("MemTotal", total),
        ("MemFree", free),
        // Nothing can be written back: what files hold is needed.
        ("MemAvailable", free),
        ("Buffers", 0),
        ("SwapCached", 0),
        ("SwapTotal", 0),
        ("SwapFree", 0),
        ("Dirty", 0),
        ("Writeback", 0),
        ("Slab", (mm::heap::stats().slab_bytes + mm::heap::stats().large_bytes) / 1024),
        ("SReclaimable", 0),
    ];
    for (name, value) in rows {
        line!(text, "{:<16}{value:>8} kB", Name(name));
    }
    Ok(())
}

/// A row's name and colon, so that padding counts both.
pub(super) struct Name(pub &'static str);

impl core::fmt::Display for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let width = f.width().unwrap_or(0);
        f.write_str(self.0)?;
        f.write_char(':')?;
        (self.0.len() + 1..width).try_for_each(|_| f.write_char(' '))
    }
}

fn stat(text: &mut Text) -> Result<()> {
    let row = |text: &mut Text, name: core::fmt::Arguments, stats: &CpuStats| {
        let (user, system, idle) = (stats.user / TICK, stats.system / TICK, stats.idle / TICK);
        line!(text, "{name} {user} 0 {system} {idle} 0 0 0 0 0 0");
    };
    let mut all = CpuStats::default();
    for (_, stats) in cpus() {
        all.user += stats.user;
        all.system += stats.system;
        all.idle += stats.idle;
        all.switches += stats.switches;
    }
    row(text, format_args!("cpu "), &all);
    for (id, stats) in cpus() {
        row(text, format_args!("cpu{id}"), &stats);
    }
    let boot = (time::realtime_ns() as i64 - time::now().as_nanos() as i64) / 1_000_000_000;
    let (_, ever) = sched::thread_counts();
    let (lines, timer) = arch::irq::counts();
    line!(text, "intr {}", lines.iter().sum::<u64>() + timer);
    line!(text, "ctxt {}", all.switches);
    line!(text, "btime {boot}");
    line!(text, "processes {ever}");
    line!(text, "procs_running {}", sched::runnable_threads());
    line!(text, "procs_blocked 0");
    Ok(())
}

fn uptime(text: &mut Text) -> Result<()> {
    let hundredths = |nanos: u64| (nanos / 1_000_000_000, nanos / TICK % 100);
    let up = hundredths(time::now().as_nanos());
    let idle = hundredths(cpus().map(|(_, stats)| stats.idle).sum());
    line!(text, "{}.{:02} {}.{:02}", up.0, up.1, idle.0, idle.1);
    Ok(())
}

fn vmstat(text: &mut Text) -> Result<()> {
    line!(text, "nr_free_pages {}", mm::free_frames());
    Ok(())
}

/// The level up to which kernel messages reach the console, for `/proc/sys/kernel/printk`.
pub(super) fn console_level() -> u32 {
    klog::console_level()
}

/// Does the caller run as the superuser?
pub(super) fn privileged() -> bool {
    current().creds().euid == 0
}
