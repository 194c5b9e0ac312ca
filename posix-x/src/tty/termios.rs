//! The three layouts in which programs see a terminal's settings (ioctl_tty(2)).

use exo_kernel::dev::tty::{Control, Input, Local, Output, Termios, CC_COUNT};
use exo_kernel::user::Pod;

/// `struct termios` of the kernel ABI: 36 bytes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct UserTermios {
    pub iflag: u32,
    pub oflag: u32,
    pub cflag: u32,
    pub lflag: u32,
    pub line: u8,
    pub cc: [u8; CC_COUNT],
}

/// `struct termios2`: the same with speeds in baud.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct UserTermios2 {
    pub base: UserTermios,
    pub ispeed: u32,
    pub ospeed: u32,
}

/// `struct termio` of System V: short flags, eight characters.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct UserTermio {
    pub iflag: u16,
    pub oflag: u16,
    pub cflag: u16,
    pub lflag: u16,
    pub line: u8,
    pub cc: [u8; 8],
    pub padding: u8,
}

// SAFETY: integers only, without padding: 4 × 4 + 1 + 19 = 36 bytes.
unsafe impl Pod for UserTermios {}
// SAFETY: integers only, without padding.
unsafe impl Pod for UserTermios2 {}
// SAFETY: integers only; the padding byte is a field.
unsafe impl Pod for UserTermio {}

/// Bits of `c_cflag` that hold the output speed.
const CBAUD: u32 = 0o10017;
const BOTHER: u32 = 0o10000;

/// Baud rates by their `c_cflag` codes 0 to 15, then 0o10001 to 0o10017.
const SPEEDS: [u32; 31] = [
    0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115_200,
    230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000, 2_500_000,
    3_000_000, 3_500_000, 4_000_000,
];

/// The speed that a `c_cflag` names, or `None` for `BOTHER`.
fn speed(cflag: u32) -> Option<u32> {
    let code = cflag & CBAUD;
    let index = if code & BOTHER == 0 { code } else { (code & 0o17) + 15 };
    (code != BOTHER).then(|| SPEEDS.get(index as usize).copied().unwrap_or(38400))
}

impl From<&Termios> for UserTermios {
    fn from(termios: &Termios) -> Self {
        Self {
            iflag: termios.input.bits(),
            oflag: termios.output.bits(),
            cflag: termios.control.bits(),
            lflag: termios.local.bits(),
            line: termios.line,
            cc: termios.cc,
        }
    }
}

impl From<&Termios> for UserTermios2 {
    fn from(termios: &Termios) -> Self {
        Self { base: termios.into(), ispeed: termios.speed.0, ospeed: termios.speed.1 }
    }
}

impl From<&Termios> for UserTermio {
    fn from(termios: &Termios) -> Self {
        let mut cc = [0; 8];
        cc.copy_from_slice(&termios.cc[..8]);
        Self {
            iflag: termios.input.bits() as u16,
            oflag: termios.output.bits() as u16,
            cflag: termios.control.bits() as u16,
            lflag: termios.local.bits() as u16,
            line: termios.line,
            cc,
            padding: 0,
        }
    }
}

impl UserTermios {
    /// The settings it asks for.
    pub fn apply(&self) -> Termios {
        let baud = speed(self.cflag).unwrap_or(38400);
        Termios {
            input: Input::from_bits_retain(self.iflag),
            output: Output::from_bits_retain(self.oflag),
            control: Control::from_bits_retain(self.cflag),
            local: Local::from_bits_retain(self.lflag),
            line: 0,
            cc: self.cc,
            speed: (baud, baud),
        }
    }
}

impl UserTermios2 {
    /// The settings it asks for.
    pub fn apply(&self) -> Termios {
        let mut termios = self.base.apply();
        if speed(self.base.cflag).is_none() {
            termios.speed = (self.ispeed, self.ospeed);
        }
        termios
    }
}

impl UserTermio {
    /// The settings it asks for: the low halves of the flags and the first characters of `old` are replaced.
    pub fn apply(&self, old: &Termios) -> Termios {
        let merge = |old: u32, new: u16| (old & 0xffff_0000) | u32::from(new);
        let mut base = UserTermios::from(old);
        base.iflag = merge(base.iflag, self.iflag);
        base.oflag = merge(base.oflag, self.oflag);
        base.cflag = merge(base.cflag, self.cflag);
        base.lflag = merge(base.lflag, self.lflag);
        base.cc[..8].copy_from_slice(&self.cc);
        base.apply()
    }
}
