//! The longest addresses: as long as a command line, except for their domains.

use mailchute_proto::{AddressError, Domain, ForwardPath, Mailbox, ReversePath};

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn sender(argument: &str) -> Result<(ReversePath, &[u8]), AddressError> {
    ReversePath::parse_argument(argument.as_bytes())
}

fn recipient(argument: &str) -> Result<(ForwardPath, &[u8]), AddressError> {
    ForwardPath::parse_argument(argument.as_bytes())
}

/// Returns a domain of exactly `length` bytes.
fn domain_of(length: usize) -> String {
    let label = "d".repeat(63);
    let mut domain = [label.as_str(); 5].join(".");
    domain.truncate(length);
    if domain.ends_with('.') {
        domain.replace_range(length - 2.., ".d");
    }
    domain
}

#[test]
fn a_local_part_may_have_any_length() {
    for length in [64, 65, 254, 2_000, 100_000] {
        for local_part in ["l".repeat(length), format!("\"{}\"", "l".repeat(length - 2))] {
            assert_eq!(mailbox(&format!("{local_part}@d")).local_part(), local_part);
        }
    }
}

#[test]
fn addresses_of_bounces_and_mailing_lists_are_addresses() {
    for text in [
        "reader+caf_=list_8b506e99-1c52-4d6f-9b0a-5f5a2b8c7d10=mail.example.org@forwarder.example",
        "srs0+c4xw=2b=relay.example.net=bounces-4711-reader=other.example-8f14e45fceea167a5a36dedd4bea2543@f.example",
        "prvs=8211b7c5f3d=a.very.long.name.of.a.person.with.many.names.indeed.and.more@sender.example",
        "confirm-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@lists.example",
    ] {
        assert_eq!(mailbox(text).as_str(), text);
        assert_eq!(sender(&format!("<{text}>")).unwrap().0.as_str(), text);
        assert_eq!(recipient(&format!("<@r.example:{text}>")).unwrap().0.as_str(), text);
    }
}

#[test]
fn a_label_beyond_ascii_is_counted_in_characters() {
    // 50 letters are 150 bytes, and 58 in the form of DNS.
    let label = "ก".repeat(50);
    assert_eq!(mailbox(&format!("a@{label}.{label}.example")).domain().chars().count(), 109);
    assert_eq!(Domain::parse(&"ก".repeat(64)), Err(AddressError::LabelTooLong));
    let domain = domain_of(255).replace('d', "ก");
    assert!(Domain::parse(&domain).is_ok());
    assert_eq!(Domain::parse(&domain_of(256).replace('d', "ก")), Err(AddressError::DomainTooLong));
}

#[test]
fn a_label_has_at_most_63_bytes_and_a_domain_255() {
    assert!(Domain::parse(&format!("{}.d", "l".repeat(63))).is_ok());
    assert_eq!(Domain::parse(&format!("{}.d", "l".repeat(64))), Err(AddressError::LabelTooLong));
    assert!(Domain::parse(&domain_of(254)).is_ok());
    assert!(Domain::parse(&domain_of(255)).is_ok());
    assert_eq!(Domain::parse(&domain_of(256)), Err(AddressError::DomainTooLong));
    assert_eq!(Mailbox::parse(&format!("a@{}", domain_of(256))), Err(AddressError::DomainTooLong));
}

#[test]
fn a_path_and_its_route_may_have_any_length() {
    for length in [256, 257, 500, 2_000] {
        let address = format!("{}@{}", "u".repeat(length - "<@>".len() - 200), domain_of(200));
        assert_eq!(sender(&format!("<{address}>")).unwrap().0.as_str(), address);
        assert_eq!(recipient(&format!("<{address}>")).unwrap().0.as_str(), address);
        let routed = format!("<{}:{address}>", ["@r.example"; 50].join(","));
        assert_eq!(sender(&routed).unwrap().0.as_str(), address);
        assert_eq!(recipient(&routed).unwrap().0.as_str(), address);
    }
}

#[test]
fn a_dot_at_the_end_of_a_domain_does_not_count() {
    assert_eq!(mailbox(&format!("a@{}.", domain_of(255))).domain().len(), 255);
    assert_eq!(Mailbox::parse(&format!("a@{}.", domain_of(256))), Err(AddressError::DomainTooLong));
}
