//! The memory of a new program: segments, interpreter, vDSO and stack.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;

use elf_load::stack::{self, Content};
use elf_load::{Header, Kind, Plan, Segment, HEADER_SIZE, PAGE};
use exo_kernel::arch::{usercopy, USER_TOP};
use exo_kernel::dev::random;
use exo_kernel::mm::{AddressSpace, MapRequest, Prot};
use exo_kernel::user::UserPtr;
use posix_x_abi::uapi::auxvec;

use super::{Arguments, Program};
use crate::process::group::Image;
use crate::process::{vdso, Process, Resource, Task};
use crate::security::Credentials;
use crate::{Errno, Fd};

/// `ADDR_NO_RANDOMIZE` of `personality(2)`.
const ADDR_NO_RANDOMIZE: u32 = 0x0004_0000;
/// Where movable programs that have an interpreter go: at two thirds of user memory.
const MOVABLE_BASE: usize = (USER_TOP / 3 * 2) & !(PAGE as usize - 1);
/// Room kept for the stack below the top of user memory, at least and at most.
const STACK_GAP: (u64, u64) = (128 << 20, USER_TOP as u64 / 6 * 5);
/// Pages mapped for the stack beyond what it holds at first.
const STACK_SPARE: usize = 32 * PAGE as usize;
/// What `AT_HWCAP2` says: FS base instructions are allowed.
const HWCAP2_FSGSBASE: u64 = 1 << 1;

/// A program put into a space of its own, which nobody runs in yet.
pub struct NewImage {
    /// The space.
    pub space: Arc<AddressSpace>,
    entry: usize,
    stack: stack::Image,
    tails: Vec<Tail>,
    image: Image,
}

/// Bytes behind a segment's file content, to be zeroed.
struct Tail {
    start: usize,
    length: usize,
    /// Behind all content: this is where the program's memory begins. Elsewhere odd protections may keep them as
    /// they are.
    last: bool,
}

/// Why there is no new program.
pub enum Failure {
    /// The old one goes on with an error.
    Error(Errno),
    /// Linux finds this out when the old program is gone, so that goes here too.
    Fatal,
}

impl<E: Into<Errno>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Random numbers for placing things, or zeros.
struct Randomiser {
    on: bool,
}

impl Randomiser {
    /// A random multiple of a page below `1 << bits` pages.
    fn pages(&self, bits: u32) -> usize {
        if !self.on {
            return 0;
        }
        let mut bytes = [0; 8];
        random::fill(&mut bytes);
        (u64::from_le_bytes(bytes) & ((1 << bits) - 1)) as usize * PAGE as usize
    }
}

/// A segment that cannot be mapped.
fn fatal<E>(_: E) -> Failure {
    Failure::Fatal
}

/// A program's plan, and where it is put.
struct Placed {
    plan: Plan,
    /// What is added to the file's addresses.
    bias: usize,
}

impl Placed {
    fn at(&self, address: u64) -> usize {
        (address as usize).wrapping_add(self.bias)
    }

    /// The first instruction.
    fn entry(&self) -> Result<usize, Failure> {
        Some(self.at(self.plan.entry)).filter(|entry| *entry < USER_TOP).ok_or(Failure::Fatal)
    }
}

/// A buffer on the heap: kernel stacks are small.
fn zeroed(length: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| Errno::ENOMEM)?;
    bytes.resize(length, 0);
    Ok(bytes)
}

fn plan_of(program: &Program) -> Result<Plan, Errno> {
    let header = Header::parse(program.start()).map_err(|_| Errno::ENOEXEC)?;
    let mut table = zeroed(header.table_size())?;
    if program.read(&mut table, header.table_offset)? < table.len() {
        return Err(Errno::ENOEXEC);
    }
    Plan::new(&header, &table, USER_TOP as u64).map_err(|_| Errno::ENOEXEC)
}

fn prot_of(segment: &Segment) -> Prot {
    let mut prot = Prot::empty();
    prot.set(Prot::READ, segment.read);
    prot.set(Prot::WRITE, segment.write);
    prot.set(Prot::EXEC, segment.execute);
    prot
}

/// Maps a program's segments; what is left to zero goes to `tails`.
fn map_program(
    space: &Arc<AddressSpace>,
    program: &Program,
    placed: &Placed,
    tails: &mut Vec<Tail>,
) -> Result<(), Errno> {
    let vmo = program.file().map()?;
    let tag: Arc<dyn core::any::Any + Send + Sync> = program.file().clone();
    for segment in &placed.plan.segments {
        let prot = prot_of(segment);
        let start = placed.at(segment.start());
        let file_end = placed.at(segment.file_pages_end());
        if file_end > start {
            space.map(&MapRequest {
                addr: Some(start),
                fixed: true,
                len: file_end - start,
                prot,
                object: Some((vmo.clone(), segment.file_start())),
                file: Some(tag.clone()),
                ..MapRequest::default()
            })?;
        }
        let end = placed.at(segment.pages_end());
        if end > file_end {
            // As on Linux it can be written whatever the segment says.
            let request = MapRequest {
                addr: Some(file_end),
                fixed: true,
                ..MapRequest::anonymous(end - file_end, prot | Prot::READ | Prot::WRITE)
            };
            space.map(&request)?;
        }
        let content_end = placed.at(segment.file_end());
        if segment.memory_size > segment.file_size && file_end > content_end {
            let last = segment.file_end() == placed.plan.content_end();
            tails.push(Tail { start: content_end, length: file_end - content_end, last });
        }
    }
    Ok(())
}

