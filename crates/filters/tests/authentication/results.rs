//! The results that a message gets.

use std::sync::{Arc, Mutex};

use mailchute::{Filter, Message, Refusal, Session, Verdict};
use mailchute_filters::authentication::{Authentication, Outcomes};
use mailchute_filters::dkim::DkimResult;
use mailchute_filters::dmarc::DmarcResult;
use mailchute_filters::spf::SpfResult;

use super::{AUTHORIZED, OTHER, bytes, client, kept, mail, results, send, server, server_and, signed, zone};
use crate::mail_signer::Signer;

#[tokio::test]
async fn all_results_are_written_on_top_of_the_message() {
    let (server, inbox) = server(Authentication::new(zone("p=reject")));
    let content = bytes(&signed("Bank <a@bank.example>", "bank.example"));
    let reply = send(&mut client(&server, AUTHORIZED).await, "bounce@bank.example", &content).await;
    assert!(reply.starts_with("250"), "{reply}");
    let [results] = &*results(&inbox) else { panic!("not one field") };
    let (before, signature) = results.split_once("header.b=").unwrap();
    assert_eq!(
        before,
        "mx.example.com; spf=pass smtp.mailfrom=bank.example; dkim=pass header.d=bank.example header.i=@bank.example \
         header.s=s header.a=ed25519-sha256 "
    );
    let (_, after) = signature.split_once("; ").unwrap();
    assert_eq!(after, "arc=none; dmarc=pass header.from=bank.example");
    assert_eq!(kept(&inbox).header().fields()[0].name().as_str(), "Authentication-Results");
}

#[tokio::test]
async fn a_message_that_fails_is_marked_and_kept() {
    let (server, inbox) = server(Authentication::new(zone("p=reject")));
    let content = bytes(&signed("a@bank.example", "other.example"));
    send(&mut client(&server, OTHER).await, "a@bank.example", &content).await;
    let results = results(&inbox).concat();
    for expected in [
        "spf=fail smtp.mailfrom=bank.example;",
        "dkim=pass header.d=other.example",
        "dmarc=fail header.from=bank.example policy.dmarc=reject",
    ] {
        assert!(results.contains(expected), "{results}");
    }
    assert_eq!(kept(&inbox).directory(), None);
}

#[tokio::test]
async fn forged_received_spf_is_removed_if_the_server_writes_it() {
    for (writes, expected) in
        [(true, &["fail receiver", "pass receiver=mx.other.example"][..]), (false, &["pass"; 3])]
    {
        let authentication = Authentication::new(zone("p=none"));
        let authentication = if writes { authentication.received_spf() } else { authentication };
        let (server, inbox) = server(authentication);
        let mut mail = mail("a@bank.example");
        for value in ["pass receiver=mx.example.com", "pass", "pass receiver=mx.other.example"] {
            mail.push(format!("Received-SPF: {value}"));
        }
        send(&mut client(&server, OTHER).await, "a@bank.example", &bytes(&mail)).await;
        let kept = kept(&inbox);
        let values: Vec<_> =
            kept.header().all("Received-SPF").map(|field| field.value().into_owned()).collect();
        assert_eq!(values.len(), expected.len(), "{values:?}");
        assert!(values.iter().zip(expected).all(|(value, begin)| value.starts_with(begin)), "{values:?}");
    }
}

#[tokio::test]
async fn forged_results_are_removed_and_others_stay() {
    let (server, inbox) = server(Authentication::new(zone("p=none")));
    let mut mail = mail("a@bank.example");
    for value in [
        "mx.example.com; dkim=pass header.d=bank.example",
        "(x)\r\n MX.Example.Com\r\n 1; dmarc=pass",
        "mx.other.example; dkim=pass",
        "\"mx.example.com\"; spf=pass",
        "dkim=pass",
    ] {
        mail.push(format!("Authentication-Results: {value}"));
    }
    mail.push("authentication-results : mx.example.com; arc=pass");
    mail.push("ARC-Authentication-Results: i=1; mx.example.com; arc=pass");
    send(&mut client(&server, OTHER).await, "a@bank.example", &bytes(&mail)).await;
    let results = results(&inbox);
    assert_eq!(results.len(), 2, "{results:?}");
    assert!(results[0].starts_with("mx.example.com; spf=fail"), "{results:?}");
    assert_eq!(results[1], "mx.other.example; dkim=pass");
    assert!(kept(&inbox).header().has("ARC-Authentication-Results"));
}

#[tokio::test]
async fn fields_below_text_are_out_of_reach_for_lax_readers() {
    let (server, inbox) = server(Authentication::new(zone("p=reject")));
    let content = b"Subject: x\r\nno field\r\nAuthentication-Results: mx.example.com; dkim=pass\r\n\
                    From: a@bank.example\r\n\r\nHello\r\n";
    send(&mut client(&server, OTHER).await, "", content).await;
    let results = results(&inbox);
    assert_eq!(results.len(), 1);
    assert!(results[0].contains("dmarc=permerror reason=\"the message has no From field\""), "{results:?}");
    assert!(kept(&inbox).text().contains("Subject: x\r\n\r\nno field\r\nAuthentication-Results"));
}

