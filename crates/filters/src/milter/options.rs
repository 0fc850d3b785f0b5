//! The options of a milter.

use std::borrow::Cow;
use std::time::Duration;

use super::address::MilterAddress;
use crate::OnFailure;
use crate::dns::HostNames;

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) address: MilterAddress,
    pub(super) name: Cow<'static, str>,
    pub(super) connect_timeout: Duration,
    pub(super) command_timeout: Duration,
    pub(super) message_timeout: Duration,
    pub(super) on_failure: OnFailure,
    pub(super) host_names: Option<HostNames>,
    pub(super) quarantine_into: Cow<'static, str>,
}

impl Options {
    pub(super) fn new(address: MilterAddress) -> Self {
        Self {
            address,
            name: Cow::Borrowed("milter"),
            connect_timeout: Duration::from_secs(30),
            command_timeout: Duration::from_secs(30),
            message_timeout: Duration::from_secs(120),
            on_failure: OnFailure::TempFail,
            host_names: None,
            quarantine_into: Cow::Borrowed("Junk"),
        }
    }
}
