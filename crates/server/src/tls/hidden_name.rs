//! Hides names of servers (SNI, RFC 6066 §3) that rustls cannot parse.
//!
//! rustls ends the handshake of a client that asks for `mx_.example.com:25`, an umlaut or two names. Other
//! servers ignore such a name, and a client that gives up on TLS gives up on its mail. So rustls sees the
//! extension under an unassigned type, which it ignores. But both ends hash the `ClientHello`. So custom hash
//! functions put the type back, and hash what the client has sent.
//!
//! # Why
//!
//! A custom rustls configuration brings its own hash functions, which cannot be changed from outside. There such a
//! name still ends the handshake.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::{
    ConfigBuilder, ServerConfig, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite, WantsVerifier,
};

use super::handshake_messages::{at, extensions, message, payloads};
use super::provider::provider;
use super::version::Versions;

const SERVER_NAME: u16 = 0;

/// A type for private use (RFC 8446 §11) that replaces the type of the name.
const HIDDEN: u16 = 0xff53;

/// The bytes of that type.
const MASK: [u8; 2] = HIDDEN.to_be_bytes();

/// Masks the name in the `ClientHello` in these records, if there is one and it can be hidden.
pub(super) fn hide_name(records: &mut [u8]) -> Option<()> {
    let payloads = payloads(records);
    let name = position(&message(records, &payloads))?;
    for (position, octet) in name.zip(MASK) {
        *records.get_mut(at(&payloads, position)?)? = octet;
    }
    Some(())
}

/// Returns where in a `ClientHello` the type to hide stands. There must be one, and no other extension that would be
/// taken for a hidden one.
fn position(message: &[u8]) -> Option<Range<usize>> {
    let mut extensions =
        extensions(message).filter(|extension| [SERVER_NAME, HIDDEN].contains(&extension.kind));
    let name = extensions.next().filter(|extension| extension.kind == SERVER_NAME)?;
    let is_alone = extensions.next().is_none();
    is_alone.then_some(name.position..name.position + MASK.len())
}

/// Returns handshake messages as the client sent them, if they begin with a `ClientHello` in which a name is hidden.
pub(super) fn restored(messages: &[u8]) -> Cow<'_, [u8]> {
    let hidden = extensions(messages).find(|extension| extension.kind == HIDDEN);
    let Some(position) = hidden.map(|extension| extension.position) else {
        return Cow::Borrowed(messages);
    };
    let mut restored = messages.to_vec();
    restored[position..position + MASK.len()].copy_from_slice(&SERVER_NAME.to_be_bytes());
    Cow::Owned(restored)
}

/// Begins the configuration for a client whose name is hidden.
pub(super) fn base(versions: Versions) -> Result<ConfigBuilder<ServerConfig, WantsVerifier>, rustls::Error> {
    ServerConfig::builder_with_provider(restoring_provider()).with_protocol_versions(versions.supported())
}

/// Returns the cryptography of that configuration.
fn restoring_provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        let mut provider = CryptoProvider::clone(&provider());
        for suite in &mut provider.cipher_suites {
            *suite = restoring(*suite);
        }
        Arc::new(provider)
    }))
}

/// Wraps a suite. rustls wants suites that live for ever; these are made once.
fn restoring(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let common = |common: &CipherSuiteCommon| CipherSuiteCommon {
        suite: common.suite,
        hash_provider: Box::leak(Box::new(Restoring(common.hash_provider))),
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

/// A hash function of what the client sent. rustls hashes whole messages, except for the end of a `ClientHello` with
/// tickets.
struct Restoring(&'static dyn Hash);

impl Hash for Restoring {
    fn start(&self) -> Box<dyn Context> {
        Box::new(RestoringContext(self.0.start()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        self.0.hash(data)
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0.algorithm()
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

struct RestoringContext(Box<dyn Context>);

impl Context for RestoringContext {
    fn fork_finish(&self) -> Output {
        self.0.fork_finish()
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.fork()))
    }

    fn finish(self: Box<Self>) -> Output {
        self.0.finish()
    }

    fn update(&mut self, messages: &[u8]) {
        self.0.update(&restored(messages));
    }
}
