//! `select` and `pselect6`.

use alloc::vec::Vec;

use exo_kernel::sync::{Events, Poller, Sleep};
use exo_kernel::user::UserPtr;
use exo_kernel::Kind;
use posix_x_abi::types::{Timespec, Timeval};

use super::timeout::Timeout;
use crate::fd::FdTable;
use crate::signal::TemporaryMask;
use crate::{Errno, SysResult, Task};

/// What makes a descriptor readable, writable, or exceptional.
const READ: Events =
    Events::RDNORM.union(Events::RDBAND).union(Events::IN).union(Events::HUP).union(Events::ERR);
const WRITE: Events = Events::WRNORM.union(Events::WRBAND).union(Events::OUT).union(Events::ERR);
const EXCEPTION: Events = Events::PRI;
const CONDITIONS: [Events; 3] = [READ, WRITE, EXCEPTION];

/// Words of each set that need no allocation: 256 descriptors.
const INLINE: usize = 4;

/// The three sets of a call, word by word: reading, writing, exceptions.
struct Sets {
    inline: [[u64; 3]; INLINE],
    heap: Vec<[u64; 3]>,
    words: usize,
}

impl Sets {
    fn new(words: usize) -> Result<Self, Errno> {
        let mut sets = Self { inline: [[0; 3]; INLINE], heap: Vec::new(), words };
        if words > INLINE {
            sets.heap.try_reserve_exact(words).map_err(|_| Errno::ENOMEM)?;
            sets.heap.resize(words, [0; 3]);
        }
        Ok(sets)
    }

    fn words(&mut self) -> &mut [[u64; 3]] {
        if self.words > INLINE {
            &mut self.heap
        } else {
            &mut self.inline[..self.words]
        }
    }

    fn import(nfds: usize, pointers: [UserPtr<u64>; 3]) -> Result<Self, Errno> {
        let mut sets = Self::new(nfds.div_ceil(64))?;
        for (set, pointer) in pointers.into_iter().enumerate() {
            let Some(pointer) = pointer.non_null() else { continue };
            for (index, word) in sets.words().iter_mut().enumerate() {
                word[set] = pointer.add(index).read()?;
            }
        }
        if let (Some(last), true) = (sets.words().last_mut(), nfds % 64 != 0) {
            // Bits beyond the number given do not count.
            last.iter_mut().for_each(|word| *word &= (1 << (nfds % 64)) - 1);
        }
        Ok(sets)
    }

    fn export(&mut self, pointers: [UserPtr<u64>; 3]) -> Result<(), Errno> {
        for (set, pointer) in pointers.into_iter().enumerate() {
            let Some(pointer) = pointer.non_null() else { continue };
            for (index, word) in self.words().iter().enumerate() {
                pointer.add(index).write(&word[set])?;
            }
        }
        Ok(())
    }
}

/// Looks at all descriptors of `wanted`, notes in `found` what holds, and counts. EBADF for a closed one.
fn scan(t: &Task, wanted: &mut Sets, found: &mut Sets, mut poller: Option<&mut Poller>) -> SysResult {
    let mut ready = 0;
    let pairs = wanted.words().iter().zip(found.words());
    for (index, (wanted, found)) in pairs.enumerate() {
        let mut bits = wanted[0] | wanted[1] | wanted[2];
        while bits != 0 {
            let bit = bits.trailing_zeros();
            bits &= bits - 1;
            let asks = |set: usize| wanted[set] >> bit & 1 != 0;
            let conditions = (0..3).filter(|&set| asks(set));
            let interest = conditions.clone().fold(Events::empty(), |sum, set| sum | CONDITIONS[set]);
            let file = FdTable::get(t.files(), (index * 64) as i32 + bit as i32)?;
            let events = file
                .poll(poller.as_deref_mut().map(|poller| poller.table(interest)))
                .map_err(|_| Errno::EBADF)?;
            for set in conditions.filter(|&set| events.intersects(CONDITIONS[set])) {
                found[set] |= 1 << bit;
                ready += 1;
            }
        }
        if ready > 0 {
            poller = None;
        }
    }
    Ok(ready)
}

fn wait(t: &Task, wanted: &mut Sets, found: &mut Sets, timeout: Timeout) -> SysResult {
    let ready = scan(t, wanted, found, None)?;
    if ready > 0 || timeout == Timeout::Poll {
        return Ok(ready);
    }
    let mut poller = Poller::new();
    let mut ready = scan(t, wanted, found, Some(&mut poller))?;
    while ready == 0 {
        match poller.wait(Sleep::Interruptible, timeout.deadline()) {
            Ok(()) => ready = scan(t, wanted, found, None)?,
            Err(error) if error == Kind::TimedOut => return scan(t, wanted, found, None),
            Err(error) if error == Kind::Interrupted => return Err(Errno::ERESTARTNOHAND),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ready)
}

fn select_user(t: &Task, nfds: i32, pointers: [UserPtr<u64>; 3], timeout: Timeout) -> SysResult {
    let nfds = usize::try_from(nfds).map_err(|_| Errno::EINVAL)?;
    // Beyond the table there is nothing open; Linux looks no further either.
    let nfds = nfds.min(t.files().size().next_multiple_of(64).max(64));
    let mut wanted = Sets::import(nfds, pointers)?;
    let mut found = Sets::new(nfds.div_ceil(64))?;
    let ready = wait(t, &mut wanted, &mut found, timeout)?;
    found.export(pointers)?;
    Ok(ready)
}

/// Waits until a descriptor of three sets is ready.
pub fn select(
    t: &Task,
    nfds: i32,
    readfds: UserPtr<u64>,
    writefds: UserPtr<u64>,
    exceptfds: UserPtr<u64>,
    timeout: UserPtr<Timeval>,
) -> SysResult {
    let limit = Timeout::from_timeval(timeout)?;
    let result = select_user(t, nfds, [readfds, writefds, exceptfds], limit);
    limit.store_timeval(timeout);
    result
}

/// As [`select`], with a finer timeout, and another signal mask while it waits. `sigmask` is the address of
/// the mask's address and size.
pub fn pselect6(
    t: &Task,
    nfds: i32,
    readfds: UserPtr<u64>,
    writefds: UserPtr<u64>,
    exceptfds: UserPtr<u64>,
    timeout: UserPtr<Timespec>,
    sigmask: UserPtr<[usize; 2]>,
) -> SysResult {
    let [set, size] = match sigmask.non_null() {
        Some(pointer) => pointer.read()?,
        None => [0, 0],
    };
    let set = UserPtr::new(set);
    let limit = Timeout::from_timespec(timeout)?;
    let mask = TemporaryMask::install(t, set, size)?;
    let result = mask.finish(select_user(t, nfds, [readfds, writefds, exceptfds], limit));
    limit.store_timespec(timeout);
    result
}
