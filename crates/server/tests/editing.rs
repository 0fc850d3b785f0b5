//! Messages that filters edit: what later filters and the store read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mailchute::message::EditError;
use mailchute::syntax::BareLineEnds;
use mailchute::testing::Client;
use mailchute::{Builder, Message, Receipt, Refusal, Server, Session, Store};

use crate::support::{Seen, build, builder, hello, in_data};

/// Keeps what it reads, in text.
#[derive(Clone, Default)]
struct Keep(Seen<String>);

impl Store for Keep {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        self.0.push(String::from_utf8_lossy(&message.bytes().await?).into_owned());
        Ok(Receipt::new("Kept").with_enhanced(0, 0))
    }
}

/// Like [`Keep`], with the fields of a delivery on top, whose values are cut off.
#[derive(Clone, Default)]
pub(crate) struct Deliver(pub(crate) Seen<String>);

impl Store for Deliver {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.prepend_trace_fields();
        let whole = String::from_utf8_lossy(&message.bytes().await?).into_owned();
        let (before, rest) =
            whole.split_once("Received: from client.example").expect("there is such a field");
        let (_, after) = rest.split_once(" +0000\r\n").expect("there is a date");
        self.0.push(format!("{before}Received\r\n{after}"));
        Ok(Receipt::new("Kept").with_enhanced(0, 0))
    }
}

type Edit = fn(&mut Message) -> Result<(), EditError>;

fn filter(builder: Builder, edit: Edit) -> Builder {
    builder.on_message(move |mut message, _session| async move {
        edit(&mut message)?;
        Ok(message)
    })
}

/// A filter that reads the whole message before it edits.
fn late_filter(builder: Builder, edit: Edit) -> Builder {
    builder.on_message(move |mut message, _session| async move {
        message.bytes().await?;
        edit(&mut message)?;
        Ok(message)
    })
}

/// Sends the content in pieces. The server reads each before the next one comes.
async fn send(client: &mut Client, content: &[u8], piece: usize) {
    for bytes in content.chunks(piece) {
        client.send_bytes(bytes).await;
        tokio::task::yield_now().await;
    }
    client.send_bytes(b".\r\n").await;
    client.read_reply().await.expect(250);
}

/// The stored message, if it comes at once, in small pieces, and after a filter that has read it.
async fn edited(extra: fn(Builder) -> Builder, edit: Edit, content: &str) -> String {
    let mut results = Vec::new();
    for (filter, piece) in
        [(filter as fn(_, _) -> _, 1), (filter, 5), (filter, 10_000), (late_filter, 10_000)]
    {
        let store = Keep::default();
        let server = build(filter(extra(builder()), edit).store(store.clone()));
        let mut client = in_data(&server).await;
        send(&mut client, content.as_bytes(), piece).await;
        results.extend(store.0.all());
    }
    results.dedup();
    assert_eq!(results.len(), 1, "it does not depend on how the message comes: {results:?}");
    results.remove(0)
}

