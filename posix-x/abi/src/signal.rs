//! Signals as numbers: names, sets, the kinds of default action, and what a signal frame is made of.

use bytemuck::{Pod, Zeroable};

use crate::types::StackT;

macro_rules! signals {
    ($($name:ident = $value:literal $action:ident),* $(,)?) => {
        /// The standard signals' numbers.
        pub mod number { $(pub const $name: i32 = $value;)* }

        /// The name of a standard signal.
        pub const fn name(signal: i32) -> Option<&'static str> {
            match signal { $($value => Some(stringify!($name)),)* _ => None }
        }

        /// What a signal does when nobody handles it.
        pub const fn default_action(signal: i32) -> DefaultAction {
            match signal { $($value => DefaultAction::$action,)* _ => DefaultAction::Terminate }
        }
    };
}

/// What a signal does when nobody handles it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultAction {
    /// Nothing.
    Ignore,
    /// Ends the process.
    Terminate,
    /// Ends the process and says that there was a reason to look at its memory.
    Core,
    /// Stops the process.
    Stop,
    /// Nothing beyond continuing a stopped process, which is done when it is sent.
    Continue,
}

signals! {
    SIGHUP = 1 Terminate, SIGINT = 2 Terminate, SIGQUIT = 3 Core, SIGILL = 4 Core, SIGTRAP = 5 Core,
    SIGABRT = 6 Core, SIGBUS = 7 Core, SIGFPE = 8 Core, SIGKILL = 9 Terminate, SIGUSR1 = 10 Terminate,
    SIGSEGV = 11 Core, SIGUSR2 = 12 Terminate, SIGPIPE = 13 Terminate, SIGALRM = 14 Terminate,
    SIGTERM = 15 Terminate, SIGSTKFLT = 16 Terminate, SIGCHLD = 17 Ignore, SIGCONT = 18 Continue,
    SIGSTOP = 19 Stop, SIGTSTP = 20 Stop, SIGTTIN = 21 Stop, SIGTTOU = 22 Stop, SIGURG = 23 Ignore,
    SIGXCPU = 24 Core, SIGXFSZ = 25 Core, SIGVTALRM = 26 Terminate, SIGPROF = 27 Terminate,
    SIGWINCH = 28 Ignore, SIGIO = 29 Terminate, SIGPWR = 30 Terminate, SIGSYS = 31 Core,
}

/// The highest signal number.
pub const SIGNAL_MAX: i32 = 64;
/// The first real-time signal as the kernel counts (C libraries keep some for themselves).
pub const SIGRTMIN: i32 = 32;

/// A set of signals: bit `n - 1` is signal `n`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Pod, Zeroable)]
#[repr(transparent)]
pub struct SigSet(pub u64);

impl SigSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// Every signal.
    pub const ALL: Self = Self(u64::MAX);
    /// Those that can be neither caught nor blocked.
    pub const UNBLOCKABLE: Self = Self::of(&[number::SIGKILL, number::SIGSTOP]);
    /// Those that stop.
    pub const STOP: Self = Self::of(&[number::SIGSTOP, number::SIGTSTP, number::SIGTTIN, number::SIGTTOU]);
    /// Those that an instruction causes, which are delivered before others.
    pub const SYNCHRONOUS: Self = Self::of(&[
        number::SIGSEGV,
        number::SIGBUS,
        number::SIGILL,
        number::SIGTRAP,
        number::SIGFPE,
        number::SIGSYS,
    ]);

    /// The set of these signals.
    pub const fn of(signals: &[i32]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < signals.len() {
            bits |= 1 << (signals[index] - 1);
            index += 1;
        }
        Self(bits)
    }
    /// The set of one signal.
    #[inline]
    pub const fn one(signal: i32) -> Self {
        Self(1 << (signal - 1))
    }
    /// Is the signal in it?
    #[inline]
    pub const fn has(self, signal: i32) -> bool {
        self.0 & Self::one(signal).0 != 0
    }
    /// Is no signal in it?
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// In either.
    #[inline]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// In both.
    #[inline]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// In this but not in `other`.
    #[inline]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// The lowest signal.
    #[inline]
    pub const fn first(self) -> Option<i32> {
        if self.0 == 0 {
            None
        } else {
            Some(self.0.trailing_zeros() as i32 + 1)
        }
    }
}

