//! MTA Hooks, in front of a web server that follows a script.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailchute::testing::NotPassedOn;
use mailchute::{Check, Filter as _, Message, Refusal, Server, Session, testing};
use mailchute_filters::OnFailure;
use mailchute_filters::mta_hooks::{HookStage, MtaHooks, MtaHooksBuilder};
use serde_json::{Value, json};

use crate::web::{Answer, Web, hostile};

fn session() -> Session {
    testing::session()
        .from(([192, 0, 2, 7], 2525).into())
        .sender("alice@client.example")
        .recipient("bob@example.com")
        .recipient("eve@example.com")
        .build()
}

fn ok(answer: &Value) -> Answer {
    Answer::Ok(answer.to_string())
}

fn accept() -> Answer {
    ok(&json!({"action": "accept", "response": null, "modifications": null}))
}

/// Asks about a message.
async fn ask(
    web: &Web,
    options: impl FnOnce(MtaHooksBuilder) -> MtaHooksBuilder,
    content: impl Into<Vec<u8>>,
) -> (Session, Message, Result<(), Refusal>) {
    let session = session();
    let mut message = testing::message(&session, content.into());
    let hooks = options(MtaHooks::builder(&web.url).unwrap()).open().unwrap();
    let concluded = hooks.filter(&mut message, &session).await;
    (session, message, concluded)
}

/// The message as the next reader gets it after these modifications.
async fn modified(modifications: Value) -> Message {
    let web = Web::start([ok(&json!({"action": "accept", "modifications": modifications}))]).await;
    let (_session, message, concluded) = ask(&web, |builder| builder, CONTENT).await;
    concluded.unwrap();
    testing::next_reader(&message).unwrap()
}

async fn text(modifications: Value) -> String {
    let mut message = modified(modifications).await;
    String::from_utf8(message.bytes().await.unwrap().to_vec()).unwrap()
}

const CONTENT: &str = "A: 1\r\nA: 2\r\nB: x\r\n\r\nbody\r\n";

#[tokio::test]
async fn a_message_is_sent_as_stalwart_sends_it() {
    let web = Web::start([accept()]).await;
    let session = session();
    let content = "Subject: \"x\"\r\n y\r\nA:\r\nTo: b\u{fc}cher\r\n\r\nbody \u{1f600}\r\n.\t\\\r\n";
    let mut message = testing::message(&session, content);
    message.add_above_trace("Authentication-Results", "mx.example.com; none").unwrap();
    let hooks = MtaHooks::builder(&format!("{}/hook?x=1", web.url)).unwrap();
    let hooks = hooks.basic_auth("us", "s3cret").name("policy").open().unwrap();
    hooks.filter(&mut message, &session).await.unwrap();
    let request = web.one();
    assert_eq!(request.path, "/hook?x=1");
    assert_eq!(request.get("content-type"), Some("application/json"));
    assert_eq!(request.get("authorization"), Some("Basic dXM6czNjcmV0"));
    let size = content.len() + "Authentication-Results: mx.example.com; none\r\n".len();
    let expected = json!({
        "context": {
            "stage": "data",
            "client": {"ip": "192.0.2.7", "port": 2525, "ptr": null, "helo": null, "activeConnections": 1},
            "server": {"name": "mx.example.com", "port": 0, "ip": null},
            "queue": {"id": message.id().to_string()},
            "protocol": {"version": 1},
        },
        "envelope": {
            "from": {"address": "alice@client.example"},
            "to": [{"address": "bob@example.com"}, {"address": "eve@example.com"}],
        },
        "message": {
            "headers": [
                ["Authentication-Results", " mx.example.com; none\r\n"],
                ["Subject", " \"x\"\r\n y\r\n"],
                ["A", "\r\n"],
                ["To", " b\u{fc}cher\r\n"],
            ],
            "contents": "body \u{1f600}\r\n.\t\\\r\n",
            "size": size,
        },
    });
    assert_eq!(request.json(), expected);
    assert_eq!(session.finding("policy").unwrap().to_string(), "policy=accept");
}

