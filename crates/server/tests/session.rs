//! The facts that hooks know of a session, and the values that they keep in it.

use crate::support::{MESSAGE, Seen, accepting, build, deliver, hello, read_on};
use mailchute::session::SessionId;
use mailchute::{Builder, Refusal, Verdict, testing};

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Count(u32);

/// Counts senders for the connection and recipients for the transaction, and records both at each RCPT.
fn counting(seen: &Seen<String>) -> Builder {
    let seen = seen.clone();
    accepting()
        .on_mail_from(|_, session| async move {
            session.state().update(|count: &mut Count| count.0 += 1);
        })
        .on_rcpt_to(move |_, session| {
            let of_transaction = session.transaction_state().update(|count: &mut Count| {
                count.0 += 1;
                count.0
            });
            let of_connection = session.state().get::<Count>().unwrap_or_default().0;
            seen.push(format!("{of_connection} {of_transaction}"));
            async {}
        })
}

#[tokio::test(start_paused = true)]
async fn connection_state_lasts_and_transaction_state_ends() {
    for end in ["RSET", "EHLO client.example", "HELO client.example", "message"] {
        let seen = Seen::<String>::default();
        let server = build(counting(&seen));
        let mut client = hello(&server).await;
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.command("NOOP").await.expect(250);
        client.command("VRFY bob").await.expect(252);
        client.command("RCPT TO:<carol@example.com>").await.expect(250);
        if end == "message" {
            client.command("DATA").await.expect(354);
            client.command(MESSAGE).await.expect(250);
        } else {
            client.command(end).await.expect(250);
        }
        deliver(&mut client).await.expect(250);
        assert_eq!(seen.all(), ["1 1", "1 2", "2 1"], "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_failed_message_ends_its_transaction() {
    let answers: [fn(Builder) -> Builder; 2] = [
        |builder| {
            builder.on_message(|message, session| async {
                read_on(message, session).await?;
                Err::<mailchute::Message, _>(mailchute::Refusal::new(554, (5, 7, 1), "No"))
            })
        },
        |builder| builder.max_message_size(10),
    ];
    for extra in answers {
        let seen = Seen::<String>::default();
        let mut client = hello(&build(extra(counting(&seen)))).await;
        for _ in 0..2 {
            assert!(deliver(&mut client).await.code() > 500);
        }
        assert_eq!(seen.all(), ["1 1", "2 1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn no_session_sees_the_state_of_another() {
    let seen = Seen::<String>::default();
    let server = build(counting(&seen));
    let (mut one, mut two) = (hello(&server).await, hello(&server).await);
    one.command("MAIL FROM:<>").await.expect(250);
    two.command("MAIL FROM:<>").await.expect(250);
    one.command("RCPT TO:<bob@example.com>").await.expect(250);
    two.command("RCPT TO:<bob@example.com>").await.expect(250);
    one.command("RCPT TO:<bob@example.com>").await.expect(250);
    assert_eq!(seen.all(), ["1 1", "1 1", "1 2"]);
}

#[tokio::test(start_paused = true)]
async fn the_envelope_holds_accepted_recipients_until_it_ends() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(
        accepting()
            .on_rcpt_to(|to, _| async move { Verdict::accept_if(to.domain_is("example.com")) })
            .on_command("XWHO", move |_, session| {
                note.push(session.envelope().map_or("none".into(), |envelope| {
                    format!("{} to {}", envelope.sender, envelope.recipients.len())
                }));
                async {}
            }),
    );
    let mut client = hello(&server).await;
    for (line, code) in [
        ("XWHO", 250),
        ("MAIL FROM:<alice@client.example>", 250),
        ("XWHO", 250),
        ("RCPT TO:<bob@example.com>", 250),
        ("RCPT TO:<eve@elsewhere.example>", 550),
        ("XWHO", 250),
        ("MAIL FROM:<mallory@client.example>", 503),
        ("XWHO", 250),
        ("RSET", 250),
        ("XWHO", 250),
    ] {
        client.command(line).await.expect(code);
    }
    let alice = |count| format!("alice@client.example to {count}");
    assert_eq!(seen.all(), ["none".into(), alice(0), alice(1), alice(1), "none".into()]);
}

#[tokio::test(start_paused = true)]
async fn session_ids_are_unique_and_a_handle_outlives_its_connection() {
    let seen = Seen::<mailchute::Session>::default();
    let note = seen.clone();
    let server = build(accepting().on_connect(move |session| note.note(session)));
    for _ in 0..3 {
        let mut client = testing::connect(&server).from("[::ffff:192.0.2.7]:25".parse().unwrap()).open();
        client.greeting().await.expect(220);
        client.command("EHLO client.example").await.expect(250);
        deliver(&mut client).await.expect(250);
        client.command("QUIT").await.expect(221);
        assert!(client.try_read_reply().await.is_none());
    }
    let sessions = seen.all();
    let mut names: Vec<SessionId> = sessions.iter().map(mailchute::Session::id).collect();
    names.dedup();
    assert_eq!(names.len(), 3);
    for session in sessions {
        assert_eq!(session.client_ip().to_string(), "192.0.2.7");
        assert!(session.client_addr().is_ipv6());
        assert_eq!(session.messages(), 1);
        assert_eq!(session.helo_name().unwrap().as_str(), "client.example");
        assert!(session.envelope().is_none());
        assert!(session.id().to_string().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_recipient_hook_sees_the_sender_and_recipients_before() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(
        accepting()
            .on_mail_from(|_from, session| async move {
                assert!(session.sender().is_none() && session.envelope().is_none());
            })
            .on_rcpt_to(move |to, session| {
                let sender = session.sender().expect("there is a transaction");
                let before = session.envelope().map_or(0, |envelope| envelope.recipients.len());
                note.push(format!("{} {before}", sender.as_str()));
                async move { Verdict::accept_if(to.domain_is("example.com")) }
            }),
    );
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.org>").await.expect(550);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    assert_eq!(seen.all(), ["alice@client.example 0", "alice@client.example 0", "alice@client.example 1"]);
}

#[tokio::test(start_paused = true)]
async fn recipients_that_are_refused_for_good_are_counted() {
    let seen = Seen::<u32>::default();
    let counts = seen.clone();
    let server = build(
        accepting()
            .on_rcpt_to(move |_, session| {
                counts.push(session.refused_recipients());
                async {}
            })
            .on_rcpt_to(|to, _| async move {
                match to.as_str() {
                    "later@example.com" => Err(Refusal::new(451, (4, 7, 1), "Later")),
                    "moved@example.com" => Err(Refusal::new(551, (5, 1, 6), "Moved")),
                    to => Ok(if to == "no@example.com" { Verdict::Refuse } else { Verdict::Accept }),
                }
            }),
    );
    let mut client = hello(&server).await;
    for to in ["bob", "later", "no", "moved", "bob"] {
        client.command("RSET").await.expect(250);
        client.command("MAIL FROM:<>").await.expect(250);
        client.command(&format!("RCPT TO:<{to}@example.com>")).await;
    }
    assert_eq!(seen.all(), [0, 0, 0, 1, 2]);
}
