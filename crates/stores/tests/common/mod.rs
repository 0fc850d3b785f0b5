//! A Maildir in a directory of its own, and clients who send to it.

#![allow(dead_code, reason = "each test file is a crate that uses a part of this")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mailchute::testing::{self, Client};
use mailchute::{Builder, Server};
use mailchute_stores::{LineEnds, Maildir};
use tempfile::TempDir;

/// A server that keeps its mail in a temporary directory.
pub(crate) struct Post {
    pub(crate) server: Server,
    pub(crate) mail: Mail,
    _directory: TempDir,
}

/// A Maildir as its readers see it.
#[derive(Clone)]
pub(crate) struct Mail(pub(crate) PathBuf);

impl Post {
    pub(crate) fn open() -> Self {
        Self::with(|builder| builder)
    }

    /// With other options of the server.
    pub(crate) fn with(options: impl FnOnce(Builder) -> Builder) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mail = Mail(directory.path().join("mail"));
        // Tests compare each byte that the client sent; line_ends.rs has the default.
        let store = Maildir::builder(&mail.0).line_ends(LineEnds::Crlf).open().unwrap();
        let builder = Server::builder().hostname("mx.example.com").store(store);
        Self { server: options(builder).build().unwrap(), mail, _directory: directory }
    }

    pub(crate) async fn client(&self) -> Client {
        client(&self.server, 0).await
    }
}

/// A client that has said EHLO; clients of another number have another address.
pub(crate) async fn client(server: &Server, number: u8) -> Client {
    let mut client = testing::connect(server).from(SocketAddr::from(([10, 0, 0, number], 1025))).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    client
}

/// Sends MAIL, a RCPT for each recipient, and DATA.
pub(crate) async fn begin(client: &mut Client, recipients: &[&str]) {
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in recipients {
        client.command(&format!("RCPT TO:<{recipient}>")).await.expect(250);
    }
    client.command("DATA").await.expect(354);
}

impl Mail {
    pub(crate) fn tmp_dir(&self) -> PathBuf {
        self.0.join("tmp")
    }

    pub(crate) fn new_dir(&self) -> PathBuf {
        self.0.join("new")
    }

    /// The messages that readers find.
    pub(crate) fn messages(&self) -> Vec<PathBuf> {
        files(&self.new_dir())
    }

    /// The only message.
    pub(crate) fn message(&self) -> Vec<u8> {
        let messages = self.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        fs::read(&messages[0]).unwrap()
    }

    /// Panics unless `tmp/` is empty, now or soon.
    pub(crate) async fn expect_no_leftovers(&self) {
        eventually(|| files(&self.tmp_dir()).is_empty()).await;
    }
}

pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Panics unless `condition` comes true within some seconds.
#[track_caller]
pub(crate) fn eventually(condition: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let end = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < end, "it never came true: {caller}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Takes the trace fields off a message.
pub(crate) fn split_trace(message: &[u8]) -> (&str, &[u8]) {
    let received = find(message, b"Received: ").expect("a Received field");
    let mut end = received;
    loop {
        end += find(&message[end..], b"\r\n").expect("an end of the line") + 2;
        if message.get(end) != Some(&b'\t') {
            return (std::str::from_utf8(&message[..end]).unwrap(), &message[end..]);
        }
    }
}

fn find(octets: &[u8], needle: &[u8]) -> Option<usize> {
    octets.windows(needle.len()).position(|window| window == needle)
}
