//! The filter `Authentication` in a server.

mod clients;
mod enforced;
mod results;

use mailchute::testing::{Client, Inbox, Mail as Kept, connect};
use mailchute::{Builder, Server};
use mailchute_filters::authentication::Authentication;

use crate::mail_signer::{Key, Mail, Signer};
use crate::zone::Zone;

/// The address that `bank.example` authorizes.
const AUTHORIZED: &str = "192.0.2.1";

/// A client that no domain authorizes.
const OTHER: &str = "203.0.113.9";

/// The key of all signers.
fn key() -> Key {
    Key::ed25519([7; 32])
}

/// The bank, with the tags of its DMARC record, and other domains without one.
fn zone(dmarc: &str) -> Zone {
    let key = format!("TXT {}", key().record());
    let mut zone = Zone::default();
    for (name, record) in [
        ("bank.example", "TXT v=spf1 ip4:192.0.2.1 -all"),
        ("other.example", "TXT v=spf1 ip4:203.0.113.0/24 -all"),
        ("lost.example", "TIMEOUT "),
        ("_dmarc.bank.example", &format!("TXT v=DMARC1; {dmarc}")),
        ("_dmarc.lost.example", "TIMEOUT "),
        ("s._domainkey.bank.example", &key),
        ("s._domainkey.other.example", &key),
        ("s._domainkey.list.example", &key),
        ("lost._domainkey.bank.example", "TIMEOUT "),
    ] {
        let (kind, data) = record.split_once(' ').unwrap();
        zone.records.entry(name.into()).or_default().push((kind.into(), data.into()));
    }
    zone
}

/// A server with this filter, and what it keeps.
fn server(authentication: Authentication<Zone>) -> (Server, Inbox) {
    server_and(authentication, |builder| builder)
}

fn server_and(
    authentication: Authentication<Zone>,
    rest: impl FnOnce(Builder) -> Builder,
) -> (Server, Inbox) {
    let inbox = Inbox::new();
    let builder = Server::builder().hostname("mx.example.com").with(authentication);
    (rest(builder).store(inbox.clone()).build().expect("a server"), inbox)
}

async fn client(server: &Server, address: &str) -> Client {
    let address: std::net::IpAddr = address.parse().expect("an address");
    let mut client = connect(server).from((address, 2525).into()).open();
    client.ready().await.expect(250);
    client
}

/// Sends a message, and returns the reply in one line.
async fn send(client: &mut Client, sender: &str, content: &[u8]) -> String {
    client.command(&format!("MAIL FROM:<{sender}>")).await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data(content).await.lines().concat()
}

/// A message of an author.
fn mail(from: &str) -> Mail {
    Mail::parse(&format!("From: {from}\nTo: bob@example.com\nSubject: Hello\nDate: now\n\nHello Bob\n"))
}

/// A message with a signature of this domain.
fn signed(from: &str, domain: &str) -> Mail {
    let mut mail = mail(from);
    Signer { domain: domain.into(), ..Signer::new(&key()) }.add_to(&mut mail);
    mail
}

fn bytes(mail: &Mail) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in &mail.fields {
        bytes.extend_from_slice(field);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&mail.body);
    bytes
}

/// The only message that was kept.
fn kept(inbox: &Inbox) -> Kept {
    let [kept] = &*inbox.messages() else { panic!("not one message") };
    kept.clone()
}

/// The values of all fields of results, from the top down.
fn results(inbox: &Inbox) -> Vec<String> {
    let kept = kept(inbox);
    kept.header().all("Authentication-Results").map(|field| field.value().replace('\t', " ")).collect()
}
