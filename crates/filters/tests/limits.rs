//! Limits in a server: what is counted, and what clients are told.

use std::time::Duration;

use mailchute::events::{Event, Kind};
use mailchute::testing::{Client, Inbox, connect};
use mailchute::{Builder, Refusal, Server, Verdict};
use mailchute_filters::limits::{Rate, RateLimits};
use tokio::time::{advance, timeout};

fn rate(text: &str) -> Rate {
    text.parse().expect(text)
}

/// A server with the users bob and eve, and whatever `rest` adds after the limits.
fn server_and(limits: RateLimits, rest: impl FnOnce(Builder) -> Builder) -> Server {
    let builder = Server::builder().with(limits).on_rcpt_to(|to, _session| async move {
        match to.mailbox().map(mailchute::address::Mailbox::local_part) {
            Some("bob" | "eve") => Ok(Verdict::Accept),
            Some("slow") => Err(Refusal::new(451, (4, 7, 1), "Later")),
            _ => Ok(Verdict::Refuse),
        }
    });
    rest(builder).store(Inbox::new()).build().expect("a server")
}

fn server(limits: RateLimits) -> Server {
    server_and(limits, |builder| builder)
}

async fn client(server: &Server, address: &str) -> Client {
    let client: std::net::IpAddr = address.parse().expect("an address");
    connect(server).from((client, 2525).into()).open()
}

async fn ready(server: &Server, address: &str) -> Client {
    let mut client = client(server, address).await;
    client.ready().await.expect(250);
    client
}

fn told(reply: &mailchute::testing::Reply) -> String {
    reply.lines().concat()
}

#[tokio::test(start_paused = true)]
async fn too_many_connections_are_hung_up_on_for_a_while() {
    let server = server(RateLimits::new().connections(rate("2/1m")));
    for _ in 0..2 {
        ready(&server, "192.0.2.1").await;
    }
    let mut third = client(&server, "192.0.2.1").await;
    assert_eq!(told(&third.read_reply().await), "421 4.7.0 Too many connections; try again in 30 s");
    assert_eq!(third.try_read_reply().await, None);
    ready(&server, "192.0.2.2").await;
    advance(Duration::from_secs(30)).await;
    ready(&server, "192.0.2.1").await;
    client(&server, "192.0.2.1").await.read_reply().await.expect(421);
}

