//! Connections of browsers are few, and end.

use std::fs;

use futures_util::future::join_all;
use mailchute::{Server, testing};
use mailchute_console::{Console, Mailbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Served, serve, serve_console, status};

/// Opens connections that send the beginning of a header, and then nothing.
async fn slow(console: &Served, count: usize) -> Vec<TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = TcpStream::connect(console.address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: loc").await.unwrap();
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn one_client_has_only_half_of_the_connections() {
    let console = serve(|console| console).await;
    let mut clients = slow(&console, 1000).await;
    // The first 256 wait, and all others are closed at once.
    let ended = clients.split_off(256);
    join_all(ended.into_iter().map(|mut client| async move {
        // A reset ends it as well.
        let _ = client.read_to_end(&mut Vec::new()).await;
    }))
    .await;
    drop(clients);
}

#[tokio::test(start_paused = true)]
async fn a_slow_header_ends_its_connection() {
    let console = serve(|console| console).await;
    let clients = slow(&console, 100).await;
    join_all(clients.into_iter().map(|mut client| async move {
        let _ = client.read_to_end(&mut Vec::new()).await;
    }))
    .await;
    assert_eq!(status(&console.get("/live", "").await), 200);
}

#[tokio::test]
async fn a_client_that_takes_nothing_loses_its_connection() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    // More than the buffers of both sockets hold.
    let large = format!("Subject: large\r\n\r\n{}", "x".repeat(64 << 20));
    fs::write(folder.path().join("new/1764000000.M1P1.host"), large).unwrap();
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let mailbox = Mailbox::builder(folder.path()).open().unwrap();
    let console = serve_console(Console::builder(&server).mailbox(mailbox).build()).await;
    let mut client = TcpStream::connect(console.address).await.unwrap();
    client.write_all(b"GET /m/latest/raw HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut taken = vec![0; 13];
    client.read_exact(&mut taken).await.unwrap();
    // Not before, as the mailbox answers from its thread within a time.
    tokio::time::pause();
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    // A reset ends it as well.
    let _ = client.read_to_end(&mut taken).await;
    assert!(taken.starts_with(b"HTTP/1.1 200 ") && taken.len() < 64 << 20, "{}", taken.len());
}
