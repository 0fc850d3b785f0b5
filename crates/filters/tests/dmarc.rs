//! DMARC with records in the DNS.

use std::sync::atomic::Ordering;

use mailchute_filters::dmarc::{
    self, AuthorError, DmarcOutcome, DmarcProblem, DmarcQuery, DmarcResult, Policy,
};
use mailchute_filters::spf::{self, Limits};

use crate::zone::Zone;

fn zone(records: &[(&str, &str, &str)]) -> Zone {
    let mut zone = Zone::default();
    for (name, kind, data) in records {
        let record = ((*kind).to_owned(), data.as_bytes().to_vec());
        zone.records.entry((*name).to_owned()).or_default().push(record);
    }
    zone
}

/// A zone with one record of DMARC.
fn record(name: &str, data: &str) -> Zone {
    zone(&[(&format!("_dmarc.{name}"), "TXT", data)])
}

async fn check(zone: &Zone, from: &str) -> DmarcOutcome {
    dmarc::check(&DmarcQuery::new([from]), zone).await
}

fn found(outcome: &DmarcOutcome) -> (DmarcResult, Option<Policy>, Policy) {
    (outcome.result, outcome.policy, outcome.disposition)
}

#[tokio::test]
async fn a_subdomain_has_the_policy_of_its_organization() {
    use Policy::{None, Quarantine, Reject};
    for (tags, of_domain, of_subdomain) in [
        ("p=none", None, None),
        ("p=reject", Reject, Reject),
        ("p=reject; sp=none", Reject, None),
        ("p=none; sp=quarantine", None, Quarantine),
        ("p=none; np=quarantine", None, Quarantine),
        ("p=none; sp=reject; np=quarantine", None, Quarantine),
    ] {
        let zone = record("bank.example", &format!("v=DMARC1; {tags}"));
        for (from, policy) in [("a@bank.example", of_domain), ("a@x.y.bank.example", of_subdomain)] {
            let outcome = check(&zone, from).await;
            assert_eq!(found(&outcome), (DmarcResult::Fail, Some(policy), policy), "{tags} {from}");
            assert_eq!(outcome.record_domain.as_deref(), Some("bank.example"));
        }
    }
}

#[tokio::test]
async fn subdomains_that_exist_are_not_under_np() {
    for (kind, data) in [("A", "192.0.2.1"), ("AAAA", "2001:db8::1"), ("MX", "mx.bank.example")] {
        let zone = zone(&[
            ("_dmarc.bank.example", "TXT", "v=DMARC1; p=none; sp=quarantine; np=reject"),
            ("x.bank.example", kind, data),
        ]);
        assert_eq!(check(&zone, "a@x.bank.example").await.disposition, Policy::Quarantine, "{kind}");
        assert_eq!(check(&zone, "a@y.bank.example").await.disposition, Policy::Reject, "{kind}");
    }
}

#[tokio::test]
async fn the_record_of_the_domain_itself_comes_first() {
    let zone = zone(&[
        ("_dmarc.bank.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.lab.bank.example", "TXT", "verification=1"),
        ("_dmarc.lab.bank.example", "TXT", "v=DMARC1; p=none; sp=reject"),
        // Only a record of another kind: the organization's holds.
        ("_dmarc.new.bank.example", "TXT", "v=spf1 -all"),
        // No record between the domain and its organization is asked for.
        ("_dmarc.y.bank.example", "TXT", "v=DMARC1; p=none"),
    ]);
    for (from, policy) in [
        ("a@lab.bank.example", Policy::None),
        ("a@new.bank.example", Policy::Reject),
        ("a@x.y.bank.example", Policy::Reject),
    ] {
        assert_eq!(check(&zone, from).await.policy, Some(policy), "{from}");
    }
}

#[tokio::test]
async fn without_one_valid_record_there_is_no_result() {
    let zone = zone(&[
        ("_dmarc.bank.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.two.bank.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.two.bank.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.no.bank.example", "TXT", "v=DMARC1; sp=reject"),
    ]);
    let outcome = check(&zone, "a@two.bank.example").await;
    assert_eq!(found(&outcome), (DmarcResult::None, None, Policy::None));
    assert!(matches!(outcome.problem, Some(DmarcProblem::SeveralRecords(_))));
    let outcome = check(&zone, "a@no.bank.example").await;
    assert_eq!(found(&outcome), (DmarcResult::None, None, Policy::None));
    assert!(matches!(outcome.problem, Some(DmarcProblem::NoPolicy(_))));
    let outcome = check(&zone, "a@other.example").await;
    assert_eq!((outcome.result, outcome.author.as_deref()), (DmarcResult::None, Some("other.example")));
    let outcome = check(&zone, "root").await;
    assert_eq!((outcome.result, outcome.author), (DmarcResult::None, None));
}

