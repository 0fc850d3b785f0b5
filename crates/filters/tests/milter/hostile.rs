//! Milters that break the protocol, and milters that are lost: the message is refused temporarily, or goes on without them.

use std::time::Duration;

use mailchute_filters::OnFailure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::script::{Line, Scripted, milter, negotiated, passing, server};
use super::stages::{client_of, send, server_with};

/// The connection of a milter that wants nothing but the end of the message, and all that it has read up to there. `None` if
/// the server leaves earlier.
async fn until_end(listener: &TcpListener) -> Option<(TcpStream, Vec<u8>)> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut offer = [0; 17];
    stream.read_exact(&mut offer).await.unwrap();
    stream.write_all(b"\0\0\0\x0dO\0\0\0\x06\0\0\0\x01\0\0\x03\x7f").await.unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"\0\0\0\x01E") {
        if stream.read_buf(&mut read).await.unwrap() == 0 {
            return None;
        }
    }
    Some((stream, read))
}

/// The reply to a message, and whether it is kept, if the milter sends these bytes at its end.
async fn with_end(end: Vec<u8>, on_failure: OnFailure) -> (u16, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let running = tokio::spawn(async move {
        let Some((mut stream, mut read)) = until_end(&listener).await else { return };
        // The server may have closed the connection.
        let _ = stream.write_all(&end).await;
        let _ = stream.read_to_end(&mut read).await;
    });
    let filter: mailchute_filters::milter::Milter = address.parse().unwrap();
    let filter = filter.on_failure(on_failure).message_timeout(Duration::from_secs(10));
    let (server, inbox) = server_with(filter);
    let mut client = client_of(&server);
    client.ready().await;
    let code = send(&mut client).await;
    client.close().await;
    running.await.unwrap();
    (code, inbox.messages().len())
}

#[tokio::test]
async fn a_milter_that_breaks_the_protocol_decides_nothing() {
    let progress = b"\0\0\0\x01p".repeat(1_001);
    let edits = b"\0\0\0\x07hX\0yes\0".repeat(300);
    let many = [&edits[..], b"\0\0\0\x01c"].concat();
    for end in [
        &b"\0\0\0\0c"[..],
        b"\xff\xff\xff\xffc",
        b"\0\x10\0\x02b",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\x01O",
        b"\0\0\0\x01s",
        b"\0\0\0\x02cx",
        b"\0\0\0\x05y250\0",
        b"\0\0\0\x08y5500 x\0",
        b"\0\0\0\x04hX\0y",
        // An edit that was not announced.
        b"\0\0\0\x05-<a>\0\0\0\0\x01c",
        &progress,
        &many,
    ] {
        let shown = end[..end.len().min(40)].escape_ascii().to_string();
        assert_eq!(with_end(end.to_vec(), OnFailure::TempFail).await, (451, 0), "{shown}");
        assert_eq!(with_end(end.to_vec(), OnFailure::Accept).await, (250, 1), "{shown}");
    }
    assert_eq!(with_end(b"\0\0\0\x01p\0\0\0\x01c".to_vec(), OnFailure::TempFail).await, (250, 1));
}

#[tokio::test]
async fn a_refusal_in_latin_1_is_a_refusal() {
    let end = b"\0\0\0\x32y550 5.7.1 Nachricht abgelehnt: f\xfcr Spam gehalten\0";
    for on_failure in [OnFailure::TempFail, OnFailure::Accept] {
        assert_eq!(with_end(end.to_vec(), on_failure).await, (550, 0));
    }
}

#[tokio::test]
async fn replies_that_do_not_belong_to_a_stage_are_a_failure() {
    for reply in [&b"s"[..], b"hX\0y\0", b"qreason\0", b"O", b"\0"] {
        let script = negotiated(0x3, [server("M<alice@client.example>\0"), milter(reply)]);
        let scripted = Scripted::start([script]).await;
        let (server, _) = server_with(scripted.filter());
        let mut client = client_of(&server);
        client.ready().await;
        client.command("MAIL FROM:<alice@client.example>").await.expect(451);
        scripted.done().await;
    }
}

