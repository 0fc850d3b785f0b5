//! Releases: what reaches the next hop, and what people are told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use mailchute::listen::Queued;
use mailchute::proxy::XForward;
use mailchute::{Envelope, Recipient, Refusal, Server, testing};
use mailchute_console::{Console, Mailbox, Outlet, Release, Sending};
use mailchute_stores::{Forward, Maildir, NextHop, hand_over};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Served, serve_console, status};

/// A server without listeners, in front of a forward.
#[derive(Debug)]
struct Relay(Server);

impl Outlet for Relay {
    fn send<'a>(&'a self, envelope: &'a Envelope, content: &'a [u8]) -> Sending<'a> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("release-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let message = Queued::new(name, SystemTime::now());
        Box::pin(async move { hand_over(&self.0, message, &XForward::default(), envelope, content).await })
    }
}

/// A console whose mailbox has a message, and a next hop that refuses no@ and put-off@.
struct Setup {
    console: Served,
    next_hop: testing::Inbox,
    listening: testing::TestServer,
    _directory: TempDir,
}

const MESSAGE: &str = "Delivered-To: forged@example.net\r\nFrom: Alice <alice@client.example>\r\nTo: bob@example.com\r\n\
    Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\n.one\r\n..two\r\nthr\u{e9}\u{e9}\r\n";

