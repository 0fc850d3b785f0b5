//! Resets: every fact of a session after each command that ends some.

use crate::support::talk::{Talk, pipe};
use crate::support::{Seen, accepting, build, tls};
use mailchute::command::Extension;
use mailchute::listen::Io;
use mailchute::{Check, Server, Session, Verdict};

/// A value that hooks keep in the session.
#[derive(Clone)]
struct Kept;

/// Lines of the client, each with the beginning of its reply.
type Lines = &'static [(&'static str, &'static str)];

/// A proxy names its client, which sends a message.
const MESSAGE: Lines = &[
    ("EHLO proxy.example", "250"),
    ("XCLIENT ADDR=198.51.100.7", "220"),
    ("EHLO first.example", "250"),
    ("MAIL FROM:<alice@client.example>", "250"),
    ("RCPT TO:<bob@example.com>", "250"),
    ("DATA", "354"),
    ("Subject: hello\r\n\r\nHello Bob\r\n.", "250"),
];

const LOGIN: Lines = &[("AUTH PLAIN AHRpbQB0aW0=", "235")];

const FORWARD: Lines = &[("XFORWARD ADDR=203.0.113.9", "250")];

const ENVELOPE: Lines = &[("MAIL FROM:<alice@client.example>", "250"), ("RCPT TO:<bob@example.com>", "250")];

const TRANSACTION: &[Lines] = &[MESSAGE, LOGIN, FORWARD, ENVELOPE];

const BEFORE_TRANSACTION: &[Lines] = &[MESSAGE, LOGIN, FORWARD];

