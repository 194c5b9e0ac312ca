//! What the tests with threads have in common, be these loom's or real ones.

use std::convert::Infallible;

use fusion_ring::park::{ParkWord, Ticket};
use fusion_ring::Message;
#[cfg(loom)]
use loom::sync::{Condvar, Mutex};
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex};

pub fn message(number: u64) -> Message {
    Message::new(&number.to_le_bytes()).unwrap()
}

pub fn number(message: &Message) -> u64 {
    u64::from_le_bytes(message.bytes().try_into().unwrap())
}

/// Sleep and wake as a kernel has them: a queue that is joined before the last look.
#[derive(Default)]
pub struct Bed {
    queue: Mutex<()>,
    woken: Condvar,
}

impl Bed {
    pub fn park(&self, word: &ParkWord, ticket: Ticket) -> Result<(), Infallible> {
        let mut queue = self.queue.lock().unwrap();
        while word.is_current(ticket) {
            queue = self.woken.wait(queue).unwrap();
        }
        Ok(())
    }

    pub fn unpark(&self) {
        drop(self.queue.lock().unwrap());
        self.woken.notify_all();
    }
}
