//! A domain and its internationalized form are equal, wherever domains are compared.

use std::collections::HashSet;

use mailchute_proto::{
    AddressError, Domain, ForwardPath, HeloName, Mailbox, Recipient, ReversePath, Sender, same_domain,
};

/// Forms of one domain: each is the same as all others.
const ONE: [&str; 10] = [
    "xn--bcher-kva.example",
    "XN--BCHER-KVA.Example",
    "bücher.example",
    "BÜCHER.EXAMPLE",
    "bu\u{308}cher.example",
    "BU\u{308}CHER.example",
    "bücher\u{3002}example",
    "bücher\u{ff0e}example",
    "xn--bcher-kva\u{ff61}example",
    "ｂｕ\u{308}ｃｈｅｒ.ｅｘａｍｐｌｅ",
];

/// Domains that all differ, from each other and from the one above.
const OTHERS: [&str; 10] = [
    "bucher.example",
    "example",
    "sub.bücher.example",
    "xn--bcher-kva.example.org",
    "straße.example",
    "strasse.example",
    "xn--a.example", // no punycode that decodes
    "xn--bcher-kvaa.example",
    "faß.xn--a.example", // refused by the mapping, so taken as written
    "пример.example",
];

fn recipient(domain: &str) -> Recipient {
    let argument = format!("<x@{domain}>");
    Recipient::new(ForwardPath::parse_argument(argument.as_bytes()).expect(domain).0)
}

#[test]
fn all_forms_of_a_domain_are_one_wherever_it_is_compared() {
    for one in ONE {
        for other in ONE {
            assert!(same_domain(one, other), "{one} {other}");
            assert_eq!(Domain::parse(one).expect(one), Domain::parse(other).expect(other));
            let mailbox = Mailbox::parse(&format!("x@{one}")).expect(one);
            assert!(mailbox.domain_is(other), "{one} {other}");
            assert_eq!(mailbox.domain(), one, "an address stays as it was written");
            assert!(recipient(one).is_local_to([other]), "{one} {other}");
            let (path, _) = ReversePath::parse_argument(format!("<x@{one}>").as_bytes()).expect(one);
            assert!(path.domain_is(other) && Sender::new(path).domain_is(other), "{one} {other}");
            assert!(HeloName::parse(one.as_bytes()).expect(one).domain_is(other), "{one} {other}");
        }
    }
    let all: HashSet<_> = ONE.iter().map(|domain| Domain::parse(domain).expect(domain)).collect();
    assert_eq!(all.len(), 1);
}

#[test]
fn domains_that_only_look_alike_are_not_one() {
    let domains: Vec<_> = OTHERS.iter().chain(&ONE[..1]).copied().collect();
    for (index, one) in domains.iter().enumerate() {
        for (of, other) in domains.iter().enumerate() {
            assert_eq!(same_domain(one, other), index == of, "{one} {other}");
            assert_eq!(recipient(one).is_local_to([other]), index == of, "{one} {other}");
            assert_eq!(Domain::parse(one) == Domain::parse(other), index == of, "{one} {other}");
        }
    }
    let all: HashSet<_> = domains.iter().map(|domain| Domain::parse(domain).expect(domain)).collect();
    assert_eq!(all.len(), domains.len());
}

#[test]
fn a_domain_that_the_mapping_refuses_is_compared_as_written() {
    for refused in ["faß.xn--a.example", "\u{300}a.example", "a\u{2100}c.example"] {
        assert!(same_domain(refused, &refused.replace("example", "EXAMPLE")), "{refused}");
        assert_eq!(Domain::parse(refused).expect(refused).to_ascii(), refused);
    }
    assert!(!same_domain("\u{300}a.example", "a.example"));
}

#[test]
fn a_dot_in_front_takes_what_is_below_in_every_form() {
    for (domain, below, is_taken) in [
        ("a.example.com", ".example.com", true),
        ("a.b.Example.COM", ".example.com", true),
        ("example.com", ".example.com", false),
        ("notexample.com", ".example.com", false),
        ("com", ".example.com", false),
        ("a.bücher.example", ".xn--bcher-kva.example", true),
        ("a.xn--bcher-kva.example", ".BÜCHER.example", true),
        ("ä\u{3002}bu\u{308}cher.example", ".bücher.example", true),
        ("bücher.example", ".xn--bcher-kva.example", false),
        ("xbücher.example", ".bücher.example", false),
        ("a.example.com", ".", false),
        ("a.example.com", "", false),
        ("a.example.com", "..com", false),
        ("[192.0.2.1]", ".2.1]", false),
    ] {
        assert_eq!(recipient(domain).is_local_to([below]), is_taken, "{domain} {below}");
    }
    let (postmaster, _) = ForwardPath::parse_argument(b"<postmaster>").expect("it is a path");
    assert!(Recipient::new(postmaster).is_local_to([".example.com"]));
}

#[test]
fn full_stops_beyond_ascii_part_labels() {
    for domain in ["a\u{3002}b", "a\u{ff0e}b.c", "ä\u{ff61}b"] {
        assert!(Domain::parse(domain).is_ok(), "{domain}");
    }
    for domain in [
        "\u{3002}a",
        "a\u{3002}",
        "a\u{3002}\u{3002}b",
        "a.\u{ff0e}b",
        "a-\u{3002}b",
        "a\u{ff61}-b",
        "\u{3002}",
    ] {
        assert_eq!(Domain::parse(domain), Err(AddressError::BadDomain), "{domain}");
    }
}

#[test]
fn labels_parted_by_other_full_stops_have_a_length_each() {
    let parted = format!("x@{0}\u{3002}{0}.example", "ü".repeat(40));
    assert!(Mailbox::parse(&parted).is_ok());
    let too_long = format!("x@{}\u{3002}{}.example", "ü".repeat(40), "a".repeat(64));
    assert_eq!(Mailbox::parse(&too_long), Err(AddressError::LabelTooLong));
    assert_eq!(Domain::parse(&too_long[2..]), Err(AddressError::LabelTooLong));
}

#[test]
fn refuses_a_mapping_that_is_not_a_domain() {
    // Full-width forms of ASCII characters that no domain has.
    for domain in ["a；b.com", "＂x＂.com", "a，b.com", "＊.com", "－a.com", "ａ－.com"] {
        let parsed = Domain::parse(domain).expect(domain);
        assert_eq!(parsed.to_ascii(), domain, "as written");
    }
    for (domain, other) in [("a；b.com", "a;b.com"), ("＊.com", "*.com")] {
        assert!(!same_domain(domain, other), "{domain}");
    }
    // Invisible characters, which the mapping drops.
    for domain in [
        "\u{fe0f}.example.com",
        "x.\u{fe0f}.example.com",
        "example.com.\u{fe0f}",
        "exam\u{2064}ple.com",
        "exam\u{180b}ple.com",
        "exam\u{e0100}ple.com",
        "exam\u{115f}ple.com",
    ] {
        assert_eq!(Domain::parse(domain), Err(AddressError::BadDomain), "{domain:?}");
    }
}
