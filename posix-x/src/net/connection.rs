//! Making, naming and connecting sockets.

use alloc::sync::Arc;
use exo_kernel::cap::Rights;
use exo_kernel::ipc::unix::{Address, Found, ShutdownSide, SocketKind, UnixSocket};
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{self, Access, Lookup, Metadata, NewNode, NodeKind, OpenFile, Status};
use exo_kernel::Kind;
use posix_x_abi::uapi::general::{O_CLOEXEC, O_NONBLOCK};
use posix_x_abi::Promises;

use super::address::{self, UserAddress, AF_UNIX, AF_UNSPEC};
use super::message::caller;
use super::socket::timed_out;
use super::Socket;
use crate::fd::{self, FdRef, FdTable};
use crate::fs::at;
use crate::security::confine;
use crate::{Errno, Fd, SysResult, Task, UserAddr};

const TYPE_MASK: u32 = 0xf;
/// Types up to here are known to Linux (`SOCK_PACKET`).
const LAST_TYPE: u32 = 10;
/// `net.core.somaxconn`.
const MAX_BACKLOG: i32 = 4096;

/// Checks family, type and protocol in Linux's order. The type comes without its flags.
fn decode(domain: i32, kind: u32, protocol: i32) -> Result<SocketKind, Errno> {
    if kind & !(TYPE_MASK | O_CLOEXEC | O_NONBLOCK) != 0 {
        return Err(Errno::EINVAL);
    }
    if domain != i32::from(AF_UNIX) {
        return Err(Errno::EAFNOSUPPORT);
    }
    let kind = kind & TYPE_MASK;
    if kind > LAST_TYPE {
        return Err(Errno::EINVAL);
    }
    if protocol != 0 && protocol != i32::from(AF_UNIX) {
        return Err(Errno::EPROTONOSUPPORT);
    }
    match kind {
        1 => Ok(SocketKind::Stream),
        // A raw local socket is a datagram socket (unix(7)).
        2 | 3 => Ok(SocketKind::Datagram),
        5 => Ok(SocketKind::SequencedPacket),
        _ => Err(Errno::ESOCKTNOSUPPORT),
    }
}

fn open(endpoint: UnixSocket, flags: u32) -> Arc<OpenFile> {
    OpenFile::new(Socket::new(endpoint), fd::READ_WRITE, fd::nonblock(flags))
}

/// What a descriptor stands for, for finding its [`Socket`].
fn lookup(t: &Task, fd: Fd) -> Result<FdRef<'_>, Errno> {
    FdTable::get(t.files(), fd.0)
}

/// Does a wait on this socket end at once?
pub(super) fn nonblocking(capability: &FdRef) -> Result<bool, Errno> {
    Ok(capability.file(Rights::empty())?.status().contains(Status::NONBLOCK))
}

/// A new socket.
pub fn socket(t: &Task, domain: i32, kind: i32, protocol: i32) -> SysResult {
    let flags = kind as u32;
    let kind = decode(domain, flags, protocol)?;
    fd::install(t, open(UnixSocket::new(kind, caller(t)), flags), flags)
}

/// Two sockets that are connected to each other.
pub fn socketpair(t: &Task, domain: i32, kind: i32, protocol: i32, fds: UserPtr<[i32; 2]>) -> SysResult {
    let flags = kind as u32;
    let kind = decode(domain, flags, protocol)?;
    let (one, two) = (t.files().reserve(fd::limit(t))?, t.files().reserve(fd::limit(t))?);
    fds.write(&[one.number(), two.number()])?;
    let (first, second) = UnixSocket::pair(kind, caller(t));
    one.install_file(open(first, flags), flags);
    two.install_file(open(second, flags), flags);
    Ok(0)
}

/// Gives a socket a name: a socket file, an abstract name, or (without any) an abstract name of five digits.
pub fn bind(t: &Task, fd: Fd, addr: UserAddr, addrlen: u32) -> SysResult {
    let capability = lookup(t, fd)?;
    let socket = Socket::with(&capability, Rights::CONTROL)?;
    match address::import(addr, addrlen)? {
        UserAddress::Unnamed if socket.endpoint.address().is_some() => {}
        UserAddress::Unnamed => bind_automatically(socket)?,
        UserAddress::Abstract(name) => socket.endpoint.bind(Address::Abstract(name))?,
        UserAddress::Path(path) => bind_path(t, socket, path)?,
    }
    Ok(0)
}

fn bind_path(t: &Task, socket: &Socket, path: alloc::vec::Vec<u8>) -> Result<(), Errno> {
    if socket.endpoint.address().is_some() {
        return Err(Errno::EINVAL);
    }
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let caller = at::caller(t);
    let mode = 0o777 & !t.fs().umask();
    let made = vfs::make(&caller.context(), None, &path, NewNode::Socket, mode);
    let place = made.map_err(|error| if error == Kind::Exists { Errno::EADDRINUSE } else { error.into() })?;
    Ok(socket.endpoint.bind(Address::Path { path, file: file_id(&place.metadata()) })?)
}

fn file_id(metadata: &Metadata) -> (u64, u64) {
    (u64::from(metadata.device.major) << 32 | u64::from(metadata.device.minor), metadata.inode)
}

