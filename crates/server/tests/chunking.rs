//! Messages sent by BDAT (RFC 3030) reach the data hooks like those sent by DATA.

use crate::support::StoreBy as _;
use std::sync::{Arc, Mutex};

use mailchute::testing::{self, Client};
use mailchute::{Builder, Refusal, Server};

/// The content that the data hook has read, message by message.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Vec<u8>>>>);

impl Kept {
    fn builder(&self) -> Builder {
        let kept = self.clone();
        Server::builder().store_by(move |mut message, _session| {
            let kept = kept.clone();
            async move {
                let mut content = Vec::new();
                while let Some(chunk) = message.chunk().await? {
                    content.extend_from_slice(&chunk);
                }
                kept.0.lock().expect("no test panics with it").push(content);
                Ok(())
            }
        })
    }

    fn messages(&self) -> Vec<Vec<u8>> {
        self.0.lock().expect("no test panics with it").clone()
    }
}

async fn in_transaction(server: &Server, parameters: &str) -> Client {
    let mut client = testing::connect(server).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    client.command(&format!("MAIL FROM:<a@b.example>{parameters}")).await.expect(250);
    client.command("RCPT TO:<c@d.example>").await.expect(250);
    client
}

#[tokio::test]
async fn chunks_are_put_together_and_answered_one_by_one() {
    let kept = Kept::default();
    let mut client = in_transaction(&kept.builder().build().unwrap(), "").await;
    client.send_bytes(b"BDAT 16\r\nSubject: hello\r\n").await;
    assert_eq!(client.greeting().await.lines(), ["250 2.0.0 16 octets received"]);
    client.send_bytes(b"BDAT 9\r\n\r\n.\r\nQUIT").await;
    assert_eq!(client.greeting().await.lines(), ["250 2.0.0 9 octets received"]);
    client.send_bytes(b"BDAT 2 LAST\r\n\r\nNOOP\r\n").await;
    assert_eq!(client.greeting().await.lines(), ["250 2.6.0 Message accepted"]);
    assert_eq!(client.greeting().await.lines(), ["250 2.0.0 OK"]);
    assert_eq!(kept.messages(), [b"Subject: hello\r\n\r\n.\r\nQUIT\r\n"]);
}

#[tokio::test]
async fn pipelined_chunks_and_binary_content_come_through() {
    let kept = Kept::default();
    let mut client = in_transaction(&kept.builder().build().unwrap(), " BODY=BINARYMIME").await;
    client.send_bytes(b"BDAT 3\r\n\0\r\xffBDAT 1\r\n\nBDAT 0 LAST\r\nNOOP\r\n").await;
    for reply in [
        "250 2.0.0 3 octets received",
        "250 2.0.0 1 octets received",
        "250 2.6.0 Message accepted",
        "250 2.0.0 OK",
    ] {
        assert_eq!(client.greeting().await.lines(), [reply]);
    }
    assert_eq!(kept.messages(), [b"\0\r\xff\n"]);
}

#[tokio::test]
async fn a_message_reset_between_two_chunks_is_not_stored() {
    for end in ["RSET", "EHLO client.example", "QUIT"] {
        let kept = Kept::default();
        let mut client = in_transaction(&kept.builder().build().unwrap(), "").await;
        client.send_bytes(b"BDAT 5\r\nhello").await;
        client.greeting().await.expect(250);
        client.command(end).await.expect(if end == "QUIT" { 221 } else { 250 });
        client.send_bytes(b"BDAT 0 LAST\r\n").await;
        if end != "QUIT" {
            assert_eq!(client.greeting().await.lines(), ["503 5.5.1 Send MAIL first"]);
        }
        assert_eq!(kept.messages(), [b""; 0], "{end}");
    }
}

#[tokio::test]
async fn a_refusal_during_the_first_chunk_follows_its_bytes() {
    let refusal = Refusal::new(554, (5, 7, 1), "Not today");
    let server = Server::builder().store_by(move |_message, _session| std::future::ready(refusal.clone()));
    let mut client = in_transaction(&server.build().unwrap(), "").await;
    client.send_bytes(b"BDAT 6\r\nQUIT\r\nBDAT 2 LAST\r\n\r\nNOOP\r\n").await;
    for reply in ["554 5.7.1 Not today", "503 5.5.1 Send MAIL first", "250 2.0.0 OK"] {
        assert_eq!(client.greeting().await.lines(), [reply]);
    }
}

#[tokio::test]
async fn a_disconnect_between_two_chunks_makes_reading_fail() {
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::builder().store_by(move |mut message, _session| {
        let told = told.clone();
        async move {
            let mut rest = tokio::spawn(async move {
                while let Some(_chunk) = message.chunk().await? {}
                Ok::<_, mailchute::message::BodyError>(())
            });
            let outcome = (&mut rest).await?;
            told.send(outcome.is_err())?;
            Ok(())
        }
    });
    let server = server.on_disconnect(|_, _| async {}).build().unwrap();
    let mut events = server.events();
    let mut client = in_transaction(&server, "").await;
    client.send_bytes(b"BDAT 5\r\nhello").await;
    client.greeting().await.expect(250);
    drop(client);
    drop(server);
    while events.next().await.is_some() {}
    // The hook was dropped with the message, or was told that it is incomplete. It never sees the end of the message.
    assert_ne!(hears.recv().await, Some(false));
}

#[tokio::test]
async fn bare_crs_hide_neither_fields_nor_loops_from_the_limits() {
    for (header, code) in [
        ("a:\r".repeat(1_000), 250),
        ("a:\r".repeat(1_001), 552),
        ("a:\n\r".repeat(1_001), 552),
        ("a:\r\r\n".repeat(1_001), 552),
        (["A: b\r", &"Received: x\r".repeat(101)].concat(), 554),
    ] {
        let kept = Kept::default();
        let mut client = in_transaction(&kept.builder().build().unwrap(), " BODY=BINARYMIME").await;
        let content = [header.as_str(), "\r\nx"].concat();
        client.send_bytes(format!("BDAT {} LAST\r\n{content}", content.len()).as_bytes()).await;
        client.greeting().await.expect(code);
    }
}
