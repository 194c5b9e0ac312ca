//! What is kept by process number: one piece of memory for each number in use.
//!
//! Numbers wander through their whole range as processes come and go, so tables by number would grow with every
//! process there ever was. Here a chain, in ascending order, holds the few entries of a run of numbers.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::table::PID_LIMIT;

/// Numbers that share a chain.
const RUN: usize = 32;

struct Node<T> {
    number: usize,
    value: T,
    next: Link<T>,
}

/// A `Box` whose making may fail: a vector of one is the stable way to ask.
type Link<T> = Option<Box<[Node<T>; 1]>>;

/// The link to the first node of a chain whose number is not smaller, or the last link.
fn seek<T>(mut link: &mut Link<T>, number: usize) -> &mut Link<T> {
    while link.as_ref().is_some_and(|node| node[0].number < number) {
        link = link.as_mut().map(|node| &mut node[0].next).expect("it was there a moment ago");
    }
    link
}

/// Values by number, below [`PID_LIMIT`].
pub struct Numbers<T> {
    chains: [Link<T>; PID_LIMIT / RUN],
}

impl<T> Numbers<T> {
    /// No values.
    pub const fn new() -> Self {
        Self { chains: [const { None }; PID_LIMIT / RUN] }
    }

    /// The value of a number.
    #[inline]
    pub fn get(&self, number: usize) -> Option<&T> {
        let mut link = self.chains.get(number / RUN)?;
        while let Some(node) = link {
            if node[0].number >= number {
                return (node[0].number == number).then_some(&node[0].value);
            }
            link = &node[0].next;
        }
        None
    }

    /// The value of a number, to change.
    #[inline]
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        let mut link = self.chains.get_mut(number / RUN)?;
        while let Some(node) = link {
            let node = &mut node[0];
            if node.number >= number {
                return (node.number == number).then_some(&mut node.value);
            }
            link = &mut node.next;
        }
        None
    }

    /// Enters a value under a number that has none. False without memory.
    pub fn insert(&mut self, number: usize, value: T) -> bool {
        let mut fresh = Vec::new();
        if fresh.try_reserve_exact(1).is_err() {
            return false;
        }
        let Some(first) = self.chains.get_mut(number / RUN) else { return false };
        let link = seek(first, number);
        fresh.push(Node { number, value, next: link.take() });
        *link = fresh.into_boxed_slice().try_into().ok();
        link.is_some()
    }

    /// Takes a value out if `unused` says so.
    pub fn remove_if(&mut self, number: usize, unused: impl FnOnce(&T) -> bool) {
        let Some(first) = self.chains.get_mut(number / RUN) else { return };
        let link = seek(first, number);
        if link.as_ref().is_some_and(|node| node[0].number == number && unused(&node[0].value)) {
            let next = link.as_mut().and_then(|node| node[0].next.take());
            *link = next;
        }
    }

    /// The values from a number on, ascending.
    pub fn from(&self, number: usize) -> impl Iterator<Item = &T> {
        let chains = self.chains.get(number / RUN..).unwrap_or_default();
        let nodes = chains.iter().flat_map(|first| {
            core::iter::successors(first.as_ref(), |node| node[0].next.as_ref()).map(|node| &node[0])
        });
        nodes.filter(move |node| node.number >= number).map(|node| &node.value)
    }
}
