//! The offer of a session: what EHLO announces, and which parameters are accepted.

use std::fmt::Write as _;

use crate::client::{XClient, XForward};
use crate::command::Verb;
use crate::edits::EhloEdits;
use crate::extension::Extension;
use crate::facts::{Connection, ProtocolFacts};
use crate::params::DateTime;
use crate::sasl::Mechanism;
use crate::settings::{PlaintextAuth, Settings, TlsPolicy};

/// The current offer of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer<'m> {
    pub(crate) settings: &'m Settings,
    pub(crate) facts: &'m ProtocolFacts,
    pub(crate) edits: Option<&'m EhloEdits>,
    pub(crate) now: Option<DateTime>,
}

/// Bytes reserved for the keywords of the EHLO reply, more than most sessions need.
const MOST_KEYWORDS: usize = 256;

/// The extensions that each session has, and that have no arguments.
const ALWAYS: [Extension; 7] = [
    Extension::Pipelining,
    Extension::EightBitMime,
    Extension::SmtpUtf8,
    Extension::EnhancedStatusCodes,
    Extension::Chunking,
    Extension::BinaryMime,
    Extension::Dsn,
];

impl Offer<'_> {
    /// Returns whether the application has disabled an extension in this session.
    pub(crate) fn lacks(self, extension: Extension) -> bool {
        self.edits.is_some_and(|edits| {
            edits.has_disabled(extension)
                || (extension == Extension::BinaryMime && edits.has_disabled(Extension::Chunking))
        })
    }

    /// Returns the maximum bytes of a message. 0 means no limit.
    pub(crate) fn message_size(self) -> u64 {
        self.edits.and_then(EhloEdits::max_message_size).unwrap_or(self.settings.limits.message_size)
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

    /// Appends the lines of the EHLO reply after the first, each with a line feed before it (RFC 5321 §4.1.1.1).
    pub(crate) fn append_keywords(self, text: &mut String) {
        text.reserve(MOST_KEYWORDS);
        for extension in ALWAYS {
            self.append(extension, text, |_| {});
        }
        // RFC 1870 §4: 0 means no fixed limit.
        self.append(Extension::Size, text, |text| append_number(" ", self.message_size(), text));
        self.append(Extension::Limits, text, |text| append_limits(self.settings, text));
        if let Some(seconds) = self.settings.deliver_by {
            self.append(Extension::DeliverBy, text, |text| {
                // RFC 2852 §3: no argument means no fixed minimum.
                if seconds > 0 {
                    append_number(" ", seconds.into(), text);
                }
            });
        }
        if let Some(profile) = self.settings.mt_priority {
            self.append(Extension::MtPriority, text, |text| match profile.name() {
                "" => {}
                name => append_word(name, text),
            });
        }
        if let Some((seconds, until)) = self.future_release() {
            self.append(Extension::FutureRelease, text, |text| {
                // A string takes whatever is written to it.
                let _ = write!(text, " {seconds} {until}");
            });
        }
        // RFC 8689 §2: outside TLS the promise cannot be kept.
        if self.facts.connection.is_tls {
            self.append(Extension::RequireTls, text, |_| {});
        }
        if self.has_starttls() {
            self.append(Extension::StartTls, text, |_| {});
        }
        if self.has_auth() {
            self.append(Extension::Auth, text, |text| {
                let mechanisms = self.settings.mechanisms.iter();
                mechanisms
                    .filter(|&&mechanism| is_allowed(mechanism, self.settings, self.facts))
                    .for_each(|mechanism| append_word(mechanism.name(), text));
            });
        }
        if self.facts.connection.is_trusted {
            append_line(XClient::KEYWORD, text);
            append_line(XForward::KEYWORD, text);
        }
        if let Some(edits) = self.edits {
            edits.lines().iter().for_each(|line| append_line(line, text));
        }
        self.append(Extension::Help, text, |_| {});
    }

    /// Appends the line of an extension with its arguments, unless the application has disabled it.
    fn append(self, extension: Extension, text: &mut String, arguments: impl FnOnce(&mut String)) {
        if self.lacks(extension) {
            return;
        }
        append_line(extension.keyword(), text);
        arguments(text);
    }

    /// Returns whether a parameter of MAIL or RCPT was announced to this client. After HELO none was.
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

fn append_line(line: &str, text: &mut String) {
    text.push('\n');
    text.push_str(line);
}

fn append_word(word: &str, text: &mut String) {
    text.push(' ');
    text.push_str(word);
}

/// Appends a number in a third of the instructions of `write!`: each EHLO has some.
fn append_number(before: &str, mut number: u64, text: &mut String) {
    text.push_str(before);
    let mut digits = ['0'; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = char::from(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend(&digits[start..]);
}

/// Appends the arguments of LIMITS (RFC 9422 §4). A disabled limit is left out.
fn append_limits(settings: &Settings, text: &mut String) {
    append_number(" RCPTMAX=", settings.limits.recipients as u64, text);
    if settings.limits.transactions > 0 {
        append_number(" MAILMAX=", settings.limits.transactions.into(), text);
    }
}

/// Returns whether a mechanism is allowed on the connection in its current state.
pub(crate) fn is_allowed(mechanism: Mechanism, settings: &Settings, facts: &ProtocolFacts) -> bool {
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
