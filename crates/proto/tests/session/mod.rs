//! Drives the machine as a connection would: it feeds pieces of input, and records what happens.

#![allow(dead_code, reason = "each file of tests uses the part of it that it needs")]

pub(crate) mod dialogue;
pub(crate) mod line_ends;
mod lines;
mod record;
mod run;
pub(crate) mod tempers;

use std::fmt;

use mailchute_proto::question::Scram;
use mailchute_proto::{
    ChannelBinding, Credentials, DateTime, Extension, Nonce, Protocol, Refusal, Reply, ScramAnswer,
    ScramVerifier, Settings, Verdict,
};

pub(crate) use record::{Message, Record};
pub(crate) use run::Run;

/// The accepted token, that of RFC 7628 §4.1.
const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

/// A listener: its settings and how its hooks answer.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
    /// Whether TLS begins with the first byte.
    pub(crate) is_inside_tls: bool,
    pub(crate) cannot_bind: bool,
    /// The client's name in a verified certificate.
    pub(crate) certificate: Option<String>,
    pub(crate) protocol: Protocol,
    /// Whether the client is a proxy that may name others.
    pub(crate) is_trusted: bool,
    /// Bytes that the client sent before the greeting.
    pub(crate) early: Vec<u8>,
    /// The time that the machine is given.
    pub(crate) now: Option<DateTime>,
    /// The changes of the ehlo hook.
    pub(crate) edits: Vec<Edit>,
    pub(crate) answers: Vec<Answer>,
    /// Users and their passwords.
    pub(crate) users: Vec<(String, String)>,
    /// Users and their SCRAM verifiers.
    pub(crate) verifiers: Vec<(String, ScramVerifier)>,
    /// The random part of the server's challenges; without it, the server has no random numbers.
    pub(crate) nonce: Option<Nonce>,
}

/// The answer of a hook about one subject; it accepts all others.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The verb in lower case, or `connect`, `message`, `command`. `each` is the reply for one recipient of a message,
    /// and `data-each` the reason for refusing a recipient before the message arrives.
    pub(crate) stage: &'static str,
    /// The address, the name or the verb of the question.
    pub(crate) subject: String,
    /// `None` drops the question unanswered.
    pub(crate) verdict: Option<mailchute_proto::Answer>,
}

/// A change of the ehlo hook to what EHLO announces.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Disable(Extension),
    Size(u64),
    Announce(String),
    MailParameter(String),
    RcptParameter(String),
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inside TLS: {}, {:?}", self.is_inside_tls, self.settings)
    }
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::new("mx.example.com"),
            is_inside_tls: false,
            cannot_bind: false,
            certificate: None,
            protocol: Protocol::Smtp,
            is_trusted: false,
            early: Vec::new(),
            now: None,
            edits: Vec::new(),
            answers: Vec::new(),
            users: Vec::new(),
            verifiers: Vec::new(),
            nonce: None,
        }
    }

    /// Runs a session from its greeting, one byte at a time. TLS handshakes separate the segments.
    pub(crate) fn byte_by_byte(&self, segments: &[Vec<u8>]) -> Record {
        let cuts: Vec<usize> = (0..segments.iter().map(Vec::len).sum()).collect();
        self.cut(segments, &cuts)
    }

    /// Runs a session whose bytes are cut before these positions, counted over all segments.
    pub(crate) fn cut(&self, segments: &[Vec<u8>], cuts: &[usize]) -> Record {
        let (mut run, mut start) = (Run::new(self), 0);
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                run.shake_hands();
            }
            let mut from = 0;
            let inside = cuts.iter().map(|cut| cut.saturating_sub(start).min(segment.len()));
            for to in inside.chain([segment.len()]) {
                run.feed(&segment[from..to]);
                from = to;
            }
            start += segment.len();
        }
        run.record
    }

    pub(crate) fn answer(&self, stage: &str, subject: &str) -> Option<mailchute_proto::Answer> {
        let answer = self.answers.iter().find(|answer| answer.stage == stage && answer.subject == subject);
        answer.map_or(Some(Ok(Verdict::Accept)), |answer| answer.verdict.clone())
    }

    pub(crate) fn nonce(&self) -> Result<Nonce, Refusal> {
        self.nonce.clone().ok_or_else(|| Refusal::new(454, (4, 7, 0), "No random numbers"))
    }

    /// An unknown user gets a decoy.
    pub(crate) fn scram(&self, scram: &Scram) -> Result<ScramAnswer, Refusal> {
        let known = self.verifiers.iter().find(|(user, _)| *user == scram.user);
        Ok(ScramAnswer {
            verifier: known.map_or_else(
                || ScramVerifier::decoy(b"secret", &scram.user),
                |(_, verifier)| verifier.clone(),
            ),
            nonce: self.nonce()?,
            channel_binding: match scram.channel_binding {
                Some(ChannelBinding::TlsExporter) => Some(b"exported".to_vec()),
                Some(ChannelBinding::TlsServerEndPoint) => Some(b"certified".to_vec()),
                _ => None,
            },
        })
    }

    pub(crate) fn authenticate(&self, credentials: &Credentials) -> Option<mailchute_proto::Answer> {
        if let Credentials::Bearer { token, .. } = credentials {
            return Some(Verdict::accept_if(token.reveal() == TOKEN));
        }
        if credentials.are_proven() {
            return self.answer("auth", credentials.user());
        }
        let is_known = self.users.iter().any(|(user, password)| credentials.is(user, password));
        if is_known || self.answers.iter().any(|answer| answer.subject == credentials.user()) {
            return self.answer("auth", credentials.user());
        }
        Some(Ok(Verdict::Refuse))
    }
}

/// Returns the answer of a hook that replies.
pub(crate) fn answered(reply: Reply) -> mailchute_proto::Answer {
    if reply.is_refusal() { Err(Refusal::from_reply(reply)) } else { Ok(Verdict::AcceptWith(reply)) }
}

/// A reply from the text that a client would see, such as `550 5.1.1 No such user`.
pub(crate) fn reply(text: &str) -> Reply {
    let mut words = text.splitn(3, ' ');
    let code = words.next().and_then(|code| code.parse().ok());
    let numbers: Vec<u16> = words.next().unwrap_or("").split('.').flat_map(str::parse).collect();
    let (Some(code), &[class, subject, detail]) = (code, &numbers[..]) else {
        panic!("not a reply: {text}");
    };
    let class = u8::try_from(class).expect("a class is one digit");
    Reply::new(code, (class, subject, detail), words.next().unwrap_or("").to_owned())
}

/// Returns bytes as a Rust literal would write them, one line of SMTP a line.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\r\\n", "\\r\\n\n")
}

/// Compares bytes, and shows them as lines if they differ.
#[track_caller]
pub(crate) fn assert_bytes(given: &[u8], expected: &[u8], what: &str) {
    assert!(given == expected, "{what}\n--- given\n{}\n--- expected\n{}", shown(given), shown(expected));
}
