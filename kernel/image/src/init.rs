//! The first program: which one, with which arguments and descriptors.

use alloc::sync::Arc;

use exo_kernel::arch::panic::give_up;
use exo_kernel::cap::Capability;
use exo_kernel::params;
use exo_kernel::vfs::{self, Access, Context, Credentials, OpenOptions};
use posix_x::fd::FdTable;
use posix_x::{start_init, InitRequest};

/// What is tried, in this order, where the command line names no program.
const CANDIDATES: [&str; 5] = ["/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];
const ENVIRONMENT: [&str; 2] = ["HOME=/", "TERM=linux"];

/// Starts the first program, or ends the start with the reason why it cannot.
pub fn start() {
    if let Some(path) = params::get("init").or_else(|| params::get("rdinit")) {
        match run(path) {
            Ok(()) => return,
            Err(error) => give_up(format_args!("init={path} cannot be executed ({error:?})")),
        }
    }
    for path in CANDIDATES {
        match run(path) {
            Ok(()) => return,
            Err(posix_x::Errno::ENOENT) => {}
            Err(error) => log::warn!("{path} cannot be executed ({error:?})"),
        }
    }
    give_up(format_args!("no init found in the initramfs: tried {CANDIDATES:?}"))
}

fn run(path: &'static str) -> core::result::Result<(), posix_x::Errno> {
    let owned = |text: &str| text.as_bytes().to_vec();
    let arguments = core::iter::once(path).chain(params::init_arguments()).map(owned).collect();
    let environment = ENVIRONMENT.into_iter().map(owned).collect();
    let files = Arc::new(FdTable::new());
    if let Err(error) = open_console(&files) {
        log::warn!("init gets no console ({error:?})");
    }
    start_init(InitRequest { path: owned(path), arguments, environment, files })
}

/// Opens the console as descriptors 0, 1 and 2.
fn open_console(files: &FdTable) -> core::result::Result<(), posix_x::Errno> {
    let root = vfs::root();
    let creds = Credentials::kernel();
    let context = Context::new(&root, &root, &creds, 0);
    let options = OpenOptions { access: Access::READ | Access::WRITE, ..OpenOptions::READ };
    let console = Capability::new(vfs::open(&context, None, b"/dev/console", &options)?);
    for descriptor in 0..3 {
        files.replace(descriptor, console.clone(), false)?;
    }
    Ok(())
}