#[tokio::test]
async fn several_signatures_have_a_result_each() {
    let (server, inbox) = server(Authentication::new(zone("p=reject")));
    let mut mail = signed("a@bank.example", "other.example");
    for selector in ["s", "lost", "none"] {
        Signer { domain: "bank.example".into(), selector: selector.into(), ..Signer::new(&super::key()) }
            .add_to(&mut mail);
    }
    send(&mut client(&server, OTHER).await, "", &bytes(&mail)).await;
    let results = results(&inbox).concat();
    for expected in [
        "dkim=permerror reason=\"none._domainkey.bank.example has no key\"",
        "dkim=temperror reason=\"the DNS did not answer for lost._domainkey.bank.example: timeout\"",
        "dkim=pass header.d=bank.example",
        "dkim=pass header.d=other.example",
        "dmarc=pass",
    ] {
        assert!(results.contains(expected), "{results}");
    }
}

#[tokio::test]
async fn a_signature_of_a_part_of_the_body_does_not_count() {
    let (server, inbox) = server(Authentication::new(zone("p=reject")));
    let mut mail = mail("a@bank.example");
    Signer { domain: "bank.example".into(), length: Some(5), ..Signer::new(&super::key()) }.add_to(&mut mail);
    send(&mut client(&server, OTHER).await, "", &bytes(&mail)).await;
    let results = results(&inbox).concat();
    assert!(
        results.contains("dkim=pass reason=\"6 bytes at the end of the body are not signed\""),
        "{results}"
    );
    assert!(results.contains("dmarc=fail"), "{results}");
}

#[tokio::test]
async fn hostile_names_of_the_client_are_left_out() {
    let (server, inbox) = server(Authentication::new(zone("p=none")).received_spf());
    let mut client = super::connect(&server).from(([203, 0, 113, 9], 25).into()).open();
    client.greeting().await.expect(220);
    client.command("EHLO a;dkim=pass").await.expect(250);
    send(&mut client, "", &bytes(&mail("a@bank.example"))).await;
    let kept = kept(&inbox);
    let results = kept.header().get("Authentication-Results").unwrap().into_owned();
    assert!(results.starts_with("mx.example.com;\tspf=none;\tdkim=none;"), "{results}");
    assert_eq!(
        kept.header().get("Received-SPF").as_deref(),
        Some("none receiver=\"mx.example.com\"; client-ip=\"203.0.113.9\";\tidentity=helo")
    );
}

#[tokio::test]
async fn received_spf_stands_below_the_results_if_asked_for() {
    let (server, inbox) = server(Authentication::new(zone("p=none")).received_spf().authserv_id("site"));
    send(&mut client(&server, AUTHORIZED).await, "x@bank.example", &bytes(&mail("a@bank.example"))).await;
    let kept = kept(&inbox);
    let [first, second] = &kept.header().fields()[..2] else { panic!("no two fields") };
    assert!(first.value().starts_with("site;\tspf=pass"), "{first:?}");
    assert_eq!(second.name().as_str(), "Received-SPF");
    assert!(second.value().starts_with("pass receiver=\"mx.example.com\"; client-ip=\"192.0.2.1\""));
}

/// Keeps the outcomes that the filters before it have found.
#[derive(Clone, Default)]
struct Last(Arc<Mutex<Option<Outcomes>>>);

impl Filter for Last {
    async fn filter(&self, _message: &mut Message, session: &Session) -> Result<(), Refusal> {
        *self.0.lock().unwrap() = session.transaction_state().get();
        Ok(())
    }
}

#[tokio::test]
async fn later_hooks_and_filters_have_the_outcomes() {
    let last = Last::default();
    let (server, _inbox) = server_and(Authentication::new(zone("p=reject")), |builder| {
        builder
            .on_rcpt_to(|_to, session| async move {
                Verdict::accept_if(session.finding("spf").is_some_and(|spf| spf.result() == "pass"))
            })
            .filter(last.clone())
    });
    let content = bytes(&signed("a@bank.example", "bank.example"));
    let reply = send(&mut client(&server, AUTHORIZED).await, "a@bank.example", &content).await;
    assert!(reply.starts_with("250"), "{reply}");
    let outcomes = last.0.lock().unwrap().take().expect("outcomes");
    assert_eq!(outcomes.spf.expect("SPF").result, SpfResult::Pass);
    assert_eq!(outcomes.dkim.expect("DKIM").result(), DkimResult::Pass);
    assert_eq!(outcomes.dmarc.expect("DMARC").result, DmarcResult::Pass);

    let mut client = client(&server, OTHER).await;
    client.command("MAIL FROM:<a@bank.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(550);
}

#[tokio::test]
async fn findings_of_the_message_are_told_in_the_words_of_the_rfc() {
    let found = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&found);
    let (server, _inbox) = server_and(Authentication::new(zone("p=none")), |builder| {
        builder.on_message(move |message, session| {
            let shown = Arc::clone(&shown);
            async move {
                shown.lock().unwrap().extend(session.findings().iter().map(ToString::to_string));
                Ok::<_, Refusal>(message)
            }
        })
    });
    send(&mut client(&server, AUTHORIZED).await, "a@bank.example", &bytes(&mail("a@bank.example"))).await;
    assert_eq!(*found.lock().unwrap(), ["spf=pass", "dkim=none", "arc=none", "dmarc=pass"]);
}
