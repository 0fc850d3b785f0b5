//! TLS: the server's certificates, those of clients, the handshake, and the facts of a session.

mod binding;
mod certificate;
mod choice;
mod client_certificates;
mod config;
mod contents;
mod error;
mod facts;
mod handshake;
mod handshake_messages;
mod hello;
mod hidden_name;
mod identity;
mod in_force;
mod pass_through;
mod peer;
mod pem;
mod per_listener;
mod proof;
mod provider;
mod read_ahead;
#[cfg(target_arch = "x86_64")]
mod records;
mod second_hello;
mod unfit;
mod version;

pub use certificate::Certificate;
pub use client_certificates::ClientCertificates;
pub use config::TlsConfig;
pub use error::TlsError;
pub use facts::TlsFacts;
pub use peer::{ClientCertificate, Trust};
pub use version::TlsVersion;

pub(crate) use binding::ChannelBindings;
pub(crate) use handshake::{Acceptor, Secured};
pub(crate) use in_force::InForce;
pub(crate) use per_listener::PerListener;
