//! Pseudo-terminals as files: `/dev/ptmx`, which makes a pair, and `/dev/pts`, which names the slaves.
//!
//! The directory is a small tmpfs of its own, of which `mount -t devpts` gives the one instance. A slave's node
//! comes with the pair and goes with its master.

use alloc::format;
use alloc::sync::{Arc, Weak};

use spin::LazyLock;

use super::pty::{PtyMaster, PtyNumber, SLAVE_MAJOR};
use super::tty::job_control;
use super::tty_file::{MasterFile, TtyFile};
use crate::vfs::devfs::{self, Device};
use crate::vfs::tmpfs::{Options, TmpFs};
use crate::vfs::{
    kernel_path, mount_fs, register_type, DeviceNumber, File, FileSystem, InodeFlags, InodeRef, MountFlags,
    NewNode, OpenFlags, OpenRequest, Owner,
};
use crate::{Kind, Result};

static SLAVES: LazyLock<Arc<TmpFs>> = LazyLock::new(|| TmpFs::new("devpts", Options::unlimited()));

/// A slave, to be opened by its device number.
struct Slave(Weak<PtyMaster>);

impl Device for Slave {
    fn open(&self, _node: &InodeRef, request: &OpenRequest) -> Result<Arc<dyn File>> {
        let master = self.0.upgrade().ok_or(Kind::Io)?;
        let tty = master.open_slave()?;
        let file = Arc::new(TtyFile::new(tty.clone()));
        if !request.flags.contains(OpenFlags::NO_CONTROLLING_TTY) {
            job_control().into_iter().for_each(|control| control.opened(tty));
        }
        Ok(file)
    }
}

fn node(number: u32) -> NewNode<'static> {
    NewNode::CharDevice(DeviceNumber::new(SLAVE_MAJOR, number))
}

/// The name of a slave while its master lives.
pub struct SlaveName {
    number: PtyNumber,
}

impl SlaveName {
    fn new(master: &Arc<PtyMaster>, number: PtyNumber, uid: u32, gid: u32) -> Result<Self> {
        let index = number.get();
        devfs::provide(node(index), Arc::new(Slave(Arc::downgrade(master))))?;
        let name = Self { number };
        let root = SLAVES.root();
        let _guard = root.core().lock.lock();
        let owner = Owner { uid, gid, ..Owner::root(0o620) };
        root.create(format!("{index}").as_bytes(), node(index), owner)?;
        Ok(name)
    }
}

impl Drop for SlaveName {
    fn drop(&mut self) {
        devfs::withdraw(node(self.number.get()));
        let root = SLAVES.root();
        let _guard = root.core().lock.lock();
        let name = format!("{}", self.number.get());
        if let Ok(slave) = root.lookup(name.as_bytes()) {
            // Whoever remembers the name finds out by asking again.
            slave.core().set_flags(InodeFlags::REVALIDATE, true);
            let removed = root.unlink(name.as_bytes(), &slave);
            debug_assert!(removed.is_ok(), "a name that was just found can be removed");
        }
    }
}

fn open_master(_request: &OpenRequest) -> Result<Arc<dyn File>> {
    let number = PtyNumber::take()?;
    let master = Arc::new(PtyMaster::new(number.get()));
    let (uid, gid) = job_control().map_or((0, 0), |control| control.user());
    let name = SlaveName::new(&master, number, uid, gid)?;
    Ok(Arc::new(MasterFile::new(master, name)))
}

/// Registers the master, and mounts the directory of slaves.
pub fn init() -> Result<()> {
    SLAVES.root().core().set_flags(InodeFlags::NO_NEGATIVE, true);
    let ptmx = NewNode::CharDevice(DeviceNumber::new(5, 2));
    devfs::register(b"ptmx", ptmx, 0o666, Arc::new(open_master))?;
    register_type("devpts", |_source, _options| Ok(SLAVES.clone()));
    devfs::directory(b"pts")
}

/// Mounts the directory of slaves on `/dev/pts`, once `/dev` is there.
pub fn mount() -> Result<()> {
    mount_fs(SLAVES.clone(), &kernel_path(b"/dev/pts")?, MountFlags::NO_SUID | MountFlags::NO_EXEC, b"devpts")
}
