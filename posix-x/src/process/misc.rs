//! The machine and its names: `uname`, `sethostname`, `reboot`, `syslog`, `getrandom` and other small ones.

use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::arch;
use exo_kernel::dev::random;
use exo_kernel::klog;
use exo_kernel::mm;
use exo_kernel::sched;
use exo_kernel::sync::{Mutex, SpinLock};
use exo_kernel::user::{IoDest, UserPtr};
use posix_x_abi::types::Utsname;

use super::{namespaces, Task};
use crate::security::Caps;
use crate::{Errno, SysResult, UserAddr, UserStr};

/// Bytes of a host or domain name, at most.
const NAME_MAX: usize = 64;
/// The Linux version whose behaviour this is.
pub const RELEASE: &str = "6.1.0-exo";
/// What `uname -v` shows.
pub const VERSION: &str = concat!("#1 SMP Exo-OS ", env!("CARGO_PKG_VERSION"));

/// A name that root may change.
struct Name {
    bytes: [u8; NAME_MAX + 1],
}

impl Name {
    const fn new(name: &str) -> Self {
        let mut bytes = [0; NAME_MAX + 1];
        let source = name.as_bytes();
        let mut index = 0;
        while index < source.len() {
            bytes[index] = source[index];
            index += 1;
        }
        Self { bytes }
    }
}

/// The names of host and domain in a namespace.
pub struct HostNames {
    number: u64,
    host: SpinLock<Name>,
    domain: SpinLock<Name>,
}

impl Default for HostNames {
    fn default() -> Self {
        Self {
            number: namespaces::next_number(),
            host: SpinLock::new(Name::new("exo")),
            domain: SpinLock::new(Name::new("(none)")),
        }
    }
}

impl HostNames {
    /// What tells the namespace from others.
    pub fn number(&self) -> u64 {
        self.number
    }
    /// The host's name.
    pub fn host(&self) -> [u8; NAME_MAX + 1] {
        self.host.lock().bytes
    }
    /// The domain's name.
    pub fn domain(&self) -> [u8; NAME_MAX + 1] {
        self.domain.lock().bytes
    }
    /// Sets the host's name to the first 64 bytes of `name`.
    pub fn set_host(&self, name: &[u8]) {
        set(&self.host, name);
    }
    /// Sets the domain's name to the first 64 bytes of `name`.
    pub fn set_domain(&self, name: &[u8]) {
        set(&self.domain, name);
    }
    /// The same names, to be changed apart.
    pub fn duplicate(&self) -> Self {
        let copy = |name: &SpinLock<Name>| SpinLock::new(Name { bytes: name.lock().bytes });
        Self { number: namespaces::next_number(), host: copy(&self.host), domain: copy(&self.domain) }
    }
}

fn set(name: &SpinLock<Name>, value: &[u8]) {
    let mut bytes = [0; NAME_MAX + 1];
    let length = value.len().min(NAME_MAX);
    bytes[..length].copy_from_slice(&value[..length]);
    name.lock().bytes = bytes;
}

fn set_from_user(t: &Task, name: &SpinLock<Name>, value: UserAddr, length: i32) -> SysResult {
    if !t.creds().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    let length = usize::try_from(length).ok().filter(|length| *length <= NAME_MAX).ok_or(Errno::EINVAL)?;
    let mut bytes = [0; NAME_MAX];
    value.read_slice(&mut bytes[..length])?;
    set(name, &bytes[..length]);
    Ok(0)
}

/// Reads the kernel's log for `syslog(2)`: the newest records that fit, as `<level>[seconds] text` lines.
fn read_log(buffer: UserAddr, size: usize, from: u64) -> SysResult {
    let mut dest = IoDest::user(buffer.address(), size);
    let mut sequence = from;
    let mut text = [0; 1024];
    let mut total = 0;
    while let Some(entry) = klog::read(sequence, &mut text) {
        let head = log_head(&entry);
        let body = &text[..entry.length.min(text.len())];
        if head.len() + body.len() + 1 > dest.remaining() {
            break;
        }
        for part in [head.as_bytes(), body, b"\n"] {
            total += dest.put(part)?;
        }
        sequence = entry.sequence + 1;
    }
    Ok(total)
}

fn log_head(entry: &klog::Entry) -> alloc::string::String {
    alloc::format!(
        "<{}>[{:5}.{:06}] ",
        entry.priority,
        entry.time / 1_000_000_000,
        entry.time / 1000 % 1_000_000
    )
}

/// What `syslog(2)` has not handed out yet.
struct Unread {
    sequence: u64,
    /// Bytes of that record's line that were handed out.
    skip: usize,
}

static UNREAD: Mutex<Unread> = Mutex::new(Unread { sequence: 0, skip: 0 });

