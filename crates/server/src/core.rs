//! What all sessions of a server share.

use std::sync::Arc;

use mailchute_proto::Settings;

use crate::clients::Clients;
use crate::connections::Connections;
use crate::event::Subscribers;
use crate::hooks::Chain;
use crate::scram_secret::ScramSecret;
use crate::timeouts::Timeouts;
use crate::tls::InForce;

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    pub(crate) hostname: Arc<str>,
    pub(crate) clients: Clients,
    pub(crate) timeouts: Timeouts,
    pub(crate) chain: Chain,
    /// What the decoys of users that there are not are made of.
    pub(crate) scram_secret: ScramSecret,
    pub(crate) tls: Option<InForce>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) connections: Arc<Connections>,
}
