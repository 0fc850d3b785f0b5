//! Any rules: the conversation stays whole, and a message is in the store exactly if it was answered 250.

use mailchute::{Server, testing};
use mailchute_console::{Chaos, Console};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::serve_console;

const STAGES: [&str; 9] = ["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "message", "any"];

const REPLIES: [&str; 6] =
    ["450 4.2.1 Busy", "550 5.1.1 Gone", "421 4.3.2 Bye", "554 No", "452 4.3.1 Full", "550 250 2.0.0 fooled"];

fn rule() -> impl Strategy<Value = Value> {
    let effect = (proptest::option::of(0..REPLIES.len()), any::<bool>());
    (0..STAGES.len(), effect, 1_u64..4, proptest::option::of(1_u32..3), 0..3_usize).prop_map(
        |(stage, (reply, hang_up), every, first, to)| {
            let mut rule = json!({ "stage": STAGES[stage], "hang_up": hang_up, "every": every });
            match reply {
                Some(reply) => rule["reply"] = REPLIES[reply].into(),
                None => rule["delay_ms"] = 1.into(),
            }
            if let Some(first) = first {
                rule["first"] = first.into();
            }
            if to == 1 {
                rule["to"] = "b*".into();
            }
            rule
        },
    )
}

/// A client that waits for each reply, and counts the messages that were answered 250.
async fn talk(server: &Server) -> usize {
    let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
    let server = server.clone();
    let client = std::net::SocketAddr::from(([192, 0, 2, 1], 40_000));
    let serving = tokio::spawn(async move { server.serve_connection(theirs, client).await });
    let mut accepted = 0;
    if reply(&mut ours).await.is_some() {
        'session: for _ in 0..3 {
            for line in ["EHLO c", "MAIL FROM:<a@c>", "RCPT TO:<b@d>", "RCPT TO:<c@d>", "DATA"] {
                let Some(code) = say(&mut ours, format!("{line}\r\n").as_bytes()).await else {
                    break 'session;
                };
                if code == 354 {
                    match say(&mut ours, b"Subject: x\r\n\r\nx\r\n.\r\n").await {
                        Some(code) => accepted += usize::from(code == 250),
                        None => break 'session,
                    }
                }
            }
            if say(&mut ours, b"RSET\r\n").await.is_none() {
                break;
            }
        }
    }
    drop(ours);
    serving.await.unwrap();
    accepted
}

async fn say(stream: &mut tokio::io::DuplexStream, bytes: &[u8]) -> Option<u16> {
    // A closed connection shows when the reply is read.
    let _ = stream.write_all(bytes).await;
    reply(stream).await
}

/// Reads one whole reply, and checks each of its lines.
async fn reply(stream: &mut tokio::io::DuplexStream) -> Option<u16> {
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            match stream.read_u8().await {
                Ok(byte) => line.push(byte),
                Err(_) => {
                    assert!(line.is_empty(), "a part of a reply: {line:?}");
                    return None;
                }
            }
        }
        let digits = std::str::from_utf8(&line[..3]).unwrap();
        let code: u16 = digits.parse().unwrap();
        assert!((200..560).contains(&code) && matches!(line[3], b' ' | b'-'), "{line:?}");
        if line[3] == b' ' {
            return Some(code);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_rules_break_the_conversation(rules in prop::collection::vec(rule(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (inbox, chaos) = (testing::Inbox::new(), Chaos::new());
            let server = Server::builder().with(chaos.clone()).store(inbox.clone()).build().unwrap();
            let served = serve_console(Console::builder(&server).chaos(chaos).build()).await;
            let body = json!({ "seconds": 86_400, "rules": rules });
            let answer = served.json("PUT", "/api/v1/chaos", Some(&body)).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let mut accepted = 0;
            for _ in 0..3 {
                accepted += talk(&server).await;
            }
            assert_eq!(inbox.messages().len(), accepted, "a 250 is a message in the store, and nothing else is");
        });
    }
}
