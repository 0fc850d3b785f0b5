//! The exact fields on top of a stored message.

use crate::support::talk::pipe;
use crate::support::{Seen, StoreBy as _, build, builder, tls, traced};
use mailchute::syntax::EnvelopeSyntax;
use mailchute::{Builder, Check, testing};

/// The fields above the end of `Received:`, and below it.
fn split_below_received(whole: &[u8]) -> (&str, &str) {
    let whole = str::from_utf8(whole).expect("it is ASCII");
    whole.split_at(whole.find(" +0000\r\n").expect("there is a date") + " +0000\r\n".len())
}

/// A server that records the trace fields of each message.
fn tracing_server(extra: impl FnOnce(Builder) -> Builder) -> (mailchute::Server, Seen<String>) {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(extra(builder()).store_by(move |message, session| {
        let note = note.clone();
        async move {
            let id = message.id().to_string();
            // Names and times differ between runs.
            let fields = traced(message).await?.replace(&id, "ID");
            note.push(fields.replace(&session.id().to_string(), "SESSION"));
            Ok(())
        }
    }));
    (server, seen)
}

#[tokio::test]
async fn trace_fields_come_first_and_do_not_count_towards_the_limit() {
    let seen = Seen::<Vec<u8>>::default();
    let note = seen.clone();
    let server = build(builder().max_message_size(20).store_by(move |mut message, _session| {
        let note = note.clone();
        async move {
            message.prepend_trace_fields();
            note.push(message.bytes().await?.to_vec());
            Ok(())
        }
    }));
    for (content, expected) in [
        ("Subject: x\r\n\r\nabcd", "Subject: x\r\n\r\nabcd\r\n"),
        (" a: b", "\r\n a: b\r\n"),
        ("From a\r\nFrom b\r\nab", "X-Mailbox-Line: From a\r\nX-Mailbox-Line: From b\r\n\r\nab\r\n"),
    ] {
        let mut client = crate::support::in_data(&server).await;
        client.command(&format!("{content}\r\n.")).await.expect(250);
        let whole = seen.all().pop().expect("it was read");
        let (_, content) = split_below_received(&whole);
        assert_eq!(content, expected);
        assert!(whole.starts_with(b"Return-Path: <alice@client.example>\r\n"));
    }
}

/// The trace fields of a message sent after these lines, from 192.0.2.7 unless `from` says otherwise.
async fn fields_after(lines: &[&[u8]], from: &str) -> String {
    let (server, seen) = tracing_server(|builder| builder);
    let mut client =
        testing::connect(&server).from(from.parse().expect("it is an address and a port")).open();
    client.greeting().await.expect(220);
    for line in lines {
        client.send_bytes(&[line, &b"\r\n"[..]].concat()).await;
        let heard = client.greeting().await;
        assert!(heard.code() == 250, "{}: {heard}", line.escape_ascii());
    }
    client.command("DATA").await.expect(354);
    client.command(".").await.expect(250);
    seen.all().pop().expect("a message was accepted")
}

/// Checks the date, and cuts it off.
fn without_date(fields: &str) -> &str {
    let (rest, date) = fields.rsplit_once("; ").expect("a date stands at the end");
    let date = date.strip_suffix("\r\n").expect("the field is ended");
    let words: Vec<_> = date.split(' ').collect();
    assert_eq!(words.len(), 6, "{date}");
    assert!(words[0].ends_with(',') && words[4].matches(':').count() == 2 && words[5] == "+0000", "{date}");
    rest
}

const CLIENT: &str = "192.0.2.7:40000";

#[tokio::test(start_paused = true)]
async fn the_fields_say_who_sent_what_to_whom_and_how() {
    let lines =
        [&b"EHLO client.example"[..], b"MAIL FROM:<alice@client.example>", b"RCPT TO:<bob@example.com>"];
    let fields = fields_after(&lines, CLIENT).await;
    assert_eq!(
        without_date(&fields),
        "Return-Path: <alice@client.example>\r\n\
         Delivered-To: bob@example.com\r\n\
         Received: from client.example ([192.0.2.7])\r\n\
         \tby mx.example.com (Mailchute) with ESMTP id ID\r\n\
         \tfor <bob@example.com>"
    );
}

#[tokio::test(start_paused = true)]
async fn cuts_a_hello_to_the_length_of_a_domain() {
    let hello = format!("EHLO {}", "h".repeat(2_000));
    let lines = [hello.as_bytes(), b"MAIL FROM:<alice@client.example>", b"RCPT TO:<bob@example.com>"];
    let fields = fields_after(&lines, CLIENT).await;
    assert!(fields.contains(&format!("Received: from {} ([192.0.2.7])\r\n", "h".repeat(255))), "{fields}");
}

