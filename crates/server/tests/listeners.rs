//! A hook knows the listener of its client.

use std::net::SocketAddr;

use crate::support::talk::{Talk, connect};
use crate::support::{Seen, accepting, build, tls};
use mailchute::listen::Endpoint;
use mailchute::{Listener, Server, testing};
use tokio::net::UnixStream;

/// A server that records the listener of each connection.
fn watched() -> (Server, Seen<Option<Endpoint>>) {
    let seen = Seen::<Option<Endpoint>>::default();
    let note = seen.clone();
    let builder = accepting().tls(tls::config());
    (build(builder.on_connect(move |session| note.note(session.endpoint().cloned()))), seen)
}

#[tokio::test]
async fn each_session_knows_the_listener_that_took_it() {
    let (server, seen) = watched();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("lmtp");
    let any = "127.0.0.1:0";
    let serving = server.listen(any).await.expect("a port is free");
    let serving = serving.listen(any).await.expect("a port is free");
    let serving = serving.listen(Listener::unix(path.clone()).lmtp()).await.expect("nothing is there");
    let endpoints: Vec<Endpoint> = serving.endpoints().cloned().collect();
    tokio::spawn(serving.into_future());
    for endpoint in endpoints.iter().rev() {
        match endpoint {
            Endpoint::Tcp(address) => drop(connect(*address).await.read_reply().await),
            _ => {
                let stream = UnixStream::connect(&path).await.expect("it listens");
                assert!(Talk::new(stream).read_reply().await.starts_with("220 "));
            }
        }
        assert_eq!(seen.all().pop(), Some(Some(endpoint.clone())));
    }
    assert_eq!(seen.count(), 3);
}

#[tokio::test]
async fn a_connection_that_the_application_has_brought_came_by_none() {
    let (server, seen) = watched();
    let mut client = testing::connect(&server).open();
    client.greeting().await.expect(220);
    assert_eq!(seen.all(), [None]);
}

#[tokio::test]
async fn a_session_knows_its_listeners_name_and_its_local_address() {
    let seen = Seen::<(Option<String>, Option<SocketAddr>)>::default();
    let note = seen.clone();
    let server =
        build(accepting().tls(tls::config()).on_connect(move |session| {
            note.note((session.listener().map(str::to_owned), session.local_addr()))
        }));
    let serving = server.listen(Listener::new("0.0.0.0:0").name("mx")).await.expect("a port is free");
    let serving = serving.listen("127.0.0.1:0").await.expect("a port is free");
    let [named, unnamed] = *serving.addrs() else { panic!("there are two") };
    assert_eq!(serving.addr_of("mx"), Some(named));
    assert_eq!(serving.addr_of(&unnamed.to_string()), Some(unnamed));
    tokio::spawn(serving.into_future());
    let called = SocketAddr::from(([127, 0, 0, 1], named.port()));
    for (address, name) in [(called, "mx".to_owned()), (unnamed, unnamed.to_string())] {
        drop(connect(address).await.read_reply().await);
        assert_eq!(seen.all().pop(), Some((Some(name), Some(address))));
    }
}

#[tokio::test]
async fn an_address_written_as_unix_and_a_path_is_a_unix_socket() {
    let (server, _seen) = watched();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("smtp");
    let serving = server.listen(format!("unix:{}", path.display())).await.expect("nothing is there");
    assert_eq!(serving.endpoints().collect::<Vec<_>>(), [&Endpoint::Unix(path)]);
}

#[tokio::test]
async fn the_first_address_of_a_list_that_can_be_listened_on_is_taken() {
    let (server, _seen) = watched();
    // The first is reserved for documentation, and no host has it (RFC 5737).
    let addresses = [([192, 0, 2, 1], 0).into(), ([127, 0, 0, 1], 0).into()];
    let serving = server.listen(addresses).await.expect("one of them is ours");
    assert!(serving.addrs()[0].ip().is_loopback());
}

#[tokio::test]
async fn a_mode_where_there_is_no_file_is_refused_with_what_to_write() {
    let (server, _seen) = watched();
    let error = server.listen(Listener::new("127.0.0.1:0").mode(0o660)).await.expect_err("TCP has no file");
    assert_eq!(
        error.to_string(),
        "\"127.0.0.1:0\": only the file of a Unix socket that is opened here has a mode; leave .mode(…) out, or write \
         Listener::unix(path).mode(…)"
    );
}

#[tokio::test]
async fn lmtp_is_spoken_inside_tls() {
    let (server, _seen) = watched();
    let listener = Listener::new("127.0.0.1:0").lmtp().implicit_tls();
    let serving = server.listen(listener).await.expect("a port is free");
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    let mut client = tls::secure(connect(address).await.into_inner(), rustls::ALL_VERSIONS).await;
    assert_eq!(client.read_reply().await, "220 mx.example.com LMTP Mailchute\r\n");
    client.ask("LHLO client.example", "250").await;
}
