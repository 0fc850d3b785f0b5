//! The throw-away certificate: TLS that hides the mail from listeners on the way, and proves nothing.

use mailchute::{Domain, TlsConfig};

use crate::failure::Failure;

/// Makes a certificate for `name` that no authority has signed; it is gone when the program ends.
pub(crate) fn throw_away(name: &str) -> Result<TlsConfig, Failure> {
    // A name that is no domain is refused elsewhere, in words that help.
    let own = Some(name).filter(|name| Domain::parse(name).is_ok() && name.is_ascii());
    let names: Vec<String> = own.into_iter().chain(["localhost", "127.0.0.1"]).map(str::to_owned).collect();
    let made = rcgen::generate_simple_self_signed(names).map_err(Failure::running)?;
    TlsConfig::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())
        .map_err(Failure::running)
}
