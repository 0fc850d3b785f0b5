//! Messages that are given up before all stores have them.

use std::sync::Mutex;
use std::time::Duration;

use mailchute::{Message, Receipt, Refusal, Server, Session, Store};
use mailchute_stores::All;

use super::{Disk, STUFFED, client, name, recipients_of, remembered, send, server, server_with};
use crate::common::{eventually, files};
use crate::forward::scripted::Scripted;

#[tokio::test]
async fn a_message_that_takes_too_long_leaves_nothing() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let all = All::new(disk.maildir()).and(disk.users("")).and(disk.lmtp(&hop));
    let server = server_with(all, |builder| builder.store_timeout(Duration::from_millis(500)));
    hop.script().hangs_at = ".";
    let mut client = client(&server).await;
    name(&mut client, &["bob"]).await;
    client.command("DATA").await.expect(354);
    client.send_bytes(STUFFED).await;
    // The drafts are complete then.
    eventually(|| hop.script().lines.iter().any(|line| line == "DATA")).await;
    client.read_reply().await.expect(451);
    disk.expect_nothing().await;
    eventually(|| disk.copies().is_empty()).await;
    // The next hop accepts it after that, and does not get it again.
    hop.script().hangs_at = "never";
    hop.released.add_permits(1);
    eventually(|| remembered(&disk.state(&hop)) == 1).await;
    assert!(send(&server, &["bob"]).await.starts_with("250"));
    assert_eq!((recipients_of(&hop).len(), disk.mail().messages().len()), (1, 1));
    assert_eq!(disk.copies(), ["bob"]);
}

#[tokio::test]
async fn a_client_that_goes_within_the_content_leaves_nothing() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let server = server(All::new(disk.maildir()).and(disk.lmtp(&hop)));
    let mut client = client(&server).await;
    name(&mut client, &["bob"]).await;
    client.command("DATA").await.expect(354);
    let line = format!("{}\r\n", "x".repeat(998));
    client.send_bytes(line.repeat(1000).as_bytes()).await;
    eventually(|| files(&disk.mail().tmp_dir()).len() == 1).await;
    drop(client);
    disk.expect_nothing().await;
    eventually(|| hop.take_lines().iter().any(|line| line == "RSET")).await;
    assert_eq!(hop.counts(), (1, 0));
}

/// Drops the future of the stores after a while.
struct Impatient(All, Mutex<Duration>);

impl Store for Impatient {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let patience = {
            let mut patience = self.1.lock().unwrap();
            *patience += Duration::from_micros(100);
            *patience
        };
        // A timer of tokio's is too coarse to hit each point of a delivery.
        let alarm = tokio::task::spawn_blocking(move || std::thread::sleep(patience));
        tokio::select! {
            biased;
            _ = alarm => Err(Refusal::new(451, (4, 3, 0), "given up")),
            answer = self.0.store(message, session) => answer,
        }
    }
}

#[tokio::test]
async fn given_up_at_any_point_each_maildir_has_it_or_none() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let all = All::new(disk.maildir()).and(disk.lmtp(&hop)).and(disk.users(""));
    let server = Server::builder().store(Impatient(all, Mutex::default())).build().unwrap();
    let (mut accepted, mut in_a_row) = (0, 0);
    while in_a_row < 20 {
        let mut client = client(&server).await;
        name(&mut client, &["bob"]).await;
        // A store that is given up before it reads refuses DATA at once.
        let is_accepted = client.command("DATA").await.code() == 354
            && client.command("Subject: x\r\n\r\n.").await.code() == 250;
        (accepted, in_a_row) = if is_accepted { (accepted + 1, in_a_row + 1) } else { (accepted, 0) };
    }
    eventually(|| disk.copies().len() == accepted).await;
    disk.mail().expect_no_leftovers().await;
    assert_eq!(disk.mail().messages().len(), accepted);
}
