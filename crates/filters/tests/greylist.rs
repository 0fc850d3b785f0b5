//! A greylist in a server: which mail waits, and how long.

use std::time::Duration;

use mailchute::testing::{Client, Inbox, connect};
use mailchute::{Check, Server, Verdict};
use mailchute_filters::greylist::Greylist;
use tokio::time::advance;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn server(greylist: Greylist) -> Server {
    Server::builder()
        .allow_plaintext_auth()
        .on_auth(|_credentials, _session| async { Check::Right })
        .on_rcpt_to(|to, _session| async move {
            Verdict::accept_if(to.is_postmaster() || to.is_local_to(["example.com"]))
        })
        .with(greylist)
        .store(Inbox::new())
        .build()
        .unwrap()
}

async fn ready(server: &Server, address: &str) -> Client {
    let client: std::net::IpAddr = address.parse().unwrap();
    let mut client = connect(server).from((client, 2525).into()).open();
    client.ready().await.expect(250);
    client
}

/// Returns the reply to RCPT.
async fn try_mail(server: &Server, address: &str, from: &str, to: &str) -> String {
    let mut client = ready(server, address).await;
    client.command(&format!("MAIL FROM:<{from}>")).await.expect(250);
    client.command(&format!("RCPT TO:<{to}>")).await.lines().concat()
}

async fn code(server: &Server, address: &str, from: &str, to: &str) -> String {
    let mut reply = try_mail(server, address, from, to).await;
    reply.truncate(3);
    reply
}

#[tokio::test(start_paused = true)]
async fn a_client_is_told_to_wait_and_then_passes() {
    let server = server(Greylist::new());
    let mail = || try_mail(&server, "192.0.2.1", "alice@client.example", "bob@example.com");
    assert_eq!(mail().await, "451 4.7.1 Greylisted; try again in 5 min");
    advance(4 * MINUTE).await;
    assert_eq!(mail().await, "451 4.7.1 Greylisted; try again in 60 s");
    advance(MINUTE).await;
    assert!(mail().await.starts_with("250 "));
    // It stays known as long as it is seen.
    for _ in 0..3 {
        advance(33 * DAY).await;
        assert!(mail().await.starts_with("250 "));
    }
    advance(35 * DAY).await;
    assert!(mail().await.starts_with("451 "));
}

#[tokio::test(start_paused = true)]
async fn another_host_of_the_network_may_come_again() {
    let server = server(Greylist::new());
    for (first, second, other) in [
        ("192.0.2.1", "192.0.2.200", "192.0.3.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1"),
    ] {
        assert_eq!(code(&server, first, "alice@client.example", "bob@example.com").await, "451");
        advance(5 * MINUTE).await;
        assert_eq!(code(&server, other, "alice@client.example", "bob@example.com").await, "451");
        assert_eq!(code(&server, first, "carol@client.example", "bob@example.com").await, "451");
        assert_eq!(code(&server, first, "alice@client.example", "eve@example.com").await, "451");
        assert_eq!(code(&server, second, "alice@client.example", "bob@example.com").await, "250");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_too_late_is_a_new_one() {
    let server = server(Greylist::new().retry_window(Duration::from_secs(3600)));
    for _ in 0..2 {
        assert_eq!(code(&server, "192.0.2.1", "alice@client.example", "bob@example.com").await, "451");
        advance(65 * MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_with_enough_successes_need_not_wait() {
    let server = server(Greylist::new().known_after(2));
    for (from, codes) in [("a@client.example", ["451", "250"]), ("b@client.example", ["451", "250"])] {
        for code in codes {
            assert_eq!(self::code(&server, "192.0.2.1", from, "bob@example.com").await, code);
            advance(5 * MINUTE).await;
        }
    }
    assert_eq!(code(&server, "192.0.2.77", "new@elsewhere.example", "eve@example.com").await, "250");
    assert_eq!(code(&server, "192.0.3.77", "new@elsewhere.example", "eve@example.com").await, "451");
}

#[tokio::test(start_paused = true)]
async fn a_mailing_list_waits_once() {
    let server = server(Greylist::new().known_after(0));
    for (number, code) in [(1, "451"), (2, "250"), (3, "250")] {
        let from = format!("list-return-{number}-bob=example.com@lists.example");
        assert_eq!(self::code(&server, "192.0.2.1", &from, "bob@example.com").await, code);
        advance(5 * MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bounce_waits_at_data_and_never_at_rcpt() {
    let server = server(Greylist::new());
    for (code, later) in [(451, 4), (451, 1), (354, 0)] {
        let mut client = ready(&server, "192.0.2.1").await;
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.command("RCPT TO:<postmaster>").await.expect(250);
        client.command("DATA").await.expect(code);
        advance(later * MINUTE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn exempt_clients_and_mail_to_the_postmaster_never_wait() {
    let server = server(Greylist::new().exempt("198.51.100.0/24".parse().unwrap()));
    assert_eq!(code(&server, "192.0.2.1", "alice@client.example", "Postmaster@example.com").await, "250");
    assert_eq!(code(&server, "192.0.2.1", "alice@client.example", "postmaster").await, "250");
    assert_eq!(code(&server, "198.51.100.1", "alice@client.example", "bob@example.com").await, "250");
    let mut client = ready(&server, "192.0.2.1").await;
    client.command("AUTH PLAIN AGFsaWNlAHg=").await.expect(235);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn asked_after_recipients_it_remembers_no_attempt_to_relay() {
    // One set of 16 records: a record of each attempt would push the one that waits out.
    let server = server(Greylist::new().max_entries(16));
    assert_eq!(code(&server, "192.0.2.1", "alice@client.example", "bob@example.com").await, "451");
    for number in 0..100 {
        let to = format!("victim{number}@elsewhere.example");
        assert_eq!(code(&server, "203.0.113.9", "spam@client.example", &to).await, "550");
    }
    advance(5 * MINUTE).await;
    assert_eq!(code(&server, "192.0.2.1", "alice@client.example", "bob@example.com").await, "250");
}

#[tokio::test(start_paused = true)]
async fn the_finding_says_how_far_mail_has_come() {
    let server = server(Greylist::new());
    let mut events = server.events().only([mailchute::events::Kind::Finding]);
    for expected in ["greylist=wait", "greylist=pass", "greylist=known"] {
        let _ = code(&server, "192.0.2.1", "alice@client.example", "bob@example.com").await;
        let Some(mailchute::events::Event::Finding { finding, .. }) = events.next().await else {
            panic!("no finding")
        };
        assert_eq!(finding.to_string(), expected);
        advance(5 * MINUTE).await;
    }
}
