//! Settings under `/proc/sys` (proc(5)): those that something here heeds, and facts that programs ask for.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use exo_kernel::{klog, sched, Kind, Result};

use super::system::{console_level, privileged};
use super::text::line;
use super::tree::{Entry, Node};
use super::Text;
use crate::process::{current, misc, table};
use crate::sysvipc::{Limits, MNI_LIMIT};

const fn directory(name: &'static str, entries: &'static [Entry<()>]) -> Entry<()> {
    Entry { name, mode: 0o555, node: Node::Directory(entries) }
}

const fn fact(name: &'static str, write: fn(&(), &mut Text) -> Result<()>) -> Entry<()> {
    Entry { name, mode: 0o444, node: Node::File(write) }
}

const fn setting(
    name: &'static str,
    write: fn(&(), &mut Text) -> Result<()>,
    store: fn(&(), &[u8]) -> Result<()>,
) -> Entry<()> {
    Entry { name, mode: 0o644, node: Node::Setting(write, store) }
}

pub(super) static ENTRIES: &[Entry<()>] = &[
    directory(
        "fs",
        &[
            fact("file-max", |(), text| number(text, crate::fd::MAX_DESCRIPTORS as u64)),
            fact("nr_open", |(), text| number(text, crate::fd::MAX_DESCRIPTORS as u64)),
            fact("pipe-max-size", |(), text| number(text, 1 << 20)),
        ],
    ),
    directory(
        "kernel",
        &[
            setting(
                "domainname",
                |(), text| name(text, &current().namespaces().uts.domain()),
                |(), bytes| {
                    current().namespaces().uts.set_domain(trim(bytes)?);
                    Ok(())
                },
            ),
            setting(
                "hostname",
                |(), text| name(text, &current().namespaces().uts.host()),
                |(), bytes| {
                    current().namespaces().uts.set_host(trim(bytes)?);
                    Ok(())
                },
            ),
            setting(
                "msgmax",
                |(), text| limit(text, |limits| &limits.msgmax),
                |(), bytes| set_limit(bytes, |limits| &limits.msgmax, INT_MAX),
            ),
            setting(
                "msgmnb",
                |(), text| limit(text, |limits| &limits.msgmnb),
                |(), bytes| set_limit(bytes, |limits| &limits.msgmnb, INT_MAX),
            ),
            setting(
                "msgmni",
                |(), text| limit(text, |limits| &limits.msgmni),
                |(), bytes| set_limit(bytes, |limits| &limits.msgmni, MNI_LIMIT),
            ),
            fact("osrelease", |(), text| name(text, misc::RELEASE.as_bytes())),
            fact("ostype", |(), text| name(text, b"Linux")),
            fact("pid_max", |(), text| number(text, table::PID_LIMIT as u64)),
            setting(
                "printk",
                |(), text| {
                    line!(text, "{}\t4\t1\t7", console_level());
                    Ok(())
                },
                |(), bytes| {
                    klog::set_console_level(u32::try_from(first_number(bytes)?).map_err(|_| Kind::Invalid)?);
                    Ok(())
                },
            ),
            setting("sem", |(), text| semaphore_limits(text), |(), bytes| set_semaphore_limits(bytes)),
            setting(
                "shmall",
                |(), text| limit(text, |limits| &limits.shmall),
                |(), bytes| set_limit(bytes, |limits| &limits.shmall, u64::MAX),
            ),
            setting(
                "shmmax",
                |(), text| limit(text, |limits| &limits.shmmax),
                |(), bytes| set_limit(bytes, |limits| &limits.shmmax, u64::MAX),
            ),
            setting(
                "shmmni",
                |(), text| limit(text, |limits| &limits.shmmni),
                |(), bytes| set_limit(bytes, |limits| &limits.shmmni, MNI_LIMIT),
            ),
            fact("sched_rr_timeslice_ms", |(), text| number(text, sched::ROUND / 1_000_000)),
            fact("sched_rt_period_us", |(), text| number(text, sched::REAL_TIME_PERIOD / 1000)),
            fact("sched_rt_runtime_us", |(), text| number(text, sched::REAL_TIME_SHARE / 1000)),
            fact("version", |(), text| name(text, misc::VERSION.as_bytes())),
        ],
    ),
    directory(
        "vm",
        &[
            setting(
                "drop_caches",
                |(), text| number(text, 0),
                |(), bytes| {
                    match first_number(bytes)? {
                        1..=4 => {
                            crate::net::collect();
                            exo_kernel::mm::drop_caches();
                        }
                        _ => return Err(Kind::Invalid.into()),
                    }
                    Ok(())
                },
            ),
            fact("max_map_count", |(), text| number(text, 65_530)),
            fact("overcommit_memory", |(), text| number(text, 0)),
            fact("mmap_min_addr", |(), text| number(text, exo_kernel::arch::USER_MIN as u64)),
        ],
    ),
];

fn number(text: &mut Text, value: u64) -> Result<()> {
    line!(text, "{value}");
    Ok(())
}

const INT_MAX: u64 = i32::MAX as u64;

/// A limit of System V IPC, in the caller's namespace.
fn limit(text: &mut Text, which: fn(&Limits) -> &AtomicU64) -> Result<()> {
    number(text, which(&current().ipc().limits).load(Relaxed))
}

fn set_limit(bytes: &[u8], which: fn(&Limits) -> &AtomicU64, most: u64) -> Result<()> {
    let value = first_number(bytes)?;
    if value > most {
        return Err(Kind::Invalid.into());
    }
    which(&current().ipc().limits).store(value, Relaxed);
    Ok(())
}

/// The four of semaphores stand in one file.
fn of_semaphores(limits: &Limits) -> [(&AtomicU64, u64); 4] {
    let Limits { semmsl, semmns, semopm, semmni, .. } = limits;
    [(semmsl, INT_MAX), (semmns, INT_MAX), (semopm, INT_MAX), (semmni, MNI_LIMIT)]
}

fn semaphore_limits(text: &mut Text) -> Result<()> {
    let values = of_semaphores(&current().ipc().limits).map(|(limit, _)| limit.load(Relaxed));
    let [semmsl, semmns, semopm, semmni] = values;
    line!(text, "{semmsl}\t{semmns}\t{semopm}\t{semmni}");
    Ok(())
}

/// Sets as many of them as numbers are given.
fn set_semaphore_limits(bytes: &[u8]) -> Result<()> {
    let words = core::str::from_utf8(trim(bytes)?).map_err(|_| Kind::Invalid)?.split_whitespace();
    for ((limit, most), word) in of_semaphores(&current().ipc().limits).into_iter().zip(words) {
        let value = word.parse().ok().filter(|value| *value <= most).ok_or(Kind::Invalid)?;
        limit.store(value, Relaxed);
    }
    Ok(())
}

fn name(text: &mut Text, value: &[u8]) -> Result<()> {
    text.push(value.split(|&byte| byte == 0).next().unwrap_or_default());
    text.push(b"\n");
    Ok(())
}

/// What was written, up to the first newline.
fn trim(bytes: &[u8]) -> Result<&[u8]> {
    if !privileged() {
        return Err(Kind::NotPermitted.into());
    }
    Ok(bytes.split(|&byte| byte == b'\n' || byte == 0).next().unwrap_or_default())
}

fn first_number(bytes: &[u8]) -> Result<u64> {
    let text = core::str::from_utf8(trim(bytes)?).map_err(|_| Kind::Invalid)?;
    let word = text.split_whitespace().next().ok_or(Kind::Invalid)?;
    word.parse().map_err(|_| Kind::Invalid.into())
}
