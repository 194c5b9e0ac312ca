//! Sending and receiving.

use core::sync::atomic::Ordering;

use exo_kernel::cap::Rights;
use exo_kernel::ipc::unix::{Ancillary, Peer, Receive, Received, SocketKind};
use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::Kind;
use posix_x_abi::types::Timespec;

use super::address;
use super::connection::{bind_automatically, find, nonblocking};
use super::message::{self, ControlWriter, MessageHeader, MSG_CTRUNC, MSG_TRUNC};
use super::socket::timed_out;
use super::Socket;
use crate::fd::{check_range, FdRef, FdTable, Segments, MAX_TRANSFER};
use crate::poll::Timeout;
use crate::signal;
use crate::{Errno, Fd, SysResult, Task, UserAddr};

const MSG_OOB: u32 = 1;
const MSG_PEEK: u32 = 2;
const MSG_DONTWAIT: u32 = 0x40;
const MSG_WAITALL: u32 = 0x100;
const MSG_NOSIGNAL: u32 = 0x4000;
const MSG_WAITFORONE: u32 = 0x1_0000;
const MSG_CMSG_CLOEXEC: u32 = 0x4000_0000;

/// `struct mmsghdr`: a message and the number of bytes moved.
const MULTI_SIZE: usize = size_of::<MessageHeader>() + 8;
/// `UIO_MAXIOV`.
const MAX_MESSAGES: u32 = 1024;

/// Where a message goes, if not to the connected peer.
struct Destination {
    address: UserAddr,
    length: u32,
}

fn send(
    t: &Task,
    capability: &FdRef,
    source: &mut IoSource,
    to: Destination,
    ancillary: Ancillary,
    flags: u32,
) -> SysResult {
    let socket = Socket::with(capability, Rights::WRITE)?;
    let endpoint = &socket.endpoint;
    let kind = endpoint.kind();
    let urgent = flags & MSG_OOB != 0;
    if urgent && (kind != SocketKind::Stream || source.remaining() == 0) {
        return Err(Errno::EOPNOTSUPP);
    }
    let mut ancillary = ancillary;
    let target = match (to.address.is_null() || to.length == 0, kind) {
        (true, _) | (false, SocketKind::SequencedPacket) => None,
        (false, SocketKind::Stream) => {
            return Err(if endpoint.peer_address().is_ok() { Errno::EISCONN } else { Errno::EOPNOTSUPP });
        }
        (false, SocketKind::Datagram) => {
            let target = find(t, address::import(to.address, to.length)?)?;
            if target.kind() != kind {
                return Err(Errno::EPROTOTYPE);
            }
            Some(target)
        }
    };
    if kind == SocketKind::Datagram && endpoint.passes_credentials() && endpoint.address().is_none() {
        // So that receivers can answer (unix(7)).
        bind_automatically(socket)?;
    }
    if ancillary.sender == Peer::NOBODY && endpoint.tells_credentials(target.as_ref()) {
        ancillary.sender = message::caller_real(t);
    }
    let nonblock = flags & MSG_DONTWAIT != 0 || nonblocking(capability)?;
    let mut patience = Socket::patience(&socket.send_timeout, nonblock);
    let sent = endpoint.send(source, target, ancillary, urgent, &mut patience);
    sent.map_err(|error| {
        if error == Kind::BrokenPipe && flags & MSG_NOSIGNAL == 0 {
            signal::raise(t, signal::SIGPIPE);
        }
        timed_out(error).into()
    })
}

/// Sends one buffer.
pub fn sendto(
    t: &Task,
    fd: Fd,
    buf: UserAddr,
    len: usize,
    flags: u32,
    addr: UserAddr,
    addrlen: u32,
) -> SysResult {
    let len = len.min(MAX_TRANSFER);
    check_range(buf.address(), len)?;
    let capability = FdTable::get(t.files(), fd.0)?;
    let ancillary = Ancillary::default();
    let to = Destination { address: addr, length: addrlen };
    send(t, &capability, &mut IoSource::user(buf.address(), len), to, ancillary, flags)
}

fn send_message(t: &Task, capability: &FdRef, header: UserPtr<MessageHeader>, flags: u32) -> SysResult {
    let header = header.read()?;
    let segments = import_segments(&header)?;
    let ancillary = message::import_control(t, &header)?;
    let to = Destination { address: header.name(), length: header.name_length };
    send(t, capability, &mut segments.source(), to, ancillary, flags)
}

/// Too many buffers is a message too long here.
fn import_segments(header: &MessageHeader) -> Result<Segments, Errno> {
    if header.name_length > i32::MAX as u32 {
        return Err(Errno::EINVAL);
    }
    let count =
        usize::try_from(header.vector_length).ok().filter(|&count| count <= 1024).ok_or(Errno::EMSGSIZE)?;
    Segments::import(header.vector(), count)
}

/// Sends a message: several buffers, and what travels beside them.
pub fn sendmsg(t: &Task, fd: Fd, msg: UserAddr, flags: u32) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    Socket::of(&capability)?;
    send_message(t, &capability, msg.cast(), flags)
}

