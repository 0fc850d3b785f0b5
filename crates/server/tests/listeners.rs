//! A hook knows where its client came in.

use crate::support::talk::{Talk, connect};
use crate::support::{Seen, accepting, build, tls};
use mailchute::{Endpoint, Server, testing};
use tokio::net::UnixStream;

/// A server that notes which listener each connection came by.
fn watched() -> (Server, Seen<Option<Endpoint>>) {
    let seen = Seen::<Option<Endpoint>>::default();
    let note = seen.clone();
    let builder = accepting().tls(tls::config());
    (build(builder.on_connect(move |session| note.note(session.listener().cloned()))), seen)
}

#[tokio::test]
async fn each_session_knows_the_listener_that_took_it() {
    let (server, seen) = watched();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("lmtp");
    let any = "127.0.0.1:0";
    let serving = server.listen(any).await.expect("a port is free");
    let serving = serving.and_listen(any).await.expect("a port is free");
    let serving = serving.and_listen_lmtp_unix(path.clone()).await.expect("nothing is there");
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
    let mut client = testing::client(&server);
    client.greeting().await.expect(220);
    assert_eq!(seen.all(), [None]);
}
