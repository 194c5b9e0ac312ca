//! Terminal settings. Flag values and character indices are those of Linux's `termios(3)` ABI.

use bitflags::bitflags;

bitflags! {
    /// Input modes (`c_iflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Input: u32 {
        const IGNBRK = 0o1;
        const BRKINT = 0o2;
        const IGNPAR = 0o4;
        const PARMRK = 0o10;
        const INPCK = 0o20;
        const ISTRIP = 0o40;
        const INLCR = 0o100;
        const IGNCR = 0o200;
        const ICRNL = 0o400;
        const IUCLC = 0o1000;
        const IXON = 0o2000;
        const IXANY = 0o4000;
        const IXOFF = 0o10000;
        const IMAXBEL = 0o20000;
        const IUTF8 = 0o40000;
        const _ = !0;
    }
    /// Output modes (`c_oflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Output: u32 {
        const OPOST = 0o1;
        const OLCUC = 0o2;
        const ONLCR = 0o4;
        const OCRNL = 0o10;
        const ONOCR = 0o20;
        const ONLRET = 0o40;
        /// Both bits of `TABDLY`: expand tabs to spaces.
        const XTABS = 0o14000;
        const _ = !0;
    }
    /// Control modes (`c_cflag`); kept for the driver, of no meaning to the discipline.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Control: u32 {
        const B38400 = 0o17;
        const CS8 = 0o60;
        const CREAD = 0o200;
        const HUPCL = 0o2000;
        const CLOCAL = 0o4000;
        const _ = !0;
    }
    /// Local modes (`c_lflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Local: u32 {
        const ISIG = 0o1;
        const ICANON = 0o2;
        const XCASE = 0o4;
        const ECHO = 0o10;
        const ECHOE = 0o20;
        const ECHOK = 0o40;
        const ECHONL = 0o100;
        const NOFLSH = 0o200;
        const TOSTOP = 0o400;
        const ECHOCTL = 0o1000;
        const ECHOPRT = 0o2000;
        const ECHOKE = 0o4000;
        const FLUSHO = 0o10000;
        const PENDIN = 0o40000;
        const IEXTEN = 0o100000;
        const EXTPROC = 0o200000;
        const _ = !0;
    }
}

/// Number of control characters in [`Termios::cc`] (`NCCS` of the kernel ABI).
pub const CC_COUNT: usize = 19;

/// Index of a control character in [`Termios::cc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Cc {
    Intr = 0,
    Quit = 1,
    Erase = 2,
    Kill = 3,
    Eof = 4,
    Time = 5,
    Min = 6,
    Start = 8,
    Stop = 9,
    Susp = 10,
    Eol = 11,
    Reprint = 12,
    Discard = 13,
    Werase = 14,
    Lnext = 15,
    Eol2 = 16,
}

/// All settings of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termios {
    pub input: Input,
    pub output: Output,
    pub control: Control,
    pub local: Local,
    /// The line number (`c_line`): always the terminal discipline, 0.
    pub line: u8,
    /// Control characters, indexed by [`Cc`]; 0 disables one.
    pub cc: [u8; CC_COUNT],
    /// Input and output speed in baud.
    pub speed: (u32, u32),
}

impl Termios {
    /// The settings of a terminal that was just opened, as on Linux.
    pub const fn new() -> Self {
        Self {
            input: Input::ICRNL.union(Input::IXON),
            output: Output::OPOST.union(Output::ONLCR),
            control: Control::B38400.union(Control::CS8).union(Control::CREAD).union(Control::HUPCL),
            local: Local::ISIG
                .union(Local::ICANON)
                .union(Local::ECHO)
                .union(Local::ECHOE)
                .union(Local::ECHOK)
                .union(Local::ECHOCTL)
                .union(Local::ECHOKE)
                .union(Local::IEXTEN),
            line: 0,
            cc: [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0],
            speed: (38400, 38400),
        }
    }

    /// The settings of a fresh pseudo-terminal, which has no line to hang up.
    pub const fn pseudo() -> Self {
        let mut termios = Self::new();
        termios.control = termios.control.difference(Control::HUPCL);
        termios
    }

    /// The control character at `index`.
    pub const fn char(&self, index: Cc) -> u8 {
        self.cc[index as usize]
    }

    /// Is `byte` the (enabled) control character at `index`?
    pub const fn is(&self, byte: u8, index: Cc) -> bool {
        byte != 0 && self.char(index) == byte
    }

    /// Line by line?
    pub const fn canonical(&self) -> bool {
        self.local.contains(Local::ICANON)
    }
}

impl Default for Termios {
    fn default() -> Self {
        Self::new()
    }
}
