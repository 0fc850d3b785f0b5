//! No session can be held open forever: not by idle commands in a transaction, between chunks, or by unwanted bytes. In
//! virtual time.

use std::time::Duration;

use crate::support::{accepting, build, envelope, hello, in_data};
use mailchute::testing::Client;
use mailchute::{Builder, Server};
use tokio::time::{Instant, sleep, timeout};

const TIMEOUT: &str = "421 4.4.2 Timeout: closing connection";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Sends `bytes` every `pause` until the server answers 421, and returns the seconds until then.
async fn until_hung_up(client: &mut Client, bytes: &[u8], pause: Duration) -> u64 {
    let since = Instant::now();
    loop {
        client.send_bytes(bytes).await;
        let end = Instant::now() + pause;
        while let Ok(heard) =
            timeout(end.saturating_duration_since(Instant::now()), client.try_read_reply()).await
        {
            let heard = heard.expect("the last words are 421").to_string();
            if heard.starts_with("421") {
                assert_eq!(heard, TIMEOUT);
                assert!(client.try_read_reply().await.is_none());
                return since.elapsed().as_secs();
            }
        }
        assert!(since.elapsed() < seconds(20_000), "the session is held open");
    }
}

/// A server whose sessions end after 1,000 s, and whose other timeouts are the defaults.
fn server() -> Server {
    build(short(accepting()))
}

fn short(builder: Builder) -> Builder {
    builder.session_timeout(seconds(1_000))
}

#[tokio::test(start_paused = true)]
async fn idle_commands_do_not_extend_a_transaction() {
    for talk in ["NOOP\r\n", "VRFY bob\r\n", "RCPT TO:<bob@example.com>\r\n", "HELP\r\n"] {
        let mut client = hello(&server()).await;
        sleep(seconds(250)).await;
        client.command("MAIL FROM:<>").await.expect(250);
        let ended = until_hung_up(&mut client, talk.as_bytes(), seconds(100)).await;
        assert_eq!(ended, 1_000, "{talk}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_begins_late_has_its_full_time() {
    let mut client = hello(&server()).await;
    for _ in 0..9 {
        sleep(seconds(100)).await;
        client.command("NOOP").await.expect(250);
    }
    envelope(&mut client).await;
    for _ in 0..9 {
        sleep(seconds(100)).await;
        client.command("NOOP").await.expect(250);
    }
    client.command("DATA").await.expect(354);
    client.command(crate::support::MESSAGE).await.expect(250);
    // The session itself is long over its time.
    assert_eq!(client.greeting().await.to_string(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn each_transaction_has_a_time_of_its_own() {
    let mut client = hello(&build(accepting().session_timeout(seconds(2_000)))).await;
    for _ in 0..2 {
        client.command("MAIL FROM:<>").await.expect(250);
        for _ in 0..9 {
            sleep(seconds(100)).await;
            client.command("NOOP").await.expect(250);
        }
        client.command("RSET").await.expect(250);
    }
    envelope(&mut client).await;
    assert_eq!(until_hung_up(&mut client, b"NOOP\r\n", seconds(100)).await, 2_000);
}

#[tokio::test(start_paused = true)]
async fn back_to_back_transactions_end_at_the_session_timeout() {
    let mut client = hello(&server()).await;
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(until_hung_up(&mut client, b"RSET\r\nMAIL FROM:<>\r\n", seconds(100)).await, 1_000);
    let mut client = in_data(&server()).await;
    let message = b"\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n";
    let message = [&[b'x'; 60_000][..], message].concat();
    assert_eq!(until_hung_up(&mut client, &message, seconds(100)).await, 1_000);
}

#[tokio::test(start_paused = true)]
async fn endless_chunks_end_with_the_time_of_the_transaction() {
    for chunk in [b"BDAT 600\r\n".to_vec(), b"BDAT 0\r\nBDAT 600\r\n".to_vec()] {
        let mut client = hello(&server()).await;
        envelope(&mut client).await;
        let chunk = [&chunk[..], &[b'x'; 600]].concat();
        assert_eq!(until_hung_up(&mut client, &chunk, seconds(1)).await, 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_nobody_wants_may_take_its_time_at_a_fair_rate() {
    let mut client = hello(&server()).await;
    client.send_bytes(b"BDAT 600000\r\n").await;
    for _ in 0..600 {
        client.send_bytes(&[b'x'; 1_000]).await;
        sleep(seconds(1)).await;
    }
    assert_eq!(client.greeting().await.to_string(), "503 5.5.1 Send MAIL first");
    client.command("NOOP").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn an_unexpected_chunk_is_held_to_the_timeouts_of_a_message() {
    let mut client = hello(&server()).await;
    client.send_bytes(b"BDAT 1000000\r\n").await;
    let since = Instant::now();
    assert_eq!(client.greeting().await.to_string(), TIMEOUT);
    assert_eq!(since.elapsed().as_secs(), 180);
    let mut client = hello(&server()).await;
    client.send_bytes(b"BDAT 1000000\r\n").await;
    assert_eq!(until_hung_up(&mut client, b"x", seconds(1)).await, 61);
}

#[tokio::test(start_paused = true)]
async fn an_endless_unexpected_chunk_ends_with_the_session_timeout() {
    let mut client = hello(&server()).await;
    client.send_bytes(b"BDAT 18446744073709551615\r\n").await;
    assert_eq!(until_hung_up(&mut client, &[b'x'; 1_000], seconds(1)).await, 1_000);
}

#[tokio::test(start_paused = true)]
async fn an_endless_refused_message_ends_with_the_transaction_timeout() {
    let faults: [(&[u8], Builder); 3] = [
        (b"bare\nfeed\r\n", accepting()),
        (b"Subject: long\r\n\r\n", accepting().max_message_size(5_000)),
        (b"X: y\r\nX: y\r\nX: y\r\n", accepting().max_header_fields(2)),
    ];
    for (start, builder) in faults {
        let mut client = in_data(&build(short(builder))).await;
        client.send_bytes(start).await;
        assert_eq!(until_hung_up(&mut client, &[b'x'; 1_000], seconds(1)).await, 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_steadily_may_outlast_the_session() {
    for chunk in ["", "BDAT 5000\r\n"] {
        let mut client = hello(&server()).await;
        envelope(&mut client).await;
        if chunk.is_empty() {
            client.command("DATA").await.expect(354);
        }
        for _ in 0..2_000 {
            let piece = [chunk.as_bytes(), &[b'x'; 4_998], b"\r\n"].concat();
            client.send_bytes(&piece).await;
            if !chunk.is_empty() {
                client.greeting().await.expect(250);
            }
            sleep(seconds(1)).await;
        }
        client.command(if chunk.is_empty() { "." } else { "BDAT 0 LAST" }).await.expect(250);
    }
}
