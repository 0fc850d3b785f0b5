//! A message of any size takes the memory of one chunk. This file is a process of its own, so that what others
//! need is not counted.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use support::talk::pipe;
use support::{build, builder};

/// Octets of the message; `MAILCHUTE_TEST_MESSAGE_OCTETS=10737418240` makes it 10 GiB.
fn octets() -> u64 {
    const DEFAULT: u64 = 128 * 1024 * 1024;
    std::env::var("MAILCHUTE_TEST_MESSAGE_OCTETS")
        .map_or(DEFAULT, |octets| octets.parse().expect("it is a number of octets"))
}

/// What the process has ever had in memory, in octets.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the kernel counts");
    let kilobytes: String = line.chars().filter(char::is_ascii_digit).collect();
    kilobytes.parse::<u64>().expect("it is a number") * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_streamed_message_of_any_size_takes_flat_memory() {
    const ROOM: u64 = 32 * 1024 * 1024;
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let server = build(builder().max_message_size(0).on_data(move |mut message, _session| {
        let counter = Arc::clone(&counter);
        async move {
            while let Some(chunk) = message.chunk().await? {
                counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            Ok(())
        }
    }));
    let (mut client, _session) = pipe(&server, 256 * 1024);
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    // Lines of 64 octets.
    let block = [&[b'x'; 62][..], b"\r\n"].concat().repeat(2_048);
    let blocks = octets().div_ceil(block.len() as u64);
    client.write(&block).await;
    let before = peak();
    for _ in 1..blocks {
        client.write(&block).await;
    }
    client.ask(".", "250 2.6.0").await;
    let growth = peak() - before;
    assert_eq!(received.load(Ordering::Relaxed), blocks * block.len() as u64);
    assert!(growth < ROOM, "{growth} octets of memory for {} octets of message", octets());
}
