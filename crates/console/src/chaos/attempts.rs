//! The attempts of clients, and how often each was made.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::net::IpAddr;

use mailchute::Session;

use super::stage::Stage;

/// An action that a client is about to take.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) stage: Stage,
    pub(super) client: IpAddr,
    /// The sender; empty for `<>`.
    pub(super) from: Option<Cow<'a, str>>,
    pub(super) to: Vec<Cow<'a, str>>,
}

impl<'a> Attempt<'a> {
    pub(super) fn of(stage: Stage, session: &Session) -> Self {
        let from = session.sender().map(|sender| sender.as_str().to_owned().into());
        Self { stage, client: session.client_ip(), from, to: Vec::new() }
    }

    pub(super) fn from(mut self, sender: &'a str) -> Self {
        self.from = Some(sender.into());
        self
    }

    pub(super) fn to(mut self, recipients: impl Iterator<Item = &'a str>) -> Self {
        self.to = recipients.map(Cow::from).collect();
        self
    }

    fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.stage, self.client, &self.from, &self.to).hash(&mut hasher);
        hasher.finish()
    }
}

/// Attempts that are remembered. Others count as made before, so that a rule for first attempts lets mail pass.
const MOST: usize = 10_000;

/// How often the same client tried the same.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<u64, u32>);

impl Attempts {
    /// Counts an attempt, and returns how often it was made, with this one.
    pub(super) fn count(&mut self, attempt: &Attempt<'_>) -> u32 {
        let key = attempt.key();
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return u32::MAX;
        }
        let count = self.0.entry(key).or_default();
        *count = count.saturating_add(1);
        *count
    }
}
