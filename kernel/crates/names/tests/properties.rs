//! The cache and the index against plain maps.

use std::collections::BTreeMap;

use names::{DirIndex, Hasher, Name, NameCache, State};
use proptest::prelude::*;

fn name(n: u8) -> Vec<u8> {
    // Some names are too long to be held inline.
    if n % 7 == 0 {
        vec![b'a' + n % 26; 40 + usize::from(n % 3)]
    } else {
        format!("n{n}").into_bytes()
    }
}

#[derive(Debug, Clone)]
enum DirOp {
    Insert(u8),
    Remove(u8),
    Get(u8),
    Replace(u8),
    Pack,
}

fn dir_op() -> impl Strategy<Value = DirOp> {
    prop_oneof![
        3 => any::<u8>().prop_map(DirOp::Insert),
        3 => any::<u8>().prop_map(DirOp::Remove),
        1 => any::<u8>().prop_map(DirOp::Get),
        1 => any::<u8>().prop_map(DirOp::Replace),
        1 => Just(DirOp::Pack),
    ]
}

proptest! {
    #[test]
    fn a_directory_is_a_map(ops in prop::collection::vec(dir_op(), 0..400)) {
        let mut model: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let mut dir = DirIndex::new();
        for (count, op) in ops.into_iter().enumerate() {
            let value = count as u32;
            match op {
                DirOp::Insert(n) => {
                    let name = name(n);
                    if dir.get(&name).is_none() {
                        prop_assert!(!model.contains_key(&name));
                        prop_assert!(dir.insert(&name, value));
                        model.insert(name, value);
                    }
                }
                DirOp::Remove(n) => prop_assert_eq!(dir.remove(&name(n)), model.remove(&name(n))),
                DirOp::Pack => dir.pack(),
                DirOp::Get(n) => prop_assert_eq!(dir.get(&name(n)), model.get(&name(n))),
                DirOp::Replace(n) => {
                    let old = dir.replace(&name(n), value);
                    prop_assert_eq!(old, model.get(&name(n)).copied());
                    if old.is_some() {
                        model.insert(name(n), value);
                    }
                }
            }
            prop_assert_eq!(dir.len(), model.len());
        }
        let mut seen = BTreeMap::new();
        let mut at = u64::MAX;
        while let Some((number, name, value)) = dir.before(at) {
            prop_assert!(number < at);
            at = number;
            prop_assert!(seen.insert(name.as_bytes().to_vec(), *value).is_none());
        }
        prop_assert_eq!(seen, model);
    }

    #[test]
    fn a_reader_sees_what_stays(count in 1u8..60, removed in prop::collection::vec(any::<(u8, u8)>(), 0..40)) {
        let mut dir = DirIndex::new();
        for n in 0..count {
            dir.insert(&[b'x', n], n);
        }
        let gone: Vec<u8> = removed.iter().map(|r| r.0 % count).collect();
        let mut seen = Vec::new();
        let (mut at, mut step) = (u64::MAX, 0u8);
        while let Some((number, _, value)) = dir.before(at) {
            seen.push(*value);
            at = number;
            for (n, when) in &removed {
                if when % count == step {
                    dir.remove(&[b'x', n % count]);
                    dir.insert(&[b'y', *n, *when], 255);
                }
            }
            step += 1;
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(sorted.len(), seen.len(), "nothing twice");
        for n in (0..count).filter(|n| !gone.contains(n)) {
            prop_assert!(seen.contains(&n), "{} was there all the time", n);
        }
    }
}

#[derive(Debug, Clone)]
enum CacheOp {
    Insert(u8, u8, bool),
    Detach(u8),
    Free(u8),
    Move(u8, u8, u8),
    Evict,
    Shrink,
}

fn cache_op() -> impl Strategy<Value = CacheOp> {
    prop_oneof![
        4 => any::<(u8, u8, bool)>().prop_map(|(p, n, v)| CacheOp::Insert(p, n, v)),
        1 => any::<u8>().prop_map(CacheOp::Detach),
        2 => any::<u8>().prop_map(CacheOp::Free),
        1 => any::<(u8, u8, u8)>().prop_map(|(s, p, n)| CacheOp::Move(s, p, n)),
        1 => Just(CacheOp::Evict),
        1 => Just(CacheOp::Shrink),
    ]
}

proptest! {
    #[test]
    fn a_cache_is_a_tree_of_names(ops in prop::collection::vec(cache_op(), 0..300)) {
        let mut cache: NameCache<u32> = NameCache::new(32, 5);
        let root = cache.insert_root(0).unwrap();
        // Slot -> (parent, name, value, hashed).
        let mut model: BTreeMap<u32, (u32, Vec<u8>, Option<u32>, bool)> = BTreeMap::new();
        let mut next = 1;
        for op in ops {
            let ids: Vec<u32> = model.keys().copied().collect();
            let pick = |n: u8| if ids.is_empty() { None } else { Some(ids[usize::from(n) % ids.len()]) };
            match op {
                CacheOp::Insert(p, n, positive) => {
                    let parent = if p % 4 == 0 { root } else { pick(p).unwrap_or(root) };
                    let name = name(n);
                    let hash = Hasher::of(cache.seed(), &name);
                    let expected = model.iter().find(|(_, s)| s.0 == parent && s.1 == name && s.3).map(|(id, _)| *id);
                    prop_assert_eq!(cache.get(parent, hash, &name), expected);
                    if expected.is_none() {
                        let value = positive.then_some(next);
                        next += 1;
                        let id = cache.insert(parent, hash, &name, value).unwrap();
                        prop_assert!(model.insert(id, (parent, name, value, true)).is_none());
                    }
                }
                CacheOp::Detach(n) => if let Some(id) = pick(n) {
                    cache.detach(id);
                    model.get_mut(&id).unwrap().3 = false;
                },
                CacheOp::Free(n) => if let Some(id) = pick(n) {
                    let leaf = !model.values().any(|s| s.0 == id);
                    prop_assert_eq!(cache.has_children(id), !leaf);
                    if leaf {
                        let (parent, _, value, _) = model.remove(&id).unwrap();
                        prop_assert_eq!(cache.free(id), (value, Some(parent)));
                    }
                },
                CacheOp::Move(s, p, n) => if let (Some(id), Some(parent)) = (pick(s), pick(p)) {
                    let name = name(n);
                    let hash = Hasher::of(cache.seed(), &name);
                    if !cache.is_below(parent, id) && cache.get(parent, hash, &name).is_none() {
                        cache.attach(id, parent, hash, Name::new(&name).unwrap());
                        let slot = model.get_mut(&id).unwrap();
                        (slot.0, slot.1, slot.3) = (parent, name, true);
                    }
                },
                CacheOp::Shrink => cache.shrink(),
                CacheOp::Evict => {
                    let before = cache.len();
                    if cache.evict(|value| value % 3 != 0).is_some() {
                        prop_assert_eq!(cache.len(), before - 1);
                        let gone: Vec<u32> = ids.iter().copied().filter(|&id| cache.state(id) == State::Free).collect();
                        prop_assert_eq!(gone.len(), 1);
                        let slot = model.remove(&gone[0]).unwrap();
                        prop_assert!(slot.3 && slot.2.is_none_or(|v| v % 3 != 0));
                        prop_assert!(!model.values().any(|s| s.0 == gone[0]));
                    }
                }
            }
            prop_assert_eq!(cache.len(), model.len() + 1);
        }
        for (id, (parent, name, value, hashed)) in &model {
            prop_assert_eq!(cache.parent(*id), Some(*parent));
            prop_assert_eq!(cache.name(*id).as_bytes(), &name[..]);
            prop_assert_eq!(cache.value(*id).copied(), *value);
            if *hashed {
                prop_assert_eq!(cache.get(*parent, Hasher::of(cache.seed(), name), name), Some(*id));
            }
            let below = cache.children(*id).count();
            prop_assert_eq!(below, model.values().filter(|s| s.0 == *id).count());
        }
    }
}
