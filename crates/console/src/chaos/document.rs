//! The rules as JSON.

use serde::{Deserialize, Serialize};

use super::stage::Stage;

/// Rules, and how long they are active. `PUT /api/v1/chaos` takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chaos {
    /// How long, in seconds: 1 to 86400.
    #[serde(default = "ten_minutes")]
    pub(crate) seconds: u64,
    pub(crate) rules: Vec<RuleDocument>,
}

fn ten_minutes() -> u64 {
    600
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleDocument {
    pub(crate) stage: Stage,
    /// Senders, such as `*@example.com`. The empty text is the null sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// Recipients, such as `bob@*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    /// Addresses of clients, such as `192.0.2.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    /// Above 0, up to 1. Default is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probability: Option<f64>,
    /// Applied to each such match only: 2 is every second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<u64>,
    /// Applied only to so many attempts of the same client, sender and recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first: Option<u32>,
    /// A refusal, such as `452 4.2.2 Mailbox full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<String>,
    /// How long to wait before that, in milliseconds: up to 300000.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) delay_ms: u64,
    /// Closes the connection, after the reply if there is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hang_up: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(delay: &u64) -> bool {
    *delay == 0
}

impl RuleDocument {
    /// Returns a rule for a stage that does nothing yet.
    pub(crate) fn at(stage: Stage) -> Self {
        Self {
            stage,
            from: None,
            to: None,
            client: None,
            probability: None,
            every: None,
            first: None,
            reply: None,
            delay_ms: 0,
            hang_up: false,
        }
    }
}

/// The active rules. `GET /api/v1/chaos` returns it; without rules, `rules` is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Status {
    /// When the rules end, as RFC 3339 has times.
    pub(crate) ends: Option<String>,
    pub(crate) seconds_left: u64,
    pub(crate) rules: Vec<RuleStatus>,
}

/// An active rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RuleStatus {
    #[serde(flatten)]
    pub(crate) rule: RuleDocument,
    /// How often it was applied.
    pub(crate) applied: u64,
}
