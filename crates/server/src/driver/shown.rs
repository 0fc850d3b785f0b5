//! Texts of clients as the log shows them.

use std::borrow::Cow;

use mailchute_proto::{Answered, Envelope, escaped};

/// Bytes of a client's text that the log shows at the default level.
pub(super) const SHOWN: usize = 200;

/// Recipients that a log line names.
const NAMED: usize = 10;

/// Returns a client's text as the default level shows it. Almost all texts are shown as they are.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= SHOWN && is_plain(text.as_bytes()) {
        return text.into();
    }
    cut(escaped(text.as_bytes()), SHOWN).into()
}

/// Returns the text, or its first `most` bytes with a sign that there is more.
pub(super) fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

pub(super) fn from(envelope: &Envelope) -> Cow<'_, str> {
    shown(envelope.sender.as_str())
}

pub(super) fn to(envelope: &Envelope) -> Cow<'_, str> {
    if let [recipient] = &*envelope.recipients {
        return shown(recipient.as_str());
    }
    let mut text = String::new();
    for (index, recipient) in envelope.recipients.iter().enumerate() {
        if index == NAMED || text.len() > 4 * SHOWN {
            text.push_str(",…");
            break;
        }
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&shown(recipient.as_str()));
    }
    text.into()
}

/// Returns the replies of an answer.
pub(super) fn on_one_line(answered: &Answered, most: usize) -> String {
    let mut text = String::new();
    for reply in answered.replies() {
        if text.len() > most {
            break;
        }
        text.push_str(if text.is_empty() { "" } else { " / " });
        text.push_str(reply.to_string().trim_end());
    }
    cut(text, most)
}

/// Returns whether a text has printable ASCII characters only. It looks at pieces of one size, the last of which
/// overlaps, as the compiler emits vector code for them.
fn is_plain(text: &[u8]) -> bool {
    fn all(text: &[u8]) -> bool {
        text.iter().fold(true, |so_far, octet| so_far & matches!(octet, b' '..=b'~'))
    }
    fn all_by<const N: usize>(text: &[u8]) -> Option<bool> {
        let last = text.last_chunk::<N>()?;
        let (pieces, _) = text.as_chunks::<N>();
        Some(pieces.iter().fold(all(last), |so_far, piece| so_far & all(piece)))
    }
    all_by::<16>(text).or_else(|| all_by::<8>(text)).unwrap_or_else(|| all(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_text_decides_whether_it_is_plain() {
        for length in 0..50 {
            let text = vec![b'~'; length];
            assert!(is_plain(&text));
            for at in 0..length {
                for octet in [0x1f, 0x7f, 0xc3] {
                    let mut text = text.clone();
                    text[at] = octet;
                    assert!(!is_plain(&text), "{text:?}");
                }
            }
        }
    }
}
