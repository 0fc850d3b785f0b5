//! The service extensions, and what EHLO says of them now.

use crate::client::{XClient, XForward};
use crate::command::Verb;
use crate::machine::Facts;
use crate::sasl::Mechanism;
use crate::settings::{PlaintextAuth, Settings, TlsPolicy};

/// The lines of the reply to EHLO behind the first (RFC 5321 §4.1.1.1).
pub(crate) fn keywords(settings: &Settings, facts: &Facts) -> Vec<String> {
    let mut lines: Vec<String> =
        ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "DSN"]
            .map(String::from)
            .into();
    // RFC 1870 §4: 0 says that there is no fixed limit.
    lines.push(format!("SIZE {}", settings.limits.message_size));
    lines.push(limits(settings));
    // RFC 8689 §2: nobody can keep the promise outside TLS.
    if facts.is_tls {
        lines.push("REQUIRETLS".into());
    }
    if settings.tls != TlsPolicy::Off && !facts.is_tls {
        lines.push("STARTTLS".into());
    }
    let offered = settings.mechanisms.iter().filter(|&&mechanism| is_allowed(mechanism, settings, facts));
    let auth = offered.fold(String::from("AUTH"), |line, mechanism| line + " " + mechanism.name());
    if auth != "AUTH" {
        lines.push(auth);
    }
    if facts.is_trusted {
        lines.push(XClient::KEYWORD.into());
        lines.push(XForward::KEYWORD.into());
    }
    lines.push("HELP".into());
    lines
}

/// RFC 9422 §4; a limit that there is not is not named.
fn limits(settings: &Settings) -> String {
    let mut line = format!("LIMITS RCPTMAX={}", settings.limits.recipients);
    if settings.limits.transactions != 0 {
        line = format!("{line} MAILMAX={}", settings.limits.transactions);
    }
    line
}

/// Whether a parameter of MAIL or RCPT was announced to this client: none was after HELO.
pub(crate) fn takes_parameter(verb: Verb, keyword: &str, settings: &Settings, facts: &Facts) -> bool {
    facts.is_extended
        && match (verb, keyword) {
            (Verb::Mail, "SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID")
            | (Verb::Rcpt, "NOTIFY" | "ORCPT") => true,
            (Verb::Mail, "REQUIRETLS") => facts.is_tls,
            (Verb::Mail, "AUTH") => {
                settings.mechanisms.iter().any(|&mechanism| is_allowed(mechanism, settings, facts))
            }
            _ => false,
        }
}

/// Whether a mechanism may be used as the connection stands.
pub(crate) fn is_allowed(mechanism: Mechanism, settings: &Settings, facts: &Facts) -> bool {
    !mechanism.sends_password() || facts.is_tls || settings.plaintext_auth == PlaintextAuth::Anywhere
}
