//! Hooks of every temper.

use mailchute_proto::{Nonce, Protocol, Settings, TlsPolicy, Verdict};

use super::{Answer, Session, answered, reply};

/// The properties of a listener beyond its settings.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tempers {
    pub(crate) protocol: Protocol,
    /// Whether TLS begins with the first byte, if there is a certificate.
    pub(crate) implicit_tls: bool,
    /// Whether recipients of one message get different replies.
    pub(crate) answers_each: bool,
    /// Whether the client may name others.
    pub(crate) trusted: bool,
    /// Whether the client is refused.
    pub(crate) turned_away: bool,
}

impl Session {
    /// Returns a listener whose hooks give all possible answers, each about another subject.
    pub(crate) fn of_every_temper(settings: Settings, tempers: Tempers) -> Self {
        let mut session = Self::new();
        session.protocol = tempers.protocol;
        session.is_trusted = tempers.trusted;
        session.is_inside_tls = tempers.implicit_tls && settings.tls == TlsPolicy::Offered;
        session.settings = settings;
        session.users.push(("tim".to_owned(), "tanstaaftanstaaf".to_owned()));
        let verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
                        wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        session.verifiers.push(("user".to_owned(), verifier.parse().expect("that of RFC 7677")));
        session.nonce = Nonce::parse("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        let mut says = |stage, subject: &str, verdict| {
            session.answers.push(Answer { stage, subject: subject.to_owned(), verdict });
        };
        says("ehlo", "refused.example", Some(Ok(Verdict::Refuse)));
        says("mail", "refused@client.example", Some(Ok(Verdict::Refuse)));
        says("rcpt", "nobody@example.com", Some(answered(reply("550 5.1.1 No such user\r\n250 2.0.0 OK"))));
        says("rcpt", "moved@example.com", Some(answered(reply("251 2.1.5 Will forward"))));
        says("rcpt", "many@example.com", Some(answered(reply(&format!("450 4.2.0 {}", "é\0".repeat(600))))));
        says("rcpt", "trap@example.com", Some(answered(reply("550 5.7.1 Bye").hang_up())));
        says("data", "nodata@client.example", None);
        says("chunk", "nochunk@client.example", Some(answered(reply("452 4.3.1 No room"))));
        says("message", "nostore@client.example", None);
        says("command", "XOWN", Some(answered(reply("250 2.0.0 Mine"))));
        if tempers.answers_each {
            says("each", "carl@example.com", Some(answered(reply("452 4.2.2 Mailbox full"))));
            says("each", "moved@example.com", Some(answered(reply("421 4.3.2 Later"))));
            says("each", "bøb@example.com", None);
        }
        if tempers.turned_away {
            says("connect", "", Some(Ok(Verdict::Refuse)));
        }
        session
    }
}
