//! XCLIENT and XFORWARD: the client that hooks, limits and headers see.

use crate::support::talk::pipe;
use crate::support::{
    MESSAGE, Seen, StoreBy as _, accepting, build, builder, deliver, envelope, tls, traced,
};
use mailchute::command::Extension;
use mailchute::proxy::{Attribute, MessageSource, Network};
use mailchute::testing::{self, Client};
use mailchute::{Builder, Check, Disconnect, Server, Verdict};

fn network(text: &str) -> Network {
    text.parse().expect("a network")
}

fn trusting(builder: Builder) -> Server {
    build(builder.xclient_from([network("10.0.0.0/8")]))
}

async fn hello_from(server: &Server, address: &str) -> Client {
    let mut client = testing::connect(server).from(address.parse().expect("an address")).open();
    client.greeting().await.expect(220);
    let heard = client.command("EHLO proxy.example").await.expect(250);
    let is_offered = heard.lines().iter().any(|line| line.starts_with("250-XCLIENT NAME ADDR "));
    assert_eq!(is_offered, address.starts_with("10."), "{heard}");
    client
}

const XCLIENT: &str = "XCLIENT NAME=mail.client.example ADDR=198.51.100.7 PORT=4242 DESTADDR=192.0.2.25 \
                       DESTPORT=25 LOGIN=tim HELO=client.example PROTO=SMTP REVERSE_NAME=r.client.example";

#[tokio::test(start_paused = true)]
async fn connect_hooks_see_the_client_that_xclient_names() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = trusting(accepting().on_connect(move |session| {
        note.note(format!(
            "{} {} {:?} {:?} {:?} {:?} {:?} {}",
            session.peer_addr(),
            session.client_addr(),
            session.client_name(),
            session.client_reverse_name(),
            session.destination_addr(),
            session.identity(),
            session.helo_name().map(|name| name.to_string()),
            session.transmission_type(),
        ))
    }));
    let mut client = hello_from(&server, "10.0.0.5:1000").await;
    client.command(XCLIENT).await.expect(220);
    client.command("MAIL FROM:<>").await.expect(503);
    client.command("XCLIENT ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE]").await.expect(220);
    assert_eq!(
        seen.all(),
        [
            "10.0.0.5:1000 10.0.0.5:1000 None None None None None SMTP",
            "10.0.0.5:1000 198.51.100.7:4242 Some(\"mail.client.example\") Some(\"r.client.example\") \
             Some(192.0.2.25:25) Some(\"tim\") Some(\"client.example\") SMTP",
            "10.0.0.5:1000 0.0.0.0:0 None None Some(192.0.2.25:25) None None SMTP",
        ]
    );
}

/// The application's values about the client in the session.
#[derive(Clone, Debug, PartialEq)]
struct Score(u8);