/// A name for every fact that can be read, with its value where it matters.
fn facts(session: &Session) -> String {
    let hello = session.helo_name().map(|name| format!("{} {name}", session.transmission_type()));
    let facts = [
        session.tls().map(|_| "TLS".to_owned()),
        (session.client_addr() != session.peer_addr()).then(|| session.client_ip().to_string()),
        Some(format!("{} sent", session.messages())),
        session.state().get::<Kept>().map(|_| "state".to_owned()),
        hello,
        session.identity().map(|user| user.to_string()),
        session.forwarded().map(|_| "forwarded".to_owned()),
        session.envelope().map(|envelope| format!("{} recipient", envelope.recipients.len())),
        session.transaction_state().get::<Kept>().map(|_| "transaction state".to_owned()),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn server(sessions: &Seen<Session>) -> Server {
    let sessions = sessions.clone();
    let builder = accepting()
        .tls(tls::config())
        .allow_plaintext_auth()
        .xclient_from(["192.0.2.7".parse().expect("a network")])
        .on_connect(move |session| sessions.note(session))
        .on_ehlo(|ehlo, session| async move {
            if ehlo.name.as_str() == "first.example" {
                session.state().insert(Kept);
                session.disable(Extension::Chunking);
            }
        })
        .on_auth(|credentials, _| async move { Check::right_if(credentials.identity() == "tim") })
        .on_mail_from(|from, session| async move {
            session.transaction_state().insert(Kept);
            Verdict::accept_if(from.as_str() != "refused@client.example")
        });
    build(builder)
}

async fn say<S: Io>(client: &mut Talk<S>, lines: Lines) {
    for (line, reply) in lines {
        client.ask(line, reply).await;
    }
}

/// A row: the lines before, the command under test, the facts after it, and lines that show the rest.
type Row = (&'static [Lines], Lines, &'static str, Lines);

/// BDAT gets 502 while the change of the EHLO hook lasts, which has disabled CHUNKING.
const ROWS: &[Row] = &[
    (
        TRANSACTION,
        &[("NOOP", "250")],
        "198.51.100.7, 1 sent, state, ESMTPA first.example, tim, forwarded, 1 recipient, transaction state",
        &[("BDAT 0 LAST", "502"), ("XFORWARD ADDR=203.0.113.9", "503"), ("AUTH PLAIN AHRpbQB0aW0=", "503")],
    ),
    // RFC 5321 §4.1.4: EHLO is a RSET. RFC 4954 §4: the login stays.
    (
        TRANSACTION,
        &[("EHLO second.example", "250")],
        "198.51.100.7, 1 sent, state, ESMTPA second.example, tim",
        &[("RCPT TO:<bob@example.com>", "503"), ("BDAT 0 LAST", "502"), ("AUTH PLAIN AHRpbQB0aW0=", "503")],
    ),
    (
        TRANSACTION,
        &[("HELO second.example", "250")],
        "198.51.100.7, 1 sent, state, SMTP second.example, tim",
        &[("RCPT TO:<bob@example.com>", "503"), ("MAIL FROM:<> BODY=8BITMIME", "555")],
    ),
    (
        BEFORE_TRANSACTION,
        &[("EHLO second.example", "250")],
        "198.51.100.7, 1 sent, state, ESMTPA second.example, tim",
        &[("BDAT 0 LAST", "502")],
    ),
    (
        TRANSACTION,
        &[("RSET", "250")],
        "198.51.100.7, 1 sent, state, ESMTPA first.example, tim",
        &[("RCPT TO:<bob@example.com>", "503"), ("BDAT 0 LAST", "502"), ("AUTH PLAIN AHRpbQB0aW0=", "503")],
    ),
    (
        BEFORE_TRANSACTION,
        &[("RSET", "250")],
        "198.51.100.7, 1 sent, state, ESMTPA first.example, tim",
        &[("BDAT 0 LAST", "502")],
    ),
    (
        TRANSACTION,
        &[("DATA", "354"), ("Subject: hello\r\n\r\nHello Bob\r\n.", "250")],
        "198.51.100.7, 2 sent, state, ESMTPA first.example, tim",
        &[("RCPT TO:<bob@example.com>", "503"), ("BDAT 0 LAST", "502"), ("AUTH PLAIN AHRpbQB0aW0=", "503")],
    ),
    // A message that is refused, here for its bare LF, ends its transaction too.
    (
        TRANSACTION,
        &[("DATA", "354"), ("a\nb\r\n.", "550")],
        "198.51.100.7, 1 sent, state, ESMTPA first.example, tim",
        &[],
    ),
    // XFORWARD waits for the transaction that it belongs to.
    (
        BEFORE_TRANSACTION,
        &[("MAIL FROM:<refused@client.example>", "550")],
        "198.51.100.7, 1 sent, state, ESMTPA first.example, tim, forwarded",
        &[("RCPT TO:<bob@example.com>", "503"), ("BDAT 0 LAST", "502")],
    ),
    (
        &[MESSAGE, FORWARD],
        LOGIN,
        "198.51.100.7, 1 sent, state, ESMTPA first.example, tim, forwarded",
        &[("BDAT 0 LAST", "502")],
    ),
    (
        &[MESSAGE, FORWARD],
        &[("AUTH PLAIN AHRvbQB0b20=", "535")],
        "198.51.100.7, 1 sent, state, ESMTP first.example, forwarded",
        &[("BDAT 0 LAST", "502"), ("MAIL FROM:<>", "250")],
    ),
    // Postfix: XCLIENT begins the session of another client.
    (
        BEFORE_TRANSACTION,
        &[("XCLIENT ADDR=198.51.100.8", "220")],
        "198.51.100.8, 1 sent",
        &[("MAIL FROM:<>", "503"), ("EHLO second.example", "250"), ("BDAT 0 LAST", "503")],
    ),
    (
        BEFORE_TRANSACTION,
        &[("XCLIENT LOGIN=tom HELO=second.example PROTO=ESMTP", "220")],
        "198.51.100.7, 1 sent, ESMTPA second.example, tom",
        &[("MAIL FROM:<>", "503"), ("EHLO second.example", "250"), ("AUTH PLAIN AHRpbQB0aW0=", "503")],
    ),
];

#[tokio::test(start_paused = true)]
async fn each_reset_ends_its_facts_and_no_others() {
    for (before, command, expected, then) in ROWS {
        let sessions = Seen::default();
        let (mut client, _session) = pipe(&server(&sessions), 65_536);
        assert!(client.read_reply().await.starts_with("220 "));
        for lines in *before {
            say(&mut client, lines).await;
        }
        say(&mut client, command).await;
        assert_eq!(facts(&sessions.all()[0]), *expected, "{command:?}");
        say(&mut client, then).await;
    }
}

/// RFC 3207 §4.2: all that the client said before is forgotten. The client itself stays the one that its proxy named.
#[tokio::test(start_paused = true)]
async fn starttls_keeps_the_client_and_what_hooks_said_of_it() {
    for before in [TRANSACTION, BEFORE_TRANSACTION] {
        let sessions = Seen::default();
        let (mut client, _session) = pipe(&server(&sessions), 65_536);
        assert!(client.read_reply().await.starts_with("220 "));
        for lines in before {
            say(&mut client, lines).await;
        }
        client.ask("STARTTLS", "220").await;
        let mut client = tls::secure(client.into_inner(), rustls::ALL_VERSIONS).await;
        client.ask("NOOP", "250").await;
        let session = sessions.all().remove(0);
        assert_eq!(facts(&session), "TLS, 198.51.100.7, 1 sent, state");
        client.ask("MAIL FROM:<>", "503").await;
        client.ask("EHLO second.example", "250").await;
        client.ask("BDAT 0 LAST", "502").await;
        say(&mut client, LOGIN).await;
        assert_eq!(facts(&session), "TLS, 198.51.100.7, 1 sent, state, ESMTPSA second.example, tim");
        client.ask("XCLIENT ADDR=198.51.100.8", "220").await;
        assert_eq!(facts(&session), "TLS, 198.51.100.8, 1 sent");
    }
}
