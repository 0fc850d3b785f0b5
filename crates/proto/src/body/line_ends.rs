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
    /// Returns whether each CR and LF of `octets` is part of a CRLF.
    pub(super) fn are_whole(octets: &[u8]) -> bool {
        let mut line_ends = Self::default();
        line_ends.look_at(octets);
        line_ends.end();
        !line_ends.has_bare
    }

    pub(super) fn look_at(&mut self, octets: &[u8]) {
        let (Some(&first), Some(&last)) = (octets.first(), octets.last()) else { return };
        self.has_bare |= self.after_cr != (first == b'\n');
        self.after_cr = last == b'\r';
        let mut blocks = octets.windows(BLOCK + 1).step_by(BLOCK);
        self.has_bare |= blocks.any(|window| has_parted(&window[..BLOCK], &window[1..]));
        let rest = &octets[(octets.len() - 1) / BLOCK * BLOCK..];
        self.has_bare |= has_parted(&rest[..rest.len() - 1], &rest[1..]);
    }

    /// Ends the content.
    pub(super) fn end(&mut self) {
        self.has_bare |= std::mem::take(&mut self.after_cr);
    }
}

/// Returns whether a CR lacks its LF or an LF its CR. `shifted` is one byte ahead.
fn has_parted(octets: &[u8], shifted: &[u8]) -> bool {
    octets.iter().zip(shifted).fold(0, |noise, (&octet, &next)| noise | parted(octet, next)) != 0
}

/// Returns 1 if exactly one half of a CRLF is here, without a branch.
pub(super) fn parted(octet: u8, next: u8) -> u8 {
    u8::from(octet == b'\r') ^ u8::from(next == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference(octets: &[u8]) -> bool {
        (0..octets.len()).any(|at| match octets[at] {
            b'\r' => octets.get(at + 1) != Some(&b'\n'),
            b'\n' => at == 0 || octets[at - 1] != b'\r',
            _ => false,
        })
    }

    fn octets() -> impl Strategy<Value = Vec<u8>> {
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
        fn a_bare_cr_or_lf_is_seen_wherever_the_octets_are_cut(octets in octets(), cut in any::<proptest::sample::Index>()) {
            let (head, tail) = octets.split_at(cut.index(octets.len() + 1));
            let mut line_ends = LineEnds::default();
            line_ends.look_at(head);
            line_ends.look_at(tail);
            line_ends.end();
            prop_assert_eq!(line_ends.has_bare, reference(&octets));
        }
    }
}
