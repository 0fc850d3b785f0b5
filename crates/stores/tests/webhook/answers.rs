//! Replies to the client.

use std::time::{Duration, Instant};

use mailchute_stores::{AnyStore, Webhook, from_url};
use tokio::net::TcpListener;

use super::scripted::{CLOSES, HANGS, MESSAGE, Web, client, front, response, send};

#[tokio::test]
async fn the_status_decides_and_its_text_stays_unheard() {
    let web = Web::start().await;
    let server = front(web.webhook("/in"));
    for (status, reply) in [
        ("200 OK", "250 2.6.0 Posted as msg_"),
        ("201 Created", "250 2.6.0 Posted as msg_"),
        ("299 Fine", "250 2.6.0 Posted as msg_"),
        ("413 Content Too Large", "552 5.3.4 The message is too big for the application"),
        ("400 Bad Request", "554 5.6.0 The application refuses the message"),
        ("404 Not Found", "554 5.6.0 The application refuses the message"),
        ("408 Request Timeout", "451 4.3.0 The application cannot take the message now"),
        ("425 Too Early", "451 4.3.0 "),
        ("429 Too Many Requests", "451 4.3.0 "),
        ("301 Moved", "451 4.3.0 "),
        ("307 Moved\r\nLocation: /elsewhere", "451 4.3.0 "),
        ("500 Internal Server Error", "451 4.3.0 "),
        ("503 Service Unavailable", "451 4.3.0 "),
        ("507 Insufficient Storage", "452 4.3.1 "),
    ] {
        web.answer(response(status));
        let answer = send(&server, &["bob"], MESSAGE).await;
        assert!(answer.starts_with(reply), "{status}: {answer}");
        assert!(!answer.contains("secret"), "{answer}");
        assert_eq!(web.one().path, "/in", "a redirect is not followed");
    }
}

#[tokio::test]
async fn a_web_server_that_does_not_answer_puts_mail_off() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = front(Webhook::builder(&format!("http://{nobody}/")).unwrap());
    assert!(send(&server, &["bob"], MESSAGE).await.starts_with("451 4.4.1 "));

    let web = Web::start().await;
    let server = front(web.webhook("/").timeout(Duration::from_millis(300)));
    for (response, reply) in [
        (CLOSES, "451 4.4.2 The connection to the application was lost"),
        ("220 mx.example.com\r\n", "451 4.4.2 The connection to the application was lost"),
        (HANGS, "451 4.4.2 The application did not answer in time"),
    ] {
        web.answer(response);
        assert_eq!(send(&server, &["bob"], MESSAGE).await, reply, "{response}");
    }
    web.answer(response("200 OK"));
    assert!(send(&server, &["bob"], MESSAGE).await.starts_with("250 "), "it is back");
}

#[tokio::test]
async fn a_hanging_web_server_holds_up_no_other_session() {
    let web = Web::start().await;
    web.answer_at("/slow", HANGS);
    let server = front(web.webhook("/{user}").timeout(Duration::from_secs(600)));
    let began = Instant::now();
    let slow = tokio::spawn({
        let server = server.clone();
        async move { send(&server, &["slow"], MESSAGE).await }
    });
    while web.script().requests.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(send(&server, &["bob"], MESSAGE).await.starts_with("250 "));
    assert!(began.elapsed() < Duration::from_secs(60));
    slow.abort();
}

#[tokio::test]
async fn a_response_before_the_whole_body_puts_mail_off() {
    let web = Web::start().await;
    // More than the buffers of two sockets hold.
    let long = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(2_000_000));
    let early = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = front(Webhook::builder(&format!("http://{}/", early.local_addr().unwrap())).unwrap());
    let answering = tokio::spawn(async move {
        let (mut stream, _) = early.accept().await.unwrap();
        let mut some = [0; 1000];
        tokio::io::AsyncReadExt::read(&mut stream, &mut some).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, response("200 OK").as_bytes()).await.unwrap();
        stream
    });
    assert_eq!(
        send(&server, &["bob"], &long).await,
        "451 4.4.2 The application answered before it had the message"
    );
    drop(answering.await);
    let server = front(web.webhook("/"));
    assert!(send(&server, &["bob"], &long).await.starts_with("250 "));
    assert_eq!(web.one().body.len(), long.len());
}

#[tokio::test]
async fn in_lmtp_each_recipient_has_the_reply_of_its_place() {
    let web = Web::start().await;
    web.answer_at("/full", response("507 Insufficient Storage"));
    let server = front(web.webhook("/{user}"));
    let mut client = mailchute::testing::connect(&server).lmtp().open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for user in ["bob", "full", "eve"] {
        client.command(&format!("RCPT TO:<{user}@example.com>")).await.expect(250);
    }
    client.data(MESSAGE).await.expect(250);
    client.read_reply().await.expect(452);
    client.read_reply().await.expect(250);
}

#[tokio::test]
async fn in_smtp_one_refused_place_refuses_the_message() {
    let web = Web::start().await;
    web.answer_at("/gone", response("410 Gone"));
    web.answer_at("/full", response("507 Insufficient Storage"));
    let server = front(web.webhook("/{user}"));
    assert!(send(&server, &["bob", "gone"], MESSAGE).await.starts_with("554 5.6.0 "));
    assert!(send(&server, &["gone", "full", "bob"], MESSAGE).await.starts_with("452 4.3.1 "));
    let ids: Vec<_> = web
        .take()
        .iter()
        .filter(|request| request.path == "/bob")
        .map(|r| r.get("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids[0], ids[1], "bob can tell that he has it");
}

#[tokio::test]
async fn connections_are_bounded_and_used_again() {
    let web = Web::start().await;
    let server = front(web.webhook("/").connections(1));
    let mut client = client(&server).await;
    for _ in 0..5 {
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.data(MESSAGE).await.expect(250);
    }
    assert_eq!((web.take().len(), web.script().connections), (5, 1));
}

#[tokio::test]
async fn a_store_url_makes_a_webhook() {
    let web = Web::start().await;
    let url = web.url("/in/{user}?format=json&timeout=5s");
    let store = from_url(&url).unwrap();
    assert!(matches!(store, AnyStore::Webhook(_)));
    assert_eq!(store.to_string(), url);
    assert_eq!(format!("{store:?}"), format!("Webhook(Webhook({url}))"));
    let server = mailchute::Server::builder().with(store).build().unwrap();
    assert!(send(&server, &["bob"], MESSAGE).await.starts_with("250 "));
    assert_eq!(web.one().path, "/in/bob");
    let error = from_url("https://h/?secret=file:/no/such/file").unwrap_err().to_string();
    assert!(error.starts_with("the store cannot be opened: file:/no/such/file: "), "{error}");
}
