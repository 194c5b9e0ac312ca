//! FusionRing for programs: rings and pools in memory that processes share.
//!
//! A [`Ring`] is a memory object with a ring in it (crate `fusion-ring`), which programs map and use without the
//! kernel; the kernel holds what memory can't: who is at which end, and who sleeps. A [`RingEnd`] is one end, open: a
//! file, so that it is inherited, passed, polled and closed as files are. A [`pool::PoolEnd`] is one side of a pool.
//! [`names`] finds both by name.
//!
//! **Programs can write anything to the memory at any time.** The kernel looks at the control page only, through
//! atomics, and believes nothing of it that matters to it: whether the other side has gone it knows from the
//! open ends. What a scribbler breaks are messages and wake-ups.

mod map;
pub mod names;
pub mod pool;

use alloc::sync::Arc;
use core::any::Any;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use fusion_ring::park::{ParkWord, Ticket};
use fusion_ring::{Control, Form, Geometry, CONTROL};

use self::map::Piece;
use self::names::Named;
use crate::cap::ObjectKind;
use crate::mm::{AddressSpace, Frame, Prot, Vmo, PAGE_SIZE};
use crate::sync::{Events, PollTable, Sleep, SpinLock, WaitQueue};
use crate::time::Instant;
use crate::vfs::{DeviceNumber, File, Metadata, NodeKind, Timestamp};
use crate::{Kind, Result};

/// Kept as long as the object lives: what the personality counts against somebody's limit.
pub type Charge = Arc<dyn Any + Send + Sync>;

/// Numbers of rings and pools, which are their inode numbers.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);
/// Rings and pools that there are.
static OBJECTS: AtomicUsize = AtomicUsize::new(0);

/// Rings and pools that there are.
pub fn count() -> usize {
    OBJECTS.load(Ordering::Relaxed)
}

/// What rings and pools have in common: a number, an owner, a charge. Their mappings carry it, and are charged for.
pub struct Identity {
    /// "ring" or "pool".
    kind: &'static str,
    number: u64,
    /// User and group of who made it.
    owner: (u32, u32),
    _charge: Charge,
}

impl Identity {
    fn new(kind: &'static str, owner: (u32, u32), charge: Charge) -> Arc<Self> {
        OBJECTS.fetch_add(1, Ordering::Relaxed);
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { kind, number, owner, _charge: charge })
    }

    /// What `fstat` tells of an object with `size` bytes of memory.
    fn metadata(&self, size: u64) -> Metadata {
        let never = Timestamp::default();
        Metadata {
            // A device number of its own, as no file system has.
            device: DeviceNumber::new(0, 0xffffe),
            inode: self.number,
            kind: NodeKind::File,
            mode: 0o600,
            links: 1,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: DeviceNumber::default(),
            size,
            block_size: PAGE_SIZE as u32,
            blocks: size / 512,
            accessed: never,
            modified: never,
            changed: never,
            created: never,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:[{}]", self.kind, self.number)
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        OBJECTS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One of the two sides of a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Takes messages out, and sleeps until there is one.
    Receiver,
    /// Puts messages in, and sleeps until there is room.
    Sender,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Receiver => Self::Sender,
            Self::Sender => Self::Receiver,
        }
    }

    /// What an end of this side waits for.
    const fn readiness(self) -> Events {
        match self {
            Self::Receiver => Events::IN.union(Events::RDNORM),
            Self::Sender => Events::OUT.union(Events::WRNORM),
        }
    }

    /// What an end of this side learns when the other has gone.
    const fn hang_up(self) -> Events {
        match self {
            Self::Receiver => Events::HUP.union(Events::RDHUP),
            Self::Sender => Events::ERR,
        }
    }
}

/// What the kernel has of one side.
#[derive(Default)]
struct SideState {
    /// Where its ends sleep.
    queue: WaitQueue,
    /// How often one slept, or was about to.
    parks: AtomicU64,
    /// How often it was to be woken.
    wakes: AtomicU64,
}

/// A ring that programs share.
pub struct Ring {
    identity: Arc<Identity>,
    geometry: Geometry,
    vmo: Arc<Vmo>,
    /// The control page, whatever becomes of the object's.
    control: Frame,
    receivers: SideState,
    senders: SideState,
    /// Open ends of each side, receivers first. The control page's flags follow under this lock.
    ends: SpinLock<[u32; 2]>,
    name: names::Slot,
}

