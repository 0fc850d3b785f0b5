//! The PROXY protocol over real sockets: the client's address, and connections that are closed silently.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::talk::{CLIENT, Talk, connect, listen, pipe};
use crate::support::{Seen, accepting, build, tls};
use mailchute::events::Event;
use mailchute::proxy::Network;
use mailchute::{Builder, Listener, Server};
use tokio::net::TcpStream;
use tokio::time::Instant;

const V1: &[u8] = b"PROXY TCP4 198.51.100.7 192.0.2.25 4242 25\r\n";
const V1_IPV6: &[u8] = b"PROXY TCP6 2001:db8::7 2001:db8::25 4242 25\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19";
/// Like [`V2`], with an attribute of three bytes after the addresses.
const V2_WITH_TLV: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x12\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19\x04\0\x03abc";
const V2_IPV6: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24\
    \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x25\x10\x92\0\x19";
const V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
const V2_UNSPECIFIED: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0";

fn network(text: &str) -> Network {
    text.parse().expect("a network")
}

/// Accepts headers from this host, and records the addresses that the connect hook sees.
fn friend(builder: Builder, seen: &Seen<String>) -> Server {
    let seen = seen.clone();
    build(builder.proxy_from([network("127.0.0.0/8"), network("192.0.2.7")]).on_connect(move |session| {
        let destination = session.destination_addr().map_or_else(String::new, |to| format!(" to {to}"));
        assert!(session.peer_addr().ip().is_loopback() || session.peer_addr() == CLIENT);
        seen.note(format!("{}{destination}", session.client_addr()))
    }))
}

