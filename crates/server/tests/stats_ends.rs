//! The counters of a server: each bad end of a session, a message or a login is in exactly one.

use std::time::Duration;

use crate::support::talk::{Talk, connect, pipe};
use crate::support::{accepting, build};
use mailchute::{Builder, Disconnect, Listener, Refusal, Server, Verdict};
use tokio::io::DuplexStream;
use tokio::time::sleep;

/// Talks to a server in one session, and returns when the session is over.
async fn in_session(server: &Server, talk: impl AsyncFnOnce(&mut Talk<DuplexStream>)) {
    let (mut client, session) = pipe(server, 65_536);
    talk(&mut client).await;
    drop(client);
    session.await.expect("the session does not panic");
}

#[tokio::test(start_paused = true)]
async fn each_session_ends_in_exactly_one_counter() {
    type Options = fn(Builder) -> Builder;
    let cases: [(Disconnect, Options, &[&str]); 6] = [
        (Disconnect::Quit, |b| b, &["EHLO client.example", "QUIT"]),
        (Disconnect::ClientGone, |b| b, &["EHLO client.example"]),
        (Disconnect::Refused, |b| b.on_connect(|_| async { Verdict::Refuse }), &["QUIT"]),
        (
            Disconnect::Hook,
            |b| b.on_ehlo(|_, _| async { Refusal::new(550, (5, 7, 1), "Go").hang_up() }),
            &["EHLO client.example"],
        ),
        (Disconnect::Limit, |b| b.max_errors(1), &["XXXX"]),
        (Disconnect::Violation, |b| b, &["EHLO client.example", " BDAT 5 LAST"]),
    ];
    for (cause, options, lines) in cases {
        let server = build(options(accepting()));
        in_session(&server, async |client| {
            client.read_reply().await;
            for line in lines {
                client.say(line).await;
            }
        })
        .await;
        assert_ended(&server, cause);
    }
    let server = build(accepting());
    in_session(&server, async |client| drop(client.rest().await)).await;
    assert_ended(&server, Disconnect::Timeout);
    let server = build(accepting());
    in_session(&server, async |client| {
        client.read_reply().await;
        server.sessions()[0].close(Refusal::new(421, (4, 3, 2), "Enough"));
        client.rest().await;
    })
    .await;
    assert_ended(&server, Disconnect::Closed);
}

/// Asserts that one session has ended, by this cause and no other.
fn assert_ended(server: &Server, cause: Disconnect) {
    let stats = server.stats();
    let mut expected = mailchute::Stats::default().ended;
    *match cause {
        Disconnect::Quit => &mut expected.quit,
        Disconnect::ClientGone => &mut expected.client_gone,
        Disconnect::Timeout => &mut expected.timeout,
        Disconnect::Refused => &mut expected.refused,
        Disconnect::Hook => &mut expected.hook,
        Disconnect::Limit => &mut expected.limit,
        Disconnect::Violation => &mut expected.violation,
        Disconnect::Closed => &mut expected.closed,
        other => panic!("no session of this test ends by {other}"),
    } = 1;
    assert_eq!((stats.sessions, stats.connections_open, stats.ended), (1, 0, expected), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn early_talk_before_the_greeting_is_counted() {
    let server = build(accepting().greeting_delay(Duration::from_secs(7)));
    in_session(&server, async |client| {
        client.write("EHLO client.example\r\n").await;
        assert!(client.rest().await.starts_with("554 5.5.0 "));
    })
    .await;
    let stats = server.stats();
    assert_eq!((stats.sessions, stats.refusals, stats.ended.violation), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_lookup_of_a_verifier_is_a_refused_login() {
    let server = build(accepting().on_scram(|_user, _session| async {
        sleep(Duration::from_secs(1)).await;
        Err(Refusal::new(454, (4, 7, 0), "Users are away"))
    }));
    let first = "AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw==";
    in_session(&server, async |client| {
        client.hello().await;
        client.ask(first, "454 4.7.0 Users are away").await;
        let stats = server.stats();
        assert_eq!((stats.logins_refused, stats.refusals), (1, 1));
        // One that does not wait for the answer is counted once, too.
        client.write(&format!("{first}\r\n")).await;
        sleep(Duration::from_millis(500)).await;
        client.write("QUIT\r\n").await;
        client.rest().await;
    })
    .await;
    let stats = server.stats();
    assert_eq!((stats.logins_refused, stats.refusals, stats.ended.violation), (2, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn messages_without_an_answer_are_cut_off() {
    let server = build(accepting());
    for (lines, number) in
        [(&["DATA"][..], 1), (&["BDAT 4\r\nab"], 2), (&["BDAT 4\r\nab", "RSET", "QUIT"], 3), (&["DATA"], 4)]
    {
        in_session(&server, async |client| {
            client.hello().await;
            client.ask("MAIL FROM:<>", "250").await;
            client.ask("RCPT TO:<bob@example.com>", "250").await;
            for line in lines {
                client.say(line).await;
            }
        })
        .await;
        let stats = server.stats();
        assert_eq!((stats.messages_cut_off, stats.messages_refused, stats.messages_accepted), (number, 0, 0));
    }
}

#[tokio::test]
async fn a_proxy_without_its_header_is_counted() {
    let server = build(accepting().proxy_from(["127.0.0.1".parse().expect("a network")]));
    let listener = Listener::new("127.0.0.1:0");
    let running = server.listen(listener).await.expect("a port is free").spawn(Duration::ZERO).unwrap();
    let mut talk = connect(running.addrs()[0]).await;
    talk.write("EHLO client.example\r\n").await;
    drop(talk.rest().await);
    let stats = server.stats();
    assert_eq!((stats.proxy_failures, stats.sessions), (1, 0));
}
