//! Address spaces.
//!
//! An [`AddressSpace`] is a map of areas ([`region`]) and the page tables that follow it as pages are touched.
//! Private memory lives in the page tables alone: an entry holds a reference to its frame, a fork copies the
//! entries and takes the right to write away on both sides, and the first store to a page whose frame has other
//! owners copies it. Pages of objects come from the object at each fault, and are not copied by a fork.
//!
//! One lock guards it all; it may sleep, and no user memory is touched while it is held. What is unmapped goes
//! through a [`gather::Gather`], which frees frames after the CPUs have forgotten them.

mod fault;
mod fork;
mod gather;
mod map;
mod protect;
mod region;
mod remap;
mod remote;

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;
use core::ops::Range;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use vma::AreaMap;

pub use map::mmap_base;
pub use protect::ForkPolicy;
pub(super) use remote::zap_object;

use self::gather::Gather;
use self::region::{Flags, Region};
use super::{Frame, Prot, Vmo, PAGE_SIZE};
use crate::arch::x86_64::paging::{self, Leaf, Tables, Walk, OBJECT, SPECIAL};
use crate::arch::{self, ipi, MAX_CPUS, USER_TOP};
use crate::sync::{Mutex, SpinLock};
use crate::{Kind, Result};

/// What a mapping's name or file may be: the personality's own object.
pub type Tag = Arc<dyn Any + Send + Sync>;

/// What [`AddressSpace::map`] is to do.
#[derive(Clone, Default)]
pub struct MapRequest {
    /// Where: a wish, or with `fixed` an order. `None`: anywhere.
    pub addr: Option<usize>,
    /// Exactly at `addr`, in place of what is there.
    pub fixed: bool,
    /// With `fixed`: fail with [`Kind::Exists`] instead of replacing.
    pub no_replace: bool,
    /// Bytes, rounded up to pages.
    pub len: usize,
    /// What the mapping allows.
    pub prot: Prot,
    /// What [`AddressSpace::protect`] may allow later. Empty means everything.
    pub max_prot: Prot,
    /// Stores reach the object (and its other mappings); else the first store to a page makes a private copy.
    pub shared: bool,
    /// The object and the offset in it where the mapping starts; `None` is anonymous memory.
    pub object: Option<(Arc<Vmo>, u64)>,
    /// A stack: grows downwards on faults below it.
    pub grows_down: bool,
    /// Do not count against overcommitment.
    pub no_reserve: bool,
    /// Make all pages present at once.
    pub populate: bool,
    /// Counted as locked.
    pub locked: bool,
    /// Shown by [`AddressSpace::mappings_from`].
    pub file: Option<Tag>,
}

impl MapRequest {
    /// Private anonymous memory anywhere.
    pub fn anonymous(len: usize, prot: Prot) -> Self {
        Self { len, prot, ..Self::default() }
    }
}

bitflags::bitflags! {
    /// How [`AddressSpace::remap`] works.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct RemapFlags: u8 {
        /// The mapping may move.
        const MAY_MOVE = 1;
        /// It moves to the address given.
        const FIXED = 2;
        /// The old range stays mapped, empty.
        const DONT_UNMAP = 4;
    }
}

/// One mapping, as [`AddressSpace::mappings_from`] shows it.
pub struct MappingInfo<'a> {
    /// First address.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What is allowed.
    pub prot: Prot,
    /// What may be allowed.
    pub max_prot: Prot,
    /// Shared?
    pub shared: bool,
    /// Offset in the object.
    pub offset: u64,
    /// The object; `None` for anonymous memory.
    pub object: Option<&'a Arc<Vmo>>,
    /// As given in [`MapRequest::file`].
    pub file: Option<&'a Tag>,
    /// A stack.
    pub grows_down: bool,
    /// Part of the heap that [`AddressSpace::brk`] moves.
    pub heap: bool,
    /// Counted as locked.
    pub locked: bool,
}

