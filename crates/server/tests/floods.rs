//! Floods over TCP: memory stays bounded, replies come when due, and another session is served meanwhile. This file is
//! its own process with one test, so that other allocations are not counted.

mod support;

use peak_alloc::PeakAlloc;
use support::talk::{Talk, connect, listen};
use support::{accepting, build};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The bytes that a session may use beyond those before the flood: its buffers, the client's buffers, and an envelope
/// of 1,000 recipients.
const ROOM: usize = 1_500_000;

/// The first input, the repeated input and its count, the start of the counted replies, and their number.
type Flood = (&'static str, &'static str, usize, &'static str, usize);

const IN_DATA: &str = "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n";

const FLOODS: [Flood; 11] = [
    ("", "xxxxxxxxxxxxxxxx", 100_000, "421 4.7.0 Line without end", 1),
    (IN_DATA, "X: y\r\n", 100_000, "552 5.3.4 Message header", 1),
    (
        IN_DATA,
        "X-Long-Header: and it goes on and on and on\r\n yet a line\r\n",
        100_000,
        "552 5.3.4 Message header",
        1,
    ),
    ("MAIL FROM:<>\r\n", "RCPT TO:<bob@example.com>\r\n", 20_000, "452 4.5.3 ", 19_000),
    ("", "NOOP\r\n", 50_000, "250 2.0.0 OK", 50_000),
    ("", "RSET\r\n", 50_000, "250 2.0.0 OK", 50_000),
    ("", "VRFY bob\r\n", 20_000, "252 2.5.0 ", 20_000),
    ("", "HELP\r\n", 20_000, "214 2.0.0 ", 20_000),
    ("", "FROBNICATE\r\n", 20_000, "500 5.5.1 ", 20_000),
    (
        "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\n",
        "BDAT 1\r\nx",
        20_000,
        "250 2.0.0 1 octets received",
        20_000,
    ),
    ("", "BDAT 1\r\nx", 20_000, "503 5.5.1 Send MAIL first", 20_000),
];

async fn flood(client: Talk<TcpStream>, (first, piece, times, reply, count): Flood) {
    let (mut from, mut to) = client.into_inner().into_split();
    let sending = tokio::spawn(async move {
        let block = piece.repeat(100);
        let mut is_open = to.write_all(first.as_bytes()).await.is_ok();
        for _ in 0..times / 100 {
            is_open = is_open && to.write_all(block.as_bytes()).await.is_ok();
        }
        if first == IN_DATA && is_open {
            let _ = to.write_all(b"\r\n.\r\n").await;
        }
        let _ = to.shutdown().await;
    });
    let (mut buffer, mut line, mut found) = (vec![0; 16 * 1024], Vec::new(), 0);
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        for &byte in &buffer[..length] {
            line.push(byte);
            if byte == b'\n' {
                found += usize::from(line.starts_with(reply.as_bytes()));
                line.clear();
            }
        }
    }
    sending.await.expect("the client does not panic");
    assert_eq!(found, count, "{reply:?} to {piece:?}");
}

#[tokio::test]
async fn floods_take_little_memory_and_other_sessions_go_on() {
    // The delays of errors are tested in virtual time elsewhere.
    let server = build(accepting().max_connections_per_client(0).max_transactions(0).max_errors(0));
    let address = listen(&server).await;
    let mut other = connect(address).await;
    other.hello().await;
    for case in FLOODS {
        let mut client = connect(address).await;
        client.hello().await;
        ALLOCATED.reset_peak_usage();
        let before = ALLOCATED.current_usage();
        let flooding = tokio::spawn(flood(client, case));
        let mut served = 0;
        while !(flooding.is_finished() && served > 0) {
            crate::support::talk_one_message(&mut other).await;
            served += 1;
        }
        flooding.await.unwrap_or_else(|error| panic!("{:?}: {error}", case.1));
        let growth = ALLOCATED.peak_usage().saturating_sub(before);
        assert!(growth < ROOM, "{growth} bytes of memory for {:?}", case.1);
    }
    // Idle sessions hold no buffers. The count covers both sides of each connection.
    let before = ALLOCATED.current_usage();
    let mut idle = Vec::new();
    for _ in 0..200 {
        let mut client = connect(address).await;
        client.hello().await;
        idle.push(client);
    }
    let each = (ALLOCATED.current_usage() - before) / idle.len();
    assert!(each < 20_000, "{each} bytes for an idle session and its client");
    crate::support::talk_one_message(&mut other).await;
}
