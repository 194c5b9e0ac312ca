//! The run queue of one CPU.

use crate::deadline::Deadlines;
use crate::fair::Fair;
use crate::latency::Latency;
use crate::parameters::{DEADLINE_RANK, FAIR_RANK, IDLE_RANK};
use crate::real_time::RealTime;
use crate::{Entity, Node, Policy, QUANTUM, ROUND};

/// Why a thread joins the runnable ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It waited and was woken.
    Woken,
    /// It is new here, comes from another CPU, or is scheduled in another way than before.
    New,
    /// It had to give the CPU back although it would have run on.
    Preempted,
    /// It gave the CPU back by itself, but could run on.
    Yielded,
}

/// The runnable threads of one CPU, without the one that runs.
pub struct RunQueue<E> {
    /// The only one, as long as no other comes: mostly there is but one, and it needs no order.
    alone: Option<E>,
    length: usize,
    fair: Fair<E>,
    real_time: RealTime<E>,
    deadlines: Deadlines<E>,
    latency: Latency,
    /// Nanoseconds that those picked had waited, and how many they were.
    waited: u64,
    turns: u64,
}

impl<E: Entity> Default for RunQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> RunQueue<E> {
    /// Nobody is runnable.
    pub const fn new() -> Self {
        Self {
            alone: None,
            length: 0,
            fair: Fair::new(),
            real_time: RealTime::new(),
            deadlines: Deadlines::new(),
            latency: Latency::new(),
            waited: 0,
            turns: 0,
        }
    }

    /// How long those of real time waited for this CPU when they were woken.
    pub const fn latency(&self) -> &Latency {
        &self.latency
    }

    /// The nanoseconds that all together waited here, and how often one got its turn.
    pub const fn waits(&self) -> (u64, u64) {
        (self.waited, self.turns)
    }

    /// Does [`RunQueue::alarm`] have something to say beside the quantum when `running` runs?
    #[inline]
    pub fn has_alarm(&self, running: Option<&Node<E>>) -> bool {
        self.deadlines.is_used()
            && (self.deadlines.has_waiting() || running.is_some_and(|node| node.rank() == DEADLINE_RANK))
    }

    /// How many can run?
    #[inline]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Can nobody run?
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The virtual time of this queue: what a thread of weight 1024 had since the start, if it always wanted to run.
    pub const fn virtual_time(&self) -> u64 {
        self.fair.virtual_time()
    }
}

/// What those who are scheduled by prediction and wait weigh together.
#[inline]
fn waiting<E: Entity>(alone: Option<E>, fair: &Fair<E>) -> u64 {
    match alone {
        None => fair.weight(),
        Some(alone) if alone.node().is_fair() => alone.node().weight().into(),
        Some(_) => 0,
    }
}

impl<E: Entity> RunQueue<E> {
    /// `entity`, which is not queued, can run.
    #[inline]
    pub fn enqueue(&mut self, entity: E, turn: Turn, now: u64) {
        let node = entity.node();
        if turn != Turn::Woken {
            node.reconsider();
        }
        self.prepare(node, turn, now);
        let alone = self.alone;
        self.fair.settle(node, turn, |fair| waiting(alone, fair));
        if node.rank() == DEADLINE_RANK && !self.deadlines.admit(entity, turn, now) {
            return;
        }
        self.insert(entity, turn);
    }

    #[inline]
    fn prepare(&self, node: &Node<E>, turn: Turn, now: u64) {
        node.since.set(now);
        node.woken.set(turn == Turn::Woken);
    }

    #[inline]
    fn insert(&mut self, entity: E, turn: Turn) {
        self.length += 1;
        if self.length == 1 {
            self.alone = Some(entity);
        } else {
            self.insert_ordered(entity, turn);
        }
    }

    #[inline(never)]
    fn insert_ordered(&mut self, entity: E, turn: Turn) {
        if let Some(first) = self.alone.take() {
            self.file(first, Turn::New);
        }
        self.file(entity, turn);
    }

    #[inline]
    fn file(&mut self, entity: E, turn: Turn) {
        match entity.node().rank() {
            FAIR_RANK.. => self.fair.insert(entity),
            DEADLINE_RANK => self.deadlines.insert(entity),
            _ => self.real_time.insert(entity, turn),
        }
    }

    /// Takes the thread that runs next.
    #[inline]
    pub fn pick(&mut self, now: u64) -> Option<E> {
        // Until then the one that ran counts among those that wait, if it wants to run on.
        self.fair.runs(0);
        let entity = self.take_first(now)?;
        self.start(entity.node(), now);
        Some(entity)
    }

