//! A ring whose peer writes anything anywhere in the shared memory between any two operations. Messages may be
//! wrong; nobody panics, hangs or leaves the memory.
#![no_main]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use fusion_ring::bytes::{self, Reader, Writer};
use fusion_ring::mpmc::Mpmc;
use fusion_ring::pool::{Access, Class, Layout, Pool, SharedTable, Side, UNIT};
use fusion_ring::spsc::{Consumer, Producer};
use fusion_ring::{adaptive, Contiguous, Descriptor, Form, Geometry, Message, Shared, CONTROL};
use libfuzzer_sys::fuzz_target;

const SHIFT: u32 = 2;
const RING: usize = CONTROL + (64 << SHIFT);
const WORDS: usize = RING / 8;

/// What is shared: words, aligned to a page, with a border on each side that nobody may touch.
#[repr(C, align(4096))]
struct Memory {
    before: [u64; 512],
    words: [AtomicU64; WORDS],
    after: [u64; 512],
}

impl Memory {
    fn new() -> Box<Self> {
        Box::new(Self {
            before: [0x5a5a_5a5a; 512],
            words: [const { AtomicU64::new(0) }; WORDS],
            after: [0x5a5a_5a5a; 512],
        })
    }

    fn base(&self) -> NonNull<u8> {
        NonNull::from(&self.words).cast()
    }

    fn scribble(&self, at: u8, value: u64) {
        // The words that mean something: the control page's lines, and the slots.
        let at = at as usize;
        let word = if at < 96 { at } else { CONTROL / 8 + (at - 96) % (WORDS - CONTROL / 8) };
        self.words[word].store(value, Ordering::Relaxed);
    }

    fn check(&self) {
        let whole = |border: &[u64]| border.iter().all(|word| *word == 0x5a5a_5a5a);
        assert!(whole(&self.before) && whole(&self.after));
    }
}

/// One step: what to do, where, and a value.
fn steps(data: &[u8]) -> impl Iterator<Item = (u8, u8, u64)> + '_ {
    data.chunks_exact(6).take(64).map(|step| {
        // Small values, and values with a small difference from the largest, in either half.
        let small = i64::from(i16::from_le_bytes([step[2], step[3]]));
        let value = match step[4] % 4 {
            0 => small as u64,
            1 => (small as u64) << 32 | u64::from(step[5]),
            2 => u64::from_le_bytes([step[2], step[3], step[4], step[5], step[2], step[3], step[4], step[5]]),
            _ => 1 | u64::from(step[5]) << 32 | u64::from(step[3]) << 48,
        };
        (step[0], step[1], value)
    })
}

fn messages(memory: &Memory, data: &[u8]) {
    let geometry = Geometry::new(Form::Spsc, SHIFT).unwrap();
    // SAFETY: the memory outlives the rings, and is accessed by atomics only.
    let storage = unsafe { Contiguous::create(memory.base(), RING, geometry) }.unwrap();
    let (mut sender, mut receiver) = (Producer::new(storage).unwrap(), Consumer::new(storage).unwrap());
    let mut batch = [Message::EMPTY; 6];
    for (what, at, value) in steps(data) {
        match what % 10 {
            0 => drop(sender.try_send(&Message::from_words([value; 7]))),
            1 => drop(sender.send_batch(&batch)),
            2 => drop(receiver.try_recv().map(|message| assert!(message.bytes().len() <= 56))),
            3 => {
                if let Ok(count) = receiver.recv_batch(&mut batch) {
                    assert!(batch[..count].iter().all(|message| message.len() <= 56));
                }
            }
            4 => drop(sender.room().map(|room| assert!(room <= 4))),
            5 => assert!(receiver.len() <= 4),
            6 => drop((sender.notify(), receiver.notify(), sender.is_closed(), receiver.is_ready())),
            7 => {
                let word = storage_word(&storage, at);
                let ticket = word.prepare();
                let _ = word.is_current(ticket);
                word.cancel(ticket);
            }
            8 => {
                // SAFETY: as above.
                if let Ok(again) = unsafe { Contiguous::open(memory.base(), RING) } {
                    if let (Ok(new_sender), Ok(new_receiver)) = (Producer::new(again), Consumer::new(again)) {
                        (sender, receiver) = (new_sender, new_receiver);
                    }
                }
            }
            _ => memory.scribble(at, value),
        }
    }
}

fn storage_word<'a>(storage: &'a Contiguous<'_>, at: u8) -> &'a fusion_ring::park::ParkWord {
    use fusion_ring::Storage;
    let control = storage.control();
    if at % 2 == 0 {
        control.readable()
    } else {
        control.writable()
    }
}

