//! More than a slot holds: handed over by descriptor, next to what has to copy; and streams of bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use fusion_ring::adaptive::{receive, send_lease, Received};
use fusion_ring::bytes::{Contiguous, Reader, Writer};
use fusion_ring::pool::{Access, Class, Layout, Pool, SharedTable, Side};
use fusion_ring::{Shared, CONTROL};
use host_bench::{group, Cycles, Target};
use rustix::io::{read, write};

use crate::systems::kernel::{Descriptor, Pipe, SocketPair};
use crate::systems::library::Fusion;
use crate::systems::memory::Pages;
use crate::systems::System;
use crate::Group;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;
/// What a pipe takes at once.
const CHUNK: usize = 64 * KIB;

pub fn bulk(criterion: &mut Criterion<Cycles>) {
    for (name, size) in [("4 KiB", 4 * KIB), ("64 KiB", 64 * KIB), ("1 MiB", MIB), ("1 GiB", GIB)] {
        let mut group =
            group(criterion, &format!("FusionRing: hand over {name}, one core"), Some(Target::Cycles(300)));
        zero_copy(&mut group, size);
        // A second for each sample of the others tells nothing new.
        if size < GIB {
            copied::<Pipe>(&mut group, size);
            copied::<SocketPair>(&mut group, size);
        }
        group.finish();
    }
    let mut group =
        group(criterion, "FusionRing: stream of bytes in pieces of 4 KiB, one core, per piece", None);
    bytes(&mut group);
    rtrb_bytes(&mut group);
    copied::<Pipe>(&mut group, 4 * KIB);
    copied::<SocketPair>(&mut group, 4 * KIB);
}

/// Allocate, send the descriptor, receive it, free.
fn zero_copy(group: &mut Group<'_>, size: usize) {
    let layout = Layout::new(&[Class { size, count: 8 }]).expect("a layout");
    let (table, data) = (Pages::new(layout.table_bytes()), Pages::new(layout.data_bytes()));
    let side = |number, access| {
        // SAFETY: the pages outlive the pools, and are accessed through them only.
        unsafe {
            let table = SharedTable::new(table.base(), table.len(), &layout).expect("room");
            let data = Shared::new(data.base(), data.len());
            Pool::new(table, layout, data, Side::new(number).expect("a side"), access).expect("room")
        }
    };
    let (ours, theirs) = (side(1, Access::ReadWrite), side(2, Access::ReadOnly));
    let (mut sender, mut receiver) = Fusion::pair();
    group.bench_function("FusionRing", |bencher| {
        bencher.iter(|| {
            let lease = ours.allocate(black_box(size)).expect("a block");
            send_lease(&mut sender, lease).expect("room");
            let received = receive(&mut receiver, &theirs).expect("just sent");
            assert!(matches!(received, Received::Pooled(_)));
            black_box(received.len())
        });
    });
}

fn copied<S: System<Sender = Descriptor, Receiver = Descriptor>>(group: &mut Group<'_>, size: usize) {
    let (sender, receiver) = S::pair();
    let from = vec![1_u8; size];
    let mut to = vec![0_u8; size];
    group.bench_function(S::NAME, |bencher| {
        bencher.iter(|| {
            for (from, to) in from.chunks(CHUNK).zip(to.chunks_mut(CHUNK)) {
                assert_eq!(write(&sender.0, from), Ok(from.len()));
                let mut done = 0;
                while done < to.len() {
                    done += read(&receiver.0, &mut to[done..]).expect("just written");
                }
            }
        });
    });
}

fn bytes(group: &mut Group<'_>) {
    const SHIFT: u32 = 16;
    let pages = Pages::new(CONTROL + (1 << SHIFT));
    // SAFETY: the pages outlive the ring.
    let storage = unsafe { Contiguous::create(pages.base(), pages.len(), SHIFT) }.expect("a new ring");
    let (mut writer, mut reader) = (Writer::new(storage).expect("new"), Reader::new(storage).expect("new"));
    let (from, mut to) = (vec![1_u8; 4 * KIB], vec![0_u8; 4 * KIB]);
    group.throughput(Throughput::Elements(1));
    group.bench_function("FusionRing", |bencher| {
        bencher.iter(|| {
            assert_eq!(writer.write(black_box(&from)), Ok(4 * KIB));
            assert_eq!(reader.read(black_box(&mut to)), Ok(4 * KIB));
        });
    });
}

fn rtrb_bytes(group: &mut Group<'_>) {
    let (mut sender, mut receiver) = rtrb::RingBuffer::new(CHUNK);
    let (from, mut to) = (vec![1_u8; 4 * KIB], vec![0_u8; 4 * KIB]);
    group.bench_function("rtrb", |bencher| {
        bencher.iter(|| {
            sender.push_entire_slice(black_box(&from)).expect("room");
            receiver.pop_entire_slice(black_box(&mut to)).expect("just sent");
        });
    });
}
