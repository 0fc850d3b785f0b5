//! Rules of chaos: what clients of the server get, byte by byte.

use std::time::Duration;

use mailchute::{Server, testing};
use mailchute_console::{Chaos, Console};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Served, serve_console};

struct Under {
    http: Served,
    server: Server,
    inbox: testing::Inbox,
}

/// Returns a server with chaos, and its console.
async fn under(rules: Value) -> Under {
    let (inbox, chaos) = (testing::Inbox::new(), Chaos::new());
    let server =
        Server::builder().hostname("mx.example").with(chaos.clone()).store(inbox.clone()).build().unwrap();
    let http = serve_console(Console::builder(&server).chaos(chaos).build()).await;
    let answer = http.json("PUT", "/api/v1/chaos", Some(&json!({ "rules": rules }))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Under { http, server, inbox }
}

impl Under {
    /// Sends bytes, closes, and returns all that the server says.
    async fn says(&self, input: &[u8]) -> String {
        let (mut ours, theirs) = tokio::io::duplex(64 * 1024);
        let server = self.server.clone();
        let serving = tokio::spawn(async move {
            server.serve_connection(theirs, std::net::SocketAddr::from(([192, 0, 2, 1], 40_000))).await;
        });
        ours.write_all(input).await.unwrap();
        ours.shutdown().await.unwrap();
        let mut said = String::new();
        ours.read_to_string(&mut said).await.unwrap();
        serving.await.unwrap();
        said
    }

    async fn applied(&self) -> Vec<u64> {
        let status = self.http.json("GET", "/api/v1/chaos", None).await.json();
        status["rules"].as_array().unwrap().iter().map(|rule| rule["applied"].as_u64().unwrap()).collect()
    }
}

const MAIL: &[u8] = b"HELO c.example\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<bob@mx.example>\r\nDATA\r\n\
                      Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n";

#[tokio::test]
async fn a_delay_ends_with_the_rules_and_nothing_is_refused_then() {
    let under = under(json!([{"stage": "message", "delay_ms": 200_000, "reply": "451 4.3.0 Later"}])).await;
    let (said, ()) = tokio::join!(under.says(MAIL), async {
        while under.applied().await != [1] {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(under.http.json("DELETE", "/api/v1/chaos", None).await.status, 204);
    });
    assert!(said.contains("\r\n250 2.6.0 "), "{said}");
    assert_eq!(under.inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_rule_at_each_stage_answers_with_its_reply() {
    let rows = [
        ("connect", "554 5.3.2 Not today", "554 5.3.2 Not today\r\n503 "),
        ("ehlo", "550 No", "220 mx.example ESMTP Mailchute\r\n550 No\r\n"),
        ("mail", "451 4.3.0 Later", "250 mx.example\r\n451 4.3.0 Later\r\n"),
        ("rcpt", "450 4.2.1 Busy", "250 2.1.0 Sender OK\r\n450 4.2.1 Busy\r\n"),
        ("data", "452 4.3.1 Full", "250 2.1.5 Recipient OK\r\n452 4.3.1 Full\r\n"),
        ("message", "554 5.6.0 Bad", "354 "),
        ("any", "421 4.3.2 Bye", "421 4.3.2 Bye\r\n"),
    ];
    for (stage, reply, expected) in rows {
        let under = under(json!([{ "stage": stage, "reply": reply }])).await;
        let said = under.says(MAIL).await;
        assert!(said.contains(expected) && said.contains(&format!("{reply}\r\n")), "{stage}: {said}");
        assert!(under.inbox.messages().is_empty(), "{stage}");
    }
}

#[tokio::test]
async fn a_message_that_is_cut_off_is_not_kept() {
    let under = under(json!([{ "stage": "message", "hang_up": true }])).await;
    let mut client = testing::connect(&under.server).open();
    client.ready().await.expect(250);
    for (line, code) in [("MAIL FROM:<>", 250), ("RCPT TO:<bob@mx.example>", 250), ("DATA", 354)] {
        client.command(line).await.expect(code);
    }
    client.send_bytes(b"Subject: x\r\n\r\nx\r\n.\r\n").await;
    assert!(client.try_read_reply().await.is_none());
    assert!(under.inbox.messages().is_empty());
    assert_eq!(under.applied().await, [1]);
}

#[tokio::test]
async fn the_first_attempt_fails_and_the_retry_passes() {
    let under = under(json!([{ "stage": "rcpt", "first": 1, "reply": "451 4.7.1 Greylisted" }])).await;
    assert!(under.says(MAIL).await.contains("451 4.7.1 Greylisted\r\n"));
    assert!(under.says(MAIL).await.contains("250 2.6.0 "));
    assert_eq!(under.inbox.messages().len(), 1);
}

#[tokio::test]
async fn every_second_recipient_fails() {
    let under = under(json!([{ "stage": "rcpt", "every": 2, "reply": "450 4.2.1 Busy" }])).await;
    let said = under
        .says(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<b@b.example>\r\nRCPT TO:<c@b.example>\r\n")
        .await;
    assert!(
        said.ends_with("250 2.1.5 Recipient OK\r\n450 4.2.1 Busy\r\n250 2.1.5 Recipient OK\r\n"),
        "{said}"
    );
}

#[tokio::test]
async fn conditions_choose_by_sender_recipient_and_client() {
    let under = under(json!([
        { "stage": "rcpt", "to": "full@*", "reply": "452 4.2.2 Full" },
        { "stage": "rcpt", "from": "*@spam.example", "reply": "550 5.7.1 No" },
        { "stage": "mail", "client": "203.0.113.*", "reply": "550 5.7.1 Not you" },
        { "stage": "mail", "from": "", "reply": "550 5.7.1 No bounces" },
    ]))
    .await;
    let said = under
        .says(
            b"HELO c\r\nMAIL FROM:<a@spam.example>\r\nRCPT TO:<Full@b.example>\r\nRCPT TO:<c@b.example>\r\nRSET\r\n\
              MAIL FROM:<>\r\nMAIL FROM:<ok@c.example>\r\nRCPT TO:<c@b.example>\r\n",
        )
        .await;
    let codes: Vec<_> = said.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "250", "250", "452", "550", "250", "550", "250", "250"], "{said}");
}

#[tokio::test(start_paused = true)]
async fn rules_delay_and_end_by_themselves() {
    let (inbox, chaos) = (testing::Inbox::new(), Chaos::new());
    let server = Server::builder().with(chaos.clone()).store(inbox.clone()).build().unwrap();
    let http = serve_console(Console::builder(&server).chaos(chaos).build()).await;
    let rules = json!({ "seconds": 60, "rules": [{ "stage": "mail", "delay_ms": 5000 }] });
    assert_eq!(http.json("PUT", "/api/v1/chaos", Some(&rules)).await.status, 200);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    let began = tokio::time::Instant::now();
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(began.elapsed().as_secs(), 5);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(http.json("GET", "/api/v1/chaos", None).await.json()["rules"], json!([]));
    client.command("RSET").await.expect(250);
    let began = tokio::time::Instant::now();
    client.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(began.elapsed().as_secs(), 0);
}

#[tokio::test]
async fn rules_outlive_a_reconfiguration_and_end_when_deleted() {
    let (inbox, chaos) = (testing::Inbox::new(), Chaos::new());
    let builder = || Server::builder().with(chaos.clone()).store(inbox.clone());
    let server = builder().build().unwrap();
    let http = serve_console(Console::builder(&server).chaos(chaos.clone()).build()).await;
    let rules = json!({ "rules": [{ "stage": "mail", "reply": "451 4.3.0 Later" }] });
    assert_eq!(http.json("PUT", "/api/v1/chaos", Some(&rules)).await.status, 200);
    server.reconfigure(builder()).unwrap();
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<>").await.expect(451);
    assert_eq!(http.json("DELETE", "/api/v1/chaos", None).await.status, 204);
    client.command("MAIL FROM:<>").await.expect(250);
}

#[tokio::test]
async fn a_refused_starttls_leaves_the_session_in_the_clear() {
    let key = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
    let tls = mailchute::tls::TlsConfig::from_pem(
        key.cert.pem().as_bytes(),
        key.signing_key.serialize_pem().as_bytes(),
    )
    .unwrap();
    let chaos = Chaos::new();
    let server = Server::builder().tls(tls).with(chaos.clone()).store(testing::Inbox::new()).build().unwrap();
    let http = serve_console(Console::builder(&server).chaos(chaos).build()).await;
    let rules = json!({ "rules": [{ "stage": "starttls", "reply": "454 4.7.0 Not now" }] });
    assert_eq!(http.json("PUT", "/api/v1/chaos", Some(&rules)).await.status, 200);
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    assert_eq!(client.command("STARTTLS").await.expect(454).to_string(), "454 4.7.0 Not now");
    client.command("NOOP").await.expect(250);
}

#[tokio::test]
async fn rules_that_are_wrong_are_refused_with_a_reason() {
    let under = under(json!([{ "stage": "mail", "delay_ms": 1 }])).await;
    for (body, words) in [
        (json!({ "rules": [] }), "rules: write at least one rule"),
        (json!({ "rules": [{ "stage": "mail" }] }), "rule 1: reply: the rule does nothing"),
        (json!({ "rules": [{ "stage": "mail", "reply": "250 2.0.0 OK" }] }), "250 does not refuse"),
        (
            json!({ "rules": [{ "stage": "mail", "reply": "550 4.1.1 x" }] }),
            "does not go with reply code 550",
        ),
        (json!({ "rules": [{ "stage": "mail", "reply": "550 5.1.1 x\r\n250 ok" }] }), "write one line"),
        (json!({ "seconds": 0, "rules": [{ "stage": "mail", "delay_ms": 1 }] }), "seconds: write 1 to 86400"),
        (json!({ "rules": [{ "stage": "mail", "delay_ms": 300_001 }] }), "delay_ms: write at most 300000"),
        (json!({ "rules": [{ "stage": "mail", "delay_ms": 1, "probability": 0.0 }] }), "probability: write"),
        (json!({ "rules": [{ "stage": "mail", "delay_ms": 1, "every": 0 }] }), "every: write 1 or more"),
        (json!({ "rules": [{ "stage": "mail", "delay_ms": 1, "first": 0 }] }), "first: write 1 or more"),
        (json!({ "rules": [{ "stage": "mail", "delay_ms": 1, "to": "\n" }] }), "to: write at most 256"),
    ] {
        let answer = under.http.json("PUT", "/api/v1/chaos", Some(&body)).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.body.contains(words), "{body}: {}", answer.body);
    }
    assert_eq!(under.applied().await, [0], "what was active stays");
}

#[tokio::test]
async fn a_server_without_chaos_says_so() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let http = serve_console(Console::builder(&server).build()).await;
    assert_eq!(http.json("GET", "/api/v1/chaos", None).await.status, 404);
}
