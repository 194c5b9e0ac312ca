//! Channels and controllers against what they promise, whatever is done in whatever order.
#![cfg(not(loom))]

use std::collections::{BTreeMap, VecDeque};

use channels::anycast::Anycast;
use channels::fan_out::{FanOut, Policy};
use channels::flow::{Coalescer, Credit, Decision, Grants, Shares};
use channels::priority;
use channels::registry::{NameError, Permissions, Principal, Registry, Rights};
use channels::request::{Client, Server, BODY};
use channels::typed;
use fusion_ring::{spsc, Message, RecvError, SendError};
use proptest::prelude::*;

fn message(number: u64) -> Message {
    Message::new(&number.to_le_bytes()).unwrap()
}

fn number(message: &Message) -> u64 {
    u64::from_le_bytes(message.bytes().try_into().unwrap())
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..Default::default()
    }
}

const STEPS: usize = if cfg!(miri) { 40 } else { 300 };

proptest! {
    #![proptest_config(config())]

    /// Each subscriber gets exactly the messages of its groups, in order, but those counted as missed.
    #[test]
    fn fan_out_reaches_its_groups(
        wait in any::<bool>(),
        steps in prop::collection::vec((0..4_u8, 0..3_usize, 0..8_u64), 1..STEPS),
    ) {
        let mut channel = FanOut::new(if wait { Policy::Wait } else { Policy::Skip });
        let mut receivers = Vec::new();
        let mut models: Vec<(u64, VecDeque<u64>, u64)> = Vec::new();
        for groups in [0b001, 0b011, 0b110] {
            let (sender, receiver) = spsc::pair(2).unwrap();
            let name = channel.subscribe(sender, groups).unwrap();
            receivers.push((name, receiver));
            models.push((groups, VecDeque::new(), 0));
        }
        for (i, (what, who, groups)) in steps.into_iter().enumerate() {
            if what == 0 {
                prop_assert_eq!(
                    receivers[who].1.try_recv().map(|message| number(&message)),
                    models[who].1.pop_front().ok_or(RecvError::Empty)
                );
                continue;
            }
            let full = |model: &(u64, VecDeque<u64>, u64)| model.0 & groups != 0 && model.1.len() == 4;
            let sent = channel.multicast(groups, &message(i as u64));
            if wait && models.iter().any(full) {
                prop_assert_eq!(sent, Err(SendError::Full));
                continue;
            }
            let mut reached = 0;
            for model in models.iter_mut().filter(|model| model.0 & groups != 0) {
                if model.1.len() == 4 {
                    model.2 += 1;
                } else {
                    model.1.push_back(i as u64);
                    reached += 1;
                }
            }
            prop_assert_eq!(sent, Ok(reached));
            for ((name, _), model) in receivers.iter().zip(&models) {
                prop_assert_eq!(channel.missed(*name), Some(model.2));
            }
        }
    }

    /// Every message goes to exactly one receiver, and none is refused while anybody has room.
    #[test]
    fn anycast_reaches_one(steps in prop::collection::vec((any::<bool>(), 0..3_usize), 1..STEPS)) {
        let mut channel = Anycast::new();
        let mut receivers: Vec<_> = (0..3)
            .map(|_| {
                let (sender, receiver) = spsc::pair(1).unwrap();
                channel.add(sender).unwrap();
                receiver
            })
            .collect();
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        for (i, (send, who)) in steps.into_iter().enumerate() {
            if send {
                let in_rings: usize = receivers.iter().map(spsc::Consumer::len).sum();
                let result = channel.send(&message(i as u64)).map(drop);
                prop_assert_eq!(result, if in_rings < 6 { Ok(()) } else { Err(SendError::Full) });
                if result.is_ok() {
                    sent.push(i as u64);
                }
            } else if let Ok(message) = receivers[who].try_recv() {
                received.push(number(&message));
            }
        }
        for receiver in &mut receivers {
            while let Ok(message) = receiver.try_recv() {
                received.push(number(&message));
            }
        }
        received.sort_unstable();
        prop_assert_eq!(received, sent);
    }

    /// Urgent before bulk within the shares, and nobody starves.
    #[test]
    fn every_ready_class_is_served(shares in prop::array::uniform3(0..5_u32), ready in prop::collection::vec(prop::array::uniform3(any::<bool>()), 1..STEPS)) {
        let mut controller = Shares::new(shares);
        let round: u32 = shares.iter().map(|share| (*share).max(1)).sum();
        let mut waited = [0; 3];
        for ready in ready {
            let picked = controller.pick(ready);
            prop_assert_eq!(picked.is_some(), ready.contains(&true));
            for class in 0..3 {
                waited[class] = if ready[class] && picked != Some(class) { waited[class] + 1 } else { 0 };
                prop_assert!(ready[class] || picked != Some(class));
                prop_assert!(waited[class] <= 2 * round, "class {class} waited {}", waited[class]);
            }
        }
    }

    /// A slow reader bounds what is on its way, and a reader that reads all lets all through.
    #[test]
    fn credit_bounds_what_is_under_way(
        window in 1..20_u32,
        steps in prop::collection::vec((any::<bool>(), 0..5_u32, any::<bool>()), 1..STEPS),
    ) {
        let (mut credit, mut grants) = (Credit::new(window), Grants::new(window));
        let (mut sent, mut done) = (0_u64, 0_u64);
        let mut late = Vec::new();
        for (send, count, deliver) in steps {
            if send {
                for _ in 0..count {
                    sent += u64::from(credit.take());
                }
            } else {
                let count = u64::from(count).min(sent - done);
                done += count;
                late.extend(grants.consumed(count as u32));
            }
            prop_assert!(sent - done <= u64::from(window));
            if deliver {
                // In the wrong order, and some twice.
                while let Some(grant) = late.pop() {
                    prop_assert!(credit.grant(grant) && credit.grant(grant));
                }
            }
        }
        late.extend(grants.consumed((sent - done) as u32));
        late.iter().for_each(|grant| assert!(credit.grant(*grant)));
        prop_assert!(credit.left() > 0);
        prop_assert!(!credit.grant(sent + u64::from(window) + 1));
    }

    /// Nothing is held longer than the budget or beyond the number, and what comes slowly is not held at all.
    #[test]
    fn coalescing_keeps_its_budget(
        budget in 1..10_000_u64,
        most in 1..64_u32,
        gaps in prop::collection::vec(0..20_000_u64, 1..STEPS),
    ) {
        let mut coalescer = Coalescer::new(budget, most);
        let (mut now, mut oldest, mut held) = (0, None, 0);
        for gap in gaps {
            now += gap;
            if let Some(since) = oldest {
                let deadline: u64 = since + budget;
                if deadline <= now {
                    prop_assert!(!coalescer.due(deadline - 1) && coalescer.due(deadline));
                    (oldest, held) = (None, 0);
                }
            }
            match coalescer.sent(now) {
                Decision::Wake => (oldest, held) = (None, 0),
                Decision::Hold(until) => {
                    held += 1;
                    let since = *oldest.get_or_insert(now);
                    prop_assert_eq!(until, since + budget);
                    prop_assert!(held < most);
                }
            }
            prop_assert_eq!(coalescer.pending(), held);
        }
        prop_assert_eq!(coalescer.flush(), held != 0);
        prop_assert!(!coalescer.flush() && !coalescer.due(u64::MAX));
    }

    /// Every request gets its own reply, in whatever order the server replies; what was given up is a stray.
    #[test]
    fn replies_find_their_requests(steps in prop::collection::vec((0..4_u8, any::<u16>()), 1..STEPS)) {
        const WINDOW: u32 = 5;
        let (requests, replies) = (spsc::pair(4).unwrap(), spsc::pair(4).unwrap());
        let mut client = Client::new(requests.0, replies.1, WINDOW).unwrap();
        let mut server = Server::new(requests.1, replies.0);
        let mut waiting: Vec<(channels::request::Id, u16)> = Vec::new();
        let mut at_server = Vec::new();
        let (mut given_up, mut replied) = (0, 0);
        for (what, value) in steps {
            match what {
                0 => match client.request(&value.to_le_bytes()) {
                    Ok(id) => waiting.push((id, value)),
                    Err(error) => {
                        prop_assert_eq!(error, SendError::Full);
                        prop_assert!(waiting.len() == WINDOW as usize || given_up > 0);
                    }
                },
                1 => at_server.extend(server.receive()),
                2 if !at_server.is_empty() => {
                    let request = at_server.swap_remove(value as usize % at_server.len());
                    if server.reply(request.id(), request.body()).is_ok() {
                        replied += 1;
                    }
                }
                3 if value % 4 == 0 && !waiting.is_empty() => {
                    let (id, _) = waiting.swap_remove(value as usize % waiting.len());
                    prop_assert!(client.cancel(id) && !client.cancel(id));
                    given_up += 1;
                }
                _ => {
                    if let Ok(reply) = client.receive() {
                        let place = waiting.iter().position(|(id, _)| *id == reply.id()).unwrap();
                        let (_, value) = waiting.swap_remove(place);
                        prop_assert_eq!(reply.body(), &value.to_le_bytes()[..]);
                    }
                }
            }
            prop_assert_eq!(client.outstanding(), waiting.len());
            prop_assert!(client.strays() <= given_up && client.strays() <= replied);
        }
    }
}