/// Finds a place for a movable program, and keeps it free of others by mapping it.
fn find_place(space: &Arc<AddressSpace>, plan: &Plan, base: Option<usize>) -> Result<usize, Errno> {
    let (span, alignment) = (plan.span() as usize, plan.alignment as usize);
    if let Some(base) = base {
        return Ok((base & !(alignment - 1)).wrapping_sub(plan.low() as usize));
    }
    let room = span.checked_add(alignment - PAGE as usize).ok_or(Errno::ENOMEM)?;
    let start = space.map(&MapRequest::anonymous(room, Prot::empty()))?;
    space.unmap(start, room)?;
    let aligned = (start + alignment - 1) & !(alignment - 1);
    Ok(aligned.wrapping_sub(plan.low() as usize))
}

/// The interpreter that the program names.
fn open_interpreter(t: &Task, program: &Program, plan: &Plan) -> Result<Option<Program>, Errno> {
    let Some(interpreter) = plan.interpreter else { return Ok(None) };
    let mut path = zeroed(interpreter.length)?;
    let end = interpreter.offset.checked_add(path.len() as u64);
    if end.is_none_or(|end| end > i64::MAX as u64) {
        return Err(Errno::EINVAL);
    }
    if program.read(&mut path, interpreter.offset)? < path.len() {
        return Err(Errno::EIO);
    }
    if path.pop() != Some(0) {
        return Err(Errno::ENOEXEC);
    }
    let path = path.split(|byte| *byte == 0).next().unwrap_or(&[]);
    if path.is_empty() {
        // It names the current directory, which nobody executes.
        return Err(Errno::EACCES);
    }
    Program::open(t, Fd::CWD, path, 0).map(Some)
}

/// The interpreter's plan. What is no program is a bad interpreter here, not a bad program.
fn interpreter_plan(interpreter: &Program) -> Result<Plan, Failure> {
    if interpreter.start().len() < HEADER_SIZE {
        return Err(Errno::EIO.into());
    }
    match plan_of(interpreter) {
        // Of the type Linux takes notice late.
        Err(Errno::ENOEXEC) if Header::is_other_type(interpreter.start()) => Err(Failure::Fatal),
        Err(Errno::ENOEXEC) => Err(Errno::ELIBBAD.into()),
        other => Ok(other?),
    }
}

impl NewImage {
    /// Makes the memory of `program`. Nothing of the old program changes.
    pub fn load(
        t: &Task,
        program: &Program,
        arguments: &Arguments,
        creds: &Credentials,
        secure: bool,
    ) -> Result<Self, Failure> {
        let plan = plan_of(program)?;
        let interpreter = open_interpreter(t, program, &plan)?;
        let interpreter_plan = interpreter.as_ref().map(interpreter_plan).transpose()?;
        if !plan.sound || interpreter_plan.as_ref().is_some_and(|plan| !plan.sound) {
            return Err(Failure::Fatal);
        }
        let randomiser = Randomiser { on: t.persona.load(Relaxed) & ADDR_NO_RANDOMIZE == 0 };
        let space = AddressSpace::new()?;
        set_limits(&space, t.process());
        let stack_top = USER_TOP - randomiser.pages(22);
        let gap = t.process().limit(Resource::Stack).clamp(STACK_GAP.0, STACK_GAP.1) as usize;
        let mmap_base = (stack_top - gap - randomiser.pages(28).min(stack_top / 4)) & !(PAGE as usize - 1);
        space.set_layout(mmap_base, 0);

        let mut tails = Vec::new();
        let base = interpreter.as_ref().map(|_| MOVABLE_BASE + randomiser.pages(28));
        let bias =
            if plan.kind == Kind::Fixed { 0 } else { find_place(&space, &plan, base).map_err(fatal)? };
        let placed = Placed { plan, bias };
        map_program(&space, program, &placed, &mut tails).map_err(fatal)?;
        let brk_gap = randomiser.pages(13);
        let brk = placed.at(placed.plan.end()).next_multiple_of(PAGE as usize) + brk_gap;
        let brk = if placed.plan.kind == Kind::Movable && interpreter.is_none() {
            // Above a static movable program there are mappings: the heap has a region of its own.
            MOVABLE_BASE + randomiser.pages(28) + brk_gap
        } else {
            brk
        };
        space.set_layout(mmap_base, brk);

        let mut entry = if interpreter.is_none() { placed.entry()? } else { 0 };
        let mut interpreter_base = 0;
        if let (Some(interpreter), Some(plan)) = (&interpreter, interpreter_plan) {
            let bias =
                if plan.kind == Kind::Fixed { 0 } else { find_place(&space, &plan, None).map_err(fatal)? };
            let placed = Placed { plan, bias };
            map_program(&space, interpreter, &placed, &mut tails).map_err(fatal)?;
            entry = placed.entry()?;
            interpreter_base = bias;
        }
        let vdso = vdso::map(&space)?;
        let auxiliary = auxiliary_vector(&placed, interpreter_base, vdso, creds, secure);
        let stack = make_stack(&space, stack_top & !15, program, arguments, &auxiliary, &placed.plan)?;
        let image = describe(program, &placed, &stack);
        Ok(Self { space, entry, stack, tails, image })
    }

