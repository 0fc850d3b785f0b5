//! The stages that a milter is told, and the meaning of its decisions.

use mailchute::testing::{self, Client, Inbox};
use mailchute::{Install, Server};

use super::script::{Line, Scripted, milter, negotiated, passing, server};

/// A server with these filters, and its store.
pub(super) fn server_with(filter: impl Install) -> (Server, Inbox) {
    let inbox = Inbox::new();
    (Server::builder().with(filter).store(inbox.clone()).build().unwrap(), inbox)
}

/// A client at 192.0.2.1, port 40000.
pub(super) fn client_of(server: &Server) -> Client {
    testing::connect(server).from(([192, 0, 2, 1], 40_000).into()).open()
}

/// Sends a message from Alice to Bob. Returns the code of the last reply.
pub(super) async fn send(client: &mut Client) -> u16 {
    for command in ["MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>", "DATA"] {
        let reply = client.command(command).await;
        if reply.is_refusal() {
            return reply.code();
        }
    }
    client.command("Subject: hello\r\n\r\nhi\r\n.").await.code()
}

#[tokio::test]
async fn a_milter_is_told_each_stage_and_passes_the_message() {
    let scripted = Scripted::start([passing([milter("c"), server("Q")])]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.greeting().await.expect(220);
    client.command("HELO client.example").await.expect(250);
    assert_eq!(send(&mut client).await, 250);
    client.command("QUIT").await.expect(221);
    scripted.done().await;
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_field_that_is_longer_than_the_milter_takes_is_cut() {
    let recipients = format!("{}eve@example.com", "bob@example.com,\r\n ".repeat(5000));
    let content = format!("To: {recipients}\r\n\r\nhi\r\n");
    // Within the protocol a line ends with LF.
    let told = recipients[..65_535 - "To\0\0".len()].replace('\r', "");
    let field = [&b"LTo\0"[..], told.as_bytes(), b"\0"].concat();
    let mut script = passing([milter("c"), server("Q")]);
    let at = script
        .iter()
        .position(|line| matches!(line, Line::Server(packet) if packet.starts_with(b"L")))
        .unwrap();
    script[at] = server(field);
    let scripted = Scripted::start([script]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.greeting().await.expect(220);
    client.command("HELO client.example").await.expect(250);
    for command in ["MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>"] {
        client.command(command).await.expect(250);
    }
    client.data(&content).await.expect(250);
    client.command("QUIT").await.expect(221);
    scripted.done().await;
    assert!(inbox.messages().pop().unwrap().content().ends_with(content.as_bytes()), "the message is whole");
}

#[tokio::test]
async fn the_bytes_of_a_session_are_those_of_libmilter() {
    let literal: Vec<u8> = [
        &b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\x30\x1f\xff\xff"[..],
        b"\0\0\0\x1aC[192.0.2.1]\x004\x9c\x40192.0.2.1\0",
    ]
    .concat();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let milter = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 17];
        stream.read_exact(&mut read).await.unwrap();
        // No macros at CONNECT, and a refusal in several pieces.
        stream.write_all(b"\0\0\0\x12O\0\0\0\x06\0\0\x01\x00\0\0\0\0\0\0\0\0\0").await.unwrap();
        let mut connect = vec![0; 30];
        stream.read_exact(&mut connect).await.unwrap();
        for piece in [&b"\0\0"[..], b"\0\x13y554 5.7.1 Go", b" away\n", b""] {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        [read, connect].concat()
    });
    let (server, _) = server_with(address.parse::<mailchute_filters::milter::Milter>().unwrap());
    let greeting = client_of(&server).greeting().await;
    let read = milter.await.unwrap();
    assert_eq!(read.escape_ascii().to_string(), literal.escape_ascii().to_string());
    assert_eq!(greeting.expect(554).lines(), ["554 5.7.1 Go away"]);
}

#[tokio::test]
async fn a_recipient_is_refused_and_the_others_get_the_message() {
    let script = negotiated(
        // No CONNECT, HELO, MAIL, DATA, fields and body.
        0x277,
        [
            server("R<eve@example.com>\0"),
            milter("y550 5.1.1 No Eve\0"),
            server("R<bob@example.com>\0"),
            milter("c"),
            server("E"),
            milter("c"),
            server("Q"),
        ],
    );
    let scripted = Scripted::start([script]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.ready().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    assert_eq!(client.command("RCPT TO:<eve@example.com>").await.lines(), ["550 5.1.1 No Eve"]);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.data("Subject: x\r\n\r\ny\r\n").await.expect(250);
    client.command("QUIT").await.expect(221);
    scripted.done().await;
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn each_decision_at_the_end_is_the_answer_to_the_message() {
    for (decision, code, kept) in [
        (&b"c"[..], 250, 1),
        (b"a", 250, 1),
        (b"r", 550, 0),
        (b"t", 451, 0),
        (b"d", 250, 0),
        (b"4", 421, 0),
        (b"y452-4.2.2 Full\r\n452 4.2.2 very\0", 452, 0),
    ] {
        let scripted = Scripted::start([passing([milter(decision), server("Q")])]).await;
        let (server, inbox) = server_with(scripted.filter());
        let mut client = client_of(&server);
        client.greeting().await.expect(220);
        client.command("HELO client.example").await.expect(250);
        assert_eq!(send(&mut client).await, code, "{}", decision.escape_ascii());
        client.close().await;
        scripted.done().await;
        assert_eq!(inbox.messages().len(), kept);
    }
}

#[tokio::test]
async fn a_client_that_is_refused_at_helo_stays_refused() {
    let script = negotiated(0x1, [server("Hclient.example\0"), milter("r"), server("Q")]);
    let scripted = Scripted::start([script]).await;
    let (server, _) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.greeting().await.expect(220);
    client.command("HELO client.example").await.expect(550);
    client.command("EHLO other.example").await.expect(550);
    scripted.done().await;
}

#[tokio::test]
async fn a_client_that_is_accepted_is_not_asked_about_again() {
    for stage in ["C[192.0.2.1]\x004\u{1c}", "H"] {
        let connect =
            [server(b"C[192.0.2.1]\x004\x9c\x40192.0.2.1\0"), milter(if stage == "H" { "c" } else { "a" })];
        let helo = [server("Hclient.example\0"), milter("a")].into_iter().filter(|_| stage == "H");
        let script = negotiated(0, connect.into_iter().chain(helo).chain([server("Q")]));
        let scripted = Scripted::start([script]).await;
        let (server, inbox) = server_with(scripted.filter());
        let mut client = client_of(&server);
        client.greeting().await.expect(220);
        client.command("HELO client.example").await.expect(250);
        assert_eq!(send(&mut client).await, 250);
        scripted.done().await;
        assert_eq!(inbox.messages().len(), 1);
    }
}

#[tokio::test]
async fn a_message_that_is_discarded_at_mail_is_taken_and_dropped() {
    let script =
        negotiated(0x3, [server("M<alice@client.example>\0"), milter("d"), server("A"), server("Q")]);
    let scripted = Scripted::start([script]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.ready().await;
    assert_eq!(send(&mut client).await, 250);
    client.command("RSET").await.expect(250);
    client.command("QUIT").await.expect(221);
    scripted.done().await;
    assert_eq!(inbox.messages().len(), 0);
}

#[tokio::test]
async fn transactions_share_a_connection_and_are_aborted() {
    let transaction = |end: [Line; 2]| {
        [server("M<alice@client.example>\0"), milter("c"), server("R<bob@example.com>\0")]
            .into_iter()
            .chain(end)
    };
    let lines = transaction([milter("r"), server("A")])
        .chain(transaction([milter("c"), server("A")]))
        .chain(transaction([milter("c"), server("E")]))
        .chain([milter("c"), server("Q")]);
    let scripted = Scripted::start([negotiated(0x273, lines)]).await;
    let (server, inbox) = server_with(scripted.filter());
    let mut client = client_of(&server);
    client.ready().await;
    assert_eq!(send(&mut client).await, 550);
    client.command("RSET").await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("EHLO client.example").await.expect(250);
    assert_eq!(send(&mut client).await, 250);
    client.command("QUIT").await.expect(221);
    scripted.done().await;
    assert_eq!(inbox.messages().len(), 1);
}