#[tokio::test]
async fn an_aligned_domain_of_spf_or_dkim_passes() {
    let strict = "v=DMARC1; p=reject; adkim=s; aspf=s";
    for (tags, signed, sender, passes) in [
        ("v=DMARC1; p=reject", Some("mail.bank.example"), "other.example", true),
        ("v=DMARC1; p=reject", None, "bounce.bank.example", true),
        ("v=DMARC1; p=reject", None, "Bounce.BANK.example", true),
        ("v=DMARC1; p=reject", None, "other.example", false),
        ("v=DMARC1; p=reject", Some("other.example"), "other.example", false),
        ("v=DMARC1; p=reject", Some("example"), "other.example", false),
        (strict, Some("bank.example"), "other.example", true),
        (strict, Some("mail.bank.example"), "bounce.bank.example", false),
        (strict, None, "bank.example", true),
        ("v=DMARC1; p=reject; adkim=s", None, "bounce.bank.example", true),
    ] {
        let zone = zone(&[
            ("_dmarc.bank.example", "TXT", tags),
            ("bank.example", "TXT", "v=spf1 +all"),
            ("bounce.bank.example", "TXT", "v=spf1 +all"),
            ("other.example", "TXT", "v=spf1 +all"),
        ]);
        let of_sender = spf::Query::new([192, 0, 2, 1], "x.example", &format!("a@{sender}"));
        let outcome = spf::check(&of_sender, &zone, &Limits::default()).await;
        let mut query = DmarcQuery::new(["a@bank.example"]).spf(&outcome);
        if let Some(signed) = signed {
            query = query.dkim_pass(signed);
        }
        let outcome = dmarc::check(&query, &zone).await;
        let expected =
            if passes { (DmarcResult::Pass, Policy::None) } else { (DmarcResult::Fail, Policy::Reject) };
        assert_eq!((outcome.result, outcome.disposition), expected, "{tags} {signed:?} {sender}");
    }
}

#[tokio::test]
async fn only_a_pass_of_spf_counts() {
    for (all, passes) in [("+all", true), ("?all", false), ("~all", false), ("-all", false), ("x=%", false)] {
        let zone = zone(&[
            ("_dmarc.bank.example", "TXT", "v=DMARC1; p=quarantine"),
            ("bank.example", "TXT", &format!("v=spf1 {all}")),
            ("mail.bank.example", "TXT", &format!("v=spf1 {all}")),
        ]);
        // The second one is a bounce, which SPF checks by the name in EHLO.
        for sender in ["a@bank.example", ""] {
            let query = spf::Query::new([192, 0, 2, 1], "mail.bank.example", sender);
            let spf = spf::check(&query, &zone, &Limits::default()).await;
            let outcome = dmarc::check(&DmarcQuery::new(["a@bank.example"]).spf(&spf), &zone).await;
            assert_eq!(outcome.result == DmarcResult::Pass, passes, "{all} {sender}");
        }
    }
}

#[tokio::test]
async fn pct_exempts_mail_by_the_number_that_was_drawn() {
    for (policy, percent, drawn, disposition) in [
        ("reject", 100, 99, Policy::Reject),
        ("reject", 30, 29, Policy::Reject),
        ("reject", 30, 30, Policy::Quarantine),
        ("quarantine", 30, 29, Policy::Quarantine),
        ("quarantine", 30, 30, Policy::None),
        ("reject", 0, 0, Policy::Quarantine),
        ("none", 30, 99, Policy::None),
    ] {
        let zone = record("bank.example", &format!("v=DMARC1; p={policy}; pct={percent}"));
        let outcome = dmarc::check(&DmarcQuery::new(["a@bank.example"]).draw(drawn), &zone).await;
        assert_eq!((outcome.result, outcome.disposition), (DmarcResult::Fail, disposition), "{policy}");
        assert_eq!(outcome.policy.map(Policy::as_str), Some(policy));
    }
}

