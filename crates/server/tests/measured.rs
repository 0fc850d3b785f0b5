//! The time and the refusals of hooks that are measured, and the findings that are counted.

use std::time::Duration;

use mailchute::listen::Arrival;
use mailchute::{Answer, BuildError, Builder, MeasuredStats, Receipt, Refusal, Server, Verdict};
use tokio::time::{advance, sleep};

use crate::support::talk::{Talk, pipe};
use crate::support::{MESSAGE, accepting, build, hello, in_data};

/// Returns the seconds and the refusals of each name.
fn measured(server: &Server) -> Vec<(String, u64, u64)> {
    let row = |of: &MeasuredStats| (of.name.to_string(), of.time.as_secs(), of.refused);
    server.breakdown().measured.iter().map(row).collect()
}

/// Waits this long at each RCPT, and refuses eve.
fn slow_at_rcpt(builder: Builder, seconds: u64) -> Builder {
    builder.on_rcpt_to(move |to, _session| async move {
        sleep(Duration::from_secs(seconds)).await;
        Verdict::accept_if(to.as_str() != "eve@example.com")
    })
}

#[tokio::test(start_paused = true)]
async fn measures_hooks_by_the_name_around_them() {
    let server = accepting()
        .measured("slow", |b| slow_at_rcpt(b, 2))
        .measured("outer", |b| slow_at_rcpt(b.measured("inner", |b| slow_at_rcpt(b, 5)), 1));
    let server = build(slow_at_rcpt(server, 10));
    let none = [("inner", 0, 0), ("outer", 0, 0), ("slow", 0, 0)];
    assert_eq!(measured(&server), none.map(|(name, time, refused)| (name.to_owned(), time, refused)));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("RCPT TO:<eve@example.com>").await.expect(550);
    let both = [("inner", 5, 0), ("outer", 1, 0), ("slow", 4, 1)];
    assert_eq!(measured(&server), both.map(|(name, time, refused)| (name.to_owned(), time, refused)));
}

