//! A rustls client that asks for names (SNI) that rustls would never send. It sends and hashes a `ClientHello` in which
//! the name's extension is replaced by another one of the same length.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WantsClientCert;
use rustls::crypto::hash::{self, Hash, HashAlgorithm, Output};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ConfigBuilder, SupportedCipherSuite, SupportedProtocolVersion, Tls12CipherSuite,
    Tls13CipherSuite,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::danger::Anything;

/// An extension of a name with this content, at least six bytes.
#[derive(Debug, Clone)]
pub(crate) struct OddName {
    sent: Vec<u8>,
    placeholder: Vec<u8>,
    name: String,
}

impl OddName {
    /// RFC 6066 §3: a list with one name.
    pub(crate) fn called(name: &[u8]) -> Self {
        Self::with(&[&two(name.len() + 3), &[0][..], &two(name.len()), name].concat())
    }

    pub(crate) fn with(data: &[u8]) -> Self {
        let name: String = "z".repeat(60).chars().cycle().take(data.len() - 5).collect();
        // Labels have at most 63 bytes.
        let name: String = name
            .char_indices()
            .map(|(index, letter)| if index % 50 == 49 && index + 1 < name.len() { '.' } else { letter })
            .collect();
        let inner = [&two(name.len() + 3), &[0][..], &two(name.len()), name.as_bytes()].concat();
        let extension = |data: &[u8]| [&[0, 0][..], &two(data.len()), data].concat();
        Self { sent: extension(data), placeholder: extension(&inner), name }
    }

    /// The bytes that the server gets in their place.
    pub(crate) fn replaced(&self, bytes: &[u8]) -> Vec<u8> {
        let mut replaced = bytes.to_vec();
        let found = bytes.windows(self.placeholder.len()).position(|window| window == self.placeholder);
        if let Some(position) = found {
            replaced[position..position + self.sent.len()].copy_from_slice(&self.sent);
        }
        replaced
    }

    /// A configuration for such a client, which accepts any certificate.
    pub(crate) fn client(
        &self,
        version: &'static SupportedProtocolVersion,
    ) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        self.client_of_all(&[version])
    }

    /// Such a configuration that offers several versions.
    pub(crate) fn client_of_all(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        self.client_of(aws_lc_rs::default_provider(), versions)
    }

    /// A configuration whose first key is of a group that no server accepts by default, so that TLS 1.3 asks for
    /// another.
    pub(crate) fn retrying_client(&self) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::MLKEM1024, aws_lc_rs::kx_group::X25519];
        self.client_of(provider, &[&TLS13])
    }

    fn client_of(
        &self,
        mut provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ConfigBuilder<ClientConfig, WantsClientCert> {
        for suite in &mut provider.cipher_suites {
            *suite = self.suite(*suite);
        }
        let schemes = provider.signature_verification_algorithms.supported_schemes();
        ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .expect("the provider has it")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anything::signed_by(&schemes)))
    }

    /// Shakes hands as a client with such a configuration.
    pub(crate) async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        config: &Arc<ClientConfig>,
    ) -> io::Result<TlsStream<Replacing<S>>> {
        let name = ServerName::try_from(self.name.clone()).expect("it is a domain");
        let stream = Replacing { stream, odd: self.clone() };
        TlsConnector::from(Arc::clone(config)).connect(name, stream).await
    }

    fn suite(&self, suite: SupportedCipherSuite) -> SupportedCipherSuite {
        let common = |common: &CipherSuiteCommon| CipherSuiteCommon {
            suite: common.suite,
            hash_provider: Box::leak(Box::new(Hashing { hash: common.hash_provider, odd: self.clone() })),
            confidentiality_limit: common.confidentiality_limit,
        };
        match suite {
            SupportedCipherSuite::Tls13(suite) => {
                SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                    common: common(&suite.common),
                    hkdf_provider: suite.hkdf_provider,
                    aead_alg: suite.aead_alg,
                    quic: suite.quic,
                })))
            }
            SupportedCipherSuite::Tls12(suite) => {
                SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                    common: common(&suite.common),
                    prf_provider: suite.prf_provider,
                    kx: suite.kx,
                    sign: suite.sign,
                    aead_alg: suite.aead_alg,
                })))
            }
        }
    }
}

fn two(number: usize) -> [u8; 2] {
    u16::try_from(number).expect("it is short").to_be_bytes()
}

/// The client's bytes, with the name replaced.
pub(crate) struct Replacing<S> {
    stream: S,
    odd: OddName,
}

impl<S: AsyncRead + Unpin> AsyncRead for Replacing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Replacing<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let replaced = self.odd.replaced(bytes);
        Pin::new(&mut self.stream).poll_write(context, &replaced)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

struct Hashing {
    hash: &'static dyn Hash,
    odd: OddName,
}

impl Hash for Hashing {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(Running { context: self.hash.start(), odd: self.odd.clone() })
    }

    fn hash(&self, data: &[u8]) -> Output {
        self.hash.hash(data)
    }

    fn output_len(&self) -> usize {
        self.hash.output_len()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.hash.algorithm()
    }
}

struct Running {
    context: Box<dyn hash::Context>,
    odd: OddName,
}

impl hash::Context for Running {
    fn fork_finish(&self) -> Output {
        self.context.fork_finish()
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self { context: self.context.fork(), odd: self.odd.clone() })
    }

    fn finish(self: Box<Self>) -> Output {
        self.context.finish()
    }

    fn update(&mut self, bytes: &[u8]) {
        self.context.update(&self.odd.replaced(bytes));
    }
}
