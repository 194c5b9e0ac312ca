//! `struct msghdr` and its control data: capabilities (`SCM_RIGHTS`) and credentials (`SCM_CREDENTIALS`).

use alloc::vec::Vec;

use bytemuck::{Pod, Zeroable};
use exo_kernel::cap::Rights;
use exo_kernel::ipc::unix::{Ancillary, Peer};
use exo_kernel::user::UserPtr;
use posix_x_abi::types::Iovec;
use posix_x_abi::Promises;

use super::collect;
use crate::fd::{self, FdTable};
use crate::security::{confine, Caps};
use crate::{Errno, Task, UserAddr};

/// `SOL_SOCKET`.
pub const SOL_SOCKET: i32 = 1;
const SCM_RIGHTS: i32 = 1;
const SCM_CREDENTIALS: i32 = 2;

/// `SCM_MAX_FD`.
const MAX_RIGHTS: usize = 253;
/// More control data than any sender needs (Linux's `optmem_max`).
const MAX_CONTROL: usize = 20_480;

/// Bits of `msg_flags`.
pub const MSG_CTRUNC: u32 = 8;
pub const MSG_TRUNC: u32 = 0x20;

/// `struct msghdr`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct MessageHeader {
    pub name: u64,
    pub name_length: u32,
    pad0: u32,
    pub vector: u64,
    pub vector_length: u64,
    pub control: u64,
    pub control_length: u64,
    pub flags: u32,
    pad1: u32,
}

impl MessageHeader {
    /// The buffers.
    pub fn vector(&self) -> UserPtr<Iovec> {
        UserPtr::new(self.vector as usize)
    }
    /// Where the address is or goes to.
    pub fn name(&self) -> UserAddr {
        UserPtr::new(self.name as usize)
    }
}

/// `struct cmsghdr`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct ControlHeader {
    length: u64,
    level: i32,
    kind: i32,
}

const HEADER: usize = size_of::<ControlHeader>();

const fn align(length: usize) -> usize {
    (length + 7) & !7
}

fn word(bytes: &[u8], index: usize) -> i32 {
    bytes[index * 4..][..4].try_into().map(i32::from_ne_bytes).unwrap_or_default()
}

/// Who the calling process is for a peer: its own effective ids.
pub fn caller(t: &Task) -> Peer {
    let creds = t.creds();
    Peer { process: t.process().pid() as u32, user: creds.euid, group: creds.egid }
}

/// Reads control data that is to be sent.
pub fn import_control(t: &Task, header: &MessageHeader) -> Result<Ancillary, Errno> {
    let mut ancillary = Ancillary::default();
    let length = usize::try_from(header.control_length).map_err(|_| Errno::ENOBUFS)?;
    if length > MAX_CONTROL {
        return Err(Errno::ENOBUFS);
    }
    if header.control == 0 || length < HEADER {
        return Ok(ancillary);
    }
    // Who sends control data says who it is.
    ancillary.sender = caller_real(t);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Errno::ENOBUFS)?;
    bytes.resize(length, 0);
    UserAddr::new(header.control as usize).read_slice(&mut bytes)?;
    let mut rest = &bytes[..];
    while rest.len() >= HEADER {
        let control: ControlHeader = bytemuck::pod_read_unaligned(&rest[..HEADER]);
        let size = usize::try_from(control.length).map_err(|_| Errno::EINVAL)?;
        if size < HEADER || size > rest.len() {
            return Err(Errno::EINVAL);
        }
        if control.level == SOL_SOCKET {
            import_one(t, control.kind, &rest[HEADER..size], &mut ancillary)?;
        }
        rest = rest.get(align(size)..).unwrap_or_default();
    }
    if !ancillary.rights.is_empty() {
        ancillary.toll = Some(collect::toll(t, ancillary.rights.len())?);
    }
    Ok(ancillary)
}

