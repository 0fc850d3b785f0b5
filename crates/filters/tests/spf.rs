//! Behaviour that the suite for RFC 7208 leaves open.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use mailchute_filters::spf::{self, Limits, Outcome, Query, Scope, SpfResult};

use crate::zone::Zone;

fn zone(lines: &str) -> Zone {
    Zone::parse(lines.as_bytes())
}

fn query(client: &str, sender: &str) -> Query {
    Query::new(client.parse::<IpAddr>().unwrap(), "mail.example.net", sender)
}

async fn check(zone: &Zone, client: &str, sender: &str) -> Outcome {
    spf::check(&query(client, sender), zone, &Limits::default()).await
}

#[tokio::test]
async fn a_bounce_is_checked_by_its_helo_domain() {
    let zone = zone("mail.example.net TXT v=spf1 a -all\n mail.example.net A 192.0.2.1");
    let outcome = check(&zone, "192.0.2.1", "").await;
    assert_eq!((outcome.result, outcome.scope), (SpfResult::Pass, Scope::Helo));
    assert_eq!((&*outcome.domain, outcome.mechanism.as_deref()), ("mail.example.net", Some("a")));
    let outcome =
        spf::check(&Query::for_helo([192, 0, 2, 2], "mail.example.net."), &zone, &Limits::default()).await;
    assert_eq!((outcome.result, outcome.mechanism.as_deref()), (SpfResult::Fail, Some("-all")));
}

#[tokio::test]
async fn the_mechanism_is_that_of_the_record_that_decides() {
    let zone = zone(
        "a.example TXT v=spf1 include:b.example ?all
         b.example TXT v=spf1 ~include:c.example include:d.example
         c.example TXT v=spf1 -ip4:192.0.2.0/25 ip4:192.0.2.0/24
         d.example TXT v=spf1 ip6:2001:db8::/32
         r.example TXT v=spf1 redirect=b.example",
    );
    for (client, sender, result, mechanism) in [
        ("2001:db8::1", "x@a.example", SpfResult::Pass, Some("include:b.example")),
        ("192.0.2.1", "x@a.example", SpfResult::Neutral, Some("?all")),
        ("192.0.2.200", "x@a.example", SpfResult::Neutral, Some("?all")),
        ("192.0.2.200", "x@r.example", SpfResult::SoftFail, Some("~include:c.example")),
        ("203.0.113.1", "x@r.example", SpfResult::Neutral, None),
    ] {
        let outcome = check(&zone, client, sender).await;
        assert_eq!((outcome.result, outcome.mechanism.as_deref()), (result, mechanism), "{client} {sender}");
    }
}

#[tokio::test]
async fn domains_with_u_labels_are_asked_for_in_a_labels() {
    let zone = zone(
        "xn--bcher-kva.example TXT v=spf1 exists:%{o}.%{h}.example -all
         xn--bcher-kva.example.xn--mnchen-3ya.example.example A 127.0.0.2",
    );
    let query = Query::new([192, 0, 2, 1], "münchen.example", "alice@BÜCHER.example");
    let outcome = spf::check(&query, &zone, &Limits::default()).await;
    assert_eq!((outcome.result, &*outcome.domain), (SpfResult::Pass, "xn--bcher-kva.example"));
}

