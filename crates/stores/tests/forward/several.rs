//! Forwarding beside other stores, all of which must have the message.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Once};

use mailchute::testing::{self, Client};
use mailchute::{Builder, Server};
use mailchute_stores::{All, AnyStore, Forward, Maildir, Maildirs, Router, Template};
use tempfile::TempDir;

use super::scripted::{Scripted, lmtp, smtp};
use crate::common::{Mail, eventually};
use crate::maildirs::all_files;

mod by_lmtp;
mod given_up;

/// A directory for Maildirs and state.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn mail(&self) -> Mail {
        Mail(self.0.path().join("mail"))
    }

    fn maildir(&self) -> Maildir {
        Maildir::open(self.mail().0).unwrap()
    }

    fn users(&self, option: &str) -> AnyStore {
        let url = format!("maildir:{}/users/{{user}}{option}", self.0.path().display());
        mailchute_stores::from_url(&url).unwrap()
    }

    fn lmtp(&self, hop: &Scripted) -> Forward {
        lmtp(hop).state(self.state(hop)).open().unwrap()
    }

    fn smtp(&self, hop: &Scripted) -> Forward {
        smtp(hop).state(self.state(hop)).open().unwrap()
    }

    fn state(&self, hop: &Scripted) -> PathBuf {
        self.0.path().join(format!("state-{}", hop.address.port()))
    }

    /// The names of files in the Maildirs of users.
    fn copies(&self) -> Vec<String> {
        let users = self.0.path().join("users");
        let user = |path: PathBuf| {
            path.strip_prefix(&users).unwrap().iter().next().unwrap().to_str().unwrap().to_owned()
        };
        let mut users: Vec<_> = all_files(&users).into_iter().map(user).collect();
        users.sort();
        users
    }

    async fn expect_nothing(&self) {
        self.mail().expect_no_leftovers().await;
        assert_eq!(self.mail().messages(), [] as [PathBuf; 0]);
    }
}

fn server(all: All) -> Server {
    server_with(all, |builder| builder)
}

fn server_with(all: All, options: impl FnOnce(Builder) -> Builder) -> Server {
    options(Server::builder().hostname("mx.example.com")).with(all).build().unwrap()
}

async fn client(server: &Server) -> Client {
    let mut client = testing::connect(server).open();
    client.ready().await.expect(250);
    client
}

async fn name(client: &mut Client, recipients: &[&str]) {
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in recipients {
        client.command(&format!("RCPT TO:<{recipient}@example.com>")).await.expect(250);
    }
}

const CONTENT: &str = "Subject: x\r\n\r\nHello\r\n.dot\r\n";

/// The content and its end, as they are sent.
const STUFFED: &[u8] = b"Subject: x\r\n\r\nHello\r\n..dot\r\n.\r\n";

/// Sends a message to all of these, each of whom is accepted at RCPT. Returns the reply to the content.
async fn send(server: &Server, recipients: &[&str]) -> String {
    let mut client = client(server).await;
    name(&mut client, recipients).await;
    client.data(CONTENT).await.to_string()
}

fn recipients_of(hop: &Scripted) -> Vec<Vec<String>> {
    hop.script().messages.iter().map(|(to, _)| to.clone()).collect()
}

