//! A message held by a task that outlives its stage.

use std::time::Duration;

use crate::support::talk::pipe;
use crate::support::{
    CONTENT, MESSAGE, Seen, StoreBy as _, build, builder, deliver, envelope, hello, in_data, read_on,
};
use mailchute::message::BodyError;
use mailchute::{Builder, Message, Verdict};
use tokio::sync::mpsc;

/// A data hook that hands each message out after reading some chunks of it, and accepts.
fn handing_out(builder: Builder, chunks: usize) -> (Builder, mpsc::UnboundedReceiver<Message>) {
    let (sender, messages) = mpsc::unbounded_channel();
    let builder = builder.store_by(move |mut message, _session| {
        let sender = sender.clone();
        async move {
            for _ in 0..chunks {
                message.chunk().await?;
            }
            let _ = sender.send(message);
            Ok(())
        }
    });
    (builder, messages)
}

#[tokio::test(start_paused = true)]
async fn content_that_was_let_go_is_gone_and_not_an_empty_message() {
    let (builder, mut messages) = handing_out(builder(), 0);
    let server = build(builder);
    deliver(&mut hello(&server).await).await.expect(250);
    let mut message = messages.recv().await.unwrap();
    let outcome = message.bytes().await;
    assert!(matches!(outcome, Err(BodyError::Gone)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_which_the_rest_was_let_go_is_not_whole() {
    let (builder, mut messages) = handing_out(builder(), 1);
    let server = build(builder);
    let mut client = in_data(&server).await;
    client.send_bytes(b"one\r\n").await;
    let mut message = messages.recv().await.unwrap();
    client.send_bytes(b"two\r\n").await;
    client.command(".").await.expect(250);
    let outcome = message.bytes().await;
    assert!(matches!(outcome, Err(BodyError::Gone)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_outlives_its_hook_fails_mid_message() {
    let (builder, mut messages) = handing_out(builder(), 0);
    let server = build(builder);
    let mut client = in_data(&server).await;
    let mut message = messages.recv().await.unwrap();
    let reading = tokio::spawn(async move { message.bytes().await });
    client.command(MESSAGE).await.expect(250);
    let outcome = reading.await.unwrap();
    assert!(matches!(outcome, Err(BodyError::Gone)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_in_a_task_of_its_own_learns_that_the_client_is_gone() {
    let outcomes = Seen::<String>::default();
    let seen = outcomes.clone();
    let server = build(builder().store_by(move |mut message, _session| {
        let seen = seen.clone();
        async move {
            let reader = tokio::spawn(async move {
                let outcome = message.bytes().await;
                seen.push(format!("{:?}", outcome.unwrap_err()));
            });
            reader.await.map_err(Into::into)
        }
    }));
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.write("Subject: half").await;
    drop(client);
    session.await.unwrap();
    assert_eq!(outcomes.until(1).await, ["Incomplete"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_refused_unread_is_incomplete() {
    let (sender, mut messages) = mpsc::unbounded_channel();
    let server = build(builder().on_message(read_on).store_by(move |message, _session| {
        let _ = sender.send(message);
        async { Verdict::Refuse }
    }));
    // The filter reads the message, so the refusal after it counts.
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.command("DATA").await.expect(354);
    client.command(MESSAGE).await.expect(554);
    assert_eq!(messages.recv().await.unwrap().bytes().await.unwrap(), CONTENT, "it was all there");
}

#[tokio::test(start_paused = true)]
async fn clones_of_an_unread_message_end_with_its_refusal() {
    let (sender, mut messages) = mpsc::unbounded_channel();
    let server = build(builder().store_by(move |message, _session| {
        let _ = sender.send(message);
        async { Verdict::Refuse }
    }));
    let mut client = hello(&server).await;
    envelope(&mut client).await;
    client.command("DATA").await.expect(554);
    let outcome = messages.recv().await.unwrap().bytes().await;
    assert!(matches!(outcome, Err(BodyError::Incomplete)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_task_whose_hook_timed_out_gets_no_partial_message() {
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let server =
        build(builder().hook_timeout(Duration::from_secs(5)).store_by(move |mut message, _session| {
            let sender = sender.clone();
            async move {
                let reader = tokio::spawn(async move {
                    message.chunk().await?;
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    let rest = message.bytes().await;
                    let _ = sender.send(rest.clone());
                    rest
                });
                reader.await??;
                Ok(())
            }
        }));
    let mut client = in_data(&server).await;
    for line in ["read\r\n", "waiting for its reader\r\n", "dropped\r\n"] {
        client.send_bytes(line.as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.command(".").await.expect(451);
    let outcome = outcomes.recv().await.unwrap();
    assert!(matches!(outcome, Err(BodyError::Gone)), "{outcome:?}");
}
