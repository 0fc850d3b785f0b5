//! A server in its own task: its addresses, and every way to stop it.

use std::time::Duration;

use crate::support::talk::{connect, pipe};
use crate::support::{MESSAGE, Seen, accepting, build};
use mailchute::{Disconnect, Listener, Refusal, Running, Server};
use tokio::net::TcpStream;
use tokio::time::Instant;

const LONG: Duration = Duration::from_secs(3_600);
const STOPPING: &str = "421 4.3.2 Service shutting down\r\n";

async fn spawn(server: &Server, grace: Duration) -> Running {
    let mx = server.listen(Listener::new("127.0.0.1:0").name("mx")).await.expect("a port is free");
    let both = mx.listen(Listener::new(([127, 0, 0, 1], 0)).name("other")).await.expect("a port is free");
    both.spawn(grace).expect("each policy has its listener")
}

#[tokio::test]
async fn finds_the_address_of_a_listener_by_its_name() {
    let running = spawn(&build(accepting()), LONG).await;
    let [mx, other] = running.addrs() else { panic!("there are two listeners") };
    assert_eq!((running.addr_of("mx"), running.addr_of("other")), (Some(*mx), Some(*other)));
    assert_eq!(running.addr_of("nobody"), None);
    running.ready().await;
    connect(*other).await.hello().await;
}

#[tokio::test]
async fn stops_when_told_and_ends_the_transaction_that_is_under_way() {
    let running = spawn(&build(accepting()), LONG).await;
    let address = running.addrs()[0];
    let mut idle = connect(address).await;
    idle.hello().await;
    let mut busy = connect(address).await;
    busy.hello().await;
    busy.ask("MAIL FROM:<>", "250").await;
    running.stop();
    assert_eq!(idle.rest().await, STOPPING);
    busy.ask("RCPT TO:<bob@example.com>", "250").await;
    busy.ask("DATA", "354").await;
    busy.ask(MESSAGE, "250 2.6.0").await;
    assert_eq!(busy.rest().await, STOPPING);
    drop((idle, busy));
    running.join().await.expect("it stops");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn stops_when_its_handle_is_dropped() {
    let server = build(accepting());
    let running = spawn(&server, LONG).await;
    let address = running.addrs()[0];
    let mut client = connect(address).await;
    client.hello().await;
    drop(running);
    assert_eq!(client.rest().await, STOPPING);
    drop(client);
    server.stopped().await;
}

#[tokio::test]
async fn stops_when_nobody_waits_for_it_any_more() {
    let server = build(accepting());
    let running = spawn(&server, LONG).await;
    let mut client = connect(running.addrs()[0]).await;
    client.hello().await;
    assert!(tokio::time::timeout(Duration::from_millis(1), running.join()).await.is_err());
    assert_eq!(client.rest().await, STOPPING);
}

#[tokio::test]
async fn a_shutdown_from_anywhere_ends_a_running_server() {
    let server = build(accepting());
    let running = spawn(&server, LONG).await;
    let address = running.addrs()[0];
    server.shutdown(LONG);
    running.join().await.expect("it stops");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_from_a_thread_without_a_runtime_counts() {
    let server = build(accepting());
    let (mut client, session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask("MAIL FROM:<>", "250").await;
    let other = server.clone();
    std::thread::spawn(move || other.shutdown(Duration::ZERO)).join().expect("it does not panic");
    assert_eq!(client.rest().await, STOPPING);
    session.await.expect("the session does not panic");
}

#[tokio::test(start_paused = true)]
async fn a_second_shutdown_shortens_the_grace_and_never_lengthens_it() {
    let causes = Seen::<Disconnect>::default();
    let note = causes.clone();
    let server = build(accepting().on_disconnect(move |cause, _session| note.note(cause)));
    let (mut busy, _session) = pipe(&server, 65_536);
    busy.hello().await;
    busy.ask("MAIL FROM:<>", "250").await;
    let began = Instant::now();
    server.shutdown(LONG);
    server.shutdown(Duration::from_secs(10));
    server.shutdown(Duration::from_secs(20));
    assert_eq!(busy.rest().await, STOPPING);
    assert_eq!(began.elapsed().as_secs(), 10);
    drop(busy);
    server.stopped().await;
    assert_eq!(causes.all(), [Disconnect::Shutdown]);
}

#[tokio::test(start_paused = true)]
async fn a_grace_that_is_nearly_over_is_shortened_to_nothing() {
    let server = build(accepting());
    let (mut busy, _session) = pipe(&server, 65_536);
    busy.hello().await;
    busy.ask("MAIL FROM:<>", "250").await;
    let began = Instant::now();
    server.shutdown(Duration::MAX);
    tokio::time::sleep(Duration::from_secs(5)).await;
    busy.ask("NOOP", "250").await;
    server.shutdown(Duration::ZERO);
    assert_eq!(busy.rest().await, STOPPING);
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_hook_may_shut_its_server_down() {
    let server = std::sync::Arc::new(std::sync::OnceLock::<Server>::new());
    let own = std::sync::Arc::clone(&server);
    let built = build(accepting().on_rcpt_to(move |_to, _session| {
        if let Some(server) = own.get() {
            server.shutdown(LONG);
        }
        async { Err::<(), _>(Refusal::new(550, (5, 1, 1), "Not here")) }
    }));
    server.set(built.clone()).expect("it is set once");
    let (mut client, session) = pipe(&built, 65_536);
    client.hello().await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "550 5.1.1 Not here").await;
    client.ask("RSET", "250").await;
    assert_eq!(client.rest().await, STOPPING);
    session.await.expect("the session does not panic");
    built.stopped().await;
}
