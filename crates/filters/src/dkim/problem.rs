//! Why a signature does not pass.

use std::error::Error;
use std::fmt;

use super::result::DkimResult;
use crate::dns::DnsError;

/// Why a signature does not pass.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DkimProblem {
    /// The signature is not a list of tags (RFC 6376 §3.2), or has a tag twice.
    Syntax,
    /// The signature lacks this tag.
    MissingTag(&'static str),
    /// This tag of the signature has a wrong value.
    WrongTag(&'static str),
    /// The signature does not cover `From:` (RFC 6376 §5.4).
    UnsignedFrom,
    /// The identity of the signature (`i=`) is not within its domain (`d=`).
    ForeignIdentity,
    /// The message has no `From:`.
    NoFrom,
    /// The signature uses SHA-1 (RFC 8301 §3.1).
    Sha1,
    /// The signature has expired (`x=`).
    Expired,
    /// The body is not the one that was signed.
    Body,
    /// The body is shorter than the part that was signed (`l=`).
    ShortBody,
    /// The header is not the one that was signed, or the key is another.
    Signature,
    /// The DNS did not answer for this name.
    Dns(String, DnsError),
    /// This name has no key.
    NoKey(String),
    /// The record of the key has a mistake.
    WrongKeyRecord(String),
    /// The key was revoked.
    Revoked,
    /// The key is of another algorithm than the signature.
    OtherAlgorithm,
    /// The key may not be used with SHA-256 (`h=` of the key).
    OtherHash,
    /// The key is not for email (`s=` of the key).
    NotForEmail,
    /// The key is not for identities below its domain (`t=s` of the key).
    NoSubdomains,
    /// The key has only this many bits. RFC 8301 §3.2 demands 1024.
    ShortKey(u32),
}

impl DkimProblem {
    pub(super) fn result(&self) -> DkimResult {
        match self {
            Self::Syntax
            | Self::MissingTag(_)
            | Self::WrongTag(_)
            | Self::UnsignedFrom
            | Self::ForeignIdentity => DkimResult::Neutral,
            Self::Sha1 | Self::Expired | Self::ShortKey(_) => DkimResult::Policy,
            Self::Body | Self::ShortBody | Self::Signature => DkimResult::Fail,
            Self::Dns(..) => DkimResult::TempError,
            Self::NoFrom
            | Self::NoKey(_)
            | Self::WrongKeyRecord(_)
            | Self::Revoked
            | Self::OtherAlgorithm
            | Self::OtherHash
            | Self::NotForEmail
            | Self::NoSubdomains => DkimResult::PermError,
        }
    }
}

impl fmt::Display for DkimProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("the signature is not a list of tags"),
            Self::MissingTag(tag) => write!(f, "the signature has no tag {tag}="),
            Self::WrongTag(tag) => write!(f, "the signature has a wrong tag {tag}="),
            Self::UnsignedFrom => f.write_str("the signature does not cover From"),
            Self::ForeignIdentity => f.write_str("the tag i= is not within the domain of the signature"),
            Self::NoFrom => f.write_str("the message has no From"),
            Self::Sha1 => f.write_str("the signature uses SHA-1"),
            Self::Expired => f.write_str("the signature has expired"),
            Self::Body => f.write_str("the body was changed"),
            Self::ShortBody => f.write_str("the body is shorter than the signed part"),
            Self::Signature => f.write_str("the header was changed, or the key is another"),
            Self::Dns(name, error) => write!(f, "the DNS did not answer for {name}: {error}"),
            Self::NoKey(name) => write!(f, "{name} has no key"),
            Self::WrongKeyRecord(name) => write!(f, "the record of the key {name} has a mistake"),
            Self::Revoked => f.write_str("the key was revoked"),
            Self::OtherAlgorithm => f.write_str("the key is of another algorithm"),
            Self::OtherHash => f.write_str("the key is not for SHA-256"),
            Self::NotForEmail => f.write_str("the key is not for email"),
            Self::NoSubdomains => f.write_str("the key is not for subdomains"),
            Self::ShortKey(bits) => write!(f, "the key has only {bits} bits"),
        }
    }
}

impl Error for DkimProblem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Dns(_, error) => Some(error),
            _ => None,
        }
    }
}
