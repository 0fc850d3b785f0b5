use arbitrary::{Result, Unstructured};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mailchute_proto::{Mechanism, Nonce, PlaintextAuth, ScramVerifier, Settings, TlsPolicy};

use crate::listener::{check, cuts};
use crate::session::{Session, dialogue, shown};

/// Exchanges of AUTH by every mechanism, with responses in base64 or not. No client gets in, because no user exists.
pub fn sasl(octets: &[u8]) {
    let _ = exchanges(&mut Unstructured::new(octets));
}

fn exchanges(source: &mut Unstructured<'_>) -> Result<()> {
    let places: [u8; 2] = source.arbitrary()?;
    let mut octets = b"EHLO client.example\r\n".to_vec();
    while !source.is_empty() && octets.len() < 8_192 {
        let mechanism = source.choose(Mechanism::ALL)?;
        let separator = if source.arbitrary()? { " " } else { "\r\n" };
        octets.extend_from_slice(format!("AUTH {mechanism}{separator}").as_bytes());
        for _ in 0..source.int_in_range(1..=3)? {
            octets.extend_from_slice(&answer(source)?);
            octets.extend_from_slice(b"\r\n");
        }
    }
    octets.extend_from_slice(b"QUIT\r\n");
    let length = octets.len();
    let record = check(&session(), &[octets], &cuts(places, length));
    let replies = dialogue::replies(&record.output);
    assert!(replies.iter().all(|reply| reply.code != 235), "{}", shown(&record.output));
    Ok(())
}

fn answer(source: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match source.int_in_range(0..=15)? {
        0 => b"*".to_vec(),
        1 => without_line_ends(source.arbitrary()?),
        _ => BASE64.encode(source.arbitrary::<&[u8]>()?).into_bytes(),
    })
}

fn without_line_ends(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect()
}

fn session() -> Session {
    let mut session = Session { is_inside_tls: true, nonce: Nonce::parse("%x"), ..Session::new() };
    session.settings = Settings::new("mx.example.com");
    session.settings.mechanisms = Mechanism::ALL.to_vec();
    session.settings.plaintext_auth = PlaintextAuth::Anywhere;
    session.settings.tls = TlsPolicy::Offered;
    session.verifiers.push(("user".to_owned(), ScramVerifier::decoy(b"another", "user")));
    session
}
