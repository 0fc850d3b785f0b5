//! A message of the queue: its envelope, and what is known of earlier tries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::jetstream;
use mailchute::listen::Queued;
use mailchute::proxy::{Attribute, XForward};

use crate::nats::{HeaderError, StreamEnvelope};

/// The header of a message for recipients who did not get it with the others. It has the number of tries so far, the time
/// of the next one in seconds since 1970, and the name of the first message. The word `shared` follows if a dead letter has the same
/// content.
pub(super) const RETRY: &str = "Mailchute-Retry";

/// How far the clocks of two hosts may be apart.
const MARGIN: Duration = Duration::from_secs(60);

/// A message of the queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) envelope: StreamEnvelope,
    pub(super) name: Name,
    /// The tries, with this one.
    pub(super) tries: u32,
    /// It may have been delivered before.
    is_repeated: bool,
    /// A dead letter has the same content, which must stay.
    pub(super) shares_content: bool,
    /// The time before which it is not to be tried.
    not_before: Option<SystemTime>,
}

/// A name of a message that no other has: its stream, its number there, and the time at which it came there. So it is
/// another one in a stream that was made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    text: String,
    since: SystemTime,
}

impl Name {
    fn new(stream: &str, sequence: u64, nanoseconds: u64) -> Self {
        let since = UNIX_EPOCH + Duration::from_nanos(nanoseconds);
        Self { text: format!("{stream}/{sequence}/{nanoseconds}"), since }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (stream, sequence, time) = (parts.next()?, parts.next()?, parts.next()?);
        let name = Self::new(stream, sequence.parse().ok()?, time.parse().ok()?);
        (name.text == text).then_some(name)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

/// The facts of earlier tries, as the value of [`RETRY`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retry {
    pub(super) tries: u32,
    pub(super) not_before: SystemTime,
    pub(super) name: Name,
    pub(super) shares_content: bool,
}

/// The word of a message whose content a dead letter has too.
const SHARED: &str = "shared";

impl Retry {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (tries, time, name) = (words.next()?, words.next()?, words.next()?);
        let not_before = UNIX_EPOCH.checked_add(Duration::from_secs(time.parse().ok()?))?;
        let shares_content = match words.next() {
            None => false,
            Some(SHARED) => true,
            Some(_) => return None,
        };
        Some(Self { tries: tries.parse().ok()?, not_before, name: Name::parse(name)?, shares_content })
    }

    pub(super) fn value(&self) -> String {
        let time = self.not_before.duration_since(UNIX_EPOCH).unwrap_or_default();
        // Rounded up, so that it is not tried too soon.
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        let shared = if self.shares_content { format!(" {SHARED}") } else { String::new() };
        format!("{} {seconds} {}{shared}", self.tries, self.name.text)
    }
}

impl Entry {
    /// Reads the headers. A message that was in the stream before this connection may have been delivered, though the server
    /// says that this is the first time.
    ///
    /// # Errors
    /// If they are not those of a message, or if the message does not come from JetStream. The text says why.
    pub(super) fn read(message: &jetstream::Message, connected_since: SystemTime) -> Result<Self, String> {
        let info = message.info().map_err(|error| error.to_string())?;
        let headers = message.headers.iter().flat_map(async_nats::HeaderMap::iter);
        let headers =
            headers.flat_map(|(name, values)| values.iter().map(|value| (name.as_ref(), value.as_str())));
        let nanoseconds = u64::try_from(nanoseconds(&info)).unwrap_or_default();
        let name = Name::new(info.stream, info.stream_sequence, nanoseconds);
        let delivered = u32::try_from(info.delivered).unwrap_or(1).max(1);
        let mut entry = Self::of(headers, name, delivered)?;
        entry.is_repeated |= entry.name.since < connected_since + MARGIN;
        Ok(entry)
    }

