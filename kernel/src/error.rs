//! The native error: what went wrong and, in debug builds, where it was found.

use core::fmt;

/// What went wrong. A personality maps each kind to its own code, one to one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The caller may not do this, whatever the object's permissions say.
    NotPermitted,
    /// No such name.
    NotFound,
    /// No such process or thread.
    NoProcess,
    /// A signal (or another request for the thread's attention) ended the wait.
    Interrupted,
    /// The same, of a wait that must not begin anew: only so much time was given.
    InterruptedForGood,
    /// The device failed.
    Io,
    /// No device behind this node, or nothing at this offset.
    NoDevice,
    /// Arguments or environment too large.
    TooBig,
    /// Not a program that can be loaded.
    NotExecutable,
    /// No such handle, or the handle lacks the right.
    BadHandle,
    /// Nothing to wait for.
    NoChild,
    /// The operation would have to wait.
    WouldBlock,
    /// Out of memory, or out of a limit on it.
    NoMemory,
    /// The object's permissions forbid it.
    AccessDenied,
    /// A user address that is not accessible.
    Fault,
    /// A block device was needed.
    NotBlock,
    /// In use.
    Busy,
    /// The name exists.
    Exists,
    /// Source and target are on different file systems.
    CrossDevice,
    /// The object does not support the operation at all.
    NoOperation,
    /// A directory was needed.
    NotDirectory,
    /// Not possible on a directory.
    IsDirectory,
    /// An argument is out of its domain.
    Invalid,
    /// Too many open files in the system.
    FileTableFull,
    /// Too many open files in the process.
    TooManyFiles,
    /// Not a terminal, or a control request that the object does not know.
    NotTerminal,
    /// The program file is being written, or the file is being executed.
    TextBusy,
    /// Beyond the largest file size or the file-size limit.
    FileTooBig,
    /// No space left.
    NoSpace,
    /// The object has no position.
    IllegalSeek,
    /// Mounted or opened read-only.
    ReadOnly,
    /// Too many hard links.
    TooManyLinks,
    /// Nobody reads at the other end.
    BrokenPipe,
    /// The other end takes no more packets.
    PacketRefused,
    /// A number outside the function's domain.
    Domain,
    /// A number that the result type cannot hold.
    Range,
    /// Waiting would never end.
    Deadlock,
    /// A name or path is too long.
    NameTooLong,
    /// No record locks available.
    NoLocks,
    /// The call is not there.
    NoCall,
    /// The directory is not empty.
    NotEmpty,
    /// Too many symbolic links.
    Loop,
    /// No such attribute, or no data.
    NoData,
    /// The time given for the wait has passed.
    TimedOut,
    /// The value does not fit the field.
    Overflow,
    /// The object was removed.
    Stale,
    /// The capability was revoked.
    Revoked,
    /// Not supported on this object.
    NotSupported,
    /// The operation was cancelled.
    Canceled,
    /// The owner died while holding it.
    OwnerDead,
    /// Not a socket.
    NotSocket,
    /// An address was needed.
    DestinationRequired,
    /// The message does not fit.
    MessageSize,
    /// The protocol type does not fit the socket.
    ProtocolType,
    /// No such protocol option.
    NoProtocolOption,
    /// No such protocol.
    NoProtocol,
    /// No such socket type.
    NoSocketType,
    /// No such address family.
    NoFamily,
    /// The address is taken.
    AddressInUse,
    /// The address is not available here.
    AddressNotAvailable,
    /// The network is down.
    NetworkDown,
    /// No route.
    NetworkUnreachable,
    /// The connection was aborted.
    ConnectionAborted,
    /// The peer has gone.
    ConnectionReset,
    /// Already connected.
    IsConnected,
    /// Not connected.
    NotConnected,
    /// Shut down.
    Shutdown,
    /// Nobody listens.
    ConnectionRefused,
    /// Already in progress.
    Already,
    /// Now in progress.
    InProgress,
}

/// A [`Kind`], and in debug builds the place where it was made.
#[derive(Clone, Copy)]
pub struct Error {
    kind: Kind,
    #[cfg(debug_assertions)]
    at: &'static core::panic::Location<'static>,
}

impl Error {
    /// What went wrong.
    pub const fn kind(self) -> Kind {
        self.kind
    }
}

impl From<Kind> for Error {
    #[track_caller]
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            #[cfg(debug_assertions)]
            at: core::panic::Location::caller(),
        }
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq<Kind> for Error {
    fn eq(&self, other: &Kind) -> bool {
        self.kind == *other
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(debug_assertions)]
        return write!(f, "{:?} at {}", self.kind, self.at);
        #[cfg(not(debug_assertions))]
        return write!(f, "{:?}", self.kind);
    }
}

/// A result with the native [`Error`].
pub type Result<T> = core::result::Result<T, Error>;
