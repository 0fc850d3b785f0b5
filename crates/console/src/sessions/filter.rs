//! Which sessions a reader wants to see.

use mailchute::session::SessionId;

use super::kept::Kept;
use super::record::Record;

/// The most words of a search, since each is looked for in all lines.
const MOST_WORDS: usize = 10;

/// A search for sessions. All of its parts must fit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// The session itself.
    session: Option<SessionId>,
    /// The message of that session, by its full name.
    message: Option<String>,
    /// A part of the client's address or of its user.
    client: Option<String>,
    /// Words that stand in the session, in any case.
    words: Vec<String>,
    is_refused: bool,
    is_open: bool,
}

impl Filter {
    /// Reads what people type. A word is the id of a session or of a message, `client:192.0.2.1`, `is:refused`,
    /// `is:open`, or a text that some line has. Words after the tenth say nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let mut filter = Self::default();
        for word in text.split_whitespace() {
            let name = word.to_ascii_uppercase();
            let (session, number) = match name.split_once('-') {
                Some((session, number)) => (session, Some(number)),
                None => (&*name, None),
            };
            if let Some(client) = word.strip_prefix("client:") {
                filter.client = Some(client.to_lowercase());
            } else if word == "is:refused" {
                filter.is_refused = true;
            } else if word == "is:open" {
                filter.is_open = true;
            } else if let Ok(id) = session.parse()
                && number.is_none_or(|number| number.parse::<u32>().is_ok())
            {
                filter.session = Some(id);
                filter.message = number.is_some().then(|| name.clone());
            } else if filter.words.len() < MOST_WORDS {
                filter.words.push(word.to_lowercase());
            }
        }
        filter
    }

    /// Keeps to sessions in which something was refused, or TLS failed.
    pub(crate) fn only_refused(mut self) -> Self {
        self.is_refused = true;
        self
    }

    pub(super) fn fits(&self, kept: &Kept) -> bool {
        self.session.is_none_or(|id| id == kept.id)
            && !(self.is_refused && kept.refusals == 0 && !kept.has_failed_handshake)
            && !(self.is_open && kept.is_over)
            && self.client.as_ref().is_none_or(|client| is_of(kept, client))
            && self.message.as_ref().is_none_or(|message| has_message(kept, message))
            && self.words.iter().all(|word| is_of(kept, word) || has_text(kept, word))
    }
}

/// Returns whether the client, its user or the listener contains a text.
fn is_of(kept: &Kept, text: &str) -> bool {
    let client = kept.client();
    let texts = [Some(&*client), kept.user.as_deref(), kept.listener.as_deref()];
    texts.into_iter().flatten().any(|known| known.to_lowercase().contains(text))
}

fn has_message(kept: &Kept, name: &str) -> bool {
    kept.records.iter().any(|(_, record)| match record {
        Record::Message { id, .. } => id == name,
        Record::Refused(refused) => refused.message.is_some_and(|(id, _)| id == name),
        _ => false,
    })
}

fn has_text(kept: &Kept, text: &str) -> bool {
    kept.records.iter().any(|(_, record)| match record {
        Record::Command(said) | Record::Reply(said) | Record::Finding(said) | Record::End(said) => {
            contains(said, text)
        }
        Record::Secure(said) | Record::HandshakeFailed(said) => contains(said, text),
        Record::Auth { identity, .. } => contains(identity, text),
        Record::Message { id, .. } => contains(id, text),
        Record::Refused(refused) => contains(refused.hook, text) || contains(refused.cause, text),
        Record::Missed(_) => false,
    })
}

/// Returns whether a text contains another, which is in lower case.
fn contains(text: &str, lower: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lower);
    }
    let (text, lower) = (text.as_bytes(), lower.as_bytes());
    let Some(&first) = lower.first() else { return true };
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), text)
        .any(|at| text.get(at..at + lower.len()).is_some_and(|found| found.eq_ignore_ascii_case(lower)))
}
