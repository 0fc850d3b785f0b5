use mailchute::tls::TlsConfig;
use mailchute::{Message, Receipt, Refusal, Server, Verdict, testing};

use super::super::handshake::FailedHandshake;
use super::super::refusal::Refuser;
use super::super::{Filter, Sessions, list_rows, session_fragment};
use super::{newest, rows};

#[tokio::test]
async fn each_refusal_says_who_refused_what_and_why() {
    let server = Server::builder()
        .hostname("mx.example.com")
        .on_mail_from(|from, _| async move { Verdict::accept_if(!from.domain_is("spam.example")) })
        .on_store(|mut message: Message, _| async move {
            message.bytes().await?;
            Err::<Receipt, Refusal>(std::io::Error::other("the disk is full").into())
        })
        .build()
        .unwrap();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<eve@spam.example>").await.expect(550);
    client.command("RCPT TO:<bob@example.com>").await.expect(503);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data("Subject: hello\r\n\r\nHello\r\n").await.expect(451);
    let transcript = newest(&sessions);
    let [by_hook, by_server, by_store] = &*transcript.refusals else { panic!("{transcript:#?}") };
    assert_eq!(by_hook.command.as_deref(), Some("MAIL FROM:<eve@spam.example>"));
    assert_eq!(by_hook.refuser, Refuser::Hook("on_mail_from".to_owned()));
    assert_eq!(by_hook.reply, "550 5.7.1 Sender address rejected");
    assert!(!by_hook.is_temporary);
    assert_eq!(by_server.command.as_deref(), Some("RCPT TO:<bob@example.com>"));
    assert_eq!(by_server.refuser, Refuser::Server);
    assert_eq!(by_server.advice, "Check the order of the commands: EHLO, then MAIL, then RCPT, then DATA.");
    assert_eq!(by_store.command, None);
    assert_eq!(by_store.message, Some(format!("{}-1", transcript.summary.id)));
    assert_eq!(by_store.refuser, Refuser::Store("on_store".to_owned()));
    assert_eq!(by_store.cause.as_deref(), Some("the disk is full"));
    assert!(by_store.is_temporary);
    let rows = rows(&transcript);
    assert!(rows.contains(&"C (content) (the content of a message) [25]".to_owned()), "{rows:#?}");
    assert_eq!((transcript.summary.messages, transcript.summary.refusals), (0, 3));
}

#[tokio::test]
async fn a_refused_connection_and_a_filter_are_named() {
    let server = Server::builder()
        .on_connect(|session| async move { Verdict::accept_if(session.client_ip().is_loopback()) })
        .on_message(|_, _| async { Err::<Message, _>(Refusal::new(554, (5, 7, 1), "This is spam")) })
        .store(testing::Inbox::new())
        .build()
        .unwrap();
    let sessions = Sessions::of(&server);
    let mut outside = testing::connect(&server).from(([192, 0, 2, 1], 40_000).into()).open();
    outside.greeting().await.expect(554);
    let refused = newest(&sessions);
    assert_eq!(refused.refusals[0].command, None);
    assert_eq!(refused.refusals[0].refuser, Refuser::Hook("on_connect".to_owned()));
    let mut inside = testing::connect(&server).open();
    inside.ready().await.expect(250);
    inside.command("MAIL FROM:<alice@client.example>").await.expect(250);
    inside.command("RCPT TO:<bob@example.com>").await.expect(250);
    inside.data("Subject: hello\r\n\r\nHello\r\n").await.expect(554);
    let refused = newest(&sessions);
    assert_eq!(refused.refusals[0].refuser, Refuser::Filter("on_message".to_owned()));
}

#[tokio::test]
async fn lmtp_has_a_refusal_for_each_recipient() {
    let server = Server::builder()
        .on_store(|mut message: Message, _| async move {
            message.bytes().await?;
            message.refuse(1, Refusal::new(552, (5, 2, 2), "Mailbox full"));
            Ok::<_, Refusal>(Receipt::new("Delivered"))
        })
        .build()
        .unwrap();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).lmtp().open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    client.data("Subject: hello\r\n\r\nHello\r\n").await.expect(250);
    client.read_reply().await.expect(552);
    let transcript = newest(&sessions);
    assert_eq!((transcript.summary.messages, transcript.summary.refusals), (1, 1));
    let rows = rows(&transcript);
    assert_eq!(
        rows[rows.len() - 5..],
        [
            "C (content) (the content of a message) [25]",
            "* message ID-1 is accepted and stored",
            "* refused by the store on_store",
            "S 250 2.6.0 Delivered [21]",
            "S 552 5.2.2 Mailbox full [24]",
        ]
    );
}

