//! Records of DMARC, good and bad.

mod check;

use proptest::prelude::*;

use crate::zone;
use check::a_record_is_read_as_it_is_written;

/// Tags that are right, nearly right or neither.
fn tag() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(p|sp|np) ?= ?(none|quarantine|reject|Reject|x|)",
        2 => "pct=(0|1|50|100|101|050|-1|\\+1|[0-9]{0,22}|x)",
        2 => "(adkim|aspf)=(r|s|S|x|)",
        2 => "rua=(mailto:a@b\\.example|MAILTO:@|mailto:a@|https://x|)(,mailto:b@c)?",
        1 => "v=DMARC1",
        1 => "[ \t]{0,2}",
        1 => "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_says_the_same_to_a_second_reader(
        version in "(v=DMARC1|v = DMARC1 | v=DMARC1|v=dmarc1|V=DMARC1|)",
        tags in prop::collection::vec(tag(), 0..7),
    ) {
        a_record_is_read_as_it_is_written([&[version], &*tags].concat().join(";").as_bytes());
    }

    #[test]
    fn any_bytes_say_the_same_to_a_second_reader(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        a_record_is_read_as_it_is_written(&bytes);
        a_record_is_read_as_it_is_written(&[b"v=DMARC1; p=reject;", &*bytes].concat());
    }
}
