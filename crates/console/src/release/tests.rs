use super::*;
use crate::mail::Mail;

fn recipient(address: &str) -> Recipient {
    address.parse().unwrap_or_else(|error| panic!("{address}: {error}"))
}

fn includes(allowed: &str, address: &str) -> bool {
    allowed.parse::<ReleaseTo>().unwrap().includes(&recipient(address))
}

#[test]
fn an_address_is_the_same_in_all_its_spellings() {
    for address in ["bob@example.com", "BOB@EXAMPLE.com", "\"bob\"@example.com"] {
        assert!(includes("Bob@example.com", address), "{address}");
    }
    for address in ["bob+x@example.com", "bob@sub.example.com", "eve@example.com", "bob@[127.0.0.1]"] {
        assert!(!includes("bob@example.com", address), "{address}");
    }
    assert!(includes("bob@[127.0.0.1]", "bob@[127.0.0.1]"));
}

#[test]
fn a_domain_is_without_those_below_and_a_dot_is_those_below() {
    assert!(
        includes("example.com", "bob@EXAMPLE.com") && includes("bücher.example", "a@xn--bcher-kva.example")
    );
    assert!(
        !includes("example.com", "bob@sub.example.com") && !includes("example.com", "bob@badexample.com")
    );
    assert!(includes(".example.com", "bob@a.b.example.com"));
    assert!(!includes(".example.com", "bob@example.com") && !includes(".example.com", "bob@badexample.com"));
}

#[test]
fn a_domain_allows_no_address_that_names_another_host() {
    let routed = [
        "eve%example.net@example.com",
        "example.net!eve@example.com",
        "\"eve@example.net\"@example.com",
        "\"@example.net:eve\"@example.com",
        "\"eve%example.net\"@example.com",
    ];
    for address in routed {
        assert!(!includes("example.com", address), "{address}");
    }
    // Somebody has written this one down.
    assert!(includes("eve%example.net@example.com", "eve%example.net@example.com"));
}

#[test]
fn other_texts_are_not_recipients() {
    for text in
        ["", "*", ".", "@example.com", "bob@", "a b", "example.com,", "*.example.com", "bob@example.com,x"]
    {
        assert_eq!(text.parse::<ReleaseTo>(), Err(NotReleaseTo), "{text}");
    }
}

#[test]
fn the_fields_of_a_delivery_stay_here_and_no_others() {
    let cut = |text: &'static str| {
        let content = as_received(&Mail::parse(Bytes::from_static(text.as_bytes())));
        String::from_utf8(content.to_vec()).unwrap()
    };
    let delivered = "Return-Path: <a@b.example>\nDelivered-To: bob@example.com\n\tx\nDelivered-To: eve@example.com\n\
        Received: from x\n\tby y\nReturn-Path: <kept>\nDelivered-To: kept\nSubject: x\n\nDelivered-To: text\n";
    let rest = &delivered[delivered.find("Received").unwrap()..];
    assert_eq!(cut(delivered), rest.replace('\n', "\r\n"));
    assert_eq!(
        cut(
            "Return-Path: <>\r\nAuthentication-Results: mx;\r\n\tauth=pass smtp.auth=alice\r\nDKIM-Signature: s\r\ndelivered-to: x\r\n\
             Received: y\r\nAuthentication-Results: kept\r\n\r\nz"
        ),
        "DKIM-Signature: s\r\nReceived: y\r\nAuthentication-Results: kept\r\n\r\nz"
    );
    for text in ["", "x", "Return-Path: <a@b.example>\nSubject: no server has added anything\n\nx\n"] {
        assert_eq!(cut(text), text.replace('\n', "\r\n"));
    }
    assert_eq!(
        cut("Subject: x\r\n\r\na\nb\rc\r\r\nd\n\n.\ne"),
        "Subject: x\r\n\r\na\r\nb\r\nc\r\n\r\nd\r\n\r\n.\r\ne"
    );
}

#[test]
fn the_sender_stays_and_what_the_message_needs_is_asked_for() {
    let of = |sender, is_international, content: &str, to| {
        let envelope = envelope(sender, is_international, content.as_bytes(), vec![recipient(to)]);
        let parameters = envelope.sender.parameters();
        (envelope.sender.as_str().to_owned(), parameters.body, parameters.smtputf8)
    };
    let (alice, eight_bit) = (Some("alice@client.example"), Some(BodyKind::EightBitMime));
    assert_eq!(of(alice, false, "x", "b@c.example"), ("alice@client.example".into(), None, false));
    assert_eq!(of(Some(""), true, "ü", "b@c.example"), (String::new(), eight_bit, true));
    assert_eq!(of(None, false, "ü", "bü@c.example"), (String::new(), eight_bit, true));
    assert_eq!(of(Some("not an address"), false, "x", "b@c.example").0, "");
}