#[tokio::test(start_paused = true)]
async fn hosts_of_one_ipv6_network_are_one_client() {
    let server = server(RateLimits::new().connections(rate("1/1m")));
    ready(&server, "2001:db8:1:2::1").await;
    client(&server, "2001:db8:1:2:ffff::2").await.read_reply().await.expect(421);
    ready(&server, "2001:db8:1:3::1").await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_counted_by_client_and_by_sender() {
    let server = server(RateLimits::new().messages(rate("3/1m")).messages_per_sender(rate("1/1h")));
    let mut first = ready(&server, "192.0.2.1").await;
    first.command("MAIL FROM:<alice@client.example>").await.expect(250);
    first.command("RSET").await.expect(250);
    let reply = first.command("MAIL FROM:<Alice@CLIENT.example>").await;
    assert_eq!(told(&reply), "451 4.7.1 Too many messages; try again in 60 min");
    for code in [250, 250, 451] {
        // Bounces have no sender to count by.
        first.command("MAIL FROM:<>").await.expect(code);
        first.command("RSET").await.expect(250);
    }
    let mut second = ready(&server, "192.0.2.2").await;
    second.command("MAIL FROM:<alice@client.example>").await.expect(451);
    second.command("MAIL FROM:<carol@client.example>").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_user_are_counted_over_all_connections() {
    let limits =
        RateLimits::new().messages_per_user(rate("2/1h")).exempt("192.0.2.0/24".parse().expect("a network"));
    let server = server_and(limits, |builder| {
        builder.allow_plaintext_auth().on_auth(|credentials, _session| async move {
            mailchute::Check::right_if(["alice", "bob"].contains(&credentials.user()))
        })
    });
    for (address, user, code) in [
        ("192.0.2.1", "AGFsaWNlAHg=", 250),
        ("198.51.100.7", "AGFsaWNlAHg=", 250),
        ("192.0.2.1", "AGFsaWNlAHg=", 451),
        ("192.0.2.1", "AGJvYgB4", 250),
    ] {
        let mut client = ready(&server, address).await;
        client.command(&format!("AUTH PLAIN {user}")).await.expect(235);
        client.command("MAIL FROM:<shared@example.com>").await.expect(code);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_recipient_counts_ten() {
    let server = server(RateLimits::new().recipients(rate("30/1h")));
    let mut first = ready(&server, "192.0.2.1").await;
    first.command("MAIL FROM:<>").await.expect(250);
    for (to, code) in [("bob", 250), ("x1", 550), ("slow", 451), ("x2", 550), ("eve", 250)] {
        first.command(&format!("RCPT TO:<{to}@example.com>")).await.expect(code);
    }
    // 3 of them count one each, and 2 count ten: 7 are left.
    for _ in 0..7 {
        first.command("RCPT TO:<bob@example.com>").await.expect(250);
    }
    let reply = first.command("RCPT TO:<bob@example.com>").await;
    assert_eq!(told(&reply), "450 4.7.1 Too many recipients; try again in 120 s");
}

#[tokio::test(start_paused = true)]
async fn a_guess_counts_although_the_client_leaves_after_it() {
    let server = server(RateLimits::new().recipients(rate("20/1h")));
    for _ in 0..2 {
        let mut client = ready(&server, "192.0.2.1").await;
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<x@example.com>").await.expect(550);
        client.command("QUIT").await.expect(221);
        assert_eq!(client.try_read_reply().await, None);
    }
    let mut client = ready(&server, "192.0.2.1").await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(450);
}

#[tokio::test(start_paused = true)]
async fn one_name_of_many_clients_is_counted_once_a_connection() {
    let server = server(RateLimits::new().connections_per_helo(rate("2/1m")));
    for address in ["192.0.2.1", "198.51.100.1"] {
        let mut client = client(&server, address).await;
        client.read_reply().await.expect(220);
        for command in ["EHLO bot.example", "HELO BOT.example"] {
            client.command(command).await.expect(250);
        }
    }
    let mut third = client(&server, "203.0.113.1").await;
    third.read_reply().await.expect(220);
    let reply = third.command("EHLO bot.example").await;
    assert_eq!(told(&reply), "421 Too many connections; try again in 30 s");
    assert_eq!(third.try_read_reply().await, None);
    let mut other = client(&server, "203.0.113.1").await;
    other.read_reply().await.expect(220);
    other.command("EHLO other.example").await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn exempt_networks_are_not_counted() {
    let network = "192.0.2.0/24".parse().expect("a network");
    let limits = RateLimits::new()
        .connections(rate("1/1d"))
        .connections_per_helo(rate("1/1d"))
        .messages(rate("1/1d"))
        .messages_per_sender(rate("1/1d"))
        .recipients(rate("1/1d"))
        .exempt(network);
    let server = server(limits);
    for _ in 0..3 {
        let mut client = ready(&server, "192.0.2.1").await;
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.command("RCPT TO:<x@example.com>").await.expect(550);
        client.data("Subject: x\r\n\r\nx\r\n").await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn a_finding_says_that_a_client_is_over_and_nothing_else() {
    let server = server(RateLimits::new().recipients(rate("2/1h")));
    let mut events = server.events().only([Kind::Finding]);
    let mut client = ready(&server, "192.0.2.1").await;
    client.command("MAIL FROM:<>").await.expect(250);
    for _ in 0..2 {
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
    }
    assert!(timeout(Duration::from_secs(1), events.next()).await.is_err());
    client.command("RCPT TO:<bob@example.com>").await.expect(450);
    let event = events.next().await;
    assert!(matches!(event, Some(Event::Finding { finding, .. }) if finding.to_string() == "limits=over"));
}

#[tokio::test(start_paused = true)]
async fn filters_with_other_rates_count_on_their_own() {
    let policy =
        |text: &'static str| move |builder: Builder| builder.with(RateLimits::new().recipients(rate(text)));
    let server = Server::builder()
        .when(|_| true, policy("30/1h"))
        .when(|_| true, policy("21/1h"))
        .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.as_str().starts_with("bob")) })
        .store(Inbox::new())
        .build()
        .expect("a server");
    let mut client = ready(&server, "192.0.2.1").await;
    client.command("MAIL FROM:<>").await.expect(250);
    for (to, code) in [("x1", 550), ("x2", 550), ("bob", 250), ("bob", 450)] {
        client.command(&format!("RCPT TO:<{to}@example.com>")).await.expect(code);
    }
}