/// Hands out what nobody was given before, waiting for some; of the last record as much as fits.
fn read_next(buffer: UserAddr, size: usize) -> SysResult {
    let mut dest = IoDest::user(buffer.address(), size);
    let mut text = [0; klog::RECORD_SIZE];
    loop {
        let mut unread = UNREAD.lock();
        let mut total = 0;
        while dest.remaining() > 0 {
            let Some(entry) = klog::read(unread.sequence, &mut text) else { break };
            if entry.sequence > unread.sequence {
                // What was in between is gone.
                *unread = Unread { sequence: entry.sequence, skip: 0 };
            }
            let head = log_head(&entry);
            let mut skip = unread.skip;
            for part in [head.as_bytes(), &text[..entry.length], b"\n"] {
                let rest = &part[skip.min(part.len())..];
                skip = skip.saturating_sub(part.len());
                let count = dest.put(&rest[..rest.len().min(dest.remaining())])?;
                total += count;
                unread.skip += count;
            }
            if unread.skip == head.len() + entry.length + 1 {
                *unread = Unread { sequence: entry.sequence + 1, skip: 0 };
            }
        }
        let wanted = unread.sequence;
        drop(unread);
        if total > 0 {
            return Ok(total);
        }
        klog::wait_for(wanted)?;
    }
}

/// The oldest record from which on everything fits into `size` bytes.
fn first_that_fits(size: usize) -> u64 {
    let mut text = [0; 1024];
    let mut sequence = klog::first_sequence();
    let mut total = size_from(sequence);
    while total > size {
        let Some(entry) = klog::read(sequence, &mut text) else { break };
        total -= log_head(&entry).len() + entry.length.min(text.len()) + 1;
        sequence = entry.sequence + 1;
    }
    sequence
}

