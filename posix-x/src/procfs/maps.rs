//! `maps` and `smaps` of a process.

use alloc::sync::Arc;
use core::ops::Range;

use exo_kernel::ipc::fusion::Identity;
use exo_kernel::mm::space::Tag;
use exo_kernel::mm::{AddressSpace, MappingInfo, Prot};
use exo_kernel::vfs::{DeviceNumber, OpenFile};
use exo_kernel::Result;

use super::process::path_name;
use super::system::Name;
use super::text::line;
use super::tree::Subject;
use super::Text;
use crate::process::vdso::Part;
use crate::process::Process;
use crate::sysvipc::shm::{Attachment, Segment};

/// Names begin at this column.
const NAME_COLUMN: usize = 73;
const PAGE_KIB: usize = 4;

/// A mapping, copied so that the address space need not be locked while its row is written.
struct Mapping {
    range: Range<usize>,
    prot: Prot,
    max_prot: Prot,
    shared: bool,
    grows_down: bool,
    locked: bool,
    offset: u64,
    tag: Option<Tag>,
}

impl Mapping {
    fn copy(info: &MappingInfo) -> Self {
        Self {
            range: info.start..info.end,
            prot: info.prot,
            max_prot: info.max_prot,
            shared: info.shared,
            grows_down: info.grows_down,
            locked: info.locked,
            offset: info.offset,
            tag: info.file.cloned(),
        }
    }

    /// The first mapping that ends above an address.
    fn above(space: &AddressSpace, addr: usize) -> Option<Self> {
        let mut first = None;
        space.mappings_from(addr, &mut |info| {
            first = Some(Self::copy(info));
            false
        });
        first
    }

    fn file(&self) -> Option<&OpenFile> {
        self.tag.as_ref()?.downcast_ref()
    }

    fn segment(&self) -> Option<&Segment> {
        Some(&self.tag.as_ref()?.downcast_ref::<Attachment>()?.segment)
    }

    /// Device and inode.
    fn identity(&self) -> (DeviceNumber, u64) {
        if let Some(segment) = self.segment() {
            // As on Linux, whose segments are files of a file system that nobody sees.
            return (DeviceNumber::new(0, 1), segment.id() as u64);
        }
        let inode = self.file().and_then(OpenFile::inode);
        inode.map_or_else(Default::default, |inode| {
            let metadata = inode.metadata();
            (metadata.device, metadata.inode)
        })
    }

    fn touches(&self, range: Range<usize>) -> bool {
        self.range.start <= range.end && self.range.end >= range.start
    }
}

/// One row for each mapping, lowest address first; with `details`, what it holds below it.
pub(super) fn write(subject: &Subject, text: &mut Text, details: bool) -> Result<()> {
    let task = subject.task()?;
    let Some(space) = task.space() else { return Ok(()) };
    let mut from = 0;
    while let Some(mapping) = Mapping::above(&space, from) {
        from = mapping.range.end;
        row(task.process(), &space, &mapping, text)?;
        if details {
            detail(&space, &mapping, text);
        }
    }
    Ok(())
}

fn row(process: &Process, space: &AddressSpace, mapping: &Mapping, text: &mut Text) -> Result<()> {
    let start = text.len();
    let flag = |on: bool, letter: char| if on { letter } else { '-' };
    let (device, number) = mapping.identity();
    // The kernel's own library is no file to programs.
    let offset = if mapping.file().is_some() || mapping.segment().is_some() { mapping.offset } else { 0 };
    text.print(format_args!(
        "{:08x}-{:08x} {}{}{}{} {offset:08x} {:02x}:{:02x} {number} ",
        mapping.range.start,
        mapping.range.end,
        flag(mapping.prot.contains(Prot::READ), 'r'),
        flag(mapping.prot.contains(Prot::WRITE), 'w'),
        flag(mapping.prot.contains(Prot::EXEC), 'x'),
        if mapping.shared { 's' } else { 'p' },
        device.major,
        device.minor,
    ));
    let mut called = Text::new();
    name(process, space, mapping, &mut called)?;
    if !called.is_empty() {
        while text.len() - start < NAME_COLUMN {
            text.push(b" ");
        }
        text.push(&called.finish()?);
    }
    text.push(b"\n");
    Ok(())
}

/// The path of a mapped file, or what a mapping without one is for.
fn name(process: &Process, space: &AddressSpace, mapping: &Mapping, text: &mut Text) -> Result<()> {
    if let Some(file) = mapping.file() {
        return match file.path() {
            Some(path) => path_name(path, text),
            None => file.file().describe(text).map_err(|_| exo_kernel::Kind::NoMemory.into()),
        };
    }
    if let Some(segment) = mapping.segment() {
        text.print(format_args!("/SYSV{:08x} (deleted)", segment.key()));
        return Ok(());
    }
    if let Some(identity) = mapping.tag.as_ref().and_then(|tag| tag.downcast_ref::<Identity>()) {
        text.print(format_args!("{identity}"));
        return Ok(());
    }
    let heap = space.heap_range();
    let stack = process.image().stack_start;
    match mapping.tag.as_ref().and_then(|tag| tag.downcast_ref()) {
        Some(Part::Data) => text.push(b"[vvar]"),
        Some(Part::Code) => text.push(b"[vdso]"),
        None if heap.0 < heap.1 && mapping.touches(heap.0..heap.1) => text.push(b"[heap]"),
        None if mapping.touches(stack..stack) => text.push(b"[stack]"),
        None => {}
    }
    Ok(())
}

/// The rows of `smaps`. Which pages are also in use elsewhere is not counted: those of a file count as shared, all
/// others as private.
fn detail(space: &Arc<AddressSpace>, mapping: &Mapping, text: &mut Text) {
    let length = mapping.range.len();
    let present = space.present(mapping.range.start, length);
    let (private, shared) = (present.anonymous * PAGE_KIB, present.object * PAGE_KIB);
    let clean = |dirty: bool, kib: usize| if dirty { 0 } else { kib };
    let writes = mapping.shared && mapping.prot.contains(Prot::WRITE);
    let rows = [
        ("Size", length / 1024),
        ("KernelPageSize", PAGE_KIB),
        ("MMUPageSize", PAGE_KIB),
        ("Rss", private + shared),
        ("Pss", private + shared),
        ("Pss_Dirty", private + clean(!writes, shared)),
        ("Shared_Clean", clean(writes, shared)),
        ("Shared_Dirty", clean(!writes, shared)),
        ("Private_Clean", 0),
        ("Private_Dirty", private),
        ("Referenced", private + shared),
        ("Anonymous", private),
        ("Swap", 0),
        ("SwapPss", 0),
        ("Locked", if mapping.locked { private + shared } else { 0 }),
    ];
    for (name, kib) in rows {
        line!(text, "{:<16}{kib:>8} kB", Name(name));
    }
    let flags = [
        (mapping.prot.contains(Prot::READ), "rd"),
        (mapping.prot.contains(Prot::WRITE), "wr"),
        (mapping.prot.contains(Prot::EXEC), "ex"),
        (mapping.shared, "sh"),
        (mapping.max_prot.contains(Prot::READ), "mr"),
        (mapping.max_prot.contains(Prot::WRITE), "mw"),
        (mapping.max_prot.contains(Prot::EXEC), "me"),
        (mapping.shared && mapping.max_prot.contains(Prot::WRITE), "ms"),
        (mapping.grows_down, "gd"),
        (mapping.locked, "lo"),
    ];
    text.push(b"VmFlags: ");
    for (_, name) in flags.iter().filter(|(on, _)| *on) {
        text.print(format_args!("{name} "));
    }
    text.push(b"\n");
}