/// Sends several messages. The number sent counts, even if an error ends it.
pub fn sendmmsg(t: &Task, fd: Fd, msgvec: UserAddr, vlen: u32, flags: u32) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    Socket::of(&capability)?;
    let mut done = 0;
    for index in 0..vlen.min(MAX_MESSAGES) as usize {
        let place = msgvec.add(index * MULTI_SIZE);
        let sent = send_message(t, &capability, place.cast(), flags).and_then(|bytes| {
            place.field::<u32>(size_of::<MessageHeader>()).write(&(bytes as u32))?;
            Ok(())
        });
        match sent {
            Ok(()) => done += 1,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

fn receive(capability: &FdRef, dest: &mut IoDest, flags: u32) -> Result<Received, Errno> {
    let socket = Socket::with(capability, Rights::READ)?;
    let mut how = Receive::empty();
    how.set(Receive::PEEK, flags & MSG_PEEK != 0);
    how.set(Receive::ALL, flags & MSG_WAITALL != 0);
    how.set(Receive::URGENT_INLINE, socket.urgent_inline());
    if flags & MSG_OOB != 0 {
        let bytes = socket.endpoint.receive_out_of_band(dest, how)?;
        return Ok(Received { bytes, message: bytes, urgent: true, ..Received::default() });
    }
    let nonblock = flags & MSG_DONTWAIT != 0 || nonblocking(capability)?;
    let mut patience = Socket::patience(&socket.receive_timeout, nonblock);
    let low_water = socket.low_water.load(Ordering::Relaxed) as usize;
    Ok(socket.endpoint.receive(dest, how, low_water, &mut patience).map_err(timed_out)?)
}

/// The result: with `MSG_TRUNC` the whole length of a message, even if it did not fit.
fn length(received: &Received, flags: u32) -> usize {
    if flags & MSG_TRUNC != 0 {
        received.message
    } else {
        received.bytes
    }
}

/// Stores the sender's name. One without a name is told by length 0.
fn export_sender(received: &Received, addr: UserAddr, addrlen: UserPtr<u32>) -> Result<(), Errno> {
    match &received.from {
        Some(name) => address::export(Some(&**name), addr, addrlen),
        None => Ok(addrlen.write(&0)?),
    }
}

/// Receives into one buffer.
pub fn recvfrom(
    t: &Task,
    fd: Fd,
    buf: UserAddr,
    len: usize,
    flags: u32,
    addr: UserAddr,
    addrlen: UserPtr<u32>,
) -> SysResult {
    let len = len.min(MAX_TRANSFER);
    check_range(buf.address(), len)?;
    let capability = FdTable::get(t.files(), fd.0)?;
    let received = receive(&capability, &mut IoDest::user(buf.address(), len), flags)?;
    if !addr.is_null() {
        export_sender(&received, addr, addrlen)?;
    }
    Ok(length(&received, flags))
}

/// Offsets of the fields of `struct msghdr` that a receive changes.
const NAME_LENGTH: usize = 8;
const CONTROL_LENGTH: usize = 40;
const FLAGS: usize = 48;

fn receive_message(t: &Task, capability: &FdRef, place: UserPtr<MessageHeader>, flags: u32) -> SysResult {
    let header = place.read()?;
    let segments = import_segments(&header)?;
    let mut received = receive(capability, &mut segments.dest(), flags)?;
    if header.name != 0 {
        export_sender(&received, header.name(), place.field(NAME_LENGTH))?;
    }
    let mut control = ControlWriter::new(&header);
    let socket = Socket::of(capability)?;
    // The end of a stream has a sender without numbers, that of packets none.
    let stream = socket.endpoint.kind() == SocketKind::Stream;
    if stream && received.bytes == 0 {
        received.ancillary.sender = Peer { process: 0, user: 0, group: 0 };
    }
    let from_somebody = received.packet || stream && !received.urgent;
    let credentials = from_somebody && socket.endpoint.passes_credentials();
    let ancillary = core::mem::take(&mut received.ancillary);
    control.put(t, ancillary, credentials, flags & MSG_CMSG_CLOEXEC != 0)?;
    let mut told = flags & MSG_CMSG_CLOEXEC;
    if received.truncated {
        told |= MSG_TRUNC;
    }
    if received.urgent {
        told |= MSG_OOB;
    }
    if control.truncated {
        told |= MSG_CTRUNC;
    }
    place.field::<u32>(FLAGS).write(&told)?;
    place.field::<u64>(CONTROL_LENGTH).write(&(control.used as u64))?;
    Ok(length(&received, flags))
}

/// Receives a message: into several buffers, with what travels beside them.
pub fn recvmsg(t: &Task, fd: Fd, msg: UserAddr, flags: u32) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    Socket::of(&capability)?;
    receive_message(t, &capability, msg.cast(), flags)
}

/// Receives several messages. The timeout is looked at after each of them, as in Linux.
pub fn recvmmsg(
    t: &Task,
    fd: Fd,
    msgvec: UserAddr,
    vlen: u32,
    flags: u32,
    timeout: UserPtr<Timespec>,
) -> SysResult {
    let limit = Timeout::from_timespec(timeout)?;
    let capability = FdTable::get(t.files(), fd.0)?;
    Socket::of(&capability)?;
    let mut flags_now = flags & !MSG_WAITFORONE;
    let mut done = 0;
    for index in 0..vlen.min(MAX_MESSAGES) as usize {
        let place = msgvec.add(index * MULTI_SIZE);
        let received = receive_message(t, &capability, place.cast(), flags_now).and_then(|bytes| {
            place.field::<u32>(size_of::<MessageHeader>()).write(&(bytes as u32))?;
            Ok(())
        });
        match received {
            Ok(()) => done += 1,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
        if flags & MSG_WAITFORONE != 0 {
            flags_now |= MSG_DONTWAIT;
        }
        if limit.is_over() {
            break;
        }
    }
    if done > 0 {
        limit.try_store_timespec(timeout)?;
    }
    Ok(done)
}
