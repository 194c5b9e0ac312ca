//! The streams of the host link as files.

use alloc::sync::Arc;

use super::host_link::{DebugConsole, HostInput};
use crate::sync::{Events, PollTable};
use crate::user::{IoDest, IoSource};
use crate::vfs::{File, Io};
use crate::Result;

/// `/dev/exo/stdin`.
pub struct HostInputFile(pub Arc<HostInput>);

impl File for HostInputFile {
    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        self.0.read(dest, io.nonblock())
    }
    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        self.0.poll(table)
    }
}

/// `/dev/exo/stdout`, `stderr`, `control` and `recording`.
pub struct DebugConsoleFile(pub DebugConsole);

impl File for DebugConsoleFile {
    fn write(&self, source: &mut IoSource, _io: &mut Io) -> Result<usize> {
        self.0.write(source)
    }
}
