//! UTF-8 in replies, where RFC 6531 §3.7.4 allows it and nowhere else.

use crate::support::{StoreBy as _, build, builder, hello};
use mailchute::command::{Command, Extension, Verb};
use mailchute::{Answer, Builder, Hooks, Refusal, Reply, Session, Verdict};

/// Answers VRFY and EXPN with an address in UTF-8.
struct Directory;

impl Hooks for Directory {
    async fn command(&self, command: &Command, _session: &Session) -> Answer {
        let text = format!("Bücher <{}> {}\u{85}\u{202e}", command.argument, command.smtputf8);
        match command.verb {
            Verb::Vrfy => Ok(Verdict::AcceptWith(Reply::new(251, (2, 1, 5), text))),
            Verb::Expn => Err(Refusal::new(551, (5, 1, 6), text)),
            _ => Ok(Verdict::Accept),
        }
    }
}

/// Says at RCPT where a user has gone, in UTF-8.
fn moved() -> Builder {
    builder()
        .hooks(Directory)
        .on_rcpt_to(|to, _session| async move {
            match to.as_str() {
                "251@example.com" => {
                    Ok(Verdict::AcceptWith(Reply::new(251, (2, 1, 5), "Will go to <zoë@b.example>")))
                }
                "551@example.com" => Err(Refusal::new(551, (5, 1, 6), "Try <zoë@b.example>\r\n250 OK")),
                "550@example.com" => Err(Refusal::new(550, (5, 1, 1), "Nicht verfügbar")),
                _ => Ok(Verdict::Accept),
            }
        })
        .store_by(|mut message, _session| async move {
            message.bytes().await?;
            Ok::<_, Refusal>(Verdict::AcceptWith(Reply::new(250, (2, 6, 0), "Für später")))
        })
}

#[tokio::test]
async fn utf8_goes_into_251_and_551_after_mail_with_smtputf8() {
    let server = build(moved());
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<a@b.example> SMTPUTF8").await.expect(250);
    for (recipient, expected) in [
        ("251", &["251 2.1.5 Will go to <zoë@b.example>"][..]),
        ("551", &["551-5.1.6 Try <zoë@b.example>", "551 5.1.6 250 OK"]),
        ("550", &["550 5.1.1 Nicht verf?gbar"]),
    ] {
        let heard = client.command(&format!("RCPT TO:<{recipient}@example.com>")).await;
        assert_eq!(heard.lines(), expected);
    }
    client.command("DATA").await.expect(354);
    assert_eq!(client.command("\r\n.").await.lines(), ["250 2.6.0 F?r sp?ter"]);
}

#[tokio::test]
async fn without_smtputf8_251_and_551_lose_address_and_code() {
    let server = build(moved());
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<a@b.example> SMTPUTF8").await.expect(250);
    client.command("RSET").await.expect(250);
    client.command("MAIL FROM:<a@b.example>").await.expect(250);
    let heard = client.command("RCPT TO:<251@example.com>").await;
    assert_eq!(heard.lines(), ["250 2.1.5 Will go to <zo?@b.example>"]);
    let heard = client.command("RCPT TO:<551@example.com>").await;
    assert_eq!(heard.lines(), ["550-5.1.6 Try <zo?@b.example>", "550 5.1.6 250 OK"]);
    let heard = client.command("RCPT TO:<550@example.com>").await;
    assert_eq!(heard.lines(), ["550 5.1.1 Nicht verf?gbar"]);
}

#[tokio::test]
async fn vrfy_and_expn_take_utf8_by_their_parameter() {
    let server = build(moved());
    let mut client = hello(&server).await;
    for (line, expected) in [
        ("VRFY zoë SMTPUTF8", "251 2.1.5 Bücher <zoë> true??"),
        ("VRFY zoë  smtputf8", "251 2.1.5 Bücher <zoë> true??"),
        ("VRFY zoë", "250 2.1.5 B?cher <zo?> false??"),
        ("VRFY SMTPUTF8", "250 2.1.5 B?cher <SMTPUTF8> false??"),
        ("EXPN zoë SMTPUTF8", "551 5.1.6 Bücher <zoë> true??"),
        ("EXPN zoë", "550 5.1.6 B?cher <zo?> false??"),
    ] {
        assert_eq!(client.command(line).await.lines(), [expected], "{line}");
    }
    client.command("HELO client.example").await.expect(250);
    let heard = client.command("VRFY zoe SMTPUTF8").await;
    assert_eq!(heard.lines(), ["250 2.1.5 B?cher <zoe SMTPUTF8> false??"]);
}

#[tokio::test]
async fn vrfy_has_no_parameter_where_smtputf8_is_disabled() {
    let server = build(moved().on_ehlo(|_, session| async move { session.disable(Extension::SmtpUtf8) }));
    let mut client = hello(&server).await;
    let heard = client.command("VRFY zoe SMTPUTF8").await;
    assert_eq!(heard.lines(), ["250 2.1.5 B?cher <zoe SMTPUTF8> false??"]);
}

#[tokio::test]
async fn lines_of_utf8_break_between_characters_within_512_bytes() {
    let server = build(moved().on_rcpt_to(|_, _| async {
        Verdict::AcceptWith(Reply::new(251, (2, 1, 5), format!("x{}", "é".repeat(300))))
    }));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<a@b.example> SMTPUTF8").await.expect(250);
    let heard = client.command("RCPT TO:<c@example.com>").await;
    let first = format!("251-2.1.5 x{}", "é".repeat(247));
    assert_eq!(heard.lines(), [first, format!("251 2.1.5 {}", "é".repeat(53))]);
}
