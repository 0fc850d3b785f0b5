//! A message on its way to its readers: requested late, streamed, kept for the next reader, cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::log;
use crate::support::talk::pipe;
use crate::support::{
    CONTENT, DropNote, MESSAGE, Seen, StoreBy as _, build, builder, deliver, envelope, hello, in_data,
    read_all,
};
use mailchute::message::BodyError;
use mailchute::{Builder, Message, Receipt, Refusal, Session, Store};

/// Keeps whole messages in memory, and records errors before their end.
#[derive(Clone, Default)]
struct Keep {
    kept: Seen<Vec<u8>>,
    began: Seen<&'static str>,
    given_up: Seen<&'static str>,
}

impl Store for Keep {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        self.began.push("began");
        let note = DropNote(self.given_up.clone(), "given up");
        let mut content = Vec::new();
        while let Some(chunk) = message.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        std::mem::forget(note);
        self.kept.push(content);
        Ok(Receipt::new("Kept").with_enhanced(0, 0))
    }
}

/// A filter that keeps the message in one piece.
fn whole(builder: Builder, seen: &Seen<Vec<u8>>) -> Builder {
    let seen = seen.clone();
    builder.on_message(move |mut message, _session| {
        let seen = seen.clone();
        async move {
            seen.push(message.bytes().await?.to_vec());
            Ok(message)
        }
    })
}

/// Numbered lines of `bytes` bytes in total.
fn content(bytes: usize) -> Vec<u8> {
    let lines = (0_u32..).flat_map(|number| format!("line {number:057}\r\n").into_bytes());
    let mut content: Vec<u8> = lines.take(bytes - 2).collect();
    // The cut may have separated a CR from its LF.
    if let Some(last @ b'\r') = content.last_mut() {
        *last = b'x';
    }
    content.extend_from_slice(b"\r\n");
    content
}

