//! Robust futexes: what a thread held when it ended is marked, and one waiter of each is woken.

use core::sync::atomic::Ordering;

use exo_kernel::arch::usercopy::{cmpxchg_user_u32, load_user_u32};
use exo_kernel::ipc::futex::{self, Scope, MATCH_ANY};
use exo_kernel::sched;
use exo_kernel::user::UserPtr;
use posix_x_abi::types::RobustListHead;

use crate::Task;

/// The owner died while it held the futex.
const OWNER_DIED: u32 = 0x4000_0000;
/// Somebody waits.
const WAITERS: u32 = 0x8000_0000;
const OWNER: u32 = 0x3fff_ffff;
/// Entries looked at, at most: the list may be a ring.
const LIMIT: usize = 2048;
/// In a list pointer: the futex is one with priority inheritance.
const PI: u64 = 1;

/// Marks the robust futexes that the current thread holds, and wakes one waiter of each. The list is the user's:
/// it ends where it cannot be read, or after [`LIMIT`] entries.
pub fn exit_robust_list(task: &Task) {
    let head = task.robust_list.swap(0, Ordering::Relaxed);
    if head == 0 {
        return;
    }
    let Ok(list) = UserPtr::<RobustListHead>::new(head).read() else { return };
    let word = |entry: u64| (entry & !PI).wrapping_add(list.futex_offset as u64) as usize;
    let mut entry = list.list;
    for _ in 0..LIMIT {
        if (entry & !PI) as usize == head {
            break;
        }
        // Read before the futex is given away: its new owner may change the entry.
        let next = UserPtr::<u64>::new((entry & !PI) as usize).read();
        if entry != list.list_op_pending && !leave(task, word(entry), false) {
            return;
        }
        let Ok(next) = next else { return };
        entry = next;
        sched::maybe_yield();
    }
    if list.list_op_pending != 0 {
        leave(task, word(list.list_op_pending), true);
    }
}

/// Gives one futex up; false if it cannot be reached. `pending`: the thread was about to lock or unlock it.
fn leave(task: &Task, address: usize, pending: bool) -> bool {
    let Ok(mut value) = load_user_u32(address) else { return false };
    if pending && value & OWNER == 0 {
        // It may have been unlocking, and not yet woken the next.
        return futex::wake(address, 1, MATCH_ANY, Scope::Shared).is_ok();
    }
    while value & OWNER == task.tid() as u32 {
        match cmpxchg_user_u32(address, value, value & WAITERS | OWNER_DIED) {
            Err(_) => return false,
            Ok(found) if found == value => {
                if value & WAITERS != 0 {
                    super::wake_address(address, 1);
                }
                break;
            }
            Ok(found) => value = found,
        }
    }
    true
}
