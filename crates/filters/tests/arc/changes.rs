//! Chains at random.

use proptest::prelude::*;

use super::check::{a_change_of_a_chain_decides, any_chain_is_answered};

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_passes_if_and_only_if_the_canonical_form_stays(bytes in any::<[u8; 5]>()) {
        a_change_of_a_chain_decides(&bytes);
    }

    #[test]
    fn any_fields_are_answered(
        lines in prop::collection::vec(
            "[SMA]( (i|a|b|bh|cv|d|h|s|t)=(1|2|3|50|51|none|pass|fail|ed25519-sha256|AAAA|example\\.org|s|from|\\PC{0,4});){0,9}",
            0..12,
        ),
    ) {
        any_chain_is_answered(lines.join("\n").as_bytes());
    }
}
