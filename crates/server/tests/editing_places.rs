//! Filters that name fields by their place, and change the sender.

use mailchute::address::ReversePath;
use mailchute::message::EditError;
use mailchute::{Message, Refusal, testing};

use crate::editing::Deliver;
use crate::support::{Seen, build, builder, in_data};

type Edit = fn(&mut Message) -> Result<(), EditError>;

/// The stored message, without `Return-Path:` and `Delivered-To:`.
async fn edited(edit: Edit, content: &str) -> String {
    let store = Deliver::default();
    let server = builder().on_message(move |mut message: Message, _session| async move {
        message.add_above_trace("A", "above")?;
        message.add_below_trace("B", "below")?;
        edit(&mut message)?;
        Ok::<_, Refusal>(message)
    });
    let server = build(server.store(store.clone()));
    let mut client = in_data(&server).await;
    client.command(&format!("{content}.")).await.expect(250);
    let whole = store.0.all().remove(0);
    whole.split_once("Delivered-To: bob@example.com\r\n").expect("there is such a field").1.into()
}

#[tokio::test(start_paused = true)]
async fn a_field_is_inserted_where_received_counts_as_one() {
    for (position, expected) in [
        (0, "X: 1\r\nA: above\r\nReceived\r\nB: below\r\nC: 1\r\n\r\ny\r\n"),
        (1, "A: above\r\nX: 1\r\nReceived\r\nB: below\r\nC: 1\r\n\r\ny\r\n"),
        (2, "A: above\r\nReceived\r\nX: 1\r\nB: below\r\nC: 1\r\n\r\ny\r\n"),
        (3, "A: above\r\nReceived\r\nB: below\r\nX: 1\r\nC: 1\r\n\r\ny\r\n"),
        (4, "A: above\r\nReceived\r\nB: below\r\nC: 1\r\nX: 1\r\n\r\ny\r\n"),
        (usize::MAX, "A: above\r\nReceived\r\nB: below\r\nC: 1\r\nX: 1\r\n\r\ny\r\n"),
    ] {
        let insert: Edit = match position {
            0 => |m| m.insert_field_as_delivered(0, "X", "1"),
            1 => |m| m.insert_field_as_delivered(1, "X", "1"),
            2 => |m| m.insert_field_as_delivered(2, "X", "1"),
            3 => |m| m.insert_field_as_delivered(3, "X", "1"),
            4 => |m| m.insert_field_as_delivered(4, "X", "1"),
            _ => |m| m.insert_field_as_delivered(usize::MAX, "X", "1"),
        };
        assert_eq!(edited(insert, "C: 1\r\n\r\ny\r\n").await, expected, "{position}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_is_inserted_at_each_place_of_a_header() {
    let insert: [(Edit, &str); 6] = [
        (
            |m| m.insert_field(0, "X", "1"),
            "X: 1\r\nA: above\r\nReceived\r\nB: below\r\nC: 1\r\nC: 2\r\n\r\ny\r\n",
        ),
        (
            |m| m.insert_field(1, "X", "1"),
            "A: above\r\nX: 1\r\nReceived\r\nB: below\r\nC: 1\r\nC: 2\r\n\r\ny\r\n",
        ),
        (
            |m| m.insert_field(2, "X", "1"),
            "A: above\r\nReceived\r\nB: below\r\nX: 1\r\nC: 1\r\nC: 2\r\n\r\ny\r\n",
        ),
        (
            |m| m.insert_field(3, "X", "1"),
            "A: above\r\nReceived\r\nB: below\r\nC: 1\r\nX: 1\r\nC: 2\r\n\r\ny\r\n",
        ),
        (
            |m| m.insert_field(4, "X", "1"),
            "A: above\r\nReceived\r\nB: below\r\nC: 1\r\nC: 2\r\nX: 1\r\n\r\ny\r\n",
        ),
        (
            |m| {
                m.insert_field(usize::MAX, "X", "1")?;
                m.remove_fields(|name, _| name == "X" || name == "C");
                m.insert_field(usize::MAX, "X", "2")
            },
            "A: above\r\nReceived\r\nB: below\r\nX: 1\r\nX: 2\r\n\r\ny\r\n",
        ),
    ];
    for (edit, expected) in insert {
        assert_eq!(edited(edit, "C: 1\r\nC: 2\r\n\r\ny\r\n").await, expected);
    }
    let refused: Edit = |m| {
        assert!(matches!(m.insert_field(9, "X", "1\r\nY: 2"), Err(EditError::Fold { .. })));
        m.insert_field(9, "X", "1")
    };
    assert_eq!(edited(refused, "\r\n").await, "A: above\r\nReceived\r\nB: below\r\nX: 1\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn one_field_of_a_name_is_removed_also_if_a_filter_added_it() {
    let remove: [(Edit, &str); 5] = [
        (
            |m| {
                m.remove_field("c", 1);
                Ok(())
            },
            "A: above\r\nReceived\r\nB: below\r\nC: 1\r\nC: 3\r\n\r\n",
        ),
        (
            |m| {
                m.remove_field("C", 0);
                m.remove_field("C", 0);
                Ok(())
            },
            "A: above\r\nReceived\r\nB: below\r\nC: 3\r\n\r\n",
        ),
        (
            |m| {
                m.remove_field("A", 0);
                m.remove_field("B", 0);
                m.remove_field("C", 3);
                m.remove_field("D", 0);
                Ok(())
            },
            "Received\r\nC: 1\r\nC: 2\r\n f\r\nC: 3\r\n\r\n",
        ),
        (
            |m| {
                m.replace_field("C", 1, "new")?;
                m.remove_field("C", 1);
                Ok(())
            },
            "A: above\r\nReceived\r\nB: below\r\nC: 1\r\nC: 3\r\n\r\n",
        ),
        (
            |m| {
                m.insert_field(0, "C", "0")?;
                m.remove_field("C", 1);
                Ok(())
            },
            "C: 0\r\nA: above\r\nReceived\r\nB: below\r\nC: 2\r\n f\r\nC: 3\r\n\r\n",
        ),
    ];
    for (edit, expected) in remove {
        assert_eq!(edited(edit, "C: 1\r\nC: 2\r\n f\r\nC: 3\r\n\r\n").await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_original_header_has_no_edits() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = builder().on_message(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            message.add_above_trace("C", "ours")?;
            message.remove_fields(|_, value| value == "1");
            let mut original = message.original().await?;
            let values =
                original.header().await?.all("C").map(|c| c.value().into_owned()).collect::<Vec<_>>();
            note.push(values.join(" "));
            note.push(String::from_utf8_lossy(&original.bytes().await?).into_owned());
            let fields = original.read_header().await?.fields().len();
            note.push(format!("{fields} {}", String::from_utf8_lossy(&original.bytes().await?)));
            Ok::<_, Refusal>(message)
        }
    });
    let server = build(server.store(Deliver::default()));
    in_data(&server).await.command("C: 1\r\nC: 2\r\n\r\ny\r\n.").await.expect(250);
    assert_eq!(seen.all(), ["1 2", "C: 1\r\nC: 2\r\n\r\ny\r\n", "2 y\r\n"]);
}

#[tokio::test(start_paused = true)]
async fn later_readers_see_another_sender_and_its_parameters() {
    let seen = Seen::<String>::default();
    let (note, store) = (seen.clone(), Deliver::default());
    let server = builder()
        .on_message(|mut message: Message, _session| async move {
            message.set_sender("bounces@mx.example.com".parse().map(ReversePath::Mailbox)?);
            message.add_recipient("carol@example.com".parse()?);
            message.set_sender(ReversePath::Null);
            Ok::<_, Refusal>(message)
        })
        .on_message(move |message: Message, session| {
            let envelope = message.envelope();
            note.push(format!("{} {:?}", envelope.sender, envelope.sender.parameters().body));
            note.push(envelope.recipients.len().to_string());
            note.push(session.sender().map(|sender| sender.to_string()).unwrap_or_default());
            async { message }
        });
    let server = build(server.store(store.clone()));
    let mut client = mailchute::testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example> BODY=8BITMIME").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data("Subject: x\r\n\r\ny").await.expect(250);
    assert_eq!(seen.all(), [" Some(EightBitMime)", "2", "alice@client.example"]);
    assert!(store.0.all()[0].starts_with("Return-Path: <>\r\nDelivered-To: bob@example.com\r\n"));
}

#[tokio::test]
async fn a_header_that_was_read_leaves_the_body() {
    for (content, fields, body) in [
        ("A: 1\r\n b\r\nB: 2\r\n\r\nbody\r\n", 3, "body\r\n"),
        ("A: 1\r\n\r\n\r\nbody\r\n", 2, "\r\nbody\r\n"),
        ("A: 1\r\nno field\r\n", 2, "no field\r\n"),
        ("A: 1\r\n", 2, ""),
        ("\r\nbody", 1, "body"),
        ("body", 1, "body"),
        ("", 1, ""),
    ] {
        let session = testing::session().sender("alice@client.example").recipient("bob@example.com").build();
        let mut message = testing::message(&session, content);
        message.add_above_trace("X", "added").expect("a field");
        let mut next = testing::next_reader(&message).expect("it goes on");
        let header = next.read_header().await.expect("a header");
        assert_eq!(header.fields().len(), fields, "{content:?}");
        assert_eq!(next.bytes().await.expect("a body"), body, "{content:?}");
    }
}
