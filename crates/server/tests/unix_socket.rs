//! Unix sockets: which clients get in, the files at the path before and after, and how the log names the clients.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::Duration;

use crate::support::talk::Talk;
use crate::support::{Seen, StoreBy as _, accepting, build, builder, tls, traced};
use mailchute::listen::Endpoint;
use mailchute::{Check, Listener, Server};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A directory with a path for a socket in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("lmtp");
    (directory, path)
}

/// Serves LMTP at a path until it is told to stop.
async fn serve(server: &Server, socket: impl Into<Listener>) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let serving = server.listen(socket.into().lmtp()).await.expect("the path is free");
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        serving.with_graceful_shutdown(stopped, Duration::from_secs(5)).await.expect("it ends well");
    });
    (stop, task)
}

async fn connect(path: &Path) -> Talk<UnixStream> {
    Talk::new(UnixStream::connect(path).await.expect("the server listens"))
}

/// The result of listening at a path.
async fn refused(path: &Path) -> (ErrorKind, String) {
    let listening = build(accepting()).listen(Listener::unix(path)).await;
    let error = listening.expect_err("the path is not free");
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn lmtp_over_a_unix_socket_from_hello_to_goodbye() {
    let (_folder, path) = place();
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(builder().store_by(move |message, session| {
        let note = note.clone();
        async move {
            note.push(format!(
                "{} {} {}\n{}",
                session.is_over_unix_socket(),
                session.client_addr(),
                session.transmission_type(),
                traced(message).await?
            ));
            Ok(())
        }
    }));
    let (stop, task) = serve(&server, path.as_path()).await;
    let mut client = connect(&path).await;
    assert_eq!(client.read_reply().await, "220 mx.example.com LMTP Mailchute\r\n");
    client.ask("LHLO client.example", "250-mx.example.com\r\n").await;
    client.ask("MAIL FROM:<alice@client.example>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("RCPT TO:<carl@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(".", "250 2.6.0 ").await;
    assert!(client.read_reply().await.starts_with("250 2.6.0 "));
    client.ask("QUIT", "221").await;
    let told = seen.all().concat();
    assert!(told.starts_with("true 127.0.0.1:0 LMTP\nReturn-Path: <alice@client.example>\r\n"), "{told}");
    let received =
        "Received: from client.example (local socket)\r\n\tby mx.example.com (Mailchute) with LMTP id ";
    assert!(told.contains(received), "{told}");
    stop.send(()).expect("it still serves");
    task.await.expect("it ends well");
}

#[tokio::test]
async fn smtp_is_spoken_over_a_unix_socket_too() {
    let (_folder, path) = place();
    let serving = build(accepting()).listen(Listener::unix(path.as_path())).await.expect("it is free");
    assert_eq!(serving.endpoints().collect::<Vec<_>>(), [&Endpoint::Unix(path.clone())]);
    assert_eq!(serving.addrs(), []);
    tokio::spawn(serving.into_future());
    connect(&path).await.hello().await;
}

#[tokio::test]
async fn only_lmtp_over_a_unix_socket_needs_no_tls_and_no_auth() {
    let (directory, path) = place();
    let smtp = directory.path().join("smtp");
    let judged = accepting().on_auth(|_credentials, _session| async { Check::Right });
    let server = build(judged.tls(tls::config()).require_tls().require_auth());
    let serving = server.listen(Listener::unix(path.as_path()).lmtp()).await.expect("the path is free");
    let serving = serving.listen(Listener::unix(smtp.as_path())).await.expect("the path is free");
    let serving = serving.listen(Listener::new("127.0.0.1:0").lmtp()).await.expect("a port is free");
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());

    let mut postfix = connect(&path).await;
    postfix.read_reply().await;
    postfix.ask("LHLO client.example", "250-mx.example.com\r\n").await;
    postfix.ask("MAIL FROM:<alice@client.example>", "250").await;
    postfix.ask("RCPT TO:<bob@example.com>", "250").await;
    postfix.ask("DATA", "354").await;
    postfix.ask(".", "250 2.6.0 ").await;

    let mut client = connect(&smtp).await;
    client.hello().await;
    client.ask("MAIL FROM:<alice@client.example>", "530 5.7.0 Must issue a STARTTLS command first").await;
    let mut client = Talk::new(TcpStream::connect(address).await.expect("the server listens"));
    client.read_reply().await;
    client.ask("LHLO client.example", "250").await;
    client.ask("MAIL FROM:<alice@client.example>", "530 5.7.0 Must issue a STARTTLS command first").await;
}

#[tokio::test]
async fn the_file_has_its_mode_and_is_gone_when_the_server_stops() {
    let (_folder, path) = place();
    let server = build(accepting());
    let modes = [(Listener::unix(&path), 0o666), (Listener::unix(&path).mode(0o600), 0o600)];
    for (socket, mode) in modes {
        let (stop, task) = serve(&server, socket).await;
        let file = std::fs::metadata(&path).expect("the socket is there");
        assert_eq!(file.permissions().mode() & 0o7777, mode);
        stop.send(()).expect("it still serves");
        task.await.expect("it ends well");
        assert!(!path.exists(), "the file is still there");
    }
}

#[tokio::test]
async fn the_file_is_gone_when_nobody_ever_served() {
    let (_folder, path) = place();
    drop(build(accepting()).listen(Listener::unix(path.as_path())).await.expect("the path is free"));
    assert!(!path.exists());
}

#[tokio::test]
async fn what_a_dead_server_left_is_replaced() {
    let (_folder, path) = place();
    drop(std::os::unix::net::UnixListener::bind(&path).expect("the path is free"));
    assert!(path.exists(), "a socket that is only closed leaves its file");
    let (_stop, _task) = serve(&build(accepting()), path.as_path()).await;
    assert!(connect(&path).await.read_reply().await.starts_with("220 "));
}

#[test]
fn of_servers_that_start_at_once_one_gets_the_path_and_keeps_it() {
    const SERVERS: usize = 6;
    for _ in 0..50 {
        let (_folder, path) = place();
        drop(std::os::unix::net::UnixListener::bind(&path).expect("the path is free"));
        let at_once = Barrier::new(SERVERS);
        let outcomes: Vec<Result<(), ErrorKind>> = std::thread::scope(|scope| {
            let start = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("there are files left").block_on(async {
                    at_once.wait();
                    let listening = build(accepting()).listen(Listener::unix(path.as_path())).await;
                    let outcome = listening.as_ref().map(|_| ()).map_err(std::io::Error::kind);
                    // All have tried before the first one stops.
                    at_once.wait();
                    let reached = std::os::unix::net::UnixStream::connect(&path).map(|_| ());
                    at_once.wait();
                    reached.expect("whoever got the path listens at it");
                    outcome
                })
            };
            let servers: Vec<_> = (0..SERVERS).map(|_| scope.spawn(start)).collect();
            servers.into_iter().map(|server| server.join().expect("it ends well")).collect()
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(ErrorKind::AddrInUse))),
            "{outcomes:?}"
        );
        assert!(!path.exists());
    }
}

