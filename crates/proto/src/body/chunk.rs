//! The decoder of BDAT: a known number of unchanged bytes (RFC 3030 §2).

use bytes::{Bytes, BytesMut};

use super::Decoded;
use super::line_ends::LineEnds;

/// A message in chunks of known size. Only bare line ends are looked for.
#[derive(Debug)]
pub(crate) struct ChunkDecoder {
    /// Bytes of this chunk not yet received.
    left: u64,
    /// `None` for BINARYMIME, which allows any bytes.
    line_ends: Option<LineEnds>,
}

/// The bytes that a message may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentKind {
    Lines,
    Binary,
}

impl ChunkDecoder {
    pub(crate) fn new(kind: ContentKind) -> Self {
        Self { left: 0, line_ends: (kind == ContentKind::Lines).then(LineEnds::default) }
    }

    /// Starts a chunk of `size` bytes.
    pub(crate) fn begin(&mut self, size: u64) {
        self.left = size;
    }

    /// Ends the message: no chunk follows.
    pub(crate) fn end(&mut self) {
        if let Some(line_ends) = &mut self.line_ends {
            line_ends.end();
        }
    }

    pub(crate) fn has_bare_line_end(&self) -> bool {
        self.line_ends.as_ref().is_some_and(|line_ends| line_ends.has_bare)
    }

    /// Takes the available content of the chunk out of `input`. The end is that of the chunk.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Decoded {
        let length = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        let content = if length == 0 { Bytes::new() } else { input.split_to(length).freeze() };
        self.left -= length as u64;
        if let Some(line_ends) = &mut self.line_ends {
            line_ends.look_at(&content);
        }
        Decoded { content, is_end: self.left == 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    #[derive(Debug, PartialEq, Eq)]
    struct Whole {
        /// Chunks that have ended.
        chunks: Vec<Vec<u8>>,
        /// The bytes of the next chunk so far.
        begun: Vec<u8>,
        has_bare_line_end: bool,
        /// The bytes after the last chunk.
        rest: Vec<u8>,
    }

    /// Reads one byte at a time, as the RFC describes.
    fn reference(stream: &[u8], sizes: &[u64], kind: ContentKind) -> Whole {
        let (mut chunks, mut message, mut rest) = (Vec::new(), Vec::new(), stream.iter().copied());
        let mut begun = Vec::new();
        for &size in sizes {
            begun.extend((0..size).map_while(|_| rest.next()));
            message.extend_from_slice(&begun);
            if begun.len() as u64 != size {
                break;
            }
            chunks.push(std::mem::take(&mut begun));
        }
        let is_whole = chunks.len() == sizes.len();
        let is_bare = |at: usize| match message[at] {
            b'\r' if at + 1 == message.len() => is_whole,
            b'\r' => message[at + 1] != b'\n',
            b'\n' => at == 0 || message[at - 1] != b'\r',
            _ => false,
        };
        let has_bare_line_end = kind == ContentKind::Lines && (0..message.len()).any(is_bare);
        Whole { chunks, begun, has_bare_line_end, rest: rest.collect() }
    }

    fn decode(stream: &[u8], sizes: &[u64], kind: ContentKind, cuts: &[usize]) -> Whole {
        let (mut decoder, mut input) = (ChunkDecoder::new(kind), BytesMut::new());
        let (mut chunks, mut begun) = (Vec::new(), Vec::new());
        let (mut sizes, mut is_open, mut from) = (sizes.iter(), false, 0);
        for &cut in cuts.iter().chain([&stream.len()]) {
            input.extend_from_slice(&stream[from..cut]);
            from = cut;
            loop {
                if !is_open {
                    let Some(&size) = sizes.next() else { break };
                    decoder.begin(size);
                    is_open = true;
                }
                let decoded = decoder.decode(&mut input);
                begun.extend_from_slice(&decoded.content);
                if !decoded.is_end {
                    assert!(input.is_empty(), "bytes of a chunk wait for nothing: {input:?}");
                    break;
                }
                chunks.push(std::mem::take(&mut begun));
                is_open = false;
                if sizes.len() == 0 {
                    decoder.end();
                }
            }
        }
        Whole { chunks, begun, has_bare_line_end: decoder.has_bare_line_end(), rest: input.to_vec() }
    }

    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            12 => Just(b"\r\n".to_vec()),
            2 => Just(b".\r\n".to_vec()),
            6 => (1_usize..150).prop_map(|length| vec![b'x'; length]),
            1 => Just(b"\r".to_vec()),
            1 => Just(b"\n".to_vec()),
            1 => vec(any::<u8>(), 0..80),
        ];
        vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    fn sizes() -> impl Strategy<Value = Vec<u64>> {
        vec(prop_oneof![1 => Just(0), 3 => 1_u64..4, 6 => 1_u64..300], 1..8)
    }

    fn kind() -> impl Strategy<Value = ContentKind> {
        prop_oneof![Just(ContentKind::Lines), Just(ContentKind::Lines), Just(ContentKind::Binary)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn the_decoder_agrees_with_the_slow_reference_at_every_cut(
            stream in streams(),
            sizes in sizes(),
            kind in kind(),
            cuts in vec(any::<Index>(), 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let expected = reference(&stream, &sizes, kind);
            prop_assert_eq!(decode(&stream, &sizes, kind, &cuts), expected);
        }
    }

    #[test]
    fn single_bytes_give_the_same_as_the_whole() {
        let (stream, sizes) = (b"a\r\n.\r\nQUIT\r\n", [2, 0, 1, 9]);
        let cuts: Vec<usize> = (1..stream.len()).collect();
        let whole = decode(stream, &sizes, ContentKind::Lines, &cuts);
        assert_eq!(whole, reference(stream, &sizes, ContentKind::Lines));
        assert_eq!(whole.chunks, [&b"a\r"[..], b"", b"\n", b".\r\nQUIT\r\n"]);
        assert!(!whole.has_bare_line_end, "a CRLF may be parted by chunks");
    }

    #[test]
    fn a_cr_is_bare_when_the_message_ends_with_it_and_not_before() {
        let bare = |sizes: &[u64]| decode(b"a\r", sizes, ContentKind::Lines, &[]).has_bare_line_end;
        assert!(!bare(&[2, 1]));
        assert!(bare(&[2]));
        assert!(bare(&[2, 0]));
    }
}