fn shared(memory: &Memory, data: &[u8]) {
    let geometry = Geometry::new(Form::Mpmc, SHIFT).unwrap();
    // SAFETY: as in `messages`.
    let storage = unsafe { Contiguous::create(memory.base(), RING, geometry) }.unwrap();
    let ring = Mpmc::new(storage).unwrap();
    let mut batch = [Message::EMPTY; 6];
    for (what, at, value) in steps(data) {
        match what % 7 {
            0 => drop(ring.try_send(&Message::from_words([value; 7]))),
            1 => drop(ring.send_batch(&batch)),
            2 => drop(ring.try_recv().map(|message| assert!(message.bytes().len() <= 56))),
            3 => {
                if let Ok(count) = ring.recv_batch(&mut batch) {
                    assert!(batch[..count].iter().all(|message| message.len() <= 56));
                }
            }
            4 => assert!(ring.len() <= 4),
            5 => drop((ring.notify_senders(), ring.notify_receivers(), ring.is_empty())),
            _ => memory.scribble(at, value),
        }
    }
}

fn stream(memory: &Memory, data: &[u8]) {
    // SAFETY: as in `messages`.
    let storage = unsafe { bytes::Contiguous::create(memory.base(), RING, 7) }.unwrap();
    let (mut writer, mut reader) = (Writer::new(storage).unwrap(), Reader::new(storage).unwrap());
    let mut buffer = [0; 300];
    for (what, at, value) in steps(data) {
        let count = value as usize % buffer.len();
        match what % 5 {
            0 => drop(writer.write(&buffer[..count]).map(|done| assert!(done <= count.min(128)))),
            1 => drop(reader.read(&mut buffer[..count]).map(|done| assert!(done <= count.min(128)))),
            2 => drop(writer.room().map(|room| assert!(room <= 128))),
            3 => drop(reader.available().map(|available| assert!(available <= 128))),
            _ => memory.scribble(at, value),
        }
    }
}

/// The pool's table is what is scribbled on; the data are as large as the layout says, and bordered.
fn pool(memory: &Memory, data: &[u8]) {
    let layout = Layout::new(&[Class { size: UNIT, count: 3 }, Class { size: 2 * UNIT, count: 2 }]).unwrap();
    let data_memory = Box::new([const { AtomicU64::new(0) }; 7 * UNIT / 8]);
    // SAFETY: both memories outlive the pool, and are accessed by atomics or copies.
    let pool = unsafe {
        let table = SharedTable::new(memory.base(), RING, &layout).unwrap();
        let shared = Shared::new(NonNull::from(&*data_memory).cast(), layout.data_bytes());
        Pool::new(table, layout, shared, Side::new(1).unwrap(), Access::ReadWrite).unwrap()
    };
    let inside = |part: Shared<'_>| {
        let (start, first) = (part.as_ptr().as_ptr() as usize, data_memory.as_ptr() as usize);
        assert!(start >= first && start + part.len() <= first + layout.data_bytes());
    };
    let (mut sender, mut receiver) = fusion_ring::spsc::pair(3).unwrap();
    let mut held = Vec::new();
    for (what, at, value) in steps(data) {
        match what % 7 {
            0 => {
                if let Ok(lease) = pool.allocate(value as usize % (3 * UNIT)) {
                    inside(lease.bytes());
                    held.push(lease);
                }
            }
            1 => drop(held.pop()),
            2 => {
                if let Some(lease) = held.pop() {
                    let _ = adaptive::send_lease(&mut sender, lease);
                }
            }
            3 => {
                if let Ok(received) = adaptive::receive(&mut receiver, &pool) {
                    let mut bytes = [0; 100];
                    received.read(&mut bytes);
                    if let adaptive::Received::Pooled(lease) = received {
                        inside(lease.bytes());
                        held.push(lease);
                    }
                }
            }
            4 => {
                let descriptor = Descriptor {
                    block: u32::from(at) % 8,
                    generation: value as u32 % 4,
                    offset: value >> 32,
                    len: value,
                };
                if let Ok(lease) = pool.receive(descriptor) {
                    inside(lease.bytes());
                    held.push(lease);
                }
            }
            5 => drop((pool.in_use(), pool.reclaim_in_transit())),
            _ => memory.words[(at as usize * 8 + what as usize) % (layout.table_bytes() / 8)]
                .store(value, Ordering::Relaxed),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((form, data)) = data.split_first() else { return };
    let memory = Memory::new();
    match form % 4 {
        0 => messages(&memory, data),
        1 => shared(&memory, data),
        2 => stream(&memory, data),
        _ => pool(&memory, data),
    }
    memory.check();
});
