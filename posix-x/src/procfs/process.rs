//! The entries of a process and of each of its threads.

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::cap::Capability;
use exo_kernel::vfs::{self, Follow, MountFlags, NodeKind, Path};
use exo_kernel::{Kind, Result};

use super::text::line;
use super::tree::{Entry, Node, Numbers, Subject};
use super::Text;
use super::{capabilities, maps, schedule, status};
use crate::process::{Process, Resource, Task};

const fn file(name: &'static str, mode: u32, write: fn(&Subject, &mut Text) -> Result<()>) -> Entry<Subject> {
    Entry { name, mode, node: Node::File(write) }
}

const fn place(
    name: &'static str,
    follow: fn(&Subject) -> Result<Follow>,
    write: fn(&Subject, &mut Text) -> Result<()>,
) -> Entry<Subject> {
    Entry { name, mode: 0o777, node: Node::MagicLink(follow, write) }
}

/// `/proc/PID`.
pub(super) static PROCESS: Entry<Subject> = Entry { name: "", mode: 0o555, node: Node::Directory(ENTRIES) };
/// `/proc/PID/task/TID`.
static THREAD: Entry<Subject> = Entry { name: "", mode: 0o555, node: Node::Directory(ENTRIES) };
static DESCRIPTOR: Entry<Subject> = place(
    "",
    |subject| place_of(&descriptor(subject)?),
    |subject, text| describe(descriptor(subject)?.object(), text),
);
static DESCRIPTOR_INFO: Entry<Subject> = file("", 0o444, descriptor_info);

static DESCRIPTORS: Numbers<Subject> = Numbers {
    kind: NodeKind::Symlink,
    next: next_descriptor,
    entry: |subject, number| numbered(&DESCRIPTOR, subject, number),
};
static DESCRIPTOR_INFOS: Numbers<Subject> = Numbers {
    kind: NodeKind::File,
    next: next_descriptor,
    entry: |subject, number| numbered(&DESCRIPTOR_INFO, subject, number),
};
static THREADS: Numbers<Subject> = Numbers { kind: NodeKind::Directory, next: next_thread, entry: thread };

static ENTRIES: &[Entry<Subject>] = &[
    file("auxv", 0o400, auxv),
    file("cmdline", 0o444, |subject, text| memory_text(subject, text, |process| process.image().arguments)),
    file("caps", 0o400, capabilities::table),
    Entry { name: "comm", mode: 0o644, node: Node::Setting(comm, set_comm) },
    place("cwd", |s| directory(s, |fs| fs.cwd()), |s, text| directory_name(s, text, |fs| fs.cwd())),
    file("environ", 0o400, |subject, text| memory_text(subject, text, |process| process.image().environment)),
    place("exe", |s| Ok(Follow::Place(program(s)?)), |s, text| path_name(&program(s)?, text)),
    Entry { name: "fd", mode: 0o500, node: Node::Numbers(&DESCRIPTORS) },
    Entry { name: "fdinfo", mode: 0o555, node: Node::Numbers(&DESCRIPTOR_INFOS) },
    file("limits", 0o444, |subject, text| limits_table(&*subject.task()?, text)),
    file("maps", 0o444, |subject, text| maps::write(subject, text, false)),
    file("mountinfo", 0o444, mount_info),
    file("mounts", 0o444, mounts),
    Entry { name: "ns", mode: 0o511, node: Node::Directory(super::ns::ENTRIES) },
    file("oom_score", 0o444, |subject, text| {
        line!(text, "{}", status::oom_score(&*subject.task()?));
        Ok(())
    }),
    place("root", |s| directory(s, |fs| fs.root()), |s, text| directory_name(s, text, |fs| fs.root())),
    file("sched", 0o444, schedule::sched),
    file("schedstat", 0o444, schedule::schedstat),
    file("smaps", 0o444, |subject, text| maps::write(subject, text, true)),
    file("stat", 0o444, status::stat),
    file("statm", 0o444, status::statm),
    file("status", 0o444, status::status),
    Entry { name: "task", mode: 0o555, node: Node::Numbers(&THREADS) },
    file("wchan", 0o444, |subject, text| {
        subject.task()?;
        text.push(b"0");
        Ok(())
    }),
];

fn numbered(
    entry: &'static Entry<Subject>,
    subject: &Subject,
    number: u32,
) -> Result<(&'static Entry<Subject>, Subject)> {
    let subject = subject.numbered(number);
    descriptor(&subject)?;
    Ok((entry, subject))
}