#[tokio::test(start_paused = true)]
async fn waits_a_limited_time_for_a_server_starting_in_the_directory() {
    let (directory, path) = place();
    let other = std::fs::File::open(directory.path()).expect("the directory is ours");
    let server = build(accepting());
    for (unlocked_after, waited) in [(1, 1), (60, 5)] {
        other.lock().expect("nobody else starts there");
        let began = tokio::time::Instant::now();
        let listen = async {
            let listening = server.listen(Listener::unix(path.as_path())).await;
            (listening.is_ok(), began.elapsed().as_secs())
        };
        let (listened, ()) = tokio::join!(listen, async {
            tokio::time::sleep(Duration::from_secs(unlocked_after)).await;
            other.unlock().expect("it was locked");
        });
        assert_eq!(listened, (true, waited));
    }
}

#[tokio::test]
async fn a_server_that_lives_is_not_replaced_and_goes_on() {
    let (_folder, path) = place();
    let (_stop, _task) = serve(&build(accepting()), path.as_path()).await;
    let (kind, text) = refused(&path).await;
    assert_eq!(kind, ErrorKind::AddrInUse);
    assert_eq!(
        text,
        format!("unix:{}: a server listens there already; stop it, or name another path", path.display())
    );
    assert!(connect(&path).await.read_reply().await.starts_with("220 "));
}

#[tokio::test]
async fn a_file_of_another_kind_is_not_touched() {
    let (directory, path) = place();
    let target = directory.path().join("target");
    let not_a_socket = format!(
        "unix:{}: there is a file that is not a socket; remove it, or name another path",
        path.display()
    );
    std::fs::write(&path, "mine").expect("the directory is ours");
    assert_eq!(refused(&path).await, (ErrorKind::AlreadyExists, not_a_socket.clone()));
    assert_eq!(std::fs::read(&path).expect("it is still there"), b"mine");
    std::fs::remove_file(&path).expect("the directory is ours");
    // A link to a dead socket is not followed either.
    drop(std::os::unix::net::UnixListener::bind(&target).expect("the path is free"));
    std::os::unix::fs::symlink(&target, &path).expect("the directory is ours");
    assert_eq!(refused(&path).await, (ErrorKind::AlreadyExists, not_a_socket));
}

#[tokio::test]
async fn names_a_missing_directory_and_a_long_path() {
    let (directory, path) = place();
    let missing = path.join("below");
    let (kind, text) = refused(&missing).await;
    assert_eq!(kind, ErrorKind::NotFound);
    assert!(text.starts_with(&format!("unix:{}: ", missing.display())), "{text}");
    let (kind, text) = refused(&directory.path().join("x".repeat(120))).await;
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("xxx: "), "{text}");
}

#[tokio::test]
async fn a_file_that_another_server_has_put_there_meanwhile_stays() {
    let (directory, path) = place();
    let (stop, task) = serve(&build(accepting()), path.as_path()).await;
    // A second file takes the name of the first, as after a restart by rename.
    let other = directory.path().join("other");
    let _second = std::os::unix::net::UnixListener::bind(&other).expect("the path is free");
    std::fs::rename(&other, &path).expect("the directory is ours");
    stop.send(()).expect("it still serves");
    task.await.expect("it ends well");
    assert!(path.exists());
}

#[tokio::test]
async fn unix_clients_count_in_total_but_have_no_limit_per_client() {
    let (_folder, path) = place();
    let server = build(accepting().max_connections(3).max_connections_per_client(1));
    let (_stop, _task) = serve(&server, path.as_path()).await;
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut client = connect(&path).await;
        assert!(client.read_reply().await.starts_with("220 "));
        inside.push(client);
    }
    let mut last = connect(&path).await;
    assert_eq!(last.rest().await, "421 4.3.2 Too many connections; try again later\r\n");
}
