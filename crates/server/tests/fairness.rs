//! A client with much pending input does not keep others from their turn. The tests count turns and measure no time.

use std::future::{IntoFuture as _, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use crate::support::talk::{Talk, pipe};
use crate::support::{accepting, build};
use mailchute::Listener;
use tokio::io::DuplexStream;
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, yield_now};

/// Another task of the same thread, which counts its turns.
struct Other {
    turns: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Other {
    fn begin() -> Self {
        let turns = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&turns);
        let task = tokio::spawn(poll_fn(move |context| {
            counter.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        Self { turns, task }
    }

    fn end(self) -> usize {
        self.task.abort();
        self.turns.load(Ordering::Relaxed)
    }
}

/// The number of turns of others while the session answers pending input.
async fn turns_of_others(client: &mut Talk<DuplexStream>, bytes: &str, last: &str) -> usize {
    let other = Other::begin();
    client.write(bytes).await;
    while !client.read_reply().await.starts_with(last) {}
    other.end()
}

#[tokio::test]
async fn serves_others_while_one_client_pipelines_10_000_commands() {
    let server = build(accepting().max_errors(0).max_transactions(0));
    for (first, piece, number) in [
        ("", "NOOP\r\n", 10_000),
        ("", "RSET\r\n", 10_000),
        ("", "FROBNICATE\r\n", 5_000),
        ("MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\n", "BDAT 1\r\nx", 6_000),
        ("", "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nBDAT 1 LAST\r\nx", 1_000),
    ] {
        // Everything fits into the pipe, replies too, so no task waits for room.
        let (mut client, _session) = pipe(&server, 4_000_000);
        client.read_reply().await;
        client.say("EHLO client.example").await;
        let bytes = format!("{first}{}QUIT\r\n", piece.repeat(number));
        let turns = turns_of_others(&mut client, &bytes, "221 ").await;
        assert!(turns >= number / 64, "{turns} turns of others beside {number} of {piece:?}");
    }
}

#[tokio::test]
async fn serves_others_while_one_client_sends_a_long_message() {
    let server = build(accepting());
    let (mut client, _session) = pipe(&server, 16_000_000);
    client.read_reply().await;
    client.say("EHLO client.example").await;
    let line = format!("{}\r\n", "x".repeat(998));
    let message = format!(
        "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nBDAT 10000000 LAST\r\n{}QUIT\r\n",
        line.repeat(10_000)
    );
    let turns = turns_of_others(&mut client, &message, "221 ").await;
    assert!(turns >= 30, "{turns} turns of others beside ten million bytes");
}

/// The commands of greedy clients that are answered between a quiet client's command and its reply. The quiet client comes
/// over a Unix socket, where the kernel delivers within the write. On a busy host it delivers TCP later.
async fn commands_of_others_before_a_reply(greedy: usize) -> usize {
    let commands = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commands);
    let counting = accepting().max_connections_per_client(0).max_junk_commands(0).on_command(
        "XCOUNT",
        move |_argument, _session| {
            counter.fetch_add(1, Ordering::Relaxed);
            ready(())
        },
    );
    let server = build(counting);
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("smtp");
    let serving = server.listen(Listener::unix(&path)).await.expect("the path is free");
    tokio::spawn(serving.into_future());
    let mut quiet = Talk::new(UnixStream::connect(&path).await.expect("it listens"));
    quiet.hello().await;
    let mut others = Vec::new();
    for _ in 0..greedy {
        let (mut client, session) = pipe(&server, 4_000_000);
        client.hello().await;
        client.write("XCOUNT\r\n".repeat(20_000)).await;
        others.push((client, session));
    }
    // All have begun, and none is done when the quiet client is.
    while commands.load(Ordering::Relaxed) < greedy * 64 {
        yield_now().await;
    }
    let mut most = 0;
    for _ in 0..20 {
        let before = commands.load(Ordering::Relaxed);
        quiet.ask("NOOP", "250").await;
        most = most.max(commands.load(Ordering::Relaxed) - before);
    }
    assert!(commands.load(Ordering::Relaxed) < greedy * 20_000, "the greedy ones were done too early");
    most
}

#[tokio::test]
async fn a_command_waits_only_a_few_turns_among_many_greedy_clients() {
    for greedy in [1, 10, 100] {
        let commands = commands_of_others_before_a_reply(greedy).await;
        // The runtime has one thread and checks its sockets after 32 turns: once for the server, once for the client,
        // and the client's own turns come in between.
        assert!(commands <= 8 * 32, "{commands} commands of {greedy} clients");
    }
}

#[tokio::test]
async fn others_have_their_turn_while_a_flood_of_connections_is_taken() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let counting = accepting().max_connections_per_client(0).on_connect(move |_session| {
        counter.fetch_add(1, Ordering::Relaxed);
        ready(())
    });
    let serving = build(counting).listen("127.0.0.1:0").await.expect("a port is free");
    let address = serving.addrs()[0];
    // They wait in the kernel, because the server does not accept them yet.
    let flood: Vec<_> =
        (0..200).map(|_| std::net::TcpStream::connect(address).expect("it listens")).collect();
    tokio::spawn(serving.into_future());
    let other = Other::begin();
    while taken.load(Ordering::Relaxed) < flood.len() {
        yield_now().await;
    }
    let turns = other.end();
    assert!(turns >= 2 * flood.len(), "{turns} turns of others beside {} connections", flood.len());
}
