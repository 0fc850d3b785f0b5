//! The offer of a session: what EHLO announces, and which parameters are accepted.

use std::borrow::Cow;

use crate::client::{XClient, XForward};
use crate::command::Verb;
use crate::edits::EhloEdits;
use crate::extension::Extension;
use crate::facts::{Connection, Facts};
use crate::params::DateTime;
use crate::sasl::Mechanism;
use crate::settings::{PlaintextAuth, Settings, TlsPolicy};

/// The current offer of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'m> {
    pub(crate) settings: &'m Settings,
    pub(crate) facts: &'m Facts,
    pub(crate) edits: Option<&'m EhloEdits>,
    pub(crate) now: Option<DateTime>,
}

/// Initial capacity of the EHLO reply, more than most sessions need.
const MOST_KEYWORDS: usize = 16;

impl<'o> Offer<'o> {
    /// Returns whether the application has withdrawn an extension in this session.
    pub(crate) fn lacks(self, extension: Extension) -> bool {
        self.edits.is_some_and(|edits| {
            edits.has_withdrawn(extension)
                || (extension == Extension::BinaryMime && edits.has_withdrawn(Extension::Chunking))
        })
    }

    /// Returns the maximum bytes of a message. 0 is no limit.
    pub(crate) fn message_size(self) -> u64 {
        self.edits.and_then(EhloEdits::size).unwrap_or(self.settings.limits.message_size)
    }

    pub(crate) fn has_starttls(self) -> bool {
        self.settings.tls != TlsPolicy::Off
            && !self.facts.connection.is_tls
            && !self.lacks(Extension::StartTls)
    }

    fn has_auth(self) -> bool {
        self.settings.mechanisms.iter().any(|&mechanism| is_allowed(mechanism, self.settings, self.facts))
            && !self.lacks(Extension::Auth)
    }

    /// Returns the maximum seconds that a message may be held, and until when. It needs to know the time.
    pub(crate) fn future_release(self) -> Option<(u32, DateTime)> {
        let seconds = self.settings.future_release?;
        Some((seconds, self.now?.plus_seconds(seconds)))
    }

    /// Returns the lines of the EHLO reply after the first (RFC 5321 §4.1.1.1).
    pub(crate) fn keywords(self) -> Vec<Cow<'o, str>> {
        let mut lines: Vec<Cow<'o, str>> = Vec::with_capacity(MOST_KEYWORDS);
        lines.extend(
            ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "DSN"]
                .map(Cow::Borrowed),
        );
        // RFC 1870 §4: 0 means no fixed limit.
        lines.push(format!("SIZE {}", self.message_size()).into());
        lines.push(limits(self.settings).into());
        match self.settings.deliver_by {
            // RFC 2852 §3: no argument means no fixed minimum.
            Some(0) => lines.push("DELIVERBY".into()),
            Some(seconds) => lines.push(format!("DELIVERBY {seconds}").into()),
            None => {}
        }
        if let Some(profile) = self.settings.mt_priority {
            lines.push(format!("MT-PRIORITY {}", profile.name()).trim_end().to_owned().into());
        }
        if let Some((seconds, until)) = self.future_release() {
            lines.push(format!("FUTURERELEASE {seconds} {until}").into());
        }
        // RFC 8689 §2: outside TLS the promise cannot be kept.
        if self.facts.connection.is_tls {
            lines.push("REQUIRETLS".into());
        }
        if self.has_starttls() {
            lines.push("STARTTLS".into());
        }
        if self.has_auth() {
            let mechanisms = self.settings.mechanisms.iter();
            let offered = mechanisms.filter(|&&mechanism| is_allowed(mechanism, self.settings, self.facts));
            let line = offered.fold(String::from("AUTH"), |line, mechanism| line + " " + mechanism.name());
            lines.push(line.into());
        }
        if self.facts.connection.is_trusted {
            lines.push(XClient::KEYWORD.into());
            lines.push(XForward::KEYWORD.into());
        }
        if let Some(edits) = self.edits {
            lines.retain(|line| {
                let keyword = line.split(' ').next().unwrap_or_default();
                !Extension::of(keyword).is_some_and(|extension| self.lacks(extension))
            });
            lines.extend(edits.lines().iter().map(|line| Cow::Borrowed(line.as_str())));
        }
        if !self.lacks(Extension::Help) {
            lines.push("HELP".into());
        }
        lines
    }

    /// Returns whether a parameter of MAIL or RCPT was announced to this client. None is after HELO.
    pub(crate) fn takes_parameter(self, verb: Verb, keyword: &str, value: Option<&str>) -> bool {
        let has = |extension| !self.lacks(extension);
        self.facts.greeting.is_extended
            && match (verb, keyword) {
                (Verb::Mail, "SIZE") => has(Extension::Size),
                (Verb::Mail, "BODY")
                    if value.is_some_and(|value| value.eq_ignore_ascii_case("BINARYMIME")) =>
                {
                    has(Extension::BinaryMime)
                }
                (Verb::Mail, "BODY") => has(Extension::EightBitMime),
                (Verb::Mail, "SMTPUTF8") => has(Extension::SmtpUtf8),
                (Verb::Mail, "RET" | "ENVID") | (Verb::Rcpt, "NOTIFY" | "ORCPT") => has(Extension::Dsn),
                (Verb::Mail, "REQUIRETLS") => self.facts.connection.is_tls && has(Extension::RequireTls),
                (Verb::Mail, "AUTH") => self.has_auth(),
                (Verb::Mail, "BY") => self.settings.deliver_by.is_some() && has(Extension::DeliverBy),
                (Verb::Mail, "MT-PRIORITY") => {
                    self.settings.mt_priority.is_some() && has(Extension::MtPriority)
                }
                (Verb::Mail, "HOLDFOR" | "HOLDUNTIL") => {
                    self.future_release().is_some() && has(Extension::FutureRelease)
                }
                _ => self.takes_own_parameter(verb, keyword),
            }
    }

    /// Returns whether the application has declared a parameter.
    fn takes_own_parameter(self, verb: Verb, keyword: &str) -> bool {
        let Settings { mail_parameters, rcpt_parameters, .. } = self.settings;
        let (declared, of_session) = match verb {
            Verb::Mail => (mail_parameters, self.edits.map(EhloEdits::mail_parameters)),
            _ => (rcpt_parameters, self.edits.map(EhloEdits::rcpt_parameters)),
        };
        declared.iter().chain(of_session.unwrap_or_default()).any(|own| own == keyword)
    }
}

/// Returns the LIMITS line (RFC 9422 §4). A disabled limit is left out.
fn limits(settings: &Settings) -> String {
    let mut line = format!("LIMITS RCPTMAX={}", settings.limits.recipients);
    if settings.limits.transactions != 0 {
        line = format!("{line} MAILMAX={}", settings.limits.transactions);
    }
    line
}

/// Returns whether a mechanism is allowed on the connection in its current state.
pub(crate) fn is_allowed(mechanism: Mechanism, settings: &Settings, facts: &Facts) -> bool {
    let is_hidden_or_shown =
        !mechanism.sends_password() || settings.plaintext_auth == PlaintextAuth::Anywhere;
    if mechanism.needs_certificate() {
        let Connection { is_tls, certified, is_for_another, .. } = &facts.connection;
        return *is_tls && certified.is_some() && !is_for_another;
    }
    if mechanism.binds_channel() {
        return facts.connection.is_tls && !facts.connection.cannot_bind;
    }
    facts.connection.is_tls || is_hidden_or_shown
}
