//! Finds messages that are not to be parsed: with too many nested messages, parts or fields.
//!
//! # Why
//!
//! The parser descends into each message in a message, and drops them by recursion: 40,000 levels, in 1.3 MB, overflow the
//! stack, and the process is gone. Small parts and fields take a hundred times their length in memory. So this counts
//! first, and rather too much: in each line that the parser could take for a field, with white space removed as it does.

use memchr::{memchr, memchr_iter, memmem};

#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Nested messages.
    levels: usize,
    parts: usize,
    /// Fields of all parts.
    fields: usize,
}

const LIMITS: Limits = Limits { levels: 100, parts: 1_000, fields: 10_000 };

/// The longest type of a part.
const LONGEST: usize = 200;

/// Types of parts that are never a message, nor hold parts.
const LEAVES: [&[u8]; 7] = [b"text/", b"image/", b"application/", b"audio/", b"video/", b"font/", b"model/"];

/// Types whose parts are not messages unless they say so, as those of `multipart/digest` are.
const MULTIPARTS: [&[u8]; 10] = [
    b"multipart/mixed",
    b"multipart/alternative",
    b"multipart/related",
    b"multipart/report",
    b"multipart/signed",
    b"multipart/encrypted",
    b"multipart/form-data",
    b"multipart/parallel",
    b"multipart/appledouble",
    b"multipart/mixed-replace",
];

/// Encodings that leave the content as it is.
const IDENTITIES: [&[u8]; 3] = [b"7bit", b"8bit", b"binary"];

/// Returns why a message is too complex for a parser of MIME, such as "it has more than 1,000 parts", or `None`.
///
/// Parsers that descend into parts by recursion overflow the stack on a message of 1.3 MB, and the process is gone.
/// This reads a message once, needs no memory, and allows 100 nested messages, 1,000 parts and 10,000 fields.
///
/// # Examples
/// ```
/// use mailchute::message::too_complex;
///
/// assert_eq!(too_complex(b"Subject: hello\r\n\r\nHello\r\n"), None);
/// let nested = b"Content-Type: message/rfc822\r\n\r\n".repeat(40_000);
/// assert_eq!(too_complex(&nested), Some("it has more than 100 nested messages"));
/// ```
#[must_use]
pub fn too_complex(message: &[u8]) -> Option<&'static str> {
    beyond(LIMITS, message)
}

fn beyond(limits: Limits, message: &[u8]) -> Option<&'static str> {
    let mut scan = Scan { block: Block { is_header: true, ..Block::default() }, ..Scan::default() };
    let mut begin = 0;
    while begin < message.len() {
        let end = memchr(b'\n', &message[begin..]).map_or(message.len(), |at| begin + at + 1);
        scan.line(&message[begin..], end - begin);
        if let Some(reason) = scan.reason(limits) {
            return Some(reason);
        }
        begin = end;
    }
    None
}

#[derive(Debug, Default)]
struct Scan {
    levels: usize,
    parts: usize,
    fields: usize,
    has_multipart: bool,
    /// Whether parts without a type may be messages.
    has_digest: bool,
    block: Block,
    /// Whether a boundary may stand in the lines since the last that has white space only.
    has_boundary: bool,
}

/// Lines without an empty one between them: the header of a part is in one block.
#[derive(Debug, Default)]
struct Block {
    /// Whether the parser may take the lines for fields.
    is_header: bool,
    is_encoded: bool,
    has_type: bool,
    /// Whether the part may be a message.
    has_message: bool,
}

impl Scan {
    /// Looks at the first line of `rest`, which has this length.
    fn line(&mut self, rest: &[u8], length: usize) {
        let line = &rest[..length];
        if line.trim_ascii().is_empty() {
            self.has_boundary = false;
            if matches!(line, b"\n" | b"\r\n") {
                // The header of a message follows that of its part.
                let is_header = self.block.is_header && self.may_be_message();
                self.block = Block { is_header, ..Block::default() };
            }
            return;
        }
        if self.has_multipart && memmem::find(line, b"--").is_some() {
            self.block.is_header = true;
            self.parts += usize::from(!std::mem::replace(&mut self.has_boundary, true));
        }
        for colon in memchr_iter(b':', line) {
            let (name, value) = (&line[..colon], &rest[colon + 1..]);
            if ends_with(name, b"content-type") {
                self.content_type(value);
            } else if ends_with(name, b"content-transfer-encoding") {
                self.block.is_encoded |= !begins_with(value, &IDENTITIES);
            }
        }
        self.fields += usize::from(self.block.is_header && memchr(b':', line).is_some());
    }

