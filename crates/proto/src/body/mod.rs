//! The octets of a message: how they are taken out of the stream and what is counted on the way.

mod dot;
mod header;

pub(crate) use dot::{Decoded, DotDecoder};
pub(crate) use header::{HeaderLimit, HeaderScan};
