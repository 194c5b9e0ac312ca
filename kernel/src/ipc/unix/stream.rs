//! Byte streams: bytes of one sender run together, capabilities mark where a read ends.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use super::account::{Account, Patience, OVERHEAD};
use super::core::Core;
use super::inbox::{Ancillary, Contents, Control, Received, Side};
use super::socket::{Receive, UnixSocket};
use crate::ipc::queue::{Held, Offer, Queue, CONTROL, END, OPEN, SEGMENT, URGENT};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// What all slots of a queue count for.
pub(super) fn charge_of(queue: &Queue) -> usize {
    let data =
        (0..queue.slots()).filter_map(|place| queue.slot(place)).filter(|cell| cell.tag() & CONTROL == 0);
    data.map(|cell| OVERHEAD + cell.end()).sum()
}

/// Puts bytes into the queue, as far as the account allows: behind those of the last slot, if both are open, and into
/// new slots. Returns how many.
fn fill(
    queue: &mut Queue,
    account: &Account,
    source: &mut IoSource,
    tag: u8,
    wanted: usize,
) -> (usize, Result<()>) {
    let mut done = 0;
    if tag & OPEN != 0 {
        let room = queue.last().map_or(0, |last| SEGMENT.saturating_sub(last.end()));
        match queue.append(source, room.min(wanted)) {
            Ok(count) => {
                account.charge(count);
                done = count;
            }
            Err(error) => return (0, Err(error)),
        }
    }
    while done < wanted && account.has_room() {
        match queue.push(source, (wanted - done).min(SEGMENT), tag) {
            Ok(0) => break,
            Ok(count) => {
                account.charge(OVERHEAD + count);
                done += count;
            }
            Err(error) => return (done, Err(error)),
        }
    }
    (done, Ok(()))
}

/// What one call takes out of a stream.
struct Take<'a> {
    how: Receive,
    /// Bytes of different senders are not to be mixed.
    by_sender: bool,
    received: &'a mut Received,
    /// What the senders get back.
    freed: usize,
    /// Is somebody waiting to be told?
    urgent: &'a core::sync::atomic::AtomicBool,
}

/// Why taking ended.
#[derive(PartialEq, Eq)]
enum Stop {
    /// Nothing is left.
    Empty,
    /// The destination is full, or a boundary was met.
    Done,
}

impl Take<'_> {
    /// Takes what is there, up to a boundary.
    fn run(&mut self, held: &mut Held<'_, Contents>, dest: &mut IoDest, mut skip: usize) -> Result<Stop> {
        let peek = self.how.contains(Receive::PEEK);
        let (mut place, mut side) = (0, 0);
        loop {
            let (queue, contents) = held.parts();
            let Some(cell) = queue.slot(place) else { return Ok(Stop::Empty) };
            let control = (cell.tag() & CONTROL != 0).then(|| Control::decode(cell.bytes()));
            let at = place + usize::from(control.is_some());
            let Some(cell) = queue.slot(at) else { return Ok(Stop::Empty) };
            let (tag, len) = (cell.tag(), cell.len());
            if tag & URGENT != 0 {
                if self.received.bytes > 0 {
                    return Ok(Stop::Done);
                }
                if !peek && !self.how.contains(Receive::URGENT_INLINE) {
                    // Passed by: it is lost.
                    self.urgent.store(false, Ordering::Release);
                    contents.bytes -= len;
                    self.drop_data(queue, control, contents);
                    continue;
                }
            }
            if len == 0 {
                // An urgent byte that was taken left this behind.
                if peek {
                    place = at + 1;
                } else {
                    self.drop_data(queue, control, contents);
                }
                continue;
            }
            if skip >= len {
                skip -= len;
                (place, side) = (at + 1, side + usize::from(control.is_some_and(|control| control.side)));
                continue;
            }
            let sender = control.map_or(contents.last_out, |control| control.sender);
            let begun = self.received.bytes > 0;
            if begun && (dest.remaining() == 0 || self.by_sender && sender != self.received.ancillary.sender)
            {
                return Ok(Stop::Done);
            }
            let moved = match queue.put(at, skip, dest) {
                Err(_) if begun => return Ok(Stop::Done),
                other => other?,
            };
            if !begun {
                self.received.ancillary.sender = sender;
            }
            self.received.bytes += moved;
            if let Some(control) = control {
                if control.side {
                    let found = contents.take_side(peek.then_some(side));
                    side += 1;
                    if let Some(found) = found {
                        self.received.ancillary.rights = found.rights;
                        self.received.ancillary.toll = found.toll;
                    }
                }
                if !peek {
                    contents.last_out = control.sender;
                    queue.pop();
                }
            }
            let rest = len - skip - moved;
            skip = 0;
            if peek {
                place = at + 1;
            } else {
                contents.bytes -= moved;
                if tag & URGENT != 0 {
                    self.urgent.store(false, Ordering::Release);
                }
                let charge = queue.slot(0).map_or(0, |cell| OVERHEAD + cell.end());
                if queue.consume(moved) {
                    self.freed += charge;
                }
            }
            if rest > 0 || tag & END != 0 && !self.received.ancillary.rights.is_empty() {
                return Ok(Stop::Done);
            }
        }
    }

    /// Takes the first data slot out unread, and the control slot before it.
    fn drop_data(&mut self, queue: &mut Queue, control: Option<Control>, contents: &mut Contents) {
        if let Some(control) = control {
            contents.last_out = control.sender;
            queue.pop();
        }
        self.freed += queue.slot(0).map_or(0, |cell| OVERHEAD + cell.end());
        queue.pop();
    }
}

