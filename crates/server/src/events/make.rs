//! Constructors of events, for the driver.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use mailchute_proto::question::Ehlo;
use mailchute_proto::{Credentials, Envelope, Mechanism, Recipient, Reply, Sender};

use super::event::Event;
use super::stage::Stage;
use crate::message::MessageId;
use crate::session::disconnect::Disconnect;
use crate::session::{Finding, Session};
use crate::tls::TlsFacts;

/// The origin of a refusal: what refused, and what was refused.
#[derive(Debug, Default)]
pub(crate) struct Refuser {
    pub(crate) hook: Option<&'static str>,
    pub(crate) cause: Option<String>,
    pub(crate) took: Option<Duration>,
    /// The message whose content was refused, with its size.
    pub(crate) message: Option<(MessageId, u64)>,
}

impl Event {
    pub(crate) fn connect(session: &Session) -> Self {
        Self::Connect { time: session.time(), session: session.clone() }
    }

    pub(crate) fn turned_away(client: IpAddr) -> Self {
        Self::TurnedAway { time: SystemTime::now(), client }
    }

    pub(crate) fn disconnect(session: &Session, cause: Disconnect) -> Self {
        Self::Disconnect { time: session.time(), session: session.clone(), cause }
    }

    pub(crate) fn ehlo(session: &Session, ehlo: &Ehlo) -> Self {
        Self::Ehlo { time: session.time(), session: session.clone(), name: ehlo.name.clone() }
    }

    pub(crate) fn auth(session: &Session, credentials: &Credentials, succeeded: bool) -> Self {
        let (mechanism, identity) = (credentials.mechanism(), credentials.identity().to_owned());
        let (time, session) = (session.time(), session.clone());
        Self::Auth { time, session, mechanism, identity: Some(identity), succeeded }
    }

    /// A login that was refused without credentials.
    pub(crate) fn login_refused(session: &Session, mechanism: Mechanism, identity: Option<String>) -> Self {
        Self::Auth { time: session.time(), session: session.clone(), mechanism, identity, succeeded: false }
    }

    pub(crate) fn mail(session: &Session, sender: &Sender) -> Self {
        Self::Mail { time: session.time(), session: session.clone(), sender: sender.clone() }
    }

    pub(crate) fn rcpt(session: &Session, recipient: &Recipient) -> Self {
        Self::Rcpt { time: session.time(), session: session.clone(), recipient: recipient.clone() }
    }

    pub(crate) fn secure(session: &Session, tls: Arc<TlsFacts>) -> Self {
        Self::Secure { time: session.time(), session: session.clone(), tls }
    }

    pub(crate) fn handshake_failed(session: &Session, cause: String) -> Self {
        Self::HandshakeFailed { time: session.time(), session: session.clone(), cause }
    }

    pub(crate) fn command(session: &Session, line: String) -> Self {
        Self::Command { time: session.time(), session: session.clone(), line }
    }

    pub(crate) fn refused(session: &Session, stage: Stage, reply: Reply, by: Refuser) -> Self {
        let (time, session) = (session.time(), session.clone());
        let Refuser { hook, cause, took, message } = by;
        Self::Refused { time, session, stage, hook, reply, cause, took, message }
    }

    pub(crate) fn reply(session: &Session, reply: Reply) -> Self {
        Self::Reply { time: session.time(), session: session.clone(), reply }
    }

    pub(crate) fn data_chunk(session: &Session, chunk: &Bytes) -> Self {
        Self::DataChunk { time: session.time(), session: session.clone(), chunk: chunk.clone() }
    }

    pub(crate) fn finding(session: &Session, finding: &Finding) -> Self {
        Self::Finding { time: session.time(), session: session.clone(), finding: finding.clone() }
    }

    pub(crate) fn message(session: &Session, id: MessageId, envelope: &Arc<Envelope>, size: u64) -> Self {
        let (time, session, envelope) = (session.time(), session.clone(), Arc::clone(envelope));
        Self::Message { time, session, id, envelope, size }
    }
}
