//! Counts the fields of a message's header section, against mail loops and header floods.
//!
//! Only field names are parsed. The section ends at the first empty line, or at the first line that is neither a
//! field nor a continuation. The lines of an mbox file before all fields count as fields, as the store makes them
//! fields.
//!
//! # Why
//! CRLF, CR CR LF, LF, CR and LF CR each end a line here, whatever the setting. So the limits count each field that a
//! filter finds in a message with bare line ends.

use memchr::memchr2;

use crate::limits::Limits;

const RECEIVED: &[u8] = b"received";
const FROM: &[u8] = b"From";

#[derive(Debug, Default)]
pub(crate) struct HeaderScan {
    place: Place,
    bytes: u64,
    fields: u32,
    received: u32,
    /// Lines of an mbox file, preceded only by other such lines.
    mailbox_lines: u32,
}

#[derive(Debug, Default, Clone, Copy)]
enum Place {
    #[default]
    LineStart,
    /// Inside a field name: the number of bytes that match `Received` so far.
    Name {
        received: Option<usize>,
        /// The number of bytes that match `From`, after any number of `>`.
        from: Option<usize>,
    },
    /// White space between a name and its colon, or after `From` in a line of an mbox file.
    AfterName {
        received: bool,
        from: bool,
    },
    Value,
    /// After the first CR, or two of them, that end a line.
    AfterCr,
    AfterTwoCrs,
    /// After a bare LF that ends a line, or one and a CR.
    AfterLf,
    AfterLfCr,
    Done,
}

impl Place {
    /// Returns the place before the next byte. Where that does not belong to the line end before it, a line starts.
    fn before(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::AfterCr, b'\r' | b'\n') | (Self::AfterLf, b'\r') | (Self::AfterTwoCrs, b'\n') => self,
            // A second CR that no LF follows is an empty line.
            (Self::AfterTwoCrs, _) | (Self::AfterLfCr, b'\n') => Self::Done,
            (Self::AfterCr | Self::AfterLf | Self::AfterLfCr, _) => Self::LineStart,
            (place, _) => place,
        }
    }
}

/// The limit that a header section exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderLimit {
    Received,
    Size,
}

impl HeaderScan {
    /// Reads the next content of the message.
    pub(crate) fn scan(&mut self, mut content: &[u8], limits: &Limits) -> Result<(), HeaderLimit> {
        while let Some(&byte) = content.first() {
            let mut taken = 1;
            self.place = self.place.before(byte);
            self.place = match (self.place, byte) {
                (Place::Done, _) => return Ok(()),
                (Place::LineStart, _) if let Some(length) = length_of_name(content) => {
                    // The result must equal that of single bytes, so the size is checked before the field.
                    if Limits::passed(self.bytes + length as u64, limits.header_size) {
                        return Err(HeaderLimit::Size);
                    }
                    self.field(content[..length].eq_ignore_ascii_case(RECEIVED), limits)?;
                    let (value, place) = end_of_value(&content[length + 1..]);
                    taken = length + 1 + value;
                    place
                }
                (Place::LineStart, b' ' | b'\t') if self.fields > 0 => Place::Value,
                (Place::LineStart, byte) if is_of_name(byte) => {
                    let is_top = self.mailbox_lines == self.fields;
                    Place::Name {
                        received: next_of_received(Some(0), byte),
                        from: next_of_from(is_top.then_some(0), byte),
                    }
                }
                (Place::Name { received: None, from: None }, byte) if is_of_name(byte) => {
                    taken = content.iter().position(|&byte| !is_of_name(byte)).unwrap_or(content.len());
                    self.place
                }
                (Place::Name { received, from }, byte) if is_of_name(byte) => {
                    Place::Name { received: next_of_received(received, byte), from: next_of_from(from, byte) }
                }
                (Place::Name { received, from }, b' ' | b'\t') => Place::AfterName {
                    received: received == Some(RECEIVED.len()),
                    from: from == Some(FROM.len()) && byte == b' ',
                },
                (after @ Place::AfterName { .. }, b' ' | b'\t') => after,
                (Place::Name { received, .. }, b':') => {
                    self.field(received == Some(RECEIVED.len()), limits)?
                }
                (Place::AfterName { received, .. }, b':') => self.field(received, limits)?,
                (Place::AfterName { from: true, .. }, byte) => {
                    self.mailbox_lines += 1;
                    let value = self.field(false, limits)?;
                    match byte {
                        b'\r' => Place::AfterCr,
                        b'\n' => Place::AfterLf,
                        _ => value,
                    }
                }
                (Place::Value, _) => {
                    let (length, place) = end_of_value(content);
                    taken = length;
                    place
                }
                (Place::AfterCr | Place::AfterTwoCrs, b'\n') => Place::LineStart,
                (Place::AfterCr, _) => Place::AfterTwoCrs,
                (Place::AfterLf, _) => Place::AfterLfCr,
                _ => Place::Done,
            };
            self.bytes += taken as u64;
            if Limits::passed(self.bytes, limits.header_size) {
                return Err(HeaderLimit::Size);
            }
            content = &content[taken..];
        }
        Ok(())
    }

    fn field(&mut self, is_received: bool, limits: &Limits) -> Result<Place, HeaderLimit> {
        self.fields += 1;
        self.received += u32::from(is_received);
        if Limits::passed(self.received, limits.received_headers) {
            return Err(HeaderLimit::Received);
        }
        if Limits::passed(self.fields, limits.header_fields) {
            return Err(HeaderLimit::Size);
        }
        Ok(Place::Value)
    }
}

