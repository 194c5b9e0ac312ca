//! Handlers of the native calls.

use posix_x_abi::native::{CapInfo, FIRST, LIMIT};
use posix_x_abi::native_table;

use super::*;
use crate::native::calls;

native_table!(handlers);

/// Who answers a number beyond Linux's.
#[cold]
pub(super) fn handler(number: usize) -> Handler {
    let index = number.wrapping_sub(FIRST);
    HANDLERS.get(index).copied().unwrap_or(Handler::Absent)
}
