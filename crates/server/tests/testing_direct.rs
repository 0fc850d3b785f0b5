//! Hooks, filters and stores that are called without a server.

use mailchute::session::SessionPhase;
use mailchute::testing::{self, Inbox, NotPassedOn};
use mailchute::{Filter, Message, Refusal, Session, Store as _};

const CONTENT: &str = "Subject: hello\r\n\r\nHello Bob\r\n";

/// Reads the message, marks it, and refuses one recipient.
struct Marks;

impl Filter for Marks {
    async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
        message.bytes().await?;
        let full = message.envelope().recipients.iter().position(|to| to.as_str().starts_with("full@"));
        if let Some(place) = full {
            message.refuse(place, Refusal::new(452, (4, 2, 2), "Mailbox full"));
        }
        message.add_above_trace("X-Marked", "yes")?;
        Ok(())
    }
}

#[test]
fn a_session_has_what_it_was_built_with() {
    let from = "192.0.2.7:25".parse().unwrap();
    let session = testing::session()
        .from(from)
        .listener("submission")
        .hostname("mail.example.com")
        .identity("alice")
        .sender("alice@example.com")
        .recipient("bob@example.com")
        .build();
    assert_eq!((session.client_addr(), session.listener()), (from, Some("submission")));
    assert_eq!((session.hostname(), session.identity().as_deref()), ("mail.example.com", Some("alice")));
    let envelope = session.envelope().expect("there is a transaction");
    assert_eq!(envelope.sender.as_str(), "alice@example.com");
    assert_eq!(envelope.recipients, [testing::recipient("bob@example.com")]);
    assert_eq!(session.phase(), SessionPhase::Transaction);
}

#[test]
fn a_session_by_itself_is_of_an_unknown_client() {
    let (one, other) = (testing::session().build(), testing::session().build());
    assert!(one.client_ip().is_loopback() && one.identity().is_none() && one.envelope().is_none());
    assert_eq!(one.phase(), SessionPhase::Connected);
    assert_ne!(one.id(), other.id());
    one.close(Refusal::new(421, (4, 7, 0), "Nobody hears this"));
}

#[tokio::test]
async fn a_filter_and_a_store_each_read_the_whole_message() {
    let session = testing::session().sender("alice@client.example").recipient("bob@example.com").build();
    let mut message = testing::message(&session, CONTENT);
    Marks.filter(&mut message, &session).await.unwrap();
    let inbox = Inbox::new();
    let _ = inbox.store(testing::next_reader(&message).unwrap(), &session).await.unwrap();
    let mail = inbox.messages().remove(0);
    assert!(mail.is_from("alice@client.example") && mail.is_to("bob@example.com"));
    assert_eq!(mail.text(), format!("X-Marked: yes\r\n{CONTENT}"));
}

#[tokio::test]
async fn a_refused_recipient_refuses_the_message_but_in_lmtp() {
    let builder = testing::session().recipient("full@example.com").recipient("bob@example.com");
    for (session, is_passed_on) in [(builder.build(), false), (builder.clone().lmtp().build(), true)] {
        let mut message = testing::message(&session, CONTENT);
        Marks.filter(&mut message, &session).await.unwrap();
        match testing::next_reader(&message) {
            Ok(next) => {
                assert!(is_passed_on);
                assert_eq!(next.envelope().recipients, [testing::recipient("bob@example.com")]);
            }
            Err(NotPassedOn::Refused(refusal)) => {
                assert_eq!((is_passed_on, refusal.code().get()), (false, 452));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn an_empty_message_has_no_chunk() {
    let mut message = testing::message(&testing::session().build(), "");
    assert_eq!(message.chunk().await.unwrap(), None);
    let nobody = testing::next_reader(&message).expect_err("it has no recipients");
    assert_eq!(
        (&nobody, &*nobody.to_string()),
        (&NotPassedOn::Discarded, "the filter discarded the message")
    );
}

#[test]
#[should_panic(expected = "\"bob\" is not a recipient: ")]
fn a_recipient_that_is_not_an_address_panics() {
    let _ = testing::session().recipient("bob");
}