#[tokio::test(start_paused = true)]
async fn a_filter_is_not_charged_for_the_time_of_the_client() {
    let server = build(accepting().measured("scanner", |b| {
        b.on_message(|mut message, _session| async move {
            let content = message.bytes().await?;
            sleep(Duration::from_secs(3)).await;
            if content.windows(4).any(|word| word == b"spam") {
                return Err(Refusal::new(550, (5, 7, 1), "No spam"));
            }
            Ok(message)
        })
    }));
    let mut client = in_data(&server).await;
    for _ in 0..2 {
        client.send_bytes(b"Subject: slow\r\n").await;
        advance(Duration::from_secs(20)).await;
    }
    client.command("\r\nhello\r\n.").await.expect(250);
    assert_eq!(measured(&server), [("scanner".to_owned(), 3, 0)]);
    let mut client = in_data(&server).await;
    advance(Duration::from_secs(20)).await;
    client.command("Subject: spam\r\n\r\n.").await.expect(550);
    assert_eq!(measured(&server), [("scanner".to_owned(), 6, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_later_filter_is_charged_from_its_own_begin() {
    let reads = |seconds| {
        move |b: Builder| {
            b.on_message(move |mut message, _session| async move {
                message.bytes().await?;
                sleep(Duration::from_secs(seconds)).await;
                Ok(message)
            })
        }
    };
    let server = build(accepting().measured("one", reads(3)).measured("two", reads(4)));
    let mut client = in_data(&server).await;
    client.command(MESSAGE).await.expect(250);
    assert_eq!(measured(&server), [("one".to_owned(), 3, 0), ("two".to_owned(), 4, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_refuses_every_recipient_by_name_has_refused() {
    let server = build(accepting().measured("quota", |b| {
        b.on_message(|mut message, _session| async move {
            message.bytes().await?;
            message.refuse(0, Refusal::new(452, (4, 2, 2), "Mailbox full"));
            Ok(message)
        })
    }));
    let (ours, theirs) = tokio::io::duplex(65_536);
    let (serving, arrival) = (server.clone(), Arrival::new(([192, 0, 2, 7], 40_000).into()).lmtp());
    tokio::spawn(async move { serving.serve_connection(theirs, arrival).await });
    let mut client = Talk::new(ours);
    client.read_reply().await;
    client.ask("LHLO client.example", "250").await;
    for (recipients, refused) in [(2, 0), (1, 1)] {
        client.ask("MAIL FROM:<>", "250").await;
        for _ in 0..recipients {
            client.ask("RCPT TO:<bob@example.com>", "250").await;
        }
        client.ask("DATA", "354").await;
        client.ask(MESSAGE, "452").await;
        if recipients == 2 {
            assert!(client.read_reply().await.starts_with("250 "));
        }
        assert_eq!(measured(&server), [("quota".to_owned(), 0, refused)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_interrupted_is_charged_until_then() {
    let server = build(
        accepting()
            .hook_timeout(Duration::from_secs(30))
            .measured("hangs", |b| b.on_mail_from(|_from, _session| std::future::pending::<Answer>())),
    );
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(451);
    assert_eq!(measured(&server), [("hangs".to_owned(), 30, 0)], "it has not refused");
    drop(client);
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.write("MAIL FROM:<>\r\n").await;
    sleep(Duration::from_secs(5)).await;
    drop(client);
    session.await.expect("no panic");
    assert_eq!(measured(&server), [("hangs".to_owned(), 35, 0)]);
}

#[tokio::test(start_paused = true)]
async fn hooks_at_the_end_of_a_session_hold_nobody_up() {
    let server = build(
        accepting().measured("writes", |b| b.on_disconnect(|_cause, _session| sleep(Duration::from_secs(7)))),
    );
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("QUIT", "221").await;
    session.await.expect("no panic");
    assert_eq!(measured(&server), [("writes".to_owned(), 0, 0)]);
}

#[tokio::test(start_paused = true)]
async fn goes_on_measuring_after_a_reconfiguration() {
    let options = |seconds| accepting().measured("slow", move |b| slow_at_rcpt(b, seconds));
    let server = build(options(2));
    let mut old = hello(&server).await;
    server.reconfigure(options(3).measured("new", |b| b)).expect("the options are right");
    let mut new = hello(&server).await;
    for client in [&mut old, &mut new] {
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<eve@example.com>").await.expect(550);
    }
    assert_eq!(measured(&server), [("slow".to_owned(), 5, 2)]);
    server.reconfigure(accepting()).expect("the options are right");
    assert_eq!(measured(&server), [("slow".to_owned(), 5, 2)], "counters never go back");
}

#[tokio::test(start_paused = true)]
async fn the_store_is_charged_from_the_end_of_the_message_on() {
    let options = || {
        Server::builder()
            .store_timeout(Duration::from_secs(60))
            .on_message(|mut message, _session| async move {
                message.bytes().await?;
                sleep(Duration::from_secs(5)).await;
                Ok(message)
            })
            .on_store(|mut message, _session| async move {
                let content = message.bytes().await?;
                let seconds = if content.starts_with(b"Subject: slow") { 100 } else { 3 };
                sleep(Duration::from_secs(seconds)).await;
                assert!(!content.starts_with(b"Subject: panic"), "on purpose");
                if content.starts_with(b"Subject: full") {
                    return Err(Refusal::new(452, (4, 3, 1), "Full"));
                }
                Ok(Receipt::new("Kept"))
            })
    };
    let server = build(options());
    let stored = || (server.breakdown().store_time.as_secs(), server.breakdown().store_refused);
    for (subject, code, expected) in [("fine", 250, (3, 0)), ("full", 452, (6, 1)), ("panic", 451, (9, 2))] {
        let mut client = in_data(&server).await;
        client.send_bytes(format!("Subject: {subject}\r\n").as_bytes()).await;
        advance(Duration::from_secs(20)).await;
        client.command("\r\nhello\r\n.").await.expect(code);
        assert_eq!(stored(), expected, "{subject}");
    }
    server.reconfigure(options()).expect("the options are right");
    in_data(&server).await.command("Subject: slow\r\n\r\n.").await.expect(451);
    assert_eq!(stored(), (9 + 55, 2), "what is too late has not refused");
    assert_eq!(measured(&server), []);
}

#[test]
fn options_of_the_server_do_not_belong_within() {
    for (option, builder) in [
        ("hostname", accepting().measured("x", |b| b.hostname("mx.example.com"))),
        ("limits", accepting().measured("x", |b| b.max_recipients(1))),
    ] {
        let error = builder.build().expect_err("it is refused");
        let is_it = matches!(&error, BuildError::Invalid { option: named, .. } if *named == option);
        assert!(is_it, "{option}: {error}");
        assert!(error.to_string().contains(".measured("), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn findings_are_counted_by_their_words() {
    let options = || {
        accepting().on_mail_from(|sender, session| async move {
            session.add_finding("spf", sender.domain().map_or("none", |_| "pass"));
            session.add_client_finding("dnsbl", "mark");
            Ok::<_, Refusal>(Verdict::Accept)
        })
    };
    let server = build(options());
    assert!(server.breakdown().findings.is_empty());
    let mut client = hello(&server).await;
    for from in ["<a@one.example>", "<>", "<b@two.example>"] {
        client.command(&format!("MAIL FROM:{from}")).await.expect(250);
        client.command("RSET").await.expect(250);
    }
    server.reconfigure(options()).expect("the options are right");
    client.command("MAIL FROM:<>").await.expect(250);
    let findings = server.breakdown().findings;
    let findings: Vec<_> =
        findings.iter().map(|of| (of.finding.as_ref().expect("a finding").to_string(), of.count)).collect();
    let expected = [("dnsbl=mark", 4), ("spf=none", 2), ("spf=pass", 2)];
    assert_eq!(findings, expected.map(|(finding, count)| (finding.to_owned(), count)));
}
