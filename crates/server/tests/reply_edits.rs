//! Standard replies get other texts by `on_reply`, and nothing else changes.

use crate::support::{StoreBy as _, accepting, build, builder, deliver, hello, log};
use mailchute::command::Verb;
use mailchute::reply::Name;
use mailchute::{Refusal, Reply, Verdict, testing};

#[tokio::test]
async fn greeting_ehlo_commands_and_refusals_get_other_texts() {
    let server = build(accepting().max_recipients(1).on_reply(|standard, session| match standard.name() {
        Name::GREETING => Some(standard.with_text("ESMTP Acme")),
        Name::HELLO => Some(standard.with_text("pleased to meet you")),
        Name::SENDER_OK => Some(Reply::new(250, (2, 1, 5), format!("Welcome, {}", session.messages()))),
        Name::TOO_MANY_RECIPIENTS => Some(Reply::new(450, (4, 5, 3), "One at a time")),
        Name::START_DATA => Some(standard.with_text("Go ahead")),
        Name::MESSAGE_ACCEPTED => panic!("the reply of the store is not a standard reply"),
        Name::NESTED_MAIL => Some(Reply::new(550, (5, 5, 1), "Not again")),
        Name::GOODBYE => Some(Reply::new(221, (2, 0, 0), "See you")),
        _ => None,
    }));
    let mut client = testing::connect(&server).open();
    assert_eq!(client.greeting().await.lines(), ["220 mx.example.com ESMTP Acme"]);
    let heard = client.command("EHLO client.example").await.expect(250);
    assert_eq!(heard.lines()[..2], ["250-mx.example.com pleased to meet you", "250-PIPELINING"]);
    assert_eq!(client.command("MAIL FROM:<a@b.example>").await.lines(), ["250 2.1.5 Welcome, 0"]);
    assert_eq!(client.command("MAIL FROM:<a@b.example>").await.lines(), ["550 5.5.1 Not again"]);
    assert_eq!(client.command("RCPT TO:<a@example.com>").await.lines(), ["250 2.1.5 Recipient OK"]);
    assert_eq!(client.command("RCPT TO:<b@example.com>").await.lines(), ["450 4.5.3 One at a time"]);
    assert_eq!(client.command("DATA").await.lines(), ["354 Go ahead"]);
    client.command("\r\n.").await.expect(250);
    assert_eq!(client.command("QUIT").await.lines(), ["221 2.0.0 See you"]);
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test]
async fn what_hooks_and_stores_say_stays() {
    let server = build(
        builder()
            .on_reply(|standard, _| Some(standard.with_text(format!("edited {}", standard.name()))))
            .on_mail_from(|_, _| async { Verdict::AcceptWith(Reply::new(250, (2, 1, 0), "Hook")) })
            .on_rcpt_to(|to, _| async move {
                match to.as_str() {
                    "refused@example.com" => Err(Refusal::new(550, (5, 1, 1), "Hook")),
                    to => Verdict::accept_if(to == "bob@example.com"),
                }
            })
            .store_by(|mut message, _| async move { message.bytes().await.map(drop).map_err(Refusal::from) }),
    );
    let mut client = hello(&server).await;
    assert_eq!(client.command("MAIL FROM:<>").await.lines(), ["250 2.1.0 Hook"]);
    assert_eq!(client.command("RCPT TO:<refused@example.com>").await.lines(), ["550 5.1.1 Hook"]);
    let standard = client.command("RCPT TO:<c@example.com>").await;
    assert_eq!(standard.lines(), ["550 5.1.1 edited RECIPIENT_REFUSED"]);
    client.command("RSET").await.expect(250);
    assert!(!deliver(&mut client).await.to_string().contains("edited"), "the store answers");
    assert_eq!(client.command("VRFY a").await.lines(), ["252 2.5.0 edited CANNOT_VERIFY"]);
    assert_eq!(client.command("FOO").await.lines(), ["500 5.5.1 edited UNKNOWN_COMMAND"]);
}

/// A reply that cannot stand instead of a standard one, by the argument of NOOP, and what the log says.
fn mistaken(argument: &str) -> Reply {
    match argument {
        "refusal" => Reply::new(550, (5, 0, 0), "No"),
        "closing" => Reply::new(250, (2, 0, 0), "Bye").hang_up(),
        "break" => Reply::new(250, (2, 0, 0), "OK\r\n250 injected"),
        "eight-bit" => Reply::new(250, (2, 0, 0), "schön"),
        "long" => Reply::new(250, (2, 0, 0), "x".repeat(497)),
        _ => Reply::new(354, (3, 0, 0), "panics"),
    }
}

