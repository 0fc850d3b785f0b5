//! The fields on top of a kept message, and the content below them.

use std::mem::take;

use bytes::{Bytes, BytesMut};

use super::field::{LONGEST_NAME, MAILBOX_LINE, is_of_name};

/// Fields before the content, and the separator between the two.
///
/// A first line that begins with white space would continue the field above it (RFC 5322 §2.2.3). The client
/// could then add to the server's words. Any other first line that is not a field is text. In both cases an
/// empty line comes before it.
///
/// Lines that begin with `From ` or `>From ` separate messages in mbox files. Such lines before a header
/// become fields, as in Postfix, so that the header stays in one piece.
#[derive(Debug, Default)]
pub(crate) struct Prefix {
    /// Bytes that come before `content`.
    due: BytesMut,
    /// Content that was not returned yet.
    content: Bytes,
    /// Bytes of `content` that `begin` has seen.
    looked_at: usize,
    begin: Begin,
    /// Bytes returned that are not content.
    added: u64,
}

impl Prefix {
    pub(crate) fn new(fields: Bytes) -> Self {
        Self { due: fields.into(), ..Self::default() }
    }

    /// Returns the number of returned bytes that are not content.
    pub(crate) fn added(&self) -> u64 {
        self.added
    }

    /// Returns whether the content passes unchanged from here.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.begin, Begin::Header | Begin::Text) && self.due.is_empty() && self.content.is_empty()
    }

    /// Takes the next bytes of the content, or its end. The caller must have taken all bytes of
    /// [`pop`](Self::pop) first.
    pub(crate) fn push(&mut self, chunk: Option<Bytes>) {
        let Some(chunk) = chunk else {
            let begin = self.begin.at_end();
            return self.begin(begin);
        };
        if self.content.is_empty() {
            self.content = chunk;
        } else {
            let mut content = BytesMut::from(take(&mut self.content));
            content.extend_from_slice(&chunk);
            self.content = content.freeze();
        }
    }

    /// Returns the next bytes of the message, if they are known.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        while let (false, Some(&octet)) = (self.begin.is_known(), self.content.get(self.looked_at)) {
            self.looked_at += 1;
            self.begin(self.begin.after(octet, self.looked_at));
        }
        if !self.begin.is_known() {
            return None;
        }
        if !self.due.is_empty() {
            self.added += self.due.len() as u64;
            return Some(take(&mut self.due).freeze());
        }
        let feed = match self.begin {
            Begin::MailboxLine => self.content.iter().position(|&octet| octet == b'\n'),
            _ => None,
        };
        if let Some(feed) = feed {
            self.begin = Begin::NextLine;
            self.looked_at = 0;
            return Some(self.content.split_to(feed + 1));
        }
        Some(take(&mut self.content)).filter(|octets| !octets.is_empty())
    }

    fn begin(&mut self, begin: Begin) {
        match (self.begin, begin) {
            (Begin::Space { from: true }, Begin::MailboxLine) => {
                self.due.extend_from_slice(MAILBOX_LINE.as_bytes());
                self.due.extend_from_slice(b": ");
            }
            (before, Begin::Text) if before != Begin::Text => self.due.extend_from_slice(b"\r\n"),
            _ => {}
        }
        self.begin = begin;
    }
}

/// The beginning of the content, as far as it has come. The content is scanned byte by byte and only once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Begin {
    #[default]
    Nothing,
    /// The line after a line of an mbox file.
    NextLine,
    /// A CR, which may belong to an empty line.
    Return,
    /// A possible name of a field, with the matched letters of `From`, if it has no others.
    Name {
        from: Option<usize>,
    },
    /// White space after such a name. `from` means that both begin like a line of an mbox file.
    Space {
        from: bool,
    },
    /// A line of an mbox file, up to its end.
    MailboxLine,
    /// A field, or the empty line below a header without fields.
    Header,
    Text,
}

impl Begin {
    fn is_known(self) -> bool {
        matches!(self, Self::MailboxLine | Self::Header | Self::Text)
    }

    /// Returns the next state, if the next byte is the line's `number`th.
    fn after(self, octet: u8, number: usize) -> Self {
        match (self, octet) {
            (Self::Nothing | Self::NextLine | Self::Return, b'\n')
            | (Self::Name { .. } | Self::Space { .. }, b':') => Self::Header,
            (Self::Space { from: true }, _) if number > LONGEST_NAME => Self::MailboxLine,
            (Self::Name { .. } | Self::Space { .. }, _) if number > LONGEST_NAME => Self::Text,
            (Self::Nothing | Self::NextLine, b'\r') => Self::Return,
            (Self::Nothing | Self::NextLine, _) if is_of_name(octet) => {
                Self::Name { from: letters_of_from(Some(0), octet) }
            }
            (Self::Name { from }, _) if is_of_name(octet) => {
                Self::Name { from: letters_of_from(from, octet) }
            }
            (Self::Name { from }, b' ') => Self::Space { from: from == Some(FROM.len()) },
            (Self::Name { .. }, b'\t') => Self::Space { from: false },
            (Self::Space { .. }, b' ' | b'\t') => self,
            (Self::NextLine, b' ' | b'\t') | (Self::Space { from: true }, _) => Self::MailboxLine,
            _ => Self::Text,
        }
    }

