//! The pages of sessions: list, search, one session, and what they send as it happens.

use mailchute::{Server, testing};
use mailchute_console::Console;
use serde_json::Value;
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
    assert!(row.contains("192.0.2.7") && row.contains("event: rows"), "{row}");
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

    let json = console.get(&format!("/sessions/{id}/session.json"), "").await;
    let json: Value = serde_json::from_str(json.split_once("\r\n\r\n").unwrap().1).unwrap();
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
    let older = first.split_once("rel=\"next\" href=\"").unwrap().1.split('"').next().unwrap();
    assert!(older.starts_with("/sessions?q=client%2Eexample&amp;before="), "{older}");
    let rest = console.get(&older.replace("&amp;", "&"), "").await;
    assert_eq!(rest.matches("<tr id=").count(), 10);
    assert!(console.get("/sessions?q=nobody", "").await.contains("No session matches"));
    for path in ["/sessions/1K1BAS6430W", "/sessions/x", "/sessions/1K1BAS6430W/session.json"] {
        assert_eq!(status(&console.get(path, "").await), 404, "{path}");
    }
}

#[tokio::test]
async fn without_pages_no_session_is_recorded() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let console = serve_console(Console::builder(&server).pages(false).build()).await;
    assert_eq!(status(&console.get("/sessions", "").await), 404);
}
