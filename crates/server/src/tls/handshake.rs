//! The handshake: chooses the certificate that the client asks for, and judges the client's.
//!
//! # Why
//!
//! The server chooses the certificate, not rustls. Each certificate has its own configuration. So the server
//! knows which certificate it sent (`tls-server-end-point`), and a ticket opens only under the certificate
//! that it was made with. The keys of tickets belong to one active configuration. So a client cannot return
//! to a listener with a ticket of another listener that did not ask it for its certificate.
//!
//! A handshake costs as much as a hundred commands, so it waits for its turn in the fair queue, after the `ClientHello`.
//! The listener only yields after every four connections: in that queue it would make newcomers wait for all greedy
//! sessions.

use std::fmt;
use std::io;
use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::SingleCertAndKey;
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};
use tokio::io::{AsyncBufRead as _, ReadBuf};
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

use super::binding::ChannelBindings;
use super::choice::can_be_served_by;
use super::config::{Own, Source, TlsConfig};
use super::facts::TlsFacts;
use super::hello::Hello;
use super::hidden_name;
use super::identity::Identity;
use super::peer::{ClientCertificate, Trust};
use super::proof::{Proof, Tickets, Verifier};
use super::read_ahead::ReadAhead;
use crate::net::io::Io;
use crate::runtime::read_buffer;
use crate::runtime::yield_queue::YieldQueue;

/// Performs handshakes with clients.
pub(crate) struct Acceptor {
    first: Choice,
    others: Vec<Choice>,
    /// The parts that the choices were made of; `None` for a configuration of rustls.
    own: Option<Box<Own>>,
}

/// One certificate, ready to serve.
struct Choice {
    config: Arc<ServerConfig>,
    /// `None` for a configuration of rustls, which does not tell what it serves.
    identity: Option<Arc<Identity>>,
    /// Seals session tickets, so that the server itself remembers nothing of a session that is over.
    tickets: Option<Arc<dyn ProducesTickets>>,
}

/// Bytes of replies that TLS accepts before the connection does; rustls would accept four times as many.
const UNSENT: usize = 16 * 1024;

/// A connection inside TLS.
pub(crate) struct Secured {
    pub(crate) stream: TlsStream<ReadAhead>,
    identity: Option<Arc<Identity>>,
    /// A failure found after bytes that were read. The next read returns it, because the stream reports it only once.
    failure: Option<io::Error>,
}

impl Acceptor {
    pub(crate) fn new(config: TlsConfig) -> Self {
        match config.0 {
            Source::Own(own) => Self {
                first: Choice::new(&own, &own.first),
                others: own.others.iter().map(|identity| Choice::new(&own, identity)).collect(),
                own: Some(own),
            },
            Source::Rustls(config) => Self {
                first: Choice { config, identity: None, tickets: None },
                others: Vec::new(),
                own: None,
            },
        }
    }

    /// Performs the handshake as the server.
    ///
    /// # Errors
    /// The reason why there is no TLS; the transport is closed then.
    pub(crate) async fn accept(
        &self,
        plain: Box<dyn Io>,
        yield_queue: &YieldQueue,
    ) -> io::Result<(Secured, TlsFacts)> {
        let mut plain = ReadAhead::new(plain);
        plain.begin().await?;
        let hello = Hello::read(plain, self.own.is_some(), self.speaks_1_3()).await?;
        // The rest takes as long as a hundred commands, so many handshakes at once would delay other sessions.
        yield_queue.pass().await;
        let choice = self.choose(&hello);
        let (config, proof) = self.configuration(choice, hello.name_is_hidden).map_err(invalid)?;
        let start = StartHandshake::from_parts(hello.accepted, hello.io);
        let mut stream = start.into_stream(config).await?;
        stream.get_mut().1.set_buffer_limit(Some(UNSENT));
        let connection = stream.get_ref().1;
        // A certificate whose key is unproved says nothing about the client.
        let is_proved = proof.is_none_or(|proof| proof.holds());
        let chain = connection.peer_certificates().filter(|_| is_proved).unwrap_or_default();
        let client = self.client(chain)?;
        let facts = TlsFacts::of(connection, client);
        Ok((Secured { stream, identity: choice.identity.clone(), failure: None }, facts))
    }

    /// Returns whether TLS 1.3 is spoken. A configuration of rustls does not tell, but nothing depends on it there.
    fn speaks_1_3(&self) -> bool {
        self.own.as_deref().is_none_or(|own| own.versions.have_1_3())
    }

    /// Chooses a certificate. One that the client cannot continue with serves no client, so that counts before the
    /// name.
    fn choose(&self, hello: &Hello) -> &Choice {
        if self.others.is_empty() {
            return &self.first;
        }
        let offer = hello.client_hello();
        let rank = |choice: &Choice| {
            let suites = &choice.config.crypto_provider().cipher_suites;
            choice.identity.as_deref().map(|identity| {
                let serves = can_be_served_by(&offer, hello.is_tls_1_3, &*identity.key.key, suites);
                (!serves, identity.answers(offer.server_name()))
            })
        };
        // `min_by_key` returns the first of equals.
        iter::once(&self.first).chain(&self.others).min_by_key(|choice| rank(choice)).unwrap_or(&self.first)
    }

