//! The facts of a session, by how long they hold. The protocol machine decides when a part ends; a reset is the
//! default of that part.

use std::sync::Arc;

use mailchute_proto::Mechanism;
use mailchute_proto::question::Ehlo;
use mailchute_proto::{EhloEdits, Envelope, Refusal, XForward};

use super::finding::Finding;
use super::interrupted::InterruptedHook;
use crate::proxy::client::ProxiedClient;
use crate::tls::TlsFacts;

/// The facts that hooks see. The machine has facts of its own, to allow commands by.
#[derive(Default)]
pub(super) struct SessionFacts {
    pub(super) connection: Connection,
    pub(super) client: PerClient,
    pub(super) greeting: Greeting,
    pub(super) transaction: Transaction,
}

/// The facts that hold until the connection ends.
#[derive(Default)]
pub(super) struct Connection {
    /// The client that a proxy has named. STARTTLS keeps it, or a client would get the rights of its proxy.
    pub(super) proxied: Option<Box<ProxiedClient>>,
    pub(super) tls: Option<Arc<TlsFacts>>,
    /// The number of accepted messages.
    pub(super) messages: u32,
    /// The hook that was dropped before its answer, until the driver reports it. Boxed, as few sessions have one.
    pub(super) interrupted: Option<Box<InterruptedHook>>,
}

/// The facts that hold for one client: until XCLIENT names another.
#[derive(Default)]
pub(super) struct PerClient {
    /// The changes that hooks made to the EHLO offer of this session.
    pub(super) edits: Option<Box<EhloEdits>>,
    pub(super) findings: Vec<Finding>,
    /// The number of recipients that hooks have refused permanently.
    pub(super) refused_recipients: u32,
}

/// The facts that the client has told since the connection began, since STARTTLS (RFC 3207 §4.2) or since XCLIENT.
#[derive(Default)]
pub(super) struct Greeting {
    /// The last EHLO, HELO or LHLO.
    pub(super) hello: Option<Ehlo>,
    pub(super) identity: Option<Arc<str>>,
    /// The mechanism of the last successful AUTH.
    pub(super) mechanism: Option<Mechanism>,
    /// The user that the auth hook names, until AUTH is decided.
    pub(super) identified: Option<Arc<str>>,
}

/// The facts that hold until the end of the message, RSET or EHLO (RFC 5321 §4.1.4).
#[derive(Default)]
pub(super) struct Transaction {
    /// XFORWARD comes before MAIL.
    pub(super) forwarded: Option<Arc<XForward>>,
    pub(super) envelope: Option<Arc<Envelope>>,
    /// The lowest limit in bytes that a hook has set for the message, and the refusal of a longer one.
    pub(super) size_limit: Option<(u64, Refusal)>,
    pub(super) findings: Vec<Finding>,
}