fn import_one(t: &Task, kind: i32, data: &[u8], ancillary: &mut Ancillary) -> Result<(), Errno> {
    match kind {
        SCM_RIGHTS => {
            confine::require(t, Promises::sendfd)?;
            let count = data.len() / 4;
            if count + ancillary.rights.len() > MAX_RIGHTS {
                return Err(Errno::EINVAL);
            }
            ancillary.rights.try_reserve(count).map_err(|_| Errno::ENOMEM)?;
            for index in 0..count {
                let capability = FdTable::get(t.files(), word(data, index))?;
                capability.file(Rights::TRANSFER)?;
                collect::note(&capability)?;
                ancillary.rights.push(capability.clone());
            }
            Ok(())
        }
        SCM_CREDENTIALS if data.len() == 12 => {
            let claimed = Peer {
                process: word(data, 0) as u32,
                user: word(data, 1) as u32,
                group: word(data, 2) as u32,
            };
            if !may_claim(t, claimed) {
                return Err(Errno::EPERM);
            }
            ancillary.sender = claimed;
            Ok(())
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The credentials that go with every message: the real ids.
pub fn caller_real(t: &Task) -> Peer {
    let creds = t.creds();
    Peer { process: t.process().pid() as u32, user: creds.uid, group: creds.gid }
}

/// The id of somebody who did not say is that of nobody (`overflowuid`).
fn known(id: u32) -> i32 {
    const OVERFLOW_ID: i32 = 65534;
    i32::try_from(id).unwrap_or(OVERFLOW_ID)
}

/// unix(7): its own process, and any of its ids; more only for the privileged.
fn may_claim(t: &Task, claimed: Peer) -> bool {
    let creds = t.creds();
    let process = claimed.process == t.process().pid() as u32 || creds.capable(Caps::SYS_ADMIN);
    let user = [creds.uid, creds.euid, creds.suid].contains(&claimed.user) || creds.capable(Caps::SETUID);
    let group = [creds.gid, creds.egid, creds.sgid].contains(&claimed.group) || creds.capable(Caps::SETGID);
    process && user && group
}

/// The control buffer of a receiver, as it fills up.
pub struct ControlWriter {
    target: UserAddr,
    room: usize,
    /// Bytes used.
    pub used: usize,
    /// Something did not fit.
    pub truncated: bool,
}

impl ControlWriter {
    /// The buffer that `header` names.
    pub fn new(header: &MessageHeader) -> Self {
        let room = if header.control == 0 { 0 } else { header.control_length.min(1 << 30) as usize };
        Self { target: UserAddr::new(header.control as usize), room, used: 0, truncated: false }
    }

    /// Adds what came with a message: credentials if asked for, then descriptors for the capabilities.
    pub fn put(
        &mut self,
        t: &Task,
        ancillary: Ancillary,
        credentials: bool,
        close_on_exec: bool,
    ) -> Result<(), Errno> {
        if credentials {
            let sender = ancillary.sender;
            let words = [sender.process as i32, known(sender.user), known(sender.group)];
            self.put_one(SCM_CREDENTIALS, &words)?;
        }
        if ancillary.rights.is_empty() {
            return Ok(());
        }
        confine::require(t, Promises::recvfd)?;
        // As many descriptors as the buffer can tell about; the others are closed again.
        let fitting = self.room.saturating_sub(self.used + HEADER) / 4;
        self.truncated |= fitting < ancillary.rights.len();
        let mut numbers = Vec::new();
        numbers.try_reserve_exact(ancillary.rights.len()).map_err(|_| Errno::ENOMEM)?;
        for capability in ancillary.rights.into_iter().take(fitting) {
            match t.files().insert(capability, close_on_exec, 0, fd::limit(t)) {
                Ok(fd) => numbers.push(fd),
                Err(_) => {
                    self.truncated = true;
                    break;
                }
            }
        }
        if numbers.is_empty() {
            return Ok(());
        }
        self.put_one(SCM_RIGHTS, &numbers)
    }

    fn put_one(&mut self, kind: i32, words: &[i32]) -> Result<(), Errno> {
        let room = self.room - self.used;
        if room < HEADER {
            self.truncated = true;
            return Ok(());
        }
        let full = HEADER + words.len() * 4;
        let length = full.min(room);
        self.truncated |= length < full;
        let header = ControlHeader { length: length as u64, level: SOL_SOCKET, kind };
        let place = self.target.add(self.used);
        place.cast::<ControlHeader>().write(&header)?;
        place.add(HEADER).write_slice(&bytemuck::cast_slice(words)[..length - HEADER])?;
        self.used = (self.used + align(length)).min(self.room);
        Ok(())
    }
}
