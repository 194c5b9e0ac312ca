//! `getsockopt` and `setsockopt`.

use core::sync::atomic::{AtomicU64, Ordering};

use exo_kernel::cap::Rights;
use exo_kernel::user::UserPtr;
use posix_x_abi::types::Timeval;
use posix_x_abi::uapi::net::{
    SO_ACCEPTCONN, SO_BROADCAST, SO_DEBUG, SO_DOMAIN, SO_DONTROUTE, SO_ERROR, SO_KEEPALIVE, SO_LINGER,
    SO_OOBINLINE, SO_PASSCRED, SO_PEEK_OFF, SO_PEERCRED, SO_PRIORITY, SO_PROTOCOL, SO_RCVBUF, SO_RCVLOWAT,
    SO_RCVTIMEO_OLD, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_SNDLOWAT, SO_SNDTIMEO_OLD, SO_TYPE,
};

use super::message::SOL_SOCKET;
use super::Socket;
use crate::fd::FdTable;
use crate::{Errno, Fd, SysResult, Task, UserAddr};

/// What an endpoint buffers, as Linux tells it by default.
pub(super) const BUFFER_BYTES: u32 = 212_992;
/// `net.core.wmem_max` and `rmem_max`: what programs may ask for, without what the kernel adds for itself.
const MOST_BYTES: u32 = 212_992;
/// The least that there is (`SOCK_MIN_SNDBUF`, `SOCK_MIN_RCVBUF`).
const LEAST_SEND: u32 = 4608;
const LEAST_RECEIVE: u32 = 2304;

/// Options that local sockets keep but do not heed, and their bit in `switches`.
fn switch(option: u32) -> Option<u32> {
    match option {
        SO_DEBUG | SO_REUSEADDR | SO_DONTROUTE | SO_BROADCAST | SO_KEEPALIVE | SO_OOBINLINE
        | SO_REUSEPORT => Some(option),
        _ => None,
    }
}

/// Reads an option.
pub fn getsockopt(
    t: &Task,
    fd: Fd,
    level: i32,
    optname: i32,
    optval: UserAddr,
    optlen: UserPtr<u32>,
) -> SysResult {
    let file = FdTable::get(t.files(), fd.0)?;
    let socket = Socket::of(&file)?;
    let room = optlen.read()?;
    if room > i32::MAX as u32 {
        return Err(Errno::EINVAL);
    }
    if level != SOL_SOCKET {
        return Err(Errno::EOPNOTSUPP);
    }
    let store = |value: &[u8]| {
        let length = value.len().min(room as usize);
        optval.write_slice(&value[..length])?;
        optlen.write(&(length as u32))?;
        Ok(0)
    };
    let option = optname as u32;
    let word = match option {
        SO_TYPE => socket.type_number() as i32,
        SO_DOMAIN => i32::from(super::address::AF_UNIX),
        SO_PROTOCOL => 0,
        SO_PRIORITY => socket.priority.load(Ordering::Relaxed) as i32,
        SO_ERROR => socket.endpoint.take_error().map_or(0, |kind| Errno::from(kind).number()),
        SO_ACCEPTCONN => i32::from(socket.endpoint.listening()),
        SO_SNDBUF => socket.endpoint.send_limit() as i32,
        SO_RCVBUF => socket.receive_buffer.load(Ordering::Relaxed) as i32,
        SO_RCVLOWAT => socket.low_water.load(Ordering::Relaxed) as i32,
        SO_SNDLOWAT => 1,
        SO_PEEK_OFF => socket.endpoint.peek_offset().map_or(-1, |at| at as i32),
        SO_PASSCRED => i32::from(socket.endpoint.passes_credentials()),
        SO_LINGER => return store(&socket.linger.load(Ordering::Relaxed).to_ne_bytes()),
        SO_RCVTIMEO_OLD => return store(bytemuck::bytes_of(&timeout(&socket.receive_timeout))),
        SO_SNDTIMEO_OLD => return store(bytemuck::bytes_of(&timeout(&socket.send_timeout))),
        SO_PEERCRED => {
            let peer = socket.endpoint.peer();
            return store(bytemuck::bytes_of(&[peer.process, peer.user, peer.group]));
        }
        _ => match switch(option) {
            Some(bit) => (socket.switches.load(Ordering::Relaxed) >> bit & 1) as i32,
            None => return Err(Errno::ENOPROTOOPT),
        },
    };
    store(&word.to_ne_bytes())
}

