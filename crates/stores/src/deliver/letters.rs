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
    headers.insert(MESSAGE_ID, format!("dead {}", name_of(message)));
    Ok(headers)
}

/// Returns the headers of a dead letter that has no envelope.
pub(super) fn malformed(message: &Message, reason: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    copy(message, &mut headers, |name| !name.starts_with("Nats-"));
    headers.append(REASON, line(reason));
    mark(&mut headers, message, 1);
    headers.insert(MESSAGE_ID, format!("dead {}", name_of(message)));
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
    headers.insert(MESSAGE_ID, format!("rest {}", name_of(message)));
    Ok(headers)
}

fn mark(headers: &mut HeaderMap, message: &Message, tries: u32) {
    headers.insert(TRIES, tries.to_string());
    headers.insert(SUBJECT, message.subject.as_str());
}

/// The name of this message of the stream. It is the same when the message is handed out again.
fn name_of(message: &Message) -> String {
    match message.info() {
        Ok(info) => format!("{}/{}", info.stream, info.stream_sequence),
        Err(_) => String::new(),
    }
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

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(line("550-5.1.1 No\r\n550 5.1.1 such user\r\n"), "550-5.1.1 No  550 5.1.1 such user");
        assert_eq!(line("\r\n"), "unknown");
        assert_eq!(line(&"ü".repeat(1_000)).len(), REASON_BYTES);
    }
}
