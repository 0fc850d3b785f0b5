//! Clients that do not wait for their turn: before the greeting, inside TLS, and behind AUTH.

use std::time::Duration;

use crate::support::log::capture;
use crate::support::talk::{Talk, connect, pipe};
use crate::support::{Seen, accepting, build, tls};
use mailchute::{Builder, Disconnect, Event, Server};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

const EARLY: &str = "554 5.5.0 You talked before the greeting\r\n";

fn noting(builder: Builder, causes: &Seen<Disconnect>) -> Builder {
    let causes = causes.clone();
    builder.on_disconnect(move |cause, _| causes.note(cause))
}

#[tokio::test]
async fn octets_that_are_there_before_the_connection_is_taken_are_not_heard() {
    let causes = Seen::default();
    let server = build(noting(accepting(), &causes));
    let mut events = server.events();
    let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
    let mut talk = connect(serving.local_addrs()[0]).await;
    talk.write("EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\n").await;
    let serving = tokio::spawn(serving.into_future());
    assert_eq!(talk.rest().await, EARLY);
    assert_eq!(causes.until(1).await, [Disconnect::Violation]);
    let mut told = Vec::new();
    loop {
        match events.next().await.expect("the server is there") {
            Event::Reply { reply, .. } => told.push(reply),
            Event::Disconnect { cause, .. } => break assert_eq!(cause, Disconnect::Violation),
            _ => {}
        }
    }
    assert_eq!(told, [EARLY.trim_end()]);
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn octets_that_come_while_the_connect_hook_is_awaited_are_not_heard() {
    let (asked, is_asked) = oneshot::channel();
    let asked = std::sync::Mutex::new(Some(asked));
    let server = build(accepting().on_connect(move |_| {
        asked.lock().unwrap().take().unwrap().send(()).unwrap();
        async { sleep(Duration::from_secs(1)).await }
    }));
    let (log, _guard) = capture();
    let (mut talk, _) = pipe(&server, 1024);
    is_asked.await.unwrap();
    talk.write("E").await;
    assert_eq!(talk.rest().await, EARLY);
    log.expect("554 5.5.0 You talked before the greeting");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_connect_hook_is_said_to_those_too() {
    let server = build(accepting().on_connect(|_| async { false }));
    let (mut talk, _) = pipe(&server, 1024);
    talk.write("QUIT\r\n").await;
    assert_eq!(talk.rest().await, "554 5.7.1 Connection refused\r\n221 2.0.0 Closing connection\r\n");
}

/// A server that greets after seven seconds, and how often its connect hook was asked.
fn delayed() -> (Server, Seen<&'static str>) {
    let asked = Seen::default();
    let note = asked.clone();
    let delayed = accepting().greeting_delay(Duration::from_secs(7)).on_connect(move |_| note.note("asked"));
    (build(delayed), asked)
}

#[tokio::test(start_paused = true)]
async fn a_delayed_greeting_comes_in_time_to_those_who_wait() {
    let (server, asked) = delayed();
    let since = Instant::now();
    let (mut talk, _) = pipe(&server, 1024);
    assert!(talk.hear().await.starts_with("220 "));
    assert_eq!(since.elapsed().as_secs(), 7);
    assert_eq!(asked.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_greeting_catches_those_who_do_not_before_any_hook_is_asked() {
    let (server, asked) = delayed();
    let since = Instant::now();
    let (mut talk, _) = pipe(&server, 1024);
    sleep(Duration::from_secs(6)).await;
    talk.write("EHLO client.example\r\n").await;
    assert_eq!(talk.hear().await, EARLY);
    assert_eq!(since.elapsed().as_secs(), 6);
    assert_eq!(asked.count(), 0);
}

#[tokio::test]
async fn inside_tls_the_same_holds_behind_the_handshake() {
    let server = build(accepting().tls(tls::config()).greeting_delay(Duration::from_secs(30)));
    let serving = server.listen_tls("127.0.0.1:0").await.expect("a port is free");
    let address = serving.local_addrs()[0];
    tokio::spawn(serving.into_future());
    let plain = connect(address).await;
    let mut talk = tls::secure(plain.into_inner(), rustls::ALL_VERSIONS).await;
    talk.write("EHLO client.example\r\n").await;
    assert_eq!(talk.rest().await, EARLY);
}

#[tokio::test(start_paused = true)]
async fn who_sends_on_before_auth_is_decided_is_hung_up_on_and_not_let_in() {
    let seen = Seen::<bool>::default();
    let causes = Seen::default();
    let note = seen.clone();
    let (asked, is_asked) = oneshot::channel();
    let asked = std::sync::Mutex::new(Some(asked));
    let server = build(
        noting(
            accepting().allow_plaintext_auth().on_auth(move |_, _| {
                asked.lock().unwrap().take().unwrap().send(()).unwrap();
                async {
                    sleep(Duration::from_secs(1)).await;
                    true
                }
            }),
            &causes,
        )
        .on_disconnect(move |_, session| note.note(session.identity().is_some())),
    );
    let (mut talk, _) = pipe(&server, 1024);
    talk.hello().await;
    talk.write("AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n").await;
    is_asked.await.unwrap();
    talk.write("MAIL FROM:<ann@client.example>\r\n").await;
    assert_eq!(talk.rest().await, "503 5.5.0 You talked on before the reply to AUTH\r\n");
    drop(talk);
    assert_eq!(causes.until(1).await, [Disconnect::Violation]);
    assert_eq!(seen.until(1).await, [false]);
}

#[tokio::test(start_paused = true)]
async fn who_sends_on_while_its_verifier_is_looked_up_is_hung_up_on() {
    let causes = Seen::default();
    let (asked, is_asked) = oneshot::channel();
    let asked = std::sync::Mutex::new(Some(asked));
    let server = build(noting(accepting(), &causes).on_scram(move |_, _| {
        asked.lock().unwrap().take().unwrap().send(()).unwrap();
        async {
            sleep(Duration::from_secs(1)).await;
            Ok(None)
        }
    }));
    let (mut talk, _) = pipe(&server, 1024);
    talk.hello().await;
    // n,,n=alice,r=abc
    talk.write("AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw==\r\n").await;
    is_asked.await.unwrap();
    talk.write("M").await;
    assert_eq!(talk.rest().await, "503 5.5.0 You talked on before the reply to AUTH\r\n");
    drop(talk);
    assert_eq!(causes.until(1).await, [Disconnect::Violation]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_server_ends_the_wait_for_the_greeting() {
    let server = build(accepting().greeting_delay(Duration::from_secs(200)));
    let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
    let address = serving.local_addrs()[0];
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serving.with_graceful_shutdown(stopped, Duration::from_secs(100)));
    let mut talk: Talk<_> = connect(address).await;
    assert!(timeout(Duration::from_secs(1), talk.hear()).await.is_err());
    let since = Instant::now();
    stop.send(()).unwrap();
    assert_eq!(talk.hear().await, "421 4.3.2 Service shutting down\r\n");
    served.await.unwrap().unwrap();
    assert!(since.elapsed() < Duration::from_secs(10));
}