fn size_from(mut sequence: u64) -> usize {
    let mut text = [0; 1024];
    let mut total = 0;
    while let Some(entry) = klog::read(sequence, &mut text) {
        total += log_head(&entry).len() + entry.length.min(text.len()) + 1;
        sequence = entry.sequence + 1;
    }
    total
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `uname(2)`
    pub fn uname(t: &Task, buf: UserPtr<Utsname>) -> SysResult {
        const UNAME26: u32 = 0x0002_0000;
        const LINUX32: u32 = 8;
        const DOMAIN_MASK: u32 = 0xff;
        let field = |text: &str| Name::new(text).bytes;
        let persona = t.persona.load(Relaxed);
        let release = if persona & UNAME26 != 0 { "2.6.61" } else { RELEASE };
        let machine = if persona & DOMAIN_MASK == LINUX32 { "i686" } else { "x86_64" };
        buf.write(&Utsname {
            sysname: field("Linux"),
            nodename: t.namespaces().uts.host(),
            release: field(release),
            version: field(VERSION),
            machine: field(machine),
            domainname: t.namespaces().uts.domain(),
        })?;
        Ok(0)
    }

    /// `sethostname(2)`
    pub fn sethostname(t: &Task, name: UserAddr, length: i32) -> SysResult {
        set_from_user(t, &t.namespaces().uts.host, name, length)
    }

    /// `setdomainname(2)`
    pub fn setdomainname(t: &Task, name: UserAddr, length: i32) -> SysResult {
        set_from_user(t, &t.namespaces().uts.domain, name, length)
    }

    /// `reboot(2)`
    pub fn reboot(t: &Task, magic: u32, magic2: u32, op: u32, _arg: UserStr) -> SysResult {
        const MAGIC: u32 = 0xfee1_dead;
        const MAGIC2: [u32; 4] = [0x2812_1969, 0x0512_1996, 0x1604_1998, 0x2011_2000];
        const RESTART: u32 = 0x0123_4567;
        const RESTART2: u32 = 0xa1b2_c3d4;
        const HALT: u32 = 0xcdef_0123;
        const POWER_OFF: u32 = 0x4321_fedc;
        const CAD_ON: u32 = 0x89ab_cdef;
        const CAD_OFF: u32 = 0;
        if !t.creds().capable(Caps::SYS_BOOT) {
            return Err(Errno::EPERM);
        }
        if magic != MAGIC || !MAGIC2.contains(&magic2) {
            return Err(Errno::EINVAL);
        }
        match op {
            CAD_ON | CAD_OFF => Ok(0),
            RESTART | RESTART2 => {
                log::info!("restarting");
                arch::reboot()
            }
            POWER_OFF => {
                log::info!("power off");
                arch::poweroff()
            }
            HALT => {
                log::info!("halted");
                arch::halt_forever()
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `syslog(2)`
    pub fn syslog(t: &Task, action: i32, buf: UserAddr, len: i32) -> SysResult {
        const READ: i32 = 2;
        const READ_ALL: i32 = 3;
        const READ_CLEAR: i32 = 4;
        const CLEAR: i32 = 5;
        const CONSOLE_OFF: i32 = 6;
        const CONSOLE_ON: i32 = 7;
        const CONSOLE_LEVEL: i32 = 8;
        const SIZE_UNREAD: i32 = 9;
        const SIZE_BUFFER: i32 = 10;
        /// What the console level was before it was switched off.
        const DEFAULT_LEVEL: u32 = 5;
        if !matches!(action, READ_ALL | SIZE_BUFFER)
            && !t.creds().effective.intersects(Caps::SYSLOG | Caps::SYS_ADMIN)
        {
            return Err(Errno::EPERM);
        }
        match action {
            0 | 1 => Ok(0),
            READ | READ_ALL | READ_CLEAR => {
                let len = usize::try_from(len).map_err(|_| Errno::EINVAL)?;
                if buf.is_null() {
                    return Err(Errno::EINVAL);
                }
                if len == 0 {
                    return Ok(0);
                }
                if action == READ {
                    return read_next(buf, len);
                }
                let from = first_that_fits(len).max(klog::cleared());
                let count = read_log(buf, len, from)?;
                if action == READ_CLEAR {
                    klog::clear();
                }
                Ok(count)
            }
            CLEAR => {
                klog::clear();
                Ok(0)
            }
            CONSOLE_OFF => {
                klog::set_console_level(1);
                Ok(0)
            }
            CONSOLE_ON => {
                klog::set_console_level(DEFAULT_LEVEL);
                Ok(0)
            }
            CONSOLE_LEVEL => {
                let level =
                    u32::try_from(len).ok().filter(|level| (1..=8).contains(level)).ok_or(Errno::EINVAL)?;
                klog::set_console_level(level);
                Ok(0)
            }
            SIZE_UNREAD => {
                let unread = UNREAD.lock();
                Ok(size_from(unread.sequence).saturating_sub(unread.skip))
            }
            SIZE_BUFFER => Ok(klog::RING_SIZE),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `getrandom(2)`
    pub fn getrandom(_t: &Task, buf: UserAddr, len: usize, flags: u32) -> SysResult {
        const NONBLOCK: u32 = 1;
        const RANDOM: u32 = 2;
        const INSECURE: u32 = 4;
        if flags & !(NONBLOCK | RANDOM | INSECURE) != 0 || flags & (RANDOM | INSECURE) == RANDOM | INSECURE {
            return Err(Errno::EINVAL);
        }
        let len = len.min(i32::MAX as usize);
        Ok(random::read(&mut IoDest::user(buf.address(), len))?)
    }

    /// `set_tid_address(2)`
    pub fn set_tid_address(t: &Task, address: UserPtr<i32>) -> SysResult {
        t.clear_child_tid.store(address.address(), Relaxed);
        Ok(t.tid() as usize)
    }

    /// `getcpu(2)`
    pub fn getcpu(_t: &Task, cpu: UserPtr<u32>, node: UserPtr<u32>, _cache: UserAddr) -> SysResult {
        if !cpu.is_null() {
            cpu.write(&arch::cpu_id())?;
        }
        if !node.is_null() {
            node.write(&(mm::frame::node_of_cpu(arch::cpu_id() as usize) as u32))?;
        }
        Ok(0)
    }

    /// `personality(2)`
    pub fn personality(t: &Task, persona: u32) -> SysResult {
        const QUERY: u32 = u32::MAX;
        let old = t.persona.load(Relaxed);
        if persona != QUERY {
            t.persona.store(persona, Relaxed);
        }
        Ok(old as usize)
    }

    /// `arch_prctl(2)`
    pub fn arch_prctl(_t: &Task, option: i32, arg: usize) -> SysResult {
        const SET_GS: i32 = 0x1001;
        const SET_FS: i32 = 0x1002;
        const GET_FS: i32 = 0x1003;
        const GET_GS: i32 = 0x1004;
        let thread = sched::current();
        match option {
            SET_FS | SET_GS if arg >= arch::USER_TOP => Err(Errno::EPERM),
            SET_FS => {
                thread.set_fs_base(arg as u64);
                Ok(0)
            }
            SET_GS => {
                thread.set_gs_base(arg as u64);
                Ok(0)
            }
            GET_FS => {
                UserPtr::<u64>::new(arg).write(&thread.fs_base())?;
                Ok(0)
            }
            GET_GS => {
                UserPtr::<u64>::new(arg).write(&arch::user_gs_base())?;
                Ok(0)
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `iopl(2)`: nobody gets at ports.
    pub fn iopl(_t: &Task, level: u32) -> SysResult {
        match level {
            0 => Ok(0),
            1..=3 => Err(Errno::EPERM),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `ioperm(2)`: nobody gets at ports.
    pub fn ioperm(_t: &Task, from: usize, num: usize, turn_on: i32) -> SysResult {
        const PORTS: usize = 65_536;
        match from.checked_add(num) {
            Some(end) if end > from && end <= PORTS => {}
            _ => return Err(Errno::EINVAL),
        }
        if turn_on == 0 {
            Ok(0)
        } else {
            Err(Errno::EPERM)
        }
    }

    /// `vhangup(2)`
    pub fn vhangup(t: &Task) -> SysResult {
        if !t.creds().capable(Caps::SYS_TTY_CONFIG) {
            return Err(Errno::EPERM);
        }
        if let Some(tty) = t.process().session().terminal() {
            tty.hang_up();
        }
        Ok(0)
    }
}