    /// The thread gets the CPU.
    #[inline]
    fn start(&mut self, node: &Node<E>, now: u64) {
        let waited = node.starts(now);
        self.waited = self.waited.wrapping_add(waited);
        self.turns += 1;
        if node.is_fair() {
            self.fair.runs(node.weight());
        } else if node.woken.get() {
            self.latency.record(waited);
        }
    }

    #[inline]
    fn take_first(&mut self, now: u64) -> Option<E> {
        if self.length == 0 {
            return None;
        }
        self.length -= 1;
        match self.alone.take() {
            None => self.take_ordered(now),
            alone => alone,
        }
    }

    #[inline(never)]
    fn take_ordered(&mut self, now: u64) -> Option<E> {
        if let Some(entity) = self.deadlines.pop() {
            return Some(entity);
        }
        if self.real_time.best().is_some() && (self.fair.is_empty() || !self.real_time.is_exhausted(now)) {
            return self.real_time.pop();
        }
        self.fair.pop()
    }

    /// The running thread is to give way if it is somebody else's turn: queues it and takes the one that runs next,
    /// which may be the same. `None` if nobody can run.
    #[inline]
    pub fn pass(&mut self, running: E, now: u64) -> Option<E> {
        running.node().reconsider();
        if let Some(alone) = self.alone {
            let (node, other) = (running.node(), alone.node());
            if node.rank() == FAIR_RANK && other.rank() == FAIR_RANK {
                // Of two there is no order to be made.
                if Fair::<E>::is_first(node, other) {
                    return Some(running);
                }
                self.prepare(node, Turn::Preempted, now);
                self.alone = Some(running);
                self.start(other, now);
                return Some(alone);
            }
        }
        self.enqueue(running, Turn::Preempted, now);
        self.pick(now)
    }

    /// The running thread gives way to others: queues it and takes the one that runs next, which is somebody else if
    /// anybody of its rank or a better one waits. `None` if nobody can run.
    pub fn yield_to(&mut self, running: E, now: u64) -> Option<E> {
        let node = running.node();
        if node.is_fair() {
            // Whoever's turn it would be, somebody else is wanted.
            let Some(next) = self.pick(now) else { return Some(running) };
            self.enqueue(running, Turn::Yielded, now);
            return Some(next);
        }
        if node.rank() == DEADLINE_RANK {
            Deadlines::<E>::forgo(node);
        }
        self.enqueue(running, Turn::Yielded, now);
        self.pick(now)
    }

    /// The running thread ran for so long, up to now.
    #[inline]
    pub fn ran(&mut self, running: E, nanoseconds: u64, now: u64) {
        let node = running.node();
        node.ran(nanoseconds);
        if node.is_fair() {
            self.fair.ran(node, nanoseconds, waiting(self.alone, &self.fair));
        } else {
            self.ran_urgent(node, nanoseconds, now);
        }
    }

    #[cold]
    fn ran_urgent(&mut self, node: &Node<E>, nanoseconds: u64, now: u64) {
        if node.rank() == DEADLINE_RANK {
            node.budget.set(node.budget.get().saturating_sub_unsigned(nanoseconds));
        } else {
            node.turn.set(node.turn.get().saturating_add(nanoseconds));
            self.real_time.ran(nanoseconds, now);
        }
    }

    /// The running thread waits for something else than the CPU: its burst is over.
    #[inline]
    pub fn slept(&mut self, running: E) {
        running.node().slept();
        self.fair.leave(running.node());
    }

    /// Should `woken`, which was just queued, interrupt `running`?
    #[inline]
    pub fn preempts(&self, woken: E, running: E) -> bool {
        let (woken, running) = (woken.node(), running.node());
        if woken.urgency() >= running.urgency() {
            return running.rank() == DEADLINE_RANK
                && woken.rank() == DEADLINE_RANK
                && woken.due.get() < running.due.get();
        }
        // A hotter one waits nevertheless if it had much more than its share.
        woken.rank() < running.rank() || Fair::<E>::is_first(woken, running)
    }