#[test]
fn bodies_have_a_length() {
    let (requests, replies) = (spsc::pair(1).unwrap(), spsc::pair(1).unwrap());
    let mut client = Client::new(requests.0, replies.1, 2).unwrap();
    let mut server = Server::new(requests.1, replies.0);
    assert_eq!(client.request(&[1; BODY + 1]), Err(SendError::TooLong));
    assert_eq!(client.outstanding(), 0);
    client.request(&[1; BODY]).unwrap();
    assert_eq!(server.receive().unwrap().body(), [1; BODY]);
}

#[test]
fn requests_without_a_name_are_refused() {
    let (mut raw, requests) = spsc::pair(1).unwrap();
    let (replies, _) = spsc::pair(1).unwrap();
    let mut server = Server::new(requests, replies);
    raw.try_send(&Message::new(b"short").unwrap()).unwrap();
    assert_eq!(server.receive().unwrap_err(), RecvError::Corrupt);
}

#[test]
fn types_are_told_apart() {
    let (mut raw, receiver) = spsc::pair(2).unwrap();
    let mut receiver: typed::Receiver<_, u32> = typed::Receiver::new(receiver, 7);
    raw.try_send(&message(1).with_tag(7)).unwrap();
    raw.try_send(&Message::new(&[0; 4]).unwrap()).unwrap();
    raw.try_send(&Message::new(&5_u32.to_ne_bytes()).unwrap().with_tag(7)).unwrap();
    assert_eq!(receiver.receive(), Err(RecvError::Corrupt));
    assert_eq!(receiver.receive(), Err(RecvError::Corrupt));
    assert_eq!(receiver.receive(), Ok(5));
    assert_eq!(receiver.receive(), Err(RecvError::Empty));
}

