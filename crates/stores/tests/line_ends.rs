//! How lines end in the files of a Maildir.

use std::fs;

use crate::common::{Mail, client, eventually, files};
use mailchute::syntax::BareLineEnds;
use mailchute::testing::Client;
use mailchute::{Builder, Server};
use mailchute_stores::Maildir;
use tempfile::TempDir;

/// A server that keeps mail as it does by default.
struct Post {
    server: Server,
    mail: Mail,
    _directory: TempDir,
}

impl Post {
    fn open(options: impl FnOnce(Builder) -> Builder) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Maildir::open(directory.path()).unwrap();
        let server = options(Server::builder().store(store)).build().unwrap();
        Self { server, mail: Mail(directory.path().to_owned()), _directory: directory }
    }

    fn tolerant() -> Self {
        Self::open(|builder| builder.bare_line_ends(BareLineEnds::Tolerate))
    }

    /// Takes the only message out: the trace fields and the content.
    fn take(&self) -> (String, Vec<u8>) {
        let path = self.mail.messages().remove(0);
        let octets = fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.ends_with(&format!(",S={}", octets.len())), "{name}");
        fs::remove_file(path).unwrap();
        assert_eq!(files(&self.mail.tmp_dir()).len(), 0);
        let date = octets.windows(5).position(|octets| octets == b"+0000").unwrap();
        let end = date + octets[date..].iter().position(|octet| *octet == b'\n').unwrap() + 1;
        (String::from_utf8(octets[..end].to_vec()).unwrap(), octets[end..].to_vec())
    }
}

async fn begin(client: &mut Client, parameters: &str) {
    client.command(&format!("MAIL FROM:<alice@client.example>{parameters}")).await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
}

/// Sends a content by DATA, a piece of this size at a time.
async fn send(client: &mut Client, content: &[u8], size: usize) {
    begin(client, "").await;
    client.command("DATA").await.expect(354);
    for piece in content.chunks(size) {
        client.send_bytes(piece).await;
        tokio::task::yield_now().await;
    }
    client.command(".").await.expect(250);
}

/// Sends a content by BDAT in chunks of this size.
async fn send_chunks(client: &mut Client, parameters: &str, content: &[u8], size: usize) {
    begin(client, parameters).await;
    for chunk in content.chunks(size) {
        client.send_bytes(format!("BDAT {}\r\n", chunk.len()).as_bytes()).await;
        client.send_bytes(chunk).await;
        client.greeting().await.expect(250);
    }
    client.command("BDAT 0 LAST").await.expect(250);
}

#[tokio::test]
async fn lines_end_with_lf_and_nothing_else_is_changed() {
    let post = Post::open(|builder| builder);
    let mut client = client(&post.server, 1).await;
    let content = b"Subject: x\r\n\r\n\xff\0 a\r\n\r\n\r\nb \t\r\n";
    for size in 1..=content.len() {
        send(&mut client, content, size).await;
        let (trace, kept) = post.take();
        assert!(trace.starts_with("Return-Path: <alice@client.example>\nDelivered-To: bob@example.com\n"));
        assert!(!trace.contains('\r'), "{trace}");
        assert_eq!(kept, b"Subject: x\n\n\xff\0 a\n\n\nb \t\n", "by {size}");
    }
}

#[tokio::test]
async fn a_message_without_an_end_keeps_none() {
    let post = Post::open(|builder| builder);
    let mut client = client(&post.server, 1).await;
    let content = b"Subject: x\r\n\r\na\r\nno end";
    for size in 1..=content.len() {
        send_chunks(&mut client, "", content, size).await;
        assert_eq!(post.take().1, b"Subject: x\n\na\nno end", "by {size}");
    }
}

#[tokio::test]
async fn a_message_with_bare_ends_keeps_its_bytes() {
    let post = Post::tolerant();
    let mut client = client(&post.server, 1).await;
    for content in [
        &b"Subject: x\r\n\r\na\nb\r\nc\r\n"[..],
        b"Subject: x\r\n\r\na\rb\r\n",
        b"Subject: x\n\na\r\n",
        b"Subject: x\r\n\r\na\r\r\nb\r\n",
        b"Subject: x\r\n\r\na\n\r\nb\r\n",
    ] {
        for size in 1..=content.len() {
            send(&mut client, content, size).await;
            let (trace, kept) = post.take();
            assert_eq!(kept, content, "by {size}");
            assert_eq!(trace.matches('\n').count(), trace.matches("\r\n").count(), "{trace}");
        }
    }
    // Only a chunk can end a message with a CR.
    let content = b"Subject: x\r\n\r\na\r\nb\r";
    for size in 1..=content.len() {
        send_chunks(&mut client, "", content, size).await;
        assert_eq!(post.take().1, content, "by {size}");
    }
}

#[tokio::test]
async fn a_large_message_with_a_late_bare_end_keeps_its_bytes() {
    let post = Post::tolerant();
    let mut client = client(&post.server, 1).await;
    let line = [&b"x".repeat(76)[..], b"\r\n"].concat();
    let mut content = [&b"Subject: x\r\n\r\n"[..], &line.repeat(20_000)].concat();
    send(&mut client, &content, 65_536).await;
    let (_, kept) = post.take();
    assert!(kept == String::from_utf8_lossy(&content).replace("\r\n", "\n").as_bytes());

    content.extend_from_slice(b"bare\nend\r\n");
    content.extend_from_slice(&line.repeat(5_000));
    send(&mut client, &content, 65_536).await;
    let (trace, kept) = post.take();
    assert!(kept == content && trace.contains("\r\n"));
}

#[tokio::test]
async fn a_large_message_abandoned_after_a_bare_end_leaves_nothing() {
    let post = Post::tolerant();
    let mut client = client(&post.server, 1).await;
    begin(&mut client, "").await;
    client.command("DATA").await.expect(354);
    client.send_bytes("x\r\n".repeat(200_000).as_bytes()).await;
    eventually(|| files(&post.mail.tmp_dir()).len() == 1).await;
    client.send_bytes(format!("bare\nend{}", "x\r\n".repeat(200_000)).as_bytes()).await;
    drop(client);
    post.mail.expect_no_leftovers().await;
    assert_eq!(post.mail.messages().len(), 0);
}

#[tokio::test]
async fn a_binary_message_keeps_its_bytes() {
    let post = Post::open(|builder| builder);
    let mut client = client(&post.server, 1).await;
    for content in [&b"Subject: x\r\n\r\na\r\nb\r\n"[..], b"Subject: x\r\n\r\n\0a\rb\nc\n\r\r\n\r"] {
        for size in 1..=content.len() {
            send_chunks(&mut client, " BODY=BINARYMIME", content, size).await;
            let (trace, kept) = post.take();
            assert_eq!(kept, content, "by {size}");
            assert!(trace.ends_with("+0000\r\n"), "{trace}");
        }
    }
}
