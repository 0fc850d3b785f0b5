//! DNS lists in a server: when they are asked, and what follows.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailchute::events::{Event, Kind};
use mailchute::testing::{Client, Inbox, connect};
use mailchute::{Check, Install, Server};
use mailchute_filters::dns::{Resolve, Resolver};
use mailchute_filters::dnsbl::{Action, Dnsbl, Listing};

use crate::dns_server::{DnsServer, Manner};
use crate::zone::Zone;

/// The client 192.0.2.1 is on the list `bl.example`, 192.0.2.2 on `wl.example` too, 192.0.2.3 on none.
const ZONE: &str = "
    1.2.0.192.bl.example A 127.0.0.2
    1.2.0.192.bl.example TXT https://bl.example/?192.0.2.1
    2.2.0.192.bl.example A 127.0.0.2
    2.2.0.192.wl.example A 127.0.4.2
    1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example A 127.0.0.10
    bad.example.rhs.example A 127.0.1.2
";

fn zone(lines: &str) -> Arc<Zone> {
    Arc::new(Zone::parse(format!("{ZONE}{lines}").as_bytes()))
}

fn asked(zone: &Zone) -> usize {
    zone.asked.swap(0, Ordering::Relaxed)
}

fn name(list: &str) -> mailchute::address::Domain {
    mailchute::address::Domain::parse(list).unwrap()
}

fn lists<R: Resolve + Send + 'static>(resolver: R) -> Dnsbl<R> {
    Dnsbl::new(resolver)
        .list(name("wl.example"), "skip:127.0.0-255.1-3".parse().unwrap())
        .list(name("bl.example"), Action::Refuse.into())
}

fn server<R: Resolve + Send + 'static>(lists: Dnsbl<R>) -> Server {
    Server::builder().with(lists).store(Inbox::new()).build().unwrap()
}

fn open(server: &Server, address: &str) -> Client {
    let client: IpAddr = address.parse().unwrap();
    connect(server).from((client, 2525).into()).open()
}

async fn ready(server: &Server, address: &str) -> Client {
    let mut client = open(server, address);
    client.ready().await.expect(250);
    client
}

/// Sends MAIL and RCPT, and returns the reply to RCPT.
async fn rcpt(client: &mut Client, sender: &str, recipient: &str) -> String {
    client.command(&format!("MAIL FROM:<{sender}>")).await.expect(250);
    let reply = client.command(&format!("RCPT TO:<{recipient}>")).await;
    client.command("RSET").await.expect(250);
    format!("{} {}", reply.code(), reply.lines().join("|"))
}

async fn is_refused(client: &mut Client, sender: &str) -> bool {
    rcpt(client, sender, "bob@example.com").await.starts_with("550")
}

#[tokio::test]
async fn a_listed_client_is_refused_at_rcpt_with_the_reason() {
    let zone = zone("");
    let server = server(lists(Arc::clone(&zone)));
    let mut client = ready(&server, "192.0.2.1").await;
    let reply = rcpt(&mut client, "alice@client.example", "bob@example.com").await;
    assert_eq!(
        reply,
        "550 550 5.7.1 Client host [192.0.2.1] is listed by bl.example: https://bl.example/?192.0.2.1"
    );
    assert_eq!(asked(&zone), 3, "two lists and a reason");
    assert!(is_refused(&mut client, "eve@client.example").await);
    assert_eq!(asked(&zone), 0, "the client is the same");
    assert!(!is_refused(&mut ready(&server, "192.0.2.3").await, "alice@client.example").await);
    assert_eq!(asked(&zone), 2);
    assert!(is_refused(&mut ready(&server, "2001:db8::1").await, "alice@client.example").await);
    assert!(is_refused(&mut ready(&server, "::ffff:192.0.2.1").await, "alice@client.example").await);
}

#[tokio::test]
async fn a_client_that_sends_no_mail_costs_no_question() {
    let zone = zone("");
    let server = server(lists(Arc::clone(&zone)));
    let mut client = ready(&server, "192.0.2.1").await;
    client.command("NOOP").await.expect(250);
    client.command("QUIT").await.expect(221);
    assert_eq!(asked(&zone), 0);
}

