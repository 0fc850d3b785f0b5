use std::sync::OnceLock;

use mailchute::Server;
use mailchute::tls::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::starttls::{behind_starttls, block_on, builder, tls};

/// One certificate of each kind, for `mx.example.com` and for a name of its own.
const CERTIFICATES: [(&str, &str); 3] = [
    ("ecdsa.example", include_str!("../certificates/ecdsa.pem")),
    ("rsa.example", include_str!("../certificates/rsa.pem")),
    ("ed25519.example", include_str!("../certificates/ed25519.pem")),
];

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Cipher suites: two of TLS 1.3, two for ECDSA, two for RSA, one without forward secrecy, one of RFC 8701.
const SUITES: [u16; 8] = [0x1301, 0x1303, 0xc02b, 0xcca9, 0xc030, 0xcca8, 0x009c, 0x0a0a];

/// Signature schemes: ECDSA, Ed25519 and Ed448, RSA by PSS and by PKCS #1, SHA-1, RSA for PSS only, and one of RFC 8701.
const SCHEMES: [u16; 16] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201, 0x0203,
    0x0809, 0x0402, 0x0a0a,
];

/// A `ClientHello`, by what the choice of a certificate depends on, with any octets for the name. A server with three
/// certificates serves it if a server with one of them does, whatever the name, and by the one that it names if that one
/// alone would do.
pub fn client_hello(octets: &[u8]) {
    let Some((&[flags, suites, high, low], name)) = octets.split_first_chunk::<4>() else { return };
    let is_set = |bit: u8| flags & 1 << bit != 0;
    let order = ORDERS[usize::from(flags >> 5) % ORDERS.len()];
    let schemes = u16::from_be_bytes([high, low]);
    let hello = |name: Option<&[u8]>| {
        let suites = chosen(&SUITES, u16::from(suites));
        records(&message(&suites, &chosen(&SCHEMES, schemes), flags, name), is_set(4))
    };
    let name = is_set(3).then_some(name);
    let alone = alone().each_ref().map(|server| answer(server, &hello(None)).is_some());
    let served = answer(&together()[usize::from(flags >> 5) % ORDERS.len()], &hello(name));
    assert_eq!(served.is_some(), alone.contains(&true), "{alone:?} alone");

    // In TLS 1.3 the certificate is encrypted, and with a name or without it is the same server.
    let offers_tls_1_3 = flags & 0b011 == 0b011;
    let Some(served) = served.filter(|_| !offers_tls_1_3) else { return };
    let asked = name.and_then(host_name).and_then(|name| {
        order.into_iter().find(|&index| CERTIFICATES[index].0.eq_ignore_ascii_case(name) && alone[index])
    });
    let expected = asked.or_else(|| order.into_iter().find(|&index| alone[index]));
    let expected = expected.expect("one of them serves it");
    let leaf = CertificateDer::from_pem_slice(CERTIFICATES[expected].1.as_bytes()).expect("it is one");
    let has_leaf = served.windows(leaf.len()).any(|window| window == &leaf[..]);
    assert!(has_leaf, "not the certificate of {}", CERTIFICATES[expected].0);
}

fn chosen(all: &[u16], bits: u16) -> Vec<u8> {
    let chosen = all.iter().enumerate().filter(|(index, _)| bits & 1 << index != 0);
    chosen.flat_map(|(_, number)| number.to_be_bytes()).collect()
}

/// RFC 8446 §4.1.2. Of the flags, the first says whether versions are named, the next two which.
fn message(suites: &[u8], schemes: &[u8], flags: u8, name: Option<&[u8]>) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut extend = |kind: u16, data: &[u8]| {
        extensions.extend([&kind.to_be_bytes()[..], &sized(data)].concat());
    };
    if let Some(name) = name {
        extend(0, name);
    }
    extend(10, &sized(&[0, 29, 0, 23]));
    extend(11, &[1, 0]);
    extend(13, &sized(schemes));
    extend(23, &[]);
    if flags & 1 != 0 {
        let versions = [
            &[0x0a, 0x0a][..],
            if flags & 2 != 0 { &[3, 4] } else { &[] },
            if flags & 4 != 0 { &[3, 3] } else { &[] },
        ]
        .concat();
        extend(43, &[&[u8::try_from(versions.len()).expect("they are few")][..], &versions].concat());
    }
    // A key share of X25519: its base point will do.
    extend(51, &sized(&[&[0, 29, 0, 32, 9][..], &[0; 31]].concat()));
    let body = [&[3, 3][..], &[7; 32], &[0], &sized(suites), &[1, 0], &sized(&extensions)].concat();
    let length = u32::try_from(body.len()).expect("it is short").to_be_bytes();
    [&[1], &length[1..], &body].concat()
}

/// Octets behind their number.
fn sized(octets: &[u8]) -> Vec<u8> {
    [&u16::try_from(octets.len()).expect("they are few").to_be_bytes()[..], octets].concat()
}

/// A message in one record, or in two.
fn records(message: &[u8], is_cut: bool) -> Vec<u8> {
    let size = if is_cut { message.len() / 2 } else { message.len() };
    message.chunks(size).flat_map(|part| [&[22, 3, 1][..], &sized(part)].concat()).collect()
}

/// RFC 6066 §3, where it is one host name.
fn host_name(extension: &[u8]) -> Option<&str> {
    let (length, list) = extension.split_first_chunk()?;
    let (&[0, high, low], name) = list.split_first_chunk()? else { return None };
    let is_alone = usize::from(u16::from_be_bytes(*length)) == list.len()
        && usize::from(u16::from_be_bytes([high, low])) == name.len();
    let name = std::str::from_utf8(name).ok().filter(|_| is_alone)?;
    Some(name.strip_suffix('.').unwrap_or(name))
}

fn server(order: &[usize]) -> Server {
    let mut pems = order.iter().map(|&index| CERTIFICATES[index].1);
    let first = tls(pems.next().expect("there is one"));
    let tls = pems.fold(first, |tls, pem| {
        let certificate =
            Certificate::from_pem(pem.as_bytes(), pem.as_bytes()).expect("both are in the file");
        tls.add_certificate(certificate).expect("it has a name")
    });
    builder(tls).build().expect("the options are right")
}

/// A server for each certificate.
fn alone() -> &'static [Server; 3] {
    static SERVERS: OnceLock<[Server; 3]> = OnceLock::new();
    SERVERS.get_or_init(|| [0, 1, 2].map(|index| server(&[index])))
}

/// A server with all of them for each order.
fn together() -> &'static [Server; 6] {
    static SERVERS: OnceLock<[Server; 6]> = OnceLock::new();
    SERVERS.get_or_init(|| ORDERS.map(|order| server(&order)))
}

/// What a server answers, unless it is an alert.
fn answer(server: &Server, hello: &[u8]) -> Option<Vec<u8>> {
    const HANDSHAKE: u8 = 22;
    let answer = block_on(behind_starttls(server, async |mut stream| {
        // A server that has heard enough does not read the rest.
        let _ = stream.write_all(hello).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("a pipe does not fail");
        answer
    }));
    // With an Ed25519 key, and no scheme for it in TLS 1.2, rustls hangs up without an alert.
    (answer.first() == Some(&HANDSHAKE)).then_some(answer)
}
