//! Addresses: the RFC's grammar, its limits, and inputs that must always be refused.

use mailchute_proto::{
    AddressError, AddressLiteral, Domain, ForwardPath, HeloKind, HeloName, Mailbox, ReversePath,
};

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn refused(text: &str) -> AddressError {
    Mailbox::parse(text).expect_err(text)
}

fn sender(argument: &str) -> Result<(ReversePath, &[u8]), AddressError> {
    ReversePath::parse_argument(argument.as_bytes())
}

fn recipient(argument: &str) -> Result<(ForwardPath, &[u8]), AddressError> {
    ForwardPath::parse_argument(argument.as_bytes())
}

#[test]
fn a_mailbox_keeps_what_the_client_wrote() {
    let mailbox = mailbox("John.Doe+tag@Mail.Example.ORG");
    assert_eq!(mailbox.as_str(), "John.Doe+tag@Mail.Example.ORG");
    assert_eq!(mailbox.to_string(), "John.Doe+tag@Mail.Example.ORG");
    assert_eq!(mailbox.local_part(), "John.Doe+tag");
    assert_eq!(mailbox.domain(), "Mail.Example.ORG");
    assert_eq!("a@b".parse(), Mailbox::parse("a@b"));
}

#[test]
fn domains_are_compared_without_regard_to_case() {
    assert!(mailbox("a@Example.ORG").domain_is("eXample.org"));
    assert!(!mailbox("a@example.org").domain_is("sub.example.org"));
    assert!(!mailbox("a@example.org").domain_is("xample.org"));
    assert_eq!(Domain::parse("EXAMPLE.org"), Domain::parse("example.ORG"));
}

#[test]
fn equal_domains_have_equal_hashes() {
    let domains: std::collections::HashSet<_> = ["Example.org", "example.ORG", "example.com"]
        .into_iter()
        .map(|text| Domain::parse(text).unwrap())
        .collect();
    assert_eq!(domains.len(), 2);
}

