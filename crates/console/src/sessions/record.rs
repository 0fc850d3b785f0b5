//! The record of what one session said and what happened in it, in few bytes.
//!
//! # Why
//!
//! Every session is recorded, and almost none is read. So an event is copied into one buffer as it comes, and becomes
//! typed again when somebody looks. A record takes about a third of the memory of its event.

use std::time::Duration;

use mailchute::events::Stage;

/// One thing that happened, as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// A line of the client, escaped and without credentials.
    Command(&'a str),
    /// A reply, with CRLF between its lines.
    Reply(&'a str),
    /// TLS is up.
    Secure(&'a str),
    HandshakeFailed(&'a str),
    Auth {
        mechanism: &'a str,
        /// Empty if the client sent none.
        identity: &'a str,
        succeeded: bool,
    },
    Finding(&'a str),
    /// A message was accepted.
    Message {
        id: &'a str,
        size: u64,
    },
    Refused(Refused<'a>),
    /// So many events of any session were missed.
    Missed(u64),
    /// The session is over.
    End(&'a str),
}

/// A refusal, before its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Refused<'a> {
    /// The stage by its name.
    pub(super) stage: &'a str,
    /// Empty if the server itself refused.
    pub(super) hook: &'a str,
    /// Empty if it is not known.
    pub(super) cause: &'a str,
    /// In microseconds.
    pub(super) took: Option<u64>,
    /// The message and its size, if content was refused.
    pub(super) message: Option<(&'a str, u64)>,
    pub(super) reply: &'a str,
}

impl Refused<'_> {
    /// Returns whether the content of a message was refused.
    pub(super) fn is_of_message(&self) -> bool {
        self.stage == Stage::Message.name()
    }
}

/// The bytes of a usual session.
pub(super) const USUAL: usize = 640;

/// Records of one session, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    /// The time of the last record since the begin of the session.
    last: Duration,
    /// The time before the first record that is kept.
    before: Duration,
    /// Records that were dropped at the front.
    dropped: u64,
}

impl Records {
    /// Makes records that go into a buffer, which is empty.
    pub(super) fn within(buffer: Vec<u8>) -> Self {
        Self { bytes: buffer, ..Self::default() }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn last(&self) -> Duration {
        self.last
    }

    /// Adds a record, `at` since the begin of the session. Times never go back.
    pub(super) fn push(&mut self, at: Duration, record: &Record<'_>) {
        let since_last = at.saturating_sub(self.last);
        self.last += Duration::from_micros(micros(since_last));
        let mut to = Writer(&mut self.bytes);
        to.0.push(match record {
            Record::Command(_) => 0,
            Record::Reply(_) => 1,
            Record::Secure(_) => 2,
            Record::HandshakeFailed(_) => 3,
            Record::Auth { .. } => 4,
            Record::Finding(_) => 5,
            Record::Message { .. } => 6,
            Record::Refused(_) => 7,
            Record::Missed(_) => 8,
            Record::End(_) => 9,
        });
        to.number(micros(since_last));
        match *record {
            Record::Command(text)
            | Record::Reply(text)
            | Record::Secure(text)
            | Record::HandshakeFailed(text)
            | Record::Finding(text)
            | Record::End(text) => to.text(text),
            Record::Auth { mechanism, identity, succeeded } => {
                to.text(mechanism);
                to.text(identity);
                to.number(succeeded.into());
            }
            Record::Message { id, size } => {
                to.text(id);
                to.number(size);
            }
            Record::Refused(Refused { stage, hook, cause, took, message, reply }) => {
                for text in [stage, hook, cause, message.map_or("", |(id, _)| id), reply] {
                    to.text(text);
                }
                to.number(took.map_or(0, |took| took.saturating_add(1)));
                to.number(message.map_or(0, |(_, size)| size));
            }
            Record::Missed(count) => to.number(count),
        }
    }

    /// Drops the oldest records until at most so many bytes are used.
    pub(super) fn keep_last(&mut self, most: usize) {
        let mut reader = Reader(&self.bytes);
        while reader.0.len() > most
            && let Some((since_last, _)) = reader.record()
        {
            self.before += Duration::from_micros(since_last);
            self.dropped += 1;
        }
        let gone = self.bytes.len() - reader.0.len();
        self.bytes.drain(..gone);
    }

    /// Moves the records to memory of their size, and returns the buffer that they were in.
    pub(super) fn compact(&mut self) -> Vec<u8> {
        let exact = self.bytes.as_slice().to_vec();
        let mut buffer = std::mem::replace(&mut self.bytes, exact);
        buffer.clear();
        buffer
    }

    /// Returns the records with their time since the begin of the session.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Duration, Record<'_>)> {
        let mut reader = Reader(&self.bytes);
        let mut at = self.before;
        std::iter::from_fn(move || {
            let (since_last, record) = reader.record()?;
            at += Duration::from_micros(since_last);
            Some((at, record))
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    /// Writes seven bits a byte, the lowest first. The highest bit says that others follow.
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are meant")]
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }

    /// Returns the next record, and the microseconds since the last.
    fn record(&mut self) -> Option<(u64, Record<'a>)> {
        let (kind, rest) = self.0.split_first()?;
        self.0 = rest;
        let since_last = self.number()?;
        let record = match kind {
            0 => Record::Command(self.text()?),
            1 => Record::Reply(self.text()?),
            2 => Record::Secure(self.text()?),
            3 => Record::HandshakeFailed(self.text()?),
            4 => Record::Auth {
                mechanism: self.text()?,
                identity: self.text()?,
                succeeded: self.number()? != 0,
            },
            5 => Record::Finding(self.text()?),
            6 => Record::Message { id: self.text()?, size: self.number()? },
            7 => {
                let [stage, hook, cause, id, reply] =
                    [self.text()?, self.text()?, self.text()?, self.text()?, self.text()?];
                let (took, size) = (self.number()?.checked_sub(1), self.number()?);
                let message = Some((id, size)).filter(|(id, _)| !id.is_empty());
                Record::Refused(Refused { stage, hook, cause, took, message, reply })
            }
            8 => Record::Missed(self.number()?),
            9 => Record::End(self.text()?),
            _ => return None,
        };
        Some((since_last, record))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (u8, String, String, u64, Option<u64>);

    fn record((kind, one, two, number, maybe): &Owned) -> Record<'_> {
        match kind {
            0 => Record::Command(one),
            1 => Record::Reply(one),
            2 => Record::Secure(one),
            3 => Record::HandshakeFailed(one),
            4 => Record::Auth { mechanism: one, identity: two, succeeded: number % 2 == 0 },
            5 => Record::Finding(one),
            6 => Record::Message { id: one, size: *number },
            7 => Record::Refused(Refused {
                stage: "message",
                hook: one,
                cause: two,
                took: maybe.map(|took| took / 2),
                message: maybe.map(|size| ("1K1BAS6430W-1", size)),
                reply: one,
            }),
            8 => Record::Missed(*number),
            _ => Record::End(two),
        }
    }

    proptest! {
        #[test]
        fn records_are_read_as_they_were_written(
            owned in prop::collection::vec(
                (0_u8..10, ".{0,200}", ".{0,40}", any::<u64>(), any::<Option<u64>>()),
                0..20,
            ),
            steps in prop::collection::vec(0_u64..100_000_000, 20),
            most in 0_usize..2_000,
        ) {
            let mut records = Records::default();
            let mut at = Duration::ZERO;
            let mut expected = Vec::new();
            for (owned, step) in owned.iter().zip(steps) {
                at += Duration::from_micros(step);
                records.push(at, &record(owned));
                expected.push((at, record(owned)));
            }
            prop_assert_eq!(records.iter().collect::<Vec<_>>(), expected.clone());
            records.keep_last(most);
            prop_assert!(records.bytes().len() <= most);
            let dropped = usize::try_from(records.dropped()).expect("it is small");
            prop_assert_eq!(records.iter().collect::<Vec<_>>(), expected[dropped..].to_vec());
        }
    }
}