#[tokio::test]
async fn terms_with_a_local_part_in_utf8_match_nothing() {
    let zone = zone(
        "a.example TXT v=spf1 exists:%{l}.u.example exists:%{L}.u.example exists:%{s} ?all
         %C3%BC.u.example A 127.0.0.2",
    );
    let outcome = check(&zone, "192.0.2.1", "ü@a.example").await;
    assert_eq!(outcome.mechanism.as_deref(), Some("?all"));
    assert_eq!(zone.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn mx_hosts_without_ipv6_are_no_void_lookups() {
    let zone = zone(
        "a.example TXT v=spf1 mx -all
         a.example MX m1.a.example
         a.example MX m2.a.example
         a.example MX m3.a.example
         a.example MX m4.a.example
         m4.a.example AAAA 2001:db8::1",
    );
    assert_eq!(check(&zone, "2001:db8::1", "x@a.example").await.result, SpfResult::Pass);
    assert_eq!(check(&zone, "2001:db8::2", "x@a.example").await.result, SpfResult::Fail);
}

#[tokio::test]
async fn the_first_macro_p_counts_as_a_term() {
    let zone = zone(
        "a.example TXT v=spf1 exists:%{p}.x.example exists:%{p}.y.example -all
         1.2.0.192.in-addr.arpa PTR m.a.example
         m.a.example A 192.0.2.1
         m.a.example.y.example A 127.0.0.2",
    );
    let query = query("192.0.2.1", "x@a.example");
    let mut limits = Limits::default();
    limits.terms = 3;
    assert_eq!(spf::check(&query, &zone, &limits).await.result, SpfResult::Pass);
    limits.terms = 2;
    let outcome = spf::check(&query, &zone, &limits).await;
    assert_eq!(outcome.result, SpfResult::PermError);
    assert_eq!(outcome.problem.unwrap().to_string(), "too many terms need the DNS");
}

#[tokio::test]
async fn an_explanation_names_receiver_and_time() {
    let zone = zone(
        "a.example TXT v=spf1 -all exp=e.%{d}
         e.a.example TXT %{s} from %{c} at %{t}, says %{r}: 100%%%_%-",
    );
    let query = query("2001:db8::1", "x@a.example")
        .receiver("mx.example.org")
        .at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let outcome = spf::check(&query, &zone, &Limits::default()).await;
    assert_eq!(
        outcome.explanation.as_deref(),
        Some("x@a.example from 2001:db8::1 at 1700000000, says mx.example.org: 100% %20")
    );
}

#[tokio::test]
async fn explanations_too_long_or_not_ascii_are_left_out() {
    for text in ["x".repeat(401), "%{s}".repeat(2000), "caf\u{e9}".to_owned(), "a\tb".to_owned()] {
        let zone = zone(&format!("a.example TXT v=spf1 -all exp=e.a.example\ne.a.example TXT {text}"));
        let outcome = check(&zone, "192.0.2.1", "x@a.example").await;
        assert_eq!((outcome.result, outcome.explanation), (SpfResult::Fail, None), "{text:.10}");
    }
    let zone =
        zone(&format!("a.example TXT v=spf1 -all exp=e.a.example\ne.a.example TXT {}", "x".repeat(400)));
    assert_eq!(check(&zone, "192.0.2.1", "x@a.example").await.explanation.unwrap().len(), 400);
    assert_eq!(check(&zone, "192.0.2.1", "\"a\nb\"@a.example").await.explanation.unwrap().len(), 400);
}

#[tokio::test]
async fn an_explanation_says_no_control_character_of_the_sender() {
    let zone = zone("a.example TXT v=spf1 -all exp=e.a.example\ne.a.example TXT no %{l}");
    assert_eq!(check(&zone, "192.0.2.1", "a\r\nb@a.example").await.explanation, None);
}

#[tokio::test]
async fn a_resolver_without_an_answer_is_a_temperror_except_for_ptr() {
    let zone = zone(
        "a.example TXT v=spf1 a:t.example -all
         m.example TXT v=spf1 mx -all
         m.example MX t.example
         p.example TXT v=spf1 ptr -all
         t.example TIMEOUT
         1.2.0.192.in-addr.arpa TIMEOUT",
    );
    for sender in ["x@a.example", "x@m.example", "x@t.example"] {
        let outcome = check(&zone, "192.0.2.1", sender).await;
        assert_eq!(outcome.result, SpfResult::TempError, "{sender}");
        assert_eq!(outcome.problem.unwrap().to_string(), "the DNS did not answer for t.example: timeout");
    }
    assert_eq!(check(&zone, "192.0.2.1", "x@p.example").await.result, SpfResult::Fail);
}

#[tokio::test]
async fn a_permerror_says_what_is_wrong() {
    let zone = zone(
        "s.example TXT v=spf1 ip4:192.0.2.300 -all
         d.example TXT v=spf1 -all
         d.example TXT v=spf1 +all
         i.example TXT v=spf1 include:%{l}.none.example
         j.example TXT v=spf1 include:%{h}..none.example
         m.example TXT v=spf1 mx
         v.example TXT v=spf1 a:1.none.example a:2.none.example a:3.none.example
         l.example TXT v=spf1 redirect=l.example",
    );
    let zone = (0..11).fold(zone, |mut zone, n| {
        let hosts = zone.records.get_mut("m.example").unwrap();
        hosts.push(("MX".to_owned(), format!("m{n}.example").into_bytes()));
        zone
    });
    for (sender, problem) in [
        ("x@s.example", "the SPF record of s.example has a wrong term: ip4:192.0.2.300"),
        ("x@d.example", "d.example has several SPF records"),
        ("x@i.example", "x.none.example has no SPF record"),
        ("x@j.example", "%{h}..none.example has no SPF record"),
        ("x@m.example", "m.example has too many MX hosts"),
        ("x@v.example", "too many names have no records"),
        ("x@l.example", "too many terms need the DNS"),
    ] {
        let outcome = check(&zone, "192.0.2.1", sender).await;
        assert_eq!(outcome.result, SpfResult::PermError, "{sender}");
        assert_eq!(outcome.problem.unwrap().to_string(), problem);
    }
}

#[tokio::test]
async fn a_wrong_term_is_escaped_where_it_is_shown() {
    let zone = zone("a.example TXT v=spf1 a:\u{1b}[2J\u{202e} -all");
    let outcome = check(&zone, "192.0.2.1", "x@a.example").await;
    let problem = outcome.problem.unwrap().to_string();
    assert_eq!(problem, "the SPF record of a.example has a wrong term: a:\\u{1b}[2J\\u{202e}");
}

#[tokio::test]
async fn the_most_expensive_record_stays_within_the_bound() {
    let mut lines =
        String::from("a.example TXT v=spf1 mx mx mx mx mx mx mx mx mx ptr -all exp=%{p}.e.example\n");
    for n in 0..11 {
        lines += &format!("1.2.0.192.in-addr.arpa PTR p{n}.example\n");
        if n < 10 {
            lines += &format!("a.example MX m{n}.example\nm{n}.example A 192.0.2.9\n");
        }
    }
    let zone = zone(&lines);
    let outcome = check(&zone, "192.0.2.1", "x@a.example").await;
    assert_eq!(outcome.result, SpfResult::Fail);
    // The record, nine times MX and its hosts, PTR and ten of its names, the explanation.
    assert_eq!(zone.asked.load(Ordering::Relaxed), 1 + 9 * 11 + 11 + 1);
}

#[tokio::test]
async fn a_check_can_run_on_any_thread() {
    let task = tokio::spawn(async {
        let zone = zone("a.example TXT v=spf1 ip4:192.0.2.1 -all");
        check(&zone, "::ffff:192.0.2.1", "x@A.EXAMPLE").await.result
    });
    assert_eq!(task.await.unwrap(), SpfResult::Pass);
}
