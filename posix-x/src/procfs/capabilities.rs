//! `/proc/PID/caps`: the capabilities that a process holds, as docs/native-api.md describes.

use exo_kernel::cap::{Capability, PlaceInfo, Rights};
use exo_kernel::{Kind, Result};

use super::text::line;
use super::tree::Subject;
use super::Text;

/// The letter of each right, in the order of the bits.
const LETTERS: &[u8] = b"rwsmxipadtclovgk";

/// One line for each descriptor: its number, the kind of object, rights, badge, place in the tree of derived
/// capabilities, the place above, and the state.
pub(super) fn table(subject: &Subject, text: &mut Text) -> Result<()> {
    let files = subject.task()?.files_snapshot().ok_or(Kind::NotFound)?;
    line!(text, "fd kind rights badge place parent state");
    let mut next = 0;
    while let Some((fd, capability, _)) = files.next(next) {
        text.print(format_args!("{fd} {} ", capability.object().file().object_kind().name()));
        rights(capability.rights(), text);
        place(&capability, text);
        next = fd + 1;
    }
    Ok(())
}

fn rights(rights: Rights, text: &mut Text) {
    for (bit, letter) in LETTERS.iter().enumerate() {
        text.push(if rights.bits() >> bit & 1 != 0 { core::slice::from_ref(letter) } else { b"-" });
    }
}

fn place(capability: &Capability, text: &mut Text) {
    match capability.place_info() {
        None => line!(text, " 0 - - original"),
        Some(PlaceInfo { badge, number, parent, revoked, .. }) => {
            let state = if revoked { "revoked" } else { "derived" };
            line!(text, " {badge:#x} {number} {parent} {state}");
        }
    }
}
