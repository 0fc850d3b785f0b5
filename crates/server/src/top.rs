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
    begin: Begin,
    /// The first octets of the content, until they tell what it begins with.
    begun: BytesMut,
    /// What they are part of, once they have.
    rest: Bytes,
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
        let is_whole = chunk.is_none();
        let chunk = chunk.unwrap_or_default();
        let mut octets = chunk.iter();
        while let (false, Some(&octet)) = (self.begin.is_known(), octets.next()) {
            self.begin = self.begin.after(octet);
        }
        if !(is_whole || self.begin.is_known()) {
            self.begun.extend_from_slice(&chunk);
            return None;
        }
        if !matches!(self.begin, Begin::Nothing | Begin::Header) {
            self.fields.push_str("\r\n");
        }
        self.rest = if self.begun.is_empty() {
            chunk
        } else {
            self.begun.extend_from_slice(&chunk);
            take(&mut self.begun).freeze()
        };
        Some(take(&mut self.fields).into())
    }

    /// The content as far as it was taken.
    pub(crate) fn into_rest(self) -> Option<Bytes> {
        Some(self.rest).filter(|rest| !rest.is_empty())
    }
}

/// What a content begins with, as far as it has come; each octet is looked at once, however they come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Begin {
    #[default]
    Nothing,
    /// A CR, which may belong to an empty line.
    Return,
    /// What may be the name of a field.
    Name,
    /// White space behind such a name.
    Space,
    /// A field, or the empty line below a header without any.
    Header,
    Text,
}

impl Begin {
    fn is_known(self) -> bool {
        matches!(self, Self::Header | Self::Text)
    }

    fn after(self, octet: u8) -> Self {
        match (self, octet) {
            (Self::Nothing | Self::Return, b'\n') | (Self::Name | Self::Space, b':') => Self::Header,
            (Self::Nothing, b'\r') => Self::Return,
            (Self::Nothing | Self::Name, b'!'..=b'9' | b';'..=b'~') => Self::Name,
            (Self::Name | Self::Space, b' ' | b'\t') => Self::Space,
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
