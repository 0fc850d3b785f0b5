//! The answer of rspamd, which is JSON.

use serde::Deserialize;
use serde_json::Value;

use super::pairs::Pairs;
use super::{RspamdAction, RspamdVerdict, Symbol, cut};
use crate::http_client::null_is_missing;

/// The symbols that are kept of an answer.
const MOST_SYMBOLS: usize = 500;

/// The answer to `/checkv2`. Other keys are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    action: String,
    // Numbers are only shown, so odd ones are no reason to lose the verdict. rspamd writes `null` for NaN.
    #[serde(default)]
    score: Value,
    #[serde(default)]
    required_score: Value,
    #[serde(default)]
    symbols: Pairs<Value>,
    #[serde(default)]
    messages: Value,
    #[serde(default, deserialize_with = "null_is_missing")]
    pub(super) milter: Milter,
    #[serde(default, rename = "dkim-signature")]
    pub(super) dkim_signature: Value,
    #[serde(default)]
    pub(super) subject: Value,
}

/// The edits that rspamd asks for besides its action.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Milter {
    pub(super) remove_headers: Pairs<Value>,
    pub(super) add_headers: Pairs<Value>,
    pub(super) change_from: Value,
    pub(super) add_rcpt: Value,
    pub(super) del_rcpt: Value,
    /// Another fate of messages that are to be refused: `discard` or `quarantine`.
    pub(super) reject: Value,
    #[serde(deserialize_with = "null_is_missing")]
    pub(super) no_action: bool,
    pub(super) spam_header: SpamField,
}

/// The value of `X-Spam:`, or the fields instead of it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum SpamField {
    Value(String),
    Fields(Pairs<Value>),
    Unknown(Value),
}

impl Default for SpamField {
    fn default() -> Self {
        Self::Fields(Pairs::default())
    }
}

impl Answer {
    /// Parses an answer. rspamd repeats bytes of the message as they are, such as a subject in Latin-1. So bytes that are
    /// not UTF-8 become U+FFFD.
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&String::from_utf8_lossy(json))
    }

    pub(super) fn verdict(&self) -> RspamdVerdict {
        let symbols = self.symbols.0.iter().take(MOST_SYMBOLS);
        RspamdVerdict {
            action: RspamdAction::of(&self.action),
            score: self.score.as_f64().unwrap_or_default(),
            required_score: self.required_score.as_f64().unwrap_or(f64::NAN),
            symbols: symbols
                .map(|(name, symbol)| Symbol {
                    name: cut(name, super::LONGEST_NAME).to_owned(),
                    score: symbol["score"].as_f64().unwrap_or_default(),
                })
                .collect(),
        }
    }

    /// Returns the text for the client, if rspamd has one.
    pub(super) fn text(&self) -> Option<&str> {
        let text = self.messages.get("smtp_message")?.as_str()?;
        Some(cut(text, 512)).filter(|text| !text.trim().is_empty())
    }
}
