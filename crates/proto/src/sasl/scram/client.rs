//! The messages of a SCRAM client (RFC 5802 §7).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::sasl::nonce::is_nonce;
use crate::sasl::prepare::prepare;
use crate::sasl::saslname;

/// Maximum bytes of a client's nonce, which the challenge repeats. Clients send about thirty.
const LONGEST_NONCE: usize = 1_024;

/// The client's first message: `n,a=act-as,n=user,r=nonce`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ClientFirst {
    pub(super) flag: Gs2Flag,
    /// The GS2 header as sent, with its last comma.
    pub(super) header: String,
    pub(super) act_as: Option<String>,
    pub(crate) user: String,
    pub(super) nonce: String,
    /// The message after the header.
    pub(super) bare: String,
}

/// The client's flag for channel binding (RFC 5802 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gs2Flag {
    /// `n`: the client cannot bind.
    ClientCannot,
    /// `y`: the client can bind and thinks that the server cannot.
    ThinksServerCannot,
    /// `p=name`: the client uses this binding.
    Bound(String),
}

impl ClientFirst {
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok().filter(|text| !text.contains('\0'))?;
        let mut parts = text.splitn(3, ',');
        let (flag, act_as, bare) = (parts.next()?, parts.next()?, parts.next()?);
        let header = &text[..text.len() - bare.len()];
        let flag = match flag {
            "n" => Gs2Flag::ClientCannot,
            "y" => Gs2Flag::ThinksServerCannot,
            bound => {
                let name = bound.strip_prefix("p=")?;
                let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
                Gs2Flag::Bound((!name.is_empty() && name.bytes().all(is_name)).then(|| name.to_owned())?)
            }
        };
        let act_as = match act_as {
            "" => None,
            name => Some(saslname::decode(name.strip_prefix("a=")?)?),
        };
        let mut attributes = bare.split(',');
        // An `m=` before the user is a mandatory extension.
        let user = saslname::decode(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_nonce(nonce))?;
        if nonce.len() > LONGEST_NONCE {
            return None;
        }
        attributes.all(is_extension).then(|| Self {
            flag,
            header: header.to_owned(),
            act_as,
            user,
            nonce: nonce.to_owned(),
            bare: bare.to_owned(),
        })
    }
}

impl ClientFirst {
    /// Prepares its names by `SASLprep`, or returns `None` if one cannot be prepared.
    pub(crate) fn prepared(mut self) -> Option<Self> {
        prepare(&mut self.user)?;
        if let Some(act_as) = &mut self.act_as {
            prepare(act_as)?;
        }
        Some(self)
    }
}

/// Hides everything from logs.
impl fmt::Debug for ClientFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientFirst(…)")
    }
}

/// The client's final message: `c=bound,r=nonce,p=proof`.
pub(super) struct ClientFinal<'m> {
    pub(super) bound: &'m str,
    pub(super) nonce: &'m str,
    pub(super) proof: [u8; 32],
    pub(super) without_proof: &'m str,
}

impl<'m> ClientFinal<'m> {
    pub(super) fn parse(message: &'m [u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok().filter(|text| !text.contains('\0'))?;
        let (without_proof, proof) = text.rsplit_once(",p=")?;
        let proof = BASE64.decode(proof).ok()?.try_into().ok()?;
        let mut attributes = without_proof.split(',');
        let bound = attributes.next()?.strip_prefix("c=")?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        attributes.all(is_extension).then_some(Self { bound, nonce, proof, without_proof })
    }
}

/// Returns whether a text is an optional extension: a letter, `=` and a value. `m` would be mandatory.
fn is_extension(attribute: &str) -> bool {
    matches!(attribute.as_bytes(), [letter, b'=', _, ..] if letter.is_ascii_alphabetic() && *letter != b'm')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_message_is_read_to_its_parts() {
        let first = ClientFirst::parse(b"p=tls-exporter,a=bo=2Cb,n=al=3Dice,r=abc,x=y").unwrap();
        assert_eq!(first.flag, Gs2Flag::Bound("tls-exporter".into()));
        assert_eq!(
            (first.header.as_str(), first.bare.as_str()),
            ("p=tls-exporter,a=bo=2Cb,", "n=al=3Dice,r=abc,x=y")
        );
        assert_eq!(
            (first.act_as.as_deref(), first.user.as_str(), first.nonce.as_str()),
            (Some("bo,b"), "al=ice", "abc")
        );
    }

    #[test]
    fn a_first_message_that_is_not_as_it_should_be_is_none() {
        for message in [
            &b""[..],
            b"n",
            b"n,,",
            b"n,,n=user",
            b"n,,r=abc,n=user",
            b"n,,n=,r=abc",
            b"n,,n=user,r=",
            b"n,,n=user,r=a b",
            b"n,,n=user,r=a\x7f",
            b"n,,n=us=er,r=abc",
            b"n,,n=us=2cer,r=abc",
            b"n,,n=us\0er,r=abc",
            b"n,,n=us\xffer,r=abc",
            b"n,,m=ext,n=user,r=abc",
            b"n,,n=user,r=abc,m=ext",
            b"n,,n=user,r=abc,",
            b"n,bob,n=user,r=abc",
            b"n,a=,n=user,r=abc",
            b"N,,n=user,r=abc",
            b"p=,,n=user,r=abc",
            b"p=tls exporter,,n=user,r=abc",
            b"F,n,,n=user,r=abc",
        ] {
            assert_eq!(ClientFirst::parse(message), None, "{}", message.escape_ascii());
        }
    }

    #[test]
    fn both_names_are_prepared_or_the_message_is_nobodys() {
        let prepared = |message: &str| ClientFirst::parse(message.as_bytes()).unwrap().prepared();
        let first = prepared("n,a=bo\u{AD}b,n=I\u{AD}X,r=a").unwrap();
        assert_eq!((first.user.as_str(), first.act_as.as_deref()), ("IX", Some("bob")));
        for message in
            ["n,,n=us\x07er,r=abc", "n,,n=\u{AD},r=abc", "n,a=\r\n,n=user,r=abc", "n,a=\u{AD},n=user,r=a"]
        {
            assert!(prepared(message).is_none(), "{message:?}");
        }
    }

    #[test]
    fn refuses_a_nonce_that_would_make_the_challenge_too_long() {
        for (bytes, is_taken) in [(LONGEST_NONCE, true), (LONGEST_NONCE + 1, false)] {
            let message = format!("n,,n=user,r={}", "x".repeat(bytes));
            assert_eq!(ClientFirst::parse(message.as_bytes()).is_some(), is_taken, "{bytes}");
        }
    }

    #[test]
    fn a_final_message_needs_a_binding_a_nonce_and_a_whole_proof() {
        let proof = BASE64.encode([7; 32]);
        assert!(ClientFinal::parse(format!("c=biws,r=abc,x=y,p={proof}").as_bytes()).is_some());
        for message in [
            format!("c=biws,r=abc,p={}", &proof[..40]),
            format!("c=biws,r=abc,p={proof}="),
            format!("c=biws,p={proof}"),
            format!("r=abc,c=biws,p={proof}"),
            format!("c=biws,r=abc,m=x,p={proof}"),
            "c=biws,r=abc".to_owned(),
            String::new(),
        ] {
            assert!(ClientFinal::parse(message.as_bytes()).is_none(), "{message}");
        }
    }
}
