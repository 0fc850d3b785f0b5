//! The handshake: chooses the certificate that the client asks for, and judges the client's.

use std::fmt;
use std::io;
use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage};
use rustls::sign::SingleCertAndKey;
use tokio::io::{AsyncBufRead as _, ReadBuf};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::binding::ChannelBindings;
use super::client_certificates::ClientCertificates;
use super::config::{Own, Source, TlsConfig};
use super::facts::TlsFacts;
use super::identity::Identity;
use super::peer::{ClientCertificate, Trust};
use super::read_ahead::ReadAhead;
use crate::read_buffer;
use crate::turnstile::Turnstile;
use crate::wire::Io;

/// Shakes hands with clients.
pub(crate) struct Acceptor {
    first: Choice,
    others: Vec<Choice>,
    clients: Option<ClientCertificates>,
}

/// One certificate, ready to serve.
struct Choice {
    config: Arc<ServerConfig>,
    /// What a configuration of rustls serves is its own secret.
    identity: Option<Arc<Identity>>,
}

/// Octets of replies that TLS takes before the connection does; rustls would take four times as many.
const UNSENT: usize = 16 * 1024;

/// A connection inside TLS.
pub(crate) struct Secured {
    pub(crate) stream: TlsStream<ReadAhead>,
    identity: Option<Arc<Identity>>,
    /// Found behind octets that were read, and told at the next read: the stream tells it once.
    failure: Option<io::Error>,
}

impl Acceptor {
    pub(crate) fn new(config: TlsConfig) -> Self {
        match config.0 {
            Source::Own(own) => Self {
                first: Choice::new(&own, &own.first),
                others: own.others.iter().map(|identity| Choice::new(&own, identity)).collect(),
                clients: own.clients,
            },
            Source::Rustls(config) => {
                Self { first: Choice { config, identity: None }, others: Vec::new(), clients: None }
            }
        }
    }

    /// Shakes hands as the server.
    ///
    /// # Errors
    /// Why there is no TLS; the transport is gone then.
    pub(crate) async fn accept(
        &self,
        plain: Box<dyn Io>,
        turnstile: &Turnstile,
    ) -> io::Result<(Secured, TlsFacts)> {
        let start =
            LazyConfigAcceptor::new(rustls::server::Acceptor::default(), ReadAhead::new(plain)).await?;
        // What follows takes as long as a hundred commands, and many that came together would keep others waiting.
        turnstile.pass().await;
        let Choice { config, identity } = self.choose(&start.client_hello());
        let mut stream = start.into_stream(Arc::clone(config)).await?;
        stream.get_mut().1.set_buffer_limit(Some(UNSENT));
        let connection = stream.get_ref().1;
        let client = self.client(connection.peer_certificates().unwrap_or_default())?;
        let facts = TlsFacts::of(connection, client);
        Ok((Secured { stream, identity: identity.clone(), failure: None }, facts))
    }

    /// A certificate whose key the client cannot check serves nobody, so that comes before the name.
    fn choose(&self, hello: &ClientHello<'_>) -> &Choice {
        if self.others.is_empty() {
            return &self.first;
        }
        let rank = |identity: &Identity| {
            let is_checkable = identity.key.key.choose_scheme(hello.signature_schemes()).is_some();
            (!is_checkable, identity.answers(hello.server_name()))
        };
        // Of those that rank alike the first is taken.
        iter::once(&self.first)
            .chain(&self.others)
            .min_by_key(|choice| choice.identity.as_deref().map(rank))
            .unwrap_or(&self.first)
    }

    fn client(
        &self,
        chain: &[rustls::pki_types::CertificateDer<'static>],
    ) -> io::Result<Option<Arc<ClientCertificate>>> {
        let trust = match &self.clients {
            Some(clients) => {
                clients.judge(chain).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?
            }
            None => Some(Trust::Verified),
        };
        let certificate = chain.first().zip(trust).map(|(leaf, trust)| ClientCertificate::parse(leaf, trust));
        Ok(certificate.map(Arc::new))
    }
}

impl Choice {
    fn new(own: &Own, identity: &Arc<Identity>) -> Self {
        let base = own.base.clone();
        let builder = match &own.clients {
            Some(clients) => base.with_client_cert_verifier(clients.verifier()),
            None => base.with_no_client_auth(),
        };
        let mut config =
            builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&identity.key))));
        config.ticketer = Arc::clone(&identity.ticketer);
        // Clients keep their tickets; the few that cannot shake hands in full each time.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Self { config: Arc::new(config), identity: Some(Arc::clone(identity)) }
    }
}

impl Secured {
    pub(crate) fn read_ahead(&mut self) -> &mut ReadAhead {
        self.stream.get_mut().0
    }

    /// Reads all that has come, as the stream itself would, in copies that cost less.
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

    /// What ties an authentication to this connection (RFC 5056).
    pub(crate) fn channel_bindings(&self) -> ChannelBindings {
        ChannelBindings::of(self.stream.get_ref().1, self.leaf())
    }

    /// Whether there is anything that does.
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
