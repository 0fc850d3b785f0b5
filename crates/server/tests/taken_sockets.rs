//! Listening sockets that are taken from one server and given to the next.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::support::talk::Talk;
use crate::support::{accepting, build};
use mailchute::listen::{Endpoint, ListeningSocket};
use mailchute::{Listener, Serving};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

fn run(serving: Serving) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        serving.with_graceful_shutdown(stopped, Duration::from_secs(5)).await.expect("it ends well");
    });
    (stop, task)
}

fn inherited<S>(socket: S) -> Listener
where
    ListeningSocket: TryFrom<S, Error = std::io::Error>,
{
    Listener::inherited(ListeningSocket::try_from(socket).unwrap())
}

fn bound() -> (SocketAddr, TcpListener) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    (socket.local_addr().expect("it is bound"), socket)
}

#[tokio::test]
async fn the_next_server_serves_clients_queued_on_a_taken_socket() {
    let (address, socket) = bound();
    let mut early = Talk::new(TcpStream::connect(address).await.unwrap());
    let serving = build(accepting()).listen(inherited(socket)).await.unwrap();
    assert_eq!(serving.addrs(), [address]);
    let _running = run(serving);
    assert!(early.read_reply().await.starts_with("220 "));
}

#[tokio::test]
async fn the_socket_goes_from_server_to_server_and_nobody_is_refused() {
    let (address, socket) = bound();
    let first = build(accepting()).listen(inherited(socket)).await.unwrap();
    let passed = first.sockets().unwrap().pop().unwrap();
    let (stop, ended) = run(first);
    let mut idle = Talk::new(TcpStream::connect(address).await.unwrap());
    assert!(idle.read_reply().await.starts_with("220 "));
    stop.send(()).unwrap();
    assert!(idle.read_reply().await.starts_with("421 4.3.2 "));
    ended.await.unwrap();
    let mut between = Talk::new(TcpStream::connect(address).await.unwrap());
    let _second = run(build(accepting()).listen(Listener::inherited(passed).lmtp()).await.unwrap());
    assert!(between.read_reply().await.starts_with("220 "));
    between.ask("EHLO client.example", "500 ").await;
}

#[tokio::test]
async fn the_last_server_removes_the_file_of_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    let first = build(accepting()).listen(Listener::unix(path.as_path()).lmtp()).await.unwrap();
    let passed = first.sockets().unwrap().pop().unwrap();
    let next =
        ListeningSocket::try_from(UnixListener::from(passed.as_fd().try_clone_to_owned().unwrap())).unwrap();
    assert_eq!(next.endpoint(), &Endpoint::Unix(path.clone()));
    let next = next.with_file().unwrap();
    let (stop, ended) = run(first);
    passed.leave_file();
    drop(passed);
    stop.send(()).unwrap();
    ended.await.unwrap();
    assert!(path.exists(), "it was left to the next server");
    let (stop, ended) = run(build(accepting()).listen(Listener::inherited(next).lmtp()).await.unwrap());
    let mut client = Talk::new(UnixStream::connect(&path).await.unwrap());
    assert!(client.read_reply().await.starts_with("220 "));
    stop.send(()).unwrap();
    ended.await.unwrap();
    assert!(!path.exists(), "the last one has removed it");
}

#[tokio::test]
async fn the_file_of_a_socket_that_was_passed_in_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("smtp");
    let socket = UnixListener::bind(&path).unwrap();
    let (stop, ended) = run(build(accepting()).listen(inherited(socket)).await.unwrap());
    stop.send(()).unwrap();
    ended.await.unwrap();
    assert!(path.exists());
}

#[test]
fn a_socket_that_does_not_listen_is_refused() {
    let (address, _listening) = bound();
    let connected = std::net::TcpStream::connect(address).unwrap();
    let error = ListeningSocket::try_from(TcpListener::from(OwnedFd::from(connected))).unwrap_err();
    assert_eq!(error.to_string(), "the socket does not listen");
}

#[tokio::test]
async fn a_server_without_a_certificate_takes_no_socket_for_tls() {
    let (_, socket) = bound();
    let error = build(accepting()).listen(inherited(socket).implicit_tls()).await.unwrap_err();
    assert!(error.to_string().contains("needs a certificate"), "{error}");
}

#[tokio::test]
async fn a_running_server_hands_over_once_the_next_is_ready() {
    const GRACE: Duration = Duration::from_secs(3_600);
    let (address, socket) = bound();
    let serving = build(accepting()).listen(inherited(socket)).await.unwrap();
    let sockets = serving.sockets().unwrap();
    let first = serving.spawn(GRACE).unwrap();
    let mut busy = Talk::new(TcpStream::connect(address).await.unwrap());
    busy.hello().await;
    busy.ask("MAIL FROM:<>", "250").await;

    let passed = TcpListener::from(sockets[0].as_fd().try_clone_to_owned().unwrap());
    let next = build(accepting().hostname("next.example.com"));
    let second = next.listen(inherited(passed)).await.unwrap().spawn(GRACE).unwrap();
    second.ready().await;
    sockets.iter().for_each(ListeningSocket::leave_file);
    drop(sockets);
    first.stop();
    // New connections belong to the next server, once the first one has closed the socket.
    busy.ask("RCPT TO:<bob@example.com>", "250").await;
    busy.ask("DATA", "354").await;
    busy.ask(".", "250").await;
    assert!(busy.rest().await.starts_with("421 4.3.2 "));
    drop(busy);
    first.join().await.unwrap();
    let mut client = Talk::new(TcpStream::connect(address).await.unwrap());
    assert!(client.read_reply().await.starts_with("220 next.example.com "));
    drop(client);
    second.stop();
    second.join().await.unwrap();
}
