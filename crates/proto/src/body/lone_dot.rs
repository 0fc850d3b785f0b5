//! Finds NULs and lone dots, which the next server could take for the end of the message.

use memchr::{memchr2, memrchr};

use super::line_ends::LineEnds;

/// Looks for NULs and a lone dot between line ends that are not all CRLF. A client that relays the message stuffs
/// only dots right after a CRLF. A server may accept other line ends and drop NULs. A dot without a NUL before it is
/// always passed on after a CRLF.
///
/// Between two CRLFs, NULs and a dot are content, as they are where bare line ends are refused.
#[derive(Debug)]
pub(crate) struct LoneDot {
    place: Place,
    is_found: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Crlf,
    Bare,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Start(Line),
    /// After something other than a NUL or a lone dot.
    InLine,
    /// After a CR that an LF may follow. If none does, was the dot before it alone?
    Cr {
        was_lone: bool,
    },
}

/// A line that so far holds only NULs and at most one dot after them.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// The line end before it.
    behind: LineEnd,
    begins_with_nul: bool,
    has_dot: bool,
}

impl Place {
    fn behind(line_end: LineEnd) -> Self {
        Self::Start(Line { behind: line_end, begins_with_nul: false, has_dot: false })
    }
}

impl LoneDot {
    pub(super) fn new() -> Self {
        Self { place: Place::behind(LineEnd::Crlf), is_found: false }
    }

    pub(super) fn is_found(&self) -> bool {
        self.is_found
    }

    /// Reads the next content of the message.
    pub(super) fn look_at(&mut self, mut bytes: &[u8], is_end: bool) {
        // Most messages have no bare line end: only their last line matters to what follows.
        if self.has_left_bare_line_end()
            && LineEnds::are_whole(bytes)
            && let Some(feed) = memrchr(b'\n', bytes)
        {
            self.place = Place::behind(LineEnd::Crlf);
            bytes = &bytes[feed + 1..];
        }
        while !bytes.is_empty() {
            if matches!(self.place, Place::InLine) {
                bytes = &bytes[memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len())..];
            }
            let Some((&byte, behind)) = bytes.split_first() else { return self.end_if(is_end) };
            self.next(byte);
            bytes = behind;
        }
        self.end_if(is_end);
    }

    /// Returns whether bare line ends no longer matter.
    fn has_left_bare_line_end(&self) -> bool {
        matches!(self.place, Place::InLine | Place::Start(Line { behind: LineEnd::Crlf, .. }))
    }

    fn next(&mut self, byte: u8) {
        if let (Place::Cr { was_lone }, true) = (self.place, byte != b'\n') {
            self.is_found |= was_lone;
            self.place = Place::behind(LineEnd::Bare);
        }
        self.place = match (self.place, byte) {
            (Place::Cr { .. }, _) => Place::behind(LineEnd::Crlf),
            (_, b'\n') => {
                self.is_found |= self.is_lone(LineEnd::Bare);
                Place::behind(LineEnd::Bare)
            }
            (_, b'\r') => {
                self.is_found |= self.is_lone(LineEnd::Crlf);
                Place::Cr { was_lone: self.is_lone(LineEnd::Bare) }
            }
            (Place::Start(line), 0) => {
                Place::Start(Line { begins_with_nul: line.begins_with_nul || !line.has_dot, ..line })
            }
            (Place::Start(line), b'.') if !line.has_dot => Place::Start(Line { has_dot: true, ..line }),
            _ => Place::InLine,
        };
    }

    /// Returns whether the line, if it ends here, is a dot that the next server could take for the end.
    fn is_lone(&self, end: LineEnd) -> bool {
        let Place::Start(Line { behind, begins_with_nul, has_dot: true }) = self.place else { return false };
        begins_with_nul && (behind == LineEnd::Bare || end == LineEnd::Bare)
    }

    fn end_if(&mut self, is_end: bool) {
        // A client that relays a message without its last line end adds one.
        let is_lone = self.is_lone(LineEnd::Crlf) || matches!(self.place, Place::Cr { was_lone: true });
        self.is_found |= is_end && is_lone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    fn is_found(pieces: &[&[u8]]) -> bool {
        let mut lone_dot = LoneDot::new();
        for piece in pieces {
            lone_dot.look_at(piece, false);
        }
        lone_dot.look_at(b"", true);
        lone_dot.is_found()
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        const PIECES: &[&[u8]] = &[b"\r\n", b"\r\n", b".", b"\0", b"x", b"\r", b"\n"];
        proptest::collection::vec(select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn skipping_blocks_gives_the_same_as_single_bytes(
            bytes in bytes(),
            cut in any::<Index>(),
        ) {
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(is_found(&[head, tail]), is_found(&single));
        }
    }
}