#[tokio::test]
async fn the_postmaster_takes_mail_of_listed_clients() {
    let server = server(lists(zone("")));
    let mut client = ready(&server, "192.0.2.1").await;
    for (recipient, code) in
        [("Postmaster", "250"), ("POSTMASTER@example.com", "250"), ("postmaster2@example.com", "550")]
    {
        let reply = rcpt(&mut client, "alice@client.example", recipient).await;
        assert!(reply.starts_with(code), "{recipient}: {reply}");
    }
}

#[tokio::test]
async fn an_allow_list_overrules_the_others() {
    let zone = zone("2.2.0.192.bl.example TXT listed");
    let lists = lists(zone).domain_list(name("rhs.example"), Action::Refuse.into());
    let server = server(lists);
    let mut listed_domain = ready(&server, "192.0.2.2").await;
    assert!(!is_refused(&mut listed_domain, "alice@bad.example").await);
    assert!(is_refused(&mut ready(&server, "192.0.2.1").await, "alice@client.example").await);
}

/// A server with the user Alice.
fn server_with_alice(filter: impl Install) -> Server {
    Server::builder()
        .with(filter)
        .allow_plaintext_auth()
        .on_auth(
            |credentials, _session| async move { Check::right_if(credentials.is("alice", "wonderland")) },
        )
        .store(Inbox::new())
        .build()
        .unwrap()
}

#[tokio::test]
async fn users_and_clients_at_home_are_not_asked_about() {
    let zone = zone("1.0.0.10.bl.example A 127.0.0.2\n 1.0.0.127.bl.example A 127.0.0.2");
    let lists = lists(Arc::clone(&zone)).exempt("192.0.2.0/31".parse().unwrap());
    let server = server_with_alice(lists);
    for address in ["127.0.0.1", "10.0.0.1", "fe80::1", "192.0.2.1"] {
        assert!(!is_refused(&mut ready(&server, address).await, "alice@client.example").await, "{address}");
    }
    let mut user = ready(&server, "192.0.2.2").await;
    user.command("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=").await.expect(235);
    assert!(!is_refused(&mut user, "alice@client.example").await);
    assert_eq!(asked(&zone), 0);
}

#[tokio::test]
async fn a_client_that_authenticates_later_is_not_refused() {
    let server = server_with_alice(lists(zone("")));
    let mut client = ready(&server, "192.0.2.1").await;
    assert!(is_refused(&mut client, "alice@client.example").await);
    client.command("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=").await.expect(235);
    assert!(!is_refused(&mut client, "alice@client.example").await);
}

#[tokio::test]
async fn a_client_that_xclient_names_is_asked_about() {
    let zone = zone("");
    let server = Server::builder()
        .xclient_from(["198.51.100.1/32".parse().unwrap()])
        .with(lists(Arc::clone(&zone)))
        .store(Inbox::new())
        .build()
        .unwrap();
    let mut proxy = ready(&server, "198.51.100.1").await;
    assert!(!is_refused(&mut proxy, "alice@client.example").await);
    for (client, expected) in [("192.0.2.1", true), ("192.0.2.3", false), ("192.0.2.1", true)] {
        proxy.command(&format!("XCLIENT ADDR={client}")).await.expect(220);
        proxy.command("EHLO client.example").await.expect(250);
        assert_eq!(is_refused(&mut proxy, "alice@client.example").await, expected, "{client}");
    }
    assert_eq!(asked(&zone), 2 + 3 + 2 + 3);
}

#[tokio::test]
async fn domains_of_helo_and_sender_are_asked_for() {
    let zone = zone("xn--bcher-kva.example.rhs.example A 127.0.1.4");
    let lists = Dnsbl::new(Arc::clone(&zone)).domain_list(name("rhs.example"), Action::Refuse.into());
    let server = server(lists);
    let mut client = open(&server, "192.0.2.1");
    client.greeting().await.expect(220);
    client.command("EHLO BAD.example").await.expect(250);
    let reply = rcpt(&mut client, "alice@client.example", "bob@example.com").await;
    assert_eq!(reply, "550 550 5.7.1 Domain bad.example is listed by rhs.example");
    client.command("EHLO client.example").await.expect(250);
    assert!(!is_refused(&mut client, "alice@client.example").await);
    assert!(is_refused(&mut client, "alice@Bad.Example").await);
    assert!(!is_refused(&mut client, "").await);
    asked(&zone);
    client.command("EHLO [192.0.2.1]").await.expect(250);
    assert!(!is_refused(&mut client, "alice@[192.0.2.1]").await);
    assert_eq!(asked(&zone), 0, "addresses are not domains");
    client.command("MAIL FROM:<alice@bücher.example> SMTPUTF8").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(550);
}

