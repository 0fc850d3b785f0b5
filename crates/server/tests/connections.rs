//! Limits on connections, in total and for one client.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::talk::{connect, listen, pipe};
use crate::support::{Seen, accepting, build, deliver, hello};
use mailchute::Server;
use mailchute::events::Event;
use mailchute::listen::Arrival;
use mailchute::testing::{self, Client};
use tokio::time::{Instant, timeout};

async fn from(server: &Server, address: &str) -> (Client, u16) {
    let address: SocketAddr = address.parse().expect("it is an address and a port");
    let mut client = testing::connect(server).from(address).open();
    let code = client.greeting().await.code();
    (client, code)
}

#[tokio::test(start_paused = true)]
async fn a_full_server_refuses_a_client_before_asking_hooks() {
    let asked = Seen::<&str>::default();
    let note = asked.clone();
    let server = build(accepting().max_connections(2).on_connect(move |_| note.note("asked")));
    let mut events = server.events();
    let (one, code_of_one) = from(&server, "192.0.2.1:1").await;
    let (_two, code_of_two) = from(&server, "192.0.2.2:1").await;
    assert_eq!((code_of_one, code_of_two), (220, 220));
    let mut third = testing::connect(&server).from("192.0.2.3:1".parse().unwrap()).open();
    assert_eq!(third.greeting().await.to_string(), "421 4.3.2 Too many connections; try again later");
    assert!(third.try_read_reply().await.is_none());
    assert_eq!(asked.count(), 2);
    // A slot that was released can be acquired again.
    drop(one);
    let mut turned_away = 0;
    loop {
        match events.next().await.unwrap() {
            Event::TurnedAway { client, .. } => {
                assert_eq!(client.to_string(), "192.0.2.3");
                turned_away += 1;
            }
            Event::Disconnect { .. } => break,
            _ => {}
        }
    }
    assert_eq!(turned_away, 1);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(from(&server, "192.0.2.3:2").await.1, 220);
}

#[tokio::test(start_paused = true)]
async fn drops_a_client_that_reads_no_refusal_for_five_seconds() {
    let server = build(accepting().max_connections(1));
    let _first = hello(&server).await;
    // Room for a few bytes of the reply, which the client never reads.
    let (_client, stuck) = tokio::io::duplex(4);
    let since = Instant::now();
    let served = server.serve_connection(stuck, Arrival::new("192.0.2.1:1".parse().unwrap()));
    timeout(Duration::from_secs(60), served).await.expect("nobody waits for ever");
    assert_eq!(since.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_all_its_places_is_told_and_others_are_not() {
    let server = build(accepting().max_connections_per_client(2));
    let mut held = Vec::new();
    for port in 1..=2 {
        let (client, code) = from(&server, &format!("192.0.2.1:{port}")).await;
        assert_eq!(code, 220);
        held.push(client);
    }
    let mut third = testing::connect(&server).from("192.0.2.1:3".parse().unwrap()).open();
    assert_eq!(third.greeting().await.to_string(), "421 4.7.0 Too many connections from your address");
    assert!(third.try_read_reply().await.is_none());
    // The same host by another kind of address.
    assert_eq!(from(&server, "[::ffff:192.0.2.1]:4").await.1, 421);
    assert_eq!(from(&server, "192.0.2.2:1").await.1, 220);
    let mut leaving = held.pop().unwrap();
    leaving.command("QUIT").await.expect(221);
    assert!(leaving.try_read_reply().await.is_none());
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(from(&server, "192.0.2.1:5").await.1, 220);
}

#[tokio::test(start_paused = true)]
async fn a_network_of_64_bits_is_one_client_of_ipv6() {
    let server = build(accepting().max_connections_per_client(1));
    let (_held, code) = from(&server, "[2001:db8:0:1::1]:1").await;
    assert_eq!(code, 220);
    for (address, expected) in [
        ("[2001:db8:0:1::2]:1", 421),
        ("[2001:db8:0:1:ffff:ffff:ffff:ffff]:1", 421),
        ("[2001:db8:0:2::1]:1", 220),
        ("[2001:db8::1]:1", 220),
    ] {
        assert_eq!(from(&server, address).await.1, expected, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_a_client_has_fifty_places_and_0_is_no_limit() {
    for (server, most) in [
        (build(accepting()), Some(50)),
        (build(accepting().max_connections_per_client(0)), None),
        (build(accepting().max_connections_per_client(0).max_connections(0)), None),
    ] {
        let mut held = Vec::new();
        for number in 1..=200 {
            let (client, code) = from(&server, "192.0.2.1:1").await;
            let is_taken = most.is_none_or(|most| number <= most);
            assert_eq!(code, if is_taken { 220 } else { 421 }, "connection {number}");
            held.push(client);
        }
    }
}

#[tokio::test]
async fn a_socket_that_finds_no_place_hears_why() {
    let server = build(accepting().max_connections(1));
    let address = listen(&server).await;
    let mut one = connect(address).await;
    one.hello().await;
    for _ in 0..20 {
        assert_eq!(
            connect(address).await.rest().await,
            "421 4.3.2 Too many connections; try again later\r\n"
        );
    }
    one.ask("NOOP", "250").await;
}

#[tokio::test]
async fn a_flood_of_connections_leaves_the_sessions_that_run_unharmed() {
    let server = build(accepting().max_connections(100).max_connections_per_client(10));
    let address = listen(&server).await;
    let mut one = connect(address).await;
    one.hello().await;
    let mut flood = Vec::new();
    for _ in 0..200 {
        flood.push(connect(address).await);
    }
    one.ask("MAIL FROM:<>", "250").await;
    one.ask("RCPT TO:<bob@example.com>", "250").await;
    one.ask("DATA", "354").await;
    one.ask(crate::support::MESSAGE, "250").await;
    let mut greeted = 0;
    for client in &mut flood {
        greeted += usize::from(client.read_reply().await.starts_with("220"));
    }
    assert_eq!(greeted, 9);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_idle_connections_do_not_keep_another_waiting() {
    let server = build(accepting().max_connections(0).max_connections_per_client(0));
    let mut idle = Vec::new();
    for _ in 0..10_000 {
        let (mut client, _session) = pipe(&server, 256);
        assert!(client.read_reply().await.starts_with("220"));
        idle.push(client);
    }
    let mut client = hello(&server).await;
    deliver(&mut client).await.expect(250);
    // Each of them is still served.
    for client in &mut idle {
        client.ask("NOOP", "250").await;
    }
}
