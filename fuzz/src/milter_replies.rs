//! The replies of milters.
//!
//! The reference splits the bytes into packets by hand. Whatever they are, a text of a reply has no NUL, and a refusal has
//! no line of its own in the reply to the client.

use bytes::{Bytes, BytesMut};

use crate::milter_protocol::edit::Edit;
use crate::milter_protocol::negotiation::Choice;
use crate::milter_protocol::packet::{LONGEST, Packet};
use crate::milter_protocol::reply::{Decision, Reply};

/// Reads the bytes as packets of a milter, whole and in two pieces, and each packet as a reply and a negotiation.
pub fn milter_replies(data: &[u8]) {
    let (whole, is_wrong) = packets(data, data.len());
    assert_eq!((&whole, is_wrong), (&expected(data).0, expected(data).1));
    assert_eq!((&whole, is_wrong), (&packets(data, data.len() / 2).0, packets(data, data.len() / 2).1));
    for packet in whole {
        if let Ok(choice) = Choice::parse(packet.data.clone()) {
            assert!(packet.data.len() >= 12 && choice.longest_data() < LONGEST);
        }
        match Reply::parse(packet) {
            Ok(Reply::Decision(Decision::Code(refusal))) => {
                assert!(matches!(refusal.code().get(), 400..=599));
                let text = refusal.to_string();
                assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')), "{text:?}");
            }
            Ok(Reply::Edit(edit)) => {
                for text in texts(&edit) {
                    assert!(!text.contains(&0), "{edit:?}");
                }
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn texts(edit: &Edit) -> Vec<&Bytes> {
    match edit {
        Edit::AddField { name, value }
        | Edit::InsertField { name, value, .. }
        | Edit::ChangeField { name, value, .. } => vec![name, value],
        Edit::AddRecipient { address, parameters } | Edit::ChangeSender { address, parameters } => {
            vec![address, parameters]
        }
        Edit::DeleteRecipient { address: text } | Edit::Quarantine { reason: text } => vec![text],
        Edit::ReplaceBody(_) => vec![],
    }
}

/// The packets, and whether a wrong length ended them. The bytes come in two pieces.
fn packets(data: &[u8], cut: usize) -> (Vec<Packet>, bool) {
    let mut read = BytesMut::new();
    let mut packets = Vec::new();
    for piece in [&data[..cut], &data[cut..]] {
        read.extend_from_slice(piece);
        loop {
            match Packet::take(&mut read) {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(_) => return (packets, true),
            }
        }
    }
    (packets, false)
}

fn expected(mut data: &[u8]) -> (Vec<Packet>, bool) {
    let mut packets = Vec::new();
    while let [a, b, c, d, rest @ ..] = data {
        let length = [*a, *b, *c, *d].iter().fold(0_u64, |length, byte| length * 256 + u64::from(*byte));
        if length == 0 || length > LONGEST as u64 {
            return (packets, true);
        }
        let length = length as usize;
        if rest.len() < length {
            break;
        }
        packets.push(Packet { command: rest[0], data: Bytes::copy_from_slice(&rest[1..length]) });
        data = &rest[length..];
    }
    (packets, false)
}