    fn of<'h>(
        headers: impl Iterator<Item = (&'h str, &'h str)> + Clone,
        name: Name,
        delivered: u32,
    ) -> Result<Self, String> {
        let retry = headers.clone().find(|(name, _)| name.eq_ignore_ascii_case(RETRY));
        let retry = match retry {
            Some((_, value)) => Some(
                Retry::parse(value).ok_or_else(|| format!("{RETRY}: it is not one that was written here"))?,
            ),
            None => None,
        };
        let envelope =
            StreamEnvelope::from_headers(headers).map_err(|error: HeaderError| error.to_string())?;
        Ok(match retry {
            // The first time that it is taken, it is usually too soon.
            Some(retry) => Self {
                envelope,
                name: retry.name,
                tries: retry.tries.saturating_add(delivered.saturating_sub(1).max(1)),
                is_repeated: true,
                shares_content: retry.shares_content,
                not_before: Some(retry.not_before),
            },
            None => Self {
                envelope,
                name,
                tries: delivered,
                is_repeated: delivered > 1,
                shares_content: false,
                not_before: None,
            },
        })
    }

    /// Returns how long it must wait before it is tried.
    pub(super) fn wait(&self, now: SystemTime) -> Option<Duration> {
        self.not_before?.duration_since(now).ok().filter(|wait| !wait.is_zero())
    }

    /// Returns what stores are told of it.
    pub(super) fn queued(&self) -> Queued {
        let queued = Queued::new(self.name.as_str(), self.name.since).repeated(self.is_repeated);
        match &self.envelope.directory {
            Some(directory) => queued.directory(directory.as_str()),
            None => queued,
        }
    }

    /// Returns where the message comes from, as far as the queue knows it.
    pub(super) fn origin(&self) -> XForward {
        let StreamEnvelope { id, client, client_name, helo, .. } = &self.envelope;
        let mut origin = XForward::default();
        origin.name = client_name.clone().map(Attribute::Known);
        origin.addr = client.map(|client| Attribute::Known(client.ip()));
        origin.port = client.map(|client| Attribute::Known(client.port()));
        origin.helo = helo.as_ref().map(|helo| Attribute::Known(helo.as_str().to_owned()));
        origin.ident = id.clone().map(Attribute::Known);
        origin
    }

    /// Returns the name that the log shows: that of the server that took the message, if it is known.
    pub(super) fn id(&self) -> &str {
        self.envelope.id.as_deref().unwrap_or(&self.name.text)
    }
}

fn nanoseconds(info: &jetstream::message::Info<'_>) -> i128 {
    info.published.unix_timestamp_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVELOPE: [(&str, &str); 3] = [
        ("Mailchute-Sender", "alice@client.example"),
        ("Mailchute-Recipient", "bob@example.com"),
        ("Mailchute-Directory", "Junk"),
    ];

    fn name() -> Name {
        Name::new("MAIL", 1_042, 1_769_860_800_500_000_000)
    }

    fn entry(retry: Option<&'static str>, delivered: u32) -> Result<Entry, String> {
        let retry = retry.map(|value| (RETRY, value));
        Entry::of(ENVELOPE.into_iter().chain(retry), name(), delivered)
    }

    #[test]
    fn a_message_has_the_same_name_at_each_try() {
        let (first, second) = (entry(None, 1).unwrap().queued(), entry(None, 2).unwrap().queued());
        assert_eq!((first.name(), second.name()), (name().as_str(), name().as_str()));
        assert_eq!(first.since(), UNIX_EPOCH + Duration::from_millis(1_769_860_800_500));
        assert!(!first.is_repeated() && second.is_repeated());
        let rest = entry(Some("3 1769861000 MAIL/7/1769860800000000000"), 1).unwrap();
        assert_eq!(rest.queued().name(), "MAIL/7/1769860800000000000");
        assert!(rest.queued().is_repeated());
    }

    #[test]
    fn the_rest_of_a_message_waits_and_counts_its_tries() {
        let value = "3 1769861000 MAIL/7/1769860800000000000";
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let rest = entry(Some(value), 1).unwrap();
        assert_eq!(rest.wait(at(1_769_860_990)), Some(Duration::from_secs(10)));
        assert_eq!(rest.wait(at(1_769_861_000)), None);
        let tries: Vec<_> = [1, 2, 3].map(|delivered| entry(Some(value), delivered).unwrap().tries).to_vec();
        assert_eq!(tries, [4, 4, 5]);
        for value in [value, "3 1769861000 MAIL/7/1769860800000000000 shared"] {
            assert_eq!(Retry::parse(value).unwrap().value(), value);
        }
        assert_eq!(entry(None, 1).unwrap().wait(at(0)), None);
    }

    #[test]
    fn a_message_without_its_headers_is_an_error() {
        let no_recipient = Entry::of(ENVELOPE[..1].iter().copied(), name(), 1).unwrap_err();
        assert_eq!(no_recipient, "Mailchute-Recipient is missing");
        for value in ["", "3", "3 x MAIL/1/2", "3 5 MAIL", "3 5 MAIL/1/x", "3 5 MAIL/01/2", "3 5 MAIL/1/2 x"]
        {
            assert!(entry(Some(value), 1).unwrap_err().starts_with(RETRY), "{value:?}");
        }
    }
}