#[tokio::test(start_paused = true)]
async fn fields_are_added_removed_and_replaced() {
    let cases: [(Edit, &str, &str); 11] = [
        (
            |m| m.add_above_trace("X-Spam", "no"),
            "Subject: x\r\n\r\ny\r\n",
            "X-Spam: no\r\nSubject: x\r\n\r\ny\r\n",
        ),
        (
            |m| m.add_below_trace("X-Spam", "no"),
            "Subject: x\r\n\r\ny\r\n",
            "X-Spam: no\r\nSubject: x\r\n\r\ny\r\n",
        ),
        (|m| m.add_above_trace("X", "a\r\n\tb"), "S: x\r\n\r\n..y\r\n", "X: a\r\n\tb\r\nS: x\r\n\r\n.y\r\n"),
        (
            |m| {
                m.remove_fields(|name, _| name == "bcc");
                Ok(())
            },
            "BCC: a\r\n b\r\nTo: c\r\nBcc : d\r\nX-Bcc: e\r\n\r\nBcc: f\r\n",
            "To: c\r\nX-Bcc: e\r\n\r\nBcc: f\r\n",
        ),
        (
            |m| {
                m.remove_fields(|_, value| value == "one two");
                Ok(())
            },
            "A: one\r\n two\r\nB: one two \r\nC: one\r\n\r\n",
            "C: one\r\n\r\n",
        ),
        (
            |m| {
                m.add_below_trace("A", "ours")?;
                m.remove_fields(|name, _| name == "A");
                m.add_above_trace("A", "ours as well")
            },
            "A: theirs\r\nB: x\r\n\r\n",
            "A: ours as well\r\nA: ours\r\nB: x\r\n\r\n",
        ),
        (
            |m| m.replace_field("subject", 0, "new"),
            "Subject: a\r\n b\r\nSubject: c\r\n\r\n",
            "subject: new\r\nSubject: c\r\n\r\n",
        ),
        (
            |m| m.replace_field("Subject", 1, "new"),
            "Subject: a\r\nTo: b\r\nSubject: c\r\n\r\n",
            "Subject: a\r\nTo: b\r\nSubject: new\r\n\r\n",
        ),
        (
            |m| m.replace_field("Subject", 0, "new"),
            "To: b\r\n\r\nc\r\n",
            "Subject: new\r\nTo: b\r\n\r\nc\r\n",
        ),
        (
            |m| {
                m.replace_field("Subject", 0, "new")?;
                m.remove_fields(|_, _| true);
                Ok(())
            },
            "Subject: a\r\nTo: b\r\n\r\n",
            "Subject: new\r\n\r\n",
        ),
        (
            |m| {
                m.remove_fields(|_, _| true);
                Ok(())
            },
            "Subject: a\r\n\r\nb\r\n",
            "\r\nb\r\n",
        ),
    ];
    for (edit, content, expected) in cases {
        assert_eq!(edited(|builder| builder, edit, content).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn no_content_continues_a_field_of_ours_or_hides_one_of_its_own() {
    let add: Edit = |m| m.add_above_trace("X", "ours");
    let remove: Edit = |m| {
        m.remove_fields(|name, _| name == "X");
        m.add_above_trace("X", "ours")
    };
    for (content, added, removed) in [
        ("", "X: ours\r\n", "X: ours\r\n"),
        ("\r\n", "X: ours\r\n\r\n", "X: ours\r\n\r\n"),
        (" theirs\r\n", "X: ours\r\n\r\n theirs\r\n", "X: ours\r\n\r\n theirs\r\n"),
        ("\tX: a\r\n", "X: ours\r\n\r\n\tX: a\r\n", "X: ours\r\n\r\n\tX: a\r\n"),
        ("text\r\nX: a\r\n", "X: ours\r\n\r\ntext\r\nX: a\r\n", "X: ours\r\n\r\ntext\r\nX: a\r\n"),
        ("X: a\r\n theirs\r\n", "X: ours\r\nX: a\r\n theirs\r\n", "X: ours\r\n"),
        (
            "X: a\r\ntext\r\nX: b\r\n",
            "X: ours\r\nX: a\r\ntext\r\nX: b\r\n",
            "X: ours\r\n\r\ntext\r\nX: b\r\n",
        ),
        ("Ü: a\r\nX: b\r\n", "X: ours\r\n\r\nÜ: a\r\nX: b\r\n", "X: ours\r\n\r\nÜ: a\r\nX: b\r\n"),
        ("x \t: a\r\nY: ü\r\n\r\n", "X: ours\r\nx \t: a\r\nY: ü\r\n\r\n", "X: ours\r\nY: ü\r\n\r\n"),
        (
            "From a@b\r\n>From c\r\nX: a\r\n\r\n",
            "X: ours\r\nX-Mailbox-Line: From a@b\r\nX-Mailbox-Line: >From c\r\nX: a\r\n\r\n",
            "X: ours\r\nX-Mailbox-Line: From a@b\r\nX-Mailbox-Line: >From c\r\n\r\n",
        ),
        (
            "Y: a\r\nFrom b\r\nX: c\r\n",
            "X: ours\r\nY: a\r\nFrom b\r\nX: c\r\n",
            "X: ours\r\nY: a\r\n\r\nFrom b\r\nX: c\r\n",
        ),
    ] {
        assert_eq!(edited(|builder| builder, add, content).await, added, "{content:?}");
        assert_eq!(edited(|builder| builder, remove, content).await, removed, "{content:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_field_after_a_bare_line_end_is_removed_as_well() {
    let tolerant = |builder: Builder| builder.bare_line_ends(BareLineEnds::Tolerate);
    let remove: Edit = |m| {
        m.remove_fields(|name, _| name == "X");
        Ok(())
    };
    for content in
        ["A: b\rX: c\r\n\r\n", "A: b\nX: c\r\n\r\n", "A: b\r\r\nX: c\r\n\r\n", "X: a\r b\nA: b\r\n\r\n"]
    {
        assert_eq!(edited(tolerant, remove, content).await, "A: b\r\n\r\n", "{content:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn added_fields_stand_around_received() {
    let store = Deliver::default();
    let edit: Edit = |m| {
        m.add_below_trace("Date", "today")?;
        m.add_below_trace("Message-ID", "<1@mx.example.com>")?;
        m.add_above_trace("Authentication-Results", "mx.example.com; none")?;
        m.add_above_trace("X-Spam", "no")
    };
    let remove: Edit = |m| {
        m.remove_fields(|name, _| name == "Subject");
        Ok(())
    };
    let plain = build(filter(builder(), edit).store(store.clone()));
    let rewriting = build(filter(filter(builder(), edit), remove).store(store.clone()));
    for (server, content, expected) in [
        (&plain, "Subject: x\r\n\r\ny\r\n", "Subject: x\r\n\r\ny\r\n"),
        (&plain, " x\r\n", "\r\n x\r\n"),
        (&rewriting, "Subject: x\r\n\r\ny\r\n", "\r\ny\r\n"),
        (&rewriting, "Subject: x\r\n y\r\nz\r\n", "\r\nz\r\n"),
    ] {
        send(&mut in_data(server).await, content.as_bytes(), 100).await;
        assert_eq!(
            store.0.all().pop().expect("it was kept"),
            format!(
                "Return-Path: <alice@client.example>\r\nDelivered-To: bob@example.com\r\nX-Spam: no\r\n\
                 Authentication-Results: mx.example.com; none\r\nReceived\r\nDate: today\r\n\
                 Message-ID: <1@mx.example.com>\r\n{expected}"
            )
        );
    }
}

/// A server whose first filter edits, and whose second records the header.
fn noting_header(edit: Edit) -> (Server, Seen<String>, Keep) {
    let (seen, store) = (Seen::<String>::default(), Keep::default());
    let note = seen.clone();
    let server = filter(builder(), edit).on_message(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            let header = message.header().await?;
            for field in &header {
                note.push(format!("{}|{}", field.name(), field.value()));
            }
            Ok(message)
        }
    });
    (build(server.store(store.clone())), seen, store)
}

#[tokio::test(start_paused = true)]
async fn the_header_is_read_before_the_body_comes() {
    let (server, seen, store) = noting_header(|m| m.replace_field("Subject", 0, "new"));
    let mut client = in_data(&server).await;
    client.send_bytes("Subject: old\r\nTo: a\r\n  b \r\nX: ü\r\n\r\n".as_bytes()).await;
    assert_eq!(seen.until(3).await, ["Subject|new", "To|a  b", "X|ü"]);
    client.command("body\r\n.").await.expect(250);
    assert_eq!(store.0.all(), ["Subject: new\r\nTo: a\r\n  b \r\nX: ü\r\n\r\nbody\r\n"]);
}

#[tokio::test(start_paused = true)]
async fn a_lone_filter_reads_header_original_and_the_edited_message() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = builder().on_message(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            let mut original = message.original().await?;
            note.push(message.header().await?.get("SUBJECT").unwrap_or_default());
            message.add_above_trace("X", "y")?;
            message.prepend_received();
            let edited = message.bytes().await?;
            let edited = String::from_utf8_lossy(&edited).into_owned();
            let (above, below) = edited.split_once("Received: from").expect("there is such a field");
            note.push(format!("{above}{}", below.split_once(" +0000\r\n").expect("a date").1));
            note.push(String::from_utf8_lossy(&original.bytes().await?).into_owned());
            note.push(message.header().await?.get("x").unwrap_or_default());
            Ok(message)
        }
    });
    let server = build(server.store(Keep::default()));
    let content = "Subject: a\r\n\r\nb\r\n";
    send(&mut in_data(&server).await, content.as_bytes(), 3).await;
    assert_eq!(seen.all(), ["a", &format!("X: y\r\n{content}"), content, "y"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_replaced_when_the_message_is_whole() {
    for times in [0, 1, 300] {
        let store = Keep::default();
        let server = build(
            builder()
                .on_message(move |mut message: Message, _session| async move {
                    let mut body = message.new_body();
                    for _ in 0..times {
                        body.write("new".repeat(3_000)).await?;
                    }
                    message.replace_body(body).await?;
                    Ok(message)
                })
                .store(store.clone()),
        );
        let body = "new".repeat(3_000 * times) + if times > 0 { "\r\n" } else { "" };
        for (content, header) in [
            ("A: b\r\n\r\nold\r\nold\r\n", "A: b\r\n\r\n"),
            ("A: b\r\n", "A: b\r\n\r\n"),
            ("old\r\n", "\r\n"),
            ("", "\r\n"),
        ] {
            send(&mut in_data(&server).await, content.as_bytes(), 4).await;
            let kept = store.0.all().pop().expect("it was kept");
            assert!(kept == format!("{header}{body}"), "{content:?} with {times} pieces");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_body_longer_than_a_message_may_be_answers_552() {
    let server = build(builder().max_message_size(1_000).store(Keep::default()).on_message(
        |message: Message, _session| async move {
            let mut body = message.new_body();
            body.write([b'x'; 1_000]).await?;
            body.write("x").await?;
            Ok(message)
        },
    ));
    let mut client = hello(&server).await;
    crate::support::envelope(&mut client).await;
    client.command("DATA").await.expect(552);
}

#[tokio::test(start_paused = true)]
async fn a_cut_off_message_with_a_new_body_is_never_kept() {
    let store = Keep::default();
    let server = build(
        builder()
            .on_message(|mut message: Message, _session| async move {
                message.replace_body(message.new_body()).await?;
                Ok::<_, Refusal>(message)
            })
            .store(store.clone()),
    );
    let mut client = in_data(&server).await;
    client.send_bytes(b"A: b\r\n\r\nhalf").await;
    client.close().await;
    assert!(client.try_read_reply().await.is_none());
    assert_eq!(store.0.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_header_is_parsed_once_until_an_edit_changes_it() {
    let long = format!("S: {}\r\n", "x".repeat(900)).repeat(80);
    for (content, is_kept) in [(String::from("S: a\r\nT: b\r\n\r\nbody\r\n"), true), (long, false)] {
        let server = builder().on_message(move |mut message: Message, _session| async move {
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            message.remove_fields(move |name, _value| {
                counted.fetch_add(1, Ordering::Relaxed);
                name == "T"
            });
            let first = message.header().await?;
            let asked = calls.load(Ordering::Relaxed);
            assert_eq!(message.header().await?, first);
            assert_eq!(calls.load(Ordering::Relaxed) == asked, is_kept, "a long header is not kept");
            message.add_above_trace("X", "y")?;
            assert!(message.header().await?.has("X") && !message.header().await?.has("T"));
            message.bytes().await?;
            assert!(message.header().await?.has("X"));
            Ok(message)
        });
        let kept = Keep::default();
        let server = build(server.store(kept.clone()));
        let mut client = in_data(&server).await;
        client.command(&format!("{content}.")).await.expect(250);
        assert!(kept.0.all()[0].starts_with("X: y\r\nS: "));
    }
}
