//! The driver between bytes and conversation: pipelining, cuts, half-closed and deaf clients.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::support::talk::{CLIENT, Talk, connect, listen, pipe};
use crate::support::{Seen, StoreBy as _, accepting, build, builder, read_all, tls};
use mailchute::listen::Io;
use mailchute::{Disconnect, Server, Verdict};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Instant, sleep, timeout};

/// A session as one byte string, with refused commands, and a message whose cuts matter.
const SESSION: &[u8] = b"EHLO client.example\r\nRCPT TO:<early@example.com>\r\nMAIL FROM:<alice@client.example>\r\n\
    RCPT TO:<bob@example.com>\r\nRCPT TO:<bad address>\r\nNOOP\r\nDATA\r\n\
    Subject: dots\r\n\r\n..\r\n...three\r\n.. \r\nlast.\r\n.\r\nfrobnicate\r\nVRFY bob\r\n\
    MAIL FROM:<>\r\nRCPT TO:<carol@example.com>\r\nDATA\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nHELP\r\nQUIT\r\nNOOP\r\n";

/// The content of its two messages.
const CONTENTS: [&[u8]; 2] = [b"Subject: dots\r\n\r\n.\r\n..three\r\n. \r\nlast.\r\n", b""];

/// A server that stores what it accepts.
fn keeping() -> (Server, Seen<Vec<u8>>) {
    let seen = Seen::<Vec<u8>>::default();
    let note = seen.clone();
    let server = build(builder().store_by(move |mut message, _session| {
        let note = note.clone();
        async move {
            note.push(message.bytes().await?.to_vec());
            Ok(())
        }
    }));
    (server, seen)
}

/// All replies to `pieces`, each sent when the server had time for the previous one, and the messages.
async fn replies(pieces: &[&[u8]]) -> (String, Vec<Vec<u8>>) {
    let (server, seen) = keeping();
    let (mut client, session) = pipe(&server, 65_536);
    assert!(client.read_reply().await.starts_with("220 "));
    for piece in pieces {
        client.write(piece).await;
        tokio::task::yield_now().await;
    }
    let replies = client.rest().await;
    session.await.expect("the session does not panic");
    (replies, seen.all())
}

