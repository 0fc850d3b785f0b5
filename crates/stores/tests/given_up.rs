//! Stores that are dropped before they have answered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::common::{Mail, begin, client, files};
use mailchute::{Message, Receipt, Refusal, Server, Session, Store};
use mailchute_stores::Maildir;

/// Drops the Maildir's future after a while, a little later each time.
struct Impatient {
    maildir: Maildir,
    micros: AtomicU64,
    step: u64,
}

impl Store for Impatient {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let patience = Duration::from_micros(self.micros.fetch_add(self.step, Ordering::Relaxed));
        // A timer of tokio's is too coarse to hit each point of a delivery.
        let alarm = tokio::task::spawn_blocking(move || std::thread::sleep(patience));
        tokio::select! {
            biased;
            _ = alarm => Err(Refusal::new(451, (4, 3, 0), "given up")),
            answer = self.maildir.store(message, session) => answer,
        }
    }
}

/// Sends a message in a session of its own, and says whether it was accepted.
async fn is_accepted(server: &Server, number: u8, content: &str) -> bool {
    let mut client = client(server, number).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    // A store that is given up before it reads refuses DATA at once.
    if client.command("DATA").await.code() != 354 {
        return false;
    }
    client.send_bytes(content.as_bytes()).await;
    client.command(".").await.code() == 250
}

/// Gives each message a little longer than the one before, until many in a row had time enough; then runs the server
/// to its end, with all that its blocking threads still have to do.
fn given_up_at_every_point(step: u64, content: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mail = Mail(directory.path().to_owned());
    let store = Impatient { maildir: Maildir::open(&mail.0).unwrap(), micros: AtomicU64::new(0), step };
    let server = Server::builder().store(store).build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut accepted, mut given_up, mut in_a_row) = (0, 0, 0);
    while in_a_row < 20 {
        if runtime.block_on(is_accepted(&server, 1, content)) {
            (accepted, in_a_row) = (accepted + 1, in_a_row + 1);
        } else {
            (given_up, in_a_row) = (given_up + 1, 0);
        }
    }
    drop(runtime);
    assert_eq!(mail.messages().len(), accepted);
    assert_eq!(files(&mail.tmp_dir()).len(), 0);
    assert!(given_up > 0);
}

#[test]
fn a_small_message_that_is_given_up_at_any_point_leaves_nothing() {
    given_up_at_every_point(10, "Subject: hello\r\n\r\nHello Bob\r\n");
}

#[test]
fn a_large_message_that_is_given_up_at_any_point_leaves_nothing() {
    given_up_at_every_point(200, &format!("{}\r\n", "x".repeat(998)).repeat(600));
}

#[test]
fn a_store_that_exceeds_its_time_limit_keeps_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mail = Mail(directory.path().to_owned());
    let server = Server::builder()
        .store(Maildir::open(&mail.0).unwrap())
        .store_timeout(Duration::from_millis(1))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let accepted = runtime.block_on(async {
        let senders: Vec<_> = (0..200)
            .map(|number| {
                let server = server.clone();
                tokio::spawn(async move {
                    is_accepted(&server, number, "Subject: hello\r\n\r\nHello Bob\r\n").await
                })
            })
            .collect();
        let mut accepted = 0;
        for sender in senders {
            accepted += usize::from(sender.await.unwrap());
        }
        accepted
    });
    drop(runtime);
    assert_eq!(mail.messages().len(), accepted);
    assert_eq!(files(&mail.tmp_dir()).len(), 0);
}

#[test]
fn a_runtime_that_ends_during_a_message_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mail = Mail(directory.path().to_owned());
    let server = Server::builder().store(Maildir::open(&mail.0).unwrap()).build().unwrap();
    for flavour in ["current", "multi"] {
        let runtime = match flavour {
            "current" => tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            _ => tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap(),
        };
        let open = runtime.block_on(async {
            let mut client = client(&server, 1).await;
            begin(&mut client, &["bob@example.com"]).await;
            client.send_bytes(format!("{}\r\n", "x".repeat(998)).repeat(1000).as_bytes()).await;
            crate::common::eventually(|| files(&mail.tmp_dir()).len() == 1).await;
            client
        });
        drop(runtime);
        drop(open);
        assert_eq!(files(&mail.tmp_dir()).len(), 0, "{flavour}");
        assert_eq!(mail.messages().len(), 0, "{flavour}");
    }
}
