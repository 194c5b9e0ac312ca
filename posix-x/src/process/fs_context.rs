//! [`FsContext`]: root, current directory and umask, shared by threads (`CLONE_FS`).

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use exo_kernel::sync::SpinLock;
use exo_kernel::vfs::Path;

/// Where paths start, and what new files may not permit.
pub struct FsContext {
    places: SpinLock<Places>,
    umask: AtomicU32,
}

#[derive(Clone)]
struct Places {
    root: Path,
    cwd: Path,
}

impl FsContext {
    /// A context with both directories the same.
    pub fn new(root: Path) -> Self {
        Self { places: SpinLock::new(Places { cwd: root.clone(), root }), umask: AtomicU32::new(0o022) }
    }
    /// The root directory.
    pub fn root(&self) -> Path {
        self.places.lock().root.clone()
    }
    /// The current directory.
    pub fn cwd(&self) -> Path {
        self.places.lock().cwd.clone()
    }
    /// Both: root and current.
    pub fn places(&self) -> (Path, Path) {
        let places = self.places.lock().clone();
        (places.root, places.cwd)
    }
    /// Changes the root directory.
    pub fn set_root(&self, root: Path) {
        let old = core::mem::replace(&mut self.places.lock().root, root);
        drop(old);
    }
    /// Changes the current directory.
    pub fn set_cwd(&self, cwd: Path) {
        let old = core::mem::replace(&mut self.places.lock().cwd, cwd);
        drop(old);
    }
    /// The umask.
    pub fn umask(&self) -> u32 {
        self.umask.load(Relaxed)
    }
    /// Changes the umask and returns the old one.
    pub fn set_umask(&self, umask: u32) -> u32 {
        self.umask.swap(umask & 0o777, Relaxed)
    }
}

impl Clone for FsContext {
    fn clone(&self) -> Self {
        Self { places: SpinLock::new(self.places.lock().clone()), umask: AtomicU32::new(self.umask()) }
    }
}