async fn setup(allowed: &[&str]) -> Setup {
    let next_hop = testing::Inbox::new();
    let hop = Server::builder().hostname("hop.example").store(next_hop.clone());
    let hop = hop.on_rcpt_to(|to: Recipient, _session| async move {
        match to.as_str().split('@').next() {
            Some("no") => Err(Refusal::new(550, (5, 1, 1), "No such user")),
            Some("put-off") => Err(Refusal::new(450, (4, 2, 1), "Come again")),
            _ => Ok(()),
        }
    });
    let listening = testing::listen(&hop.build().unwrap()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let address = listening.addr();
    let forward = Forward::smtp([NextHop::tcp(address.ip().to_string(), address.port())]);
    let forward = forward.state(directory.path().join("state")).open().unwrap();
    let relay = Relay(Server::builder().hostname("mx.example.com").with(forward).build().unwrap());
    let release = Release::through(address.to_string(), relay);
    let release = allowed.iter().fold(release, |release, to| release.allow(to.parse().unwrap()));

    let path = directory.path().join("mail");
    let server = Server::builder().hostname("mx.example.com").store(Maildir::open(&path).unwrap());
    let server = server.build().unwrap();
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data(MESSAGE).await.expect(250);
    let mailbox = Mailbox::builder(&path).open().unwrap();
    let console = serve_console(Console::builder(&server).mailbox(mailbox).release(release).build()).await;
    Setup { console, next_hop, listening, _directory: directory }
}

impl Setup {
    /// Asks for a release, and returns the status and the answer.
    async fn release(&self, to: &[&str]) -> (u16, Value) {
        let json = json!({ "to": to });
        let answer = self.console.json("POST", "/api/v1/messages/latest/release", Some(&json)).await;
        (answer.status, answer.json())
    }
}

#[tokio::test]
async fn a_message_is_sent_on_as_it_was_received() {
    let setup = setup(&["example.org"]).await;
    let body = r#"{"to": ["carol@example.org", "dave@example.org", "carol@example.org"]}"#;
    let path = "/api/v1/messages/latest/release";
    let answer = setup.console.send("POST", path, "Content-Type: application/json\r\n", body).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{answer}");
    let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    for (answer, address) in
        answer["recipients"].as_array().unwrap().iter().zip(["carol@example.org", "dave@example.org"])
    {
        assert_eq!(
            (&answer["address"], &answer["accepted"], &answer["temporary"]),
            (&json!(address), &json!(true), &json!(false))
        );
        assert!(answer["reply"].as_str().unwrap().starts_with("250 2.6.0 "), "{answer}");
    }
    let [mail] = &setup.next_hop.messages()[..] else { panic!("there is not one message") };
    assert!(mail.is_from("alice@client.example") && mail.is_to("dave@example.org"));
    assert_eq!(mail.envelope().recipients.len(), 2);
    let content = String::from_utf8(mail.content().to_vec()).unwrap();
    let (received, rest) = content.split_at(content.find("Delivered-To: ").unwrap());
    assert_eq!(rest, MESSAGE);
    assert!(received.starts_with("Received: from client.example "), "{received}");
    assert!(received.contains("\r\n\tby mx.example.com (Mailchute) with ESMTP id "), "{received}");
    assert_eq!(received.matches("Received:").count(), 1, "{received}");
}

#[tokio::test]
async fn only_recipients_of_the_list_get_a_released_message() {
    let setup = setup(&["example.org", "bob@example.com"]).await;
    for (to, named) in [
        (vec!["eve@example.net"], "eve@example.net"),
        (
            vec!["bob@example.com", "eve@example.com", "x@sub.example.org"],
            "eve@example.com, x@sub.example.org",
        ),
        (vec!["eve%example.net@example.org"], "eve%example.net@example.org"),
        (vec!["bob@[127.0.0.1]"], "bob@[127.0.0.1]"),
    ] {
        let (status, problem) = setup.release(&to).await;
        assert_eq!((status, &problem["title"]), (403, &json!("Forbidden")), "{to:?}");
        let detail = format!(
            "Mail must not be released to {named}. Add the address or its domain to --console-release-to."
        );
        assert_eq!(problem["detail"], detail);
    }
    for (to, status) in [(vec![], 400), (vec!["bob"], 422), (vec!["<bob@example.com>"], 422)] {
        assert_eq!(setup.release(&to).await.0, status, "{to:?}");
    }
    let many: Vec<_> = (0..101).map(|number| format!("{number}@example.org")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(setup.release(&many).await.0, 422);
    assert!(setup.next_hop.messages().is_empty());
    assert_eq!(setup.release(&["BOB@Example.com"]).await.0, 200);
    assert!(setup.next_hop.messages()[0].is_to("BOB@Example.com"));
}

#[tokio::test]
async fn a_release_needs_json_or_the_token_of_the_page() {
    let setup = setup(&["example.org"]).await;
    let (json, form) =
        ("Content-Type: application/json\r\n", "Content-Type: application/x-www-form-urlencoded\r\n");
    let body = r#"{"to": ["bob@example.org"]}"#;
    let foreign = format!("{json}Origin: http://evil.example\r\n");
    for path in ["/api/v1/messages/latest/release", "/api/v1/message/latest/release", "/m/latest/release"] {
        for (fields, body) in [
            ("", body),
            ("Content-Type: text/plain\r\n", body),
            (form, "to=bob@example.org"),
            (form, "token=x&to=bob@example.org"),
            (&*foreign, body),
        ] {
            let answer = setup.console.send("POST", path, fields, body).await;
            assert_eq!(status(&answer), 403, "{path} {fields}: {answer}");
        }
    }
    assert!(setup.next_hop.messages().is_empty());
}

#[tokio::test]
async fn a_part_that_fails_is_a_problem_that_names_it() {
    let setup = setup(&["example.org"]).await;
    let (status, problem) =
        setup.release(&["bob@example.org", "no@example.org", "put-off@example.org"]).await;
    assert_eq!(status, 502);
    assert_eq!(
        problem["detail"],
        "The next hop did not take the message for 2 of 3 recipients: no@example.org (550 5.1.1 No such user), \
         put-off@example.org (450 4.2.1 Come again). The others have it."
    );
    let flags = |name: &str| {
        problem["recipients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one[name].as_bool().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!((flags("accepted"), flags("temporary")), (vec![true, false, false], vec![false, false, true]));
    let mail = &setup.next_hop.messages()[0];
    assert!(mail.is_to("bob@example.org") && mail.envelope().recipients.len() == 1);
}

#[tokio::test]
async fn a_next_hop_that_is_down_is_named_as_the_cause() {
    let setup = setup(&["example.org"]).await;
    drop(setup.listening);
    let json = json!({ "to": ["bob@example.org"] });
    let answer = setup.console.json("POST", "/api/v1/messages/latest/release", Some(&json)).await;
    assert_eq!(answer.status, 502);
    assert_eq!(
        answer.json()["detail"],
        "The next hop did not take the message for the recipient: bob@example.org (451 4.4.1 The next server cannot be \
         reached)."
    );
}

#[tokio::test]
async fn the_form_of_a_message_releases_without_a_script() {
    let setup = setup(&["example.org", "bob@example.com"]).await;
    let api = setup.console.json("GET", "/api/v1/messages/latest", None).await.json();
    let page = format!("/m/{}", api["id"].as_str().unwrap());
    let shown = setup.console.get(&page, "").await;
    let form = format!("<form method=\"post\" action=\"{page}/release\">");
    assert!(shown.contains(&form) && shown.contains("name=\"to\" value=\"bob@example.com\""), "{shown}");
    assert!(shown.contains(&setup.listening.addr().to_string()), "{shown}");

    let token = shown.split_once("name=\"token\" value=\"").unwrap().1.split('"').next().unwrap();
    let send = async |to: &str| {
        let fields = "Content-Type: application/x-www-form-urlencoded\r\nAccept: text/html\r\n";
        let body = format!("token={token}&q=from%3Aalice&to={to}");
        setup.console.send("POST", &format!("{page}/release"), fields, &body).await
    };
    let answer = send("carol%40example.org%2C+bob%40example.com").await;
    let location = format!("\r\nlocation: {page}?released=2&q=from%3Aalice\r\n");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains(&location), "{answer}");
    let note = setup.console.get(&format!("{page}?released=2&q=from%3Aalice"), "").await;
    assert!(note.contains("The next hop took the message for 2 recipients."), "{note}");
    assert_eq!(setup.next_hop.messages()[0].envelope().recipients.len(), 2);

    let answer = send("no%40example.org+carol%40example.org").await;
    assert_eq!(status(&answer), 502);
    // The one who has it is not asked for again.
    assert!(
        answer.contains("name=\"to\" value=\"no@example.org\"") && answer.contains("550 5.1.1 No such user"),
        "{answer}"
    );
    let answer = send("eve%40example.net").await;
    assert!(status(&answer) == 403 && answer.contains("must not be released to eve@example.net"), "{answer}");
    assert!(
        setup
            .console
            .get(&format!("{page}/release"), "")
            .await
            .contains(&format!("\r\nlocation: {page}\r\n"))
    );
}

#[tokio::test]
async fn mailpit_s_form_is_answered_as_mailpit_does() {
    let setup = setup(&["example.org"]).await;
    let json = json!({ "To": ["bob@example.org"] });
    let answer = setup.console.json("POST", "/api/v1/message/latest/release", Some(&json)).await;
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    assert!(setup.next_hop.messages()[0].is_to("bob@example.org"));
    let json = json!({ "To": ["no@example.org"] });
    assert_eq!(setup.console.json("POST", "/api/v1/message/latest/release", Some(&json)).await.status, 502);
}

#[tokio::test]
async fn nothing_is_released_unless_somebody_allows_it() {
    let setup = setup(&[]).await;
    assert_eq!(setup.release(&["bob@example.com"]).await.0, 403);
    let directory = tempfile::tempdir().unwrap();
    let server =
        Server::builder().store(Maildir::open(directory.path().join("mail")).unwrap()).build().unwrap();
    std::fs::write(directory.path().join("mail/new/1.a.x"), "Subject: x\n\nx\n").unwrap();
    let mailbox = Mailbox::builder(directory.path().join("mail")).open().unwrap();
    let console = serve_console(Console::builder(&server).mailbox(mailbox).build()).await;
    let json = json!({ "to": ["bob@example.com"] });
    let answer = console.json("POST", "/api/v1/messages/latest/release", Some(&json)).await;
    assert_eq!(answer.status, 404);
    assert!(answer.json()["detail"].as_str().unwrap().contains("--console-release,"), "{}", answer.body);
    let page = console.get("/m/latest", "").await;
    assert!(status(&page) == 200 && !page.contains("Release"), "{page}");
}
