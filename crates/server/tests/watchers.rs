//! The memory that a subscriber that reads nothing can make the server hold, whatever clients send. This file is its
//! own process with one test, so that other allocations are not counted.

mod support;

use std::time::Duration;

use peak_alloc::PeakAlloc;
use support::talk::pipe;
use support::{accepting, build};
use tokio::time::timeout;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The bytes by which a subscriber may be late, and those of the running session.
const ROOM: usize = 4 * 1024 * 1024 + 256 * 1024;

/// The bytes that each client sends.
const SENT: usize = 8 * 1024 * 1024;

const BEGIN: &[u8] = b"EHLO client.example\r\nMAIL FROM:<>\r\n";

/// A client sends `first` and then repeats `again`, in one session or in many; returns the memory held then.
async fn held(first: &[u8], again: &[u8], sessions: usize) -> usize {
    let server =
        build(accepting().max_message_size(0).max_errors(0).max_transactions(0).max_recipients(1_000_000));
    let events = server.events();
    let before = ALLOCATED.current_usage();
    for _ in 0..sessions {
        let (mut client, session) = pipe(&server, 64 * 1024);
        client.read_reply().await;
        client.write(first).await;
        let block = again.repeat((16 * 1024 / again.len()).clamp(1, SENT / sessions / again.len()));
        for _ in 0..SENT / sessions / block.len() {
            client.write(&block).await;
            while let Ok(heard) = timeout(Duration::from_millis(1), client.read()).await {
                assert!(!heard.is_empty() || sessions > 1, "the session is over");
                if heard.is_empty() {
                    break;
                }
            }
        }
        drop(client);
        session.await.expect("the session does not panic");
    }
    let held = ALLOCATED.current_usage().saturating_sub(before);
    drop(events);
    held
}

#[tokio::test(start_paused = true)]
async fn unread_events_of_every_kind_are_bounded_in_memory() {
    let envid = "e".repeat(100);
    let orcpt = "o".repeat(480);
    let cases: [(&str, &[u8], Vec<u8>, usize); 8] = [
        ("long lines", b"", [b"NOOP ", &[b'x'; 2_000][..], b"\r\n"].concat(), 1),
        ("bytes that are escaped", b"", [b"NOOP ", &[0xff; 2_000][..], b"\r\n"].concat(), 1),
        ("names", b"", [b"EHLO ", &[b'x'; 250][..], b"\r\n"].concat(), 1),
        (
            "sender's parameters",
            b"EHLO client.example\r\n",
            format!("MAIL FROM:<a@client.example> ENVID={envid}\r\nRSET\r\n").into_bytes(),
            1,
        ),
        (
            "recipients with parameters",
            BEGIN,
            format!("RCPT TO:<b@example.com> ORCPT=rfc822;{orcpt}\r\n").into_bytes(),
            1,
        ),
        (
            "data in pieces that are kept as they came",
            b"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
            vec![b'x'; 17_000],
            1,
        ),
        ("refusals", BEGIN, [b"XPING ", &[b'x'; 490][..], b"\r\n"].concat(), 1),
        ("sessions that are over", b"EHLO client.example\r\n", b"QUIT\r\n".to_vec(), 500),
    ];
    for (what, first, again, sessions) in cases {
        let held = held(first, &again, sessions).await;
        assert!(held < ROOM, "{held} bytes are held by {what}");
    }
}
