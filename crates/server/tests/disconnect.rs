//! The end of every session is reported once, to the hook and to the events, with its cause.

use std::future::pending;
use std::time::Duration;

use crate::support::stages::{ALL, OnlyAt, Stage, answering};
use crate::support::talk::{Talk, pipe};
use crate::support::{MESSAGE, Seen, StoreBy as _, accepting, build, builder, read_on, tls};
use mailchute::events::Event;
use mailchute::{Builder, Check, Disconnect, Refusal, Server, Verdict};
use tokio::io::DuplexStream;
use tokio::time::timeout;

type Client = Talk<DuplexStream>;

/// A server that records how sessions end.
fn watched(builder: Builder) -> (Server, Seen<Disconnect>) {
    let seen = Seen::<Disconnect>::default();
    let note = seen.clone();
    let server = build(builder.on_disconnect(move |cause, _session| note.note(cause)));
    (server, seen)
}

/// Runs one session, which `client` ends, and returns the cause that hook and event got.
async fn cause(builder: Builder, client: impl AsyncFnOnce(&mut Client)) -> Disconnect {
    let (server, seen) = watched(builder);
    let mut events = server.events();
    let (mut talk, session) = pipe(&server, 65_536);
    client(&mut talk).await;
    drop(talk);
    session.await.expect("the session does not panic");
    drop(server);
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::Disconnect { cause, .. } = event {
            told.push(cause);
        }
    }
    assert_eq!(seen.all(), told);
    assert_eq!(told.len(), 1, "{told:?}");
    told[0]
}