#[tokio::test]
async fn failures_of_the_dns_are_never_a_failure_of_the_message() {
    let lost = zone(&[("_dmarc.bank.example", "TIMEOUT", "")]);
    let outcome = check(&lost, "a@mail.bank.example").await;
    assert_eq!(found(&outcome), (DmarcResult::TempError, None, Policy::None));
    assert!(matches!(outcome.problem, Some(DmarcProblem::Dns(..))));

    let known = record("bank.example", "v=DMARC1; p=reject");
    let query = DmarcQuery::new(["a@bank.example"]);
    let outcome = dmarc::check(&query.clone().dkim_temp_error("mail.bank.example"), &known).await;
    assert_eq!(found(&outcome), (DmarcResult::TempError, Some(Policy::Reject), Policy::None));
    assert_eq!(outcome.possible_disposition, Policy::Reject);
    assert!(matches!(outcome.problem, Some(DmarcProblem::Open(_))));
    // A domain that is not aligned could not have helped, and a pass needs no other.
    let outcome = dmarc::check(&query.clone().dkim_temp_error("other.example"), &known).await;
    assert_eq!(outcome.result, DmarcResult::Fail);
    let outcome =
        dmarc::check(&query.dkim_temp_error("bank.example").dkim_pass("bank.example"), &known).await;
    assert_eq!(outcome.result, DmarcResult::Pass);
}

#[tokio::test]
async fn each_of_several_authors_must_pass() {
    let zone = zone(&[
        ("_dmarc.a.example", "TXT", "v=DMARC1; p=quarantine"),
        ("_dmarc.b.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.c.example", "TXT", "v=DMARC1; p=none"),
        ("_dmarc.lost.example", "TIMEOUT", ""),
    ]);
    let both = "x@a.example, y@b.example";
    for (from, signed, author, result, disposition) in [
        (both, &[][..], "b.example", DmarcResult::Fail, Policy::Reject),
        (both, &["b.example"], "a.example", DmarcResult::Fail, Policy::Quarantine),
        (both, &["a.example", "b.example"], "a.example", DmarcResult::Pass, Policy::None),
        ("x@c.example <y@a.example>", &["c.example"], "a.example", DmarcResult::Fail, Policy::Quarantine),
        ("x@none.example, x@a.example", &["a.example"], "none.example", DmarcResult::None, Policy::None),
        ("x@lost.example, x@a.example", &["a.example"], "lost.example", DmarcResult::TempError, Policy::None),
        ("x@lost.example, x@b.example", &[], "b.example", DmarcResult::Fail, Policy::Reject),
    ] {
        let query = signed.iter().fold(DmarcQuery::new([from]), |query, domain| query.dkim_pass(domain));
        let outcome = dmarc::check(&query, &zone).await;
        assert_eq!(
            (outcome.author.as_deref(), outcome.result, outcome.disposition),
            (Some(author), result, disposition),
            "{from} {signed:?}"
        );
    }
}

#[tokio::test]
async fn an_open_author_is_not_hidden_by_others() {
    let zone = zone(&[
        ("_dmarc.bank.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.shop.example", "TXT", "v=DMARC1; p=quarantine"),
        ("_dmarc.none.example", "TXT", "v=DMARC1; p=none"),
        ("_dmarc.lost.example", "TIMEOUT", ""),
    ]);
    for other in ["none.example", "lost.example", "without.example", "shop.example"] {
        for from in [format!("x@{other}, y@bank.example"), format!("y@bank.example, x@{other}")] {
            let query = DmarcQuery::new([&from]).dkim_temp_error("lame.bank.example");
            let outcome = dmarc::check(&query, &zone).await;
            assert_eq!(
                (outcome.result, outcome.disposition),
                (DmarcResult::TempError, Policy::None),
                "{from}"
            );
            assert_eq!(outcome.possible_disposition, Policy::Reject, "{from}");
            assert_eq!(outcome.author.as_deref(), Some("bank.example"));
        }
    }
}

#[tokio::test]
async fn pct_holds_for_what_is_still_open() {
    let zone = record("bank.example", "v=DMARC1; p=quarantine; pct=30");
    for (drawn, possible) in [(29, Policy::Quarantine), (30, Policy::None)] {
        let query = DmarcQuery::new(["a@bank.example"]).dkim_temp_error("bank.example").draw(drawn);
        assert_eq!(dmarc::check(&query, &zone).await.possible_disposition, possible, "{drawn}");
    }
}

