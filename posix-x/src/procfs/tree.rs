//! Trees of generated files: `/proc` and `/sys`. Inodes are made when they are looked up and hold no more than what they are
//! about: a row of a table, and for processes the task (weakly, so that a cached name does not keep it).

use alloc::format;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use exo_kernel::sync::Mutex;
use exo_kernel::user::{IoDest, IoSource};
use exo_kernel::vfs::{
    DeviceNumber, DirEntry, File, FileSystem, Follow, FsStat, Inode, InodeCore, InodeFlags, InodeRef, Io,
    Metadata, NodeKind, OpenRequest, Owner, SetAttr, Whence,
};
use exo_kernel::{Kind, Result};

use super::{process, Text};
use crate::process::{current_or_none, table, Process, Task};

const ROOT_NUMBER: u64 = 1;

/// A generated file system: what is particular to each.
pub struct Volume {
    pub type_name: &'static str,
    /// The number that `statfs` reports.
    pub magic: u64,
    /// The device number that its inodes report.
    pub device: DeviceNumber,
    /// The entries of the top directory.
    pub entries: &'static [Entry<()>],
    /// Do processes follow them?
    pub processes: bool,
}

/// A row of a table of files: `S` is what the generators are told about.
pub struct Entry<S: 'static> {
    pub name: &'static str,
    /// Permission bits.
    pub mode: u32,
    pub node: Node<S>,
}

