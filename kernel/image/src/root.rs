//! The root file system: a tmpfs with the initial file tree that the boot loader brought, and `/dev`.

use exo_kernel::arch::panic::give_up;
use exo_kernel::arch::{phys_to_virt, BootInfo};
use exo_kernel::vfs::tmpfs::{Options, TmpFs};
use exo_kernel::vfs::{self, Context, Credentials, MountFlags, NewNode, Path};
use exo_kernel::{mm, Kind, Result};

/// Makes the root file system and fills it. Ends the start where that is impossible.
pub fn populate(boot: &BootInfo) {
    let root = make().unwrap_or_else(|error| give_up(format_args!("no root file system ({error:?})")));
    unpack(boot, &root);
    if let Err(error) = mount_devices(&root) {
        log::error!("/dev cannot be mounted ({error:?})");
    }
}

fn make() -> Result<Path> {
    vfs::mount_root(TmpFs::new("rootfs", Options { mode: 0o755, ..Options::default() }), b"rootfs")
}

/// Unpacks the initial file tree, and gives its memory back.
fn unpack(boot: &BootInfo, root: &Path) {
    let Some(range) = boot.initrd.clone() else {
        give_up(format_args!("no initramfs: give the boot loader a tar archive as initrd or module"))
    };
    let length = (range.end - range.start) as usize;
    // SAFETY: the loader put the archive there; the memory is mapped, reserved, and nobody writes to it.
    let archive = unsafe { core::slice::from_raw_parts(phys_to_virt(range.start) as *const u8, length) };
    match vfs::unpack(archive, root) {
        Ok(done) if done.entries == 0 => {
            give_up(format_args!("the initramfs is an empty or corrupt tar archive ({length} bytes)"))
        }
        Ok(done) => log::info!("initramfs: {} files, {} KiB", done.entries, done.bytes >> 10),
        Err(failure) => give_up(format_args!("initramfs: {failure}")),
    }
    // SAFETY: nothing refers to the archive any more: all contents were copied.
    unsafe { mm::frame::release_boot_memory(range) };
}

/// Mounts the device nodes on `/dev`, which is made if the archive had none.
fn mount_devices(root: &Path) -> Result<()> {
    let creds = Credentials::kernel();
    let context = Context::new(root, root, &creds, 0);
    match vfs::make(&context, None, b"/dev", NewNode::Directory, 0o755) {
        Err(error) if error != Kind::Exists => return Err(error),
        _ => {}
    }
    let dev = vfs::kernel_path(b"/dev")?;
    vfs::mount_fs(vfs::devfs::instance(), &dev, MountFlags::NO_SUID, b"devtmpfs")
}
