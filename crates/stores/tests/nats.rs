//! Mail to a server of NATS that follows a script.

#[cfg(feature = "s3")]
mod s3_bodies;
mod scripted;

use std::time::{Duration, Instant};

use mailchute::{Server, testing};
use mailchute_stores::{AnyStore, from_url};

use crate::common::{begin, client};
use scripted::{ACCEPTED, NO_STREAM, SILENCE, Scripted};

fn server(address: std::net::SocketAddr, subject: &str) -> Server {
    with_store(address, subject).build().unwrap()
}

fn with_store(address: std::net::SocketAddr, subject: &str) -> mailchute::Builder {
    let store = from_url(&format!("nats://{address}/{subject}")).unwrap();
    assert!(matches!(store, AnyStore::JetStream(_)), "{store:?}");
    Server::builder().hostname("mx.example.com").with(store)
}

/// Sends a message that is above the bound of the server. The reply to its end is not read.
async fn send_large(server: &Server) -> mailchute::testing::Client {
    let mut client = client(server, 1).await;
    begin(&mut client, &["bob@example.com"]).await;
    client.send_bytes("x\r\n".repeat(2_000).as_bytes()).await;
    client
}

#[tokio::test]
async fn each_answer_of_the_stream_has_its_reply() {
    for (answer, code, begins) in [
        (ACCEPTED, 250, "250 2.6.0 Message accepted as "),
        (NO_STREAM, 451, "451 4.3.0 "),
        (
            r#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}}"#,
            452,
            "452 4.3.1 ",
        ),
        (r#"{"error":{"code":500,"err_code":10047,"description":"resources exceeded"}}"#, 452, "452 4.3.1 "),
        (r#"{"error":{"code":503,"err_code":10023,"description":"insufficient"}}"#, 452, "452 4.3.1 "),
        (r#"{"error":{"code":400,"err_code":10054,"description":"size exceeds"}}"#, 552, "552 5.3.4 "),
        (r#"{"error":{"code":500,"err_code":10999,"description":"new"}}"#, 451, "451 4.3.0 "),
        ("not what a stream says", 451, "451 4.3.0 "),
    ] {
        let nats = Scripted::listen(move |_| answer).await;
        let mut client = client(&server(nats.address, "mail.{domain}"), 1).await;
        begin(&mut client, &["bob@example.com"]).await;
        let reply = client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(code).to_string();
        assert!(reply.starts_with(begins), "{answer}: {reply}");
    }
}

#[tokio::test]
async fn a_message_has_its_envelope_and_its_content() {
    let nats = Scripted::listen(|_| ACCEPTED).await;
    let mut client = client(&server(nats.address, "mail.{domain}"), 1).await;
    begin(&mut client, &["bob@example.com", "eve@example.com"]).await;
    client.command("Subject: hello\r\n\r\n..\r\n.").await.expect(250);
    let [message] = &*nats.published() else { panic!("{:?}", nats.published()) };
    assert_eq!(message.subject, "mail.example.com");
    assert_eq!(message.all("Mailchute-Sender"), ["alice@client.example"]);
    assert_eq!(message.all("Mailchute-Recipient"), ["bob@example.com", "eve@example.com"]);
    assert_eq!(message.all("Mailchute-Client"), ["10.0.0.1:1025"]);
    let payload = String::from_utf8(message.payload.clone()).unwrap();
    assert!(
        payload.starts_with("Received: from client.example ([10.0.0.1])\r\n\tby mx.example.com "),
        "{payload}"
    );
    assert!(payload.ends_with("\r\nSubject: hello\r\n\r\n.\r\n"), "{payload}");
}

#[tokio::test]
async fn a_message_that_comes_again_has_the_same_name() {
    let nats = Scripted::listen(|_| ACCEPTED).await;
    let server = server(nats.address, "mail.in");
    for (number, to, content) in [
        (1, "bob@example.com", "Subject: one"),
        (2, "bob@example.com", "Subject: one"),
        (1, "bob@example.com", "Subject: two"),
        (1, "eve@example.com", "Subject: one"),
    ] {
        let mut client = client(&server, number).await;
        begin(&mut client, &[to]).await;
        client.command(&format!("{content}\r\n\r\n.")).await.expect(250);
    }
    let published = nats.published();
    let names: Vec<_> = published.iter().flat_map(|message| message.all("Nats-Msg-Id")).collect();
    let [first, again, other_content, other_recipient] = *names else { panic!("{names:?}") };
    assert_eq!(first, again);
    assert!(
        first != other_content && first != other_recipient && other_content != other_recipient,
        "{names:?}"
    );
}

#[tokio::test]
async fn by_lmtp_each_recipient_has_the_answer_of_its_subject() {
    let nats = Scripted::listen(
        |message| if message.subject.ends_with("two.example") { NO_STREAM } else { ACCEPTED },
    );
    let mut client = testing::connect(&server(nats.await.address, "mail.{domain}")).lmtp().open();
    client.greeting().await.expect(220);
    client.command("LHLO client.example").await.expect(250);
    begin(&mut client, &["bob@one.example", "eve@two.example"]).await;
    client.command("Subject: hello\r\n\r\n.").await.expect(250);
    client.read_reply().await.expect(451);
}

#[tokio::test]
async fn a_message_above_the_bound_of_the_server_is_refused() {
    let nats = Scripted::listen(|_| ACCEPTED).await;
    let mut client = client(&server(nats.address, "mail.in"), 1).await;
    // Not known before the first connection, which the first recipient makes.
    begin(&mut client, &["bob@example.com"]).await;
    client.send_bytes("x\r\n".repeat(2_000).as_bytes()).await;
    client.command(".").await.expect(552);
    client.command("MAIL FROM:<alice@client.example> SIZE=100000").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(552);
    assert!(nats.published().is_empty(), "{:?}", nats.published());
}

#[tokio::test]
async fn nothing_is_published_when_the_client_goes_in_the_middle() {
    let nats = Scripted::listen(|_| ACCEPTED).await;
    let server = server(nats.address, "mail.in");
    let mut gone = client(&server, 1).await;
    begin(&mut gone, &["bob@example.com"]).await;
    gone.send_bytes(b"Subject: half\r\n\r\n").await;
    gone.close().await;
    let mut client = client(&server, 2).await;
    begin(&mut client, &["bob@example.com"]).await;
    client.command("Subject: whole\r\n\r\n.").await.expect(250);
    assert_eq!(nats.published().len(), 1);
}

#[tokio::test]
async fn recipients_are_refused_while_no_server_listens() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut client = client(&server(unused, "mail.in"), 1).await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    let reply = client.command("RCPT TO:<bob@example.com>").await.expect(451).to_string();
    assert!(reply.starts_with("451 4.4.1 "), "{reply}");
    // The second one does not wait for a connection.
    let began = Instant::now();
    client.command("RCPT TO:<eve@example.com>").await.expect(451);
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn content_stays_when_its_message_may_be_in_the_stream() {
    let nats =
        Scripted::listen(|message| if message.subject == "mail.in" { SILENCE } else { ACCEPTED }).await;
    let builder = with_store(nats.address, "mail.in?body=objects:b").store_timeout(Duration::from_secs(1));
    let mut client = send_large(&builder.build().unwrap()).await;
    client.command(".").await.expect(451);
    // The store removes objects after the reply.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let subjects: Vec<_> = nats.published().into_iter().map(|message| message.subject).collect();
    assert!(subjects.contains(&"mail.in".to_owned()), "{subjects:?}");
    assert!(!subjects.iter().any(|subject| subject.contains("PURGE")), "{subjects:?}");
}

#[tokio::test]
async fn content_is_removed_when_the_stream_refuses_its_message() {
    let full = r#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"}}"#;
    let nats =
        Scripted::listen(move |message| if message.subject == "mail.in" { full } else { ACCEPTED }).await;
    let mut client = send_large(&server(nats.address, "mail.in?body=objects:b")).await;
    client.command(".").await.expect(452);
    let began = Instant::now();
    while !nats.published().iter().any(|message| message.subject.contains("PURGE")) {
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", nats.published());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn content_has_a_name_that_no_other_process_gives() {
    let nats = Scripted::listen(|_| ACCEPTED).await;
    let mut client = send_large(&server(nats.address, "mail.in?body=objects:b")).await;
    let reply = client.command(".").await.expect(250).to_string();
    let id = reply.trim().rsplit(' ').next().unwrap();
    let published = nats.published();
    let message = published.iter().find(|message| message.subject == "mail.in").unwrap();
    let [body] = *message.all("Mailchute-Body") else { panic!("{message:?}") };
    let rest = body.strip_prefix(&format!("objects:b/{id}-")).unwrap();
    assert!(rest.len() >= 16, "{body}: two processes may give the id {id}");
}
