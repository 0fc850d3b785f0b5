//! Macros: what the server tells a milter besides the commands, as Sendmail and Postfix do.

use mailchute::message::MessageId;
use mailchute::{Recipient, Sender, Session};

use super::protocol::command::Stage;
use super::protocol::negotiation::Choice;
use crate::dns;

/// The longest value, in bytes. The names in a certificate have no other bound.
const LONGEST: usize = 1024;

/// The facts that macros are made of.
#[derive(Clone, Copy)]
pub(super) struct Facts<'f> {
    pub(super) session: &'f Session,
    pub(super) sender: Option<&'f Sender>,
    pub(super) recipient: Option<&'f Recipient>,
    pub(super) message: Option<MessageId>,
}

impl<'f> Facts<'f> {
    pub(super) fn of(session: &'f Session) -> Self {
        Self { session, sender: None, recipient: None, message: None }
    }

    /// Returns the macros of a stage: those that the milter has named, or those that Sendmail and Postfix send. One
    /// without a value is left out.
    pub(super) fn macros(&self, stage: Stage, choice: &Choice) -> Vec<(String, String)> {
        let of = |name: &str| Some((name.to_owned(), shortened(self.value(name)?)));
        match choice.macros(stage) {
            Some(names) => names.iter().filter_map(|name| of(name)).collect(),
            None => usual(stage).iter().filter_map(|name| of(name)).collect(),
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        let session = self.session;
        let tls = || session.tls();
        let certificate = || session.tls()?.client.clone();
        let bare = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(name);
        let value = match bare {
            "j" | "if_name" => session.hostname().to_owned(),
            "v" => concat!("Mailchute ", env!("CARGO_PKG_VERSION")).to_owned(),
            "_" => format!("{} [{}]", client_name(session), session.client_ip()),
            "i" => self.message?.to_string(),
            "daemon_name" => session.listener()?.to_owned(),
            "daemon_addr" | "if_addr" => session.local_addr()?.ip().to_canonical().to_string(),
            "daemon_port" => session.local_addr()?.port().to_string(),
            "client_addr" => session.client_ip().to_string(),
            "client_port" => session.client_addr().port().to_string(),
            "client_name" => client_name(session),
            "client_ptr" => dns::client_reverse_name(session)?.to_string(),
            "s" => session.helo_name()?.to_string(),
            "r" => session.transmission_type().to_string(),
            "tls_version" => tls()?.version.to_string(),
            "cipher" => tls()?.cipher.to_owned(),
            "cipher_bits" => cipher_bits(tls()?.cipher)?.to_owned(),
            "cert_subject" => certificate()?.common_name.clone()?,
            "cert_issuer" => certificate()?.issuer_name.clone()?,
            "auth_type" => session.auth_mechanism()?.name().to_owned(),
            "auth_authen" => session.identity()?.to_string(),
            "auth_author" => self.sender?.parameters().auth.as_ref()?.mailbox()?.as_str().to_owned(),
            "mail_addr" | "f" => self.sender?.as_str().to_owned(),
            "mail_host" => self.sender?.domain()?.to_owned(),
            "mail_mailer" => match &*session.transmission_type().to_string() {
                "SMTP" => "smtp".to_owned(),
                _ => "esmtp".to_owned(),
            },
            "rcpt_addr" => self.recipient?.as_str().to_owned(),
            "rcpt_host" => self.recipient?.domain()?.to_owned(),
            "rcpt_mailer" => "local".to_owned(),
            _ => return None,
        };
        Some(value).filter(|value| !value.is_empty())
    }
}

/// The macros that are sent where the milter has not named any: those of Sendmail, and the addresses that Postfix sends.
fn usual(stage: Stage) -> &'static [&'static str] {
    match stage {
        Stage::Connect => &["j", "_", "{daemon_name}", "{daemon_addr}", "{if_name}", "{if_addr}", "v"],
        Stage::Helo => &["{tls_version}", "{cipher}", "{cipher_bits}", "{cert_subject}", "{cert_issuer}"],
        Stage::Mail => &[
            "{auth_type}",
            "{auth_authen}",
            "{auth_ssf}",
            "{auth_author}",
            "{mail_mailer}",
            "{mail_host}",
            "{mail_addr}",
        ],
        Stage::Rcpt => &["{rcpt_mailer}", "{rcpt_host}", "{rcpt_addr}"],
        Stage::EndOfHeader | Stage::EndOfBody => &["i"],
        Stage::Data | Stage::Header | Stage::Body | Stage::Unknown => &[],
    }
}