#[tokio::test]
async fn a_wrong_reply_leaves_the_standard_one_and_an_error() {
    for (argument, error) in [
        ("refusal", "OK: code 550 cannot stand in place of 250: write 2yz"),
        ("closing", "OK: it closes the connection, and the standard reply does not"),
        ("break", "OK: the text must be one line of printable ASCII"),
        ("eight-bit", "OK: the text must be one line of printable ASCII"),
        ("long", "OK: the text is too long: write at most 496 bytes"),
        ("panic", "reply code 354 asks the client for more"),
    ] {
        let (log, _guard) = log::capture();
        let server = build(accepting().on_reply(move |standard, _session| {
            (standard.verb() == Some(Verb::Noop)).then(|| mistaken(argument))
        }));
        let mut client = hello(&server).await;
        assert_eq!(client.command("NOOP").await.lines(), ["250 2.0.0 OK"], "{argument}");
        assert_eq!(client.command("RSET").await.lines(), ["250 2.0.0 OK"], "{argument}");
        log.expect(error);
        log.expect("hook=\"on_reply\"");
    }
}

#[tokio::test]
async fn a_refusal_never_becomes_an_acceptance_or_a_421() {
    for wrong in [Reply::new(250, (2, 0, 0), "Yes"), Reply::new(451, (4, 0, 0), "Later")] {
        let server = build(
            accepting()
                .on_reply(move |standard, _| (standard.name() == Name::NEED_MAIL).then(|| wrong.clone())),
        );
        let mut client = hello(&server).await;
        let heard = client.command("RCPT TO:<a@example.com>").await;
        assert_eq!(heard.lines(), ["503 5.5.1 Send MAIL first"]);
    }
    let server = build(accepting().max_errors(1).on_reply(|standard, _| match standard.name() {
        Name::TOO_MANY_ERRORS => Some(Reply::new(450, (4, 7, 0), "Go on")),
        Name::UNKNOWN_COMMAND => Some(Reply::new(421, (4, 7, 0), "Bye")),
        _ => None,
    }));
    let mut client = hello(&server).await;
    assert_eq!(client.command("FOO").await.lines(), ["421 4.7.0 Too many errors"]);
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test]
async fn a_session_still_ends_after_an_edited_421_or_violation() {
    let server = build(accepting().on_reply(|standard, _| match standard.name() {
        Name::NOT_HTTP => Some(Reply::new(221, (2, 7, 0), "Mail only")),
        _ => None,
    }));
    let mut client = hello(&server).await;
    assert_eq!(client.command("GET / HTTP/1.1").await.lines(), ["221 2.7.0 Mail only"]);
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test]
async fn listeners_and_conditions_have_texts_and_the_first_wins() {
    let server = build(
        accepting()
            .on("submission", |b| {
                b.on_reply(|standard, _| {
                    (standard.name() == Name::GREETING).then(|| standard.with_text("Submission"))
                })
            })
            .when(
                |session| session.client_ip().is_loopback(),
                |b| {
                    b.on_reply(|standard, _| {
                        (standard.name() == Name::GREETING).then(|| standard.with_text("Home"))
                    })
                },
            )
            .on_reply(|standard, _| {
                matches!(standard.name(), Name::GREETING).then(|| standard.with_text("Everyone"))
            }),
    );
    for (listener, from, expected) in [
        ("submission", "127.0.0.1", "220 mx.example.com Submission"),
        ("mx", "127.0.0.1", "220 mx.example.com Home"),
        ("mx", "192.0.2.1", "220 mx.example.com Everyone"),
    ] {
        let mut client = testing::connect(&server)
            .listener(listener)
            .from((from.parse::<std::net::IpAddr>().expect("an address"), 1_000).into())
            .open();
        assert_eq!(client.greeting().await.lines(), [expected]);
    }
}

#[tokio::test]
async fn a_greeting_fits_512_bytes_beside_the_longest_hostname() {
    let hostname = format!("{0}.{0}.{0}.{0}", "x".repeat(60));
    for (length, fits) in [(506 - 1 - 243, true), (506 - 243, false)] {
        let server = build(accepting().hostname(&hostname).on_reply(move |standard, _| {
            (standard.name() == Name::GREETING).then(|| standard.with_text("y".repeat(length)))
        }));
        let mut client = testing::connect(&server).open();
        let line = client.greeting().await.to_string();
        assert!(line.len() <= 510);
        assert_eq!(line.ends_with("yyy"), fits, "{line}");
    }
}

#[tokio::test]
async fn timeouts_and_shutdown_have_editable_texts_too() {
    let server = build(accepting().on_reply(|standard, _| {
        (standard.name() == Name::SHUTTING_DOWN)
            .then(|| Reply::new(421, (4, 3, 2), format!("Back soon {:?}", standard.verb())))
    }));
    let mut client = hello(&server).await;
    server.shutdown(std::time::Duration::ZERO);
    assert_eq!(client.read_reply().await.lines(), ["421 4.3.2 Back soon None"]);
}
