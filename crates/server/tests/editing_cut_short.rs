//! Filters that abandon a read or a write half-way, and then go on.

use std::time::Duration;

use mailchute::message::BodyError;
use mailchute::{Message, Refusal};
use tokio::io::AsyncReadExt as _;

use crate::support::{Seen, StoreBy as _, accepting, build, builder, hello, in_data};

#[tokio::test]
async fn a_new_body_with_a_write_that_was_dropped_is_not_kept() {
    let stored = Seen::<()>::default();
    let note = stored.clone();
    let server = builder().on_message(|mut message: Message, _session| async move {
        let mut body = message.new_body();
        body.write("head\r\n").await?;
        // This much goes to a file, which takes a while.
        let cut = tokio::time::timeout(Duration::ZERO, body.write(vec![b'x'; 3 << 20])).await;
        assert!(cut.is_err());
        assert!(matches!(body.write("tail\r\n").await, Err(BodyError::Gone)));
        message.replace_body(body).await?;
        Ok::<_, Refusal>(message)
    });
    let server = build(server.store_by(move |_message, _session| {
        note.push(());
        async { Ok(()) }
    }));
    let mut client = hello(&server).await;
    crate::support::envelope(&mut client).await;
    client.command("DATA").await.expect(451);
    assert_eq!(stored.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_header_is_read_after_a_read_that_was_given_up() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(accepting().on_message(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            let read = message.read_u8();
            assert!(tokio::time::timeout(Duration::from_secs(1), read).await.is_err());
            note.push(message.header().await?.get("Subject").unwrap_or_default());
            Ok::<_, Refusal>(message)
        }
    }));
    let mut client = in_data(&server).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.command("Subject: a\r\n\r\nb\r\n.").await.expect(250);
    assert_eq!(seen.all(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn the_original_is_read_after_a_read_that_was_given_up() {
    let seen = Seen::<Vec<u8>>::default();
    let note = seen.clone();
    let server = build(accepting().on_message(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            let read = message.read_u8();
            assert!(tokio::time::timeout(Duration::from_secs(1), read).await.is_err());
            let mut original = message.original().await?;
            note.push(original.bytes().await?.to_vec());
            note.push(message.bytes().await?.to_vec());
            Ok::<_, Refusal>(message)
        }
    }));
    let mut client = in_data(&server).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.command("Subject: a\r\n\r\nb\r\n.").await.expect(250);
    assert_eq!(seen.all(), [b"Subject: a\r\n\r\nb\r\n", b"Subject: a\r\n\r\nb\r\n"]);
}