/// Numbers about a ring.
#[derive(Clone, Copy, Debug)]
pub struct Statistics {
    /// Messages, or bytes, in it, as its control page says.
    pub used: u64,
    /// Open ends.
    pub receivers: u32,
    pub senders: u32,
    /// How often ends slept.
    pub receiver_parks: u64,
    pub sender_parks: u64,
    /// How often ends were to be woken.
    pub receiver_wakes: u64,
    pub sender_wakes: u64,
}

impl Ring {
    /// A new ring with one end of each side: the receiving one first.
    ///
    /// Byte rings are mapped twice, so they have at least a page: else [`Kind::Invalid`].
    pub fn create(
        geometry: Geometry,
        owner: (u32, u32),
        charge: Charge,
    ) -> Result<(Arc<RingEnd>, Arc<RingEnd>)> {
        let vmo = Vmo::new(Self::memory(geometry)? as u64)?;
        let control = vmo.page(0, true)?.ok_or(Kind::NoMemory)?;
        let ring = Arc::new(Self {
            identity: Identity::new("ring", owner, charge),
            geometry,
            vmo,
            control,
            receivers: SideState::default(),
            senders: SideState::default(),
            ends: SpinLock::new([0; 2]),
            name: names::Slot::new(),
        });
        ring.control().identify(geometry);
        let receiver = RingEnd::open(ring.clone(), Side::Receiver)?;
        let sender = RingEnd::open(ring, Side::Sender)?;
        Ok((receiver, sender))
    }

    /// Bytes of memory that such a ring takes.
    pub fn memory(geometry: Geometry) -> Result<usize> {
        if geometry.form() == Form::Bytes && (1 << geometry.shift()) < PAGE_SIZE {
            return Err(Kind::Invalid.into());
        }
        Ok(geometry.bytes().next_multiple_of(PAGE_SIZE))
    }

    fn control(&self) -> &Control {
        let base = NonNull::new(self.control.as_ptr()).expect("frames are mapped high");
        // SAFETY: the frame is held as long as `self`, and a page long; only atomics reach it.
        unsafe { Control::at(base) }
    }

    fn side(&self, side: Side) -> &SideState {
        match side {
            Side::Receiver => &self.receivers,
            Side::Sender => &self.senders,
        }
    }

    /// Where ends of this side are counted while they sleep.
    fn word(&self, side: Side) -> &ParkWord {
        match side {
            Side::Receiver => self.control().readable(),
            Side::Sender => self.control().writable(),
        }
    }

    /// Is there anything for an end of this side to do?
    fn is_ready(&self, side: Side) -> bool {
        let capacity = 1 << self.geometry.shift();
        let used = self.control().used(capacity);
        match side {
            Side::Receiver => used != 0,
            Side::Sender => used < capacity,
        }
    }

    fn ends(&self, side: Side) -> u32 {
        self.ends.lock()[side as usize]
    }

    fn set_closed(&self, side: Side, closed: bool) {
        match side {
            Side::Receiver => self.control().set_receiving_closed(closed),
            Side::Sender => self.control().set_sending_closed(closed),
        }
    }

    /// One more end. [`Kind::Busy`] where the form allows one only.
    fn add_end(&self, side: Side) -> Result<()> {
        let mut ends = self.ends.lock();
        let count = &mut ends[side as usize];
        if *count != 0 && self.geometry.form() != Form::Mpmc {
            return Err(Kind::Busy.into());
        }
        *count = count.checked_add(1).ok_or(Kind::TooManyFiles)?;
        if *count == 1 {
            self.set_closed(side, false);
        }
        Ok(())
    }

    fn remove_end(&self, side: Side) {
        let mut ends = self.ends.lock();
        let count = &mut ends[side as usize];
        *count -= 1;
        let last = *count == 0;
        if last {
            self.set_closed(side, true);
        }
        drop(ends);
        if last {
            let other = side.other();
            self.side(other).queue.wake(usize::MAX, other.hang_up() | other.readiness());
        }
    }

    fn statistics(&self) -> Statistics {
        let [receivers, senders] = *self.ends.lock();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            used: self.control().used(1 << self.geometry.shift()),
            receivers,
            senders,
            receiver_parks: read(&self.receivers.parks),
            sender_parks: read(&self.senders.parks),
            receiver_wakes: read(&self.receivers.wakes),
            sender_wakes: read(&self.senders.wakes),
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        names::forget(&self.name);
    }
}

/// An end of a ring.
pub struct RingEnd {
    ring: Arc<Ring>,
    side: Side,
    closed: AtomicBool,
}