/// Pages of a space or a range by kind.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Private pages present.
    pub anonymous: usize,
    /// Pages of objects present.
    pub object: usize,
    /// Pages mapped, present or not.
    pub mapped: usize,
    /// Those of private writable mappings.
    pub data: usize,
    /// Those of stacks.
    pub stack: usize,
    /// Those of executable mappings.
    pub exec: usize,
    /// Those that are locked.
    pub locked: usize,
    /// The most pages that were ever present.
    pub peak_present: usize,
    /// The most pages that were ever mapped.
    pub peak_mapped: usize,
}

/// Limits in bytes, set by the personality; `u64::MAX` is none.
#[derive(Debug)]
pub struct Limits {
    /// Private writable memory (and the heap).
    pub data: AtomicU64,
    /// Each stack.
    pub stack: AtomicU64,
    /// Everything mapped.
    pub space: AtomicU64,
    /// Locked memory.
    pub locked: AtomicU64,
}

/// A map of address ranges to objects and anonymous memory, with the page tables that make it so.
pub struct AddressSpace {
    /// Limits in force.
    pub limits: Limits,
    /// CPUs that have it loaded.
    cpus: AtomicU64,
    root: u64,
    /// Where it is in [`SPACES`].
    position: AtomicUsize,
    inner: Mutex<Inner>,
}

/// What the lock guards.
struct Inner {
    areas: AreaMap<Region>,
    tables: Tables,
    counts: Usage,
    heap: Range<usize>,
    /// Mappings made from now on are locked.
    lock_future: bool,
}

/// All spaces, for objects to find their mappings.
static SPACES: SpinLock<Vec<Weak<AddressSpace>>> = SpinLock::new(Vec::new());
/// How many were ever added.
static ADDED: AtomicUsize = AtomicUsize::new(0);

/// The space that each CPU has loaded. The thread that runs there keeps it alive, if it is its own. A kernel thread
/// leaves what it finds, which may not outlive that: a space that ends makes CPUs leave it first.
static ACTIVE: [AtomicPtr<AddressSpace>; MAX_CPUS] =
    [const { AtomicPtr::new(core::ptr::null_mut()) }; MAX_CPUS];

/// A frame of zeros, for loads from untouched memory.
static ZERO: AtomicU32 = AtomicU32::new(0);

/// Address spaces that there are.
pub fn count() -> usize {
    SPACES.lock().len()
}

/// Moves the list of spaces into memory that fits.
pub(super) fn pack_list() {
    crate::room::pack(&mut SPACES.lock());
}

/// Makes what all spaces share.
pub(super) fn init() {
    let zero = Frame::alloc_zeroed().expect("there is memory at boot");
    ZERO.store(zero.into_raw(), Ordering::Relaxed);
}

#[inline]
fn zero_frame() -> u32 {
    ZERO.load(Ordering::Relaxed)
}

impl Usage {
    #[inline]
    fn note_peak(&mut self) {
        self.peak_present = self.peak_present.max(self.anonymous + self.object);
        self.peak_mapped = self.peak_mapped.max(self.mapped);
    }

    /// Counts the pages of an area in, or out.
    fn count(&mut self, region: &Region, pages: usize, added: bool) {
        let change = |count: &mut usize, applies: bool| {
            if applies {
                *count = if added { *count + pages } else { *count - pages };
            }
        };
        change(&mut self.mapped, true);
        change(&mut self.data, region.is_data());
        change(&mut self.stack, region.is(Flags::GROWS_DOWN));
        change(&mut self.exec, region.prot.contains(Prot::EXEC));
        change(&mut self.locked, region.is(Flags::LOCKED));
        self.peak_mapped = self.peak_mapped.max(self.mapped);
    }
}

/// Takes entries out of tables.
struct Zap<'a, 'g, F> {
    counts: &'a mut Usage,
    gather: &'a mut Gather<'g>,
    which: F,
}