    fn content_type(&mut self, value: &[u8]) {
        self.block.has_type = true;
        if begins_with(value, &LEAVES) {
            return;
        }
        self.has_multipart = true;
        if !is_multipart(value) {
            self.block.has_message = true;
            self.block.is_header = true;
            self.levels += 1;
            self.has_digest |= !begins_with(value, &[b"message/"]);
        }
    }

    /// Returns whether the part with this header may be a message.
    fn may_be_message(&self) -> bool {
        self.block.has_message || !self.block.has_type && self.has_digest
    }

    fn reason(&self, limits: Limits) -> Option<&'static str> {
        if self.levels > limits.levels {
            Some("it has more than 100 nested messages")
        } else if self.parts > limits.parts {
            Some("it has more than 1,000 parts")
        } else if self.fields > limits.fields {
            Some("it has more than 10,000 fields")
        } else if self.block.is_header && self.block.is_encoded && self.may_be_message() {
            Some("it has an encoded message in it")
        } else {
            None
        }
    }
}

/// Returns whether the text ends with a name of a field, of any case and with any white space in it.
fn ends_with(text: &[u8], name: &[u8]) -> bool {
    let mut text = text.iter().rev().filter(|byte| !byte.is_ascii_whitespace());
    name.iter().rev().all(|byte| text.next().is_some_and(|found| found.eq_ignore_ascii_case(byte)))
}

/// Returns whether the value of a field begins with one of these, with any white space in it. It goes on in each line
/// that begins with a space.
fn begins_with(value: &[u8], beginnings: &[&[u8]]) -> bool {
    let bytes = value.iter().enumerate().take(LONGEST);
    let folded = bytes.take_while(|(at, byte)| {
        **byte != b'\n' || value.get(at + 1).is_some_and(|next| matches!(next, b' ' | b'\t'))
    });
    let squeezed: Vec<u8> = folded
        .filter(|(_, byte)| !byte.is_ascii_whitespace())
        .map(|(_, byte)| byte.to_ascii_lowercase())
        .collect();
    beginnings.iter().any(|beginning| squeezed.starts_with(beginning))
}

