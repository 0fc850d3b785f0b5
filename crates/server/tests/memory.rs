//! A message of any size takes the memory of one chunk. This file is its own process, so that other allocations are not
//! counted.

mod support;

use crate::support::StoreBy as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mailchute::Builder;
use support::talk::pipe;
use support::{build, builder};

/// The bytes of the message; `MAILCHUTE_TEST_MESSAGE_BYTES=10737418240` makes it 10 GiB.
fn bytes() -> u64 {
    const DEFAULT: u64 = 128 * 1024 * 1024;
    std::env::var("MAILCHUTE_TEST_MESSAGE_BYTES")
        .map_or(DEFAULT, |bytes| bytes.parse().expect("it is a number of bytes"))
}

/// The peak memory of the process, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the kernel counts");
    let kilobytes: String = line.chars().filter(char::is_ascii_digit).collect();
    kilobytes.parse::<u64>().expect("it is a number") * 1024
}

/// Sends a message to this server, and returns its bytes and the growth of the process's memory.
async fn growth(server: &mailchute::Server, header: &str) -> (u64, u64) {
    let (mut client, _session) = pipe(server, 256 * 1024);
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    // Lines of 64 bytes.
    let block = [&[b'x'; 62][..], b"\r\n"].concat().repeat(2_048);
    let blocks = bytes().div_ceil(block.len() as u64);
    client.write(header).await;
    client.write(&block).await;
    let before = peak();
    for _ in 1..blocks {
        client.write(&block).await;
    }
    client.ask(".", "250 2.6.0").await;
    // The kernel's counters are not exact: a peak can look lower than before.
    (header.len() as u64 + blocks * block.len() as u64, peak().saturating_sub(before))
}

/// The memory by which the process may grow.
const ROOM: u64 = 32 * 1024 * 1024;

fn counting(builder: Builder, received: &Arc<AtomicU64>) -> Builder {
    let counter = Arc::clone(received);
    builder.store_by(move |mut message, _session| {
        let counter = Arc::clone(&counter);
        async move {
            while let Some(chunk) = message.chunk().await? {
                counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            Ok(())
        }
    })
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_streamed_message_of_any_size_takes_flat_memory() {
    let received = Arc::default();
    let server = build(counting(builder().max_message_size(0), &received));
    let (sent, growth) = growth(&server, "").await;
    assert_eq!(received.load(Ordering::Relaxed), sent);
    assert!(growth < ROOM, "{growth} bytes of memory for {} bytes of message", bytes());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_streamed_message_with_edits_takes_flat_memory() {
    let received = Arc::default();
    let edit = |mut message: mailchute::Message, _session| async move {
        message.remove_fields(|name, _| name == "X");
        message.add_above_trace("Y", "z")?;
        Ok(message)
    };
    let server = build(counting(builder().max_message_size(0).on_message(edit), &received));
    let (sent, growth) = growth(&server, "X: a\r\nY: b\r\n\r\n").await;
    assert_eq!(received.load(Ordering::Relaxed), sent, "a field went and one as long came");
    assert!(growth < ROOM, "{growth} bytes of memory for {} bytes of message", bytes());
}