/// Returns the client's name that was looked up both ways. Without one it is the address in brackets, as
/// libmilter documents it.
pub(super) fn client_name(session: &Session) -> String {
    match dns::client_name(session) {
        Some(name) => name.to_string(),
        None if session.is_over_unix_socket() => "localhost".to_owned(),
        None => format!("[{}]", session.client_ip()),
    }
}

/// Returns the bits of a cipher's key. Its IANA name tells them.
fn cipher_bits(cipher: &str) -> Option<&'static str> {
    if cipher.contains("AES_256") || cipher.contains("CHACHA20") {
        Some("256")
    } else if cipher.contains("AES_128") {
        Some("128")
    } else {
        None
    }
}

fn shortened(mut value: String) -> String {
    value.truncate(value.floor_char_boundary(LONGEST));
    value
}

#[cfg(test)]
mod tests {
    use mailchute::testing;

    use super::*;

    fn shown(facts: &Facts<'_>, stage: Stage) -> String {
        let macros = facts.macros(stage, &Choice::default());
        let macros: Vec<_> = macros.iter().map(|(name, value)| format!("{name}={value}")).collect();
        macros.join(" ")
    }

    #[test]
    fn tells_at_each_stage_what_is_known_then() {
        let session = testing::session()
            .from(([192, 0, 2, 1], 40_000).into())
            .listener("inbound")
            .identity("alice")
            .sender("alice@client.example")
            .recipient("bob@example.com")
            .build();
        let version = env!("CARGO_PKG_VERSION");
        let envelope = session.envelope().expect("a transaction");
        let mut facts = Facts::of(&session);
        assert_eq!(
            shown(&facts, Stage::Connect),
            format!(
                "j=mx.example.com _=[192.0.2.1] [192.0.2.1] {{daemon_name}}=inbound {{if_name}}=mx.example.com \
                 v=Mailchute {version}"
            )
        );
        assert_eq!(shown(&facts, Stage::Helo), "");
        facts.sender = Some(&envelope.sender);
        assert_eq!(
            shown(&facts, Stage::Mail),
            "{auth_authen}=alice {mail_mailer}=smtp {mail_host}=client.example {mail_addr}=alice@client.example"
        );
        facts.recipient = envelope.recipients.first();
        assert_eq!(
            shown(&facts, Stage::Rcpt),
            "{rcpt_mailer}=local {rcpt_host}=example.com {rcpt_addr}=bob@example.com"
        );
        assert_eq!(shown(&facts, Stage::EndOfBody), "");
        let message = testing::message(&session, "\r\n");
        facts.message = Some(message.id());
        assert_eq!(shown(&facts, Stage::EndOfBody), format!("i={}", message.id()));
    }

    #[test]
    fn tells_of_tls_and_takes_names_in_braces_or_without() {
        let session = testing::session().tls(testing::tls()).build();
        let facts = Facts::of(&session);
        let cipher = session.tls().expect("TLS").cipher;
        assert_eq!(
            shown(&facts, Stage::Helo),
            format!("{{tls_version}}=TLSv1.3 {{cipher}}={cipher} {{cipher_bits}}=256")
        );
        assert_eq!(facts.value("{j}"), facts.value("j"));
        assert_eq!(facts.value("{unknown}"), None);
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(shortened(format!("x{}", "ü".repeat(600))).len(), 1023);
    }
}
