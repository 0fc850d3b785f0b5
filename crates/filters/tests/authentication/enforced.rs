//! DMARC that is enforced, and what stands against it.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use mailchute::Server;
use mailchute::testing::Inbox;
use mailchute_filters::authentication::Authentication;
use mailchute_filters::dns::{DnsError, Resolve};
use tokio::time::sleep;

use super::{AUTHORIZED, OTHER, bytes, client, kept, key, mail, results, send, server, signed, zone};
use crate::mail_signer::{Mail, Signer};
use crate::zone::Zone;

/// Sends a message that fails DMARC, and returns the reply.
async fn reply(dmarc: &str, mail: &Mail) -> (String, Inbox) {
    let (server, inbox) = server(Authentication::new(zone(dmarc)).enforce_dmarc());
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &bytes(mail)).await;
    (reply, inbox)
}

#[tokio::test]
async fn reject_refuses_the_message_and_says_what_to_do() {
    let (reply, inbox) = reply("p=reject", &signed("a@bank.example", "other.example")).await;
    assert_eq!(
        reply,
        "550 5.7.26 The domain bank.example asks to refuse this message, since neither SPF nor DKIM authenticates it \
         (DMARC); send it through a server of bank.example, or sign it"
    );
    assert!(inbox.messages().is_empty());
}

#[tokio::test]
async fn quarantine_files_the_message_into_junk() {
    for dmarc in ["p=quarantine", "p=reject; pct=0"] {
        let (reply, inbox) = reply(dmarc, &mail("a@bank.example")).await;
        assert!(reply.starts_with("250"), "{reply}");
        assert_eq!(kept(&inbox).directory(), Some("Junk"));
        assert!(results(&inbox).concat().contains("policy.dmarc=quarantine"));
    }
}

#[tokio::test]
async fn other_mail_passes() {
    for (dmarc, mail) in [
        ("p=none", mail("a@bank.example")),
        ("p=quarantine; pct=0", mail("a@bank.example")),
        ("p=reject", mail("a@other.example")),
        ("p=reject", signed("a@mail.bank.example", "bank.example")),
        ("p=reject", mail("root")),
        ("p=reject", mail("a@lost.example")),
    ] {
        let (reply, inbox) = reply(dmarc, &mail).await;
        assert!(reply.starts_with("250"), "{reply}");
        assert_eq!(kept(&inbox).directory(), None);
    }
}

#[tokio::test]
async fn pct_is_drawn_for_each_message() {
    let (server, inbox) = server(Authentication::new(zone("p=quarantine; pct=50")).enforce_dmarc());
    let content = bytes(&mail("a@bank.example"));
    let mut client = client(&server, OTHER).await;
    for _ in 0..100 {
        send(&mut client, "x@other.example", &content).await;
    }
    let junk = inbox.messages().iter().filter(|mail| mail.directory() == Some("Junk")).count();
    // One of 2^97 runs fails.
    assert!((1..100).contains(&junk), "{junk}");
}

#[tokio::test]
async fn a_message_without_a_clear_author_is_refused() {
    let twice = {
        let mut mail = signed("a@other.example", "other.example");
        mail.push("From: ceo@bank.example");
        mail
    };
    let mut none = mail("x");
    none.fields.remove(0);
    for (mail, problem) in [
        (twice, "the message has several From fields"),
        (none, "the message has no From field"),
        (mail("\"ceo@bank.example\"@other.example"), "the From field of the message is malformed"),
    ] {
        let (reply, inbox) = reply("p=reject", &mail).await;
        let expected = format!(
            "550 5.7.1 The author cannot be checked (DMARC): {problem}; write one From field with one address"
        );
        assert_eq!(reply, expected);
        assert!(inbox.messages().is_empty());
    }
}

#[tokio::test]
async fn a_sloppy_name_of_an_author_costs_no_mail() {
    for from in [
        "ACME Inc., Support <support@other.example>",
        "Smith Jr., John <john@none.example>",
        "CORP\\alice <alice@other.example>",
        "Sales @ Joe's <sales@other.example>",
    ] {
        let (reply, inbox) = reply("p=reject", &signed(from, "other.example")).await;
        assert!(reply.starts_with("250"), "{from}: {reply}");
        assert!(results(&inbox).concat().contains("dmarc=none"), "{from}");
        // The policy of the address counts as well.
        let (reply, _) = self::reply("p=reject", &mail("ACME Inc., Support <support@bank.example>")).await;
        assert!(reply.starts_with("550 5.7.26"), "{reply}");
    }
}

/// A message of an author, with a signature of the bank whose key the DNS does not tell.
fn lost(from: &str) -> Mail {
    let mut mail = mail(from);
    Signer { domain: "bank.example".into(), selector: "lost".into(), ..Signer::new(&key()) }
        .add_to(&mut mail);
    mail
}

