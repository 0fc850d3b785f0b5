//! OAUTHBEARER (RFC 7628) and XOAUTH2: a token and its user.
//!
//! ```text
//! OAUTHBEARER   n,a=user@example.com,^Ahost=server.example.com^Aport=587^Aauth=Bearer TOKEN^A^A
//! XOAUTH2       user=user@example.com^Aauth=Bearer TOKEN^A^A
//! ```

use super::saslname;
use super::secret::Token;
use super::{Credentials, Mechanism};
use crate::reply::{Reply, catalog};

const SEPARATOR: char = '\x01';

/// Returns the challenge about a token before the refusal (RFC 7628 §3.2.2, Google's XOAUTH2).
pub(super) const fn error(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Xoauth2 => r#"{"status":"401","schemes":"bearer"}"#,
        _ => r#"{"status":"invalid_token"}"#,
    }
}

pub(super) fn parse(mechanism: Mechanism, response: &[u8]) -> Result<Credentials, Reply> {
    parts(mechanism, response).ok_or(catalog::BAD_CREDENTIALS_SYNTAX)
}

fn parts(mechanism: Mechanism, response: &[u8]) -> Option<Credentials> {
    let text = std::str::from_utf8(response).ok().filter(|text| !text.contains('\0'))?;
    let pairs = text.strip_suffix("\x01\x01")?;
    let (named, pairs) = match mechanism {
        Mechanism::OauthBearer => {
            let (header, pairs) = pairs.split_once(SEPARATOR)?;
            (header_user(header)?, pairs)
        }
        _ => (None, pairs),
    };
    let (mut user, mut token, mut host, mut port) = (named, None, None, None);
    for pair in pairs.split(SEPARATOR) {
        let (key, value) = pair.split_once('=')?;
        match (key, mechanism) {
            ("auth", _) if token.is_none() => token = Some(bearer(value)?),
            ("user", Mechanism::Xoauth2) if user.is_none() && !value.is_empty() => {
                user = Some(value.to_owned());
            }
            ("host", Mechanism::OauthBearer) if host.is_none() => {
                host = Some((!value.contains(char::is_control)).then(|| value.to_owned())?);
            }
            ("port", Mechanism::OauthBearer) if port.is_none() => port = Some(value.parse().ok()?),
            ("auth" | "user" | "host" | "port", _) => return None,
            // RFC 7628 §3.1: unknown keys are ignored.
            _ => {}
        }
    }
    if mechanism == Mechanism::Xoauth2 && user.is_none() {
        return None;
    }
    Some(Credentials::Bearer { mechanism, user, token: token?, host, port })
}

/// Returns the user of a GS2 header without channel binding, such as `n,a=user@example.com,` (RFC 5801 §4).
fn header_user(header: &str) -> Option<Option<String>> {
    let name = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,"))?.strip_suffix(',')?;
    match name {
        "" => Some(None),
        _ => name.strip_prefix("a=").and_then(saslname::decode).map(Some),
    }
}

/// Returns the token after `Bearer` (RFC 6750 §2.1).
fn bearer(value: &str) -> Option<Token> {
    let (scheme, token) = value.split_once(' ')?;
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("Bearer") && is_token).then(|| Token::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_that_is_not_as_it_should_be_is_malformed() {
        for response in [
            "",
            "\x01",
            "\x01\x01",
            "n,,\x01auth=Bearer t\x01",
            "n,,\x01auth=Bearer \x01\x01",
            "n,,\x01auth=Basic dGltOnRpbQ==\x01\x01",
            "n,,\x01auth=Bearer a b\x01\x01",
            "n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
            "n,,\x01host=h\x01port=587\x01\x01",
            "n,,\x01host=h\r\nx\x01auth=Bearer t\x01\x01",
            "n,,\x01port=65536\x01auth=Bearer t\x01\x01",
            "n,,\x01user=tim\x01auth=Bearer t\x01\x01",
            "n,a=,\x01auth=Bearer t\x01\x01",
            "n,a=ti=m,\x01auth=Bearer t\x01\x01",
            "n,tim,\x01auth=Bearer t\x01\x01",
            "p=tls-exporter,,\x01auth=Bearer t\x01\x01",
            "n,,\x01auth\x01\x01",
            "n,,\x01auth=Bearer t\0\x01\x01",
        ] {
            let given = parse(Mechanism::OauthBearer, response.as_bytes());
            assert_eq!(given.unwrap_err(), catalog::BAD_CREDENTIALS_SYNTAX, "{response:?}");
        }
        for response in
            ["auth=Bearer t\x01\x01", "user=\x01auth=Bearer t\x01\x01", "n,a=tim,\x01auth=Bearer t\x01\x01"]
        {
            let given = parse(Mechanism::Xoauth2, response.as_bytes());
            assert_eq!(given.unwrap_err(), catalog::BAD_CREDENTIALS_SYNTAX, "{response:?}");
        }
    }

    #[test]
    fn accepts_a_missing_user_and_ignores_unknown_keys() {
        let given = parse(Mechanism::OauthBearer, b"y,,\x01qs=x\x01auth=bearer t\x01\x01").unwrap();
        assert!(matches!(given, Credentials::Bearer { user: None, host: None, port: None, .. }));
        assert_eq!(given.user(), "");
        let given = parse(Mechanism::OauthBearer, b"n,a=a=2Cb=3D,\x01auth=Bearer t\x01\x01").unwrap();
        assert_eq!(given.user(), "a,b=");
    }
}
