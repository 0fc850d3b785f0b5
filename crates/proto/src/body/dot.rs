//! The decoder of DATA: dot-unstuffing and the one rule that ends a message (RFC 5321 §4.5.2).
//!
//! Only `CR LF . CR LF` ends a message. The first CRLF ends the line before, or the DATA command. A bare CR or LF
//! neither begins nor ends a line; it is only recorded.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr2;

use super::Decoded;
use super::line_ends::{BLOCK, parted};

/// The state between two pieces of input. Undecided bytes (`.`, `CR`, `. CR`) stay in the input.
#[derive(Debug)]
pub(crate) struct DotDecoder {
    place: Place,
    has_bare_line_end: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    LineStart,
    InLine,
}

impl DotDecoder {
    pub(crate) fn new() -> Self {
        Self { place: Place::LineStart, has_bare_line_end: false }
    }

    /// Returns whether a bare CR or LF was seen.
    pub(crate) fn has_bare_line_end(&self) -> bool {
        self.has_bare_line_end
    }

    /// Takes everything decided out of `input`.
    ///
    /// The content is a slice of the input, not a copy. Stuffed dots are removed in place.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Decoded {
        // `kept` bytes at the front are content and `read` bytes are decided. They differ after the first dot.
        let (mut kept, mut read, mut is_end) = (0, 0, false);
        loop {
            if self.place == Place::LineStart && input.get(read) == Some(&b'.') {
                match &input[read + 1..] {
                    [b'\r', b'\n', ..] => {
                        read += 3;
                        is_end = true;
                        break;
                    }
                    [] | [b'\r'] => break,
                    _ => {
                        read += 1;
                        self.place = Place::InLine;
                    }
                }
            }
            let length = self.run(&input[read..]);
            if length == 0 {
                break;
            }
            if kept != read {
                input.copy_within(read..read + length, kept);
            }
            kept += length;
            read += length;
        }
        let content = if kept == 0 { Bytes::new() } else { input.split_to(kept).freeze() };
        input.advance(read - kept);
        Decoded { content, is_end }
    }

    /// Returns how many bytes are content before the next dot at the start of a line, an undecided CR, or the end.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        loop {
            at += self.skip_quiet_blocks(&bytes[at..]);
            if self.place == Place::LineStart && bytes.get(at) == Some(&b'.') {
                return at;
            }
            let Some(found) = memchr2(b'\r', b'\n', &bytes[at..]) else {
                if at < bytes.len() {
                    self.place = Place::InLine;
                }
                return bytes.len();
            };
            let mark = at + found;
            match (bytes[mark], bytes.get(mark + 1)) {
                (b'\r', Some(b'\n')) => {
                    self.place = Place::LineStart;
                    at = mark + 2;
                }
                (b'\r', None) => {
                    if found > 0 {
                        self.place = Place::InLine;
                    }
                    return mark;
                }
                _ => {
                    self.has_bare_line_end = true;
                    self.place = Place::InLine;
                    at = mark + 1;
                }
            }
        }
    }

    /// Skips blocks in which every CR is followed by LF, every LF follows a CR, and no line starts with a dot.
    fn skip_quiet_blocks(&mut self, bytes: &[u8]) -> usize {
        match bytes.first() {
            // No CR precedes this LF: a CRLF is never left half-read.
            None | Some(b'\n') => return 0,
            Some(b'.') if self.place == Place::LineStart => return 0,
            _ => {}
        }
        let mut at = 0;
        while at + BLOCK < bytes.len() && is_quiet(&bytes[at..at + BLOCK], &bytes[at + 1..=at + BLOCK]) {
            at += BLOCK;
        }
        if at > 0 {
            self.place = Place::InLine;
            match bytes[at - 1] {
                b'\n' => self.place = Place::LineStart,
                b'\r' => {
                    self.place = Place::LineStart;
                    at += 1;
                }
                _ => {}
            }
        }
        at
    }
}