/// Returns the length of the rest of a value with its line end, and the place after it.
fn end_of_value(content: &[u8]) -> (usize, Place) {
    let end = memchr2(b'\r', b'\n', content).unwrap_or(content.len());
    match content[end..] {
        [b'\r', b'\n', ..] => (end + 2, Place::LineStart),
        [b'\r', ..] => (end + 1, Place::AfterCr),
        [b'\n', ..] => (end + 1, Place::AfterLf),
        _ => (end, Place::Value),
    }
}

/// Returns the length of the name at the front if its colon follows at once, as in most fields.
fn length_of_name(content: &[u8]) -> Option<usize> {
    let length = content.iter().position(|&byte| !is_of_name(byte))?;
    (length > 0 && content[length] == b':').then_some(length)
}

/// Returns whether a byte may be in a field name (RFC 5322 §2.2): printable, and not a colon.
fn is_of_name(byte: u8) -> bool {
    IN_NAME[usize::from(byte)]
}

/// The bytes allowed in a field name, as a table, which is faster than comparisons.
static IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = byte != b':';
        byte += 1;
    }
    table
};

fn next_of_received(matched: Option<usize>, byte: u8) -> Option<usize> {
    let matched = matched?;
    RECEIVED.get(matched).is_some_and(|expected| byte.eq_ignore_ascii_case(expected)).then_some(matched + 1)
}

fn next_of_from(matched: Option<usize>, byte: u8) -> Option<usize> {
    match matched? {
        0 if byte == b'>' => Some(0),
        matched => (FROM.get(matched) == Some(&byte)).then_some(matched + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(message: &[u8], piece: usize) -> (u32, u32) {
        let mut scan = HeaderScan::default();
        for piece in message.chunks(piece) {
            scan.scan(piece, &Limits::default()).unwrap();
        }
        (scan.fields, scan.received)
    }

    #[test]
    fn fields_and_received_fields_are_counted_up_to_the_empty_line() {
        let message =
            b"Received: a\r\n\tb\r\nRECEIVED : c\r\nReceived-SPF: x\r\nTo: d\r\n\r\nReceived: no\r\n";
        for piece in 1..message.len() {
            assert_eq!(counted(message, piece), (4, 2));
        }
    }

    #[test]
    fn a_header_below_lines_of_an_mbox_file_is_counted() {
        let below = [
            (&b"From a@b Sat\r\nReceived: x\r\n\r\nReceived: no\r\n"[..], (2, 1)),
            (b"From a@b Sat\n>From c\n\tmore\n>>From d\nreceived: x\nTo: y\n", (5, 1)),
            (b"From \r\nFrom \nReceived: x\r\n", (3, 1)),
            (b"From : a\r\nReceived: x\r\nFrom b Sat\r\nReceived: no\r\n", (2, 1)),
            (b"From\ta\r\nReceived: no\r\n", (0, 0)),
            (b"from a\r\nReceived: no\r\n", (0, 0)),
        ];
        for (message, expected) in below {
            for piece in 1..=message.len() {
                assert_eq!(counted(message, piece), expected, "{}", message.escape_ascii());
            }
        }
    }

    #[test]
    fn each_form_of_line_end_starts_another_field() {
        let below = [
            (&b"a:\rb:\rReceived:\r\rReceived: no"[..], (3, 1)),
            (b"a:\nb:\nReceived:\n\nReceived: no", (3, 1)),
            (b"a:\n\rb:\n\rReceived: x\n\r\nReceived: no", (3, 1)),
            (b"a:\r\r\nb:\r\r\nReceived:\r\n\rReceived: no", (3, 1)),
            (b"a: b\r c\n\r d\rReceived: e\n\r\rReceived: no", (2, 1)),
            (b"From a\rFrom \rFrom \n\rReceived: x\rtext\rReceived: no", (4, 1)),
        ];
        for (message, expected) in below {
            for piece in 1..=message.len() {
                assert_eq!(counted(message, piece), expected, "{}", message.escape_ascii());
            }
        }
    }

    #[test]
    fn a_message_without_a_header_is_not_a_header_flood() {
        let message = b"just text\r\n".repeat(5_000);
        assert_eq!(counted(&message, 4096), (0, 0));
    }

    #[test]
    fn a_hundred_and_first_received_field_is_a_loop() {
        let mut scan = HeaderScan::default();
        let message = b"Received: x\r\n".repeat(101);
        assert_eq!(scan.scan(&message, &Limits::default()), Err(HeaderLimit::Received));
        assert_eq!(HeaderScan::default().scan(&message[13..], &Limits::default()), Ok(()));
    }

    #[test]
    fn too_many_fields_and_too_many_bytes_are_too_much_header() {
        for field in [&b"X: y\r\n"[..], b"From y\n"] {
            let many = field.repeat(1_001);
            assert_eq!(HeaderScan::default().scan(&many, &Limits::default()), Err(HeaderLimit::Size));
        }
        let mut long = b"X: ".to_vec();
        long.resize(1_048_577, b'y');
        assert_eq!(HeaderScan::default().scan(&long, &Limits::default()), Err(HeaderLimit::Size));
    }
}
