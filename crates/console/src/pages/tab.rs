//! The names of the tabs of a message.

use serde::Deserialize;

use crate::mail::Mail;

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tab {
    Html,
    Text,
    Source,
    Headers,
    Parts,
    Session,
    Checks,
}

pub(crate) const ALL: [Tab; 7] =
    [Tab::Html, Tab::Text, Tab::Source, Tab::Headers, Tab::Parts, Tab::Session, Tab::Checks];

impl Tab {
    /// The tab that is shown first.
    pub(crate) fn first(mail: &Mail) -> Self {
        if mail.unreadable().is_some() {
            Self::Source
        } else if mail.html().is_some() {
            Self::Html
        } else {
            Self::Text
        }
    }

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
            Self::Source => "source",
            Self::Headers => "headers",
            Self::Parts => "parts",
            Self::Session => "session",
            Self::Checks => "checks",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Html => "HTML",
            Self::Text => "Text",
            Self::Source => "Source",
            Self::Headers => "Headers",
            Self::Parts => "Parts",
            Self::Session => "Session",
            Self::Checks => "Checks",
        }
    }
}
