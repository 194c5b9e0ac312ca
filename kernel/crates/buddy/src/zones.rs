//! Memory of several nodes: a [`Buddy`] for each, and which one to ask when the nearest has nothing left.

use crate::{Buddy, Table, MAX_ORDER, ORDERS};

/// Nodes that are told apart, at most.
pub const NODES: usize = 8;
/// Runs of frames that are told apart, at most.
pub const SPANS: usize = 16;
/// How far a node is from itself, and from others if nobody knows better (ACPI's numbers).
const LOCAL: u8 = 10;
const REMOTE: u8 = 20;

/// Frames from `start` on belong to `node`, up to the next span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub node: u8,
}

/// Where nodes have their memory, and how far they are from each other.
///
/// Bounds are moved up to multiples of the largest block, so that no block belongs to two nodes.
#[derive(Clone, Copy, Debug)]
pub struct NodeMap {
    nodes: usize,
    spans: [Span; SPANS],
    count: usize,
    distances: [[u8; NODES]; NODES],
    /// For each node, all nodes, nearest first.
    nearest: [[u8; NODES]; NODES],
}

impl Default for NodeMap {
    fn default() -> Self {
        Self::single()
    }
}

impl NodeMap {
    /// One node that has everything.
    pub const fn single() -> Self {
        Self {
            nodes: 1,
            spans: [Span { start: 0, node: 0 }; SPANS],
            count: 1,
            distances: [[LOCAL; NODES]; NODES],
            nearest: [[0; NODES]; NODES],
        }
    }

    /// `nodes` nodes with these spans (more than [`SPANS`], and those of unknown nodes, are left out), `distance` apart.
    pub fn new(
        nodes: usize,
        spans: impl Iterator<Item = Span>,
        distance: impl Fn(usize, usize) -> u8,
    ) -> Self {
        let mut map = Self::single();
        map.nodes = nodes.clamp(1, NODES);
        map.count = 0;
        for span in spans.filter(|span| usize::from(span.node) < map.nodes).take(SPANS) {
            map.spans[map.count] = span;
            map.count += 1;
        }
        map.spans[..map.count].sort_unstable_by_key(|span| span.start);
        for from in 0..map.nodes {
            for to in 0..map.nodes {
                map.distances[from][to] = match distance(from, to) {
                    _ if from == to => LOCAL,
                    0..=LOCAL => REMOTE,
                    distance => distance,
                };
            }
            let order = &mut map.nearest[from];
            for (node, place) in order.iter_mut().enumerate() {
                *place = node as u8;
            }
            let distances = &map.distances[from];
            order[..map.nodes].sort_unstable_by_key(|node| (distances[usize::from(*node)], *node));
        }
        map
    }

    /// How many nodes there are.
    #[inline]
    pub const fn nodes(&self) -> usize {
        self.nodes
    }

    /// How far it is from one node to another: 10 to itself, more to others.
    pub fn distance(&self, from: usize, to: usize) -> u8 {
        self.distances[from % NODES][to % NODES]
    }

    /// The node that a frame belongs to.
    #[inline]
    pub fn node_of(&self, frame: u32) -> usize {
        if self.nodes == 1 {
            return 0;
        }
        let block = frame & !((1 << MAX_ORDER) - 1);
        let spans = &self.spans[..self.count];
        let span = spans.iter().rev().find(|span| span.start <= block).or(spans.first());
        span.map_or(0, |span| span.node.into())
    }
}

/// The allocators of all nodes, over one table.
#[derive(Debug)]
pub struct Zones {
    buddies: [Buddy; NODES],
    map: NodeMap,
}

impl Zones {
    /// Allocators for frames below `frames`, none of which is free yet.
    ///
    /// # Panics
    /// As [`Buddy::new`].
    pub const fn new(frames: u32, map: NodeMap) -> Self {
        let mut buddies = [const { Buddy::new(0) }; NODES];
        let mut node = 0;
        while node < NODES {
            buddies[node] = Buddy::new(frames);
            node += 1;
        }
        Self { buddies, map }
    }

    /// Which frames belong to which node.
    pub const fn map(&self) -> &NodeMap {
        &self.map
    }

    /// Frames in free blocks.
    #[inline]
    pub fn free_frames(&self) -> usize {
        self.buddies[..self.map.nodes].iter().map(Buddy::free_frames).sum()
    }

    /// Those of one node.
    pub fn free_frames_of(&self, node: usize) -> usize {
        self.buddies.get(node).map_or(0, Buddy::free_frames)
    }

    /// Free blocks of each order.
    pub fn blocks(&self, table: &impl Table) -> [usize; ORDERS] {
        let mut sums = [0; ORDERS];
        for buddy in &self.buddies[..self.map.nodes] {
            sums.iter_mut().zip(buddy.blocks(table)).for_each(|(sum, count)| *sum += count);
        }
        sums
    }

    /// Takes a block of 2^order frames from the node, or from the nearest one that has one; see [`Buddy::alloc`].
    #[inline]
    pub fn alloc(&mut self, table: &mut impl Table, order: u32, node: usize) -> Option<u32> {
        if self.map.nodes == 1 {
            return self.buddies[0].alloc(table, order);
        }
        let nearest = self.map.nearest[node % NODES];
        nearest[..self.map.nodes].iter().find_map(|node| self.buddies[usize::from(*node)].alloc(table, order))
    }

    /// Gives a block back; see [`Buddy::free`].
    #[inline]
    pub fn free(&mut self, table: &mut impl Table, frame: u32, order: u32) {
        self.buddies[self.map.node_of(frame)].free(table, frame, order);
    }

    /// Gives the frames from `start` up to `end` back, as blocks as large as possible.
    pub fn free_range(&mut self, table: &mut impl Table, start: u32, end: u32) {
        let mut from = start;
        while from < end {
            // Nodes meet only where largest blocks do.
            let bound = (from | ((1 << MAX_ORDER) - 1)) + 1;
            let to = if self.map.nodes == 1 { end } else { bound.min(end) };
            self.buddies[self.map.node_of(from)].free_range(table, from, to);
            from = to;
        }
    }
}