#[tokio::test(start_paused = true)]
async fn sends_354_when_a_hook_first_reads_the_message() {
    let (ask, asked) = tokio::sync::oneshot::channel::<()>();
    let gate = Arc::new(tokio::sync::Mutex::new(Some(asked)));
    let server = build(builder().store_by(move |message, _session| {
        let gate = Arc::clone(&gate);
        async move {
            if let Some(asked) = gate.lock().await.take() {
                let _ = asked.await;
            }
            read_all(message).await
        }
    }));
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.write("DATA\r\n").await;
    let early = tokio::time::timeout(Duration::from_secs(200), client.read_reply()).await;
    assert!(early.is_err(), "nobody has read yet: {early:?}");
    ask.send(()).unwrap();
    assert!(client.read_reply().await.starts_with("354 "));
    client.ask(MESSAGE, "250 2.6.0").await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_before_the_first_read_is_sent_instead_of_354() {
    let store = Keep::default();
    let server = build(
        builder()
            .on_message(|message, _session| async move {
                if message.envelope().recipients.len() > 1 {
                    return Err(Refusal::new(550, (5, 7, 1), "One at a time"));
                }
                Ok(message)
            })
            .store(store.clone()),
    );
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    client.command("DATA").await.expect(550);
    assert_eq!(store.began.count(), 0);
    client.command("RCPT TO:<bob@example.com>").await.expect(503);
    deliver(&mut client).await.expect(250);
    assert_eq!(store.kept.all(), [CONTENT]);
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_chunk_by_chunk_while_it_is_sent() {
    let seen = Seen::<Vec<u8>>::default();
    let chunks = seen.clone();
    let server = build(builder().store_by(move |mut message, _session| {
        let chunks = chunks.clone();
        async move {
            while let Some(chunk) = message.chunk().await? {
                assert!(!chunk.is_empty());
                chunks.push(chunk.to_vec());
            }
            Ok(())
        }
    }));
    let mut client = in_data(&server).await;
    for (index, line) in ["one\r\n", "..two\r\n", "three\r\n"].iter().enumerate() {
        client.send_bytes(line.as_bytes()).await;
        seen.until(index + 1).await;
    }
    client.command(".").await.expect(250);
    assert_eq!(seen.all(), [&b"one\r\n"[..], b".two\r\n", b"three\r\n"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_without_content_is_empty_and_whole() {
    let seen = Seen::default();
    let server = build(whole(crate::support::accepting(), &seen));
    in_data(&server).await.command(".").await.expect(250);
    assert_eq!(seen.all(), [b""]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_stops_the_sender() {
    const PIPE: usize = 16 * 1024;
    /// The chunk in the slot, the chunk in the driver, and one more read.
    const HELD: usize = 3 * 64 * 1024 + PIPE;
    let server = build(builder().store_by(|mut message, _session| async move {
        message.chunk().await?;
        std::future::pending::<Result<(), Refusal>>().await
    }));
    let (mut client, _session) = pipe(&server, PIPE);
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    let mut accepted = 0;
    let line = content(1_000);
    while tokio::time::timeout(Duration::from_secs(1), client.write(&line)).await.is_ok() {
        accepted += line.len();
        assert!(accepted < 2 * HELD, "the sender is not held up");
    }
    assert!(accepted <= HELD, "{accepted} bytes were taken from the client");
}

#[tokio::test(start_paused = true)]
async fn a_message_longer_than_a_reader_wants_answers_552() {
    for (limit, code) in [(28, 552), (29, 250)] {
        let store = Keep::default();
        let server = build(
            builder()
                .on_message(move |mut message, _session| async move {
                    match message.bytes_up_to(limit).await {
                        Err(error) => {
                            assert!(matches!(error, BodyError::TooLong { limit: 28 }));
                            Err(error.into())
                        }
                        Ok(_) => Ok(message),
                    }
                })
                .store(store.clone()),
        );
        let mut client = hello(&server).await;
        let heard = deliver(&mut client).await.expect(code);
        if code == 552 {
            assert_eq!(heard.lines(), ["552 5.3.4 Message exceeds the maximum size"]);
        }
        assert_eq!(store.kept.count(), usize::from(code == 250));
        client.command("NOOP").await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn each_hook_and_the_store_see_the_whole_content() {
    // Within the first bound, just past it, and far past it, where a file holds the rest.
    for bytes in [29, 70_000, 1024 * 1024 - 1, 1024 * 1024 + 1, 3 * 1024 * 1024] {
        let (first, second, store) = (Seen::default(), Seen::default(), Keep::default());
        let server = build(whole(whole(builder(), &first), &second).store(store.clone()));
        let mut client = in_data(&server).await;
        let content = content(bytes);
        client.send_bytes(&content).await;
        client.command(".").await.expect(250);
        for seen in [first, second, store.kept] {
            assert!(seen.all() == [content.clone()], "of {bytes} bytes");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_leaves_unread_the_store_still_sees() {
    for bytes in [29, 2 * 1024 * 1024] {
        let store = Keep::default();
        let server = build(
            builder()
                // One reads a little, one nothing, one a little more.
                .on_message(|mut message, _session| async move {
                    message.chunk().await?;
                    Ok(message)
                })
                .on_message(|message, _session| async { message })
                .on_message(|mut message, _session| async move {
                    for _ in 0..5 {
                        message.chunk().await?;
                    }
                    Ok(message)
                })
                .store(store.clone()),
        );
        let mut client = in_data(&server).await;
        let content = content(bytes);
        client.send_bytes(&content).await;
        client.command(".").await.expect(250);
        assert!(store.kept.all() == [content], "of {bytes} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn accepting_without_reading_still_receives_the_whole_message() {
    let (log, _guard) = log::capture();
    let server = build(builder().on_store(|_message, _session| async { Receipt::new("Whatever") }));
    let mut client = in_data(&server).await;
    client.send_bytes(&content(300_000)).await;
    assert_eq!(client.command(".").await.lines(), ["250 2.6.0 Whatever"]);
    log.expect("WARN");
    log.expect("the store accepted a message that it has not read to its end");
    deliver(&mut client).await.expect(250);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_decides_early_is_heard_at_the_end_of_the_message() {
    let bytes_read = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&bytes_read);
    let server = build(builder().store_by(move |mut message, _session| {
        let counter = Arc::clone(&counter);
        async move {
            while let Some(chunk) = message.chunk().await? {
                if counter.fetch_add(chunk.len() as u64, Ordering::Relaxed) > 100_000 {
                    return Err(Refusal::new(554, (5, 7, 1), "Seen enough"));
                }
            }
            Ok(())
        }
    }));
    let (mut client, _session) = pipe(&server, 4_096);
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.write(content(1_000_000)).await;
    client.ask(".", "554 5.7.1 Seen enough").await;
    assert!(bytes_read.load(Ordering::Relaxed) < 300_000);
    client.ask("NOOP", "250").await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_cut_off_is_given_up_and_never_kept() {
    for sent in ["", "Subject: half", "Subject: hello\r\n\r\nHello Bob\r\n", "x\r\n.", "x\r\n.\r"] {
        let store = Keep::default();
        let server = build(builder().store(store.clone()));
        let (mut client, session) = pipe(&server, 65_536);
        client.hello().await;
        client.ask("MAIL FROM:<alice@client.example>", "250").await;
        client.ask("RCPT TO:<bob@example.com>", "250").await;
        client.ask("DATA", "354").await;
        client.write(sent).await;
        drop(client);
        session.await.unwrap();
        assert_eq!(store.kept.count(), 0, "{sent:?}");
        assert_eq!(store.given_up.all(), ["given up"], "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_for_its_content_is_never_kept() {
    for (sent, code) in [("bare\nfeed\r\n", "550 5.5.2"), ("Received: x\r\nReceived: y\r\n\r\n", "554 5.4.6")]
    {
        let store = Keep::default();
        let server = build(builder().max_received_headers(1).store(store.clone()));
        let (mut client, _session) = pipe(&server, 65_536);
        client.hello().await;
        client.ask("MAIL FROM:<alice@client.example>", "250").await;
        client.ask("RCPT TO:<bob@example.com>", "250").await;
        client.ask("DATA", "354").await;
        client.write(sent).await;
        client.ask(".", code).await;
        assert_eq!((store.kept.count(), store.given_up.count()), (0, 1), "{sent:?}");
    }
}

#[tokio::test]
async fn keeping_a_few_bytes_does_not_keep_the_read_buffer() {
    let kept = Seen::<Vec<u8>>::default();
    let note = kept.clone();
    let server = build(builder().store_by(move |mut message, _session| {
        let note = note.clone();
        async move {
            let content = message.bytes().await?;
            // A slice would share its memory with the session's read buffer.
            assert!(content.is_unique());
            note.push(content.to_vec());
            Ok(())
        }
    }));
    let mut client = hello(&server).await;
    deliver(&mut client).await.expect(250);
    assert_eq!(kept.all(), [CONTENT]);
}