#[tokio::test(start_paused = true)]
async fn nothing_that_was_kept_of_the_proxy_is_its_clients() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let by_name = accepting()
        .allow_plaintext_auth()
        .on_connect(|session| async move {
            if session.client_ip().to_string() == "198.51.100.8" {
                session.set_max_message_size(1_000);
            }
        })
        .on_ehlo(|ehlo, session| async move {
            if ehlo.name.as_str() == "proxy.example" {
                session.identify("postmaster");
                session.state().insert(Score(7));
                session.disable(Extension::Chunking);
                session.set_max_message_size(0);
            }
        })
        .on_auth(|_, _| async { Check::Right })
        .on_mail_from(move |_, session| {
            note.note(format!("{:?} {:?}", session.identity(), session.state().get::<Score>()))
        });
    let server = trusting(by_name);
    let mut client = hello_from(&server, "10.0.0.5:1000").await;
    client.command("BDAT 0").await.expect(502);
    client.command("XCLIENT ADDR=198.51.100.7").await.expect(220);
    let heard = client.command("EHLO client.example").await.expect(250);
    assert!(heard.lines().iter().any(|line| line == "250-CHUNKING"), "{heard}");
    assert!(heard.lines().iter().any(|line| line == "250-SIZE 26214400"), "{heard}");
    client.command("BDAT 0").await.expect(503);
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RSET").await.expect(250);
    client.command("XCLIENT ADDR=198.51.100.8").await.expect(220);
    let heard = client.command("EHLO client.example").await.expect(250);
    assert!(heard.lines().iter().any(|line| line == "250-SIZE 1000"), "the connect hook was asked: {heard}");
    // \0tim\0tim
    client.command("AUTH PLAIN AHRpbQB0aW0=").await.expect(235);
    client.command("MAIL FROM:<> SIZE=1001").await.expect(552);
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(seen.all(), ["None None", "Some(\"tim\") None"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_refused_behind_its_proxy_gets_no_service() {
    let causes = Seen::<Disconnect>::default();
    let note = causes.clone();
    let server = trusting(
        accepting()
            .on_connect(|session| async move {
                Verdict::accept_if(session.client_ip().to_string() != "198.51.100.66")
            })
            .on_disconnect(move |cause, _| note.note(cause)),
    );
    let mut client = hello_from(&server, "10.0.0.5:1000").await;
    client.command("XCLIENT ADDR=198.51.100.66").await.expect(554);
    client.command("EHLO client.example").await.expect(503);
    client.command("QUIT").await.expect(221);
    drop(client);
    assert_eq!(causes.until(1).await, [Disconnect::Refused]);
}

#[tokio::test(start_paused = true)]
async fn the_trace_field_names_the_client_and_not_its_proxy() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = trusting(builder().store_by(move |message, _| {
        let note = note.clone();
        async move {
            note.push(traced(message).await?);
            Ok(())
        }
    }));
    let mut client = hello_from(&server, "10.0.0.5:1000").await;
    client.command(XCLIENT).await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    deliver(&mut client).await.expect(250);
    let fields = seen.all().concat();
    let from = "Received: from client.example (mail.client.example [198.51.100.7])\r\n\tby mx.example.com ";
    assert!(fields.contains(from) && fields.contains(" with ESMTPA id "), "{fields}");
    client.command("XCLIENT ADDR=[UNAVAILABLE] NAME=[UNAVAILABLE]").await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    deliver(&mut client).await.expect(250);
    let fields = seen.all().pop().expect("it was told");
    assert!(fields.contains("Received: from client.example (unknown)\r\n"), "{fields}");
}

#[tokio::test(start_paused = true)]
async fn xclient_neither_gives_nor_takes_trust() {
    let server = trusting(accepting());
    let mut proxy = hello_from(&server, "10.0.0.5:1000").await;
    proxy.command("XCLIENT ADDR=198.51.100.7").await.expect(220);
    proxy.command("XCLIENT ADDR=198.51.100.8").await.expect(220);
    let mut stranger = hello_from(&server, "198.51.100.7:1000").await;
    let refusal = stranger.command("XCLIENT ADDR=10.0.0.5").await.expect(550);
    assert_eq!(refusal.to_string(), "550 5.7.1 You are not trusted to speak for others");
    stranger.command("XFORWARD ADDR=10.0.0.5").await.expect(550);
}

#[tokio::test(start_paused = true)]
async fn trust_is_decided_by_the_client_of_the_proxy_header() {
    let server = build(
        accepting()
            .proxy_from([network("10.0.0.0/8")])
            .xclient_from([network("10.0.0.0/8"), network("192.0.2.9")]),
    );
    for (client, code) in [("198.51.100.7", 550), ("192.0.2.9", 220)] {
        let mut talk = testing::connect(&server).from("10.0.0.5:1000".parse().unwrap()).open();
        talk.send_bytes(format!("PROXY TCP4 {client} 192.0.2.25 4242 25\r\n").as_bytes()).await;
        talk.greeting().await.expect(220);
        talk.command("XCLIENT ADDR=198.51.100.8").await.expect(code);
    }
}

/// A proxy may pass on its client's own STARTTLS. If the server forgot the XCLIENT, that client would count as the
/// proxy.
#[tokio::test(start_paused = true)]
async fn starttls_after_xclient_keeps_the_client_and_drops_its_login() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(accepting().tls(tls::config()).xclient_from([network("192.0.2.7")]).on_mail_from(
        move |_, session| {
            let name = session.client_name();
            note.note(format!("{} {name:?} {:?}", session.client_addr(), session.identity()))
        },
    ));
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    client.ask(XCLIENT, "220").await;
    client.ask("EHLO client.example", "250").await;
    client.ask("STARTTLS", "220").await;
    let mut client = tls::secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    client.ask("MAIL FROM:<>", "503").await;
    client.ask("EHLO client.example", "250").await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RSET", "250").await;
    client.ask("XCLIENT ADDR=198.51.100.8 LOGIN=tom", "220").await;
    client.ask("EHLO client.example", "250").await;
    client.ask("MAIL FROM:<>", "250").await;
    assert_eq!(
        seen.all(),
        ["198.51.100.7:4242 Some(\"mail.client.example\") None", "198.51.100.8:0 None Some(\"tom\")"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_connections_is_that_of_the_client() {
    let causes = Seen::<Disconnect>::default();
    let note = causes.clone();
    let builder = accepting().max_connections_per_client(1).on_disconnect(move |cause, _| note.note(cause));
    let server = trusting(builder);
    let mut first = hello_from(&server, "10.0.0.5:1000").await;
    first.command("XCLIENT ADDR=198.51.100.7").await.expect(220);
    // The proxy's own slot is free again.
    let mut second = hello_from(&server, "10.0.0.5:1001").await;
    let heard = second.command("XCLIENT ADDR=198.51.100.7").await.expect(421);
    assert_eq!(heard.to_string(), "421 4.7.0 Too many connections from your address");
    assert!(second.try_read_reply().await.is_none());
    drop(second);
    assert_eq!(causes.until(1).await, [Disconnect::Limit]);
    let mut third = hello_from(&server, "10.0.0.5:1002").await;
    third.command("XCLIENT ADDR=198.51.100.8").await.expect(220);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_counted_for_clients_that_are_not_named() {
    let server = trusting(accepting().max_connections_per_client(1).max_connections(4));
    let mut proxies = Vec::new();
    for port in 1000..1004 {
        proxies.push(hello_from(&server, &format!("10.0.0.5:{port}")).await);
    }
    testing::connect(&server).from("10.0.0.5:1004".parse().unwrap()).open().greeting().await.expect(421);
    proxies[0].command("XCLIENT ADDR=198.51.100.7").await.expect(220);
    for proxy in &mut proxies[1..] {
        proxy.command("XCLIENT NAME=mail.client.example").await.expect(220);
        proxy.command("XCLIENT ADDR=[UNAVAILABLE]").await.expect(220);
    }
    proxies[1].command("XCLIENT ADDR=198.51.100.7").await.expect(421);
    // The slot of a client that was replaced is free.
    proxies[0].command("XCLIENT ADDR=[TEMPUNAVAIL]").await.expect(220);
    proxies[2].command("XCLIENT ADDR=198.51.100.7").await.expect(220);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_header_without_a_client_gives_no_proxy_rights() {
    let proxies = || [network("10.0.0.0/8")];
    let server = build(accepting().proxy_from(proxies()).xclient_from(proxies()));
    for header in
        [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0"]
    {
        let mut talk = testing::connect(&server).from("10.0.0.5:1000".parse().unwrap()).open();
        talk.send_bytes(header).await;
        talk.greeting().await.expect(220);
        let heard = talk.command("EHLO client.example").await.expect(250);
        assert!(!heard.to_string().contains("XCLIENT"), "{heard}");
        talk.command("XCLIENT ADDR=198.51.100.8 LOGIN=tim").await.expect(550);
        talk.command("XFORWARD ADDR=198.51.100.8").await.expect(550);
    }
}

#[tokio::test(start_paused = true)]
async fn xforward_is_there_for_one_transaction() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = trusting(accepting().on_mail_from(move |_, session| {
        let forwarded = session.forwarded();
        note.note(forwarded.map_or_else(
            || "nothing".to_owned(),
            |told| {
                assert_eq!(told.source, Some(Attribute::Known(MessageSource::Remote)));
                format!("{:?} {:?}", told.addr, told.ident)
            },
        ))
    }));
    let mut client = hello_from(&server, "10.0.0.5:1000").await;
    let known = "Some(Known(198.51.100.7)) Some(Known(\"4Xyz\"))";
    for end in ["message", "RSET", "EHLO proxy.example"] {
        client.command("XFORWARD NAME=[UNAVAILABLE] ADDR=198.51.100.7 SOURCE=REMOTE").await.expect(250);
        client.command("XFORWARD IDENT=4Xyz").await.expect(250);
        client.command("NOOP").await.expect(250);
        envelope(&mut client).await;
        client.command("XFORWARD IDENT=5Xyz").await.expect(503);
        if end == "message" {
            client.command("DATA").await.expect(354);
            client.command(MESSAGE).await.expect(250);
        } else {
            client.command(end).await.expect(250);
        }
        envelope(&mut client).await;
        client.command("RSET").await.expect(250);
        assert_eq!(seen.all().split_off(seen.count() - 2), [known, "nothing"], "{end}");
    }
    client.command("XFORWARD IDENT=4Xyz").await.expect(250);
    client.command("RSET").await.expect(250);
    envelope(&mut client).await;
    assert_eq!(seen.all().pop().as_deref(), Some("nothing"));
}