/// Passes everything on, and counts the writes.
struct Counting {
    io: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[tokio::test(start_paused = true)]
async fn pipelined_replies_travel_together() {
    let (ours, theirs) = tokio::io::duplex(65_536);
    let writes = Arc::new(AtomicUsize::new(0));
    let io = Counting { io: theirs, writes: Arc::clone(&writes) };
    // Hooks that answer at once do not split replies.
    let server = build(accepting().on_rcpt_to(|_, _| async { Verdict::Accept }));
    tokio::spawn(async move { server.serve_connection(io, CLIENT).await });
    let mut client = Talk::new(ours);
    client.hello().await;
    let before = writes.load(Ordering::Relaxed);
    client.write(b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nNOOP\r\nDATA\r\n").await;
    for code in ["250", "250", "250", "250", "354"] {
        assert!(client.read_reply().await.starts_with(code));
    }
    assert_eq!(writes.load(Ordering::Relaxed) - before, 1);
    client.write(b"Hello\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n").await;
    assert_eq!(client.rest().await.lines().count(), 4);
    assert_eq!(writes.load(Ordering::Relaxed) - before, 2);
}

#[tokio::test(start_paused = true)]
async fn replies_do_not_wait_for_a_later_slow_hook() {
    let server = build(accepting().on_rcpt_to(|_, _| tokio::time::sleep(Duration::from_secs(100))));
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    let since = Instant::now();
    client.write(b"NOOP\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n").await;
    assert!(client.read_reply().await.starts_with("250 2.0.0"));
    assert!(client.read_reply().await.starts_with("250 2.1.0"));
    assert_eq!(since.elapsed().as_secs(), 0);
    assert!(client.read_reply().await.starts_with("250 2.1.5"));
    assert_eq!(since.elapsed().as_secs(), 100);
}

#[tokio::test(start_paused = true)]
async fn each_byte_in_its_own_segment_gives_the_same_replies() {
    let (whole, contents) = replies(&[SESSION]).await;
    assert_eq!(contents, CONTENTS);
    assert!(whole.ends_with("221 2.0.0 Closing connection\r\n"), "what follows QUIT is not run: {whole}");
    let bytes: Vec<&[u8]> = SESSION.chunks(1).collect();
    assert_eq!(replies(&bytes).await, (whole, contents));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_cut_of_what_the_client_sends_gives_the_same_replies(
        cuts in proptest::collection::btree_set(1..SESSION.len(), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime can be had").block_on(async {
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([SESSION.len()]) {
                pieces.push(&SESSION[from..cut]);
                from = cut;
            }
            let (whole, contents) = replies(&[SESSION]).await;
            prop_assert_eq!(replies(&pieces).await, (whole, contents));
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_half_closed_client_still_gets_every_reply() {
    for is_slow in [false, true] {
        let (kept, causes) = (Seen::<Vec<u8>>::default(), Seen::<Disconnect>::default());
        let (note, cause_note) = (kept.clone(), causes.clone());
        let server = build(
            builder()
                .on_rcpt_to(move |_, _| async move {
                    if is_slow {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                })
                .store_by(move |mut message, _| {
                    let note = note.clone();
                    async move {
                        note.push(message.bytes().await?.to_vec());
                        if is_slow {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                        Ok(())
                    }
                })
                .on_disconnect(move |cause, _| cause_note.note(cause)),
        );
        let mut client = connect(listen(&server).await).await;
        client.read_reply().await;
        client.write(SESSION).await;
        client.finish().await;
        let heard = client.rest().await;
        assert!(heard.ends_with("221 2.0.0 Closing connection\r\n"), "{heard}");
        assert_eq!(heard.matches("250 2.6.0 ").count(), 2);
        assert_eq!(kept.all(), CONTENTS);
        assert_eq!(causes.until(1).await, [Disconnect::Quit]);
    }
}

#[tokio::test]
async fn a_half_close_right_after_a_message_does_not_lose_it() {
    let (server, kept) = keeping();
    let mut client = connect(listen(&server).await).await;
    client.read_reply().await;
    client.write(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nHello\r\n.\r\n").await;
    client.finish().await;
    let heard = client.rest().await;
    assert!(heard.ends_with("250 2.6.0 Message accepted\r\n"), "{heard}");
    assert_eq!(kept.all(), [b"Hello\r\n"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_times_out_and_little_is_read() {
    const PIPE: usize = 4_096;
    /// The replies up to 16 KiB that wait, and one read, beside the pipe itself.
    const HELD: usize = 2 * 16 * 1024 + PIPE;
    for lines in ["HELP\r\n", "EHLO x\r\n", "NOOP\r\n", "FROBNICATE\r\n"] {
        let causes = Seen::<Disconnect>::default();
        let note = causes.clone();
        let server = build(accepting().max_errors(0).on_disconnect(move |cause, _| note.note(cause)));
        let (mut client, session) = pipe(&server, PIPE);
        let since = Instant::now();
        let mut accepted = 0;
        client.read_reply().await;
        let flood = lines.repeat(100);
        while timeout(Duration::from_secs(60), client.write(&flood)).await.is_ok() {
            accepted += flood.len();
            assert!(accepted < 4 * HELD, "the flood of {lines:?} is not held up");
        }
        assert!(accepted <= HELD, "{accepted} bytes of {lines:?} were taken");
        timeout(Duration::from_secs(600), session).await.expect("the session ends").unwrap();
        assert_eq!(causes.all(), [Disconnect::Timeout], "{lines:?}");
        assert!(since.elapsed() >= Duration::from_secs(300));
    }
}

/// A connection that takes few bytes, in the clear and inside TLS; greeted, and after EHLO.
async fn narrow(server: &Server, in_tls: bool) -> Talk<Box<dyn Io>> {
    let (mut talk, _) = pipe(server, 64);
    if !in_tls {
        talk.hello().await;
        return Talk::new(Box::new(talk.into_inner()));
    }
    let mut talk = tls::start_tls(talk).await;
    talk.ask("EHLO client.example", "250").await;
    Talk::new(Box::new(talk.into_inner()))
}

#[tokio::test(start_paused = true)]
async fn replies_go_out_while_a_hook_is_awaited_and_while_a_chunk_is() {
    let slow = || sleep(Duration::from_secs(100));
    for in_tls in [false, true] {
        let server = build(accepting().tls(tls::config()).on_mail_from(move |_, _| slow()));
        let mut client = narrow(&server, in_tls).await;
        let since = Instant::now();
        client.write("EHLO client.example\r\nMAIL FROM:<>\r\n").await;
        assert!(client.read_reply().await.ends_with("250 HELP\r\n"));
        assert_eq!(since.elapsed().as_secs(), 0, "in TLS: {in_tls}");
        assert!(client.read_reply().await.starts_with("250 2.1.0"));
        assert_eq!(since.elapsed().as_secs(), 100, "in TLS: {in_tls}");

        let server = build(builder().tls(tls::config()).store_by(move |message, _session| async move {
            slow().await;
            read_all(message).await
        }));
        let mut client = narrow(&server, in_tls).await;
        let since = Instant::now();
        client
            .write("EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nBDAT 5 LAST\r\n")
            .await;
        // It reads when the hook does.
        sleep(Duration::from_secs(110)).await;
        for reply in ["250-", "250 2.1.0", "250 2.1.5"] {
            assert!(client.read_reply().await.starts_with(reply), "in TLS: {in_tls}");
        }
        assert_eq!(since.elapsed().as_secs(), 110, "in TLS: {in_tls}");
        client.write("Hello").await;
        assert!(client.read_reply().await.starts_with("250 2.6.0"), "in TLS: {in_tls}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_over_any_transport_returns_when_it_is_over() {
    let (server, kept) = keeping();
    // A transport that takes a few bytes at a time.
    let (mut client, session) = pipe(&server, 3);
    let sending = async {
        client.hello().await;
        client.ask("MAIL FROM:<>", "250").await;
        client.ask("RCPT TO:<a@b.example>", "250").await;
        client.ask("DATA", "354").await;
        client.ask("Hello\r\n.", "250").await;
        client.ask("QUIT", "221").await;
    };
    let (_, ended) = tokio::join!(sending, session);
    ended.unwrap();
    assert_eq!(kept.all(), [b"Hello\r\n"]);
}

#[tokio::test(start_paused = true)]
async fn a_browser_is_told_and_hung_up_on() {
    for request in ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /?MAIL HTTP/1.1\r\n\r\nMAIL FROM:<>\r\n"] {
        let (server, _) = keeping();
        let (mut client, _session) = pipe(&server, 65_536);
        client.read_reply().await;
        client.write(request).await;
        assert_eq!(client.rest().await, "221 2.7.0 This is an SMTP server, not a web server\r\n");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_keeps_only_what_was_answered() {
    for cut in 0..SESSION.len() {
        let (server, kept) = keeping();
        let (mut client, session) = pipe(&server, 65_536);
        client.read_reply().await;
        client.write(&SESSION[..cut]).await;
        client.finish().await;
        let heard = client.rest().await;
        session.await.unwrap();
        assert_eq!(kept.count(), heard.matches("250 2.6.0 ").count(), "cut behind {cut} bytes");
        assert!(kept.all().iter().zip(CONTENTS).all(|(kept, sent)| kept == sent), "cut behind {cut} bytes");
    }
}
