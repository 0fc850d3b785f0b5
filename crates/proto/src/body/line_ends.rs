//! Checks that every CR and LF is part of a CRLF.

/// Bytes checked at once. The block is compared with itself, shifted by one, which the compiler turns into vector
/// code.
pub(super) const BLOCK: usize = 64;

/// Looks for a bare CR or LF in content that arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    /// The last byte was a CR.
    after_cr: bool,
    pub(super) has_bare: bool,
}

impl LineEnds {
    /// Returns whether each CR and LF of `bytes` is part of a CRLF.
    pub(super) fn are_whole(bytes: &[u8]) -> bool {
        let mut line_ends = Self::default();
        line_ends.look_at(bytes);
        line_ends.end();
        !line_ends.has_bare
    }

    pub(super) fn look_at(&mut self, bytes: &[u8]) {
        let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return };
        self.has_bare |= self.after_cr != (first == b'\n');
        self.after_cr = last == b'\r';
        let mut blocks = bytes.windows(BLOCK + 1).step_by(BLOCK);
        self.has_bare |= blocks.any(|window| has_parted(&window[..BLOCK], &window[1..]));
        let rest = &bytes[(bytes.len() - 1) / BLOCK * BLOCK..];
        self.has_bare |= has_parted(&rest[..rest.len() - 1], &rest[1..]);
    }

    /// Ends the content.
    pub(super) fn end(&mut self) {
        self.has_bare |= std::mem::take(&mut self.after_cr);
    }
}

/// Returns whether a CR lacks its LF or an LF its CR. `shifted` is one byte ahead.
fn has_parted(bytes: &[u8], shifted: &[u8]) -> bool {
    bytes.iter().zip(shifted).fold(0, |noise, (&byte, &next)| noise | parted(byte, next)) != 0
}

/// Returns 1 if exactly one half of a CRLF is here, without a branch.
pub(super) fn parted(byte: u8, next: u8) -> u8 {
    u8::from(byte == b'\r') ^ u8::from(next == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(bytes: &[u8]) -> bool {
        (0..bytes.len()).any(|at| match bytes[at] {
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            b'\n' => at == 0 || bytes[at - 1] != b'\r',
            _ => false,
        })
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => Just(b"\r\n".to_vec()),
            4 => (1_usize..150).prop_map(|length| vec![b'x'; length]),
            1 => Just(b"\r".to_vec()),
            1 => Just(b"\n".to_vec()),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn a_bare_cr_or_lf_is_seen_wherever_the_bytes_are_cut(bytes in bytes(), cut in any::<proptest::sample::Index>()) {
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut line_ends = LineEnds::default();
            line_ends.look_at(head);
            line_ends.look_at(tail);
            line_ends.end();
            prop_assert_eq!(line_ends.has_bare, reference(&bytes));
        }
    }
}