#[tokio::test]
async fn a_lame_subdomain_may_deserve_what_its_organization_asks() {
    for (tags, signed, possible) in [
        ("p=reject", "other.example", Policy::Reject),
        ("p=reject; sp=none", "other.example", Policy::None),
        ("p=none; sp=none; np=quarantine", "other.example", Policy::Quarantine),
        ("p=quarantine; pct=0", "other.example", Policy::None),
        ("p=reject", "bank.example", Policy::None),
        ("p=reject; adkim=s", "bank.example", Policy::Reject),
    ] {
        let record = format!("v=DMARC1; {tags}");
        let zone =
            zone(&[("_dmarc.bank.example", "TXT", &record), ("_dmarc.lame.bank.example", "TIMEOUT", "")]);
        let query = DmarcQuery::new(["a@lame.bank.example"]).dkim_pass(signed);
        let outcome = dmarc::check(&query, &zone).await;
        assert_eq!(found(&outcome), (DmarcResult::TempError, None, Policy::None), "{tags} {signed}");
        assert_eq!(outcome.possible_disposition, possible, "{tags} {signed}");
    }
}

#[tokio::test]
async fn an_organization_without_an_answer_is_asked_once() {
    let zone = zone(&[("_dmarc.bank.example", "TIMEOUT", "")]);
    for (from, questions) in [("a@bank.example", 1), ("a@mail.bank.example", 2)] {
        let outcome = check(&zone, from).await;
        assert_eq!(found(&outcome), (DmarcResult::TempError, None, Policy::None));
        assert_eq!(outcome.possible_disposition, Policy::None);
        assert_eq!(zone.asked.swap(0, Ordering::Relaxed), questions);
    }
}

#[tokio::test]
async fn a_subdomain_that_may_not_exist_may_deserve_the_stricter() {
    let zone = zone(&[
        ("_dmarc.bank.example", "TXT", "v=DMARC1; p=none; sp=quarantine; np=reject"),
        ("lame.bank.example", "TIMEOUT", ""),
    ]);
    let outcome = check(&zone, "a@lame.bank.example").await;
    assert_eq!(found(&outcome), (DmarcResult::TempError, None, Policy::None));
    assert_eq!(outcome.possible_disposition, Policy::Reject);
}

#[tokio::test]
async fn a_message_without_a_clear_author_should_be_refused() {
    let zone = Zone::default();
    for (fields, error) in [
        (&[][..], AuthorError::NoField),
        (&["a@a.example", "b@b.example"], AuthorError::SeveralFields),
        (&["<<a@a.example>>"], AuthorError::Unreadable),
    ] {
        let outcome = dmarc::check(&DmarcQuery::new(fields.iter()).dkim_pass("a.example"), &zone).await;
        assert_eq!(found(&outcome), (DmarcResult::PermError, None, Policy::Reject));
        assert!(matches!(outcome.problem, Some(DmarcProblem::Author(found)) if found == error));
    }
    assert_eq!(zone.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn internationalized_domains_are_compared_in_a_labels() {
    let zone = record("xn--bcher-kva.example", "v=DMARC1; p=reject; adkim=s");
    for signed in ["b\u{fc}cher.example", "XN--BCHER-KVA.example.", "B\u{dc}CHER.example"] {
        let query = DmarcQuery::new(["a@B\u{fc}cher.example"]).dkim_pass(signed);
        assert_eq!(dmarc::check(&query, &zone).await.result, DmarcResult::Pass, "{signed}");
    }
}

#[tokio::test]
async fn the_longest_domains_are_no_error() {
    let label = "a".repeat(63);
    let long = format!("{label}.{label}.{label}.{}.example", "b".repeat(53));
    assert_eq!(long.len(), 253);
    let zone = record("bbb.example", "v=DMARC1; p=reject; np=none");
    let outcome = check(&zone, &format!("a@{long}")).await;
    assert_eq!(outcome.result, DmarcResult::None);
    let below = format!("{label}.{label}.{label}.{}.bbb.example", "b".repeat(49));
    assert_eq!(below.len(), 253);
    let outcome = check(&zone, &format!("a@{below}")).await;
    assert_eq!(found(&outcome), (DmarcResult::Fail, Some(Policy::None), Policy::None));
}