fn descriptor(subject: &Subject) -> Result<Capability> {
    let files = subject.task()?.files_snapshot().ok_or(Kind::NotFound)?;
    Ok(files.capability(subject.number as i32).map_err(|_| Kind::NotFound)?)
}

fn next_descriptor(subject: &Subject, from: u32) -> Option<u32> {
    let files = subject.task().ok()?.files_snapshot()?;
    files.next(from as usize).map(|(number, ..)| number as u32)
}

/// Where a descriptor's link leads: to its path, or to the nameless object itself. Not through a derived capability,
/// which whoever opened the object anew would be rid of.
fn place_of(capability: &Capability) -> Result<Follow> {
    if capability.is_derived() {
        return Err(Kind::AccessDenied.into());
    }
    let file = capability.object();
    Ok(match (file.path(), file.file().inode()) {
        (Some(path), _) => Follow::Place(path.clone()),
        (None, Some(inode)) => Follow::Inode(inode),
        (None, None) => Follow::Text(Arc::from(&b""[..])),
    })
}

/// The text of a descriptor's link: the path, or what the object says of itself.
fn describe(file: &vfs::OpenFile, text: &mut Text) -> Result<()> {
    match file.path() {
        Some(path) => path_name(path, text),
        None => file.file().describe(text).map_err(|_| Kind::NoMemory.into()),
    }
}

fn descriptor_info(subject: &Subject, text: &mut Text) -> Result<()> {
    let capability = descriptor(subject)?;
    let file = capability.object();
    line!(text, "pos:\t{}", file.position());
    line!(text, "flags:\t0{:o}", crate::fd::flags::tell(file));
    line!(text, "mnt_id:\t{}", file.path().map_or(0, |path| path.mount().id()));
    line!(text, "ino:\t{}", file.inode().map_or(0, |inode| inode.core().number));
    Ok(())
}

fn next_thread(subject: &Subject, from: u32) -> Option<u32> {
    let mut best = None;
    subject.task().ok()?.process().for_each_task(|task| {
        let tid = task.tid() as u32;
        if tid >= from && best.is_none_or(|best| tid < best) {
            best = Some(tid);
        }
    });
    best
}

fn thread(subject: &Subject, number: u32) -> Result<(&'static Entry<Subject>, Subject)> {
    let mut found = None;
    subject.task()?.process().for_each_task(|task| {
        if task.tid() as u32 == number {
            found = Some(Subject::thread_of(task));
        }
    });
    Ok((&THREAD, found.ok_or(Kind::NotFound)?))
}

fn directory(subject: &Subject, which: fn(&crate::process::FsContext) -> Path) -> Result<Follow> {
    let fs = subject.task()?.fs_snapshot().ok_or(Kind::NotFound)?;
    Ok(Follow::Place(which(&fs)))
}

fn directory_name(
    subject: &Subject,
    text: &mut Text,
    which: fn(&crate::process::FsContext) -> Path,
) -> Result<()> {
    let fs = subject.task()?.fs_snapshot().ok_or(Kind::NotFound)?;
    path_name(&which(&fs), text)
}

fn program(subject: &Subject) -> Result<Path> {
    subject.task()?.process().program().ok_or_else(|| Kind::NotFound.into())
}

/// A path's name as seen from the reader's root.
pub(super) fn path_name(path: &Path, text: &mut Text) -> Result<()> {
    let root = crate::process::current().fs().root();
    let name = path.name(&root);
    if !name.reachable {
        text.push(b"(unreachable)");
    }
    text.push(&name.bytes);
    if name.deleted {
        text.push(b" (deleted)");
    }
    Ok(())
}

fn comm(subject: &Subject, text: &mut Text) -> Result<()> {
    text.push(status::comm(&subject.task()?.comm()));
    text.push(b"\n");
    Ok(())
}

fn set_comm(subject: &Subject, bytes: &[u8]) -> Result<()> {
    let task = subject.task()?;
    if task.pid() != crate::process::current().pid() {
        return Err(Kind::Invalid.into());
    }
    task.set_comm(bytes.split(|&byte| byte == 0).next().unwrap_or_default());
    Ok(())
}

fn auxv(subject: &Subject, text: &mut Text) -> Result<()> {
    for [key, value] in &subject.task()?.process().image().auxiliary {
        text.push(&key.to_le_bytes());
        text.push(&value.to_le_bytes());
    }
    text.push(&[0; 16]);
    Ok(())
}

