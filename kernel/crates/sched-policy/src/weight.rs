//! What nice values mean: each step is worth a quarter more time than the next.
//!
//! The numbers are those of Linux (`sched_prio_to_weight`), so that a ratio of two nice values gives the same ratio of
//! CPU time.

/// The weight of nice 0.
pub const NORMAL: u32 = 1024;
/// The weight of [`Policy::Idle`](crate::Policy::Idle).
pub const IDLE: u32 = 3;

const TABLE: [u32; 40] = [
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121,
    2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29,
    23, 18, 15,
];

/// The weight of a nice value (−20 to 19; what is outside counts as the nearest).
pub const fn of_nice(nice: i32) -> u32 {
    let index = nice + 20;
    if index < 0 {
        TABLE[0]
    } else if index >= TABLE.len() as i32 {
        TABLE[TABLE.len() - 1]
    } else {
        TABLE[index as usize]
    }
}

/// By how much virtual time passes while one of this weight runs for `nanoseconds`.
#[inline]
pub(crate) fn virtual_time(nanoseconds: u64, weight: u32) -> u64 {
    if weight == NORMAL {
        nanoseconds
    } else {
        nanoseconds.wrapping_mul(NORMAL.into()) / u64::from(weight)
    }
}
