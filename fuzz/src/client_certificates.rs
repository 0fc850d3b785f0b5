use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mailchute::Server;
use mailchute::tls::{ClientCertificates, TlsFacts};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use crate::danger::Anything;
use crate::shown::Shown;
use crate::starttls::{behind_starttls, block_on, builder, tls};

const AUTHORITY: &str = include_str!("../certificates/authority.pem");
const CLIENT: &str = include_str!("../certificates/client.pem");
const SERVER: &str = include_str!("../certificates/ecdsa.pem");

/// The kind of key that the client has.
const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

/// A certificate of a client: any octets, or a good one that was changed, with a signature that its key has made or a
/// forged one, where certificates are optional. The session goes on in any case; only what was signed by the key in it is
/// the client's, and only the good one is verified.
pub fn client_certificates(octets: &[u8]) {
    let Some((&[flags, scheme @ ..], rest)) = octets.split_first_chunk::<3>() else { return };
    let is_set = |bit: u8| flags & 1 << bit != 0;
    let good = CertificateDer::from_pem_slice(CLIENT.as_bytes()).expect("it is one");
    let leaf = if is_set(0) { changed(&good, rest) } else { rest.to_vec() };
    let scheme = SignatureScheme::from(u16::from_be_bytes(scheme));
    let is_signed = is_set(1);
    let mut chain = vec![CertificateDer::from(leaf.clone())];
    if is_set(2) {
        chain.push(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).expect("it is one"));
    }
    let key = key();
    let shown = Shown::signed(chain, scheme, move |handshake| match key.choose_scheme(&[SCHEME]) {
        Some(signer) if is_signed => signer.sign(handshake).expect("the key signs"),
        _ => b"no signature".to_vec(),
    });
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[if is_set(3) { &TLS12 } else { &TLS13 }])
        .expect("the provider has it")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything::signed_by(&[SCHEME])))
        .with_client_cert_resolver(shown);
    let facts = block_on(shake(&servers()[usize::from(is_set(4))], client));

    let is_proved = is_signed && scheme == SCHEME;
    match facts.client {
        None => assert!(!is_proved || leaf != *good, "the good certificate was not taken"),
        Some(client) => {
            assert!(is_proved && has_key(&leaf), "a certificate without proof counts");
            assert_eq!(client.der, leaf);
            assert_eq!(client.is_verified(), leaf == *good);
        }
    }
}

/// Octets at places that two octets tell, changed by a third.
fn changed(good: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut changed = good.to_vec();
    for &[high, low, mask] in edits.as_chunks().0 {
        let place = usize::from(u16::from_be_bytes([high, low])) % good.len();
        changed[place] ^= mask;
    }
    changed
}

fn key() -> Arc<dyn SigningKey> {
    let key = PrivateKeyDer::from_pem_slice(CLIENT.as_bytes()).expect("it is in the file");
    rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).expect("it is of P-256")
}

/// Whether the client's public key is anywhere in a certificate.
fn has_key(certificate: &[u8]) -> bool {
    let key = key();
    let public = key.public_key().expect("it is known");
    let point = &public[public.len() - 64..];
    certificate.windows(point.len()).any(|window| window == point)
}

/// What the server knows of a session that a hook has seen.
static SEEN: Mutex<Option<TlsFacts>> = Mutex::new(None);

/// One that trusts certificates for clients, and one that trusts all usages.
fn servers() -> &'static [Server; 2] {
    static SERVERS: OnceLock<[Server; 2]> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let clients = ClientCertificates::from_pem(AUTHORITY.as_bytes()).expect("it is one");
        [clients.clone(), clients.any_usage()].map(|clients| {
            let tls = tls(SERVER).client_auth(clients).expect("it is no configuration of rustls");
            let builder = builder(tls).on_secure(|facts, _| {
                *SEEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts.clone());
                async {}
            });
            builder.build().expect("the options are right")
        })
    })
}

async fn shake(server: &Server, config: ClientConfig) -> TlsFacts {
    let name = ServerName::try_from("mx.example.com").expect("it is a domain");
    let connector = TlsConnector::from(Arc::new(config));
    behind_starttls(server, async |stream| {
        let mut stream = connector.connect(name, stream).await.expect("no certificate costs the handshake");
        stream.write_all(b"EHLO client.example\r\nQUIT\r\n").await.expect("the session goes on");
        let mut replies = Vec::new();
        // However the server ends the connection, it has said all by then.
        let _ = stream.read_to_end(&mut replies).await;
        assert!(replies.starts_with(b"250"), "no certificate costs the session: {}", replies.escape_ascii());
    })
    .await;
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).take().expect("the hook was asked")
}
