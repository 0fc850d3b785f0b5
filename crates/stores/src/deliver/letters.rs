//! Messages that go back into a stream: dead letters, and the rest of a message for those who may have it later.

use async_nats::HeaderMap;
use async_nats::jetstream::Message;
use mailchute::{Envelope, Recipient, Refusal};

use super::entry::{Entry, RETRY, Retry};
use crate::nats::StreamEnvelope;

/// The header that says why recipients do not get a message.
const REASON: &str = "Mailchute-Reason";

/// The header with the number of tries.
const TRIES: &str = "Mailchute-Tries";

/// The header with the subject that the message had.
const SUBJECT: &str = "Mailchute-Subject";

/// The header by which JetStream knows what it has already.
const MESSAGE_ID: &str = "Nats-Msg-Id";

/// The most bytes of a reason. A message of the greatest length has room for all of them.
const REASON_BYTES: usize = 200;

/// Different reasons in one message. Others are not said.
const REASONS: usize = 3;

/// Returns the headers of a dead letter for some recipients.
///
/// # Errors
/// As [`StreamEnvelope::headers`].
pub(super) fn dead(
    entry: &Entry,
    message: &Message,
    dead: &[(usize, Refusal)],
) -> Result<HeaderMap, crate::nats::HeaderError> {
    let places: Vec<_> = dead.iter().map(|(place, _)| *place).collect();
    let mut headers = with_envelope(others(message), &some_of(&entry.envelope, &places))?;
    let mut reasons: Vec<String> = Vec::new();
    for (_, refusal) in dead {
        let reason = line(&refusal.to_string());
        if reasons.len() < REASONS && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons.into_iter().for_each(|reason| headers.append(REASON, reason));
    mark(&mut headers, message, entry.tries);
    name_dead(&mut headers, message, &places);
    Ok(headers)
}

/// Returns the headers of a dead letter that has no envelope.
pub(super) fn malformed(message: &Message, reason: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    copy(message, &mut headers, |name| !name.starts_with("Nats-"));
    headers.append(REASON, line(reason));
    mark(&mut headers, message, 1);
    name(&mut headers, message, "dead");
    headers
}

/// Returns the headers of a message for those who may have it later.
///
/// # Errors
/// As [`StreamEnvelope::headers`].
pub(super) fn rest(
    entry: &Entry,
    message: &Message,
    places: &[usize],
    retry: &Retry,
) -> Result<HeaderMap, crate::nats::HeaderError> {
    let mut headers = with_envelope(others(message), &some_of(&entry.envelope, places))?;
    headers.insert(RETRY, retry.value());
    name(&mut headers, message, "rest");
    Ok(headers)
}

fn mark(headers: &mut HeaderMap, message: &Message, tries: u32) {
    headers.insert(TRIES, tries.to_string());
    headers.insert(SUBJECT, message.subject.as_str());
}

/// Names a dead letter by its recipients too. Another try of the same message may have one for others.
fn name_dead(headers: &mut HeaderMap, message: &Message, places: &[usize]) {
    let places: Vec<_> = places.iter().map(ToString::to_string).collect();
    name(headers, message, &format!("dead {}", places.join(",")));
}

/// Adds a name, by which a stream knows the letter when this try is repeated. It has the time too, since a stream that was
/// made again counts from 1, and the consumer, since others may read the same stream.
fn name(headers: &mut HeaderMap, message: &Message, kind: &str) {
    let Ok(info) = message.info() else { return };
    let (stream, sequence, time) = (info.stream, info.stream_sequence, info.published.unix_timestamp_nanos());
    headers.insert(MESSAGE_ID, format!("{stream}/{sequence}/{time} {} {kind}", info.consumer));
}

/// The headers that are not of the envelope.
fn others(message: &Message) -> HeaderMap {
    let mut headers = HeaderMap::new();
    copy(message, &mut headers, |name| !name.starts_with("Nats-") && !name.starts_with("Mailchute-"));
    headers
}

fn copy(message: &Message, to: &mut HeaderMap, is_wanted: impl Fn(&str) -> bool) {
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        if is_wanted(name.as_ref()) {
            values.iter().for_each(|value| to.append(name.as_ref(), value.as_str()));
        }
    }
}

fn with_envelope(
    mut headers: HeaderMap,
    envelope: &StreamEnvelope,
) -> Result<HeaderMap, crate::nats::HeaderError> {
    for (name, value) in envelope.headers()? {
        headers.append(name, value);
    }
    Ok(headers)
}

fn some_of(whole: &StreamEnvelope, places: &[usize]) -> StreamEnvelope {
    let recipients: Vec<Recipient> =
        places.iter().filter_map(|&place| whole.envelope.recipients.get(place).cloned()).collect();
    let mut envelope = Envelope::new(whole.envelope.sender.clone());
    envelope.recipients = recipients;
    StreamEnvelope { envelope, ..whole.clone() }
}

/// Makes a text one line of a bounded length.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.trim();
    if text.is_empty() {
        "unknown".to_owned()
    } else {
        text[..text.floor_char_boundary(REASON_BYTES)].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the name of a letter for the message at this place of a stream.
    async fn named(place: &str, name: impl FnOnce(&mut HeaderMap, &Message)) -> String {
        let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
        let client = options.connect("127.0.0.1:1").await.unwrap();
        let message = async_nats::Message {
            subject: "mail.in".into(),
            reply: Some(format!("$JS.ACK.{place}.0").into()),
            payload: "Subject: hello\r\n\r\n".into(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        };
        let message = Message { message, context: async_nats::jetstream::new(client) };
        let mut headers = HeaderMap::new();
        name(&mut headers, &message);
        headers.get(MESSAGE_ID).unwrap().to_string()
    }

    #[tokio::test]
    async fn letters_share_a_name_only_if_they_are_the_same() {
        // Stream, consumer, deliveries, number in the stream, number for the consumer, time.
        let (one, again) =
            ("MAIL.deliver.1.5.5.1769860800000000000", "MAIL.deliver.2.5.9.1769860800000000000");
        let dead = |places: &'static [usize]| {
            move |headers: &mut HeaderMap, message: &Message| name_dead(headers, message, places)
        };
        let rest = |headers: &mut HeaderMap, message: &Message| super::name(headers, message, "rest");
        assert_eq!(named(one, dead(&[2])).await, named(again, dead(&[2])).await);
        assert_ne!(named(one, dead(&[2])).await, named(again, dead(&[0, 2])).await);
        assert_eq!(named(one, rest).await, named(again, rest).await);
        for other in [
            "MAIL.deliver.1.6.6.1769860800000000000",
            "MAIL.deliver.1.5.5.1769860900000000000",
            "MAIL.archive.1.5.5.1769860800000000000",
        ] {
            assert_ne!(named(one, dead(&[2])).await, named(other, dead(&[2])).await, "{other}");
            assert_ne!(named(one, rest).await, named(other, rest).await, "{other}");
        }
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(line("550-5.1.1 No\r\n550 5.1.1 such user\r\n"), "550-5.1.1 No  550 5.1.1 such user");
        assert_eq!(line("\r\n"), "unknown");
        assert_eq!(line(&"ü".repeat(1_000)).len(), REASON_BYTES);
    }
}
