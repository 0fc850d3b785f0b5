//! The pages of sessions: list, search, one session, and what they send as it happens.

use std::fs;

use mailchute::limits::Limit;
use mailchute::{Server, testing};
use mailchute_console::{Console, Mailbox};
use mailchute_stores::Maildir;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Served, serve_console, status};

async fn server() -> (Server, Served) {
    let server = Server::builder().hostname("mx.example.com").store(testing::Inbox::new()).build().unwrap();
    let console = serve_console(Console::builder(&server).build()).await;
    (server, console)
}

/// Reads a stream of events until it has this text, and returns all that came.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut came = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let so_far = String::from_utf8_lossy(&came).into_owned();
        if so_far.contains(text) {
            return so_far;
        }
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the stream has ended without {text:?}: {so_far}");
        came.extend_from_slice(&buffer[..length]);
    }
}

async fn follow(console: &Served, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(console.address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn the_list_and_a_session_follow_what_happens() {
    let (server, console) = server().await;
    assert!(console.get("/sessions", "").await.contains("No session yet"));
    let mut list = follow(&console, "/sessions/events?q=&refused=on").await;
    let mut client = testing::connect(&server).from(([192, 0, 2, 7], 40_000).into()).open();
    client.ready().await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(503);
    let row = until(&mut list, "1 refused").await;
    assert!(row.contains("192.0.2.7") && row.contains("event: list"), "{row}");
    let id = row.split_once("href=\"/sessions/").unwrap().1.split('"').next().unwrap().to_owned();

    let page = console.get(&format!("/sessions/{id}"), "").await;
    assert!(page.contains("was refused by the server itself"), "{page}");
    assert!(page.contains("<code>RCPT TO:&lt;bob@example.com&gt;</code>"), "{page}");
    let last = page.rsplit_once("data-record=\"").unwrap().1.split('"').next().unwrap();
    let mut lines = follow(&console, &format!("/sessions/{id}/events?after={last}")).await;
    client.command("NOOP hello").await.expect(250);
    let more = until(&mut lines, "NOOP hello").await;
    assert!(!more.contains(r#"data-record=\"0\""#), "rows that the reader has: {more}");
    client.command("QUIT").await.expect(221);
    let end = until(&mut lines, "event: over").await;
    assert!(!end.contains("NOOP hello</code>"), "{end}");

    let json = console.json("GET", &format!("/api/v1/sessions/{id}"), None).await.json();
    assert_eq!(json["id"], id);
    assert_eq!(json["refused"][0]["command"], "RCPT TO:<bob@example.com>");
    assert_eq!(json["refused"][0]["by"], "server");
    assert_eq!(json["rows"][0]["text"], "220 mx.example.com ESMTP Mailchute");
    let text = console.get(&format!("/sessions/{id}/transcript.txt"), "").await;
    assert!(text.contains("content-type: text/plain") && text.contains(" C: NOOP hello\n"), "{text}");
}

#[tokio::test]
async fn long_lists_come_in_pieces_and_searches_are_kept() {
    let (server, console) = server().await;
    for _ in 0..60 {
        let mut client = testing::connect(&server).open();
        client.ready().await.expect(250);
    }
    let first = console.get("/sessions?q=client.example", "").await;
    assert_eq!(first.matches("<tr id=").count(), 50);
    assert!(!first.contains("events were missed"), "{first}");
    let older = first.split_once("rel=\"next\" href=\"").unwrap().1.split('"').next().unwrap();
    assert!(older.starts_with("/sessions?q=client%2Eexample&amp;before="), "{older}");
    let rest = console.get(&older.replace("&amp;", "&"), "").await;
    assert_eq!(rest.matches("<tr id=").count(), 10);
    assert!(console.get("/sessions?q=nobody", "").await.contains("No session matches"));
    for path in ["/sessions/1K1BAS6430W", "/sessions/x", "/sessions/1K1BAS6430W/transcript.txt"] {
        assert_eq!(status(&console.get(path, "").await), 404, "{path}");
    }
}

#[test]
fn the_pages_say_that_events_were_missed() {
    let server = Server::builder()
        .max_transactions(0)
        .limit(Limit::JunkCommands, 0)
        .store(testing::Inbox::new())
        .build()
        .unwrap();
    // Built outside a runtime, it records when somebody looks.
    let console = Console::builder(&server).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = testing::connect(&server).open();
        client.ready().await.expect(250);
        for _ in 0..1_000 {
            client.command("NOOP").await.expect(250);
        }
        let console = serve_console(console).await;
        let page = console.get("/sessions", "").await;
        let (before, _) = page.split_once(" events were missed").unwrap_or_else(|| panic!("{page}"));
        let missed: u64 = before.rsplit_once('>').unwrap().1.parse().unwrap();
        assert!(missed > 500, "{missed}");
    });
}

#[tokio::test]
async fn the_api_lists_sessions_and_goes_on_before_one() {
    let (server, console) = server().await;
    for name in ["one", "two", "three"] {
        let mut client = testing::connect(&server).from(([192, 0, 2, 7], 40_000).into()).open();
        client.greeting().await.expect(220);
        client.command(&format!("EHLO {name}.example")).await.expect(250);
    }
    let ask = async |query: &str| console.json("GET", &format!("/api/v1/sessions{query}"), None).await;
    let hellos = |listing: &Value| -> Vec<String> {
        let sessions = listing["sessions"].as_array().unwrap().iter();
        sessions.map(|session| session["helo"].as_str().unwrap().to_owned()).collect()
    };
    let all = ask("").await.json();
    assert_eq!(hellos(&all), ["three.example", "two.example", "one.example"]);
    assert_eq!(
        (&all["has_more"], &all["kept"], &all["missed_events"]),
        (&json!(false), &json!(3), &json!(0))
    );
    let session = &all["sessions"][0];
    assert_eq!((&session["client"], &session["refused"]), (&json!("192.0.2.7"), &json!(null)));
    let first = ask("?limit=2").await.json();
    assert_eq!(hellos(&first), ["three.example", "two.example"]);
    assert_eq!(first["has_more"], true);
    let last = first["sessions"][1]["id"].as_str().unwrap();
    let rest = ask(&format!("?limit=2&before={}", last.to_lowercase())).await.json();
    assert_eq!((hellos(&rest), &rest["has_more"]), (vec!["one.example".to_owned()], &json!(false)));
    assert_eq!(hellos(&ask("?q=two.example%20client:192.0.2").await.json()), ["two.example"]);
    assert_eq!(hellos(&ask("?q=is:refused").await.json()), Vec::<String>::new());
    for (query, status) in [("?before=x", 400), ("?limit=x", 400), ("/1K1BAS6430W", 404), ("/x", 404)] {
        let answer = ask(query).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
    }
}

#[tokio::test]
async fn a_message_names_the_session_that_brought_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail");
    let server = Server::builder().hostname("mx.example.com").store(Maildir::open(&path).unwrap());
    let server = server.build().unwrap();
    let mailbox = Mailbox::builder(&path).open().unwrap();
    let console = serve_console(Console::builder(&server).mailbox(mailbox).build()).await;
    let mut client = testing::connect(&server).open();
    client.ready().await.expect(250);
    for command in ["MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>"] {
        client.command(command).await.expect(250);
    }
    client.command("DATA").await.expect(354);
    client.command("Subject: hello\r\n\r\nHello\r\n.").await.expect(250);

    let answer = console.get("/api/v1/messages/latest/session", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{answer}");
    let session: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let message = console.json("GET", "/api/v1/messages/latest", None).await.json();
    let (session_id, _) = message["queue_id"].as_str().unwrap().split_once('-').unwrap();
    assert_eq!(session["id"], session_id);
    let rows = session["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["text"] == "MAIL FROM:<alice@client.example>").unwrap();
    assert_eq!((&row["speaker"], &row["bytes"]), (&json!("client"), &json!(34)));
    assert_eq!(row["explanations"][0]["part"], "MAIL");
    assert!(row["explanations"][0]["link"].as_str().unwrap().starts_with("https://www.rfc-editor.org/"));

    // Mail of other programs, and of a run before, has no session here.
    fs::write(path.join("new/9999999999.other.x"), "Subject: other\n\nOther\n").unwrap();
    let answer = console.json("GET", "/api/v1/messages/latest/session", None).await;
    assert_eq!((answer.status, answer.json()["title"].as_str()), (404, Some("Not Found")));
    assert!(
        answer.json()["detail"].as_str().unwrap().starts_with("The session is not kept."),
        "{}",
        answer.body
    );
    let unknown = console.json("GET", "/api/v1/messages/0000000000000000/session", None).await;
    assert_eq!(unknown.json()["detail"], "There is no such message.");
}

#[tokio::test]
async fn without_pages_no_session_is_recorded() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let console = serve_console(Console::builder(&server).pages(false).build()).await;
    assert_eq!(status(&console.get("/sessions", "").await), 404);
}