impl UnixSocket {
    /// Sends bytes, and with the first of them `ancillary`; with `urgent` the last byte is urgent.
    pub(super) fn send_stream(
        &self,
        source: &mut IoSource,
        mut ancillary: Ancillary,
        urgent: bool,
        patience: &mut Patience,
    ) -> Result<usize> {
        let peer = self.peer_core().ok_or(Kind::NotConnected)?;
        let account = &self.core.account;
        if account.is_shut() {
            return Err(Kind::BrokenPipe.into());
        }
        let total = source.remaining();
        let mut done = 0;
        while done < total {
            let result = self.send_piece(peer, source, &mut ancillary, urgent, total - done, patience);
            match result {
                // None may be somebody else's room, again.
                Ok(count) => done += count,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Sends as much as there is room for, waiting for some.
    fn send_piece(
        &self,
        peer: &Core,
        source: &mut IoSource,
        ancillary: &mut Ancillary,
        urgent: bool,
        rest: usize,
        patience: &mut Patience,
    ) -> Result<usize> {
        let account = &self.core.account;
        if let Some(kind) = self.core.take_error() {
            return Err(kind.into());
        }
        if account.is_shut() {
            return Err(Kind::BrokenPipe.into());
        }
        if !account.has_room() {
            let ready = || (account.has_room() || account.is_shut() || self.core.has_error()).then_some(());
            patience.wait(&account.writable, ready)?;
        }
        let inbox = &peer.inbox;
        let mut held = inbox.contents.lock();
        if inbox.is_shut() {
            return Err(Kind::BrokenPipe.into());
        }
        let (queue, contents) = held.parts();
        let with_side = !ancillary.rights.is_empty();
        let control = with_side || ancillary.sender != contents.last_in;
        if !control && !urgent {
            let handed = queue.hand(source)?;
            if handed > 0 {
                // What could not be handed over is in the queue.
                contents.bytes = queue.bytes();
                account.charge(charge_of(queue));
                contents.move_peek(handed - contents.bytes, false);
                drop(held);
                inbox.tell_readable();
                return Ok(handed);
            }
        }
        if control {
            if with_side {
                contents.reserve_side()?;
            }
            Control { sender: ancillary.sender, side: with_side }.push(queue, 0)?;
        }
        // The urgent byte goes alone, after all others.
        let alone = urgent && rest == 1;
        let (wanted, tag) = match (alone, with_side) {
            (true, _) => (1, URGENT),
            (false, true) => (rest - usize::from(urgent), 0),
            (false, false) => (rest - usize::from(urgent), OPEN),
        };
        let (count, result) = fill(queue, account, source, tag, wanted);
        if count == 0 {
            if control {
                queue.pop_back();
            }
            return result.map(|()| 0);
        }
        contents.bytes += count;
        contents.last_in = ancillary.sender;
        if with_side {
            if let Some(last) = queue.last() {
                last.set_tag(last.tag() | END);
            }
            let rights = core::mem::take(&mut ancillary.rights);
            let toll = ancillary.toll.take();
            contents.sides.push_back(Side { rights, toll, from: None, charge: None });
        }
        if alone {
            Self::mark_urgent(queue);
            inbox.urgent.store(true, Ordering::Release);
        }
        drop(held);
        inbox.tell_readable();
        if alone {
            inbox.readable.wake(0, crate::sync::Events::PRI);
        }
        Ok(count)
    }

    /// The last slot holds the urgent byte; one before it is an ordinary byte from now on.
    fn mark_urgent(queue: &mut Queue) {
        for place in 0..queue.slots().saturating_sub(1) {
            if let Some(cell) = queue.slot_mut(place) {
                cell.set_tag(cell.tag() & !URGENT);
            }
        }
    }

    /// Receives bytes. The end is 0 bytes.
    pub(super) fn receive_stream(
        &self,
        dest: &mut IoDest,
        how: Receive,
        low_water: usize,
        patience: &mut Patience,
    ) -> Result<Received> {
        if self.peer_core().is_none() {
            return Err(Kind::Invalid.into());
        }
        let mut received = Received::default();
        let size = dest.remaining();
        let target = if how.contains(Receive::ALL) { size } else { low_water.min(size) }.max(1);
        let peek = how.contains(Receive::PEEK);
        let inbox = &self.core.inbox;
        loop {
            let mut freed = 0;
            let mut stop = Stop::Empty;
            let mut account: Option<Arc<Account>> = None;
            if !inbox.is_empty() {
                let mut held = inbox.contents.lock();
                let skip = if peek { held.extra().peek_at.unwrap_or(0) } else { 0 };
                let before = received.bytes;
                let by_sender = self.core.pass_credentials.load(Ordering::Relaxed);
                let mut take =
                    Take { how, by_sender, received: &mut received, freed: 0, urgent: &inbox.urgent };
                let result = take.run(&mut held, dest, skip);
                freed = take.freed;
                let (_, contents) = held.parts();
                contents.move_peek(received.bytes - before, peek);
                if freed > 0 {
                    account.clone_from(&contents.account);
                }
                drop(held);
                match result {
                    Ok(now) => stop = now,
                    Err(error) => {
                        release(account, freed);
                        return Err(error);
                    }
                }
            }
            release(account, freed);
            if stop == Stop::Done || received.bytes >= target || peek && received.bytes > 0 {
                break;
            }
            match self.wait_for_more(dest, &mut received.bytes, how, patience) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) if received.bytes > 0 => break,
                Err(error) => return Err(error),
            }
        }
        received.message = received.bytes;
        Ok(received)
    }

    /// Waits for something to come; false at the end. A sender may hand bytes over right away, which are `received`
    /// then.
    fn wait_for_more(
        &self,
        dest: &mut IoDest,
        received: &mut usize,
        how: Receive,
        patience: &mut Patience,
    ) -> Result<bool> {
        let inbox = &self.core.inbox;
        let peek = how.contains(Receive::PEEK);
        let seen = if peek { inbox.contents.lock().extra().bytes } else { 0 };
        let ready = |offer: Option<&Offer>| {
            if offer.is_some_and(|offer| offer.taken().is_some()) {
                return Some(Ok(true));
            }
            // The end first: what was sent before it is there then.
            let ended = inbox.is_shut();
            let more = if peek { inbox.contents.lock().extra().bytes != seen } else { !inbox.is_empty() };
            if more {
                return Some(Ok(true));
            }
            if let Some(kind) = self.core.take_error() {
                return Some(Err(kind.into()));
            }
            ended.then_some(Ok(false))
        };
        if let Some(result) = ready(None) {
            return result;
        }
        let plain = !peek && !patience.nonblock && !self.passes_credentials();
        let Some(offer) = Offer::new(dest).filter(|_| plain) else {
            return patience.wait(&inbox.readable, || ready(None))?;
        };
        let mut held = inbox.contents.lock();
        if held.is_empty() {
            held.offer(&offer);
        }
        drop(held);
        let waited = patience.wait(&inbox.readable, || ready(Some(&offer)));
        if offer.taken().is_none() {
            inbox.contents.lock().take_back(&offer);
        }
        match offer.taken() {
            Some(count) => {
                dest.advance(count);
                *received += count;
                Ok(true)
            }
            None => waited?,
        }
    }

    /// Takes the urgent byte. [`Kind::Invalid`] if there is none, or it is among the others.
    pub(super) fn receive_urgent(&self, dest: &mut IoDest, how: Receive) -> Result<usize> {
        if self.peer_core().is_none() {
            return Err(Kind::Invalid.into());
        }
        let inbox = &self.core.inbox;
        if how.contains(Receive::URGENT_INLINE) {
            return Err(Kind::Invalid.into());
        }
        let mut held = inbox.contents.lock();
        let (queue, contents) = held.parts();
        let urgent =
            |queue: &Queue, place: usize| queue.slot(place).is_some_and(|cell| cell.tag() & URGENT != 0);
        let place = (0..queue.slots()).find(|&place| urgent(queue, place)).ok_or(Kind::Invalid)?;
        let count = queue.put(place, 0, dest)?;
        if !how.contains(Receive::PEEK) {
            if let Some(cell) = queue.slot_mut(place) {
                cell.set_tag(cell.tag() & !URGENT);
                contents.bytes -= cell.len();
                cell.consume(1);
            }
            inbox.urgent.store(false, Ordering::Release);
        }
        Ok(count)
    }

    /// Is the urgent byte the next one (`SIOCATMARK`)?
    pub fn at_mark(&self) -> bool {
        let held = self.core.inbox.contents.lock();
        let control = held.slot(0).is_some_and(|cell| cell.tag() & CONTROL != 0);
        held.slot(usize::from(control)).is_some_and(|cell| cell.tag() & URGENT != 0)
    }
}

fn release(account: Option<Arc<Account>>, freed: usize) {
    if let Some(account) = account {
        account.release(freed);
    }
}
