//! What the hooks of a stage have decided, and where a refusal comes from.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::reply::catalog;
use mailchute_proto::{Answer, Refusal, Verdict};

/// The stages of a session at which the application is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Connect,
    Ehlo,
    Secure,
    ScramVerifier,
    Check,
    Authenticated,
    MailFrom,
    RcptTo,
    Data,
    Filter,
    Store,
    Command,
    Disconnect,
}

impl Stage {
    /// Returns the name of the stage for log and events: that of the method that is asked.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Ehlo => "ehlo",
            Self::Secure => "secure",
            Self::ScramVerifier => "scram_verifier",
            Self::Check => "check",
            Self::Authenticated => "authenticated",
            Self::MailFrom => "mail_from",
            Self::RcptTo => "rcpt_to",
            Self::Data => "data",
            Self::Filter => "filter",
            Self::Store => "store",
            Self::Command => "command",
            Self::Disconnect => "disconnect",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a refusal comes from.
#[derive(Debug, Clone)]
pub(crate) struct RefusedBy {
    pub(crate) stage: Stage,
    /// The type, or for a closure the method of the builder.
    pub(crate) hook: &'static str,
    /// What went wrong, if the hook refused because of that.
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
    /// How long the hook took.
    pub(crate) took: Duration,
}

/// The answer of a stage's hooks.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    /// Boxed, as few answers refuse.
    pub(crate) refused_by: Option<Box<RefusedBy>>,
}

impl Decision {
    pub(crate) const ACCEPT: Self = Self { answer: Ok(Verdict::Accept), refused_by: None };

    /// The answer of hooks that failed, or did not answer in time.
    pub(crate) const FAILED: Self =
        Self { answer: Err(Refusal::from_reply(catalog::INTERNAL_ERROR)), refused_by: None };

    /// Keeps where the answer comes from, if it refuses.
    pub(crate) fn new(
        answer: Answer,
        stage: Stage,
        hook: &'static str,
        took: impl FnOnce() -> Duration,
    ) -> Self {
        if is_yes(&answer) {
            return Self { answer, refused_by: None };
        }
        let cause = answer.as_ref().err().and_then(Refusal::cause).cloned();
        Self { answer, refused_by: Some(Box::new(RefusedBy { stage, hook, cause, took: took() })) }
    }

    pub(crate) fn is_yes(&self) -> bool {
        is_yes(&self.answer)
    }
}

impl From<Answer> for Decision {
    fn from(answer: Answer) -> Self {
        Self { answer, refused_by: None }
    }
}

/// Whether the conversation goes on as the client wished.
pub(crate) fn is_yes(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(Verdict::is_positive)
}