#[test]
fn who_is_gone_is_forgotten() {
    let mut channel = FanOut::new(Policy::Skip);
    let mut any = Anycast::new();
    let (sender, receiver) = spsc::pair(0).unwrap();
    channel.subscribe(sender, 1).unwrap();
    let (sender, other) = spsc::pair(0).unwrap();
    any.add(sender).unwrap();
    let _ = (receiver.close(), other.close());
    // The rings still take what they have room for.
    assert_eq!(channel.broadcast(&message(1)), Ok(1));
    assert_eq!(channel.broadcast(&message(2)), Ok(0));
    assert!(channel.is_empty());
    any.send(&message(1)).unwrap();
    assert_eq!(any.send(&message(2)).map(drop), Err(SendError::Closed));
    assert!(any.is_empty());
}

#[test]
fn all_classes_close() {
    let (urgent, bulk) = (spsc::pair(1).unwrap(), spsc::pair(1).unwrap());
    let mut sender = priority::Sender::new([urgent.0, bulk.0]);
    let mut receiver = priority::Receiver::new([urgent.1, bulk.1], Shares::new([2, 1]));
    assert_eq!(receiver.receive(), Err(RecvError::Empty));
    sender.send(7, &message(1)).unwrap();
    for end in sender.ends() {
        let _ = end.close();
    }
    assert_eq!(receiver.receive(), Ok((1, message(1))));
    assert_eq!(receiver.receive(), Err(RecvError::Closed));
}

