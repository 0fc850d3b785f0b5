//! Recipients of several domains, each with its own store.

use std::sync::{Arc, Mutex};

use mailchute::testing::{self, Client};
use mailchute::{Answer, Message, Receipt, Recipient, Refusal, Server, Session, Store, Verdict};
use mailchute_stores::recipients::{Aliases, LocalDomain, Recipients};
use mailchute_stores::{Routed, Router};

/// A store that notes whom it was asked about and whom it got mail for. Users called `gone` and `full` are refused.
#[derive(Clone, Default)]
struct Noted {
    name: &'static str,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Noted {
    fn note(&self, what: &str, recipients: &[Recipient]) {
        let recipients: Vec<_> = recipients.iter().map(Recipient::as_str).collect();
        self.notes.lock().unwrap().push(format!("{} {what} {}", self.name, recipients.join(",")));
    }
}

impl Routed for Noted {
    async fn rcpt(&self, before: &[Recipient], to: &Recipient, _session: &Session) -> Answer {
        self.note("after", before);
        self.note("rcpt", std::slice::from_ref(to));
        match to.as_str().split('@').next() {
            Some("gone") => Err(Refusal::new(550, (5, 1, 1), "No such user")),
            Some("late") => Err(Refusal::new(451, (4, 3, 0), "Ask again")),
            _ => Ok(Verdict::Accept),
        }
    }
}

impl Store for Noted {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let bytes = message.bytes().await?;
        assert_eq!(&bytes[..], b"Subject: hello\r\n\r\nHello\r\n");
        self.note("keeps", &message.envelope().recipients);
        let is_full = |to: &Recipient| to.as_str().starts_with("full@");
        if message.envelope().recipients.iter().all(is_full) {
            return Err(Refusal::new(452, (4, 2, 2), "Mailbox full"));
        }
        Ok(Receipt::new(format!("Kept by {}", self.name)))
    }
}

fn server(aliases: &str) -> (Server, Arc<Mutex<Vec<String>>>) {
    let notes = Arc::default();
    let [com, net] = ["com", "net"].map(|name| Noted { name, notes: Arc::clone(&notes) });
    let local = LocalDomain::new("example.com").unwrap().aliases(Aliases::parse(aliases).unwrap());
    let recipients = Recipients::new(vec![local, LocalDomain::new("example.net").unwrap()]).unwrap();
    let router = Router::new(com).domain("example.net", net).unwrap();
    (Server::builder().hooks(recipients).with(router).build().unwrap(), notes)
}

/// Sends a message to these recipients; all reply codes from RCPT on.
async fn send(mut client: Client, hello: &str, recipients: &[&str]) -> Vec<u16> {
    client.greeting().await.expect(220);
    client.command(&format!("{hello} client.example")).await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    let mut codes = Vec::new();
    for recipient in recipients {
        codes.push(client.command(&format!("RCPT TO:<{recipient}>")).await.code());
    }
    client.command("DATA").await.expect(354);
    client.send_bytes(b"Subject: hello\r\n\r\nHello\r\n.\r\nQUIT\r\n").await;
    while let Some(reply) = client.try_read_reply().await {
        codes.push(reply.code());
    }
    assert_eq!(codes.pop(), Some(221));
    codes
}

fn all(notes: &Mutex<Vec<String>>, what: &str) -> Vec<String> {
    let notes = notes.lock().unwrap();
    notes.iter().filter(|note| note.contains(what)).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn each_store_gets_its_own_recipients() {
    let (server, notes) = server("");
    let to = ["a@example.com", "b@example.net", "c@example.com", "d@example.net"];
    assert_eq!(send(testing::connect(&server).open(), "EHLO", &to).await, [250, 250, 250, 250, 250]);
    assert_eq!(
        all(&notes, " keeps "),
        ["com keeps a@example.com,c@example.com", "net keeps b@example.net,d@example.net"]
    );
    assert_eq!(
        all(&notes, " after "),
        ["com after ", "net after ", "com after a@example.com", "net after b@example.net"]
    );
}

#[tokio::test(start_paused = true)]
async fn members_of_an_alias_may_be_in_several_stores() {
    let (server, notes) = server("all: a, b@example.net, gone@example.net\nnone: gone\nlater: a, late\n");
    let to = ["all@example.com", "none@example.com", "later@example.com"];
    assert_eq!(send(testing::connect(&server).open(), "EHLO", &to).await, [250, 550, 451, 250]);
    assert_eq!(all(&notes, " keeps "), ["com keeps a@example.com", "net keeps b@example.net"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_decides_in_smtp_and_for_its_own_in_lmtp() {
    let to = ["a@example.com", "full@example.net"];
    let (server, _) = server("both: a, full@example.net\n");
    assert_eq!(send(testing::connect(&server).open(), "EHLO", &to).await, [250, 250, 452]);
    assert_eq!(send(testing::connect(&server).lmtp().open(), "LHLO", &to).await, [250, 250, 250, 452]);
    let to = ["both@example.com", "c@example.com"];
    assert_eq!(send(testing::connect(&server).lmtp().open(), "LHLO", &to).await, [250, 250, 452, 250]);
}
