//! The filter of rspamd, in front of a web server that follows a script.

mod edits;

use std::time::Duration;

use mailchute::testing::NotPassedOn;
use mailchute::{Filter as _, Message, Refusal, Server, Session, testing};
use mailchute_filters::OnFailure;
use mailchute_filters::rspamd::{Rspamd, RspamdAction, RspamdBuilder, RspamdVerdict};

use crate::web::{Answer, Web, hostile};

fn session() -> Session {
    testing::session()
        .from(([192, 0, 2, 7], 2525).into())
        .identity("alice")
        .sender("alice@client.example")
        .recipient("bob@example.com")
        .recipient("eve@example.com")
        .build()
}

/// Asks about a message.
async fn ask(
    web: &Web,
    options: impl FnOnce(RspamdBuilder) -> RspamdBuilder,
    content: &str,
) -> (Session, Message, Result<(), Refusal>) {
    let session = session();
    let mut message = testing::message(&session, content.to_owned());
    let rspamd = options(Rspamd::builder(&web.url).unwrap()).open().unwrap();
    let concluded = rspamd.filter(&mut message, &session).await;
    (session, message, concluded)
}

/// The message as the next reader gets it after this answer.
async fn checked(answer: &str, content: &str) -> String {
    let web = Web::start([Answer::Ok(answer.to_owned())]).await;
    let (_session, message, concluded) = ask(&web, |builder| builder, content).await;
    concluded.unwrap();
    let mut next = testing::next_reader(&message).unwrap();
    String::from_utf8(next.bytes().await.unwrap().to_vec()).unwrap()
}

const SPAM: &str = r#"{"is_skipped":false,"score":7.5,"required_score":15.0,"action":"add header",
    "thresholds":{"reject":15.0,"add header":6.0},
    "symbols":{"GTUBE":{"name":"GTUBE","score":5.0,"metric_score":0,"options":["x"]},"A":{"score":2.5}},
    "messages":{},"message-id":"x@y","time_real":0.1,"milter":{"remove_headers":{"X-Spam":0}}}"#;

#[tokio::test]
async fn rspamd_gets_the_message_and_what_is_known_of_it() {
    let web = Web::start([Answer::Ok(SPAM.to_owned())]).await;
    let content = "Subject: caf\u{e9}\r\n\r\n.body\r\n";
    let options = |builder: RspamdBuilder| builder.password("s3cret").settings_id("mx");
    let (session, message, concluded) = ask(&web, options, content).await;
    concluded.unwrap();
    let request = web.one();
    assert_eq!((&*request.path, &*request.body), ("/checkv2", content.as_bytes()));
    assert_eq!(request.all("rcpt").collect::<Vec<_>>(), ["<bob@example.com>", "<eve@example.com>"]);
    let length = content.len().to_string();
    let id = message.id().to_string();
    for (name, value) in [
        ("from", "<alice@client.example>"),
        ("ip", "192.0.2.7"),
        ("user", "alice"),
        ("queue-id", &*id),
        ("mta-name", "mx.example.com"),
        ("password", "s3cret"),
        ("settings-id", "mx"),
        ("content-length", &*length),
    ] {
        assert_eq!(request.get(name), Some(value), "{name}");
    }
    assert_eq!((request.get("deliver-to"), request.get("helo"), request.get("hostname")), (None, None, None));

    let verdict: RspamdVerdict = session.transaction_state().get().unwrap();
    assert_eq!((verdict.action, verdict.score, verdict.required_score), (RspamdAction::AddHeader, 7.5, 15.0));
    let symbols: Vec<_> = verdict.symbols.iter().map(|symbol| (&*symbol.name, symbol.score)).collect();
    assert_eq!(symbols, [("GTUBE", 5.0), ("A", 2.5)]);
    assert_eq!(session.finding("rspamd").unwrap().to_string(), "rspamd=add-header");
}

