//! The content of a message as DATA sends it (RFC 5321 §4.5.2).

use memchr::memchr2;

/// Stuffs dots, and ends the content with a line that holds a dot alone.
///
/// Each line leaves with CRLF at its end. A bare CR or LF would let the sender of the message end it elsewhere at
/// servers that take it for a line end, so it becomes CRLF.
///
/// # Examples
/// ```
/// use mailchute_proto::next_hop::DotStuffer;
///
/// let (mut stuffer, mut output) = (DotStuffer::default(), Vec::new());
/// stuffer.push(b"one\r\n.", &mut output);
/// stuffer.push(b"two\nthree", &mut output);
/// stuffer.finish(&mut output);
/// assert_eq!(output, b"one\r\n..two\r\nthree\r\n.\r\n");
/// ```
#[derive(Debug, Default)]
pub struct DotStuffer {
    at: At,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    LineStart,
    InLine,
    /// After a CR that was not written yet.
    Cr,
}

impl DotStuffer {
    /// Appends the next bytes of the content to `output` as they are sent.
    pub fn push(&mut self, content: &[u8], output: &mut Vec<u8>) {
        output.reserve(content.len() + content.len() / 64 + 4);
        let mut rest = content;
        while let Some(&first) = rest.first() {
            match self.at {
                At::Cr => {
                    output.extend_from_slice(b"\r\n");
                    self.at = At::LineStart;
                    if first == b'\n' {
                        rest = &rest[1..];
                    }
                    continue;
                }
                At::LineStart if first == b'.' => output.push(b'.'),
                At::LineStart | At::InLine => {}
            }
            let Some(end) = memchr2(b'\r', b'\n', rest) else {
                output.extend_from_slice(rest);
                self.at = At::InLine;
                return;
            };
            output.extend_from_slice(&rest[..end]);
            if rest[end] == b'\r' {
                self.at = At::Cr;
            } else {
                output.extend_from_slice(b"\r\n");
                self.at = At::LineStart;
            }
            rest = &rest[end + 1..];
        }
    }

    /// Appends the end of the content: the rest of its last line, and the dot.
    pub fn finish(self, output: &mut Vec<u8>) {
        if self.at != At::LineStart {
            output.extend_from_slice(b"\r\n");
        }
        output.extend_from_slice(b".\r\n");
    }
}
