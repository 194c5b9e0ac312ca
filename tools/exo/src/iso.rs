//! `exo iso`: a CD image whose GRUB loads the kernel by multiboot2.

use std::process::Command;

use anyhow::{bail, Context, Result};

use crate::cli::IsoOptions;
use crate::project::Project;

const MENU: &str = "\
set timeout=0
set default=0
menuentry 'Exo-OS' {
    multiboot2 /boot/exo-kernel init=/init quiet console=tty0 console=ttyS0
    module2 /boot/initramfs.tar
    boot
}
";

pub fn iso(options: &IsoOptions) -> Result<u8> {
    let project = Project::find()?;
    let output = options.output.clone().unwrap_or_else(|| project.target().join("exo-os.iso"));
    let folder = tempfile::tempdir().context("can't make a temporary folder")?;
    let boot = folder.path().join("boot");
    std::fs::create_dir_all(boot.join("grub"))?;
    std::fs::copy(project.kernel()?, boot.join("exo-kernel"))?;
    std::fs::copy(project.initramfs()?, boot.join("initramfs.tar"))?;
    std::fs::write(boot.join("grub/grub.cfg"), MENU)?;
    // Only what the menu needs: an image with all of GRUB's modules is three times as large.
    let result = Command::new("grub-mkrescue")
        .args([
            "--install-modules=multiboot2 normal iso9660 biosdisk part_msdos",
            "--fonts=",
            "--locales=",
            "--themes=",
        ])
        .arg("-o")
        .arg(&output)
        .arg(folder.path())
        .output()
        .context("can't start grub-mkrescue; tools/setup installs it")?;
    if !result.status.success() {
        bail!("grub-mkrescue failed: {}", String::from_utf8_lossy(&result.stderr).trim());
    }
    let size = std::fs::metadata(&output)?.len();
    eprintln!(
        "{} ({:.1} MB); boot it with: {} -m 128 -cdrom {}",
        output.display(),
        size as f64 / 1e6,
        crate::machine::QEMU,
        output.display()
    );
    Ok(0)
}