    /// Returns the configuration for a client, and the proof to check afterwards if the client is asked for a
    /// certificate.
    fn configuration(
        &self,
        choice: &Choice,
        name_is_hidden: bool,
    ) -> Result<(Arc<ServerConfig>, Option<Arc<Proof>>), rustls::Error> {
        match (self.own.as_deref(), &choice.identity) {
            (Some(own), Some(identity)) if name_is_hidden || own.clients.is_some() => {
                let base = if name_is_hidden { hidden_name::base(own.versions)? } else { own.base.clone() };
                Ok(configure(base, own, identity, choice.tickets.clone(), name_is_hidden))
            }
            _ => Ok((Arc::clone(&choice.config), None)),
        }
    }

    fn client(
        &self,
        chain: &[rustls::pki_types::CertificateDer<'static>],
    ) -> io::Result<Option<Arc<ClientCertificate>>> {
        let trust = match self.own.as_deref().map(|own| own.clients.as_ref()) {
            Some(Some(clients)) => clients.judge(chain).map_err(invalid)?,
            // The client was not asked.
            Some(None) => None,
            // The verifier of a configuration of rustls accepted it.
            None => Some(Trust::Verified),
        };
        let certificate = chain.first().zip(trust).map(|(leaf, trust)| ClientCertificate::parse(leaf, trust));
        Ok(certificate.map(Arc::new))
    }
}

impl Choice {
    fn new(own: &Own, identity: &Arc<Identity>) -> Self {
        let tickets = tickets();
        let (config, _) = configure(own.base.clone(), own, identity, tickets.clone(), false);
        Self { config, identity: Some(Arc::clone(identity)), tickets }
    }
}

/// Makes keys for session tickets. Without random numbers there are none, and each client shakes hands in full.
fn tickets() -> Option<Arc<dyn ProducesTickets>> {
    let made = Ticketer::new();
    if let Err(error) = &made {
        tracing::error!(name: "no-random-numbers", %error, "the host has no random numbers");
    }
    made.ok()
}

/// Makes the rustls configuration for this certificate. `proof` records the handshake of a client that is asked for
/// one.
fn configure(
    base: ConfigBuilder<ServerConfig, WantsVerifier>,
    own: &Own,
    identity: &Identity,
    tickets: Option<Arc<dyn ProducesTickets>>,
    name_is_hidden: bool,
) -> (Arc<ServerConfig>, Option<Arc<Proof>>) {
    let resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&identity.key)));
    let (mut config, proof) = match own.clients.clone() {
        Some(clients) => {
            let proof = Arc::new(Proof::default());
            let verifier = Verifier { clients, proof: Arc::clone(&proof), name_is_hidden };
            let mut config = base.with_client_cert_verifier(Arc::new(verifier)).with_cert_resolver(resolver);
            if let Some(of_all) = tickets {
                config.ticketer = Arc::new(Tickets { of_all, proof: Arc::clone(&proof) });
            }
            (config, Some(proof))
        }
        None => {
            let mut config = base.with_no_client_auth().with_cert_resolver(resolver);
            if let Some(of_all) = tickets {
                config.ticketer = of_all;
            }
            (config, None)
        }
    };
    // Clients keep their tickets; the few that cannot do a full handshake each time.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    (Arc::new(config), proof)
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl Secured {
    pub(crate) fn read_ahead(&mut self) -> &mut ReadAhead {
        self.stream.get_mut().0
    }

    /// Reads all available data, as the stream itself would, in copies that cost less.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Err(failure));
        }
        let room = buffer.remaining();
        loop {
            let mut stream = Pin::new(&mut self.stream);
            match stream.as_mut().poll_fill_buf(context) {
                Poll::Ready(Ok([])) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(octets)) => {
                    let length = read_buffer::copy(octets, buffer);
                    stream.consume(length);
                }
                nothing if buffer.remaining() == room => return nothing.map_ok(|_| ()),
                Poll::Pending => return Poll::Ready(Ok(())),
                Poll::Ready(Err(failure)) => {
                    self.failure = Some(failure);
                    return Poll::Ready(Ok(()));
                }
            }
            if buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Returns the values that tie an authentication to this connection (RFC 5056).
    pub(crate) fn channel_bindings(&self) -> ChannelBindings {
        ChannelBindings::of(self.stream.get_ref().1, self.leaf())
    }

    /// Returns whether this connection has any channel binding.
    pub(crate) fn has_channel_binding(&self) -> bool {
        ChannelBindings::exist(self.stream.get_ref().1, self.leaf())
    }

    fn leaf(&self) -> Option<&[u8]> {
        self.identity.as_deref().and_then(Identity::leaf).map(|leaf| &leaf[..])
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}
