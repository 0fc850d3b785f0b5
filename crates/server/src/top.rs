//! What stands on top of a message that is kept, and the content below it.

use std::mem::take;

use bytes::{Bytes, BytesMut};

/// Octets before the content, and what parts the two.
///
/// A first line that begins with white space continues the field above it (RFC 5322 §2.2.3): below the trace fields a client
/// would go on with what the server says of it. Any other line that is no field is the first of the text. An empty line
/// comes before both.
#[derive(Debug, Default)]
pub(crate) struct Top {
    fields: String,
    /// The first octets of the content, until they tell whether they begin a field.
    begun: BytesMut,
    /// What they are part of, once that has been told.
    rest: Option<Bytes>,
}

impl Top {
    pub(crate) fn new(fields: String) -> Self {
        Self { fields, ..Self::default() }
    }

    /// Whether what comes before the content has been taken.
    pub(crate) fn has_begun(&self) -> bool {
        self.fields.is_empty()
    }

    /// Takes the next octets of the content, or its end; returns what comes before all others, once it is known.
    pub(crate) fn push(&mut self, chunk: Option<Bytes>) -> Option<Bytes> {
        let begins = match &chunk {
            Some(chunk) if self.begun.is_empty() => Begin::of(chunk),
            Some(chunk) => {
                self.begun.extend_from_slice(chunk);
                Begin::of(&self.begun)
            }
            None if self.begun.is_empty() => Begin::Header,
            None => Begin::Text,
        };
        match begins {
            Begin::Unknown => {
                if let Some(chunk) = chunk.filter(|_| self.begun.is_empty()) {
                    self.begun.extend_from_slice(&chunk);
                }
                return None;
            }
            Begin::Header => {}
            Begin::Text => self.fields.push_str("\r\n"),
        }
        self.rest = if self.begun.is_empty() { chunk } else { Some(take(&mut self.begun).freeze()) };
        Some(take(&mut self.fields).into())
    }

    /// The content as far as it was taken.
    pub(crate) fn into_rest(self) -> Option<Bytes> {
        self.rest
    }
}

/// What a content begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// A field, or the empty line below a header without any.
    Header,
    Text,
    /// More has to come.
    Unknown,
}

impl Begin {
    fn of(content: &[u8]) -> Self {
        let name = content.iter().take_while(|octet| matches!(octet, b'!'..=b'9' | b';'..=b'~')).count();
        let space = content[name..].iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
        match (name, &content[name + space..]) {
            (0, [b'\r', b'\n', ..] | [b'\n', ..]) if space == 0 => Self::Header,
            (0, [] | [b'\r']) if space == 0 => Self::Unknown,
            (1.., []) => Self::Unknown,
            (1.., [b':', ..]) => Self::Header,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole below `Trace: x`, as it comes in pieces of this size.
    fn below_trace(content: &[u8], piece: usize) -> String {
        let mut top = Top::new("Trace: x\r\n".to_owned());
        let mut pieces = content.chunks(piece).map(Bytes::copy_from_slice);
        let mut whole = Vec::new();
        loop {
            if let Some(first) = top.push(pieces.next()) {
                whole.extend_from_slice(&first);
                break;
            }
        }
        whole.extend(top.into_rest().unwrap_or_default());
        pieces.for_each(|piece| whole.extend_from_slice(&piece));
        String::from_utf8(whole).expect("it is ASCII")
    }

    #[test]
    fn no_content_goes_on_with_the_fields_above_it() {
        let header =
            ["Subject: x\r\n\r\ny\r\n", "X-y \t: z\r\n", "!: \r\n", "\r\ntext\r\n", "\ntext\n", "\r\n", ""];
        let text = [
            " (authenticated as root)\r\nSubject: x\r\n",
            "\tx\r\n",
            " \r\n",
            " : x\r\n",
            ": x\r\n",
            "From a@b Sat\r\nTo: c\r\n",
            "abc\r\n",
            "abc",
            "a b: c\r\n",
            "\rSubject: x\r\n",
            "\r",
            "é: x\r\n",
            "\0",
        ];
        for piece in 1..30 {
            for content in header {
                assert_eq!(
                    below_trace(content.as_bytes(), piece),
                    format!("Trace: x\r\n{content}"),
                    "{piece}"
                );
            }
            for content in text {
                assert_eq!(
                    below_trace(content.as_bytes(), piece),
                    format!("Trace: x\r\n\r\n{content}"),
                    "{piece}"
                );
            }
        }
    }
}
