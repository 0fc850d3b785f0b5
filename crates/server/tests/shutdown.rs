//! The end of a server: which sessions finish, which are told to go, and when it returns.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::support::talk::{Talk, connect, moved_pipe, pipe};
use crate::support::{MESSAGE, Seen, StoreBy as _, accepting, build, builder, tls};
use mailchute::{Builder, Disconnect, Refusal, Server};
use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A server on a socket that stops on command.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
    causes: Seen<Disconnect>,
}

async fn run(builder: Builder, grace: Duration) -> Running {
    let causes = Seen::<Disconnect>::default();
    let note = causes.clone();
    let server: Server = build(builder.on_disconnect(move |cause, _session| note.note(cause)));
    let (stop, stopped) = oneshot::channel();
    let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
    let address = serving.addrs()[0];
    let serving = tokio::spawn(serving.with_graceful_shutdown(stopped, grace));
    Running { address, stop, serving, causes }
}

const LONG: Duration = Duration::from_secs(3_600);
const STOPPING: &str = "421 4.3.2 Service shutting down\r\n";

#[tokio::test]
async fn a_session_that_goes_on_in_another_task_is_stopped_there() {
    let server = build(accepting());
    let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
    let (stop, stopped) = oneshot::channel::<()>();
    let (mut client, session) = moved_pipe(server).await;
    let serving = tokio::spawn(serving.with_graceful_shutdown(stopped, LONG));
    stop.send(()).expect("the server runs");
    assert_eq!(client.read_reply().await, STOPPING);
    session.await.expect("the session does not panic");
    serving.await.expect("the server does not panic").expect("it stops");
}

#[tokio::test]
async fn a_shutdown_ends_all_listeners_and_new_sessions() {
    let server = build(accepting());
    let other = server.listen("127.0.0.1:0").await.expect("a port is free");
    let elsewhere = other.addrs()[0];
    let other = tokio::spawn(other.into_future());
    let mut there = connect(elsewhere).await;
    there.hello().await;
    let (mut in_memory, _) = pipe(&server, 65_536);
    in_memory.hello().await;

    let listening_nowhere = server.serving().with_graceful_shutdown(std::future::ready(()), LONG);
    let serving = tokio::spawn(listening_nowhere);
    assert_eq!(there.rest().await, STOPPING);
    assert_eq!(in_memory.rest().await, STOPPING);
    drop((there, in_memory));
    serving.await.expect("the server does not panic").expect("it stops");

    // The other one accepts no more connections.
    other.await.expect("the server does not panic").expect("it stops");
    assert!(TcpStream::connect(elsewhere).await.is_err());
    let (mut late, _) = pipe(&server, 65_536);
    assert!(late.read_reply().await.starts_with("220 "));
    assert_eq!(late.rest().await, STOPPING);
}

#[tokio::test]
async fn a_server_without_sessions_stops_at_once_and_takes_no_more() {
    let running = run(accepting(), LONG).await;
    let mut client = connect(running.address).await;
    client.hello().await;
    client.ask("QUIT", "221").await;
    assert_eq!(client.rest().await, "");
    running.stop.send(()).unwrap();
    running.serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
    assert_eq!(running.causes.all(), [Disconnect::Quit]);
}

#[tokio::test]
async fn idle_sessions_are_told_at_once() {
    let running = run(accepting(), LONG).await;
    let mut greeted = connect(running.address).await;
    greeted.read_reply().await;
    let mut ready = connect(running.address).await;
    ready.hello().await;
    let mut between = connect(running.address).await;
    between.hello().await;
    between.ask("MAIL FROM:<>", "250").await;
    between.ask("RSET", "250").await;
    running.stop.send(()).unwrap();
    for client in [&mut greeted, &mut ready, &mut between] {
        assert_eq!(client.rest().await, STOPPING);
    }
    drop((greeted, ready, between));
    running.serving.await.unwrap().unwrap();
    assert_eq!(running.causes.all(), [Disconnect::Shutdown; 3]);
}

#[tokio::test]
async fn a_shutdown_finishes_the_transaction_under_way() {
    let running = run(accepting(), LONG).await;
    let mut idle = connect(running.address).await;
    idle.hello().await;
    let mut early = connect(running.address).await;
    early.hello().await;
    early.ask("MAIL FROM:<>", "250").await;
    let mut late = connect(running.address).await;
    late.hello().await;
    late.ask("MAIL FROM:<>", "250").await;
    late.ask("RCPT TO:<bob@example.com>", "250").await;
    late.ask("DATA", "354").await;
    running.stop.send(()).unwrap();
    // Once the idle client gets its reply, the server has noticed.
    assert_eq!(idle.rest().await, STOPPING);
    drop(idle);
    early.ask("RCPT TO:<bob@example.com>", "250").await;
    early.ask("DATA", "354").await;
    for client in [&mut early, &mut late] {
        client.ask(MESSAGE, "250 2.6.0").await;
        assert_eq!(client.rest().await, STOPPING);
    }
    assert!(!running.serving.is_finished());
    drop((early, late));
    running.serving.await.unwrap().unwrap();
    assert_eq!(running.causes.all(), [Disconnect::Shutdown; 3]);
}

