//! PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`.

use super::{Credentials, Mechanism, Password};
use crate::reply::{Reply, catalog};

pub(super) fn parse(response: &[u8]) -> Result<Credentials, Reply> {
    let text = std::str::from_utf8(response).map_err(|_| catalog::BAD_CREDENTIALS_SYNTAX)?;
    let mut parts = text.split('\0');
    let (Some(act_as), Some(user), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(catalog::BAD_CREDENTIALS_SYNTAX);
    };
    if user.is_empty() || password.is_empty() {
        return Err(catalog::BAD_CREDENTIALS_SYNTAX);
    }
    Ok(Credentials::Password {
        mechanism: Mechanism::Plain,
        act_as: (!act_as.is_empty()).then(|| act_as.to_owned()),
        user: user.to_owned(),
        password: Password::new(password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorization_identity_of_ones_own_is_none() {
        let credentials = parse(b"tim\0tim\0tanstaaftanstaaf").unwrap().prepared().unwrap();
        assert_eq!(credentials.identity(), "tim");
        assert!(credentials.is("tim", "tanstaaftanstaaf"));
        let other = parse(b"Ursel\0Kurt\0xipj3plmq").unwrap();
        assert_eq!((other.user(), other.identity()), ("Kurt", "Ursel"));
        assert!(!other.is("Kurt", "xipj3plmq"), "acting as somebody else is the hook's to allow");
    }

    #[test]
    fn nul_in_odd_places_is_malformed() {
        for response in
            [&b""[..], b"\0", b"\0user", b"\0user\0", b"\0\0pw", b"\0user\0p\0w", b"\0us\xffr\0pw"]
        {
            assert_eq!(parse(response).unwrap_err(), catalog::BAD_CREDENTIALS_SYNTAX, "{response:?}");
        }
    }
}