impl<F: Fn(u64) -> bool> Walk for Zap<'_, '_, F> {
    #[inline]
    fn leaf(&mut self, leaf: Leaf, indexes: Range<usize>, base: usize) {
        let Some((mut index, mut entry)) = leaf.find(indexes.start, indexes.end) else { return };
        let address = |index: usize| base + (index - indexes.start) * PAGE_SIZE;
        let (mut left, mut from) = (leaf.count(), index);
        let (mut cleared, mut objects, mut frames) = (0, 0, 0);
        loop {
            if (self.which)(entry) {
                leaf.clear_uncounted(index);
                cleared += 1;
                if entry & SPECIAL == 0 {
                    if self.gather.is_full() {
                        self.gather.changed(address(from)..address(index + 1));
                        self.gather.finish();
                        from = index;
                    }
                    self.gather.frame(paging::frame_number(entry));
                    frames += 1;
                    objects += usize::from(entry & OBJECT != 0);
                }
            }
            left -= 1;
            if left == 0 {
                break;
            }
            match leaf.find(index + 1, indexes.end) {
                Some(next) => (index, entry) = next,
                None => break,
            }
        }
        self.gather.changed(address(from)..address(index + 1));
        leaf.adjust_count(-cleared);
        self.counts.object -= objects;
        self.counts.anonymous -= frames - objects;
    }

    fn table(&mut self, table: Frame) {
        self.gather.table(table);
    }
}

/// Looks for empty tables only.
struct Prune<'a, 'g>(&'a mut Gather<'g>);

impl Walk for Prune<'_, '_> {
    fn leaf(&mut self, _: Leaf, _: Range<usize>, _: usize) {}
    fn table(&mut self, table: Frame) {
        self.0.table(table);
    }
}

impl Inner {
    /// Takes the entries of a range out.
    #[inline]
    fn zap(&mut self, range: Range<usize>, gather: &mut Gather) {
        self.zap_if(range, gather, |_| true);
    }

    /// Takes those entries of a range out for which `which` says so.
    #[inline]
    fn zap_if(&mut self, range: Range<usize>, gather: &mut Gather, which: impl Fn(u64) -> bool) {
        self.tables.visit(range.start, range.end, &mut Zap { counts: &mut self.counts, gather, which });
    }

    /// Frees tables without entries in a range.
    #[cold]
    fn prune(&mut self, range: Range<usize>, gather: &mut Gather) {
        self.tables.visit(range.start, range.end, &mut Prune(gather));
    }
}

impl AddressSpace {
    /// An empty space.
    pub fn new() -> Result<Arc<Self>> {
        let limits = Limits {
            data: AtomicU64::new(u64::MAX),
            stack: AtomicU64::new(8 << 20),
            space: AtomicU64::new(u64::MAX),
            locked: AtomicU64::new(u64::MAX),
        };
        Self::with(AreaMap::new(USER_TOP), Tables::new()?, limits)
    }

    /// A space with these areas (whose pages are not counted yet).
    fn with(areas: AreaMap<Region>, tables: Tables, limits: Limits) -> Result<Arc<Self>> {
        if super::frame::is_scarce() {
            return Err(Kind::NoMemory.into());
        }
        let root = tables.root();
        let inner = Inner { areas, tables, counts: Usage::default(), heap: 0..0, lock_future: false };
        let space = Arc::new(Self {
            limits,
            cpus: AtomicU64::new(0),
            root,
            position: AtomicUsize::new(usize::MAX),
            inner: Mutex::new(inner),
        });
        let mut spaces = SPACES.lock();
        spaces.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        space.position.store(spaces.len(), Ordering::Relaxed);
        spaces.push(Arc::downgrade(&space));
        ADDED.fetch_add(1, Ordering::Relaxed);
        drop(spaces);
        Ok(space)
    }

    /// Makes this the space of the running CPU. The caller keeps it alive as long as it is used there. Interrupts are
    /// off.
    #[inline]
    pub fn activate(self: &Arc<Self>) {
        let this = Arc::as_ptr(self).cast_mut();
        let cpu = arch::cpu_id() as usize;
        let before = ACTIVE[cpu].load(Ordering::Relaxed);
        if before == this {
            return;
        }
        self.cpus.fetch_or(1 << cpu, Ordering::SeqCst);
        ACTIVE[cpu].store(this, Ordering::Relaxed);
        // SAFETY: the tables have the kernel's half, and the caller keeps the space alive.
        unsafe { paging::load(self.root) };
        leave(before, cpu);
    }