#[tokio::test]
async fn finds_sessions_by_what_people_know_of_them() {
    let server = super::server();
    let sessions = Sessions::of(&server);
    let mut ids = Vec::new();
    for (last, to) in [(1, "bob@example.com"), (2, "eve@elsewhere.example"), (3, "Carol@example.com")] {
        let mut client = testing::connect(&server).from(([192, 0, 2, last], 40_000).into()).open();
        client.ready().await.expect(250);
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        if client.command(&format!("RCPT TO:<{to}>")).await.code() == 250 {
            client.data("Subject: hello\r\n\r\nHello\r\n").await.expect(250);
        }
        if last < 3 {
            client.command("QUIT").await.expect(221);
            assert_eq!(client.try_read_reply().await.map(|reply| reply.code()), None);
        } else {
            // It stays open.
            std::mem::forget(client);
        }
        ids.push(newest(&sessions).summary.id);
    }
    let found = |query: &str| -> Vec<usize> {
        let listing = sessions.list(&Filter::parse(query), None, 10);
        let place = |id| ids.iter().position(|known| *known == id).unwrap();
        listing.sessions.iter().map(|session| place(session.id)).collect()
    };
    let message = format!("{}-1", ids[0]);
    for (query, expected) in [
        ("", &[2, 1, 0][..]),
        (&*ids[1].to_string(), &[1]),
        (&*message.to_lowercase(), &[0]),
        (&*format!("{}-2", ids[0]), &[]),
        ("client:192.0.2.3", &[2]),
        ("192.0.2.1", &[0]),
        ("is:refused", &[1]),
        ("is:open", &[2]),
        ("carol@", &[2]),
        ("CAROL alice@client.example", &[2]),
        ("550", &[1]),
        ("nobody", &[]),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
    assert_eq!(sessions.list(&Filter::default().only_refused(), None, 10).sessions.len(), 1);
    let first = sessions.list(&Filter::default(), None, 2);
    assert!(first.has_more);
    let rest = sessions.list(&Filter::default(), Some(first.sessions[1].id), 2);
    assert_eq!((rest.sessions.len(), rest.has_more), (1, false));
}

#[tokio::test]
async fn a_failed_handshake_is_found_and_explained() {
    let key = rcgen::generate_simple_self_signed(["mx.example.com".to_owned()]).unwrap();
    let (certificate, key) = (key.cert.pem(), key.signing_key.serialize_pem());
    let tls = TlsConfig::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let server = Server::builder().tls(tls).store(testing::Inbox::new()).build().unwrap();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("STARTTLS").await.expect(220);
    client.send_bytes(b"this is not a ClientHello\r\n").await;
    client.close().await;
    let listing = loop {
        let listing = sessions.list(&Filter::parse("is:refused"), None, 10);
        if !listing.sessions.is_empty() {
            break listing;
        }
        tokio::task::yield_now().await;
    };
    let [summary] = &listing.sessions[..] else { panic!("one session") };
    assert_eq!((summary.refusals, summary.has_failed_handshake), (0, true));
    let transcript = sessions.get(summary.id).unwrap();
    let failed = transcript.failed_handshake.as_ref().unwrap();
    assert!(failed.advice.starts_with("Check that the client begins TLS"), "{}", failed.advice);
    let page = session_fragment(&transcript).into_string();
    assert!(page.contains("Why did TLS fail?") && page.contains(&failed.cause), "{page}");
    let list = list_rows(&listing.sessions).into_string();
    assert!(list.contains("TLS failed") && !list.contains("nothing sent"), "{list}");
}

#[test]
fn a_client_that_distrusts_the_certificate_says_so_by_alert() {
    for (cause, begin) in [
        ("received fatal alert: UnknownCA", "The client does not trust"),
        ("received fatal alert: CertificateExpired", "The client does not trust"),
        ("received corrupt message of type InvalidContentType", "Check that the client begins TLS"),
    ] {
        assert!(FailedHandshake::new(1, cause).advice.starts_with(begin), "{cause}");
    }
}
