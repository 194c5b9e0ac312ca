//! What a peer who writes anything anywhere can do: nothing but wrong messages.
#![cfg(not(loom))]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};

use common::Pages;
use fusion_ring::bytes::{self, Reader, Writer};
use fusion_ring::mpmc::Mpmc;
use fusion_ring::spsc::{Consumer, Producer};
use fusion_ring::{AttachError, Contiguous, Form, Geometry, Message, RecvError, SendError, CONTROL, SLOT};

const HEAD: usize = 128;
const TAIL: usize = 256;

fn ring(form: Form) -> (Pages, Geometry) {
    let geometry = Geometry::new(form, 2).unwrap();
    (Pages::new(geometry.bytes()), geometry)
}

/// A word of the shared memory.
fn word(pages: &Pages, at: usize) -> &AtomicU64 {
    assert!(at & 7 == 0 && at < pages.len());
    // SAFETY: within the pages, aligned, and only ever accessed atomically.
    unsafe { AtomicU64::from_ptr(pages.base().add(at).as_ptr().cast()) }
}

fn scribble(pages: &Pages, at: usize, value: u64) {
    word(pages, at).store(value, Ordering::Release);
}

fn create(pages: &Pages, geometry: Geometry) -> Contiguous<'_> {
    // SAFETY: the pages outlive the ring.
    unsafe { Contiguous::create(pages.base(), pages.len(), geometry) }.unwrap()
}

fn open(pages: &Pages) -> Result<Contiguous<'_>, AttachError> {
    // SAFETY: the pages outlive the ring.
    unsafe { Contiguous::open(pages.base(), pages.len()) }
}

#[test]
fn positions_that_contradict_each_other() {
    let (pages, geometry) = ring(Form::Spsc);
    let storage = create(&pages, geometry);
    let mut sender = Producer::new(storage).unwrap();
    for _ in 0..4 {
        sender.try_send(&Message::EMPTY).unwrap();
    }
    scribble(&pages, HEAD, 77);
    assert_eq!(sender.try_send(&Message::EMPTY), Err(SendError::Corrupt));
    assert_eq!(sender.room(), Err(SendError::Corrupt));
    assert_eq!(Producer::new(storage).unwrap_err(), AttachError::Corrupt);
    scribble(&pages, HEAD, u64::MAX);
    assert_eq!(Consumer::new(storage).unwrap_err(), AttachError::Corrupt);
    scribble(&pages, HEAD, 4);
    let mut receiver = Consumer::new(storage).unwrap();
    scribble(&pages, TAIL, 9);
    assert_eq!(receiver.try_recv(), Err(RecvError::Corrupt));
}

#[test]
fn headers_that_nobody_writes() {
    for form in [Form::Spsc, Form::Mpmc] {
        let (pages, geometry) = ring(form);
        let storage = create(&pages, geometry);
        // The right turn, 57 bytes; then the right turn, kind 2.
        scribble(&pages, CONTROL, 1 | 57 << 32);
        scribble(&pages, CONTROL + SLOT, 1 | 2 << 48);
        scribble(&pages, TAIL, 2);
        if form == Form::Spsc {
            let mut receiver = Consumer::new(storage).unwrap();
            let mut batch = [Message::EMPTY; 4];
            assert_eq!(receiver.try_recv(), Err(RecvError::Corrupt));
            assert_eq!(receiver.recv_batch(&mut batch), Err(RecvError::Corrupt));
            assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
        } else {
            let ring = Mpmc::new(storage).unwrap();
            assert_eq!(ring.try_recv(), Err(RecvError::Corrupt));
            assert_eq!(ring.try_recv(), Err(RecvError::Corrupt));
            assert_eq!(ring.try_recv(), Err(RecvError::Empty));
        }
    }
}

#[test]
fn turns_from_the_future_do_not_hang_anybody() {
    let (pages, geometry) = ring(Form::Mpmc);
    let ring = Mpmc::new(create(&pages, geometry)).unwrap();
    for slot in 0..4 {
        scribble(&pages, CONTROL + slot * SLOT, 9);
    }
    assert_eq!(ring.try_send(&Message::EMPTY), Err(SendError::Corrupt));
    assert_eq!(ring.try_recv(), Err(RecvError::Corrupt));
    scribble(&pages, HEAD, u64::MAX - 1);
    scribble(&pages, TAIL, 3);
    assert!(ring.len() <= 4);
}

#[test]
fn identities_are_checked() {
    let (pages, geometry) = ring(Form::Spsc);
    assert_eq!(open(&pages).unwrap_err(), AttachError::NotARing);
    let storage = create(&pages, geometry);
    assert_eq!(Mpmc::new(storage).unwrap_err(), AttachError::WrongForm);
    // SAFETY: the pages outlive the ring.
    let bytes = unsafe { bytes::Contiguous::open(pages.base(), pages.len()) };
    assert_eq!(bytes.unwrap_err(), AttachError::WrongForm);
    let identity = word(&pages, 0).load(Ordering::Relaxed);
    let with = |shift: u64, form: u64| {
        scribble(&pages, 0, identity & 0x0000_ffff_ffff_ffff | form << 48 | shift << 56);
        open(&pages).map(|_| ()).unwrap_err()
    };
    assert_eq!(with(3, 1), AttachError::TooSmall);
    assert_eq!(with(200, 1), AttachError::Capacity);
    assert_eq!(with(2, 9), AttachError::NotARing);
    assert_eq!(with(2, 3), AttachError::WrongForm);
    // SAFETY: never touched, it is refused.
    let odd = unsafe { Contiguous::open(pages.base().add(64), pages.len() - 64) };
    assert_eq!(odd.unwrap_err(), AttachError::Misaligned);
}

#[test]
fn byte_positions_that_contradict_each_other() {
    let pages = Pages::new(CONTROL + 64);
    // SAFETY: the pages outlive the ring.
    let storage = unsafe { bytes::Contiguous::create(pages.base(), pages.len(), 6) }.unwrap();
    let (mut writer, mut reader) = (Writer::new(storage).unwrap(), Reader::new(storage).unwrap());
    scribble(&pages, TAIL, 65);
    let mut buffer = [0; 100];
    assert_eq!(reader.read(&mut buffer), Err(RecvError::Corrupt));
    writer.write(&[0; 64]).unwrap();
    scribble(&pages, HEAD, 65);
    assert_eq!(writer.write(&[0; 64]), Err(SendError::Corrupt));
    assert_eq!(Writer::new(storage).unwrap_err(), AttachError::Corrupt);
    assert_eq!(Reader::new(storage).unwrap_err(), AttachError::Corrupt);
}

#[test]
fn the_closed_are_told() {
    let (mut sender, mut receiver) = fusion_ring::spsc::pair(1).unwrap();
    sender.try_send(&Message::EMPTY).unwrap();
    assert!(!sender.close() && receiver.is_closed());
    assert!(receiver.try_recv().is_ok());
    assert_eq!(receiver.try_recv(), Err(RecvError::Closed));
    assert!(!receiver.close() && sender.is_closed());
    while sender.try_send(&Message::EMPTY).is_ok() {}
    assert_eq!(sender.try_send(&Message::EMPTY), Err(SendError::Closed));
}