/// Bytes of the process's own memory, such as its arguments: whatever it made of them.
fn memory_text(subject: &Subject, text: &mut Text, range: fn(&Process) -> (usize, usize)) -> Result<()> {
    let task = subject.task()?;
    let Some(space) = task.space() else { return Ok(()) };
    let (start, end) = range(task.process());
    let mut bytes = Vec::new();
    let length = end.saturating_sub(start).min(1 << 20);
    bytes.try_reserve_exact(length).map_err(|_| Kind::NoMemory)?;
    bytes.resize(length, 0);
    let count = space.read_remote(start, &mut bytes);
    text.push(&bytes[..count]);
    Ok(())
}

/// Rows of `limits`, in Linux's order.
const LIMITS: &[(Resource, &str, &str)] = &[
    (Resource::Cpu, "Max cpu time", "seconds"),
    (Resource::FileSize, "Max file size", "bytes"),
    (Resource::Data, "Max data size", "bytes"),
    (Resource::Stack, "Max stack size", "bytes"),
    (Resource::Core, "Max core file size", "bytes"),
    (Resource::Rss, "Max resident set", "bytes"),
    (Resource::Processes, "Max processes", "processes"),
    (Resource::Files, "Max open files", "files"),
    (Resource::LockedMemory, "Max locked memory", "bytes"),
    (Resource::AddressSpace, "Max address space", "bytes"),
    (Resource::Locks, "Max file locks", "locks"),
    (Resource::PendingSignals, "Max pending signals", "signals"),
    (Resource::MessageQueue, "Max msgqueue size", "bytes"),
    (Resource::Nice, "Max nice priority", ""),
    (Resource::RealTimePriority, "Max realtime priority", ""),
    (Resource::RealTimeTime, "Max realtime timeout", "us"),
];

fn limits_table(task: &Task, text: &mut Text) -> Result<()> {
    line!(text, "{:<25} {:<20} {:<20} {:<10}", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (resource, name, unit) in LIMITS {
        let limit = task.process().limits.get(*resource);
        text.print(format_args!("{name:<25} "));
        for value in [limit.cur, limit.max] {
            if value == u64::MAX {
                text.print(format_args!("{:<20} ", "unlimited"));
            } else {
                text.print(format_args!("{value:<20} "));
            }
        }
        line!(text, "{unit:<10}");
    }
    Ok(())
}

/// Flags of a mount as options, and those of the whole file system behind `ro` or `rw`.
fn mount_options(mount: &vfs::MountInfo, text: &mut Text) {
    let names = [
        (MountFlags::NO_SUID, "nosuid"),
        (MountFlags::NO_DEV, "nodev"),
        (MountFlags::NO_EXEC, "noexec"),
        (MountFlags::NO_ATIME, "noatime"),
        (MountFlags::NO_DIR_ATIME, "nodiratime"),
        (MountFlags::RELATIVE_ATIME, "relatime"),
        (MountFlags::NO_SYMFOLLOW, "nosymfollow"),
    ];
    for (_, name) in names.iter().filter(|(flag, _)| mount.flags.contains(*flag)) {
        text.print(format_args!(",{name}"));
    }
}

fn each_mount(subject: &Subject, row: impl FnMut(&vfs::MountInfo)) -> Result<()> {
    let fs = subject.task()?.fs_snapshot().ok_or(Kind::Invalid)?;
    vfs::mounts(&fs.root()).iter().for_each(row);
    Ok(())
}

fn mounts(subject: &Subject, text: &mut Text) -> Result<()> {
    each_mount(subject, |mount| {
        text.push_escaped(&mount.source);
        text.push(b" ");
        text.push_escaped(&mount.point);
        let read_only = mount.read_only_fs || mount.flags.contains(MountFlags::READ_ONLY);
        text.print(format_args!(" {} {}", mount.type_name, if read_only { "ro" } else { "rw" }));
        mount_options(mount, text);
        text.push(&mount.options);
        text.push(b" 0 0\n");
    })
}

fn mount_info(subject: &Subject, text: &mut Text) -> Result<()> {
    let access = |read_only: bool| if read_only { "ro" } else { "rw" };
    each_mount(subject, |mount| {
        text.print(format_args!(
            "{} {} {}:{} ",
            mount.id, mount.parent, mount.device.major, mount.device.minor
        ));
        text.push_escaped(&mount.root);
        text.push(b" ");
        text.push_escaped(&mount.point);
        text.print(format_args!(" {}", access(mount.flags.contains(MountFlags::READ_ONLY))));
        mount_options(mount, text);
        text.print(format_args!(" - {} ", mount.type_name));
        text.push_escaped(&mount.source);
        text.print(format_args!(" {}", access(mount.read_only_fs)));
        text.push(&mount.options);
        text.push(b"\n");
    })
}
