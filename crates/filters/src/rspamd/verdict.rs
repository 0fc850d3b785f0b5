//! The verdict of rspamd about a message.

use std::fmt;

/// The verdict of rspamd about a message.
///
/// The filter [`Rspamd`](super::Rspamd) leaves it in the [state of the
/// transaction](mailchute::Session::transaction_state), where later filters and the store find it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RspamdVerdict {
    /// The action that rspamd asks for. Its answer may set another fate, which the finding has.
    pub action: RspamdAction,
    /// The score of the message. A higher one means more spam.
    pub score: f64,
    /// The score from which on rspamd refuses a message. It is NaN if rspamd names none, as no action of the message has a
    /// limit. No score is larger than NaN.
    pub required_score: f64,
    /// The symbols of the rules that matched, by name. At most 500 are kept.
    pub symbols: Vec<Symbol>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Symbol {
    /// The name, such as `BAYES_SPAM`. It is cut off after 128 bytes.
    pub name: String,
    /// The points that it adds to the score.
    pub score: f64,
}

/// An action that rspamd asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RspamdAction {
    /// `no action`: the message passes.
    NoAction,
    /// `greylist`: the message passes. rspamd asks for this where its own greylist is off or has already let the message
    /// pass; to put a client off, it says `soft reject`.
    Greylist,
    /// `add header`: the message passes with `X-Spam: Yes`.
    AddHeader,
    /// `rewrite subject`: the message passes with another subject.
    RewriteSubject,
    /// `soft reject`: the client gets `451 4.7.1`.
    SoftReject,
    /// `reject`: the client gets `550 5.7.1`.
    Reject,
    /// `quarantine`: the message goes to a directory.
    Quarantine,
    /// `discard`: the message is accepted and thrown away.
    Discard,
    /// An action of the site's own, by its name. The message passes.
    Other(String),
}

impl RspamdAction {
    /// Returns the action of this name.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "no action" | "no_action" | "accept" => Self::NoAction,
            "greylist" => Self::Greylist,
            "add header" | "add_header" => Self::AddHeader,
            "rewrite subject" | "rewrite_subject" => Self::RewriteSubject,
            "soft reject" | "soft_reject" => Self::SoftReject,
            "reject" => Self::Reject,
            "quarantine" => Self::Quarantine,
            "discard" => Self::Discard,
            other => Self::Other(super::cut(other, super::LONGEST_NAME).to_owned()),
        }
    }
}

/// As rspamd names it.
impl fmt::Display for RspamdAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAction => "no action",
            Self::Greylist => "greylist",
            Self::AddHeader => "add header",
            Self::RewriteSubject => "rewrite subject",
            Self::SoftReject => "soft reject",
            Self::Reject => "reject",
            Self::Quarantine => "quarantine",
            Self::Discard => "discard",
            Self::Other(name) => name,
        })
    }
}