impl RingEnd {
    fn open(ring: Arc<Ring>, side: Side) -> Result<Arc<Self>> {
        ring.add_end(side)?;
        Ok(Arc::new(Self { ring, side, closed: AtomicBool::new(false) }))
    }

    /// Which side it is of.
    pub fn side(&self) -> Side {
        self.side
    }

    /// What the ring is.
    pub fn geometry(&self) -> Geometry {
        self.ring.geometry
    }

    /// Numbers about the ring.
    pub fn statistics(&self) -> Statistics {
        self.ring.statistics()
    }

    /// Another end of the same side, closed apart. [`Kind::Busy`] where the form allows one only, [`Kind::BadHandle`] if
    /// this end is closed.
    pub fn duplicate(&self) -> Result<Arc<Self>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Kind::BadHandle.into());
        }
        Self::open(self.ring.clone(), self.side)
    }

    /// Sleeps until there may be something to do: while the side's epoch is the one in which the caller counted itself.
    ///
    /// [`Kind::BrokenPipe`] if the other side has gone, [`Kind::TimedOut`] after the deadline, [`Kind::Interrupted`] by
    /// a signal, [`Kind::BadHandle`] if this end is closed.
    pub fn park(&self, epoch: u32, deadline: Option<Instant>) -> Result<()> {
        let ticket = Ticket::of_epoch(epoch);
        let (word, state) = (self.ring.word(self.side), self.ring.side(self.side));
        state.parks.fetch_add(1, Ordering::Relaxed);
        state.queue.wait(Sleep::Interruptible, deadline, || {
            if !word.is_current(ticket) {
                Some(Ok(()))
            } else if self.closed.load(Ordering::Acquire) {
                Some(Err(Kind::BadHandle.into()))
            } else if self.ring.ends(self.side.other()) == 0 {
                Some(Err(Kind::BrokenPipe.into()))
            } else {
                None
            }
        })?
    }

    /// Wakes whoever sleeps at the other side; the caller has changed its epoch. Returns how many slept.
    pub fn wake(&self) -> usize {
        let other = self.side.other();
        let state = self.ring.side(other);
        state.wakes.fetch_add(1, Ordering::Relaxed);
        if state.queue.is_polled() {
            // Before the polls are told: what comes after their look has to come here again.
            self.ring.word(other).prepare();
        }
        state.queue.wake(usize::MAX, other.readiness())
    }

    /// Gives this end up, whoever else has a handle to it.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.ring.remove_end(self.side);
            self.ring.side(self.side).queue.wake_all();
        }
    }

    /// Maps the ring: control page first, then the slots or, twice back to back, the bytes. A receiver that is alone
    /// can only read these. Returns the address and the number of bytes.
    pub fn map(&self, space: &AddressSpace) -> Result<(usize, usize)> {
        let geometry = self.ring.geometry;
        let body = self.ring.vmo.len() as usize - CONTROL;
        let alone = self.side == Side::Receiver && geometry.form() != Form::Mpmc;
        let prot = if alone { Prot::READ } else { Prot::READ | Prot::WRITE };
        let control = Piece { vmo: &self.ring.vmo, offset: 0, len: CONTROL, prot: Prot::READ | Prot::WRITE };
        let body = Piece { vmo: &self.ring.vmo, offset: CONTROL as u64, len: body, prot };
        let copies = if geometry.form() == Form::Bytes { 2 } else { 1 };
        map::map(space, &self.ring.identity, &[control, body, body][..1 + copies])
    }
}

impl Drop for RingEnd {
    fn drop(&mut self) {
        self.close();
    }
}

impl File for RingEnd {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Ring
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        let state = self.ring.side(self.side);
        let mut ready = self.ring.is_ready(self.side);
        if table.is_some() || !ready {
            if let Some(table) = table {
                table.register(&state.queue);
            }
            // Counted as one who sleeps, so that the other side comes here with its next change, which whoever wants
            // edges has to be told even if something is there now; then the second look.
            self.ring.word(self.side).prepare();
            ready = self.ring.is_ready(self.side);
        }
        let mut events = if ready { self.side.readiness() } else { Events::empty() };
        if self.ring.ends(self.side.other()) == 0 {
            events |= self.side.hang_up();
        }
        events
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(self.ring.identity.metadata(self.ring.vmo.len()))
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let side = match self.side {
            Side::Receiver => "receive",
            Side::Sender => "send",
        };
        write!(out, "{}:{side}", self.ring.identity)
    }
}

impl Named for Ring {
    fn slot(&self) -> &names::Slot {
        &self.name
    }
}
