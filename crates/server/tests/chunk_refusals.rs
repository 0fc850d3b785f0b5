//! Refusals that become known while a message comes in chunks (RFC 3030): they answer the current chunk.

use std::io;
use std::time::Duration;

use crate::support::{Seen, StoreBy as _, build, builder, hello, read_all};
use mailchute::testing::{self, Client};
use mailchute::{Message, Receipt, Refusal, Reply, Server, Session, Store, Verdict};
use tokio::time::sleep;

async fn in_transaction(server: &Server) -> Client {
    let mut client = hello(server).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client
}

async fn lmtp_in_transaction(server: &Server, recipients: &[&str]) -> Client {
    let mut client = testing::connect(server).lmtp().open();
    client.greeting().await.expect(220);
    client.command("LHLO client.example").await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in recipients {
        client.command(&format!("RCPT TO:<{recipient}@example.com>")).await.expect(250);
    }
    client
}

/// Sends everything at once, and expects these replies.
async fn expect(client: &mut Client, bytes: &[u8], replies: &[&str]) {
    client.send_bytes(bytes).await;
    for reply in replies {
        assert_eq!(client.greeting().await.lines(), [*reply]);
    }
}

/// Reads up to the word `spam`, and refuses the message.
async fn without_spam(mut message: Message) -> Result<(), Refusal> {
    let mut content = Vec::new();
    while let Some(chunk) = message.chunk().await? {
        content.extend_from_slice(&chunk);
        if content.windows(4).any(|word| word == b"spam") {
            return Err(Refusal::new(554, (5, 7, 1), "Spam"));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_chunk_is_answered_with_the_refusal_that_it_brings() {
    let server = build(builder().store_by(|message, _session| without_spam(message)));
    let mut client = in_transaction(&server).await;
    expect(&mut client, b"BDAT 4\r\n\r\nsp", &["250 2.0.0 4 octets received"]).await;
    expect(&mut client, b"BDAT 2\r\nam", &["554 5.7.1 Spam"]).await;
    expect(&mut client, b"BDAT 6\r\nQUIT\r\n", &["503 5.5.1 Send MAIL first"]).await;
    expect(&mut client, b"BDAT 6 LAST\r\nQUIT\r\n", &["503 5.5.1 Send MAIL first"]).await;
    assert_eq!(client.command("DATA").await.lines(), ["503 5.5.1 Send MAIL first"]);

    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    expect(&mut client, b"BDAT 4\r\n\r\nha", &["250 2.0.0 4 octets received"]).await;
    expect(&mut client, b"BDAT 3 LAST\r\nm\r\n", &["250 2.6.0 Message accepted"]).await;
}

#[tokio::test(start_paused = true)]
async fn pipelined_chunks_stay_in_step_however_they_are_cut() {
    let server = build(builder().max_connections_per_client(0).store_by(|m, _session| without_spam(m)));
    let chunks = b"BDAT 4\r\n\r\nspBDAT 2\r\namBDAT 6\r\nQUIT\r\nBDAT 0\r\nBDAT 6 LAST\r\nRSET\r\nNOOP\r\n";
    let replies = [
        "250 2.0.0 4 octets received",
        "554 5.7.1 Spam",
        "503 5.5.1 Send MAIL first",
        "503 5.5.1 Send MAIL first",
        "503 5.5.1 Send MAIL first",
        "250 2.0.0 OK",
    ];
    for cut in 0..chunks.len() {
        let mut client = in_transaction(&server).await;
        client.send_bytes(&chunks[..cut]).await;
        tokio::task::yield_now().await;
        expect(&mut client, &chunks[cut..], &replies).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_chunk_is_taken_in_to_its_end_and_refused_once() {
    let server = build(builder().store_by(|message, _session| without_spam(message)));
    let mut client = in_transaction(&server).await;
    let chunk = [&b"BDAT 1000000\r\nspam"[..], &b"QUIT\r\n".repeat(166_666)].concat();
    assert_eq!(chunk.len(), 1_000_014);
    expect(&mut client, &chunk, &["554 5.7.1 Spam"]).await;
    expect(&mut client, b"NOOP\r\n", &["250 2.0.0 OK"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_between_two_chunks_is_told_at_the_second() {
    let server = build(builder().store_by(|mut message, _session| async move {
        message.chunk().await?;
        sleep(Duration::from_secs(10)).await;
        Err::<(), _>(Refusal::new(554, (5, 7, 1), "Listed"))
    }));
    let mut client = in_transaction(&server).await;
    expect(&mut client, b"BDAT 4\r\nfrom", &["250 2.0.0 4 octets received"]).await;
    sleep(Duration::from_secs(20)).await;
    expect(&mut client, b"BDAT 0\r\nNOOP\r\n", &["554 5.7.1 Listed", "250 2.0.0 OK"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_says_yes_waits_for_the_last_chunk() {
    let server = build(builder().store_by(|mut message, _session| async move {
        message.chunk().await?;
        Ok(Verdict::AcceptWith(Reply::new(250, (2, 6, 0), "Enough")))
    }));
    let mut client = in_transaction(&server).await;
    expect(&mut client, b"BDAT 4\r\nfrom", &["250 2.0.0 4 octets received"]).await;
    expect(&mut client, b"BDAT 2\r\nto", &["250 2.0.0 2 octets received"]).await;
    expect(&mut client, b"BDAT 0 LAST\r\n", &["250 2.6.0 Enough"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_or_hangs_is_told_at_a_chunk() {
    let server = build(builder().store_by(|mut message, _session| async move {
        message.chunk().await?;
        panic!("at the first chunk");
        #[allow(unreachable_code, reason = "it gives the block its type")]
        Ok::<(), Refusal>(())
    }));
    let mut client = in_transaction(&server).await;
    let failed = "451 4.3.0 Internal error; try again later";
    expect(&mut client, b"BDAT 1\r\nxNOOP\r\n", &[failed, "250 2.0.0 OK"]).await;

    let server = build(builder().store_by(|mut message, _session| async move {
        message.chunk().await?;
        std::future::pending::<Result<(), Refusal>>().await
    }));
    let mut client = in_transaction(&server).await;
    let taken = "250 2.0.0 1 octets received";
    expect(&mut client, b"BDAT 1\r\nxBDAT 1\r\nyBDAT 1\r\nzNOOP\r\n", &[taken, taken, failed]).await;
}

/// Has no room for a second piece of a message.
struct Full;

impl Store for Full {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.chunk().await?;
        if message.chunk().await?.is_some() {
            return Err(Refusal::internal(io::Error::from(io::ErrorKind::StorageFull)));
        }
        Ok(Receipt::new("Kept"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_full_says_so_at_the_chunk() {
    let server = build(builder().store(Full));
    let mut client = in_transaction(&server).await;
    let full = "452 4.3.1 Insufficient system storage; try again later";
    let taken = "250 2.0.0 1 octets received";
    expect(&mut client, b"BDAT 1\r\nxBDAT 1\r\nyBDAT 0 LAST\r\n", &[taken, full]).await;
    assert_eq!(client.greeting().await.lines(), ["503 5.5.1 Send MAIL first"]);
}

#[tokio::test(start_paused = true)]
async fn no_reader_is_told_the_end_of_a_message_refused_at_a_chunk() {
    let seen = Seen::<bool>::default();
    let note = seen.clone();
    let server = build(builder().store_by(move |mut message, _session| {
        let note = note.clone();
        async move {
            message.chunk().await?;
            tokio::spawn(async move {
                while let Ok(Some(_)) = message.chunk().await {}
                note.push(message.chunk().await.is_ok());
            });
            Err::<(), _>(Refusal::new(554, (5, 7, 1), "Not here"))
        }
    }));
    let mut client = in_transaction(&server).await;
    expect(&mut client, b"BDAT 1\r\nxBDAT 1 LAST\r\ny", &["554 5.7.1 Not here"]).await;
    assert_eq!(seen.until(1).await, [false]);
}

#[tokio::test(start_paused = true)]
async fn lmtp_answers_only_a_last_refused_chunk_per_recipient() {
    let server = build(builder().store_by(|message, _session| without_spam(message)));
    let mut client = lmtp_in_transaction(&server, &["bob", "carol", "bob"]).await;
    let none = "503 5.5.1 Send MAIL first";
    let replies = ["554 5.7.1 Spam", none, none, none, none, "250 2.0.0 OK"];
    expect(&mut client, b"BDAT 4\r\nspamBDAT 1\r\nxBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", &replies).await;
}

/// Refuses this many recipients by name after reading the first bytes, and reads on.
fn refusing_by_name(recipients: usize) -> Server {
    let refusing = builder().on_message(move |mut message, _session| async move {
        message.chunk().await?;
        for place in 0..recipients {
            message.refuse(place, Refusal::new(452, (4, 2, 2), format!("Mailbox {place} full")));
        }
        if recipients > 1 {
            return Ok::<_, Refusal>(message);
        }
        while message.chunk().await?.is_some() {}
        Ok(message)
    });
    build(refusing.store_by(|message, _session| read_all(message)))
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_refusals_by_name_of_all_are_one_reply_to_a_chunk() {
    let mut client = lmtp_in_transaction(&refusing_by_name(2), &["bob", "carol"]).await;
    let none = "503 5.5.1 Send MAIL first";
    expect(&mut client, b"BDAT 1\r\nxBDAT 0 LAST\r\n", &["452 4.2.2 Mailbox 0 full", none, none]).await;
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_a_refusal_by_name_of_some_waits_for_the_last_chunk() {
    let mut client = lmtp_in_transaction(&refusing_by_name(1), &["bob", "carol"]).await;
    let replies = ["250 2.0.0 1 octets received", "452 4.2.2 Mailbox 0 full", "250 2.6.0 Message accepted"];
    expect(&mut client, b"BDAT 1\r\nxBDAT 0 LAST\r\n", &replies).await;
}