#[tokio::test]
async fn a_key_that_the_dns_does_not_tell_refuses_for_now() {
    for dmarc in ["p=reject", "p=quarantine"] {
        for from in ["a@bank.example", "x@other.example, a@bank.example"] {
            let (reply, inbox) = reply(dmarc, &lost(from)).await;
            assert_eq!(
                reply,
                "451 4.7.0 The domain bank.example does not want mail that neither SPF nor DKIM authenticates \
                 (DMARC), and the DNS does not answer for bank.example; try again later"
            );
            assert!(inbox.messages().is_empty());
        }
    }
}

#[tokio::test]
async fn a_key_that_does_not_matter_refuses_nothing() {
    for (dmarc, from) in [("p=none", "a@bank.example"), ("p=reject", "a@other.example")] {
        let (reply, inbox) = reply(dmarc, &lost(from)).await;
        assert!(reply.starts_with("250"), "{reply}");
        assert!(results(&inbox).concat().contains("dkim=temperror"));
    }
    // Another signature authenticates the author.
    let mut mail = lost("a@bank.example");
    Signer { domain: "bank.example".into(), ..Signer::new(&key()) }.add_to(&mut mail);
    let (reply, inbox) = reply("p=reject", &mail).await;
    assert!(reply.starts_with("250"), "{reply}");
    assert!(results(&inbox).concat().contains("dmarc=pass"));
}

#[tokio::test]
async fn spf_without_an_answer_refuses_for_now_if_it_is_aligned() {
    let mut zone = zone("p=reject");
    let record = |kind: &str, data: &str| vec![(kind.to_owned(), data.into())];
    zone.records.insert("bank.example".into(), record("TXT", "v=spf1 exists:%{l}.bank.example -all"));
    zone.records.insert("lame.bank.example".into(), record("TIMEOUT", ""));
    let (server, inbox) = server(Authentication::new(zone).enforce_dmarc());
    let mut client = client(&server, OTHER).await;
    for (sender, from, expected) in [
        ("lame@bank.example", "a@bank.example", "451 4.7.0"),
        ("lost@lost.example", "a@bank.example", "550 5.7.26"),
        ("lame@bank.example", "a@other.example", "250"),
    ] {
        let reply = send(&mut client, sender, &bytes(&mail(from))).await;
        assert!(reply.starts_with(expected), "{sender} {from}: {reply}");
    }
    assert!(results(&inbox).concat().contains("spf=temperror"));
}

#[tokio::test]
async fn a_lame_subdomain_is_refused_for_now() {
    let mut zone = zone("p=reject");
    zone.records.insert("_dmarc.lame.bank.example".into(), vec![("TIMEOUT".into(), vec![])]);
    let (server, inbox) = server(Authentication::new(zone).enforce_dmarc());
    let content = bytes(&mail("a@lame.bank.example"));
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &content).await;
    assert!(reply.starts_with("451 4.7.0 "), "{reply}");
    assert!(inbox.messages().is_empty());
}

/// A DNS server that never answers.
struct Silence;

impl Resolve for Silence {
    async fn txt(&self, _name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        pending().await
    }

    async fn a(&self, _name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        pending().await
    }

    async fn aaaa(&self, _name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        pending().await
    }

    async fn mx(&self, _name: &str) -> Result<Vec<String>, DnsError> {
        pending().await
    }

    async fn ptr(&self, _address: IpAddr) -> Result<Vec<String>, DnsError> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn silence_of_the_dns_takes_bounded_time_and_refuses_nothing() {
    let inbox = Inbox::new();
    let authentication = Authentication::new(Silence).enforce_dmarc().time_limit(Duration::from_secs(3));
    let server = Server::builder().with(authentication).store(inbox.clone()).build().unwrap();
    let began = tokio::time::Instant::now();
    let content = bytes(&signed("a@bank.example", "bank.example"));
    let reply = send(&mut client(&server, AUTHORIZED).await, "a@bank.example", &content).await;
    assert!(reply.starts_with("250"), "{reply}");
    // SPF, the signatures and DMARC have 3 seconds each.
    assert_eq!(began.elapsed().as_secs(), 9);
    let results = results(&inbox).concat();
    for expected in ["spf=temperror", "dkim=temperror", "dmarc=temperror"] {
        assert!(results.contains(expected), "{results}");
    }
}

/// A DNS server that answers each question after 12 seconds.
struct Slow(Zone);

impl Resolve for Slow {
    async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        sleep(Duration::from_secs(12)).await;
        self.0.txt(name).await
    }

    async fn a(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.0.a(name).await
    }

    async fn aaaa(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.0.aaaa(name).await
    }

    async fn mx(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.0.mx(name).await
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        self.0.ptr(address).await
    }
}

