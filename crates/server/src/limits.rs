//! Limits and timeouts by name, for programs that let their users set them.

pub use crate::server::builder::limit::{Limit, Timeout, Unit};