    /// Pages of the whole space.
    pub fn usage(&self) -> Usage {
        self.inner.lock().counts
    }

    /// Pages present.
    pub fn rss_pages(&self) -> usize {
        let counts = self.usage();
        counts.anonymous + counts.object
    }

    /// Pages mapped.
    pub fn vm_pages(&self) -> usize {
        self.usage().mapped
    }

    /// Start and present end of the heap.
    pub fn heap_range(&self) -> (usize, usize) {
        let heap = self.inner.lock().heap.clone();
        (heap.start, heap.end)
    }

    /// Removes everything.
    pub fn clear(&self) {
        let mut areas = self.inner.lock().clear(&self.cpus);
        // Outside the lock: files and objects go with the areas.
        areas.cut(0..USER_TOP, drop).ok();
    }
}

impl Inner {
    /// Takes everything out; the areas come back for the caller to drop.
    fn clear(&mut self, cpus: &AtomicU64) -> AreaMap<Region> {
        let areas = core::mem::replace(&mut self.areas, AreaMap::new(USER_TOP));
        let mut gather = Gather::new(cpus);
        for area in areas.iter() {
            self.zap(area.start..area.end, &mut gather);
        }
        gather.finish();
        drop(gather);
        debug_assert!(self.counts.anonymous == 0 && self.counts.object == 0);
        self.counts = Usage {
            peak_mapped: self.counts.peak_mapped,
            peak_present: self.counts.peak_present,
            ..Usage::default()
        };
        self.heap = 0..0;
        areas
    }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        let mut spaces = SPACES.lock();
        let position = self.position.load(Ordering::Relaxed);
        if position < spaces.len() {
            spaces.swap_remove(position);
            crate::room::shrink(&mut spaces);
            if let Some(moved) = spaces.get(position) {
                // SAFETY: a space takes itself off the list first of all when it is dropped, so what is on the
                // list has its fields; the weak reference keeps their memory.
                unsafe { (*moved.as_ptr()).position.store(position, Ordering::Relaxed) };
            }
        }
        drop(spaces);
        // Kernel threads may have left it loaded: here, and elsewhere.
        let enabled = arch::irq_disable_save();
        evict(core::ptr::from_ref(self) as usize, 0);
        arch::irq_restore(enabled);
        ipi::call_on(self.cpus.load(Ordering::SeqCst), evict, core::ptr::from_ref(self) as usize, 0);
        let inner = self.inner.get_mut();
        drop(inner.clear(&self.cpus));
    }
}

fn leave(space: *mut AddressSpace, cpu: usize) {
    if !space.is_null() {
        // SAFETY: a space waits at its end until it is active on no CPU any more.
        unsafe { (*space).cpus.fetch_and(!(1 << cpu), Ordering::SeqCst) };
    }
}

/// Makes the running CPU leave the space at this address, if it has it loaded. Interrupts are off.
fn evict(space: usize, _: usize) {
    if ACTIVE[arch::cpu_id() as usize].load(Ordering::Relaxed) as usize == space {
        activate_kernel_space();
    }
}

/// Leaves the address space that is loaded: only the kernel's own mappings remain. Interrupts are off.
pub fn activate_kernel_space() {
    let cpu = arch::cpu_id() as usize;
    let before = ACTIVE[cpu].swap(core::ptr::null_mut(), Ordering::Relaxed);
    // SAFETY: the kernel's tables stay valid.
    unsafe { paging::load(arch::kernel_root()) };
    leave(before, cpu);
}

impl AddressSpace {
    /// The current thread's, for as long as it waits in one place.
    pub fn active<'a>() -> Option<&'a Self> {
        active()
    }
}

/// The space that is active on this CPU.
#[inline]
pub fn active<'a>() -> Option<&'a AddressSpace> {
    let space = ACTIVE[arch::cpu_id() as usize].load(Ordering::Relaxed);
    // SAFETY: the caller is a thread whose own the space is, which keeps it alive.
    unsafe { space.as_ref() }
}
