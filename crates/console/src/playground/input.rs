//! The input of a person: text, and how its lines end.

use serde::{Deserialize, Serialize};

/// How each line of an input ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LineEnd {
    /// CRLF, as SMTP demands.
    #[default]
    Crlf,
    /// A bare LF.
    Lf,
    /// Nothing.
    None,
}

/// One input of a person: one line, or several that go out together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) end: LineEnd,
    /// Reads `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` in the text as those bytes.
    #[serde(default)]
    pub(crate) escapes: bool,
}

impl Input {
    /// Returns an input whose lines end with CRLF.
    pub(crate) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Returns the lines as they were typed.
    pub(super) fn lines(&self) -> Vec<&str> {
        self.text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect()
    }

    /// Returns the bytes that go out.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + 2);
        for line in self.lines() {
            if self.escapes {
                unescape(line, &mut bytes);
            } else {
                bytes.extend_from_slice(line.as_bytes());
            }
            bytes.extend_from_slice(match self.end {
                LineEnd::Crlf => b"\r\n",
                LineEnd::Lf => b"\n",
                LineEnd::None => b"",
            });
        }
        bytes
    }
}

/// Appends a line; an escape that means nothing stays as it is.
fn unescape(line: &str, bytes: &mut Vec<u8>) {
    let mut rest = line.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, length) = match (first, tail) {
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'0', ..]) => (0, 2),
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [b'x', high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b'\\', 1),
            },
            (byte, _) => (*byte, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_chosen_and_escapes_are_bytes() {
        let input = |text: &str, end, escapes| Input { text: text.to_owned(), end, escapes }.bytes();
        assert_eq!(input("a\r\nb", LineEnd::Crlf, false), b"a\r\nb\r\n");
        assert_eq!(input("a\nb", LineEnd::Lf, false), b"a\nb\n");
        assert_eq!(input("a\\n.\\r\\n\\x00\\xZ\\", LineEnd::None, true), b"a\n.\r\n\0\\xZ\\");
        assert_eq!(input("a\\n", LineEnd::Crlf, false), b"a\\n\r\n");
    }
}
