//! Opens records of TLS 1.3 that are sealed by AES-GCM with ring instead of AWS-LC.
//!
//! # Why
//!
//! On processors with AES for long vectors but without AVX-512, such as AMD's Zen 3, ring needs half the time, and 10
//! MiB inside TLS a sixth less. That is worth two more crates, ring and an older getrandom; the bound on crates was
//! raised for them.
//!
//! Enabling both providers of rustls would be simpler. But then rustls has no default, and `ClientConfig::builder()`
//! panics in any other crate of the embedding program. So ring's AES-GCM is put under two suites of AWS-LC, only for
//! what the client seals.

use std::is_x86_feature_detected;

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, UnboundKey};
use rustls::crypto::aws_lc_rs::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    Tls13AeadAlgorithm, UnsupportedOperationError, make_tls13_aad,
};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::{ConnectionTrafficSecrets, Error, SupportedCipherSuite, Tls13CipherSuite};

/// Returns whether the processor has AES for long vectors and not AVX-512: AMD's Zen 3, or Intel's desktops since Alder
/// Lake. AWS-LC uses both or neither, so ring opens records there in half the time.
pub(super) fn are_opened_faster() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("vpclmulqdq")
        && !is_x86_feature_detected!("avx512f")
}

/// Returns the suites of `provider`; two of them open the client's records with ring.
pub(super) fn opened_by_ring(mut provider: CryptoProvider) -> CryptoProvider {
    for suite in &mut provider.cipher_suites {
        for opened in [&AES_128, &AES_256] {
            if suite.suite() == opened.common.suite {
                *suite = SupportedCipherSuite::Tls13(opened);
            }
        }
    }
    provider
}

static AES_128: Tls13CipherSuite = AES_128_RECORDS.in_their_suite();
static AES_256: Tls13CipherSuite = AES_256_RECORDS.in_their_suite();

static AES_128_RECORDS: Records = Records::new(&TLS13_AES_128_GCM_SHA256, &AES_128_GCM);
static AES_256_RECORDS: Records = Records::new(&TLS13_AES_256_GCM_SHA384, &AES_256_GCM);

struct Records {
    /// The suite that seals the server's records, and does everything else.
    suite: &'static Tls13CipherSuite,
    /// The algorithm that opens the client's records.
    algorithm: &'static Algorithm,
}

impl Records {
    const fn new(suite: &SupportedCipherSuite, algorithm: &'static Algorithm) -> Self {
        Self { suite: suite.tls13().expect("otherwise it does not compile"), algorithm }
    }

    const fn in_their_suite(&'static self) -> Tls13CipherSuite {
        let Tls13CipherSuite { common, hkdf_provider, quic, .. } = self.suite;
        let CipherSuiteCommon { suite, hash_provider, confidentiality_limit } = *common;
        Tls13CipherSuite {
            common: CipherSuiteCommon { suite, hash_provider, confidentiality_limit },
            hkdf_provider: *hkdf_provider,
            aead_alg: self,
            quic: *quic,
        }
    }
}

impl Tls13AeadAlgorithm for Records {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.suite.aead_alg.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        let key = UnboundKey::new(self.algorithm, key.as_ref()).expect("rustls makes keys of this length");
        Box::new(Opener { key: LessSafeKey::new(key), iv })
    }

    fn key_len(&self) -> usize {
        self.algorithm.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.suite.aead_alg.extract_keys(key, iv)
    }
}

struct Opener {
    key: LessSafeKey,
    iv: Iv,
}

impl MessageDecrypter for Opener {
    fn decrypt<'a>(
        &mut self,
        mut record: InboundOpaqueMessage<'a>,
        number: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let nonce = ring::aead::Nonce::assume_unique_for_key(Nonce::new(&self.iv, number).0);
        let head = Aad::from(make_tls13_aad(record.payload.len()));
        let opened = self.key.open_in_place(nonce, head, &mut record.payload);
        let length = opened.map_err(|_| Error::DecryptError)?.len();
        record.payload.truncate(length);
        record.into_tls13_unpadded_message()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::Arc;

    use proptest::prelude::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
    use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
    use rustls::{
        ClientConfig, ClientConnection, ContentType, ProtocolVersion, RootCertStore, ServerConfig,
        ServerConnection,
    };

    use super::*;

    fn key() -> AeadKey {
        AeadKey::from(*b"the key of a connection, for now")
    }

