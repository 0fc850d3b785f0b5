//! A next hop that is only asked which users there are.

use std::time::Duration;

use mailchute::Server;
use mailchute::testing::{self, Client};
use mailchute_stores::recipients::{Aliases, LocalDomain, Recipients};
use mailchute_stores::{Discard, ForwardBuilder};

use super::scripted::{Scripted, lmtp};

async fn client(users: ForwardBuilder, aliases: &str) -> Client {
    let domain = LocalDomain::new("example.com").unwrap().also("example.org").unwrap();
    let domain = domain.known(users.known().unwrap()).aliases(Aliases::parse(aliases).unwrap());
    let recipients = Recipients::new(vec![domain]).unwrap();
    let server =
        Server::builder().hostname("mx.example.com").hooks(recipients).store(Discard).build().unwrap();
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client
}

async fn rcpt(client: &mut Client, to: &str) -> String {
    client.command(&format!("RCPT TO:<{to}>")).await.to_string()
}

#[tokio::test]
async fn a_user_is_asked_about_once_without_detail() {
    let hop = Scripted::lmtp().await;
    hop.script().extensions.clear();
    let mut client = client(lmtp(&hop), "").await;
    for to in ["Bob+x@example.org", "bob@example.com", r#""b\ob"@EXAMPLE.com"#] {
        assert!(rcpt(&mut client, to).await.starts_with("250 "), "{to}");
    }
    let lines = hop.take_lines();
    assert_eq!(lines[..3], ["LHLO mx.example.com", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"]);
    assert_eq!(lines.iter().filter(|line| line.starts_with("RCPT")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn the_catch_all_gets_what_the_server_does_not_know() {
    let hop = Scripted::lmtp().await;
    for user in ["eve@example.com", "joe@example.com"] {
        hop.script().rcpt.insert(user, "550 No such user");
    }
    let mut with_catch_all = client(lmtp(&hop), "@: bob").await;
    assert!(rcpt(&mut with_catch_all, "eve@example.com").await.starts_with("250 "));
    let mut without = client(lmtp(&hop), "").await;
    assert_eq!(rcpt(&mut without, "joe@example.com").await, "550 5.1.1 No such user here");
}

#[tokio::test]
async fn other_refusals_are_those_of_the_server() {
    let hop = Scripted::lmtp().await;
    hop.script().rcpt.insert("full@example.com", "552 5.2.2 Full");
    hop.script().rcpt.insert("late@example.com", "452 4.2.2 Come again");
    let mut client = client(lmtp(&hop), "@: bob").await;
    for (to, reply) in [("full@example.com", "552 5.2.2 Full"), ("late@example.com", "452 4.2.2 Come again")]
    {
        assert_eq!(rcpt(&mut client, to).await, reply);
    }
    hop.script().rcpt.clear();
    assert!(rcpt(&mut client, "full@example.com").await.starts_with("250 "), "no refusal is remembered");
}

#[tokio::test]
async fn a_refusal_of_mail_says_nothing_of_the_user() {
    let hop = Scripted::lmtp().await;
    hop.script().mail = "550 5.7.1 Not from you".into();
    let mut client = client(lmtp(&hop), "").await;
    assert_eq!(rcpt(&mut client, "bob@example.com").await, "451 4.4.3 Recipients cannot be looked up now");
}

#[tokio::test]
async fn a_server_that_hangs_or_goes_puts_the_user_off() {
    let hop = Scripted::lmtp().await;
    hop.script().hangs_at = "RCPT TO:<slow@";
    hop.script().closes_at = "RCPT TO:<gone@";
    let mut client = client(lmtp(&hop).command_timeout(Duration::from_millis(200)), "").await;
    for to in ["slow@example.com", "gone@example.com"] {
        assert_eq!(rcpt(&mut client, to).await, "451 4.4.1 The next server cannot be reached");
    }
    assert!(rcpt(&mut client, "bob@example.com").await.starts_with("250 "));
}