#[tokio::test]
async fn a_milter_that_comes_back_is_told_what_it_has_missed() {
    let lost = [server("M<alice@client.example>\0"), milter("c"), server("R<bob@example.com>\0")];
    let again: Vec<Line> = passing([milter("c"), server("Q")]);
    let mut first = negotiated(0x3, lost);
    first.push(Line::Close);
    let scripted = Scripted::start([first, again]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.greeting().await.expect(220);
    client.command("HELO client.example").await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(451);
    // It is not asked again before the next transaction.
    client.command("RCPT TO:<eve@example.com>").await.expect(451);
    client.command("RSET").await.expect(250);
    assert_eq!(send(&mut client).await, 250);
    client.command("QUIT").await.expect(221);
    scripted.done().await;
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_milter_that_is_silent_is_given_up_after_its_time() {
    let script = negotiated(0x3, [server("M<alice@client.example>\0")]);
    let scripted = Scripted::start([script]).await;
    let (server, inbox) = server_with(
        scripted.filter().command_timeout(Duration::from_millis(200)).on_failure(OnFailure::Accept),
    );
    let mut client = client_of(&server);
    client.ready().await;
    assert_eq!(send(&mut client).await, 250);
    scripted.done().await;
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_packet_unasked_for_costs_a_connection_and_no_mail() {
    let stray = [
        server(b"C[192.0.2.1]\x004\x9c\x40192.0.2.1\0"),
        milter("c"),
        server(b"Hclient.example\0"),
        milter("c"),
        server(b"M<alice@client.example>\0"),
        Line::Bytes(b"\0\0\0\x01c\0\0\0\x01p".to_vec()),
    ];
    let scripted = Scripted::start([negotiated(0, stray), passing([milter("c"), server("Q")])]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.ready().await;
    assert_eq!((send(&mut client).await, inbox.messages().len()), (250, 1));
    drop(client);
    scripted.done().await;
}

#[tokio::test]
async fn packets_unasked_for_again_and_again_are_a_failure_at_once() {
    let client = [
        server(b"C[192.0.2.1]\x004\x9c\x40192.0.2.1\0"),
        milter("c"),
        server(b"Hclient.example\0"),
        milter("c"),
        server(b"M<alice@client.example>\0"),
    ];
    let stray = Line::Bytes(b"\0\0\0\x01c\0\0\0\x01c".to_vec());
    let first = client.clone().into_iter().chain([stray.clone()]);
    let again = client.into_iter().chain([milter("c"), server(b"R<bob@example.com>\0"), stray]);
    let scripted = Scripted::start([negotiated(0, first), negotiated(0, again)]).await;
    let (server, _inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.ready().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    let asked = client.command("DATA");
    tokio::time::timeout(Duration::from_secs(10), asked).await.expect("it does not wait").expect(451);
    scripted.done().await;
}

#[tokio::test]
async fn no_macros_pile_up_for_commands_that_a_milter_leaves_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let running = tokio::spawn(async move {
        let (mut stream, read) = until_end(&listener).await.unwrap();
        stream.write_all(b"\0\0\0\x01c").await.unwrap();
        read
    });
    let (server, _inbox) = server_with(address.parse::<mailchute_filters::milter::Milter>().unwrap());
    let mut client = client_of(&server);
    client.ready().await;
    for _ in 0..3 {
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.command("RSET").await.expect(250);
    }
    assert_eq!(send(&mut client).await, 250);
    let read = running.await.unwrap().escape_ascii().to_string();
    assert!(read.contains("DEi\\x00"), "{read}");
    for stage in ["DC", "DH", "DM", "DR"] {
        assert!(!read.contains(stage), "{read}");
    }
}