    fn iv() -> Iv {
        Iv::from(*b"its first iv")
    }

    /// Returns a record as AWS-LC seals it.
    fn sealed(content: &[u8], number: u64) -> Vec<u8> {
        let record = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: ProtocolVersion::TLSv1_3,
            payload: OutboundChunks::Single(content),
        };
        let sealed = AES_256.aead_alg.encrypter(key(), iv()).encrypt(record, number);
        sealed.expect("a record may be as long").payload.as_ref().into()
    }

    /// Returns the record as ring opens it.
    fn opened(mut sealed: Vec<u8>, number: u64) -> Result<Vec<u8>, Error> {
        let record =
            InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut sealed);
        let opened = AES_256.aead_alg.decrypter(key(), iv()).decrypt(record, number);
        opened.map(|plain| plain.payload.to_vec())
    }

    proptest! {
        #[test]
        fn ring_opens_what_aws_lc_has_sealed_and_nothing_else(
            content in prop::collection::vec(any::<u8>(), 0..=16 * 1024),
            number in any::<u64>(),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let record = sealed(&content, number);
            prop_assert_eq!(opened(record.clone(), number), Ok(content));
            prop_assert_eq!(opened(record.clone(), number ^ 1), Err(Error::DecryptError));
            let at = at.index(record.len());
            prop_assert_eq!(opened(record[..at].to_vec(), number), Err(Error::DecryptError));
            let mut forged = record;
            forged[at] ^= 1 << bit;
            prop_assert_eq!(opened(forged, number), Err(Error::DecryptError));
        }
    }

    /// Returns a client that offers one suite, and a server whose records ring opens, after their handshake.
    fn connected(suite: &'static Tls13CipherSuite) -> (ClientConnection, ServerConnection) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["mx.example.com".to_owned()]).expect("it is a domain");
        let mut only = default_provider();
        only.cipher_suites.retain(|offered| offered.suite() == suite.common.suite);
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("it is a certificate");
        let client = ClientConfig::builder_with_provider(Arc::new(only))
            .with_safe_default_protocol_versions()
            .expect("the suite is of TLS 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("mx.example.com").expect("it is a domain");
        let mut client = ClientConnection::new(Arc::new(client), name).expect("it can begin");
        let server = ServerConfig::builder_with_provider(Arc::new(opened_by_ring(default_provider())))
            .with_safe_default_protocol_versions()
            .expect("the provider has both versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into(),
            )
            .expect("the key is the certificate's");
        let mut server = ServerConnection::new(Arc::new(server)).expect("it can begin");
        while client.is_handshaking() || server.is_handshaking() {
            let mut flight = Vec::new();
            client.write_tls(&mut flight).expect("memory takes all");
            server.read_tls(&mut &flight[..]).expect("a flight is short");
            server.process_new_packets().expect("the client is as it should be");
            flight.clear();
            server.write_tls(&mut flight).expect("memory takes all");
            client.read_tls(&mut &flight[..]).expect("a flight is short");
            client.process_new_packets().expect("the server is as it should be");
        }
        (client, server)
    }

    #[test]
    fn both_suites_work_in_both_directions_and_after_key_updates() {
        for suite in [&AES_128, &AES_256] {
            let (mut client, mut server) = connected(suite);
            let negotiated = server.negotiated_cipher_suite().and_then(|suite| suite.tls13());
            assert!(negotiated.is_some_and(|negotiated| std::ptr::eq(negotiated, suite)));
            for word in [b"NOOP 1\r\n", b"NOOP 2\r\n"] {
                let (mut wire, mut heard) = (Vec::new(), [0; 8]);
                client.writer().write_all(word).expect("memory takes all");
                client.write_tls(&mut wire).expect("memory takes all");
                server.read_tls(&mut &wire[..]).expect("a word is short");
                server.process_new_packets().expect("the record is the client's");
                server.reader().read_exact(&mut heard).expect("the word has come");
                assert_eq!(&heard, word);

                wire.clear();
                server.writer().write_all(b"250 OK\r\n").expect("memory takes all");
                server.write_tls(&mut wire).expect("memory takes all");
                client.read_tls(&mut &wire[..]).expect("a reply is short");
                client.process_new_packets().expect("the record is the server's");
                client.reader().read_exact(&mut heard).expect("the reply has come");
                assert_eq!(&heard, b"250 OK\r\n");

                client.refresh_traffic_keys().expect("the handshake is over");
            }
        }
    }
}