#[tokio::test]
async fn no_byte_of_a_message_is_lost() {
    let big: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let mut binary = b"Subject: x\r\n\r\n".to_vec();
    binary.extend_from_slice(&big);
    let contents: [(&[u8], bool); 11] = [
        (b"A: 1\r\n\r\nbody", true),
        (b"A: 1\r\n\r\n", true),
        (b"\r\nbody\r\n", true),
        (b"A: 1\r\nB:\t2\r\n 3\r\n\r\n\r\n\r\n\x00\x01\"\\\x7f", true),
        (b"A: caf\xe9\r\n\r\nbody", false),
        (b"A: 1\r\n\r\nbody \xff\xfe", false),
        (b"A : 1\r\n\r\nbody", false),
        (b"A: 1\r\nno field\r\nB: 2\r\n\r\nbody", false),
        (b"A: 1\r\n", false),
        (b"From a@b\r\nA: 1\r\n\r\nbody", false),
        (&binary, false),
    ];
    for (content, is_text) in contents {
        let web = Web::start([accept()]).await;
        let (_session, _message, concluded) = ask(&web, |builder| builder, content).await;
        concluded.unwrap();
        let json = web.one().json();
        let message = &json["message"];
        let shown = content.escape_ascii().to_string();
        let shown = &shown[..shown.len().min(100)];
        assert_eq!(message["size"], content.len(), "{shown}");
        if is_text {
            let mut whole = String::new();
            for field in message["headers"].as_array().unwrap() {
                whole += &format!("{}:{}", field[0].as_str().unwrap(), field[1].as_str().unwrap());
            }
            whole += "\r\n";
            whole += message["contents"].as_str().unwrap();
            assert_eq!((whole.as_bytes(), message.get("raw")), (content, None), "{shown}");
        } else {
            assert_eq!(STANDARD.decode(message["raw"].as_str().unwrap()).unwrap(), content, "{shown}");
        }
    }
}

