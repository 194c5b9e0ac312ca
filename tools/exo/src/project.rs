//! Where the project's folder and its build results are.

use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};

/// The project's folder, found from where this command lies, or else from the current directory.
pub struct Project {
    pub root: PathBuf,
}

impl Project {
    pub fn find() -> Result<Self> {
        let own = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
        let here = std::env::current_dir().ok();
        let is_root = |path: &&Path| path.join("kernel/image").is_dir() && path.join("tools/setup").exists();
        own.iter()
            .chain(here.iter())
            .find_map(|start| start.ancestors().find(is_root))
            .map(|root| Self { root: root.to_owned() })
            .context("the Exo-OS source folder is not around this command: run exo from inside it")
    }

    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    pub fn kernel(&self) -> Result<PathBuf> {
        self.built("exo-kernel", "make all")
    }

    pub fn initramfs(&self) -> Result<PathBuf> {
        self.built("initramfs.tar", "make all")
    }

    pub fn linux_initramfs(&self) -> Result<PathBuf> {
        self.built("initramfs.cpio.gz", "make all")
    }

    /// A file below target/, or what to run to have it.
    pub fn built(&self, name: &str, command: &str) -> Result<PathBuf> {
        let path = self.target().join(name);
        if !path.exists() {
            bail!("{} is not there yet: run `{command}` in {}", path.display(), self.root.display());
        }
        Ok(path)
    }

    /// The Linux kernel that results are compared with; downloaded the first time.
    pub fn linux_kernel(&self) -> Result<PathBuf> {
        let path = self.target().join("linux/vmlinuz");
        if !path.exists() {
            let script = self.root.join("tools/fetch-linux");
            let status =
                std::process::Command::new(&script).status().context("can't start tools/fetch-linux")?;
            if !status.success() {
                bail!("no Linux kernel to compare with: {} failed", script.display());
            }
        }
        Ok(path)
    }
}