#[test]
fn names_are_guarded() {
    let owner = Principal { user: 1, group: 101, groups: &[], privileged: false };
    let member = Principal { user: 2, group: 102, groups: &[5, 10], privileged: false };
    let other = Principal { user: 3, group: 103, groups: &[], privileged: false };
    let root = Principal { user: 0, group: 100, groups: &[], privileged: true };
    let permissions = Permissions {
        user: 1,
        group: 10,
        owner: Rights::SEND,
        members: Rights::SEND | Rights::RECEIVE,
        others: Rights::empty(),
    };
    let mut registry = Registry::new(2);
    assert_eq!(registry.add("", 0, permissions), Err(NameError::Invalid));
    assert_eq!(registry.add("a\0b", 0, permissions), Err(NameError::Invalid));
    assert_eq!(registry.add(&"x".repeat(256), 0, permissions), Err(NameError::Invalid));
    registry.add("b", 1, permissions).unwrap();
    assert_eq!(registry.add("b", 2, permissions), Err(NameError::Taken));
    registry.add("a", 2, permissions).unwrap();
    assert_eq!(registry.add("c", 3, permissions), Err(NameError::TooMany));
    assert_eq!(registry.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(registry.open("b", Rights::SEND, &owner), Ok(&1));
    assert_eq!(registry.open("b", Rights::RECEIVE, &owner), Err(NameError::Denied));
    assert_eq!(registry.open("b", Rights::RECEIVE, &member), Ok(&1));
    assert_eq!(registry.open("b", Rights::SEND, &other), Err(NameError::Denied));
    assert_eq!(registry.open("c", Rights::SEND, &root), Err(NameError::Unknown));
    assert_eq!(registry.remove("b", &member), Err(NameError::Denied));
    let open = Permissions { others: Rights::SEND, ..permissions };
    assert_eq!(
        registry.set_permissions("b", Permissions { user: 2, ..open }, &owner),
        Err(NameError::Denied)
    );
    registry.set_permissions("b", open, &owner).unwrap();
    assert_eq!(registry.open("b", Rights::SEND, &other), Ok(&1));
    assert_eq!(registry.remove("b", &owner), Ok(1));
    registry.set_permissions("a", Permissions { user: 3, ..open }, &root).unwrap();
    assert_eq!(registry.remove("a", &other), Ok(2));
}

/// The model of a name service against a map.
#[test]
fn names_are_found_again() {
    let permissions = Permissions {
        user: 1,
        group: 1,
        owner: Rights::all(),
        members: Rights::all(),
        others: Rights::all(),
    };
    let anybody = Principal { user: 9, group: 109, groups: &[], privileged: false };
    let mut registry = Registry::new(1000);
    let mut model = BTreeMap::new();
    for i in 0..500_u32 {
        let name = format!("service/{}", i * 7919 % 300);
        if registry.add(&name, i, permissions).is_ok() {
            assert!(model.insert(name.clone(), i).is_none());
        }
        if i % 3 == 0 {
            assert_eq!(registry.remove(&name, &anybody).ok(), model.remove(&name));
        }
        assert_eq!(registry.open(&name, Rights::SEND, &anybody).ok(), model.get(&name));
    }
}
