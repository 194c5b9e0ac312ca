//! Memory policies: `set_mempolicy` and `get_mempolicy`.
//!
//! Memory comes from the node of the CPU that asks first, and from the nearest other one when that has nothing left.
//! Where there is one node, every policy is obeyed by that. Where there are several, those that would have to keep
//! memory off a node are refused; a preference is kept and told.

use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::arch::USER_TOP;
use exo_kernel::mm::{frame, page_down, PAGE_SIZE};
use exo_kernel::user::UserPtr;

use super::map::space;
use crate::process::Task;
use crate::{Errno, SysResult};

const STATIC_NODES: u32 = 1 << 15;
const RELATIVE_NODES: u32 = 1 << 14;
const NUMA_BALANCING: u32 = 1 << 13;
const MODE_FLAGS: u32 = STATIC_NODES | RELATIVE_NODES | NUMA_BALANCING;

const DEFAULT: u32 = 0;
const PREFERRED: u32 = 1;
const BIND: u32 = 2;
const INTERLEAVE: u32 = 3;
const LOCAL: u32 = 4;
const PREFERRED_MANY: u32 = 5;

/// `get_mempolicy`: the node of a page; of an address; which nodes there are.
const F_NODE: usize = 1;
const F_ADDR: usize = 2;
const F_MEMS_ALLOWED: usize = 4;

/// Nodes that a mask has bits for, as on Debian's Linux.
const MASK_BITS: usize = 1024;
const WORD_BITS: usize = 64;

/// A policy: its mode with flags, and a bit for each node.
#[derive(Clone, Copy, Default)]
struct Policy {
    mode: u32,
    nodes: u32,
}

impl Policy {
    fn pack(self) -> u64 {
        u64::from(self.nodes) << 32 | u64::from(self.mode)
    }
    fn unpack(word: u64) -> Self {
        Self { mode: word as u32, nodes: (word >> 32) as u32 }
    }
}

/// A bit for each node that there is.
fn all_nodes() -> u32 {
    (1 << frame::nodes()) - 1
}

/// The mask at an address: the nodes that there are of it, and whether there are others.
fn read_nodes(nmask: UserPtr<u64>, maxnode: usize) -> Result<(u32, bool), Errno> {
    let bits = maxnode.wrapping_sub(1);
    if bits == 0 || nmask.is_null() {
        return Ok((0, false));
    }
    if bits > PAGE_SIZE * 8 {
        return Err(Errno::EINVAL);
    }
    let (mut nodes, mut others) = (0, false);
    for at in 0..bits.div_ceil(WORD_BITS) {
        let mut word = nmask.add(at).read()?;
        let rest = bits - at * WORD_BITS;
        if rest < WORD_BITS {
            word &= (1 << rest) - 1;
        }
        if at * WORD_BITS >= MASK_BITS && word != 0 {
            return Err(Errno::EINVAL);
        }
        let known = if at == 0 { word as u32 & all_nodes() } else { 0 };
        nodes |= known;
        others |= word != u64::from(known);
    }
    Ok((nodes, others))
}

/// The policy that is asked for, if it is one.
fn checked(mode: u32, nodes: u32, others: bool) -> Result<Policy, Errno> {
    let flags = mode & MODE_FLAGS;
    let plain = mode & !MODE_FLAGS;
    let fixed = flags & (STATIC_NODES | RELATIVE_NODES);
    let none = nodes == 0 && !others;
    let valid = match plain {
        DEFAULT => none,
        LOCAL => none && fixed == 0,
        PREFERRED if none => fixed == 0,
        PREFERRED | PREFERRED_MANY => nodes != 0,
        BIND | INTERLEAVE => nodes != 0 && frame::nodes() == 1,
        _ => false,
    };
    if !valid || fixed == STATIC_NODES | RELATIVE_NODES || flags & NUMA_BALANCING != 0 && plain != BIND {
        return Err(Errno::EINVAL);
    }
    Ok(match plain {
        DEFAULT => Policy::default(),
        PREFERRED if none => Policy { mode: LOCAL, nodes: 0 },
        // Of several, the first is preferred.
        PREFERRED => Policy { mode, nodes: nodes & nodes.wrapping_neg() },
        _ => Policy { mode, nodes },
    })
}

/// Writes a mask of `maxnode` bits, of which only the first may be set.
fn write_nodes(nmask: UserPtr<u64>, maxnode: usize, nodes: u32) -> Result<(), Errno> {
    let words = maxnode.wrapping_sub(1).div_ceil(WORD_BITS);
    if words > 1 {
        if words > PAGE_SIZE / size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        for at in 1..words {
            nmask.add(at).write(&0)?;
        }
    }
    if words > 0 {
        nmask.write(&nodes.into())?;
    }
    Ok(())
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `set_mempolicy(2)`
    pub fn set_mempolicy(t: &Task, mode: u32, nmask: UserPtr<u64>, maxnode: usize) -> SysResult {
        if mode & !MODE_FLAGS > PREFERRED_MANY {
            return Err(Errno::EINVAL);
        }
        let (nodes, others) = read_nodes(nmask, maxnode)?;
        let policy = checked(mode, nodes, others)?;
        t.memory_policy.store(policy.pack(), Relaxed);
        Ok(0)
    }

    /// `get_mempolicy(2)`
    pub fn get_mempolicy(
        t: &Task,
        policy: UserPtr<i32>,
        nmask: UserPtr<u64>,
        maxnode: usize,
        addr: usize,
        flags: usize,
    ) -> SysResult {
        if !nmask.is_null() && maxnode < frame::nodes() || flags & !(F_NODE | F_ADDR | F_MEMS_ALLOWED) != 0 {
            return Err(Errno::EINVAL);
        }
        let own = Policy::unpack(t.memory_policy.load(Relaxed));
        let (value, nodes) = if flags & F_MEMS_ALLOWED != 0 {
            if flags & (F_NODE | F_ADDR) != 0 {
                return Err(Errno::EINVAL);
            }
            (DEFAULT, all_nodes())
        } else if flags & F_ADDR != 0 {
            let page = page_down(addr);
            if addr >= USER_TOP || !space().is_mapped(page, PAGE_SIZE) {
                return Err(Errno::EFAULT);
            }
            if flags & F_NODE != 0 {
                let found = space().frame_at(page, false, true).ok_or(Errno::EFAULT)?;
                (frame::node_of_frame(found.number()) as u32, 0)
            } else {
                // No range has a policy of its own.
                (DEFAULT, 0)
            }
        } else if addr != 0 {
            return Err(Errno::EINVAL);
        } else if flags & F_NODE != 0 {
            // The node that the next page comes from is told where pages come from several in turn.
            if own.mode & !MODE_FLAGS != INTERLEAVE {
                return Err(Errno::EINVAL);
            }
            (own.nodes.trailing_zeros(), own.nodes)
        } else {
            (own.mode, own.nodes)
        };
        if !policy.is_null() {
            policy.write(&(value as i32))?;
        }
        if !nmask.is_null() {
            write_nodes(nmask, maxnode, nodes)?;
        }
        Ok(0)
    }
}
