//! Hooks edit EHLO: a withdrawn extension is disabled, a changed one is active, an added one is announced.

use crate::support::{StoreBy as _, accepting, build, envelope, hello};
use mailchute::Reply;
use mailchute::command::{EhloError, Extension, Verb};
use mailchute::testing::Client;

async fn ehlo(client: &mut Client, name: &str) -> String {
    client.command(&format!("EHLO {name}")).await.expect(250).to_string()
}

#[tokio::test]
async fn a_closure_takes_away_changes_and_adds_for_its_session_only() {
    let server = build(accepting().on_ehlo(|ehlo, session| async move {
        if ehlo.name.as_str() != "old.example" {
            return Ok(());
        }
        session.disable(Extension::Chunking);
        session.set_max_message_size(20);
        session.announce("XKEY rsa")?;
        session.accept_mail_parameter("XKEY")?;
        Ok(())
    }));
    let mut other = hello(&server).await;
    let before = ehlo(&mut other, "client.example").await;
    let mut client = hello(&server).await;
    let edited = ehlo(&mut client, "old.example").await;
    let expected = before
        .replace("250-CHUNKING\n250-BINARYMIME\n", "")
        .replace("SIZE 26214400", "SIZE 20")
        .replace("250 HELP", "250-XKEY rsa\n250 HELP");
    assert_eq!(edited, expected);
    client.command("MAIL FROM:<a@b.example> SIZE=21").await.expect(552);
    client.command("MAIL FROM:<a@b.example> XKEY=1").await.expect(250);
    client.command("RCPT TO:<b@example.com>").await.expect(250);
    client.command("BDAT 6 LAST\r\nNOOP").await.expect(502);
    client.command("DATA").await.expect(354);
    client.command("123456789012345678901\r\n.").await.expect(552);
    assert_eq!(ehlo(&mut other, "client.example").await, before);
    other.command("MAIL FROM:<a@b.example> XKEY=1").await.expect(555);
}

#[tokio::test]
async fn what_the_connect_hook_takes_away_was_never_there() {
    let server = build(accepting().on_connect(|session| async move {
        session.disable(Extension::Dsn);
        session.disable(Extension::EightBitMime);
    }));
    let mut client = hello(&server).await;
    let keywords = ehlo(&mut client, "client.example").await;
    assert!(!keywords.contains("DSN") && !keywords.contains("8BITMIME"), "{keywords}");
    client.command("MAIL FROM:<a@b.example> BODY=8BITMIME").await.expect(555);
    client.command("MAIL FROM:<a@b.example> RET=FULL").await.expect(555);
}

#[tokio::test]
async fn edits_last_until_they_are_taken_back() {
    let server = build(accepting().on_ehlo(|ehlo, session| async move {
        match ehlo.name.as_str() {
            "a.example" => {
                session.disable(Extension::Dsn);
                session.announce("XA")?;
            }
            "b.example" => {
                session.enable(Extension::Dsn);
                session.retract("xa");
            }
            _ => {}
        }
        Ok(())
    }));
    let mut client = hello(&server).await;
    let before = ehlo(&mut client, "client.example").await;
    let edited = ehlo(&mut client, "a.example").await;
    assert!(!edited.contains("DSN") && edited.contains("250-XA\n"), "{edited}");
    assert_eq!(ehlo(&mut client, "client.example").await, edited);
    assert_eq!(ehlo(&mut client, "b.example").await, before);
}

#[tokio::test]
async fn an_announced_line_cannot_inject_more_than_a_keyword() {
    let server = build(accepting().on_ehlo(|_ehlo, session| async move {
        let long = format!("X{}", "Y".repeat(500));
        for line in ["", " ", "X\r\n250 QUIT", "X\nY", "X  Y", "X ", "X é", "X\t1", "-X", "X_1", "X\0", &long]
        {
            assert_eq!(session.announce(line), Err(EhloError::BadKeyword(line.to_owned())));
        }
        for line in ["size 5", "CHUNKING", "Auth PLAIN", "HELP"] {
            assert!(matches!(session.announce(line), Err(EhloError::Known(_))), "{line}");
        }
        assert!(session.announce("X-1 = a;b/c").is_ok());
    }));
    let mut client = hello(&server).await;
    assert!(ehlo(&mut client, "client.example").await.ends_with("\n250-X-1 = a;b/c\n250 HELP"));
}

#[tokio::test]
async fn a_whole_message_may_be_as_large_as_its_session_allows() {
    let server = build(
        crate::support::builder()
            .max_message_size(10)
            .on_connect(|session| async move { session.set_max_message_size(1_000) })
            .store_by(|mut message, _session| async move {
                assert_eq!(message.bytes().await?.len(), 502);
                Ok::<(), mailchute::Refusal>(())
            }),
    );
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.command("DATA").await.expect(354);
    client.command(&format!("{}\r\n.", "x".repeat(500))).await.expect(250);
}

#[tokio::test]
async fn unknown_commands_reach_a_hook_that_may_answer_in_many_lines() {
    struct Answers;
    impl mailchute::Hooks for Answers {
        async fn command(
            &self,
            command: &mailchute::command::Command,
            _session: &mailchute::Session,
        ) -> mailchute::Answer {
            let text = format!("{}: {}\nand more", command.word, command.argument);
            let reply = match command.verb {
                Verb::Help => Reply::new(214, (2, 0, 0), text),
                Verb::Quit => Reply::new(221, (2, 0, 0), text),
                _ => Reply::new(250, (2, 0, 0), text),
            };
            Ok(mailchute::Verdict::AcceptWith(reply))
        }
    }
    let mut client = hello(&build(accepting().hooks(Answers))).await;
    for (line, code, word) in [
        ("VRFY bob", 250, "VRFY: bob"),
        ("expn staff", 250, "EXPN: staff"),
        ("HELP mail", 214, "HELP: mail"),
        ("NOOP", 250, "NOOP: "),
        ("RSET", 250, "RSET: "),
        ("frobnicate this", 250, "FROBNICATE: this"),
        ("QUIT", 221, "QUIT: "),
    ] {
        let heard = client.command(line).await.expect(code);
        assert_eq!(heard.lines(), [format!("{code}-2.0.0 {word}"), format!("{code} 2.0.0 and more")]);
    }
    assert!(client.try_read_reply().await.is_none(), "QUIT closes whatever the hook says");
}