#[tokio::test(start_paused = true)]
async fn keeps_esmtp_after_a_lenient_helo_without_a_name() {
    let (server, seen) = tracing_server(|builder| builder.envelope_syntax(EnvelopeSyntax::Lenient));
    let mut client =
        testing::connect(&server).from(CLIENT.parse().expect("it is an address and a port")).open();
    client.greeting().await.expect(220);
    for line in ["EHLO my computer", "HELO", "\tMAIL FROM:scanner.@client.example", "RCPT TO:<bob>"] {
        client.command(line).await.expect(250);
    }
    client.command("DATA").await.expect(354);
    client.command(".").await.expect(250);
    assert_eq!(
        without_date(&seen.all().pop().expect("a message was accepted")),
        "Return-Path: <\"scanner.\"@client.example>\r\n\
         Delivered-To: bob@mx.example.com\r\n\
         Received: from unknown ([192.0.2.7])\r\n\
         \tby mx.example.com (Mailchute) with ESMTP id ID\r\n\
         \tfor <bob@mx.example.com>"
    );
}

#[tokio::test(start_paused = true)]
async fn several_recipients_are_all_kept_and_none_told_of_in_received() {
    let lines = [
        &b"HELO client.example"[..],
        b"MAIL FROM:<>",
        b"RCPT TO:<bob@example.com>",
        b"RCPT TO:<\"carol smith\"@example.com>",
        b"RCPT TO:<Postmaster>",
    ];
    let fields = fields_after(&lines, "[2001:db8::7]:40000").await;
    assert_eq!(
        without_date(&fields),
        "Return-Path: <>\r\n\
         Delivered-To: bob@example.com\r\n\
         Delivered-To: \"carol smith\"@example.com\r\n\
         Delivered-To: Postmaster\r\n\
         Received: from client.example ([IPv6:2001:db8::7])\r\n\
         \tby mx.example.com (Mailchute) with SMTP id ID"
    );
}