/// What a row is.
pub enum Node<S: 'static> {
    /// A file whose content is generated.
    File(fn(&S, &mut Text) -> Result<()>),
    /// One that may also be written.
    Setting(fn(&S, &mut Text) -> Result<()>, fn(&S, &[u8]) -> Result<()>),
    /// A link whose text is generated.
    Link(fn(&S, &mut Text) -> Result<()>),
    /// A link to a place, whatever its name.
    MagicLink(fn(&S) -> Result<Follow>, fn(&S, &mut Text) -> Result<()>),
    /// A directory.
    Directory(&'static [Entry<S>]),
    /// One whose rows depend on the machine.
    Chosen(fn() -> &'static [Entry<S>]),
    /// A directory whose names are numbers.
    Numbers(&'static Numbers<S>),
}

/// The entry of a number (its name is not used), and what its generators are told about.
pub type Numbered<S> = (&'static Entry<S>, S);

/// A directory whose names are numbers: how to list them and what each one is.
pub struct Numbers<S: 'static> {
    /// What all the entries are.
    pub kind: NodeKind,
    /// The first number that is at least the given one.
    pub next: fn(&S, u32) -> Option<u32>,
    /// What a number stands for.
    pub entry: fn(&S, u32) -> Result<Numbered<S>>,
}

/// What process entries are about.
#[derive(Clone)]
pub struct Subject {
    process: Weak<Process>,
    /// The thread, for entries of one; else the process's first thread stands for it.
    task: Option<Weak<Task>>,
    /// The descriptor, in `fd` and `fdinfo`.
    pub number: u32,
}

impl Subject {
    /// About a process.
    pub fn process_of(process: &Arc<Process>) -> Self {
        Self { process: Arc::downgrade(process), task: None, number: 0 }
    }

    /// About a thread.
    pub fn thread_of(task: &Arc<Task>) -> Self {
        Self { process: Arc::downgrade(task.process()), task: Some(Arc::downgrade(task)), number: 0 }
    }

    /// The same, with a descriptor's number.
    pub fn numbered(&self, number: u32) -> Self {
        Self { number, ..self.clone() }
    }

    /// The process, a zombie included. [`Kind::NoProcess`] once it is gone.
    pub fn process(&self) -> Result<Arc<Process>> {
        let process = self.process.upgrade().ok_or(Kind::NoProcess)?;
        let listed = table::process(process.pid()).is_some_and(|listed| Arc::ptr_eq(&listed, &process));
        if listed {
            Ok(process)
        } else {
            Err(Kind::NoProcess.into())
        }
    }

    /// The thread, or one of the process. [`Kind::NoProcess`] once it is gone.
    pub fn task(&self) -> Result<Arc<Task>> {
        match &self.task {
            Some(task) => task.upgrade().filter(|task| table::task(task.tid()).is_some()),
            None => self.process()?.any_task(),
        }
        .ok_or_else(|| Kind::NoProcess.into())
    }

    /// Is it about one thread?
    pub fn is_thread(&self) -> bool {
        self.task.is_some()
    }

    /// The number that the directory is named by.
    pub fn id(&self) -> Result<i32> {
        match &self.task {
            Some(_) => self.task().map(|task| task.tid()),
            None => self.process().map(|process| process.pid()),
        }
    }
}

/// An inode's row and subject.
enum Place {
    Root,
    System(&'static Entry<()>),
    Process(&'static Entry<Subject>, Subject),
}

struct GeneratedInode {
    core: InodeCore,
    volume: &'static Volume,
    place: Place,
}

struct Generated {
    volume: &'static Volume,
    root: InodeRef,
}

/// A file system of generated files.
pub fn new(volume: &'static Volume) -> Arc<dyn FileSystem> {
    Arc::new(Generated { volume, root: inode(volume, Place::Root) })
}

impl FileSystem for Generated {
    fn type_name(&self) -> &'static str {
        self.volume.type_name
    }
    fn root(&self) -> InodeRef {
        self.root.clone()
    }
    fn statfs(&self) -> Result<FsStat> {
        Ok(FsStat { magic: self.volume.magic, block_size: 4096, name_max: 255, ..FsStat::default() })
    }
    fn device(&self) -> DeviceNumber {
        self.volume.device
    }
}

impl<S> Node<S> {
    /// The rows of a directory.
    fn rows(&self) -> Option<&'static [Entry<S>]> {
        match self {
            Node::Directory(entries) => Some(entries),
            Node::Chosen(choose) => Some(choose()),
            _ => None,
        }
    }
}

fn kind_of<S>(node: &Node<S>) -> NodeKind {
    match node {
        Node::File(_) | Node::Setting(..) => NodeKind::File,
        Node::Link(_) | Node::MagicLink(..) => NodeKind::Symlink,
        Node::Directory(_) | Node::Chosen(_) | Node::Numbers(_) => NodeKind::Directory,
    }
}

/// A number that stays the same while the thing does: its row's address, spread by what it is about.
fn inode_number<S>(entry: &'static Entry<S>, about: u64) -> u64 {
    (core::ptr::from_ref(entry) as u64 & 0xffff_ffff) ^ about.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8
}

fn inode(volume: &'static Volume, place: Place) -> InodeRef {
    let (number, kind, mode, owner) = match &place {
        Place::Root => (ROOT_NUMBER, NodeKind::Directory, 0o555, (0, 0)),
        Place::System(entry) => (inode_number(*entry, 0), kind_of(&entry.node), entry.mode, (0, 0)),
        Place::Process(entry, subject) => {
            let about = subject.id().unwrap_or(0) as u64 * 2 + u64::from(subject.is_thread());
            let about = about << 32 | u64::from(subject.number);
            let dumpable = |task: &Arc<Task>| task.process().dumpable.load(Ordering::Relaxed);
            let owner = subject.task().ok().filter(dumpable).map_or((0, 0), |task| {
                let creds = task.creds_snapshot();
                (creds.euid, creds.egid)
            });
            (inode_number(*entry, about + 1), kind_of(&entry.node), entry.mode, owner)
        }
    };
    let owner = Owner { uid: owner.0, gid: owner.1, ..Owner::root(mode) };
    let core = InodeCore::new(number, kind, volume.device, DeviceNumber::default(), owner);
    match &place {
        Place::System(_) => {}
        Place::Root => core.set_flags(InodeFlags::NO_NEGATIVE, volume.processes),
        Place::Process(entry, _) => {
            core.set_flags(InodeFlags::NO_NEGATIVE | InodeFlags::REVALIDATE, true);
            core.set_flags(InodeFlags::MAGIC_LINK, matches!(entry.node, Node::MagicLink(..)));
        }
    }
    if kind == NodeKind::Directory {
        core.set_links(2);
    }
    Arc::new(GeneratedInode { core, volume, place })
}

/// A decimal number without a sign or leading zeros.
fn parse_number(name: &[u8]) -> Option<u32> {
    if name.len() > 1 && name[0] == b'0' {
        return None;
    }
    core::str::from_utf8(name).ok().filter(|text| !text.starts_with('+'))?.parse().ok()
}

fn find<S>(entries: &'static [Entry<S>], name: &[u8]) -> Result<&'static Entry<S>> {
    entries.iter().find(|entry| entry.name.as_bytes() == name).ok_or_else(|| Kind::NotFound.into())
}

/// The inode of a process by its number.
fn process_inode(volume: &'static Volume, pid: u32) -> Result<InodeRef> {
    // Threads have directories too, though they are not listed.
    let subject = match table::process(pid as i32) {
        Some(process) => Subject::process_of(&process),
        None => Subject::thread_of(&table::task(pid as i32).ok_or(Kind::NotFound)?),
    };
    Ok(inode(volume, Place::Process(&process::PROCESS, subject)))
}

/// Positions in a listing: `.`, `..`, then the rows of the table, then numbers from `NUMBERS` on.
const NUMBERS: u64 = 1 << 32;

struct Lister<'a> {
    position: u64,
    emit: &'a mut dyn FnMut(DirEntry) -> bool,
}

impl Lister<'_> {
    /// Hands out one entry; false if the reader has enough.
    fn put(&mut self, name: &[u8], inode: u64, kind: NodeKind, next: u64) -> bool {
        let taken = (self.emit)(DirEntry { inode, kind, name, next });
        if taken {
            self.position = next;
        }
        taken
    }

    fn dots(&mut self, inode: u64) -> bool {
        for (at, name) in [(0, &b"."[..]), (1, &b".."[..])] {
            if self.position == at && !self.put(name, inode, NodeKind::Directory, at + 1) {
                return false;
            }
        }
        true
    }

    fn rows<S>(&mut self, entries: &'static [Entry<S>], about: u64) -> bool {
        while self.position < NUMBERS {
            let Some(entry) = entries.get((self.position - 2) as usize) else { break };
            let number = inode_number(entry, about);
            if !self.put(entry.name.as_bytes(), number, kind_of(&entry.node), self.position + 1) {
                return false;
            }
        }
        true
    }

    fn numbers(&mut self, kind: NodeKind, mut next: impl FnMut(u32) -> Option<u32>) {
        self.position = self.position.max(NUMBERS);
        while let Some(number) = next((self.position - NUMBERS) as u32) {
            let name = format!("{number}");
            if !self.put(name.as_bytes(), u64::from(number) + NUMBERS, kind, NUMBERS + u64::from(number) + 1)
            {
                return;
            }
        }
    }
}

impl GeneratedInode {
    /// Generates the content of a file or the text of a link.
    fn generate(&self) -> Result<Vec<u8>> {
        let mut text = Text::new();
        match &self.place {
            Place::Root => return Err(Kind::IsDirectory.into()),
            Place::System(entry) => generate(&entry.node, &(), &mut text)?,
            Place::Process(entry, subject) => generate(&entry.node, subject, &mut text)?,
        }
        text.finish()
    }

    fn store(&self, bytes: &[u8]) -> Result<()> {
        match &self.place {
            Place::System(Entry { node: Node::Setting(_, store), .. }) => store(&(), bytes),
            Place::Process(Entry { node: Node::Setting(_, store), .. }, subject) => store(subject, bytes),
            _ => Err(Kind::Io.into()),
        }
    }
}

fn generate<S>(node: &Node<S>, subject: &S, text: &mut Text) -> Result<()> {
    match node {
        Node::File(write) | Node::Setting(write, _) | Node::Link(write) | Node::MagicLink(_, write) => {
            write(subject, text)
        }
        Node::Directory(_) | Node::Chosen(_) | Node::Numbers(_) => Err(Kind::IsDirectory.into()),
    }
}

impl Inode for GeneratedInode {
    fn core(&self) -> &InodeCore {
        &self.core
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = self.core.metadata();
        if let Place::Process(Entry { node: Node::Numbers(numbers), .. }, subject) = &self.place {
            if numbers.kind == NodeKind::Directory {
                let count =
                    core::iter::successors((numbers.next)(subject, 0), |n| (numbers.next)(subject, n + 1));
                metadata.links = 2 + count.count() as u32;
            }
        }
        metadata
    }

    fn still_valid(&self) -> bool {
        match &self.place {
            Place::Process(Entry { node: Node::MagicLink(follow, _), .. }, subject) => {
                follow(subject).is_ok()
            }
            Place::Process(_, subject) => subject.id().is_ok(),
            _ => true,
        }
    }

    fn set_attr(&self, attr: &SetAttr) -> Result<()> {
        // Opening a setting with O_TRUNC is how shells write to it.
        if attr.size.is_some() {
            return Ok(());
        }
        Err(Kind::NotPermitted.into())
    }

    fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        match &self.place {
            Place::Root => match parse_number(name).filter(|_| self.volume.processes) {
                Some(pid) => process_inode(self.volume, pid),
                None => Ok(inode(self.volume, Place::System(find(self.volume.entries, name)?))),
            },
            Place::System(entry) => {
                let entries = entry.node.rows().ok_or(Kind::NotDirectory)?;
                Ok(inode(self.volume, Place::System(find(entries, name)?)))
            }
            Place::Process(Entry { node: Node::Directory(entries), .. }, subject) => {
                subject.id()?;
                Ok(inode(self.volume, Place::Process(find(entries, name)?, subject.clone())))
            }
            Place::Process(Entry { node: Node::Numbers(numbers), .. }, subject) => {
                let number = parse_number(name).ok_or(Kind::NotFound)?;
                let (entry, subject) = (numbers.entry)(subject, number)?;
                Ok(inode(self.volume, Place::Process(entry, subject)))
            }
            _ => Err(Kind::NotDirectory.into()),
        }
    }

    fn read_dir(&self, from: u64, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<u64> {
        let mut lister = Lister { position: from, emit };
        if !lister.dots(self.core.number) {
            return Ok(lister.position);
        }
        match &self.place {
            Place::Root => {
                if lister.rows(self.volume.entries, 0) && self.volume.processes {
                    lister.numbers(NodeKind::Directory, |from| {
                        table::process_from(from as i32).map(|process| process.pid() as u32)
                    });
                }
            }
            Place::System(entry) => {
                lister.rows(entry.node.rows().ok_or(Kind::NotDirectory)?, 0);
            }
            Place::Process(Entry { node: Node::Directory(entries), .. }, subject) => {
                lister.rows(entries, subject.id()? as u64);
            }
            Place::Process(Entry { node: Node::Numbers(numbers), .. }, subject) => {
                lister.numbers(numbers.kind, |from| (numbers.next)(subject, from));
            }
            _ => return Err(Kind::NotDirectory.into()),
        }
        Ok(lister.position)
    }

    fn read_link(&self) -> Result<Arc<[u8]>> {
        Ok(self.generate()?.into())
    }

    fn follow(&self) -> Result<Follow> {
        match &self.place {
            Place::Process(Entry { node: Node::MagicLink(follow, _), .. }, subject) => follow(subject),
            _ => self.read_link().map(Follow::Text),
        }
    }

    fn open(self: Arc<Self>, _request: &OpenRequest) -> Result<Arc<dyn File>> {
        if let Place::Process(_, subject) = &self.place {
            subject.id()?;
        }
        Ok(Arc::new(GeneratedFile { inode: self, content: Mutex::new(None) }))
    }
}

/// An open file or directory. The content is generated by a read from the beginning and then stays, so
/// that a reader in pieces sees one state.
struct GeneratedFile {
    inode: Arc<GeneratedInode>,
    content: Mutex<Option<Vec<u8>>>,
}

impl File for GeneratedFile {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        let mut content = self.content.lock();
        if content.is_none() || io.position == 0 {
            *content = Some(self.inode.generate()?);
        }
        let bytes = content.as_deref().unwrap_or_default();
        let rest = usize::try_from(io.position).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
        let count = dest.put(&rest[..rest.len().min(dest.remaining())])?;
        io.position += count as u64;
        Ok(count)
    }

    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        let mut bytes = [0; 256];
        let length = source.remaining();
        if length > bytes.len() {
            return Err(Kind::Invalid.into());
        }
        let count = source.take(&mut bytes[..length])?;
        self.inode.store(&bytes[..count])?;
        io.position += count as u64;
        Ok(count)
    }

    fn seekable(&self) -> bool {
        true
    }

    fn seek(&self, current: u64, offset: i64, whence: Whence) -> Result<u64> {
        exo_kernel::vfs::seek_address(current, offset, whence)
    }

    fn pollable(&self) -> bool {
        false
    }

    fn inode(&self) -> Option<InodeRef> {
        Some(self.inode.clone())
    }

    fn read_dir(&self, io: &mut Io, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<()> {
        io.position = self.inode.read_dir(io.position, emit)?;
        Ok(())
    }
}

/// The text of `/proc/self` and `/proc/thread-self`.
pub(super) fn own_directory(thread: bool, text: &mut Text) -> Result<()> {
    let task = current_or_none().ok_or(Kind::NotFound)?;
    text.print(format_args!("{}", task.pid()));
    if thread {
        text.print(format_args!("/task/{}", task.tid()));
    }
    Ok(())
}
