//! [`Errno`], POSIX-X's own view of the error numbers, and the one map from native errors to them.

use exo_kernel::{Error, Kind};
use posix_x_abi as abi;

/// An error number. A type of our own, so that `?` can make it of a native error.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Errno(pub abi::Errno);

macro_rules! constants {
    ($($name:ident = $value:literal),* $(,)?) => {
        impl Errno {
            $(pub const $name: Errno = Errno(abi::Errno::$name);)*
        }
    };
}
posix_x_abi::errno_table!(constants);

impl Errno {
    /// What the call leaves in rax.
    #[inline]
    pub const fn to_register(self) -> u64 {
        self.0.to_register()
    }
    /// The number.
    pub const fn number(self) -> i32 {
        self.0 as i32
    }
}

impl core::fmt::Debug for Errno {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.0.name())
    }
}

impl From<Kind> for Errno {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::NotPermitted => Self::EPERM,
            Kind::NotFound => Self::ENOENT,
            Kind::NoProcess => Self::ESRCH,
            Kind::Interrupted => Self::ERESTARTSYS,
            Kind::InterruptedForGood => Self::EINTR,
            Kind::Io => Self::EIO,
            Kind::NoDevice => Self::ENXIO,
            Kind::TooBig => Self::E2BIG,
            Kind::NotExecutable => Self::ENOEXEC,
            Kind::BadHandle => Self::EBADF,
            Kind::NoChild => Self::ECHILD,
            Kind::WouldBlock => Self::EAGAIN,
            Kind::NoMemory => Self::ENOMEM,
            Kind::AccessDenied => Self::EACCES,
            Kind::Fault => Self::EFAULT,
            Kind::NotBlock => Self::ENOTBLK,
            Kind::Busy => Self::EBUSY,
            Kind::Exists => Self::EEXIST,
            Kind::CrossDevice => Self::EXDEV,
            Kind::NoOperation => Self::ENODEV,
            Kind::NotDirectory => Self::ENOTDIR,
            Kind::IsDirectory => Self::EISDIR,
            Kind::Invalid => Self::EINVAL,
            Kind::FileTableFull => Self::ENFILE,
            Kind::TooManyFiles => Self::EMFILE,
            Kind::NotTerminal => Self::ENOTTY,
            Kind::TextBusy => Self::ETXTBSY,
            Kind::FileTooBig => Self::EFBIG,
            Kind::NoSpace => Self::ENOSPC,
            Kind::IllegalSeek => Self::ESPIPE,
            Kind::ReadOnly => Self::EROFS,
            Kind::TooManyLinks => Self::EMLINK,
            Kind::BrokenPipe | Kind::PacketRefused => Self::EPIPE,
            Kind::Domain => Self::EDOM,
            Kind::Range => Self::ERANGE,
            Kind::Deadlock => Self::EDEADLK,
            Kind::NameTooLong => Self::ENAMETOOLONG,
            Kind::NoLocks => Self::ENOLCK,
            Kind::NoCall => Self::ENOSYS,
            Kind::NotEmpty => Self::ENOTEMPTY,
            Kind::Loop => Self::ELOOP,
            Kind::NoData => Self::ENODATA,
            Kind::TimedOut => Self::ETIMEDOUT,
            Kind::Overflow => Self::EOVERFLOW,
            Kind::Stale => Self::ESTALE,
            Kind::Revoked => Self::EKEYREVOKED,
            Kind::NotSupported => Self::EOPNOTSUPP,
            Kind::Canceled => Self::ECANCELED,
            Kind::OwnerDead => Self::EOWNERDEAD,
            Kind::NotSocket => Self::ENOTSOCK,
            Kind::DestinationRequired => Self::EDESTADDRREQ,
            Kind::MessageSize => Self::EMSGSIZE,
            Kind::ProtocolType => Self::EPROTOTYPE,
            Kind::NoProtocolOption => Self::ENOPROTOOPT,
            Kind::NoProtocol => Self::EPROTONOSUPPORT,
            Kind::NoSocketType => Self::ESOCKTNOSUPPORT,
            Kind::NoFamily => Self::EAFNOSUPPORT,
            Kind::AddressInUse => Self::EADDRINUSE,
            Kind::AddressNotAvailable => Self::EADDRNOTAVAIL,
            Kind::NetworkDown => Self::ENETDOWN,
            Kind::NetworkUnreachable => Self::ENETUNREACH,
            Kind::ConnectionAborted => Self::ECONNABORTED,
            Kind::ConnectionReset => Self::ECONNRESET,
            Kind::IsConnected => Self::EISCONN,
            Kind::NotConnected => Self::ENOTCONN,
            Kind::Shutdown => Self::ESHUTDOWN,
            Kind::ConnectionRefused => Self::ECONNREFUSED,
            Kind::Already => Self::EALREADY,
            Kind::InProgress => Self::EINPROGRESS,
        }
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        error.kind().into()
    }
}