impl core::fmt::Debug for SigSet {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// `SIG_DFL`.
pub const SIG_DFL: u64 = 0;
/// `SIG_IGN`.
pub const SIG_IGN: u64 = 1;

bitflags::bitflags! {
    /// `sa_flags`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct SaFlags: u64 {
        /// No SIGCHLD when a child stops.
        const NOCLDSTOP = 0x1;
        /// Children leave no zombies.
        const NOCLDWAIT = 0x2;
        /// The handler gets a siginfo (it does in any case).
        const SIGINFO = 0x4;
        /// User space may look which flags are known.
        const UNSUPPORTED = 0x400;
        /// `si_addr` keeps tag bits.
        const EXPOSE_TAGBITS = 0x800;
        /// There is a restorer.
        const RESTORER = 0x0400_0000;
        /// Run on the alternate stack.
        const ONSTACK = 0x0800_0000;
        /// Repeat interrupted calls.
        const RESTART = 0x1000_0000;
        /// The signal is not blocked in its own handler.
        const NODEFER = 0x4000_0000;
        /// One delivery, then the default action.
        const RESETHAND = 0x8000_0000;
    }
}

/// Values of `si_code`.
pub mod code {
    pub const SI_USER: i32 = 0;
    pub const SI_KERNEL: i32 = 0x80;
    pub const SI_QUEUE: i32 = -1;
    pub const SI_TIMER: i32 = -2;
    pub const SI_SIGIO: i32 = -5;
    pub const SYS_SECCOMP: i32 = 1;
    pub const SI_TKILL: i32 = -6;
    pub const ILL_ILLOPN: i32 = 2;
    pub const FPE_INTDIV: i32 = 1;
    pub const FPE_INTOVF: i32 = 2;
    pub const FPE_FLTDIV: i32 = 3;
    pub const FPE_FLTOVF: i32 = 4;
    pub const FPE_FLTUND: i32 = 5;
    pub const FPE_FLTRES: i32 = 6;
    pub const FPE_FLTINV: i32 = 7;
    pub const SEGV_MAPERR: i32 = 1;
    pub const SEGV_ACCERR: i32 = 2;
    pub const BUS_ADRALN: i32 = 1;
    pub const BUS_ADRERR: i32 = 2;
    pub const TRAP_BRKPT: i32 = 1;
    pub const TRAP_TRACE: i32 = 2;
    pub const CLD_EXITED: i32 = 1;
    pub const CLD_KILLED: i32 = 2;
    pub const CLD_DUMPED: i32 = 3;
    pub const CLD_STOPPED: i32 = 5;
    pub const CLD_CONTINUED: i32 = 6;
    pub const POLL_IN: i32 = 1;
}

/// The registers in a signal frame, in the order of `gregs`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub struct SigContext {
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rsp: u64,
    pub rip: u64,
    pub eflags: u64,
    pub cs: u16,
    pub gs: u16,
    pub fs: u16,
    pub ss: u16,
    pub err: u64,
    pub trapno: u64,
    pub oldmask: u64,
    pub cr2: u64,
    /// Address of the FPU state, or 0.
    pub fpstate: u64,
    pub reserved: [u64; 8],
}

/// `ucontext_t` as the kernel writes it: C libraries give `uc_sigmask` more room, behind it.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub struct UContext {
    pub flags: u64,
    pub link: u64,
    pub stack: StackT,
    pub mcontext: SigContext,
    pub sigmask: u64,
}

/// `uc_flags`: the FPU state is an XSAVE area.
pub const UC_FP_XSTATE: u64 = 1;
/// `uc_flags`: `ss` is saved and restored.
pub const UC_SIGCONTEXT_SS: u64 = 2;
/// `uc_flags`: `ss` is restored as it stands.
pub const UC_STRICT_RESTORE_SS: u64 = 4;

/// Marks the software-reserved bytes of the FXSAVE image: an XSAVE area follows.
pub const FP_XSTATE_MAGIC1: u32 = 0x4650_5853;
/// Marks the end of the XSAVE area.
pub const FP_XSTATE_MAGIC2: u32 = 0x4650_5845;
/// Where the software-reserved bytes are in the FXSAVE image.
pub const FP_SW_RESERVED_OFFSET: usize = 464;

/// The software-reserved bytes of the FXSAVE image.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, Debug)]
pub struct FpSwBytes {
    pub magic1: u32,
    /// Size of the area with the second mark.
    pub extended_size: u32,
    pub xfeatures: u64,
    /// Size of the XSAVE area.
    pub xstate_size: u32,
    pub padding: [u32; 7],
}

const _: () = {
    assert!(core::mem::size_of::<SigContext>() == 256);
    assert!(core::mem::size_of::<UContext>() == 304);
    assert!(core::mem::size_of::<FpSwBytes>() == 48);
};
