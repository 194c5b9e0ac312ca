//! Settings under `/proc/sys` (proc(5)): those that something here heeds, and facts that programs ask for.

use exo_kernel::{klog, Kind, Result};

use super::system::{console_level, privileged};
use super::text::line;
use super::tree::{Entry, Node};
use super::Text;
use crate::process::{misc, table};

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
                |(), text| name(text, &misc::domain_name()),
                |(), bytes| {
                    misc::set_domain_name(trim(bytes)?);
                    Ok(())
                },
            ),
            setting(
                "hostname",
                |(), text| name(text, &misc::host_name()),
                |(), bytes| {
                    misc::set_host_name(trim(bytes)?);
                    Ok(())
                },
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
