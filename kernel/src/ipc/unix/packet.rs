//! Datagrams and sequenced packets: a control slot, then the data, whose last slot ends the packet.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use super::account::{Patience, OVERHEAD};
use super::core::Core;
use super::graves;
use super::inbox::{Ancillary, Charge, Contents, Control, Received, Side};
use super::socket::{Receive, SocketKind, UnixSocket};
use crate::ipc::queue::{Held, CONTROL, END, SEGMENT};
use crate::user::{IoDest, IoSource};
use crate::{Error, Kind, Result};

/// What the account must have beyond the bytes of the largest packet.
const HEADROOM: usize = 32;

impl UnixSocket {
    /// Sends one packet to `to`, or the connected peer.
    pub(super) fn send_packet(
        &self,
        source: &mut IoSource,
        to: Option<Arc<Core>>,
        ancillary: Ancillary,
        patience: &mut Patience,
    ) -> Result<usize> {
        let sequenced = self.kind() == SocketKind::SequencedPacket;
        if sequenced {
            if let Some(kind) = self.core.take_error() {
                return Err(kind.into());
            }
        }
        let connected = to.is_none();
        let target = match to {
            Some(target) => target,
            None if sequenced => self.peer_core().cloned().ok_or(Kind::NotConnected)?,
            None => self.destination().ok_or(Kind::NotConnected)?,
        };
        let account = &self.core.account;
        if source.remaining() > account.limit().saturating_sub(HEADROOM) {
            return Err(Kind::MessageSize.into());
        }
        if let Some(kind) = self.core.take_error() {
            return Err(kind.into());
        }
        if !account.has_room() && !account.is_shut() {
            let ready = || (account.has_room() || account.is_shut()).then_some(());
            patience.wait(&account.writable, ready)?;
        }
        if account.is_shut() {
            return Err(Kind::PacketRefused.into());
        }
        loop {
            self.check_target(&target, connected, sequenced)?;
            // Who is connected to each other waits for the account only.
            let crowded = || !self.is(&target) && !target.is_peer_of(&self.core) && target.inbox.is_crowded();
            if !crowded() {
                break;
            }
            let ready = || (!crowded() || target.is_dead() || target.inbox.is_shut()).then_some(());
            patience.wait(&target.inbox.room, ready)?;
        }
        let count = self.put_packet(&target, source, ancillary)?;
        target.inbox.tell_readable();
        Ok(count)
    }

    fn is(&self, other: &Core) -> bool {
        core::ptr::eq(&*self.core, other)
    }

    /// May packets be sent there (now)?
    fn check_target(&self, target: &Arc<Core>, connected: bool, sequenced: bool) -> Result<()> {
        if target.is_dead() {
            if sequenced {
                return Err(Kind::PacketRefused.into());
            }
            if connected {
                self.disconnect();
            }
            return Err(Kind::ConnectionRefused.into());
        }
        let other = target.peer.load(Ordering::Acquire);
        if other != 0 && other != self.core.id() {
            return Err(Kind::NotPermitted.into());
        }
        if target.inbox.is_shut() {
            return Err(Kind::PacketRefused.into());
        }
        Ok(())
    }

    /// Puts a packet in, whole or not at all.
    fn put_packet(&self, target: &Core, source: &mut IoSource, ancillary: Ancillary) -> Result<usize> {
        let total = source.remaining();
        let from = self.core.address.lock().clone();
        let mut held = target.inbox.contents.lock();
        let (queue, contents) = held.parts();
        queue.reserve(2 + total / SEGMENT + 1)?;
        contents.reserve_side()?;
        let control = Control { sender: ancillary.sender, side: true };
        control.push(queue, if total == 0 { END } else { 0 })?;
        let (mut done, mut slots) = (0, 1);
        let result: Result<()> = loop {
            if done == total {
                break Ok(());
            }
            match queue.push(source, (total - done).min(SEGMENT), 0) {
                Ok(count) => {
                    done += count;
                    slots += usize::from(count > 0);
                    // Half a packet is none.
                    if count < (total - done + count).min(SEGMENT) {
                        break Err(Kind::Fault.into());
                    }
                }
                Err(error) => break Err(error),
            }
        };
        if let Err(error) = result {
            (0..slots).for_each(|_| queue.pop_back());
            return Err(error);
        }
        if let Some(last) = queue.last() {
            last.set_tag(last.tag() | END);
        }
        contents.bytes += total;
        let charge = Some(Charge::new(&self.core.account, OVERHEAD + total));
        let Ancillary { rights, toll, .. } = ancillary;
        contents.sides.push_back(Side { rights, toll, from, charge });
        target.inbox.count_packet();
        Ok(total)
    }

