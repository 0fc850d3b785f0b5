//! Limits and timeouts by name, for programs that let their users set them.

pub use crate::net::client_key::ClientKey;
pub use crate::server::builder::limits_by_name::{Limit, Unit};
pub use crate::server::builder::timeouts_by_name::Timeout;
