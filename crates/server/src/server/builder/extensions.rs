//! Service extensions that are off by default, parameters of one's own, envelopes and bare line ends.

use std::time::Duration;

use mailchute_proto::{BareLineEnds, EhloEdits, EnvelopeSyntax, PriorityProfile};

use super::Builder;
use crate::server::build_error::BuildError;

/// The most seconds that the extensions can write: nine digits.
const MOST_SECONDS: u64 = 999_999_999;

/// Settings for extensions that are off by default, for parameters of one's own, for envelopes and bare line ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) envelope: EnvelopeSyntax,
    pub(super) bare_line_ends: BareLineEnds,
    pub(super) mt_priority: Option<PriorityProfile>,
    deliver_by: Option<Duration>,
    future_release: Option<Duration>,
    mail_parameters: Vec<String>,
    rcpt_parameters: Vec<String>,
}

/// Extensions that are off by default: Mailchute reads what they ask for and hands it on; to act on it is up to the
/// hooks and the store.
impl Builder {
    /// Offers DELIVERBY (RFC 2852): a sender says by when a message is to be delivered or returned, and it is handed on
    /// in [`MailParameters::deliver_by`](crate::MailParameters::deliver_by). `fewest` is the least time in
    /// which that can be done, at most 999,999,999 s; less is answered `555 5.5.4`. Zero names no least time. The extension
    /// knows whole seconds only, so 1.5 s is announced, and held to, as 2. Default is off.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().deliver_by(Duration::from_secs(60)).on_mail_from(|from, _session| async move {
    ///     Verdict::accept_if(from.parameters().deliver_by.is_none_or(|by| !by.is_traced))
    /// });
    /// ```
    pub fn deliver_by(mut self, fewest: Duration) -> Self {
        self.extensions.deliver_by = Some(fewest);
        self
    }

    /// Offers MT-PRIORITY (RFC 6710): a sender says how urgent a message is, and it is handed on in
    /// [`MailParameters::mt_priority`](crate::MailParameters::mt_priority). Default is off.
    pub fn mt_priority(mut self, profile: PriorityProfile) -> Self {
        self.extensions.mt_priority = Some(profile);
        self
    }

    /// Offers FUTURERELEASE (RFC 4865): a sender says when a message is to be released, at most `longest` from now, and
    /// it is handed on in [`MailParameters::hold`](crate::MailParameters::hold). A longer time and
    /// one that has passed are answered `501 5.5.4`. `longest` is 1 to 999,999,999 s; the extension knows whole seconds
    /// only, so 1.5 s is announced, and held to, as 1. Default is off.
    pub fn future_release(mut self, longest: Duration) -> Self {
        self.extensions.future_release = Some(longest);
        self
    }
}

/// What the application knows and Mailchute does not.
impl Builder {
    /// Takes a parameter of MAIL and hands it on in [`MailParameters::other`](crate::MailParameters::other). Parameters
    /// that nobody has declared are answered `555 5.5.4`. For one session only:
    /// [`EhloEdits::take_mail_parameter`]. Default is none.
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().mail_parameter("XKEY").on_mail_from(|from, _session| async move {
    ///     let parameters = from.parameters();
    ///     Verdict::accept_if(parameters.other.iter().all(|(name, value)| name == "XKEY" && value.is_some()))
    /// });
    /// ```
    pub fn mail_parameter(mut self, name: &str) -> Self {
        self.extensions.mail_parameters.push(name.to_ascii_uppercase());
        self
    }

    /// As [`mail_parameter`](Self::mail_parameter), for RCPT: handed on in
    /// [`RcptParameters::other`](crate::RcptParameters::other).
    pub fn rcpt_parameter(mut self, name: &str) -> Self {
        self.extensions.rcpt_parameters.push(name.to_ascii_uppercase());
        self
    }
}

/// Envelopes and line ends.
impl Builder {
    /// Sets how strictly hello, MAIL, RCPT and the words of any command are read. Default is [`EnvelopeSyntax::Strict`];
    /// the other is for devices and scripts that cannot be fixed. A name without a domain gets that of the
    /// [hostname](Self::hostname).
    pub fn envelope_syntax(mut self, syntax: EnvelopeSyntax) -> Self {
        self.extensions.envelope = syntax;
        self
    }

    /// What becomes of a CR or LF by itself in a message. Default is [`BareLineEnds::Refuse`]; the others are for local
    /// scripts that know no better, and let nothing be smuggled either.
    pub fn bare_line_ends(mut self, setting: BareLineEnds) -> Self {
        self.extensions.bare_line_ends = setting;
        self
    }
}

impl Extensions {
    /// Writes the extensions into the settings of the conversation.
    pub(super) fn apply(self, settings: &mut mailchute_proto::Settings) -> Result<(), BuildError> {
        settings.envelope = self.envelope;
        settings.bare_line_ends = self.bare_line_ends;
        settings.mt_priority = self.mt_priority;
        settings.deliver_by = self.deliver_by.map(fewest_seconds).transpose()?;
        settings.future_release = self.future_release.map(longest_seconds).transpose()?;
        let mut edits = EhloEdits::default();
        for name in &self.mail_parameters {
            edits
                .take_mail_parameter(name)
                .map_err(|error| BuildError::parameter("mail_parameter", name, &error))?;
        }
        for name in &self.rcpt_parameters {
            edits
                .take_rcpt_parameter(name)
                .map_err(|error| BuildError::parameter("rcpt_parameter", name, &error))?;
        }
        settings.mail_parameters = self.mail_parameters;
        settings.rcpt_parameters = self.rcpt_parameters;
        Ok(())
    }
}

/// Rounded up: half a second is not none, and nobody is promised less than can be done.
fn fewest_seconds(time: Duration) -> Result<u32, BuildError> {
    let value = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    within("deliver_by", value, 0, "0 to 999,999,999 seconds")
}

/// Rounded down: nobody is promised more than can be done.
fn longest_seconds(time: Duration) -> Result<u32, BuildError> {
    within("future_release", time.as_secs(), 1, "1 to 999,999,999 seconds")
}

fn within(option: &'static str, value: u64, fewest: u64, expected: &'static str) -> Result<u32, BuildError> {
    match u32::try_from(value) {
        Ok(seconds) if (fewest..=MOST_SECONDS).contains(&value) => Ok(seconds),
        _ => Err(BuildError::invalid(option, value, expected)),
    }
}