#[tokio::test]
async fn a_server_tells_rspamd_of_its_client() {
    let web = Web::start_unix([Answer::Ok(r#"{"action":"no action"}"#.to_owned())]);
    let inbox = testing::Inbox::new();
    let rspamd = Rspamd::builder(&web.url).unwrap().open().unwrap();
    let server = Server::builder().with(rspamd).store(inbox.clone()).build().unwrap();
    let mut client = testing::connect(&server).from(([192, 0, 2, 1], 25).into()).open();
    client.ready().await.expect(250);
    for content in ["A: 1\r\n\r\n..x", "A: 2\r\n\r\ny"] {
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.data(content).await.expect(250);
    }
    let requests = web.take();
    assert_eq!(requests[0].get("helo"), Some("client.example"));
    assert_eq!(
        (requests[0].get("from"), requests[0].get("deliver-to")),
        (Some("<>"), Some("bob@example.com"))
    );
    assert_eq!(requests[1].body, b"A: 2\r\n\r\ny\r\n");
    assert_eq!((requests.len(), web.connections()), (2, 1));
    assert_eq!(inbox.messages().len(), 2);
}

#[tokio::test]
async fn each_action_has_its_fate() {
    let refusals = [
        (r#"{"action":"reject"}"#, "550 5.7.1 This message looks like spam"),
        (r#"{"action":"reject","messages":{"smtp_message":"Gtube pattern"}}"#, "550 5.7.1 Gtube pattern"),
        (r#"{"action":"soft reject"}"#, "451 4.7.1 Try again later"),
        (
            r#"{"action":"soft reject","messages":{"smtp_message":"Not\r\nnow"}}"#,
            "451-4.7.1 Not / 451 4.7.1 now",
        ),
    ];
    for (answer, reply) in refusals {
        let web = Web::start([Answer::Ok(answer.to_owned())]).await;
        let (session, _message, concluded) = ask(&web, |builder| builder, "A: 1\r\n\r\n").await;
        assert_eq!(concluded.unwrap_err().to_string(), reply, "{answer}");
        assert!(session.finding("rspamd").unwrap().result().ends_with("reject"));
    }
    let content = "X-Spam: no\r\nSubject: x\r\n\r\nbody\r\n";
    for (answer, expected) in [
        (r#"{"action":"no action"}"#, content),
        (r#"{"action":"greylist"}"#, content),
        (r#"{"action":"house rule"}"#, content),
        (r#"{"action":"add header"}"#, "X-Spam: Yes\r\nSubject: x\r\n\r\nbody\r\n"),
        (
            r#"{"action":"add header","milter":{"spam_header":"very"}}"#,
            "X-Spam: very\r\nSubject: x\r\n\r\nbody\r\n",
        ),
        (
            r#"{"action":"add header","milter":{"spam_header":{"X-Spam":"1","X-Flag":"2"}}}"#,
            "X-Flag: 2\r\nX-Spam: 1\r\nSubject: x\r\n\r\nbody\r\n",
        ),
        (
            r#"{"action":"rewrite subject","subject":"[SPAM] x"}"#,
            "X-Spam: no\r\nSubject: [SPAM] x\r\n\r\nbody\r\n",
        ),
        (
            r#"{"action":"reject","milter":{"no_action":true}}"#,
            "X-Spam: no\r\nSubject: x\r\nX-Rspamd-Action: reject\r\n\r\nbody\r\n",
        ),
    ] {
        assert_eq!(checked(answer, content).await, expected, "{answer}");
    }
}

#[tokio::test]
async fn spam_goes_to_a_directory_or_nowhere() {
    let options = |builder: RspamdBuilder| builder.spam_into("Spam").quarantine_into("Held");
    for (answer, directory) in [
        (r#"{"action":"add header"}"#, Some("Spam")),
        (r#"{"action":"rewrite subject","subject":"y"}"#, Some("Spam")),
        (r#"{"action":"quarantine"}"#, Some("Held")),
        (r#"{"action":"reject","milter":{"reject":"quarantine"}}"#, Some("Held")),
        (r#"{"action":"no action"}"#, None),
        (r#"{"action":"reject","milter":{"no_action":true}}"#, None),
    ] {
        let web = Web::start([Answer::Ok(answer.to_owned())]).await;
        let (session, message, concluded) = ask(&web, options, "A: 1\r\n\r\n").await;
        concluded.unwrap();
        assert_eq!(testing::next_reader(&message).unwrap().directory().as_deref(), directory, "{answer}");
        assert_ne!(session.finding("rspamd").unwrap().result(), "reject", "{answer}");
    }
    for answer in [r#"{"action":"discard"}"#, r#"{"action":"reject","milter":{"reject":"discard"}}"#] {
        let web = Web::start([Answer::Ok(answer.to_owned())]).await;
        let (session, message, concluded) = ask(&web, options, "A: 1\r\n\r\n").await;
        concluded.unwrap();
        assert!(matches!(testing::next_reader(&message), Err(NotPassedOn::Discarded)), "{answer}");
        assert_eq!(session.finding("rspamd").unwrap().to_string(), "rspamd=discard", "{answer}");
    }
}

#[tokio::test]
async fn the_result_replaces_that_of_the_client() {
    let web = Web::start([Answer::Ok(SPAM.to_owned())]).await;
    let content = "X-Spamd-Result: fine\r\n\r\n";
    let (_session, message, concluded) = ask(&web, |builder| builder.result_field(true), content).await;
    concluded.unwrap();
    let expected = "X-Spamd-Result: default: False [7.50 / 15.00];\r\n\tGTUBE(5.00)[];\r\n\tA(2.50)[]\r\n\
                    X-Spam: Yes\r\n\r\n";
    assert_eq!(testing::next_reader(&message).unwrap().bytes().await.unwrap(), expected);
}

#[tokio::test]
async fn numbers_that_are_not_finite_do_not_break_an_answer() {
    for answer in [
        r#"{"action":"no action","score":0.1,"required_score":null,"symbols":{},"messages":{}}"#,
        r#"{"action":"no action","score":0.1,"symbols":null,"messages":null,"milter":null}"#,
        r#"{"action":"no action","score":0.1,"symbols":[],"milter":{"no_action":null,"spam_header":null}}"#,
    ] {
        let web = Web::start([Answer::Ok(answer.to_owned())]).await;
        let options = |builder: RspamdBuilder| builder.result_field(true);
        let (session, message, concluded) = ask(&web, options, "A: 1\r\n\r\n").await;
        concluded.unwrap();
        assert_eq!(session.finding("rspamd").unwrap().result(), "no-action");
        let verdict: RspamdVerdict = session.transaction_state().get().unwrap();
        assert!(verdict.required_score.is_nan() && verdict.symbols.is_empty(), "{verdict:?}");
        let expected = "X-Spamd-Result: default: False [0.10 / nan]\r\nA: 1\r\n\r\n";
        assert_eq!(testing::next_reader(&message).unwrap().bytes().await.unwrap(), expected, "{answer}");
    }
    let answer =
        r#"{"action":"reject","score":null,"symbols":{"A":{"score":null},"B":null,"C":{"score":2}}}"#;
    let web = Web::start([Answer::Ok(answer.to_owned())]).await;
    let (session, _message, concluded) = ask(&web, |builder| builder, "A: 1\r\n\r\n").await;
    assert_eq!(concluded.unwrap_err().code().get(), 550);
    let verdict: RspamdVerdict = session.transaction_state().get().unwrap();
    let symbols: Vec<_> = verdict.symbols.iter().map(|symbol| (&*symbol.name, symbol.score)).collect();
    assert_eq!((verdict.score, &symbols[..]), (0.0, &[("A", 0.0), ("B", 0.0), ("C", 2.0)][..]));
}

#[tokio::test]
async fn a_large_message_is_not_sent() {
    let web = Web::start([Answer::Ok(SPAM.to_owned())]).await;
    let (session, _message, concluded) = ask(&web, |builder| builder.max_size(10), "A: 1\r\n\r\n0123").await;
    concluded.unwrap();
    assert_eq!(session.finding("rspamd").unwrap().result(), "skipped");
    assert_eq!(web.connections(), 0);
}

#[tokio::test]
async fn bytes_that_are_not_utf8_do_not_break_an_answer() {
    let json = b"{\"action\":\"rewrite subject\",\"subject\":\"*** caf\xe9\",\"message-id\":\"\xff\"}";
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", json.len()).into_bytes();
    answer.extend_from_slice(json);
    let web = Web::start([Answer::Raw(answer)]).await;
    let (session, message, concluded) = ask(&web, |builder| builder, "Subject: caf\u{e9}\r\n\r\n").await;
    concluded.unwrap();
    assert_eq!(session.finding("rspamd").unwrap().to_string(), "rspamd=rewrite-subject");
    let mut next = testing::next_reader(&message).unwrap();
    assert_eq!(next.bytes().await.unwrap(), "Subject: *** caf\u{fffd}\r\n\r\n");
}

#[tokio::test]
async fn a_hostile_answer_is_a_failure_and_never_a_verdict() {
    let (log, _guard) = crate::log::capture();
    for (answer, told) in hostile() {
        let web = Web::start([answer]).await;
        let before = log.text().len();
        for on_failure in [OnFailure::TempFail, OnFailure::Accept] {
            let options = |builder: RspamdBuilder| builder.on_failure(on_failure);
            let (session, message, concluded) = ask(&web, options, "A: 1\r\n\r\n").await;
            assert_eq!(session.finding("rspamd").unwrap().result(), "failed", "{told}");
            match on_failure {
                OnFailure::TempFail => assert_eq!(concluded.unwrap_err().code().get(), 451),
                OnFailure::Accept => {
                    concluded.unwrap();
                    let mut next = testing::next_reader(&message).unwrap();
                    assert_eq!(next.bytes().await.unwrap(), "A: 1\r\n\r\n");
                }
            }
        }
        let text = log.text()[before..].to_owned();
        assert!(text.contains("a filter could not answer") && text.contains(told), "{told}: {text}");
    }
}

#[tokio::test]
async fn no_answer_in_time_is_a_failure() {
    let (log, _guard) = crate::log::capture();
    let slow = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{SPAM}", SPAM.len());
    for answer in [Answer::Hangs, Answer::Slow(slow.into_bytes())] {
        let web = Web::start([answer]).await;
        let options = |builder: RspamdBuilder| builder.timeout(Duration::from_millis(200));
        let (session, _message, concluded) = ask(&web, options, "A: 1\r\n\r\n").await;
        assert_eq!(concluded.unwrap_err().code().get(), 451);
        assert_eq!(session.finding("rspamd").unwrap().result(), "failed");
    }
    log.expect("there was no answer within 0.2 s");
}

#[tokio::test]
async fn a_connection_that_was_closed_in_between_is_replaced() {
    let ok = Answer::Ok(r#"{"action":"no action"}"#.to_owned());
    let web = Web::start([ok.clone(), Answer::Closes, ok]).await;
    let session = session();
    let rspamd = Rspamd::builder(&web.url).unwrap().open().unwrap();
    for _ in 0..2 {
        let mut message = testing::message(&session, "A: 1\r\n\r\n");
        rspamd.filter(&mut message, &session).await.unwrap();
        assert_eq!(session.finding("rspamd").unwrap().result(), "no-action");
    }
    assert_eq!((web.take().len(), web.connections()), (2, 2));
}

#[tokio::test]
async fn nobody_at_the_address_is_a_failure() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for url in [format!("http://{port}"), "unix:/nonexistent/socket".to_owned()] {
        let session = session();
        let mut message = testing::message(&session, "A: 1\r\n\r\n");
        let rspamd = Rspamd::builder(&url).unwrap().open().unwrap();
        assert_eq!(rspamd.filter(&mut message, &session).await.unwrap_err().code().get(), 451);
    }
}

#[tokio::test]
async fn many_recipients_do_not_exceed_the_header_that_rspamd_takes() {
    let web = Web::start([Answer::Ok(r#"{"action":"no action"}"#.to_owned())]).await;
    let mut session = testing::session().sender("alice@client.example");
    for number in 0..1_000 {
        session = session.recipient(&format!("{number}.{}@example.com", "x".repeat(55)));
    }
    let session = session.build();
    let mut message = testing::message(&session, "A: 1\r\n\r\n");
    let rspamd = Rspamd::builder(&web.url).unwrap().open().unwrap();
    rspamd.filter(&mut message, &session).await.unwrap();
    let bytes: usize = web.one().all("rcpt").map(|recipient| recipient.len() + 8).sum();
    assert!((30 * 1024..=32 * 1024).contains(&bytes), "{bytes}");
}
