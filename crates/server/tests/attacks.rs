//! Attacks over TCP and TLS against a server with a Maildir. Each test checks the files in the Maildir.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::support::log;
use crate::support::talk::{Talk, connect, listen};
use crate::support::{build, builder, tls};
use mailchute::Server;
use mailchute::listen::Io;
use mailchute_stores::{LineEnds, Maildir};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server on a port, and the Maildir that it fills.
struct Post {
    address: SocketAddr,
    server: Server,
    root: tempfile::TempDir,
}

impl Post {
    async fn open() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let store = Maildir::builder(root.path().join("mail")).line_ends(LineEnds::Crlf).open();
        let store = store.expect("a fresh directory");
        let server = build(builder().tls(tls::config()).max_connections_per_client(0).store(store));
        Self { address: listen(&server).await, server, root }
    }

    fn files(&self, directory: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.path().join("mail").join(directory)).expect("it is there");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// The content of the messages below their trace fields, and after the empty line if they have no header.
    fn contents(&self) -> Vec<String> {
        let read = |path| fs::read_to_string(path).expect("a message");
        let mut contents: Vec<String> = self.files("new").into_iter().map(read).collect();
        contents.sort();
        let below = |text: &String| {
            let content = text.split_once("+0000\r\n").expect("its date").1;
            content.strip_prefix("\r\n").unwrap_or(content).to_owned()
        };
        contents.iter().map(below).collect()
    }

    /// Panics unless `tmp/` is empty, now or soon.
    async fn expect_no_leftovers(&self) {
        for _ in 0..5_000 {
            if self.files("tmp").is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("{:?} was left behind", self.files("tmp"));
    }

    async fn plain(&self) -> Box<dyn Io> {
        Box::new(self.greeted().await)
    }

    /// A client that waits for the greeting.
    async fn greeted(&self) -> TcpStream {
        let mut client = connect(self.address).await;
        assert!(client.read_reply().await.starts_with("220 "));
        client.into_inner()
    }

    async fn inside_tls(&self) -> Box<dyn Io> {
        let mut client = connect(self.address).await;
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        Box::new(tls::secure(client.into_inner(), rustls::ALL_VERSIONS).await.into_inner())
    }
}

