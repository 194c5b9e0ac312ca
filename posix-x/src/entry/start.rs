//! The first program: how it is started, and what its end means.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use exo_kernel::arch::{self, UserFrame};
use exo_kernel::mm::AddressSpace;
use exo_kernel::sched::{NewUser, Thread};
use exo_kernel::sync::{Sleep, SpinLock, WaitQueue};
use exo_kernel::vfs;
use exo_kernel::{params, time};

use crate::fd::FdTable;
use crate::process::exec::{self, Arguments, Program};
use crate::process::{self, FsContext, Task};
use crate::security::Credentials;
use crate::{Errno, Fd};

/// What is to be the first program.
pub struct InitRequest {
    /// Its file.
    pub path: Vec<u8>,
    /// Its arguments, the first being its name.
    pub arguments: Vec<Vec<u8>>,
    /// Its environment.
    pub environment: Vec<Vec<u8>>,
    /// Its descriptors 0, 1 and 2.
    pub files: Arc<FdTable>,
}

/// The first program's start: asked for by the boot code, done by the new thread in its own memory.
struct Start {
    request: SpinLock<Option<InitRequest>>,
    result: SpinLock<Option<Result<(), Errno>>>,
    asked: AtomicBool,
    done: WaitQueue,
}

static START: Start = Start {
    request: SpinLock::new(None),
    result: SpinLock::new(None),
    asked: AtomicBool::new(false),
    done: WaitQueue::new(),
};

/// Makes process 1 and has it execute the program. Returns when that has succeeded or failed; after a failure it
/// may be called again with another program.
pub fn start_init(request: InitRequest) -> Result<(), Errno> {
    let files = request.files.clone();
    *START.request.lock() = Some(request);
    START.asked.store(true, Ordering::Release);
    if process::table::process(1).is_none() {
        let fs = Arc::new(FsContext::new(vfs::root()));
        let (task, _process) = process::first(files, fs, Arc::new(Credentials::root()))?;
        let frame = UserFrame::start(0, 0);
        let thread = Thread::new_user(NewUser {
            name: b"init",
            id: 1,
            space: AddressSpace::new()?,
            frame: &frame,
            fs_base: 0,
            gs_base: 0,
            fpu: None,
            personal: task.clone(),
        })?;
        process::publish_first(&task, &thread)?;
        thread.request_attention();
        thread.start();
    } else {
        retry_wake();
    }
    let taken = START.done.wait(Sleep::Uninterruptible, None, || START.result.lock().take());
    taken.unwrap_or(Err(Errno::EINTR))
}

fn retry_wake() {
    START.done.wake_all();
}

/// In process 1 before its first program runs: executes what was asked for, and waits for another request if that
/// fails. `true` once a program runs.
pub(super) fn run_first_program(task: &Task, frame: &mut UserFrame) -> bool {
    if !START.asked.load(Ordering::Relaxed) || task.pid() != 1 {
        return true;
    }
    loop {
        let request = START.done.wait(Sleep::Uninterruptible, None, || START.request.lock().take());
        let Ok(request) = request else { return true };
        let result = execute(task, frame, &request);
        if result.is_ok() {
            START.asked.store(false, Ordering::Relaxed);
        }
        *START.result.lock() = Some(result);
        START.done.wake_all();
        if result.is_ok() {
            return true;
        }
    }
}

fn execute(task: &Task, frame: &mut UserFrame, request: &InitRequest) -> Result<(), Errno> {
    let lists = |list: &[Vec<u8>]| list.to_vec();
    let (arguments, environment) = (lists(&request.arguments), lists(&request.environment));
    let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
    let environment: Vec<&[u8]> = environment.iter().map(Vec::as_slice).collect();
    let arguments = Arguments::from_lists(&arguments, &environment)?;
    let program = Program::open(task, Fd::CWD, &request.path, 0)?;
    let (program, arguments) = program.interpret(task, arguments)?;
    exec::execute(task, frame, program, arguments)?;
    Ok(())
}

/// Process 1 has ended: the machine ends with it, as `panic=` says.
pub(crate) fn init_ended(status: i32) -> ! {
    if status & 0x7f == 0 {
        log::error!("init ended with status {}: there is nothing left to run", status >> 8 & 0xff);
    } else {
        log::error!("init was killed by signal {}: there is nothing left to run", status & 0x7f);
    }
    match params::get("panic").and_then(|value| value.parse::<i64>().ok()) {
        None | Some(0) => arch::halt_forever(),
        Some(seconds) => {
            if seconds > 0 {
                let deadline = time::now().saturating_add_ns(seconds as u64 * time::NANOS_PER_SEC);
                let nobody = WaitQueue::new();
                // Nothing wakes this but the time.
                let _ = nobody.wait(Sleep::Uninterruptible, Some(deadline), || None::<()>);
            }
            arch::reboot()
        }
    }
}
