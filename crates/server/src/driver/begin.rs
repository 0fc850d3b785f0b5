//! The driver of a new connection.

use std::sync::Arc;

use mailchute_proto::Machine;

use super::Driver;
use super::edit_replies::ReplyEditor;
use crate::connection::wire::{SHORT_REPLIES, Wire};
use crate::driver::shared::Shared;
use crate::net::arrival::{Opening, Service};
use crate::proxy::Header;
use crate::session::Session;

impl Driver {
    /// `header` is the PROXY header that the connection began with.
    pub(crate) fn new(
        shared: Arc<Shared>,
        wire: Wire,
        session: Session,
        service: Service,
        header: Option<Header>,
    ) -> Self {
        let Service { protocol, opening } = service;
        let settings = Arc::clone(shared.settings_of(&session));
        // A queue of the same mail system is as good as TLS, and may say where the message comes from.
        let is_queued = session.queued().is_some();
        let machine = match opening {
            Opening::Plain if !is_queued => Machine::new(settings),
            Opening::Plain | Opening::Tls => Machine::inside_tls(settings),
        };
        let machine = if shared.chain.may_edit_replies(session.listener()) {
            let (shared, session) = (Arc::clone(&shared), session.clone());
            machine.editing_replies(Box::new(ReplyEditor { shared, session }))
        } else {
            machine
        };
        let is_trusted = is_queued || shared.proxies.may_speak_for_others(session.origin(), header);
        let machine = if is_trusted { machine.trusting_proxy() } else { machine };
        Self {
            shared,
            machine: machine.speaking(protocol),
            wire,
            output: Vec::with_capacity(SHORT_REPLIES),
            session,
            messages: 0,
            delivery: None,
            pace: None,
            in_transaction_since: None,
            waiting_since: None,
            opening,
            refused: None,
            is_announced: false,
            refusals: 0,
            refused_by: None,
            refused_by_each: Vec::new(),
        }
    }
}
