//! The lines of the log about messages from the queue. `docs/log.md` lists its events.

use std::error::Error;
use std::time::Duration;

use async_nats::Error as Failure;
use async_nats::jetstream::Message;
use mailchute::Refusal;

use super::entry::Entry;
use super::fate::Fate;

/// Recipients that a line names.
const NAMED: usize = 10;

/// Bytes of a text that a line shows.
const SHOWN: usize = 300;

/// Reports those who have the message.
pub(super) fn delivered(entry: &Entry, fate: &Fate, took: Duration) {
    let Some((_, receipt)) = fate.delivered.first() else { return };
    tracing::info!(
        name: "delivered",
        id = entry.id(),
        from = entry.envelope.envelope.sender.as_str(),
        to = &*named(entry, fate.delivered.iter().map(|(place, _)| *place)),
        recipients = fate.delivered.len(),
        store = shown(receipt.text()),
        tries = entry.tries,
        took = took.as_secs_f64(),
        "delivered"
    );
}

/// Reports those who may have it later.
pub(super) fn deferred(entry: &Entry, fate: &Fate, wait: Duration) {
    let Some((_, refusal)) = fate.later.first() else { return };
    tracing::info!(
        name: "deferred",
        id = entry.id(),
        from = entry.envelope.envelope.sender.as_str(),
        to = &*named(entry, fate.later.iter().map(|(place, _)| *place)),
        recipients = fate.later.len(),
        reply = shown(&reason(refusal)),
        tries = entry.tries,
        wait = wait.as_secs_f64(),
        "deferred"
    );
}

/// Reports a dead letter. Returns whether it is safe.
pub(super) fn dead(
    entry: &Entry,
    dead: &[(usize, Refusal)],
    subject: &str,
    buried: Result<(), Failure>,
) -> bool {
    let Some((_, refusal)) = dead.first() else { return true };
    let to = named(entry, dead.iter().map(|(place, _)| *place));
    match buried {
        Ok(()) => tracing::warn!(
            name: "dead-letter",
            id = entry.id(),
            from = entry.envelope.envelope.sender.as_str(),
            to = &*to,
            recipients = dead.len(),
            reply = shown(&reason(refusal)),
            tries = entry.tries,
            subject,
            "a message was not delivered, and is a dead letter now"
        ),
        Err(error) => {
            let reply = reason(refusal);
            kept(entry.id(), &reply, subject, &error);
            return false;
        }
    }
    true
}

/// Reports a message without an envelope. Returns whether its dead letter is safe.
pub(super) fn malformed(message: &Message, reason: &str, subject: &str, buried: Result<(), Failure>) -> bool {
    let sequence = message.info().map_or(0, |info| info.stream_sequence);
    match buried {
        Ok(()) => {
            tracing::warn!(
                name: "malformed-message",
                sequence,
                reason = shown(reason),
                subject,
                "a message of the stream has no envelope, and is a dead letter now"
            );
            true
        }
        Err(error) => {
            kept(&sequence.to_string(), reason, subject, &error);
            false
        }
    }
}

fn kept(id: &str, reply: &str, subject: &str, error: &Failure) {
    tracing::error!(
        name: "dead-letter-failed",
        id,
        reply = shown(reply),
        subject,
        %error,
        "a dead letter cannot be put into a stream; the message stays in its queue"
    );
}

/// Reports a message for the rest of the recipients. Returns whether it is safe.
pub(super) fn rest(entry: &Entry, kept: Result<(), Failure>) -> bool {
    match kept {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(
                name: "rest-failed",
                id = entry.id(),
                %error,
                "the rest of a message cannot be put into the stream; some recipients may get it twice"
            );
            false
        }
    }
}

pub(super) fn not_confirmed(entry: &Entry, error: &dyn Error) {
    tracing::warn!(
        name: "not-confirmed",
        id = entry.id(),
        %error,
        "the stream has not confirmed that a message is done; it may hand it out again"
    );
}

pub(super) fn content_left(entry: &Entry, body: &str, error: &dyn Error) {
    tracing::warn!(
        name: "content-left",
        id = entry.id(),
        body,
        %error,
        "the content of a delivered message cannot be removed"
    );
}

/// Returns a refusal as the log and headers show it.
fn reason(refusal: &Refusal) -> String {
    refusal.to_string().trim_end().to_owned()
}

fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN)]
}

fn named(entry: &Entry, places: impl Iterator<Item = usize>) -> String {
    let recipients = &entry.envelope.envelope.recipients;
    let mut text = String::new();
    for (number, place) in places.enumerate() {
        if number == NAMED {
            text.push_str(",…");
            break;
        }
        let Some(recipient) = recipients.get(place) else { continue };
        text.push_str(if number == 0 { "" } else { "," });
        text.push_str(shown(recipient.as_str()));
    }
    text
}