    /// Should `running`, whose turn lasts for `slice` nanoseconds now, give way to one that waits? For the timer.
    pub fn gives_way(&mut self, running: E, slice: u64, now: u64) -> bool {
        let node = running.node();
        node.reconsider();
        if node.rank() == DEADLINE_RANK && node.budget.get() <= 0 {
            return true;
        }
        if self.length == 0 {
            return false;
        }
        let best = self.best_rank(now);
        match node.rank() {
            DEADLINE_RANK => {
                self.deadlines.front().or(self.alone).is_some_and(|first| self.preempts(first, running))
            }
            rank @ ..FAIR_RANK => {
                let round_over = node.parameters().policy == Policy::RoundRobin && node.turn.get() >= ROUND;
                best < rank
                    || best == rank && round_over
                    || best >= FAIR_RANK && self.real_time.is_exhausted(now)
            }
            rank => best < rank || slice >= QUANTUM || self.has_hotter(node),
        }
    }

    fn has_hotter(&mut self, running: &Node<E>) -> bool {
        match self.alone {
            Some(alone) => {
                alone.node().urgency() < running.urgency() && Fair::<E>::is_first(alone.node(), running)
            }
            None => self.fair.has_hotter(running),
        }
    }

    /// The rank of the one that would run next.
    fn best_rank(&self, now: u64) -> u8 {
        let ranks_of_real_time = DEADLINE_RANK + 1..FAIR_RANK;
        if let Some(alone) = self.alone {
            return alone.node().rank();
        }
        if !self.deadlines.is_empty() {
            return DEADLINE_RANK;
        }
        match self.real_time.best() {
            Some(rank) if self.fair.is_empty() || !self.real_time.is_exhausted(now) => {
                debug_assert!(ranks_of_real_time.contains(&rank));
                rank
            }
            _ => self.fair.iter().map(|entity| entity.node().rank()).next().unwrap_or(IDLE_RANK),
        }
    }

    /// When the policy wants to be asked again, at the latest, while `running` runs (since `slice` nanoseconds).
    pub fn alarm(&self, running: Option<E>, slice: u64, now: u64) -> Option<u64> {
        let own = running.and_then(|running| {
            let node = running.node();
            match node.rank() {
                DEADLINE_RANK => Some(now.saturating_add(node.budget.get().max(0) as u64)),
                _ if self.is_empty() => None,
                FAIR_RANK.. => Some(now.saturating_add(QUANTUM.saturating_sub(slice))),
                _ => Some(self.real_time.renewal()).filter(|&at| at > now),
            }
        });
        match (own, self.deadlines.renewal()) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Gives new budgets to those with deadlines whose next period has come. Returns one that should interrupt
    /// `running`, if there is one.
    pub fn renew(&mut self, running: Option<E>, now: u64) -> bool {
        let mut urgent = false;
        while let Some(entity) = self.deadlines.pop_renewed(now) {
            entity.node().since.set(now);
            self.insert(entity, Turn::New);
            urgent |= running.is_none_or(|running| self.preempts(entity, running));
        }
        urgent
    }

    /// Takes one for which `which` says yes, the most urgent first, for another CPU.
    pub fn take_where(&mut self, which: impl Fn(E) -> bool) -> Option<E> {
        let found = match self.alone {
            Some(alone) => Some(alone).filter(|&alone| which(alone)),
            None => self
                .deadlines
                .iter()
                .chain(self.real_time.iter())
                .chain(self.fair.iter())
                .find(|&entity| which(entity)),
        }?;
        self.remove(found);
        Some(found)
    }

    /// Takes `entity` out for another CPU, or to be scheduled in another way; false if it is not queued.
    pub fn remove(&mut self, entity: E) -> bool {
        if entity.node().rank() == DEADLINE_RANK && self.deadlines.remove_waiting(entity) {
            self.fair.detach(entity.node());
            return true;
        }
        let found = if self.alone == Some(entity) {
            self.alone = None;
            true
        } else {
            match entity.node().rank() {
                FAIR_RANK.. => self.fair.remove(entity),
                DEADLINE_RANK => self.deadlines.remove(entity),
                _ => self.real_time.remove(entity),
            }
        };
        if found {
            self.length -= 1;
            self.fair.detach(entity.node());
        }
        found
    }

    /// `entity`, which is not queued but belongs to this CPU, goes to another one.
    pub fn leaves(&mut self, entity: E) {
        self.fair.detach(entity.node());
        entity.node().count_migration();
    }

    /// `child` is new and goes on as `maker`, which belongs to this CPU, would.
    #[inline]
    pub fn inherit(&mut self, child: E, maker: E) {
        let (child, maker) = (child.node(), maker.node());
        child.burst.inherit(&maker.burst);
        child.configure(child.parameters());
        let ahead = maker.virtual_time.get().wrapping_sub(self.virtual_time()) as i64;
        child.virtual_time.set(if maker.relative.get() { 0 } else { ahead.max(0) as u64 });
        child.relative.set(true);
    }
}
