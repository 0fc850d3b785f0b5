//! Messages so slow that they occupy a slot: one pace and one deadline over all chunks. In virtual time.

use std::time::Duration;

use crate::support::{StoreBy as _, accepting, build, envelope, hello, in_data};
use mailchute::testing::Client;
use mailchute::{Builder, Refusal};
use tokio::time::{Instant, sleep, timeout};

const TIMEOUT: &str = "421 4.4.2 Timeout: closing connection";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Sends `bytes` every `pause` until the server answers 421, and returns the seconds until then; `None` if it takes
/// more than `most`.
async fn hung_up(client: &mut Client, bytes: &[u8], pause: u64, most: u64) -> Option<u64> {
    let since = Instant::now();
    while since.elapsed() < seconds(most) {
        client.send_bytes(bytes).await;
        let end = Instant::now() + seconds(pause);
        while let Ok(heard) =
            timeout(end.saturating_duration_since(Instant::now()), client.try_read_reply()).await
        {
            let heard = heard.expect("the last words are 421").to_string();
            if heard.starts_with("421") {
                assert_eq!(heard, TIMEOUT);
                return Some(since.elapsed().as_secs());
            }
        }
    }
    None
}

/// A client that has sent half of a chunk, and one write that ends that chunk and begins another.
async fn in_chunk(builder: Builder) -> (Client, &'static [u8]) {
    let mut client = hello(&build(builder)).await;
    envelope(&mut client).await;
    client.send_bytes(b"BDAT 2\r\nx").await;
    (client, b"xBDAT 2\r\nx")
}

/// One slot, which is taken.
fn full(builder: Builder) -> Builder {
    builder.max_connections(1)
}

#[tokio::test(start_paused = true)]
async fn chunks_cut_across_writes_end_with_the_transaction() {
    let (mut client, write) = in_chunk(accepting().session_timeout(seconds(20))).await;
    assert_eq!(hung_up(&mut client, write, 5, 300).await, Some(20));
}

#[tokio::test(start_paused = true)]
async fn chunks_cut_across_writes_keep_the_lowest_rate() {
    let (mut client, write) = in_chunk(accepting()).await;
    assert_eq!(hung_up(&mut client, write, 50, 10_000).await, Some(100));
}

#[tokio::test(start_paused = true)]
async fn waits_between_chunks_count_towards_the_rate() {
    // Idle commands do not count as content, however many they are.
    for write in [b"BDAT 1\r\nx".to_vec(), [b"BDAT 1\r\nx".to_vec(), b"NOOP\r\n".repeat(10)].concat()] {
        let mut client = hello(&build(accepting().session_timeout(seconds(3_000)))).await;
        envelope(&mut client).await;
        let ended = hung_up(&mut client, &write, 7, 10_000).await;
        assert_eq!(ended, Some(63), "{} bytes a write", write.len());
    }
}

#[tokio::test(start_paused = true)]
async fn chunks_after_a_refused_one_keep_the_minimum_rate() {
    let refusing = || accepting().max_message_size(10).session_timeout(seconds(3_000));
    for (builder, after) in [(refusing(), 63), (full(refusing()), 14)] {
        let mut client = hello(&build(builder)).await;
        envelope(&mut client).await;
        client.send_bytes(b"BDAT 20\r\nxxxxxxxxxxxxxxxxxxxxBDAT 2\r\nx").await;
        assert_eq!(hung_up(&mut client, b"xBDAT 2\r\nx", 7, 10_000).await, Some(after));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_house_waits_ten_seconds_within_chunks_too() {
    let (mut client, write) = in_chunk(full(accepting())).await;
    assert_eq!(hung_up(&mut client, write, 4, 300).await, Some(12));
    // A chunk that stalls, a next chunk that does not come, and a message that stalls.
    for (commands, silent) in [("BDAT 100\r\nx", "chunk"), ("BDAT 1\r\nx", "next"), ("DATA\r\nx", "data")] {
        let mut client = hello(&build(full(accepting()))).await;
        envelope(&mut client).await;
        client.send_bytes(commands.as_bytes()).await;
        assert_eq!(hung_up(&mut client, b"", 20, 20).await, Some(10), "{silent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_house_demands_a_steady_message() {
    let piece = |bytes: usize| [vec![b'x'; bytes - 2], b"\r\n".to_vec()].concat();
    let mut slow = in_data(&build(full(accepting()))).await;
    assert_eq!(hung_up(&mut slow, &piece(3_600), 1, 100).await, Some(11));
    let mut steady = in_data(&build(full(accepting()))).await;
    assert_eq!(hung_up(&mut steady, &piece(4_000), 1, 100).await, None);
    steady.command(".").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_trickled_message_ends_with_its_transaction() {
    let mut client = in_data(&build(accepting())).await;
    assert_eq!(hung_up(&mut client, &[b'x'; 600], 1, 20_000).await, Some(3_600));
}

#[tokio::test(start_paused = true)]
async fn a_large_message_on_a_slow_line_gets_through() {
    let mut client = in_data(&build(accepting())).await;
    let since = Instant::now();
    // 25 MB at 4 KB/s take longer than the transaction's hour.
    let piece = [&[b'x'; 40_958][..], b"\r\n"].concat();
    for _ in 0..620 {
        client.send_bytes(&piece).await;
        sleep(seconds(10)).await;
    }
    client.command(".").await.expect(250);
    assert!(since.elapsed() > seconds(6_000));
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_has_its_time_after_a_slow_or_refused_message() {
    let hook = |_, _| async { Err::<(), _>(Refusal::new(550, (5, 7, 1), "No")) };
    for (builder, message, code) in [
        (accepting(), "DATA\r\nx\r\n.\r\n", 354),
        (accepting(), "BDAT 1 LAST\r\nx", 250),
        (crate::support::builder().store_by(hook), "BDAT 1 LAST\r\nx", 550),
        (crate::support::builder().store_by(hook), "BDAT 1\r\nxNOOP\r\n", 550),
    ] {
        let mut client = hello(&build(builder)).await;
        envelope(&mut client).await;
        let (first, second) = message.split_at(message.find('x').unwrap());
        client.send_bytes(first.as_bytes()).await;
        sleep(seconds(59)).await;
        client.send_bytes(second.as_bytes()).await;
        client.greeting().await.expect(code);
        if code == 354 || message.contains("NOOP") {
            client.greeting().await.expect(250);
        }
        sleep(seconds(290)).await;
        client.command("NOOP").await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_after_a_refused_chunk_has_its_own_time() {
    let mut client = hello(&build(accepting().max_message_size(10))).await;
    envelope(&mut client).await;
    client.send_bytes(b"BDAT 20\r\nxxxxxxxxxxxxxxxxxxxx").await;
    client.read_reply().await.expect(552);
    sleep(seconds(70)).await;
    client.send_bytes(b"MA").await;
    sleep(seconds(1)).await;
    client.send_bytes(b"IL FROM:<ann@client.example>\r\n").await;
    client.read_reply().await.expect(250);
}