    /// Receives one packet.
    pub(super) fn receive_packet(
        &self,
        dest: &mut IoDest,
        how: Receive,
        patience: &mut Patience,
    ) -> Result<Received> {
        let sequenced = self.kind() == SocketKind::SequencedPacket;
        if sequenced && self.peer_core().is_none() {
            return Err(Kind::NotConnected.into());
        }
        let inbox = &self.core.inbox;
        loop {
            if let Some(kind) = self.core.take_error() {
                return Err(kind.into());
            }
            // The end first: what was sent before it is there then.
            let ended = inbox.is_shut();
            let mut held = inbox.contents.lock();
            let seen = held.slots();
            match Self::take_packet(&mut held, dest, how) {
                Some((received, side, failed)) => {
                    if !how.contains(Receive::PEEK) {
                        inbox.discount_packet();
                    }
                    // What came with it is dropped without the lock: that may visit all inboxes.
                    drop(held);
                    drop(side);
                    return failed.map_or(Ok(received), Err);
                }
                None => drop(held),
            }
            if ended && (sequenced || !patience.nonblock) {
                return Ok(Received::default());
            }
            let ready =
                || (inbox.contents.used() != seen || inbox.is_shut() || self.core.has_error()).then_some(());
            patience.wait(&inbox.readable, ready)?;
        }
    }

    /// Takes (or copies) the first packet, or with an offset for peeking that which it is in; `None` without. If its
    /// bytes could not be stored, it is lost, and the error is told.
    fn take_packet(
        held: &mut Held<'_, Contents>,
        dest: &mut IoDest,
        how: Receive,
    ) -> Option<(Received, Option<Side>, Option<Error>)> {
        let peek = how.contains(Receive::PEEK);
        let (queue, contents) = held.parts();
        let mut skip = if peek { contents.peek_at.unwrap_or(0) } else { 0 };
        let (mut place, mut nth) = (0, 0);
        // The slots of the packet, and its bytes.
        let (slots, total) = loop {
            queue.slot(place)?;
            let (mut slots, mut total) = (1, 0);
            while queue.slot(place + slots - 1).is_some_and(|cell| cell.tag() & END == 0) {
                total += queue.slot(place + slots).map_or(0, |cell| cell.len());
                slots += 1;
            }
            if skip == 0 || skip < total {
                break (slots, total);
            }
            (skip, place, nth) = (skip - total, place + slots, nth + 1);
        };
        let mut received = Received { packet: true, message: total - skip, ..Received::default() };
        received.ancillary.sender = Control::decode(queue.slot(place)?.bytes()).sender;
        let mut failed: Option<Error> = None;
        for at in place + 1..place + slots {
            let len = queue.slot(at).map_or(0, |cell| cell.len());
            let run = len.saturating_sub(skip).min(dest.remaining());
            match queue.put(at, skip.min(len), dest) {
                Ok(moved) => {
                    received.bytes += moved;
                    if moved < run {
                        failed = Some(Kind::Fault.into());
                    }
                }
                Err(error) => failed = Some(error),
            }
            skip = skip.saturating_sub(len);
            if failed.is_some() {
                break;
            }
        }
        received.truncated = received.bytes < received.message;
        let mut side = contents.take_side(peek.then_some(nth));
        if let Some(side) = &mut side {
            received.ancillary.rights = core::mem::take(&mut side.rights);
            received.ancillary.toll = side.toll.take();
            received.from = side.from.take();
        }
        contents.move_peek(if peek { received.bytes } else { total }, peek);
        if !peek {
            contents.bytes -= total;
            (0..slots).for_each(|_| queue.pop());
        }
        Some((received, side, failed))
    }

    /// Bytes of the first packet.
    pub(super) fn first_packet_bytes(&self) -> usize {
        let held = self.core.inbox.contents.lock();
        let mut total = 0;
        for place in 0..held.slots() {
            let Some(cell) = held.slot(place) else { break };
            if cell.tag() & CONTROL == 0 {
                total += cell.len();
            }
            if cell.tag() & END != 0 {
                break;
            }
        }
        total
    }

    /// A datagram socket got another peer, or none: what came from the old one is lost.
    pub(super) fn forget_packets(&self, old: Option<&Core>) {
        if self.core.inbox.is_empty() {
            return;
        }
        graves::bury(self.core.inbox.take_all());
        if let Some(old) = old.filter(|old| !old.is_dead() && old.is_peer_of(&self.core)) {
            old.set_reset();
            old.wake_all();
        }
    }
}