#[tokio::test]
async fn codes_choose_what_follows() {
    let rules = "refuse:127.0.0.2-9 mark:127.0.0.10-11".parse().unwrap();
    let server = server(Dnsbl::new(zone("")).list(name("bl.example"), rules));
    assert!(is_refused(&mut ready(&server, "192.0.2.1").await, "alice@client.example").await);
    assert!(!is_refused(&mut ready(&server, "2001:db8::1").await, "alice@client.example").await);
}

/// Returns the findings of a session, as `check=result`, once it is over.
async fn findings(server: &Server, address: &str, sender: &str) -> Vec<String> {
    let mut events = server.events().only([Kind::Finding, Kind::Disconnect]);
    let mut client = ready(server, address).await;
    rcpt(&mut client, sender, "bob@example.com").await;
    client.command("QUIT").await.expect(221);
    let mut found = Vec::new();
    while let Some(Event::Finding { finding, .. }) = events.next().await {
        found.push(finding.to_string());
    }
    found
}

#[tokio::test]
async fn findings_tell_what_the_lists_said() {
    let zone = zone(
        "4.2.0.192.bl.example TIMEOUT\n 5.2.0.192.wl.example TIMEOUT\n 5.2.0.192.bl.example A 127.0.0.2",
    );
    let lists = lists(zone)
        .list(name("mk.example"), Action::Mark.into())
        .domain_list(name("rhs.example"), Action::Mark.into());
    let server = server(lists);
    for (address, sender, expected) in [
        ("192.0.2.1", "a@client.example", &["dnsbl=refuse", "rhsbl=none"][..]),
        ("192.0.2.2", "a@bad.example", &["dnsbl=skip"]),
        ("192.0.2.3", "a@bad.example", &["dnsbl=none", "rhsbl=mark"]),
        ("192.0.2.4", "a@client.example", &["dnsbl=failed", "rhsbl=none"]),
        ("192.0.2.5", "a@client.example", &["dnsbl=refuse", "rhsbl=none"]),
        ("10.0.0.1", "a@bad.example", &[]),
    ] {
        assert_eq!(findings(&server, address, sender).await, expected, "{address}");
    }
}

#[tokio::test]
async fn a_list_that_failed_is_asked_again_for_the_next_message() {
    let zone = zone("4.2.0.192.bl.example TIMEOUT");
    let server = server(lists(Arc::clone(&zone)));
    for (client, questions) in [("192.0.2.4", [2, 2]), ("192.0.2.3", [2, 0])] {
        let mut client = ready(&server, client).await;
        for expected in questions {
            assert!(!is_refused(&mut client, "a@client.example").await);
            assert_eq!(asked(&zone), expected);
        }
    }
}

#[tokio::test]
async fn two_filters_of_lists_have_findings_of_their_own() {
    let second =
        Dnsbl::new(zone("")).list(name("bl.example"), Action::Mark.into()).names("local", "local-domains");
    let second = second.domain_list(name("rhs.example"), Action::Mark.into());
    let server = Server::builder().with(lists(zone(""))).with(second).store(Inbox::new()).build().unwrap();
    let found = findings(&server, "192.0.2.1", "a@bad.example").await;
    assert_eq!(found, ["dnsbl=refuse", "local=mark", "local-domains=mark"]);
}

#[tokio::test]
async fn listings_tell_later_hooks_more() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (by_hook, zone) = (Arc::clone(&seen), zone("3.2.0.192.mk.example A 127.0.0.5"));
    let server = Server::builder()
        .with(Dnsbl::new(Arc::clone(&zone)).list(name("mk.example"), Action::Mark.into()))
        .with(Dnsbl::new(zone).domain_list(name("rhs.example"), Action::Mark.into()))
        .on_rcpt_to(move |_to, session| {
            let all = [Listing::of_client(&session), Listing::of_domains(&session)];
            by_hook.lock().unwrap().extend(all.concat());
            async move {}
        })
        .store(Inbox::new())
        .build()
        .unwrap();
    assert!(!is_refused(&mut ready(&server, "192.0.2.3").await, "alice@bad.example").await);
    let seen = seen.lock().unwrap();
    let told: Vec<_> =
        seen.iter().map(|l| (&*l.list, &*l.subject, l.codes[0].to_string(), l.action)).collect();
    assert_eq!(
        told,
        [
            ("mk.example", "192.0.2.3", "127.0.0.5".to_owned(), Action::Mark),
            ("rhs.example", "bad.example", "127.0.1.2".to_owned(), Action::Mark),
        ]
    );
}