/// Sets an option.
pub fn setsockopt(t: &Task, fd: Fd, level: i32, optname: i32, optval: UserAddr, optlen: u32) -> SysResult {
    let file = FdTable::get(t.files(), fd.0)?;
    let socket = Socket::with(&file, Rights::CONTROL)?;
    if optlen > i32::MAX as u32 {
        return Err(Errno::EINVAL);
    }
    if level != SOL_SOCKET {
        return Err(Errno::EOPNOTSUPP);
    }
    let option = optname as u32;
    match option {
        SO_RCVTIMEO_OLD => return set_timeout(&socket.receive_timeout, optval, optlen),
        SO_SNDTIMEO_OLD => return set_timeout(&socket.send_timeout, optval, optlen),
        _ => {}
    }
    if optlen < 4 {
        return Err(Errno::EINVAL);
    }
    let value = optval.cast::<i32>().read()?;
    match option {
        SO_PASSCRED => socket.endpoint.pass_credentials(value != 0),
        SO_SNDBUF => socket.endpoint.set_send_limit(doubled(value, LEAST_SEND) as usize),
        SO_RCVBUF => socket.receive_buffer.store(doubled(value, LEAST_RECEIVE), Ordering::Relaxed),
        SO_RCVLOWAT => {
            let bytes = u32::try_from(value).unwrap_or(i32::MAX as u32).max(1);
            socket.low_water.store(bytes, Ordering::Relaxed);
        }
        SO_PEEK_OFF => socket.endpoint.set_peek_offset(usize::try_from(value).ok()),
        SO_PRIORITY => socket.priority.store(value as u32, Ordering::Relaxed),
        SO_LINGER => {
            if optlen < 8 {
                return Err(Errno::EINVAL);
            }
            socket.linger.store(optval.cast::<u64>().read()?, Ordering::Relaxed);
        }
        SO_TYPE | SO_DOMAIN | SO_PROTOCOL | SO_ERROR => return Err(Errno::ENOPROTOOPT),
        _ => {
            let bit = 1 << switch(option).ok_or(Errno::ENOPROTOOPT)?;
            if value != 0 {
                socket.switches.fetch_or(bit, Ordering::Relaxed);
            } else {
                socket.switches.fetch_and(!bit, Ordering::Relaxed);
            }
        }
    }
    Ok(0)
}

/// What a program asks for counts twice: the kernel needs room of its own. A negative number is a very large one.
fn doubled(value: i32, least: u32) -> u32 {
    ((value as u32).min(MOST_BYTES) * 2).max(least)
}

fn timeout(nanos: &AtomicU64) -> Timeval {
    let micros = nanos.load(Ordering::Relaxed) / 1000;
    Timeval { sec: (micros / 1_000_000) as i64, usec: (micros % 1_000_000) as i64 }
}

fn set_timeout(target: &AtomicU64, value: UserAddr, length: u32) -> SysResult {
    if (length as usize) < size_of::<Timeval>() {
        return Err(Errno::EINVAL);
    }
    let value = value.cast::<Timeval>().read()?;
    if !(0..1_000_000).contains(&value.usec) {
        return Err(Errno::EDOM);
    }
    // A negative time is over at once; 0 means for ever.
    let nanos = match u64::try_from(value.sec) {
        Err(_) => 1,
        Ok(seconds) => seconds.saturating_mul(1_000_000_000).saturating_add(value.usec as u64 * 1000),
    };
    target.store(nanos, Ordering::Relaxed);
    Ok(0)
}
