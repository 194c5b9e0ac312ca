//! The file to execute: opened, checked, and followed through `#!` lines to the program proper.

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::cap::{Capability, Rights};
use exo_kernel::user::IoDest;
use exo_kernel::vfs::{
    self, Access, DenyWrite, Lookup, Metadata, MountFlags, NodeKind, OpenFile, OpenFlags, OpenOptions, Path,
};
use posix_x_abi::uapi::general::AT_SYMLINK_NOFOLLOW;

use super::Arguments;
use crate::fs::at;
use crate::process::Task;
use crate::{Errno, Fd};

/// Bytes of a file's start that decide what it is.
pub const START_SIZE: usize = 256;
/// Interpreters of interpreters, at most.
const DEPTH_MAX: usize = 5;

/// A file that is being executed. While it is, nobody may write to it.
pub struct Program {
    file: Arc<OpenFile>,
    path: Path,
    deny_write: Arc<DenyWrite>,
    metadata: Metadata,
    /// As it was named.
    name: Vec<u8>,
    /// What `AT_EXECFN` tells.
    called: Vec<u8>,
    /// That name leads through a descriptor which will be closed by the exec.
    vanishes: bool,
    start: Vec<u8>,
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(|_| Errno::ENOMEM)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

impl Program {
    /// Opens what `path` (from `dirfd`) names.
    pub fn open(t: &Task, dirfd: Fd, path: &[u8], flags: u32) -> Result<Self, Errno> {
        let caller = at::caller(t);
        let context = caller.context();
        let lookup = if flags & AT_SYMLINK_NOFOLLOW != 0 { Lookup::empty() } else { Lookup::FOLLOW };
        let relative = path.first() != Some(&b'/');
        let start = if dirfd == Fd::CWD || !relative { None } else { Some(start_of(t, dirfd)?) };
        let place = if path.is_empty() {
            t.files().capability(dirfd.0)?.file(Rights::EXEC)?;
            start.clone().ok_or(Errno::ENOENT)?
        } else {
            vfs::resolve(&context, start.as_ref(), path, lookup)?
        };
        if place.inode().kind() == NodeKind::Symlink {
            return Err(Errno::ELOOP);
        }
        let called = match (path.is_empty(), start.is_some()) {
            (_, false) => copy(path)?,
            (true, true) => alloc::format!("/dev/fd/{}", dirfd.0).into_bytes(),
            (false, true) => {
                let mut called = alloc::format!("/dev/fd/{}/", dirfd.0).into_bytes();
                called.extend_from_slice(path);
                called
            }
        };
        let vanishes = start.is_some() && t.files().close_on_exec(dirfd.0)?;
        Ok(Self { vanishes, ..Self::from_place(t, place, called)? })
    }

    /// Opens a place.
    fn from_place(t: &Task, path: Path, called: Vec<u8>) -> Result<Self, Errno> {
        let metadata = path.metadata();
        let no_exec = path.mount().flags().contains(MountFlags::NO_EXEC);
        if metadata.kind != NodeKind::File || no_exec {
            return Err(Errno::EACCES);
        }
        let how = OpenOptions { access: Access::empty(), flags: OpenFlags::EXEC, ..OpenOptions::READ };
        let file = vfs::open_path(&at::caller(t).context(), path.clone(), &how)?;
        let deny_write = Arc::new(DenyWrite::new(path.inode())?);
        let name = copy(called.rsplit(|byte| *byte == b'/').next().unwrap_or(&called))?;
        let mut program = Self {
            file,
            path,
            deny_write,
            metadata,
            name,
            called,
            vanishes: false,
            start: copy(&[0; START_SIZE])?,
        };
        let mut start = core::mem::take(&mut program.start);
        let length = program.read(&mut start, 0)?;
        start.truncate(length);
        program.start = start;
        Ok(program)
    }

    /// Reads from the file; less than asked for at its end.
    pub fn read(&self, out: &mut [u8], offset: u64) -> Result<usize, Errno> {
        let mut done = 0;
        while done < out.len() {
            let count = self.file.read_at(&mut IoDest::kernel(&mut out[done..]), offset + done as u64)?;
            if count == 0 {
                break;
            }
            done += count;
        }
        Ok(done)
    }

    /// The first bytes.
    pub fn start(&self) -> &[u8] {
        &self.start
    }
    /// The file, to map.
    pub fn file(&self) -> &Arc<OpenFile> {
        &self.file
    }
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// What keeps it from being written to.
    pub fn deny_write(&self) -> &Arc<DenyWrite> {
        &self.deny_write
    }
    /// Its attributes when it was opened.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
    /// The switches of its mount.
    pub fn mount_flags(&self) -> MountFlags {
        self.path.mount().flags()
    }
    /// The last component of its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }
    /// How it was called.
    pub fn called(&self) -> &[u8] {
        &self.called
    }

    /// Follows `#!` lines. What comes back is no script.
    pub fn interpret(self, t: &Task, arguments: Arguments) -> Result<(Self, Arguments), Errno> {
        let (mut program, mut arguments) = (self, arguments);
        let (name, called) = (copy(&program.name)?, copy(&program.called)?);
        let mut depth = 0;
        while let Some(line) = script_line(program.start())? {
            depth += 1;
            if depth > DEPTH_MAX {
                return Err(Errno::ELOOP);
            }
            if program.vanishes {
                return Err(Errno::ENOENT);
            }
            let (interpreter, option) = (copy(line.interpreter)?, line.option.map(copy).transpose()?);
            arguments = arguments.for_script(&interpreter, option.as_deref(), &program.called)?;
            program = Self::open(t, Fd::CWD, &interpreter, 0)?;
        }
        if depth > 0 {
            // The process is named after the script.
            (program.name, program.called) = (name, called);
        }
        Ok((program, arguments))
    }
}

/// Where a relative path starts: what the descriptor stands for.
fn start_of(t: &Task, fd: Fd) -> Result<Path, Errno> {
    let capability: Capability = t.files().capability(fd.0)?;
    Ok(capability.start()?.clone())
}

struct ScriptLine<'a> {
    interpreter: &'a [u8],
    option: Option<&'a [u8]>,
}

/// The parts of a `#!` line; `None` if the file is no script.
fn script_line(start: &[u8]) -> Result<Option<ScriptLine<'_>>, Errno> {
    let Some(rest) = start.strip_prefix(b"#!") else { return Ok(None) };
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let end = rest.iter().position(|byte| *byte == b'\n');
    let line = &rest[..end.unwrap_or(rest.len())];
    let line = &line[line.iter().position(|byte| !blank(byte)).unwrap_or(line.len())..];
    let length = line.iter().position(|byte| blank(byte) || *byte == 0);
    // A name that may go on beyond what was read is no name.
    if length.is_none() && end.is_none() && start.len() == START_SIZE {
        return Err(Errno::ENOEXEC);
    }
    let (interpreter, option) = line.split_at(length.unwrap_or(line.len()));
    if interpreter.is_empty() {
        return Err(Errno::ENOEXEC);
    }
    let option = option.split(|byte| *byte == 0).next().unwrap_or(&[]).trim_ascii();
    Ok(Some(ScriptLine { interpreter, option: (!option.is_empty()).then_some(option) }))
}
