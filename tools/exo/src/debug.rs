//! `exo debug`: QEMU that waits for gdb, and gdb with the kernel's symbols.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cli::{DebugOptions, Machine};
use crate::machine::{Boot, Console};
use crate::project::Project;

pub fn debug(options: &DebugOptions) -> Result<u8> {
    let project = Project::find()?;
    let kernel = options.machine.kernel.clone().map_or_else(|| project.kernel(), Ok)?;
    let initrd = options.machine.initrd.clone().map_or_else(|| project.initramfs(), Ok)?;
    let script = project.target().join("exo-debug.gdb");
    std::fs::write(&script, script_text(&with_symbols(&kernel), options.port))
        .context("can't write the gdb script")?;
    let boot = Boot {
        options: &options.machine,
        default_machine: Machine::Pc,
        kernel: Some(&kernel),
        initrd: Some(&initrd),
        append: "console=ttyS0 init=/init loglevel=7".into(),
        console: if options.wait {
            Console::Terminal
        } else {
            Console::File(project.target().join("exo-debug.log"))
        },
        link: None,
        sizes: None,
        display: false,
        once: true,
    };
    let mut command = boot.command();
    command.args(["-S", "-gdb", &format!("tcp:127.0.0.1:{}", options.port)]);
    let attach = format!("gdb -q -x {}", script.display());
    if options.wait {
        eprintln!("QEMU waits; in another terminal: {attach}");
        return Err(command.exec()).context("can't start qemu-system-x86_64; tools/setup installs it");
    }
    let mut qemu = command
        .stdin(std::process::Stdio::null())
        .process_group(0)
        .spawn()
        .context("can't start qemu-system-x86_64; tools/setup installs it")?;
    eprintln!("the guest's console goes to {}", project.target().join("exo-debug.log").display());
    let status = std::process::Command::new("gdb").args(["-q", "-x"]).arg(&script).status();
    drop(qemu.kill());
    drop(qemu.wait());
    status.context("can't start gdb; tools/setup installs it")?;
    Ok(0)
}

/// The linked kernel that `kernel` was made of, where it lies beside: the bootable one has no symbols for gdb.
fn with_symbols(kernel: &Path) -> PathBuf {
    let linked = kernel.with_extension("debug");
    if linked.exists() {
        linked
    } else {
        kernel.to_path_buf()
    }
}

/// Symbols are at their run-time addresses already: the kernel is not relocated.
fn script_text(kernel: &Path, port: u16) -> String {
    format!(
        "set pagination off\nset confirm off\nset disassembly-flavor intel\nset architecture i386:x86-64\n\
         file {kernel}\ntarget remote 127.0.0.1:{port}\n\
         define panics\n  hbreak rust_panic\nend\ndocument panics\nStop where the kernel panics.\nend\n\
         echo \\n'continue' boots; 'hbreak NAME' stops at a kernel function; 'panics' stops at panics.\\n\n",
        kernel = kernel.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_names_kernel_and_port() {
        let text = script_text(Path::new("/x/exo-kernel"), 4321);
        assert!(text.contains("file /x/exo-kernel\n") && text.contains("127.0.0.1:4321"));
    }
}
