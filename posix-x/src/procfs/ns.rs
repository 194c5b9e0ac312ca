//! `/proc/PID/ns`: the namespaces that a process is in, as links to files by which `setns` finds them.

use alloc::sync::Arc;
use core::fmt;

use exo_kernel::vfs::{DeviceNumber, File, Follow, Inode, InodeCore, InodeRef, NodeKind, OpenRequest, Owner};
use exo_kernel::{Kind, Result};

use super::tree::{Entry, Node, Subject};
use super::Text;
use crate::process::namespaces::{Namespace, Namespaces};

/// A namespace as a file.
pub struct NamespaceInode {
    core: InodeCore,
    namespace: Namespace,
}

impl NamespaceInode {
    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }
}

impl Inode for NamespaceInode {
    fn core(&self) -> &InodeCore {
        &self.core
    }
    fn open(self: Arc<Self>, _request: &OpenRequest) -> Result<Arc<dyn File>> {
        Ok(Arc::new(NamespaceFile(self)))
    }
}

struct NamespaceFile(Arc<NamespaceInode>);

impl File for NamespaceFile {
    fn pollable(&self) -> bool {
        false
    }
    fn inode(&self) -> Option<InodeRef> {
        Some(self.0.clone())
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}:[{}]", self.0.namespace.kind(), self.0.namespace.number())
    }
}

const fn link(
    name: &'static str,
    follow: fn(&Subject) -> Result<Follow>,
    write: fn(&Subject, &mut Text) -> Result<()>,
) -> Entry<Subject> {
    Entry { name, mode: 0o777, node: Node::MagicLink(follow, write) }
}

/// The links.
pub(super) static ENTRIES: &[Entry<Subject>] = &[
    link("ipc", |subject| follow(subject, ipc), |subject, text| name(subject, ipc, text)),
    link("uts", |subject| follow(subject, uts), |subject, text| name(subject, uts, text)),
];

fn ipc(all: &Namespaces) -> Namespace {
    Namespace::Ipc(all.ipc.clone())
}

fn uts(all: &Namespaces) -> Namespace {
    Namespace::Uts(all.uts.clone())
}

fn find(subject: &Subject, which: fn(&Namespaces) -> Namespace) -> Result<Namespace> {
    Ok(which(&subject.task()?.namespaces_snapshot()))
}

fn follow(subject: &Subject, which: fn(&Namespaces) -> Namespace) -> Result<Follow> {
    /// The device that these files are on.
    const DEVICE: DeviceNumber = DeviceNumber::new(0, 4);
    let namespace = find(subject, which)?;
    let owner = Owner::root(0o444);
    let core = InodeCore::new(namespace.number(), NodeKind::File, DEVICE, DeviceNumber::default(), owner);
    Ok(Follow::Inode(Arc::new(NamespaceInode { core, namespace })))
}

fn name(subject: &Subject, which: fn(&Namespaces) -> Namespace, text: &mut Text) -> Result<()> {
    let namespace = find(subject, which)?;
    fmt::Write::write_fmt(text, format_args!("{}:[{}]", namespace.kind(), namespace.number()))
        .map_err(|_| Kind::NoMemory.into())
}
