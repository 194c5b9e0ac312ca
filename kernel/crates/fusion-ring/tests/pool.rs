//! A pool gives each block to one owner, counts who holds it, and loses none.
#![cfg(not(loom))]

mod common;

use common::Pages;
use fusion_ring::adaptive::{self, Received, Refusal};
use fusion_ring::pool::{Access, Class, Layout, Pool, PoolError, SharedTable, Side, UNIT};
use fusion_ring::{spsc, Descriptor, RecvError, SendError, Shared};
use proptest::prelude::*;

struct Memory {
    layout: Layout,
    table: Pages,
    data: Pages,
}

impl Memory {
    fn new(classes: &[Class]) -> Self {
        let layout = Layout::new(classes).unwrap();
        Self { layout, table: Pages::new(layout.table_bytes()), data: Pages::new(layout.data_bytes()) }
    }

    fn side(&self, number: u8, access: Access) -> Pool<'_, SharedTable<'_>> {
        // SAFETY: the pages outlive the pool, and the table has what the layout asks for.
        unsafe {
            let table = SharedTable::new(self.table.base(), self.table.len(), &self.layout).unwrap();
            let data = Shared::new(self.data.base(), self.data.len());
            Pool::new(table, self.layout, data, Side::new(number).unwrap(), access).unwrap()
        }
    }
}

fn two_classes() -> Memory {
    Memory::new(&[Class { size: UNIT, count: 3 }, Class { size: 4 * UNIT, count: 2 }])
}

#[test]
fn the_last_holder_frees() {
    let memory = two_classes();
    let (ours, theirs) = (memory.side(1, Access::ReadWrite), memory.side(2, Access::ReadOnly));
    let lease = ours.allocate(5000).unwrap();
    assert_eq!(lease.writable().unwrap().write(b"many bytes"), 10);
    let kept = lease.share().unwrap();
    assert_eq!(kept.writable().unwrap_err(), PoolError::Shared);
    let received = theirs.receive(lease.send().unwrap()).unwrap();
    assert_eq!(received.writable().unwrap_err(), PoolError::Denied);
    let mut bytes = [0; 10];
    assert_eq!(received.bytes().read(&mut bytes), 10);
    assert_eq!(&bytes, b"many bytes");
    drop(kept);
    assert_eq!(ours.in_use(), 1);
    drop(received);
    assert_eq!(ours.in_use(), 0);
}

#[test]
fn who_may_only_read_gets_no_block() {
    let memory = two_classes();
    assert_eq!(memory.side(2, Access::ReadOnly).allocate(1).unwrap_err(), PoolError::Denied);
}

#[test]
fn blocks_of_a_larger_class_help_out() {
    let memory = two_classes();
    let pool = memory.side(1, Access::ReadWrite);
    let held: Vec<_> = (0..5).map(|_| pool.allocate(1).unwrap()).collect();
    assert_eq!(pool.allocate(1).unwrap_err(), PoolError::NoBlock);
    let mut places: Vec<_> = held.iter().map(|lease| lease.bytes().as_ptr()).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 5);
    drop(held);
    assert_eq!(pool.allocate(5 * UNIT).unwrap_err(), PoolError::NoBlock);
    assert!(pool.allocate(4 * UNIT).is_ok());
}