/// Returns whether the value is a known type of several parts, and nothing else up to `;` or the end of the line.
fn is_multipart(value: &[u8]) -> bool {
    let end = value.iter().take(LONGEST).position(|byte| matches!(byte, b';' | b'\n'));
    let Some(end) = end else { return false };
    let squeezed: Vec<u8> =
        value[..end].iter().filter(|byte| !byte.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    MULTIPARTS.contains(&squeezed.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(message: &str) -> Option<&'static str> {
        let lf = too_complex(message.as_bytes());
        assert_eq!(too_complex(message.replace('\n', "\r\n").as_bytes()), lf);
        lf
    }

    const TOO_DEEP: Option<&str> = Some("it has more than 100 nested messages");
    const ENCODED: Option<&str> = Some("it has an encoded message in it");

    #[test]
    fn messages_in_each_other_are_bounded() {
        for level in [
            "Content-Type: message/rfc822\n\n",
            "content-type:MESSAGE/global\n\n",
            "C o n t e n t - T y p e :\n m e s s a g e / rfc822\n\n",
            "::Content-Type: (text/) message/rfc822\n\n",
            "Content-Type: text message/rfc822\n\n",
            "Content-Type: multipart/mixed digest; boundary=b\n\n--b\n\n",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\n",
            "X: --bContent-Type: message/rfc822\n\n",
            "A: b\n \nContent-Type: message/rfc822\n\n",
        ] {
            assert_eq!(reason(&level.repeat(100)), None, "{level}");
            assert_eq!(reason(&level.repeat(101)), TOO_DEEP, "{level}");
        }
    }

    #[test]
    fn a_message_that_hides_in_an_encoding_is_not_parsed() {
        for message in [
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDog\n",
            "Content-Transfer-Encoding:\n quoted-printable\nA: b\n c\nContent-Type: message/rfc822\n\n",
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: =?utf-8?q?base64?=\n\n",
            "Content-Type: multipart/digest; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\nU3Vi\n",
            "Content-Type: message/rfc822\n \nContent-Transfer-Encoding: base64\n\n",
        ] {
            assert_eq!(reason(message), ENCODED, "{message}");
        }
    }

    #[test]
    fn parts_and_fields_are_bounded() {
        let head = "Content-Type: multipart/mixed; boundary=b\n\n";
        for part in ["--b\n\n", "x--b\n \n", "--b\nContent-Type: text/plain\n\nx\n\n"] {
            assert_eq!(reason(&format!("{head}{}", part.repeat(1_000))), None);
            let many = format!("{head}{}", part.repeat(1_001));
            assert_eq!(reason(&many), Some("it has more than 1,000 parts"));
        }
        let fields = "a:\n".repeat(9_999);
        assert_eq!(reason(&format!("{head}--b\n{fields}")), None);
        let many = Some("it has more than 10,000 fields");
        assert_eq!(reason(&format!("{head}--b\n{fields}a:\n")), many);
        assert_eq!(reason(&format!("{head}--b\n \n{fields}a:\n")), many);
        assert_eq!(reason(&format!("Content-Type: message/rfc822\n\n{fields}a:\n")), many);
    }

    #[test]
    fn usual_messages_are_parsed() {
        let forwarded = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n\
            Subject: x\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: image/png\n\
            Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--c--\n--b--\n";
        assert_eq!(reason(forwarded), None);
        let report = "Content-Type: multipart/report;\n\tboundary=b\n\n--b\n\nfailed\n--b\n\
            Content-Type: message/delivery-status\n\nAction: failed\n\n--b\nContent-Type: message/rfc822\n\n\
            Subject: x\nContent-Transfer-Encoding: quoted-printable\n\n=3D\n--b--\n";
        assert_eq!(reason(report), None);
        let log = "Subject: log\n\n".to_owned() + &"12:00:00 -- it: goes on\n\n".repeat(100_000);
        assert_eq!(reason(&log), None);
    }

    /// Pieces that the parser may take for boundaries, fields, ends of headers and types of parts.
    const PIECES: [&str; 24] = [
        "\n",
        "\n",
        "\r\n",
        "\n ",
        "\n\t",
        " ",
        "\x0c",
        "--b",
        "--",
        "\n--b\n",
        "--b--",
        ":",
        "(",
        ")",
        ";",
        "boundary=b",
        "X: y\n",
        "Content-Type:",
        "Con tent-\tType :",
        "message/rfc822",
        "message / global",
        "multipart/mixed; boundary=b\n",
        "multipart/digest; boundary=b\n",
        "Content-Transfer-Encoding: quoted-printable\n",
    ];

    #[test]
    fn the_parser_finds_no_more_than_was_counted() {
        let limits = Limits { levels: 3, parts: 5, fields: 8 };
        let heads =
            ["", "Content-Type: message/rfc822\n\n", "Content-Type: multipart/digest; boundary=b\n\n--b\n"];
        let (mut parsed, mut state) = (0, 1_u64);
        let mut dice = |sides: usize| {
            // The generator of Knuth's MMIX.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % sides
        };
        for _ in 0..50_000 {
            let pieces: Vec<_> = (0..dice(30)).map(|_| PIECES[dice(PIECES.len())]).collect();
            let text = format!("{}{}\n", heads[dice(heads.len())], pieces.concat());
            if beyond(limits, text.as_bytes()).is_some() {
                continue;
            }
            let Some(message) = mail_parser::MessageParser::new().parse(&text) else { continue };
            let found = found(&message);
            let (levels, parts, fields) = (found.levels, found.parts, found.fields);
            assert!(levels <= limits.levels, "{levels} levels: {text:?}");
            // A part of a digest is a message with a part. There is also the content of each other message.
            assert!(parts <= 2 * limits.parts + limits.levels + 1, "{parts} parts: {text:?}");
            assert!(fields <= limits.fields, "{fields} fields: {text:?}");
            parsed += usize::from(levels > 0);
        }
        assert!(parsed > 1_000, "{parsed} messages in messages");
    }

    fn found(message: &mail_parser::Message<'_>) -> Limits {
        let mut found = Limits { levels: 0, parts: 0, fields: 0 };
        for part in &message.parts {
            found.parts += 1;
            found.fields += part.headers.len();
            if let mail_parser::PartType::Message(inner) = &part.body {
                let inner = self::found(inner);
                found.levels = found.levels.max(inner.levels + 1);
                found.parts += inner.parts;
                found.fields += inner.fields;
            }
        }
        found
    }
}
