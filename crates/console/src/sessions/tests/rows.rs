use mailchute::syntax::BareLineEnds;
use mailchute::{Check, Refusal, Server, testing};
use tokio::time::{Duration, advance};

use super::super::Sessions;
use super::{ended, newest, rows, server};

#[tokio::test(start_paused = true)]
async fn an_accepted_message_has_a_row_a_line() {
    let server = server();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).from(([192, 0, 2, 7], 40_000).into()).listener("mx").open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    advance(Duration::from_millis(1_500)).await;
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data("Subject: hello\r\n\r\nHello\r\n").await.expect(250);
    client.command("QUIT").await.expect(221);
    assert_eq!(client.try_read_reply().await.map(|reply| reply.code()), None);
    let transcript = ended(&sessions).await;
    assert_eq!(
        rows(&transcript),
        [
            "S 220 mx.example.com ESMTP Mailchute [36]",
            "C EHLO client.example [21]",
            "S 250 HELP [10]",
            "C MAIL FROM:<alice@client.example> [34]",
            "S 250 2.1.0 Sender OK [21]",
            "C RCPT TO:<bob@example.com> [27]",
            "S 250 2.1.5 Recipient OK [24]",
            "C DATA [6]",
            "S 354 End data with <CR><LF>.<CR><LF> [37]",
            "C (content) (the content of a message) [25]",
            "* message ID-1 is accepted and stored",
            "S 250 2.6.0 Message accepted [28]",
            "C QUIT [6]",
            "S 221 2.0.0 Closing connection [30]",
            "* the session is over: quit",
        ]
    );
    let waited: Vec<_> = transcript.rows.iter().filter(|row| row.since_last.as_millis() == 1_500).collect();
    assert_eq!(waited.len(), 1);
    assert_eq!(waited[0].text, "RCPT TO:<bob@example.com>");
    let summary = &transcript.summary;
    assert_eq!((&*summary.client, summary.listener.as_deref()), ("192.0.2.7", Some("mx")));
    assert_eq!(summary.helo.as_deref(), Some("client.example"));
    assert_eq!(summary.sender.as_deref(), Some("alice@client.example"));
    assert_eq!(summary.recipients, ["bob@example.com"]);
    assert_eq!((summary.messages, summary.refusals, summary.is_open), (1, 0, false));
    assert_eq!(summary.end.as_deref(), Some("quit"));
    assert_eq!(summary.duration.as_millis(), 1_500);
}

#[tokio::test]
async fn messages_with_bare_line_ends_are_named() {
    let server = Server::builder()
        .bare_line_ends(BareLineEnds::Tolerate)
        .on_message(|message, _| async move {
            let sender = message.envelope().sender.as_str().to_owned();
            if sender.starts_with("refused") { Err(Refusal::new(550, (5, 7, 1), "No")) } else { Ok(message) }
        })
        .store(testing::Inbox::new())
        .build()
        .unwrap();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    for (sender, content, code) in [
        ("a", "Subject: one\r\n\r\nx\r\n", 250),
        ("a", "Subject: two\n\nx\r\n", 250),
        ("refused", "Subject: three\n\nx\r\n", 550),
        ("a", "Subject: four\r\n\r\nx\r\n", 250),
        ("a", "Subject: five\n\nx\r\n", 250),
    ] {
        client.command(&format!("MAIL FROM:<{sender}@client.example>")).await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.data(content).await.expect(code);
    }
    let transcript = newest(&sessions);
    let id = transcript.summary.id;
    assert_eq!(transcript.with_bare_line_ends, [format!("{id}-2"), format!("{id}-5")]);
}

#[tokio::test]
async fn credentials_are_in_no_row() {
    let server = Server::builder()
        .hostname("mx.example.com")
        .allow_plaintext_auth()
        .on_auth(|given, _| async move { Check::right_if(given.is("alice", "wonderland")) })
        .store(testing::Inbox::new())
        .build()
        .unwrap();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("AUTH LOGIN").await.expect(334);
    client.command("YWxpY2U=").await.expect(334);
    client.command("d29uZGVybGFuZA==").await.expect(235);
    let transcript = newest(&sessions);
    assert_eq!(
        rows(&transcript)[3..],
        [
            "C AUTH LOGIN",
            "S 334",
            "C (response; left out, as it may hold credentials)",
            "S 334",
            "C (response; left out, as it may hold credentials)",
            "* the login as alice by LOGIN succeeded",
            "S 235 2.7.0 Authentication successful [37]",
        ]
    );
    assert_eq!(transcript.summary.user.as_deref(), Some("alice"));
    let everything = format!("{transcript:?}");
    for secret in ["YWxpY2U", "d29uZGVybGFuZA", "wonderland", "VXNlcm5hbWU", "UGFzc3dvcmQ"] {
        assert!(!everything.contains(secret), "{everything}");
    }
}

#[tokio::test]
async fn bdat_and_pipelining_show_the_content_once() {
    let server = server();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    let all = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.com>\r\nBDAT 6\r\nA: b\r\nBDAT 7 LAST\r\n\r\nHello";
    client.send_bytes(all).await;
    for _ in 0..4 {
        client.read_reply().await.expect(250);
    }
    drop(client);
    assert_eq!(
        rows(&newest(&sessions))[3..],
        [
            "C MAIL FROM:<a@client.example> [30]",
            "S 250 2.1.0 Sender OK [21]",
            "C RCPT TO:<bob@example.com> [27]",
            "S 250 2.1.5 Recipient OK [24]",
            "C BDAT 6 [8]",
            "S 250 2.0.0 6 octets received [29]",
            "C BDAT 7 LAST [13]",
            "C (content) (the content of a message) [13]",
            "* message ID-1 is accepted and stored",
            "S 250 2.6.0 Message accepted [28]",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn clients_that_hang_up_or_fall_silent_have_an_end() {
    let server = server();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<a@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.send_bytes(b"Subject: cut").await;
    client.close().await;
    assert_eq!(client.try_read_reply().await.map(|reply| reply.code()), None);
    let cut = rows(&ended(&sessions).await);
    assert_eq!(
        cut[cut.len() - 2..],
        ["C (content) (the content of a message, which did not end)", "* the session is over: client gone"]
    );

    let mut silent = testing::connect(&server).open();
    silent.ready().await.expect(250);
    silent.read_reply().await.expect(421);
    assert_eq!(silent.try_read_reply().await.map(|reply| reply.code()), None);
    let silent = ended(&sessions).await;
    assert_eq!(rows(&silent).last().map(String::as_str), Some("* the session is over: timeout"));
    assert_eq!(silent.summary.end.as_deref(), Some("timeout"));
}

#[tokio::test]
async fn tls_facts_and_the_new_client_of_a_proxy_are_known() {
    let server = server();
    let sessions = Sessions::of(&server);
    let mut client = testing::connect(&server).tls(testing::tls().sni("mx.example.com")).open();
    client.ready().await.expect(250);
    let transcript = newest(&sessions);
    assert!(transcript.is_tls_first);
    let tls = transcript.tls.as_ref().expect("TLS is up");
    assert_eq!(tls.sni.as_deref(), Some("mx.example.com"));
    assert_eq!(transcript.summary.tls.as_deref(), Some("TLSv1.3"));
    let first = rows(&transcript);
    assert!(first[0].starts_with("* TLS is up: TLSv1.3 TLS_AES_"), "{first:#?}");
}