async fn lines(client: &mut Client, lines: &[&str]) {
    client.read_reply().await;
    for line in lines {
        client.say(line).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_quits_has_quit() {
    assert_eq!(cause(accepting(), async |client| lines(client, &["QUIT"]).await).await, Disconnect::Quit);
    let whole = ["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA", MESSAGE, "QUIT"];
    assert_eq!(cause(accepting(), async |client| lines(client, &whole).await).await, Disconnect::Quit);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_without_quit_is_gone_in_any_phase() {
    let phases: [&[&str]; 9] = [
        &[],
        &["EHLO x"],
        &["EHLO x", "AUTH LOGIN"],
        &["EHLO x", "AUTH LOGIN", "YWxpY2U="],
        &["EHLO x", "MAIL FROM:<>"],
        &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>"],
        &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"],
        &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA", MESSAGE],
        &["EHLO x", "NOOP", "RSET", "FROBNICATE"],
    ];
    for phase in phases {
        let builder = accepting().allow_plaintext_auth().on_auth(|_, _| async { Check::Right });
        let told = cause(builder, async |client| lines(client, phase).await).await;
        assert_eq!(told, Disconnect::ClientGone, "{phase:?}");
    }
    // Also before the client has read the greeting, inside a command, and inside a line of a message.
    assert_eq!(cause(accepting(), async |_client| {}).await, Disconnect::ClientGone);
    for cut in ["EHL", "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nSubject: ha"] {
        let told = cause(accepting(), async |client| {
            client.read_reply().await;
            client.write(cut).await;
        })
        .await;
        assert_eq!(told, Disconnect::ClientGone, "{cut:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_during_a_hook_drops_the_hooks_future() {
    for stage in ALL {
        if matches!(stage, Stage::Secure) {
            continue;
        }
        let (asked, dropped) = (Seen::<&str>::default(), Seen::default());
        let hook = OnlyAt::new(stage, {
            let (asked, dropped) = (asked.clone(), dropped.clone());
            move || {
                asked.push("asked");
                let note = crate::support::DropNote(dropped.clone(), "dropped");
                async move {
                    std::future::pending::<()>().await;
                    drop(note);
                    Ok(mailchute::Verdict::Accept)
                }
            }
        });
        // A first filter asks for the message before the hook runs.
        let builder = if stage == Stage::Filter { accepting().on_message(read_on) } else { accepting() };
        let told = cause(builder.allow_plaintext_auth().with(hook), async |client| {
            let walk: &[&str] = match stage {
                Stage::Ehlo => &["EHLO x"],
                Stage::Auth | Stage::Authenticated => &["EHLO x", "AUTH PLAIN AGFsaWNlAHg="],
                Stage::Mail => &["EHLO x", "MAIL FROM:<>"],
                Stage::Rcpt => &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>"],
                Stage::Data | Stage::Filter => &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"],
                Stage::Command => &["EHLO x", "NOOP"],
                Stage::Connect | Stage::Secure => &[],
            };
            if stage != Stage::Connect {
                client.read_reply().await;
            }
            for line in walk {
                client.write(format!("{line}\r\n")).await;
            }
            if stage == Stage::Filter {
                client.write(format!("{MESSAGE}\r\n")).await;
            }
            asked.until(1).await;
        });
        let told = if stage == Stage::Filter {
            // A complete message is decided on, whether or not the client is still there for the reply.
            tokio::time::timeout(Duration::from_secs(1_000), told).await.unwrap()
        } else {
            tokio::time::timeout(Duration::from_secs(10), told).await.expect("nobody waits for the hook")
        };
        assert_eq!(told, Disconnect::ClientGone, "{stage:?}");
        assert_eq!(dropped.all(), ["dropped"], "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_before_354_ends_the_session_at_once() {
    let builder = builder().store_by(|_, _| std::future::pending::<()>());
    let session = cause(builder, async |client| {
        client.read_reply().await;
        client.write("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n").await;
        client.read_reply().await;
    });
    let told = tokio::time::timeout(Duration::from_secs(10), session).await;
    assert_eq!(told.unwrap(), Disconnect::ClientGone);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_too_slow_runs_into_a_timeout() {
    for phase in [&["EHLO x"][..], &["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"]] {
        let told = cause(accepting(), async |client| {
            lines(client, phase).await;
            client.read_reply().await;
        });
        assert_eq!(told.await, Disconnect::Timeout, "{phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_counts_as_refused_however_it_leaves() {
    let refusing = || accepting().on_connect(|_| async { Verdict::Refuse });
    assert_eq!(cause(refusing(), async |client| lines(client, &["QUIT"]).await).await, Disconnect::Refused);
    assert_eq!(cause(refusing(), async |client| lines(client, &[]).await).await, Disconnect::Refused);
    let hanging_up = accepting().on_connect(|_| async { Refusal::new(421, (4, 7, 0), "Not now") });
    assert_eq!(cause(hanging_up, async |client| lines(client, &[]).await).await, Disconnect::Refused);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_a_hook_ends_was_ended_by_a_hook() {
    for stage in ALL {
        let (server, seen) = {
            let hook = OnlyAt::new(stage, || async { Err(Refusal::new(421, (4, 7, 0), "Go away")) });
            watched(accepting().with(hook).tls(tls::config()).allow_plaintext_auth())
        };
        crate::support::stages::reach(&server, stage).await;
        let expected = if stage == Stage::Connect { Disconnect::Refused } else { Disconnect::Hook };
        assert_eq!(seen.until(1).await, [expected], "{stage:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_session_is_told_as_a_limit() {
    /// Stands for a line that never ends.
    const ENDLESS: &str = "endless";
    type Limit = fn(Builder) -> Builder;
    let builders: [(Limit, &[&str]); 4] = [
        (|builder| builder.max_errors(3), &["X", "Y", "Z"]),
        (|builder| builder.max_transactions(1), &["EHLO x", "MAIL FROM:<>", "RSET", "MAIL FROM:<>"]),
        (
            |builder| {
                builder.allow_plaintext_auth().on_auth(|_, _| async { Check::Wrong }).max_auth_failures(1)
            },
            &["EHLO x", "AUTH PLAIN AGFsaWNlAHg="],
        ),
        (|builder| builder, &[ENDLESS]),
    ];
    for (limit, walk) in builders {
        let told = cause(limit(accepting()), async |client| {
            if walk == [ENDLESS] {
                client.read_reply().await;
                client.write(vec![b'x'; 70_000]).await;
            } else {
                lines(client, walk).await;
            }
            client.rest().await;
        });
        assert_eq!(told.await, Disconnect::Limit, "{walk:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_breaks_the_protocol_is_told_as_such() {
    let data = "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nbare\nfeed\r\n.\r\n";
    for said in ["EHLO x\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01", data] {
        let told = cause(accepting(), async |client| {
            client.read_reply().await;
            client.write(said).await;
            client.rest().await;
        });
        assert_eq!(told.await, Disconnect::Violation, "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_fails_is_told_as_a_failure_of_tls() {
    let told = cause(accepting().tls(tls::config()), async |client| {
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        client.write("EHLO x\r\nand no hello of TLS\r\n").await;
    });
    assert_eq!(told.await, Disconnect::TlsFailure);
}

#[tokio::test(start_paused = true)]
async fn closes_the_connection_before_the_disconnect_hook_ends() {
    for last in ["QUIT\r\n", "GET / HTTP/1.1\r\n"] {
        let server = build(accepting().on_disconnect(|_, _| pending::<()>()));
        let (mut client, _session) = pipe(&server, 65_536);
        client.hello().await;
        client.write(last).await;
        timeout(Duration::from_secs(10), client.rest()).await.expect(last);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_ends_no_session() {
    let server = answering(Stage::Mail, || panic!("on purpose"));
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("MAIL FROM:<>", "451").await;
    client.ask("QUIT", "221").await;
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_place_was_no_session() {
    let (server, seen) = watched(accepting().max_connections(1));
    let mut events = server.events();
    let (mut first, one) = pipe(&server, 65_536);
    first.hello().await;
    let (mut second, two) = pipe(&server, 65_536);
    assert!(second.read_reply().await.starts_with("421 "));
    two.await.unwrap();
    assert_eq!(seen.count(), 0);
    first.ask("QUIT", "221").await;
    one.await.unwrap();
    assert_eq!(seen.all(), [Disconnect::Quit]);
    drop(server);
    let (mut turned_away, mut disconnects) = (0, 0);
    while let Some(event) = events.next().await {
        turned_away += u32::from(matches!(event, Event::TurnedAway { .. }));
        disconnects += u32::from(matches!(event, Event::Disconnect { .. }));
    }
    assert_eq!((turned_away, disconnects), (1, 1));
}