#[tokio::test(start_paused = true)]
async fn slow_domains_do_not_spend_the_time_of_the_author() {
    let authentication = Authentication::new(Slow(zone("p=reject"))).enforce_dmarc();
    let server = Server::builder().with(authentication).store(Inbox::new()).build().unwrap();
    let from = "1@a.example, 2@b.example, 3@c.example, 4@d.example, ceo@bank.example";
    let content = bytes(&signed(from, "other.example"));
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &content).await;
    assert!(reply.starts_with("550 5.7.26"), "{reply}");
}

#[tokio::test]
async fn a_time_limit_may_be_longer_than_the_clock() {
    let authentication = Authentication::new(zone("p=reject")).enforce_dmarc().time_limit(Duration::MAX);
    let (server, _inbox) = server(authentication);
    let content = bytes(&mail("a@bank.example"));
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &content).await;
    assert!(reply.starts_with("550 5.7.26"), "{reply}");
}

/// A message of the bank that a mailing list has changed and sealed.
fn forwarded(results: &str) -> Mail {
    let mut mail = signed("a@bank.example", "bank.example");
    mail.body.extend_from_slice(b"-- \r\nThe list\r\n");
    Signer { domain: "list.example".into(), ..Signer::new(&key()) }
        .add_arc_set(&mut mail, 1, "none", results);
    mail
}

#[tokio::test]
async fn a_signature_by_a_test_key_is_like_none() {
    for (flag, accepted) in [("t=s", true), ("t=y", false)] {
        let mut zone = zone("p=reject");
        let record = format!("{}; {flag}", key().record());
        zone.records.insert("s._domainkey.bank.example".into(), vec![("TXT".into(), record.into())]);
        let (server, _inbox) = server(Authentication::new(zone).enforce_dmarc());
        let content = bytes(&signed("a@bank.example", "bank.example"));
        let reply = send(&mut client(&server, OTHER).await, "x@other.example", &content).await;
        assert_eq!(reply.starts_with("250"), accepted, "{reply}");
    }
}

#[tokio::test]
async fn trusted_sealers_let_in_mail_that_they_have_changed() {
    let of_list = "dmarc=pass header.from=bank.example";
    for (trusted, results_of_list, accepted) in [
        (&["list.example"][..], of_list, true),
        (&[], of_list, false),
        (&["other.example"], of_list, false),
        (&["list.example"], "dmarc=fail header.from=bank.example", false),
        (&["list.example"], "spf=pass; dkim=pass header.d=bank.example", false),
    ] {
        let authentication = Authentication::new(zone("p=reject")).enforce_dmarc();
        let (server, inbox) = server(authentication.trusted_arc_sealers(trusted));
        let content = bytes(&forwarded(results_of_list));
        let reply = send(&mut client(&server, OTHER).await, "x@other.example", &content).await;
        assert_eq!(reply.starts_with("250"), accepted, "{reply}");
        if accepted {
            let results = results(&inbox).concat();
            let expected = "arc=pass; dmarc=fail reason=\"the trusted ARC sealer list.example vouches for it\" \
                            header.from=bank.example policy.dmarc=none";
            assert!(results.contains(expected), "{results}");
        }
    }
}

#[tokio::test]
async fn a_trusted_sealer_lets_in_what_is_still_open() {
    let authentication = Authentication::new(zone("p=reject")).enforce_dmarc();
    let (server, inbox) = server(authentication.trusted_arc_sealers(["list.example"]));
    let mut mail = lost("a@bank.example");
    Signer { domain: "list.example".into(), ..Signer::new(&key()) }.add_arc_set(
        &mut mail,
        1,
        "none",
        "dmarc=pass header.from=bank.example",
    );
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &bytes(&mail)).await;
    assert!(reply.starts_with("250"), "{reply}");
    let results = results(&inbox).concat();
    assert!(results.contains("dmarc=temperror reason=\"the trusted ARC sealer list.example"), "{results}");
}

#[tokio::test]
async fn a_seal_that_leaves_the_author_open_vouches_for_nothing() {
    let authentication = Authentication::new(zone("p=reject")).enforce_dmarc();
    let (server, _inbox) = server(authentication.trusted_arc_sealers(["list.example"]));
    let mut mail = mail("a@bank.example");
    let names = vec!["To".to_owned(), "Subject".to_owned()];
    Signer { domain: "list.example".into(), names, ..Signer::new(&key()) }
        .add_arc_set(&mut mail, 1, "none", "spf=pass");
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &bytes(&mail)).await;
    assert!(reply.starts_with("550 5.7.26"), "{reply}");
}

#[tokio::test]
async fn a_broken_seal_vouches_for_nothing() {
    let authentication = Authentication::new(zone("p=reject")).enforce_dmarc();
    let (server, _inbox) = server(authentication.trusted_arc_sealers(["list.example"]));
    let mut mail = forwarded("dmarc=pass header.from=bank.example");
    mail.body.extend_from_slice(b"forged\r\n");
    let reply = send(&mut client(&server, OTHER).await, "x@other.example", &bytes(&mail)).await;
    assert!(reply.starts_with("550 5.7.26"), "{reply}");
}
