//! `msgget`, `msgsnd`, `msgrcv`, `msgctl`.

use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;

use posix_x_abi::types::{Msginfo, MsqidDs};

use super::limits::int;
use super::msg::{Message, MessageQueue, Select, Wanted, READ};
use super::{filled, Namespace, Permissions, IPC_INFO, IPC_NOWAIT, IPC_RMID, IPC_SET, IPC_STAT};
use crate::process::Task;
use crate::security::Caps;
use crate::{Errno, SysResult, UserAddr};

const MSG_NOERROR: u32 = 0o10000;
const MSG_EXCEPT: u32 = 0o20000;
const MSG_COPY: u32 = 0o40000;

const MSG_STAT: i32 = 11;
const MSG_INFO: i32 = 12;
const MSG_STAT_ANY: i32 = 13;

/// Bytes of the type that stands before a message.
const TYPE_SIZE: usize = size_of::<i64>();

/// `msgget(2)`
pub fn msgget(t: &Task, key: i32, msgflg: u32) -> SysResult {
    let ipc = t.ipc();
    let check = |queue: &MessageQueue| queue.check(t.creds(), msgflg);
    let make = || {
        let limit = ipc.limits.msgmnb.load(Relaxed) as usize;
        Ok(MessageQueue::new(Permissions::new(t.creds(), key, msgflg), limit))
    };
    Ok(ipc.msg.get(key, msgflg, ipc.limits.msgmni.load(Relaxed), check, make)? as usize)
}

/// `msgsnd(2)`
pub fn msgsnd(t: &Task, msqid: i32, msgp: UserAddr, msgsz: usize, msgflg: u32) -> SysResult {
    let ipc = t.ipc();
    let kind = msgp.cast::<i64>().read()?;
    if msgsz as u64 > ipc.limits.msgmax.load(Relaxed) || msqid < 0 || kind < 1 {
        return Err(Errno::EINVAL);
    }
    let mut body = filled(0u8, msgsz)?;
    msgp.add(TYPE_SIZE).read_slice(&mut body)?;
    let queue = ipc.msg.find(msqid)?;
    queue.send(t.creds(), Message { kind, body }, msgflg & IPC_NOWAIT == 0, t.pid())?;
    Ok(0)
}

/// `msgrcv(2)`
pub fn msgrcv(t: &Task, msqid: i32, msgp: UserAddr, msgsz: usize, msgtyp: i64, msgflg: u32) -> SysResult {
    let ipc = t.ipc();
    if msqid < 0 || isize::try_from(msgsz).is_err() {
        return Err(Errno::EINVAL);
    }
    let select = match msgtyp {
        _ if msgflg & MSG_COPY != 0 => {
            if msgflg & MSG_EXCEPT != 0 || msgflg & IPC_NOWAIT == 0 {
                return Err(Errno::EINVAL);
            }
            Select::Place(msgtyp)
        }
        0 => Select::Any,
        ..0 => Select::AtMost(msgtyp.checked_neg().unwrap_or(i64::MAX)),
        _ if msgflg & MSG_EXCEPT != 0 => Select::NotEqual(msgtyp),
        _ => Select::Equal(msgtyp),
    };
    let longest = if msgflg & MSG_NOERROR != 0 { usize::MAX } else { msgsz };
    let wanted = Wanted { select, longest, pid: t.pid() };
    let message = if msgflg & MSG_COPY != 0 {
        let mut body = Vec::new();
        let room = msgsz.min(ipc.limits.msgmax.load(Relaxed) as usize);
        body.try_reserve_exact(room).map_err(|_| Errno::ENOMEM)?;
        let kind = ipc.msg.find(msqid)?.copy(t.creds(), &wanted, room, &mut body)?;
        Message { kind, body }
    } else {
        ipc.msg.find(msqid)?.receive(t.creds(), wanted, msgflg & IPC_NOWAIT == 0)?
    };
    let length = message.body.len().min(msgsz);
    msgp.cast::<i64>().write(&message.kind)?;
    msgp.add(TYPE_SIZE).write_slice(&message.body[..length])?;
    Ok(length)
}

/// `msgctl(2)`
pub fn msgctl(t: &Task, msqid: i32, cmd: i32, buf: UserAddr) -> SysResult {
    let ipc = t.ipc();
    if cmd < 0 || msqid < 0 {
        return Err(Errno::EINVAL);
    }
    let creds = t.creds();
    match cmd {
        IPC_INFO | MSG_INFO => {
            buf.cast::<Msginfo>().write(&info(ipc, cmd == MSG_INFO))?;
            Ok(ipc.msg.highest_place())
        }
        IPC_STAT => {
            let queue = ipc.msg.find(msqid)?;
            queue.check(creds, READ)?;
            buf.cast::<MsqidDs>().write(&queue.told())?;
            Ok(0)
        }
        MSG_STAT | MSG_STAT_ANY => {
            let (id, queue) = ipc.msg.at_place_of(msqid)?;
            queue.check(creds, if cmd == MSG_STAT { READ } else { 0 })?;
            buf.cast::<MsqidDs>().write(&queue.told())?;
            Ok(id as usize)
        }
        IPC_SET => {
            let new = buf.cast::<MsqidDs>().read()?;
            let queue = ipc.msg.find(msqid)?;
            queue.check_owner(creds)?;
            if new.qbytes > ipc.limits.msgmnb.load(Relaxed) && !creds.capable(Caps::SYS_RESOURCE) {
                return Err(Errno::EPERM);
            }
            queue.update(&new.perm, new.qbytes)?;
            Ok(0)
        }
        IPC_RMID => {
            let queue = ipc.msg.find(msqid)?;
            queue.check_owner(creds)?;
            if !queue.retire() {
                return Err(Errno::EIDRM);
            }
            ipc.msg.remove(msqid);
            Ok(0)
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The limits, or with `used` in some of the fields what there is of each.
fn info(ipc: &Namespace, used: bool) -> Msginfo {
    const MSGPOOL: i32 = 512_000;
    const MSGMAP: i32 = 16_384;
    const MSGTQL: i32 = 16_384;
    const MSGSSZ: i32 = 16;
    let sum = || {
        ipc.msg.iter().fold((0, 0), |(messages, bytes), (_, queue)| {
            let told = queue.told();
            (messages + told.qnum, bytes + told.cbytes)
        })
    };
    let int_of = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let (msgpool, msgmap, msgtql) = if used {
        let (messages, bytes) = sum();
        (ipc.msg.count() as i32, int_of(messages), int_of(bytes))
    } else {
        (MSGPOOL, MSGMAP, MSGTQL)
    };
    Msginfo {
        msgpool,
        msgmap,
        msgmax: int(&ipc.limits.msgmax),
        msgmnb: int(&ipc.limits.msgmnb),
        msgmni: int(&ipc.limits.msgmni),
        msgssz: MSGSSZ,
        msgtql,
        msgseg: u16::MAX,
        pad: 0,
    }
}
