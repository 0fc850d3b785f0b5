//! The response of the web server, which is JSON.

use std::borrow::Cow;

use bytes::Bytes;
use mailchute::Refusal;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{HookStage, MtaHooksBuilder};
use crate::http_client::null_is_missing;
use crate::scanner_edits::{Edit, Edits};

#[derive(Debug, Deserialize)]
pub(super) struct Response {
    action: Action,
    response: Option<SmtpResponse>,
    #[serde(default, deserialize_with = "null_is_missing")]
    modifications: Vec<Modification>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Accept,
    Discard,
    Reject,
    Quarantine,
}

#[derive(Debug, Default, Deserialize)]
struct SmtpResponse {
    status: Option<u16>,
    /// Stalwart's pages and its code name it differently.
    #[serde(alias = "enhanced_status", rename = "enhancedStatus")]
    enhanced_status: Option<String>,
    message: Option<String>,
    #[serde(default, deserialize_with = "null_is_missing")]
    disconnect: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Modification {
    ChangeFrom {
        value: String,
        #[serde(default, deserialize_with = "null_is_missing")]
        parameters: Map<String, Value>,
    },
    AddRecipient {
        value: String,
        #[serde(default, deserialize_with = "null_is_missing")]
        parameters: Map<String, Value>,
    },
    DeleteRecipient {
        value: String,
    },
    ReplaceContents {
        value: String,
    },
    AddHeader {
        name: String,
        value: String,
    },
    InsertHeader {
        index: u32,
        name: String,
        value: String,
    },
    ChangeHeader {
        index: u32,
        name: String,
        value: String,
    },
    DeleteHeader {
        index: u32,
        name: String,
    },
}

/// The decision of a response.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) action: Action,
    /// The edits, or the refusal.
    pub(super) fate: Result<Edits, Refusal>,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Discard => "discard",
            Self::Reject => "reject",
            Self::Quarantine => "quarantine",
        }
    }
}

impl Response {
    /// Parses a response. Unknown actions and modifications are errors. In a text for the client, bytes that are not UTF-8
    /// become U+FFFD. A modification would put other bytes into the message than the server meant, so it is an error.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(json);
        let response: Self = serde_json::from_str(&text)
            .map_err(|error| format!("the answer is not that of MTA Hooks: {error}"))?;
        if matches!(text, Cow::Owned(_)) && !response.modifications.is_empty() {
            return Err("the answer has modifications, and is not UTF-8".to_owned());
        }
        Ok(response)
    }

    /// Returns what is to be done.
    pub(super) fn decide(self, stage: HookStage, options: &MtaHooksBuilder) -> Result<Decided, String> {
        let Self { action, response, modifications } = self;
        if action == Action::Reject {
            let fate = Err(response.unwrap_or_default().refusal()?);
            return Ok(Decided { action, fate });
        }
        let is_late = matches!(action, Action::Discard | Action::Quarantine) || !modifications.is_empty();
        if is_late && !stage.has_transaction() {
            return Err(format!("there is no message at the stage {stage} that could be changed"));
        }
        let mut edits = Edits::up_to(options.max_answer);
        let mut push = |edit| edits.push(edit).map_err(|error| error.to_string());
        for modification in modifications {
            modification.edits().into_iter().try_for_each(&mut push)?;
        }
        match action {
            Action::Discard => push(Edit::Discard)?,
            Action::Quarantine => push(Edit::FileInto(options.quarantine_into.clone()))?,
            Action::Accept | Action::Reject => {}
        }
        if response.is_some_and(|response| response.disconnect) {
            push(Edit::Unknown("only a client whose message is rejected is disconnected".to_owned()))?;
        }
        Ok(Decided { action, fate: Ok(edits) })
    }
}

impl SmtpResponse {
    fn refusal(self) -> Result<Refusal, String> {
        let code = self.status.unwrap_or(550);
        let class = u8::try_from(code / 100).unwrap_or_default();
        let enhanced = match &self.enhanced_status {
            Some(text) => enhanced(text).ok_or_else(|| format!("{text:?} is not an enhanced status code"))?,
            None => (class, 7, 1),
        };
        let text = self.message.filter(|text| !text.trim().is_empty());
        let mut text = text.unwrap_or_else(|| "Message rejected".to_owned());
        text.truncate(text.floor_char_boundary(512));
        let refusal = Refusal::try_new(code, enhanced, text).map_err(|error| error.to_string())?;
        Ok(if self.disconnect { refusal.hang_up() } else { refusal })
    }
}

fn enhanced(text: &str) -> Option<(u8, u16, u16)> {
    let mut parts = text.split('.');
    let code = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(code)
}

impl Modification {
    fn edits(self) -> Vec<Edit> {
        match self {
            Self::ChangeFrom { value, parameters } if parameters.is_empty() => vec![Edit::SetSender(value)],
            Self::ChangeFrom { value, .. } => {
                let told = "the parameters of MAIL cannot be changed".to_owned();
                vec![Edit::SetSender(value), Edit::Unknown(told)]
            }
            Self::AddRecipient { value, parameters } if parameters.is_empty() => {
                vec![Edit::AddRecipient(value)]
            }
            Self::AddRecipient { value: address, parameters } => {
                vec![Edit::AddRecipientWith { address, parameters: joined(&parameters) }]
            }
            Self::DeleteRecipient { value } => vec![Edit::DropRecipient(value)],
            Self::ReplaceContents { value } => vec![Edit::ReplaceContents(value)],
            Self::AddHeader { name, value } => vec![insert(0, name, value)],
            Self::InsertHeader { index, name, value } => vec![insert(number(index), name, value)],
            Self::ChangeHeader { index, name, value } if value.is_empty() => vec![remove(index, name)],
            Self::ChangeHeader { index, name, value } => vec![match index.checked_sub(1) {
                Some(index) => Edit::ReplaceField { name, number: number(index), value: Bytes::from(value) },
                None => first_is_one(&name),
            }],
            Self::DeleteHeader { index, name } => vec![remove(index, name)],
        }
    }
}

/// Returns parameters as RCPT has them: `NOTIFY=NEVER`.
fn joined(parameters: &Map<String, Value>) -> String {
    let parameters = parameters.iter().map(|(name, value)| match value {
        Value::Null => name.clone(),
        Value::String(value) => format!("{name}={value}"),
        value => format!("{name}={value}"),
    });
    parameters.collect::<Vec<_>>().join(" ")
}

fn insert(position: usize, name: String, value: String) -> Edit {
    Edit::InsertField { position, name, value: Bytes::from(value) }
}

fn remove(index: u32, name: String) -> Edit {
    match index.checked_sub(1) {
        Some(index) => Edit::RemoveField { name, number: number(index) },
        None => first_is_one(&name),
    }
}

fn first_is_one(name: &str) -> Edit {
    Edit::Unknown(format!("the first field {name:?} has the index 1, and none has 0"))
}

fn number(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
