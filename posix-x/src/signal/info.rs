//! [`Info`]: a signal with its details, without the empty rest of a `siginfo_t`.

use exo_kernel::user::UserPtr;
use posix_x_abi::signal::{code, number};
use posix_x_abi::types::SigInfo;

use crate::process::Task;
use crate::{Errno, Pid};

/// Bytes of a `siginfo_t` that some code has a use for.
const USED: usize = 48;
/// The lowest of the codes in a row for signals that programs send, and one that stands apart.
const SI_DETHREAD: i32 = -7;
const SI_ASYNCNL: i32 = -60;

/// A signal and its details. The fields are those of `siginfo_t` from offset 16 on.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The signal.
    pub signo: i32,
    /// `si_errno`
    pub errno: i32,
    /// `si_code`: where it comes from.
    pub code: i32,
    /// What the code makes of it.
    pub fields: [u64; 4],
}

fn pair(low: i32, high: u32) -> u64 {
    u64::from(low as u32) | u64::from(high) << 32
}

impl Info {
    /// Sent by the kernel, with nothing more to say.
    pub const fn kernel(signo: i32) -> Self {
        Self { signo, errno: 0, code: code::SI_KERNEL, fields: [0; 4] }
    }
    /// Sent by a process: `kill`, `tkill` and the like, as `code` says.
    #[inline]
    pub fn from_task(signo: i32, code: i32, sender: &Task) -> Self {
        Self::from_user(signo, code, sender.pid(), sender.creds().uid)
    }
    /// Sent by process `pid` of user `uid`.
    pub fn from_user(signo: i32, code: i32, pid: Pid, uid: u32) -> Self {
        Self { signo, errno: 0, code, fields: [pair(pid, uid), 0, 0, 0] }
    }
    /// A POSIX timer expired: the timer's number, the overrun so far, and the value it was made with.
    pub fn timer(signo: i32, timer: i32, overrun: i32, value: u64) -> Self {
        Self { signo, errno: 0, code: code::SI_TIMER, fields: [pair(timer, overrun as u32), value, 0, 0] }
    }
    /// An instruction at fault.
    pub const fn fault(signo: i32, code: i32, address: usize) -> Self {
        Self { signo, errno: 0, code, fields: [address as u64, 0, 0, 0] }
    }
    /// A descriptor became ready, as `code` (`POLL_IN` and so on) and `band` (events of poll(2)) tell.
    pub fn readiness(signo: i32, code: i32, band: u32, fd: i32) -> Self {
        let own_codes = matches!(
            signo,
            number::SIGILL
                | number::SIGFPE
                | number::SIGSEGV
                | number::SIGBUS
                | number::SIGTRAP
                | number::SIGCHLD
                | number::SIGSYS
        );
        // Where the code would mean something else, it says only where the signal comes from.
        let code = if own_codes { code::SI_SIGIO } else { code };
        Self { signo, errno: 0, code, fields: [u64::from(band), u64::from(fd as u32), 0, 0] }
    }
    /// A call that seccomp refused: the instruction after it, its number, the architecture, and the filter's data.
    pub fn refused_call(at: usize, call: i32, arch: u32, data: i32) -> Self {
        let fields = [at as u64, pair(call, arch), 0, 0];
        Self { signo: number::SIGSYS, errno: data, code: code::SYS_SECCOMP, fields }
    }
    /// A child's state changed. Times are in ticks of 10 ms.
    pub fn child(code: i32, pid: Pid, uid: u32, status: i32, times: (u64, u64)) -> Self {
        let fields = [pair(pid, uid), u64::from(status as u32), times.0, times.1];
        Self { signo: posix_x_abi::signal::number::SIGCHLD, errno: 0, code, fields }
    }
    /// The sender's process and user, for signals that have one.
    pub fn sender(&self) -> (Pid, u32) {
        (self.fields[0] as u32 as i32, (self.fields[0] >> 32) as u32)
    }
    /// The value that came with it (`sigqueue`, timers).
    pub fn value(&self) -> u64 {
        self.fields[1]
    }

    /// As user space sees it.
    pub fn to_user(self) -> SigInfo {
        let mut info =
            SigInfo { signo: self.signo, errno: self.errno, code: self.code, ..SigInfo::default() };
        info.fields[..4].copy_from_slice(&self.fields);
        info
    }
    /// As user space gave it, for `signal` if that is not what it says itself. What lies beyond the fields that
    /// any code uses is not looked at where the code tells what the fields are; else it must be zero: E2BIG.
    pub fn read(pointer: UserPtr<SigInfo>, signal: Option<i32>) -> Result<Self, Errno> {
        let mut used = [0; USED];
        let bytes = pointer.cast::<u8>();
        bytes.read_slice(&mut used)?;
        let mut whole = [0; size_of::<SigInfo>()];
        whole[..USED].copy_from_slice(&used);
        let given: SigInfo = bytemuck::pod_read_unaligned(&whole);
        let mut fields = [0; 4];
        fields.copy_from_slice(&given.fields[..4]);
        let info =
            Self { signo: signal.unwrap_or(given.signo), errno: given.errno, code: given.code, fields };
        if !info.has_known_fields() {
            let mut rest = [0; size_of::<SigInfo>() - USED];
            bytes.add(USED).read_slice(&mut rest)?;
            if rest.iter().any(|byte| *byte != 0) {
                return Err(Errno::E2BIG);
            }
        }
        Ok(info)
    }

    /// Does the code tell what the fields are?
    fn has_known_fields(&self) -> bool {
        match self.code {
            code::SI_KERNEL => true,
            1.. => {
                let highest = match self.signo {
                    number::SIGILL => 11,
                    number::SIGFPE => 15,
                    number::SIGSEGV => 10,
                    number::SIGBUS => 5,
                    number::SIGSYS => 2,
                    // Those of SIGTRAP, SIGCHLD and SIGIO; the latter's may come with any signal.
                    _ => 6,
                };
                self.code <= highest
            }
            SI_DETHREAD..=0 | SI_ASYNCNL => true,
            _ => false,
        }
    }
}
