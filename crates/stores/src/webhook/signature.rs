//! The signature of a request, as Standard Webhooks has it: `v1,` and HMAC-SHA256 over `id.timestamp.body` in base64.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::SecretSource;

/// The lengths of a key in bytes.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;

/// Signs requests, with one key or several.
#[derive(Clone)]
pub(super) struct Signer(Vec<Hmac<Sha256>>);

impl Signer {
    /// Reads the secrets, one per line.
    pub(super) fn read(source: &SecretSource) -> io::Result<Self> {
        let text = source.read_all()?;
        let keys = text.split_ascii_whitespace().map(|secret| key(source, secret));
        Ok(Self(keys.collect::<io::Result<_>>()?))
    }

    /// Begins the signature of one request.
    pub(super) fn begin(&self, id: &str, timestamp: u64) -> Signing {
        let mut signing = Signing(self.0.clone());
        signing.update(format!("{id}.{timestamp}.").as_bytes());
        signing
    }
}

fn key(source: &SecretSource, secret: &str) -> io::Result<Hmac<Sha256>> {
    let wrong = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{source}: the secret of a webhook is whsec_ and 24 to 64 bytes in base64; make one by: \
                 echo whsec_$(openssl rand -base64 32)"
            ),
        )
    };
    let text = secret.strip_prefix("whsec_").ok_or_else(wrong)?;
    let key = Zeroizing::new(BASE64_STANDARD.decode(text).map_err(|_| wrong())?);
    if !KEY.contains(&key.len()) {
        return Err(wrong());
    }
    Hmac::new_from_slice(&key).map_err(|_| wrong())
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("keys", &self.0.len()).finish_non_exhaustive()
    }
}

/// The signature of a body that is still read.
#[derive(Clone)]
pub(super) struct Signing(Vec<Hmac<Sha256>>);

impl Signing {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|mac| mac.update(bytes));
    }

    /// Returns the value of `webhook-signature`: one signature a key.
    pub(super) fn finish(self) -> String {
        let one = |mac: Hmac<Sha256>| format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        self.0.into_iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(text: &str) -> io::Result<Signer> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Signer::read(&SecretSource::File(file.path().into()))
    }

    /// The vector of the library `standardwebhooks`.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn sign(signer: &Signer) -> String {
        let mut signing = signer.begin("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        signing.update(br#"{"test": "#);
        signing.update(b"2432232314}");
        signing.finish()
    }

    #[test]
    fn a_signature_is_that_of_the_standard() {
        assert_eq!(sign(&signer(&format!("{SECRET}\n")).unwrap()), SIGNATURE);
    }

    #[test]
    fn each_of_several_secrets_signs() {
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let both = sign(&signer(&format!("{other}\r\n\n{SECRET}")).unwrap());
        let (first, second) = both.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != SIGNATURE, "{both}");
        assert_eq!(second, SIGNATURE);
    }

    #[test]
    fn a_secret_that_is_none_is_not_repeated() {
        for text in ["hunter2", "whsec_hunter2", "whsec_aHVudGVyMg==", "whsec_", &"whsec_aaaa".repeat(30)] {
            let error = signer(text).unwrap_err().to_string();
            assert!(error.contains("openssl rand -base64 32"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(signer("").unwrap_err().to_string().contains("there is no secret"));
        assert!(signer(" \n").unwrap_err().to_string().contains("there is no secret"));
        assert_eq!(format!("{:?}", signer(SECRET).unwrap()), "Signer { keys: 1, .. }");
    }
}
