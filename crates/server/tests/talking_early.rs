//! Clients that do not wait for their turn: before the greeting, inside TLS, and after AUTH.

use std::time::Duration;

use crate::support::log::capture;
use crate::support::talk::{Talk, connect, pipe};
use crate::support::{Seen, accepting, build, tls};
use mailchute::events::{Event, Events};
use mailchute::{Builder, Check, Disconnect, Listener, Server, Verdict};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

const EARLY: &str = "554 5.5.0 You talked before the greeting\r\n";

fn noting(builder: Builder, causes: &Seen<Disconnect>) -> Builder {
    let causes = causes.clone();
    builder.on_disconnect(move |cause, _| causes.note(cause))
}

/// A server that greets without delay, and one with so short a delay that only bytes already there count.
fn with_and_without_delay(builder: fn() -> Builder) -> [(Server, bool); 2] {
    [(build(builder()), false), (build(builder().greeting_delay(Duration::from_millis(1))), true)]
}

/// Why the next session ends.
async fn cause_of(events: &mut Events) -> Disconnect {
    loop {
        if let Event::Disconnect { cause, .. } = events.next().await.expect("the server is there") {
            return cause;
        }
    }
}

#[tokio::test]
async fn only_a_delay_refuses_bytes_sent_before_accept() {
    for (server, is_delayed) in with_and_without_delay(accepting) {
        let mut events = server.events();
        let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
        let mut talk = connect(serving.addrs()[0]).await;
        talk.write("EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nQUIT\r\n").await;
        let serving = tokio::spawn(serving.into_future());
        let heard = talk.rest().await;
        let cause = cause_of(&mut events).await;
        if is_delayed {
            assert_eq!((heard.as_str(), cause), (EARLY, Disconnect::Violation));
        } else {
            assert!(heard.starts_with("220 mx.example.com ESMTP Mailchute\r\n250-"), "{heard}");
            assert!(heard.ends_with("250 HELP\r\n250 2.1.0 Sender OK\r\n221 2.0.0 Closing connection\r\n"));
            assert_eq!(cause, Disconnect::Quit);
        }
        serving.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_delay_refuses_bytes_sent_during_the_connect_hook() {
    let slow = || accepting().on_connect(|_| sleep(Duration::from_secs(1)));
    for (server, is_delayed) in with_and_without_delay(slow) {
        let mut events = server.events();
        let (log, _guard) = capture();
        let (mut talk, _) = pipe(&server, 1024);
        sleep(Duration::from_millis(500)).await;
        talk.write("EHLO client.example\r\nQ").await;
        sleep(Duration::from_secs(1)).await;
        talk.write("UIT\r\n").await;
        let heard = talk.rest().await;
        let cause = cause_of(&mut events).await;
        if is_delayed {
            assert_eq!((heard.as_str(), cause), (EARLY, Disconnect::Violation));
            log.expect("554 5.5.0 You talked before the greeting");
        } else {
            assert!(heard.starts_with("220 ") && heard.ends_with("221 2.0.0 Closing connection\r\n"));
            assert_eq!(cause, Disconnect::Quit);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_protocol_before_the_greeting_is_closed_silently() {
    for early in
        [&b"PROXY TCP4 192.0.2.1 192.0.2.25 4242 25\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n!", b"\x16\x03\x01\x02\0"]
    {
        for (server, _) in with_and_without_delay(accepting) {
            let (mut talk, _) = pipe(&server, 1024);
            talk.write(early).await;
            assert_eq!(talk.rest().await, "");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_connect_hook_is_said_to_those_too() {
    let server = build(accepting().on_connect(|_| async { Verdict::Refuse }));
    let (mut talk, _) = pipe(&server, 1024);
    talk.write("QUIT\r\n").await;
    assert_eq!(talk.rest().await, "554 5.7.1 Connection refused\r\n221 2.0.0 Closing connection\r\n");
}

/// A server that greets after seven seconds, and the number of calls of its connect hook.
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
    assert!(talk.read_reply().await.starts_with("220 "));
    assert_eq!(since.elapsed().as_secs(), 7);
    assert_eq!(asked.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_greeting_catches_early_talkers_before_any_hook() {
    let (server, asked) = delayed();
    let since = Instant::now();
    let (mut talk, _) = pipe(&server, 1024);
    sleep(Duration::from_secs(6)).await;
    talk.write("EHLO client.example\r\n").await;
    assert_eq!(talk.read_reply().await, EARLY);
    assert_eq!(since.elapsed().as_secs(), 6);
    assert_eq!(asked.count(), 0);
}

#[tokio::test]
async fn the_same_holds_inside_tls_after_the_handshake() {
    let server = build(accepting().tls(tls::config()).greeting_delay(Duration::from_secs(30)));
    let serving = server.listen(Listener::new("127.0.0.1:0").implicit_tls()).await.expect("a port is free");
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    let plain = connect(address).await;
    let mut talk = tls::secure(plain.into_inner(), rustls::ALL_VERSIONS).await;
    talk.write("EHLO client.example\r\n").await;
    assert_eq!(talk.rest().await, EARLY);
}

#[tokio::test(start_paused = true)]
async fn hangs_up_on_a_client_that_sends_before_auth_is_decided() {
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
                    Check::Right
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
    let address = serving.addrs()[0];
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serving.with_graceful_shutdown(stopped, Duration::from_secs(100)));
    let mut talk: Talk<_> = connect(address).await;
    assert!(timeout(Duration::from_secs(1), talk.read_reply()).await.is_err());
    let since = Instant::now();
    stop.send(()).unwrap();
    assert_eq!(talk.read_reply().await, "421 4.3.2 Service shutting down\r\n");
    served.await.unwrap().unwrap();
    assert!(since.elapsed() < Duration::from_secs(10));
}
