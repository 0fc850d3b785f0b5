//! Extensions that are off by default, custom parameters, envelopes and bare line ends.

use std::time::Duration;

use mailchute_proto::{BareLineEnds, EhloEdits, EnvelopeSyntax, PriorityProfile};

use super::Builder;
use crate::server::build_error::BuildError;

/// The most seconds that the extensions can express: nine digits.
const MOST_SECONDS: u64 = 999_999_999;

/// Settings for extensions that are off by default, for custom parameters, for envelopes and bare line ends.
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

/// Extensions that are off by default. Mailchute reads what they ask for and passes it on. The hooks and the
/// store must act on it.
impl Builder {
    /// Offers DELIVERBY (RFC 2852): a sender says by when a message is to be delivered or returned.
    /// [`MailParameters::deliver_by`](crate::params::MailParameters::deliver_by) has the time. `fewest` is the least
    /// time in which the message can be delivered, at most 999,999,999 s. A shorter time gets `555 5.5.4`.
    /// Zero sets no least time. The extension knows whole seconds only, so 1.5 s counts as 2. Default is off.
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

    /// Offers MT-PRIORITY (RFC 6710): a sender says how urgent a message is.
    /// [`MailParameters::mt_priority`](crate::params::MailParameters::mt_priority) has the priority. Default is off.
    pub fn mt_priority(mut self, profile: PriorityProfile) -> Self {
        self.extensions.mt_priority = Some(profile);
        self
    }

    /// Offers FUTURERELEASE (RFC 4865): a sender says when a message is to be released, at most `longest`
    /// from now. [`MailParameters::hold`](crate::params::MailParameters::hold) has the time. A longer time, and one
    /// that has passed, get `501 5.5.4`. `longest` is 1 to 999,999,999 s. The extension knows whole seconds
    /// only, so 1.5 s counts as 1. Default is off.
    pub fn future_release(mut self, longest: Duration) -> Self {
        self.extensions.future_release = Some(longest);
        self
    }
}

/// Parameters that the application knows and Mailchute does not.
impl Builder {
    /// Accepts a parameter of MAIL, and passes it on in
    /// [`MailParameters::other`](crate::params::MailParameters::other). Parameters that are not declared get `555
    /// 5.5.4`. To accept one for a single session, use
    /// [`Session::accept_mail_parameter`](crate::Session::accept_mail_parameter). Default is none.
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().mail_parameter("XKEY").on_mail_from(|from, _session| async move {
    ///     Verdict::accept_if(from.parameters().get("XKEY").is_none_or(|value| value.is_some()))
    /// });
    /// ```
    pub fn mail_parameter(mut self, name: &str) -> Self {
        self.extensions.mail_parameters.push(name.to_ascii_uppercase());
        self
    }

    /// Does the same as [`mail_parameter`](Self::mail_parameter) for RCPT. The parameter is passed on in
    /// [`RcptParameters::other`](crate::params::RcptParameters::other).
    pub fn rcpt_parameter(mut self, name: &str) -> Self {
        self.extensions.rcpt_parameters.push(name.to_ascii_uppercase());
        self
    }
}

/// Envelopes and line ends.
impl Builder {
    /// Sets how strictly EHLO, MAIL, RCPT and the words of any command are read. Default is
    /// [`EnvelopeSyntax::Strict`]. The other is for devices and scripts that cannot be fixed. A name without
    /// a domain gets that of the [hostname](Self::hostname).
    pub fn envelope_syntax(mut self, syntax: EnvelopeSyntax) -> Self {
        self.extensions.envelope = syntax;
        self
    }

    /// Sets what happens to a bare CR or LF in a message. Default is [`BareLineEnds::Refuse`]. The others are
    /// for local scripts that cannot do better, and do not allow smuggling either. They give such a message the
    /// [finding](crate::Session::findings) `line-ends=bare`, so that its sender can be found in the log.
    pub fn bare_line_ends(mut self, setting: BareLineEnds) -> Self {
        self.extensions.bare_line_ends = setting;
        self
    }
}

impl Extensions {
    /// Writes the extensions into the settings of the conversation.
    pub(super) fn apply(&self, settings: &mut mailchute_proto::Settings) -> Result<(), BuildError> {
        settings.envelope = self.envelope;
        settings.bare_line_ends = self.bare_line_ends;
        settings.mt_priority = self.mt_priority;
        settings.deliver_by = self.deliver_by.map(fewest_seconds).transpose()?;
        settings.future_release = self.future_release.map(longest_seconds).transpose()?;
        let mut edits = EhloEdits::default();
        for name in &self.mail_parameters {
            edits
                .accept_mail_parameter(name)
                .map_err(|error| BuildError::parameter("mail_parameter", name, &error))?;
        }
        for name in &self.rcpt_parameters {
            edits
                .accept_rcpt_parameter(name)
                .map_err(|error| BuildError::parameter("rcpt_parameter", name, &error))?;
        }
        settings.mail_parameters.clone_from(&self.mail_parameters);
        settings.rcpt_parameters.clone_from(&self.rcpt_parameters);
        Ok(())
    }
}

/// Rounds up, so that half a second does not become none, and no sender is promised too short a time.
fn fewest_seconds(time: Duration) -> Result<u32, BuildError> {
    let value = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    within("deliver_by", value, 0, "0 to 999,999,999 seconds")
}

/// Rounds down, so that no sender is promised too long a time.
fn longest_seconds(time: Duration) -> Result<u32, BuildError> {
    within("future_release", time.as_secs(), 1, "1 to 999,999,999 seconds")
}

fn within(option: &'static str, value: u64, fewest: u64, expected: &'static str) -> Result<u32, BuildError> {
    match u32::try_from(value) {
        Ok(seconds) if (fewest..=MOST_SECONDS).contains(&value) => Ok(seconds),
        _ => Err(BuildError::invalid(option, value, expected)),
    }
}
