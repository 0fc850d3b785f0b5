//! Values of the application that go with a recipient.

use mailchute::{Answer, Hooks, Message, Recipient, Refusal, Session, Verdict};

use crate::support::{MESSAGE, Seen, StoreBy as _, build, builder, hello};

#[derive(Clone, Copy)]
struct Ticket(u32);

/// Sets the ticket by reference, as a closure does by value.
struct Tickets;

impl Hooks for Tickets {
    async fn rcpt_to(&self, to: &Recipient, _session: &Session) -> Answer {
        if let Some((_, detail)) = to.subaddress('-') {
            to.state().insert(Ticket(detail.parse().unwrap_or_default()));
        }
        Ok(Verdict::Accept)
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_says_of_a_recipient_reaches_the_store() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = builder()
        .hooks(Tickets)
        .on_rcpt_to(|to: Recipient, _session| async move {
            if let Some((_, detail)) = to.subaddress('+') {
                to.state().insert(Ticket(detail.parse().unwrap_or_default()));
            }
        })
        .on_rcpt_to(|to: Recipient, _session| async move {
            if to.as_str().starts_with("refused") {
                return Err(Refusal::new(550, (5, 1, 1), "No"));
            }
            Ok(())
        })
        .on_message(|mut message: Message, _session| async move {
            message.add_recipient("new+5@example.com".parse()?);
            Ok(message)
        })
        .store_by(move |mut message, session| {
            let note = note.clone();
            async move {
                for recipient in &message.envelope().recipients {
                    let ticket = recipient.state().get::<Ticket>().map(|Ticket(number)| number);
                    note.push(format!("{recipient} {ticket:?}"));
                }
                assert!(session.envelope().is_some_and(|envelope| envelope.recipients.len() == 3));
                message.bytes().await?;
                Ok(())
            }
        });
    let server = build(server);
    let mut client = hello(&server).await;
    for _ in 0..2 {
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<help+17@example.com>").await.expect(250);
        client.command("RCPT TO:<refused+18@example.com>").await.expect(550);
        client.command("RCPT TO:<\"a b-19\"@example.com>").await.expect(250);
        client.command("RCPT TO:<help@example.com>").await.expect(250);
        client.command("DATA").await.expect(354);
        client.command(MESSAGE).await.expect(250);
    }
    let once = [
        "help+17@example.com Some(17)",
        "\"a b-19\"@example.com Some(19)",
        "help@example.com None",
        "new+5@example.com None",
    ];
    assert_eq!(seen.all(), [once, once].concat());
}
