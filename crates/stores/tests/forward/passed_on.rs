//! Envelope, parameters, facts and edits on their way to the next hop.

use std::net::SocketAddr;

use mailchute::testing;
use mailchute_stores::Forward;

use super::scripted::{Front, Scripted, lmtp, nobody, smtp};

#[tokio::test]
async fn edits_of_recipients_make_the_transaction_again() {
    let hop = Scripted::lmtp().await;
    let front = Front::with(lmtp(&hop), |builder| {
        builder.on_message(|mut message, _session| async move {
            message.drop_recipients(|recipient| recipient.as_str() == "spy@example.com");
            message.redirect(1, ["team@example.com".parse()?]);
            message.add_recipient("archive@example.com".parse()?);
            message.add_above_trace("X-Seen", "yes")?;
            message.remove_fields(|name, _| name == "Subject");
            Ok(message)
        })
    });
    assert_eq!(front.send(&["bob", "spy", "eve"]).await, "250 2.0.0 Saved");
    let (recipients, content) = hop.script().messages.remove(0);
    assert_eq!(recipients, ["bob@example.com", "team@example.com", "archive@example.com"]);
    assert!(content.starts_with("X-Seen: yes\r\nReceived: ") && !content.contains("Subject"), "{content}");
    assert_eq!(
        hop.take_lines()[5..],
        [
            "RSET",
            "MAIL FROM:<alice@client.example>",
            "RCPT TO:<bob@example.com>",
            "RCPT TO:<team@example.com>",
            "RCPT TO:<archive@example.com>",
            "DATA"
        ]
    );
}

#[tokio::test]
async fn a_next_hop_learns_that_mail_was_put_aside() {
    for (directory, expected) in [
        (Some("Junk"), "X-Quarantine: Junk\r\nX-Spam-Flag: YES\r\nSubject: "),
        (Some("Held/Viruses"), "X-Quarantine: Held/Viruses\r\nSubject: "),
        (None, "Subject: "),
    ] {
        let hop = Scripted::lmtp().await;
        let front = Front::with(lmtp(&hop), |builder| {
            builder.on_message(move |mut message, _session| async move {
                if let Some(directory) = directory {
                    message.file_into(directory)?;
                }
                Ok(message)
            })
        });
        assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
        let (_, content) = hop.script().messages.remove(0);
        let (_, below) = content.split_once(" +0000\r\n").unwrap();
        assert!(content.starts_with("Received: ") && below.starts_with(expected), "{content}");
    }
}

#[tokio::test]
async fn parameters_are_passed_on_as_far_as_they_are_offered() {
    let hop = Scripted::smtp().await;
    hop.script().extensions = vec!["SIZE 100000", "8BITMIME", "DSN", "SMTPUTF8"];
    let front = Front::of(smtp(&hop));
    let mut client = front.client().await;
    let mail = "MAIL FROM:<alice@client.example> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x";
    client.command(mail).await.expect(250);
    client.command("RCPT TO:<bücher@example.com> NOTIFY=NEVER").await.expect(250);
    assert_eq!(hop.take_lines()[1..], [mail, "RCPT TO:<bücher@example.com> NOTIFY=NEVER"]);
    client.command("RSET").await.expect(250);
    client.command("MAIL FROM:<> SIZE=200000").await.expect(250);
    let refusal = client.command("RCPT TO:<bob@example.com>").await;
    assert_eq!(refusal.to_string(), "552 5.3.4 Message too big for the next server");
}

#[tokio::test]
async fn a_next_hop_without_smtputf8_gets_no_utf8() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop));
    let mut client = front.client().await;
    for (subject, reply) in
        [("x", "250 2.0.0 Saved"), ("ü", "550 5.6.7 The next server does not take a header in UTF-8")]
    {
        client.command("MAIL FROM:<alice@client.example> SMTPUTF8").await.expect(250);
        client.command("RCPT TO:<bücher@example.com>").await.expect(550);
        client.command("RCPT TO:<bob@bücher.example>").await.expect(250);
        assert_eq!(client.data(&format!("Subject: {subject}\r\n\r\nü\r\n")).await.to_string(), reply);
    }
    assert_eq!(hop.script().messages[0].0, ["bob@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn binary_content_goes_out_by_bdat() {
    let hop = Scripted::smtp().await;
    hop.script().extensions = vec!["CHUNKING", "BINARYMIME"];
    let front = Front::of(smtp(&hop));
    let mut client = front.client().await;
    client.command("MAIL FROM:<> BODY=BINARYMIME").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.send_bytes(b"BDAT 18 LAST\r\nSubject: x\n\n.\r\n\r.\n").await;
    client.read_reply().await.expect(250);
    let (_, content) = hop.script().messages.remove(0);
    assert!(content.ends_with(" +0000\r\nSubject: x\n\n.\r\n\r.\n"), "{content:?}");
}

#[tokio::test]
async fn a_next_hop_that_trusts_us_learns_the_client() {
    for (offer, expected) in [
        (
            "XFORWARD NAME ADDR HELO SOURCE",
            &["XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 HELO=client.example SOURCE=REMOTE", "MAIL FROM:<>"]
                [..],
        ),
        (
            "XCLIENT ADDR HELO",
            &["XCLIENT ADDR=192.0.2.7 HELO=client.example", "EHLO mx.example.com", "MAIL FROM:<>"],
        ),
    ] {
        let hop = Scripted::smtp().await;
        hop.script().extensions = vec![offer];
        let front = Front::of(smtp(&hop));
        let mut client =
            testing::connect(&front.server).from(SocketAddr::from(([192, 0, 2, 7], 4_242))).open();
        client.ready().await.expect(250);
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        assert_eq!(hop.take_lines()[1..=expected.len()], *expected);
    }
}

#[tokio::test]
async fn a_password_goes_over_verified_tls_only() {
    let secret = "env:PATH".parse::<mailchute_stores::SecretSource>().unwrap();
    let error = Forward::smtp([nobody().await]).login("us", secret).open().unwrap_err();
    assert_eq!(error.to_string(), "AUTH needs verified TLS; write tls=require or smtps:");
}