/// Sends each piece in its own segment, and returns what the server sends until it closes.
async fn converse(mut stream: Box<dyn Io>, pieces: &[&[u8]]) -> String {
    for piece in pieces {
        if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    let _ = stream.shutdown().await;
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

const BEFORE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nhello";
const SECOND: &[u8] =
    b"MAIL FROM:<evil@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nevil\r\n.\r\nQUIT\r\n";

/// Sequences that do not end the data.
const SEQUENCES: [&[u8]; 8] =
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n", b"\r\n\0.\n"];

#[tokio::test]
async fn a_false_end_of_data_puts_no_second_message_in_the_maildir() {
    let post = Post::open().await;
    for sequence in SEQUENCES {
        let bytes = [BEFORE, sequence, SECOND].concat();
        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
        let around = BEFORE.len() - 1..BEFORE.len() + sequence.len() + 6;
        let cut: Vec<Vec<&[u8]>> = around.map(|at| vec![&bytes[..at], &bytes[at..]]).collect();
        for pieces in [vec![&bytes[..]], singles].iter().chain(&cut) {
            let heard = converse(post.plain().await, pieces).await;
            assert!(heard.contains("\r\n550 5.5.2 Bare CR or LF"), "{sequence:?}: {heard}");
        }
        let heard = converse(post.inside_tls().await, &[&bytes]).await;
        assert!(heard.contains("\r\n550 5.5.2 Bare CR or LF"), "{sequence:?}: {heard}");
    }
    assert_eq!(post.contents(), [""; 0]);
    post.expect_no_leftovers().await;
}

#[tokio::test]
async fn an_envelope_after_a_nul_and_a_dot_stays_content() {
    let post = Post::open().await;
    let bytes = [BEFORE, b"\r\n\0.\r\n", SECOND].concat();
    let singles: Vec<&[u8]> = bytes.chunks(1).collect();
    for pieces in [vec![&bytes[..]], singles] {
        converse(post.plain().await, &pieces).await;
    }
    let contents = post.contents();
    assert_eq!(contents.len(), 2);
    for content in contents {
        assert!(content.starts_with("hello\r\n\0.\r\nMAIL FROM:<evil@client.example>\r\n"), "{content:?}");
    }
}

#[tokio::test]
async fn maildir_content_is_unstuffed_at_any_segment_boundary() {
    let post = Post::open().await;
    let head = BEFORE.strip_suffix(b"hello").expect("its end");
    let bytes = [head, b"..\r\n...\r\n.. x\r\n..\r\n.\r\nQUIT\r\n"].concat();
    for cut in head.len()..bytes.len() {
        converse(post.plain().await, &[&bytes[..cut], &bytes[cut..]]).await;
    }
    // A dot right after the 354 is a message of no bytes.
    converse(post.plain().await, &[head, b".", b"\r\n"]).await;
    let contents = post.contents();
    assert_eq!(contents.iter().filter(|content| content.is_empty()).count(), 1);
    let dotted = contents.iter().filter(|content| *content == ".\r\n..\r\n. x\r\n.\r\n").count();
    assert_eq!(dotted, bytes.len() - head.len());
}

const BY_DATA: &[u8] = b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n\
    DATA\r\nSubject: one\r\n\r\n..One\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nTwo\r\n.\r\nQUIT\r\n";
const BY_BDAT: &[u8] = b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n\
    BDAT 7\r\nhello\r\nBDAT 0\r\nBDAT 5 LAST\r\nBob\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nBDAT 5 LAST\r\nTwo\r\nQUIT\r\n";

/// Cuts the session after each byte and compares the Maildir with the replies.
async fn cut_everywhere(session: &[u8], is_secure: bool) {
    let post = Post::open().await;
    let mut accepted = 0;
    for cut in 0..=session.len() {
        let stream = if is_secure { post.inside_tls().await } else { post.plain().await };
        let heard = converse(stream, &[&session[..cut]]).await;
        accepted += heard.matches("250 2.6.0 ").count();
        assert_eq!(post.files("new").len(), accepted, "cut behind {cut} bytes");
        post.expect_no_leftovers().await;
    }
    assert!(accepted > 2, "both messages come through in the end");
}

#[tokio::test]
async fn a_cut_session_keeps_only_accepted_messages() {
    cut_everywhere(BY_DATA, false).await;
}

#[tokio::test]
async fn a_cut_session_with_chunks_keeps_only_accepted_messages() {
    cut_everywhere(BY_BDAT, false).await;
}

#[tokio::test]
async fn a_cut_session_inside_tls_keeps_only_accepted_messages() {
    cut_everywhere(BY_DATA, true).await;
    cut_everywhere(BY_BDAT, true).await;
}

/// A client that resets the connection gets no reply. So a message may be stored without its knowledge, but never half
/// of one.
#[tokio::test]
async fn a_reset_connection_leaves_whole_messages_or_none() {
    let post = Post::open().await;
    for session in [BY_DATA, BY_BDAT] {
        for cut in 0..=session.len() {
            let mut stream = post.greeted().await;
            stream.set_zero_linger().expect("it is a socket");
            stream.write_all(&session[..cut]).await.expect("the server reads");
            drop(stream);
        }
    }
    let (_, mut client) = (post.expect_no_leftovers().await, connect(post.address).await);
    client.hello().await;
    for content in post.contents() {
        let whole = ["Subject: one\r\n\r\n.One\r\n", "Two\r\n", "hello\r\nBob\r\n"];
        assert!(whole.contains(&&*content), "{content:?}");
    }
}

#[tokio::test]
async fn client_input_becomes_no_path_log_line_or_control_character() {
    let (log, _guard) = log::capture();
    let post = Post::open().await;
    let mut events = post.server.events();
    let hostile = [
        "../../etc/passwd",
        "a;rm -rf $HOME",
        "'; drop table mail; --",
        "x)(by evil",
        "%0d%0aX: y",
        "$(id)|`id`",
    ];
    for word in hostile {
        let mut client = connect(post.address).await;
        client.read_reply().await;
        client.ask(&format!("EHLO {}", word.replace(' ', "_")), "250").await;
        client.ask(&format!("MAIL FROM:<\"{word}\"@client.example>"), "250").await;
        client.ask(&format!("RCPT TO:<\"{word}\"@example.com>"), "250").await;
        client.ask("DATA", "354").await;
        client.ask(crate::support::MESSAGE, "250").await;
        client.ask("QUIT", "221").await;
    }
    for (line, code) in
        [(&b"MAIL FROM:<a\rb@client.example>"[..], "500"), (b"MAIL FROM:<a\nb@client.example>", "500")]
    {
        let mut client = connect(post.address).await;
        client.hello().await;
        client.write([line, b"\r\n"].concat()).await;
        assert!(client.rest().await.starts_with(code), "a line that is none closes");
    }
    let mut client = connect(post.address).await;
    client.hello().await;
    for line in [
        "MAIL FROM:<a\0b@client.example>",
        "MAIL FROM:<a\u{1b}[2Jb@client.example>",
        "EHLO a\u{7f}b",
        "MAIL FROM:<a@b.example> ENVID=+0A",
        "MAIL FROM:<a@b.example> ENVID=+0D",
        "MAIL FROM:<a@b.example> ENVID=+00",
        "NOOP \u{1b}[31m",
    ] {
        client.ask(line, "501").await;
    }
    drop(client);
    assert_eq!(post.files("new").len(), hostile.len());
    let names: Vec<_> = fs::read_dir(post.root.path()).expect("it is there").collect();
    assert_eq!(names.len(), 1, "nothing lies beside the Maildir: {names:?}");
    for path in post.files("new") {
        let text = fs::read_to_string(path).expect("a message");
        let received = text.split("\r\n").find(|line| line.starts_with("Received: ")).expect("its field");
        assert!(received.ends_with(" ([127.0.0.1])") && received.matches('(').count() == 1, "{received}");
    }
    let mut told = 0;
    while let Ok(Some(event)) =
        tokio::time::timeout(std::time::Duration::from_millis(50), events.next()).await
    {
        let text = event.to_string();
        assert!(!text.contains(char::is_control), "{text:?}");
        told += 1;
    }
    assert!(told > 50);
    let text = log.text();
    assert!(text.contains(r"MAIL FROM:<a\\u{0}b@client.example>"), "{text}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "a control character is in the log");
}

#[tokio::test]
async fn every_method_of_http_is_answered_221_and_closed() {
    let post = Post::open().await;
    for method in ["GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] {
        let mut client: Talk<TcpStream> = connect(post.address).await;
        client.read_reply().await;
        client.write(format!("{method} / HTTP/1.1\r\nHost: mx\r\n\r\n")).await;
        client.write([BEFORE, b"\r\n.\r\n"].concat()).await;
        assert_eq!(client.rest().await, "221 2.7.0 This is an SMTP server, not a web server\r\n", "{method}");
    }
    assert_eq!(post.contents(), [""; 0]);
}

#[tokio::test]
async fn what_lies_in_the_maildir_makes_no_claim_of_authentication() {
    let post = Post::open().await;
    converse(post.plain().await, &[BY_DATA]).await;
    for path in post.files("new") {
        let text = fs::read_to_string(path).expect("a message").to_ascii_lowercase();
        assert!(!text.contains("authentication-results"), "{text}");
    }
    assert_eq!(post.contents().len(), 2);
}
