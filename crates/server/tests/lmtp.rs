//! LMTP through the library: a reply for each recipient, refusals of single ones by hooks and stores, and the stored
//! content.

use crate::support::mailboxes::{Mailboxes, deliver_to};
use crate::support::{Seen, StoreBy as _, accepting, build, builder, read_all, tls};
use mailchute::events::Event;
use mailchute::listen::Arrival;
use mailchute::testing::{self, Client};
use mailchute::{Builder, Check, Listener, Refusal, Server};

fn full(builder: Builder) -> (Server, Seen<String>) {
    let kept = Seen::default();
    (build(builder.store(Mailboxes(kept.clone()))), kept)
}

/// Sends a message to these recipients, and returns the replies to it.
async fn deliver(client: &mut Client, hello: &str, recipients: &[&str]) -> Vec<String> {
    deliver_to(client, hello, recipients).await.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_its_reply_and_the_same_one_twice_has_two() {
    let (server, kept) = full(builder());
    let mut client = testing::connect(&server).lmtp().open();
    let replies =
        deliver(&mut client, "LHLO", &["bob@example.com", "full@example.com", "bob@example.com"]).await;
    let delivered = "250 2.1.5 Delivered";
    assert_eq!(replies, [delivered, "452 4.2.2 Mailbox full", delivered, "221 2.0.0 Closing connection"]);
    assert_eq!(kept.all(), ["bob@example.com", "bob@example.com"]);
}

#[tokio::test(start_paused = true)]
async fn in_smtp_a_recipient_refused_by_the_store_refuses_the_message() {
    let (server, kept) = full(builder());
    let mut client = testing::connect(&server).open();
    let replies = deliver(&mut client, "EHLO", &["bob@example.com", "full@example.com"]).await;
    assert_eq!(replies, ["452 4.2.2 Mailbox full", "221 2.0.0 Closing connection"]);
    assert_eq!(kept.all(), ["bob@example.com"], "he gets it again when the client tries again");
}

/// A hook that refuses Carl after reading the message.
fn without_carl(builder: Builder) -> Builder {
    builder.on_message(|mut message, _session| async move {
        message.bytes().await?;
        let recipients = &message.envelope().recipients;
        if let Some(place) = recipients.iter().position(|to| to.as_str() == "carl@example.com") {
            message.refuse(place, Refusal::new(550, (5, 7, 1), "Carl wants no such mail"));
            // The first answer stays, and the last index is out of range.
            message.refuse(place, Refusal::new(451, (4, 7, 1), "Not heard"));
            message.refuse(99, Refusal::new(550, (5, 7, 1), "Nobody"));
        }
        Ok(message)
    })
}

#[tokio::test(start_paused = true)]
async fn an_early_refusal_of_a_recipient_is_sent_after_the_chunk() {
    let server = build(builder().store_by(|message, _session| async move {
        message.refuse(1, Refusal::new(452, (4, 2, 2), "Mailbox full"));
        message.refuse(2, std::io::Error::other("a secret").into());
        Err::<(), _>(Refusal::new(550, (5, 7, 1), "Not here"))
    }));
    let mut client = testing::connect(&server).lmtp().open();
    client.greeting().await.expect(220);
    client.command("LHLO client.example").await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for name in ["a", "b", "c", "d"] {
        client.command(&format!("RCPT TO:<{name}@example.com>")).await.expect(250);
    }
    client.send_bytes(b"BDAT 6 LAST\r\nQUIT\r\n").await;
    for (code, text) in [(550, "Not here"), (452, "Mailbox full"), (451, "Internal error"), (550, "Not here")]
    {
        let reply = client.read_reply().await.expect(code).to_string();
        assert!(reply.contains(text), "{reply}");
    }
    client.command("NOOP").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn later_hooks_see_only_the_recipients_that_are_left() {
    let (server, kept) = full(without_carl(builder()));
    let mut client = testing::connect(&server).lmtp().open();
    let to = ["bob@example.com", "carl@example.com", "full@example.com", "dora@example.com"];
    let replies = deliver(&mut client, "LHLO", &to).await;
    let (delivered, no, later) =
        ("250 2.1.5 Delivered", "550 5.7.1 Carl wants no such mail", "452 4.2.2 Mailbox full");
    assert_eq!(replies, [delivered, no, later, delivered, "221 2.0.0 Closing connection"]);
    assert_eq!(kept.all(), ["bob@example.com", "dora@example.com"]);
}

#[tokio::test(start_paused = true)]
async fn smtp_asks_no_later_hook_once_one_recipient_is_refused() {
    let (server, kept) = full(without_carl(builder()));
    let mut client = testing::connect(&server).open();
    let replies = deliver(&mut client, "EHLO", &["bob@example.com", "carl@example.com"]).await;
    assert_eq!(replies, ["550 5.7.1 Carl wants no such mail", "221 2.0.0 Closing connection"]);
    assert_eq!(kept.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_left_nobody_is_not_asked() {
    let (server, kept) = full(without_carl(builder()));
    let mut client = testing::connect(&server).lmtp().open();
    let replies = deliver(&mut client, "LHLO", &["carl@example.com"]).await;
    assert_eq!(replies, ["550 5.7.1 Carl wants no such mail", "221 2.0.0 Closing connection"]);
    assert_eq!(kept.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_says_yes_and_an_error_are_answered_451() {
    let server = build(builder().store_by(|mut message, _session| async move {
        message.bytes().await?;
        message.refuse(0, Refusal::new(250, (2, 0, 0), "Yes"));
        message.refuse(1, std::io::Error::other("a secret").into());
        Ok(())
    }));
    let mut client = testing::connect(&server).lmtp().open();
    let to = ["a@example.com", "b@example.com", "c@example.com"];
    let replies = deliver(&mut client, "LHLO", &to).await;
    assert!(replies[..2].iter().all(|reply| reply.starts_with("451 4.3.0 Internal error")), "{replies:?}");
    assert!(replies[2].starts_with("250 2.6.0 "), "{replies:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_refuses_for_all_who_were_not_refused_by_name() {
    let server = build(builder().store_by(|message, _session| async move {
        message.refuse(0, Refusal::new(550, (5, 2, 1), "Disabled"));
        read_all(message).await?;
        assert!(std::hint::black_box(false), "a slip");
        Ok::<_, Refusal>(())
    }));
    let mut client = testing::connect(&server).lmtp().open();
    let replies = deliver(&mut client, "LHLO", &["a@example.com", "b@example.com"]).await;
    assert_eq!(replies[0], "550 5.2.1 Disabled");
    assert!(replies[1].starts_with("451 4.3.0 "), "{replies:?}");
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_message_names_those_who_have_it() {
    let (server, _kept) = full(builder());
    let mut events = server.events();
    let mut client = testing::connect(&server).lmtp().open();
    deliver(&mut client, "LHLO", &["full@example.com", "bob@example.com"]).await;
    loop {
        match events.next().await.expect("the session tells of the message") {
            Event::Message { envelope, session, .. } => {
                let to: Vec<_> = envelope.recipients.iter().map(mailchute::Recipient::as_str).collect();
                assert_eq!(to, ["bob@example.com"]);
                assert_eq!(session.messages(), 1);
                return;
            }
            Event::Disconnect { .. } => panic!("no message was told of"),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_refused_for_all_recipients_causes_no_event() {
    let (server, _kept) = full(builder());
    let mut events = server.events();
    let mut client = testing::connect(&server).lmtp().open();
    let replies = deliver(&mut client, "LHLO", &["full@example.com", "full2@example.com"]).await;
    assert_eq!(replies[..2], ["452 4.2.2 Mailbox full", "452 4.2.2 Mailbox full"]);
    loop {
        match events.next().await.expect("the session tells of its end") {
            Event::Message { .. } => panic!("nobody has it"),
            Event::Disconnect { session, .. } => return assert_eq!(session.messages(), 0),
            _ => {}
        }
    }
}

/// The `with` keyword of a session at MAIL with these parameters.
async fn protocol(parameters: &str, secure: bool, authenticate: bool) -> String {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let builder = builder().tls(tls::config()).allow_plaintext_auth().on_auth(|_, _| async { Check::Right });
    let server = build(builder.store_by(move |message, session| {
        note.push(session.transmission_type().to_string());
        read_all(message)
    }));
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let serving = server.clone();
    tokio::spawn(async move {
        let lmtp = Arrival::new(crate::support::talk::CLIENT).lmtp();
        serving.serve_connection(theirs, lmtp).await;
    });
    let mut client = crate::support::talk::Talk::<Box<dyn mailchute::listen::Io>>::new(Box::new(ours));
    client.read_reply().await;
    client.ask("LHLO client.example", "250").await;
    if secure {
        client.ask("STARTTLS", "220").await;
        let secured = tls::secure(client.into_inner(), rustls::ALL_VERSIONS).await;
        client = crate::support::talk::Talk::new(Box::new(secured.into_inner()));
        client.ask("LHLO client.example", "250").await;
    }
    if authenticate {
        client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235").await;
    }
    client.ask(&format!("MAIL FROM:<alice@client.example>{parameters}"), "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(".", "250").await;
    seen.all().concat()
}

#[tokio::test(start_paused = true)]
async fn the_protocol_has_its_registered_names() {
    let names = [
        ("", false, false, "LMTP"),
        ("", false, true, "LMTPA"),
        ("", true, false, "LMTPS"),
        ("", true, true, "LMTPSA"),
        (" SMTPUTF8", false, false, "UTF8LMTP"),
        (" SMTPUTF8", true, false, "UTF8LMTPS"),
        (" SMTPUTF8", false, true, "UTF8LMTPA"),
        (" SMTPUTF8", true, true, "UTF8LMTPSA"),
    ];
    for (parameters, secure, authenticate, name) in names {
        assert_eq!(protocol(parameters, secure, authenticate).await, name);
    }
}

#[tokio::test]
async fn a_listener_of_lmtp_speaks_it_over_tcp() {
    let server = build(accepting());
    let serving = server.listen(Listener::new("127.0.0.1:0").lmtp()).await.expect("a port is free");
    let address = serving.addrs()[0];
    assert_eq!(serving.endpoints().map(ToString::to_string).collect::<Vec<_>>(), [address.to_string()]);
    tokio::spawn(serving.into_future());
    let mut client = crate::support::talk::connect(address).await;
    assert_eq!(client.read_reply().await, "220 mx.example.com LMTP Mailchute\r\n");
    client.ask("EHLO client.example", "500 5.5.1 ").await;
    client.ask("LHLO client.example", "250-mx.example.com\r\n").await;
}

#[tokio::test]
async fn lmtp_is_not_spoken_on_port_25() {
    let error = build(accepting())
        .listen(Listener::new("127.0.0.1:25").lmtp())
        .await
        .expect_err("RFC 2033 forbids it");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "127.0.0.1:25: port 25 is for SMTP; for LMTP write another port, such as 24, or a Unix socket"
    );
}
