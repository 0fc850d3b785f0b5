//! Why a chain fails.

use std::error::Error;
use std::fmt;

use crate::dkim::DkimProblem;

/// Why a chain fails. Numbers are instances: 1 is the oldest set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ArcProblem {
    /// There are more than 50 sets (RFC 8617 §4.2.1).
    TooManySets,
    /// A field with this name has no instance from 1 to 50.
    WrongInstance(&'static str),
    /// This set has not exactly one field of each name, or it is missing.
    WrongSet(u8),
    /// The last sealer found that the chain had failed: `cv=fail`.
    FailedBefore,
    /// The tag `cv=` of this seal is wrong. It is `none` in the first set, and `pass` in all others.
    WrongStatus(u8),
    /// This seal has a tag `h=` (RFC 8617 §4.1.3).
    FieldsInSeal(u8),
    /// The last signature of the message signs a seal (RFC 8617 §4.1.2).
    SignedSeal,
    /// The last signature of the message does not pass.
    Message(DkimProblem),
    /// This seal does not pass.
    Seal(u8, DkimProblem),
}

impl fmt::Display for ArcProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySets => f.write_str("there are more than 50 ARC sets"),
            Self::WrongInstance(name) => write!(f, "{name} has no instance from 1 to 50"),
            Self::WrongSet(instance) => {
                write!(f, "ARC set {instance} has not exactly one field of each name")
            }
            Self::FailedBefore => f.write_str("the last sealer found that the chain had failed"),
            Self::WrongStatus(instance) => write!(f, "the seal of ARC set {instance} has a wrong tag cv="),
            Self::FieldsInSeal(instance) => write!(f, "the seal of ARC set {instance} has a tag h="),
            Self::SignedSeal => f.write_str("the last ARC signature signs a seal"),
            Self::Message(problem) => write!(f, "the last ARC signature does not pass: {problem}"),
            Self::Seal(instance, problem) => {
                write!(f, "the seal of ARC set {instance} does not pass: {problem}")
            }
        }
    }
}

impl Error for ArcProblem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Message(problem) | Self::Seal(_, problem) => Some(problem),
            _ => None,
        }
    }
}
