//! The content of each kind of event, and the choice of kinds by a subscriber.

use std::time::{Duration, SystemTime};

use mailchute::auth::Mechanism;
use mailchute::events::{Event, Events, Kind, Stage};
use mailchute::{Check, Message, Refusal, Server, Verdict};
use tokio::io::AsyncWriteExt as _;

use crate::support::talk::{CLIENT, pipe};
use crate::support::{accepting, build, deliver, hello, tls};

/// All events until the server and its sessions are gone.
async fn rest(events: &mut Events) -> Vec<Event> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(event);
    }
    all
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().name()).collect()
}

/// Runs one session that delivers a message.
async fn delivery(server: &Server) {
    let mut client = hello(server).await;
    deliver(&mut client).await.expect(250);
    client.command("QUIT").await.expect(221);
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_gets_the_kinds_that_it_chose() {
    let server = build(accepting());
    let mut all = server.events();
    let mut some = server.events().only([Kind::Message, Kind::Disconnect]);
    let mut replies = server.events().only([Kind::Command]).only([Kind::Reply]);
    delivery(&server).await;
    drop(server);
    assert_eq!(kinds(&rest(&mut some).await), ["message", "disconnect"]);
    assert_eq!(kinds(&rest(&mut replies).await), ["reply"; 7]);
    let all = kinds(&rest(&mut all).await);
    assert_eq!(all.len(), 1 + 7 + 5 + 3 + 1 + 1 + 1, "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_gets_the_session_that_it_chose() {
    let server = build(accepting());
    let mut connects = server.events().only([Kind::Connect]);
    let mut one = hello(&server).await;
    let session = connects.next().await.and_then(|event| event.session().cloned()).expect("it has begun");
    let mut of_one = server.events().of_session(session.id()).only([Kind::Command]);
    let mut two = hello(&server).await;
    one.command("NOOP one").await.expect(250);
    two.command("NOOP two").await.expect(250);
    drop((one, two, server));
    let lines: Vec<_> = rest(&mut of_one).await.iter().map(ToString::to_string).collect();
    assert_eq!(lines, [format!("{} command: NOOP one", session.id())]);
}

#[tokio::test(start_paused = true)]
async fn missed_counts_only_the_kinds_that_were_chosen() {
    let server = build(accepting().max_junk_commands(0));
    let mut commands = server.events().only([Kind::Command]);
    let mut client = hello(&server).await;
    for _ in 0..2_000 {
        client.command("NOOP").await.expect(250);
    }
    drop((client, server));
    let events = rest(&mut commands).await;
    assert_eq!(events.len(), 1_024 + 1);
    let Some(Event::Missed { count, ended, more_ended, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!((*count, ended.len(), *more_ended), (2_001 - 1_024, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn missed_names_the_sessions_whose_end_was_missed() {
    let server = build(accepting());
    let mut ends = server.events().only([Kind::Disconnect]);
    let mut connects = server.events().only([Kind::Connect]);
    let mut begun = Vec::new();
    for _ in 0..5_200 {
        let (mut client, session) = pipe(&server, 1_024);
        client.read_reply().await;
        client.ask("QUIT", "221").await;
        session.await.expect("the session does not panic");
        begun.extend(connects.next().await.and_then(|event| event.session().map(mailchute::Session::id)));
    }
    drop(server);
    let events = rest(&mut ends).await;
    let (told, last) = (&events[..1_024], &events[1_024..]);
    let told: Vec<_> = told.iter().filter_map(|event| event.session().map(mailchute::Session::id)).collect();
    assert_eq!(told, begun[..1_024]);
    let [Event::Missed { count: 4_176, ended, more_ended: 80, .. }] = last else { panic!("{last:?}") };
    assert_eq!(ended, &begun[1_024..1_024 + 4_096], "no end is lost, and memory is bounded");
    assert!(
        last[0].to_string().ends_with("missed 4176 events, with the end of 4176 sessions"),
        "{}",
        last[0]
    );
}

#[tokio::test(start_paused = true)]
async fn times_of_a_session_follow_the_clock_that_never_goes_back() {
    let before = SystemTime::now();
    let server = build(accepting());
    let mut events = server.events().only([Kind::Connect, Kind::Command, Kind::Disconnect]);
    let mut client = hello(&server).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    client.command("NOOP").await.expect(250);
    drop((client, server));
    let times: Vec<_> = rest(&mut events).await.iter().map(Event::time).collect();
    let [connect, ehlo, noop, disconnect] = times[..] else { panic!("{times:?}") };
    assert!(before <= connect && connect <= SystemTime::now());
    assert_eq!(ehlo, connect);
    assert_eq!(noop, connect + Duration::from_secs(60));
    assert!(noop <= disconnect);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_stage_before_the_reply() {
    let server = build(
        accepting()
            .max_errors(0)
            .on_mail_from(|from, _| async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                Verdict::accept_if(!from.domain_is("spam.example"))
            })
            .on_message(|mut message, _| async move {
                message.bytes().await?;
                let cause = std::io::Error::other("the scanner said EICAR");
                Err::<Message, _>(Refusal::new(554, (5, 6, 0), "No viruses").with_cause(cause))
            }),
    );
    let mut events = server.events().only([Kind::Refused, Kind::Reply]);
    let mut client = hello(&server).await;
    for line in [
        "EHLO in valid",
        "AUTH PLAIN",
        "MAIL FROM:<a@spam.example>",
        "RCPT TO:<bob@example.com>",
        "MAIL FROM:<alice@client.example>",
        "RCPT TO:<@>",
        "RCPT TO:<bob@example.com>",
        "DATA",
        ".",
        "DATA",
        "NOOP\rX",
    ] {
        client.send_bytes(format!("{line}\r\n").as_bytes()).await;
        assert!(client.try_read_reply().await.is_some(), "{line:?} has no reply");
    }
    drop((client, server));
    let mut refused = Vec::new();
    let mut awaited = None;
    for event in rest(&mut events).await {
        match event {
            Event::Refused { stage, reply, hook, cause, took, .. } => {
                let by = hook.map(|hook| (hook, took.expect("it took time").as_secs(), cause));
                refused.push((stage, reply.code().get(), by));
                awaited = Some(reply);
            }
            Event::Reply { reply, .. } => {
                assert_eq!(reply.is_refusal(), awaited.is_some(), "{reply}");
                assert!(awaited.take().is_none_or(|refusal| refusal == reply));
            }
            other => panic!("{other}"),
        }
    }
    let cause = Some("the scanner said EICAR".to_owned());
    let expected = [
        (Stage::Ehlo, 501, None),
        (Stage::Auth, 502, None),
        (Stage::MailFrom, 550, Some(("on_mail_from", 2, None))),
        (Stage::RcptTo, 503, None),
        (Stage::RcptTo, 501, None),
        (Stage::Message, 554, Some(("on_message", 0, cause))),
        (Stage::Data, 503, None),
        (Stage::Command, 500, None),
    ];
    assert_eq!(refused, expected);
}

#[tokio::test(start_paused = true)]
async fn a_failed_handshake_is_told_with_its_cause() {
    let server = build(accepting().tls(tls::config()));
    let mut events = server.events().only([Kind::HandshakeFailed, Kind::Disconnect]);
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("STARTTLS", "220").await;
    client.write(b"this is no ClientHello\r\n").await;
    drop(client);
    session.await.expect("the session does not panic");
    drop(server);
    let events = rest(&mut events).await;
    assert_eq!(kinds(&events), ["handshake-failed", "disconnect"]);
    let Event::HandshakeFailed { cause, .. } = &events[0] else { panic!("{events:?}") };
    assert!(cause.contains("corrupt message") || cause.contains("TLS"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_has_failed() {
    let server = build(accepting().tls(tls::config()));
    let mut events = server.events().only([Kind::HandshakeFailed]);
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("STARTTLS", "220").await;
    session.await.expect("the session does not panic");
    drop((client, server));
    let lines: Vec<_> = rest(&mut events).await.iter().map(ToString::to_string).collect();
    assert!(lines.len() == 1 && lines[0].contains("handshake failed: "), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_login_that_reaches_no_hook_is_told_too() {
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|_, _| async { unreachable!("it is refused before") as Check }),
    );
    let mut events = server.events().only([Kind::Auth]);
    let mut client = hello(&server).await;
    // NUL user NUL password, with U+0007 in the user.
    client.command("AUTH PLAIN AGEHYgBzZWNyZXQ=").await.expect(535);
    drop((client, server));
    let events = rest(&mut events).await;
    assert!(
        matches!(
            &events[..],
            [Event::Auth { mechanism: Mechanism::Plain, identity: None, succeeded: false, .. }]
        ),
        "{events:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_turned_away_has_a_time() {
    let server = build(accepting().max_connections(1));
    let mut events = server.events().only([Kind::TurnedAway]);
    let _first = hello(&server).await;
    let before = SystemTime::now();
    let (mut ours, theirs) = tokio::io::duplex(1_024);
    ours.shutdown().await.expect("the pipe is open");
    server.serve_connection(theirs, CLIENT).await;
    let event = events.try_next().expect("it is told");
    assert!(event.time() >= before && event.session().is_none());
    assert!(events.try_next().is_none());
}
