//! The request: what is known of session and envelope, as JSON.

use mailchute::{Envelope, Recipient, Sender, Session};
use serde::Serialize;

use super::HookStage;
use crate::dns::client_name;

/// The version of the protocol that Stalwart has shipped.
const VERSION: u32 = 1;

/// A request without the message, which is streamed after it.
#[derive(Debug, Serialize)]
pub(super) struct Request {
    context: Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<EnvelopeFacts>,
}

#[derive(Debug, Serialize)]
struct Context {
    stage: HookStage,
    client: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    sasl: Option<Sasl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
    server: Server,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<Queue>,
    protocol: Protocol,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    ip: String,
    port: u16,
    /// `null` if it is not confirmed.
    ptr: Option<String>,
    helo: Option<String>,
    active_connections: u32,
}

#[derive(Debug, Serialize)]
struct Sasl {
    login: String,
}

#[derive(Debug, Serialize)]
struct Tls {
    version: String,
    cipher: String,
}

#[derive(Debug, Serialize)]
struct Server {
    name: String,
    port: u16,
    ip: Option<String>,
}

#[derive(Debug, Serialize)]
struct Queue {
    id: String,
}

#[derive(Debug, Serialize)]
struct Protocol {
    version: u32,
}

#[derive(Debug, Serialize)]
struct EnvelopeFacts {
    from: Address,
    to: Vec<Address>,
}

#[derive(Debug, Serialize)]
struct Address {
    address: String,
}

impl Request {
    /// Returns a request with what the session knows.
    pub(super) fn new(stage: HookStage, session: &Session) -> Self {
        let client = session.client_addr();
        let server = session.destination_addr().or_else(|| session.local_addr());
        let context = Context {
            stage,
            client: Client {
                ip: session.client_ip().to_string(),
                port: client.port(),
                ptr: client_name(session).map(|name| name.to_string()),
                helo: session.helo_name().map(|name| name.as_str().to_owned()),
                active_connections: 1,
            },
            sasl: session.identity().map(|login| Sasl { login: login.to_string() }),
            tls: session
                .tls()
                .map(|tls| Tls { version: tls.version.to_string(), cipher: tls.cipher.to_owned() }),
            server: Server {
                name: session.hostname().to_owned(),
                port: server.map_or(0, |address| address.port()),
                ip: server.map(|address| address.ip().to_canonical().to_string()),
            },
            queue: None,
            protocol: Protocol { version: VERSION },
        };
        Self { context, envelope: None }
    }

    /// Sets the name of EHLO, which the session has only afterwards.
    pub(super) fn helo(mut self, name: &str) -> Self {
        self.context.client.helo = Some(name.to_owned());
        self
    }

    /// Sets the user, whom the session has only afterwards.
    pub(super) fn login(mut self, identity: &str) -> Self {
        self.context.sasl = Some(Sasl { login: identity.to_owned() });
        self
    }

    /// Sets the sender, and the recipients so far.
    pub(super) fn envelope(mut self, sender: &Sender, recipients: &[&Recipient]) -> Self {
        let address = |address: &str| Address { address: address.to_owned() };
        self.envelope = Some(EnvelopeFacts {
            from: address(sender.as_str()),
            to: recipients.iter().map(|recipient| address(recipient.as_str())).collect(),
        });
        self
    }

    /// Sets the id of the message and its envelope.
    pub(super) fn message(mut self, id: String, envelope: &Envelope) -> Self {
        self.context.queue = Some(Queue { id });
        let recipients: Vec<_> = envelope.recipients.iter().collect();
        self.envelope(&envelope.sender, &recipients)
    }

    /// Returns the JSON.
    pub(super) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}
