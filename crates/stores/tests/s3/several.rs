//! A bucket beside other stores, all of which must have the message.

use mailchute::Server;
use mailchute::testing::{self, Client};
use mailchute_stores::{All, from_url};

use super::scripted::{Says, Scripted, content, options};
use crate::common::{Mail, begin, eventually};
use crate::forward::scripted::{Scripted as Hop, lmtp};

const PART: usize = 5 * 1024 * 1024;

/// A server with a bucket, a Maildir and a next hop.
fn server(s3: &Scripted, key: &str, hop: &Hop, directory: &tempfile::TempDir) -> Server {
    let (builder, _secret) = options(s3, key);
    let forward = lmtp(hop).state(directory.path().join("state")).open().unwrap();
    let maildir = from_url(&format!("maildir:{}", directory.path().join("mail").display())).unwrap();
    let all = All::new(forward).and(builder.open().unwrap()).and(maildir);
    Server::builder().hostname("mx.example.com").with(all).build().unwrap()
}

async fn begun(server: &Server, recipients: &[&str], is_lmtp: bool) -> Client {
    let connecting = testing::connect(server);
    let mut client = if is_lmtp { connecting.lmtp().open() } else { connecting.open() };
    client.ready().await.expect(250);
    begin(&mut client, recipients).await;
    client
}

#[tokio::test]
async fn an_object_stays_if_all_stores_have_the_message() {
    let (s3, hop, directory) = (Scripted::start().await, Hop::lmtp().await, tempfile::tempdir().unwrap());
    let server = server(&s3, "{user}/{id}", &hop, &directory);
    let mut client = begun(&server, &["bob@example.com"], false).await;
    client.command("Subject: x\r\n\r\nHello\r\n.").await.expect(250);
    assert_eq!(s3.kinds(), ["put"]);
    assert_eq!(hop.script().messages.len(), 1);
    assert_eq!(Mail(directory.path().join("mail")).messages().len(), 1);
    let requests = s3.take();
    assert!(requests[0].body.ends_with(b"\r\nSubject: x\r\n\r\nHello\r\n"), "{requests:?}");
}

#[tokio::test]
async fn a_refusal_of_another_store_removes_the_objects() {
    for (bytes, kinds) in
        [(100, vec!["put", "delete"]), (PART + 1000, vec!["begin", "part", "part", "complete", "delete"])]
    {
        let (s3, hop, directory) = (Scripted::start().await, Hop::lmtp().await, tempfile::tempdir().unwrap());
        hop.script().end.insert("bob@example.com", "554 5.6.0 Spam");
        let server = server(&s3, "{id}", &hop, &directory);
        let mut client = begun(&server, &["bob@example.com"], false).await;
        client.send_bytes(&content(bytes)).await;
        client.command(".").await.expect(554);
        eventually(|| s3.kinds().contains(&"delete")).await;
        assert_eq!(s3.kinds(), kinds);
        let requests = s3.take();
        let path = |line: &str| line.split([' ', '?']).nth(1).map(str::to_owned);
        assert_eq!(path(&requests[0].line), path(&requests[requests.len() - 1].line));
        Mail(directory.path().join("mail")).expect_no_leftovers().await;
    }
}

#[tokio::test]
async fn a_bucket_that_refuses_leaves_nothing_elsewhere() {
    let (s3, hop, directory) = (Scripted::start().await, Hop::lmtp().await, tempfile::tempdir().unwrap());
    s3.says("put", Says::Status(507, ""));
    let server = server(&s3, "{id}", &hop, &directory);
    let mut client = begun(&server, &["bob@example.com"], false).await;
    client.command("Subject: x\r\n\r\n.").await.expect(452);
    assert_eq!(hop.script().messages.len(), 0);
    let mail = Mail(directory.path().join("mail"));
    mail.expect_no_leftovers().await;
    assert_eq!(mail.messages().len(), 0);
}

#[tokio::test]
async fn by_lmtp_only_objects_of_refused_recipients_go() {
    let (s3, hop, directory) = (Scripted::start().await, Hop::lmtp().await, tempfile::tempdir().unwrap());
    hop.script().end.insert("eve@example.com", "552 5.2.2 Full");
    let server = server(&s3, "{user}/{id}", &hop, &directory);
    let mut client = begun(&server, &["bob@example.com", "eve@example.com"], true).await;
    client.command("Subject: x\r\n\r\n.").await.expect(250);
    client.read_reply().await.expect(552);
    eventually(|| s3.kinds().contains(&"delete")).await;
    let requests = s3.take();
    let deleted: Vec<_> = requests.iter().filter(|request| request.line.starts_with("DELETE ")).collect();
    assert_eq!(deleted.len(), 1, "{requests:?}");
    assert!(deleted[0].line.starts_with("DELETE /mail/eve/"), "{deleted:?}");
}

#[tokio::test]
async fn by_lmtp_a_recipient_without_object_is_not_passed_on() {
    let (s3, hop, directory) = (Scripted::start().await, Hop::lmtp().await, tempfile::tempdir().unwrap());
    s3.state().refuses_keys_with = Some("eve");
    let server = server(&s3, "{user}/{id}", &hop, &directory);
    let mut client = begun(&server, &["bob@example.com", "eve@example.com"], true).await;
    client.command("Subject: x\r\n\r\n.").await.expect(250);
    client.read_reply().await.expect(452);
    let passed: Vec<_> = hop.script().messages.iter().map(|(to, _)| to.clone()).collect();
    assert_eq!(passed, [["bob@example.com"]]);
    assert!(!s3.kinds().contains(&"delete"), "{:?}", s3.kinds());
}

#[tokio::test]
async fn a_message_that_takes_too_long_leaves_no_object() {
    let (s3, hop, directory) = (Scripted::start().await, Hop::lmtp().await, tempfile::tempdir().unwrap());
    hop.script().hangs_at = ".";
    let (builder, _secret) = options(&s3, "{id}");
    let forward = lmtp(&hop).state(directory.path()).open().unwrap();
    let server = Server::builder()
        .with(All::new(forward).and(builder.open().unwrap()))
        .store_timeout(std::time::Duration::from_millis(500))
        .build()
        .unwrap();
    let mut client = begun(&server, &["bob@example.com"], false).await;
    client.command("Subject: x\r\n\r\n.").await.expect(451);
    eventually(|| s3.kinds() == ["put", "delete"]).await;
}
