//! Clients that stop within a message: filters hold nothing of its header meanwhile. This file is its own process with one
//! test, so that other allocations are not counted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, and so do its helpers")]

#[allow(dead_code, reason = "its helpers serve other tests")]
mod zone;

use std::net::SocketAddr;
use std::time::Duration;

use mailchute::testing::Inbox;
use mailchute::{Builder, Server};
use mailchute_filters::authentication::Authentication;
use mailchute_filters::milter::{Milter, MilterAddress};
use peak_alloc::PeakAlloc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use zone::Zone;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Clients at a time.
const CLIENTS: usize = 8;

/// Bytes of each header.
const HEADER: usize = 1_000_000;

/// Bytes for each client: what the spool keeps of a message, and the buffers of both sides.
const ROOM: usize = 1_048_576 + 250_000;

/// A milter that always says `c`.
async fn start_milter() -> MilterAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(go_on(stream));
        }
    });
    MilterAddress::tcp("127.0.0.1", port)
}

async fn go_on(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let length = stream.read_u32().await?;
        let mut packet = vec![0; length as usize];
        stream.read_exact(&mut packet).await?;
        let answer: &[u8] = match packet[0] {
            b'O' => b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\0\0\0",
            b'D' => continue,
            _ => b"\0\0\0\x01c",
        };
        stream.write_all(answer).await?;
    }
}

/// Lines that continue a field, up to the length of the header.
fn lines(line: &str) -> String {
    format!("\r\n {line}").repeat(HEADER / (line.len() + 3))
}

async fn read_until(stream: &mut DuplexStream, end: &str) {
    let mut text = String::new();
    while !text.contains(end) {
        text.push(char::from(stream.read_u8().await.unwrap()));
    }
}

/// Sends a header and a line of the body, and stops.
async fn stop_within(server: &Server, header: &str) -> DuplexStream {
    let (mut client, theirs) = duplex(16 * 1024);
    let (server, address) = (server.clone(), SocketAddr::from(([192, 0, 2, 1], 25)));
    tokio::spawn(async move { server.serve_connection(theirs, address).await });
    read_until(&mut client, "220 ").await;
    for (command, reply) in [
        ("EHLO client.example", "250 "),
        ("MAIL FROM:<a@client.example>", "250 "),
        ("RCPT TO:<b@example.com>", "250 "),
        ("DATA", "354 "),
    ] {
        read_until(&mut client, "\r\n").await;
        client.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        read_until(&mut client, reply).await;
    }
    client.write_all(format!("{header}\r\n\r\nHello\r\n").as_bytes()).await.unwrap();
    client
}

#[tokio::test]
async fn a_header_is_not_held_while_the_body_comes() {
    let milter = start_milter().await;
    let authenticating = |builder: Builder| builder.with(Authentication::new(Zone::default()));
    let asking = |builder: Builder| builder.with(Milter::new(milter.clone()));
    let from = "From: a@client.example\r\n";
    let signed = "a=rsa-sha256; d=client.example; s=s; h=from; b=AAAA";
    let long = format!("{from}X-Long: x{}", lines(&"x".repeat(75)));
    let body_hash = format!("{from}DKIM-Signature: v=1; {signed}; bh={}", lines(&"A".repeat(76)));
    let label = "x".repeat(60);
    let author = format!("From: a@{}.example", [&*label; HEADER / 61].join("."));
    let results = format!(
        "{from}ARC-Seal: i=1; cv=none; a=rsa-sha256; d=client.example; s=s; b=AAAA\r\n\
         ARC-Message-Signature: i=1; {signed}; bh=AAAA\r\n\
         ARC-Authentication-Results: i=1; client.example; spf=pass{}",
        lines(&"x".repeat(75))
    );
    type Case<'c> = (&'static str, &'c str, &'c dyn Fn(Builder) -> Builder);
    let mut cases: Vec<Case<'_>> = vec![
        ("fields", &long, &authenticating),
        ("bh", &body_hash, &authenticating),
        ("author", &author, &authenticating),
        ("results", &results, &authenticating),
        ("milter", &long, &asking),
    ];
    #[cfg(feature = "http")]
    let hooks =
        mailchute_filters::mta_hooks::MtaHooks::builder("http://127.0.0.1:1").unwrap().open().unwrap();
    #[cfg(feature = "http")]
    let posting = |builder: Builder| builder.with(hooks.clone());
    #[cfg(feature = "http")]
    cases.push(("http", &long, &posting));
    let mut too_much = Vec::new();
    for (name, header, with) in cases {
        let server = with(Server::builder()).store(Inbox::new()).build().unwrap();
        stop_within(&server, "X: y").await;
        let before = ALLOCATED.current_usage();
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(stop_within(&server, header).await);
        }
        let mut each = usize::MAX;
        // The last client's bytes are still on their way.
        for _ in 0..50 {
            sleep(Duration::from_millis(100)).await;
            each = ALLOCATED.current_usage().saturating_sub(before) / CLIENTS;
            if each < ROOM {
                break;
            }
        }
        if each >= ROOM {
            too_much.push((name, each));
        }
    }
    assert!(too_much.is_empty(), "bytes for each client: {too_much:?}");
}
