//! Which clients are checked.

use mailchute::testing::{Inbox, connect};
use mailchute::{Refusal, Server};
use mailchute_filters::authentication::Authentication;

use super::{OTHER, bytes, client, kept, mail, results, send, server, zone};
use crate::mail_signer::Mail;

/// A message that fails DMARC, with a forged result.
fn forged() -> Mail {
    let mut mail = mail("a@bank.example");
    mail.push("Authentication-Results: mx.example.com; dmarc=pass");
    mail
}

fn enforcing() -> Authentication<crate::zone::Zone> {
    Authentication::new(zone("p=reject")).enforce_dmarc()
}

#[tokio::test]
async fn users_are_not_checked() {
    let (server, inbox) = server(enforcing());
    let mut alice = connect(&server).from(([203, 0, 113, 9], 25).into()).identity("alice").open();
    alice.ready().await.expect(250);
    let reply = send(&mut alice, "a@bank.example", &bytes(&forged())).await;
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(results(&inbox), ["mx.example.com; auth=pass smtp.auth=alice"]);
}

#[tokio::test]
async fn processes_of_this_host_are_not_checked() {
    for address in ["127.0.0.1", "::1", "0.0.0.0"] {
        let (server, inbox) = server(enforcing());
        let reply = send(&mut client(&server, address).await, "a@bank.example", &bytes(&forged())).await;
        assert!(reply.starts_with("250"), "{reply}");
        assert_eq!(results(&inbox), ["mx.example.com; none"], "{address}");
    }
}

#[tokio::test]
async fn the_site_s_own_servers_are_believed() {
    let (server, inbox) = server(enforcing().exempt("203.0.113.0/24".parse().unwrap()));
    send(&mut client(&server, OTHER).await, "a@bank.example", &bytes(&forged())).await;
    assert_eq!(results(&inbox), ["mx.example.com; dmarc=pass"]);

    let inbox = Inbox::new();
    let server = Server::builder().with(enforcing()).store(inbox.clone()).build().unwrap();
    let mut front = connect(&server).from(([203, 0, 113, 9], 24).into()).lmtp().open();
    front.greeting().await.expect(220);
    front.command("LHLO front.example.com").await.expect(250);
    let reply = send(&mut front, "a@bank.example", &bytes(&forged())).await;
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(kept(&inbox).header().all("Authentication-Results").count(), 1);
    assert_eq!(results(&inbox), ["mx.example.com; dmarc=pass"]);
}

#[tokio::test]
async fn a_condition_that_left_out_mail_leaves_nothing_unchecked() {
    let inbox = Inbox::new();
    let authentication = Authentication::new(zone("p=none"));
    let server = Server::builder()
        .hostname("mx.example.com")
        // False while there is no envelope yet, which is at MAIL.
        .when(|session| session.envelope().is_some(), |builder| builder.with(authentication))
        .on_rcpt_to(|_to, _session| async move { Ok::<_, Refusal>(mailchute::Verdict::Accept) })
        .store(inbox.clone())
        .build()
        .unwrap();
    send(&mut client(&server, OTHER).await, "a@bank.example", &bytes(&mail("a@bank.example"))).await;
    assert!(results(&inbox).concat().contains("spf=fail"), "{:?}", results(&inbox));
}
