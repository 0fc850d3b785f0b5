//! The counts of a server after exact sessions.

use std::time::Duration;

use crate::support::talk::{Talk, connect, pipe};
use crate::support::{MESSAGE, accepting, build, tls};
use mailchute::listen::Arrival;
use mailchute::{Check, Listener, Refusal, Server, Stats, Verdict};

/// Stats with these numbers and no others.
fn stats(set: impl FnOnce(&mut Stats)) -> Stats {
    let mut stats = Stats::default();
    set(&mut stats);
    stats
}

/// A server that refuses one recipient, one login and messages that contain a word.
fn picky() -> Server {
    let builder = accepting().allow_plaintext_auth().tls(tls::config());
    let builder = builder.on_auth(|credentials, _| {
        let check = Check::right_if(credentials.identity() == "alice");
        async move { check }
    });
    let builder = builder.on_rcpt_to(|to, _| {
        let verdict = Verdict::accept_if(to.as_str() == "bob@example.com");
        async move { verdict }
    });
    build(builder.on_message(|mut message, _session| async move {
        let content = message.bytes().await?;
        if content.windows(4).any(|word| word == b"spam") {
            return Err(Refusal::new(550, (5, 7, 1), "No spam"));
        }
        Ok(message)
    }))
}

#[tokio::test(start_paused = true)]
async fn counts_a_session_exactly() {
    let server = picky();
    assert_eq!(server.stats(), Stats::default());
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("AUTH PLAIN AGV2ZQB3b25kZXJsYW5k", "535").await;
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235").await;
    let mut expected = stats(|stats| {
        stats.connections_open = 1;
        stats.sessions = 1;
        stats.logins_accepted = 1;
        stats.logins_refused = 1;
        stats.refusals = 1;
    });
    assert_eq!(server.stats(), expected);
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("RCPT TO:<eve@example.com>", "550").await;
    client.ask("RCPT TO:<bob@", "501").await;
    client.ask("DATA", "354").await;
    client.ask(MESSAGE, "250").await;
    expected.recipients_accepted = 2;
    expected.recipients_refused = 1;
    expected.refusals += 2;
    expected.messages_accepted = 1;
    expected.message_bytes = "Subject: hello\r\n\r\nHello Bob\r\n".len() as u64;
    assert_eq!(server.stats(), expected);
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask("Subject: spam\r\n\r\n.", "550").await;
    expected.recipients_accepted = 3;
    expected.messages_refused = 1;
    expected.refusals += 1;
    assert_eq!(server.stats(), expected);
    // Neither counts as a message.
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("DATA", "503").await;
    client.ask("RSET", "250").await;
    client.ask("QUIT", "221").await;
    session.await.expect("the session does not panic");
    expected.connections_open = 0;
    expected.refusals += 1;
    expected.ended.quit = 1;
    assert_eq!(server.stats(), expected);
}

#[tokio::test]
async fn counts_what_is_refused_before_its_content_or_for_its_size() {
    let early =
        accepting().on_data(|_envelope, _session| async { Refusal::new(554, (5, 7, 1), "Not from you") });
    let early = build(early);
    let small = build(accepting().max_message_size(20));
    for (server, replies) in [(early, ["554 5.7.1", ""]), (small, ["354", "552 5.3.4"])] {
        let (mut client, _session) = pipe(&server, 65_536);
        client.hello().await;
        client.ask("MAIL FROM:<>", "250").await;
        client.ask("RCPT TO:<bob@example.com>", "250").await;
        client.ask("DATA", replies[0]).await;
        if !replies[1].is_empty() {
            client.ask(MESSAGE, replies[1]).await;
        }
        let counted = server.stats();
        assert_eq!((counted.messages_accepted, counted.messages_refused), (0, 1));
    }
}

#[tokio::test]
async fn counts_an_lmtp_message_once_if_one_recipient_gets_it() {
    let server = build(accepting().on_message(|mut message, _session| async move {
        message.bytes().await?;
        message.refuse(0, Refusal::new(452, (4, 2, 2), "Mailbox full"));
        Ok(message)
    }));
    let (ours, theirs) = tokio::io::duplex(65_536);
    let arrival = Arrival::new(([192, 0, 2, 7], 40_000).into()).lmtp();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_connection(theirs, arrival).await });
    let mut client = Talk::new(ours);
    client.read_reply().await;
    client.ask("LHLO client.example", "250").await;
    for (recipients, counted) in [(2, (1, 0)), (1, (1, 1))] {
        client.ask("MAIL FROM:<>", "250").await;
        for _ in 0..recipients {
            client.ask("RCPT TO:<bob@example.com>", "250").await;
        }
        client.ask("DATA", "354").await;
        client.ask(MESSAGE, "452 4.2.2").await;
        for _ in 1..recipients {
            assert!(client.read_reply().await.starts_with("250 "));
        }
        assert_eq!((server.stats().messages_accepted, server.stats().messages_refused), counted);
    }
}

#[tokio::test]
async fn counts_connections_that_a_limit_refuses() {
    let server = build(accepting().max_connections(1));
    let (mut first, _session) = pipe(&server, 65_536);
    first.hello().await;
    let (mut second, _session) = pipe(&server, 65_536);
    assert!(second.read_reply().await.starts_with("421 4.3.2 "));
    let expected = stats(|stats| {
        stats.connections_open = 1;
        stats.sessions = 1;
        stats.connections_refused = 1;
    });
    assert_eq!(server.stats(), expected);
}

#[tokio::test]
async fn counts_handshakes_and_those_that_fail() {
    let server = picky();
    let listener = Listener::new("127.0.0.1:0").implicit_tls();
    let running = server.listen(listener).await.expect("a port is free").spawn(Duration::ZERO).unwrap();
    let address = running.addrs()[0];
    let mut client = tls::secure(connect(address).await.into_inner(), rustls::ALL_VERSIONS).await;
    client.hello().await;
    let mut plain = connect(address).await;
    plain.write("EHLO client.example\r\n").await;
    drop(plain.rest().await);
    // A check whether the port is open.
    let mut silent = connect(address).await;
    silent.finish().await;
    drop(silent.rest().await);
    let counted = server.stats();
    assert_eq!((counted.tls_handshakes, counted.tls_failures), (1, 1));
}

#[tokio::test]
async fn goes_on_counting_after_a_reconfiguration() {
    let server = picky();
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    server.reconfigure(accepting().tls(tls::config())).expect("the options are right");
    let (mut next, _session) = pipe(&server, 65_536);
    next.hello().await;
    assert_eq!(server.stats().sessions, 2);
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    assert_eq!(server.stats().recipients_accepted, 1);
}