    /// Returns the state at the end of the content.
    fn at_end(self) -> Self {
        match self {
            Self::Nothing | Self::NextLine | Self::MailboxLine | Self::Header => Self::Header,
            Self::Space { from: true } => Self::MailboxLine,
            _ => Self::Text,
        }
    }
}

const FROM: &[u8] = b"From";

/// Counts the letters of `From` that have come after any number of `>`.
fn letters_of_from(matched: Option<usize>, octet: u8) -> Option<usize> {
    match (matched?, octet) {
        (0, b'>') => Some(0),
        (matched, octet) => (FROM.get(matched) == Some(&octet)).then_some(matched + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "Trace: x\r\n";

    /// Returns the whole below the fields, as it comes in pieces of this size.
    fn below_fields(content: &str, piece: usize) -> String {
        let mut top = Prefix::new(Bytes::from_static(FIELDS.as_bytes()));
        let mut pieces = content.as_bytes().chunks(piece).map(Bytes::copy_from_slice);
        let mut whole = Vec::new();
        loop {
            while let Some(octets) = top.pop() {
                whole.extend_from_slice(&octets);
            }
            if top.is_done() {
                break;
            }
            top.push(pieces.next());
            assert!(top.content.len() <= LONGEST_NAME + piece, "{}", top.content.len());
        }
        pieces.for_each(|piece| whole.extend_from_slice(&piece));
        assert_eq!(top.added(), (whole.len() - content.len()) as u64);
        let whole = String::from_utf8(whole).expect("it is ASCII");
        whole.strip_prefix(FIELDS).expect("the fields come first").to_owned()
    }

    #[test]
    fn a_header_stands_right_below_the_fields() {
        let longest = format!("{}: x\r\n", "N".repeat(LONGEST_NAME));
        let headers = [
            "Subject: x\r\n\r\ny\r\n",
            "X-y \t: z\r\n",
            "!: \r\n",
            "\r\ntext\r\n",
            "\ntext\n",
            "\r\n",
            "",
            "From: a\r\n",
            "From : a\r\n",
            "From \t : a\r\nFrom b@c Sat\r\n",
            ">From: a\r\n",
            "Subject: x\r\nFrom a@b Sat\r\n",
            &longest,
        ];
        for piece in 1..30 {
            for content in headers {
                assert_eq!(below_fields(content, piece), content, "{piece}");
            }
        }
    }

    #[test]
    fn an_empty_line_comes_before_what_is_not_a_header() {
        let too_long = "N".repeat(LONGEST_NAME + 1);
        let texts = [
            " (authenticated as root)\r\nSubject: x\r\n",
            "\tx\r\n",
            " \r\n",
            " : x\r\n",
            ": x\r\n",
            "abc\r\n",
            "abc",
            "a b: c\r\n",
            "\rSubject: x\r\n",
            "\r",
            "é: x\r\n",
            "\0",
            "From",
            "From\ta@b Sat\r\n",
            "from a@b Sat\r\n",
            "FROM a@b Sat\r\n",
            "Fro m a@b Sat\r\n",
            "From>From a@b Sat\r\n",
            " From a@b Sat\r\nTo: c\r\n",
            "> From a@b Sat\r\n",
            "<From a@b Sat\r\n",
            &format!("{too_long}: x\r\n"),
            &format!("a{}: x\r\n", " ".repeat(LONGEST_NAME)),
            &too_long.repeat(2),
        ];
        for piece in 1..30 {
            for content in texts {
                assert_eq!(below_fields(content, piece), format!("\r\n{content}"), "{piece}");
            }
        }
    }

    #[test]
    fn lines_of_an_mbox_file_before_a_header_become_fields() {
        let from_and_blanks = format!("From {}a", " ".repeat(LONGEST_NAME));
        let contents = [
            "|From a@b Sat Jan  3\r\nTo: c\r\n\r\nFrom here\r\n",
            "|>From a@b Sat Jan  3\r\nTo: c\r\n",
            "|>>>From a@b Sat Jan  3\r\nTo: c\r\n",
            "|From a@b\n|>From c@d\n|From e@f\nTo: c\n\nFrom g\n",
            "|From a@b Sat\r\n\tJan 3\r\n|From c@d\r\n more\r\nTo: c\r\n",
            "|From a: b: c\r\nFrom: d\r\n",
            "|From a@b\rTo: c\r\r\nTo: d\r\n",
            "|From \r\nTo: c\r\n",
            "|From \r\n\r\ntext\r\n",
            "|From a@b\r\n\r\ntext\r\n",
            "|From a@b",
            "|From ",
            "|From a@b\r\n",
            "|From a@b\r\nFrom : c\r\nFrom d@e\r\n",
            &format!("|{from_and_blanks}\r\nTo: c\r\n"),
        ];
        for piece in 1..30 {
            for expected in contents {
                let content = expected.replace('|', "");
                let expected = expected.replace('|', "X-Mailbox-Line: ");
                assert_eq!(below_fields(&content, piece), expected, "{piece}");
            }
        }
    }

    #[test]
    fn text_after_lines_of_an_mbox_file_is_below_an_empty_line() {
        for piece in 1..30 {
            for text in ["Hello Bob\r\n", "Hello", "\r", ": x\r\n"] {
                assert_eq!(
                    below_fields(&format!("From a@b\r\n{text}"), piece),
                    format!("X-Mailbox-Line: From a@b\r\n\r\n{text}"),
                    "{piece}"
                );
            }
        }
    }
}
