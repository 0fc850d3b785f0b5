//! Messages that a queue of the same mail system hands over.

use std::time::{Duration, SystemTime};

use mailchute::listen::Queued;
use mailchute::testing::Client;
use mailchute::{Refusal, Server, testing};

use crate::support::{Seen, StoreBy as _, build, builder};

/// A server that records the directory and the bytes of each message, and refuses some.
fn server() -> (Server, Seen<(Option<String>, String)>) {
    let seen = Seen::default();
    let note: Seen<(Option<String>, String)> = seen.clone();
    let server = build(builder().store_by(move |mut message, session| {
        let note = note.clone();
        async move {
            let is_relayed = session.queued().is_some_and(|queued| queued.name() == "MAIL-2");
            if is_relayed {
                message.prepend_received();
            } else {
                message.prepend_trace_fields();
            }
            let directory = message.directory().map(|directory| directory.to_string());
            let text = String::from_utf8_lossy(&message.bytes().await?).into_owned();
            let is_refused = text.contains("Subject: no");
            note.push((directory, text));
            if is_refused { Err(Refusal::new(550, (5, 7, 1), "No")) } else { Ok(()) }
        }
    }));
    (server, seen)
}

async fn send(client: &mut Client, content: &str, code: u16) {
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data(content).await.expect(code);
}

const RECEIVED: &str = "Received: from client.example\r\nSubject: yes\r\n\r\nx\r\n";

fn queued(name: &str) -> Queued {
    Queued::new(name, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000))
}

#[tokio::test]
async fn a_queued_message_gets_no_second_received() {
    let (server, seen) = server();
    send(&mut testing::connect(&server).lmtp().queued(queued("MAIL-1")).open(), RECEIVED, 250).await;
    send(&mut testing::connect(&server).lmtp().queued(queued("MAIL-2")).open(), RECEIVED, 250).await;
    let texts: Vec<_> = seen.all().into_iter().map(|(_, text)| text).collect();
    let envelope = "Return-Path: <alice@client.example>\r\nDelivered-To: bob@example.com\r\n";
    assert_eq!(texts, [format!("{envelope}{RECEIVED}"), RECEIVED.to_owned()]);
}

#[tokio::test]
async fn a_queued_message_keeps_its_directory_if_it_is_one() {
    let (server, seen) = server();
    for directory in ["Junk", "../up"] {
        let message = queued("MAIL-1").directory(directory);
        send(&mut testing::connect(&server).lmtp().queued(message).open(), RECEIVED, 250).await;
    }
    let directories: Vec<_> = seen.all().into_iter().map(|(directory, _)| directory).collect();
    assert_eq!(directories, [Some("Junk".to_owned()), None]);
}

#[tokio::test]
async fn the_queue_reports_results_and_the_log_does_not() {
    let (log, _guard) = crate::support::log::capture();
    let (server, _seen) = server();
    send(&mut testing::connect(&server).lmtp().queued(queued("MAIL-1")).open(), RECEIVED, 250).await;
    send(&mut testing::connect(&server).lmtp().queued(queued("MAIL-1")).open(), "Subject: no\r\n\r\n", 550)
        .await;
    assert!(!log.text().contains(" accepted ") && !log.text().contains(" refused "), "{}", log.text());
    send(&mut testing::connect(&server).open(), RECEIVED, 250).await;
    send(&mut testing::connect(&server).open(), "Subject: no\r\n\r\n", 550).await;
    log.expect("accepted id=");
    log.expect("refused id=");
}
