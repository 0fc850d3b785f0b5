//! Findings of checks: how long they hold, and who hears of them.

use mailchute::events::{Event, Kind};
use mailchute::syntax::BareLineEnds;
use mailchute::{Message, Refusal, Server, Session, Verdict, testing};
use mailchute_stores::Discard;

fn words(session: &Session) -> String {
    session.findings().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn text(reply: &testing::Reply) -> String {
    reply.lines().concat()
}

/// A server that says what it has found in its reply to RCPT.
fn server() -> Server {
    Server::builder()
        .on_connect(|session: Session| async move {
            session.add_client_finding("dnsbl", "mark");
            Ok::<_, Refusal>(Verdict::Accept)
        })
        .on_mail_from(|sender, session| async move {
            session.add_finding("spf", sender.domain().unwrap_or("none").to_owned());
            Verdict::accept_or(sender.domain() != Some("bad.example"), Refusal::new(550, (5, 7, 1), "No"))
        })
        .on_rcpt_to(
            |_to, session| async move { Err::<Verdict, _>(Refusal::new(550, (5, 7, 1), words(&session))) },
        )
        .store(Discard)
        .build()
        .expect("a server")
}

#[tokio::test]
async fn what_is_found_of_a_message_ends_with_it() {
    let mut client = testing::connect(&server()).open();
    client.ready().await;
    client.command("MAIL FROM:<a@one.example>").await.expect(250);
    assert_eq!(text(&client.command("RCPT TO:<b@x.example>").await), "550 5.7.1 dnsbl=mark spf=one.example");
    client.command("RSET").await.expect(250);
    client.command("MAIL FROM:<a@bad.example>").await.expect(550);
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(text(&client.command("RCPT TO:<b@x.example>").await), "550 5.7.1 dnsbl=mark spf=none");
}

#[tokio::test]
async fn what_was_found_of_a_refused_mail_ends_with_the_next() {
    let server = Server::builder()
        .on_mail_from(|sender, session| async move {
            if sender.is_null() {
                session.add_finding("limits", "over");
                return Err(Refusal::new(451, (4, 7, 1), "Later"));
            }
            Ok(Verdict::Accept)
        })
        .on_rcpt_to(
            |_to, session| async move { Err::<Verdict, _>(Refusal::new(550, (5, 7, 1), words(&session))) },
        )
        .store(Discard)
        .build()
        .expect("a server");
    let mut client = testing::connect(&server).open();
    client.ready().await;
    client.command("MAIL FROM:<>").await.expect(451);
    client.command("MAIL FROM:<a@one.example>").await.expect(250);
    assert_eq!(text(&client.command("RCPT TO:<b@x.example>").await), "550 5.7.1 ");
}

#[tokio::test]
async fn subscribers_hear_each_finding_once() {
    let server = server();
    let mut events = server.events().only([Kind::Finding]);
    let mut client = testing::connect(&server).open();
    client.ready().await;
    client.command("MAIL FROM:<a@one.example>").await.expect(250);
    let mut heard = Vec::new();
    for _ in 0..2 {
        let Some(Event::Finding { finding, .. }) = events.next().await else { panic!("no finding") };
        heard.push(finding.to_string());
    }
    assert_eq!(heard, ["dnsbl=mark", "spf=one.example"]);
}

#[tokio::test]
async fn a_tolerated_bare_line_end_is_a_finding() {
    for (transfer, is_bare) in [
        ("DATA\r\nSubject: x\r\n\r\ny\r\n.\r\n", false),
        ("DATA\r\nSubject: x\n\ny\r\n.\r\n", true),
        ("DATA\r\nSubject: x\r\n\r\ny\rz\r\n.\r\n", true),
        ("BDAT 8 LAST\r\nX: y\r\n\r\n", false),
        ("BDAT 8\r\nX: y\r\n\n\nBDAT 0 LAST\r\n", true),
        ("BDAT 5\r\nX: y\rBDAT 3 LAST\r\n\n\r\n", false),
    ] {
        for setting in [BareLineEnds::Tolerate, BareLineEnds::Normalize] {
            let server = Server::builder()
                .on_message(|mut message, session| async move {
                    message.bytes().await?;
                    Err::<Message, _>(Refusal::new(550, (5, 7, 1), words(&session)))
                })
                .bare_line_ends(setting)
                .store(Discard)
                .build()
                .expect("a server");
            let mut client = testing::connect(&server).open();
            client.ready().await;
            for message in [transfer, "DATA\r\nX: y\r\n.\r\n"] {
                client.command("MAIL FROM:<a@one.example>").await.expect(250);
                client.command("RCPT TO:<b@x.example>").await.expect(250);
                client.send_bytes(message.as_bytes()).await;
                let reply = loop {
                    let reply = client.read_reply().await;
                    if !matches!(reply.code(), 250 | 354) {
                        break reply;
                    }
                };
                let found = if is_bare && message == transfer { "line-ends=bare" } else { "" };
                assert_eq!(text(&reply), format!("550 5.7.1 {found}"), "{message:?}");
            }
        }
    }
}
