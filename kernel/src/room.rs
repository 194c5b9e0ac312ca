//! Collections that give memory back: what lives as long as the kernel must not stay as large as it ever was.
//!
//! Capacity is halved once three quarters of it are unused, so that growing and shrinking by turns stays cheap and
//! the room depends on what is in a collection now (but for a factor of four), not on its past. Where there is no
//! memory to move into, everything stays as it is. To be called after each removal.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use hashbrown::HashMap;

/// Room that is not worth giving back.
const LEAST: usize = 4;

/// The capacity to move to, if that is worth it.
fn smaller(len: usize, capacity: usize) -> Option<usize> {
    (len == 0 && capacity > 0).then_some(0).or_else(|| {
        let wanted = (capacity / 2).max(LEAST);
        (len <= capacity / 4 && wanted < capacity).then_some(wanted)
    })
}

/// Gives back room of a vector.
pub fn shrink<T>(vec: &mut Vec<T>) {
    let Some(wanted) = smaller(vec.len(), vec.capacity()) else { return };
    let mut less = Vec::new();
    if less.try_reserve_exact(wanted).is_ok() {
        less.append(vec);
        *vec = less;
    }
}

/// Moves a vector into memory that was allocated just now.
pub fn pack<T>(vec: &mut Vec<T>) {
    let mut less = Vec::new();
    if less.try_reserve_exact(vec.len()).is_ok() {
        less.append(vec);
        *vec = less;
    }
}

/// Gives back room of a queue down to what `needed` elements take.
pub fn shrink_queue<T>(queue: &mut VecDeque<T>, needed: usize) {
    let Some(wanted) = smaller(needed.max(queue.len()), queue.capacity()) else { return };
    let mut less = VecDeque::new();
    if less.try_reserve_exact(wanted).is_ok() {
        less.append(queue);
        *queue = less;
    }
}

/// Gives back room of a map.
pub fn shrink_map<K: Eq + Hash, V, S: BuildHasher + Clone>(map: &mut HashMap<K, V, S>) {
    let Some(wanted) = smaller(map.len(), map.capacity()) else { return };
    let mut less = HashMap::with_hasher(map.hasher().clone());
    if less.try_reserve(wanted).is_ok() {
        less.extend(map.drain());
        *map = less;
    }
}
