//! Zones that mean harm, at random.

mod check;

use proptest::prelude::*;

use crate::zone;
use check::stays_within_limits;

/// Terms that are right, nearly right or long.
fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[-+~?]?(all|a|mx|ptr|include|exists|ip4|ip6|redirect|exp)[:=/]?(a|b|c|%\\{[slodiphvcrt][0-9]{0,2}r?[-.+]?\\})(\\.(a|b|example))?(/{1,2}[0-9]{1,3})?",
        2 => "(include:|redirect=|a:|mx:|exists:)%\\{[dohl]2?\\}",
        1 => "(include:|redirect=)[abc]\\.example",
        1 => "\\PC{0,12}",
        1 => "a:(%\\{s\\}){1,300}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    let record = prop::collection::vec(term(), 0..14).prop_map(|terms| format!("v=spf1 {}", terms.join(" ")));
    prop_oneof![
        4 => ("[abc]\\.example", record).prop_map(|(name, record)| format!("{name} TXT {record}")),
        1 => ("[abc]\\.example", "[abc]\\.example").prop_map(|(name, host)| format!("{name} MX {host}\n").repeat(10)),
        1 => "[abc]\\.example (A 192\\.0\\.2\\.[0-9]|AAAA 2001:db8::[0-9]|TIMEOUT|CNAME a\\.example)",
        1 => "1\\.2\\.0\\.192\\.in-addr\\.arpa PTR [abc]\\.example",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_zone_is_answered_within_the_limits(
        first in "(192\\.0\\.2\\.1|2001:db8::1) [abc]\\.example (\\PC{0,8}@)?[abc]\\.example",
        lines in prop::collection::vec(line(), 0..12),
    ) {
        stays_within_limits(format!("{first}\n{}", lines.join("\n")).as_bytes());
    }

    #[test]
    fn any_bytes_as_record_are_answered(record in prop::collection::vec(any::<u8>(), 0..200)) {
        let record = [b"192.0.2.1 h.example x@a.example\na.example TXT v=spf1 ", &*record].concat();
        stays_within_limits(&record);
    }
}