    /// Writes what must be written, now that the space is the current one. Entry and stack pointer of the program.
    pub fn enter(self, process: &Process) -> Result<(usize, usize), Errno> {
        for Tail { start, length, last } in self.tails {
            if usercopy::clear_user(start, length) != 0 && last {
                return Err(Errno::EFAULT);
            }
        }
        let pointer = self.stack.pointer as usize;
        UserPtr::<u8>::new(pointer).write_slice(&self.stack.bytes)?;
        process.set_image(self.image);
        Ok((self.entry, pointer))
    }
}

/// The limits that the memory system enforces.
pub fn set_limits(space: &AddressSpace, process: &Process) {
    space.limits.data.store(process.limit(Resource::Data), Relaxed);
    space.limits.stack.store(process.limit(Resource::Stack), Relaxed);
    space.limits.space.store(process.limit(Resource::AddressSpace), Relaxed);
    space.limits.locked.store(process.limit(Resource::LockedMemory), Relaxed);
}

fn auxiliary_vector(
    placed: &Placed,
    interpreter: usize,
    vdso: usize,
    creds: &Credentials,
    secure: bool,
) -> [(u64, u64); 17] {
    let value = |kind: u32, value: u64| (u64::from(kind), value);
    [
        value(auxvec::AT_SYSINFO_EHDR, vdso as u64),
        value(auxvec::AT_MINSIGSTKSZ, crate::signal::frame_size() as u64),
        value(auxvec::AT_HWCAP, exo_kernel::arch::cpu::hardware_capabilities().into()),
        value(auxvec::AT_PAGESZ, PAGE),
        value(auxvec::AT_CLKTCK, 100),
        value(
            auxvec::AT_PHDR,
            if placed.plan.table_address == 0 { 0 } else { placed.at(placed.plan.table_address) as u64 },
        ),
        value(auxvec::AT_PHENT, 56),
        value(auxvec::AT_PHNUM, placed.plan.table_count as u64),
        value(auxvec::AT_BASE, interpreter as u64),
        value(auxvec::AT_FLAGS, 0),
        value(auxvec::AT_ENTRY, placed.at(placed.plan.entry) as u64),
        value(auxvec::AT_UID, creds.uid.into()),
        value(auxvec::AT_EUID, creds.euid.into()),
        value(auxvec::AT_GID, creds.gid.into()),
        value(auxvec::AT_EGID, creds.egid.into()),
        value(auxvec::AT_SECURE, secure.into()),
        value(auxvec::AT_HWCAP2, HWCAP2_FSGSBASE * u64::from(exo_kernel::arch::cpu::has_fsgsbase())),
    ]
}

fn make_stack(
    space: &Arc<AddressSpace>,
    top: usize,
    program: &Program,
    arguments: &Arguments,
    auxiliary: &[(u64, u64)],
    plan: &Plan,
) -> Result<stack::Image, Errno> {
    let mut random = [0; 16];
    random::fill(&mut random);
    let content = Content {
        top: top as u64,
        arguments: &arguments.arguments,
        environment: &arguments.environment,
        path: program.called(),
        random,
        auxiliary,
    };
    let image = stack::build(&content)?;
    let end = (top + PAGE as usize - 1) & !(PAGE as usize - 1);
    let start = (image.pointer as usize & !(PAGE as usize - 1)) - STACK_SPARE;
    let mut prot = Prot::READ | Prot::WRITE;
    prot.set(Prot::EXEC, plan.executable_stack);
    space.map(&MapRequest {
        addr: Some(start),
        fixed: true,
        grows_down: true,
        ..MapRequest::anonymous(end - start, prot)
    })?;
    Ok(image)
}

/// What `/proc` shows of it.
fn describe(program: &Program, placed: &Placed, stack: &stack::Image) -> Image {
    let range = |pair: (u64, u64)| (pair.0 as usize, pair.1 as usize);
    let bounds = |wanted: fn(&Segment) -> bool| {
        let mut matching = placed.plan.segments.iter().filter(|segment| wanted(segment));
        let first = matching.next();
        let last = matching.next_back().or(first);
        match (first, last) {
            (Some(first), Some(last)) => (placed.at(first.address), placed.at(last.file_end())),
            _ => (0, 0),
        }
    };
    Image {
        path: Some(program.path().clone()),
        deny_write: Some(program.deny_write().clone()),
        arguments: range(stack.arguments),
        environment: range(stack.environment),
        auxiliary: stack.auxiliary.iter().map(|(kind, value)| [*kind, *value]).collect(),
        code: bounds(|segment| segment.execute),
        data: bounds(|segment| segment.write),
        stack_start: stack.pointer as usize,
    }
}
