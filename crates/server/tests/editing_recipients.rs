//! Filters that change the recipients of a message, and the replies to the client.

use mailchute::testing::{self, Client};
use mailchute::{Builder, Message, Recipient, Refusal, Server};

use crate::support::mailboxes::{Mailboxes, deliver_to};
use crate::support::{Seen, build, builder, log};

fn recipient(address: &str) -> Recipient {
    address.parse().expect("it is an address")
}

fn of_example(user: &str) -> Recipient {
    recipient(&format!("{user}@example.com"))
}

type Edit = fn(&mut Message);

fn edited(edit: Edit) -> (Server, Seen<String>) {
    let store = Mailboxes::default();
    let with = |builder: Builder| {
        builder.on_message(move |mut message: Message, _session| async move {
            message.bytes().await?;
            edit(&mut message);
            Ok::<_, Refusal>(message)
        })
    };
    (build(with(builder()).store(store.clone())), store.0)
}

/// The replies at the end of a message to these recipients.
async fn replies(mut client: Client, hello: &str, recipients: &[&str]) -> Vec<u16> {
    let replies = deliver_to(&mut client, hello, recipients).await;
    let mut codes: Vec<_> = replies.iter().map(mailchute::testing::Reply::code).collect();
    assert_eq!(codes.pop(), Some(221));
    codes
}

const THREE: &[&str] = &["a@example.com", "b@example.com", "c@example.com"];

#[tokio::test(start_paused = true)]
async fn replies_in_lmtp_are_those_of_the_clients_recipients() {
    let cases: [(Edit, &[u16], &[&str]); 13] = [
        (|m| m.add_recipient(recipient("d@example.com")), &[250, 250, 250], &["a", "b", "c", "d"]),
        (|m| m.drop_recipients(|to| to.as_str() == "b@example.com"), &[250, 250, 250], &["a", "c"]),
        (|m| m.drop_recipients(|_| true), &[250, 250, 250], &[]),
        (Message::discard, &[250, 250, 250], &[]),
        (|m| m.redirect(1, [recipient("d@example.com")]), &[250, 250, 250], &["a", "d", "c"]),
        (|m| m.redirect(1, [recipient("full@example.com")]), &[250, 452, 250], &["a", "c"]),
        (|m| m.redirect(3, [recipient("d@example.com")]), &[250, 250, 250], &["a", "b", "c"]),
        (|m| m.redirect(1, ["d", "e"].map(of_example)), &[250, 250, 250], &["a", "d", "e", "c"]),
        (|m| m.redirect(1, ["d", "full"].map(of_example)), &[250, 452, 250], &["a", "d", "c"]),
        (|m| m.redirect(1, []), &[250, 250, 250], &["a", "c"]),
        (|m| m.add_recipient(recipient("full@example.com")), &[452, 452, 452], &["a", "b", "c"]),
        (
            |m| {
                m.drop_recipients(|to| to.as_str() == "a@example.com");
                m.refuse(0, Refusal::new(550, (5, 7, 1), "No"));
                m.redirect(1, [recipient("full@example.com")]);
            },
            &[250, 550, 452],
            &[],
        ),
        (
            |m| {
                m.refuse(0, Refusal::new(550, (5, 7, 1), "No"));
                m.discard();
            },
            &[550, 250, 250],
            &[],
        ),
    ];
    for (number, (edit, codes, kept)) in cases.into_iter().enumerate() {
        let (server, seen) = edited(edit);
        assert_eq!(
            replies(testing::connect(&server).lmtp().open(), "LHLO", THREE).await,
            codes,
            "case {number}"
        );
        let kept: Vec<_> = kept.iter().map(|name| format!("{name}@example.com")).collect();
        assert_eq!(seen.all(), kept, "case {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_one_reply_of_smtp_stands_for_added_recipients_too() {
    let cases: [(Edit, u16, &[&str]); 6] = [
        (|m| m.add_recipient(recipient("d@example.com")), 250, &["a", "b", "c", "d"]),
        (|m| m.add_recipient(recipient("full@example.com")), 452, &["a", "b", "c"]),
        (|m| m.redirect(0, [recipient("full@example.com")]), 452, &["b", "c"]),
        (|m| m.drop_recipients(|to| to.as_str() != "b@example.com"), 250, &["b"]),
        (|m| m.drop_recipients(|_| true), 250, &[]),
        (
            |m| {
                m.refuse(0, Refusal::new(550, (5, 7, 1), "No"));
                m.discard();
            },
            550,
            &[],
        ),
    ];
    for (number, (edit, code, kept)) in cases.into_iter().enumerate() {
        let (server, seen) = edited(edit);
        assert_eq!(replies(testing::connect(&server).open(), "EHLO", THREE).await, [code], "case {number}");
        let kept: Vec<_> = kept.iter().map(|name| format!("{name}@example.com")).collect();
        assert_eq!(seen.all(), kept, "case {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_discarded_message_is_logged_and_no_later_filter_is_asked() {
    let (log, _guard) = log::capture();
    let asked = Seen::<String>::default();
    let note = asked.clone();
    let store = Mailboxes::default();
    let server = build(
        builder()
            // The content is not read by any hook, and still received to its end.
            .on_message(|mut message: Message, _session| async move {
                message.discard();
                message
            })
            .on_message(move |message, _session| {
                note.push("asked");
                async { message }
            })
            .store(store.clone()),
    );
    assert_eq!(replies(testing::connect(&server).open(), "EHLO", THREE).await, [250]);
    assert_eq!((asked.count(), store.0.count()), (0, 0));
    log.expect("a filter discarded a message");
}

#[tokio::test(start_paused = true)]
async fn the_store_hears_of_the_directory() {
    let (server, seen) = edited(|m| {
        for name in ["../x", "", "a/", "/a", ".a", "a.b", "a\0", "ä", " a", "a/ ", &"x".repeat(101)] {
            assert!(m.file_into(name).is_err(), "{name:?}");
        }
        m.file_into("Lists/rust-users").expect("it is a name");
    });
    assert_eq!(replies(testing::connect(&server).open(), "EHLO", &["a@example.com"]).await, [250]);
    assert_eq!(seen.all(), ["a@example.com in Lists/rust-users"]);
}