/// Connects and sends each piece in its own segment.
async fn send(address: SocketAddr, pieces: &[&[u8]]) -> Talk<TcpStream> {
    let mut talk = connect(address).await;
    for piece in pieces {
        talk.write(piece).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    talk
}

#[tokio::test]
async fn a_header_of_either_version_names_the_client() {
    let seen = Seen::default();
    let address = listen(&friend(accepting(), &seen)).await;
    let v4 = "198.51.100.7:4242 to 192.0.2.25:25";
    let v6 = "[2001:db8::7]:4242 to [2001:db8::25]:25";
    for (header, client) in [(V1, v4), (V2, v4), (V2_WITH_TLV, v4), (V1_IPV6, v6), (V2_IPV6, v6)] {
        let mut talk = send(address, &[header]).await;
        talk.hello().await;
        talk.ask("QUIT", "221").await;
        assert_eq!(seen.all().pop().as_deref(), Some(client));
    }
}

#[tokio::test]
async fn a_proxy_that_speaks_for_itself_keeps_its_address() {
    let seen = Seen::default();
    let address = listen(&friend(accepting(), &seen)).await;
    for header in [V2_LOCAL, V2_UNSPECIFIED, b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN :: :: 1 2\r\n"] {
        let mut talk = send(address, &[header]).await;
        let own = talk.local_addr().to_string();
        talk.hello().await;
        assert_eq!(seen.all().pop(), Some(own));
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_may_come_in_any_pieces() {
    let seen = Seen::default();
    let server = friend(accepting(), &seen);
    for header in [V1, V1_IPV6, V2_WITH_TLV, V2_IPV6] {
        for cut in 1..header.len() {
            let (mut talk, _) = pipe(&server, 1024);
            talk.write(&header[..cut]).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            talk.write(&header[cut..]).await;
            assert!(talk.read_reply().await.starts_with("220 "), "cut at {cut}");
        }
        let (mut talk, _) = pipe(&server, 1024);
        for byte in header {
            talk.write([*byte]).await;
            tokio::task::yield_now().await;
        }
        talk.hello().await;
    }
}

#[tokio::test]
async fn closes_silently_on_an_invalid_header() {
    let seen = Seen::<String>::default();
    let server = friend(accepting().tls(tls::config()), &seen);
    let mut events = server.events();
    let address = listen(&server).await;
    let long = [&b"PROXY UNKNOWN "[..], &[b'x'; 200], b"\r\n"].concat();
    let bad: [&[u8]; 14] = [
        b"EHLO client.example\r\n",
        b"PROXY\r\nEHLO client.example\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.25 4242\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.25 4242 65536\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::25 4242 25\r\n",
        b"PROXY TCP4  198.51.100.7 192.0.2.25 4242 25\r\n",
        b"PROXY TCP4 198.51.100.7 192.0.2.25 4242 25\n\r\n",
        &long,
        b"\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19",
        b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19",
        b"\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0b\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x41\0\x0c\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff\xc6\x33\x64\x07\xc0\0\x02\x19\x10\x92\0\x19",
    ];
    for header in bad {
        assert_eq!(send(address, &[header]).await.rest().await, "", "{}", header.escape_ascii());
        let event = events.next().await;
        assert!(matches!(event, Some(Event::TurnedAway { client, .. }) if client.is_loopback()), "{event:?}");
    }
    for end in 0..V2.len() {
        let mut talk = send(address, &[&V2[..end]]).await;
        talk.finish().await;
        assert_eq!(talk.rest().await, "", "cut off at {end}");
    }
    assert_eq!(seen.count(), 0);
}

#[tokio::test]
async fn a_second_header_closes_without_a_word() {
    let seen = Seen::default();
    let address = listen(&friend(accepting(), &seen)).await;
    for (first, second) in [(V1, V1), (V1, V2), (V2, V1), (V2, V2), (V2_LOCAL, V1)] {
        let twice = [first, second].concat();
        assert_eq!(send(address, &[&twice]).await.rest().await, "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_that_does_not_come_is_waited_for_five_seconds() {
    for (header, builder, seconds) in [
        (&b""[..], accepting(), 5),
        (&V1[..V1.len() - 1], accepting(), 5),
        (&V2[..20], accepting().proxy_timeout(Duration::from_secs(2)), 2),
    ] {
        let (mut talk, session) = pipe(&friend(builder, &Seen::default()), 1024);
        talk.write(header).await;
        let since = Instant::now();
        assert_eq!(talk.rest().await, "");
        assert_eq!(since.elapsed().as_secs(), seconds);
        session.await.expect("it ends");
    }
}

#[tokio::test]
async fn a_header_from_an_untrusted_client_ends_the_connection() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(
        accepting()
            .proxy_from([network("10.0.0.0/8")])
            .on_connect(move |session| note.note(session.client_ip().to_string())),
    );
    for header in [V1, V2] {
        // The bytes arrive before the connection is accepted.
        let serving = server.listen("127.0.0.1:0").await.expect("a port is free");
        let mut talk = send(serving.addrs()[0], &[header, b"EHLO client.example\r\n"]).await;
        let serving = tokio::spawn(serving.into_future());
        assert_eq!(talk.rest().await, "");
        serving.abort();
    }
    let address = listen(&server).await;
    let mut talk = connect(address).await;
    assert!(talk.read_reply().await.starts_with("220 "));
    talk.write(V1).await;
    assert_eq!(talk.rest().await, "550 5.7.1 No PROXY header is expected from your address\r\n");
    assert_eq!(seen.all(), ["127.0.0.1"; 3]);
}

#[tokio::test]
async fn the_header_comes_before_tls() {
    let seen = Seen::default();
    let server = friend(accepting().tls(tls::config()), &seen);
    let serving = server.listen(Listener::new("127.0.0.1:0").implicit_tls()).await.expect("a port is free");
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    for header in [V1, V2_WITH_TLV] {
        let plain = send(address, &[header]).await;
        let mut talk = tls::secure(plain.into_inner(), rustls::ALL_VERSIONS).await;
        talk.hello().await;
        assert_eq!(seen.all().pop().as_deref(), Some("198.51.100.7:4242 to 192.0.2.25:25"));
    }
}

#[tokio::test]
async fn limits_count_the_client_and_not_its_proxy() {
    let builder = accepting().max_connections_per_client(2);
    let address = listen(&friend(builder, &Seen::default())).await;
    let mut held = Vec::new();
    for client in 1..=4 {
        for _ in 0..2 {
            let header = format!("PROXY TCP4 198.51.100.{client} 192.0.2.25 4242 25\r\n");
            let mut talk = send(address, &[header.as_bytes()]).await;
            talk.hello().await;
            held.push(talk);
        }
    }
    let mut third = send(address, &[b"PROXY TCP4 198.51.100.1 192.0.2.25 4242 25\r\n"]).await;
    assert_eq!(third.rest().await, "421 4.7.0 Too many connections from your address\r\n");
    drop(held);
}