#[tokio::test]
async fn the_web_server_is_asked_at_each_stage() {
    let web = Web::start_unix([accept()]);
    let hooks = MtaHooks::builder(&web.url).unwrap().stages(HookStage::ALL).open().unwrap();
    let server = Server::builder()
        .allow_plaintext_auth()
        .on_auth(|credentials, _session| async move { Check::right_if(credentials.is("alice", "x")) })
        .with(hooks)
        .store(testing::Inbox::new())
        .build()
        .unwrap();
    let mut client = testing::connect(&server).from(([192, 0, 2, 1], 25).into()).open();
    client.ready().await.expect(250);
    client.command("AUTH PLAIN AGFsaWNlAHg=").await.expect(235);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("RCPT TO:<eve@example.com>").await.expect(250);
    client.data("A: 1\r\n\r\nbody").await.expect(250);
    let requests: Vec<_> = web.take().iter().map(crate::web::Request::json).collect();
    let facts: Vec<_> = requests
        .iter()
        .map(|request| {
            let context = &request["context"];
            let to = request["envelope"]["to"].as_array().map_or(0, Vec::len);
            let helo = context["client"]["helo"].as_str().unwrap_or("-");
            let login = context["sasl"]["login"].as_str().unwrap_or("-");
            let from = request["envelope"]["from"]["address"].as_str().unwrap_or("-");
            format!("{} {helo} {login} {from} {to}", context["stage"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        facts,
        [
            "connect - - - 0",
            "ehlo client.example - - 0",
            "auth client.example alice - 0",
            "mail client.example alice alice@client.example 0",
            "rcpt client.example alice alice@client.example 1",
            "rcpt client.example alice alice@client.example 2",
            "data client.example alice alice@client.example 2",
        ]
    );
    assert_eq!(web.connections(), 1);
}

#[tokio::test]
async fn a_rejection_is_the_reply_at_each_stage() {
    let reject = |response: Value| ok(&json!({"action": "reject", "response": response}));
    for (answer, reply) in [
        (ok(&json!({"action": "reject"})), "550 5.7.1 Message rejected"),
        (reject(json!(null)), "550 5.7.1 Message rejected"),
        (reject(json!({"status": 451})), "451 4.7.1 Message rejected"),
        (
            reject(json!({"status": 554, "enhancedStatus": "5.6.0", "message": "No\r\nway \u{0}x"})),
            "554-5.6.0 No / 554 5.6.0 way ?x",
        ),
        (reject(json!({"status": 421, "enhanced_status": "4.3.2"})), "421 4.3.2 Message rejected"),
    ] {
        let web = Web::start([answer]).await;
        let (session, _message, concluded) = ask(&web, |builder| builder, CONTENT).await;
        assert_eq!(concluded.unwrap_err().to_string(), reply);
        assert_eq!(session.finding("http").unwrap().result(), "reject");
    }
    let web = Web::start([reject(json!({"status": 550, "message": "No", "disconnect": true}))]).await;
    let hooks = MtaHooks::builder(&web.url).unwrap().stages([HookStage::Rcpt]).open().unwrap();
    let server = Server::builder().with(hooks).store(testing::Inbox::new()).build().unwrap();
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    assert_eq!(client.command("RCPT TO:<bob@example.com>").await.to_string(), "550 5.7.1 No");
    assert!(client.try_read_reply().await.is_none());
}

#[tokio::test]
async fn modifications_are_made() {
    for (modification, expected) in [
        (
            json!({"type": "addHeader", "name": "X", "value": "1"}),
            "X: 1\r\nA: 1\r\nA: 2\r\nB: x\r\n\r\nbody\r\n",
        ),
        (
            json!({"type": "insertHeader", "index": 2, "name": "X", "value": "1\r\n 2\r\n"}),
            "A: 1\r\nA: 2\r\nX: 1\r\n 2\r\nB: x\r\n\r\nbody\r\n",
        ),
        (
            json!({"type": "changeHeader", "index": 2, "name": "a", "value": "3"}),
            "A: 1\r\na: 3\r\nB: x\r\n\r\nbody\r\n",
        ),
        (
            json!({"type": "changeHeader", "index": 1, "name": "A", "value": ""}),
            "A: 2\r\nB: x\r\n\r\nbody\r\n",
        ),
        (json!({"type": "deleteHeader", "index": 2, "name": "A"}), "A: 1\r\nB: x\r\n\r\nbody\r\n"),
        (json!({"type": "replaceContents", "value": "new\n.\n"}), "A: 1\r\nA: 2\r\nB: x\r\n\r\nnew\r\n.\r\n"),
    ] {
        assert_eq!(text(json!([modification])).await, expected);
    }
    let envelope = modified(json!([
        {"type": "changeFrom", "value": "b@x.example"},
        {"type": "addRecipient", "value": "<carol@example.com>", "parameters": {}},
        {"type": "deleteRecipient", "value": "bob@example.com"},
    ]))
    .await;
    let to: Vec<_> = envelope.envelope().recipients.iter().map(mailchute::Recipient::as_str).collect();
    assert_eq!(
        (envelope.envelope().sender.as_str(), to),
        ("b@x.example", vec!["eve@example.com", "carol@example.com"])
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_an_error_in_the_log() {
    let (log, _guard) = crate::log::capture();
    for (modification, told) in [
        (json!({"type": "addHeader", "name": "X", "value": "1\r\nY: 2"}), "insert-field"),
        (json!({"type": "addHeader", "name": "X: y\r\nZ", "value": "1"}), "cannot be the name"),
        (json!({"type": "changeHeader", "index": 0, "name": "A", "value": "1"}), "has the index 1"),
        (json!({"type": "deleteHeader", "index": 0, "name": "A"}), "has the index 1"),
        (json!({"type": "changeFrom", "value": "a b"}), "set-sender"),
        (json!({"type": "deleteRecipient", "value": "x@y.example"}), "there is no recipient"),
    ] {
        let before = log.text().len();
        assert_eq!(text(json!([modification.clone()])).await, CONTENT, "{modification}");
        let text = log.text()[before..].to_owned();
        assert!(text.contains("ERROR") && text.contains(told), "{modification}: {text}");
    }
    let with = modified(json!([
        {"type": "changeFrom", "value": "c@example.com", "parameters": {"BODY": "7BIT"}},
        {"type": "addRecipient", "value": "carol@example.com", "parameters": {"NOTIFY": "NEVER"}},
        {"type": "addRecipient", "value": "dave@example.com", "parameters": {"NOTIFY": "x y"}},
    ]))
    .await;
    log.expect("the parameters of MAIL cannot be changed");
    let recipients = &with.envelope().recipients;
    assert_eq!((with.envelope().sender.as_str(), recipients.len()), ("c@example.com", 3));
    assert!(recipients[2].parameters().notify.is_some());
}

#[tokio::test]
async fn discard_and_quarantine_at_rcpt_wait_for_the_message() {
    let modified = json!({"action": "quarantine", "modifications": [
        {"type": "addHeader", "name": "X", "value": "1"}, {"type": "replaceContents", "value": "new"},
    ]});
    for (answer, kept) in [(modified, 1), (json!({"action": "discard"}), 0)] {
        let web = Web::start([ok(&answer), accept()]).await;
        let hooks = MtaHooks::builder(&web.url).unwrap().quarantine_into("Held");
        let hooks = hooks.stages([HookStage::Mail, HookStage::Rcpt]).open().unwrap();
        let inbox = testing::Inbox::new();
        let server = Server::builder().with(hooks).store(inbox.clone()).build().unwrap();
        let mut client = testing::connect(&server).open();
        client.ready().await.expect(250);
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.data(CONTENT).await.expect(250);
        let mails = inbox.messages();
        assert_eq!(mails.len(), kept);
        if let [mail] = &*mails {
            assert_eq!(mail.directory(), Some("Held"));
            assert_eq!((mail.header().get("X").unwrap(), mail.body()), ("1".into(), &b"new\r\n"[..]));
        }
        // The next transaction does not have them.
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.data(CONTENT).await.expect(250);
        assert_eq!(inbox.messages().last().unwrap().directory(), None);
    }
}

#[tokio::test]
async fn discard_and_quarantine_of_a_message_are_done_at_once() {
    let web = Web::start([ok(&json!({"action": "discard"})), ok(&json!({"action": "quarantine"}))]).await;
    let (_session, message, concluded) = ask(&web, |builder| builder, CONTENT).await;
    concluded.unwrap();
    assert!(matches!(testing::next_reader(&message), Err(NotPassedOn::Discarded)));
    let (session, message, concluded) = ask(&web, |builder| builder, CONTENT).await;
    concluded.unwrap();
    assert_eq!(testing::next_reader(&message).unwrap().directory().as_deref(), Some("Junk"));
    assert_eq!(session.finding("http").unwrap().result(), "quarantine");
}

#[tokio::test]
async fn a_text_for_the_client_need_not_be_utf8() {
    let raw = |json: &[u8]| {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", json.len()).into_bytes();
        answer.extend_from_slice(json);
        Answer::Raw(answer)
    };
    for (json, reply) in [
        (&b"{\"action\":\"reject\",\"response\":{\"message\":\"caf\xe9\"}}"[..], 550),
        (b"{\"action\":\"accept\",\"modifications\":[{\"type\":\"replaceContents\",\"value\":\"caf\xe9\"}]}", 451),
    ] {
        let web = Web::start([raw(json)]).await;
        let (_session, _message, concluded) = ask(&web, |builder| builder, CONTENT).await;
        assert_eq!(concluded.unwrap_err().code().get(), reply);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_known_is_a_failure() {
    let (log, _guard) = crate::log::capture();
    let unknown = [
        (json!({"action": "explode"}), "unknown variant `explode`"),
        (json!({"action": "accept", "modifications": [{"type": "burn"}]}), "unknown variant `burn`"),
        (json!({"action": "accept", "modifications": [{"type": "addHeader"}]}), "missing field"),
        (
            json!({"action": "accept", "modifications": vec![json!({"type": "replaceContents", "value": ""}); 257]}),
            "256",
        ),
        (json!({"action": "reject", "response": {"status": 250}}), "250"),
        (json!({"action": "reject", "response": {"status": 550, "enhancedStatus": "4.7.1"}}), "4.7.1"),
        (json!({"action": "reject", "response": {"status": 550, "enhancedStatus": "5.7"}}), "5.7"),
    ];
    let hostile = hostile().into_iter();
    for (answer, told) in hostile.chain(unknown.map(|(answer, told)| (ok(&answer), told))) {
        let web = Web::start([answer]).await;
        let before = log.text().len();
        for on_failure in [OnFailure::TempFail, OnFailure::Accept] {
            let options = |builder: MtaHooksBuilder| builder.on_failure(on_failure).max_answer(1 << 20);
            let (session, message, concluded) = ask(&web, options, CONTENT).await;
            assert_eq!(session.finding("http").unwrap().result(), "failed", "{told}");
            match on_failure {
                OnFailure::TempFail => assert_eq!(concluded.unwrap_err().code().get(), 451),
                OnFailure::Accept => {
                    concluded.unwrap();
                    let mut next = testing::next_reader(&message).unwrap();
                    assert_eq!(next.bytes().await.unwrap(), CONTENT);
                }
            }
        }
        let text = log.text()[before..].to_owned();
        assert!(text.contains("a filter could not answer") && text.contains(told), "{told}: {text}");
    }
}

#[tokio::test]
async fn a_client_is_not_quarantined_before_it_sends_mail() {
    let web = Web::start([ok(&json!({"action": "quarantine"}))]).await;
    let hooks = MtaHooks::builder(&web.url).unwrap().stages([HookStage::Ehlo]).open().unwrap();
    let server = Server::builder().with(hooks).store(testing::Inbox::new()).build().unwrap();
    let mut client = testing::connect(&server).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(451);
}

#[tokio::test]
async fn a_large_message_is_not_sent_and_no_answer_is_a_failure() {
    let web = Web::start([Answer::Hangs]).await;
    let (session, _message, concluded) = ask(&web, |builder| builder.max_size(10), CONTENT).await;
    concluded.unwrap();
    assert_eq!((session.finding("http").unwrap().result(), web.connections()), ("skipped", 0));
    let options = |builder: MtaHooksBuilder| builder.timeout(Duration::from_millis(200));
    let (session, _message, concluded) = ask(&web, options, CONTENT).await;
    assert_eq!(concluded.unwrap_err().code().get(), 451);
    assert_eq!(session.finding("http").unwrap().result(), "failed");
}
