//! Every timeout, in virtual time: the reply, and when it comes.

use std::time::Duration;

use crate::support::talk::moved_pipe;
use crate::support::{MESSAGE, Seen, StoreBy as _, accepting, build, builder, deliver, hello, in_data, tls};
use mailchute::testing::Client;
use mailchute::{BuildError, Builder, Check, Refusal, Server};
use tokio::time::{Instant, sleep, timeout};

/// Reads an unsolicited reply, and returns the seconds until then.
async fn unasked(client: &mut Client) -> (String, u64) {
    let since = Instant::now();
    let heard = client.greeting().await.to_string();
    assert!(client.try_read_reply().await.is_none(), "the server hangs up after {heard}");
    (heard, since.elapsed().as_secs())
}

const TIMEOUT: &str = "421 4.4.2 Timeout: closing connection";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_hung_up_on_after_five_minutes() {
    let server = build(accepting());
    let mut client = mailchute::testing::connect(&server).open();
    client.greeting().await.expect(220);
    assert_eq!(unasked(&mut client).await, (TIMEOUT.into(), 300));
}

#[tokio::test(start_paused = true)]
async fn each_command_has_its_own_time() {
    let server = build(accepting().command_timeout(seconds(20)));
    let mut client = hello(&server).await;
    for line in ["NOOP", "MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>", "NOOP"] {
        sleep(seconds(19)).await;
        client.command(line).await.expect(250);
    }
    assert_eq!(unasked(&mut client).await, (TIMEOUT.into(), 20));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_goes_on_in_another_task_is_woken_there() {
    let server = build(accepting().command_timeout(seconds(20)));
    let (mut client, session) = moved_pipe(server).await;
    let since = Instant::now();
    assert_eq!(client.read_reply().await, format!("{TIMEOUT}\r\n"));
    assert_eq!(since.elapsed().as_secs(), 20);
    session.await.expect("the session does not panic");
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_uses_up_its_task_budget_causes_no_timeout() {
    // As many units as the runtime gives a task, so that each one is once the last before the session waits.
    for used in 0..128 {
        let server = build(accepting().command_timeout(seconds(20)).on_connect(move |_| async move {
            for _ in 0..used {
                tokio::task::coop::consume_budget().await;
            }
        }));
        let mut client = mailchute::testing::connect(&server).open();
        client.greeting().await.expect(220);
        let heard = timeout(seconds(60), unasked(&mut client)).await;
        assert_eq!(heard, Ok((TIMEOUT.into(), 20)), "behind {used} units");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_comes_byte_by_byte_gets_no_more_time() {
    let server = build(accepting().command_timeout(seconds(60)));
    for is_in_transaction in [false, true] {
        let mut client = hello(&server).await;
        if is_in_transaction {
            client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        }
        let since = Instant::now();
        let mut bytes = b"NOOP with words and words and words".iter().copied();
        let heard = loop {
            client.send_bytes(&[bytes.next().unwrap()]).await;
            if let Ok(heard) = timeout(seconds(7), client.greeting()).await {
                break heard;
            }
        };
        assert_eq!(heard.to_string(), TIMEOUT);
        assert_eq!(since.elapsed().as_secs(), 60);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_within_auth_is_waited_for_like_a_command() {
    let server = build(accepting().allow_plaintext_auth().on_auth(|_, _| async { Check::Right }));
    let mut client = hello(&server).await;
    client.command("AUTH LOGIN").await.expect(334);
    assert_eq!(unasked(&mut client).await, (TIMEOUT.into(), 300));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_stops_coming_is_given_up_after_three_minutes() {
    let server = build(accepting());
    let mut client = in_data(&server).await;
    client.send_bytes(&[b'x'; 50_000]).await;
    assert_eq!(unasked(&mut client).await, (TIMEOUT.into(), 180));
    let server = build(accepting().data_timeout(seconds(7)));
    assert_eq!(unasked(&mut in_data(&server).await).await, (TIMEOUT.into(), 7));
}

#[tokio::test(start_paused = true)]
async fn stops_a_message_below_500_bytes_a_second_after_a_minute() {
    for (bytes, is_too_slow) in [(499, true), (501, false)] {
        let server = build(accepting());
        let mut client = in_data(&server).await;
        let since = Instant::now();
        let line = [&vec![b'x'; bytes - 2][..], b"\r\n"].concat();
        for _ in 0..100 {
            sleep(seconds(1)).await;
            client.send_bytes(&line).await;
        }
        let heard = client.command(".").await;
        if is_too_slow {
            assert_eq!(heard.to_string(), TIMEOUT);
        } else {
            assert_eq!(heard.code(), 250);
            assert!(since.elapsed() >= seconds(100));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_a_burst_makes_up_for_is_not_slow() {
    let server = build(accepting());
    let mut client = in_data(&server).await;
    sleep(seconds(90)).await;
    client.send_bytes(&[&[b'x'; 60_000][..], b"\r\n"].concat()).await;
    client.command(".").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_in_transfer_still_counts_as_progress() {
    let server = build(accepting());
    let mut client = in_data(&server).await;
    client.send_bytes(b"bare\nfeed\r\n").await;
    for _ in 0..100 {
        sleep(seconds(1)).await;
        client.send_bytes(&[&[b'x'; 1_000][..], b"\r\n"].concat()).await;
    }
    client.command(".").await.expect(550);
}

#[tokio::test(start_paused = true)]
async fn the_time_that_hooks_take_is_not_held_against_the_client() {
    let server = build(builder().store_by(|mut message, _session| async move {
        while message.chunk().await?.is_some() {
            sleep(seconds(140)).await;
        }
        Ok(())
    }));
    let mut client = in_data(&server).await;
    for _ in 0..4 {
        client.send_bytes(b"a little\r\n").await;
        sleep(seconds(1)).await;
    }
    client.command(".").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_too_long_answers_451_and_must_not_commit() {
    let committed = Seen::<&str>::default();
    let note = committed.clone();
    let server = build(builder().store_timeout(seconds(30)).hook_timeout(seconds(3_000)).store_by(
        move |message, _session| {
            let note = note.clone();
            async move {
                crate::support::read_all(message).await?;
                sleep(seconds(31)).await;
                note.push("committed");
                Ok(())
            }
        },
    ));
    let mut client = in_data(&server).await;
    let since = Instant::now();
    client.command(MESSAGE).await.expect(451);
    assert_eq!(since.elapsed(), seconds(30));
    sleep(seconds(60)).await;
    assert_eq!(committed.count(), 0);
    client.command("NOOP").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_data_hook_that_stops_reading_answers_451_at_its_timeout() {
    let server = build(builder().hook_timeout(seconds(40)).store_by(|mut message, _session| async move {
        message.chunk().await?;
        std::future::pending::<Result<(), Refusal>>().await
    }));
    let mut client = in_data(&server).await;
    let since = Instant::now();
    for _ in 0..5 {
        client.send_bytes(b"more and more\r\n").await;
        sleep(Duration::from_millis(10)).await;
    }
    client.command(".").await.expect(451);
    assert_eq!(since.elapsed().as_secs(), 40);
    client.command("NOOP").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_after_an_hour_but_never_within_a_transaction() {
    let server = build(accepting());
    let mut client = hello(&server).await;
    let began = Instant::now();
    for _ in 0..5 {
        sleep(seconds(200)).await;
        client.command("NOOP").await.expect(250);
    }
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for _ in 0..17 {
        sleep(seconds(200)).await;
        client.command("NOOP").await.expect(250);
    }
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    sleep(seconds(120)).await;
    client.send_bytes(&[b'x'; 120 * 500]).await;
    client.command("\r\n.").await.expect(250);
    assert!(began.elapsed() > seconds(4_400));
    assert_eq!(unasked(&mut client).await, (TIMEOUT.into(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_transaction_ends_after_an_hour_unless_data_keeps_coming() {
    let server = build(accepting());
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for _ in 0..17 {
        sleep(seconds(200)).await;
        client.command("NOOP").await.expect(250);
    }
    assert_eq!(unasked(&mut client).await, (TIMEOUT.into(), 200));
}

#[tokio::test(start_paused = true)]
async fn a_busy_session_ends_after_its_time_as_well() {
    let server = build(accepting().session_timeout(seconds(100)));
    let mut client = hello(&server).await;
    let began = Instant::now();
    loop {
        let heard = client.command("NOOP").await;
        if heard.code() == 421 {
            break;
        }
        sleep(seconds(1)).await;
    }
    assert!((100..=101).contains(&began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn when_places_are_short_a_silent_client_has_ten_seconds() {
    // The number of slots, and of clients for which they are short when all are taken.
    for (places, short) in [(0, 0), (1, 1), (2, 1), (5, 1), (9, 1), (10, 1), (11, 1), (19, 1), (20, 2)] {
        let server = build(accepting().max_connections(places));
        let since = Instant::now();
        let mut clients = Vec::new();
        for _ in 0..places.max(1) {
            clients.push(hello(&server).await);
        }
        for mut client in clients.split_off(places.max(1) - short) {
            assert_eq!(unasked(&mut client).await.0, TIMEOUT);
            assert_eq!(since.elapsed(), seconds(10), "{places} places");
        }
        for client in &mut clients {
            assert_eq!(unasked(client).await.0, TIMEOUT);
            assert_eq!(since.elapsed(), seconds(300), "{places} places");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_given_up() {
    let server = build(accepting().tls(tls::config()).handshake_timeout(seconds(12)));
    let mut client = hello(&server).await;
    client.command("STARTTLS").await.expect(220);
    let since = Instant::now();
    assert!(client.try_read_reply().await.is_none());
    assert_eq!(since.elapsed().as_secs(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stalls_ends_after_30_seconds_in_all() {
    let server = build(accepting().tls(tls::config()));
    let (mut client, _session) = crate::support::talk::pipe(&server, 65_536);
    client.hello().await;
    client.ask("STARTTLS", "220").await;
    let since = Instant::now();
    let config = tls::client(rustls::ALL_VERSIONS, &[tls::identity()]).with_no_client_auth();
    let name = tls::NAME.try_into().unwrap();
    let mut connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    // In two halves: neither restarts the timeout.
    let (first, second) = hello.split_at(hello.len() / 2);
    sleep(seconds(10)).await;
    client.write(first).await;
    sleep(seconds(10)).await;
    client.write(second).await;
    // The answer to the hello, then nothing.
    assert!(!client.rest().await.is_empty());
    assert_eq!(since.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn hooks_and_stores_default_to_300_s_and_handshakes_to_30_s() {
    let server = build(accepting().tls(tls::config()).on_rcpt_to(|to, _| async move {
        if to.as_str().starts_with("slow") {
            std::future::pending::<()>().await;
        }
    }));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(250);
    let since = Instant::now();
    let heard = client.command("RCPT TO:<slow@example.com>").await;
    assert_eq!(heard.to_string(), "451 4.3.0 Internal error; try again later");
    assert_eq!(since.elapsed().as_secs(), 300);
    client.command("STARTTLS").await.expect(220);
    let since = Instant::now();
    assert!(client.try_read_reply().await.is_none());
    assert_eq!(since.elapsed().as_secs(), 30);
    let server = build(builder().store_by(|message, _session| async {
        crate::support::read_all(message).await?;
        std::future::pending::<Result<(), Refusal>>().await
    }));
    let mut client = in_data(&server).await;
    let since = Instant::now();
    client.command(MESSAGE).await.expect(451);
    assert_eq!(since.elapsed().as_secs(), 300);
}

#[tokio::test(start_paused = true)]
async fn no_command_timeout_runs_during_the_connect_hook() {
    let server = build(accepting().command_timeout(seconds(5)).on_connect(|_| async {
        sleep(seconds(200)).await;
    }));
    let mut client = hello(&server).await;
    deliver(&mut client).await.expect(250);
}

#[test]
fn refuses_a_timeout_of_zero_or_over_a_year() {
    type Set = fn(Builder, Duration) -> Builder;
    let setters: [(&str, Set); 6] = [
        ("command_timeout", Builder::command_timeout),
        ("data_timeout", Builder::data_timeout),
        ("handshake_timeout", Builder::handshake_timeout),
        ("hook_timeout", Builder::hook_timeout),
        ("store_timeout", Builder::store_timeout),
        ("session_timeout", Builder::session_timeout),
    ];
    let build = |set: Set, timeout| -> Result<Server, BuildError> { set(accepting(), timeout).build() };
    for (name, set) in setters {
        for timeout in [Duration::ZERO, Duration::MAX] {
            let text = build(set, timeout).unwrap_err().to_string();
            assert!(text.starts_with(name) && text.contains("write more than 0 seconds"), "{text}");
        }
        assert!(build(set, Duration::from_millis(1)).is_ok(), "{name}");
    }
}
