//! LMTP: a message gets one reply for each accepted recipient, in their order, whatever its result.

use crate::session::{Answer, Session, answered, dialogue, reply};
use mailchute_proto::{Protocol, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// The result for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    RefusedAtRcpt,
    Accepted,
    RefusedAtTheEnd,
}

impl Fate {
    fn address(self) -> &'static str {
        match self {
            Self::RefusedAtRcpt => "nobody@example.com",
            Self::Accepted => "bob@example.com",
            Self::RefusedAtTheEnd => "full@example.com",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Small,
    TooLarge,
    Bare,
}

fn listener() -> Session {
    let mut session = Session::new();
    session.protocol = Protocol::Lmtp;
    session.settings.limits.message_size = 100;
    let mut says = |stage, subject: Fate, verdict| {
        session.answers.push(Answer { stage, subject: subject.address().to_owned(), verdict });
    };
    says("rcpt", Fate::RefusedAtRcpt, Some(Ok(Verdict::Refuse)));
    says("each", Fate::RefusedAtTheEnd, Some(answered(reply("452 4.2.2 Mailbox full"))));
    session
}

fn bytes(fates: &[Fate], content: Content, in_chunks: bool) -> Vec<u8> {
    let mut bytes = b"LHLO client.example\r\nMAIL FROM:<ann@client.example>\r\n".to_vec();
    for fate in fates {
        bytes.extend_from_slice(format!("RCPT TO:<{}>\r\n", fate.address()).as_bytes());
    }
    let text = match content {
        Content::Small => "hello\r\n".to_owned(),
        Content::TooLarge => "x".repeat(200) + "\r\n",
        Content::Bare => "one\ntwo\r\n".to_owned(),
    };
    let message = match in_chunks {
        true => format!("BDAT {} LAST\r\n{text}", text.len()),
        false => format!("DATA\r\n{text}.\r\n"),
    };
    bytes.extend_from_slice(message.as_bytes());
    bytes
}

proptest! {
    #[test]
    fn every_accepted_recipient_has_its_reply_and_no_other_has_one(
        fates in vec(select(&[Fate::RefusedAtRcpt, Fate::Accepted, Fate::RefusedAtTheEnd][..]), 1..12),
        content in select(&[Content::Small, Content::TooLarge, Content::Bare][..]),
        in_chunks in any::<bool>(),
    ) {
        let accepted: Vec<Fate> = fates.iter().copied().filter(|fate| *fate != Fate::RefusedAtRcpt).collect();
        prop_assume!(!accepted.is_empty());
        let record = listener().cut(&[bytes(&fates, content, in_chunks)], &[]);
        let replies = dialogue::replies(&record.output);
        // The greeting, LHLO, MAIL, a reply for each RCPT, and the 354.
        let before = 3 + fates.len() + usize::from(!in_chunks);
        let codes: Vec<u16> = replies[before..].iter().map(|reply| reply.code).collect();
        let expected: Vec<u16> = accepted
            .iter()
            .map(|fate| match (content, fate) {
                (Content::TooLarge, _) => 552,
                (Content::Bare, _) => 550,
                (Content::Small, Fate::RefusedAtTheEnd) => 452,
                (Content::Small, _) => 250,
            })
            .collect();
        prop_assert_eq!(codes, expected);
    }
}
