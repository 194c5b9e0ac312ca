//! Unpacks a tar archive into a directory: what fills the root file system at boot.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use archive::{Corrupt, Entry, Kind as EntryKind};

use super::access::Credentials;
use super::inode::{InodeRef, NewNode};
use super::open::{self, OpenOptions};
use super::path::Path;
use super::types::{Access, DeviceNumber, Lookup, OpenFlags, SetAttr, Timestamp};
use super::walk::{self, Context};
use super::{entries, types::NodeKind};
use crate::user::IoSource;
use crate::{Error, Kind, Result};

/// What was unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    pub entries: usize,
    /// Bytes of file contents.
    pub bytes: u64,
}

/// Why unpacking stopped.
pub enum Failure {
    /// The archive is damaged.
    Corrupt(Corrupt),
    /// This file could not be made.
    File { path: String, error: Error },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(corrupt) => write!(f, "corrupt archive: {corrupt}"),
            Self::File { path, error } => write!(f, "cannot unpack {path}: {error:?}"),
        }
    }
}

/// Unpacks `archive` (one tar or several, one after the other) into the directory `root`. What is there already
/// is replaced, directories excepted.
pub fn unpack(archive: &[u8], root: &Path) -> core::result::Result<Unpacked, Failure> {
    let creds = Credentials::kernel();
    let unpacker = Unpacker { root, creds: &creds };
    let mut done = Unpacked::default();
    let mut directories = Vec::new();
    for entry in archive::entries(archive) {
        let entry = entry.map_err(Failure::Corrupt)?;
        let made = unpacker.entry(&entry).map_err(|error| Failure::File {
            path: String::from_utf8_lossy(&entry.path).into_owned(),
            error,
        })?;
        if made.kind() == NodeKind::Directory {
            // Its times change with every entry made in it: they are set at the end.
            directories.push((made, entry.modified));
        }
        done.entries += 1;
        if let EntryKind::File(content) = entry.kind {
            done.bytes += content.len() as u64;
        }
    }
    for (directory, modified) in directories {
        set_time(&directory, modified);
    }
    Ok(done)
}

fn set_time(inode: &InodeRef, (seconds, nanoseconds): (i64, u32)) {
    let time = Timestamp { seconds, nanoseconds };
    inode.core().update_times(|times| {
        times.accessed = time;
        times.modified = time;
    });
}

struct Unpacker<'a> {
    root: &'a Path,
    creds: &'a Credentials,
}

impl Unpacker<'_> {
    fn context(&self) -> Context<'_> {
        Context::new(self.root, self.root, self.creds, 0)
    }

    fn entry(&self, entry: &Entry) -> Result<InodeRef> {
        let path = clean(&entry.path)?;
        let inode = if path.is_empty() { self.root.inode().clone() } else { self.make(&path, entry)? };
        if !matches!(entry.kind, EntryKind::HardLink(_)) {
            let link = matches!(entry.kind, EntryKind::Symlink(_));
            let mode = (!link).then_some(entry.mode);
            let attr = SetAttr { mode, uid: Some(entry.uid), gid: Some(entry.gid), ..SetAttr::default() };
            inode.set_attr(&attr)?;
            set_time(&inode, entry.modified);
        }
        Ok(inode)
    }

    fn make(&self, path: &[u8], entry: &Entry) -> Result<InodeRef> {
        self.make_parents(path)?;
        let ctx = self.context();
        if matches!(entry.kind, EntryKind::Directory) {
            return self.directory(path);
        }
        match entries::unlink(&ctx, None, path) {
            Err(error) if error != Kind::NotFound => return Err(error),
            _ => {}
        }
        let make = |node| entries::make(&ctx, None, path, node, entry.mode).map(|made| made.inode().clone());
        match &entry.kind {
            EntryKind::File(content) => self.file(path, content),
            EntryKind::Symlink(target) => make(NewNode::Symlink(target)),
            EntryKind::HardLink(target) => {
                let target = clean(target)?;
                let old = walk::resolve(&ctx, None, &target, Lookup::empty())?;
                entries::link(&ctx, &old, None, path)?;
                Ok(old.inode().clone())
            }
            EntryKind::CharDevice { major, minor } => {
                make(NewNode::CharDevice(DeviceNumber::new(*major, *minor)))
            }
            EntryKind::BlockDevice { major, minor } => {
                make(NewNode::BlockDevice(DeviceNumber::new(*major, *minor)))
            }
            EntryKind::Fifo => make(NewNode::Fifo),
            EntryKind::Directory => self.directory(path),
        }
    }

    fn file(&self, path: &[u8], content: &[u8]) -> Result<InodeRef> {
        let how = OpenOptions {
            access: Access::WRITE,
            flags: OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
            mode: 0o600,
            ..OpenOptions::READ
        };
        let file = open::open(&self.context(), None, path, &how)?;
        let mut source = IoSource::kernel(content);
        while source.remaining() > 0 {
            if file.write(&mut source, u64::MAX)? == 0 {
                return Err(Kind::NoSpace.into());
            }
        }
        file.inode().ok_or(Kind::Stale.into())
    }

    /// The directory at `path`, made if it is not there.
    fn directory(&self, path: &[u8]) -> Result<InodeRef> {
        let ctx = self.context();
        match entries::make(&ctx, None, path, NewNode::Directory, 0o755) {
            Ok(made) => Ok(made.inode().clone()),
            Err(error) if error == Kind::Exists => {
                let there = walk::resolve(&ctx, None, path, Lookup::FOLLOW | Lookup::DIRECTORY)?;
                Ok(there.inode().clone())
            }
            Err(error) => Err(error),
        }
    }

    fn make_parents(&self, path: &[u8]) -> Result<()> {
        let Some(end) = path.iter().rposition(|&byte| byte == b'/') else { return Ok(()) };
        let parent = &path[..end];
        if walk::resolve(&self.context(), None, parent, Lookup::FOLLOW).is_ok() {
            return Ok(());
        }
        let ends = (1..=end).filter(|&at| at == end || path[at] == b'/');
        ends.map(|at| self.directory(&path[..at])).try_for_each(|made| made.map(drop))
    }
}

/// The path without `.` and slashes that mean nothing. [`Kind::Invalid`] if it leads out of the directory.
fn clean(path: &[u8]) -> Result<Vec<u8>> {
    let names = || path.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    if names().any(|name| name == b"..") {
        return Err(Kind::Invalid.into());
    }
    let mut clean = Vec::new();
    clean.try_reserve_exact(path.len()).map_err(|_| Kind::NoMemory)?;
    for name in names() {
        if !clean.is_empty() {
            clean.push(b'/');
        }
        clean.extend_from_slice(name);
    }
    Ok(clean)
}