#[test]
fn a_quoted_local_part_may_hold_spaces_and_at_signs() {
    let mailbox = mailbox(r#""a b@c>d"@example.org"#);
    assert_eq!(mailbox.local_part(), r#""a b@c>d""#);
    assert_eq!(mailbox.unquoted_local_part(), "a b@c>d");
    assert_eq!(mailbox.domain(), "example.org");
}

#[test]
fn unquoting_a_local_part_removes_quotes_and_backslashes() {
    assert_eq!(mailbox(r#""a\"b\\c\ d"@e"#).unquoted_local_part(), r#"a"b\c d"#);
    assert_eq!(mailbox(r#"""@e"#).unquoted_local_part(), "");
    assert_eq!(mailbox("a.b@e").unquoted_local_part(), "a.b");
    assert_eq!(mailbox(r#""é"@e"#).unquoted_local_part(), "é");
}

#[test]
fn refuses_an_unquoted_local_part_that_needs_quotes() {
    for text in [
        "a b@c", "a..b@c", ".a@b", "a.@b", "@b", "a,b@c", "a(b)@c", "a:b@c", "a\\b@c", "a<b@c", "a[b@c",
        " a@b",
    ] {
        assert_eq!(refused(text), AddressError::BadLocalPart, "{text:?}");
    }
}

#[test]
fn quotes_have_to_be_closed_and_to_enclose_the_whole_local_part() {
    for text in [
        r#""a@b"#,
        r#""a"b@c"#,
        r#"a"b"@c"#,
        r#""a\"@b"#,
        r#""a""b"@c"#,
        r#""a"."b"@c"#,
        "\"a\\é\"@b",
        "\"",
        "\"\\",
    ] {
        assert_eq!(refused(text), AddressError::BadLocalPart, "{text:?}");
    }
}

#[test]
fn a_domain_is_made_of_letters_digits_hyphens_and_dots() {
    for text in ["b", "b.c", "1.2", "xn--bcher-kva.example", "a--b.c", "_dmarc.a_b.example", "3com.com"] {
        assert_eq!(mailbox(&format!("a@{text}")).domain(), text);
    }
    for text in [
        "",
        ".",
        "b..",
        "[1.2.3.4].",
        ".b",
        "b..c",
        "-b",
        "b-",
        "b.-c",
        "b-.c",
        "b c",
        "b@c",
        "b/c",
        "b:25",
        "b>",
        "b!",
        "[1.2.3.4].b",
    ] {
        let error = refused(&format!("a@{text}"));
        assert_eq!(error, AddressError::BadDomain, "{text:?}");
    }
}

#[test]
fn drops_a_dot_at_the_end_of_a_domain() {
    let rooted = mailbox("a@Example.org.");
    assert_eq!((rooted.as_str(), rooted.domain()), ("a@Example.org", "Example.org"));
    assert!(rooted.domain_is("example.org"));
    assert_eq!(Mailbox::parse("a@example.org."), Mailbox::parse("a@example.org"));
    assert_eq!(sender("<a@example.org.> SIZE=1").unwrap().0.as_str(), "a@example.org");
    assert_eq!(recipient("<@r.example:a@example.org.>").unwrap().0.as_str(), "a@example.org");
    for text in ["a@.", "a@example.org..", "a@.example.org.", "a@-."] {
        assert_eq!(refused(text), AddressError::BadDomain, "{text:?}");
    }
    assert_eq!(recipient("<@r.example.:a@b>"), Err(AddressError::SourceRoute));
}

#[test]
fn an_address_without_a_domain_says_so() {
    assert_eq!(refused("user"), AddressError::MissingDomain);
    assert_eq!(refused(""), AddressError::Empty);
    assert_eq!(sender("<user>"), Err(AddressError::MissingDomain));
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    for control in (0..=0x1f).chain(0x7f..=0x9f).chain(0x2028..=0x2029).filter_map(char::from_u32) {
        for place in 0..="\"a\"@b".len() {
            let mut text = String::from("\"a\"@b");
            text.insert(place, control);
            assert_eq!(refused(&text), AddressError::ControlCharacter, "{text:?}");
            assert_eq!(sender(&format!("<{text}>")), Err(AddressError::ControlCharacter), "{text:?}");
        }
        assert_eq!(refused(&format!("\"\\{control}\"@b")), AddressError::ControlCharacter);
        assert_eq!(refused(&format!("a@[x:{control}]")), AddressError::ControlCharacter);
        assert_eq!(HeloName::parse(format!("a{control}").as_bytes()), Err(AddressError::ControlCharacter));
    }
    for argument in ["<a@b>\0", "<a@b>\t", "\r<a@b>", "a\nb", "<>\r\nRCPT TO:<c@d>"] {
        assert_eq!(sender(argument), Err(AddressError::ControlCharacter), "{argument:?}");
    }
}

#[test]
fn addresses_in_utf_8_are_taken_and_told_apart() {
    let mailbox = mailbox("用户@bücher.example");
    assert!(!mailbox.is_ascii());
    assert_eq!(mailbox.unquoted_local_part(), "用户");
    assert!(mailbox.domain_is("BüCHER.example"));
    assert!(Mailbox::parse("user@example.org").unwrap().is_ascii());
    for domain in ["a\u{a0}b", "a\u{202e}b", "a\u{200b}b", "a\u{3000}"] {
        assert_eq!(refused(&format!("x@{domain}")), AddressError::BadDomain, "{domain:?}");
    }
}

#[test]
fn broken_utf_8_is_told_from_a_bad_address() {
    for argument in
        [&b"<\xff@b>"[..], b"<a@\xc3>", b"<\"\xe2\x82\"@b>", b"<a b@\xc3\x28>", b"\x80", b"<a@b>\xc0"]
    {
        assert_eq!(ReversePath::parse_argument(argument), Err(AddressError::InvalidUtf8), "{argument:?}");
    }
    assert_eq!(HeloName::parse(b"caf\xe9"), Err(AddressError::InvalidUtf8));
}

#[test]
fn a_host_may_be_named_by_its_network_address() {
    for (text, printed) in [
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[010.0.0.001]", "[10.0.0.1]"),
        ("[IPv6:2001:DB8:0:0:0:0:0:1]", "[IPv6:2001:db8::1]"),
        ("[ipv6:::ffff:192.0.2.1]", "[IPv6:::ffff:192.0.2.1]"),
        ("[x-tag:some!content]", "[x-tag:some!content]"),
    ] {
        let mailbox = mailbox(&format!("a@{text}"));
        assert_eq!(mailbox.domain(), text);
        assert_eq!(mailbox.address_literal().unwrap().to_string(), printed);
    }
    assert_eq!(mailbox("a@192.0.2.1").address_literal(), None);
    let AddressLiteral::General(general) = AddressLiteral::parse("[tag:a:b]").unwrap() else { panic!() };
    assert_eq!((general.tag(), general.content()), ("tag", "a:b"));
}

#[test]
fn a_network_address_that_is_none_is_refused() {
    for text in [
        "[",
        "[]",
        "[1.2.3]",
        "[1.2.3.4.5]",
        "[1.2.3.256]",
        "[1.2.3.0004]",
        "[1.2.3.+4]",
        "[1.2.3.]",
        "[1.2.3.4",
        "[::1]",
        "[IPv6:]",
        "[IPv6:1.2.3.4]",
        "[IPv6:::1%eth0]",
        "[IPv6:1:2:3:4:5:6:7:8:9]",
        "[IPv6:12345::]",
        "[IPv6:::1::]",
        "[tag:]",
        "[:x]",
        "[tag-:x]",
        "[t_g:x]",
        "[tag:a b]",
        "[tag:a\\b]",
        "[tag:a[b]",
        "[tag:é]",
        "[[1.2.3.4]]",
    ] {
        let error = refused(&format!("a@{text}"));
        assert!(matches!(error, AddressError::BadLiteral | AddressError::BadDomain), "{text:?}: {error:?}");
        assert_eq!(AddressLiteral::parse(text), Err(AddressError::BadLiteral), "{text:?}");
    }
    assert_eq!(AddressLiteral::parse("192.0.2.1"), Err(AddressError::BadLiteral));
}

#[test]
fn the_null_sender_is_a_path_and_the_null_recipient_is_none() {
    let (path, rest) = sender("<> BODY=7BIT").unwrap();
    assert!(path.is_null() && path.mailbox().is_none() && path.domain().is_none());
    assert!(!path.domain_is(""));
    assert_eq!((path.to_string().as_str(), rest), ("", &b" BODY=7BIT"[..]));
    assert_eq!(recipient("<>"), Err(AddressError::NullForwardPath));
}

#[test]
fn the_postmaster_needs_no_domain_in_whatever_case() {
    for argument in ["<Postmaster>", "<postmaster>", "<POSTMASTER> NOTIFY=NEVER"] {
        let (path, _) = recipient(argument).unwrap();
        assert!(path.is_postmaster() && path.domain().is_none() && !path.domain_is(""));
        assert_eq!(path.to_string(), "Postmaster");
    }
    assert!(!recipient("<postmaster@example.org>").unwrap().0.is_postmaster());
    assert_eq!(recipient("<postmasters>"), Err(AddressError::MissingDomain));
    assert_eq!(recipient("<postmaster>x"), Err(AddressError::TrailingGarbage));
    assert_eq!(sender("<postmaster>"), Err(AddressError::MissingDomain));
}

#[test]
fn a_path_needs_its_angle_brackets() {
    for argument in ["a@b", "<a@b", "a@b>", "<", "<\"a>\"@b", "<a@b SIZE=1"] {
        let error = sender(argument).expect_err(argument);
        assert!(matches!(
            error,
            AddressError::MissingAngleBracket | AddressError::BadDomain | AddressError::Empty
        ));
    }
    assert_eq!(sender(""), Err(AddressError::Empty));
    assert_eq!(sender("   "), Err(AddressError::Empty));
    assert_eq!(sender("a@b"), Err(AddressError::MissingAngleBracket));
    assert_eq!(sender("<a@b"), Err(AddressError::MissingAngleBracket));
    assert_eq!(sender("<<a@b>>"), Err(AddressError::BadLocalPart));
}

#[test]
fn only_nothing_or_a_space_may_follow_a_path() {
    assert_eq!(sender("   <a@b>  SIZE=1 ").unwrap().1, b"  SIZE=1 ");
    for argument in ["<a@b>SIZE=1", "<a@b>>", "<>x", "<a@b>\u{a0}SIZE=1"] {
        assert_eq!(sender(argument), Err(AddressError::TrailingGarbage), "{argument:?}");
    }
}

#[test]
fn an_angle_bracket_in_quotes_does_not_end_a_path() {
    let (path, rest) = sender(r#"<"a> SIZE=1"@example.org> SIZE=2"#).unwrap();
    assert_eq!(path.as_str(), r#""a> SIZE=1"@example.org"#);
    assert_eq!(rest, b" SIZE=2");
}

#[test]
fn a_source_route_is_checked_and_dropped() {
    for argument in ["<@a.example:user@b>", "<@a.example,@c.example:user@b>"] {
        assert_eq!(sender(argument).unwrap().0.as_str(), "user@b");
        assert_eq!(recipient(argument).unwrap().0.as_str(), "user@b");
    }
    for argument in [
        "<@a>",
        "<@a:>",
        "<@:u@b>",
        "<@a,:u@b>",
        "<@a,c:u@b>",
        "<@a,@:u@b>",
        "<@é:u@b>",
        "<@a@c:u@b>",
        "<@a:postmaster>",
    ] {
        let error = recipient(argument).expect_err(argument);
        assert!(
            matches!(
                error,
                AddressError::SourceRoute | AddressError::BadLocalPart | AddressError::MissingDomain
            ),
            "{argument:?}: {error:?}"
        );
    }
    assert!(Mailbox::parse("@a:user@b").is_err());
}

#[test]
fn metacharacters_of_shells_and_databases_are_only_data() {
    for local_part in [
        "'or'1'='1'--",
        "$HOME",
        "`id`",
        "|sh",
        "/etc/passwd",
        r#""; drop table mail; --""#,
        r#""../../etc/passwd""#,
    ] {
        assert_eq!(mailbox(&format!("{local_part}@b")).local_part(), local_part);
    }
}

#[test]
fn a_client_may_introduce_itself_by_any_printable_word() {
    let kind = |text: &str| HeloName::parse(text.as_bytes()).unwrap().kind().clone();
    assert_eq!(kind("mail.example.org"), HeloKind::Domain);
    assert_eq!(kind("my_pc"), HeloKind::Domain);
    assert_eq!(kind("mail.example.org."), HeloKind::Domain);
    assert!(HeloName::parse(b"mail.example.org.").unwrap().domain_is("mail.example.org"));
    assert_eq!(kind("bücher.example"), HeloKind::Domain);
    assert!(matches!(kind("[192.0.2.1]"), HeloKind::Literal(AddressLiteral::Ipv4(_))));
    assert!(matches!(kind("[IPv6:::1]"), HeloKind::Literal(AddressLiteral::Ipv6(_))));
    for text in ["192.0.2.1", "::1", "[300.1.1.1]", "host..", "-host", "<script>", "a..b"] {
        assert_eq!(kind(text), HeloKind::Other, "{text:?}");
    }
}

#[test]
fn the_name_of_a_client_is_one_word_of_any_length() {
    assert_eq!(HeloName::parse(b" host  ").unwrap().to_string(), "host");
    assert_eq!(HeloName::parse(b"  "), Err(AddressError::Empty));
    for text in ["my host", "my\u{a0}host", "\u{3000}host"] {
        assert_eq!(HeloName::parse(text.as_bytes()), Err(AddressError::Whitespace), "{text:?}");
    }
    for length in [255, 256, 2_000] {
        assert_eq!(HeloName::parse(&vec![b'h'; length]).unwrap().as_str().len(), length);
    }
}

#[test]
fn every_error_explains_itself_in_a_phrase() {
    for text in ["", "a", "a@-", "a..b@c", "a@[]", "\0"] {
        let phrase = refused(text).to_string();
        assert!(
            phrase.len() > 10 && !phrase.ends_with('.') && phrase.starts_with(char::is_lowercase),
            "{phrase}"
        );
    }
}