#[tokio::test]
async fn answers_that_are_no_listings_refuse_nobody() {
    for code in ["203.0.113.7", "127.255.255.254", "127.255.255.252", "127.0.0.1", "127.0.0.255"] {
        let lines = format!("7.2.0.192.bl.example A {code}\n 7.2.0.192.wl.example A {code}");
        let server = server(lists(zone(&lines)));
        assert!(!is_refused(&mut ready(&server, "192.0.2.7").await, "alice@client.example").await, "{code}");
    }
}

#[tokio::test]
async fn a_list_whose_domain_was_sold_is_in_the_log() {
    let (log, _guard) = crate::log::capture();
    let server = server(lists(zone("7.2.0.192.bl.example A 203.0.113.7")));
    let mut events = server.events().only([mailchute::events::Kind::Finding]);
    assert!(!is_refused(&mut ready(&server, "192.0.2.7").await, "alice@client.example").await);
    log.expect("a DNS list does not answer this resolver list=\"bl.example\" code=\"203.0.113.7\"");
    let Some(mailchute::events::Event::Finding { finding, .. }) = events.next().await else {
        panic!("no finding")
    };
    assert_eq!(finding.to_string(), "dnsbl=failed");
}

#[tokio::test]
async fn warnings_about_a_list_come_once_an_hour() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&log);
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || Writer(Arc::clone(&writer)));
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let server = server(lists(zone("7.2.0.192.bl.example A 127.255.255.254\n 7.2.0.192.wl.example TIMEOUT")));
    for _ in 0..3 {
        assert!(!is_refused(&mut ready(&server, "192.0.2.7").await, "alice@client.example").await);
    }
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("DNS list")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains("WARN") && lines[0].contains("a DNS list does not answer list=\"wl.example\""),
        "{log}"
    );
    assert!(lines[1].contains("resolver list=\"bl.example\" code=\"127.255.255.254\""), "{log}");
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn lists_are_asked_at_once_and_a_silent_one_refuses_nobody() {
    let dns = DnsServer::start(ZONE).await;
    let resolver = Resolver::builder().servers([dns.address]).build().unwrap();
    let mut lists = lists(resolver).timeout(Duration::from_secs(1));
    for n in 0..8 {
        lists = lists.list(name(&format!("l{n}.example")), Action::Refuse.into());
    }
    let server = server(lists);
    dns.hold(true);
    let waiting = tokio::spawn(async move {
        let mut client = ready(&server, "192.0.2.1").await;
        is_refused(&mut client, "alice@client.example").await
    });
    let names = || {
        let mut names: Vec<String> = dns.asked().into_iter().map(|(name, ..)| name).collect();
        names.sort();
        names.dedup();
        names
    };
    while names().len() < 10 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.await.unwrap());
    dns.hold(false);
    dns.set_manner(Manner::Well);
}

#[tokio::test]
async fn the_longest_refusal_is_a_reply() {
    let long = "x".repeat(60);
    let domain = format!("{long}.{long}.example");
    let list = format!("a.{long}.example");
    let zone = Zone::parse(
        format!("{domain}.{list} A 127.0.0.2\n{domain}.{list} TXT {}", "reason ".repeat(500)).as_bytes(),
    );
    let server = server(Dnsbl::new(zone).domain_list(name(&list), Action::Refuse.into()));
    let mut client = ready(&server, "192.0.2.1").await;
    let reply = rcpt(&mut client, &format!("a@{domain}"), "bob@example.com").await;
    assert!(reply.starts_with("550 550"), "{reply}");
    assert!(reply.split('|').all(|line| line.len() <= 510), "{reply}");
    assert!(is_refused(&mut client, &format!("a@{domain}")).await, "the conversation goes on");
}
