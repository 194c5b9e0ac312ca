//! The locks against a model of one lock for each byte.

use proptest::prelude::*;
use record_locks::{LockKind, Record, Records, Waits};

const BYTES: usize = 24;

#[derive(Debug, Clone, Copy)]
enum Op {
    Set(u8, bool, u64, u64),
    Clear(u8, u64, u64),
    Release(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let range = (0..BYTES as u64, 0..BYTES as u64).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        6 => (0..3u8, any::<bool>(), range.clone()).prop_map(|(h, w, (s, e))| Op::Set(h, w, s, e)),
        3 => (0..3u8, range).prop_map(|(h, (s, e))| Op::Clear(h, s, e)),
        1 => (0..3u8).prop_map(Op::Release),
    ]
}

proptest! {
    #[test]
    fn locks_are_bytes(ops in prop::collection::vec(op(), 0..120)) {
        let mut records = Records::new();
        let mut model = [[None; 3]; BYTES];
        for op in ops {
            match op {
                Op::Set(holder, write, start, end) => {
                    let kind = if write { LockKind::Write } else { LockKind::Read };
                    let range = start as usize..=end as usize;
                    let free = range.clone().all(|byte| (0..3).all(|other| {
                        other == usize::from(holder)
                            || model[byte][other].is_none_or(|k| k == LockKind::Read && kind == LockKind::Read)
                    }));
                    prop_assert_eq!(records.conflict(holder, kind, start, end).is_none(), free);
                    if free {
                        records.set(Record { start, end, kind, holder, process: 1 }).unwrap();
                        for byte in range {
                            model[byte][usize::from(holder)] = Some(kind);
                        }
                    }
                }
                Op::Clear(holder, start, end) => {
                    records.clear(holder, start, end).unwrap();
                    for byte in start..=end {
                        model[byte as usize][usize::from(holder)] = None;
                    }
                }
                Op::Release(holder) => {
                    records.release(holder);
                    for byte in &mut model {
                        byte[usize::from(holder)] = None;
                    }
                }
            }
            let mut seen = [[None; 3]; BYTES];
            let mut last = 0;
            for record in records.iter() {
                prop_assert!(record.start >= last);
                last = record.start;
                for byte in record.start..=record.end {
                    let slot = &mut seen[byte as usize][usize::from(record.holder)];
                    prop_assert!(slot.is_none());
                    *slot = Some(record.kind);
                }
                let touching = records.iter().filter(|other| {
                    other.holder == record.holder && other.kind == record.kind && other.start == record.end + 1
                });
                prop_assert_eq!(touching.count(), 0, "neighbours merge");
            }
            prop_assert_eq!(seen, model);
        }
    }
}

#[test]
fn the_end_of_the_range_is_no_overflow() {
    let mut records = Records::new();
    let all = Record { start: 0, end: u64::MAX, kind: LockKind::Write, holder: 1, process: 1 };
    records.set(all).unwrap();
    records.clear(1, 10, 19).unwrap();
    let ranges: Vec<_> = records.iter().map(|r| (r.start, r.end)).collect();
    assert_eq!(ranges, [(0, 9), (20, u64::MAX)]);
    records.set(Record { start: 10, end: 19, ..all }).unwrap();
    assert_eq!(records.iter().count(), 1);
}

#[test]
fn a_ring_of_waits_is_a_deadlock() {
    let mut waits = Waits::new();
    waits.add(1, 2).unwrap();
    waits.add(2, 3).unwrap();
    assert!(waits.would_deadlock(3, 1));
    assert!(!waits.would_deadlock(4, 1));
    waits.remove(2, 3);
    assert!(!waits.would_deadlock(3, 1));
    waits.add(2, 2).unwrap();
    assert!(!waits.would_deadlock(3, 1), "a ring elsewhere ends the search");
}