#[test]
fn descriptors_are_judged() {
    let memory = two_classes();
    let pool = memory.side(1, Access::ReadWrite);
    let descriptor = pool.allocate(100).unwrap().send().unwrap();
    let refused = |changed: Descriptor| assert_eq!(pool.receive(changed).unwrap_err(), PoolError::Corrupt);
    refused(Descriptor { block: 5, ..descriptor });
    refused(Descriptor { block: u32::MAX, ..descriptor });
    refused(Descriptor { block: 1, ..descriptor });
    refused(Descriptor { generation: 7, ..descriptor });
    refused(Descriptor { offset: u64::MAX, ..descriptor });
    refused(Descriptor { offset: 1, len: UNIT as u64, ..descriptor });
    refused(Descriptor { len: u64::MAX, ..descriptor });
    assert_eq!(Descriptor::from_bytes(&descriptor.to_bytes()), descriptor);
    assert_eq!(Descriptor::of(&descriptor.to_message()), Some(descriptor));
    drop(pool.receive(descriptor).unwrap());
    // Neither twice, nor after the block was freed.
    refused(descriptor);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn what_the_dead_held_comes_back() {
    let memory = two_classes();
    let (ours, theirs) = (memory.side(1, Access::ReadWrite), memory.side(2, Access::ReadOnly));
    let shared = ours.allocate(1).unwrap();
    let theirs_too = theirs.receive(shared.share().unwrap().send().unwrap()).unwrap();
    let only_theirs = theirs.receive(ours.allocate(1).unwrap().send().unwrap()).unwrap();
    let lost = ours.allocate(1).unwrap().send().unwrap();
    std::mem::forget((theirs_too, only_theirs));
    assert_eq!(ours.reclaim(Side::new(2).unwrap()), 1);
    assert_eq!(ours.reclaim_in_transit(), 1);
    assert_eq!(ours.receive(lost).unwrap_err(), PoolError::Corrupt);
    assert_eq!(ours.in_use(), 1);
    assert!(shared.writable().is_ok());
}

#[test]
fn holds_are_bounded() {
    let memory = two_classes();
    let pool = memory.side(1, Access::ReadWrite);
    let lease = pool.allocate(1).unwrap();
    let more: Vec<_> = (1..15).map(|_| lease.share().unwrap()).collect();
    assert_eq!(lease.share().unwrap_err(), PoolError::TooManyHolds);
    drop((lease, more));
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn geometries_are_judged() {
    let bad = |classes: &[Class]| assert_eq!(Layout::new(classes).unwrap_err(), PoolError::Geometry);
    bad(&[]);
    bad(&[Class { size: 100, count: 1 }]);
    bad(&[Class { size: UNIT, count: 0 }]);
    bad(&[Class { size: UNIT, count: 1 }; 2]);
    bad(&[Class { size: usize::MAX - UNIT + 1, count: 2 }]);
    bad(&[Class { size: UNIT, count: u32::MAX }]);
    bad(&[Class { size: UNIT, count: 1 }; 9]);
    assert!(Side::new(0).is_none() && Side::new(16).is_none());
}

#[test]
fn messages_of_any_size() {
    let memory = two_classes();
    let (ours, theirs) = (memory.side(1, Access::ReadWrite), memory.side(2, Access::ReadOnly));
    let (mut sender, mut receiver) = spsc::pair(1).unwrap();
    for len in [0, 1, 56, 57, 4096, 4097, 16384] {
        let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
        adaptive::send(&mut sender, &ours, &bytes).unwrap();
        let received = adaptive::receive(&mut receiver, &theirs).unwrap();
        assert_eq!(matches!(received, Received::Inline(_)), len <= 56);
        let mut copy = vec![0; len + 1];
        assert_eq!((received.len(), received.read(&mut copy)), (len, len));
        assert_eq!(&copy[..len], &bytes[..]);
    }
    assert_eq!(ours.in_use(), 0);
    let big = [0; 60];
    adaptive::send(&mut sender, &ours, &big).unwrap();
    adaptive::send(&mut sender, &ours, &big).unwrap();
    assert_eq!(adaptive::send(&mut sender, &ours, &big), Err(Refusal::Ring(SendError::Full)));
    assert_eq!(ours.in_use(), 2);
    drop(adaptive::receive(&mut receiver, &theirs).unwrap());
    // The second is lost with its side.
    theirs.reclaim_in_transit();
    assert_eq!(adaptive::receive(&mut receiver, &theirs).unwrap_err(), RecvError::Corrupt);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..Default::default() })]

    /// Random allocations, shares, hand-overs and drops among three sides: no block has two owners, none is lost.
    #[test]
    fn no_leak_under_churn(steps in prop::collection::vec((0..5_u8, 0..3_usize, any::<u16>()), 1..if cfg!(miri) { 40 } else { 500 })) {
        let memory = Memory::new(&[Class { size: UNIT, count: 8 }, Class { size: 2 * UNIT, count: 4 }]);
        let pools = [1, 2, 3].map(|side| memory.side(side, Access::ReadWrite));
        // Leases with the number that the block was marked with, and descriptors on their way likewise.
        let mut held = Vec::new();
        let mut sent = Vec::new();
        let mut mark = 0_u32;
        for (what, side, pick) in steps {
            let pick = pick as usize;
            match what {
                0 => match pools[side].allocate(pick % (2 * UNIT) + 4) {
                    Ok(lease) => {
                        mark += 1;
                        lease.writable().unwrap().write(&mark.to_le_bytes());
                        held.push((lease, mark));
                    }
                    Err(error) => prop_assert_eq!(error, PoolError::NoBlock),
                },
                1 if !held.is_empty() => {
                    let (lease, mark) = &held[pick % held.len()];
                    if let Ok(second) = lease.share() {
                        let mark = *mark;
                        held.push((second, mark));
                    }
                }
                2 if !held.is_empty() => {
                    let (lease, mark) = held.swap_remove(pick % held.len());
                    if let Ok(descriptor) = lease.send() {
                        sent.push((descriptor, mark));
                    }
                }
                3 if !sent.is_empty() => {
                    let (descriptor, mark) = sent.swap_remove(pick % sent.len());
                    match pools[side].receive(descriptor) {
                        Ok(lease) => held.push((lease, mark)),
                        Err(error) => {
                            prop_assert_eq!(error, PoolError::TooManyHolds);
                            sent.push((descriptor, mark));
                        }
                    }
                }
                4 if !held.is_empty() => drop(held.swap_remove(pick % held.len())),
                _ => {}
            }
            for (lease, mark) in &held {
                let mut bytes = [0; 4];
                lease.bytes().read(&mut bytes);
                prop_assert_eq!(u32::from_le_bytes(bytes), *mark);
            }
            let mut marks: Vec<u32> = held.iter().map(|(_, mark)| *mark).chain(sent.iter().map(|(_, mark)| *mark)).collect();
            marks.sort_unstable();
            marks.dedup();
            prop_assert_eq!(pools[0].in_use(), marks.len());
        }
        drop(held);
        for (descriptor, _) in sent {
            pools[0].discard(descriptor);
        }
        prop_assert_eq!(pools[0].in_use(), 0);
    }
}