/// The lines of the log on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        /// A subscriber of the whole process wants everything, so that tests on other threads turn no lines off.
        static WANT_EVERYTHING: Once = Once::new();
        WANT_EVERYTHING.call_once(|| {
            let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        });
        let log = Self::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines that say which stores have a refused message.
    fn kept_by_some(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("some stores have a message")).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn all_stores_have_a_message_that_is_answered_250() {
    let (hop, other, disk) = (Scripted::lmtp().await, Scripted::smtp().await, Disk::new());
    let (log, _guard) = Log::begin();
    let server =
        server(All::new(disk.lmtp(&hop)).and(disk.maildir()).and(disk.smtp(&other)).and(disk.users("")));
    let reply = send(&server, &["bob", "eve"]).await;
    assert!(reply.starts_with("250 2.6.0 Message accepted as "), "{reply}");
    let kept = String::from_utf8(disk.mail().message()).unwrap();
    assert!(kept.ends_with("\nSubject: x\n\nHello\n.dot\n"), "{kept}");
    assert!(kept.contains("\nDelivered-To: bob@example.com\nDelivered-To: eve@example.com\n"), "{kept}");
    assert_eq!(disk.copies(), ["bob", "eve"]);
    for hop in [hop, other] {
        assert_eq!(recipients_of(&hop), [["bob@example.com", "eve@example.com"]]);
        assert!(hop.script().messages[0].1.ends_with("\r\nSubject: x\r\n\r\nHello\r\n..dot\r\n"));
        assert!(!disk.state(&hop).exists(), "nothing is remembered");
    }
    assert_eq!(log.kept_by_some(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_refusal_leaves_nothing_in_any_maildir() {
    for is_first in [true, false] {
        for (end, data) in [
            ("554 5.6.0 Spam", "354 Go on"),
            ("452 4.2.2 Full", "354 Go on"),
            ("250 Ok", "451 4.3.0 Not now"),
        ] {
            let (hop, disk) = (Scripted::lmtp().await, Disk::new());
            hop.script().end.insert("bob@example.com", end);
            hop.script().data = data.into();
            let all = match is_first {
                true => All::new(disk.lmtp(&hop)).and(disk.maildir()).and(disk.users("")),
                false => All::new(disk.users("")).and(disk.maildir()).and(disk.lmtp(&hop)),
            };
            let refusal = if data.starts_with('3') { end } else { data };
            let (log, _guard) = Log::begin();
            assert_eq!(send(&server(all), &["bob"]).await, refusal);
            disk.expect_nothing().await;
            eventually(|| disk.copies().is_empty()).await;
            assert_eq!(log.kept_by_some(), [] as [&str; 0]);
        }
    }
}

#[tokio::test]
async fn a_maildir_that_cannot_write_leaves_nothing_elsewhere() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let server = server(All::new(disk.lmtp(&hop)).and(disk.users("")).and(disk.maildir()));
    fs::remove_dir_all(disk.mail().0).unwrap();
    assert_eq!(send(&server, &["bob"]).await, "451 4.3.0 Internal error; try again later");
    assert_eq!((recipients_of(&hop).len(), hop.script().cut_off), (0, 0));
    eventually(|| disk.copies().is_empty()).await;
}

#[tokio::test]
async fn a_quota_refuses_before_another_server_is_asked() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let server = server(All::new(disk.lmtp(&hop)).and(disk.users("?max-messages=1")));
    assert!(send(&server, &["bob"]).await.starts_with("250"));
    hop.take_lines();
    let mut client = client(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(452);
    assert_eq!(hop.take_lines(), [] as [&str; 0]);
}

#[tokio::test]
async fn the_first_refusal_of_a_recipient_decides() {
    let (hop, other, disk) = (Scripted::lmtp().await, Scripted::smtp().await, Disk::new());
    hop.script().rcpt.insert("joe@example.com", "550 5.1.1 No Joe here");
    other.script().rcpt.insert("bob@example.com", "550 5.1.1 No Bob there");
    let server = server(All::new(disk.maildir()).and(disk.lmtp(&hop)).and(disk.smtp(&other)));
    let mut client = client(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for (recipient, reply) in [
        ("eve", "250 2.1.5 Recipient OK"),
        ("bob", "550 5.1.1 No Bob there"),
        ("joe", "550 5.1.1 No Joe here"),
        ("sue", "250 2.1.5 Recipient OK"),
    ] {
        let command = format!("RCPT TO:<{recipient}@example.com>");
        assert_eq!(client.command(&command).await.to_string(), reply, "{recipient}");
    }
    client.data(CONTENT).await.expect(250);
    for hop in [hop, other] {
        assert_eq!(recipients_of(&hop), [["eve@example.com", "sue@example.com"]]);
    }
    assert_eq!(disk.mail().messages().len(), 1);
}

#[tokio::test]
async fn what_another_server_has_is_logged_and_not_doubled() {
    for (refusal, is_lmtp) in [("452 4.2.2 Full", true), ("554 5.6.0 Spam", false)] {
        let (hop, disk) = (Scripted::smtp().await, Disk::new());
        let other = if is_lmtp { Scripted::lmtp().await } else { Scripted::smtp().await };
        other.script().end.insert("bob@example.com", refusal);
        let last = if is_lmtp { disk.lmtp(&other) } else { disk.smtp(&other) };
        let server = server(All::new(disk.smtp(&hop)).and(last).and(disk.maildir()));
        let (log, guard) = Log::begin();
        assert_eq!(send(&server, &["bob"]).await, refusal);
        disk.expect_nothing().await;
        let said = log.kept_by_some();
        let [line] = &*said else { panic!("{said:?}") };
        assert!(line.contains(" WARN ") && line.contains("to=\"bob@example.com\""), "{line}");
        assert!(line.contains(&format!("smtp://127.0.0.1:{}", hop.address.port())), "{line}");
        assert!(
            line.contains(&format!("refusal={refusal}")) && !line.contains(&other.address.to_string()),
            "{line}"
        );
        drop(guard);

        // The client tries again.
        other.script().end.clear();
        eventually(|| remembered(&disk.state(&hop)) == 1).await;
        assert!(send(&server, &["bob"]).await.starts_with("250"));
        assert_eq!((recipients_of(&hop).len(), recipients_of(&other).len()), (1, 1));
        assert_eq!(disk.mail().messages().len(), 1);
    }
}

/// The messages that a next hop's state knows.
fn remembered(state: &std::path::Path) -> usize {
    let senders = fs::read_dir(state.join("forwarded")).into_iter().flatten();
    let files = senders.flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap());
    files.filter(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("tmp")).count()
}

#[tokio::test]
async fn a_maildir_that_fails_at_the_end_takes_back_the_others() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let server = server(All::new(disk.users("")).and(disk.maildir()).and(disk.lmtp(&hop)));
    hop.script().hangs_at = ".";
    let mut client = client(&server).await;
    name(&mut client, &["bob"]).await;
    client.command("DATA").await.expect(354);
    client.send_bytes(STUFFED).await;
    // The drafts are complete when the content goes on.
    eventually(|| hop.script().lines.iter().any(|line| line == "DATA")).await;
    fs::remove_dir(disk.mail().new_dir()).unwrap();
    hop.script().hangs_at = "never";
    hop.released.add_permits(1);
    client.read_reply().await.expect(451);
    disk.mail().expect_no_leftovers().await;
    eventually(|| disk.copies().is_empty()).await;
    eventually(|| remembered(&disk.state(&hop)) == 1).await;
    fs::create_dir(disk.mail().new_dir()).unwrap();
    assert!(send(&server, &["bob"]).await.starts_with("250"));
    assert_eq!((recipients_of(&hop).len(), disk.mail().messages().len()), (1, 1));
    assert_eq!(disk.copies(), ["bob"]);
}

#[tokio::test]
async fn each_domain_may_have_several_stores() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let template = Template::parse(&format!("{}/users/{{user}}", disk.0.path().display())).unwrap();
    let both = All::new(Maildirs::open(template).unwrap()).and(disk.lmtp(&hop));
    let router = Router::new(All::new(disk.maildir())).domain("example.com", both).unwrap();
    let server = Server::builder().with(router).build().unwrap();
    let mut client = client(&server).await;
    name(&mut client, &["bob"]).await;
    client.command("RCPT TO:<joe@example.net>").await.expect(250);
    client.data(CONTENT).await.expect(250);
    assert_eq!((disk.copies(), disk.mail().messages().len()), (vec!["bob".to_owned()], 1));
    assert_eq!(recipients_of(&hop), [["bob@example.com"]]);
    hop.script().end.insert("bob@example.com", "452 4.2.2 Full");
    name(&mut client, &["bob"]).await;
    client.data("Subject: y\r\n\r\n").await.expect(452);
    eventually(|| disk.copies().len() == 1).await;
}

#[tokio::test]
async fn a_large_message_is_whole_in_each_store() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let server = server(All::new(disk.maildir()).and(disk.users("")).and(disk.lmtp(&hop)));
    let content = format!("Subject: large\r\n\r\n{}", format!("{}\r\n", "x".repeat(998)).repeat(10_000));
    let mut client = client(&server).await;
    name(&mut client, &["bob"]).await;
    client.data(&content).await.expect(250);
    assert!(hop.script().messages[0].1.ends_with(&content));
    assert!(disk.mail().message().ends_with(content.replace("\r\n", "\n").as_bytes()));
    let copies = all_files(&disk.0.path().join("users"));
    assert!(fs::read_to_string(&copies[0]).unwrap().ends_with(&content.replace("\r\n", "\n")));
}
