//! Thread numbers: unique while anybody holds them, and reused as late as possible.

use alloc::sync::Arc;

use crate::sync::{IrqLock, Rank};
use crate::{Kind, Result};

/// Numbers are below this.
pub const TID_LIMIT: u32 = 32768;
/// After the numbers ran out once, those below this are left alone.
const RESERVED: u32 = 300;
/// The first user thread's number.
const FIRST_USER: u32 = 1;

const WORDS: usize = TID_LIMIT as usize / 64;

struct Numbers {
    taken: [u64; WORDS],
    next: u32,
    first_user_given: bool,
}

impl Numbers {
    fn take(&mut self, number: u32) {
        self.taken[number as usize / 64] |= 1 << (number % 64);
    }

    /// The first free number in a range.
    fn find(&self, from: u32, to: u32) -> Option<u32> {
        let mut number = from;
        while number < to {
            let free = !self.taken[number as usize / 64] & (u64::MAX << (number % 64));
            if free != 0 {
                let found = (number & !63) + free.trailing_zeros();
                return (found < to).then_some(found);
            }
            number = (number & !63) + 64;
        }
        None
    }
}

static NUMBERS: IrqLock<Numbers> =
    IrqLock::with_rank(Rank::Leaf, Numbers { taken: [0; WORDS], next: 2, first_user_given: false });

/// A taken number. Clones of the [`Arc`] keep it taken (for a process group whose leader is gone, say).
#[derive(Debug)]
pub struct Tid(u32);

impl Tid {
    /// Takes the next number. The first user thread gets 1, whatever came before.
    pub(super) fn allocate(user: bool) -> Result<Arc<Self>> {
        let number = {
            let mut numbers = NUMBERS.lock();
            if user && !numbers.first_user_given {
                numbers.first_user_given = true;
                numbers.take(FIRST_USER);
                FIRST_USER
            } else {
                let next = numbers.next;
                let found = numbers.find(next, TID_LIMIT).or_else(|| numbers.find(RESERVED, next));
                let number = found.ok_or(Kind::WouldBlock)?;
                numbers.next = number + 1;
                numbers.take(number);
                number
            }
        };
        Ok(Arc::new(Self(number)))
    }

    /// The idle threads' number, which is not unique.
    pub(super) fn idle() -> Arc<Self> {
        Arc::new(Self(0))
    }

    /// The number.
    pub fn number(&self) -> u32 {
        self.0
    }

    /// The number given last (`/proc/loadavg` shows it).
    pub fn last() -> u32 {
        NUMBERS.lock().next.saturating_sub(1)
    }
}

impl Drop for Tid {
    fn drop(&mut self) {
        if self.0 != 0 {
            NUMBERS.lock().taken[self.0 as usize / 64] &= !(1 << (self.0 % 64));
        }
    }
}