fn is_quiet(block: &[u8], shifted: &[u8]) -> bool {
    let noise = block.iter().zip(shifted).fold(0, |noise, (&byte, &next)| {
        let dotted = u8::from(byte == b'\n') & u8::from(next == b'.');
        noise | parted(byte, next) | dotted
    });
    noise == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Whole {
        content: Vec<u8>,
        has_bare_line_end: bool,
        /// The bytes after the final dot, if there was one.
        rest: Option<Vec<u8>>,
    }

    /// Reads one byte at a time, as the RFC describes.
    fn reference(stream: &[u8]) -> Whole {
        let (mut content, mut bare, mut at, mut line_start) = (Vec::new(), false, 0, true);
        while at < stream.len() {
            let rest = &stream[at..];
            if line_start && rest.starts_with(b".\r\n") {
                return Whole { content, has_bare_line_end: bare, rest: Some(rest[3..].to_vec()) };
            }
            if rest.starts_with(b"\r\n") {
                content.extend_from_slice(b"\r\n");
                at += 2;
                line_start = true;
                continue;
            }
            let is_undecided = rest == b"\r" || (line_start && (rest == b"." || rest == b".\r"));
            if is_undecided {
                break;
            }
            if !(line_start && rest[0] == b'.') {
                bare |= matches!(rest[0], b'\r' | b'\n');
                content.push(rest[0]);
            }
            // A dot that was unstuffed leaves the line begun: a second dot is content.
            line_start = false;
            at += 1;
        }
        Whole { content, has_bare_line_end: bare, rest: None }
    }

    fn decode(stream: &[u8], cuts: &[usize]) -> Whole {
        let (mut decoder, mut input, mut content) = (DotDecoder::new(), BytesMut::new(), Vec::new());
        let mut from = 0;
        for &cut in cuts.iter().chain([&stream.len()]) {
            input.extend_from_slice(&stream[from..cut]);
            from = cut;
            let decoded = decoder.decode(&mut input);
            content.extend_from_slice(&decoded.content);
            if decoded.is_end {
                let mut rest = input.to_vec();
                rest.extend_from_slice(&stream[from..]);
                return Whole { content, has_bare_line_end: decoder.has_bare_line_end, rest: Some(rest) };
            }
            assert!(input.len() <= 2, "only undecided bytes may wait: {input:?}");
        }
        Whole { content, has_bare_line_end: decoder.has_bare_line_end, rest: None }
    }

    /// Mostly dots, CRs and LFs, with runs of text long enough for whole blocks.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => Just(b"\r\n".to_vec()),
            3 => Just(b".".to_vec()),
            2 => Just(b"\r".to_vec()),
            2 => Just(b"\n".to_vec()),
            1 => Just(b"\r\n.\r\n".to_vec()),
            2 => (1_usize..200).prop_map(|length| vec![b'x'; length]),
            1 => proptest::collection::vec(any::<u8>(), 0..80),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_decoder_agrees_with_the_slow_reference_at_every_cut(stream in streams(), cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            prop_assert_eq!(decode(&stream, &cuts), reference(&stream));
        }
    }

    #[test]
    fn single_bytes_give_the_same_as_the_whole() {
        let stream = b"..a\r\n.\r.\r\n\n.\r\nb\r\n..\r\n.\r\nQUIT\r\n";
        let cuts: Vec<usize> = (1..stream.len()).collect();
        let whole = decode(stream, &cuts);
        assert_eq!(whole, reference(stream));
        assert_eq!(whole.content, b".a\r\n\r.\r\n\n.\r\nb\r\n.\r\n");
        assert_eq!(whole.rest.as_deref(), Some(&b"QUIT\r\n"[..]));
    }

    #[test]
    fn a_dot_right_after_the_354_is_an_empty_message() {
        assert_eq!(
            decode(b".\r\n", &[]),
            Whole { content: vec![], has_bare_line_end: false, rest: Some(vec![]) }
        );
    }
}
