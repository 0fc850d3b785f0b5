//! A running server gets other options: they hold for new sessions only.

use crate::support::talk::{connect, listen};
use crate::support::tls::{Identity, NAME, client, config, shake, start};
use crate::support::{accepting, build, builder, hello, talk_one_message};
use mailchute::events::Event;
use mailchute::{BuildError, Refusal, Server};

#[tokio::test]
async fn a_new_size_limit_holds_only_for_new_sessions() {
    let server = build(accepting().max_message_size(1_000));
    let address = listen(&server).await;
    let mut old = connect(address).await;
    assert!(old.hello().await.contains("SIZE 1000\r\n"));
    server.reconfigure(accepting().max_message_size(100)).expect("the options are right");
    let mut new = connect(address).await;
    assert!(new.hello().await.contains("SIZE 100\r\n"));
    new.ask("MAIL FROM:<> SIZE=500", "552 5.3.4").await;
    old.ask("MAIL FROM:<> SIZE=500", "250").await;
    old.ask("RSET", "250").await;
    talk_one_message(&mut old).await;
    assert!(old.say("EHLO client.example").await.contains("SIZE 1000\r\n"), "to its end");
}

#[tokio::test]
async fn hooks_store_and_name_are_new_for_those_who_come() {
    let refusing = |text: &'static str| {
        accepting().on_rcpt_to(move |_, _| async move { Err::<(), _>(Refusal::new(550, (5, 7, 1), text)) })
    };
    let server = build(refusing("old hook").hostname("old.example.com"));
    let mut old = hello(&server).await;
    server.reconfigure(refusing("new hook").hostname("new.example.com")).expect("the options are right");
    assert_eq!(&*server.hostname(), "new.example.com");
    let mut new = hello(&server).await;
    for (client, text, name) in
        [(&mut old, "old hook", "old.example.com"), (&mut new, "new hook", "new.example.com")]
    {
        client.command("MAIL FROM:<>").await.expect(250);
        assert!(client.command("RCPT TO:<bob@example.com>").await.expect(550).to_string().contains(text));
        assert!(client.command("HELO client.example").await.expect(250).to_string().contains(name));
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_limits_on_connections_count_all_that_are_open() {
    let server = build(accepting());
    let mut events = server.events();
    let (one, _two) = (hello(&server).await, hello(&server).await);
    server.reconfigure(accepting().max_connections(1)).expect("the options are right");
    assert_turned_away(&server, "421 4.3.2 ").await;
    server.reconfigure(accepting().max_connections_per_client(2)).expect("the options are right");
    assert_turned_away(&server, "421 4.7.0 ").await;
    drop(one);
    while !matches!(events.next().await, Some(Event::Disconnect { .. })) {}
    // The slot is released after that.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    hello(&server).await;
    server.reconfigure(accepting().max_connections_per_client(0)).expect("the options are right");
    for _ in 0..60 {
        hello(&server).await;
    }
}

async fn assert_turned_away(server: &Server, reply: &str) {
    let greeting = mailchute::testing::connect(server).open().greeting().await.to_string();
    assert!(greeting.starts_with(reply), "{greeting}");
}

#[tokio::test]
async fn a_subscriber_still_sees_old_and_new_sessions() {
    let server = build(accepting());
    let mut old = hello(&server).await;
    let mut events = server.events();
    server.reconfigure(accepting()).expect("the options are right");
    old.command("NOOP").await.expect(250);
    hello(&server).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match events.next().await.expect("the server is there") {
            Event::Command { line, .. } if line.starts_with("NOOP") => seen.push("old"),
            Event::Connect { .. } => seen.push("new"),
            _ => {}
        }
    }
    assert_eq!(seen, ["old", "new"]);
}

#[tokio::test]
async fn a_mistake_changes_nothing_at_all() {
    let server = build(accepting().hostname("old.example.com").tls(config()).max_message_size(1_000));
    for (options, expected) in [
        (builder().tls(config()), BuildError::NoStore),
        (accepting(), BuildError::TlsRemoved),
        (accepting().tls(config()).require_auth(), BuildError::NoAuthenticator),
    ] {
        let options = options.max_connections(1).max_message_size(5);
        assert_eq!(server.reconfigure(options), Err(expected));
    }
    let options = accepting().tls(config()).hostname("no name");
    assert!(matches!(server.reconfigure(options), Err(BuildError::Invalid { option: "hostname", .. })));
    let (mut one, _two) = (hello(&server).await, hello(&server).await);
    assert!(one.command("HELO client.example").await.to_string().contains("old.example.com"));
    assert!(one.command("EHLO client.example").await.to_string().contains("SIZE 1000"));
}

#[tokio::test]
async fn enabling_tls_lets_an_open_session_use_the_new_certificate() {
    let (old, new) = (Identity::of(&[NAME]), Identity::of(&[NAME]));
    let server = build(accepting());
    let address = listen(&server).await;
    let mut early = connect(address).await;
    assert!(!early.hello().await.contains("STARTTLS"));
    server.reconfigure(accepting().tls(old.config())).expect("the options are right");
    early.ask("STARTTLS", "502 5.5.1").await;

    let mut clear = connect(address).await;
    assert!(clear.hello().await.contains("STARTTLS"));
    server.reconfigure(accepting().tls(new.config()).require_tls()).expect("the options are right");
    clear.ask("MAIL FROM:<>", "250").await;
    clear.ask("RSET", "250").await;
    clear.ask("STARTTLS", "220").await;
    let trusts_new = client(&[&rustls::version::TLS13], &[&new]).with_no_client_auth().into();
    let mut inside = shake(clear.into_inner(), &trusts_new, NAME).await.expect("that of the new certificate");
    inside.ask("EHLO client.example", "250").await;
    talk_one_message(&mut inside).await;

    let mut late = connect(address).await;
    late.hello().await;
    late.ask("MAIL FROM:<>", "530 5.7.0").await;
    let mut late = start(address, &trusts_new, NAME).await.expect("the handshake succeeds");
    late.ask("EHLO client.example", "250").await;
    assert!(late.say("NOOP").await.starts_with("250 "));
}