#[tokio::test]
async fn a_client_may_still_quit_while_the_server_waits_for_it() {
    let running = run(accepting(), LONG).await;
    let mut client = connect(running.address).await;
    client.hello().await;
    client.ask("MAIL FROM:<>", "250").await;
    let mut idle = connect(running.address).await;
    idle.hello().await;
    running.stop.send(()).unwrap();
    assert_eq!(idle.rest().await, STOPPING);
    drop(idle);
    client.ask("QUIT", "221").await;
    drop(client);
    running.serving.await.unwrap().unwrap();
    assert_eq!(running.causes.all(), [Disconnect::Shutdown, Disconnect::Quit]);
}

/// The reply to a client in this state when the grace is over.
async fn cut_off(builder: Builder, walk: &[&str]) -> String {
    let running = run(builder, Duration::from_millis(20)).await;
    let mut client = connect(running.address).await;
    let (last, before) = walk.split_last().expect("there is a last line");
    client.hello().await;
    for line in before {
        client.say(line).await;
    }
    client.write(format!("{last}\r\n")).await;
    // The hook or the phase is reached once the server has read the last line; its reply shows that, if there is one.
    let heard =
        if matches!(*last, "DATA" | "MAIL FROM:<>") { client.read_reply().await } else { String::new() };
    drop(heard);
    running.stop.send(()).expect("the server runs");
    let rest = client.rest().await;
    drop(client);
    running.serving.await.expect("it does not panic").expect("it ends well");
    assert_eq!(running.causes.all(), [Disconnect::Shutdown], "{walk:?}");
    rest
}

#[tokio::test]
async fn who_is_not_done_when_the_grace_is_over_is_cut_off_with_421() {
    assert_eq!(cut_off(accepting(), &["MAIL FROM:<>"]).await, STOPPING);
    let in_data = ["MAIL FROM:<>", "RCPT TO:<bob@example.com>", "DATA"];
    assert_eq!(cut_off(accepting(), &in_data).await, STOPPING);
}

#[tokio::test]
async fn the_end_of_grace_drops_a_pending_hook_and_tells_the_client() {
    let walk = ["MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>"];
    let builder = accepting().on_rcpt_to(|_, _| std::future::pending::<()>());
    let rest = cut_off(builder, &walk).await;
    assert!(rest.ends_with(STOPPING), "{rest:?}");
}

#[tokio::test]
async fn the_end_of_grace_drops_a_pending_secure_hook() {
    let asked = Seen::<&str>::default();
    let note = asked.clone();
    let builder = accepting().tls(tls::config()).on_secure(move |_, _| {
        drop(note.note("secure"));
        std::future::pending::<()>()
    });
    let running = run(builder, Duration::from_millis(20)).await;
    let mut client = connect(running.address).await;
    client.hello().await;
    client.ask("STARTTLS", "220").await;
    let mut client = tls::secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    // Until then the server may still be in a handshake, which a stop would cut off.
    asked.until(1).await;
    running.stop.send(()).unwrap();
    assert_eq!(client.rest().await, STOPPING);
    drop(client);
    running.serving.await.unwrap().unwrap();
    assert_eq!(running.causes.all(), [Disconnect::Shutdown]);
}

/// Sessions of a server that stops during their handshakes.
async fn stopped_in_handshake() -> (Talk<DuplexStream>, JoinHandle<io::Result<()>>) {
    let server = build(accepting().tls(tls::config()));
    let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serving.with_graceful_shutdown(stopped, LONG));
    let (mut shaking, _) = pipe(&server, 65_536);
    shaking.hello().await;
    shaking.ask("STARTTLS", "220").await;
    let (mut idle, _) = pipe(&server, 65_536);
    idle.hello().await;
    stop.send(()).expect("it serves");
    assert_eq!(idle.rest().await, STOPPING);
    (shaking, serving)
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_finishes_a_handshake_to_tell_the_client() {
    let (client, serving) = stopped_in_handshake().await;
    let mut client = tls::secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    assert_eq!(client.rest().await, STOPPING);
    drop(client);
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_not_done_in_a_second_is_not_waited_for() {
    let (mut client, serving) = stopped_in_handshake().await;
    let began = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
    drop(client);
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_of_grace_drops_a_pending_store_and_sends_no_250() {
    let dropped = Seen::default();
    let note = dropped.clone();
    let builder = builder().store_by(move |message, _session| {
        let note = crate::support::DropNote(note.clone(), "dropped");
        async move {
            crate::support::read_all(message).await?;
            std::future::pending::<()>().await;
            drop(note);
            Ok::<_, Refusal>(())
        }
    });
    let walk = ["MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>", "DATA", MESSAGE];
    let rest = cut_off(builder, &walk).await;
    assert!(!rest.contains("250 ") && rest.ends_with(STOPPING), "{rest:?}");
    assert_eq!(dropped.all(), ["dropped"]);
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_block_a_shutdown() {
    let running = run(accepting().max_junk_commands(0), Duration::from_millis(20)).await;
    let mut client = connect(running.address).await;
    client.hello().await;
    let flood = "HELP\r\n".repeat(10_000);
    while tokio::time::timeout(Duration::from_millis(500), client.write(&flood)).await.is_ok() {}
    running.stop.send(()).unwrap();
    running.serving.await.unwrap().unwrap();
    assert_eq!(running.causes.all(), [Disconnect::Shutdown]);
}
