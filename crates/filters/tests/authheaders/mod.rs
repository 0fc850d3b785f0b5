//! The vectors for DMARC of the package `authheaders` 0.16.3 of `PyPI`, taken from `test/test_authentication.py`.
//!
//! `LICENSE` is their licence. They are altered: the messages are reduced to `From:`, the signatures to their results,
//! and the records to those of DMARC. Left out is the one case about the tree walk of the successor of RFC 7489.

use mailchute_filters::dmarc::{self, DmarcQuery};

use crate::zone::Zone;

const RECORDS: [(&str, &str); 8] = [
    (
        "_dmarc.example.com",
        "v=DMARC1; p=reject; rua=mailto:dmarc.reports@valimail.com,mailto:dmarc_agg@vali.email; \
         ruf=mailto:dmarc.reports@valimail.com,mailto:dmarc_c0cb7153_afrf@vali.email",
    ),
    ("_dmarc.example.org", "v=DMARC1; p=none"),
    ("_dmarc.example.net", "v=DMARC1; p=none; sp=reject"),
    ("_dmarc.example.biz", "v=DMARC1; p=none; sp=quarantine; np=reject"),
    ("_dmarc.nop.example.org", "v=DMARC1; sp=quarantine; np=reject"),
    ("_dmarc.bad.example.com", "v=DMARC1; p=none; reject"),
    ("_dmarc.gov", "v=DMARC1; p=reject; sp=none; np=reject; rua=mailto:dotgov_dmarc@cisa.dhs.gov; psd=y"),
    ("sub2.example.biz", "host.example.biz"),
];

/// The value of `From:`, the domains with a valid signature, the result, the author that decides, and its policy.
type Case = (&'static str, &'static [&'static str], &'static str, Option<&'static str>, &'static str);

const CASES: [Case; 9] = [
    ("Test User <test@example.com>", &["example.com"], "pass", Some("example.com"), "reject"),
    ("\"Test, User\" <test@example.com>", &["example.com"], "pass", Some("example.com"), "reject"),
    (
        "Bad User <spoof@example.org>,Test User <test@example.com>",
        &["example.org"],
        "fail",
        Some("example.com"),
        "reject",
    ),
    (
        "Test User <test@example.com>,Bad User <spoof@example.org>",
        &["example.org"],
        "fail",
        Some("example.com"),
        "reject",
    ),
    ("Test User <test@sub.example.net>", &[], "fail", Some("sub.example.net"), "reject"),
    ("Test User <test@sub.example.biz>", &[], "fail", Some("sub.example.biz"), "reject"),
    ("Test User <test@sub2.example.biz>", &[], "fail", Some("sub2.example.biz"), "quarantine"),
    ("Test User <test@nop.eXample.org>", &[], "none", Some("nop.example.org"), ""),
    ("\"Test User\"", &[], "permerror", None, ""),
];

#[tokio::test]
async fn the_vectors_of_authheaders_hold() {
    let mut zone = Zone::default();
    for (name, data) in RECORDS {
        let kind = if name.starts_with("_dmarc.") { "TXT" } else { "MX" };
        zone.records.insert(name.to_owned(), vec![(kind.to_owned(), data.into())]);
    }
    for (from, signed, result, author, policy) in CASES {
        let query = signed.iter().fold(DmarcQuery::new([from]), |query, domain| query.dkim_pass(domain));
        let outcome = dmarc::check(&query, &zone).await;
        let found = (
            outcome.result.as_str(),
            outcome.author.as_deref(),
            outcome.policy.map_or("", |policy| policy.as_str()),
        );
        assert_eq!(found, (result, author, policy), "{from}");
    }
    // RFC 7489 §6.3 ignores mistakes after the policy, where the package has `permerror`.
    let outcome = dmarc::check(&DmarcQuery::new(["Test User <test@bad.example.com>"]), &zone).await;
    assert_eq!((outcome.result.as_str(), outcome.disposition.as_str()), ("fail", "none"));
}