pub(super) fn bind_automatically(socket: &Socket) -> Result<(), Errno> {
    const NAMES: u32 = 1 << 20;
    for number in 0..NAMES {
        match socket.endpoint.bind(Address::Abstract(alloc::format!("{number:05x}").into_bytes())) {
            Err(error) if error == Kind::AddressInUse => {}
            other => return Ok(other?),
        }
    }
    Err(Errno::ENOSPC)
}

/// The socket that an address names.
pub(super) fn find(t: &Task, address: UserAddress) -> Result<Found, Errno> {
    confine::require(t, Promises::unix)?;
    match address {
        UserAddress::Unnamed => Err(Errno::EINVAL),
        UserAddress::Abstract(name) => Ok(UnixSocket::find_abstract(&name)?),
        UserAddress::Path(path) if path.is_empty() => Err(Errno::ENOENT),
        UserAddress::Path(path) => {
            let caller = at::caller(t);
            let place = vfs::resolve(&caller.context(), None, &path, Lookup::FOLLOW)?;
            vfs::check_access(&caller.context(), &place, Access::WRITE)?;
            let metadata = place.metadata();
            if metadata.kind != NodeKind::Socket {
                return Err(Errno::ECONNREFUSED);
            }
            Ok(UnixSocket::find_file(file_id(&metadata))?)
        }
    }
}

/// Waits for connections from here on.
pub fn listen(t: &Task, fd: Fd, backlog: i32) -> SysResult {
    let capability = lookup(t, fd)?;
    let socket = Socket::with(&capability, Rights::CONTROL)?;
    // A negative backlog is a very large one.
    let backlog = if (0..=MAX_BACKLOG).contains(&backlog) { backlog } else { MAX_BACKLOG };
    socket.endpoint.listen(backlog as usize, caller(t))?;
    Ok(0)
}

/// Takes the next connection.
pub fn accept(t: &Task, fd: Fd, addr: UserAddr, addrlen: UserPtr<u32>) -> SysResult {
    accept4(t, fd, addr, addrlen, 0)
}

/// As [`accept`], with flags for the new descriptor.
pub fn accept4(t: &Task, fd: Fd, addr: UserAddr, addrlen: UserPtr<u32>, flags: u32) -> SysResult {
    if flags & !(O_CLOEXEC | O_NONBLOCK) != 0 {
        return Err(Errno::EINVAL);
    }
    let capability = lookup(t, fd)?;
    let socket = Socket::with(&capability, Rights::READ)?;
    if socket.endpoint.kind() == SocketKind::Datagram {
        return Err(Errno::EOPNOTSUPP);
    }
    let reserved = t.files().reserve(fd::limit(t))?;
    let mut patience = Socket::patience(&socket.receive_timeout, nonblocking(&capability)?);
    let endpoint = socket.endpoint.accept(&mut patience).map_err(timed_out)?;
    if !addr.is_null() {
        address::export(endpoint.peer_address()?.as_deref(), addr, addrlen)?;
    }
    Ok(reserved.install(capability.found(open(endpoint, flags))?, flags & O_CLOEXEC != 0) as usize)
}

/// Connects a socket to a listener, or sets a datagram socket's destination.
pub fn connect(t: &Task, fd: Fd, addr: UserAddr, addrlen: u32) -> SysResult {
    let capability = lookup(t, fd)?;
    let socket = Socket::with(&capability, Rights::CONTROL)?;
    if address::family(addr, addrlen)? == AF_UNSPEC && socket.endpoint.kind() == SocketKind::Datagram {
        socket.endpoint.disconnect();
        return Ok(0);
    }
    let address = address::import(addr, addrlen)?;
    if socket.endpoint.passes_credentials() && socket.endpoint.address().is_none() {
        // So that receivers can answer (unix(7)).
        bind_automatically(socket)?;
    }
    let target = find(t, address)?;
    let mut patience = Socket::patience(&socket.send_timeout, nonblocking(&capability)?);
    socket.endpoint.connect(&target, caller(t), &mut patience).map_err(timed_out)?;
    Ok(0)
}

/// Shuts one way of a connection, or both.
pub fn shutdown(t: &Task, fd: Fd, how: i32) -> SysResult {
    let capability = lookup(t, fd)?;
    let socket = Socket::with(&capability, Rights::CONTROL)?;
    let sides = match how {
        0 => ShutdownSide::RECEIVE,
        1 => ShutdownSide::SEND,
        2 => ShutdownSide::all(),
        _ => return Err(Errno::EINVAL),
    };
    socket.endpoint.shut_down(sides);
    Ok(0)
}

/// A socket's own name.
pub fn getsockname(t: &Task, fd: Fd, addr: UserAddr, addrlen: UserPtr<u32>) -> SysResult {
    let capability = lookup(t, fd)?;
    address::export(Socket::of(&capability)?.endpoint.address().as_deref(), addr, addrlen)?;
    Ok(0)
}

/// The name of the other end.
pub fn getpeername(t: &Task, fd: Fd, addr: UserAddr, addrlen: UserPtr<u32>) -> SysResult {
    let capability = lookup(t, fd)?;
    let name = Socket::of(&capability)?.endpoint.peer_address()?;
    address::export(name.as_deref(), addr, addrlen)?;
    Ok(0)
}
