//! What the host's kernel has: pipe, socketpair, and queues behind its futex.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use rustix::io::{read, write};
use rustix::net::{socketpair, AddressFamily, SocketFlags, SocketType};
use rustix::pipe::pipe;

use super::{Receiver, Sender, System, Words};

const BYTES: usize = size_of::<Words>();

pub struct Pipe;
pub struct SocketPair;

/// An end of either; a stream of whole messages.
pub struct Descriptor(pub OwnedFd);

impl System for Pipe {
    const NAME: &'static str = "pipe";
    const SAMPLE: usize = 1024;
    type Sender = Descriptor;
    type Receiver = Descriptor;
    fn pair() -> (Descriptor, Descriptor) {
        let (reader, writer) = pipe().expect("a pipe");
        (Descriptor(writer), Descriptor(reader))
    }
}

impl System for SocketPair {
    const NAME: &'static str = "socketpair";
    const SAMPLE: usize = 1024;
    type Sender = Descriptor;
    type Receiver = Descriptor;
    fn pair() -> (Descriptor, Descriptor) {
        let kind = SocketType::STREAM;
        let (one, other) =
            socketpair(AddressFamily::UNIX, kind, SocketFlags::empty(), None).expect("a pair of sockets");
        (Descriptor(one), Descriptor(other))
    }
}

fn bytes(items: &[Words]) -> &[u8] {
    // SAFETY: arrays of words are their bytes, all initialised.
    unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

fn bytes_mut(items: &mut [Words]) -> &mut [u8] {
    // SAFETY: as above, and all bytes are words.
    unsafe { std::slice::from_raw_parts_mut(items.as_mut_ptr().cast(), size_of_val(items)) }
}

impl Sender for Descriptor {
    type Item = Words;
    fn item(words: Words) -> Words {
        words
    }
    fn send(&mut self, item: &Words) -> bool {
        write(&self.0, bytes(std::slice::from_ref(item))) == Ok(BYTES)
    }
    fn send_batch(&mut self, items: &[Words]) -> usize {
        write(&self.0, bytes(items)).expect("room") / BYTES
    }
}

impl Receiver for Descriptor {
    type Item = Words;
    fn empty() -> Words {
        [0; 7]
    }
    fn receive(&mut self) -> Option<Words> {
        let mut item = [[0; 7]];
        self.receive_batch(&mut item);
        Some(item[0])
    }
    /// Reads what is there; the rest of a message that was cut as well.
    fn receive_batch(&mut self, items: &mut [Words]) -> usize {
        let bytes = bytes_mut(items);
        let mut done = 0_usize;
        while done == 0 || done < done.next_multiple_of(BYTES) {
            let end = if done == 0 { bytes.len() } else { done.next_multiple_of(BYTES) };
            done += read(&self.0, &mut bytes[done..end]).expect("a peer");
        }
        done / BYTES
    }
}

/// A queue behind a mutex, which on Linux is a futex.
pub struct Locked;

#[derive(Clone)]
pub struct LockedEnd(Arc<Mutex<VecDeque<Words>>>);

const CAPACITY: usize = 4096;

impl System for Locked {
    const NAME: &'static str = "mutex + VecDeque";
    type Sender = LockedEnd;
    type Receiver = LockedEnd;
    fn pair() -> (LockedEnd, LockedEnd) {
        let end = LockedEnd(Arc::new(Mutex::new(VecDeque::with_capacity(CAPACITY))));
        (end.clone(), end)
    }
}

impl Sender for LockedEnd {
    type Item = Words;
    fn item(words: Words) -> Words {
        words
    }
    #[inline]
    fn send(&mut self, item: &Words) -> bool {
        let mut queue = self.0.lock().expect("nobody panicked");
        let room = queue.len() < CAPACITY;
        if room {
            queue.push_back(*item);
        }
        room
    }
    fn send_batch(&mut self, items: &[Words]) -> usize {
        let mut queue = self.0.lock().expect("nobody panicked");
        let count = items.len().min(CAPACITY - queue.len());
        queue.extend(&items[..count]);
        count
    }
}

impl Receiver for LockedEnd {
    type Item = Words;
    fn empty() -> Words {
        [0; 7]
    }
    #[inline]
    fn receive(&mut self) -> Option<Words> {
        self.0.lock().expect("nobody panicked").pop_front()
    }
    fn receive_batch(&mut self, items: &mut [Words]) -> usize {
        let mut queue = self.0.lock().expect("nobody panicked");
        let count = items.len().min(queue.len());
        for (place, item) in items.iter_mut().zip(queue.drain(..count)) {
            *place = item;
        }
        count
    }
}
