//! The JSON of each kind of event, to the letter.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mailchute_proto::{Envelope, HeloName, Mechanism, Recipient, Reply, ReversePath, Sender};

use crate::connection::shutdown_signal::ShutdownSignal;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::events::stage::Stage;
use crate::message::MessageId;
use crate::net::arrival::Arrival;
use crate::session::disconnect::Disconnect;
use crate::session::{Finding, Session};
use crate::tls::{TlsFacts, TlsVersion};

fn session() -> Session {
    let arrival = Arrival::new(([192, 0, 2, 1], 40_000).into());
    Session::new(
        "mx.example.com".into(),
        arrival,
        None,
        Arc::new(ShutdownSignal::default()),
        Weak::<()>::new(),
    )
}

/// 31 January 2026 at noon, and 42 microseconds.
fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_769_860_800) + Duration::from_micros(42)
}

fn envelope() -> Envelope {
    let (sender, _) = ReversePath::parse_argument(b"<alice@client.example>").expect("a path");
    let mut envelope = Envelope::new(Sender::new(sender));
    for to in ["bob@example.com", "carol@example.com"] {
        envelope.recipients.push(to.parse::<Recipient>().expect("an address"));
    }
    envelope
}

fn finding(session: &Session) -> Finding {
    session.add_finding("spf", "pass");
    session.finding("spf").expect("a finding")
}

/// Each kind, and the JSON after the keys that all events of a session have.
fn all(session: &Session) -> Vec<(Event, &'static str)> {
    let (time, session) = (noon(), session.clone());
    let tls = TlsFacts {
        version: TlsVersion::Tls1_3,
        cipher: "TLS_AES_256_GCM_SHA384",
        sni: Some("mx.example.com".into()),
        is_resumed: false,
        client: None,
    };
    let envelope = envelope();
    let reply = Reply::new(550, (5, 7, 1), "No\nspam");
    let id = MessageId::new(session.id(), 1);
    let s = || session.clone();
    vec![
        (Event::Connect { time, session: s() }, ""),
        (
            Event::Disconnect { time, session: s(), cause: Disconnect::Quit },
            r#","cause":"quit","messages":0"#,
        ),
        (
            Event::Secure { time, session: s(), tls: tls.into() },
            r#","version":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384","sni":"mx.example.com","resumed":false"#,
        ),
        (
            Event::HandshakeFailed { time, session: s(), cause: "no \"hello\"".into() },
            r#","error":"no \"hello\"""#,
        ),
        (Event::Command { time, session: s(), line: "NOOP".into() }, r#","command":"NOOP""#),
        (
            Event::Finding { time, session: s(), finding: finding(&session) },
            r#","check":"spf","result":"pass""#,
        ),
        (
            Event::Ehlo { time, session: s(), name: HeloName::parse(b"client.example").expect("a name") },
            r#","helo":"client.example""#,
        ),
        (
            Event::Auth {
                time,
                session: s(),
                mechanism: Mechanism::ScramSha256,
                identity: Some("alice".into()),
                succeeded: true,
            },
            r#","mechanism":"SCRAM-SHA-256","user":"alice","succeeded":true"#,
        ),
        (
            Event::Mail { time, session: s(), sender: envelope.sender.clone() },
            r#","from":"alice@client.example""#,
        ),
        (
            Event::Rcpt { time, session: s(), recipient: envelope.recipients[0].clone() },
            r#","to":"bob@example.com""#,
        ),
        (Event::DataChunk { time, session: s(), chunk: "Hello".into() }, r#","size":5"#),
        (
            Event::Message { time, session: s(), id, envelope: envelope.into(), size: 29 },
            r#","message":"ID-1","from":"alice@client.example","to":["bob@example.com","carol@example.com"],"size":29"#,
        ),
        (
            Event::Refused {
                time,
                session: s(),
                stage: Stage::MailFrom,
                hook: Some("on_mail_from"),
                reply: reply.clone(),
                cause: Some("listed".into()),
                took: Some(Duration::from_millis(1_500)),
                message: Some((id, 29)),
            },
            r#","stage":"mail_from","reply":"550-5.7.1 No / 550 5.7.1 spam","hook":"on_mail_from","took":1.5,"error":"listed","message":"ID-1","size":29"#,
        ),
        (Event::Reply { time, session: s(), reply }, r#","reply":"550-5.7.1 No / 550 5.7.1 spam""#),
        (Event::TurnedAway { time, client: [192, 0, 2, 1].into() }, r#","client":"192.0.2.1""#),
        (
            Event::Missed { time, count: 7, ended: vec![session.id()], more_ended: 2 },
            r#","count":7,"ended":["ID"],"more_ended":2"#,
        ),
    ]
}

#[test]
fn each_kind_has_its_keys_and_no_others() {
    let session = session();
    let all = all(&session);
    for (event, keys) in &all {
        let of_session = match event.session() {
            Some(_) => r#","session":"ID","client":"192.0.2.1""#,
            None => "",
        };
        let kind = event.kind();
        let expected =
            format!(r#"{{"time":"2026-01-31T12:00:00.000042Z","event":"{kind}"{of_session}{keys}}}"#);
        let json = serde_json::to_string(event).expect("it is JSON");
        assert_eq!(json.replace(&session.id().to_string(), "ID"), expected);
    }
    let kinds: Vec<_> =
        Kind::ALL.iter().filter(|kind| all.iter().all(|(event, _)| event.kind() != **kind)).collect();
    assert!(kinds.is_empty(), "no JSON of {kinds:?} is tested");
}

#[test]
fn what_is_not_known_is_left_out() {
    let (time, session) = (noon(), session());
    let reply = Reply::new(503, (5, 5, 1), "Bad sequence");
    let refused = Event::Refused {
        time,
        session: session.clone(),
        stage: Stage::RcptTo,
        hook: None,
        reply,
        cause: None,
        took: None,
        message: None,
    };
    let auth = Event::Auth { time, session, mechanism: Mechanism::Plain, identity: None, succeeded: false };
    for (event, end) in [
        (refused, r#""stage":"rcpt_to","reply":"503 5.5.1 Bad sequence"}"#),
        (auth, r#""mechanism":"PLAIN","succeeded":false}"#),
    ] {
        let json = serde_json::to_string(&event).expect("it is JSON");
        assert!(json.ends_with(end), "{json}");
    }
}