#[tokio::test(start_paused = true)]
async fn names_each_recipient_once_in_the_order_of_rcpt() {
    let lines = [
        &b"EHLO client.example"[..],
        b"MAIL FROM:<>",
        b"RCPT TO:<bob@example.com>",
        b"RCPT TO:<carol@example.com>",
        b"RCPT TO:<bob@example.com>",
        b"RCPT TO:<bob@EXAMPLE.com>",
        b"RCPT TO:<\"bob\"@example.com>",
        b"RCPT TO:<Bob@example.com>",
        b"RCPT TO:<bob@example.org>",
        b"RCPT TO:<postmaster>",
        b"RCPT TO:<POSTMASTER>",
        b"RCPT TO:<postmaster@example.com>",
        b"RCPT TO:<@relay.example:carol@example.com>",
        b"RCPT TO:<x@[192.0.2.1]>",
        b"RCPT TO:<x@[192.0.2.1]>",
    ];
    let fields = fields_after(&lines, CLIENT).await;
    let recipients: Vec<_> = fields.lines().filter_map(|line| line.strip_prefix("Delivered-To: ")).collect();
    assert_eq!(
        recipients,
        [
            "bob@example.com",
            "carol@example.com",
            "Bob@example.com",
            "bob@example.org",
            "Postmaster",
            "postmaster@example.com",
            "x@[192.0.2.1]",
        ]
    );
    assert!(!fields.contains("for <"), "{fields}");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_recipient_counts_as_the_only_one() {
    let lines = [
        &b"EHLO client.example"[..],
        b"MAIL FROM:<> SMTPUTF8",
        b"RCPT TO:<bob@xn--bcher-kva.example>",
        "RCPT TO:<bob@B\u{dc}CHER.example>".as_bytes(),
        b"RCPT TO:<bob@XN--bcher-kva.Example>",
    ];
    let fields = fields_after(&lines, CLIENT).await;
    assert_eq!(fields.matches("Delivered-To: ").count(), 1, "{fields}");
    assert!(fields.contains("\r\n\tfor <bob@xn--bcher-kva.example>; "), "{fields}");
}

#[tokio::test(start_paused = true)]
async fn a_recipient_in_both_forms_of_its_domain_is_named_once() {
    let lines = [
        "EHLO client.example".as_bytes(),
        b"MAIL FROM:<> SMTPUTF8",
        "RCPT TO:<bob@bücher.example>".as_bytes(),
        b"RCPT TO:<bob@XN--bcher-kva.example>",
    ];
    let fields = fields_after(&lines, CLIENT).await;
    let recipients: Vec<_> = fields.lines().filter(|line| line.starts_with("Delivered-To: ")).collect();
    assert_eq!(recipients, ["Delivered-To: bob@bücher.example"]);
}

#[tokio::test(start_paused = true)]
async fn an_ipv4_client_on_an_ipv6_socket_is_shown_as_ipv4() {
    let lines = [&b"EHLO client.example"[..], b"MAIL FROM:<>", b"RCPT TO:<bob@example.com>"];
    let fields = fields_after(&lines, "[::ffff:192.0.2.7]:40000").await;
    assert!(fields.contains("Received: from client.example ([192.0.2.7])\r\n"), "{fields}");
}

#[tokio::test(start_paused = true)]
async fn no_name_of_a_client_can_end_a_comment_or_a_field() {
    let hostile: [&[u8]; 9] = [
        b"x)(by evil.example",
        b"a;b",
        b"x\\",
        b"\"quoted",
        b"<angle>",
        b"evil.example([203.0.113.9])",
        b"a@b",
        b"under_score",
        b"[999.1.2.3]",
    ];
    for name in hostile {
        let (server, seen) = tracing_server(|builder| builder);
        let mut client = testing::connect(&server).open();
        client.greeting().await.expect(220);
        client.send_bytes(&[b"EHLO ", name, b"\r\n"].concat()).await;
        // A name that is refused does no harm either.
        if client.greeting().await.code() != 250 {
            continue;
        }
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.command("DATA").await.expect(354);
        client.command(".").await.expect(250);
        let fields = seen.all().pop().unwrap();
        let received = fields.lines().find(|line| line.starts_with("Received: ")).unwrap();
        let shown =
            received.strip_prefix("Received: from ").and_then(|rest| rest.strip_suffix(" ([127.0.0.1])"));
        let shown = shown.unwrap_or_else(|| panic!("{received:?}"));
        assert!(!shown.contains(['(', ')', ';', '\\', '"', '<', '>', ' ', '@']), "{received:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn names_in_trace_fields_stay_printable_ascii_without_smtputf8() {
    for name in [
        "b\u{fc}cher.example",
        "\u{202e}elpmaxe.live",
        "a\u{200b}b\u{feff}c",
        "a\u{e0041}b",
        "a\u{85}b.example",
        "a\u{7f}b",
        "a\tb",
        "a\0b",
    ] {
        for is_utf8 in [false, true] {
            let (server, seen) = tracing_server(|builder| builder);
            let mut client = testing::connect(&server).open();
            client.greeting().await.expect(220);
            if client.command(&format!("EHLO {name}")).await.code() != 250 {
                continue;
            }
            let mail = if is_utf8 { "MAIL FROM:<> SMTPUTF8" } else { "MAIL FROM:<>" };
            client.command(mail).await.expect(250);
            client.command("RCPT TO:<bob@example.com>").await.expect(250);
            client.command("DATA").await.expect(354);
            client.command(".").await.expect(250);
            let fields = seen.all().pop().unwrap();
            let lines = fields.replace("\r\n", "\n");
            assert!(
                !lines.contains(|c: char| mailchute::syntax::is_control(c) && !matches!(c, '\n' | '\t')),
                "{fields:?}"
            );
            assert!(is_utf8 || fields.is_ascii(), "{fields:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_in_utf8_are_kept_as_they_are() {
    let lines = [
        &b"EHLO client.example"[..],
        "MAIL FROM:<j\u{f6}rg@client.example> SMTPUTF8".as_bytes(),
        "RCPT TO:<b\u{f6}b@example.com>".as_bytes(),
    ];
    let fields = fields_after(&lines, CLIENT).await;
    assert!(
        fields
            .starts_with("Return-Path: <j\u{f6}rg@client.example>\r\nDelivered-To: b\u{f6}b@example.com\r\n")
    );
    assert!(fields.contains(" with UTF8SMTP id "), "{fields}");
}

#[tokio::test(start_paused = true)]
async fn the_protocol_is_named_by_its_keyword() {
    const AUTH: &str = "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=";
    let cases: [(bool, &[&str], &str, &str); 9] = [
        (false, &["HELO x"], "", "SMTP"),
        (false, &["EHLO x"], "", "ESMTP"),
        (false, &["EHLO x"], " SMTPUTF8", "UTF8SMTP"),
        (false, &["EHLO x", AUTH], "", "ESMTPA"),
        (false, &["EHLO x", AUTH], " SMTPUTF8", "UTF8SMTPA"),
        (true, &["EHLO x"], "", "ESMTPS"),
        (true, &["EHLO x", AUTH], "", "ESMTPSA"),
        (true, &["EHLO x", AUTH], " SMTPUTF8", "UTF8SMTPSA"),
        (true, &["HELO x"], "", "SMTP"),
    ];
    for (is_tls, lines, parameters, keyword) in cases {
        let (server, seen) = tracing_server(|builder| {
            builder.tls(tls::config()).allow_plaintext_auth().on_auth(|_, _| async { Check::Right })
        });
        let mail = format!("MAIL FROM:<>{parameters}");
        let all = lines.iter().copied().chain([&*mail, "RCPT TO:<bob@example.com>", "DATA", "."]);
        let (mut client, _session) = pipe(&server, 65_536);
        if is_tls {
            let mut client = tls::start_tls(client).await;
            for line in all {
                client.say(line).await;
            }
        } else {
            client.read_reply().await;
            for line in all {
                client.say(line).await;
            }
        }
        let fields = seen.all().pop().unwrap();
        assert!(fields.contains(&format!(" with {keyword} id ID")), "{keyword}: {fields}");
        let tls_line = fields.lines().find(|line| line.starts_with("\t(version=TLSv1.3 cipher=TLS_"));
        assert_eq!(tls_line.is_some(), is_tls, "{fields}");
        assert!(fields.lines().all(|line| line.len() < 200), "{fields}");
    }
}
